"""What the lines of an order of Medusa's admin API mean. Pure.

Facts this rests on, seen on Medusa 2.21: a line's `total` is with tax and after its adjustments,
and its `tax_total` is in it, whether the price was entered with tax or without. Both are of what
the customer keeps; `quantity` and the adjustments are of what was sold, and `detail` tells what of
it was returned. A refund that was not owed makes a credit line, which lowers the order's total.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from eshops.adapters.amounts import NOTHING, RATE_PLACES, amounts, net_of
from eshops.adapters.reading import (
    MONEY_PLACES,
    code,
    exact,
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


class Credit(NamedTuple):
    """A credit line: what it is for, and the amount it takes off the total."""

    name: str
    amount: Decimal


def items(data: Data, payments: Sequence[Data], credits: Sequence[Credit]) -> Iterator[SourceItem]:
    """All lines of the order: products, shipping, discounts, credits, refunds."""
    discounts = Discounts()
    for line in distinct(data, "items"):
        kept, sold = quantities(line)
        discounts.add(line, kept / sold if kept != sold and sold else None)
        yield product(line, kept, sold)
    for method in shipping_methods(data):
        discounts.add(method)
        yield shipping(method)
    yield from discounts.items()
    for position, credit in enumerate(credits, 1):
        yield credited(credit, position)
    for payment in payments:
        for refund in distinct(payment, "refunds"):
            yield refunded(refund)


def distinct(data: Data, key: str) -> list[dict[str, Any]]:
    rows = objects(data, key)
    if len({identifier(row) for row in rows}) < len(rows):
        raise BadPayload(f"Two of the e-shop's “{key}” have the same id.")
    return rows


def shipping_methods(data: Data) -> list[dict[str, Any]]:
    """Oldest first; Medusa tells the newest first, as one that was added by an edit."""
    rows = distinct(data, "shipping_methods")
    return sorted(rows, key=lambda row: text(row, "created_at"))


def identifier(data: Data) -> str:
    """The id of an order, a line or a refund."""
    found = code(data, "id")
    if not found:
        raise BadPayload("The e-shop's answer has no “id”.")
    return found


def product(line: Data, quantity: Decimal, sold: Decimal) -> SourceItem:
    gross, tax = amount(line, "total"), amount(line, "tax_total")
    net, rate = gross - tax, tax_rate(line)
    return SourceItem(
        external_id=identifier(line),
        kind=ItemKind.PRODUCT,
        name=text(line, "title"),
        variant=text(line, "variant_title"),
        product_id=code(line, "product_id"),
        variant_id=code(line, "variant_id"),
        sku=text(line, "variant_sku"),
        ean=text(mapping(line, "variant"), "ean") or text(line, "variant_barcode"),
        quantity=quantity,
        unit_price=unit_price(line, net, quantity, rate),
        tax_rate=rate,
        net=net,
        tax=tax,
        gross=gross,
        metadata=metadata(line) + returned(sold, sold - quantity),
    )


def returned(sold: Decimal, back: Decimal) -> tuple[Metadatum, ...]:
    """Where something came back: why fewer are shown than were sold."""
    told = {"sold_quantity": sold, "returned_quantity": back} if back else {}
    return tuple(Metadatum(key, plain_number(value)) for key, value in told.items())


def plain_number(value: Decimal) -> Any:
    return int(value) if value == int(value) else plain(value)


def quantities(line: Data) -> tuple[Decimal, Decimal]:
    """How many the customer keeps, and how many were sold."""
    sold, detail = amount(line, "quantity"), mapping(line, "detail")
    back = ("return_received_quantity", "return_dismissed_quantity")
    return sold - sum(amount(detail, each, NOTHING) for each in back), sold


def unit_price(line: Data, net: Decimal, quantity: Decimal, rate: Decimal | None) -> Decimal:
    """As stated where that is net and nothing was taken off it."""
    with_tax = line.get("is_tax_inclusive") is True
    if quantity and (with_tax or line.get("adjustments")):
        return round_to(net / quantity, MONEY_PLACES)
    stated = amount(line, "unit_price")
    return net_of(stated, rate or NOTHING) if with_tax else stated


def shipping(method: Data) -> SourceItem:
    gross, tax = amount(method, "total"), amount(method, "tax_total")
    data = plain(method.get("data"))
    return SourceItem(
        external_id=identifier(method),
        kind=ItemKind.SHIPPING,
        name=text(method, "name"),
        tax_rate=tax_rate(method),
        net=gross - tax,
        tax=tax,
        gross=gross,
        metadata=metadata(method) + ((Metadatum("data", data),) if data else ()),
    )


class Discounts:
    """What each promotion took off all lines together, with its code."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, Decimal, Decimal]] = {}

    def add(self, line: Data, share: Decimal | None = None) -> None:
        """`share` is the part of the line's adjustments that counts still."""
        for adjustment in objects(line, "adjustments"):
            net, gross = precise(adjustment, "subtotal"), precise(adjustment, "total")
            if share is not None:
                net, gross = net * share, gross * share
            name = text(adjustment, "code") or text(adjustment, "description")
            key = code(adjustment, "promotion_id") or identifier(adjustment)
            _, net_before, gross_before = self._found.get(key, ("", NOTHING, NOTHING))
            self._found[key] = name, net_before + net, gross_before + gross

    def items(self) -> Iterator[SourceItem]:
        for key, (name, net, gross) in self._found.items():
            figures = amounts(
                net=round_to(-net, MONEY_PLACES), gross=round_to(-gross, MONEY_PLACES)
            )
            yield SourceItem(
                external_id=key,
                kind=ItemKind.DISCOUNT,
                name=name,
                net=figures.net,
                tax=figures.tax,
                gross=figures.gross,
                in_total=False,
            )


def credited(credit: Credit, position: int) -> SourceItem:
    """A gift card or another credit, which bears no tax. Its id changes with every version of the
    order, so that its place is what tells it apart."""
    return SourceItem(
        external_id=f"credit:{position}",
        kind=ItemKind.DISCOUNT if credit.amount >= 0 else ItemKind.FEE,
        name=credit.name,
        net=-credit.amount,
        tax=NOTHING,
        gross=-credit.amount,
    )


def refunded(refund: Data) -> SourceItem:
    told = text(mapping(refund, "refund_reason"), "label"), text(refund, "note")
    return SourceItem(
        external_id=identifier(refund),
        kind=ItemKind.REFUND,
        name=": ".join(filter(None, told)),
        gross=-amount(refund, "amount"),
        in_total=False,
    )


def tax_rate(line: Data) -> Decimal | None:
    """Of several rates their sum, by which Medusa computes the tax; None where it has none."""
    rates = [number(tax, "rate") for tax in objects(line, "tax_lines")]
    if not rates:
        return None
    together = sum(rates, NOTHING)
    if abs(together) >= 10**6:
        raise BadPayload("The e-shop's “rate” cannot be understood.")
    return round_to(together, RATE_PLACES)


def metadata(data: Data, prefix: str = "") -> tuple[Metadatum, ...]:
    found = plain(mapping(data, "metadata"))
    return tuple(Metadatum(prefix + key, value) for key, value in found.items())


def amount(data: Data, key: str, default: Decimal | None = None) -> Decimal:
    """The amount under `key`, of its exact twin where that was told too."""
    raw = data.get(f"raw_{key}")
    if isinstance(raw, dict):
        return money(raw, "value")
    return money(data, key) if default is None else money(data, key, default)


def precise(data: Data, key: str) -> Decimal:
    """As `amount`, with all its decimal places."""
    raw = data.get(f"raw_{key}")
    return exact(raw, "value") if isinstance(raw, dict) else exact(data, key)
