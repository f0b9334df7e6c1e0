"""What the lines of a PrestaShop order mean: products, shipping, gift wrapping, discounts, refunds.
Pure.

Facts from answers of a PrestaShop 9.1 and its source code: discounts by cart rules are not taken
off the products; a rule's value is not rounded, the order's total of them is; a payment fee has no
field, so modules put it into the shipping or among the products.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from eshops.adapters.amounts import NOTHING, percent
from eshops.adapters.prestashop.products import products
from eshops.adapters.prestashop.resources import Tables
from eshops.adapters.prestashop.rows import Row, identifier, in_order, metadata, reference
from eshops.adapters.reading import mapping, money, number, text
from eshops.source import BadPayload, ItemKind, SourceItem

TO_THE_CENT = Decimal("0.05")
"""A smaller difference between the order's discount and its cart rules comes from rounding."""
WITHOUT_VOUCHER = "1"
AMOUNT_CHOSEN = "2"
"""Types of credit slips: the order's voucher is kept back; staff entered the amount, but it is
also the type of each slip with shipping."""


def items(order: Row, tables: Tables, carrier: Row) -> Iterator[SourceItem]:
    """All lines: products, shipping, gift wrapping, discounts, credit slips."""
    mine = reference(order, "id")
    lines = tables["order_details"].get(mine, [])
    yield from once(products(order, lines, tables.get("taxes", {})))
    if reference(order, "id_carrier") or totals(order, "shipping") != (NOTHING, NOTHING):
        yield shipping(order, text(carrier, "name"))
    net, gross = totals(order, "wrapping")
    if net or gross:
        yield charge(ItemKind.FEE, "wrapping", "Gift wrapping", net, gross)
    yield from once(discounts(order, tables.get("order_cart_rules", {}).get(mine, [])))
    voucher = totals(order, "discounts")[1]
    slips = in_order(tables.get("order_slip", {}).get(mine, []))
    yield from once(refund(slip, voucher) for slip in slips)


def shipping(order: Row, name: str) -> SourceItem:
    net, gross = totals(order, "shipping")
    stated = number(order, "carrier_tax_rate", NOTHING)
    is_told = bool(stated) or net == gross  # it is 0 in orders that are no carrier's own
    rate = stated if is_told else percent(net, gross - net)
    return charge(ItemKind.SHIPPING, "shipping", name, net, gross, rate)


def discounts(order: Row, rules: Iterable[Row]) -> Iterator[SourceItem]:
    """One for each cart rule, and what else the order's total says was taken off: all of it where
    the rules cannot be read, fractions of a cent where they were not rounded."""
    net, gross = totals(order, "discounts")
    told = [discount(rule) for rule in in_order(rules) if text(rule, "deleted") != "1"]
    yield from told
    net += sum((each.net for each in told if each.net is not None), NOTHING)
    gross += sum((each.gross for each in told if each.gross is not None), NOTHING)
    if net or gross:
        is_rounding = told and max(abs(net), abs(gross)) < TO_THE_CENT
        name = "Rounding" if is_rounding else "Discount"
        yield charge(ItemKind.DISCOUNT, "rest", name, -net, -gross)


def discount(rule: Row) -> SourceItem:
    net, gross = money(rule, "value_tax_excl"), money(rule, "value")
    return charge(ItemKind.DISCOUNT, identifier(rule), text(rule, "name"), -net, -gross)


def refund(slip: Row, voucher: Decimal) -> SourceItem:
    """A credit slip. Its totals say what it is worth, without and with tax, except where staff
    entered another amount or had the order's voucher kept back: then only what is with tax is
    sure."""
    net_goods, goods = totals(slip, "products")
    net_post, post = totals(slip, "shipping")
    net: Decimal | None = net_goods + net_post
    gross, amount = goods + post, money(slip, "amount", NOTHING)
    kind = text(slip, "order_slip_type")
    if not gross:  # before PrestaShop 1.6 there were no totals
        net, gross = None, amount + money(slip, "shipping_cost_amount", NOTHING)
    elif kind == WITHOUT_VOUCHER and voucher:  # kept back already, where the amount is without tax
        net, gross = None, gross - voucher if amount == goods else gross
    elif kind == AMOUNT_CHOSEN and amount not in (NOTHING, goods, net_goods, gross, net):
        net, gross = None, amount + post
    return SourceItem(
        external_id=identifier(slip),
        kind=ItemKind.REFUND,
        net=None if net is None else -net,
        tax=None if net is None else net - gross,
        gross=-gross,
        in_total=False,
        metadata=tuple(metadata(mapping(slip, "associations"), ("order_slip_details",))),
    )


def charge(
    kind: ItemKind,
    external_id: str,
    name: str,
    net: Decimal,
    gross: Decimal,
    rate: Decimal | None = None,
) -> SourceItem:
    return SourceItem(
        external_id=external_id,
        kind=kind,
        name=name,
        tax_rate=rate,
        net=net,
        tax=gross - net,
        gross=gross,
    )


def totals(row: Row, what: str) -> tuple[Decimal, Decimal]:
    """One of the totals of an order or a credit slip, without and with tax."""
    return (
        money(row, f"total_{what}_tax_excl", NOTHING),
        money(row, f"total_{what}_tax_incl", NOTHING),
    )


def once(lines: Iterable[SourceItem]) -> Iterator[SourceItem]:
    seen = set[str]()
    for line in lines:
        if line.external_id in seen:
            raise BadPayload("Two of the e-shop's lines have the same id.")
        seen.add(line.external_id)
        yield line
