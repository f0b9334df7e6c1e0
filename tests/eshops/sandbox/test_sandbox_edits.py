"""What a person changes in an order, and what it does to sums, dates and statuses."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests

from eshops.sandbox.exchange import Refused
from eshops.sandbox.server import RunningSandbox
from eshops.sandbox.shop import Shop

Get = Callable[..., requests.Response]
OLD = "2026-05-01T11:00:00"


@pytest.fixture
def edit(sandbox: RunningSandbox, order_id: int) -> Callable[..., dict[str, Any]]:
    """Edits the order through the control surface and gives back what the API then says."""

    def change(**changes: Any) -> dict[str, Any]:
        url = f"{sandbox.url}/_sandbox/orders/{order_id}"
        response = requests.post(url, json=changes, timeout=10)
        assert response.status_code == 200, response.text
        kept: dict[str, Any] = requests.get(url, timeout=10).json()
        return kept

    return change


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "processing"}, {"billing": {"city": "Zlín"}}, {"shipping": {"city": "Zlín"}},
        {"add_line": {"name": "Lžíce", "price": "3.10", "quantity": 2}},
        {"set_quantity": {"line_id": 91, "quantity": 5}}, {"remove_line": 92},
        {"refund": "10.00", "reason": ""}, {"payment_method": "cod"},
        {"payment_method_title": "Dobírka"}, {"paid": True}, {"customer_note": "Ahoj"},
        {"meta_data": {"key": "value"}}, {"number": "X-7"}, {"trash": True}, {},
    ],
    ids=str,
)  # fmt: skip
def test_every_edit_bumps_the_modification_date(edit: Any, changes: dict[str, Any]) -> None:
    before = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    order = edit(**changes)
    assert before <= order["date_modified_gmt"] <= datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    assert order["date_modified"] != order["date_modified_gmt"]
    assert order["date_created_gmt"] == "2026-05-01T10:00:00"


def test_deleting_a_refund_does_not(edit: Any, sandbox: RunningSandbox, order_id: int) -> None:
    refund = edit(refund="10.00")["refunds"][0]
    sandbox.shop.orders[order_id]["date_modified_gmt"] = OLD
    order = edit(delete_refund=refund["id"])
    assert (order["refunds"], order["date_modified_gmt"]) == ([], OLD)


def test_quantity(edit: Any) -> None:
    order = edit(set_quantity={"line_id": 91, "quantity": 5})
    line = order["line_items"][0]
    assert (line["quantity"], line["total"], line["total_tax"]) == (5, "50.000000", "10.500000")
    assert (line["price"], line["taxes"][0]["total"]) == (10, "10.500000")
    assert (order["total"], order["total_tax"]) == ("66.550000", "11.550000")
    assert order["tax_lines"][0]["tax_total"] == "11.550000"


def test_adding_and_removing_a_line(edit: Any) -> None:
    order = edit(add_line={"name": "Ruční práce", "price": "3,10", "quantity": 2})
    line = order["line_items"][-1]
    assert (line["product_id"], line["sku"], line["total"]) == (0, None, "6.200000")
    assert order["total"] == "37.750000"
    assert edit(remove_line=line["id"])["total"] == "30.250000"


def test_adding_a_product_at_its_own_rate(edit: Any) -> None:
    order = edit(add_line={"name": "Med květový 500 g", "price": "6.80"})
    assert (order["line_items"][-1]["product_id"], order["line_items"][-1]["quantity"]) == (2010, 1)
    assert [(t["rate_id"], t["tax_total"]) for t in order["tax_lines"]] == [
        (1, "5.250000"),
        (2, "0.820000"),
    ]
    assert all(t["id"] for t in order["tax_lines"])


def test_paying(edit: Any) -> None:
    order = edit(paid=True)
    assert order["status"] == "processing" and order["date_paid_gmt"]
    assert not order["needs_payment"]


def test_completing(edit: Any) -> None:
    order = edit(status="completed")
    assert order["date_completed_gmt"] and order["date_paid_gmt"]


def test_refunding_all_makes_the_order_refunded(edit: Any) -> None:
    edit(refund="10.00", reason="částečně")
    order = edit(refund="20.25")
    assert order["status"] == "refunded"
    assert order["total"] == "30.250000"
    assert [r["amount"] for r in order["refunds"]] == ["20.250000", "10.000000"]


def test_the_status_refunded_makes_the_refund(edit: Any) -> None:
    order = edit(status="refunded")
    assert [(r["amount"], r["reason"]) for r in order["refunds"]] == [
        ("30.250000", "Order fully refunded.")
    ]


def test_trash_and_restore(edit: Any) -> None:
    assert edit(trash=True)["status"] == "trash"
    assert edit(restore=True)["status"] == "pending"


def test_metadata_is_stored_as_woocommerce_does(edit: Any) -> None:
    values = {"a": 5, "b": False, "c": {"d": [1, None]}, "e": "text", "f": None}
    order = edit(meta_data=values)
    assert {m["key"]: m["value"] for m in order["meta_data"]} == {
        "a": "5", "b": "", "c": {"d": [1, None]}, "e": "text",
    }  # fmt: skip
    assert [m["key"] for m in edit(meta_data={"a": None, "e": "new"})["meta_data"]] == [
        "b", "c", "e",
    ]  # fmt: skip


def test_several_edits_at_once(edit: Any) -> None:
    order = edit(payment_method="cod", payment_method_title="Dobírka", number="2026/1")
    assert (order["payment_method"], order["payment_method_title"]) == ("cod", "Dobírka")
    assert order["number"] == "2026/1"


@pytest.mark.parametrize(
    "changes",
    [
        {"total": "1"}, {"status": "wc-completed"}, {"status": "trash"}, {"status": 5},
        {"billing": {"planet": "Mars"}}, {"billing": "Brno"}, {"shipping": {"city": 5}},
        {"add_line": {"name": "X"}}, {"add_line": {"name": "X", "price": "NaN"}},
        {"add_line": {"name": "X", "price": "abc"}}, {"set_quantity": {"line_id": 91}},
        {"set_quantity": {"line_id": 91, "quantity": 0}},
        {"set_quantity": {"line_id": 1, "quantity": 2}}, {"remove_line": 1}, {"refund": "0"},
        {"refund": "30.26"}, {"refund": "-1"}, {"delete_refund": 1}, {"paid": False},
        {"meta_data": []}, {"restore": True}, {"number": 7},
        {"customer_note": "kept?", "refund": "999"},
    ],
    ids=str,
)  # fmt: skip
def test_a_refused_edit_says_why_and_changes_nothing(
    sandbox: RunningSandbox, order_id: int, changes: dict[str, Any]
) -> None:
    before = sandbox.shop.orders[order_id]
    url = f"{sandbox.url}/_sandbox/orders/{order_id}"
    response = requests.post(url, json=changes, timeout=10)
    assert response.status_code == 400
    assert response.json()["error"].endswith(".")
    assert sandbox.shop.orders[order_id] == before


def test_a_coupon_keeps_its_share_when_a_quantity_changes() -> None:
    shop = Shop(count=250)
    order = next(o for o in shop.orders.values() if o["coupon_lines"] and Decimal(o["total"]) > 20)
    line = order["line_items"][0]
    change = {"line_id": line["id"], "quantity": line["quantity"] * 3}
    after = shop.edit(order["id"], {"set_quantity": change})
    assert after is not None
    discounts = sum(Decimal(c["discount"]) for c in after["coupon_lines"])
    assert abs(discounts - Decimal(after["discount_total"])) <= Decimal("0.02")
    assert Decimal(after["discount_total"]) > Decimal(order["discount_total"])


def test_sums_hold_after_edits_to_every_order() -> None:
    shop = Shop(count=250)
    for order_id, order in list(shop.orders.items()):
        line = order["line_items"][0]
        after = shop.edit(
            order_id,
            {
                "set_quantity": {"line_id": line["id"], "quantity": line["quantity"] + 2},
                "add_line": {"name": "Svíčka z včelího vosku", "price": "7.90"},
            },
        )
        assert after is not None
        charges = [*after["line_items"], *after["shipping_lines"], *after["fee_lines"]]
        gross = sum(Decimal(c["total"]) + Decimal(c["total_tax"]) for c in charges)
        assert abs(gross - Decimal(after["total"])) <= Decimal("0.01"), order_id


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(Refused, match="There is no order 5"):
        Shop(count=1).edit(5, {"trash": True})


def test_refund_amounts_stay_when_a_client_reads_them(
    get: Get, sandbox: RunningSandbox, order_id: int
) -> None:
    sandbox.shop.edit(order_id, {"refund": "10.005"})
    assert get(f"/orders/{order_id}").json()["refunds"][0]["total"] == "-10.01"
