"""Shoptet's REST API: one request, and what its envelope {data, errors, metadata} holds.

Facts without another source are from the OpenAPI description of 2026. The limits (three requests
at once, and a bucket of 200 drops that an answer fills by what it cost and that leaks ten a second)
are from developers.shoptet.com, "Rate limiter".
"""

import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest

from eshops.adapters.bearer import Bearer
from eshops.adapters.http import HttpClient, NotData, Response, TooLarge
from eshops.adapters.reading import listed
from eshops.source import Turn, Unavailable

Params = Mapping[str, str | int]

BUCKET = 200
CALM = 150
"""How full the bucket may be before we wait; others may be filling it as well."""
LEAK = 10

_FILLING = re.compile(r"\s*([0-9]{1,9})\s*/\s*[0-9]+\s*")
_SLUG = re.compile(r"[a-z0-9-]{1,80}")


class Token(Bearer):
    """Signs with a private token, and names the content type, which Shoptet demands of a GET."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Content-Type"] = "application/json"
        return super().__call__(request)


class Bucket:
    """Keeps us from filling Shoptet's bucket: a full one means 429 until it has leaked."""

    def __init__(self) -> None:
        self._calm_at = 0.0

    def wait(self) -> None:
        pause = self._calm_at - time.monotonic()
        if pause > 0:
            time.sleep(pause)

    def heed(self, headers: Mapping[str, str]) -> None:
        told = _FILLING.fullmatch(headers.get("X-RateLimit-Bucket-Filling", ""))
        if told:
            excess = min(int(told[1]), BUCKET) - CALM
            self._calm_at = time.monotonic() + max(excess, 0) / LEAK


class Api:
    """One e-shop's API. It raises what `HttpClient` raises; an answer that is none of Shoptet's is
    `NotData`."""

    def __init__(self, address: str, token: str, turn: Turn) -> None:
        self._host = urlsplit(address).hostname or "The address"
        self._bucket = Bucket()
        self._client = HttpClient(
            f"{address}/api",
            auth=Token(token, header="Shoptet-Private-API-Token", scheme=""),
            secrets=(token,),
            turn=turn,
        )

    def get(self, path: str, params: Params | None = None) -> Response:
        self._bucket.wait()
        response = self._client.get(path, params)
        self._bucket.heed(response.headers)
        return response

    def get_list(
        self, path: str, key: str, params: Params | None = None
    ) -> tuple[list[Any], Mapping[str, Any], Response]:
        """The rows under `key` and the data around them; no single row is to blame for its size."""
        data, response = self.get_data(path, params)
        found = data.get(key)
        rows = None if found is None else listed(found)
        if rows is None:
            raise self.unexpected(response)
        return rows, data, response

    def get_data(
        self, path: str, params: Params | None = None
    ) -> tuple[Mapping[str, Any], Response]:
        try:
            response = self.get(path, params)
        except TooLarge as error:
            raise Unavailable(str(error)) from None
        data = enclosed(response)
        if data is None:
            raise self.unexpected(response)
        return data, response

    def unexpected(self, response: Response) -> Unavailable:
        errors = told_errors(response)
        if response.status < 300 or (response.status == 404 and not errors):
            return NotData(
                f"{self._host} does not answer as the Shoptet API does. Its address is "
                "https://api.myshoptet.com for every e-shop; if it is that, try again later."
            )
        named = "".join(f", {code}" for code, _ in errors[:1] if _SLUG.fullmatch(code))
        return Unavailable(
            f"{self._host} gave an answer we did not expect (status {response.status}{named}). "
            "Try again later."
        )


def enclosed(response: Response) -> Mapping[str, Any] | None:
    """What a successful answer holds as its data."""
    body = response.body if response.status < 300 else None
    data = body.get("data") if isinstance(body, dict) else None
    return data if isinstance(data, dict) else None


def told_errors(response: Response) -> list[tuple[str, str]]:
    """The code of each error in the answer, and what it concerns."""
    found = response.body.get("errors") if isinstance(response.body, dict) else None
    errors = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    return [(str(each.get("errorCode")), str(each.get("instance"))) for each in errors]
