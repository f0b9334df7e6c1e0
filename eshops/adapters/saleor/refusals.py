"""What Saleor's errors mean. Pure.

They have a status of 200, and the class of what was raised as `extensions.exception.code`.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from eshops.adapters.graphql import Failed, code, trouble
from eshops.adapters.http import LONGEST_WAIT, Unauthorized
from eshops.source import Refused, SourceError, Unavailable

DENIED = "PermissionDenied"
GIVEN_OUT = {"ExpiredSignatureError", "InvalidTokenError", "InvalidSignatureError", "DecodeError"}
"""Saleor's own Dashboard signs in anew at the first three; the last is one of PyJWT's."""
PERMISSION = "“Manage orders” (MANAGE_ORDERS)"

_UNTIL = re.compile(r"till (\d{4}-\d\d-\d\d[ T][\d:.]+(?:\+\d\d:\d\d)?)")
_NOT_UNDERSTOOD = re.compile(r"(?:Cannot query|Unknown|Syntax Error|Field )")


def is_bearable(failed: Failed, root: str) -> bool:
    """Whether nothing is missing but fields that the token may not read."""
    data = failed.data if isinstance(failed.data, dict) else {}
    codes = {code(error) for error in failed.errors}
    return codes == {DENIED} and isinstance(data.get(root), dict)


def reason(failed: Failed, host: str) -> SourceError:
    codes = {code(error) for error in failed.errors}
    data = failed.data if isinstance(failed.data, dict) else {}
    if codes & GIVEN_OUT:
        return Unauthorized(
            f"{host} does not take our token (any more). Check whether it is right and still valid."
        )
    if DENIED in codes and (data.get("app") or data.get("me")):
        return Refused(
            f"{host} lets us in, but not to its orders. Give the app, or the user's group, the "
            f"permission {PERMISSION}."
        )
    if DENIED in codes:
        return Unauthorized(
            f"{host} does not let us read its orders. Check whether the token is right, and "
            f"whether the app, or the user's group, has the permission {PERMISSION}."
        )
    messages = [error.get("message") for error in failed.errors]
    if any(isinstance(each, str) and _NOT_UNDERSTOOD.match(each) for each in messages):
        return Refused(
            f"{host} answers, but does not understand what Saleor 3.21 or newer does. Check the "
            "e-shop's address and which version of Saleor it runs."
        )
    return trouble(failed, host)


def login_failure(told: Mapping[str, Any], host: str) -> SourceError:
    """Why `tokenCreate` gave no token. After a wrong login it delays the next (recorded)."""
    listed = told.get("errors")
    errors = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    for error in errors:
        if error.get("code") == "LOGIN_ATTEMPT_DELAYED":
            return Unavailable(
                f"{host} delays signing in after wrong attempts. Try again later.",
                _delay(str(error.get("message"))),
            )
    return Refused(
        f"{host} does not let us in. Check the e-mail and the password, and whether the user is "
        "active and belongs to the staff."
    )


def _delay(message: str) -> timedelta | None:
    found = _UNTIL.search(message)
    if found is None:
        return None
    try:
        until = datetime.fromisoformat(found[1])
    except ValueError:
        return None
    wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - datetime.now(UTC)
    return min(max(wait, timedelta(0)), LONGEST_WAIT)
