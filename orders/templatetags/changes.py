"""What a movement changed, in words.

Reads the stored form of a plan: {"fields": […], "lines": […]}, {} when nothing changed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.db.models import BooleanField, DateTimeField, DecimalField, Model
from django.utils.text import capfirst

from orders.models import Order, OrderAddress, OrderItem
from orders.templatetags.show import exact, money, number, pretty, unescaped

register = template.Library()

LABELS = {
    "status_name": "Status",
    "payment_name": "Payment",
    "delivery_name": "Delivery",
    "line_order": "Order of lines",
    "source_state": "In the e-shop",
    "is_paid": "Paid",
}
PLAIN_NUMBERS = {"quantity", "tax_rate"}
ACTIONS = {"added": "added", "changed": "changed", "removed": "removed"}
AXES = ("order", "payment", "fulfillment", "return")
EMPTY = "empty"


@dataclass(frozen=True)
class Row:
    label: str
    old: str
    new: str

    @property
    def is_long(self) -> bool:
        return "\n" in self.old + self.new or len(self.old + self.new) > 160


@dataclass(frozen=True)
class Line:
    action: str
    kind: str
    name: str
    rows: list[Row]


@dataclass(frozen=True)
class Told:
    rows: list[Row]
    lines: list[Line]


@register.filter
def told(changes: Mapping[str, Any], currency: str = "") -> Told:
    """Every change, old → new."""
    rows = [row for change in changes.get("fields", []) for row in _rows(Order, change, currency)]
    lines = [
        Line(
            action=ACTIONS.get(line["action"], line["action"]),
            kind=_choice(OrderItem.Kind, line["kind"]),
            name=unescaped(line["name"]) or line["external_id"],
            rows=[row for change in line["changes"] for row in _rows(OrderItem, change, currency)],
        )
        for line in changes.get("lines", [])
    ]
    return Told(rows, lines)


@register.filter
def in_a_line(changes: Mapping[str, Any] | None, currency: str = "") -> str:
    """The most telling changes: "Status: Processing → Completed, 1 line added, +3 more"."""
    if not changes:
        return ""
    fields = changes.get("fields", [])
    named = {change["field"] for change in fields}
    # Beside a new name its code, kind and colour say nothing more.
    silent = {
        f"{kind}_{part}"
        for kind in ("status", "payment", "delivery")
        for part in ("code", "type", "color")
        if f"{kind}_name" in named
    }
    rows = [
        row
        for change in fields
        if change["field"] not in silent
        for row in _rows(Order, change, currency)
    ]
    parts = [f"{row.label}: {_short(row.old)} → {_short(row.new)}" for row in rows]
    actions = [line["action"] for line in changes.get("lines", [])]
    lines = [
        f"{actions.count(action)} line{'s' if actions.count(action) > 1 else ''} {word}"
        for action, word in ACTIONS.items()
        if action in actions
    ]
    room = max(1, 3 - len(lines))
    more = [f"+{len(parts) - room} more"] if len(parts) > room else []
    return ", ".join([*parts[:room], *lines, *more])


@register.filter
def field_label(name: str) -> str:
    """What a field of an order is called: "the VAT ID"."""
    return f"the {_label(Order, name)}"


@register.filter
def by_axis(axes: Mapping[str, str]) -> list[tuple[str, str]]:
    """The several statuses of an order, in the order in which they are thought of."""
    rank = {axis: place for place, axis in enumerate(AXES)}
    return sorted(axes.items(), key=lambda each: (rank.get(each[0], len(AXES)), each[0]))


@register.filter
def axis_label(axis: str) -> str:
    """What one of several statuses of an order is called: "Payment status"."""
    return f"{capfirst(axis)} status"


def marks_of(changes: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """Field → "was: …" for every changed field; addresses and axes are nested, lines stand under
    `lines` as (kind, external id) → their fields."""
    marks: dict[str, Any] = {"billing": {}, "shipping": {}, "axes": {}, "lines": {}}
    for change in changes.get("fields", []):
        was = _was(Order, change, currency)
        prefix, _, name = change["field"].rpartition(".")
        if prefix:
            marks[prefix][name] = was
        else:
            # The cost of shipping stands beside the address of that name.
            marks["shipping_total" if name == "shipping" else name] = was
    for line in changes.get("lines", []):
        fields = {each["field"]: _was(OrderItem, each, currency) for each in line["changes"]}
        if line["action"] == "added":
            fields = {"name": "new line"}
        elif "variant" in fields:
            fields.setdefault("name", fields["variant"])
        marks["lines"][line["kind"], line["external_id"]] = fields
    # A status is shown by its name: a new code, kind or colour marks that.
    for kind in ("status", "payment", "delivery"):
        if f"{kind}_name" not in marks and f"{kind}_code" in marks:
            marks[f"{kind}_name"] = marks[f"{kind}_code"]
    return marks


def _was(model: type[Model], change: Mapping[str, Any], currency: str) -> str:
    rows = _rows(model, change, currency)
    return f"was: {_short(rows[0].old)}" if rows else "changed"


def _rows(model: type[Model], change: Mapping[str, Any], currency: str) -> list[Row]:
    prefix, _, name = change["field"].rpartition(".")
    old, new = change["old"], change["new"]
    if name == "metadata":
        return _by_key("Metadata", _pairs(old), _pairs(new))
    if name == "custom":
        return _by_key("Own field", _object(old), _object(new))
    if prefix == "axes":
        return [Row(axis_label(name), old or EMPTY, new or EMPTY)]
    model = OrderAddress if prefix else model
    label = capfirst(f"{prefix} {_label(model, name)}".strip() if prefix else _label(model, name))
    return [Row(label, *(_value(model, name, value, currency) for value in (old, new)))]


def _label(model: type[Model], name: str) -> str:
    if name in LABELS and model is Order:
        return LABELS[name]
    return str(_field(model, name).verbose_name) if _field(model, name) else name.replace("_", " ")


def _value(model: type[Model], name: str, value: Any, currency: str) -> str:
    if value is None or value == "":
        return EMPTY
    field = _field(model, name)
    if isinstance(field, BooleanField):
        return "yes" if value else "no"
    if isinstance(field, DecimalField):
        return _decimal(name, str(value), currency)
    if isinstance(field, DateTimeField):
        return _time(str(value))
    if name == "source_state":
        return _choice(Order.SourceState, value)
    return unescaped(value) if name in ("name", "variant") else str(value)


def _decimal(name: str, value: str, currency: str) -> str:
    try:
        given = Decimal(value)
    except InvalidOperation:
        return value
    return number(given) if name in PLAIN_NUMBERS else money(given, currency)


def _time(value: str) -> str:
    try:
        return exact(datetime.fromisoformat(value))
    except ValueError:
        return value


def _field(model: type[Model], name: str) -> Any:
    return next((field for field in model._meta.fields if field.name == name), None)


def _choice(choices: Any, value: str) -> str:
    return str(dict(choices.choices).get(value, value))


def _by_key(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Row]:
    """Only the keys that differ, old ones first, in their order."""
    keys = [*old, *(key for key in new if key not in old)]
    return [
        Row(f"{what} “{key}”", _shown(old.get(key)), _shown(new.get(key)))
        for key in keys
        if old.get(key) != new.get(key)
    ]


def _shown(value: Any) -> str:
    return EMPTY if value in (None, "") else pretty(value)


def _pairs(text: Any) -> dict[str, Any]:
    """Stored metadata as key → value; a key that occurs more than once has a list."""
    found: dict[str, list[Any]] = {}
    for datum in _loaded(text, list):
        if isinstance(datum, dict):
            found.setdefault(str(datum.get("key", "")), []).append(datum.get("value"))
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


def _object(text: Any) -> dict[str, Any]:
    return dict(_loaded(text, dict))


def _loaded(text: Any, kind: type) -> Any:
    try:
        value = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return kind()
    return value if isinstance(value, kind) else kind()


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else f"{flat[:59]}…"
