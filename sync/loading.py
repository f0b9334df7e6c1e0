"""Load data: reading what an e-shop says of itself and its code lists, on demand and about every
eight hours."""

import logging
from datetime import timedelta
from functools import partial

from celery import current_app
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from eshops.connection import able, can
from eshops.models import DataLoad, Eshop
from eshops.sequences import store_sequences
from eshops.source import Refused, SourceError, Unavailable
from sync import limits
from sync.asking import adapter_of, continue_later, note_answer, note_outage, note_refusal
from sync.runs import NotStarted

logger = logging.getLogger(__name__)

REFRESH_EVERY = timedelta(hours=8)
AT_A_TIME = 3
"""How many e-shops one tick of the schedule starts with, so that they spread over time."""


def start_load(eshop: Eshop, name: str) -> DataLoad:
    """Have a worker read the e-shop's code lists.

    Raises `NotStarted` while one does so, and for a platform that has no code lists to read.
    """
    if not can(eshop, "sequences"):
        raise NotStarted(f"{eshop.name} has no code lists that could be loaded.")
    load = DataLoad(eshop=eshop, requested_at=timezone.now(), requested_by=name)
    try:
        with transaction.atomic():
            load.save()
            transaction.on_commit(lambda: _send(load.pk), robust=True)
    except IntegrityError:
        raise NotStarted(f"The data of {eshop.name} are being loaded already.") from None
    return load


def load_data(load_id: int) -> None:
    """Read and store the code lists, once; whatever goes wrong is told on the load.

    Returns early when another worker does so already, or when the e-shop has to be given time.
    """
    with limits.lease(f"load:{load_id}") as held:
        load = DataLoad.objects.select_related("eshop").get(pk=load_id)
        if not held or load.finished_at:
            return
        if load.eshop.is_waiting:
            continue_later(load.eshop, partial(_send, load.pk))
            return
        _load(load)


def start_due_loads() -> None:
    """Start a load for the active e-shops whose last one began `REFRESH_EVERY` ago or longer."""
    now = timezone.now()
    recent = DataLoad.objects.filter(eshop=OuterRef("pk"), requested_at__gt=now - REFRESH_EVERY)
    due = (
        Eshop.objects.filter(is_active=True, platform__in=able("sequences"))
        .filter(~Exists(recent))
        .filter(Q(data_loaded_at=None) | Q(data_loaded_at__lte=now - REFRESH_EVERY))
        .exclude(data_loads__finished_at=None, data_loads__isnull=False)
    )
    for eshop in due.order_by("data_loaded_at")[:AT_A_TIME]:
        start_load(eshop, "schedule")


def resume_stalled() -> None:
    """Take up every load that is not finished and that nobody is working on."""
    unfinished = DataLoad.objects.filter(finished_at=None)
    for load in unfinished.exclude(eshop__wait_until__gt=timezone.now()):
        name = f"load:{load.pk}"
        if not limits.is_leased(name) and limits.first_in(8, name):
            _send(load.pk)


def _load(load: DataLoad) -> None:
    try:
        _read(load)
    except Exception:
        load.error = "Fynode itself failed at these lists; its log has the details."
        raise
    finally:
        load.finished_at = timezone.now()
        load.save()


def _read(load: DataLoad) -> None:
    eshop = load.eshop
    try:
        adapter = adapter_of(eshop)
        info, entries = adapter.fetch_info(), adapter.fetch_sequences()
    except SourceError as error:
        logger.warning("loading data of %s: %s", eshop.name, error)
        if isinstance(error, Refused):
            note_refusal(eshop, error)
        elif isinstance(error, Unavailable) and error.retry_after:
            note_outage(eshop, error)
        load.error = str(error)
    else:
        # Unless it has been connected elsewhere meanwhile.
        same = Eshop.objects.filter(pk=eshop.pk, base_url=eshop.base_url)
        same.update(learned=dict(info.learned))
        load.changes = store_sequences(eshop, entries)
        note_answer(eshop)


def _send(load_id: int, wait: timedelta = timedelta()) -> None:
    current_app.send_task(
        "sync.tasks.load_data",
        args=[load_id],
        queue="click",
        countdown=wait.total_seconds() or None,
    )
