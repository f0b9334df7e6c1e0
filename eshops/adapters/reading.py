"""Reading other people's JSON.

E-shops send numbers as text, PHP's empty list where an object belongs and warnings before the
data. What can be understood without guessing is; the rest is a `BadPayload` that names the key and
never the value.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar, overload
from zoneinfo import ZoneInfo

import msgspec

from eshops.source import BadPayload

CODE_LENGTH = 191
MONEY_PLACES = Decimal("0.000001")
MONEY_LIMIT = Decimal(10) ** 12

_TRIES = 20
_DEPTH = 100
_BOM = b"\xef\xbb\xbf"
_DOCUMENT = re.compile(rb"(?:^|[\r\n>])[ \t\r\n]*([\[{])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_MAIL_DATE = re.compile(r"(?:[A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} ")
_ZERO_DATE = re.compile(r"(?:0000|-0001)-")
_MAY_BE_NUMBERS = (str, int, float, Decimal)
_NO_DEFAULT: Final = object()

T = TypeVar("T")


class NotJson(Exception):
    """The body holds no JSON document, or only the beginning of one."""

    def __init__(self, *, cut_off: bool) -> None:
        super().__init__("cut off" if cut_off else "not JSON")
        self.cut_off = cut_off


def decode(body: bytes) -> Any:
    """The JSON document in `body`, numbers with a decimal point as `Decimal`.

    A byte order mark and noise before the document (a PHP warning) are skipped; the document has
    to reach to the end. Raises `NotJson`.
    """
    body = body.removeprefix(_BOM).strip()
    for _, found in zip(range(_TRIES), _DOCUMENT.finditer(body), strict=False):
        try:
            return _document(body[found.start(1) :])
        except NotJson as error:
            if error.cut_off:
                break
    else:
        return _document(body)
    raise NotJson(cut_off=True)


def _document(body: bytes) -> Any:
    try:
        return _FAST.decode(body)
    except msgspec.DecodeError as error:
        cut_off = "truncated" in str(error)
    except (UnicodeDecodeError, RecursionError):
        cut_off = False
    try:  # half a surrogate pair, a control character or a rotten byte costs itself only
        return _TOLERANT.decode(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        pass
    raise NotJson(cut_off=cut_off)


def _decimal_or_text(number: str) -> Any:
    try:
        return Decimal(number)
    except InvalidOperation:
        return number


def _integer_or_text(number: str) -> Any:
    return int(number) if len(number) <= 100 else number


def _no_constant(name: str) -> Any:
    raise ValueError(name)


_FAST = msgspec.json.Decoder(float_hook=_decimal_or_text)
_TOLERANT = json.JSONDecoder(
    strict=False,
    parse_float=_decimal_or_text,
    parse_int=_integer_or_text,
    parse_constant=_no_constant,
)


def text(data: Mapping[str, Any], key: str) -> str:
    """The text under `key` without what a database refuses; "" where there is none."""
    value = data.get(key)
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, int | Decimal | float):
        value = str(value)
    if not isinstance(value, str):
        raise _bad(key)
    return _storable(value)


def code(data: Mapping[str, Any], key: str) -> str:
    """A text that identifies something: at most `CODE_LENGTH` characters."""
    return short(text(data, key), key)


def short(value: str, key: str) -> str:
    """`value` if it is short enough for a code."""
    if len(value) > CODE_LENGTH:
        raise BadPayload(f"The e-shop's “{key}” is longer than {CODE_LENGTH} characters.")
    return value


@overload
def money(data: Mapping[str, Any], key: str) -> Decimal: ...
@overload
def money(data: Mapping[str, Any], key: str, default: T) -> Decimal | T: ...
def money(data: Mapping[str, Any], key: str, default: Any = _NO_DEFAULT) -> Any:
    """The amount under `key`, rounded at the sixth place; `default` where there is none."""
    value = _finite(data, key, default)
    return round_to(value, MONEY_PLACES) if isinstance(value, Decimal) else value


@overload
def number(data: Mapping[str, Any], key: str) -> Decimal: ...
@overload
def number(data: Mapping[str, Any], key: str, default: T) -> Decimal | T: ...
def number(data: Mapping[str, Any], key: str, default: Any = _NO_DEFAULT) -> Any:
    """The number under `key` (a quantity, a rate) as written, up to its sixth place."""
    value = _finite(data, key, default)
    if isinstance(value, Decimal) and not -6 <= int(value.as_tuple().exponent) <= 0:
        return round_to(value, MONEY_PLACES)
    return value


@overload
def exact(data: Mapping[str, Any], key: str) -> Decimal: ...
@overload
def exact(data: Mapping[str, Any], key: str, default: T) -> Decimal | T: ...
def exact(data: Mapping[str, Any], key: str, default: Any = _NO_DEFAULT) -> Any:
    """The number under `key` with all its decimal places, for sums that are rounded at the end."""
    return _finite(data, key, default)


@overload
def integer(data: Mapping[str, Any], key: str) -> int: ...
@overload
def integer(data: Mapping[str, Any], key: str, default: T) -> int | T: ...
def integer(data: Mapping[str, Any], key: str, default: Any = _NO_DEFAULT) -> Any:
    """The whole number under `key`."""
    value = _finite(data, key, default)
    if not isinstance(value, Decimal):
        return value
    if value != int(value):
        raise _bad(key)
    return int(value)


def round_to(value: Decimal, places: Decimal) -> Decimal:
    """`value` (below 10¹²) with as many places as `places` has, and never minus zero."""
    return value.quantize(places, ROUND_HALF_EVEN) + 0


def _finite(data: Mapping[str, Any], key: str, default: Any) -> Any:
    value = data.get(key)
    if value is None or value == "":
        if default is _NO_DEFAULT:
            raise BadPayload(f"The e-shop's answer has no “{key}”.")
        return default
    if isinstance(value, bool) or not isinstance(value, _MAY_BE_NUMBERS):
        raise _bad(key)
    if not isinstance(value, Decimal):
        written = (value if isinstance(value, str) else repr(value)).strip()
        if len(written) > 100 or not _NUMBER.fullmatch(written):
            raise _bad(key)
        value = _decimal_or_text(written)
    if not isinstance(value, Decimal) or not value.is_finite() or abs(value) >= MONEY_LIMIT:
        raise _bad(key)
    return value


def objects(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects listed under `key`, none where it is absent."""
    rows = listed(data.get(key, []))
    if rows is None or not all(isinstance(row, dict) for row in rows):
        raise _bad(key)
    return rows


def listed(value: Any) -> list[Any] | None:
    """`value` as a list; None when it is none.

    PHP writes a list with a gap in it as an object, {"1": {…}}.
    """
    if value is None:
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and all(key.isdecimal() for key in value):
        return list(value.values())
    return None


def mapping(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object under `key`, {} where it is absent or PHP's empty list."""
    value = data.get(key)
    if value is None or value == []:
        return {}
    if not isinstance(value, dict):
        raise _bad(key)
    return value


def utc(data: Mapping[str, Any], key: str) -> datetime | None:
    """The time under `key`, in ISO 8601 or RFC 2822; in UTC unless it says otherwise."""
    return _time(data, key, UTC)


def local(data: Mapping[str, Any], key: str, tz: str) -> datetime | None:
    """The time under `key`, written in time zone `tz` unless it says otherwise.

    Of an hour that happens twice the first is meant; one that is left out is moved forward.
    """
    return _time(data, key, ZoneInfo(tz))


def _time(data: Mapping[str, Any], key: str, zone: Any) -> datetime | None:
    value = data.get(key)
    if value is None or value is False or value == "":
        return None
    if not isinstance(value, str):
        raise _bad(key)
    if _ZERO_DATE.match(value):
        return None
    try:
        written = value.strip()
        is_mail = _MAIL_DATE.match(written)
        moment = parsedate_to_datetime(written) if is_mail else datetime.fromisoformat(written)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _bad(key) from None


def plain(value: Any, depth: int = _DEPTH) -> Any:
    """`value` as any JSON column takes it: no `Decimal`, nothing unstorable in its texts."""
    if depth == 0:
        raise BadPayload("The e-shop's metadata is nested too deep.")
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, Decimal):
        return _float_or_text(value)
    if isinstance(value, dict):
        return {_storable(key): plain(each, depth - 1) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each, depth - 1) for each in value]
    return value


def _float_or_text(value: Decimal) -> float | str:
    nearest = float(value)
    return nearest if value.is_finite() and Decimal(repr(nearest)) == value else str(value)


def _storable(value: str) -> str:
    if value.isascii() and "\x00" not in value:
        return value
    return _UNSTORABLE.sub("", value)


def _bad(key: str) -> BadPayload:
    return BadPayload(f"The e-shop's “{key}” cannot be understood.")
