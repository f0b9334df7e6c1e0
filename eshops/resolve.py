"""From the e-shop's codes to the values an order shall hold."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

import msgspec

from eshops.adapters import listed_kinds
from eshops.mapping import MappingRule, Problem, map_metadata
from eshops.models import Eshop, MarketplaceMapping, MetadataMapping, Sequence
from eshops.source import (
    BadPayload,
    Metadatum,
    SourceAddress,
    SourceItem,
    SourceOrder,
    SourceState,
)


class Entry(msgspec.Struct, frozen=True):
    """What one code is called and means."""

    name: str
    type: str = ""
    color: str = ""
    is_ours: bool = False
    """Whether staff chose the name; else it is the e-shop's."""


class EshopSettings(msgspec.Struct, frozen=True):
    """All that resolving an e-shop's orders depends on, read once for many orders."""

    version: int
    sequences: Mapping[tuple[str, str], Entry] = {}
    """(kind, code) → what we call it."""
    mappings: tuple[MappingRule, ...] = ()
    rules: Mapping[str, str] = {}
    """Group of fields → overwrite, empty or keep; carried out by `sync.rules`."""
    name: str = ""
    timezone: str = "UTC"


class ResolvedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What an order shall hold: columns of `orders.Order`, its addresses and its lines."""

    number: str
    placed_at: datetime
    source_state: str
    status_code: str
    status_name: str
    status_type: str
    status_color: str
    axes: Mapping[str, str]
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
    delivery_note: str
    delivery_phone: str
    delivery_date: date | None
    variable_symbol: str
    metadata: tuple[Metadatum, ...]
    custom: Mapping[str, str]
    billing: SourceAddress
    shipping_address: SourceAddress
    items: tuple[SourceItem, ...]


def settings_of(eshop: Eshop) -> EshopSettings:
    """The e-shop's settings as they are now, in three queries.

    What was learnt from orders only says how one of them calls a code: it says nothing of others.
    """
    listed = listed_kinds(eshop.platform)
    sequences = {
        (row.kind, row.code): _entry(row)
        for row in Sequence.objects.filter(eshop=eshop)
        if row.kind in listed or _is_named(row)
    } | {
        (row.kind, row.code): Entry(row.target.name, is_ours=True)
        for row in MarketplaceMapping.objects.filter(eshop=eshop).select_related("target")
    }
    return EshopSettings(
        version=eshop.settings_version,
        sequences=sequences,
        mappings=tuple(
            MappingRule(row.source_key, row.target, row.label, row.scope, tuple(row.transforms))
            for row in MetadataMapping.objects.filter(eshop=eshop)
        ),
        rules=eshop.rules,
        name=eshop.name,
        timezone=eshop.timezone,
    )


def _is_named(row: Sequence) -> bool:
    """Whether an entry says more than the order it was learnt from."""
    is_typed = row.kind == Sequence.Kind.STATUS and (row.type or row.color)
    return bool(is_typed) or row.name != row.source_name


def _entry(row: Sequence) -> Entry:
    """What of an entry orders take over: of a status its type and colour, too."""
    is_status, is_ours = row.kind == Sequence.Kind.STATUS, row.name != row.source_name
    meaning = (row.type, row.color) if is_status else ("", "")
    return Entry(row.name, *meaning, is_ours=is_ours)


class Resolution(msgspec.Struct, frozen=True):
    order: ResolvedOrder
    problems: tuple[Problem, ...]
    """Metadata that a mapping names and that do not fit their fields."""


def resolve(source: SourceOrder, settings: EshopSettings) -> Resolution:
    """Give `source` the names our sequences and mappings have for its codes and metadata.

    What an order says of its payment and delivery is kept, unless staff call them otherwise: an
    e-shop's code list tells how it calls them now, its order how it was sold. A code that no
    sequence knows keeps the e-shop's own text: an order is never held back for want of a label.
    Pure: the same two arguments give the same answer.

    Raises `BadPayload` when two lines of one kind claim the same id.
    """
    _refuse_doubled_lines(source)
    status = settings.sequences.get(("status", source.status_code)) or Entry(source.status_code)
    mapped = map_metadata(source, settings.mappings, settings.timezone)
    values = mapped.fields
    order = ResolvedOrder(
        number=source.number,
        placed_at=source.placed_at,
        source_state=SourceState.PRESENT.value,
        status_code=source.status_code,
        status_name=status.name,
        status_type=status.type,
        status_color=status.color,
        axes=source.axes,
        payment_code=source.payment_code,
        payment_name=_called(settings, "payment", source.payment_code, source.payment_name),
        delivery_code=source.delivery_code,
        delivery_name=_called(settings, "delivery", source.delivery_code, source.delivery_name),
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
        company=values.get("company", source.billing.company),
        company_id=values.get("company_id", source.company_id),
        tax_id=values.get("tax_id", source.tax_id),
        vat_id=values.get("vat_id", source.vat_id),
        pickup_point_id=values.get("pickup_point_id", source.pickup_point_id),
        pickup_point_name=values.get("pickup_point_name", source.pickup_point_name),
        tracking_number=values.get("tracking_number", source.tracking_number),
        tracking_url=values.get("tracking_url", source.tracking_url),
        customer_note=values.get("customer_note", source.customer_note),
        delivery_note=values.get("delivery_note", ""),
        delivery_phone=values.get("delivery_phone", ""),
        delivery_date=values.get("delivery_date"),
        variable_symbol=values.get("variable_symbol", source.variable_symbol),
        metadata=source.metadata,
        custom=mapped.custom,
        billing=source.billing,
        shipping_address=source.shipping_address,
        items=source.items,
    )
    return Resolution(order, mapped.problems)


def _called(settings: EshopSettings, kind: str, code: str, told: str) -> str:
    entry = settings.sequences.get((kind, code))
    if entry and entry.is_ours:
        return entry.name
    return told or (entry.name if entry else code)


def _refuse_doubled_lines(source: SourceOrder) -> None:
    if len({(item.kind, item.external_id) for item in source.items}) < len(source.items):
        raise BadPayload("Two lines of this order have the same id, so it cannot be told apart.")
