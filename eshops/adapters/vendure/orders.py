"""What an order of Vendure's Admin API means. Pure: no network, no settings.

Facts this rests on, from the source of @vendure/core 3.7 and a real shop: times are in UTC; an
order that was never placed (a cart, a draft) has no `orderPlacedAt`; an address has one field for
the whole name, the customer has two; a payment knows its method by its code only, and when it was
settled by `updatedAt`, which no refund moves; what `total` is after lines were cancelled, `lines`
tells. There is no field for a note, a company's numbers, a pickup point: shops add custom fields,
and mappings bring them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from eshops.adapters.amounts import NOTHING, currency
from eshops.adapters.reading import code, mapping, objects, plain, text, utc
from eshops.adapters.vendure.lines import amount, by_id, custom_fields, identifier, items
from eshops.adapters.vendure.parcels import fulfillment, tracking
from eshops.adapters.vendure.sequences import status_code
from eshops.source import (
    BadPayload,
    ItemKind,
    Metadatum,
    SourceAddress,
    SourceItem,
    SourceOrder,
)

Data = Mapping[str, Any]

SETTLED, REFUNDED = "Settled", "Refunded"
GOOD = (SETTLED, "Authorized")
"""States of a payment by which an order is placed."""


class Shop(NamedTuple):
    """What an answer tells besides its orders, and what they cannot be understood without."""

    places: int
    """`MoneyStrategy.precision`: in units of 10⁻ᵖˡᵃᶜᵉˢ all money is told."""
    payment_names: Mapping[str, str]
    """Code of a payment method → its name."""


def parse_order(data: Any, shop: Shop) -> SourceOrder:
    """The order that `data`, one decoded JSON object, describes; else raises `BadPayload`."""
    if not isinstance(data, dict):
        raise BadPayload("The e-shop's answer for this order is not an order.")
    placed_at = utc(data, "orderPlacedAt") or utc(data, "createdAt")
    if placed_at is None:
        raise BadPayload("The e-shop's answer has no “createdAt”.")
    places = shop.places
    total, net = amount(data, "totalWithTax", places), amount(data, "total", places)
    lines = tuple(items(data, places))
    payments = sorted(by_id(objects(data, "payments")), key=partial(text, key="createdAt"))
    payment = main_payment(payments)
    delivery = mapping(delivery_line(data), "shippingMethod")
    parcels = by_id(objects(data, "fulfillments"))
    customer = mapping(data, "customer")
    billing = address(data, "billingAddress", customer)
    shipping_address = address(data, "shippingAddress", customer)
    is_paid, paid_at = paid(payments, total, places)
    refunded = -gross_of(lines, ItemKind.REFUND)
    statuses = axes(data, payment, parcels, 0 < settled(payments, places) <= refunded)
    method = code(payment, "method")
    return SourceOrder(
        external_id=identifier(data),
        number=identifier(data, "code"),
        placed_at=placed_at,
        source_modified_at=utc(data, "updatedAt"),
        status_code=status_code(statuses),
        axes=statuses,
        payment_code=method,
        payment_name=shop.payment_names.get(method) or method,
        delivery_code=code(delivery, "code"),
        delivery_name=text(delivery, "name"),
        is_paid=is_paid,
        paid_at=paid_at,
        currency=currency(data, "currencyCode"),
        total=total,
        net=net,
        tax=total - net,
        shipping=amount(data, "shippingWithTax", places),
        discount=-gross_of(lines, ItemKind.DISCOUNT),
        refunded=refunded,
        customer_email=text(customer, "emailAddress"),
        customer_phone=text(customer, "phoneNumber") or billing.phone or shipping_address.phone,
        customer_name=full_name(customer)
        or text(mapping(data, "billingAddress"), "fullName")
        or text(mapping(data, "shippingAddress"), "fullName"),
        tracking_number=tracking(parcels),
        billing=billing,
        shipping_address=shipping_address,
        items=lines,
        metadata=tuple(metadata(data, customer, payments)),
    )


def full_name(customer: Data) -> str:
    return f"{text(customer, 'firstName')} {text(customer, 'lastName')}".strip()


def address(data: Data, which: str, customer: Data) -> SourceAddress:
    """The billing or the shipping address; the customer's e-mail belongs to the former."""
    told = mapping(data, which)
    first_name, last_name = names(text(told, "fullName"), customer)
    return SourceAddress(
        first_name=first_name,
        last_name=last_name,
        company=text(told, "company"),
        line1=text(told, "streetLine1"),
        line2=text(told, "streetLine2"),
        city=text(told, "city"),
        region=text(told, "province"),
        postcode=text(told, "postalCode"),
        country=text(told, "countryCode"),
        phone=text(told, "phoneNumber"),
        email=text(customer, "emailAddress") if which == "billingAddress" else "",
    )


def names(full: str, customer: Data) -> tuple[str, str]:
    """First and last name: as the customer's own two where it is the same name, else the last word
    is the last name."""
    full = full.strip()
    if full and full == full_name(customer):
        return text(customer, "firstName"), text(customer, "lastName")
    first, _, last = full.rpartition(" ")
    return first.strip(), last


def main_payment(payments: Sequence[Data]) -> Data:
    """The payment that the order's method is told by: the first good one, else the last try."""
    good = (each for each in payments if text(each, "state") in GOOD)
    return next(good, payments[-1] if payments else {})


def paid(payments: Sequence[Data], total: Decimal, places: int) -> tuple[bool, datetime | None]:
    """Whether settled payments cover the total, and when the last of them that it took was settled.

    Vendure's own `orderTotalIsCovered`, but for refunds: money that was given back was paid.
    """
    covered = NOTHING
    settled = [each for each in payments if text(each, "state") == SETTLED]
    for each in sorted(settled, key=partial(text, key="updatedAt")):
        covered += amount(each, "amount", places)
        if covered >= total:
            return True, utc(each, "updatedAt") or utc(each, "createdAt")
    return False, None


def settled(payments: Sequence[Data], places: int) -> Decimal:
    """The money that came."""
    told = [amount(each, "amount", places) for each in payments if text(each, "state") == SETTLED]
    return sum(told, NOTHING)


def delivery_line(data: Data) -> Data:
    """Of several shipping lines the first; there are several where sellers ship by themselves."""
    return next(iter(by_id(objects(data, "shippingLines"))), {})


def axes(data: Data, payment: Data, parcels: Sequence[Data], is_refunded: bool) -> dict[str, str]:
    """The order's state and, as far as there are any, those of its payment and of its parcels. A
    payment stays Settled when all the money is given back, which we call Refunded."""
    told = {
        "payment": REFUNDED if is_refunded else code(payment, "state"),
        "fulfillment": fulfillment(objects(data, "lines"), parcels),
        "order": identifier(data, "state"),
    }
    return {axis: state for axis, state in told.items() if state}


def metadata(data: Data, customer: Data, payments: Sequence[Data]) -> Iterator[Metadatum]:
    """Custom fields by their names, those of the customer and the addresses under these, and what
    we have no field for."""
    yield from custom_fields(data)
    owners = {
        "customer": customer,
        "billingAddress": mapping(data, "billingAddress"),
        "shippingAddress": mapping(data, "shippingAddress"),
    }
    for key, owner in owners.items():
        fields = {each.key: each.value for each in custom_fields(owner)}
        if fields:
            yield Metadatum(key, fields)
    if data.get("couponCodes"):
        yield Metadatum("couponCodes", plain(data["couponCodes"]))
    if payments:
        yield Metadatum("payments", [told_of(payment) for payment in payments])
    if text(data, "type") not in ("", "Regular"):
        yield Metadatum("type", text(data, "type"))


def told_of(payment: Data) -> dict[str, Any]:
    keys = ("method", "state", "transactionId", "errorMessage", "metadata")
    return {key: plain(payment[key]) for key in keys if payment.get(key) not in (None, "", {})}


def gross_of(lines: Sequence[SourceItem], kind: ItemKind) -> Decimal:
    return sum((line.gross for line in lines if line.kind == kind and line.gross), NOTHING)
