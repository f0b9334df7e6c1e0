from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from eshops.connection import open_adapter
from eshops.models import Eshop
from eshops.source import Refused
from orders.filters import OrderFilter, ids, listed, page_of
from orders.models import Movement, Order, OrderItem
from orders.templatetags.changes import marks_of
from orders.templatetags.show import money
from orders.warehouse import may_hand_over

COUNTED = 10_000
MOVEMENTS = 100
MARKED_FOR = timedelta(minutes=10)


class NoteForm(forms.Form):
    """What staff write on an order, for themselves; never sent to the e-shop."""

    internal_note = forms.CharField(
        required=False, max_length=5000, widget=forms.Textarea({"rows": 3})
    )
    tags = forms.CharField(required=False, max_length=500, help_text="Separated by commas")

    def clean_tags(self) -> list[str]:
        tags = (" ".join(tag.split()) for tag in self.cleaned_data["tags"].split(","))
        return list(dict.fromkeys(tag for tag in tags if tag))


@require_GET
@permission_required("orders.view_order", raise_exception=True)
def order_list(request: HttpRequest) -> HttpResponse:
    order_filter = OrderFilter(request.GET)
    page = page_of(order_filter.stages(), request.GET)
    count = order_filter.qs.order_by()[: COUNTED + 1].count()
    kept = request.GET.copy()
    for name in ("after", "before", "run"):
        kept.pop(name, None)
    context = {
        "filter": order_filter,
        "form": order_filter.form,
        "page": page,
        "count": count,
        "is_capped": count > COUNTED,
        "counted": COUNTED,
        "kept": kept.urlencode(),
        "may_synchronize": request.user.has_perm("sync.synchronize"),
        "may_bulk": request.user.has_perms(("sync.synchronize", "sync.synchronize_in_bulk")),
        "may_hand_over": may_hand_over(request.user),
        "runs": sorted(ids(request.GET, "run"))[:3],
        "has_no_orders": not count and not order_filter.is_active,
    }
    return render(request, "orders/list.html", context)


@require_GET
@permission_required("orders.view_order", raise_exception=True)
def find(request: HttpRequest) -> HttpResponse:
    """What a search leads to: the one order that has just this number, else the list."""
    found = OrderFilter(request.GET).by_number().values_list("pk", flat=True)[:2]
    if len(found) == 1:
        return redirect("orders:detail", found[0])
    asked = request.GET.copy()
    for name in [name for name, value in asked.items() if not value]:
        del asked[name]
    return redirect(f"{reverse('orders:list')}?{asked.urlencode()}".removesuffix("?"))


@require_GET
@permission_required("orders.view_order", raise_exception=True)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    order = get_object_or_404(
        listed(Order.objects.all()).defer(None).defer("eshop__credentials"), pk=pk
    )
    items = list(order.items.all())
    marks = _marks(order)
    for item in items:
        item.marks = marks["lines"].get((item.kind, item.external_id), {})  # type: ignore[attr-defined]
    context = {
        "order": order,
        "items": items,
        "addresses": {address.kind: address for address in order.addresses.all()},
        "marks": marks,
        "sum": lines_against_total(order, items),
        "source_url": _source_url(order),
        "form": NoteForm(
            initial={"internal_note": order.internal_note, "tags": ", ".join(order.tags)}
        ),
        "may_synchronize": request.user.has_perm("sync.synchronize"),
        "may_change": request.user.has_perm("orders.change_order"),
        "runs": sorted(ids(request.GET, "run"))[:3],
    }
    return render(request, "orders/detail.html", context)


@require_GET
@permission_required("orders.view_order", raise_exception=True)
def movements(request: HttpRequest, pk: int) -> HttpResponse:
    """The order's history, newest first: a fragment for the order's page, else a page."""
    order = get_object_or_404(Order.objects.only("number", "currency"), pk=pk)
    rows = order.movements.select_related("sync_item")
    if before := min(ids(request.GET, "before"), default=0):
        rows = rows.filter(pk__lt=before)
    shown = list(rows[: MOVEMENTS + 1])
    context = {
        "order": order,
        "movements": shown[:MOVEMENTS],
        "older": shown[MOVEMENTS - 1].pk if len(shown) > MOVEMENTS else None,
        "before": before,
    }
    part = getattr(request, "htmx", False)
    return render(request, "orders/_movements.html" if part else "orders/movements.html", context)


@require_POST
@permission_required(("orders.view_order", "orders.change_order"), raise_exception=True)
def note(request: HttpRequest, pk: int) -> HttpResponse:
    """Save the internal note and the tags, and what they were before."""
    get_object_or_404(Order, pk=pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        messages.error(
            request, " ".join(str(text) for texts in form.errors.values() for text in texts)
        )
    elif _save_note(request, pk, form.cleaned_data):
        messages.success(request, "The internal note was saved.")
    else:
        messages.info(request, "The internal note is as it was.")
    return redirect("orders:detail", pk)


def lines_against_total(order: Order, items: Sequence[OrderItem]) -> dict[str, Any] | None:
    """What to say of lines that do not add up to the e-shop's total; None when they do."""
    counted = [item for item in items if item.in_total]
    figures = [_gross(item) for item in counted]
    if None in figures:
        return {
            "text": "Some lines have no price, so the total cannot be checked.",
            "is_off": False,
        }
    added = sum((figure for figure in figures if figure is not None), Decimal(0))
    difference = abs(added - order.total)
    if not difference:
        return None
    whole = order.total == order.total.to_integral_value()
    is_rounding = difference <= Decimal("0.01") or (whole and difference <= Decimal("0.5"))

    def figure(value: Decimal) -> str:
        return money(value, order.currency).split()[0]

    said = f"The lines add up to {figure(added)}, the e-shop's total is {figure(order.total)}"
    if is_rounding:
        return {"text": f"{said}: rounding by the e-shop.", "is_off": False}
    return {
        "text": f"{said}: a difference of {money(difference, order.currency)}. "
        "Fynode keeps the e-shop's figures.",
        "is_off": True,
    }


def _gross(item: OrderItem) -> Decimal | None:
    gross: Any = item.gross
    net: Any = item.net
    if gross is not None or net is None or item.tax is None:
        return gross
    return net + item.tax


def _marks(order: Order) -> dict[str, Any]:
    """What the newest synchronization changed, as long as that is news."""
    newest = order.movements.filter(
        kind=Movement.Kind.SYNCHRONIZED, at__gte=timezone.now() - MARKED_FOR
    ).first()
    return marks_of(newest.changes if newest else {}, order.currency)


def _source_url(order: Order) -> str:
    """The order's page in the e-shop's administration; "" when our settings do not let us know."""
    try:
        return open_adapter(Eshop.objects.get(pk=order.eshop_id)).order_url(order.external_id)
    except (Refused, KeyError):
        return ""


@transaction.atomic
def _save_note(request: HttpRequest, pk: int, data: dict[str, Any]) -> bool:
    order = Order.objects.only("internal_note", "tags").select_for_update().get(pk=pk)
    changes = []
    for name, told in (("internal_note", str), ("tags", ", ".join)):
        old, new = getattr(order, name), data[name]
        if old != new:
            changes.append({"field": name, "old": told(old), "new": told(new)})
            setattr(order, name, new)
    if not changes:
        return False
    order.save(update_fields=["internal_note", "tags"])
    Movement.objects.create(
        order=order,
        at=timezone.now(),
        actor_id=request.user.pk,
        actor_name=request.user.get_username(),
        kind=Movement.Kind.NOTE,
        changes={"fields": changes, "lines": []},
    )
    return True
