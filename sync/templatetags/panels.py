"""What stands on pages of other apps: counters in the rail, panels above the list of orders."""

from typing import Any

from django import template
from django.template import RequestContext

from sync.catch_up_views import catch_up_panel
from sync.catching_up import COUNTED
from sync.counters import FAILED_COUNTED, Counters, count_waiting
from sync.import_views import import_panel

register = template.Library()


@register.simple_tag
def rail_counters() -> Counters:
    return count_waiting()


@register.filter
def capped_failed(number: int) -> str:
    return f"{FAILED_COUNTED}+" if number > FAILED_COUNTED else str(number)


@register.filter
def capped(number: int) -> str:
    """1240 → "1,240"; what was not counted to its end → "more than 10,000"."""
    return f"more than {COUNTED:,}" if number > COUNTED else f"{number:,}"


@register.filter
def capped_short(number: int) -> str:
    return f"{COUNTED // 1000}k+" if number > COUNTED else f"{number:,}"


@register.inclusion_tag("sync/_load_new.html", takes_context=True)
def load_new_orders(context: RequestContext) -> dict[str, Any]:
    """The button "Load new orders", or how far the imports are."""
    return import_panel(context["request"])


@register.inclusion_tag("sync/_catch_up.html", takes_context=True)
def catch_up(context: RequestContext) -> dict[str, Any]:
    """How many orders follow older settings, and the button or the progress of "Catch up"."""
    return catch_up_panel(context["request"])
