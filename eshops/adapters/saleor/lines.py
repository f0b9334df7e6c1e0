"""What the lines of an order of Saleor mean. Pure.

Facts this rests on, from Saleor's schema and orders recorded from 3.24: the prices of lines and of
shipping are after all discounts, also those on the whole order, so that they add up to the total,
unless gift cards were used, which are taken off the total alone. A discount is told as one amount,
with or without tax as the prices of the channel are. A rate is a fraction.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from eshops.adapters.amounts import NOTHING, Amounts, amounts
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
from eshops.adapters.saleor.payments import amount
from eshops.source import BadPayload, ItemKind, Metadatum, SourceItem

Data = Mapping[str, Any]


def taxed(data: Data, key: str) -> Amounts:
    """A TaxedMoney, whose tax is the difference of the two that it is made of."""
    told = mapping(data, key)
    return amounts(
        net=money(mapping(told, "net"), "amount", None),
        gross=money(mapping(told, "gross"), "amount", None),
    )


def charged(data: Data, total: Amounts) -> tuple[SourceItem, ...]:
    """The lines that the total is made of: products, shipping, gift cards."""
    products = tuple(product(line) for line in objects(data, "lines"))
    if len({each.external_id for each in products}) < len(products):
        raise BadPayload("Two of the e-shop's “lines” have the same id.")
    lines = (*products, *shipping(data))
    cards = objects(data, "giftCards")
    return (*lines, *gift_cards(cards, total, lines)) if cards else lines


def product(line: Data) -> SourceItem:
    net, tax, gross = taxed(line, "totalPrice")
    variant = mapping(line, "variant")
    variant_id = code(line, "productVariantId") or code(variant, "id")
    name = text(line, "variantName")
    return SourceItem(
        external_id=identifier(line),
        kind=ItemKind.PRODUCT,
        name=text(line, "productName"),
        variant="" if name == variant_id else name,  # a variant without a name is called by its id
        product_id=code(mapping(variant, "product"), "id"),
        variant_id=variant_id,
        sku=text(line, "productSku"),
        quantity=number(line, "quantity"),
        unit_price=money(mapping(mapping(line, "unitPrice"), "net"), "amount", None),
        tax_rate=percent(line, "taxRate"),
        net=net,
        tax=tax,
        gross=gross,
        metadata=metadata(line, "metadata"),
    )


def shipping(data: Data) -> Iterator[SourceItem]:
    net, tax, gross = taxed(data, "shippingPrice")
    name = text(data, "shippingMethodName") or text(data, "collectionPointName")
    if name or gross:
        yield SourceItem(
            external_id="shipping",
            kind=ItemKind.SHIPPING,
            name=name,
            tax_rate=percent(data, "shippingTaxRate"),
            net=net,
            tax=tax,
            gross=gross,
        )


def gift_cards(
    cards: Sequence[Data], total: Amounts, lines: Sequence[SourceItem]
) -> Iterator[SourceItem]:
    """What gift cards paid: the total that is missing from the sum of the lines."""
    net, tax, gross = (
        missing(total.net, [line.net for line in lines]),
        missing(total.tax, [line.tax for line in lines]),
        missing(total.gross, [line.gross for line in lines]),
    )
    if gross is not None and gross < 0:
        yield SourceItem(
            external_id="giftCards",
            kind=ItemKind.DISCOUNT,
            name=", ".join(f"Gift card …{text(card, 'last4CodeChars')}" for card in cards),
            net=net,
            tax=tax,
            gross=gross,
        )


def missing(total: Decimal | None, told: Sequence[Decimal | None]) -> Decimal | None:
    known = [figure for figure in told if figure is not None]
    return None if total is None or len(known) < len(told) else total - sum(known, NOTHING)


def discounts(data: Data, total: Amounts) -> Iterator[SourceItem]:
    """Discounts on the whole order and on single lines; the lines' prices are after them."""
    told = [*objects(data, "discounts")]
    for line in objects(data, "lines"):
        told += objects(line, "discounts")
    is_gross, is_net = with_tax(data), not with_tax(data)
    if not total.tax:
        is_gross = is_net = True
    for discount in told:
        off = -amount(discount, "total")
        if off:
            yield SourceItem(
                external_id=identifier(discount),
                kind=ItemKind.DISCOUNT,
                name=text(discount, "name") or text(discount, "reason"),
                net=off if is_net else None,
                tax=NOTHING if is_net and is_gross else None,
                gross=off if is_gross else None,
                in_total=False,
            )


def discounted(data: Data, charged: Sequence[SourceItem]) -> Decimal:
    """By how much, with tax, the order is cheaper than it would be without discounts.

    Not by its `undiscountedTotal`: where prices are without tax that has its shipping without tax
    (its source adds a `Money` to a `TaxedMoney`).
    """
    off = shipping_off(data) if objects(data, "discounts") else NOTHING
    for line, item in zip(objects(data, "lines"), charged, strict=False):
        before = money(mapping(mapping(line, "undiscountedTotalPrice"), "gross"), "amount", None)
        if before is not None and item.gross is not None and before > item.gross:
            off += before - item.gross
    cards = (item.gross for item in charged if item.kind is ItemKind.DISCOUNT and item.gross)
    return off - sum(cards, NOTHING)


def shipping_off(data: Data) -> Decimal:
    """Only a discount on the order makes shipping cheaper; without one its price without discounts
    is higher where the order bears no tax and that price has it."""
    before = money(mapping(data, "undiscountedShippingPrice"), "amount", None)
    net, _, gross = taxed(data, "shippingPrice")
    after = gross if with_tax(data) else net
    if before is None or after is None or before <= after:
        return NOTHING
    off, rate = before - after, number(data, "shippingTaxRate", NOTHING)
    return off if with_tax(data) else round_to(off * (1 + rate), MONEY_PLACES)


def with_tax(data: Data) -> bool:
    """Whether the prices of the order's channel are with tax, as they are unless it says no."""
    configuration = mapping(mapping(data, "channel"), "taxConfiguration")
    return configuration.get("pricesEnteredWithTax") is not False


def percent(data: Data, key: str) -> Decimal | None:
    rate = number(data, key, None)
    return None if rate is None else rate * 100


def identifier(data: Data) -> str:
    found = code(data, "id")
    if not found:
        raise BadPayload("The e-shop's answer has no “id”.")
    return found


def metadata(data: Data, key: str) -> tuple[Metadatum, ...]:
    return tuple(
        Metadatum(text(each, "key"), plain(each.get("value"))) for each in objects(data, key)
    )
