"""What the entries of Shoptet's code lists mean. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from eshops.adapters.reading import code, mapping, text
from eshops.source import SequenceEntry

Row = Mapping[str, Any]
Parse = Callable[[Row], SequenceEntry]

STATUS_TYPES = {"-1": "new", "-2": "new", "-3": "delivered", "-4": "cancelled"}
"""Our type for the statuses Shoptet comes with, whatever the e-shop calls them: pending, being
processed, done, cancelled. A shop's own ones have none."""

DELIVERY_TYPES = {"ulozenka": "pickup_point", "intime": "courier"}
"""Our type for a carrier that does but one thing; most do several, and there is no list of them."""


def parse_status(row: Row) -> SequenceEntry:
    status = code(row, "id")
    return SequenceEntry(
        kind="status",
        code=status,
        name=text(row, "name") or status,
        type=STATUS_TYPES.get(status, ""),
        description="Marks the order as paid." if row.get("markAsPaid") is True else "",
        color=text(row, "color") or text(row, "backgroundColor"),
    )


def parse_payment(row: Row) -> SequenceEntry:
    """Without a type: which gateways and which other ways there are is not documented."""
    return SequenceEntry(
        kind="payment",
        code=code(row, "guid"),
        name=text(row, "name") or code(row, "guid"),
        description=offered(row) or text(mapping(row, "paymentType"), "name"),
    )


def parse_delivery(row: Row) -> SequenceEntry:
    carrier = mapping(row, "shippingCompany")
    return SequenceEntry(
        kind="delivery",
        code=code(row, "guid"),
        name=text(row, "name") or code(row, "guid"),
        type=DELIVERY_TYPES.get(text(carrier, "code"), ""),
        description=offered(row) or text(carrier, "name"),
    )


def offered(row: Row) -> str:
    return "Not offered in the e-shop now." if row.get("visible") is False else ""
