"""Catching up: working off the orders that were resolved with older settings.

Successive runs of at most `LIMIT` orders, newest first, until no order is stale that it may still
help. Each order is tried once with the settings as they are: one that failed is left for a person,
and tried again only when the settings have changed since. One that waits in another run is looked
at again when that run is done, which may have read its settings before they changed.

A catch-up has no state but its runs: the sweep and each finished lane ask `advance` to start the
next one, and starting none twice is the database's affair.
"""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from eshops.models import Eshop
from orders.filters import stale
from orders.models import Order
from sync.models import CatchUp, SyncItem, SyncRun
from sync.runs import LIMIT, NotStarted, cancel_run, start_run

Outcome = SyncItem.Outcome
COUNTED = 10_000
_LEFT_OUT = (
    Q(outcome=Outcome.CANCELLED)
    | Q(outcome=Outcome.SKIPPED, asked_at=None)
    | Q(error_kind="refused")
)
TRIED = Q(settings_version__gte=F("eshop__settings_version")) & ~_LEFT_OUT
"""The items of a catch-up whose orders it has tried with the settings as they are now. It has not
tried those it left out: because the run was cancelled, because they waited in another one, or
because the e-shop refused us, which says nothing about an order and pauses the catch-up."""
_WAITS = Exists(SyncItem.objects.filter(order=OuterRef("pk"), outcome=Outcome.PENDING))


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
    no order is left that it may still help."""
    with transaction.atomic():
        catch_up = CatchUp.objects.select_for_update(of=("self",)).get(pk=catch_up.pk)
        if catch_up.paused_at or catch_up.finished_at or _is_working(catch_up):
            return
        if reason := _trouble(catch_up):
            _pause(catch_up, reason)
            return
        left = _left(catch_up)
        orders = list(left.exclude(_WAITS).values_list("pk", flat=True)[:LIMIT])
        if orders:
            _start_run(catch_up, orders)
        elif not left.exists():
            catch_up.finished_at = timezone.now()
            catch_up.save(update_fields=["finished_at"])


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
        for run in catch_up.runs.filter(items__outcome=Outcome.PENDING).distinct():
            cancel_run(run)


def advance_all() -> None:
    for catch_up in CatchUp.objects.filter(finished_at=None, paused_at=None):
        advance(catch_up)


def _is_working(catch_up: CatchUp) -> bool:
    return SyncItem.objects.filter(run__catch_up=catch_up, outcome=Outcome.PENDING).exists()


def _left(catch_up: CatchUp) -> QuerySet[Order]:
    """The stale orders that this catch-up may still help, the newest first."""
    tried = SyncItem.objects.filter(TRIED, run__catch_up=catch_up, order=OuterRef("pk"))
    return stale_orders(catch_up.eshop).exclude(Exists(tried)).order_by("-placed_at", "-id")


def _start_run(catch_up: CatchUp, orders: list[int]) -> None:
    started = start_run(
        Order.objects.filter(pk__in=orders),
        catch_up.created_by,
        SyncRun.Trigger.REAPPLY if catch_up.offline else SyncRun.Trigger.CATCH_UP,
        name=catch_up.created_by_name,
        catch_up=catch_up,
    )
    if started.run is not None:  # else all of them have just begun to wait in other runs
        version = Eshop.objects.filter(pk=OuterRef("eshop")).values("settings_version")
        started.run.items.update(settings_version=Subquery(version))


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
