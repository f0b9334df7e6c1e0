from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from eshops.models import Eshop
from eshops.sequences import raise_settings_version
from eshops.source import BadPayload, Metadatum, OrderNotFound, Refused
from orders.models import Movement, Order, OrderItem, Payload, SyncState
from sync import engine
from sync.catching_up import (
    advance,
    advance_all,
    cancel,
    count_stale,
    pause,
    resume,
    stale_orders,
    start_catch_up,
)
from sync.imports import load_orders, start_import
from sync.models import CatchUp, SyncItem, SyncRun
from sync.payloads import forget_old, recall
from sync.runs import NotStarted, Started, cancel_run, start_run
from tests import factories
from tests.harness.guards import Sent
from tests.shops import ScriptedShop
from tests.sources import PLACED, source_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey", "sent")]


@pytest.fixture
def eshop(scripted: ScriptedShop) -> Eshop:
    """250 imported orders whose e-shop's settings have changed since."""
    eshop = factories.eshop()
    for number in range(1, 251):
        placed = PLACED + timedelta(minutes=number)
        scripted.put(source_order(str(number), placed_at=placed))
    load_orders(start_import(eshop, None, None).pk)
    scripted.asked.clear()
    eshop.sequences.create(kind="status", code="processing", name="Zpracovává se")
    Eshop.objects.update(settings_version=2)
    eshop.refresh_from_db()
    return eshop


def work_off() -> None:
    """What workers and the sweep do until nothing is left to do."""
    for _ in range(50):
        lanes = SyncItem.objects.filter(outcome="pending").values_list("run_id", "eshop_id")
        for run_id, eshop_id in set(lanes):
            engine.synchronize_lane(run_id, eshop_id)
        advance_all()


def runs() -> list[int]:
    found = SyncRun.objects.exclude(catch_up=None).order_by("pk")
    return [run.items.count() for run in found]


def test_runs_of_100_newest_first_until_none_is_left(eshop: Eshop) -> None:
    assert count_stale() == {eshop.pk: 250}
    catch_up = start_catch_up(None)
    first = SyncRun.objects.get(catch_up=catch_up)
    numbers = {int(key) for key in first.items.values_list("external_id", flat=True)}
    assert numbers == set(range(151, 251))
    work_off()
    catch_up.refresh_from_db()
    assert runs() == [100, 100, 50]
    assert catch_up.finished_at is not None
    assert count_stale() == {eshop.pk: 0}
    assert set(Order.objects.values_list("status_name", flat=True)) == {"Zpracovává se"}


def test_paused_it_finishes_its_run_and_starts_no_other(eshop: Eshop) -> None:
    catch_up = start_catch_up(None)
    pause(catch_up)
    work_off()
    assert runs() == [100]
    assert count_stale() == {eshop.pk: 150}
    resume(catch_up)
    work_off()
    assert count_stale() == {eshop.pk: 0}


def test_cancelled_it_leaves_the_rest(eshop: Eshop) -> None:
    catch_up = start_catch_up(None)
    cancel(catch_up)
    work_off()
    assert count_stale() == {eshop.pk: 250}
    assert set(SyncItem.objects.filter(run__catch_up=catch_up).values_list("outcome")) == {
        ("cancelled",)
    }
    start_catch_up(None)
    work_off()
    assert count_stale() == {eshop.pk: 0}


def test_cancelled_it_leaves_the_runs_that_are_finished_as_they_are(eshop: Eshop) -> None:
    catch_up = start_catch_up(None)
    engine.synchronize_lane(catch_up.runs.get().pk, eshop.pk)
    advance_all()
    cancel(catch_up)
    assert [run.cancelled_at is None for run in catch_up.runs.order_by("pk")] == [True, False]


def test_a_worker_that_dies_loses_none(eshop: Eshop, scripted: ScriptedShop) -> None:
    start_catch_up(None)
    scripted.kills = "200"
    with pytest.raises(SystemExit):
        work_off()
    scripted.kills = ""
    work_off()
    assert count_stale() == {eshop.pk: 0}
    assert sum(runs()) == 250


def test_a_failing_order_does_not_loop(eshop: Eshop, scripted: ScriptedShop) -> None:
    scripted.orders["77"] = BadPayload("total: not a figure")
    catch_up = start_catch_up(None)
    work_off()
    catch_up.refresh_from_db()
    assert catch_up.finished_at is not None
    assert sum(runs()) == 250
    assert list(stale_orders().values_list("external_id", flat=True)) == ["77"]


def test_missing_and_trashed_orders_do_not_keep_the_counter_up(
    eshop: Eshop, scripted: ScriptedShop
) -> None:
    scripted.orders["77"] = OrderNotFound("gone")
    start_catch_up(None)
    work_off()
    assert count_stale() == {eshop.pk: 0}


def test_a_refusal_pauses_it(eshop: Eshop, scripted: ScriptedShop) -> None:
    scripted.error = Refused("The key is refused (401).")
    catch_up = start_catch_up(None)
    work_off()
    catch_up.refresh_from_db()
    assert catch_up.paused_at is not None
    assert "refused (401)" in catch_up.pause_reason
    assert runs() == [100]
    assert len(scripted.asked) == 1
    scripted.error = None
    resume(catch_up)
    work_off()
    catch_up.refresh_from_db()
    assert catch_up.finished_at is not None


def test_refused_orders_are_tried_when_it_is_resumed(eshop: Eshop, scripted: ScriptedShop) -> None:
    scripted.error = Refused("The key is refused (401).")
    catch_up = start_catch_up(None)
    work_off()
    scripted.error = None
    resume(catch_up)
    work_off()
    assert count_stale() == {eshop.pk: 0}
    assert runs() == [100, 100, 100, 50]


def test_settings_that_change_meanwhile_are_caught_up_with_too(eshop: Eshop) -> None:
    catch_up = start_catch_up(None)
    (run,) = catch_up.runs.all()
    engine.synchronize_lane(run.pk, eshop.pk)
    raise_settings_version(eshop)
    work_off()
    catch_up.refresh_from_db()
    assert catch_up.finished_at is not None
    assert count_stale() == {eshop.pk: 0}
    assert sum(runs()) == 350


def test_settings_that_change_while_the_eshop_is_asked(
    eshop: Eshop, scripted: ScriptedShop
) -> None:
    scripted.before_answer.append(lambda: raise_settings_version(eshop))
    start_catch_up(None)
    work_off()
    assert count_stale() == {eshop.pk: 0}
    assert sum(runs()) == 350


def test_a_failing_order_is_tried_once_more_with_other_settings(
    eshop: Eshop, scripted: ScriptedShop
) -> None:
    scripted.orders["250"] = BadPayload("total: not a figure")
    catch_up = start_catch_up(None)
    (run,) = catch_up.runs.all()
    engine.synchronize_lane(run.pk, eshop.pk)
    raise_settings_version(eshop)
    work_off()
    catch_up.refresh_from_db()
    assert catch_up.finished_at is not None
    assert list(stale_orders().values_list("external_id", flat=True)) == ["250"]
    tries = SyncItem.objects.filter(run__catch_up=catch_up, external_id="250")
    assert list(tries.values_list("outcome", "settings_version")) == [("failed", 2), ("failed", 3)]


def test_one_at_a_time_and_not_for_nothing(eshop: Eshop) -> None:
    start_catch_up(None)
    with pytest.raises(NotStarted, match="not finished yet"):
        start_catch_up(None)
    work_off()
    with pytest.raises(NotStarted, match="nothing to do"):
        start_catch_up(None)


def test_advancing_twice_starts_one_run(eshop: Eshop) -> None:
    catch_up = start_catch_up(None)
    advance(catch_up)
    advance(catch_up)
    assert runs() == [100]


def test_orders_that_wait_elsewhere_are_left_to_that_run(eshop: Eshop) -> None:
    newest = Order.objects.order_by("-placed_at")[:10]
    keys = [order.pk for order in newest]
    start_run(Order.objects.filter(pk__in=keys), None, SyncRun.Trigger.BULK)
    start_catch_up(None)
    work_off()
    assert count_stale() == {eshop.pk: 0}
    assert sum(runs()) == 240


def test_a_run_that_read_its_settings_before_they_changed(
    eshop: Eshop, scripted: ScriptedShop
) -> None:
    """It writes what was right when it began; the catch-up waits for it and looks again."""
    before = start_run(Order.objects.filter(external_id__in=["1", "2"]), None, "bulk").run
    assert before is not None
    catch_ups: list[CatchUp] = []

    def change() -> None:
        raise_settings_version(eshop)
        catch_ups.append(start_catch_up(None))
        while found := SyncItem.objects.filter(outcome="pending", run__catch_up=catch_ups[0]):
            engine.synchronize_lane(found[0].run_id, eshop.pk)
            advance_all()
        catch_ups[0].refresh_from_db()
        assert catch_ups[0].finished_at is None
        assert count_stale() == {eshop.pk: 2}

    scripted.before_answer.append(change)
    engine.synchronize_lane(before.pk, eshop.pk)
    assert count_stale() == {eshop.pk: 2}
    work_off()
    catch_ups[0].refresh_from_db()
    assert catch_ups[0].finished_at is not None
    assert count_stale() == {eshop.pk: 0}
    assert runs() == [100, 100, 48, 2]


def test_orders_that_begin_to_wait_elsewhere_at_the_same_moment(
    eshop: Eshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run takes an order between choosing it and starting the catch-up's run."""
    others: list[Started] = []

    def start(*args: Any, **options: Any) -> Started:
        if not others:
            others.append(start_run(Order.objects.filter(external_id="250"), None, "bulk"))
        return start_run(*args, **options)

    monkeypatch.setattr("sync.catching_up.start_run", start)
    catch_up = start_catch_up(None)
    assert catch_up.runs.get().items.get(external_id="250").outcome == "skipped"
    assert others[0].run is not None
    cancel_run(others[0].run)
    work_off()
    assert count_stale() == {eshop.pk: 0}


class TestReapply:
    def test_it_gives_what_a_synchronization_gives_and_asks_nobody(
        self, eshop: Eshop, scripted: ScriptedShop
    ) -> None:
        rule = {"source_key": "_vat", "target": "vat_id"}
        eshop.mappings.create(**rule)
        catch_up = start_catch_up(None, offline=True)
        work_off()
        catch_up.refresh_from_db()
        assert catch_up.finished_at is not None
        assert not scripted.asked
        assert count_stale() == {eshop.pk: 0}
        held = list(Order.objects.order_by("pk").values())
        assert {row["status_name"] for row in held} == {"Zpracovává se"}
        Eshop.objects.update(settings_version=3)
        start_catch_up(None)
        work_off()
        assert scripted.asked
        assert list(Order.objects.order_by("pk").values()) == held

    def test_it_says_so_and_does_not_pose_as_a_synchronization(
        self, eshop: Eshop, scripted: ScriptedShop
    ) -> None:
        order = Order.objects.order_by("pk")[0]
        asked_at = order.sync_state.asked_at
        start_catch_up(None, offline=True)
        work_off()
        state = SyncState.objects.get(order=order)
        assert (state.synced_at, state.asked_at) == (None, asked_at)
        movement = order.movements.first()
        assert movement is not None
        assert movement.kind == Movement.Kind.REAPPLIED
        assert movement.changes["fields"][0]["field"] == "status_name"

    def test_an_order_missing_in_the_eshop_stays_missing(
        self, eshop: Eshop, scripted: ScriptedShop
    ) -> None:
        Order.objects.filter(external_id="5").update(source_state="trashed")
        start_catch_up(None, offline=True)
        work_off()
        order = Order.objects.get(external_id="5")
        assert (order.source_state, order.status_name) == ("trashed", "Zpracovává se")

    def test_an_order_of_which_nothing_is_kept_fails_in_words(self, eshop: Eshop) -> None:
        Payload.objects.filter(order__external_id="5").delete()
        start_catch_up(None, offline=True)
        work_off()
        item = SyncItem.objects.get(run__catch_up__isnull=False, external_id="5")
        assert item.outcome == "failed"
        assert "synchronize it instead" in item.message


class TestPayloads:
    def test_they_are_encrypted_and_one_for_each_order(
        self, eshop: Eshop, scripted: ScriptedShop
    ) -> None:
        assert Payload.objects.count() == 250
        assert "Nováková" not in Payload.objects.all()[0].content
        scripted.put(source_order("1", metadata=(Metadatum("a", [1, None]),)))
        run = start_run(Order.objects.filter(external_id="1"), None, "row").run
        assert run is not None
        engine.synchronize_lane(run.pk, eshop.pk)
        assert Payload.objects.count() == 250

    def test_the_same_words_are_not_written_again(self, eshop: Eshop) -> None:
        run = start_run(Order.objects.filter(external_id="1"), None, "row").run
        assert run is not None
        with CaptureQueriesContext(connection) as queries:
            engine.synchronize_lane(run.pk, eshop.pk)
        assert not [q for q in queries if 'INTO "orders_payload"' in q["sql"]]

    def test_they_are_forgotten_in_time(self, eshop: Eshop) -> None:
        old = PLACED - timedelta(days=400)
        Payload.objects.filter(order__external_id__in=["1", "2"]).update(stored_at=old)
        assert forget_old() == 2
        assert Payload.objects.count() == 248

    def test_none_is_kept_where_that_is_not_wanted(
        self, scripted: ScriptedShop, settings: pytest.FixtureRequest
    ) -> None:
        settings.PAYLOAD_DAYS = 0  # type: ignore[attr-defined]
        scripted.put(source_order("1"))
        load_orders(start_import(factories.eshop(), None, None).pk)
        assert OrderItem.objects.exists()
        assert not Payload.objects.exists()


class TestRecall:
    """What an adapter may answer with when it learns cheaply that nothing was changed."""

    def test_what_our_copy_is_made_of(self, eshop: Eshop) -> None:
        order = Order.objects.order_by("pk").first()
        assert order
        told = recall(eshop, [order.external_id, "unheard-of"])
        assert list(told) == [order.external_id]
        assert told[order.external_id].number == order.number

    def test_nothing_where_our_copy_is_of_another_state(self, eshop: Eshop) -> None:
        external_ids = list(Order.objects.values_list("external_id", flat=True)[:2])
        first = Order.objects.get(external_id=external_ids[0])
        SyncState.objects.filter(order=first).update(source_modified_at=timezone.now())
        assert list(recall(eshop, external_ids)) == external_ids[1:]

    def test_nothing_where_it_cannot_be_read(self, eshop: Eshop, settings: Settings) -> None:
        settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]
        assert recall(eshop, list(Order.objects.values_list("external_id", flat=True))) == {}


def test_one_catch_up_is_kept_as_a_record(eshop: Eshop, sent: Sent) -> None:
    user = factories.user()
    catch_up = start_catch_up(user, eshop)
    assert (catch_up.created_by, catch_up.eshop) == (user, eshop)
    assert CatchUp.objects.get().runs.get().created_by_name == user.get_username()
