"""Real workers, a real broker and a real shop: what dies in the middle, and what staff press."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.core.management import call_command
from django.db import connection

from eshops.connection import connect
from eshops.models import Eshop
from eshops.sandbox.server import RunningSandbox, running
from orders.models import Movement, Order, OrderItem
from sync import engine, imports
from sync.imports import start_import
from sync.models import SyncItem, SyncRun
from sync.reports import is_finished
from sync.runs import start_run
from tests.harness.stack import LiveStack

pytestmark = pytest.mark.worker

Outcome = SyncItem.Outcome


def eventually(happened: Callable[[], object], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "It has not happened in time."
        time.sleep(0.05)


def connected(name: str, shop: RunningSandbox) -> Eshop:
    keys = {"consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret}
    return connect(name, "woocommerce", shop.url, keys)


@pytest.fixture
def eshop(live_stack: LiveStack, sandbox: RunningSandbox) -> Iterator[Eshop]:
    """The sandbox connected, and its orders imported by a worker."""
    live_stack.start_worker()
    eshop = connected("Sandbox", sandbox)
    run = start_import(eshop, None, None)
    eventually(lambda: is_finished(run))
    assert Order.objects.count() == 250
    sandbox.clear_log()
    yield eshop
    assert {entry["method"] for entry in sandbox.log} <= {"GET"}, "a sync only reads the e-shop"


def run_of(count: int, trigger: str = SyncRun.Trigger.BULK) -> SyncRun:
    keys = Order.objects.order_by("pk").values_list("pk", flat=True)[:count]
    run = start_run(Order.objects.filter(pk__in=list(keys)), None, trigger).run
    assert run is not None
    return run


def outcomes(run: SyncRun) -> dict[str, int]:
    told = list(run.items.values_list("outcome", flat=True))
    return {outcome: told.count(outcome) for outcome in sorted(set(told))}


def change_all(sandbox: RunningSandbox, count: int) -> None:
    for order in Order.objects.order_by("pk")[:count]:
        line = {"name": "Dárek", "price": "1.00", "quantity": 1}
        sandbox.shop.edit(int(order.external_id), {"add_line": line})


def test_100_orders_through_a_worker(eshop: Eshop, sandbox: RunningSandbox) -> None:
    change_all(sandbox, 100)
    run = run_of(100)
    eventually(lambda: is_finished(run))
    assert outcomes(run) == {Outcome.UPDATED: 100}
    assert len(sandbox.log) == 1
    assert OrderItem.objects.filter(name="Dárek").count() == 100


def test_a_worker_killed_in_the_middle_is_replaced(
    eshop: Eshop, sandbox: RunningSandbox, live_stack: LiveStack
) -> None:
    change_all(sandbox, 60)
    sandbox.faults.switch_on("slow", value=3, times=1)
    run = run_of(60)
    eventually(lambda: run.items.filter(attempts=1).count() == 60)
    live_stack.kill_worker()
    assert outcomes(run) == {Outcome.PENDING: 60}
    live_stack.start_worker()

    def swept() -> bool:
        engine.resume_stalled()
        return is_finished(run)

    eventually(swept)
    assert outcomes(run) == {Outcome.UPDATED: 60}
    assert OrderItem.objects.filter(name="Dárek").count() == 60
    assert Movement.objects.filter(kind=Movement.Kind.SYNCHRONIZED).count() == 60


def test_a_worker_killed_while_importing_is_replaced(
    eshop: Eshop, sandbox: RunningSandbox, live_stack: LiveStack
) -> None:
    sandbox.shop.create(120)
    sandbox.faults.switch_on("slow", value=1)
    run = start_import(eshop, None, None)
    eventually(lambda: SyncRun.objects.get(pk=run.pk).cursor)
    live_stack.kill_worker()
    sandbox.faults.switch_off()
    live_stack.start_worker()

    def swept() -> bool:
        imports.resume_stalled()
        return is_finished(run)

    eventually(swept)
    assert Order.objects.count() == 370
    assert outcomes(run) == {Outcome.IMPORTED: 120}


def test_a_message_reaches_one_queue_once(eshop: Eshop, live_stack: LiveStack) -> None:
    (log,) = live_stack.logs
    before = log.read_text().count("synchronize_lane[")
    for trigger in (SyncRun.Trigger.ROW, SyncRun.Trigger.BULK):
        run = run_of(1, trigger)
        eventually(partial(is_finished, run))
    time.sleep(1)
    received = [line for line in log.read_text().splitlines() if "received" in line]
    lanes = [line for line in received if "synchronize_lane[" in line]
    assert (before, len(lanes)) == (0, 2)


def test_the_same_message_many_times(eshop: Eshop, sandbox: RunningSandbox) -> None:
    change_all(sandbox, 10)
    run = run_of(10)
    for _ in range(10):
        engine._send_lane(run.pk, eshop.pk, run.trigger)
    eventually(lambda: is_finished(run))
    time.sleep(1)
    assert Movement.objects.filter(kind=Movement.Kind.SYNCHRONIZED).count() == 10
    assert len(sandbox.log) == 1


def test_two_workers_and_two_staff_at_once(
    eshop: Eshop, sandbox: RunningSandbox, live_stack: LiveStack
) -> None:
    live_stack.start_worker()
    change_all(sandbox, 40)
    runs: list[SyncRun] = []
    presses = [threading.Thread(target=lambda: press()) for _ in range(2)]

    def press() -> None:
        started = start_run(Order.objects.order_by("pk").filter(pk__in=chosen), None, "bulk")
        runs.append(started.run or SyncRun.objects.get(pk=next(iter(started.waiting))))
        connection.close()

    chosen = list(Order.objects.order_by("pk").values_list("pk", flat=True)[:40])
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    eventually(lambda: all(is_finished(run) for run in runs))
    assert SyncItem.objects.filter(outcome=Outcome.UPDATED).count() == 40
    assert OrderItem.objects.filter(name="Dárek").count() == 40


def test_a_click_does_not_wait_behind_a_bulk_run_of_another_eshop(
    eshop: Eshop, sandbox: RunningSandbox
) -> None:
    sandbox.faults.switch_on("slow", value=4, times=1)
    bulk = run_of(50)
    eventually(lambda: bulk.items.filter(attempts=1).exists())
    last = Order.objects.order_by("-pk").first()
    assert last is not None
    click = start_run(Order.objects.filter(pk=last.pk), None, SyncRun.Trigger.ROW).run
    assert click is not None
    eventually(lambda: is_finished(click), seconds=3)
    assert not is_finished(bulk)
    eventually(lambda: is_finished(bulk))


def test_a_slow_shop_does_not_keep_a_click_on_another_waiting(live_stack: LiveStack) -> None:
    with running(orders=20) as slow, running(orders=1) as fast:
        shops = {name: connected(name, shop) for name, shop in (("A", slow), ("B", fast))}
        live_stack.start_worker()
        imports = [start_import(eshop, None, None) for eshop in shops.values()]
        eventually(lambda: all(is_finished(run) for run in imports))
        slow.faults.switch_on("slow", value=25)
        for order in Order.objects.filter(eshop=shops["A"]):
            start_run(Order.objects.filter(pk=order.pk), None, SyncRun.Trigger.ROW)
        eventually(lambda: SyncItem.objects.filter(attempts=1, outcome=Outcome.PENDING).exists())
        click = start_run(Order.objects.filter(eshop=shops["B"]), None, SyncRun.Trigger.ROW).run
        assert click is not None
        eventually(lambda: is_finished(click), seconds=20)
        assert SyncItem.objects.filter(eshop=shops["A"], outcome=Outcome.PENDING).count() == 20


def test_many_clicks_on_one_shop_are_all_worked_off(eshop: Eshop, sandbox: RunningSandbox) -> None:
    runs = [
        start_run(Order.objects.filter(pk=order.pk), None, SyncRun.Trigger.ROW).run
        for order in Order.objects.order_by("pk")[:30]
    ]
    eventually(lambda: all(run and is_finished(run) for run in runs))
    assert len(sandbox.log) == 30


def test_a_shop_that_asks_for_a_pause_gets_it(eshop: Eshop, sandbox: RunningSandbox) -> None:
    sandbox.faults.switch_on("429", value=2, times=1)
    run = run_of(10)
    eventually(lambda: is_finished(run))
    assert outcomes(run) == {Outcome.UNCHANGED: 10}
    statuses = [entry["status"] for entry in sandbox.log]
    assert statuses == [429, 200]


def test_the_commands_for_scripts(
    eshop: Eshop, sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    order = Order.objects.order_by("pk")[0]
    sandbox.shop.edit(int(order.external_id), {"status": "cancelled"})
    call_command("synchronize", order.number, "--wait")
    assert "1 updated" in capsys.readouterr().out
    sandbox.shop.create(2)
    call_command("load_orders", "Sandbox")
    assert "2 imported" in capsys.readouterr().out
