"""The sums of an order, computed the way WooCommerce computes them.

Amounts are kept as text with six decimal places. With prices without tax every tax is rounded to
cents line by line, half up. With prices including tax the nets and taxes of lines stay unrounded,
and only the order's own tax totals are rounded, half down; that is why the lines of such an order
can differ from its total by a cent.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from eshops.sandbox.ids import Ids
from eshops.sandbox.stock import RATES, VIRTUAL_IDS, Rate

Order = dict[str, Any]
Line = dict[str, Any]

CENT = Decimal("0.01")
MILLIONTH = Decimal("0.000001")


def cents(amount: Decimal, rounding: str = ROUND_HALF_UP) -> Decimal:
    return amount.quantize(CENT, rounding)


def kept(amount: Decimal) -> str:
    """The amount as an order keeps it: six decimal places, and no negative zero."""
    return f"{amount.quantize(MILLIONTH, ROUND_HALF_UP) + 0:f}"


def unpadded(amount: Decimal) -> str:
    text = f"{amount:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def net_of(gross: Decimal, rates: Sequence[Rate]) -> Decimal:
    whole = 1 + sum((rate.percent for rate in rates), Decimal(0)) / 100
    return (gross / whole).quantize(MILLIONTH, ROUND_HALF_UP)


def taxes_on(net: Decimal, rates: Sequence[Rate], *, inclusive: bool) -> list[tuple[int, Decimal]]:
    """Rate id and tax of each rate; a compound rate is charged on the other taxes too."""
    exact = MILLIONTH if inclusive else CENT
    taxes: list[tuple[int, Decimal]] = []
    for rate in rates:
        base = net + sum((tax for _, tax in taxes), Decimal(0)) if rate.compound else net
        taxes.append((rate.id, (base * rate.percent / 100).quantize(exact, ROUND_HALF_UP)))
    return taxes


def rates_of(line: Line) -> list[Rate]:
    return [RATES[tax["id"]] for tax in line["taxes"]]


def price_line(line: Line, rates: Sequence[Rate], *, inclusive: bool) -> None:
    """Set the taxes and the unit price of a product line from its subtotal and total."""
    before = taxes_on(Decimal(line["subtotal"]), rates, inclusive=inclusive)
    after = taxes_on(Decimal(line["total"]), rates, inclusive=inclusive)
    line["subtotal_tax"] = kept(_sum(tax for _, tax in before))
    line["total_tax"] = kept(_sum(tax for _, tax in after))
    line["taxes"] = [
        {"id": rate_id, "total": kept(tax), "subtotal": kept(full)}
        for (rate_id, tax), (_, full) in zip(after, before, strict=True)
    ]
    line["price"] = _as_php_number(float(line["total"]) / line["quantity"])


def price_charge(line: Line, rates: Sequence[Rate], *, inclusive: bool) -> None:
    """Set the taxes of a shipping or fee line from its total."""
    taxes = taxes_on(Decimal(line["total"]), rates, inclusive=inclusive)
    line["total_tax"] = kept(_sum(tax for _, tax in taxes))
    line["taxes"] = [{"id": rate_id, "total": kept(tax), "subtotal": ""} for rate_id, tax in taxes]


def settle(order: Order, ids: Ids) -> None:
    """Set everything in the order that follows from its lines and its status.

    The tax lines keep their ids; one for a rate that is new to the order gets the next of `ids`.
    """
    inclusive = order["prices_include_tax"]
    lines, fees, shipping = order["line_items"], order["fee_lines"], order["shipping_lines"]
    cart = _tax_by_rate((*lines, *fees), inclusive)
    delivery = _tax_by_rate(shipping, inclusive)
    order["tax_lines"] = _tax_lines(order["tax_lines"], cart, delivery, ids)
    cart_tax, shipping_tax = _sum(cart.values()), _sum(delivery.values())
    net = cents(_total(lines) + _total(fees) + _total(shipping))
    _settle_discount(order)
    order["shipping_total"] = kept(cents(_total(shipping)))
    order["shipping_tax"] = kept(shipping_tax)
    order["cart_tax"] = kept(cart_tax)
    order["total_tax"] = kept(cart_tax + shipping_tax)
    order["total"] = kept(max(net + cart_tax + shipping_tax, Decimal(0)))
    _settle_flags(order)


def refunded(order: Order) -> Decimal:
    """How much of the order has been given back."""
    return _sum(Decimal(refund["amount"]) for refund in order["refunds"])


def _settle_discount(order: Order) -> None:
    """The order's discount; its coupons keep their shares of it when lines have changed."""
    lines = order["line_items"]
    discount = cents(_total(lines, "subtotal") - _total(lines))
    tax = cents(_total(lines, "subtotal_tax") - _total(lines, "total_tax"))
    order["discount_total"], order["discount_tax"] = kept(discount), kept(tax)
    stated = _total(order["coupon_lines"], "discount")
    if abs(stated - discount) <= CENT * len(order["coupon_lines"]) or not stated:
        return
    for coupon in order["coupon_lines"]:
        share = Decimal(coupon["discount"]) / stated
        coupon["discount"] = unpadded(cents(discount * share))
        coupon["discount_tax"] = unpadded(cents(tax * share))


def _settle_flags(order: Order) -> None:
    status = order["status"]
    order["is_editable"] = status in {"pending", "on-hold", "auto-draft"}
    payable = status in {"pending", "failed", "checkout-draft"}
    order["needs_payment"] = payable and Decimal(order["total"]) > 0
    order["needs_processing"] = any(
        line["product_id"] not in VIRTUAL_IDS for line in order["line_items"]
    )


def _tax_by_rate(lines: Iterable[Line], inclusive: bool) -> dict[int, Decimal]:
    sums: dict[int, Decimal] = {}
    for line in lines:
        for tax in line["taxes"]:
            sums[tax["id"]] = sums.get(tax["id"], Decimal(0)) + Decimal(tax["total"])
    rounding = ROUND_HALF_DOWN if inclusive else ROUND_HALF_UP
    return {rate_id: cents(tax, rounding) for rate_id, tax in sums.items()}


def _tax_lines(
    old: Sequence[Line], cart: dict[int, Decimal], delivery: dict[int, Decimal], ids: Ids
) -> list[Line]:
    numbered = {line["rate_id"]: line["id"] for line in old}
    return [
        {
            "id": numbered.get(rate.id) or ids.next_item(),
            "rate_code": rate.code,
            "rate_id": rate.id,
            "label": rate.label,
            "compound": rate.compound,
            "tax_total": kept(cart.get(rate.id, Decimal(0))),
            "shipping_tax_total": kept(delivery.get(rate.id, Decimal(0))),
            "rate_percent": _as_php_number(float(rate.percent)),
            "meta_data": [],
        }
        for rate in (RATES[rate_id] for rate_id in sorted({*cart, *delivery}))
    ]


def _as_php_number(number: float) -> float | int:
    """PHP writes a float without a fraction as an integer."""
    return int(number) if number.is_integer() else number


def _total(lines: Iterable[Line], key: str = "total") -> Decimal:
    return _sum(Decimal(line[key]) for line in lines)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
