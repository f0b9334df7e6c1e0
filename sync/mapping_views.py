"""An e-shop's metadata mappings: choosing keys from a real order, and seeing what would come of
them before they are saved."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, resolve_url
from django.views.decorators.http import require_http_methods, require_POST

from eshops.mapping import MappingRule, Problem, source_keys
from eshops.models import Eshop, MetadataMapping
from eshops.sequences import changing
from orders.models import Order
from sync.eshop_pages import eshop_of, may_change, orders_in_words, page
from sync.plan import to_builtins
from sync.preview import kept, outlooks, sample, stray
from sync.setting_forms import MappingForm

NOTHING = "Nothing was changed."


@dataclass(frozen=True)
class Outcome:
    """One order of a preview: what would change, in the stored form of a plan."""

    order: Order
    changes: dict[str, Any]
    problems: Sequence[Problem]


@dataclass(frozen=True)
class Fight:
    """Two mappings that find different values for one field, and on how many of the orders."""

    field: str
    counts: str
    ignored: str
    orders: int


@dataclass(frozen=True)
class Preview:
    outcomes: list[Outcome]
    fights: list[Fight]

    @property
    def changed(self) -> int:
        return sum(1 for each in self.outcomes if each.changes)

    @property
    def troubled(self) -> int:
        return sum(1 for each in self.outcomes if each.problems)


@require_http_methods(["GET", "POST"])
@may_change
def mapping(request: HttpRequest, eshop_id: int, pk: int | None = None) -> HttpResponse:
    """The mappings with one of them in the form, a new one without `pk`; a POST previews or saves
    it; one whose key no order has is saved if the key is sent as `sure`. `order` names the order
    keys are chosen from; `scope` and `key` are the key that was."""
    eshop = eshop_of(eshop_id)
    if request.method == "POST" and request.POST.get("do") == "save":
        with changing(eshop):
            return _mapping(request, eshop, pk)
    return _mapping(request, eshop, pk)


def _mapping(request: HttpRequest, eshop: Eshop, pk: int | None) -> HttpResponse:
    rows = list(eshop.mappings.all())
    row = next((each for each in rows if each.pk == pk), None)
    if pk and row is None:
        raise Http404
    chosen = _chosen(request, eshop)
    options: dict[str, Any] = {
        "instance": row or MetadataMapping(eshop=eshop, position=_after(rows)),
        "others": [each for each in rows if each.pk != pk],
        "known_keys": [key for _, key, _ in chosen["keys"]],
    }
    if request.method != "POST":
        asked = {"source_key": request.GET.get("key"), "scope": request.GET.get("scope")}
        options["initial"] = {name: value for name, value in asked.items() if value}
        return _mapping_page(request, eshop, form=MappingForm(**options), **chosen)
    form = MappingForm(request.POST, **options)
    if not form.is_valid():
        return _mapping_page(request, eshop, form=form, **chosen)
    preview = _previewed(request, eshop, rows if row else [*rows, form.instance])
    chosen |= _doubt(request, eshop, form)
    if request.POST.get("do") != "save" or (chosen["doubt"] and not chosen["is_sure"]):
        return _mapping_page(request, eshop, form=form, preview=preview, **chosen)
    form.save()
    is_saved = form.changed_data or row is None
    messages.success(request, f"“{form.instance}” is saved." if is_saved else NOTHING)
    for fight in preview.fights if preview else ():
        messages.warning(request, f"“{fight.ignored}” and “{fight.counts}” fight for one field.")
    if preview and preview.troubled:
        told, have = orders_in_words(preview.troubled), "has" if preview.troubled == 1 else "have"
        messages.warning(request, f"Of the last orders {told} {have} a value that does not fit.")
    return redirect("eshop:mapping", eshop.pk)


def _doubt(request: HttpRequest, eshop: Eshop, form: MappingForm) -> dict[str, Any]:
    """What is wrong with a key that was entered; whoever has been told may save it all the same,
    because a key may be right before the first order has it."""
    rule, doubt = _rule(form.instance), None
    if {"scope", "source_key"} & {*form.changed_data} or not form.instance.pk:
        with suppress(ImproperlyConfigured):  # said where an order is chosen
            doubt = stray(eshop, rule)
    if doubt and not request.user.has_perm("orders.view_order"):
        doubt = replace(doubt, key="")
    sure = f"{rule.scope}:{rule.source_key}"
    return {"doubt": doubt, "sure": sure, "is_sure": request.POST.get("sure") == sure}


@require_POST
@may_change
def move_mapping(request: HttpRequest, eshop_id: int, pk: int) -> HttpResponse:
    """Try a mapping earlier ("up") or later than its neighbour."""
    eshop = eshop_of(eshop_id)
    with changing(eshop):
        rows = list(eshop.mappings.all())
        place = next((at for at, row in enumerate(rows) if row.pk == pk), None)
        if place is None:
            raise Http404
        other = place - 1 if request.POST.get("direction") == "up" else place + 1
        if 0 <= other < len(rows):
            rows[place], rows[other] = rows[other], rows[place]
        for position, row in enumerate(rows):
            row.position = position
        MetadataMapping.objects.bulk_update(rows, ["position"])
    return redirect(f"{resolve_url('eshop:mapping', eshop.pk)}#mapping-{pk}")


@require_http_methods(["GET", "POST"])
@may_change
def delete_mapping(request: HttpRequest, eshop_id: int, pk: int) -> HttpResponse:
    """Show what the last orders would be without a mapping; a POST deletes it."""
    if request.method == "GET":
        eshop = eshop_of(eshop_id)
        row = get_object_or_404(MetadataMapping, pk=pk, eshop=eshop)
        preview = _previewed(request, eshop, list(eshop.mappings.exclude(pk=pk)))
        return _mapping_page(request, eshop, deleted=row, preview=preview)
    eshop = eshop_of(eshop_id)
    with changing(eshop):
        row = get_object_or_404(MetadataMapping, pk=pk, eshop=eshop)
        row.delete()
    messages.success(request, f"“{row}” was deleted.")
    return redirect("eshop:mapping", eshop.pk)


def _rule(row: MetadataMapping) -> MappingRule:
    return MappingRule(row.source_key, row.target, row.label, row.scope, tuple(row.transforms))


def _after(rows: Sequence[MetadataMapping]) -> int:
    return max((row.position for row in rows), default=-1) + 1


def _chosen(request: HttpRequest, eshop: Eshop) -> dict[str, Any]:
    """The order keys are chosen from, and what it holds; nothing for who may not see orders."""
    number = (request.POST.get("order") or request.GET.get("order") or "").strip()
    if not request.user.has_perm("orders.view_order"):
        return {"number": "", "order": None, "keys": [], "numbers": []}
    try:
        found = sample(eshop, number)
    except ImproperlyConfigured as error:
        messages.error(request, str(error))
        found = None
    return {
        "number": number,
        "order": found[0] if found else None,
        "keys": source_keys(found[1]) if found else [],
        "numbers": list(kept(eshop).values_list("order__number", flat=True)[:20]),
    }


def _previewed(
    request: HttpRequest, eshop: Eshop, rows: Sequence[MetadataMapping]
) -> Preview | None:
    if not request.user.has_perm("orders.view_order"):
        return None
    try:
        found = outlooks(eshop, [_rule(row) for row in rows])
    except ImproperlyConfigured:  # said where an order is chosen
        return None
    fights = Counter(rivals for each in found for rivals in each.rivals)
    return Preview(
        [Outcome(each.order, to_builtins(each.plan), each.problems) for each in found],
        [Fight(*rivals, orders) for rivals, orders in fights.most_common()],
    )


def _mapping_page(request: HttpRequest, eshop: Eshop, **context: Any) -> HttpResponse:
    rows = list(eshop.mappings.all())
    tried: dict[tuple[str, str], list[MetadataMapping]] = {}
    for row in rows:
        tried.setdefault((row.target, row.label), []).append(row)
    told = []
    for row in rows:
        rivals = tried[row.target, row.label]
        told.append((row, rivals.index(row) + 1, len(rivals)))
    context = {
        "form": None, "deleted": None, "preview": None, "doubt": None, "mappings": told,
        "scopes": dict(MetadataMapping.Scope.choices),
    } | context  # fmt: skip
    return page(request, eshop, "mapping", context)
