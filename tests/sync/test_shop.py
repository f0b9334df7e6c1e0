"""The engine with the real adapter and a shop that answers over HTTP: costs and faults."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from eshops.adapters.http import HttpClient
from eshops.connection import connect
from eshops.models import Eshop
from eshops.sandbox.server import RunningSandbox, running
from orders.models import Movement, Order, OrderAddress, OrderItem
from sync import engine
from sync.imports import load_orders, start_import
from sync.models import SyncItem, SyncRun
from sync.runs import start_run
from tests.harness.guards import Sent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]

Outcome = SyncItem.Outcome
ROWS = (Order, OrderAddress, OrderItem)


@pytest.fixture(autouse=True)
def _messages(sent: Sent) -> Sent:
    return sent


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running(orders=105) as shop:
        yield shop


@pytest.fixture
def eshop(sandbox: RunningSandbox) -> Iterator[Eshop]:
    """The sandbox, connected and imported."""
    eshop = connect(
        "Sandbox",
        "woocommerce",
        sandbox.url,
        {"consumer_key": sandbox.consumer_key, "consumer_secret": sandbox.consumer_secret},
    )
    load_orders(start_import(eshop, None, None).pk)
    sandbox.clear_log()
    yield eshop
    assert {entry["method"] for entry in sandbox.log} <= {"GET"}, "a sync only reads the e-shop"


def orders(count: int) -> list[Order]:
    return list(Order.objects.order_by("pk")[:count])


def run_of(chosen: list[Order]) -> SyncRun:
    keys = [order.pk for order in chosen]
    run = start_run(Order.objects.filter(pk__in=keys), None, SyncRun.Trigger.BULK).run
    assert run is not None
    return run


def work_off(run: SyncRun) -> None:
    """All attempts one after the other, without the pauses between them."""
    for _ in range(engine.MAX_ATTEMPTS):
        Eshop.objects.update(wait_until=None)
        engine.synchronize_lane(run.pk, run.items.values_list("eshop_id", flat=True)[0])


def outcomes(run: SyncRun) -> dict[str, int]:
    told = list(run.items.values_list("outcome", flat=True))
    return {outcome: told.count(outcome) for outcome in sorted(set(told))}


def rows() -> list[Any]:
    return [list(model._default_manager.order_by("pk").values()) for model in ROWS]


def test_the_import_is_complete(eshop: Eshop, sandbox: RunningSandbox) -> None:
    run = SyncRun.objects.get()
    assert outcomes(run) == {Outcome.IMPORTED: 105}
    assert Order.objects.count() == run.expected == 105
    assert set(Order.objects.values_list("currency", flat=True)) == {"EUR", "CZK", "HUF", "JPY"}


def test_100_orders_of_one_eshop_are_one_request(eshop: Eshop, sandbox: RunningSandbox) -> None:
    held = rows()
    run = run_of(orders(100))
    work_off(run)
    assert outcomes(run) == {Outcome.UNCHANGED: 100}
    assert rows() == held
    assert len(sandbox.log) == 1


def test_an_absent_order_costs_one_request_more(eshop: Eshop, sandbox: RunningSandbox) -> None:
    chosen = orders(100)
    gone, trashed = chosen[:2]
    sandbox.shop.edit(int(gone.external_id), {"delete": True})
    sandbox.shop.edit(int(trashed.external_id), {"trash": True})
    run = run_of(chosen)
    work_off(run)
    assert outcomes(run) == {Outcome.MISSING: 2, Outcome.UNCHANGED: 98}
    assert len(sandbox.log) == 3
    gone.refresh_from_db()
    trashed.refresh_from_db()
    assert (gone.source_state, trashed.source_state) == ("missing", "trashed")
    assert gone.items.exists()
    sandbox.shop.edit(int(trashed.external_id), {"restore": True})
    work_off(run_of([trashed]))
    trashed.refresh_from_db()
    assert trashed.source_state == "present"


def test_what_a_person_changes_in_the_shop_arrives(eshop: Eshop, sandbox: RunningSandbox) -> None:
    order = orders(1)[0]
    sandbox.shop.edit(
        int(order.external_id),
        {
            "status": "cancelled",
            "billing": {"city": "Ústí nad Labem", "company": ""},
            "add_line": {"name": "Dárek <b>&</b> přání", "price": "1.10", "quantity": 3},
            "customer_note": "Zvonit 2×",
        },
    )
    run = run_of([order])
    work_off(run)
    order.refresh_from_db()
    assert outcomes(run) == {Outcome.UPDATED: 1}
    assert (order.status_code, order.customer_note) == ("cancelled", "Zvonit 2×")
    assert order.addresses.get(kind="billing").city == "Ústí nad Labem"
    added = order.items.get(name="Dárek <b>&</b> přání")
    assert (added.quantity, added.net) == (3, Decimal("3.30"))
    movement = order.movements.first()
    assert movement is not None
    assert "status_code" in {change["field"] for change in movement.changes["fields"]}
    assert [line["action"] for line in movement.changes["lines"]] == ["added"]


@pytest.mark.parametrize(
    ("kind", "options", "error_kind", "words"),
    [
        ("500", {}, "unavailable", "500"),
        ("503", {}, "unavailable", "503"),
        ("404", {}, "unavailable", "does not know the orders API"),
        ("html", {}, "unavailable", "web page"),
        ("cut", {}, "unavailable", "broke off"),
        ("429", {"value": 30}, "unavailable", "429"),
    ],
)
def test_a_shop_that_cannot_answer_changes_nothing(
    eshop: Eshop,
    sandbox: RunningSandbox,
    kind: str,
    options: dict[str, Any],
    error_kind: str,
    words: str,
) -> None:
    held = rows()
    sandbox.faults.switch_on(kind, **options)
    run = run_of(orders(20))
    work_off(run)
    assert outcomes(run) == {Outcome.FAILED: 20}
    assert rows() == held
    assert set(run.items.values_list("error_kind", flat=True)) == {error_kind}
    assert words in run.items.all()[0].message
    sandbox.faults.switch_off()
    again = run_of(orders(20))
    work_off(again)
    assert outcomes(again) == {Outcome.UNCHANGED: 20}


@pytest.mark.parametrize("kind", ["401", "403"])
def test_a_shop_that_refuses_us_is_asked_once(
    eshop: Eshop, sandbox: RunningSandbox, kind: str
) -> None:
    held = rows()
    sandbox.faults.switch_on(kind)
    run = run_of(orders(20))
    work_off(run)
    assert outcomes(run) == {Outcome.FAILED: 1, Outcome.SKIPPED: 19}
    assert rows() == held
    assert len(sandbox.log) == 1
    eshop.refresh_from_db()
    assert kind in eshop.connection_error
    assert sandbox.consumer_secret not in eshop.connection_error


def test_retry_after_is_obeyed(eshop: Eshop, sandbox: RunningSandbox) -> None:
    sandbox.faults.switch_on("429", times=1, value=600)
    run = run_of(orders(3))
    for _ in range(3):
        engine.synchronize_lane(run.pk, eshop.pk)
    assert len(sandbox.log) == 1
    assert outcomes(run) == {Outcome.PENDING: 3}
    eshop.refresh_from_db()
    assert eshop.is_waiting
    work_off(run)
    assert outcomes(run) == {Outcome.UNCHANGED: 3}


@pytest.mark.parametrize("kind", ["broken", "fatal"])
def test_one_bad_order_among_100_costs_only_itself(
    eshop: Eshop, sandbox: RunningSandbox, kind: str
) -> None:
    chosen = orders(100)
    bad = chosen[37]
    for order in chosen:
        sandbox.shop.edit(int(order.external_id), {"customer_note": "nová poznámka"})
    sandbox.faults.switch_on(kind, order_id=int(bad.external_id))
    run = run_of(chosen)
    work_off(run)
    assert outcomes(run) == {Outcome.FAILED: 1, Outcome.UPDATED: 99}
    assert run.items.get(outcome=Outcome.FAILED).order == bad
    note = bad.customer_note
    bad.refresh_from_db()
    assert bad.customer_note == note


def test_a_warning_before_the_json_is_read_past(eshop: Eshop, sandbox: RunningSandbox) -> None:
    sandbox.faults.switch_on("warning")
    run = run_of(orders(5))
    work_off(run)
    assert outcomes(run) == {Outcome.UNCHANGED: 5}


def test_an_answer_of_30_mb_is_refused_by_its_size(eshop: Eshop, sandbox: RunningSandbox) -> None:
    held = rows()
    sandbox.faults.switch_on("huge")
    run = run_of(orders(1))
    work_off(run)
    assert outcomes(run) == {Outcome.FAILED: 1}
    assert "MB" in run.items.get().message
    assert rows() == held


def test_a_slow_shop_is_given_up_after_the_time_limit(
    eshop: Eshop, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = HttpClient.__init__.__kwdefaults__
    assert defaults
    monkeypatch.setitem(defaults, "read_timeout", 0.2)
    held = rows()
    sandbox.faults.switch_on("slow", value=1)
    run = run_of(orders(2))
    work_off(run)
    assert outcomes(run) == {Outcome.FAILED: 2}
    assert rows() == held


def test_an_older_answer_does_not_overwrite(eshop: Eshop, sandbox: RunningSandbox) -> None:
    order = orders(1)[0]
    external_id = int(order.external_id)
    before = sandbox.shop.snapshot()
    sandbox.shop.edit(external_id, {"status": "cancelled"})
    run = run_of([order])
    work_off(run)
    assert outcomes(run) == {Outcome.UPDATED: 1}
    held = rows()
    for older in (before, {external_id: _older(sandbox, external_id)}):
        sandbox.faults.switch_on("stale", orders=older)
        run = run_of([order])
        work_off(run)
        assert outcomes(run) == {Outcome.FAILED: 1}
        assert "older state" in run.items.get().message
        assert rows() == held
    order.refresh_from_db()
    assert order.status_code == "cancelled"


def test_a_cache_that_hides_a_change_delays_it_only(eshop: Eshop, sandbox: RunningSandbox) -> None:
    order = orders(1)[0]
    sandbox.faults.switch_on("stale", orders=sandbox.shop.snapshot())
    sandbox.shop.edit(int(order.external_id), {"status": "cancelled"})
    held, run = rows(), run_of([order])
    work_off(run)
    assert outcomes(run) == {Outcome.UNCHANGED: 1}
    assert rows() == held
    sandbox.faults.switch_off()
    work_off(run_of([order]))
    order.refresh_from_db()
    assert order.status_code == "cancelled"


def _older(sandbox: RunningSandbox, external_id: int) -> dict[str, Any]:
    return sandbox.shop.order(external_id) | {
        "status": "pending",
        "date_modified_gmt": "2020-01-01T00:00:00",
    }


def test_no_secret_is_told(
    eshop: Eshop, sandbox: RunningSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    sandbox.faults.switch_on("401")
    run = run_of(orders(2))
    work_off(run)
    told = caplog.text + repr(eshop.credentials) + repr(list(run.items.values()))
    assert sandbox.consumer_secret not in told
    assert "oauth_signature" not in told


def test_movements_are_never_rewritten(eshop: Eshop, sandbox: RunningSandbox) -> None:
    order = orders(1)[0]
    before = list(Movement.objects.filter(order=order).order_by("pk").values())
    sandbox.shop.edit(int(order.external_id), {"status": "on-hold"})
    work_off(run_of([order]))
    after = list(Movement.objects.filter(order=order).order_by("pk").values())
    assert after[: len(before)] == before
    assert len(after) == len(before) + 1
