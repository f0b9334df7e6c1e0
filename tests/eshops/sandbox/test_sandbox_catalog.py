"""The orders the shop opens with: their shape, their sums and their variety."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from eshops.sandbox.catalog import build_orders
from eshops.sandbox.clock import from_gmt
from eshops.sandbox.wire import order_answer

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ORDERS = build_orders(250, NOW)
SHOWN = [order_answer(order) for order in ORDERS]

Shape = dict[str, dict[str, set[str]]]


def kind(value: Any) -> str:
    # PHP writes a float without a fraction as an integer.
    return "number" if type(value) in (int, float) else type(value).__name__


def add_shape(shape: Shape, path: str, value: Any) -> None:
    """Collect the keys of every object and the types seen under each key."""
    if isinstance(value, list):
        for entry in value:
            add_shape(shape, path + "[]", entry)
    elif isinstance(value, dict):
        for key, entry in value.items():
            shape.setdefault(path, {}).setdefault(key, set()).add(kind(entry))
            if key not in {"value", "display_value"}:
                add_shape(shape, f"{path}.{key}", entry)


def shape_of(orders: list[dict[str, Any]]) -> Shape:
    shape: Shape = {}
    for order in orders:
        add_shape(shape, "order", order)
    return shape


def test_every_key_and_type_is_one_a_real_shop_sends(recorded: Callable[[str], Any]) -> None:
    real, ours = shape_of(recorded("orders_sample")), shape_of(SHOWN)
    assert ours.keys() == real.keys()
    for path, keys in real.items():
        assert ours[path].keys() == keys.keys(), path
        for key, types in keys.items():
            allowed = types | {"dict", "list", "str"} if key.endswith("value") else types
            if key in {"date_paid", "date_completed", "date_paid_gmt", "date_completed_gmt"}:
                allowed = {"NoneType", "str"}
            if key in {"parent_name", "sku", "global_unique_id"}:
                allowed = allowed | {"NoneType"}
            assert ours[path][key] <= allowed, (path, key)


def test_keys_come_in_the_recorded_sequence(recorded: Callable[[str], Any]) -> None:
    sequence = list(recorded("orders_sample")[0])
    assert all(list(order) == sequence for order in SHOWN)


def test_a_kept_refund_has_the_keys_of_a_recorded_one(recorded: Callable[[str], Any]) -> None:
    real = recorded("refunds_partial_line")["body"][0]
    kept = next(r for order in ORDERS for r in order["refunds"] if r["line_items"])
    assert {*kept, "_links"} == set(real)
    assert set(kept["line_items"][0]) == set(real["line_items"][0])


@pytest.mark.parametrize("dp", [2, 6])
@pytest.mark.parametrize("order", ORDERS, ids=lambda order: str(order["id"]))
def test_the_lines_of_an_order_add_up(order: dict[str, Any], dp: int) -> None:
    shown = order_answer(order, dp=dp)
    money = Decimal
    charges = [*shown["line_items"], *shown["shipping_lines"], *shown["fee_lines"]]
    gross = sum((money(c["total"]) + money(c["total_tax"]) for c in charges), Decimal(0))
    assert abs(gross - money(shown["total"])) <= Decimal("0.01")
    assert money(shown["total_tax"]) == money(shown["cart_tax"]) + money(shown["shipping_tax"])
    assert money(shown["cart_tax"]) == sum(money(t["tax_total"]) for t in shown["tax_lines"])
    lines = shown["line_items"]
    off = sum((money(line["subtotal"]) - money(line["total"]) for line in lines), Decimal(0))
    assert abs(off - money(shown["discount_total"])) <= Decimal("0.01") * len(lines)
    coupons = sum((money(c["discount"]) for c in shown["coupon_lines"]), Decimal(0))
    assert abs(coupons - money(shown["discount_total"])) <= Decimal("0.02")
    assert sum(money(r["total"]) for r in shown["refunds"]) + money(shown["total"]) >= 0
    for line in lines:
        assert line["price"] == pytest.approx(
            float(order_answer(order, dp=6)["line_items"][lines.index(line)]["total"])
            / line["quantity"]
        )


def test_some_order_whose_prices_include_tax_is_a_cent_off() -> None:
    def difference(order: dict[str, Any]) -> Decimal:
        charges = [*order["line_items"], *order["shipping_lines"], *order["fee_lines"]]
        gross = sum(Decimal(c["total"]) + Decimal(c["total_tax"]) for c in charges)
        return gross - Decimal(order["total"])

    off = [order for order in SHOWN if difference(order)]
    assert off and all(order["prices_include_tax"] for order in off)
    assert {difference(order) for order in off} == {Decimal("0.01")}


def test_the_same_moment_gives_the_same_orders() -> None:
    assert build_orders(250, NOW) == ORDERS


def test_orders_are_spread_over_the_last_120_days() -> None:
    placed = [from_gmt(order["date_created_gmt"]) for order in ORDERS]
    assert placed == sorted(placed)
    assert NOW - timedelta(days=121) < placed[0] < NOW - timedelta(days=118)
    assert NOW - timedelta(hours=12) < placed[-1] < NOW
    for order in ORDERS:
        for name in ("modified", "paid", "completed"):
            moment = order[f"date_{name}_gmt"]
            assert moment is None or order["date_created_gmt"] <= moment <= NOW.isoformat()[:19]


def test_ids_have_gaps_and_some_numbers_are_unlike_them() -> None:
    ids = [order["id"] for order in ORDERS]
    assert len(set(ids)) == 250 and ids[-1] - ids[0] > 400
    refund_ids = [refund["id"] for order in ORDERS for refund in order["refunds"]]
    assert not set(refund_ids) & set(ids)
    others = [o["number"] for o in ORDERS if o["number"] != str(o["id"])]
    assert len(others) > 20 and all(number.startswith("2026-CZ/") for number in others)


def lines(order: dict[str, Any]) -> list[dict[str, Any]]:
    every: list[dict[str, Any]] = order["line_items"]
    return every


def meta(order: dict[str, Any]) -> dict[str, Any]:
    return {entry["key"]: entry["value"] for entry in order["meta_data"]}


VARIETY: dict[str, Callable[[dict[str, Any]], object]] = {
    "one partial refund with its line": lambda o: o["status"] == "completed" and o["refunds"],
    "two refunds": lambda o: len(o["refunds"]) == 2,
    "full refund": lambda o: o["status"] == "refunded" and len(o["refunds"]) == 1,
    "packing fee": lambda o: any(f["name"] == "Balné" for f in o["fee_lines"]),
    "negative fee": lambda o: any(f["total"].startswith("-") for f in o["fee_lines"]),
    "percent coupon": lambda o: any(c["discount_type"] == "percent" for c in o["coupon_lines"]),
    "fixed coupon": lambda o: any(c["discount_type"] == "fixed_cart" for c in o["coupon_lines"]),
    "unpadded discount": lambda o: any("." not in c["discount"] for c in o["coupon_lines"]),
    "two parcels": lambda o: len(o["shipping_lines"]) == 2,
    "no shipping": lambda o: not o["shipping_lines"] and not any(o["shipping"].values()),
    "free shipping": lambda o: any(s["method_id"] == "free_shipping" for s in o["shipping_lines"]),
    "packeta": lambda o: (
        isinstance(meta(o).get("packetery_point"), dict)
        and meta(o)["_packeta_point_id"]
        and isinstance(o["shipping_lines"][0]["meta_data"][0]["value"], dict)
    ),
    "company": lambda o: {"billing_ic", "billing_dic", "billing_dic_dph"} <= meta(o).keys(),
    "company, other plugin": lambda o: {"_billing_vat_id", "_billing_company_id"} <= meta(o).keys(),
    "script in the note": lambda o: "<script>alert(1)</script>" in o["customer_note"],
    "html in a name": lambda o: any("<em>" in line["name"] for line in lines(o)),
    "variation": lambda o: any(
        line["variation_id"] and line["meta_data"][0]["key"] == "pa_velikost" for line in lines(o)
    ),
    "two VAT rates": lambda o: {t["rate_percent"] for t in o["tax_lines"]} == {21, 12},
    "compound tax": lambda o: [t["compound"] for t in o["tax_lines"]] == [False, True],
    "free item": lambda o: any(line["price"] == 0 and not o["coupon_lines"] for line in lines(o)),
    "deleted product": lambda o: any(
        line["product_id"] == 0 and line["sku"] is None for line in lines(o)
    ),
    "no SKU": lambda o: any(line["sku"] == "" for line in lines(o)),
    "nothing to pay": lambda o: o["total"] == "0.00",
    "no payment method": lambda o: o["payment_method"] == "" and o["needs_payment"],
    "stripe": lambda o: o["payment_method"] == "stripe",
    "gopay": lambda o: o["payment_method"] == "gopay_card",
    "custom status": lambda o: o["status"] == "ready-pickup",
    "only virtual": lambda o: not o["needs_processing"],
    "tax included": lambda o: o["prices_include_tax"],
    "no tax": lambda o: not o["tax_lines"],
}


@pytest.mark.parametrize("name", VARIETY)
def test_there_is_an_order_with(name: str) -> None:
    assert any(VARIETY[name](order) for order in SHOWN)


def test_one_order_has_120_lines_and_all_currencies_occur() -> None:
    assert [len(lines(order)) for order in SHOWN if len(lines(order)) > 20] == [120]
    assert Counter(order["currency"] for order in SHOWN).keys() == {"EUR", "CZK", "HUF", "JPY"}


def test_a_few_orders_are_varied_too() -> None:
    few = build_orders(40, NOW)
    assert len(few) == 40
    assert any(order["refunds"] for order in few) and any(order["coupon_lines"] for order in few)
