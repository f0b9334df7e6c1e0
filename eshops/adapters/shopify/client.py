"""Talking with Shopify: where, let in by what, within our points, and what its errors mean.

An error comes with status 200 and a code; only a wrong token (401), a missing shop (404), a shop
that is closed (402, 423) and sometimes too many requests (429) have a status of their own
(https://shopify.dev/docs/api/admin-graphql, "Status and error codes").
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from eshops.adapters.address import EVERYTHING, base_address
from eshops.adapters.bearer import Bearer
from eshops.adapters.graphql import Failed, ask, code, trouble
from eshops.adapters.http import HttpClient, Response
from eshops.adapters.reading import text
from eshops.adapters.shopify.points import Points, throttled, too_costly
from eshops.source import BadPayload, Connection, Refused, SourceError, Unavailable

API = "admin/api/2026-10/graphql.json"
SHOP_HOST = ".myshopify.com"

_ADMIN = re.compile(r"(?:https?://)?admin\.shopify\.com/store/([a-z0-9-]+)", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*", re.IGNORECASE)
_RIGHT = re.compile(r"\b(?:read|write)_[a-z_]+\b")
_DENIED = re.compile(r"(?:denied for|to use the|to access the) (\w{1,60})")
_CODE = re.compile(r"[a-z_]{1,60}")


class Client:
    """Asks one e-shop. `points` is what it told of our points."""

    def __init__(self, connection: Connection) -> None:
        self.address = shop_address(connection.base_url)
        self.points = Points()
        given = {key: value.strip() for key, value in connection.credentials.items()}
        token = given.get("access_token", "")
        client_id, client_secret = given.get("client_id", ""), given.get("client_secret", "")
        secrets = (token, client_secret)
        door = HttpClient(self.address, secrets=secrets, turn=connection.turn)
        self._key = Bearer(
            token,
            None if token else lambda: sign_in(door, client_id, client_secret),
            header="X-Shopify-Access-Token",
            scheme="",
        )
        self._api = HttpClient(self.address, auth=self._key, secrets=secrets, turn=connection.turn)

    def __repr__(self) -> str:
        return f"Client({self.address!r})"

    def ask(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        cost: float = 0,
        orders: int = 0,
    ) -> Response:
        """The answer to a document that may cost so much, for so many orders by their ids.

        Its body's "data" is whole: an answer with errors is raised as what they mean, for what
        they are about is empty in it.
        """
        self.points.wait_for(cost)
        try:
            response = self._key.signed_in(
                lambda: ask(self._api, API, document, variables or {}, "Shopify")
            )
        except Failed as failed:
            raise self._meaning(failed) from None
        self.points.note(response, orders)
        return response

    def _meaning(self, failed: Failed) -> SourceError:
        host, status = urlsplit(self.address).hostname or "Shopify", failed.response.status
        codes = {code(error) for error in failed.errors}
        if "THROTTLED" in codes:
            return throttled(failed.response)
        if "MAX_COST_EXCEEDED" in codes:
            return too_costly(failed.errors)
        if "ACCESS_DENIED" in codes:
            return denied(failed.errors)
        if status == 404:
            return Refused(
                f"Shopify has no shop at {host}. Check the e-shop's address: NAME.myshopify.com, "
                "not the domain its customers see."
            )
        if status in (402, 423) or "SHOP_INACTIVE" in codes:
            return Refused(f"Shopify has closed {host}, or its bill is not paid.")
        if status >= 400:
            return Unavailable(
                f"{host} gave an answer we did not expect (status {status}). Try again later."
            )
        return trouble(failed, host)


def shop_address(pasted: str) -> str:
    """https://NAME.myshopify.com out of what staff paste: a page of the administration, the name
    alone, an address of the shop."""
    pasted = pasted.strip()
    if found := _ADMIN.match(pasted):
        return f"https://{found[1].lower()}{SHOP_HOST}"
    if _NAME.fullmatch(pasted):
        return f"https://{pasted.lower()}{SHOP_HOST}"
    return base_address(pasted, EVERYTHING)


def sign_in(door: HttpClient, client_id: str, client_secret: str) -> str:
    """A token for the app's own credentials, good for 24 hours
    (https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant).
    """
    response = door.post(
        "admin/oauth/access_token",
        {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
        },
    )
    body = response.body if isinstance(response.body, dict) else {}
    try:
        token, reason = text(body, "access_token"), text(body, "error")
    except BadPayload:
        token, reason = "", ""
    if response.status < 300 and token:
        return token
    named = f" ({reason})" if _CODE.fullmatch(reason) else ""
    raise Refused(
        f"Shopify does not let us in with this client ID and secret{named}. Check the e-shop's "
        "address and both, and whether the app is installed in this shop and belongs to the same "
        "organization."
    )


def denied(errors: list[dict[str, Any]]) -> Refused:
    """What we may not read. The order's other fields came, but an order without these would look
    as though the e-shop had emptied them."""
    told = " ".join(str(error.get("message", "")) for error in errors)
    rights = set(_RIGHT.findall(told))
    fields = ", ".join(dict.fromkeys(_DENIED.findall(told)))
    what = f"Shopify does not let us read {fields or 'all of an order'}. "
    if rights:
        return Refused(what + lacking(sorted(rights)))
    return Refused(
        f"{what}Give the app access to protected customer data (names, addresses, e-mails and "
        "phones of customers), or the rights it lacks, and install it again."
    )


def lacking(rights: list[str]) -> str:
    return (
        f"The app lacks the right {', '.join(rights)}: add it to the app's Admin API access scopes "
        "and install the app again."
    )
