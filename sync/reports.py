"""A run in words and figures, for commands that wait for one."""

import time
from collections.abc import Callable
from typing import Any

from django.db.models import Count

from sync.models import SyncItem, SyncRun


def is_finished(run: SyncRun) -> bool:
    """Whether nothing of the run is left to do, by what the database says now."""
    if run.trigger == SyncRun.Trigger.IMPORT:
        return SyncRun.objects.filter(pk=run.pk, finished_at__isnull=False).exists()
    return not run.items.filter(outcome=SyncItem.Outcome.PENDING).exists()


def wait_until_finished(run: SyncRun, tell: Callable[[str], None], patience: float = 15) -> None:
    """Return when the run is finished, however long that takes.

    Tells once when nothing has happened for `patience` seconds: there may be no worker.
    """
    seen, since, told = outcomes(run), time.monotonic(), False
    while not is_finished(run):
        time.sleep(0.2)
        now = outcomes(run)
        if now != seen:
            seen, since = now, time.monotonic()
        elif not told and time.monotonic() - since > patience:
            told = True
            tell("Still waiting: is a worker running? (celery -A fynode worker)")


def outcomes(run: SyncRun) -> dict[str, int]:
    """Outcome → number of the run's orders."""
    counts = run.items.order_by().values_list("outcome").annotate(Count("pk"))
    return dict(counts)


def as_json(run: SyncRun) -> dict[str, Any]:
    """The run and each of its orders, JSON-ready."""
    run.refresh_from_db()
    items = run.items.select_related("order", "eshop", "movement")
    return {
        "run": run.pk,
        "trigger": run.trigger,
        "outcomes": outcomes(run),
        "error": run.error,
        "orders": [
            {
                "order": item.order_id,
                "eshop": item.eshop.name,
                "external_id": item.external_id,
                "number": item.order.number if item.order else "",
                "outcome": item.outcome,
                "error_kind": item.error_kind,
                "message": item.message,
                "changes": item.movement.changes if item.movement else {},
            }
            for item in items
        ],
    }


def in_words(run: SyncRun) -> str:
    """ "Run 12: 98 updated, 2 failed"."""
    labels = dict(SyncItem.Outcome.choices)
    counts = outcomes(run)
    told = [f"{counts[key]} {labels[key].lower()}" for key in labels if key in counts]
    return f"Run {run.pk}: {', '.join(told) or 'no orders'}"
