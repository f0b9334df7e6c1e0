"""What an order object of Upgates API v2 means. Pure: no network, no settings.

Facts this rests on, from the API Blueprint of April 2025 and orders recorded in 2024 and 2025:
`order_total` is with VAT and rounded, and there is none without VAT; times have their offset, but
`paid_date` may be a day only. Neither refunds nor credit notes are in an order: a credit note is a
document among the invoices, and need not mean money back.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from eshops.adapters.amounts import NOTHING, currency
from eshops.adapters.reading import (
    code,
    listed,
    local,
    mapping,
    money,
    objects,
    plain,
    text,
)
from eshops.adapters.upgates.lines import is_on, items, metadata
from eshops.source import (
    BadPayload,
    ItemKind,
    Metadatum,
    SourceAddress,
    SourceItem,
    SourceOrder,
)

Data = Mapping[str, Any]

ORDER_NUMBER = re.compile(r"(?!\s)[^;\x00-\x1f]{1,191}(?<!\s)")
"""What an order number may be: Upgates itself writes several with semicolons between them."""

ORDER_METADATA = (
    "external_order_number",
    "case_number",
    "invoice_number",
    "internal_note",
    "language_id",
    "origin",
    "resolved_yn",
    "oss_yn",
    "total_weight",
    "admin_url",
)


def parse_order(data: Any, timezone: str) -> SourceOrder:
    """The order that `data`, one decoded JSON object, describes; else raises `BadPayload`.

    `timezone` is for a time without an offset: `paid_date` is often a day only.
    """
    if not isinstance(data, dict):
        raise BadPayload("The e-shop's answer for this order is not an order.")
    placed_at = local(data, "creation_time", timezone)
    if placed_at is None:
        raise BadPayload("The e-shop's answer has no “creation_time”.")
    customer, payment = mapping(data, "customer"), mapping(data, "payment")
    shipment, lines = mapping(data, "shipment"), tuple(items(data))
    billing, total = address(customer, "invoice"), money(data, "order_total")
    tax = sum((line.tax for line in lines if line.in_total and line.tax is not None), NOTHING)
    paid_at = local(data, "paid_date", timezone)
    tax_id, vat_id = tax_numbers(customer, billing.country)
    return SourceOrder(
        external_id=identifier(data),
        number=identifier(data),
        placed_at=placed_at,
        source_modified_at=local(data, "last_update_time", timezone),
        status_code=code(data, "status_id") or code(data, "status"),
        payment_code=code(payment, "id") or code(payment, "code"),
        payment_name=text(payment, "name"),
        delivery_code=code(shipment, "id") or code(shipment, "code"),
        delivery_name=text(shipment, "name"),
        is_paid=paid_at is not None,
        paid_at=paid_at,
        currency=currency(data, "currency_id"),
        total=total,
        net=total - tax,
        tax=tax,
        shipping=gross_of(lines, ItemKind.SHIPPING),
        discount=-gross_of(lines, ItemKind.DISCOUNT),
        refunded=NOTHING,
        customer_email=billing.email,
        customer_phone=billing.phone,
        customer_name=f"{billing.first_name} {billing.last_name}".strip(),
        customer_note=text(customer, "customer_note"),
        company_id=text(customer, "ico"),
        tax_id=tax_id,
        vat_id=vat_id,
        pickup_point_id=text(shipment, "affiliate_id"),
        pickup_point_name=text(shipment, "affiliate_name"),
        tracking_number=text(data, "tracking_code"),
        tracking_url=text(data, "tracking_url"),
        variable_symbol=text(data, "variable_symbol"),
        billing=billing,
        shipping_address=address(customer, "postal") if is_on(customer, "postal_yn") else billing,
        items=lines,
        metadata=(
            *(Metadatum(text(meta, "key"), meta_value(meta)) for meta in objects(data, "metas")),
            *metadata(data, ORDER_METADATA),
            *metadata(customer, ("vat_payer_yn",)),
            *metadata(shipment, ("packeta_carrier_id",)),
        ),
    )


def identifier(data: Data) -> str:
    """The order number, by which the API knows an order."""
    found = code(data, "order_number")
    if not ORDER_NUMBER.fullmatch(found):
        raise BadPayload("The e-shop's “order_number” cannot be understood.")
    return found


def address(customer: Data, which: str) -> SourceAddress:
    """The invoice or the postal address; e-mail and phone belong to the former."""
    is_billing = which == "invoice"
    return SourceAddress(
        first_name=text(customer, f"firstname_{which}"),
        last_name=text(customer, f"surname_{which}"),
        company=text(customer, "company" if is_billing else "company_postal"),
        line1=text(customer, f"street_{which}"),
        city=text(customer, f"city_{which}"),
        region=text(customer, f"state_{which}"),
        postcode=text(customer, f"zip_{which}"),
        country=text(customer, f"country_id_{which}").upper(),
        phone=text(customer, "phone") if is_billing else "",
        email=text(customer, "email") if is_billing else "",
    )


def tax_numbers(customer: Data, country: str) -> tuple[str, str]:
    """Tax ID and VAT ID out of the one field that Upgates has, DIČ.

    Only in Slovakia they are two numbers, and there the VAT ID (IČ DPH) begins with the country.
    """
    dic = text(customer, "dic")
    return (dic, "") if country == "SK" and not dic[:2].isalpha() else ("", dic)


def meta_value(meta: Data) -> Any:
    """A custom field's value; of one that differs by language {language: value}."""
    values = listed(meta.get("values"))
    if not values:
        return plain(meta.get("value"))
    told = {
        each["language"]: each.get("value")
        for each in values
        if isinstance(each, dict) and isinstance(each.get("language"), str)
    }
    return plain(told if len(told) == len(values) else values)


def gross_of(lines: Sequence[SourceItem], kind: ItemKind) -> Decimal:
    return sum((line.gross for line in lines if line.kind == kind and line.gross), NOTHING)
