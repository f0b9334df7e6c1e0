from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from eshops.models import DataLoad, Eshop
from eshops.source import Refused, SequenceEntry, ShopInfo, Unavailable
from sync.loading import load_data, resume_stalled, start_due_loads, start_load
from sync.runs import NotStarted
from tests import factories
from tests.harness.guards import Sent
from tests.shops import ScriptedShop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey", "sent")]


def test_a_load_tells_what_it_changed(scripted: ScriptedShop) -> None:
    eshop = factories.eshop(connection_error="refused")
    scripted.sequences = [SequenceEntry(kind="status", code="new", name="New")]
    load = start_load(eshop, "olga")
    load_data(load.pk)
    load.refresh_from_db()
    eshop.refresh_from_db()
    assert load.changes == {"added": [["status", "new", "New", ""]]}
    assert (load.finished_at is not None, load.error, load.requested_by) == (True, "", "olga")
    assert eshop.connection_error == ""


@pytest.mark.parametrize(
    ("moves", "expected"), [(False, {"states": "new"}), (True, {"states": "elsewhere"})]
)
def test_what_the_adapter_learnt_is_learnt_anew(
    scripted: ScriptedShop, moves: bool, expected: dict[str, str]
) -> None:
    """Not where the e-shop has been connected at another address meanwhile."""
    eshop = factories.eshop(learned={"states": "old"})
    scripted.info = ShopInfo(learned={"states": "new"})
    if moves:
        elsewhere = {"base_url": "http://127.0.0.1:10", "learned": {"states": "elsewhere"}}
        scripted.before_answer = [lambda: Eshop.objects.update(**elsewhere)]
    load_data(start_load(eshop, "olga").pk)
    eshop.refresh_from_db()
    assert eshop.learned == expected


@pytest.mark.parametrize(
    ("error", "marked"), [(Refused("The key is refused."), True), (Unavailable("Down."), False)]
)
def test_a_failure_is_told_and_changes_nothing(
    scripted: ScriptedShop, error: Exception, marked: bool
) -> None:
    eshop = factories.eshop()
    eshop.sequences.create(kind="status", code="new", name="New", source_name="New")
    scripted.error = error  # type: ignore[assignment]
    load = start_load(eshop, "olga")
    load_data(load.pk)
    load.refresh_from_db()
    eshop.refresh_from_db()
    assert (load.error, load.changes, load.finished_at is not None) == (str(error), {}, True)
    assert eshop.sequences.get().is_active
    assert bool(eshop.connection_error) is marked


def test_a_fault_of_ours_ends_it_loudly(
    scripted: ScriptedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("sync.loading.store_sequences", broken)
    load = start_load(factories.eshop(), "olga")
    with pytest.raises(ZeroDivisionError):
        load_data(load.pk)
    load.refresh_from_db()
    assert load.finished_at and "its log has the details" in load.error
    assert start_load(Eshop.objects.get(), "olga")


def test_it_waits_while_the_eshop_has_to_be_given_time(scripted: ScriptedShop, sent: Sent) -> None:
    eshop = factories.eshop(wait_until=timezone.now() + timedelta(seconds=30))
    scripted.sequences = [SequenceEntry(kind="status", code="new", name="New")]
    load = start_load(eshop, "olga")
    load_data(load.pk)
    load.refresh_from_db()
    assert (load.finished_at, eshop.sequences.count()) == (None, 0)
    (message,) = sent
    assert (message.args, round(message.countdown or 0)) == ((load.pk,), 30)
    sent.clear()
    resume_stalled()
    Eshop.objects.update(wait_until=timezone.now() + timedelta(minutes=10))
    load_data(load.pk)
    assert not sent, "a pause of ten minutes is ended by the sweep"
    Eshop.objects.update(wait_until=timezone.now())
    resume_stalled()
    assert [message.args for message in sent] == [(load.pk,)]
    load_data(load.pk)
    assert eshop.sequences.count() == 1


def test_the_time_an_eshop_asks_for_is_noted(scripted: ScriptedShop) -> None:
    eshop = factories.eshop()
    scripted.error = Unavailable("Slow down.", retry_after=timedelta(minutes=5))
    load_data(start_load(eshop, "olga").pk)
    eshop.refresh_from_db()
    assert eshop.is_waiting and eshop.wait_reason == "Slow down."


def test_one_at_a_time() -> None:
    eshop = factories.eshop()
    start_load(eshop, "olga")
    with pytest.raises(NotStarted, match="being loaded already"):
        start_load(eshop, "petr")
    assert DataLoad.objects.count() == 1


def test_a_load_whose_worker_died_is_taken_up(sent: Sent) -> None:
    load = start_load(factories.eshop(), "olga")
    sent.clear()
    resume_stalled()
    assert [(m.task, m.args) for m in sent] == [("sync.tasks.load_data", (load.pk,))]


def test_three_times_a_day(scripted: ScriptedShop) -> None:
    scripted.sequences = [SequenceEntry(kind="status", code="new", name="New")]
    active = factories.eshop(name="Active")
    factories.eshop(name="Asleep", is_active=False)
    start = datetime(2026, 11, 23, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as clock:
        for _ in range(24 * 6):
            start_due_loads()
            for load in DataLoad.objects.filter(finished_at=None):
                load_data(load.pk)
            clock.shift(timedelta(minutes=10))
    assert set(DataLoad.objects.values_list("eshop", flat=True)) == {active.pk}
    assert DataLoad.objects.count() == 3


def test_many_eshops_are_spread_over_time() -> None:
    for number in range(10):
        factories.eshop(name=f"Shop {number}")
    start_due_loads()
    assert DataLoad.objects.count() == 3
    start_due_loads()
    assert DataLoad.objects.count() == 6
    assert Eshop.objects.count() == 10
