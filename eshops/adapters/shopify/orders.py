"""What an order object of Shopify's Admin GraphQL API means. Pure: no network, no settings.

All figures are in the customer's currency (`presentmentMoney`), for that is what is paid. Which of
them is the total is told in `edits`.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from eshops.adapters.amounts import NOTHING, currency
from eshops.adapters.reading import (
    CODE_LENGTH,
    code,
    mapping,
    objects,
    plain,
    text,
    utc,
)
from eshops.adapters.shopify.edits import removals, totals
from eshops.adapters.shopify.lines import items
from eshops.adapters.shopify.sequences import STATUSES, axes
from eshops.adapters.shopify.values import Data, amount, attributes, identifier, nodes
from eshops.adapters.statuses import compose
from eshops.source import (
    BadPayload,
    ItemKind,
    Metadatum,
    SourceAddress,
    SourceItem,
    SourceOrder,
)

Payments = Sequence[tuple[Data, datetime | None]]
"""What the customer paid or is to pay, and when it was."""

ORDER_ID = re.compile(r"[1-9][0-9]{0,18}")
"""An order's id here is the number in Shopify's: 123 of gid://shopify/Order/123."""
PAID = {"PAID", "PARTIALLY_REFUNDED", "REFUNDED"}
PAYING = {"SUCCESS", "PENDING"}
MONEY_IN = {"SALE", "CAPTURE"}
PAYMENTS = MONEY_IN | {"AUTHORIZATION", "EMV_AUTHORIZATION"}
"""Statuses and kinds of a transaction by which the customer pays, or is to pay."""
LOST = {"CANCELLED", "ERROR", "FAILURE"}
"""Statuses of a fulfillment whose parcel does not travel."""
TAX_ID = re.compile(r"TAX_CREDENTIAL_[A-Z]{2}")
"""Keys of a localized field that is a tax number; others tell its type, or are for the customs."""
ORDER_METADATA = (
    "poNumber",
    "confirmationNumber",
    "sourceName",
    "cancelReason",
    "tags",
    "test",
)


def parse_order(data: Any) -> SourceOrder:
    """The order that `data`, one decoded JSON object, describes; else raises `BadPayload`."""
    if not isinstance(data, dict):
        raise BadPayload("The e-shop's answer for this order is not an order.")
    placed_at = utc(data, "createdAt")
    if placed_at is None:
        raise BadPayload("The e-shop's answer has no “createdAt”.")
    removed = removals(data)
    total, tax = totals(data, removed)
    lines = items(data, removed)
    statuses, payments = axes(data), payments_of(data)
    payment_code, payment_name = chosen_payment(data, payments)
    is_paid = paid(data, statuses["payment"])
    customer, company = mapping(data, "customer"), mapping(data, "purchasingEntity")
    billing, delivery = mapping(data, "billingAddress"), mapping(data, "shippingAddress")
    email = text(data, "email") or text(mapping(customer, "defaultEmailAddress"), "emailAddress")
    method = next(iter(nodes(data, "shippingLines")), {})
    tracking = parcels(data)
    tax_ids = [field for field in nodes(data, "localizedFields") if is_tax_id(field)]
    return SourceOrder(
        external_id=order_id(data),
        number=code(data, "name") or order_id(data),
        placed_at=placed_at,
        source_modified_at=utc(data, "updatedAt"),
        status_code=compose(statuses, STATUSES),
        axes=statuses,
        payment_code=payment_code,
        payment_name=payment_name,
        delivery_code=code(method, "code") or text(method, "title")[:CODE_LENGTH],
        delivery_name=text(method, "title"),
        is_paid=is_paid,
        paid_at=first_paid_at(payments) if is_paid else None,
        currency=currency(data, "presentmentCurrencyCode"),
        total=total,
        net=total - tax,
        tax=tax,
        shipping=gross_of(lines, ItemKind.SHIPPING),
        discount=-gross_of(lines, ItemKind.DISCOUNT) + 0,
        refunded=amount(data, "totalRefundedSet"),
        customer_email=email,
        customer_phone=phone(data, customer, billing, delivery),
        customer_name=name(customer) or name(billing) or name(delivery),
        customer_note=text(data, "note"),
        tax_id=next((text(field, "value") for field in tax_ids), ""),
        vat_id=text(mapping(mapping(company, "location"), "taxSettings"), "taxRegistrationId"),
        tracking_number=", ".join(dict.fromkeys(number for number, _ in tracking if number)),
        tracking_url=next((url for _, url in tracking if url), ""),
        billing=address(billing, email, text(mapping(company, "company"), "name")),
        shipping_address=address(delivery),
        items=lines,
        metadata=tuple(metadata(data, company)),
    )


def order_id(data: Data) -> str:
    found = identifier(data)
    if not ORDER_ID.fullmatch(found):
        raise BadPayload("The e-shop's “id” cannot be understood.")
    return found


def gross_of(lines: Sequence[SourceItem], kind: ItemKind) -> Decimal:
    return sum((line.gross for line in lines if line.kind == kind and line.gross), NOTHING)


# payment and delivery


def paid(data: Data, status: str) -> bool:
    """By the status of the payment: `fullyPaid` holds for a cancelled order too, of which nothing
    is owed any more."""
    return status in PAID if status else data.get("fullyPaid") is True


def payments_of(data: Data) -> Payments:
    """What was or shall be paid, the earliest first; not what failed and no refunds."""
    told = [
        (each, utc(each, "processedAt"))
        for each in objects(data, "transactions")
        if text(each, "status") in PAYING and text(each, "kind") in PAYMENTS
    ]
    return sorted(told, key=lambda each: (each[1] is None, each[1]))


def chosen_payment(data: Data, payments: Payments) -> tuple[str, str]:
    """Code and name of how it is paid: of several ways the first that is no gift card."""
    ways = [(code(each, "gateway"), text(each, "formattedGateway")) for each, _ in payments]
    names = data.get("paymentGatewayNames")
    if isinstance(names, list):
        ways += [(code({"name": each}, "name"), "") for each in names]
    ways = [way for way in ways if way[0]]
    chosen = next((way for way in ways if way[0] != "gift_card"), ways[0] if ways else ("", ""))
    return chosen[0], chosen[1] or chosen[0]


def first_paid_at(payments: Payments) -> datetime | None:
    """When the first money came in, not when it was reserved."""
    return next(
        (
            at
            for each, at in payments
            if text(each, "status") == "SUCCESS" and text(each, "kind") in MONEY_IN
        ),
        None,
    )


def parcels(data: Data) -> list[tuple[str, str]]:
    """Number and link of each parcel that travels."""
    return [
        (text(parcel, "number"), text(parcel, "url"))
        for each in objects(data, "fulfillments")
        if text(each, "status") not in LOST
        for parcel in objects(each, "trackingInfo")
    ]


# people


def name(data: Data) -> str:
    return f"{text(data, 'firstName')} {text(data, 'lastName')}".strip()


def phone(data: Data, customer: Data, billing: Data, delivery: Data) -> str:
    """The order has a phone only where the customer signed in by it."""
    return (
        text(data, "phone")
        or text(mapping(customer, "defaultPhoneNumber"), "phoneNumber")
        or text(billing, "phone")
        or text(delivery, "phone")
    )


def address(data: Data, email: str = "", company: str = "") -> SourceAddress:
    """An address of Shopify has no e-mail: the billing address gets the order's."""
    if not data:
        return SourceAddress()
    return SourceAddress(
        first_name=text(data, "firstName"),
        last_name=text(data, "lastName"),
        company=text(data, "company") or company,
        line1=text(data, "address1"),
        line2=text(data, "address2"),
        city=text(data, "city"),
        region=text(data, "provinceCode") or text(data, "province"),
        postcode=text(data, "zip"),
        country=text(data, "countryCodeV2"),
        phone=text(data, "phone"),
        email=email,
    )


def is_tax_id(field: Data) -> bool:
    return bool(TAX_ID.fullmatch(text(field, "key")))


def metadata(data: Data, company: Data) -> Iterator[Metadatum]:
    """Attributes and metafields by their keys, and what Shopify has a field for and we have not."""
    yield from attributes(data)
    for field in nodes(data, "metafields"):
        key = f"{text(field, 'namespace')}.{text(field, 'key')}"
        yield Metadatum(key, plain(field.get("value")))
    for field in nodes(data, "localizedFields"):
        if not is_tax_id(field):
            yield Metadatum(text(field, "key"), plain(field.get("value")))
    for key in ORDER_METADATA:
        if data.get(key) not in (None, "", [], False):
            yield Metadatum(key, plain(data[key]))
    number = text(mapping(company, "company"), "externalId")
    if number:
        yield Metadatum("companyExternalId", number)
