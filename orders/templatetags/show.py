"""How values are shown: money, times, colours, states."""

import html
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orders.filters import STATES, state_of
from orders.models import Order, SyncState

register = template.Library()

NO_MINOR_UNIT = {"HUF", "JPY", "KRW", "CLP", "VND", "ISK", "PYG", "UGX", "XAF", "XOF"}
THREE_DECIMALS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@register.filter
def money(value: Decimal | None, currency: str = "") -> str:
    """1234.5 → "1,234.50 EUR". Never rounded: where there are more decimals, more are shown."""
    if value is None:
        return ""
    least = 0 if currency in NO_MINOR_UNIT else 3 if currency in THREE_DECIMALS else 2
    return f"{_grouped(value, least)}\u00a0{currency}" if currency else _grouped(value, least)


@register.filter
def number(value: Decimal | int | None) -> str:
    """A quantity or a rate: as many decimals as it has."""
    return "" if value is None else _grouped(Decimal(value), 0)


@register.filter
def moment(value: datetime | None) -> str:
    """A point in time, local: "23 Nov 14:05", with the year unless it is this one."""
    return f"{day(value)} {date_format(timezone.localtime(value), 'H:i')}" if value else ""


@register.filter
def day(value: datetime | None) -> str:
    """A local day: "23 Nov", with the year unless it is this one."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    return date_format(local, "j M" if local.year == timezone.localtime().year else "j M Y")


@register.filter
def exact(value: datetime | None) -> str:
    """A point in time, local, to the second."""
    return date_format(timezone.localtime(value), "Y-m-d H:i:s") if value else ""


@register.filter
def ago(value: datetime | None) -> str:
    """How long ago, in the largest unit; from a month on the date."""
    if value is None:
        return ""
    passed = timezone.now() - value
    if passed < timedelta(minutes=1):
        return "just now"
    if passed < timedelta(hours=1):
        return f"{passed // timedelta(minutes=1)} min ago"
    if passed < timedelta(days=1):
        return f"{passed // timedelta(hours=1)} h ago"
    if passed < timedelta(days=31):
        return f"{passed.days} d ago"
    return date_format(timezone.localtime(value), "j M Y")


@register.filter
def clock(value: datetime | None) -> str:
    """A point in time of these hours, local: "14:05:10"."""
    return date_format(timezone.localtime(value), "H:i:s") if value else ""


@register.filter
def is_web(address: str) -> bool:
    """Whether it may be linked to: an address of another kind could run a script."""
    return address.startswith(("https://", "http://"))


@register.filter
def color(value: str) -> str:
    """A colour that may stand in an attribute; anything else takes that of the text."""
    return value if _COLOR.fullmatch(value or "") else "currentColor"


@register.filter
def unescaped(value: str) -> str:
    """Names come with HTML entities from some e-shops: "&amp;" is meant to be read as "&"."""
    return html.unescape(value or "")


@register.filter
def pretty(value: Any) -> str:
    """A metadata value for reading; nested ones indented."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2)


@register.filter
def get(mapping: Any, key: Any) -> Any:
    return mapping.get(key, "") if mapping else ""


@register.filter
def sync_state(order: Order) -> str:
    return state_of(order)


@register.filter
def sync_label(order: Order) -> str:
    """What became of the last synchronization, in two words."""
    state = state_of(order)
    if state == "fresh" and order.sync_state.outcome == SyncState.Outcome.UPDATED:
        return "Updated"
    if state == "missing":
        trashed = order.source_state == Order.SourceState.TRASHED
        return "In the trash" if trashed else "Missing"
    return {"never": "Never", "fresh": "Up to date"}.get(state, STATES[state])


@register.simple_tag
def icon(name: str) -> SafeString:
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("fynode/icons.svg"),
        name,
    )


def _grouped(value: Decimal, least: int) -> str:
    whole, _, fraction = f"{value:,f}".partition(".")
    fraction = fraction.rstrip("0").ljust(least, "0")
    return f"{whole}.{fraction}" if fraction else whole


@register.filter
def pairs(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Key and value of each entry; `.items` in a template would find a key of that name first."""
    return list(values.items())
