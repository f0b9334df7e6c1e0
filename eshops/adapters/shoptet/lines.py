"""What the items of an order of Shoptet mean. Pure.

Facts without another source are from the OpenAPI description of 2026. Shipping, the payment's fee
and discounts are items like the products, and together they are the order's price. `unitPrice` is
the price before the line's own discount (`priceRatio`), `itemPrice` the whole line's after it (seen
by others on a real invoice). A set is one priced item; what is in it comes without prices in
`completion`, under ids that are not unique in the order (seen by others on real orders).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from eshops.adapters.amounts import NOTHING, amounts, percent
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

ONE = Decimal(1)
SET, SET_PART = "product-set", "product-set-item"
KINDS = {
    "shipping": ItemKind.SHIPPING,
    "billing": ItemKind.FEE,
    "deposit": ItemKind.FEE,
    "discount-coupon": ItemKind.DISCOUNT,
    "volume-discount": ItemKind.DISCOUNT,
}
"""Every other type is a product, also one that is not known yet."""
EITHER = ("gift-certificate", "generic-item")
"""Sold, or a discount where its price is negative."""
ROUNDED = 5
"""An order's price is rounded by less than so much: to 1 crown, in Hungary to 5 forints."""
EMPTY: tuple[Any, ...] = ("", [], {}, "0.000")
"""The last is a weight that nobody entered."""
LINE_METADATA = (
    "brand",
    "remark",
    "additionalField",
    "weight",
    "supplierName",
    "warrantyDescription",
    "recyclingFee",
    "surchargeParameters",
    "surchargeParametersTexts",
    "specificSurchargeParameters",
    "consumptionTax",
)


class Figures(NamedTuple):
    """A line's figures as `SourceItem` takes them."""

    rate: Decimal | None
    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None


def items(data: Data) -> Iterator[SourceItem]:
    """All lines of the order, each set followed by what is in it."""
    lines = [(text(line, "itemType"), figures(line), line) for line in objects(data, "items")]
    parts = {} if any(type_ == SET_PART for type_, _, _ in lines) else set_parts(data)
    has_priced_set = any(type_ == SET and told.gross for type_, told, _ in lines)
    usual = data.get("status")
    seen, added_up = set[str](), NOTHING
    for position, (type_, told, line) in enumerate(lines, 1):
        external_id = code(line, "itemId") or f"line{position}"
        if external_id in seen:
            raise BadPayload("Two of the e-shop's “items” have the same itemId.")
        seen.add(external_id)
        in_total = not (type_ == SET_PART and has_priced_set)
        if in_total and told.gross:
            added_up += told.gross
        own_status = () if line.get("status") == usual else ("status",)
        yield item(line, external_id, type_, told, in_total, own_status)
        yield from parts.pop(external_id, ())
    for rest in parts.values():
        yield from rest
    yield from rounding(mapping(data, "price"), added_up)


def item(
    line: Data,
    external_id: str,
    type_: str,
    told: Figures,
    in_total: bool,
    own_status: Sequence[str],
) -> SourceItem:
    kind = kind_of(type_, told.gross)
    is_product = kind is ItemKind.PRODUCT
    quantity, ratio = number(line, "amount", ONE), number(line, "priceRatio", ONE)
    return SourceItem(
        external_id=external_id,
        kind=kind,
        name=text(line, "name"),
        variant=text(line, "variantName"),
        product_id=code(line, "productGuid"),
        sku=text(line, "code"),
        ean=text(line, "ean"),
        quantity=quantity,
        unit=text(line, "amountUnit"),
        unit_price=unit_price(line, told.net, quantity, ratio) if is_product else None,
        tax_rate=told.rate,
        net=told.net,
        tax=told.tax,
        gross=told.gross,
        in_total=in_total,
        metadata=metadata_of(line, type_, ratio, own_status),
    )


def kind_of(type_: str, gross: Decimal | None) -> ItemKind:
    if type_ in EITHER and gross is not None and gross < 0:
        return ItemKind.DISCOUNT
    return KINDS.get(type_, ItemKind.PRODUCT)


def unit_price(
    line: Data, net: Decimal | None, quantity: Decimal, ratio: Decimal
) -> Decimal | None:
    """As stated; not so for a line with a discount of its own and before there was `unitPrice`."""
    stated = money(mapping(line, "unitPrice"), "withoutVat", None)
    if (stated is None or ratio != 1) and net is not None and quantity:
        return round_to(net / quantity, MONEY_PLACES)
    return stated


def figures(line: Data) -> Figures:
    """A line's figures as `itemPrice` states them.

    A discount, shipping or a fee that is for products with several VAT rates has none there or one
    that is not right (−200.00 with and without VAT, on developers.shoptet.com): its parts for each
    rate say it. They count only where they amount to the same price.
    """
    stated = part(mapping(line, "itemPrice"))
    for key, least in (("itemPriceVatBreakdown", 1), ("displayPrices", 2)):
        rows = objects(line, key) if line.get(key) else []
        if len(rows) >= least:
            whole = together([part(row) for row in rows])
            if whole is not None and whole.gross == stated.gross:
                return whole
    return stated


def part(price: Data) -> Figures:
    rate = number(price, "vatRate", None)
    if rate is not None and not 0 <= rate < 1000:
        raise BadPayload("The e-shop's “vatRate” cannot be understood.")
    return Figures(
        rate,
        *amounts(
            net=money(price, "withoutVat", None),
            tax=money(price, "vat", None),
            gross=money(price, "withVat", None),
        ),
    )


def together(parts: Sequence[Figures]) -> Figures | None:
    """The figures of all parts; None where one of them does not say."""
    net = tax = gross = NOTHING
    for each in parts:
        if each.net is None or each.tax is None or each.gross is None:
            return None
        net, tax, gross = net + each.net, tax + each.tax, gross + each.gross
    rates = {each.rate for each in parts if each.gross}
    return Figures(rates.pop() if len(rates) == 1 else percent(net, tax), net, tax, gross)


def set_parts(data: Data) -> dict[str, list[SourceItem]]:
    """Set's item id → what is in it. The amounts are for all of the sets ordered."""
    parts = defaultdict[str, list[SourceItem]](list)
    for line in objects(data, "completion"):
        if text(line, "itemType") != SET_PART:
            continue
        parent = code(line, "parentProductSetItemId")
        told = parts[parent]
        told.append(
            SourceItem(
                external_id=f"{parent}:{len(told) + 1}",
                kind=ItemKind.PRODUCT,
                name=text(line, "name"),
                variant=text(line, "variantName"),
                product_id=code(line, "productGuid"),
                sku=text(line, "code"),
                quantity=number(line, "amount", ONE),
                unit=text(line, "amountUnit"),
                in_total=False,
                metadata=(Metadatum("itemType", SET_PART),),
            )
        )
    return parts


def rounding(price: Data, added_up: Decimal) -> Iterator[SourceItem]:
    """What was rounded between the price and what is to be paid, unless the items amount to the
    latter already; it bears no VAT."""
    total, before = money(price, "toPay", None), money(price, "withVat", None)
    if total is None or before is None or total == added_up:
        return
    if not 0 < abs(total - before) < ROUNDED:
        return
    rest = total - before
    yield SourceItem(
        external_id="rounding",
        kind=ItemKind.FEE,
        name="Rounding",
        net=rest,
        tax=NOTHING,
        gross=rest,
    )


def metadata_of(
    line: Data, type_: str, ratio: Decimal, own_status: Sequence[str]
) -> tuple[Metadatum, ...]:
    """What else the line has; its status where that is not the order's."""
    told = [] if type_ in ("", "product") else [Metadatum("itemType", type_)]
    if ratio != 1:
        told += metadata(line, ("priceRatio", "unitPrice"))
    if len(line.get("displayPrices") or ()) > 1:
        told += metadata(line, ("displayPrices",))
    return tuple(told + metadata(line, LINE_METADATA) + metadata(line, own_status))


def metadata(data: Data, keys: Sequence[str], prefix: str = "") -> list[Metadatum]:
    """What the platform has a field for and we have not; nothing for an empty one."""
    return [
        Metadatum(prefix + key, plain(value))
        for key in keys
        if (value := data.get(key)) is not None and value not in EMPTY
    ]
