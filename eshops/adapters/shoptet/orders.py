"""What an order object of Shoptet means. Pure: no network, no settings.

Facts without another source are from the OpenAPI description of 2026. `toPay` is `withVat` rounded
as the currency's settings say. There is no time of payment but that of its transactions, and no
refund: a credit note is a document of its own. The order's discounts are items; what a line has of
its own (`priceRatio`) is in its price, and no amount is told for it. A name is one field, and which
part of it is the family's nobody knows (in Hungary the first): the whole of it is the last name
here. In Czechia the tax ID is the VAT ID once more.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from eshops.adapters.amounts import NOTHING, currency
from eshops.adapters.reading import (
    CODE_LENGTH,
    code,
    local,
    mapping,
    money,
    objects,
    plain,
    text,
)
from eshops.adapters.shoptet.lines import items, metadata
from eshops.source import (
    BadPayload,
    ItemKind,
    Metadatum,
    SourceAddress,
    SourceItem,
    SourceOrder,
)

Data = Mapping[str, Any]

ORDER_CODE = re.compile(r"(?=.*[0-9])(?!\s)[^,\x00-\x1f]{1,64}(?<!\s)")
"""What an order's code may be: letters, dashes and the like around a running number. Shoptet itself
writes several with commas between them, and words without a number are other paths of its API."""

ORDER_METADATA = (
    "guid",
    "externalCode",
    "customerGuid",
    "adminUrl",
    "language",
    "source",
    "salesChannelGuid",
    "cashDeskOrder",
    "stockId",
    "birthDate",
    "vatPayer",
    "vatMode",
    "billingMethod",
    "shippingDetails",
    "paymentTransactions",
    "preAuthorization",
)
PRICE_METADATA = (
    "exchangeRate",
    "invoicingExchangeRate",
    "partialPaymentAmount",
    "partialPaymentType",
)


def parse_order(data: Any, timezone: str) -> SourceOrder:
    """The order that `data`, one decoded JSON object, describes; else raises `BadPayload`.

    `timezone` is for a time without an offset. What the payload has beyond our shape (payment link,
    IP address, purchase prices) is left behind.
    """
    if not isinstance(data, dict):
        raise BadPayload("The e-shop's answer for this order is not an order.")
    placed_at = local(data, "creationTime", timezone)
    if placed_at is None:
        raise BadPayload("The e-shop's answer has no “creationTime”.")
    external_id = identifier(data)
    price, notes = mapping(data, "price"), mapping(data, "notes")
    invoicing, branch = mapping(data, "billingAddress"), mapping(data, "shippingDetails")
    payment_code, payment_name = method(data, "paymentMethod", "paymentMethods")
    delivery_code, delivery_name = method(data, "shipping", "shippings")
    lines, total, tax = tuple(items(data)), total_of(price), tax_of(price)
    email, phone = text(data, "email"), text(data, "phone")
    billing = address(invoicing, email, phone)
    delivery = mapping(data, "deliveryAddress")
    vat_id = text(invoicing, "vatId") or text(data, "vatId")
    tax_id = text(invoicing, "taxId") or text(data, "taxId")
    return SourceOrder(
        external_id=external_id,
        number=external_id,
        placed_at=placed_at,
        source_modified_at=local(data, "changeTime", timezone),
        status_code=status_code(data),
        payment_code=payment_code,
        payment_name=payment_name,
        delivery_code=delivery_code,
        delivery_name=delivery_name,
        is_paid=is_paid(data),
        paid_at=paid_at(data, timezone),
        currency=currency(price, "currencyCode"),
        total=total,
        net=total - tax,
        tax=tax,
        shipping=gross_of(lines, ItemKind.SHIPPING),
        discount=-gross_of(lines, ItemKind.DISCOUNT),
        refunded=NOTHING,
        customer_email=email,
        customer_phone=phone,
        customer_name=text(invoicing, "fullName"),
        customer_note=text(notes, "customerRemark"),
        company_id=text(invoicing, "companyId") or text(data, "companyId"),
        tax_id="" if tax_id == vat_id else tax_id,
        vat_id=vat_id,
        pickup_point_id=text(branch, "branchId"),
        pickup_point_name=text(branch, "name"),
        tracking_number=text(notes, "trackingNumber"),
        tracking_url=text(notes, "trackingUrl"),
        billing=billing,
        shipping_address=address(delivery) if any(delivery.values()) else billing,
        items=lines,
        metadata=tuple(
            additional_fields(notes)
            + metadata(notes, ("eshopRemark",))
            + metadata(data, ORDER_METADATA)
            + metadata(price, PRICE_METADATA)
            + metadata(invoicing, ("district", "vatIdValidationStatus"), "billingAddress.")
            + metadata(delivery, ("district",), "deliveryAddress.")
        ),
    )


def is_as_told(row: Any, kept: SourceOrder, timezone: str) -> bool:
    """Whether the order that this row of the list is about has not changed since it was told.

    Its time of change says so; what else the row has must not contradict it.
    """
    if not isinstance(row, dict):
        return False
    try:
        changed_at = local(row, "changeTime", timezone)
        return (
            changed_at is not None
            and changed_at == kept.source_modified_at
            and status_code(row) == kept.status_code
            and is_paid(row) == kept.is_paid
            and total_of(mapping(row, "price")) == kept.total
        )
    except BadPayload:
        return False


def identifier(data: Data) -> str:
    """The order's code, by which the API knows an order."""
    found = code(data, "code")
    if not ORDER_CODE.fullmatch(found):
        raise BadPayload("The e-shop's “code” cannot be understood.")
    return found


def status_code(data: Data) -> str:
    return code(mapping(data, "status"), "id")


def method(data: Data, one: str, several: str) -> tuple[str, str]:
    """Code and name of how the order is paid or sent: of the main method, else of the first one.
    A method of the order's own has no guid; its name is its code."""
    listed = [mapping(each, one) for each in objects(data, several)]
    for chosen in (mapping(data, one), *listed):
        guid, name = code(chosen, "guid"), text(chosen, "name")
        if guid or name:
            return guid or name[:CODE_LENGTH], name
    return "", ""


def is_paid(data: Data) -> bool:
    """`paid` is null where that is not known."""
    return data.get("paid") is True


def paid_at(data: Data, timezone: str) -> datetime | None:
    """When the last payment of a paid order came through a gateway."""
    times = [
        local(each, "changeTime", timezone) or local(each, "creationTime", timezone)
        for each in objects(data, "paymentTransactions")
        if text(each, "status") == "OK" and money(each, "price", NOTHING) > 0
    ]
    return max(filter(None, times), default=None) if is_paid(data) else None


def total_of(price: Data) -> Decimal:
    stated = money(price, "toPay", None)
    return money(price, "withVat") if stated is None else stated


def tax_of(price: Data) -> Decimal:
    stated = money(price, "vat", None)
    if stated is None:
        return money(price, "withVat") - money(price, "withoutVat")
    return stated


def address(data: Data, email: str = "", phone: str = "") -> SourceAddress:
    return SourceAddress(
        last_name=text(data, "fullName"),
        company=text(data, "company"),
        line1=f"{text(data, 'street')} {text(data, 'houseNumber')}".strip(),
        line2=text(data, "additional"),
        city=text(data, "city"),
        region=text(data, "regionName") or text(data, "regionShortcut"),
        postcode=text(data, "zip"),
        country=text(data, "countryCode").upper(),
        phone=phone,
        email=email,
    )


def additional_fields(notes: Data) -> list[Metadatum]:
    """The e-shop's own fields of an order, up to six, each under the name staff gave it."""
    return [
        Metadatum(
            text(field, "label") or f"additionalField{text(field, 'index')}",
            plain(field.get("text")),
        )
        for field in objects(notes, "additionalFields")
        if field.get("text") not in (None, "")
    ]


def gross_of(lines: Sequence[SourceItem], kind: ItemKind) -> Decimal:
    return sum((line.gross for line in lines if line.kind is kind and line.gross), NOTHING)
