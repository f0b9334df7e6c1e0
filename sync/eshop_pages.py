"""What the tabs of an e-shop's settings share.

Whatever is saved on them is ours and never sent to the e-shop, and touches no order: orders that
would now be resolved otherwise are stale until they are synchronized.
"""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from eshops.models import Eshop
from sync.catching_up import COUNTED, count_stale

may_add = permission_required("eshops.add_eshop", raise_exception=True)
may_change = permission_required("eshops.change_eshop", raise_exception=True)


def eshop_of(eshop_id: int) -> Eshop:
    return get_object_or_404(Eshop.objects.defer("credentials"), pk=eshop_id)


def locked(eshop_id: int) -> Eshop:
    """The e-shop, whose settings nobody else changes until the transaction is over."""
    unlocked = Eshop.objects.defer("credentials").select_for_update(no_key=True)
    return get_object_or_404(unlocked, pk=eshop_id)


def page(request: HttpRequest, eshop: Eshop, tab: str, context: dict[str, Any]) -> HttpResponse:
    stale = count_stale(Eshop.objects.defer("credentials").filter(pk=eshop.pk))[eshop.pk]
    held = eshop.orders.order_by()[: COUNTED + 1].count()
    context = context | {
        "eshop": eshop,
        "tab": tab,
        "held": orders_in_words(held) if held else "",
        "stale": orders_in_words(stale) if stale else "",
    }
    return render(request, f"eshop/{tab}.html", context)


def orders_in_words(number: int) -> str:
    """A number of orders, which need not be counted further than `COUNTED` + 1."""
    if number > COUNTED:
        return f"more than {COUNTED:,} orders"
    return "1 order" if number == 1 else f"{number:,} orders"
