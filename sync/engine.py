"""Working runs off, lane by lane.

A lane is the part of a run that belongs to one e-shop; one message starts it, and starting it
twice, late or after a worker died in its middle has the same effect as starting it once.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial

from celery import current_app
from django.db.models import F
from django.utils import timezone

from eshops.models import Eshop
from eshops.resolve import EshopSettings, settings_of
from eshops.source import Adapter, Answer, Refused, SourceError, Unavailable
from sync import limits
from sync.apply import apply, fail
from sync.asking import (
    adapter_of,
    backoff,
    come_again,
    continue_later,
    note_answer,
    note_outage,
    note_refusal,
    place,
)
from sync.models import SyncItem, SyncRun
from sync.payloads import StoredAnswers

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 4

Outcome = SyncItem.Outcome


def synchronize_lane(run_id: int, eshop_id: int) -> None:
    """Synchronize the run's pending orders of this e-shop.

    Returns when none is pending, when another worker holds the lane, when the e-shop has to be
    given time, or when enough threads work for it already; the lane is then taken up again by a
    message or by `resume_stalled`.
    """
    pending = SyncItem.objects.filter(run=run_id, eshop=eshop_id, outcome=Outcome.PENDING)
    with limits.lease(_lane(run_id, eshop_id)) as held:
        if held and (item := pending.select_related("run", "eshop").first()):
            _work_in_place(item.run, item.eshop)


def resume_stalled() -> None:
    """Take up every lane that has pending orders and nobody working on it."""
    now = timezone.now()
    lanes = (
        SyncItem.objects.filter(outcome=Outcome.PENDING)
        .exclude(eshop__wait_until__gt=now)
        .values_list("run_id", "eshop_id", "run__trigger")
        .order_by("run_id")
        .distinct()
    )
    for run_id, eshop_id, trigger in lanes:
        lane = _lane(run_id, eshop_id)
        if not limits.is_leased(lane) and limits.first_in(8, lane):
            _send_lane(run_id, eshop_id, trigger)


def _lane(run_id: int, eshop_id: int) -> str:
    return f"lane:{run_id}:{eshop_id}"


def send_lanes(run: SyncRun, eshop_ids: Iterable[int]) -> None:
    """Have workers told, one message for each e-shop."""
    for eshop_id in sorted(eshop_ids):
        _send_lane(run.pk, eshop_id, run.trigger)


def _queue(trigger: str) -> str:
    """A single click never stands in a queue behind a bulk run."""
    return "click" if trigger in (SyncRun.Trigger.ROW, SyncRun.Trigger.DETAIL) else "bulk"


def _send_lane(run_id: int, eshop_id: int, trigger: str, wait: timedelta = timedelta()) -> None:
    current_app.send_task(
        "sync.tasks.synchronize_lane",
        args=[run_id, eshop_id],
        queue=_queue(trigger),
        countdown=wait.total_seconds() or None,
    )


def _work_in_place(run: SyncRun, eshop: Eshop) -> None:
    """Work the lane off when the e-shop may be asked, and a thread be given to it."""
    if run.trigger == SyncRun.Trigger.REAPPLY:  # asks nobody
        _work_off(run, eshop)
    elif eshop.is_waiting:
        _continue_later(run, eshop)
    else:
        with place(eshop, _queue(run.trigger)) as is_ours:
            if is_ours:
                _work_off(run, eshop)
            else:
                send = partial(_send_lane, run.pk, eshop.pk, run.trigger)
                come_again(_lane(run.pk, eshop.pk), send)


def _work_off(run: SyncRun, eshop: Eshop) -> None:
    settings = settings_of(eshop)
    try:
        shop = _source(run, eshop)
    except Refused as error:
        _give_up_lane(run, eshop, _next_batch(run, eshop, 1), error)
        return
    while batch := _next_batch(run, eshop, shop.batch_size):
        try:
            answers = shop.fetch_orders([item.external_id for item in batch])
        except Refused as error:
            _give_up_lane(run, eshop, batch, error)
            return
        except Unavailable as error:
            _leave_in_peace(run, eshop, batch, error)
            return
        except SourceError as error:
            fail(batch, error.kind, str(error))
        else:
            if not _take(run, eshop, settings, batch, answers):
                return


def _source(run: SyncRun, eshop: Eshop) -> Adapter | StoredAnswers:
    """Who tells what the run's orders look like."""
    if run.trigger == SyncRun.Trigger.REAPPLY:
        return StoredAnswers(eshop)
    return adapter_of(eshop)


def _next_batch(run: SyncRun, eshop: Eshop, size: int) -> list[SyncItem]:
    """The pending items to ask for next, their attempts counted before the e-shop is asked.

    Orders that have cost two attempts already are asked for one at a time, the least tried first:
    one that kills its worker ends up alone, and fails after `MAX_ATTEMPTS`.
    """
    pending = run.items.filter(eshop=eshop, outcome=Outcome.PENDING).order_by("attempts", "pk")
    items = list(pending[:size])
    if items and items[0].attempts >= MAX_ATTEMPTS:
        fail(items, "internal", "The worker stopped each time it worked on this order.")
        items = []
    if items and items[0].attempts >= 2:
        items = items[:1]
    SyncItem.objects.filter(pk__in=[item.pk for item in items]).update(attempts=F("attempts") + 1)
    for item in items:
        item.attempts += 1
    return items


def _take(
    run: SyncRun,
    eshop: Eshop,
    settings: EshopSettings,
    batch: Sequence[SyncItem],
    answers: Sequence[Answer],
) -> bool:
    """Apply the answers; whether the lane may go on."""
    items = {item.external_id: item for item in batch}
    given: list[tuple[SyncItem, Answer]] = []
    refused: list[tuple[SyncItem, Refused]] = []
    delayed: list[tuple[SyncItem, Unavailable]] = []
    for answer in answers:
        item = items[answer.external_id]
        if isinstance(answer.result, Refused):
            refused.append((item, answer.result))
        elif isinstance(answer.result, Unavailable):
            delayed.append((item, answer.result))
        else:
            given.append((item, answer))
    if given:
        apply(run, eshop, settings, given)
        if run.trigger != SyncRun.Trigger.REAPPLY:
            note_answer(eshop)
    if refused:
        _give_up_lane(run, eshop, [refused[0][0]], refused[0][1])
    elif delayed:
        _delay(run, eshop, [item for item, _ in delayed], [error for _, error in delayed])
    return not refused and not delayed


def _delay(
    run: SyncRun, eshop: Eshop, items: Sequence[SyncItem], errors: Sequence[Unavailable]
) -> None:
    """Single orders could not be told now. That is the whole e-shop's affair only when it asked
    for time."""
    asked_for_time = [error for error in errors if error.retry_after]
    if asked_for_time:
        _leave_in_peace(run, eshop, items, asked_for_time[0])
    else:
        _postpone(run, eshop, items, errors[0])


def _give_up_lane(run: SyncRun, eshop: Eshop, batch: Sequence[SyncItem], error: Refused) -> None:
    """Mark the e-shop; the order that was refused fails and the rest of the lane is not tried."""
    logger.warning("run %s, %s: %s", run.pk, eshop.name, error)
    note_refusal(eshop, error)
    fail(batch[:1], error.kind, str(error))
    run.items.filter(eshop=eshop, outcome=Outcome.PENDING).update(
        outcome=Outcome.SKIPPED,
        error_kind=error.kind,
        message=f"Not tried. {error}",
        finished_at=timezone.now(),
    )


def _leave_in_peace(
    run: SyncRun, eshop: Eshop, batch: Sequence[SyncItem], error: Unavailable
) -> None:
    """Have the whole lane wait until the e-shop may be asked again."""
    note_outage(eshop, error, batch[0].attempts)
    _postpone(run, eshop, list(run.items.filter(eshop=eshop, outcome=Outcome.PENDING)), error)


def _postpone(run: SyncRun, eshop: Eshop, items: Sequence[SyncItem], error: Unavailable) -> None:
    """Leave these items pending for another attempt, or fail them after the last one."""
    logger.warning("run %s, %s: %s", run.pk, eshop.name, error)
    attempts = max(item.attempts for item in items)
    if attempts >= MAX_ATTEMPTS:
        fail(items, error.kind, str(error))
        return
    SyncItem.objects.filter(pk__in=[item.pk for item in items], outcome=Outcome.PENDING).update(
        attempts=attempts, error_kind=error.kind, message=str(error)
    )
    _continue_later(run, eshop, backoff(attempts))


def _continue_later(run: SyncRun, eshop: Eshop, pause: timedelta = timedelta()) -> None:
    continue_later(eshop, partial(_send_lane, run.pk, eshop.pk, run.trigger), pause)
