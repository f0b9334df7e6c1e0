"""The warehouse: its connection, the orders that are due, and what it was given."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from eshops.models import Sequence
from orders.filters import ids, page_of, selected_orders
from orders.models import Handover, Order, Warehouse
from orders.warehouse import (
    LIMIT,
    HandedOver,
    NotHandedOver,
    active_warehouse,
    can_go,
    count_due,
    due,
    hand_over,
    parcels_of,
    refusal,
    take_back,
)

HANDOVERS = 50
SHOWN_REASONS = 10
ANOTHER = "Another warehouse is active; there can be one only."
TYPES: dict[str, str] = {
    Warehouse.Format.CSV: "text/csv; charset=utf-8",
    Warehouse.Format.JSON: "application/json",
}


class WarehouseForm(forms.ModelForm):
    status_types = forms.MultipleChoiceField(
        label="Orders are handed over when their status is",
        choices=Sequence.StatusType.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    class Meta:
        model = Warehouse
        fields = ["name", "is_active", "status_types", "automatic", "format", "match_by"]
        widgets = {"format": forms.RadioSelect, "match_by": forms.RadioSelect}
        labels = {"automatic": "Hand them over by itself", "format": "As a file in"}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("is_active") and not data.get("status_types", True):
            self.add_error("status_types", "Choose at least one, or no order is ever handed over.")
        return data


@require_GET
@permission_required("orders.view_warehouse", raise_exception=True)
def overview(request: HttpRequest) -> HttpResponse:
    handovers = Handover.objects.defer("content").select_related("warehouse")
    if before := min(ids(request.GET, "before"), default=0):
        handovers = handovers.filter(pk__lt=before)
    counted = handovers.annotate(still=Count("orders")).order_by("-pk")
    rows = list(counted[: HANDOVERS + 1])
    warehouse = active_warehouse()
    context: dict[str, Any] = {
        "warehouses": [
            (each, list(each.rules.items()))
            for each in Warehouse.objects.order_by("-is_active", "name")
        ],
        "status_types": dict(Sequence.StatusType.choices),
        "active": warehouse,
        "handovers": rows[:HANDOVERS],
        "older": rows[HANDOVERS - 1].pk if len(rows) > HANDOVERS else None,
        "before": before,
        "limit": LIMIT,
    }
    if warehouse and not before and request.user.has_perm("orders.view_order"):
        context |= _due(request, warehouse)
    return render(request, "warehouse/overview.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(("orders.view_warehouse", "orders.change_warehouse"), raise_exception=True)
def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Connect a warehouse, or change the connection of one."""
    warehouse = get_object_or_404(Warehouse, pk=pk) if pk else Warehouse()
    form = WarehouseForm(request.POST or None, instance=warehouse)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                form.save()
        except IntegrityError:
            form.add_error(None, ANOTHER)
        else:
            messages.success(request, f"{form.instance} was saved.")
            return redirect("warehouse:overview")
    has = Order.objects.filter(handover__warehouse=pk).count() if pk else 0
    context = {"form": form, "warehouse": warehouse, "has": has}
    return render(request, "warehouse/edit.html", context)


@require_POST
@permission_required(("orders.view_order", "orders.add_handover"), raise_exception=True)
def hand_over_selected(request: HttpRequest) -> HttpResponse:
    """Hand the form's orders over, or say in words why not."""
    assert isinstance(request.user, User)
    response = _back(request)
    try:
        result = hand_over(selected_orders(request.POST), request.user)
    except NotHandedOver as error:
        messages.error(request, str(error))
    else:
        _tell(request, result)
        response["HX-Trigger"] = "bulk-started"  # the selection of the list is used up
    return response


@require_POST
@permission_required(("orders.view_order", "orders.add_handover"), raise_exception=True)
def take_back_order(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    pk = min(ids(request.POST, "order"), default=0)
    order = get_object_or_404(Order.objects.only("number"), pk=pk)
    try:
        take_back(order.pk, request.user)
    except NotHandedOver as error:
        messages.info(request, str(error))
    else:
        messages.success(
            request,
            f"Order {order.number} was taken back. The warehouse's rules no longer hold for it, "
            "and it is handed over again by hand only. Tell the warehouse, which has the file.",
        )
    return _back(request)


@never_cache
@require_GET
@permission_required(("orders.view_warehouse", "orders.view_handover"), raise_exception=True)
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """The file as the warehouse got it; a CSV begins with the mark that spreadsheets look for."""
    handover = get_object_or_404(Handover, pk=pk)
    is_csv = handover.format == Warehouse.Format.CSV
    content = handover.content.encode("utf-8-sig" if is_csv else "utf-8")
    response = HttpResponse(content, content_type=TYPES[handover.format])
    day = timezone.localtime(handover.at).date()
    name = f"handover-{handover.pk}-{day:%Y-%m-%d}.{handover.format}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _due(request: HttpRequest, warehouse: Warehouse) -> dict[str, Any]:
    """A page of the orders that are due, those that can go before those that cannot."""
    waiting, ready = due(warehouse), can_go(warehouse)
    place = {name: request.GET.get(f"due_{name}", "") for name in ("after", "before")}
    page = page_of([waiting.filter(ready), waiting.exclude(ready)], place, LIMIT)
    keys = [order.pk for order in page.orders]
    parcels = {each.order.pk: each for each in parcels_of(Order.objects.filter(pk__in=keys))}
    rows = [(parcels[pk], refusal(parcels[pk], warehouse)) for pk in keys if pk in parcels]
    return {
        "due": rows,
        "can_go": any(not reason for _, reason in rows),
        "page": page,
        "counts": count_due(warehouse),
    }


def _tell(request: HttpRequest, result: HandedOver) -> None:
    if result.handover:
        orders = "1 order was" if result.count == 1 else f"{result.count} orders were"
        messages.success(request, f"{orders} handed over: handover {result.handover.pk}.")
    if result.refused:
        told = [f"{order.number}: {reason}" for order, reason in result.refused[:SHOWN_REASONS]]
        more = len(result.refused) - len(told)
        messages.warning(
            request,
            "Not handed over: " + " ".join(told) + (f" And {more} more." if more else ""),
        )


def _back(request: HttpRequest) -> HttpResponse:
    """To the page the form was on, with the filters it has now; never to another site."""
    htmx: Any = getattr(request, "htmx", None)
    address = (htmx and htmx.current_url_abs_path) or request.POST.get("next", "")
    if not (address.startswith("/") and url_has_allowed_host_and_scheme(address, None)):
        address = resolve_url("orders:list")
    return HttpResponseClientRedirect(address) if htmx else HttpResponseRedirect(address)
