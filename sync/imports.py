"""Loading an e-shop's orders into Fynode for the first time, page by page.

An import is a run that finds its items as it goes. Orders that are here already are left alone:
only a synchronization overwrites.
"""

import logging
from datetime import datetime, timedelta

from celery import current_app
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from eshops.connection import open_adapter
from eshops.models import Eshop
from eshops.resolve import EshopSettings, settings_of
from eshops.source import Page, Refused, SourceError, Unavailable
from orders.models import Order
from sync import limits
from sync.apply import apply
from sync.engine import LONGEST_COUNTDOWN, MAX_ATTEMPTS, NotStarted, backoff
from sync.models import SyncItem, SyncRun

logger = logging.getLogger(__name__)


def start_import(
    eshop: Eshop, user: AbstractBaseUser | None, since: datetime | None, name: str = ""
) -> SyncRun:
    """Start loading the orders placed since then, all when None.

    Raises `NotStarted` while another import of this e-shop runs.
    """
    run = SyncRun(
        trigger=SyncRun.Trigger.IMPORT,
        eshop=eshop,
        since=since,
        created_by_id=user.pk if user else None,
        created_by_name=name or (user.get_username() if user else "system"),
        created_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            run.save()
            transaction.on_commit(lambda: _send(run.pk), robust=True)
    except IntegrityError:
        raise NotStarted(f"Orders of {eshop.name} are being imported already.") from None
    return run


def load_orders(run_id: int) -> None:
    """Load the import's remaining pages.

    Returns early when another worker does so already, or when the e-shop has to be given time.
    """
    with limits.lease(_lease(run_id)) as held:
        if held:
            _work_off(SyncRun.objects.select_related("eshop").get(pk=run_id))


def resume_stalled() -> None:
    """Take up every import that is not finished and that nobody is working on."""
    unfinished = SyncRun.objects.filter(trigger=SyncRun.Trigger.IMPORT, finished_at=None)
    for run in unfinished.exclude(eshop__wait_until__gt=timezone.now()):
        if not limits.is_leased(_lease(run.pk)) and limits.first_in(8, _lease(run.pk)):
            _send(run.pk)


def _lease(run_id: int) -> str:
    return f"import:{run_id}"


def _send(run_id: int, wait: timedelta = timedelta()) -> None:
    current_app.send_task(
        "sync.tasks.load_orders",
        args=[run_id],
        queue="import",
        countdown=wait.total_seconds() or None,
    )


def _work_off(run: SyncRun) -> None:
    eshop = run.eshop
    assert eshop is not None
    settings = settings_of(eshop)
    try:
        adapter = open_adapter(eshop, limits.turn(eshop.pk))
        while _is_wanted(run):
            page = adapter.fetch_page(run.cursor or None, run.since)
            _store(run, eshop, settings, page)
    except Unavailable as error:
        _try_later(run, eshop, error)
    except SourceError as error:
        if isinstance(error, Refused):
            Eshop.objects.filter(pk=eshop.pk).update(connection_error=str(error))
        _finish(run, str(error))


def _is_wanted(run: SyncRun) -> bool:
    """Whether there is more to load; somebody may have cancelled the import meanwhile."""
    run.refresh_from_db(fields=["finished_at"])
    return run.finished_at is None


def _store(run: SyncRun, eshop: Eshop, settings: EshopSettings, page: Page) -> None:
    """Create the page's orders and remember, in the same transaction, where to go on."""
    told = [answer.external_id for answer in page.answers]
    with transaction.atomic():
        known = set(
            Order.objects.filter(eshop=eshop, external_id__in=told).values_list(
                "external_id", flat=True
            )
        )
        pairs = [
            (SyncItem(run=run, eshop=eshop, external_id=answer.external_id, attempts=1), answer)
            for answer in page.answers
            if answer.external_id not in known
        ]
        apply(run, eshop, settings, pairs)
        run.cursor, run.expected, run.attempts = page.cursor or "", page.total, 0
        run.save(update_fields=["cursor", "expected", "attempts"])
        if page.cursor is None:
            _finish(run)


def _try_later(run: SyncRun, eshop: Eshop, error: Unavailable) -> None:
    logger.warning("import %s of %s: %s", run.pk, eshop.name, error)
    run.attempts += 1
    if run.attempts >= MAX_ATTEMPTS:
        _finish(run, str(error))
        return
    run.save(update_fields=["attempts"])
    pause = error.retry_after or backoff(run.attempts)
    eshop.wait_until, eshop.wait_reason = timezone.now() + pause, str(error)
    eshop.save(update_fields=["wait_until", "wait_reason"])
    if pause <= LONGEST_COUNTDOWN:
        _send(run.pk, pause)


def _finish(run: SyncRun, error: str = "") -> None:
    run.finished_at, run.error = timezone.now(), error
    run.save(update_fields=["finished_at", "error"])
