"""What the errors of PrestaShop's webservice mean. Pure.

Facts from answers of a PrestaShop 9.1 and its source code (WebserviceRequest): 401 is the answer to
a key that is unknown (codes 16 to 20) and to one without any right on a resource (26, or 21 where
it has no rights at all); 405 with code 25 to one that may do something with the resource, but not
read it; 503 with code 22 while the webservice is switched off.
"""

from collections.abc import Mapping
from typing import Any

from eshops.adapters.http import Unauthorized
from eshops.source import Refused, SourceError

KEYS_PAGE = "Advanced Parameters → Webservice"

UNKNOWN_KEY = {16, 17, 18, 20}
NO_RIGHTS_AT_ALL = 21
SWITCHED_OFF = 22
NOT_READABLE = {25, 26, 27}
"""27: a PrestaShop too old to have the resource."""
ANOTHER_SHOP = 132


class NotAllowed(Refused):
    """The key may not read the resource that was asked for, or there is none."""


def explained(status: int, body: Any) -> SourceError | None:
    """The reason for an error, where PrestaShop tells it."""
    codes = error_codes(body)
    if codes & UNKNOWN_KEY:
        return Unauthorized(
            "The e-shop does not know our webservice key, or it is not enabled (401). Compare it "
            f"with the one in {KEYS_PAGE}."
        )
    if NO_RIGHTS_AT_ALL in codes:
        return Refused(f"The webservice key has no rights. Give it some in {KEYS_PAGE}.")
    if codes & NOT_READABLE:
        return NotAllowed("The webservice key may not read this.")
    if SWITCHED_OFF in codes:
        return Refused(f"The e-shop's webservice is switched off. Enable it in {KEYS_PAGE}.")
    if ANOTHER_SHOP in codes:
        return Refused(
            "The webservice key is not for this one of the shops. Associate it with the shop in "
            f"{KEYS_PAGE}, or enter the address of a shop it is for."
        )
    if status == 401 and not codes:
        return Unauthorized(
            "The e-shop's web server does not let us in (401), and it is not PrestaShop that says "
            "so. Either the server does not pass the key on to PrestaShop (as PHP over CGI does "
            "without a rule for the Authorization header), or it asks for a password of its own."
        )
    return None


def error_codes(body: Any) -> set[int]:
    errors = body.get("errors") if isinstance(body, Mapping) else None
    rows = errors if isinstance(errors, list) else []
    codes = (row.get("code") for row in rows if isinstance(row, Mapping))
    return {code for code in codes if isinstance(code, int)}


def not_allowed(resource: str) -> NotAllowed:
    return NotAllowed(
        f"The webservice key may not read “{resource}”. Tick View (GET) for it in {KEYS_PAGE}."
    )
