"""What the lines of an order of Shopify mean. Pure.

Facts this rests on, from the descriptions in the schema of the Admin GraphQL API 2026-10:

- Prices are with or without tax as the order's `taxesIncluded` says, in all of it; tax lines are
  amounts of tax after discounts. Only one of net and gross is stated, so the other follows.
- A line's figures (`quantity`, `originalTotalSet`, allocations, taxes) are those of all units,
  refunded and removed ones included.
- `discountAllocations` has all of a line's discounts, also those on the order and by code.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from eshops.adapters.amounts import NOTHING, RATE_PLACES, Amounts, amounts, net_of
from eshops.adapters.reading import (
    CODE_LENGTH,
    MONEY_PLACES,
    integer,
    mapping,
    number,
    objects,
    round_to,
    text,
)
from eshops.adapters.shopify.edits import Removed
from eshops.adapters.shopify.values import (
    Data,
    amount,
    attributes,
    identifier,
    nodes,
    optional_identifier,
    with_tax,
)
from eshops.source import BadPayload, ItemKind, SourceItem


class Allocation(NamedTuple):
    """What one discount takes off one line, in the line's kind of prices."""

    discount: int
    name: str
    amount: Decimal


class Tax(NamedTuple):
    rate: Decimal
    amount: Decimal


class Figures(NamedTuple):
    quantity: Decimal
    rate: Decimal | None
    amounts: Amounts
    allocations: Sequence[Allocation]


def items(data: Data, removed: Mapping[str, Removed]) -> tuple[SourceItem, ...]:
    """All lines of the order but those it was edited to have no longer."""
    included = with_tax(data)
    lines, charges = nodes(data, "lineItems"), nodes(data, "shippingLines")
    figured = [product_figures(line, included, removed.get(identifier(line))) for line in lines]
    charged = [shipping_figures(line, included) for line in charges]
    products = [
        product(line, told)
        for line, told in zip(lines, figured, strict=True)
        if told.quantity > 0 or identifier(line) not in removed
    ]
    tip = amount(data, "totalTipReceivedSet", NOTHING)
    told = [
        *(with_tip(products, tip) if tip else products),
        *map(shipping, charges, charged, range(1, 1 + len(charges))),
        *fees(data, included),
        *discounts(figured + charged, included),
        *refunds(data),
    ]
    if len({(line.kind, line.external_id) for line in told}) != len(told):
        raise BadPayload("Two of the e-shop's lines have the same id.")
    return tuple(told)


def product_figures(line: Data, included: bool, gone: Removed | None) -> Figures:
    """What a line amounts to, without the units that were removed from the order."""
    quantity, off, taxes = number(line, "quantity"), allocations(line), taxes_of(line)
    price = amount(line, "originalTotalSet") - sum((each.amount for each in off), NOTHING)
    tax = sum_of(taxes)
    if gone:
        left = max(NOTHING, 1 - gone.quantity / quantity) if quantity else NOTHING
        off = [each._replace(amount=round_to(each.amount * left, MONEY_PLACES)) for each in off]
        quantity, price, tax = quantity - gone.quantity, price - gone.price, tax - gone.tax
    both = priced(price, tax, included)
    return Figures(quantity, tax_rate(taxes, both.net), both, off if quantity > 0 else ())


def shipping_figures(line: Data, included: bool) -> Figures:
    taxes = taxes_of(line)
    both = priced(amount(line, "discountedPriceSet"), sum_of(taxes), included)
    return Figures(Decimal(1), tax_rate(taxes, both.net), both, allocations(line))


def taxes_of(line: Data) -> list[Tax]:
    return [
        Tax(number(each, "ratePercentage", NOTHING), amount(each, "priceSet"))
        for each in objects(line, "taxLines")
    ]


def sum_of(taxes: Sequence[Tax]) -> Decimal:
    return sum((each.amount for each in taxes), NOTHING)


def priced(price: Decimal, tax: Decimal, included: bool) -> Amounts:
    return amounts(gross=price, tax=tax) if included else amounts(net=price, tax=tax)


def tax_rate(taxes: Sequence[Tax], net: Decimal | None) -> Decimal | None:
    """The per cent that the line's taxes amount to together; None when it has none.

    A tax of nothing on a line that costs something does not apply to it, whatever its rate.
    """
    if not taxes:
        return None
    together = sum((each.rate for each in taxes if each.amount or not net), NOTHING)
    if not 0 <= together < 10**5:
        raise BadPayload("The e-shop's “ratePercentage” cannot be understood.")
    return round_to(together, RATE_PLACES)


def allocations(line: Data) -> list[Allocation]:
    told = []
    for each in objects(line, "discountAllocations"):
        source = mapping(each, "discountApplication")
        name = text(source, "code") or text(source, "title")
        told.append(
            Allocation(integer(source, "index", 0), name, amount(each, "allocatedAmountSet"))
        )
    return told


def product(line: Data, told: Figures) -> SourceItem:
    rate, (net, tax, gross) = told.rate, told.amounts
    variant = text(line, "variantTitle")
    return SourceItem(
        external_id=identifier(line),
        kind=ItemKind.PRODUCT,
        name=text(line, "title"),
        variant="" if variant == "Default Title" else variant,
        product_id=optional_identifier(mapping(line, "product")),
        variant_id=optional_identifier(mapping(line, "variant")),
        sku=text(line, "sku"),
        ean=text(mapping(line, "variant"), "barcode"),
        quantity=told.quantity,
        unit_price=unit_price(net, told.quantity),
        tax_rate=rate,
        net=net,
        tax=tax,
        gross=gross,
        metadata=attributes(line),
    )


def unit_price(net: Decimal | None, quantity: Decimal) -> Decimal | None:
    """Out of the line's, for that of one unit is stated before taxes only in part of the orders,
    and as an approximate one."""
    return round_to(net / quantity, MONEY_PLACES) if net is not None and quantity else None


def with_tip(products: Sequence[SourceItem], tip: Decimal) -> list[SourceItem]:
    """The lines with the tip as a fee: Shopify has it among the line items (`TipSale.lineItem`), as
    one without a product; where it has not, it is added."""
    for at, item in enumerate(products):
        has_product = item.product_id or item.variant_id or item.sku
        if item.gross == tip and not item.tax and not has_product:
            listed = fee(item.external_id, item.name, Amounts(tip, NOTHING, tip))
            return [*products[:at], listed, *products[at + 1 :]]
    return [*products, fee("tip", "Tip", Amounts(tip, NOTHING, tip))]


def shipping(line: Data, told: Figures, position: int) -> SourceItem:
    net, tax, gross = told.amounts
    return SourceItem(
        external_id=optional_identifier(line) or str(position),
        kind=ItemKind.SHIPPING,
        name=text(line, "title"),
        tax_rate=told.rate,
        net=net,
        tax=tax,
        gross=gross,
    )


def fees(data: Data, included: bool) -> Iterator[SourceItem]:
    """What is charged beside products and shipping, and what a payment in cash was rounded by,
    which changes what was received and not the total."""
    for line in objects(data, "additionalFees"):
        taxes = taxes_of(line)
        both = priced(amount(line, "price"), sum_of(taxes), included)
        yield fee(identifier(line), text(line, "name"), both, tax_rate(taxes, both.net))
    duties = amount(data, "originalTotalDutiesSet", NOTHING)
    duties = duties or amount(data, "currentTotalDutiesSet", NOTHING)
    if duties:
        in_total = data.get("dutiesIncluded") is not True
        yield fee("duties", "Duties", Amounts(None, None, duties), in_total=in_total)
    rounding = amount(mapping(data, "totalCashRoundingAdjustment"), "paymentSet", NOTHING)
    if rounding:
        yield fee("rounding", "Rounding", Amounts(rounding, NOTHING, rounding), in_total=False)


def fee(
    external_id: str,
    name: str,
    told: Amounts,
    rate: Decimal | None = None,
    *,
    in_total: bool = True,
) -> SourceItem:
    return SourceItem(
        external_id=external_id,
        kind=ItemKind.FEE,
        name=name,
        tax_rate=rate,
        net=told.net,
        tax=told.tax,
        gross=told.gross,
        in_total=in_total,
    )


def discounts(lines: Sequence[Figures], included: bool) -> Iterator[SourceItem]:
    """One line for each discount, of what it takes off the others, whose figures are without it.

    Only one of net and gross is stated; the other is reckoned by each line's rate of tax.
    """
    together: dict[tuple[int, str], tuple[Decimal, Decimal]] = {}
    for line in lines:
        for each in line.allocations:
            key = each.discount, each.name
            net, gross = together.get(key, (NOTHING, NOTHING))
            part = untaxed_and_taxed(each.amount, line.rate or NOTHING, included)
            together[key] = net + part[0], gross + part[1]
    seen = set[int]()
    for (index, name), (net, gross) in together.items():
        yield SourceItem(
            external_id=f"{index}:{name}"[:CODE_LENGTH] if index in seen else str(index),
            kind=ItemKind.DISCOUNT,
            name=name,
            net=-net + 0,
            tax=net - gross,
            gross=-gross + 0,
            in_total=False,
        )
        seen.add(index)


def untaxed_and_taxed(price: Decimal, rate: Decimal, included: bool) -> tuple[Decimal, Decimal]:
    if included:
        return net_of(price, rate), price
    return price, round_to(price * (1 + rate / 100), MONEY_PLACES)


def refunds(data: Data) -> Iterator[SourceItem]:
    for each in objects(data, "refunds"):
        money_back = amount(each, "totalRefundedSet")
        if money_back:
            yield SourceItem(
                external_id=identifier(each),
                kind=ItemKind.REFUND,
                name=text(each, "note"),
                gross=-money_back,
                in_total=False,
            )
