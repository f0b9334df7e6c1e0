"""Starting runs, and showing what becomes of them.

While anything is pending, a page sends one poll a second. It names the runs it watches (`run`) and
the orders it shows as waiting (`order`, `detail`); the answer has the progress of those runs, and
the rows of those orders that wait no longer.
"""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied, TooManyFieldsSent
from django.db.models import Exists, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from orders.filters import ids, listed, selected_orders
from orders.models import Order
from sync.import_views import MAY_IMPORT
from sync.models import SyncItem, SyncRun
from sync.progress import RETRIABLE, RunFilter, items_of_run, progress_of, told_runs
from sync.runs import LIMIT, NotStarted, Started, cancel_run, retry_items, start_run

Outcome = SyncItem.Outcome
Trigger = SyncRun.Trigger

STOP_POLLING = 286
RUNS_PAGE = 50
ITEMS_PAGE = 100
IN_BULK = "sync.synchronize_in_bulk"


@require_POST
@permission_required("sync.synchronize", raise_exception=True)
def start(request: HttpRequest) -> HttpResponse:
    """Start a run for the orders of the form, or say in words why not."""
    trigger = request.POST.get("trigger", "")
    if trigger not in (Trigger.ROW, Trigger.DETAIL, Trigger.BULK):
        trigger = Trigger.ROW
    if len(ids(request.POST, "order")) > 1:
        trigger = Trigger.BULK
    orders = selected_orders(request.POST)
    _check_bulk(request, trigger == Trigger.BULK or orders[:2].count() > 1)
    return _start(request, lambda user: start_run(orders, user, trigger), trigger)


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
    state = progress_of([found])[0]
    outcome = request.GET.get("outcome", "")
    items = _items(found)
    context = {
        "progress": state,
        "run": found,
        "failed": found.items.filter(RETRIABLE).count(),
        "may_steer": _may_steer(request, found),
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
        "runs": told_runs(page[:RUNS_PAGE]),
        "before": before,
        "older": page[RUNS_PAGE - 1].pk if len(page) > RUNS_PAGE else None,
        "kept": kept.urlencode(),
    }
    return render(request, "sync/runs.html", context)


@require_POST
@permission_required("sync.synchronize", raise_exception=True)
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Start a new run for the orders of this one that failed: the named items, or all of them."""
    found = _steered(request, pk)
    items = found.items.filter(RETRIABLE)
    if "all" not in request.POST:
        items = items.filter(pk__in=ids(request.POST, "item"))
    _check_bulk(request, items[:2].count() > 1)
    return _start(request, lambda user: retry_items(items, user), Trigger.RETRY)


@require_POST
@permission_required("sync.synchronize", raise_exception=True)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Do not try what is still pending."""
    found = _steered(request, pk)
    cancelled = cancel_run(found)
    if cancelled is None:
        messages.info(request, "Nothing was pending any more: the run stays as it ended.")
    elif found.trigger == Trigger.IMPORT:
        messages.success(request, "The import loads no further orders; what was loaded stays.")
    else:
        messages.success(request, f"{_orders(cancelled)} cancelled; those done stay as they are.")
    return redirect("sync:run", pk)


def _steered(request: HttpRequest, pk: int) -> SyncRun:
    """The run that the request cancels, or of which it tries again what failed."""
    found = get_object_or_404(SyncRun, pk=pk)
    if not _may_steer(request, found):
        raise PermissionDenied("You may cancel and retry your own runs, not those of others.")
    return found


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


def _check_bulk(request: HttpRequest, is_bulk: bool) -> None:
    if is_bulk and not request.user.has_perm(IN_BULK):
        raise PermissionDenied("You may synchronize one order at a time, not several at once.")


def _start(request: HttpRequest, starting: Callable[[Any], Started], trigger: str) -> HttpResponse:
    """What came of starting a run for this user."""
    try:
        started = starting(request.user)
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
    found = progress_of(visible.select_related("eshop").defer("eshop__credentials").order_by("-pk"))
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


def _may_steer(request: HttpRequest, found: SyncRun) -> bool:
    """Who may start an import may stop it; runs of other people take the right to bulk, and to see
    them at all."""
    needed = ["sync.synchronize"]
    if found.trigger == Trigger.IMPORT:
        needed = [*MAY_IMPORT]
    elif found.created_by_id != request.user.pk:
        needed = [*needed, IN_BULK, "sync.view_syncrun"]
    return request.user.has_perms(needed)


def _unfinished_runs(request: HttpRequest, orders: set[int]) -> set[int]:
    """What a page that was just opened has to watch: the newest runs of this user in which
    (these) orders wait."""
    pending = items_of_run(outcome=Outcome.PENDING)
    if "detail" in request.GET:
        pending = pending.filter(order__in=orders)
    own = SyncRun.objects.filter(Exists(pending), created_by=request.user.pk).order_by("-pk")
    return set(own.values_list("pk", flat=True)[:3])


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
