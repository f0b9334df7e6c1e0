"""The lines of an order: products, coupons, shipping and fees."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from eshops.sandbox import stock
from eshops.sandbox.drafts import Coupon, Draft
from eshops.sandbox.ids import Ids
from eshops.sandbox.money import Line, Order, cents, kept, net_of, price_charge, unpadded
from eshops.sandbox.stock import Method, Product, Rate


def blank_line(name: str, quantity: int, product: Product | None, ids: Ids) -> Line:
    """A product line without its amounts; without a product it is one typed in by hand."""
    known = product if product and product.id else None
    return {
        "id": ids.next_item(),
        "name": name,
        "product_id": known.id if known else 0,
        "variation_id": known.variation_id if known else 0,
        "quantity": quantity,
        "tax_class": product.tax_class if product else "",
        "subtotal": "0",
        "subtotal_tax": "0",
        "total": "0",
        "total_tax": "0",
        "taxes": [],
        "meta_data": [
            line_meta(ids, key, value, shown_key, shown)
            for key, value, shown_key, shown in (known.options if known else ())
        ],
        "sku": known.sku if known else None,
        "global_unique_id": known.ean if known else None,
        "price": 0,
        "image": dict(zip(("id", "src"), known.image if known else (0, ""), strict=True)),
        "parent_name": known.parent_name if known else None,
    }


def product_line(item: tuple[Product, int], draft: Draft, ids: Ids) -> Line:
    product, quantity = item
    line = blank_line(product.name, quantity, product, ids)
    in_euros = draft.person.currency == "EUR"
    price = product.price if in_euros else in_currency(product.price, draft)
    asked = cents(price * quantity)
    if draft.inclusive:
        asked = net_of(asked, draft_rates(draft, product.tax_class))
    line["subtotal"] = line["total"] = kept(asked)
    return line


def coupon_lines(draft: Draft, order: Order, ids: Ids) -> Iterator[Line]:
    """Take each coupon off the lines' totals; a percentage is always of the full price."""
    for coupon in draft.coupons:
        nominal = Decimal(coupon.amount)
        if coupon.kind == "fixed_cart":
            nominal = in_currency(nominal, draft)
        net, tax = _discount(coupon, nominal, draft, order)
        info = json.dumps([coupon.id, coupon.code, coupon.kind, int(nominal)])
        yield {
            "id": ids.next_item(),
            "code": coupon.code,
            "discount": unpadded(cents(net)),
            "discount_tax": unpadded(cents(tax)),
            "meta_data": [line_meta(ids, "coupon_info", info.replace(", ", ","))],
            "discount_type": coupon.kind,
            "nominal_amount": int(nominal),
            "free_shipping": False,
        }


def _discount(
    coupon: Coupon, nominal: Decimal, draft: Draft, order: Order
) -> tuple[Decimal, Decimal]:
    """Lower the totals of the order's lines and say by how much, and by how much tax.

    The discount is in whole cents of the price the shop states: with tax where prices include it.
    """
    net = tax = Decimal(0)
    whole = sum((_stated(line, "total", draft) for line in order["line_items"]), Decimal(0))
    for line in order["line_items"]:
        total, rates = _stated(line, "total", draft), draft_rates(draft, line["tax_class"])
        if coupon.kind == "percent":
            off = cents(_stated(line, "subtotal", draft) * nominal / 100)
        else:
            off = cents(min(nominal, whole) * total / whole) if whole else Decimal(0)
        left = total - min(off, total)
        before = Decimal(line["total"])
        line["total"] = kept(net_of(left, rates) if draft.inclusive else left)
        change = before - Decimal(line["total"])
        net += change
        tax += sum((change * rate.percent / 100 for rate in rates), Decimal(0))
    return net, tax


def _stated(line: Line, key: str, draft: Draft) -> Decimal:
    """The amount the way the shop states prices."""
    amount = Decimal(line[key])
    if not draft.inclusive:
        return amount
    rates = draft_rates(draft, line["tax_class"])
    return cents(amount * (1 + sum((rate.percent for rate in rates), Decimal(0)) / 100))


def shipping_line(method: Method, draft: Draft, order: Order, ids: Ids) -> Line:
    items = ", ".join(f"{i['name']} &times; {i['quantity']}" for i in order["line_items"])
    meta = [line_meta(ids, "pickup_point", draft.pickup)] if draft.pickup else []
    line: Line = {
        "id": ids.next_item(),
        "method_title": method.title,
        "method_id": method.method_id,
        "instance_id": str(method.instance_id),
        "total": kept(in_currency(method.cost, draft)),
        "total_tax": "0",
        "taxes": [],
        "tax_status": "taxable",
        "meta_data": [*meta, line_meta(ids, "Items", items)],
    }
    price_charge(line, draft_rates(draft), inclusive=draft.inclusive)
    return line


def fee_line(name: str, amount: Decimal, draft: Draft, ids: Ids) -> Line:
    line: Line = {
        "id": ids.next_item(),
        "name": name,
        "tax_class": "",
        "tax_status": "taxable",
        "amount": "",
        "total": kept(in_currency(amount, draft)),
        "total_tax": "0",
        "taxes": [],
        "meta_data": [],
    }
    price_charge(line, draft_rates(draft), inclusive=draft.inclusive)
    return line


def line_meta(
    ids: Ids, key: str, value: Any, shown_key: str | None = None, shown: Any = None
) -> dict[str, Any]:
    return {
        "id": ids.next_meta(),
        "key": key,
        "value": value,
        "display_key": shown_key or key,
        "display_value": value if shown is None else shown,
    }


def in_currency(euros: Decimal, draft: Draft) -> Decimal:
    """The price in the order's currency; other than in EUR the shop asks round prices."""
    _, rate = stock.CURRENCIES[draft.person.currency]
    return cents(euros) if rate == 1 else (euros * rate).quantize(Decimal(1))


def draft_rates(draft: Draft, tax_class: str = "") -> tuple[Rate, ...]:
    return () if draft.exempt else stock.rates_for(draft.person.country, tax_class)
