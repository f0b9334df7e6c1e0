"""The pages of the synchronization rules. A rule can be tried on an order before it is saved;
trying reads what is kept of the e-shop's last answer, and writes nothing."""

from dataclasses import dataclass
from typing import Any

import msgspec
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ImproperlyConfigured
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from msgspec import structs

from eshops.models import Eshop
from eshops.resolve import EshopSettings, resolve, settings_of
from eshops.source import SourceError, SourceOrder
from orders.models import Handover, Order, Warehouse
from sync.decide import rules_for
from sync.plan import compare, held
from sync.preview import sample
from sync.rule_forms import MEANING, RulesForm
from sync.rules import MODES, carry_out

NUMBER = 191


class NotTried(Exception):
    """The rules cannot be tried on that order; the message says why."""


@dataclass(frozen=True)
class Tried:
    """What a synchronization would do to an order by these rules, in the form of a movement."""

    order: Order
    changes: dict[str, Any]
    kept: list[Any]


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("eshops.change_eshop", raise_exception=True)
def of_eshop(request: HttpRequest, eshop_id: int) -> HttpResponse:
    eshop = get_object_or_404(Eshop.objects.defer("credentials"), pk=eshop_id)
    form = RulesForm(eshop.rules, request.POST or None)
    context: dict[str, Any] = {"eshop": eshop}
    if request.method == "POST" and form.is_valid():
        if "try" not in request.POST:
            eshop.rules = form.modes
            eshop.save(update_fields=["rules"])
            return _saved(request, str(eshop))
        context |= _trial(request, eshop=eshop, modes=form.modes)
    return _page(request, form, context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(("orders.view_warehouse", "orders.change_warehouse"), raise_exception=True)
def of_warehouse(request: HttpRequest, pk: int) -> HttpResponse:
    warehouse = get_object_or_404(Warehouse, pk=pk)
    form = RulesForm(warehouse.rules, request.POST or None)
    context: dict[str, Any] = {"warehouse": warehouse}
    if request.method == "POST" and form.is_valid():
        if "try" not in request.POST:
            warehouse.rules = form.modes
            warehouse.save(update_fields=["rules"])
            return _saved(request, str(warehouse))
        context |= _trial(request, warehouse=warehouse, modes=form.modes)
    return _page(request, form, context)


def tried(order: Order, source: SourceOrder, settings: EshopSettings) -> Tried:
    """What synchronizing the order would do if the e-shop still said the same.

    `order.handover` decides about the warehouse's rules. Raises `SourceError` as `resolve` does.
    """
    before = held(order, order.addresses.all(), order.items.all())
    after = resolve(source, settings).order
    merged, kept = carry_out(before, after, rules_for(order, settings))
    return Tried(order, msgspec.to_builtins(compare(before, merged)), msgspec.to_builtins(kept))


def _saved(request: HttpRequest, name: str) -> HttpResponse:
    messages.success(request, f"The rules of {name} were saved. They hold from now on.")
    return redirect(request.path)


def _page(request: HttpRequest, form: RulesForm, context: dict[str, Any]) -> HttpResponse:
    meanings = [(label, MEANING[mode]) for mode, label in MODES.items()]
    more = {
        "form": form,
        "meanings": meanings,
        "number": request.POST.get("number", "")[:NUMBER],
        "may_try": request.user.has_perm("orders.view_order"),
    }
    return render(request, "rules/rules.html", context | more)


def _trial(request: HttpRequest, modes: dict[str, str], **of: Any) -> dict[str, Any]:
    """The trial for the page, or why there is none."""
    if not request.user.has_perm("orders.view_order"):
        return {"not_tried": "Looking at orders is not among your permissions."}
    number = request.POST.get("number", "").strip()[:NUMBER]
    try:
        if "eshop" in of:
            return {"tried": _on_order_of_eshop(of["eshop"], modes, number)}
        return {"tried": _on_order_in_warehouse(of["warehouse"], modes, number)}
    except (NotTried, SourceError, ImproperlyConfigured) as error:
        return {"not_tried": str(error)}


def _on_order_of_eshop(eshop: Eshop, modes: dict[str, str], number: str) -> Tried:
    found = sample(eshop, number)
    if found is None:
        raise _none(number, f"of {eshop}")
    order, source = found
    return tried(order, source, structs.replace(settings_of(eshop), rules=modes))


def _on_order_in_warehouse(warehouse: Warehouse, modes: dict[str, str], number: str) -> Tried:
    """As if the warehouse had the order, which it need not."""
    orders = Order.objects.filter(payload__isnull=False).select_related("eshop")
    if number:
        orders = orders.filter(number=number)
    chosen = orders.order_by(F("handover").desc(nulls_last=True), "-placed_at", "-id").first()
    found = sample(chosen.eshop, chosen.number) if chosen else None
    if chosen is None or found is None:
        raise _none(number, "at all")
    order, source = found
    trying = Warehouse(name=warehouse.name, is_active=True, rules=modes)
    since = chosen.handover.at if chosen.handover else timezone.now()
    order.handover = Handover(warehouse=trying, at=since)
    return tried(order, source, settings_of(chosen.eshop))


def _none(number: str, where: str) -> NotTried:
    if number:
        return NotTried(
            f"No order {number} {where} can be tried on: there is none, or what the e-shop last "
            "said about it is not kept. Synchronize it first."
        )
    return NotTried(f"No order {where} can be tried on yet. Load or synchronize one first.")
