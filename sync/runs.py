"""Starting, retrying and cancelling runs.

A run is rows first: one item for each order, pending until its outcome is known. How they are
worked off is in `sync.engine`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from orders import bulk
from orders.models import Order
from sync.engine import send_lanes
from sync.models import CatchUp, SyncItem, SyncRun

LIMIT = 100
"""How many orders one run may have."""

Outcome = SyncItem.Outcome


class NotStarted(Exception):
    """No run was started and nothing was queued; the message says why."""


@dataclass(frozen=True)
class Started:
    """What pressing the button led to: a run, unless all of the orders wait in others already."""

    run: SyncRun | None
    waiting: dict[int, int] = field(default_factory=dict)
    """Number of another run → how many of the orders already wait there."""


def start_run(
    orders: QuerySet[Order],
    user: AbstractBaseUser | None,
    trigger: str,
    name: str = "",
    catch_up: CatchUp | None = None,
) -> Started:
    """Write a run with a pending item for each order, and have a worker told on commit.

    An order that already waits in another run is not doubled: it is skipped here, naming that run.
    Raises `NotStarted` for no order and for more than `LIMIT`.
    """
    chosen = list(orders.order_by("pk").values_list("pk", "eshop_id", "external_id")[: LIMIT + 1])
    _check_number(len(chosen), orders)
    with transaction.atomic():
        return _started(_create_run(user, trigger, name, catch_up), chosen)


def retry_items(items: QuerySet[SyncItem], user: AbstractBaseUser | None) -> Started:
    """Start a run for the orders of these items; those that an import could not load are imported.

    Else as `start_run`.
    """
    keys = items.order_by("pk").values_list("order_id", "eshop_id", "external_id")
    chosen = list(keys[: LIMIT + 1])
    _check_number(len(chosen), items)
    with transaction.atomic():
        return _started(_create_run(user, SyncRun.Trigger.RETRY, "", None), _found_since(chosen))


@transaction.atomic
def cancel_run(run: SyncRun) -> int | None:
    """Finish what is still pending as cancelled, and load no further page of an import; orders
    already done stay as they are.

    How many orders that concerned, which an import need not know; None for a run that was finished
    already: nothing of it is changed.
    """
    now = timezone.now()
    found = SyncRun.objects.filter(pk=run.pk)
    imports = found.filter(trigger=SyncRun.Trigger.IMPORT, finished_at=None)
    stopped = imports.update(finished_at=now, error="Cancelled; what was loaded stays.")
    cancelled = run.items.filter(outcome=Outcome.PENDING).update(
        outcome=Outcome.CANCELLED, finished_at=now, message="Cancelled before it was tried."
    )
    if not stopped and not cancelled:
        return None
    found.update(cancelled_at=now)
    return cancelled


Key = tuple[int | None, int, str]
"""An order's primary key, None while we do not have it, its e-shop's, and its id there."""


def _check_number(number: int, chosen: QuerySet[Order] | QuerySet[SyncItem]) -> None:
    if not number:
        raise NotStarted("No order was selected.")
    if number > LIMIT:
        raise NotStarted(
            f"Bulk synchronization is limited to {LIMIT} orders at once; {chosen.count()} are "
            "selected. Nothing was started."
        )


def _found_since(chosen: Sequence[Key]) -> list[Key]:
    """With the orders that were loaded since by another import."""
    parked = [external_id for pk, _, external_id in chosen if pk is None]
    rows = Order.objects.filter(external_id__in=parked) if parked else Order.objects.none()
    known = {(row.eshop_id, row.external_id): row.pk for row in rows.only("eshop", "external_id")}
    return [(pk or known.get((eshop, each)), eshop, each) for pk, eshop, each in chosen]


def _started(run: SyncRun, chosen: Iterable[Key]) -> Started:
    """The run with its items, its lanes sent on commit; no run where all orders wait elsewhere."""
    items = [
        SyncItem(run=run, order_id=pk, eshop_id=eshop_id, external_id=external_id)
        for pk, eshop_id, external_id in chosen
    ]
    known = [item for item in items if item.order_id]
    taken = bulk.insert(known, ignore_conflicts=True, returning="order_id")
    pending = [item for item in items if not item.order_id or item.order_id in taken]
    bulk.insert([item for item in items if not item.order_id])
    waiting = _skip_doubled([item for item in known if item.order_id not in taken])
    if not pending:
        run.delete()
        return Started(None, waiting)
    eshops = {item.eshop_id for item in pending}
    transaction.on_commit(lambda: send_lanes(run, eshops), robust=True)
    return Started(run, waiting)


def _create_run(
    user: AbstractBaseUser | None, trigger: str, name: str, catch_up: CatchUp | None
) -> SyncRun:
    return SyncRun.objects.create(
        trigger=trigger,
        created_by_id=user.pk if user else None,
        created_by_name=name or (user.get_username() if user else "system"),
        created_at=timezone.now(),
        catch_up=catch_up,
    )


def _skip_doubled(doubled: Sequence[SyncItem]) -> dict[int, int]:
    """Note the orders that already wait elsewhere, and tell in which runs they do."""
    if not doubled:
        return {}
    runs: dict[int | None, int] = dict(
        SyncItem.objects.filter(
            order__in=[item.order_id for item in doubled], outcome=Outcome.PENDING
        ).values_list("order_id", "run_id")
    )
    for item in doubled:
        item.outcome, item.finished_at = Outcome.SKIPPED, timezone.now()
        item.message = f"Already waits in run {runs.get(item.order_id, '')}; not doubled."
    bulk.insert(doubled)
    return dict(Counter(runs.values()))
