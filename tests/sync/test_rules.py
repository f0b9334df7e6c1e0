from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Event
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from msgspec import structs

from eshops.models import Eshop
from eshops.resolve import EshopSettings, ResolvedOrder, resolve
from eshops.source import SourceAddress
from orders.models import Handover, Order, Warehouse
from orders.warehouse import hand_over
from sync import engine
from sync.imports import load_orders, start_import
from sync.models import SyncItem
from sync.rules import GROUPS, Rule, carry_out, combined
from sync.runs import start_run
from tests import factories
from tests.shops import ScriptedShop
from tests.sources import PLACED, source_item, source_order
from tests.sync.test_worker import eventually


def resolved(**values: Any) -> ResolvedOrder:
    return resolve(source_order(**values), EshopSettings(version=1)).order


BEFORE = resolved()
AFTER = resolved(
    status_code="completed",
    customer_email="",
    billing=SourceAddress(city="Plzeň"),
    total=Decimal("30"),
    items=(source_item("11", quantity=Decimal(3)), source_item("12")),
)


def test_every_column_is_in_one_group_or_always_overwritten() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert len(grouped) == len(set(grouped))
    always = {"number", "placed_at", "source_state"}
    assert set(grouped) | always == set(ResolvedOrder.__struct_fields__)


def test_without_rules_everything_is_overwritten() -> None:
    assert carry_out(BEFORE, AFTER, {}) == (AFTER, ())


def test_a_kept_group_stays_and_tells_what_the_eshop_says() -> None:
    after, kept = carry_out(BEFORE, AFTER, {"items": Rule("keep", "the warehouse has it")})
    assert after.items == BEFORE.items
    assert after.status_code == "completed"
    (items,) = kept
    assert (items.group, items.reason) == ("items", "the warehouse has it")
    assert [(line.action, line.external_id) for line in items.lines] == [
        ("changed", "11"),
        ("added", "12"),
    ]


def test_what_the_eshop_has_likewise_is_not_told_as_kept() -> None:
    after, kept = carry_out(BEFORE, BEFORE, {group: Rule("keep", "r") for group in GROUPS})
    assert (after, kept) == (BEFORE, ())


def test_only_if_empty_fills_what_is_empty_here() -> None:
    before = resolved(customer_email="", customer_phone="777")
    after = resolved(customer_email="new@example.test", customer_phone="888")
    merged, kept = carry_out(before, after, {"customer": Rule("empty", "r")})
    assert (merged.customer_email, merged.customer_phone) == ("new@example.test", "777")
    assert [(c.field, c.old, c.new) for c in kept[0].fields] == [("customer_phone", "777", "888")]


PAID = {"is_paid": True, "paid_at": PLACED}
UNPAID = {"is_paid": False, "paid_at": None}
POINT = {"pickup_point_id": "77", "pickup_point_name": "Z-BOX Brno"}
COMPANY = {"company": "Čaj a.s.", "company_id": "123", "vat_id": "CZ123"}


@pytest.mark.parametrize(
    ("group", "ours", "theirs", "is_filled"),
    [
        ("status", {"status_code": "odd", "status_name": "odd"}, {}, False),
        ("status", {"status_code": "", "status_name": ""}, {}, True),
        ("status", {"status_code": "completed", "status_name": "Hotovo"}, {}, True),
        ("payment", {"payment_code": "cod", "payment_name": ""}, {"payment_code": "card"}, False),
        ("payment", {"payment_code": "", "payment_name": ""}, {"payment_code": "card"}, True),
        ("payment", UNPAID, PAID, True),
        ("payment", PAID | {"paid_at": None}, PAID, True),
        ("payment", PAID, UNPAID, False),
        ("payment", PAID, PAID | {"paid_at": PLACED + timedelta(days=1)}, False),
        ("delivery", {}, POINT, True),
        ("delivery", {"delivery_code": "ppl"}, POINT, False),
        ("delivery", {"pickup_point_id": "5"}, POINT, False),
        ("delivery", {"tracking_number": "A1"}, {"tracking_url": "https://x.test/B2"}, False),
        ("delivery", {}, {"tracking_number": "A1", "tracking_url": "https://x.test/A1"}, True),
        ("customer", {"company": "Káva s.r.o."}, COMPANY, False),
        ("customer", {"company": "Čaj a.s."}, COMPANY, True),
        ("totals", {"currency": ""}, {"total": Decimal(30)}, False),
        ("totals", {"currency": ""}, {}, True),
    ],
)
def test_fields_that_say_one_thing_are_filled_or_kept_together(
    group: str, ours: dict[str, Any], theirs: dict[str, Any], is_filled: bool
) -> None:
    told = structs.replace(resolved(), **theirs)
    if group == "status":
        done = {"status_code": "completed", "status_name": "Hotovo", "status_type": "delivered"}
        told = structs.replace(told, **done, status_color="#23734a")
    before = structs.replace(resolved(), **ours)
    after, kept = carry_out(before, told, {group: Rule("empty", "r")})
    assert after == (told if is_filled else before)
    assert bool(kept) is not is_filled


def test_what_is_said_apart_is_filled_apart() -> None:
    before = resolved(payment_name="Dobírka", variable_symbol="", **UNPAID)
    told = resolved(payment_code="card", payment_name="Kartou", variable_symbol="9", **PAID)
    after, kept = carry_out(before, told, {"payment": Rule("empty", "r")})
    assert (after.payment_code, after.payment_name) == ("cod", "Dobírka")
    assert (after.is_paid, after.paid_at, after.variable_symbol) == (True, PLACED, "9")
    assert [change.field for change in kept[0].fields] == ["payment_code", "payment_name"]


def test_an_empty_address_is_filled_as_a_whole() -> None:
    before = resolved(shipping_address=SourceAddress())
    after, kept = carry_out(before, AFTER, {"addresses": Rule("empty", "r")})
    assert after.shipping_address == AFTER.shipping_address
    assert after.billing == before.billing
    assert {change.field.split(".")[0] for change in kept[0].fields} == {"billing"}


def test_the_more_careful_of_two_rules_counts() -> None:
    rules = combined(
        ({"items": "empty", "status": "keep", "totals": "overwrite"}, "the e-shop"),
        ({"items": "keep", "status": "empty"}, "the warehouse"),
    )
    assert rules == {
        "items": Rule("keep", "the warehouse"),
        "status": Rule("keep", "the e-shop"),
    }


@pytest.mark.django_db
@pytest.mark.usefixtures("valkey", "sent")
class TestCarriedOut:
    @pytest.fixture
    def order(self, scripted: ScriptedShop) -> Order:
        eshop = factories.eshop()
        scripted.put(source_order())
        load_orders(start_import(eshop, None, None).pk)
        scripted.put(
            source_order(status_code="completed", items=(source_item("11"), source_item("12")))
        )
        return Order.objects.get()

    def synchronize(self, order: Order) -> SyncItem:
        run = start_run(Order.objects.filter(pk=order.pk), None, "row").run
        assert run is not None
        engine.synchronize_lane(run.pk, order.eshop_id)
        order.refresh_from_db()
        return run.items.get()

    def test_an_eshops_rule(self, order: Order) -> None:
        Eshop.objects.update(rules={"status": "keep"})
        item = self.synchronize(order)
        assert (order.status_code, order.items.count()) == ("processing", 2)
        assert (item.outcome, item.message) == ("updated", "Status kept: so Shop is set up.")
        assert item.movement is not None
        assert item.movement.changes["kept"][0]["fields"][0] == {
            "field": "status_code",
            "old": "processing",
            "new": "completed",
        }
        assert order.sync_state.kept[0]["group"] == "status"

    def test_the_warehouses_rule_while_it_has_the_order(self, order: Order) -> None:
        warehouse = Warehouse.objects.create(
            name="Hall", is_active=True, rules={"items": "keep", "status": "keep"}
        )
        at = timezone.now() - timedelta(minutes=1)
        handover = Handover.objects.create(warehouse=warehouse, at=at, format="csv", content="")
        Order.objects.update(handover=handover)
        item = self.synchronize(order)
        since = timezone.localtime(at)
        when = f"{since:%H:%M}" if since.date() == timezone.localdate() else ""
        assert item.outcome == "unchanged"
        assert f"Items kept: the warehouse has this order since {when}" in item.message
        assert (order.status_code, order.items.count()) == ("processing", 1)
        Order.objects.update(handover=None)
        item = self.synchronize(order)
        assert (item.outcome, item.message) == ("updated", "")
        assert (order.status_code, order.items.count()) == ("completed", 2)
        assert order.sync_state.kept == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("valkey", "sent")
def test_an_order_handed_over_while_a_synchronization_waits_for_it(scripted: ScriptedShop) -> None:
    """The warehouse has locked the order when the answer is to be written; its rules hold."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite locks no rows: whoever writes second begins after the first is done.")
    eshop = factories.eshop()
    scripted.put(source_order())
    load_orders(start_import(eshop, None, None).pk)
    Order.objects.update(status_type="paid")
    Warehouse.objects.create(
        name="Hall", is_active=True, status_types=["paid"], rules={"items": "keep"}
    )
    scripted.put(source_order(items=(source_item("11", quantity=Decimal(9)),)))
    run = start_run(Order.objects.all(), None, "row").run
    assert run is not None
    is_locked = Event()

    def warehouse() -> None:
        try:
            with transaction.atomic():
                hand_over(Order.objects.all(), None, name="schedule")
                is_locked.set()
                eventually(somebody_waits)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        handed_over = thread.submit(warehouse)
        assert is_locked.wait(20)
        engine.synchronize_lane(run.pk, eshop.pk)
        handed_over.result()
    order = Order.objects.get()
    assert order.handover is not None
    assert order.items.get(kind="product").quantity == 2
    assert "Items kept: the warehouse has this order since" in run.items.get().message


def somebody_waits() -> bool:
    """Whether another connection to this database waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone() is not None


@pytest.mark.django_db
class TestOneOnly:
    def test_active_warehouse(self) -> None:
        Warehouse.objects.create(name="One", is_active=True)
        Warehouse.objects.create(name="Old")
        another = Warehouse(name="Two", is_active=True)
        with pytest.raises(ValidationError, match="there can be one only"):
            another.full_clean()
        with pytest.raises(IntegrityError), transaction.atomic():
            another.save()

    @pytest.mark.parametrize(
        "values",
        [
            {"import_mode": "direct"},
            {"import_mode": "direct", "kind": "marketplace"},
            {"import_mode": "direct", "kind": "eshop", "direct": True},
            {"import_mode": "fynode", "kind": "marketplace", "direct": True},
            {"import_mode": "direct", "kind": "marketplace", "direct": True, "import_every": 30},
        ],
    )
    def test_import_mode_of_a_marketplace(self, values: dict[str, Any]) -> None:
        target = factories.eshop(name="Target")
        if values.pop("direct", False):
            values["direct_eshop"] = target
        with pytest.raises(IntegrityError), transaction.atomic():
            factories.eshop(name="Market", **values)

    def test_directly_into_an_eshop(self) -> None:
        factories.eshop(
            name="Market",
            kind="marketplace",
            import_mode="direct",
            direct_eshop=factories.eshop(name="Target"),
        )
