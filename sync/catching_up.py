"""Catching up: working off the orders that were resolved with older settings.

Successive runs of at most `LIMIT` orders, newest first. A catch-up has no state but its runs: the
sweep and each finished lane ask `advance` to start the next one, and starting none twice is the
database's affair. An order that failed in this catch-up is left for a person.
"""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from eshops.models import Eshop
from orders.filters import stale
from orders.models import Order
from sync.engine import LIMIT, NotStarted, start_run
from sync.models import CatchUp, SyncItem, SyncRun

Outcome = SyncItem.Outcome
COUNTED = 10_000


def stale_orders(eshop: Eshop | None = None) -> QuerySet[Order]:
    """The orders that were resolved with older settings than their e-shop has now."""
    orders = Order.objects.filter(stale())
    return orders.filter(eshop=eshop) if eshop else orders


def count_stale(eshops: QuerySet[Eshop] | None = None) -> dict[int, int]:
    """E-shop → how many of its orders are stale, counted to `COUNTED` + 1 at most.

    One query for each e-shop that reads `SyncState`'s index only: it asks for the index's order,
    so that PostgreSQL does not choose to read the states themselves.
    """
    counts = {}
    for eshop in eshops if eshops is not None else Eshop.objects.defer("credentials"):
        states = eshop.sync_states.filter(settings_version__lt=eshop.settings_version)
        counts[eshop.pk] = states.order_by("settings_version")[: COUNTED + 1].count()
    return counts


def start_catch_up(
    user: AbstractBaseUser | None, eshop: Eshop | None = None, offline: bool = False
) -> CatchUp:
    """Begin to work the stale orders off. Raises `NotStarted` when there are none, or while
    another catch-up is at it."""
    if not stale_orders(eshop).exists():
        raise NotStarted("No order was resolved with older settings: there is nothing to do.")
    with transaction.atomic():
        # One after the other, also when two start at once.
        list(Eshop.objects.select_for_update().values_list("pk").order_by("pk"))
        if CatchUp.objects.filter(finished_at=None).exists():
            raise NotStarted("Another catch-up is not finished yet.")
        catch_up = CatchUp.objects.create(
            created_by_id=user.pk if user else None,
            created_by_name=user.get_username() if user else "system",
            created_at=timezone.now(),
            eshop=eshop,
            offline=offline,
        )
    advance(catch_up)
    return catch_up


def advance(catch_up: CatchUp) -> None:
    """Start the catch-up's next run, unless one is under way or it has been paused; finish it when
    no order is left that it has not tried."""
    with transaction.atomic():
        catch_up = CatchUp.objects.select_for_update(of=("self",)).get(pk=catch_up.pk)
        if catch_up.paused_at or catch_up.finished_at or _is_working(catch_up):
            return
        if reason := _trouble(catch_up):
            _pause(catch_up, reason)
            return
        orders = _next_orders(catch_up)
        if not orders:
            catch_up.finished_at = timezone.now()
            catch_up.save(update_fields=["finished_at"])
            return
        started = start_run(
            Order.objects.filter(pk__in=orders),
            catch_up.created_by,
            SyncRun.Trigger.REAPPLY if catch_up.offline else SyncRun.Trigger.CATCH_UP,
            name=catch_up.created_by_name,
            catch_up=catch_up,
        )
        if started.run is None:  # all of them wait in other runs, which bring them up to date
            return


def pause(catch_up: CatchUp) -> None:
    """Start no further run; the one under way is finished."""
    _pause(catch_up, "")


def resume(catch_up: CatchUp) -> None:
    CatchUp.objects.filter(pk=catch_up.pk, finished_at=None).update(
        paused_at=None, pause_reason="", resumed_at=timezone.now()
    )
    advance(catch_up)


def cancel(catch_up: CatchUp) -> None:
    """Start no further run. What its runs have done stays; what they have not tried is left."""
    now = timezone.now()
    with transaction.atomic():
        CatchUp.objects.filter(pk=catch_up.pk, finished_at=None).update(
            finished_at=now, cancelled_at=now
        )
        SyncRun.objects.filter(catch_up=catch_up, cancelled_at=None).update(cancelled_at=now)
        SyncItem.objects.filter(run__catch_up=catch_up, outcome=Outcome.PENDING).update(
            outcome=Outcome.CANCELLED, finished_at=now, message="Cancelled before it was tried."
        )


def advance_all() -> None:
    for catch_up in CatchUp.objects.filter(finished_at=None, paused_at=None):
        advance(catch_up)


def _is_working(catch_up: CatchUp) -> bool:
    return SyncItem.objects.filter(run__catch_up=catch_up, outcome=Outcome.PENDING).exists()


def _next_orders(catch_up: CatchUp) -> list[int]:
    """The newest stale orders that this catch-up has not tried yet."""
    tried = SyncItem.objects.filter(order=OuterRef("pk"), run__catch_up=catch_up)
    waiting = SyncItem.objects.filter(order=OuterRef("pk"), outcome=Outcome.PENDING)
    newest = (
        stale_orders(catch_up.eshop)
        .filter(~Exists(tried.exclude(outcome=Outcome.CANCELLED)), ~Exists(waiting))
        .order_by("-placed_at", "-id")
    )
    return list(newest.values_list("pk", flat=True)[:LIMIT])


def _trouble(catch_up: CatchUp) -> str:
    """Why it is no use to go on: an e-shop has refused us since the catch-up began or went on."""
    if catch_up.offline:
        return ""
    since = catch_up.resumed_at or catch_up.created_at
    refused = SyncItem.objects.filter(
        run__catch_up=catch_up, error_kind="refused", finished_at__gte=since
    ).first()
    return refused.message if refused else ""


def _pause(catch_up: CatchUp, reason: str) -> None:
    CatchUp.objects.filter(pk=catch_up.pk, finished_at=None).update(
        paused_at=timezone.now(), pause_reason=reason
    )
