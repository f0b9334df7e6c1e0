"""What a request to list orders asks for, read from its query the way WordPress reads it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from eshops.sandbox.clock import ZONE, from_gmt
from eshops.sandbox.money import Order
from eshops.sandbox.stock import STATUSES

OTHER_STATUSES = ("any", "trash", "auto-draft")
ORDERED_BY = ("date", "id", "include", "title", "slug", "modified")
DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)


class Invalid(Exception):
    """A parameter is not acceptable; answered as 400 rest_invalid_param."""

    def __init__(self, parameter: str, code: str, message: str) -> None:
        super().__init__(message)
        self.parameter, self.code, self.message = parameter, code, message


@dataclass(kw_only=True)
class OrderQuery:
    include: list[int] = field(default_factory=list)
    """Empty asks for the whole shop, and so does an empty `include=`."""
    page: int = 1
    per_page: int = 10
    ascending: bool = False
    ordered_by: str = "date"
    statuses: list[str] = field(default_factory=lambda: ["any"])
    placed_after: datetime | None = None
    placed_before: datetime | None = None
    modified_after: datetime | None = None
    modified_before: datetime | None = None
    search: str = ""

    def select(self, orders: Iterable[Order]) -> list[Order]:
        """Every matching order, sorted, all pages together."""
        found = [order for order in orders if self._matches(order)]
        if self.ordered_by == "include" and self.include:
            return sorted(found, key=lambda order: self.include.index(order["id"]))
        return sorted(found, key=self._sort_key, reverse=not self.ascending)

    def _matches(self, order: Order) -> bool:
        return (
            (not self.include or order["id"] in self.include)
            and self._has_status(order["status"])
            and _between(order["date_created_gmt"], self.placed_after, self.placed_before)
            and _between(order["date_modified_gmt"], self.modified_after, self.modified_before)
            and (not self.search or self.search.casefold() in _searchable(order))
        )

    def _has_status(self, status: str) -> bool:
        """`any` is every registered status, and loses a trash asked for along with it."""
        if "any" in self.statuses:
            return status in STATUSES
        return status in self.statuses and status != "auto-draft"

    def _sort_key(self, order: Order) -> tuple[str, int]:
        if self.ordered_by == "id":
            return "", order["id"]
        key = "date_modified_gmt" if self.ordered_by == "modified" else "date_created_gmt"
        return order[key], order["id"]


def read_query(pairs: list[tuple[str, str]]) -> OrderQuery:
    """The query of `GET /orders`; `Invalid` for what the real one answers with 400."""
    single = {name: value for name, value in pairs if "[" not in name}
    as_gmt = single.get("dates_are_gmt", "").lower() in {"1", "true"}

    def date(name: str) -> datetime | None:
        return _date(name, single[name], as_gmt=as_gmt) if single.get(name) else None

    return OrderQuery(
        include=_ids(_listed(pairs, "include")),
        page=_integer(single, "page", 1, _at_least_one),
        per_page=_integer(single, "per_page", 10, _one_to_hundred),
        ascending=_one_of(single, "order", "desc", ("asc", "desc")) == "asc",
        ordered_by=_one_of(single, "orderby", "date", ORDERED_BY),
        statuses=_statuses(_listed(pairs, "status")),
        placed_after=date("after"),
        placed_before=date("before"),
        modified_after=date("modified_after"),
        modified_before=date("modified_before"),
        search=single.get("search", "").strip(),
    )


def read_dp(pairs: list[tuple[str, str]]) -> int:
    """How many decimal places of money are asked for."""
    text = dict(pairs).get("dp", "2")
    if not re.fullmatch(r"-?\d{1,2}", text):
        raise Invalid("dp", "rest_invalid_type", "dp is not of type integer.")
    return abs(int(text))


def read_fields(pairs: list[tuple[str, str]]) -> set[str] | None:
    """The top-level fields asked for by `_fields`; None for all of them."""
    wanted = {name.partition(".")[0] for name in _listed(pairs, "_fields")}
    return wanted or None


def with_defaults(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The query as WordPress repeats it in its links, lists spelled out and defaults added."""
    shown: list[tuple[str, str]] = []
    given: set[str] = set()
    for name, value in pairs:
        base = name.partition("[")[0]
        if base not in {"include", "status"}:
            shown.append((name, value))
        elif base not in given:
            listed = _listed(pairs, base)
            shown += [(f"{base}[{number}]", part) for number, part in enumerate(listed)]
        given.add(base)
    for name, value in (("status[0]", "any"), ("dp", "2"), ("context", "view")):
        if name.partition("[")[0] not in given:
            shown.append((name, value))
    return shown


def _listed(pairs: list[tuple[str, str]], name: str) -> list[str]:
    """A list given as `name=1,2`, `name[]=1` or `name[0]=1`."""
    listed: list[str] = []
    for key, value in pairs:
        if key == name or re.fullmatch(re.escape(name) + r"\[\d*\]", key):
            listed += _split(value)
    return listed


def _split(value: str) -> list[str]:
    return [part for part in re.split(r"[\s,]+", value) if part]


def _ids(parts: list[str]) -> list[int]:
    """What is not a number counts as 0, which no order has; a sign is ignored."""
    found = (re.match(r"-?(\d{1,18})", part) for part in parts)
    return list(dict.fromkeys(int(match[1]) if match else 0 for match in found))


def _statuses(parts: list[str]) -> list[str]:
    allowed = (*OTHER_STATUSES, *STATUSES)
    for number, part in enumerate(parts):
        if part not in allowed:
            raise Invalid("status", "rest_not_in_enum", _not_in(f"status[{number}]", allowed))
    return parts or ["any"]


def _one_of(single: dict[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = single.get(name, default)
    if value not in allowed:
        raise Invalid(name, "rest_not_in_enum", _not_in(name, allowed))
    return value


def _not_in(name: str, allowed: tuple[str, ...]) -> str:
    first, last = ", ".join(allowed[:-1]), allowed[-1]
    comma = "," if len(allowed) > 2 else ""
    return f"{name} is not one of {first}{comma} and {last}."


def _integer(
    single: dict[str, str], name: str, default: int, check: Callable[[str, int], None]
) -> int:
    text = single.get(name, str(default))
    if not re.fullmatch(r"-?\d{1,9}", text):
        raise Invalid(name, "rest_invalid_type", f"{name} is not of type integer.")
    check(name, int(text))
    return int(text)


def _at_least_one(name: str, value: int) -> None:
    if value < 1:
        raise Invalid(name, "rest_out_of_bounds", f"{name} must be greater than or equal to 1")


def _one_to_hundred(name: str, value: int) -> None:
    if not 1 <= value <= 100:
        message = f"{name} must be between 1 (inclusive) and 100 (inclusive)"
        raise Invalid(name, "rest_out_of_bounds", message)


def _date(name: str, text: str, *, as_gmt: bool) -> datetime:
    """The moment WooCommerce compares with, its mistakes included.

    Without an offset it is local time, or UTC with `dates_are_gmt`. With whole seconds and an
    offset it is right, except that `dates_are_gmt` shifts it by the shop's own offset. With a
    fraction of a second the offset is ignored.
    """
    match = DATE.fullmatch(text)
    try:
        plain = datetime.fromisoformat(match[1]) if match else None
        exact = datetime.fromisoformat(text.upper()) if match else None
    except ValueError:
        plain = exact = None
    if match is None or plain is None or exact is None:
        raise Invalid(name, "rest_invalid_date", "Invalid date.")
    if match[3] and as_gmt:
        return exact.astimezone(ZONE).replace(tzinfo=UTC)
    if match[3] and not match[2]:
        return exact.astimezone(UTC)
    return plain.replace(tzinfo=UTC if as_gmt else ZONE).astimezone(UTC)


def _between(gmt: str, after: datetime | None, before: datetime | None) -> bool:
    if after is None and before is None:
        return True
    moment = from_gmt(gmt)
    return (after is None or moment > after) and (before is None or moment < before)


def _searchable(order: dict[str, Any]) -> str:
    """Names and email of the customer; WooCommerce does not find an order by a plugin's number."""
    people = (order["billing"], order["shipping"])
    names = (f"{who['first_name']} {who['last_name']} {who['company']}" for who in people)
    return "\n".join([*names, order["billing"]["email"]]).casefold()
