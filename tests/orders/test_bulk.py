from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from orders import bulk
from orders.models import Order, OrderItem, SyncState
from tests import factories

pytestmark = pytest.mark.django_db

ODD = "Ő'\"\\ %s {} 🎁 </script> \u2028 řádek\nnový"


def item(order: Order, external_id: str, **values: object) -> OrderItem:
    return OrderItem(
        order=order,
        external_id=external_id,
        kind="product",
        position=0,
        quantity=Decimal("0.375"),
        **values,
    )


def test_every_kind_of_value_arrives_as_it_was() -> None:
    order = factories.order(factories.eshop())
    row = item(
        order,
        "1",
        name=ODD,
        net=Decimal("-1234567.123456"),
        tax=None,
        tax_rate=Decimal("15.4738"),
        in_total=False,
        metadata=[{"key": ODD, "value": {"a": [1, 1.5, None, True, ODD]}}],
    )
    bulk.insert([row])
    stored = OrderItem.objects.get()
    for field in OrderItem._meta.concrete_fields:
        if field.name != "id":
            assert getattr(stored, field.attname) == getattr(row, field.attname), field.name


def test_times_keep_their_microseconds_and_zone() -> None:
    order = factories.order(factories.eshop())
    state = SyncState.objects.get()
    state.asked_at = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
    state.synced_at = None
    bulk.upsert([state], unique=["order_id"], update=["asked_at", "synced_at"])
    stored = SyncState.objects.get(order=order)
    assert (stored.asked_at, stored.synced_at) == (state.asked_at, None)


def test_upsert_sets_only_what_it_is_told_and_inserts_the_rest() -> None:
    order = factories.order(factories.eshop())
    bulk.insert([item(order, "1", name="old", sku="kept")])
    bulk.upsert(
        [item(order, "1", name="new", sku="lost"), item(order, "2", name="added")],
        unique=["order_id", "kind", "external_id"],
        update=["name"],
    )
    rows = OrderItem.objects.order_by("external_id").values_list("name", "sku")
    assert list(rows) == [("new", "kept"), ("added", "")]


def test_update_by_primary_key() -> None:
    eshop = factories.eshop()
    orders = [factories.order(eshop, str(n)) for n in range(3)]
    for order in orders[:2]:
        order.number, order.total = f"new {order.pk}", Decimal("1.5")
    bulk.update(orders[:2], ["number"])
    assert [order.number for order in Order.objects.order_by("pk")] == [
        f"new {orders[0].pk}",
        f"new {orders[1].pk}",
        orders[2].number,
    ]
    assert not Order.objects.filter(total=Decimal("1.5"))


def test_delete_by_primary_key() -> None:
    order = factories.order(factories.eshop())
    bulk.insert([item(order, str(n)) for n in range(3)])
    keys = list(OrderItem.objects.order_by("external_id").values_list("pk", flat=True))
    bulk.delete(OrderItem, keys[:2])
    assert OrderItem.objects.get().external_id == "2"


def test_returning_tells_the_new_keys() -> None:
    order = factories.order(factories.eshop())
    keys = bulk.insert([item(order, "7"), item(order, "8")], returning="external_id")
    assert keys == dict(OrderItem.objects.values_list("external_id", "pk"))


def test_rows_that_exist_are_refused_or_left_alone() -> None:
    order = factories.order(factories.eshop())
    bulk.insert([item(order, "1", name="first")])
    rows = [item(order, "1", name="second"), item(order, "2")]
    keys = bulk.insert(rows, ignore_conflicts=True, returning="external_id")
    assert list(keys) == ["2"]
    assert OrderItem.objects.get(external_id="1").name == "first"
    with pytest.raises(IntegrityError):
        bulk.insert([item(order, "1")])


def test_nothing_to_write_costs_nothing() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert bulk.insert([], returning="id") == {}
        bulk.upsert([], unique=["id"], update=["name"])
        bulk.update([], ["name"])
        bulk.delete(OrderItem, [])
    assert not len(queries)


def test_one_statement_however_many_rows() -> None:
    order = factories.order(factories.eshop())
    with CaptureQueriesContext(connection) as queries:
        bulk.insert([item(order, str(n), name="x" * 200) for n in range(3000)])
        bulk.delete(OrderItem, list(range(5000)))
    assert len([q for q in queries if not q["sql"].startswith("SELECT")]) == 2


@pytest.mark.parametrize("hours", [2, -11])
def test_another_zone_is_the_same_moment(hours: int) -> None:
    moment = datetime(2026, 6, 1, 12, tzinfo=timezone(timedelta(hours=hours)))
    state = SyncState.objects.get(order=factories.order(factories.eshop()))
    state.asked_at = moment
    bulk.update([state], ["asked_at"])
    assert SyncState.objects.get().asked_at == moment
