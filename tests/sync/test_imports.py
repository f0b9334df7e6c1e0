"""Importing by staff, by the schedule, and re-reading what is still open."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from eshops.models import Eshop
from eshops.source import BadPayload, Refused, Unavailable
from orders.models import Order, SyncState
from sync import engine, imports, runs
from sync.imports import (
    OVERLAP,
    RECHECK_AFTER,
    load_new,
    load_orders,
    resume_stalled,
    start_due_imports,
    start_due_rechecks,
    start_import,
)
from sync.models import SyncItem, SyncRun
from sync.runs import NotStarted
from tests import factories
from tests.harness.guards import Sent
from tests.shops import ScriptedShop
from tests.sources import source_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey", "sent")]

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def work_off() -> None:
    for run in SyncRun.objects.filter(trigger="import", finished_at=None):
        load_orders(run.pk)
    for run_id, eshop_id in set(
        SyncItem.objects.filter(outcome="pending").values_list("run_id", "eshop_id")
    ):
        engine.synchronize_lane(run_id, eshop_id)


class TestLoadNew:
    @time_machine.travel(NOW, tick=False)
    def test_the_last_15_minutes_unless_a_day_is_given(self, scripted: ScriptedShop) -> None:
        user = factories.user()
        for day in (None, date(2026, 11, 1)):
            load_new(factories.eshop(name=f"Shop {day}"), user, day)
            work_off()
        assert scripted.since == [
            (NOW - timedelta(minutes=15), False),
            (datetime(2026, 10, 31, 23, tzinfo=UTC), False),
        ]

    @time_machine.travel(NOW, tick=False)
    @pytest.mark.parametrize(
        ("day", "words"),
        [(date(2025, 11, 22), "up to one year back"), (date(2026, 11, 24), "in the future")],
    )
    def test_refused_in_words(self, day: date, words: str) -> None:
        with pytest.raises(NotStarted, match=words):
            load_new(factories.eshop(), factories.user(), day)
        assert not SyncRun.objects.exists()

    @time_machine.travel(NOW, tick=False)
    def test_a_year_back_is_allowed(self) -> None:
        load_new(factories.eshop(), factories.user(), date(2025, 11, 23))


def test_a_cancelled_import_loads_no_further_page(scripted: ScriptedShop) -> None:
    scripted.batch_size = 1
    scripted.put(*(source_order(str(n)) for n in range(3)))
    run = start_import(factories.eshop(), None, None)
    scripted.before_answer = [lambda: None, lambda: runs.cancel_run(run)]
    work_off()
    assert Order.objects.count() == 2
    run.refresh_from_db()
    assert "Cancelled" in run.error


def test_an_import_waits_while_the_eshop_has_to_be_given_time(
    scripted: ScriptedShop, sent: Sent
) -> None:
    scripted.batch_size = 1
    scripted.put(*(source_order(str(n)) for n in range(2)))
    eshop = factories.eshop(wait_until=timezone.now() + timedelta(seconds=30))
    run = start_import(eshop, None, None)
    load_orders(run.pk)
    (message,) = sent
    assert (message.args, round(message.countdown or 0)) == ((run.pk,), 30)
    Eshop.objects.update(wait_until=timezone.now() + timedelta(minutes=10))
    load_orders(run.pk)
    resume_stalled()
    run.refresh_from_db()
    assert (scripted.asked, run.attempts, run.finished_at, len(sent)) == ([], 0, None, 1)
    Eshop.objects.update(wait_until=timezone.now())
    resume_stalled()
    assert [message.args for message in sent] == [(run.pk,)] * 2
    load_orders(run.pk)
    assert Order.objects.count() == 2


def test_an_import_stops_between_two_pages_when_the_eshop_asks_for_time(
    scripted: ScriptedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.batch_size = 1
    scripted.put(*(source_order(str(n)) for n in range(3)))
    run = start_import(factories.eshop(), None, None)
    stored = imports._store

    def store_and_wait(*args: Any) -> None:
        stored(*args)
        Eshop.objects.update(wait_until=timezone.now() + timedelta(minutes=10))

    monkeypatch.setattr("sync.imports._store", store_and_wait)
    load_orders(run.pk)
    assert scripted.asked == [["page 0"]]
    run.refresh_from_db()
    assert (run.attempts, run.finished_at) == (0, None)


def test_settings_saved_meanwhile_hold_from_the_next_page_on(scripted: ScriptedShop) -> None:
    scripted.batch_size = 1
    scripted.put(*(source_order(str(n)) for n in range(2)))
    eshop = factories.eshop()

    def rename() -> None:
        eshop.sequences.create(kind="status", code="processing", name="Zpracovává se")
        Eshop.objects.update(settings_version=7)

    scripted.before_answer = [lambda: None, rename]
    start_import(eshop, None, None)
    work_off()
    told = Order.objects.order_by("external_id").values_list(
        "status_name", "sync_state__settings_version"
    )
    assert list(told) == [("processing", 1), ("Zpracovává se", 7)]


class TestParked:
    """An order that an import could not load waits there until somebody tries it again."""

    def parked(self, scripted: ScriptedShop, external_id: str = "9") -> SyncRun:
        scripted.orders[external_id] = BadPayload("total: not a figure")
        run = start_import(factories.eshop(), None, None)
        work_off()
        return run

    def test_it_is_imported_when_it_is_tried_again(self, scripted: ScriptedShop) -> None:
        run = self.parked(scripted)
        scripted.put(source_order("9"))
        started = runs.retry_items(run.items.filter(outcome="failed"), None).run
        work_off()
        assert started
        item = started.items.get()
        order = Order.objects.get()
        assert (item.outcome, item.order, order.external_id) == ("imported", order, "9")
        movement = order.movements.get()
        assert (movement.kind, movement.sync_item) == ("imported", item)
        assert order.items.count() == 1 and order.addresses.count() == 2

    def test_it_fails_again_where_nothing_was_mended(self, scripted: ScriptedShop) -> None:
        run = self.parked(scripted)
        started = runs.retry_items(run.items.all(), None).run
        work_off()
        assert started
        item = started.items.get()
        assert (item.outcome, item.message) == ("failed", "total: not a figure")
        assert not Order.objects.exists()

    def test_what_was_loaded_since_is_synchronized(self, scripted: ScriptedShop) -> None:
        run = self.parked(scripted)
        order = factories.order(run.items.get().eshop, "9", total=Decimal(1))
        factories.order(factories.eshop(name="Another shop"), "9")
        scripted.put(source_order("9"))
        started = runs.retry_items(run.items.all(), None).run
        assert started and started.items.get().order == order
        work_off()
        order.refresh_from_db()
        assert order.total == Decimal("24.2")

    def test_two_who_try_it_at_once_make_one_order(self, scripted: ScriptedShop) -> None:
        run = self.parked(scripted)
        scripted.put(source_order("9"))
        for _ in range(2):
            runs.retry_items(run.items.all(), None)
        work_off()
        work_off()
        assert Order.objects.count() == 1
        assert not SyncItem.objects.filter(outcome="pending").exists()

    def test_101_are_refused(self, scripted: ScriptedShop) -> None:
        for number in range(101):
            scripted.orders[str(number)] = BadPayload("total: not a figure")
        run = start_import(factories.eshop(), None, None)
        work_off()
        before = SyncRun.objects.count()
        with pytest.raises(NotStarted, match="limited to 100 orders at once; 101 are selected"):
            runs.retry_items(run.items.all(), None)
        assert SyncRun.objects.count() == before


class TestAPageThatBreaksFynode:
    """What is no answer of the e-shop is a fault of ours: it fails loudly, and not for ever."""

    def test_the_import_ends_after_some_attempts(
        self, scripted: ScriptedShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*args: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("sync.imports._store", broken)
        run = start_import(factories.eshop(), None, None)
        for _ in range(engine.MAX_ATTEMPTS):
            with pytest.raises(ZeroDivisionError):
                load_orders(run.pk)
        load_orders(run.pk)
        run.refresh_from_db()
        assert run.finished_at and "its log has the details" in run.error
        assert len(scripted.asked) == engine.MAX_ATTEMPTS
        assert start_import(Eshop.objects.get(), None, None)

    def test_a_worker_that_dies_at_each_attempt_too(self, scripted: ScriptedShop) -> None:
        def dies() -> None:
            raise SystemExit

        scripted.before_answer = [dies] * 9
        run = start_import(factories.eshop(), None, None)
        for _ in range(engine.MAX_ATTEMPTS):
            with pytest.raises(SystemExit):
                load_orders(run.pk)
        load_orders(run.pk)
        run.refresh_from_db()
        assert run.finished_at and len(scripted.asked) == engine.MAX_ATTEMPTS


class TestAutomatic:
    def test_every_so_many_minutes_from_the_watermark_with_an_overlap(
        self, scripted: ScriptedShop
    ) -> None:
        eshop = factories.eshop(import_every=30)
        factories.eshop(name="By hand")
        factories.eshop(name="Asleep", import_every=30, is_active=False)
        changed = NOW - timedelta(minutes=3)
        scripted.put(source_order("1", source_modified_at=changed))
        with time_machine.travel(NOW, tick=False) as clock:
            for _ in range(61):
                start_due_imports()
                work_off()
                clock.shift(timedelta(minutes=1))
        assert scripted.since == [
            (NOW - timedelta(days=1), True),
            (changed - OVERLAP, True),
            (changed - OVERLAP, True),
        ]
        eshop.refresh_from_db()
        assert eshop.imported_until == changed
        assert Order.objects.count() == 1

    def test_the_watermark_passes_only_what_was_committed(self, scripted: ScriptedShop) -> None:
        eshop = factories.eshop(import_every=5)
        scripted.batch_size = 1
        scripted.put(*(source_order(str(n), source_modified_at=NOW) for n in range(3)))
        scripted.before_answer = [lambda: None, self.fails]
        with time_machine.travel(NOW, tick=False):
            start_due_imports()
            work_off()
            eshop.refresh_from_db()
            assert (Order.objects.count(), eshop.imported_until) == (1, None)
            Eshop.objects.update(wait_until=None)
            work_off()
        eshop.refresh_from_db()
        assert (Order.objects.count(), eshop.imported_until) == (3, NOW)

    def test_an_eshop_that_does_not_let_us_in_is_asked_once_an_hour(
        self, scripted: ScriptedShop
    ) -> None:
        """Some lock out whoever tries a wrong key too often."""
        factories.eshop(import_every=5)
        scripted.error = Refused("It does not let us in.")
        for minutes in range(0, 180, 5):
            with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
                start_due_imports()
                work_off()
        assert len(scripted.asked) == 3

    @staticmethod
    def fails() -> None:
        raise Unavailable("Down.")

    def test_a_failing_order_is_parked_and_does_not_hold_the_watermark(
        self, scripted: ScriptedShop
    ) -> None:
        eshop = factories.eshop(import_every=5)
        scripted.orders["9"] = BadPayload("total: not a figure")
        scripted.put(source_order("1", source_modified_at=NOW))
        with time_machine.travel(NOW, tick=False):
            start_due_imports()
            work_off()
        eshop.refresh_from_db()
        assert eshop.imported_until == NOW
        assert SyncItem.objects.get(outcome="failed").external_id == "9"

    def test_a_stamp_in_the_future_does_not_hold_the_watermark(
        self, scripted: ScriptedShop
    ) -> None:
        eshop = factories.eshop(import_every=5)
        ahead = NOW + timedelta(days=400)
        scripted.put(
            source_order("1", source_modified_at=ahead), source_order("2", source_modified_at=NOW)
        )
        with time_machine.travel(NOW, tick=False):
            start_due_imports()
            work_off()
        eshop.refresh_from_db()
        assert eshop.imported_until == NOW

    def test_an_import_by_date_of_placing_leaves_the_watermark(
        self, scripted: ScriptedShop
    ) -> None:
        eshop = factories.eshop()
        scripted.put(source_order("1", source_modified_at=NOW))
        start_import(eshop, None, None)
        work_off()
        eshop.refresh_from_db()
        assert eshop.imported_until is None


class TestRecheck:
    @pytest.fixture
    def eshop(self, scripted: ScriptedShop) -> Eshop:
        eshop = factories.eshop(import_every=30)
        now = timezone.now()
        asked_and_values: list[tuple[int, dict[str, Any]]] = [
            (7, {}),
            (9, {}),
            (1, {}),
            (9, {"status_type": "delivered"}),
            (9, {"source_state": "trashed"}),
            (9, {"placed_at": now - timedelta(days=400)}),
        ]
        for number, (hours, values) in enumerate(asked_and_values):
            fields: dict[str, Any] = {"placed_at": now, **values}
            factories.order(
                eshop,
                str(number),
                sync_state={"asked_at": now - timedelta(hours=hours)},
                **fields,
            )
            scripted.put(source_order(str(number)))
        return eshop

    def test_open_orders_not_asked_for_in_a_while_are_read_by_id(
        self, eshop: Eshop, scripted: ScriptedShop
    ) -> None:
        start_due_rechecks()
        start_due_rechecks()
        run = SyncRun.objects.get(trigger="recheck")
        work_off()
        assert scripted.asked == [["0", "1"]]
        assert run.created_by_name == "schedule"
        start_due_rechecks()
        assert SyncRun.objects.filter(trigger="recheck").count() == 1

    def test_what_was_closed_lately_is_read_once_a_day(
        self, eshop: Eshop, scripted: ScriptedShop
    ) -> None:
        """What is paid on delivery is settled, and what came back refunded, afterwards."""
        eshop.sequences.create(kind="status", code="done", name="Done", type="delivered")
        scripted.put(source_order("3", status_code="done"))
        with time_machine.travel(timezone.now() + timedelta(hours=16)):
            start_due_rechecks()
            work_off()
        assert scripted.asked == [["0", "1", "2", "3"]]
        scripted.asked.clear()
        with time_machine.travel(timezone.now() + timedelta(hours=23)):
            start_due_rechecks()
            work_off()
        assert scripted.asked == [["0", "1", "2"]]
        Order.objects.filter(external_id="3").update(placed_at=timezone.now() - timedelta(days=31))
        with time_machine.travel(timezone.now() + timedelta(hours=48)):
            start_due_rechecks()
            work_off()
        assert scripted.asked[1:] == [["0", "1", "2"]]

    def test_an_order_that_cannot_be_read_is_tried_as_seldom_and_keeps_nobody_waiting(
        self, eshop: Eshop, scripted: ScriptedShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sync.imports.LIMIT", 1)
        scripted.orders["1"] = BadPayload("total: not a figure")
        for _ in range(4):
            start_due_rechecks()
            work_off()
        assert scripted.asked == [["1"], ["0"]]
        with time_machine.travel(timezone.now() + RECHECK_AFTER + timedelta(minutes=1)):
            start_due_rechecks()
            work_off()
        assert scripted.asked[2:] == [["1"]]

    def test_only_with_automatic_import_and_while_the_eshop_lets_us_in(self, eshop: Eshop) -> None:
        Eshop.objects.update(connection_error="refused")
        start_due_rechecks()
        Eshop.objects.update(connection_error="", import_every=None)
        start_due_rechecks()
        assert not SyncRun.objects.exists()
        assert SyncState.objects.count() == 6
