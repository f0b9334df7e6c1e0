"""Being let in by a token, one that staff entered or one that is got by signing in."""

from collections.abc import Callable
from typing import TypeVar

import requests
from requests.auth import AuthBase

from eshops.adapters.http import Unauthorized

T = TypeVar("T")


class Bearer(AuthBase):
    """Signs requests with a token in a header.

    With `sign_in`, which asks the e-shop for a token, the first request waits for one, and a token
    that has given out is replaced once. `sign_in` raises what an adapter's methods raise.
    """

    def __init__(
        self,
        token: str = "",
        sign_in: Callable[[], str] | None = None,
        *,
        header: str = "Authorization",
        scheme: str = "Bearer ",
    ) -> None:
        self._token = token
        self._sign_in = sign_in
        self._header = header
        self._scheme = scheme

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # As UTF-8, for a token with an accent in it is to be refused by the e-shop and not by us.
        request.headers[self._header] = self._scheme + self._token.encode().decode("latin-1")
        return request

    def signed_in(self, ask: Callable[[], T]) -> T:
        """What `ask` gives, let in; it raises `Unauthorized` where the e-shop does not know the
        token, and is called once more with a new one unless that was new already."""
        is_new = not self._token and self._renew()
        try:
            return ask()
        except Unauthorized:
            if is_new or not self._renew():
                raise
            return ask()

    def _renew(self) -> bool:
        if self._sign_in is None:
            return False
        self._token = self._sign_in()
        return True
