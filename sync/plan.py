"""What a synchronization would change: the comparison behind every overwrite.

A `Plan` is a value. The movement stores it, a page shows it and `engine` carries it out: nothing
is written that is not in the plan.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from eshops.resolve import ResolvedOrder
from eshops.source import ItemKind, Metadatum, SourceAddress, SourceItem
from orders.models import Order, OrderAddress, OrderItem

Scalar = str | bool | int | None
"""How a value stands in a plan: decimals in plain notation, times in ISO 8601 UTC, JSON as text."""


class Change(msgspec.Struct, frozen=True):
    """One field: what it held and what it shall hold. `field` may be dotted: billing.city,
    axes.payment."""

    field: str
    old: Scalar
    new: Scalar


class LineChange(msgspec.Struct, frozen=True):
    """One line of the order: added, changed or removed. Added and removed ones list every field
    that is not empty."""

    action: str
    kind: str
    external_id: str
    name: str
    changes: tuple[Change, ...]


class Kept(msgspec.Struct, frozen=True):
    """What a rule keeps: in each change `old` is ours and stays, `new` is what the e-shop says."""

    group: str
    reason: str
    fields: tuple[Change, ...] = ()
    lines: tuple[LineChange, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    fields: tuple[Change, ...] = ()
    lines: tuple[LineChange, ...] = ()
    kept: tuple[Kept, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.fields or self.lines)


ORDER_FIELDS = tuple(
    name
    for name in ResolvedOrder.__struct_fields__
    if name not in ("billing", "shipping_address", "items")
)
PLAIN_FIELDS = tuple(name for name in ORDER_FIELDS if name != "axes")
ADDRESS_FIELDS = SourceAddress.__struct_fields__
ITEM_FIELDS = tuple(
    name for name in SourceItem.__struct_fields__ if name not in ("external_id", "kind")
)

ADDRESSES = {"billing": "billing", "shipping": "shipping_address"}
"""Kind of `OrderAddress` → the field of `ResolvedOrder`."""


def held(
    order: Order, addresses: Iterable[OrderAddress], items: Iterable[OrderItem]
) -> ResolvedOrder:
    """What the rows of an order hold now, in the shape it is compared in."""
    by_kind = {address.kind: address for address in addresses}
    values: dict[str, Any] = {name: getattr(order, name) for name in ORDER_FIELDS}
    values["metadata"] = _metadata(order.metadata)
    for kind, name in ADDRESSES.items():
        row = by_kind.get(kind)
        values[name] = (
            SourceAddress(**{field: getattr(row, field) for field in ADDRESS_FIELDS})
            if row
            else SourceAddress()
        )
    values["items"] = tuple(
        _held_item(item) for item in sorted(items, key=lambda item: item.position)
    )
    return ResolvedOrder(**values)


def compare(before: ResolvedOrder, after: ResolvedOrder) -> Plan:
    """The plan that turns `before` into `after`. Pure; empty when they hold the same."""
    fields = [*_changes(before, after, PLAIN_FIELDS), *_axis_changes(before.axes, after.axes)]
    for kind, name in ADDRESSES.items():
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            fields += _changes(old, new, ADDRESS_FIELDS, prefix=f"{kind}.")
    lines = _line_changes(before.items, after.items) if before.items != after.items else ()
    fields += _order_of_lines(before.items, after.items)
    return Plan(tuple(fields), lines)


def without_order(before_state: str, now: str) -> Plan:
    """The plan for an order that its e-shop has in the trash or no longer has: all data is kept."""
    if before_state == now:
        return Plan()
    return Plan((Change("source_state", before_state, now),))


def to_builtins(plan: Plan) -> dict[str, Any]:
    """The plan as JSON-ready values; {} when nothing changes and nothing is kept."""
    told: dict[str, Any] = msgspec.to_builtins(plan)
    return {name: value for name, value in told.items() if value}


def from_builtins(data: Mapping[str, Any]) -> Plan:
    return msgspec.convert(data, Plan)


def _metadata(rows: Iterable[Mapping[str, Any]]) -> tuple[Metadatum, ...]:
    return tuple(Metadatum(row["key"], row["value"]) for row in rows)


def _held_item(item: OrderItem) -> SourceItem:
    values = {name: getattr(item, name) for name in ITEM_FIELDS}
    values["metadata"] = _metadata(item.metadata)
    return SourceItem(external_id=item.external_id, kind=ItemKind(item.kind), **values)


def _changes(before: Any, after: Any, names: Iterable[str], prefix: str = "") -> Iterable[Change]:
    for name in names:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield Change(prefix + name, scalar(old), scalar(new))


def _axis_changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterable[Change]:
    for axis in dict.fromkeys((*before, *after)):
        old, new = before.get(axis, ""), after.get(axis, "")
        if old != new:
            yield Change(f"axes.{axis}", old, new)


def _order_of_lines(
    before: tuple[SourceItem, ...], after: tuple[SourceItem, ...]
) -> Iterable[Change]:
    """One change when the lines that stay stand in another order than before."""
    old, new = [_key(item) for item in before], [_key(item) for item in after]
    stays = set(old) & set(new)
    old, new = [key for key in old if key in stays], [key for key in new if key in stays]
    if old != new:
        yield Change("line_order", _ids(old), _ids(new))


def _line_changes(
    before: tuple[SourceItem, ...], after: tuple[SourceItem, ...]
) -> tuple[LineChange, ...]:
    old_lines = {_key(item): item for item in before}
    new_lines = {_key(item): item for item in after}
    lines = []
    for key, new in new_lines.items():
        old = old_lines.get(key)
        if old is None:
            lines.append(LineChange("added", *key, new.name, _told(None, new)))
        elif old != new:
            lines.append(
                LineChange("changed", *key, new.name, tuple(_changes(old, new, ITEM_FIELDS)))
            )
    for key, old in old_lines.items():
        if key not in new_lines:
            lines.append(LineChange("removed", *key, old.name, _told(old, None)))
    return tuple(lines)


def _key(item: SourceItem) -> tuple[str, str]:
    return item.kind.value, item.external_id


def _ids(keys: Iterable[tuple[str, str]]) -> str:
    return ", ".join(external_id for _, external_id in keys)


def _told(old: SourceItem | None, new: SourceItem | None) -> tuple[Change, ...]:
    """All there is to say of a line that comes or goes."""
    return tuple(
        Change(name, scalar(getattr(old, name, None)), scalar(getattr(new, name, None)))
        for name in ITEM_FIELDS
        if getattr(old, name, None) or getattr(new, name, None)
    )


def scalar(value: Any) -> Scalar:
    """A value as it stands in a plan."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | bool | int):
        return value
    return msgspec.json.encode(value, order="sorted").decode()


def plain_decimal(value: Decimal) -> str:
    """1250.500000 → "1250.5"; never an exponent."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
