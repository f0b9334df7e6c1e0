"""What the entries of Upgates' code lists mean. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from eshops.adapters.reading import code, objects, text
from eshops.adapters.upgates.lines import is_on
from eshops.source import SequenceEntry

Row = Mapping[str, Any]
Parse = Callable[..., SequenceEntry]

STATUS_TYPES = {
    "Received": "new",
    "Unresolved": "new",
    "PaymentInProcess": "new",
    "PaymentFailed": "new",
    "PaymentCanceled": "new",
    "PaymentSuccessful": "paid",
    "Sent": "shipped",
    "Canceled": "cancelled",
    "HomecreditProcessing": "new",
    "HomecreditApproved": "new",
    "HomecreditPaid": "paid",
    "HomecreditReadyToShip": "packed",
    "HomecreditSent": "shipped",
    "HomecreditDelivered": "delivered",
    "HomecreditRejected": "cancelled",
    "HomecreditCanceled": "cancelled",
}
"""Our type for the statuses Upgates comes with. A shop's own ones have none; an order whose
payment failed is open still, for it can be paid again."""

PAYMENT_TYPES = {
    "cash": "cash",
    "cashOnCashRegister": "cash",
    "cardOnCashRegister": "card",
    "cashOnDelivery": "cash_on_delivery",
    "command": "transfer",
    "custom": "",
}
"""Every other type is one of a payment gateway."""

DELIVERY_TYPES = {
    "ceskaPosta": "post",
    "slovenskaPosta": "post",
    "ulozenka": "pickup_point",
    "depo": "pickup_point",
    "zasilkovna": "courier",
    "dpd": "courier",
    "ppl": "courier",
    "gls": "courier",
    "wedo": "courier",
}
"""Our type for a carrier that brings the parcel home; for one that brings it to a branch see
`delivery_type`."""


def parse_status(row: Row, language: str) -> SequenceEntry:
    return SequenceEntry(
        kind="status",
        code=code(row, "id"),
        name=name(row, language),
        type=STATUS_TYPES.get(text(row, "type"), ""),
        description="Marks the order as paid." if is_on(row, "mark_paid_yn") else "",
        color=text(row, "color"),
    )


def parse_payment(row: Row, language: str) -> SequenceEntry:
    kind = text(row, "type")
    return SequenceEntry(
        kind="payment",
        code=code(row, "id"),
        name=name(row, language),
        type=PAYMENT_TYPES.get(kind, "online") if kind else "",
        description=offered(row),
    )


def parse_delivery(row: Row, language: str) -> SequenceEntry:
    return SequenceEntry(
        kind="delivery",
        code=code(row, "id"),
        name=name(row, language),
        type=delivery_type(row),
        description=offered(row),
    )


def delivery_type(row: Row) -> str:
    """A carrier's delivery for which the customer chooses a branch goes to a pickup point."""
    found = DELIVERY_TYPES.get(text(row, "type"), "")
    return "pickup_point" if found and row.get("affiliates") else found


def offered(row: Row) -> str:
    return "" if is_on(row, "active_yn") else "Not offered in the e-shop now."


def name(row: Row, language: str) -> str:
    """The name in this language, else in the first that has one, else the code."""
    names = {text(each, "language_id"): text(each, "name") for each in objects(row, "descriptions")}
    return names.get(language) or next(filter(None, names.values()), code(row, "id"))
