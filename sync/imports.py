"""Loading an e-shop's orders into Fynode for the first time, page by page.

An import is a run that finds its items as it goes. Orders that are here already are left alone:
only a synchronization overwrites.
"""

import logging
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from functools import partial

from celery import current_app
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from eshops.connection import can
from eshops.models import Eshop
from eshops.resolve import EshopSettings, settings_of
from eshops.sequences import learn_from_orders
from eshops.source import Page, Refused, SourceError, SourceOrder, Unavailable
from orders.models import Order
from sync import limits
from sync.apply import apply
from sync.asking import (
    adapter_of,
    come_again,
    continue_later,
    note_answer,
    note_outage,
    note_refusal,
    place,
)
from sync.engine import MAX_ATTEMPTS
from sync.models import SyncItem, SyncRun
from sync.runs import LIMIT, NotStarted, start_run

RECENT = timedelta(minutes=15)
A_YEAR = timedelta(days=365)
OVERLAP = timedelta(hours=2)
"""WooCommerce's stamps can be off by the e-shop's distance from UTC around a change of clocks."""
WHEN_REFUSED = timedelta(hours=1)
"""How often an e-shop that does not let us in is asked by itself: some lock out whoever tries a
wrong key five times an hour."""
FIRST_LOOK = timedelta(days=1)
RECHECK_AFTER = timedelta(hours=6)
CLOSED = ("delivered", "cancelled", "returned")
CLOSED_RECHECK_AFTER = timedelta(days=1)
CLOSED_FOR = timedelta(days=30)
"""So long after an order was placed it is rechecked though it is closed: what is paid on delivery
is settled and what came back is refunded afterwards."""

logger = logging.getLogger(__name__)


def start_import(
    eshop: Eshop,
    user: AbstractBaseUser | None,
    since: datetime | None,
    name: str = "",
    by_change: bool = False,
) -> SyncRun:
    """Start loading the orders placed (or changed) since then, all when None.

    Raises `NotStarted` while another import of this e-shop runs, for a marketplace whose orders go
    directly into an e-shop, and `by_change` where the platform cannot tell what was changed.
    """
    if eshop.direct_eshop:
        raise NotStarted(
            f"Orders of {eshop.name} go directly into {eshop.direct_eshop} and are imported and "
            "synchronized from there."
        )
    if by_change and not can(eshop, "changed_since"):
        raise NotStarted(f"{eshop.name} cannot tell which of its orders were changed.")
    run = SyncRun(
        trigger=SyncRun.Trigger.IMPORT,
        eshop=eshop,
        since=since,
        by_change=by_change,
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

    Returns early when another worker does so already, when the e-shop has to be given time, or
    when the threads it may have still ask for imports that were cancelled.
    """
    with limits.lease(_lease(run_id)) as held:
        run = SyncRun.objects.select_related("eshop").get(pk=run_id)
        if not held or run.finished_at or run.eshop is None:
            return
        with place(run.eshop, "import") as is_ours:
            if is_ours:
                _work_off(run, run.eshop)
            else:
                come_again(_lease(run_id), partial(_send, run_id))


def load_new(eshop: Eshop, user: AbstractBaseUser, day: date | None) -> SyncRun:
    """What "Load new orders" does: the orders of the last minutes, or those from a day on.

    Raises `NotStarted` for a day more than a year ago or in the future.
    """
    today = timezone.localdate()
    if day is None:
        return start_import(eshop, user, timezone.now() - RECENT)
    if day > today:
        raise NotStarted("The date lies in the future.")
    if day < today - A_YEAR:
        raise NotStarted(
            f"Orders can be loaded up to one year back, from {today - A_YEAR:%d %b %Y} on."
        )
    return start_import(eshop, user, timezone.make_aware(datetime.combine(day, time.min)))


def start_due_imports() -> None:
    """Start the automatic import of each active e-shop whose last one began long enough ago."""
    now = timezone.now()
    for eshop in Eshop.objects.filter(is_active=True, import_every__isnull=False):
        every = timedelta(minutes=eshop.import_every or 0)
        if eshop.connection_error:
            every = max(every, WHEN_REFUSED)
        recent = SyncRun.objects.filter(eshop=eshop, by_change=True, created_at__gt=now - every)
        if recent.exists():
            continue
        since = eshop.imported_until - OVERLAP if eshop.imported_until else now - FIRST_LOOK
        with suppress(NotStarted):  # staff are importing just now
            start_import(eshop, None, since, name="schedule", by_change=True)


def start_due_rechecks() -> None:
    """Ask again for orders that may have changed and have not been asked for in a while, nor tried
    in vain.

    The stamps of a change that e-shops give miss changes (a removed refund in WooCommerce, a
    payment in Medusa, nearly everything in Vendure), so what is open, or was closed lately, is read
    by its id: one batch at a time for each e-shop with automatic import.
    """
    for eshop in Eshop.objects.filter(is_active=True, import_every__isnull=False):
        is_busy = SyncItem.objects.filter(
            eshop=eshop, outcome="pending", run__trigger=SyncRun.Trigger.RECHECK
        )
        keys = list(_to_recheck(eshop).values_list("pk", flat=True)[:LIMIT])
        if keys and not is_busy.exists() and not eshop.connection_error:
            orders = Order.objects.filter(pk__in=keys)
            start_run(orders, None, SyncRun.Trigger.RECHECK, name="schedule")


def _to_recheck(eshop: Eshop) -> QuerySet[Order]:
    """The e-shop's orders to ask for again, the one that was asked for longest ago first."""

    def asked_before(when: datetime) -> Q:
        never_since = Q(sync_state__tried_at=None) | Q(sync_state__tried_at__lt=when)
        return Q(sync_state__asked_at__lt=when) & never_since

    now = timezone.now()
    is_closed = Q(status_type__in=CLOSED)
    is_open = ~is_closed & Q(placed_at__gt=now - A_YEAR) & asked_before(now - RECHECK_AFTER)
    is_settling = is_closed & Q(placed_at__gt=now - CLOSED_FOR)
    return Order.objects.filter(
        is_open | (is_settling & asked_before(now - CLOSED_RECHECK_AFTER)),
        eshop=eshop,
        source_state=Order.SourceState.PRESENT,
    ).order_by("sync_state__asked_at")


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


def _work_off(run: SyncRun, eshop: Eshop) -> None:
    try:
        adapter = adapter_of(eshop)
        while _is_wanted(run):
            eshop.refresh_from_db(fields=["wait_until"])
            if eshop.is_waiting:
                continue_later(eshop, partial(_send, run.pk))
                return
            _count_attempt(run)
            page = adapter.fetch_page(run.cursor or None, run.since, run.by_change)
            note_answer(eshop)
            eshop.refresh_from_db(fields=["settings_version", "rules"])
            _store(run, eshop, settings_of(eshop), page)
    except Unavailable as error:
        _try_later(run, eshop, error)
    except SourceError as error:
        if isinstance(error, Refused):
            note_refusal(eshop, error)
        _finish(run, str(error))


def _is_wanted(run: SyncRun) -> bool:
    """Whether there is more to load; somebody may have cancelled the import meanwhile.

    A page that was tried often and neither came nor was refused has stopped its worker each time:
    that ends the import.
    """
    run.refresh_from_db(fields=["finished_at"])
    if run.finished_at is None and run.attempts >= MAX_ATTEMPTS:
        _finish(run, "Fynode itself failed at a page of this import; its log has the details.")
    return run.finished_at is None


def _count_attempt(run: SyncRun) -> None:
    """Before the e-shop is asked, so that also an attempt nobody survives is counted."""
    run.attempts += 1
    run.save(update_fields=["attempts"])


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
        run.seen_until = _newest_change(run.seen_until, page)
        run.save(update_fields=["cursor", "expected", "attempts", "seen_until"])
        if page.cursor is None:
            learn_from_orders(eshop)
            _finish(run)
            _move_watermark(run)


def _newest_change(seen: datetime | None, page: Page) -> datetime | None:
    """The newest stamp of a change so far; one that lies in the future says nothing."""
    orders = (answer.result for answer in page.answers if isinstance(answer.result, SourceOrder))
    stamps = [seen, *(order.source_modified_at for order in orders)]
    now = timezone.now()
    return max((stamp for stamp in stamps if stamp and stamp <= now), default=None)


def _move_watermark(run: SyncRun) -> None:
    """The next automatic import begins where this one has seen everything. An import by the date
    of placing has not seen what was changed only."""
    if run.by_change and run.seen_until:
        later = Q(imported_until=None) | Q(imported_until__lt=run.seen_until)
        Eshop.objects.filter(later, pk=run.eshop_id or 0).update(imported_until=run.seen_until)


def _try_later(run: SyncRun, eshop: Eshop, error: Unavailable) -> None:
    logger.warning("import %s of %s: %s", run.pk, eshop.name, error)
    if run.attempts >= MAX_ATTEMPTS:
        _finish(run, str(error))
        return
    note_outage(eshop, error, run.attempts)
    continue_later(eshop, partial(_send, run.pk))


def _finish(run: SyncRun, error: str = "") -> None:
    run.finished_at, run.error = timezone.now(), error
    run.save(update_fields=["finished_at", "error"])
