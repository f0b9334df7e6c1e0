"""What the lines of an order of Upgates API v2 mean. Pure.

Facts this rests on, from the API Blueprint of April 2025 and orders recorded in 2024 and 2025: a
plain `price` is with or without VAT as the order's `prices_with_vat_yn` says, and its two explicit
twins came for delivery, payment and discounts only in April 2025; vouchers, quantity discounts and
loyalty points are not taken off the products, but told for each VAT rate.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from eshops.adapters.amounts import NOTHING, amounts, net_of
from eshops.adapters.reading import (
    MONEY_PLACES,
    code,
    mapping,
    money,
    number,
    objects,
    plain,
    round_to,
    text,
)
from eshops.source import BadPayload, ItemKind, Metadatum, SourceItem

Data = Mapping[str, Any]


class Figures(NamedTuple):
    """A line's figures as `SourceItem` takes them."""

    rate: Decimal | None
    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None


DISCOUNTS = {
    "discount_voucher": "",
    "quantity_discount": "Quantity discount",
    "loyalty_points": "Loyalty points",
}
"""Discounts on the whole order and what we call them; a voucher is called by its code."""
LINE_METADATA = (
    "code_supplier",
    "supplier",
    "availability",
    "stock_position",
    "invoice_info",
    "recycling_fee",
    "weight",
    "configurations",
)


def items(data: Data) -> Iterator[SourceItem]:
    """All lines of the order: products, delivery, payment fee, discounts, rounding."""
    with_vat = is_on(data, "prices_with_vat_yn")
    yield from products(objects(data, "products"), with_vat)
    shipment, payment = mapping(data, "shipment"), mapping(data, "payment")
    if shipment:
        yield charge(shipment, with_vat, ItemKind.SHIPPING, "shipment", text(shipment, "name"))
    fee = charge(payment, with_vat, ItemKind.FEE, "payment", text(payment, "name"))
    if fee.gross or fee.net:
        yield fee
    for key, name in DISCOUNTS.items():
        discount = mapping(data, key)
        for position, part in enumerate(objects(discount, "discounts"), 1):
            label = name or text(discount, "code")
            yield charge(part, with_vat, ItemKind.DISCOUNT, f"{key}:{position}", label)
    yield from rounding(data)


def rounding(data: Data) -> Iterator[SourceItem]:
    """What the total was rounded by, which bears no VAT."""
    before = money(data, "order_total_before_round", None)
    rest = money(data, "order_total_rest", NOTHING)
    if before is not None:  # tells the sign too
        rest = money(data, "order_total") - before
    if rest:
        yield SourceItem(
            external_id="rounding",
            kind=ItemKind.FEE,
            name="Rounding",
            net=rest,
            tax=NOTHING,
            gross=rest,
        )


def products(lines: Sequence[Data], with_vat: bool) -> Iterator[SourceItem]:
    """The products, with sets, their parts, gifts and the discounts on single products.

    The parts of a set that has a price are in it, whatever price they have themselves.
    """
    figured = [(line, figures(line, with_vat)) for line in lines]
    priced_sets = {
        text(line, "uuid") for line, told in figured if told.gross and text(line, "type") == "set"
    }
    seen = set[str]()
    for position, (line, told) in enumerate(figured, 1):
        item = product(line, told, position, priced_sets)
        if item.external_id in seen:
            raise BadPayload("Two of the e-shop's “products” have the same uuid.")
        seen.add(item.external_id)
        yield item


def product(line: Data, told: Figures, position: int, priced_sets: Collection[str]) -> SourceItem:
    kind, quantity = text(line, "type"), number(line, "quantity", Decimal(1))
    is_discount, is_plain = kind == "discount", kind in ("", "product")
    rate, net, tax, gross = negative(told) if is_discount else told
    return SourceItem(
        external_id=code(line, "uuid") or str(position),  # before April 2024 there was no uuid
        kind=ItemKind.DISCOUNT if is_discount else ItemKind.PRODUCT,
        name=text(line, "title"),
        variant=variant(line),
        product_id=code(line, "product_id"),
        variant_id=code(line, "option_set_id"),
        sku=text(line, "code"),
        ean=text(line, "ean"),
        quantity=quantity,
        unit=text(line, "unit"),
        unit_price=None if is_discount else unit_price(line, net, quantity),
        tax_rate=rate,
        net=net,
        tax=tax,
        gross=gross,
        in_total=not (kind == "set_part" and text(line, "parent_uuid") in priced_sets),
        metadata=tuple(
            metadata(line, LINE_METADATA if is_plain else ("type", "parent_uuid", *LINE_METADATA))
        ),
    )


def variant(line: Data) -> str:
    """“Velikost: M, Barva: Modrá”, of the variant's parameters and of what the customer chose."""
    chosen = [(text(each, "name"), text(each, "value")) for each in objects(line, "parameters")] + [
        (text(each, "name"), ", ".join(text(value, "value") for value in objects(each, "values")))
        for each in objects(line, "configurations")
    ]
    return ", ".join(f"{name}: {value}" for name, value in chosen)


def unit_price(line: Data, net: Decimal | None, quantity: Decimal) -> Decimal | None:
    """As stated; before April 2025 only the line's net price was."""
    stated = money(line, "price_per_unit_without_vat", None)
    if stated is None and net is not None and quantity:
        return round_to(net / quantity, MONEY_PLACES)
    return stated


def charge(line: Data, with_vat: bool, kind: ItemKind, external_id: str, name: str) -> SourceItem:
    told = figures(line, with_vat)
    rate, net, tax, gross = negative(told) if kind == ItemKind.DISCOUNT else told
    return SourceItem(
        external_id=external_id,
        kind=kind,
        name=name,
        tax_rate=rate,
        net=net,
        tax=tax,
        gross=gross,
    )


def figures(line: Data, with_vat: bool) -> Figures:
    """A line's figures: as stated, and what of them is not stated out of `price` and `vat`."""
    price, rate = money(line, "price", None), number(line, "vat", None)
    if rate is not None and not 0 <= rate < 1000:
        raise BadPayload("The e-shop's “vat” cannot be understood.")
    gross = money(line, "price_with_vat", price if with_vat else None)
    net = money(line, "price_without_vat", None if with_vat else price)
    if rate is not None and net is None and gross is not None:
        net = net_of(gross, rate)
    elif rate is not None and gross is None and net is not None:
        gross = round_to(net * (1 + rate / 100), MONEY_PLACES)
    return Figures(rate, *amounts(net=net, gross=gross))


def negative(told: Figures) -> Figures:
    """A discount's figures; which sign Upgates gives them is not documented."""
    rate, *rest = told
    return Figures(rate, *(None if figure is None else -abs(figure) for figure in rest))


def is_on(data: Data, key: str) -> bool:
    return text(data, key) in ("1", "true")


def metadata(data: Data, keys: Sequence[str]) -> list[Metadatum]:
    """What the platform has a field for and we have not; nothing for an empty one."""
    return [Metadatum(key, plain(data[key])) for key in keys if data.get(key) not in (None, "", [])]
