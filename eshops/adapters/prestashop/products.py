"""What the product lines of a PrestaShop order mean. Pure.

Facts from answers of a PrestaShop 9.1 and its source code: prices come with and without tax, both
with the ecotax in them and after the discounts on products; a variant has no field of its own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from eshops.adapters.amounts import NOTHING, RATE_PLACES, percent
from eshops.adapters.prestashop.resources import taxes
from eshops.adapters.prestashop.rows import Row, identifier, in_order, metadata, reference
from eshops.adapters.reading import code, mapping, money, number, objects, round_to, text
from eshops.source import BadPayload, ItemKind, SourceItem

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
OLDER_VARIANT = re.compile(r"(.+?) - ((?:(?! - )[^:])+ : .+)")
"""“Shirt - Color : White, Size : S”, until PrestaShop 1.7."""
IMPLIED_PLACES = Decimal("0.01")
"""Prices of six places do not tell a rate more exactly."""


def products(
    order: Row, lines: Sequence[Row], rates: Mapping[str, list[Row]]
) -> Iterator[SourceItem]:
    """Raises `BadPayload` where a line is missing that the order itself lists."""
    told = {reference(line, "id") for line in lines}
    listed = objects(mapping(order, "associations"), "order_rows")
    if not {code(row, "id") for row in listed} <= told:
        raise BadPayload("The e-shop's “order_details” lack lines that its “order_rows” have.")
    for line in in_order(lines):
        yield product(line, rates)


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
    start = opening(name)
    if start >= 0 and ":" in name[start:]:
        return name[:start], options(name[start + 2 : -1], " - ")
    older = OLDER_VARIANT.fullmatch(name)
    return (older[1], options(older[2], ", ")) if older else (name, "")


def opening(name: str) -> int:
    """Where the “ (” is that the last “)” closes; -1 where the name does not end with one."""
    depth = 0
    for position in range(len(name) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(name[position], 0)
        if depth == 0:
            break
    return position - 1 if name.endswith(")") and name[:position].endswith(" ") else -1


def options(variant: str, between: str) -> str:
    """Attributes and values, ", " between them; what has no colon belongs to the value before."""
    told: list[str] = []
    for part in variant.split(between):
        attribute, colon, value = part.partition(":")
        if colon:
            told.append(f"{attribute.strip()}: {value.strip()}")
        elif told:
            told[-1] += between + part
        else:
            told.append(part)
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
    is_exempt = net == gross != 0
    if not ids or len(found) < len(ids) or is_exempt:
        return implied_rate(line, net, gross)
    if text(line, "tax_computation_method") != "2":
        return sum(found, NOTHING)
    together = Decimal(1)
    for rate in found:
        together *= 1 + rate / 100
    return round_to((together - 1) * 100, RATE_PLACES)


def implied_rate(line: Row, net: Decimal, gross: Decimal) -> Decimal | None:
    """The unit's prices are not rounded to the cent, so they tell it best."""
    if net == gross:
        return NOTHING
    unit = money(line, "unit_price_tax_excl", net)
    rate = percent(unit, money(line, "unit_price_tax_incl", gross) - unit)
    return None if rate is None else round_to(rate, IMPLIED_PLACES)
