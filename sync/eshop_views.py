"""An e-shop's settings: its connection and its code lists."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from eshops.adapters import ADAPTERS, listed_kinds
from eshops.connection import NotConnected, able, can, connect, introduced
from eshops.credentials import Credentials
from eshops.models import DataLoad, Eshop, MarketplaceMapping, Sequence
from eshops.sequences import changing
from eshops.source import SourceError
from eshops.unknown import unknown_codes
from sync.catching_up import COUNTED
from sync.eshop_forms import ActivityForm, ConnectForm, ConnectionForm
from sync.eshop_pages import eshop_of, locked, may_add, may_change, orders_in_words, page
from sync.loading import start_load
from sync.runs import NotStarted
from sync.setting_forms import SequenceForm
from sync.views import STOP_POLLING

Kind = Sequence.Kind

LISTS = {
    Kind.STATUS: "Order statuses",
    Kind.DELIVERY: "Delivery types",
    Kind.PAYMENT: "Payment methods",
}
LAST_LOADS = 5
NAMED = 30
"""How many entries one load tells by name."""


@dataclass(frozen=True)
class Answer:
    """What came of trying a connection, in words."""

    text: str
    is_good: bool = False


@dataclass(frozen=True)
class ToldLoad:
    load: DataLoad
    changes: list[tuple[str, int, list[str]]] = field(default_factory=list)
    """What happened, to how many entries, and the first of them by name."""


@require_http_methods(["GET", "POST"])
@may_change
def connection(request: HttpRequest, eshop_id: int) -> HttpResponse:
    """Where the e-shop is; a POST tries the connection and, unless it is only a test, saves it."""
    eshop = get_object_or_404(Eshop, pk=eshop_id)
    if request.method == "GET":
        return _connection_page(request, eshop)
    form = ConnectionForm(eshop, request.POST)
    answer = None
    if form.is_valid() and request.POST.get("do") == "save":
        saved = _connected(eshop.name, eshop.platform, form)
        if isinstance(saved, Eshop):
            messages.success(request, f"The connection works and is saved{_and_read(saved)}.")
            return _to(request, "eshop:connection", eshop.pk)
        answer = saved
    elif form.is_valid():
        answer = _tried(_probe(eshop, form))
    if getattr(request, "htmx", False):
        return render(request, "eshop/_answer.html", {"form": form, "answer": answer})
    return _connection_page(request, eshop, form=form, answer=answer)


@require_GET
@may_add
def platforms(request: HttpRequest) -> HttpResponse:
    """The platforms an e-shop can be connected on."""
    labels = {platform: factory.label for platform, factory in ADAPTERS.items()}
    return render(request, "eshop/platforms.html", {"labels": labels})


@require_http_methods(["GET", "POST"])
@may_add
def add(request: HttpRequest, platform: str) -> HttpResponse:
    """Connect an e-shop; a POST tries the connection and, unless it is only a test, saves it."""
    if platform not in ADAPTERS:
        raise Http404
    form = ConnectForm(platform, request.POST if request.method == "POST" else None)
    answer = None
    if form.is_valid() and request.POST.get("do") == "save":
        saved = _connected(form.cleaned_data["name"], platform, form, is_new=True)
        if isinstance(saved, Eshop):
            messages.success(
                request, f"{saved} is connected{_and_read(saved)}. Load its orders next."
            )
            if request.user.has_perm("eshops.change_eshop"):
                return _to(request, "eshop:connection", saved.pk)
            return _to(request, "eshops:list")
        answer = saved
    elif form.is_valid():
        answer = _tried(_probe(Eshop(platform=platform), form))
    factory = ADAPTERS[platform]
    context = {
        "form": form,
        "answer": answer,
        "label": factory.label,
        "status_rule": factory.status_rule,
        "is_loadable": platform in able("sequences"),
    }
    is_part = request.method == "POST" and getattr(request, "htmx", False)
    return render(request, "eshop/_answer.html" if is_part else "eshop/add.html", context)


@require_POST
@may_change
def activity(request: HttpRequest, eshop_id: int) -> HttpResponse:
    """Switch the e-shop on or off, and its automatic import; switching on loads its data."""
    with transaction.atomic():
        eshop = locked(eshop_id)
        was_active = eshop.is_active
        form = ActivityForm(request.POST, instance=eshop)
        if not form.is_valid():
            return _connection_page(request, get_object_or_404(Eshop, pk=eshop_id), activity=form)
        form.save()
    messages.success(request, "Saved." if form.changed_data else "Nothing was changed.")
    if eshop.is_active and not was_active and can(eshop, "sequences"):
        _start_load(request, eshop)
    return redirect("eshop:connection", eshop.pk)


def _and_read(eshop: Eshop) -> str:
    return " and its code lists were read" if can(eshop, "sequences") else ""


def _tried(probe: Eshop) -> Answer:
    """Ask the e-shop all that a connection needs, and keep nothing of it."""
    if probe.platform not in ADAPTERS:
        return Answer(f"Fynode has no adapter for the platform “{probe.platform}”.")
    try:
        info, entries = introduced(probe)
    except SourceError as error:
        return Answer(str(error))
    kinds = [entry.kind for entry in entries]
    counts = ", ".join(
        f"{title.lower()}: {kinds.count(kind)}"
        for kind, title in LISTS.items()
        if kind in ADAPTERS[probe.platform].lists
    )
    name = f" as “{info.name}”" if info.name else ""
    told = f", {counts}" if counts else ""
    return Answer(f"The connection works: the e-shop answers{name}{told}.", is_good=True)


def _probe(eshop: Eshop, form: ConnectionForm) -> Eshop:
    """The e-shop as the form has it, not stored."""
    return Eshop(
        platform=eshop.platform,
        base_url=form.cleaned_data["base_url"],
        credentials=Credentials(form.credentials),
        timezone=eshop.timezone,
    )


def _connected(
    name: str, platform: str, form: ConnectionForm, is_new: bool = False
) -> Eshop | Answer:
    """The e-shop, connected and saved, or why it is not."""
    try:
        return connect(name, platform, form.cleaned_data["base_url"], form.credentials, is_new)
    except (NotConnected, SourceError, ImproperlyConfigured) as error:
        return Answer(f"Nothing was saved. {error}")


def _connection_page(request: HttpRequest, eshop: Eshop, **context: Any) -> HttpResponse:
    platform = ADAPTERS.get(eshop.platform)
    context = {
        "form": ConnectionForm(eshop),
        "answer": None,
        "activity": ActivityForm(instance=eshop),
        "is_loadable": can(eshop, "sequences"),
        "platform": platform.label if platform else eshop.platform,
        "status_rule": platform.status_rule if platform else "",
    } | context
    return page(request, eshop, "connection", context)


@require_GET
@may_change
def sequences(request: HttpRequest, eshop_id: int) -> HttpResponse:
    return _sequences_page(request, eshop_of(eshop_id))


@require_http_methods(["GET", "POST"])
@may_change
def add_sequence(request: HttpRequest, eshop_id: int, kind: str) -> HttpResponse:
    """Add an entry of our own to one of the lists; also what gives an unknown code its name."""
    if kind not in Kind.values:
        raise Http404
    if request.method == "POST":
        return _store(request, eshop_id, kind=kind)
    eshop = eshop_of(eshop_id)
    form = SequenceForm(instance=Sequence(eshop=eshop, kind=kind, in_eshop=False))
    return _sequences_page(request, eshop, form)


@require_http_methods(["GET", "POST"])
@may_change
def sequence(request: HttpRequest, eshop_id: int, pk: int) -> HttpResponse:
    """Edit an entry, in its place."""
    if request.method == "POST":
        return _store(request, eshop_id, pk=pk)
    row = get_object_or_404(Sequence, pk=pk, eshop=eshop_id)
    return _sequences_page(request, eshop_of(eshop_id), SequenceForm(instance=row))


@require_POST
@may_change
def follow(request: HttpRequest, eshop_id: int, pk: int) -> HttpResponse:
    """Take back what the e-shop has of its own."""
    eshop = eshop_of(eshop_id)
    with changing(eshop):
        row = get_object_or_404(Sequence, pk=pk, eshop=eshop)
        taken = row.theirs
        for name, value in taken.items():
            setattr(row, name, value)
        row.save(update_fields=[*taken])
    messages.success(request, f"“{row.name}” is as the e-shop has it.")
    return redirect("eshop:sequences", eshop.pk)


@require_POST
@may_change
def delete_sequence(request: HttpRequest, eshop_id: int, pk: int) -> HttpResponse:
    """Delete an entry that no order of the e-shop has."""
    eshop = eshop_of(eshop_id)
    with changing(eshop):
        row = get_object_or_404(Sequence, pk=pk, eshop=eshop)
        refusal = _why_needed(row)
        if refusal:
            messages.error(request, f"“{row.name}” was not deleted: {refusal}.")
        else:
            row.delete()
            messages.success(request, f"“{row.name}” was deleted.")
    return redirect("eshop:sequences", eshop.pk)


@require_POST
@may_change
def load(request: HttpRequest, eshop_id: int) -> HttpResponse:
    """Have the e-shop's code lists read."""
    _start_load(request, eshop_of(eshop_id))
    return redirect("eshop:sequences", eshop_id)


@require_GET
@may_change
def loads(request: HttpRequest, eshop_id: int) -> HttpResponse:
    """What a page that waits for a load asks each second; its lists are shown anew at the end."""
    eshop = eshop_of(eshop_id)
    told = _last_loads(eshop)
    is_open = "open" in request.GET
    is_loading = any(each.load.finished_at is None for each in told)
    response = render(
        request,
        "eshop/_loads.html",
        {"eshop": eshop, "loads": told, "is_loading": is_loading, "is_open": is_open},
        status=200 if is_loading else STOP_POLLING,
    )
    if not is_loading and not is_open:
        response["HX-Refresh"] = "true"
    return response


def _store(
    request: HttpRequest, eshop_id: int, kind: str = "", pk: int | None = None
) -> HttpResponse:
    """Save the entry, or a new one of that kind, as the request's form has it."""
    eshop = eshop_of(eshop_id)
    with changing(eshop):
        row = get_object_or_404(Sequence, pk=pk, eshop=eshop) if pk else Sequence(
            eshop=eshop, kind=kind
        )  # fmt: skip
        form = SequenceForm(request.POST, instance=row)
        if not form.is_valid():
            return _sequences_page(request, eshop, form)
        try:
            with transaction.atomic():
                row = form.save()
        except IntegrityError:  # an import that ends just now has learnt the same code
            form.add_error("code", "The e-shop has an entry with this code by now.")
            return _sequences_page(request, eshop, form)
    is_saved = form.changed_data or not pk
    messages.success(request, f"“{row.name}” is saved." if is_saved else "Nothing was changed.")
    return redirect("eshop:sequences", eshop.pk)


def _why_needed(row: Sequence) -> str:
    """Why an entry cannot be deleted, "" when it can."""
    used = row.eshop.orders.filter(**{f"{row.kind}_code": row.code}).order_by()
    number = used[: COUNTED + 1].count()
    if number:
        return f"{orders_in_words(number)} of this e-shop {'has' if number == 1 else 'have'} it"
    mapped = MarketplaceMapping.objects.filter(target=row).select_related("eshop").first()
    return f"{mapped.eshop.name} has its code “{mapped.code}” mapped to it" if mapped else ""


def _start_load(request: HttpRequest, eshop: Eshop) -> None:
    try:
        start_load(eshop, request.user.get_username())
    except NotStarted as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, f"The code lists of {eshop.name} are being loaded.")


def _sequences_page(
    request: HttpRequest, eshop: Eshop, form: SequenceForm | None = None
) -> HttpResponse:
    rows = list(eshop.sequences.order_by("-is_active", "name", "code"))
    told = _last_loads(eshop)
    platform = ADAPTERS.get(eshop.platform)
    context = {
        "form": form,
        "status_rule": platform.status_rule if platform else "",
        "listed": listed_kinds(eshop.platform),
        "is_loadable": can(eshop, "sequences"),
        "lists": [(k, title, [row for row in rows if row.kind == k]) for k, title in LISTS.items()],
        "types": {kind.value: dict(Sequence.types(kind)) for kind in Kind},
        "unknown": [(each, Kind(each.kind).label) for each in unknown_codes(eshop)],
        "loads": told,
        "is_loading": any(each.load.finished_at is None for each in told),
        "is_open": form is not None,
    }
    return page(request, eshop, "sequences", context)


def _last_loads(eshop: Eshop) -> list[ToldLoad]:
    return [_told(each) for each in eshop.data_loads.all()[:LAST_LOADS]]


def _told(load: DataLoad) -> ToldLoad:
    changes = []
    for action in ("added", "renamed", "changed", "gone", "returned"):
        entries = load.changes.get(action, [])
        names = [
            f"{Kind(kind).label} {former + ' → ' if former else ''}{name} ({code})"
            for kind, code, name, former in entries[:NAMED]
        ]
        if entries:
            changes.append((action, len(entries), names))
    return ToldLoad(load, changes)


def _to(request: HttpRequest, name: str, *args: Any) -> HttpResponse:
    """Lead the whole page there, also from a request that was to replace a part of it."""
    if not getattr(request, "htmx", False):
        return redirect(name, *args)
    return HttpResponse(status=204, headers={"HX-Redirect": resolve_url(name, *args)})
