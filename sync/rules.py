"""Synchronization rules: which groups of an order's fields a synchronization leaves alone. Pure.

The default is to overwrite everything. An e-shop (or marketplace) has rules of its own, and the
warehouse has rules for while it has an order; of two for one group the more careful one counts.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import structs

from eshops.resolve import ResolvedOrder
from sync.plan import Kept, compare

OVERWRITE, IF_EMPTY, KEEP = "overwrite", "empty", "keep"
MODES = {
    OVERWRITE: "Overwrite",
    IF_EMPTY: "Only if empty here",
    KEEP: "Keep ours",
}
GROUPS: dict[str, tuple[str, ...]] = {
    "status": ("status_code", "status_name", "status_type", "status_color", "axes"),
    "payment": ("payment_code", "payment_name", "is_paid", "paid_at", "variable_symbol"),
    "delivery": (
        *("delivery_code", "delivery_name", "delivery_note", "delivery_phone", "delivery_date"),
        *("pickup_point_id", "pickup_point_name", "tracking_number", "tracking_url"),
    ),
    "customer": (
        *("customer_name", "customer_email", "customer_phone", "company", "company_id"),
        *("tax_id", "vat_id", "customer_note"),
    ),
    "addresses": ("billing", "shipping_address"),
    "items": ("items",),
    "totals": ("currency", "total", "net", "tax", "shipping", "discount", "refunded"),
    "metadata": ("metadata", "custom"),
}
_CARE = [OVERWRITE, IF_EMPTY, KEEP]


class Rule(msgspec.Struct, frozen=True):
    mode: str
    reason: str
    """Why, as staff read it: "the warehouse has this order since 12:40"."""


Rules = Mapping[str, Rule]
"""Group → its rule; a group that is not there is overwritten."""


def combined(*sources: tuple[Mapping[str, str], str]) -> dict[str, Rule]:
    """One rule for each group out of several (modes, reason), the more careful one counting."""
    rules: dict[str, Rule] = {}
    for modes, reason in sources:
        for group, mode in modes.items():
            held = rules.get(group)
            if group in GROUPS and (held is None or _CARE.index(mode) > _CARE.index(held.mode)):
                rules[group] = Rule(mode, reason)
    return {group: rule for group, rule in rules.items() if rule.mode != OVERWRITE}


def carry_out(
    before: ResolvedOrder, after: ResolvedOrder, rules: Rules
) -> tuple[ResolvedOrder, tuple[Kept, ...]]:
    """`after` with what the rules keep of `before`, and what that is.

    Only what the e-shop has otherwise is told as kept.
    """
    kept = []
    for group, rule in rules.items():
        ours = {name: getattr(before, name) for name in _held(group, rule.mode, before)}
        merged = structs.replace(after, **ours)
        difference = compare(merged, after)
        if difference:
            kept.append(Kept(group, rule.reason, difference.fields, difference.lines))
        after = merged
    return after, tuple(kept)


def told(kept: Iterable[Kept]) -> str:
    """ "Items kept: the warehouse has this order since 12:40." for a run and a movement."""
    return " ".join(f"{each.group.capitalize()} kept: {each.reason}." for each in kept)


def _held(group: str, mode: str, before: ResolvedOrder) -> list[str]:
    """The group's fields that stay as they are here."""
    names = GROUPS[group]
    if mode == KEEP:
        return list(names)
    return [name for name in names if not _is_empty(getattr(before, name))]


def _is_empty(value: Any) -> bool:
    if isinstance(value, msgspec.Struct):
        return not any(structs.asdict(value).values())
    return value is None or value == "" or value == () or value == {}
