"""What the engine promises, with an e-shop that answers as the test says."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from eshops.models import Eshop
from eshops.source import (
    BadPayload,
    ItemKind,
    Metadatum,
    OrderNotFound,
    Refused,
    SourceAddress,
    SourceOrder,
    SourceState,
    Unavailable,
)
from orders.models import Movement, Order, OrderAddress, OrderItem, SyncState
from sync import engine
from sync.asking import place
from sync.engine import MAX_ATTEMPTS
from sync.imports import load_orders, start_import
from sync.models import SyncItem, SyncRun
from sync.runs import LIMIT, NotStarted, cancel_run, start_run
from tests import factories
from tests.harness.guards import Sent
from tests.shops import ScriptedShop
from tests.sources import PLACED, source_item, source_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]

Outcome = SyncItem.Outcome


def imported(shop: ScriptedShop, *sources: SourceOrder, eshop: Eshop | None = None) -> Eshop:
    """An e-shop whose orders, told as `sources`, were imported by the real import."""
    eshop = eshop or factories.eshop()
    shop.put(*sources)
    run = start_import(eshop, None, None)
    load_orders(run.pk)
    return eshop


def synchronized(*orders: Order, user: Any = None) -> SyncRun:
    run = start_run(
        Order.objects.filter(pk__in=[order.pk for order in orders]), user, SyncRun.Trigger.BULK
    ).run
    assert run is not None
    work_off(run)
    return run


def work_off(run: SyncRun) -> None:
    for eshop_id in set(run.items.values_list("eshop_id", flat=True)):
        engine.synchronize_lane(run.pk, eshop_id)


def outcomes(run: SyncRun) -> list[str]:
    return list(run.items.values_list("outcome", flat=True))


def everything(*models: type[Model]) -> list[Any]:
    return [list(model._default_manager.order_by("pk").values()) for model in models]


ORDER_ROWS = (Order, OrderAddress, OrderItem)


@pytest.fixture(autouse=True)
def _messages(sent: Sent) -> Sent:
    return sent


class TestStart:
    def test_rows_first_then_one_message_per_eshop_on_commit(
        self,
        sent: Sent,
        django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[list[Any]]],
    ) -> None:
        eshops = [factories.eshop(name="A"), factories.eshop(name="B")]
        for number in range(6):
            factories.order(eshops[number % 2], external_id=str(number))
        with django_capture_on_commit_callbacks(execute=True):
            run = start_run(Order.objects.all(), None, SyncRun.Trigger.BULK).run
            assert not sent
        assert run is not None
        assert outcomes(run) == [Outcome.PENDING] * 6
        assert [(m.task, m.args, m.queue) for m in sent] == [
            ("sync.tasks.synchronize_lane", (run.pk, eshop.pk), "bulk") for eshop in eshops
        ]

    def test_a_single_click_has_a_queue_of_its_own(
        self,
        sent: Sent,
        django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[list[Any]]],
    ) -> None:
        factories.order(factories.eshop(), external_id="1")
        with django_capture_on_commit_callbacks(execute=True):
            start_run(Order.objects.all(), None, SyncRun.Trigger.ROW)
        assert [message.queue for message in sent] == ["click"]

    def test_a_broker_that_is_away_loses_nothing(
        self,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[list[Any]]],
    ) -> None:
        def fails(*args: Any, **options: Any) -> None:
            raise ConnectionError

        monkeypatch.setattr("sync.engine.current_app.send_task", fails, raising=False)
        factories.order(factories.eshop(), external_id="1")
        with django_capture_on_commit_callbacks(execute=True):
            run = start_run(Order.objects.all(), None, SyncRun.Trigger.ROW).run
        assert run is not None
        assert outcomes(run) == [Outcome.PENDING]

    def test_100_are_taken_and_101_refused(self) -> None:
        eshop = factories.eshop()
        for number in range(LIMIT + 1):
            factories.order(eshop, external_id=str(number))
        with pytest.raises(NotStarted, match="limited to 100 orders at once; 101 are selected"):
            start_run(Order.objects.all(), None, SyncRun.Trigger.BULK)
        assert not SyncRun.objects.exists()
        assert not SyncItem.objects.exists()
        Order.objects.order_by("pk")[0].delete()
        run = start_run(Order.objects.all(), None, SyncRun.Trigger.BULK).run
        assert run is not None
        assert run.items.count() == LIMIT

    def test_nothing_selected_is_refused(self) -> None:
        with pytest.raises(NotStarted, match="No order"):
            start_run(Order.objects.none(), None, SyncRun.Trigger.BULK)

    def test_a_double_click_starts_one_run(self) -> None:
        factories.order(factories.eshop(), external_id="1")
        first = start_run(Order.objects.all(), None, SyncRun.Trigger.ROW)
        second = start_run(Order.objects.all(), None, SyncRun.Trigger.ROW)
        assert first.run is not None
        assert second.run is None
        assert second.waiting == {first.run.pk: 1}
        assert SyncRun.objects.count() == SyncItem.objects.count() == 1

    def test_what_waits_already_is_skipped_and_told(self) -> None:
        eshop = factories.eshop()
        one = factories.order(eshop, external_id="1")
        first = start_run(Order.objects.filter(pk=one.pk), None, SyncRun.Trigger.ROW).run
        factories.order(eshop, external_id="2")
        second = start_run(Order.objects.all(), None, SyncRun.Trigger.BULK)
        assert first is not None
        assert second.run is not None
        assert second.waiting == {first.pk: 1}
        items = dict(second.run.items.values_list("external_id", "outcome"))
        assert items == {"1": Outcome.SKIPPED, "2": Outcome.PENDING}
        message = second.run.items.get(external_id="1").message
        assert message == f"Already waits in run {first.pk}; not doubled."

    def test_starting_100_costs_as_many_statements_as_starting_10(self) -> None:
        eshop = factories.eshop()
        for number in range(110):
            factories.order(eshop, external_id=str(number))
        costs = []
        for external_ids in (range(10), range(10, 110)):
            orders = Order.objects.filter(external_id__in=[str(n) for n in external_ids])
            with CaptureQueriesContext(
                connection,
            ) as queries:
                start_run(orders, None, SyncRun.Trigger.BULK)
            costs.append(len(queries))
        assert costs[0] == costs[1] <= 6


class TestOverwrite:
    def test_what_the_eshop_changed_is_changed_here(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order())
        order = Order.objects.get()
        billing = SourceAddress(first_name="Jan", city="Plzeň")
        scripted.put(
            source_order(
                status_code="completed",
                payment_name="Kartou",
                delivery_name="Zásilkovna",
                is_paid=True,
                paid_at=PLACED,
                total=Decimal("30.00"),
                billing=billing,
                shipping_address=SourceAddress(),
                customer_note="",
                items=(source_item("11", quantity=Decimal(3)), source_item("12")),
                metadata=(Metadatum("_vat", ["CZ1", None, {"a": 1.5}]),),
            )
        )
        user = factories.user()
        run = synchronized(order, user=user)
        assert outcomes(run) == [Outcome.UPDATED]
        order.refresh_from_db()
        assert (order.status_code, order.payment_name, order.delivery_name) == (
            "completed",
            "Kartou",
            "Zásilkovna",
        )
        assert (order.is_paid, order.paid_at, order.total) == (True, PLACED, Decimal("30"))
        assert order.metadata == [{"key": "_vat", "value": ["CZ1", None, {"a": 1.5}]}]
        addresses = {a.kind: (a.first_name, a.city, a.line1) for a in order.addresses.all()}
        assert addresses == {"billing": ("Jan", "Plzeň", ""), "shipping": ("", "", "")}
        lines = list(order.items.values_list("external_id", "quantity", "position"))
        assert lines == [("11", Decimal(3), 0), ("12", Decimal(2), 1)]
        movement = order.movements.first()
        assert movement is not None
        assert (movement.actor, movement.actor_name) == (user, user.get_username())
        told = {change["field"]: change for change in movement.changes["fields"]}
        assert told["status_code"] == {
            "field": "status_code",
            "old": "processing",
            "new": "completed",
        }
        assert told["billing.city"]["old"] == "Brno"
        assert told["shipping.line1"] == {"field": "shipping.line1", "old": "Krátká 2", "new": ""}
        assert [line["action"] for line in movement.changes["lines"]] == ["changed", "added"]

    def test_a_line_keeps_its_row(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order(items=(source_item("11"), source_item("12"))))
        before = dict(OrderItem.objects.values_list("external_id", "pk"))
        scripted.put(
            source_order(
                items=(source_item("12", name="Jinak"), source_item("13"), source_item("11"))
            )
        )
        synchronized(Order.objects.get())
        after = dict(OrderItem.objects.values_list("external_id", "pk"))
        assert (after["11"], after["12"]) == (before["11"], before["12"])
        assert list(OrderItem.objects.values_list("external_id", flat=True)) == ["12", "13", "11"]

    def test_lines_match_the_source_with_no_orphans(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order(items=tuple(source_item(str(n)) for n in range(120))))
        scripted.put(source_order(items=(source_item("5"), source_item("5", kind=ItemKind.REFUND))))
        synchronized(Order.objects.get())
        assert list(OrderItem.objects.values_list("kind", "external_id")) == [
            ("product", "5"),
            ("refund", "5"),
        ]
        assert outcomes(synchronized(Order.objects.get())) == [Outcome.UNCHANGED]

    def test_what_was_edited_here_by_hand_is_overwritten_too(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order())
        Order.objects.update(customer_email="typo@example.test", status_name="Own words")
        OrderItem.objects.update(quantity=9)
        run = synchronized(Order.objects.get())
        order = Order.objects.get()
        assert outcomes(run) == [Outcome.UPDATED]
        assert (order.customer_email, order.status_name) == ("zofie@example.test", "processing")
        assert order.items.get().quantity == 2

    def test_what_is_ours_stays_byte_for_byte(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order())
        Order.objects.update(internal_note="Volat po 17 h <b>", tags=["vip", "ž"])
        movements = everything(Movement)
        scripted.put(source_order(status_code="completed", customer_note="x"))
        synchronized(Order.objects.get())
        order = Order.objects.get()
        assert (order.internal_note, order.tags) == ("Volat po 17 h <b>", ["vip", "ž"])
        assert everything(Movement)[0][: len(movements[0])] == movements[0]

    def test_names_of_sequences_arrive_with_a_synchronization_only(
        self, scripted: ScriptedShop
    ) -> None:
        eshop = imported(scripted, source_order())
        eshop.sequences.create(kind="status", code="processing", name="Balí se", color="#112233")
        assert Order.objects.get().status_name == "processing"
        assert outcomes(synchronized(Order.objects.get())) == [Outcome.UPDATED]
        assert (Order.objects.get().status_name, Order.objects.get().status_color) == (
            "Balí se",
            "#112233",
        )

    def test_the_search_finds_the_new_name(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order())
        scripted.put(source_order(customer_name="Jiří Říha"))
        synchronized(Order.objects.get())
        assert "jiri riha" in Order.objects.get().search_text


class TestNothingNew:
    def test_no_order_address_or_item_row_is_written(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order())
        rows = everything(*ORDER_ROWS)
        order = Order.objects.get()
        with CaptureQueriesContext(connection) as queries:
            run = synchronized(order)
        written = [q["sql"] for q in queries if not q["sql"].startswith(("SELECT", "SAVEPOINT"))]
        for table in ("orders_order", "orders_orderaddress", "orders_orderitem"):
            assert not [
                sql for sql in written if f'INTO "{table}"' in sql or f'UPDATE "{table}"' in sql
            ]
        assert everything(*ORDER_ROWS) == rows
        assert outcomes(run) == [Outcome.UNCHANGED]
        movement = order.movements.first()
        assert movement is not None
        assert (movement.message, movement.changes) == ("Already up to date.", {})
        assert order.sync_state.synced_at is not None

    def test_a_new_stamp_alone_is_nothing_new(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order())
        stamp = PLACED + timedelta(hours=3)
        scripted.put(source_order(source_modified_at=stamp))
        assert outcomes(synchronized(Order.objects.get())) == [Outcome.UNCHANGED]
        assert SyncState.objects.get().source_modified_at == stamp

    def test_a_new_settings_version_is_noted(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order())
        Eshop.objects.update(settings_version=7)
        assert outcomes(synchronized(Order.objects.get())) == [Outcome.UNCHANGED]
        assert SyncState.objects.get().settings_version == 7


class TestMissing:
    def test_an_order_the_eshop_no_longer_has_is_marked_and_kept(
        self, scripted: ScriptedShop
    ) -> None:
        imported(scripted, source_order())
        scripted.orders["1"] = OrderNotFound("gone")
        before = everything(*ORDER_ROWS)
        before[0][0]["source_state"] = "missing"
        run = synchronized(Order.objects.get())
        assert outcomes(run) == [Outcome.MISSING]
        assert everything(*ORDER_ROWS) == before
        movement = Movement.objects.first()
        assert movement is not None
        assert movement.changes["fields"] == [
            {"field": "source_state", "old": "present", "new": "missing"}
        ]

    def test_a_trashed_order_is_marked_and_keeps_its_data(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order())
        scripted.put(source_order(state=SourceState.TRASHED, status_code="trash"))
        run = synchronized(Order.objects.get())
        order = Order.objects.get()
        assert outcomes(run) == [Outcome.MISSING]
        assert (order.source_state, order.status_code) == ("trashed", "processing")

    def test_a_restored_order_is_present_again(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order())
        scripted.orders["1"] = OrderNotFound("gone")
        synchronized(Order.objects.get())
        scripted.put(source_order())
        assert outcomes(synchronized(Order.objects.get())) == [Outcome.UPDATED]
        assert Order.objects.get().source_state == "present"


class TestOlderAnswers:
    def test_an_answer_asked_for_earlier_changes_nothing(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order())
        held = everything(*ORDER_ROWS, SyncState)
        scripted.put(source_order(status_code="completed"))
        scripted.sent_at = timezone.now() - timedelta(minutes=5)
        run = synchronized(Order.objects.get())
        assert outcomes(run) == [Outcome.SKIPPED]
        assert "a newer answer of the e-shop is already stored" in run.items.get().message
        assert everything(*ORDER_ROWS, SyncState) == held

    def test_an_older_state_from_a_cache_changes_nothing(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order())
        held = everything(*ORDER_ROWS)
        stamp = PLACED - timedelta(seconds=1)
        scripted.put(source_order(status_code="pending", source_modified_at=stamp))
        run = synchronized(Order.objects.get())
        assert (outcomes(run), run.items.get().error_kind) == ([Outcome.FAILED], "older_answer")
        assert everything(*ORDER_ROWS) == held

    def test_a_stamp_from_the_future_does_not_lock_the_order(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order(source_modified_at=datetime(2099, 1, 1, tzinfo=UTC)))
        scripted.put(source_order(status_code="completed"))
        assert outcomes(synchronized(Order.objects.get())) == [Outcome.UPDATED]


class TestErrors:
    def test_one_broken_order_among_100_costs_only_itself(self, scripted: ScriptedShop) -> None:
        imported(scripted, *(source_order(str(n)) for n in range(1, LIMIT + 1)))
        scripted.put(*(source_order(str(n), status_code="done") for n in range(1, LIMIT + 1)))
        scripted.orders["42"] = BadPayload("total: not a figure")
        run = synchronized(*Order.objects.all())
        assert sorted(outcomes(run)) == [Outcome.FAILED] + [Outcome.UPDATED] * 99
        broken = run.items.get(external_id="42")
        assert (broken.error_kind, broken.message) == ("bad_payload", "total: not a figure")
        assert Order.objects.get(external_id="42").status_code == "processing"
        assert SyncState.objects.get(order__external_id="42").outcome == "failed"
        assert Order.objects.filter(status_code="done").count() == 99
        assert [len(asked) for asked in scripted.asked[1:]] == [100]

    def test_an_order_the_database_refuses_costs_only_itself(
        self, scripted: ScriptedShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        imported(scripted, *(source_order(str(n)) for n in range(1, 6)))
        scripted.put(*(source_order(str(n), status_code="done") for n in range(1, 6)))
        scripted.put(source_order("3", currency=None))  # a column that must hold something
        run = synchronized(*Order.objects.all())
        assert sorted(outcomes(run)) == [Outcome.FAILED] + [Outcome.UPDATED] * 4
        assert run.items.get(external_id="3").error_kind == "internal"
        assert Order.objects.get(external_id="3").status_code == "processing"

    def test_a_refusal_marks_the_eshop_and_leaves_the_rest_untried(
        self, scripted: ScriptedShop
    ) -> None:
        eshop = imported(scripted, source_order("1"), source_order("2"), source_order("3"))
        held = everything(*ORDER_ROWS)
        scripted.error = Refused("The e-shop refused our key (401).")
        run = synchronized(*Order.objects.all())
        items = list(run.items.values_list("outcome", "message"))
        assert items == [
            (Outcome.FAILED, "The e-shop refused our key (401)."),
            (Outcome.SKIPPED, "Not tried. The e-shop refused our key (401)."),
            (Outcome.SKIPPED, "Not tried. The e-shop refused our key (401)."),
        ]
        assert everything(*ORDER_ROWS) == held
        assert len(scripted.asked[1:]) == 1
        eshop.refresh_from_db()
        assert eshop.connection_error == "The e-shop refused our key (401)."
        scripted.error = None
        synchronized(*Order.objects.all())
        eshop.refresh_from_db()
        assert eshop.connection_error == ""

    def test_an_outage_is_tried_again_later_and_given_up_in_the_end(
        self, scripted: ScriptedShop, sent: Sent
    ) -> None:
        eshop = imported(scripted, source_order("1"), source_order("2"))
        held = everything(*ORDER_ROWS)
        scripted.error = Unavailable("The e-shop answered with an error (500).")
        run = synchronized(*Order.objects.all())
        assert outcomes(run) == [Outcome.PENDING] * 2
        pauses = []
        for _ in range(MAX_ATTEMPTS - 1):
            eshop.refresh_from_db()
            assert eshop.is_waiting
            assert eshop.wait_reason == "The e-shop answered with an error (500)."
            pauses.append(round(sent[-1].countdown or 0))
            Eshop.objects.update(wait_until=timezone.now())
            work_off(run)
        assert pauses == [2, 6, 18]
        assert outcomes(run) == [Outcome.FAILED] * 2
        assert {item.message for item in run.items.all()} == {
            "The e-shop answered with an error (500)."
        }
        assert everything(*ORDER_ROWS) == held
        assert [len(asked) for asked in scripted.asked[1:]] == [2, 2, 1, 1]

    def test_credentials_that_cannot_be_read_are_a_refusal(self, settings: Settings) -> None:
        eshop = factories.eshop()
        factories.order(eshop, "1")
        factories.order(eshop, "2")
        settings.CREDENTIALS_KEYS = []
        run = synchronized(*Order.objects.all())
        assert outcomes(run) == [Outcome.FAILED, Outcome.SKIPPED]
        eshop.refresh_from_db(fields=["connection_error"])
        assert "FYNODE_CREDENTIALS_KEYS" in eshop.connection_error

    def test_nothing_is_asked_before_the_time_the_eshop_named(
        self, scripted: ScriptedShop, sent: Sent
    ) -> None:
        imported(scripted, source_order("1"))
        scripted.error = Unavailable("Too many requests.", retry_after=timedelta(minutes=10))
        run = synchronized(Order.objects.get())
        scripted.error = None
        sent.clear()
        work_off(run)
        engine.resume_stalled()
        assert len(scripted.asked[1:]) == 1
        assert not sent, "a pause of ten minutes is ended by the sweep"
        Eshop.objects.update(wait_until=timezone.now())
        engine.resume_stalled()
        assert [m.args for m in sent] == [(run.pk, Eshop.objects.get().pk)]
        work_off(run)
        assert outcomes(run) == [Outcome.UNCHANGED]
        assert Eshop.objects.get().wait_until is None

    def test_one_order_that_cannot_be_answered_now_does_not_stop_the_others(
        self, scripted: ScriptedShop
    ) -> None:
        eshop = imported(scripted, source_order("1"), source_order("2"))
        scripted.put(source_order("1", status_code="done"))
        scripted.orders["2"] = Unavailable("The e-shop answered with an error (500).")
        run = synchronized(*Order.objects.all())
        assert outcomes(run) == [Outcome.UPDATED, Outcome.PENDING]
        eshop.refresh_from_db()
        assert not eshop.is_waiting
        for _ in range(MAX_ATTEMPTS - 1):
            work_off(run)
        assert outcomes(run) == [Outcome.UPDATED, Outcome.FAILED]

    def test_an_order_that_kills_its_worker_ends_up_alone(self, scripted: ScriptedShop) -> None:
        eshop = imported(scripted, *(source_order(str(n)) for n in range(1, 6)))

        run = start_run(Order.objects.all(), None, SyncRun.Trigger.BULK).run
        assert run is not None
        scripted.kills = "1"
        deaths = 0
        while run.items.filter(outcome=Outcome.PENDING).exists():
            try:
                engine.synchronize_lane(run.pk, eshop.pk)
            except SystemExit:
                deaths += 1
        assert deaths == MAX_ATTEMPTS
        assert outcomes(run) == [Outcome.FAILED] + [Outcome.UNCHANGED] * 4
        assert "worker stopped" in run.items.get(external_id="1").message


class TestMarks:
    """What is noted on an e-shop that refused us or asked for time."""

    @staticmethod
    def mark() -> None:
        later = timezone.now() + timedelta(minutes=5)
        Eshop.objects.update(connection_error="Refused.", wait_until=later, wait_reason="Busy.")

    @staticmethod
    def marks() -> tuple[str, datetime | None, str]:
        return Eshop.objects.values_list("connection_error", "wait_until", "wait_reason").get()

    def test_an_answer_clears_also_what_was_marked_meanwhile(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order("1"))
        scripted.before_answer = [self.mark]
        assert outcomes(synchronized(Order.objects.get())) == [Outcome.UNCHANGED]
        assert self.marks() == ("", None, "")

    def test_the_answers_of_some_orders_clear_it_too(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order("1"), source_order("2"))
        Eshop.objects.update(connection_error="Refused.")
        scripted.orders["2"] = Unavailable("The e-shop answered with an error (500).")
        assert outcomes(synchronized(*Order.objects.all())) == [Outcome.UNCHANGED, Outcome.PENDING]
        assert self.marks() == ("", None, "")

    def test_a_page_of_an_import_clears_it(self, scripted: ScriptedShop) -> None:
        eshop = factories.eshop(connection_error="Refused.")
        scripted.before_answer = [self.mark]
        imported(scripted, source_order("1"), eshop=eshop)
        assert self.marks() == ("", None, "")

    def test_applying_stored_answers_clears_nothing(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order("1"))
        self.mark()
        held = self.marks()
        run = start_run(Order.objects.all(), None, SyncRun.Trigger.REAPPLY).run
        assert run is not None
        work_off(run)
        assert outcomes(run) == [Outcome.UNCHANGED]
        assert self.marks() == held


class TestPlaces:
    """An e-shop that answers slowly must not occupy the threads that the others need."""

    def test_a_lane_without_a_place_comes_again_and_its_messages_do_not_multiply(
        self, scripted: ScriptedShop, sent: Sent
    ) -> None:
        eshop = imported(scripted, source_order("1"))
        run = start_run(Order.objects.all(), None, SyncRun.Trigger.ROW).run
        assert run is not None
        with place(eshop, "click") as first, place(eshop, "click") as second:
            assert first and second
            work_off(run)
            work_off(run)
            engine.resume_stalled()
        again, swept = sent
        assert again[:3] == ("sync.tasks.synchronize_lane", (run.pk, eshop.pk), "click")
        assert 0.9 <= (again.countdown or 0) <= 1.4 and swept.countdown is None
        assert (scripted.asked[1:], run.items.get().attempts) == ([], 0)
        work_off(run)
        assert outcomes(run) == [Outcome.UNCHANGED]

    def test_other_queues_and_eshops_and_who_asks_nobody_have_their_own(
        self, scripted: ScriptedShop
    ) -> None:
        eshop = imported(scripted, source_order("1"))
        other = imported(scripted, source_order("2"), eshop=factories.eshop(name="Other"))
        with place(eshop, "click"), place(eshop, "click"):
            assert outcomes(synchronized(Order.objects.get(eshop=eshop))) == [Outcome.UNCHANGED]
            run = start_run(Order.objects.filter(eshop=other), None, SyncRun.Trigger.ROW).run
            assert run is not None
            work_off(run)
            assert set(outcomes(run)) == {Outcome.UNCHANGED}
        with place(eshop, "bulk"), place(eshop, "bulk"):
            run = start_run(Order.objects.filter(eshop=eshop), None, SyncRun.Trigger.REAPPLY).run
            assert run is not None
            work_off(run)
            assert outcomes(run) == [Outcome.UNCHANGED]

    def test_an_import_needs_a_place_too(self, scripted: ScriptedShop, sent: Sent) -> None:
        eshop = factories.eshop()
        run = start_import(eshop, None, None)
        with place(eshop, "import"), place(eshop, "import"):
            load_orders(run.pk)
            load_orders(run.pk)
        assert [(message.task, message.args) for message in sent] == [
            ("sync.tasks.load_orders", (run.pk,))
        ]
        assert not scripted.asked
        load_orders(run.pk)
        assert scripted.asked


class TestTwice:
    def test_a_message_delivered_twice_has_one_effect(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order())
        scripted.put(source_order(status_code="done"))
        run = synchronized(Order.objects.get())
        movements = Movement.objects.count()
        work_off(run)
        work_off(run)
        assert Movement.objects.count() == movements == 2
        assert len(scripted.asked[1:]) == 1

    def test_while_one_worker_has_the_lane_another_leaves_it_alone(
        self, scripted: ScriptedShop
    ) -> None:
        eshop = imported(scripted, source_order())
        run = start_run(Order.objects.all(), None, SyncRun.Trigger.BULK).run
        assert run is not None
        scripted.before_answer = [lambda: engine.synchronize_lane(run.pk, eshop.pk)]
        work_off(run)
        assert len(scripted.asked[1:]) == 1
        assert outcomes(run) == [Outcome.UNCHANGED]

    def test_without_the_lease_two_workers_still_have_one_effect(
        self, scripted: ScriptedShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        eshop = imported(scripted, source_order())
        scripted.put(source_order(status_code="done", items=(source_item("1"), source_item("2"))))
        run = start_run(Order.objects.all(), None, SyncRun.Trigger.BULK).run
        assert run is not None
        monkeypatch.setattr("sync.engine._lane", lambda run_id, eshop_id: str(len(scripted.asked)))
        scripted.before_answer = [lambda: engine.synchronize_lane(run.pk, eshop.pk)]
        work_off(run)
        assert len(scripted.asked[1:]) == 2
        assert outcomes(run) == [Outcome.UPDATED]
        assert Movement.objects.filter(kind="synchronized").count() == 1
        assert OrderItem.objects.count() == 2

    def test_two_staff_at_once_get_one_update(self, scripted: ScriptedShop) -> None:
        imported(scripted, source_order("1"), source_order("2"), source_order("3"))
        orders = list(Order.objects.order_by("pk"))
        first = start_run(
            Order.objects.filter(pk__in=[orders[0].pk, orders[1].pk]), None, SyncRun.Trigger.BULK
        ).run
        second = start_run(
            Order.objects.filter(pk__in=[orders[1].pk, orders[2].pk]), None, SyncRun.Trigger.BULK
        ).run
        assert first is not None
        assert second is not None
        work_off(second)
        work_off(first)
        assert outcomes(first) == [Outcome.UNCHANGED] * 2
        assert sorted(outcomes(second)) == [Outcome.SKIPPED, Outcome.UNCHANGED]
        assert sorted(key for asked in scripted.asked[1:] for key in asked) == ["1", "2", "3"]


class TestCancel:
    def test_what_is_done_stays_and_the_rest_is_not_tried(self, scripted: ScriptedShop) -> None:
        imported(scripted, *(source_order(str(n)) for n in range(1, 5)))
        scripted.batch_size = 2
        run = start_run(Order.objects.all(), None, SyncRun.Trigger.BULK).run
        assert run is not None
        scripted.before_answer = [lambda: None, lambda: cancel_run(run)]
        work_off(run)
        assert outcomes(run) == [Outcome.UNCHANGED] * 2 + [Outcome.CANCELLED] * 2


class TestCost:
    def statements(self, scripted: ScriptedShop, count: int, batch: str) -> int:
        eshop = factories.eshop(name=f"Shop {batch}")
        scripted.orders = {}
        sources = [source_order(f"{batch}{n}") for n in range(count)]
        imported(scripted, *sources, eshop=eshop)
        for number in range(count):
            scripted.put(
                source_order(
                    f"{batch}{number}",
                    status_code="done",
                    billing=SourceAddress(city="Plzeň"),
                    items=tuple(source_item(str(n)) for n in range(5)),
                )
            )
        run = start_run(Order.objects.filter(eshop=eshop), None, SyncRun.Trigger.BULK).run
        assert run is not None
        with CaptureQueriesContext(connection) as queries:
            work_off(run)
        assert outcomes(run) == [Outcome.UPDATED] * count
        return len(queries)

    def test_100_orders_cost_as_many_statements_as_10(self, scripted: ScriptedShop) -> None:
        few, many = self.statements(scripted, 10, "a"), self.statements(scripted, 100, "b")
        assert few == many
        assert many <= 24


class TestImport:
    def test_orders_are_created_with_all_their_rows(self, scripted: ScriptedShop) -> None:
        scripted.batch_size = 3
        imported(scripted, *(source_order(str(n)) for n in range(8)))
        assert Order.objects.count() == SyncState.objects.count() == OrderItem.objects.count() == 8
        assert OrderAddress.objects.count() == 16
        run = SyncRun.objects.get()
        assert (outcomes(run), run.expected) == ([Outcome.IMPORTED] * 8, 8)
        assert run.finished_at is not None
        assert set(Movement.objects.values_list("kind", flat=True)) == {"imported"}
        assert SyncState.objects.filter(synced_at=None, outcome="").count() == 8

    def test_orders_that_are_here_are_left_alone(self, scripted: ScriptedShop) -> None:
        eshop = imported(scripted, source_order("1"))
        held = everything(*ORDER_ROWS, SyncState, Movement)
        scripted.put(source_order("1", status_code="done"), source_order("2"))
        imported(scripted, eshop=eshop)
        run = SyncRun.objects.order_by("pk").last()
        assert run is not None
        assert list(run.items.values_list("external_id", "outcome")) == [("2", "imported")]
        kept = [
            rows[: len(before)]
            for rows, before in zip(everything(*ORDER_ROWS, SyncState, Movement), held, strict=True)
        ]
        assert kept == held

    def test_a_broken_order_is_parked_and_stops_nothing(self, scripted: ScriptedShop) -> None:
        scripted.orders["1"] = BadPayload("total: not a figure")
        imported(scripted, source_order("2"), source_order("3", currency=None))
        run = SyncRun.objects.get()
        assert dict(run.items.values_list("external_id", "outcome")) == {
            "1": Outcome.FAILED,
            "2": Outcome.IMPORTED,
            "3": Outcome.FAILED,
        }
        assert Order.objects.get().external_id == "2"

    def test_a_worker_that_dies_between_pages_loses_and_doubles_nothing(
        self, scripted: ScriptedShop, sent: Sent
    ) -> None:
        scripted.batch_size = 2
        scripted.put(*(source_order(str(n)) for n in range(5)))

        def die() -> None:
            raise SystemExit

        run = start_import(factories.eshop(), None, None)
        scripted.before_answer = [lambda: None, die]
        with pytest.raises(SystemExit):
            load_orders(run.pk)
        assert Order.objects.count() == 2
        load_orders(run.pk)
        assert Order.objects.count() == OrderItem.objects.count() == 5
        assert scripted.asked == [["page 0"], ["page 2"], ["page 2"], ["page 4"]]

    def test_one_import_of_an_eshop_at_a_time(self) -> None:
        eshop = factories.eshop()
        start_import(eshop, None, None)
        with pytest.raises(NotStarted, match="are being imported already"):
            start_import(eshop, None, None)
        start_import(factories.eshop(name="Another"), None, None)

    def test_a_refusal_ends_it_in_words(self, scripted: ScriptedShop) -> None:
        scripted.error = Refused("The e-shop refused our key (401).")
        eshop = imported(scripted)
        run = SyncRun.objects.get()
        assert run.finished_at is not None
        assert run.error == "The e-shop refused our key (401)."
        eshop.refresh_from_db()
        assert eshop.connection_error == run.error

    def test_an_outage_is_tried_again_and_given_up_in_the_end(
        self, scripted: ScriptedShop, sent: Sent
    ) -> None:
        scripted.error = Unavailable("Down.")
        eshop = factories.eshop()
        run = start_import(eshop, None, None)
        for _ in range(MAX_ATTEMPTS):
            Eshop.objects.update(wait_until=None)
            load_orders(run.pk)
        run.refresh_from_db()
        assert (run.error, run.finished_at is not None) == ("Down.", True)
        assert [round(m.countdown or 0) for m in sent] == [2, 6, 18]
