""" "Load new orders" above the list of orders.

While an import runs, the panel sends one poll every two seconds that names the imports it shows
(`run`); when none of them is under way any more, the answer says how they ended and has no poll.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from eshops.models import Eshop
from orders.filters import ids
from sync.imports import A_YEAR, load_new
from sync.models import SyncItem, SyncRun
from sync.progress import IMPORTING, Progress, progress_of
from sync.runs import NotStarted

STOP_POLLING = 286
MAY_IMPORT = ("sync.synchronize", "sync.synchronize_in_bulk")
"""An import may bring a year of orders: who may press the button for one at a time may not."""
TOLD_FOR = timedelta(minutes=10)
"""For how long a page that is opened says how one's own imports ended."""
LONGEST = timedelta(days=1)
LIST_CHANGED = "list-changed"
"""The event upon which the list of orders reloads what it shows."""


def loadable() -> QuerySet[Eshop]:
    """The e-shops whose orders are imported into Fynode."""
    wanted = Eshop.objects.filter(is_active=True, import_mode=Eshop.ImportMode.FYNODE)
    return wanted.defer("credentials").order_by("name")


class LoadNewForm(forms.Form):
    """Which e-shop's orders to load, all when none is chosen, and from which day on."""

    eshop = forms.ModelChoiceField(
        Eshop.objects.none(),
        required=False,
        error_messages={"invalid_choice": "Orders of this e-shop are not loaded into Fynode."},
    )
    dated = forms.BooleanField(required=False)
    day = forms.CharField(required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["eshop"].queryset = loadable()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """The day of an unchecked box is not looked at."""
        data = self.cleaned_data
        text, data["day"] = data.get("day", ""), None
        if data.get("dated"):
            if not text:
                raise ValidationError("Choose the date from which orders are to be loaded.")
            data["day"] = forms.DateField(
                error_messages={"invalid": "This is no date; write it as 2026-11-23."}
            ).clean(text)
        return data


@require_POST
@permission_required(MAY_IMPORT, raise_exception=True)
def load_new_orders(request: HttpRequest) -> HttpResponse:
    """Start an import of one e-shop, or of each one, or say in words why not."""
    form = LoadNewForm(request.POST)
    if not form.is_valid():
        texts = [str(text) for errors in form.errors.values() for text in errors]
        return refuse(request, " ".join(texts))
    chosen = form.cleaned_data["eshop"]
    eshops = [chosen] if chosen else list(loadable())
    started, refusals = _start(request, eshops, form.cleaned_data["day"])
    if not started:
        return refuse(request, " ".join(refusals) or "There is no active e-shop to load from.")
    if getattr(request, "htmx", False):
        panel = import_panel(request, watched=started)
        return render(request, "sync/_load_new.html", panel | {"notice": " ".join(refusals)})
    for text in refusals:
        messages.info(request, text)
    return back(request)


@require_GET
@permission_required(MAY_IMPORT, raise_exception=True)
def importing(request: HttpRequest) -> HttpResponse:
    """How far the imports are; the poll's last answer has the button again."""
    watched = ids(request.GET, "run")
    panel = import_panel(request, watched) | {"is_poll": True}
    status = 200 if panel["running"] else STOP_POLLING
    response = render(request, "sync/_load_new.html", panel, status=status)
    if any(each.run.pk in watched and each.done for each, _ in panel["ended"]):
        response["HX-Trigger"] = LIST_CHANGED
    return response


def import_panel(request: HttpRequest, watched: Iterable[int] = ()) -> dict[str, Any]:
    """The context of `_load_new.html`: the imports under way, and how those that were watched or
    started by this user a short while ago ended, the newest of each e-shop."""
    if not request.user.has_perms(MAY_IMPORT):
        return {"may_load": False}
    found = _imports(request, list(watched))
    running = [each for each in found if each.is_working]
    busy = {each.run.eshop_id for each in running}
    newest = {each.run.eshop_id: each for each in found}
    today = timezone.localdate()
    return {
        "may_load": True,
        "running": running,
        "ended": [(each, how_it_ended(each)) for pk, each in newest.items() if pk not in busy],
        "eshops": [] if running else list(loadable().only("name")),
        "today": today,
        "a_year_ago": today - A_YEAR,
        "next": request.get_full_path(),
        "may_view_runs": request.user.has_perm("sync.view_syncrun"),
    }


def how_it_ended(progress: Progress) -> str:
    """ "12 orders loaded", "nothing new", or why not, in words."""
    loaded = progress.counts.get(SyncItem.Outcome.IMPORTED, 0)
    failed = progress.counts.get(SyncItem.Outcome.FAILED, 0)
    parts = []
    if loaded:
        parts.append(f"{loaded:,} order{'s' if loaded > 1 else ''} loaded")
    if failed:
        parts.append(f"{failed:,} could not be loaded")
    if progress.run.error:
        parts.append(progress.run.error)
    return "; ".join(parts) or "nothing new"


def refuse(request: HttpRequest, text: str) -> HttpResponse:
    """Why nothing was started: as a fragment, or on the page the form was on."""
    if getattr(request, "htmx", False):
        return render(request, "_notice.html", {"text": text, "level": "error"}, status=400)
    messages.error(request, text)
    return back(request)


def back(request: HttpRequest, otherwise: str = "orders:list") -> HttpResponseRedirect:
    """To the page the form was on; never to another site."""
    address = request.POST.get("next", "")
    if not (address.startswith("/") and url_has_allowed_host_and_scheme(address, None)):
        address = resolve_url(otherwise)
    return HttpResponseRedirect(address)


def _start(
    request: HttpRequest, eshops: Sequence[Eshop], day: date | None
) -> tuple[list[int], list[str]]:
    """The imports that were started, and why others were not."""
    started, refusals = [], []
    for eshop in eshops:
        try:
            started.append(load_new(eshop, request.user, day).pk)  # type: ignore[arg-type]
        except NotStarted as refusal:
            refusals.append(str(refusal))
    return started, list(dict.fromkeys(refusals))


def _imports(request: HttpRequest, watched: list[int]) -> list[Progress]:
    now = timezone.now()
    imports = SyncRun.objects.select_related("eshop").defer("eshop__credentials")
    under_way = list(imports.filter(IMPORTING))
    own = Q(
        created_by=request.user.pk, created_at__gte=now - LONGEST, finished_at__gte=now - TOLD_FOR
    )
    ended = imports.filter(own | Q(pk__in=watched), trigger=SyncRun.Trigger.IMPORT)
    found = {run.pk: run for run in [*under_way, *ended]}
    return progress_of(found[pk] for pk in sorted(found)) if found else []
