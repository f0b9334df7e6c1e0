"""How a kept order and its refunds look in an answer of the REST API.

The shop keeps an order in the shape of the answer, with money at six decimal places, its refunds
whole, and what it has to remember under keys that begin with an underscore.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from eshops.sandbox.money import Order

ORDER_MONEY = (
    "discount_total",
    "discount_tax",
    "shipping_total",
    "shipping_tax",
    "cart_tax",
    "total",
    "total_tax",
)
LINE_KINDS = ("line_items", "tax_lines", "shipping_lines", "fee_lines")
LINE_MONEY = (
    "subtotal",
    "subtotal_tax",
    "total",
    "total_tax",
    "tax_total",
    "shipping_tax_total",
)
API = "/wp-json/wc/v3"
ANY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Places:
    """Writes kept amounts with a fixed number of decimal places, rounding half up."""

    def __init__(self, dp: int) -> None:
        self._step = Decimal(1).scaleb(-dp)

    def __call__(self, amount: str) -> str:
        if amount == "":
            return ""
        return f"{Decimal(amount).quantize(self._step, ROUND_HALF_UP) + 0:f}"

    def line(self, line: dict[str, Any]) -> dict[str, Any]:
        shown = dict(line)
        for key in LINE_MONEY:
            if key in shown:
                shown[key] = self(shown[key])
        if "taxes" in shown:
            shown["taxes"] = [
                {"id": t["id"], "total": self(t["total"]), "subtotal": self(t["subtotal"])}
                for t in shown["taxes"]
            ]
        return shown

    def lines(self, owner: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
        return {kind: [self.line(line) for line in owner[kind]] for kind in LINE_KINDS}


def order_answer(
    order: Order, *, dp: int = 2, base_url: str = "http://127.0.0.1", meta_by: str = "key"
) -> Order:
    """The order as `GET /orders/<id>` tells it, money at `dp` decimal places.

    Its metadata are sorted by their keys there and when asked for by id, by their ids elsewhere.

    Three things are exempt from `dp`: a line's `price` (a number), a coupon's amounts (text without
    padding) and the percent of a tax.
    """
    places = Places(dp)
    shown = {key: value for key, value in order.items() if key[0] != "_" or key == "_links"}
    shown |= {key: places(order[key]) for key in ORDER_MONEY}
    shown |= places.lines(order)
    shown["meta_data"] = sorted(order["meta_data"], key=lambda meta: meta[meta_by])
    shown["refunds"] = [
        {"id": refund["id"], "reason": refund["reason"], "total": places("-" + refund["amount"])}
        for refund in order["refunds"]
    ]
    shown["_links"] = order_links(order, base_url)
    return shown


def order_links(order: Order, base_url: str) -> dict[str, Any]:
    collection = f"{base_url}{API}/orders"
    itself = f"{collection}/{order['id']}"
    links: dict[str, Any] = {
        "self": [{"href": itself, "targetHints": {"allow": ANY_METHOD}}],
        "collection": [{"href": collection}],
        "email_templates": [{"embeddable": True, "href": f"{itself}/actions/email_templates"}],
    }
    if order["customer_id"]:
        links["customer"] = [{"href": f"{base_url}{API}/customers/{order['customer_id']}"}]
    return links


def refund_answer(
    refund: dict[str, Any], order_id: int, *, dp: int = 2, base_url: str = "http://127.0.0.1"
) -> dict[str, Any]:
    """The refund as `GET /orders/<id>/refunds` tells it: a positive amount, negative lines."""
    places = Places(dp)
    order_url = f"{base_url}{API}/orders/{order_id}"
    links = {
        "self": [
            {
                "href": f"{order_url}/refunds/{refund['id']}",
                "targetHints": {"allow": ["GET", "DELETE"]},
            }
        ],
        "collection": [{"href": f"{order_url}/refunds"}],
        "up": [{"href": order_url}],
    }
    return {**refund, "amount": places(refund["amount"]), **places.lines(refund), "_links": links}


def broken_answer(shown: Order) -> Order:
    """The same order with values of the wrong types, as a bad plugin would leave it."""
    return {**shown, "total": "abc", "line_items": "oops", "billing": None, "meta_data": {"a": 1}}
