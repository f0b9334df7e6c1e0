""" "Catch up": the orders that follow older settings, and working them off."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.decorators import permission_required
from django.db.models import Count, Max, Min, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from eshops.models import Eshop
from sync import catching_up
from sync.catching_up import COUNTED, TRIED, start_catch_up
from sync.counters import count_waiting
from sync.import_views import LIST_CHANGED, STOP_POLLING, back, refuse
from sync.models import CatchUp, SyncItem, SyncRun
from sync.progress import Lane, Progress, progress_of
from sync.runs import NotStarted

Outcome = SyncItem.Outcome
PERMISSIONS = ("sync.synchronize", "sync.synchronize_in_bulk")
PAST = 20
TOLD_FOR = timedelta(minutes=10)
ACTS: dict[str, Callable[[CatchUp], None]] = {
    "pause": catching_up.pause,
    "resume": catching_up.resume,
    "cancel": catching_up.cancel,
}


class CatchUpForm(forms.Form):
    """Whose orders, all when none is chosen, and whether the e-shops are asked."""

    eshop = forms.ModelChoiceField(
        Eshop.objects.defer("credentials"),
        required=False,
        error_messages={"invalid_choice": "This e-shop is not there any more."},
    )
    how = forms.ChoiceField(
        choices=[("ask", ""), ("reapply", "")],
        error_messages={
            "required": "Choose whether the e-shops are to be asked.",
            "invalid_choice": "Choose whether the e-shops are to be asked.",
        },
    )


@dataclass(frozen=True)
class Standing:
    """How far a catch-up is, all its runs taken together."""

    catch_up: CatchUp
    progress: Progress
    runs: list[int]
    """The newest first."""
    is_running: bool
    """Whether one of its runs is under way, which a pause lets finish."""
    left: int
    """How many orders still follow older settings, counted to `COUNTED` + 1 an e-shop."""

    @property
    def is_counted(self) -> bool:
        return self.left <= COUNTED

    @property
    def moves(self) -> bool:
        """Whether anything will change without somebody doing something."""
        return not self.catch_up.finished_at and (not self.catch_up.paused_at or self.is_running)


@require_GET
@permission_required("orders.view_order", raise_exception=True)
def catch_up(request: HttpRequest) -> HttpResponse:
    """How many orders follow older settings, and what was done about it; to a poll, its panel."""
    panel = catch_up_panel(request)
    if not getattr(request, "htmx", False):
        return render(request, "sync/catch_up.html", panel | {"past": _past()})
    standing = panel["standing"]
    moves = standing is not None and standing.moves
    response = _live(request, panel | {"is_poll": True}, 200 if moves else STOP_POLLING)
    if not moves or request.GET.get("runs") != str(len(standing.runs)):
        response["HX-Trigger"] = LIST_CHANGED
    return response


@require_POST
@permission_required(PERMISSIONS, raise_exception=True)
def start(request: HttpRequest) -> HttpResponse:
    """Begin to catch up, or say in words why not."""
    form = CatchUpForm(request.POST)
    if not form.is_valid():
        texts = [str(text) for errors in form.errors.values() for text in errors]
        return refuse(request, " ".join(texts))
    offline = form.cleaned_data["how"] == "reapply"
    try:
        start_catch_up(request.user, form.cleaned_data["eshop"], offline)  # type: ignore[arg-type]
    except NotStarted as refusal:
        return refuse(request, str(refusal))
    return _answer(request)


@require_POST
@permission_required(PERMISSIONS, raise_exception=True)
def steer(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Pause, resume or cancel a catch-up; one that is finished stays as it is."""
    found = get_object_or_404(CatchUp, pk=pk)
    if found.finished_at:
        return refuse(request, "This catch-up is finished already.")
    ACTS[act](found)
    return _answer(request)


def catch_up_panel(request: HttpRequest) -> dict[str, Any]:
    """The context of `_catch_up.html`."""
    current = _catch_ups().filter(finished_at=None).first()
    ended = None
    if current is None:
        ended = _catch_ups().filter(finished_at__gte=timezone.now() - TOLD_FOR).first()
    stale = count_waiting().stale
    names = Eshop.objects.filter(pk__in=[pk for pk, number in stale.items() if number])
    return {
        "standing": _standing(current, stale) if current else None,
        "ended": _standing(ended, stale) if ended else None,
        "total": sum(stale.values()),
        "eshops": [(each, stale[each.pk]) for each in names.only("name").order_by("name")],
        "may_catch_up": request.user.has_perms(PERMISSIONS),
        "may_view_runs": request.user.has_perm("sync.view_syncrun"),
        "next": request.get_full_path(),
    }


def _catch_ups() -> QuerySet[CatchUp]:
    return CatchUp.objects.select_related("eshop").defer("eshop__credentials")


def _standing(found: CatchUp, stale: dict[int, int]) -> Standing:
    left = stale.get(found.eshop_id, 0) if found.eshop_id else sum(stale.values())
    runs = list(found.runs.order_by("-pk"))
    of_items = SyncItem.objects.filter(run__catch_up=found).order_by()
    numbers = list(
        of_items.values("outcome").annotate(all=Count("pk"), tried=Count("pk", filter=TRIED))
    )
    counts = {row["outcome"]: row["all"] for row in numbers}
    tried = {row["outcome"]: row["tried"] for row in numbers}
    pending = counts.get(Outcome.PENDING, 0)
    lanes: list[Lane] = progress_of(runs[:1])[0].lanes if pending else []
    if not found.finished_at:
        # Orders that this catch-up has tried in vain are stale still.
        in_vain = tried.get(Outcome.FAILED, 0) + tried.get(Outcome.SKIPPED, 0)
        counts[Outcome.PENDING] = max(pending, left - in_vain)
    together = Progress(SyncRun(catch_up=found, trigger=SyncRun.Trigger.CATCH_UP), counts, lanes)
    return Standing(found, together, [run.pk for run in runs], bool(pending), left)


def _past() -> list[dict[str, Any]]:
    """The last catch-ups that are finished, with what became of their orders, in three queries."""
    found = list(_catch_ups().exclude(finished_at=None)[:PAST])
    counts: dict[int | None, dict[str, int]] = {each.pk: {} for each in found}
    per_outcome = SyncItem.objects.filter(run__catch_up__in=found).order_by()
    for pk, outcome, number in per_outcome.values_list("run__catch_up", "outcome").annotate(
        Count("pk")
    ):
        counts[pk][outcome] = number
    of_runs = SyncRun.objects.filter(catch_up__in=found).order_by().values("catch_up")
    runs = {
        row["catch_up"]: row
        for row in of_runs.annotate(first=Min("pk"), last=Max("pk"), number=Count("pk"))
    }
    return [
        {
            "catch_up": each,
            "progress": Progress(SyncRun(trigger=SyncRun.Trigger.CATCH_UP), counts[each.pk]),
            "runs": runs.get(each.pk),
        }
        for each in found
    ]


def _answer(request: HttpRequest) -> HttpResponse:
    if getattr(request, "htmx", False):
        return _live(request, catch_up_panel(request), 200)
    return back(request, "sync:catch_up")


def _live(request: HttpRequest, panel: dict[str, Any], status: int) -> HttpResponse:
    return render(request, "sync/_catch_up_live.html", panel, status=status)
