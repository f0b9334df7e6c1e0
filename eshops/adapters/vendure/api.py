"""Vendure's Admin API: how we are let in, and what its errors mean.

Facts this rests on, from @vendure/core 3.7 (`api/middleware/auth-guard`, `extract-session-token`)
and a real shop: an error comes with a status of 200; who is not known and who may not are both
FORBIDDEN; so is everything to a user with a role in other channels only, though they are signed in,
for we name no channel and that is the default one; an error of the database has no code at all. A
token comes in a header, where the server is set to tell it (`authOptions.tokenMethod` has “bearer”,
as in the scaffold of a new shop); an API key (since 3.6) is heeded where that has “api-key”.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from eshops.adapters.bearer import Bearer
from eshops.adapters.graphql import Failed, ask, code, trouble
from eshops.adapters.http import HttpClient, Response, Unauthorized
from eshops.adapters.reading import mapping, objects, text
from eshops.adapters.vendure.documents import LOGIN
from eshops.source import BadPayload, Refused, SourceError, Turn, Unavailable

Data = Mapping[str, Any]

PATH = "admin-api"
API_KEY_HEADER = "vendure-api-key"
TOKEN_HEADER = "vendure-auth-token"  # noqa: S105
DEFAULT_CHANNEL = "__default_channel__"
"""Its code in every shop: `DEFAULT_CHANNEL_CODE` in @vendure/common."""
RIGHTS = "ReadOrder, ReadPaymentMethod and ReadShippingMethod"


class NotUnderstood(Refused):
    """The e-shop's schema does not have what we asked for."""


class AdminApi:
    """Asks one Vendure, let in as an administrator or by an API key."""

    def __init__(self, address: str, credentials: Mapping[str, str], turn: Turn) -> None:
        self._address = address
        given = {key: value.strip() for key, value in credentials.items()}
        key = given.get("api_key", "")
        self._auth = (
            Bearer(key, header=API_KEY_HEADER, scheme="")
            if key
            else Bearer(sign_in=lambda: self._sign_in(given))
        )
        self._is_elsewhere = False
        secrets = tuple(given.values())
        self._entrance = HttpClient(address, secrets=secrets, turn=turn)
        self._inside = HttpClient(address, auth=self._auth, secrets=secrets, turn=turn)

    def ask(self, document: str, variables: Data | None = None) -> tuple[Data, Response]:
        """The answer's data, and the answer. Raises `Unauthorized` also for a missing right."""
        return self._auth.signed_in(partial(self._answer, self._inside, document, variables or {}))

    def _sign_in(self, given: Mapping[str, str]) -> str:
        wanted = {key: given.get(key, "") for key in ("username", "password")}
        data, response = self._answer(self._entrance, LOGIN, wanted)
        try:
            user = mapping(data, "login")
            outcome = text(user, "__typename")
            channels = [text(each, "code") for each in objects(user, "channels")]
        except BadPayload:
            raise self.odd() from None
        if outcome == "InvalidCredentialsError":
            raise Unauthorized(f"{self.host} does not know this user name with this password.")
        if outcome != "CurrentUser":
            raise Refused(
                f"{self.host} does not let this user in ({outcome[:60]}). Use an administrator "
                "who signs in with a password, or an API key."
            )
        self._is_elsewhere = "channels" in user and DEFAULT_CHANNEL not in channels
        token = response.headers.get(TOKEN_HEADER, "")
        if not token:
            raise Refused(
                f"{self.host} gives no token to who signs in. Have “bearer” added to "
                "authOptions.tokenMethod in the configuration of the Vendure server."
            )
        return token

    def _answer(self, client: HttpClient, document: str, variables: Data) -> tuple[Data, Response]:
        try:
            response = ask(client, PATH, document, variables, "Vendure")
        except Failed as failed:
            raise self._meaning(failed) from None
        return response.body["data"], response

    def _meaning(self, failed: Failed) -> SourceError:
        codes = {code(error) for error in failed.errors}
        if codes & {"FORBIDDEN", "UNAUTHORIZED"}:
            if self._is_elsewhere:
                return Unauthorized(
                    f"{self.host} knows this user, but gives them no right in the default channel, "
                    f"which Fynode reads. Give them a role with the permissions {RIGHTS} in it."
                )
            return Unauthorized(
                f"{self.host} does not let us in. Check whether the credentials are right and "
                f"still valid and their role has the permissions {RIGHTS}, in the default channel; "
                "for an API key also whether authOptions.tokenMethod of the Vendure server has "
                "“api-key”."
            )
        if codes & {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}:
            return NotUnderstood(
                f"{self.host} answers, but not as the Admin API of a Vendure 3. Check the "
                "e-shop's address and its version of Vendure."
            )
        if "USER_INPUT_ERROR" in codes:
            return Unavailable(f"{self.host} did not accept what we asked (USER_INPUT_ERROR).")
        return trouble(failed, self.host)

    def odd(self) -> Unavailable:
        return Unavailable(f"{self.host} gave an answer we did not expect. Try again later.")

    @property
    def host(self) -> str:
        return urlsplit(self._address).hostname or "The e-shop"
