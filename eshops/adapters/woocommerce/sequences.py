"""What the entries of WooCommerce's code lists mean. Pure."""

import html
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from eshops.adapters.reading import code, mapping, text
from eshops.adapters.woocommerce.orders import delivery_code
from eshops.source import BadPayload, SequenceEntry

STATUS_TYPES: Mapping[str, str] = {
    "pending": "new",
    "processing": "paid",
    "on-hold": "new",
    "completed": "delivered",
    "cancelled": "cancelled",
    "refunded": "returned",
    "failed": "cancelled",
    "checkout-draft": "new",
}
"""Our type for the statuses WooCommerce comes with; a plugin's statuses have none."""

PAYMENT_TYPES: Mapping[str, str] = {"cod": "cash_on_delivery", "bacs": "transfer"}
DELIVERY_TYPES: Mapping[str, str] = {"local_pickup": "collection", "pickup_location": "collection"}
"""Our type for what WooCommerce comes with; `flat_rate` may be anything."""

_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,6}|,\d{1,2})?", re.ASCII)
_TAG = re.compile(r"<[^>]*>")

Row = Mapping[str, Any]


def parse_status(row: Row) -> SequenceEntry:
    slug = code(row, "slug")
    name = text(row, "name") or slug
    return SequenceEntry(kind="status", code=slug, name=name, type=STATUS_TYPES.get(slug, ""))


def parse_payment(row: Row) -> SequenceEntry:
    return SequenceEntry(
        kind="payment",
        code=code(row, "id"),
        name=text(row, "title") or text(row, "method_title") or code(row, "id"),
        type=PAYMENT_TYPES.get(code(row, "id"), ""),
        description=words(row, "description"),
    )


def parse_delivery(row: Row, zone: str) -> SequenceEntry:
    """The code is the one that orders have, see `delivery_code`."""
    return SequenceEntry(
        kind="delivery",
        code=delivery_code(row),
        name=text(row, "title") or text(row, "method_title") or delivery_code(row),
        type=DELIVERY_TYPES.get(text(row, "method_id"), ""),
        description=zone,
        price=price(row),
    )


def price(row: Row) -> Decimal | None:
    """What the method costs without tax; None where it costs nothing of its own, and where the cost
    is a formula (`10 + [qty] * 2`). A comma is the shop's decimal point."""
    try:
        cost = text(mapping(mapping(row, "settings"), "cost"), "value").strip()
    except BadPayload:
        return None
    return Decimal(cost.replace(",", ".")) if _NUMBER.fullmatch(cost) else None


def words(row: Row, key: str) -> str:
    """HTML as the words a person would read."""
    return " ".join(html.unescape(_TAG.sub(" ", text(row, key))).split())
