"""From the e-shop's codes to the values an order shall hold."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from eshops.models import Eshop, MetadataMapping, Sequence
from eshops.source import (
    BadPayload,
    Metadatum,
    SourceAddress,
    SourceItem,
    SourceOrder,
    SourceState,
)


class Entry(msgspec.Struct, frozen=True):
    name: str
    type: str = ""
    color: str = ""


class MappingRule(msgspec.Struct, frozen=True):
    source_key: str
    target: str
    label: str = ""


class EshopSettings(msgspec.Struct, frozen=True):
    """All that resolving an e-shop's orders depends on, read once for many orders."""

    version: int
    sequences: Mapping[tuple[str, str], Entry] = {}
    """(kind, code) → what we call it."""
    mappings: tuple[MappingRule, ...] = ()


class ResolvedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What an order shall hold. Each field but the last three is a column of `orders.Order`."""

    number: str
    placed_at: datetime
    source_state: str
    status_code: str
    status_name: str
    status_type: str
    status_color: str
    payment_code: str
    payment_name: str
    delivery_code: str
    delivery_name: str
    is_paid: bool
    paid_at: datetime | None
    currency: str
    total: Decimal
    net: Decimal
    tax: Decimal
    shipping: Decimal
    discount: Decimal
    refunded: Decimal
    customer_name: str
    customer_email: str
    customer_phone: str
    company: str
    company_id: str
    tax_id: str
    vat_id: str
    pickup_point_id: str
    pickup_point_name: str
    tracking_number: str
    tracking_url: str
    customer_note: str
    metadata: tuple[Metadatum, ...]
    custom: Mapping[str, str]
    billing: SourceAddress
    shipping_address: SourceAddress
    items: tuple[SourceItem, ...]


def settings_of(eshop: Eshop) -> EshopSettings:
    """The e-shop's settings as they are now, in two queries."""
    return EshopSettings(
        version=eshop.settings_version,
        sequences={
            (row.kind, row.code): Entry(row.name, row.type, row.color)
            for row in Sequence.objects.filter(eshop=eshop)
        },
        mappings=tuple(
            MappingRule(row.source_key, row.target, row.label)
            for row in MetadataMapping.objects.filter(eshop=eshop)
        ),
    )


def resolve(source: SourceOrder, settings: EshopSettings) -> ResolvedOrder:
    """Give `source` the names our sequences and mappings have for its codes and metadata.

    A code that no sequence knows keeps the e-shop's own text: an order is never held back for
    want of a label. Pure: the same two arguments give the same answer.

    Raises `BadPayload` when two lines of one kind claim the same id.
    """
    _refuse_doubled_lines(source)
    status = settings.sequences.get(("status", source.status_code)) or Entry(source.status_code)
    payment = settings.sequences.get(("payment", source.payment_code))
    delivery = settings.sequences.get(("delivery", source.delivery_code))
    mapped, custom = _mapped(source, settings.mappings)
    return ResolvedOrder(
        number=source.number,
        placed_at=source.placed_at,
        source_state=SourceState.PRESENT.value,
        status_code=source.status_code,
        status_name=status.name,
        status_type=status.type,
        status_color=status.color,
        payment_code=source.payment_code,
        payment_name=payment.name if payment else source.payment_name or source.payment_code,
        delivery_code=source.delivery_code,
        delivery_name=delivery.name if delivery else source.delivery_name or source.delivery_code,
        is_paid=source.is_paid,
        paid_at=source.paid_at,
        currency=source.currency,
        total=source.total,
        net=source.net,
        tax=source.tax,
        shipping=source.shipping,
        discount=source.discount,
        refunded=source.refunded,
        customer_name=source.customer_name,
        customer_email=source.customer_email,
        customer_phone=source.customer_phone,
        company=mapped.get("company", source.billing.company),
        company_id=mapped.get("company_id", ""),
        tax_id=mapped.get("tax_id", ""),
        vat_id=mapped.get("vat_id", ""),
        pickup_point_id=mapped.get("pickup_point_id", ""),
        pickup_point_name=mapped.get("pickup_point_name", ""),
        tracking_number=mapped.get("tracking_number", ""),
        tracking_url=mapped.get("tracking_url", ""),
        customer_note=mapped.get("customer_note", source.customer_note),
        metadata=source.metadata,
        custom=custom,
        billing=source.billing,
        shipping_address=source.shipping_address,
        items=source.items,
    )


def _refuse_doubled_lines(source: SourceOrder) -> None:
    if len({(item.kind, item.external_id) for item in source.items}) < len(source.items):
        raise BadPayload("Two lines of this order have the same id, so it cannot be told apart.")


def _mapped(
    source: SourceOrder, rules: tuple[MappingRule, ...]
) -> tuple[dict[str, str], dict[str, str]]:
    """Target → value and own label → value; of several rules for one, the first with a value."""
    values = {datum.key: datum.value for datum in source.metadata}
    fields: dict[str, str] = {}
    custom: dict[str, str] = {}
    for rule in rules:
        value = _as_text(values.get(rule.source_key))
        if value and rule.target == MetadataMapping.Target.CUSTOM:
            custom.setdefault(rule.label, value)
        elif value:
            fields.setdefault(rule.target, value)
    return fields, custom


def _as_text(value: Any) -> str:
    """A metadata value as it is put into a field; nested ones as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value).decode()
