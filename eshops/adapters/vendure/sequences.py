"""Vendure's code lists, and the one status of an order that has several. Pure."""

import html
import re
from collections.abc import Mapping
from typing import Any

from eshops.adapters.reading import code, mapping, short, text
from eshops.adapters.statuses import Status, compose
from eshops.source import SequenceEntry

Row = Mapping[str, Any]

STATUS_RULE = (
    "The order's own state, or that of its parcels where they are further: Vendure leaves an order "
    "that is paid on delivery at “Payment authorized” or “Payment settled” when it was shipped and "
    "delivered. A cancelled order is cancelled, one whose money was all given back is refunded; "
    "then what was delivered or shipped of it tells, then that it is being modified or waits for a "
    "payment, then a parcel that is made but not sent, then what was paid. An order's state that "
    "the shop has added to Vendure's always tells."
)
STATUSES = (
    Status("order", "Cancelled", "Cancelled", "cancelled"),
    Status("payment", "Refunded", "Refunded", "returned"),
    Status("order", "Delivered", "Delivered", "delivered"),
    Status("fulfillment", "Delivered", "Parcels delivered", "delivered"),
    Status("order", "PartiallyDelivered", "Partially delivered", "shipped"),
    Status("fulfillment", "PartiallyDelivered", "Parcels partially delivered", "shipped"),
    Status("order", "Shipped", "Shipped", "shipped"),
    Status("fulfillment", "Shipped", "Parcels shipped", "shipped"),
    Status("order", "PartiallyShipped", "Partially shipped", "shipped"),
    Status("fulfillment", "PartiallyShipped", "Parcels partially shipped", "shipped"),
    Status("order", "Modifying", "Modifying", "new"),
    Status("order", "ArrangingAdditionalPayment", "Arranging additional payment", "new"),
    Status("order", "ArrangingPayment", "Arranging payment", "new"),
    Status("order", "AddingItems", "Adding items", "new"),
    Status("order", "Draft", "Draft", "new"),
    Status("order", "Created", "Created", "new"),
    Status("fulfillment", "Pending", "Parcel pending", "packed"),
    Status("fulfillment", "Created", "Parcel created", "packed"),
    Status("order", "PaymentSettled", "Payment settled", "paid"),
    Status("order", "PaymentAuthorized", "Payment authorized", "new"),
)
"""The states of Vendure's own processes (`defaultOrderProcess`, `defaultFulfillmentProcess` in
@vendure/core 3.7) and those of all parcels together (`parcels.fulfillment`), in the order in which
one is the order's status. Refunded is ours: Vendure leaves such an order as it was, say at
PaymentSettled. An order that was sent has to be told from one that waits for it: from
PaymentAuthorized no transition leads to Shipped or Delivered, and settling the payment later leads
to PaymentSettled. Nor is the order's own always the furthest else: one that is PartiallyShipped
stays so when its last parcel is delivered before all were shipped."""

PAYMENT_TYPES = {"stripe": "online", "mollie-payment-handler": "online", "braintree": "online"}
"""Our type for a payment by the code of its handler, of those in @vendure/payments-plugin."""

_OWN_STATES = {status.code: status for status in STATUSES if status.axis == "order"}
_TAG = re.compile(r"<[^>]*>")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def status_code(axes: Mapping[str, str]) -> str:
    """A state that a shop has added to Vendure's always tells, for it says more than ours could."""
    state = axes.get("order", "")
    if state in _OWN_STATES:
        return compose(axes, STATUSES)
    return short(f"order:{state}", "state")


def parse_state(row: Row) -> SequenceEntry:
    state = code(row, "name")
    known = _OWN_STATES.get(state)
    return SequenceEntry(
        kind="status",
        code=short(f"order:{state}", "name") if state else "",
        name=known.name if known else words(state),
        type=known.type if known else "",
    )


def words(state: str) -> str:
    first, *others = _WORD.split(state)
    return " ".join([first, *map(str.lower, others)])


def parse_delivery(row: Row) -> SequenceEntry:
    return SequenceEntry(
        kind="delivery",
        code=code(row, "code"),
        name=text(row, "name") or code(row, "code"),
        description=description(row),
    )


def parse_payment(row: Row) -> SequenceEntry:
    is_offered = row.get("enabled") is not False
    return SequenceEntry(
        kind="payment",
        code=code(row, "code"),
        name=text(row, "name") or code(row, "code"),
        type=PAYMENT_TYPES.get(text(mapping(row, "handler"), "code"), ""),
        description=description(row) if is_offered else "Not offered in the e-shop now.",
    )


def description(row: Row) -> str:
    """Staff write it as HTML."""
    return " ".join(html.unescape(_TAG.sub(" ", text(row, "description"))).split())
