"""What Medusa's statuses and the entries of its code lists mean. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from eshops.adapters.reading import code, mapping, objects, text
from eshops.adapters.statuses import Status
from eshops.source import SequenceEntry

Row = Mapping[str, Any]
Parse = Callable[[Row], SequenceEntry]

STATUSES = (
    Status("order", "canceled", "Cancelled", "cancelled"),
    Status("order", "draft", "Draft", "new"),
    Status("payment", "refunded", "Refunded", "returned"),
    Status("fulfillment", "delivered", "Delivered", "delivered"),
    Status("order", "completed", "Completed", "delivered"),
    Status("order", "archived", "Archived", "delivered"),
    Status("fulfillment", "partially_delivered", "Partly delivered", "shipped"),
    Status("fulfillment", "shipped", "Shipped", "shipped"),
    Status("fulfillment", "partially_shipped", "Partly shipped", "packed"),
    Status("fulfillment", "fulfilled", "Packed", "packed"),
    Status("fulfillment", "partially_fulfilled", "Partly packed", "packed"),
    Status("order", "requires_action", "Requires action", "new"),
    Status("payment", "requires_action", "Payment requires action", "new"),
    Status("payment", "partially_refunded", "Partly refunded", "paid"),
    Status("payment", "captured", "Paid", "paid"),
    Status("payment", "partially_captured", "Partly paid", "new"),
    Status("payment", "authorized", "Payment authorized", "new"),
    Status("payment", "partially_authorized", "Payment partly authorized", "new"),
    Status("payment", "awaiting", "Awaiting payment", "new"),
    Status("payment", "canceled", "Payment cancelled", "new"),
    Status("payment", "not_paid", "Not paid", "new"),
)
"""Every code that Medusa 2.21 gives the three, but for the fulfillments not_fulfilled and canceled,
where the payment tells. An order is archived once it is completed or cancelled (an open one is
refused), to tidy up the list: it stands where completed does."""


def parse_payment(row: Row) -> SequenceEntry:
    identifier = code(row, "id")
    return SequenceEntry(
        kind="payment",
        code=identifier,
        name=provider_name(identifier),
        type="online" if identifier.startswith("pp_stripe") else "",
        description=offered(row.get("is_enabled") is not False),
    )


def parse_delivery(row: Row) -> SequenceEntry:
    """A shipping option; collection in person is one of a set of pickups."""
    zone = mapping(row, "service_zone")
    rules = {text(rule, "attribute"): text(rule, "value") for rule in objects(row, "rules")}
    told = (text(zone, "name"), offered(rules.get("enabled_in_store") != "false"))
    return SequenceEntry(
        kind="delivery",
        code=code(row, "id"),
        name=text(row, "name") or code(row, "id"),
        type="collection" if text(mapping(zone, "fulfillment_set"), "type") == "pickup" else "",
        description=". ".join(filter(None, told)),
    )


def provider_name(identifier: str) -> str:
    """“Stripe Ideal (STRIPE)” of pp_stripe-ideal_stripe, as the administration calls it."""
    _, _, rest = identifier.partition("_")
    name, _, instance = rest.partition("_")
    if not name:
        return identifier
    words = " ".join(word[:1].upper() + word[1:] for word in name.split("-"))
    return f"{words} ({instance.upper()})" if instance else words


def offered(is_offered: bool) -> str:
    return "" if is_offered else "Not offered in the e-shop now."
