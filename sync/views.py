"""Starting runs, and showing what becomes of them.

While anything is pending, a page sends one poll a second. It names the runs it watches (`run`) and
the orders it shows as waiting (`order`, `detail`); the answer has the progress of those runs, and
the rows of those orders that wait no longer.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, TooManyFieldsSent
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST
from django_filters import ChoiceFilter, FilterSet, ModelChoiceFilter

from eshops.models import Eshop
from orders.filters import ids, listed, selected_orders
from orders.models import Order
from sync.engine import LIMIT, NotStarted, Started, cancel_run, start_run
from sync.models import SyncItem, SyncRun

Outcome = SyncItem.Outcome
Trigger = SyncRun.Trigger

STOP_POLLING = 286
RUNS_PAGE = 50
ITEMS_PAGE = 100
IN_BULK = "sync.synchronize_in_bulk"
BAR = [
    Outcome.IMPORTED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.MISSING, Outcome.SKIPPED,
    Outcome.FAILED, Outcome.CANCELLED,
]  # fmt: skip
RETRIED = Q(outcome=Outcome.FAILED) | (Q(outcome=Outcome.SKIPPED) & ~Q(error_kind=""))
IMPORTING = Q(trigger=Trigger.IMPORT, finished_at=None)


@dataclass(frozen=True)
class Lane:
    """An e-shop that has to be given time, and why."""

    eshop: str
    until: datetime
    reason: str


@dataclass(frozen=True)
class Progress:
    """How far a run is: counted, never stored."""

    run: SyncRun
    counts: Mapping[str, int]
    lanes: list[Lane] = field(default_factory=list)

    @property
    def total(self) -> int:
        return max(sum(self.counts.values()), (self.is_import and self.run.expected) or 0)

    @property
    def done(self) -> int:
        return sum(self.counts.values()) - self.counts.get(Outcome.PENDING, 0)

    @property
    def is_import(self) -> bool:
        return self.run.trigger == Trigger.IMPORT

    @property
    def is_working(self) -> bool:
        if self.is_import:
            return self.run.finished_at is None
        return bool(self.counts.get(Outcome.PENDING))

    @property
    def words(self) -> list[tuple[str, str]]:
        """Outcome and "30 updated", for every outcome there is."""
        return [
            (outcome.value, f"{self.counts[outcome]} {outcome.label.lower()}")
            for outcome in BAR
            if self.counts.get(outcome)
        ]

    @property
    def bars(self) -> list[tuple[str, float, float]]:
        """Outcome, start and width of each part of the bar, in per cent."""
        parts, start = [], 0.0
        for outcome in BAR:
            width = 100 * self.counts.get(outcome, 0) / (self.total or 1)
            if width:
                parts.append((outcome.value, round(start, 2), round(width, 2)))
            start += width
        return parts


class RunFilter(FilterSet):
    """The filters of the list of runs."""

    eshop = ModelChoiceFilter(
        method="of_eshop", queryset=Eshop.objects.defer("credentials"), empty_label="Any e-shop"
    )
    trigger = ChoiceFilter(choices=Trigger.choices, empty_label="Any trigger")
    who = ModelChoiceFilter(
        field_name="created_by", queryset=User.objects.order_by("username"), empty_label="Anybody"
    )
    state = ChoiceFilter(
        method="in_state",
        empty_label="Any state",
        choices=[("working", "Working"), ("failures", "With failures"), ("finished", "Finished")],
    )

    def of_eshop(self, found: QuerySet[SyncRun], name: str, value: Eshop) -> QuerySet[SyncRun]:
        return found.filter(Q(eshop=value) | Exists(_items_of_run(eshop=value)))

    def in_state(self, found: QuerySet[SyncRun], name: str, value: str) -> QuerySet[SyncRun]:
        working = IMPORTING | Exists(_items_of_run(outcome=Outcome.PENDING))
        if value == "working":
            return found.filter(working)
        if value == "failures":
            return found.filter(Exists(_items_of_run().filter(RETRIED)) | ~Q(error=""))
        return found.exclude(working)


@require_POST
@permission_required("sync.synchronize", raise_exception=True)
def start(request: HttpRequest) -> HttpResponse:
    """Start a run for the orders of the form, or say in words why not."""
    trigger = request.POST.get("trigger", "")
    if trigger not in (Trigger.ROW, Trigger.DETAIL, Trigger.BULK):
        trigger = Trigger.ROW
    if len(ids(request.POST, "order")) > 1:
        trigger = Trigger.BULK
    return _start(request, selected_orders(request.POST), trigger)


@require_GET
@permission_required("orders.view_order", raise_exception=True)
def progress(request: HttpRequest) -> HttpResponse:
    """What became of the runs and orders a page watches since it asked last."""
    watched, shown, detail = (ids(request.GET, name) for name in ("run", "order", "detail"))
    if "first" in request.GET:
        watched |= _unfinished_runs(request, detail)
    pending = set(
        SyncItem.objects.filter(order__in=[*shown, *detail], outcome=Outcome.PENDING).values_list(
            "order_id", flat=True
        )
    )
    response = _live(request, watched, shown - pending, polls=bool(pending))
    if detail - pending:
        response["HX-Trigger"] = "orders-changed"
    return response


@require_GET
@permission_required("sync.view_syncrun", raise_exception=True)
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """A run and its orders; to a poll, its head and the rows that have changed."""
    found = get_object_or_404(
        SyncRun.objects.select_related("eshop").defer("eshop__credentials"), pk=pk
    )
    state = _progress_of([found])[0]
    outcome = request.GET.get("outcome", "")
    items = _items(found)
    context = {
        "progress": state,
        "run": found,
        "failed": found.items.filter(RETRIED, order__isnull=False).count(),
        "may_synchronize": request.user.has_perm("sync.synchronize"),
        "may_bulk": request.user.has_perms(("sync.synchronize", IN_BULK)),
        "outcomes": Outcome.choices,
        "outcome": outcome,
    }
    if getattr(request, "htmx", False):
        finished = items.filter(pk__in=ids(request.GET, "item")).exclude(outcome=Outcome.PENDING)
        status = 200 if state.is_working else STOP_POLLING
        response = render(
            request, "sync/_run_live.html", context | {"items": finished}, status=status
        )
        if state.is_import and not state.is_working:
            response["HX-Refresh"] = "true"
        return response
    if outcome in Outcome.values:
        items = items.filter(outcome=outcome)
    page = list(items.filter(pk__gt=min(ids(request.GET, "after"), default=0))[: ITEMS_PAGE + 1])
    context["items"] = page[:ITEMS_PAGE]
    context["after"] = page[ITEMS_PAGE - 1].pk if len(page) > ITEMS_PAGE else None
    return render(request, "sync/run.html", context)


@require_GET
@permission_required("sync.view_syncrun", raise_exception=True)
def runs(request: HttpRequest) -> HttpResponse:
    """All runs, newest first."""
    run_filter = RunFilter(
        request.GET, SyncRun.objects.select_related("eshop").defer("eshop__credentials")
    )
    found = run_filter.qs.order_by("-pk")
    if before := min(ids(request.GET, "before"), default=0):
        found = found.filter(pk__lt=before)
    page = list(found[: RUNS_PAGE + 1])
    kept = request.GET.copy()
    kept.pop("before", None)
    context = {
        "form": run_filter.form,
        "is_active": any(run_filter.form.cleaned_data.values()),
        "runs": _told_runs(page[:RUNS_PAGE]),
        "before": before,
        "older": page[RUNS_PAGE - 1].pk if len(page) > RUNS_PAGE else None,
        "kept": kept.urlencode(),
    }
    return render(request, "sync/runs.html", context)


@require_POST
@permission_required("sync.synchronize", raise_exception=True)
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Start a new run for the orders of this one that failed: the named items, or all of them."""
    found = get_object_or_404(SyncRun, pk=pk)
    items = found.items.filter(RETRIED)
    if "all" not in request.POST:
        items = items.filter(pk__in=ids(request.POST, "item"))
    return _start(request, Order.objects.filter(sync_items__in=items), Trigger.RETRY)


@require_POST
@permission_required("sync.synchronize", raise_exception=True)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Do not try what is still pending."""
    found = get_object_or_404(SyncRun.objects.exclude(trigger=Trigger.IMPORT), pk=pk)
    cancelled = cancel_run(found)
    if cancelled:
        messages.success(request, f"{_orders(cancelled)} cancelled; those done stay as they are.")
    else:
        messages.info(request, "Nothing was pending any more.")
    return redirect("sync:run", pk)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request Django would not read; one with too many ids is told the limit."""
    if isinstance(exception, TooManyFieldsSent):
        text = (
            f"Bulk synchronization is limited to {LIMIT} orders at once; far more are selected. "
            "Nothing was started."
        )
    else:
        text = "Fynode could not read this request. Nothing was changed."
    if request.headers.get("HX-Request"):
        return render(request, "_notice.html", {"text": text, "level": "error"}, status=400)
    return render(request, "400.html", {"text": text}, status=400)


def _start(request: HttpRequest, orders: QuerySet[Order], trigger: str) -> HttpResponse:
    is_bulk = trigger == Trigger.BULK or orders[:2].count() > 1
    if is_bulk and not request.user.has_perm(IN_BULK):
        raise PermissionDenied("You may synchronize one order at a time, not several at once.")
    try:
        started = start_run(orders, request.user, trigger)  # type: ignore[arg-type]
    except NotStarted as refusal:
        return _answer(request, str(refusal), "error", status=400)
    if getattr(request, "htmx", False):
        return _answer_live(request, started, trigger)
    text = _told(request, started)
    if started.run and trigger in (Trigger.BULK, Trigger.RETRY) and _may_view_runs(request):
        if started.waiting:
            messages.info(request, text)
        return redirect("sync:run", started.run.pk)
    return _answer(request, text, "success" if started.run else "info")


def _answer(request: HttpRequest, text: str, level: str, status: int = 200) -> HttpResponse:
    """The text as a fragment, or on the page the form came from."""
    if getattr(request, "htmx", False):
        return render(request, "_notice.html", {"text": text, "level": level}, status=status)
    getattr(messages, level)(request, text)
    return _back(request)


def _answer_live(request: HttpRequest, started: Started, trigger: str) -> HttpResponse:
    """The progress of the runs the page watches, now with this one, and the rows that wait now."""
    watched = ids(request.POST, "run") | set(started.waiting)
    if started.run:
        watched.add(started.run.pk)
    rows = ids(request.POST, "order") & ids(request.POST, "shown")
    notice = _told(request, started) if started.waiting else ""
    response = _live(request, watched, rows, polls=True, notice=notice)
    events = {"orders-changed": True}
    if trigger == Trigger.BULK:
        events["bulk-started"] = True
    response["HX-Trigger"] = json.dumps(events)
    return response


def _live(
    request: HttpRequest, watched: set[int], rows: set[int], polls: bool, notice: str = ""
) -> HttpResponse:
    visible = SyncRun.objects.filter(pk__in=sorted(watched)[-10:])
    if not _may_view_runs(request):
        visible = visible.filter(created_by=request.user.pk)
    found = _progress_of(
        visible.select_related("eshop").defer("eshop__credentials").order_by("-pk")
    )
    polls = polls or any(each.is_working for each in found)
    context = {
        "progress": found,
        "polls": polls,
        "orders": listed(Order.objects.filter(pk__in=rows)) if rows else [],
        "notice": notice,
        "may_synchronize": request.user.has_perm("sync.synchronize"),
        "may_bulk": request.user.has_perms(("sync.synchronize", IN_BULK)),
        "may_view_runs": _may_view_runs(request),
    }
    return render(request, "sync/_live.html", context, status=200 if polls else STOP_POLLING)


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """To the page the form was on; never to another site."""
    address = request.POST.get("next", "")
    if not (address.startswith("/") and url_has_allowed_host_and_scheme(address, None)):
        address = resolve_url("orders:list")
    return HttpResponseRedirect(address)


def _told(request: HttpRequest, started: Started) -> str:
    """What was started and what was not because it waits already, with links to the runs."""
    parts = []
    if started.run:
        parts.append(format_html("Started as {}.", _run_link(request, started.run.pk)))
    for pk, number in started.waiting.items():
        link = _run_link(request, pk)
        text = "{} already waits in {}; it was not started again." if number == 1 else (
            "{} already wait in {}; they were not started again."
        )  # fmt: skip
        parts.append(format_html(text, _orders(number), link))
    return format_html(" ".join(["{}"] * len(parts)), *parts)


def _run_link(request: HttpRequest, pk: int) -> str:
    if not _may_view_runs(request):
        return f"run {pk}"
    return format_html('<a href="{}">run {}</a>', resolve_url("sync:run", pk), pk)


def _orders(number: int) -> str:
    return "1 order" if number == 1 else f"{number} orders"


def _may_view_runs(request: HttpRequest) -> bool:
    return request.user.has_perm("sync.view_syncrun")


def _unfinished_runs(request: HttpRequest, orders: set[int]) -> set[int]:
    """What a page that was just opened has to watch: the newest runs of this user in which
    (these) orders wait."""
    pending = _items_of_run(outcome=Outcome.PENDING)
    if "detail" in request.GET:
        pending = pending.filter(order__in=orders)
    own = SyncRun.objects.filter(Exists(pending), created_by=request.user.pk).order_by("-pk")
    return set(own.values_list("pk", flat=True)[:3])


def _items_of_run(**conditions: Any) -> QuerySet[SyncItem]:
    return SyncItem.objects.filter(run=OuterRef("pk"), **conditions)


def _items(found: SyncRun) -> QuerySet[SyncItem]:
    return (
        found.items.select_related("order", "eshop", "movement")
        .only(
            *("run", "external_id", "outcome", "error_kind", "message", "finished_at", "attempts"),
            *("order__number", "order__currency", "eshop__name"),
            *("movement__changes", "movement__kind", "movement__message"),
        )
        .order_by("pk")
    )


def _progress_of(found: Iterable[SyncRun]) -> list[Progress]:
    """How far each of the runs is, in two queries."""
    found = list(found)
    counts: dict[int, dict[str, int]] = {each.pk: {} for each in found}
    per_outcome = SyncItem.objects.filter(run__in=found).order_by().values_list("run_id", "outcome")
    for pk, outcome, number in per_outcome.annotate(Count("pk")):
        counts[pk][outcome] = number
    lanes: dict[int, list[Lane]] = {each.pk: [] for each in found}
    now = timezone.now()
    waiting = SyncItem.objects.filter(
        run__in=found, outcome=Outcome.PENDING, eshop__wait_until__gt=now
    ).values_list("run_id", "eshop__name", "eshop__wait_until", "eshop__wait_reason")
    for pk, name, until, reason in waiting.order_by().distinct():
        if until:
            lanes[pk].append(Lane(name, until, reason))
    for each in found:
        eshop = each.eshop
        if eshop and eshop.is_waiting and not each.finished_at and eshop.wait_until:
            lanes[each.pk].append(Lane(eshop.name, eshop.wait_until, eshop.wait_reason))
    return [Progress(each, counts[each.pk], lanes[each.pk]) for each in found]


def _told_runs(found: list[SyncRun]) -> list[dict[str, Any]]:
    """The runs of a page with their progress, e-shops and, for a single order, its number."""
    counts: dict[int, dict[str, int]] = {each.pk: {} for each in found}
    told: dict[int, dict[str, Any]] = {each.pk: {"eshops": set(), "number": ""} for each in found}
    rows = (
        SyncItem.objects.filter(run__in=found)
        .order_by()
        .values_list("run_id", "outcome", "eshop__name")
        .annotate(Count("pk"), Min("order__number"), Min("order_id"))
    )
    for pk, outcome, eshop, number, order_number, order_id in rows:
        counts[pk][outcome] = counts[pk].get(outcome, 0) + number
        told[pk]["eshops"].add(eshop)
        told[pk] |= {"number": order_number, "order_id": order_id}
    for each in found:
        state = Progress(each, counts[each.pk])
        if each.eshop:
            told[each.pk]["eshops"].add(each.eshop.name)
        told[each.pk] |= {"progress": state, "run": each, "eshops": sorted(told[each.pk]["eshops"])}
    return [told[each.pk] for each in found]
