"""What an order of Medusa's admin API means. Pure: no network, no settings.

Facts this rests on, seen on Medusa 2.21: amounts are in the currency's major units and not rounded
to it; an order has three statuses, but neither a note nor numbers of companies, which shops keep in
the metadata.

Medusa's `total` is what is owed now, so that `SourceOrder.total` cannot be before all refunds:
- What was returned the shop has taken off the lines, and so off the total, whether it was refunded
  or not. It stays off: the total is of what the customer keeps.
- What was refunded beyond that is off Medusa's total as a credit; it is added again.
`SourceOrder.refunded` is all that was paid back. Where something was returned, part of it is for
what the total has no longer: what the shop is left with is not the total less the refunds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from eshops.adapters.amounts import NOTHING, currency
from eshops.adapters.medusa.credits import credit_lines
from eshops.adapters.medusa.lines import amount, identifier, items, metadata, shipping_methods
from eshops.adapters.medusa.sequences import STATUSES, provider_name
from eshops.adapters.reading import code, mapping, objects, text, utc
from eshops.adapters.statuses import compose
from eshops.source import (
    BadPayload,
    ItemKind,
    Metadatum,
    SourceAddress,
    SourceItem,
    SourceOrder,
)

Data = Mapping[str, Any]

COMPANY = "customer.company_name"


def parse_order(data: Any) -> SourceOrder:
    """The order that `data`, one decoded JSON object, describes; else raises `BadPayload`."""
    if not isinstance(data, dict):
        raise BadPayload("The e-shop's answer for this order is not an order.")
    placed_at = utc(data, "created_at")
    if placed_at is None:
        raise BadPayload("The e-shop's answer has no “created_at”.")
    collections = objects(data, "payment_collections")
    payments = [each for collection in collections for each in objects(collection, "payments")]
    credits, refund_credit = credit_lines(data, payments)
    lines = tuple(items(data, payments, credits))
    total, tax = amount(data, "total") + refund_credit, amount(data, "tax_total")
    axes = {
        "order": code(data, "status"),
        "payment": code(data, "payment_status"),
        "fulfillment": code(data, "fulfillment_status"),
    }
    paid, payment, delivery = is_paid(axes["payment"], collections), chosen(payments), method(data)
    billing, shipping = mapping(data, "billing_address"), mapping(data, "shipping_address")
    customer = mapping(data, "customer")
    people = (billing, shipping, customer)
    return SourceOrder(
        external_id=identifier(data),
        number=code(data, "custom_display_id") or code(data, "display_id"),
        placed_at=placed_at,
        source_modified_at=utc(data, "updated_at"),
        status_code=compose(axes | unarchived(data), STATUSES),
        axes=axes,
        payment_code=code(payment, "provider_id"),
        payment_name=provider_name(text(payment, "provider_id")),
        delivery_code=code(delivery, "shipping_option_id"),
        delivery_name=text(delivery, "name"),
        is_paid=paid,
        paid_at=max(captures(payments), default=None) if paid else None,
        currency=currency(data, "currency_code"),
        total=total,
        net=total - tax,
        tax=tax,
        shipping=amount(data, "shipping_total"),
        discount=amount(data, "discount_total") - gross_of(lines, ItemKind.DISCOUNT, in_total=True),
        refunded=-gross_of(lines, ItemKind.REFUND, in_total=False),
        customer_email=text(data, "email"),
        customer_phone=next(filter(None, (text(each, "phone") for each in people)), ""),
        customer_name=next(filter(None, (name(each) for each in people)), ""),
        tracking_number=", ".join(tracked(data, "tracking_number")),
        tracking_url=next(tracked(data, "tracking_url"), ""),
        billing=address(billing, text(data, "email")),
        shipping_address=address(shipping),
        items=lines,
        metadata=(
            *metadata(data),
            *about(customer),
            *metadata(billing, "billing_address."),
            *metadata(shipping, "shipping_address."),
        ),
    )


def unarchived(data: Data) -> dict[str, str]:
    """The order's own status without its archiving, as far as it is known: an order that was
    cancelled before remains so."""
    was_cancelled = text(data, "status") == "archived" and text(data, "canceled_at")
    return {"order": "canceled"} if was_cancelled else {}


def is_paid(status: str, collections: Sequence[Data]) -> bool:
    """Whether all that was to be paid was, even if it was refunded since; then the payment's status
    does not say, and a collection that is not completed is what was added to the order later."""
    if status not in ("partially_refunded", "refunded"):
        return status == "captured"
    return {text(each, "status") for each in collections} <= {"completed", "canceled"}


def captures(payments: Sequence[Data]) -> Iterator[datetime]:
    for payment in payments:
        if moment := utc(payment, "captured_at"):
            yield moment


def chosen(payments: Sequence[Data]) -> Data:
    """The payment that counts: the last one that was captured, else that was not cancelled."""

    def weight(payment: Data) -> tuple[bool, bool, str]:
        cancelled, captured = text(payment, "canceled_at"), text(payment, "captured_at")
        return bool(captured), not cancelled, text(payment, "created_at")

    return max(payments, key=weight, default={})


def method(data: Data) -> Data:
    """The shipping method that the customer chose: the oldest that is not of a return, claim or
    exchange, for an edit of the order adds others."""
    later = ("return_id", "claim_id", "exchange_id")
    methods = shipping_methods(data)
    own = (each for each in methods if not any(map(mapping(each, "detail").get, later)))
    return next(own, {})


def gross_of(lines: Iterable[SourceItem], kind: ItemKind, in_total: bool) -> Decimal:
    """Of discounts only the credits are in the total; Medusa's figure of the discounts has the
    others."""
    found = (each.gross for each in lines if each.kind == kind and each.in_total == in_total)
    return sum(filter(None, found), NOTHING)


def tracked(data: Data, key: str) -> Iterator[str]:
    """What the labels of the fulfillments have under `key`, each once. For no address to track a
    parcel at, the administration writes #."""
    fulfillments = [each for each in objects(data, "fulfillments") if not each.get("canceled_at")]
    fulfillments.sort(key=lambda each: text(each, "created_at"))
    found = (text(label, key) for each in fulfillments for label in objects(each, "labels"))
    return (each for each in dict.fromkeys(found) if each not in ("", "#"))


def name(person: Data) -> str:
    return f"{text(person, 'first_name')} {text(person, 'last_name')}".strip()


def about(customer: Data) -> tuple[Metadatum, ...]:
    """What the customer's account has beside a name. The company in it is that of today and need
    not be the one that bought, which the billing address tells: so it is no address's company."""
    found, company = metadata(customer, "customer."), text(customer, "company_name")
    if not company:
        return found
    return (Metadatum(COMPANY, company), *(each for each in found if each.key != COMPANY))


def address(data: Data, email: str = "") -> SourceAddress:
    """An address, which has no e-mail of its own; the order's is the buyer's."""
    if not data:
        return SourceAddress()
    return SourceAddress(
        first_name=text(data, "first_name"),
        last_name=text(data, "last_name"),
        company=text(data, "company"),
        line1=text(data, "address_1"),
        line2=text(data, "address_2"),
        city=text(data, "city"),
        region=text(data, "province"),
        postcode=text(data, "postal_code"),
        country=text(data, "country_code").upper(),
        phone=text(data, "phone"),
        email=email,
    )
