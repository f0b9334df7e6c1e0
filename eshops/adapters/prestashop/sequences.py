"""What the entries of PrestaShop's code lists mean. Pure.

Facts from answers of a PrestaShop 9.1: what is translated is text where the shop has one language,
and a list of {id, value} where it has several. There is no list of payment methods.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from eshops.adapters.prestashop.orders import delivery_code
from eshops.adapters.prestashop.rows import Row, reference
from eshops.adapters.reading import code, text
from eshops.source import SequenceEntry

DELIVERED = "5"
"""The id of the status that PrestaShop comes with; its marks are those of “Shipped”."""
TYPES = {
    "order_canceled": "cancelled",
    "refund": "returned",
    "cheque": "new",
    "bankwire": "new",
    "cashondelivery": "new",
    "outofstock": "new",
    "payment_error": "new",
}
"""The template of a status's e-mail → our type, where the marks do not tell. An order whose payment
failed is open still, for it can be paid again."""

STATUS_FIELDS = "[id,name,template,color,paid,shipped,unremovable,deleted]"
CARRIER_FIELDS = "[id,id_reference,name,active,deleted,delay]"


def parse_status(row: Row, language: str) -> SequenceEntry:
    found = reference(row, "id")
    return SequenceEntry(
        kind="status",
        code=found,
        name=translated(row, "name", language) or found,
        type=status_type(row, language),
        description="Deleted in the e-shop." if is_on(row, "deleted") else "",
        color=text(row, "color"),
    )


def status_type(row: Row, language: str) -> str:
    """Of a status without any marks, and with an e-mail of the shop's own, nothing is known."""
    if is_on(row, "shipped"):
        is_delivered = reference(row, "id") == DELIVERED and is_on(row, "unremovable")
        return "delivered" if is_delivered else "shipped"
    if is_on(row, "paid"):
        return "paid"
    return TYPES.get(translated(row, "template", language), "")


def present(carriers: Iterable[Any]) -> list[Row]:
    """Each carrier as it is now: of those with one reference the last that is not deleted."""
    rows = [row for row in carriers if isinstance(row, Mapping) and reference(row, "id").isdigit()]
    rows.sort(key=lambda row: (not is_on(row, "deleted"), int(reference(row, "id"))))
    return list({delivery_code(row): row for row in rows}.values())


def parse_delivery(row: Row, language: str) -> SequenceEntry:
    is_offered = is_on(row, "active") and not is_on(row, "deleted")
    delay = translated(row, "delay", language)
    return SequenceEntry(
        kind="delivery",
        code=delivery_code(row),
        name=text(row, "name") or delivery_code(row),
        description=delay if is_offered else "Not offered in the e-shop now.",
    )


def translated(row: Row, field: str, language: str) -> str:
    """The words in this language, else in the first that has any."""
    value = row.get(field)
    if not isinstance(value, list):
        return text(row, field)
    words = {code(each, "id"): text(each, "value") for each in value if isinstance(each, Mapping)}
    return words.get(language) or next(filter(None, words.values()), "")


def is_on(row: Row, field: str) -> bool:
    return text(row, field) == "1"
