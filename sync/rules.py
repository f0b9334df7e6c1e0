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
TOGETHER: tuple[tuple[str, ...], ...] = (
    GROUPS["status"],
    ("payment_code", "payment_name"),
    ("is_paid", "paid_at"),
    ("delivery_code", "delivery_name", "pickup_point_id", "pickup_point_name"),
    ("company", "company_id", "tax_id", "vat_id"),
    ("tracking_number", "tracking_url"),
    GROUPS["totals"],
)
"""Fields that say one thing together. What is empty among them is filled only while the others are
empty or as the e-shop has them: a type of another status, another carrier's pickup point or another
company's VAT ID would make an order say what nobody ever said. An address and the items are fields
of their own here, so each is filled or kept as a whole."""
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
        names = GROUPS[group]
        if rule.mode == IF_EMPTY:
            names = tuple(name for name in names if not _may_be_filled(name, before, after))
        ours = {name: getattr(before, name) for name in names}
        merged = structs.replace(after, **ours)
        difference = compare(merged, after)
        if difference:
            kept.append(Kept(group, rule.reason, difference.fields, difference.lines))
        after = merged
    return after, tuple(kept)


def told(kept: Iterable[Kept]) -> str:
    """ "Items kept: the warehouse has this order since 12:40." for a run and a movement."""
    return " ".join(f"{each.group.capitalize()} kept: {each.reason}." for each in kept)


def _may_be_filled(name: str, before: ResolvedOrder, after: ResolvedOrder) -> bool:
    """Whether nothing that is here speaks against taking the field from the e-shop."""
    together = next((names for names in TOGETHER if name in names), (name,))
    pairs = ((getattr(before, each), getattr(after, each)) for each in together)
    return all(_is_empty(ours) or ours == theirs for ours, theirs in pairs)


def _is_empty(value: Any) -> bool:
    """An order that is not paid says nothing of its payment yet, so that counts as empty too."""
    if isinstance(value, msgspec.Struct):
        return not any(structs.asdict(value).values())
    return value is None or value is False or value == "" or value == () or value == {}
