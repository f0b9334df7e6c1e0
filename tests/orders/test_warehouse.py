"""What is handed over to the warehouse, the file it gets, and taking an order back."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from eshops.models import Eshop
from orders.models import Handover, Movement, Order, OrderAddress, OrderItem, Warehouse
from orders.warehouse import (
    NotHandedOver,
    Parcel,
    csv_text,
    file_of,
    hand_over,
    hand_over_due,
    json_text,
    refusal,
    take_back,
)
from tests import factories

ALL = Order.objects.all


def parcel(*lines: OrderItem, **fields: Any) -> Parcel:
    defaults: dict[str, Any] = {
        "eshop": Eshop(name="Shop"),
        "number": "1001",
        "placed_at": factories.PLACED,
        "status_type": "paid",
        "status_name": "Paid",
        "currency": "EUR",
    }
    return Parcel(Order(**(defaults | fields)), {}, list(lines))


def line(**fields: Any) -> OrderItem:
    defaults = {"kind": "product", "name": "Tea", "sku": "T1", "quantity": Decimal("2.000000")}
    return OrderItem(**(defaults | fields))


def address(kind: str, **fields: Any) -> OrderAddress:
    return OrderAddress(kind=kind, **fields)


class TestRefusal:
    HALL = Warehouse(name="Hall", status_types=["paid", "packed"])

    @pytest.mark.parametrize(
        ("fields", "lines", "reason"),
        [
            ({}, [line()], ""),
            ({"status_type": "packed"}, [line(), line(ean="")], ""),
            ({"handover_id": 3}, [line()], "The warehouse has it already."),
            ({"source_state": "trashed"}, [line()], "while it is: in the e-shop's trash."),
            ({"source_state": "missing"}, [line()], "while it is: missing in the e-shop."),
            ({"status_type": "new", "status_name": "Čeká"}, [line()], "Its status is Čeká, and"),
            ({"status_type": "", "status_name": ""}, [line()], "Its status is none, and"),
            ({}, [], "It has no products."),
            ({}, [line(), line(sku=" ", name="Caf&eacute;")], "product number, which is missing on "
             "“Café”."),
            ({}, [line(sku="", name=""),] * 5, "and 2 more."),
        ],
    )  # fmt: skip
    def test_in_words(self, fields: dict[str, Any], lines: list[OrderItem], reason: str) -> None:
        told = refusal(parcel(*lines, **fields), self.HALL)
        assert told.endswith(reason) or reason in told
        assert bool(told) == bool(reason)

    def test_by_the_ean(self) -> None:
        hall = Warehouse(status_types=["paid"], match_by="ean")
        assert "knows products by EAN, which is missing on “Tea”" in refusal(parcel(line()), hall)
        assert refusal(parcel(line(sku="", ean="859")), hall) == ""


class TestFile:
    def test_a_row_for_each_product(self) -> None:
        one = parcel(
            line(name="T &amp; C", variant="1 kg", unit_price=Decimal("10.500000"), ean="859"),
            line(name="Cup", sku="C1"),
            delivery_name="PPL",
            pickup_point_name="Brno 1",
            customer_note='Say "hi", \n then go',
        )
        one.addresses = {"billing": address("billing", city="Plzeň", country="CZ")}
        rows = list(csv.DictReader(io.StringIO(csv_text_of(one), newline="")))
        assert [row["sku"] for row in rows] == ["T1", "C1"]
        first = rows[0]
        assert (first["name"], first["variant"]) == ("T & C", "1 kg")
        assert (first["quantity"], first["unit_price"], first["currency"]) == ("2", "10.5", "EUR")
        assert (first["order_number"], first["eshop"], first["status"]) == ("1001", "Shop", "Paid")
        assert first["placed_at"] == "2026-11-02T09:30:00+00:00"
        assert (first["delivery"], first["pickup_point"]) == ("PPL", "Brno 1")
        assert first["note"] == 'Say "hi", \n then go'
        assert rows[1]["unit_price"] == ""

    @pytest.mark.parametrize(
        ("shipping", "city"),
        [
            ({"city": "Brno", "country": "CZ"}, "Brno"),
            ({"country": "CZ"}, "Plzeň"),
            ({}, "Plzeň"),
            (None, "Plzeň"),
        ],
    )
    def test_the_address_goods_go_to(self, shipping: dict[str, str] | None, city: str) -> None:
        one = parcel(line())
        one.addresses["billing"] = address("billing", city="Plzeň", country="SK")
        if shipping is not None:
            one.addresses["shipping"] = address("shipping", **shipping)
        (row,) = json.loads(file_of([one], "json", "sku"))
        assert row["shipping_city"] == city
        assert row["shipping_country"] == ("CZ" if city == "Brno" else "SK")

    @pytest.mark.parametrize(("match_by", "other"), [("sku", "ean"), ("ean", "sku")])
    def test_what_products_are_known_by_comes_first(self, match_by: str, other: str) -> None:
        header = file_of([parcel(line())], "csv", match_by).splitlines()[0].split(",")
        assert header.index(match_by) == header.index(other) - 1 == header.index("name") - 2

    @pytest.mark.parametrize(
        ("value", "cell"),
        [
            ("=1+1", "'=1+1"),
            ("+SUM(A1)", "'+SUM(A1)"),
            ("-2+3", "'-2+3"),
            ("@cmd", "'@cmd"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("+420 777-123", "'+420 777-123"),
            ("+420 777 123 456*2", "'+420 777 123 456*2"),
            ("-5 A1", "'-5 A1"),
            ("+420 777\n=1", "'+420 777\n=1"),
            ("+٣", "'+٣"),
            ("-", "'-"),
            ("+420 777 123 456", "+420 777 123 456"),
            ("+420\u00a0777\u00a0123\u00a0456", "+420\u00a0777\u00a0123\u00a0456"),
            ("+420777123456", "+420777123456"),
            ("-5", "-5"),
            ("-5.25", "-5.25"),
            ("-1 234,50", "-1 234,50"),
            ("a=1", "a=1"),
            ("", ""),
            ("'quoted", "'quoted"),
        ],
    )
    def test_no_cell_is_a_formula(self, value: str, cell: str) -> None:
        text = csv_text([{"a": value, "b": "x"}])
        assert list(csv.reader(io.StringIO(text, newline=""))) == [["a", "b"], [cell, "x"]]
        assert json.loads(json_text([{"a": value}])) == [{"a": value}]

    def test_json_has_decimals_as_text(self) -> None:
        (row,) = json.loads(file_of([parcel(line(unit_price=Decimal("0.100000")))], "json", "sku"))
        assert (row["quantity"], row["unit_price"]) == ("2", "0.1")
        assert all(isinstance(value, str) for value in row.values())


def csv_text_of(one: Parcel) -> str:
    return file_of([one], "csv", "sku")


@pytest.fixture
def hall() -> Warehouse:
    return Warehouse.objects.create(name="Hall", is_active=True, status_types=["paid"])


def paid(eshop: Eshop, external_id: str = "1", sku: str = "T1", **fields: Any) -> Order:
    order = factories.order(eshop, external_id, **({"status_type": "paid"} | fields))
    OrderItem.objects.create(
        order=order, kind="product", external_id="1", position=0, name="Tea", sku=sku,
        quantity=Decimal(1),
    )  # fmt: skip
    OrderAddress.objects.create(order=order, kind="billing", city="Brno")
    return order


@pytest.mark.django_db
class TestHandOver:
    def test_a_file_a_movement_and_the_order_is_theirs(self, hall: Warehouse) -> None:
        order, olga = paid(factories.eshop()), factories.user(username="olga")
        result = hand_over(ALL(), olga)
        assert (result.count, result.refused) == (1, [])
        order.refresh_from_db()
        handover = result.handover
        assert handover is not None and order.handover == handover
        assert (handover.warehouse, handover.actor_name, handover.format) == (hall, "olga", "csv")
        assert "2026-1,Shop," in handover.content and ",T1," in handover.content
        movement = order.movements.get()
        assert (movement.kind, movement.actor, movement.actor_name) == ("handed_over", olga, "olga")
        assert movement.message == f"Handover {handover.pk} to Hall."

    def test_pressed_twice_it_happens_once(self, hall: Warehouse) -> None:
        paid(factories.eshop())
        first = hand_over(ALL(), None, name="a")
        second = hand_over(ALL(), None, name="b")
        assert (second.handover, second.count) == (None, 0)
        assert second.refused[0][1] == "The warehouse has it already."
        assert Handover.objects.get() == first.handover
        assert Movement.objects.count() == 1

    def test_one_that_cannot_go_does_not_hold_up_the_others(self, hall: Warehouse) -> None:
        eshop = factories.eshop()
        paid(eshop, "1")
        stays = [
            paid(eshop, "2", sku=""),
            paid(eshop, "3", status_type="shipped"),
            paid(eshop, "4", source_state="missing"),
        ]
        result = hand_over(ALL(), None)
        assert (result.count, [order for order, _ in result.refused]) == (1, stays)
        assert all(reason for _, reason in result.refused)
        assert Order.objects.filter(handover=result.handover).count() == 1
        assert Movement.objects.count() == 1
        assert result.handover is not None and "2026-2" not in result.handover.content

    def test_nobody_to_hand_over_to(self) -> None:
        paid(factories.eshop())
        Warehouse.objects.create(name="Old", status_types=["paid"])
        with pytest.raises(NotHandedOver, match="No warehouse is active"):
            hand_over(ALL(), None)
        assert not Handover.objects.exists()

    def test_no_order_and_too_many(self, hall: Warehouse) -> None:
        with pytest.raises(NotHandedOver, match="No order was selected"):
            hand_over(ALL(), None)
        eshop = factories.eshop()
        for number in range(101):
            factories.order(eshop, str(number), status_type="paid")
        with pytest.raises(NotHandedOver, match=r"Up to 100 orders .* 101 are selected"):
            hand_over(ALL(), None)
        assert not Movement.objects.exists()

    @pytest.mark.parametrize("count", [1, 100])
    def test_statements_do_not_grow(
        self, hall: Warehouse, count: int, django_assert_num_queries: Any
    ) -> None:
        eshop = factories.eshop()
        for number in range(count):
            paid(eshop, str(number))
        with django_assert_num_queries(10):  # two of them are the savepoint's
            assert hand_over(ALL(), None).count == count

    def test_it_goes_where_lines_of_other_kinds_have_no_number(self, hall: Warehouse) -> None:
        order = paid(factories.eshop())
        OrderItem.objects.create(
            order=order, kind="shipping", external_id="9", position=1, quantity=Decimal(1)
        )
        result = hand_over(ALL(), None)
        assert result.handover is not None
        assert len(result.handover.content.splitlines()) == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_once_hand_over_once() -> None:
    Warehouse.objects.create(name="Hall", is_active=True, status_types=["paid"])
    paid(factories.eshop())
    together = Barrier(2)

    def press() -> int:
        try:
            together.wait(10)
            return hand_over(ALL(), None).count
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        presses = [pool.submit(press) for _ in range(2)]
        assert sorted(each.result() for each in presses) == [0, 1]
    assert Handover.objects.count() == Movement.objects.count() == 1


@pytest.mark.django_db
class TestTakeBack:
    def test_it_is_free_again(self, hall: Warehouse) -> None:
        order, olga = paid(factories.eshop()), factories.user(username="olga")
        handover = hand_over(ALL(), olga).handover
        take_back(order.pk, olga)
        order.refresh_from_db()
        assert order.handover is None
        newest = order.movements.first()
        assert newest is not None and handover is not None
        assert (newest.kind, newest.actor_name) == ("taken_back", "olga")
        assert newest.message == f"It was with Hall by handover {handover.pk}."
        with pytest.raises(NotHandedOver, match="does not have this order"):
            take_back(order.pk, olga)
        assert order.movements.count() == 2
        assert hand_over(ALL(), olga).count == 1


@pytest.mark.django_db
class TestByItself:
    @pytest.fixture
    def hall(self) -> Warehouse:
        return Warehouse.objects.create(
            name="Hall", is_active=True, status_types=["paid"], automatic=True
        )

    def test_all_that_is_due_in_batches(self, hall: Warehouse) -> None:
        eshop = factories.eshop()
        for number in range(103):
            paid(eshop, str(number), sku="" if number < 2 else "T1")
        paid(eshop, "new", status_type="new")
        assert hand_over_due() == 101
        assert [h.orders.count() for h in Handover.objects.order_by("pk")] == [100, 1]
        assert set(Handover.objects.values_list("actor_name", flat=True)) == {"schedule"}
        assert hand_over_due() == 0

    def test_one_that_was_taken_back_is_left_to_people(self, hall: Warehouse) -> None:
        order = paid(factories.eshop())
        hand_over_due()
        take_back(order.pk, factories.user())
        assert hand_over_due() == 0

    @pytest.mark.parametrize("off", [{"automatic": False}, {"is_active": False}])
    def test_not_unless_wanted(self, hall: Warehouse, off: dict[str, bool]) -> None:
        paid(factories.eshop())
        Warehouse.objects.update(**off)
        assert hand_over_due() == 0

    def test_a_blank_number_does_not_stop_the_rest(self, hall: Warehouse) -> None:
        eshop = factories.eshop()
        paid(eshop, "1", sku="  ")
        paid(eshop, "2")
        assert hand_over_due() == 1
