"""What the lines of a PrestaShop order mean. Pure.

Facts from answers of a PrestaShop 9.1 and its source code: every amount comes with and without tax,
and an ecotax is in both; the prices of `order_details` are after the discounts on products, while
those by cart rules are the order's; a rule's value is not rounded, the order's total is; a payment
fee has no field, so modules put it into the shipping or among the products.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from eshops.adapters.amounts import NOTHING, percent
from eshops.adapters.prestashop.resources import Row, Tables, reference, taxes
from eshops.adapters.reading import (
    code,
    mapping,
    money,
    number,
    objects,
    plain,
    text,
)
from eshops.source import BadPayload, ItemKind, Metadatum, SourceItem

LINE_METADATA = (
    "id_customization",
    "product_isbn",
    "product_upc",
    "product_mpn",
    "product_supplier_reference",
    "product_quantity_refunded",
    "product_quantity_return",
    "ecotax",
    "product_weight",
)
TO_THE_CENT = Decimal("0.05")
"""A smaller difference between the order's discount and its cart rules comes from rounding."""
EMPTY = re.compile(r"(?:0*\.?0*|0000-00-00.*)")
"""How PrestaShop writes that there is nothing."""
OLDER_VARIANT = re.compile(r"(.+?) - ((?:(?! - )[^:])+ : .+)")
"""“Shirt - Color : White, Size : S”, until PrestaShop 1.7."""

AMOUNT_CHOSEN = "2"
"""The type of a credit slip whose amount staff entered themselves."""


def items(order: Row, tables: Tables, carrier: Row) -> Iterator[SourceItem]:
    """All lines: products, shipping, gift wrapping, discounts, credit slips."""
    mine = reference(order, "id")
    yield from products(order, tables["order_details"].get(mine, []), tables.get("taxes", {}))
    if reference(order, "id_carrier") or order_total(order, "shipping") != (NOTHING, NOTHING):
        yield shipping(order, text(carrier, "name"))
    net, gross = order_total(order, "wrapping")
    if net or gross:
        yield charge(ItemKind.FEE, "wrapping", "Gift wrapping", net, gross)
    yield from discounts(order, tables.get("order_cart_rules", {}).get(mine, []))
    yield from once(refund(slip) for slip in in_order(tables.get("order_slip", {}).get(mine, [])))


def products(
    order: Row, lines: Sequence[Row], rates: Mapping[str, list[Row]]
) -> Iterator[SourceItem]:
    """Raises `BadPayload` where a line is missing that the order itself lists."""
    told = {reference(line, "id") for line in lines}
    listed = objects(mapping(order, "associations"), "order_rows")
    if not {code(row, "id") for row in listed} <= told:
        raise BadPayload("The e-shop's “order_details” lack lines that its “order_rows” have.")
    yield from once(product(line, rates) for line in in_order(lines))


def product(line: Row, rates: Mapping[str, list[Row]]) -> SourceItem:
    net, gross = money(line, "total_price_tax_excl"), money(line, "total_price_tax_incl")
    unit_price = money(line, "unit_price_tax_excl", None)
    variant_id = reference(line, "product_attribute_id")
    name = text(line, "product_name")
    name, variant = parted(name) if variant_id else (name, "")
    return SourceItem(
        external_id=identifier(line),
        kind=ItemKind.PRODUCT,
        name=name,
        variant=variant,
        product_id=reference(line, "product_id"),
        variant_id=variant_id,
        sku=text(line, "product_reference"),
        ean=text(line, "product_ean13"),
        quantity=number(line, "product_quantity"),
        unit_price=unit_price,
        tax_rate=tax_rate(line, rates, net, gross),
        net=net,
        tax=gross - net,
        gross=gross,
        metadata=tuple(metadata(line, LINE_METADATA)),
    )


def parted(name: str) -> tuple[str, str]:
    """Name and variant of “Shirt (Size:S - Color:White)” as “Shirt” and “Size: S, Color: White”."""
    older = OLDER_VARIANT.fullmatch(name)
    if older:
        return older[1], options(older[2].split(", "))
    start = opening(name)
    inside = name[start + 2 : -1]
    if start < 0 or ":" not in inside:
        return name, ""
    return name[:start], options(inside.split(" - "))


def opening(name: str) -> int:
    """Where the “ (” is that the last “)” closes; -1 where the name does not end with one."""
    depth = 0
    for position in range(len(name) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(name[position], 0)
        if depth == 0:
            break
    return position - 1 if name.endswith(")") and name[:position].endswith(" ") else -1


def options(parts: Sequence[str]) -> str:
    """Attributes and values, ", " between them; a part without a colon belongs to the value before
    it."""
    told: list[str] = []
    for part in parts:
        attribute, colon, value = part.partition(":")
        if colon or not told:
            told.append(f"{attribute.strip()}: {value.strip()}" if colon else part)
        else:
            told[-1] += f" - {part}"
    return ", ".join(told)


def tax_rate(
    line: Row, rates: Mapping[str, list[Row]], net: Decimal, gross: Decimal
) -> Decimal | None:
    """Of the line's taxes together, as listed; where they are not, what its prices amount to.

    Of several taxes each is on the price (tax_computation_method 0 and 1) or also on those before
    it (2).
    """
    ids = [tax for tax in taxes(line) if tax]
    found = [number(rates[each][0], "rate") for each in ids if rates.get(each)]
    if not ids or len(found) < len(ids) or net == gross:
        return implied_rate(line, net, gross)
    if text(line, "tax_computation_method") != "2":
        return sum(found, NOTHING)
    together = Decimal(1)
    for rate in found:
        together *= 1 + rate / 100
    return (together - 1) * 100


def implied_rate(line: Row, net: Decimal, gross: Decimal) -> Decimal | None:
    """The unit's prices are not rounded to the cent, so they tell it best."""
    if net == gross:
        return NOTHING
    unit, unit_gross = (
        money(line, "unit_price_tax_excl", net),
        money(line, "unit_price_tax_incl", gross),
    )
    rate = percent(unit, unit_gross - unit)
    return None if rate is None else rate.quantize(Decimal("0.01")) + 0


def shipping(order: Row, name: str) -> SourceItem:
    net, gross = order_total(order, "shipping")
    stated = number(order, "carrier_tax_rate", NOTHING)
    is_told = bool(stated) or net == gross  # it is 0 in orders that are no carrier's own
    rate = stated if is_told else percent(net, gross - net)
    return charge(ItemKind.SHIPPING, "shipping", name, net, gross, rate)


def discounts(order: Row, rules: Iterable[Row]) -> Iterator[SourceItem]:
    """One for each cart rule, and what else the order's total says was taken off: all of it where
    the rules cannot be read, fractions of a cent where they were not rounded."""
    net, gross = order_total(order, "discounts")
    told = list(once(discount(rule) for rule in in_order(rules) if text(rule, "deleted") != "1"))
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


def refund(slip: Row) -> SourceItem:
    """A credit slip. Its totals say what it is worth, unless staff entered another amount; slips of
    PrestaShop 1.5 have no totals."""
    net = money(slip, "total_products_tax_excl", NOTHING)
    gross = money(slip, "total_products_tax_incl", NOTHING)
    net_shipping = money(slip, "total_shipping_tax_excl", NOTHING)
    gross_shipping = money(slip, "total_shipping_tax_incl", NOTHING)
    amount = money(slip, "amount", NOTHING)
    kept = tuple(metadata(mapping(slip, "associations"), ("order_slip_details",)))
    explained = {NOTHING, net, gross, net + net_shipping, gross + gross_shipping}
    is_chosen = text(slip, "order_slip_type") == AMOUNT_CHOSEN and amount not in explained
    if is_chosen or not (gross or gross_shipping):
        whole = amount + (gross_shipping or money(slip, "shipping_cost_amount", NOTHING))
        return SourceItem(
            external_id=identifier(slip),
            kind=ItemKind.REFUND,
            gross=-whole + 0,
            in_total=False,
            metadata=kept,
        )
    net, gross = -(net + net_shipping) + 0, -(gross + gross_shipping) + 0
    return SourceItem(
        external_id=identifier(slip),
        kind=ItemKind.REFUND,
        net=net,
        tax=gross - net,
        gross=gross,
        in_total=False,
        metadata=kept,
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


def order_total(order: Row, what: str) -> tuple[Decimal, Decimal]:
    """One of the order's own totals, without and with tax."""
    return (
        money(order, f"total_{what}_tax_excl", NOTHING),
        money(order, f"total_{what}_tax_incl", NOTHING),
    )


def identifier(row: Row) -> str:
    """The id of an order or a line: a whole number above zero, as text."""
    found = reference(row, "id")
    if not found.isdecimal() or len(found) > 19:
        raise BadPayload("The e-shop's “id” cannot be understood.")
    return str(int(found))


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Rows in the order in which they were written; the database promises none."""
    return sorted(rows, key=lambda row: int(identifier(row)))


def once(lines: Iterable[SourceItem]) -> Iterator[SourceItem]:
    seen = set[str]()
    for line in lines:
        if line.external_id in seen:
            raise BadPayload("Two of the e-shop's lines have the same id.")
        seen.add(line.external_id)
        yield line


def metadata(row: Row, keys: Sequence[str]) -> Iterator[Metadatum]:
    """What the platform has a field for and we have not; nothing for an empty one."""
    for key in keys:
        value: Any = row.get(key)
        if value and not (isinstance(value, str) and EMPTY.fullmatch(value)):
            yield Metadatum(key, plain(value))
