"""What the lines of an order of Vendure mean. Pure.

Facts this rests on, from the source of @vendure/core 3.7: an order's total is the sum of its lines'
*prorated* prices, its surcharges and its discounted shipping lines
(`DefaultOrderTaxCalculationStrategy`), so discounts are taken off already; with the other strategy,
which rounds the tax of the whole order, lines may differ from the total by a minor unit. All money
is in units of 10⁻ᵖʳᵉᶜⁱˢⁱᵒⁿ, whatever the currency (`MoneyStrategy.precision`, 2 unless configured
otherwise): 3296 are 32.96 yen.

Cancelled units leave their line's quantity, a cancelled line stays with a quantity of 0, and the
shop takes them off its total at once, at their prorated price (`cancelOrderByOrderLines`); shipping
only where staff cancelled it as well, so that an order cancelled as a whole may still have that for
its total. `total` is this: what is owed without what was cancelled, whether or not any of it was
paid back. A refund is never taken off it, so the refund of a cancelled line is in `refunded`
though its line is in `total` no more.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from eshops.adapters.amounts import percent
from eshops.adapters.reading import (
    MONEY_LIMIT,
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
from eshops.adapters.vendure.sequences import words
from eshops.source import BadPayload, ItemKind, Metadatum, SourceItem

Data = Mapping[str, Any]


class Figures(NamedTuple):
    net: Decimal
    tax: Decimal
    gross: Decimal


SHIPPING_TAX = "shipping tax"
"""What `OrderCalculator.applyShipping` calls the tax of a shipping line, which tells no rate."""
SETTLED, FAILED = "Settled", "Failed"
"""States of a refund: what was paid back, and what came to nothing."""


def items(data: Data, places: int) -> Iterator[SourceItem]:
    """All lines of the order: products, shipping, surcharges, discounts, refunds."""
    shipping_rates, was_placed = rates(data), bool(data.get("orderPlacedAt"))
    for row in by_id(objects(data, "lines")):
        yield product(row, places, was_placed)
    for row in by_id(objects(data, "shippingLines")):
        yield shipping(row, shipping_rates, places)
    for row in by_id(objects(data, "surcharges")):
        yield surcharge(row, places)
    for row in by_id(objects(data, "discounts"), "adjustmentSource"):
        yield discount(row, places)
    refunds = [row for payment in objects(data, "payments") for row in objects(payment, "refunds")]
    for row in by_id(refunds):
        if text(row, "state") != FAILED:
            yield refund(row, places)


def by_id(rows: Sequence[Data], key: str = "id") -> list[Data]:
    """The rows by their ids, numbers by their size: a list tells the lines of an order otherwise
    than the single order does."""
    told = {identifier(row, key): row for row in rows}
    if len(told) < len(rows):
        raise BadPayload(f"Two rows of the e-shop's order have the same “{key}”.")
    return [told[each] for each in sorted(told, key=lambda each: (len(each), each))]


def product(line: Data, places: int, was_placed: bool) -> SourceItem:
    variant = mapping(line, "productVariant")
    quantity = number(line, "quantity")
    net, tax, gross = figures(line, "proratedLinePrice", places)
    return SourceItem(
        external_id=identifier(line),
        kind=ItemKind.PRODUCT,
        name=text(variant, "name"),
        variant=", ".join(map(option, objects(variant, "options"))),
        product_id=code(variant, "productId"),
        variant_id=code(variant, "id"),
        sku=text(variant, "sku"),
        quantity=quantity,
        unit_price=amount(line, "proratedUnitPrice", places),
        tax_rate=tax_rate(line),
        net=net,
        tax=tax,
        gross=gross,
        metadata=tuple(line_metadata(line, quantity, was_placed)),
    )


def option(data: Data) -> str:
    group = text(mapping(data, "group"), "name")
    return f"{group}: {text(data, 'name')}" if group else text(data, "name")


def line_metadata(line: Data, quantity: Decimal, was_placed: bool) -> Iterator[Metadatum]:
    """The custom fields, and how many were ordered where some were cancelled or added since: 0 of a
    line that was added as a whole. Of an order that was never placed that says nothing."""
    yield from custom_fields(line)
    if was_placed and number(line, "orderPlacedQuantity", quantity) != quantity:
        yield Metadatum("orderPlacedQuantity", plain(line["orderPlacedQuantity"]))


def custom_fields(data: Data) -> Iterator[Metadatum]:
    """Those that have a value; of a structure without any there is nothing."""
    for key, value in mapping(data, "customFields").items():
        inner = list(value.values()) if isinstance(value, dict) else [value]
        if any(each not in (None, "", []) for each in inner):
            yield Metadatum(key, plain(value))


def shipping(line: Data, shipping_rates: Sequence[Decimal], places: int) -> SourceItem:
    told = figures(line, "discountedPrice", places)
    return SourceItem(
        external_id=identifier(line),
        kind=ItemKind.SHIPPING,
        name=text(mapping(line, "shippingMethod"), "name"),
        tax_rate=shipping_rate(told, shipping_rates),
        net=told.net,
        tax=told.tax,
        gross=told.gross,
        metadata=tuple(custom_fields(line)),
    )


def rates(data: Data) -> list[Decimal]:
    """The rates of the order's shipping, as its summary of taxes has them."""
    told = [
        tax_rate(row)
        for row in objects(data, "taxSummary")
        if text(row, "description") == SHIPPING_TAX
    ]
    return [rate for rate in told if rate is not None]


def shipping_rate(told: Figures, shipping_rates: Sequence[Decimal]) -> Decimal | None:
    """The one there is; of several the one that the line's figures come closest to."""
    if len(shipping_rates) == 1:
        return shipping_rates[0]
    figured = percent(told.net, told.tax)
    if figured is None or not shipping_rates:
        return figured
    return min(shipping_rates, key=lambda rate: abs(rate - figured))


def surcharge(line: Data, places: int) -> SourceItem:
    """A negative one is a surcharge still: Vendure has discounts of its own kind."""
    net, tax, gross = figures(line, "price", places)
    return SourceItem(
        external_id=identifier(line),
        kind=ItemKind.FEE,
        name=text(line, "description"),
        sku=text(line, "sku"),
        tax_rate=tax_rate(line),
        net=net,
        tax=tax,
        gross=gross,
    )


def discount(line: Data, places: int) -> SourceItem:
    """A promotion's share in all lines and the shipping; negative as it comes."""
    net, tax, gross = figures(line, "amount", places)
    return SourceItem(
        external_id=identifier(line, "adjustmentSource"),
        kind=ItemKind.DISCOUNT,
        name=text(line, "description"),
        net=net,
        tax=tax,
        gross=gross,
        in_total=False,
    )


def refund(line: Data, places: int) -> SourceItem:
    """One that is made counts, settled or pending: staff settle those of a manual payment later.
    Until then its name says so, before the reason that staff gave."""
    state, reason = text(line, "state"), text(line, "reason")
    waiting = "" if state in (SETTLED, "") else f"Refund ({words(state).lower()})"
    return SourceItem(
        external_id=identifier(line),
        kind=ItemKind.REFUND,
        name=": ".join(filter(None, (waiting, reason))),
        gross=-amount(line, "total", places),
        in_total=False,
        metadata=(Metadatum("state", state),),
    )


def figures(line: Data, key: str, places: int) -> Figures:
    net, gross = amount(line, key, places), amount(line, f"{key}WithTax", places)
    return Figures(net, gross - net, gross)


def amount(data: Data, key: str, places: int) -> Decimal:
    """The amount under `key`, nearly always a whole number of its unit. The scalar `Money` allows
    fractions, and a discount that one promotion gives a line twice has them."""
    value = data.get(key)
    if type(value) is int and abs(value) < MONEY_LIMIT:
        return Decimal(value).scaleb(-places)
    return round_to(money(data, key).scaleb(-places), MONEY_PLACES)


def tax_rate(line: Data) -> Decimal | None:
    """Per cent; of several taxes Vendure tells the sum."""
    rate = number(line, "taxRate", None)
    if rate is not None and not 0 <= rate < 1000:
        raise BadPayload("The e-shop's “taxRate” cannot be understood.")
    return rate


def identifier(data: Data, key: str = "id") -> str:
    found = code(data, key)
    if not found:
        raise BadPayload(f"The e-shop's answer has no “{key}”.")
    return found
