"""The one description of which orders are meant: by the list's filters, or by a selection."""

import base64
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils import timezone
from django_filters import CharFilter, ChoiceFilter, DateFilter, FilterSet, ModelChoiceFilter

from eshops.models import Eshop, MarketplaceMapping
from eshops.models import Sequence as CodeListEntry
from orders.models import Order, OrderItem, SyncState

PAGE = 50
NO_CODE = "none"
"""Stands in an address for orders without a payment method or delivery."""
STATES = {
    "never": "Never synchronized",
    "fresh": "Up to date",
    "stale": "Settings changed",
    "failed": "Failed",
    "missing": "Missing in the e-shop",
    "waiting": "Waiting",
}
CODES = {"status": "status", "payment": "payment", "delivery": "delivery"}

_NEVER = Q(sync_state__synced_at=None)
_FAILED = Q(sync_state__outcome=SyncState.Outcome.FAILED)
_MISSING = Q(source_state__in=[Order.SourceState.TRASHED, Order.SourceState.MISSING])
_WAITING = Q(sync_items__outcome="pending")


def stale() -> Q:
    """Orders that were resolved with older settings than their e-shop has now.

    With each e-shop's version spelled out, the few among a million are read off an index.
    """
    condition = Q(pk__in=())
    for pk, version in Eshop.objects.values_list("pk", "settings_version"):
        condition |= Q(sync_state__eshop=pk, sync_state__settings_version__lt=version)
    return condition


def searchable(order: Order) -> str:
    """What a search for this order may hit: folded, so that "riha" finds "Říha"."""
    parts = [order.number, order.customer_email, order.customer_name, order.company]
    return folded(" ".join(part for part in parts if part))


def folded(text: str) -> str:
    """Without case and diacritics."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def selected_orders(data: QueryDict) -> QuerySet[Order]:
    """The orders whose ids a form sent as `order`. Ids that are not numbers name no order."""
    return Order.objects.filter(pk__in=ids(data, "order"))


def ids(data: QueryDict, name: str) -> set[int]:
    """The numbers a form sent under that name; whatever else it sent is no id."""
    given = (part for value in data.getlist(name) for part in value.split(","))
    return {int(part) for part in given if part.isascii() and part.isdigit() and len(part) < 19}


def check_day(day: date) -> None:
    """`ValidationError` for a day next to which there is none, or none in another time zone."""
    if day.year in (MINYEAR, MAXYEAR):
        raise ValidationError("Enter a valid date.", "invalid")


class OrderFilter(FilterSet):
    """The filters of the list. A code that no order has finds nothing; a date that is none is
    reported and left out."""

    q = CharFilter(method="search", label="Search")
    eshop = ModelChoiceFilter(queryset=Eshop.objects.defer("credentials"), label="E-shop")
    status = CharFilter(method="by_code", label="Status", widget=forms.Select)
    payment = CharFilter(method="by_code", label="Payment", widget=forms.Select)
    delivery = CharFilter(method="by_code", label="Delivery", widget=forms.Select)
    paid = ChoiceFilter(
        method="by_paid", label="Paid", choices=[("yes", "Paid"), ("no", "Not paid")]
    )
    state = ChoiceFilter(method="by_state", label="Synchronization", choices=list(STATES.items()))
    since = DateFilter(
        method="placed",
        label="Placed from",
        widget=forms.DateInput({"type": "date"}),
        validators=[check_day],
    )
    until = DateFilter(
        method="placed",
        label="Placed to",
        widget=forms.DateInput({"type": "date"}),
        validators=[check_day],
    )

    def __init__(self, data: QueryDict, queryset: QuerySet[Order] | None = None) -> None:
        super().__init__(data, Order.objects.all() if queryset is None else queryset)
        self.filters["eshop"].extra["empty_label"] = "Any e-shop"
        self.filters["paid"].extra["empty_label"] = "Paid or not"
        self.filters["state"].extra["empty_label"] = "Any synchronization"
        entries = _code_list_entries()
        eshop = data.get("eshop", "")
        for kind in CODES:
            # The select's options depend on the orders there are; any value is understood.
            field = self.form.fields[kind]
            field.widget.choices = [
                ("", f"Any {kind}"),
                *_with_chosen(_labels(kind, eshop, entries), data.get(kind, "")),
            ]

    @property
    def is_active(self) -> bool:
        return any(value not in (None, "") for value in self.form.cleaned_data.values())

    def stages(self) -> list[QuerySet[Order]]:
        """What the list shows, one after the other: orders whose number starts with the one word
        searched for stand before all others."""
        words = self.form.cleaned_data.get("q", "").split() if self.form.is_valid() else []
        if len(words) != 1:
            return [self.qs]
        by_number = Q(number__startswith=words[0])
        return [self.qs.filter(by_number), self.qs.exclude(by_number)]

    def by_number(self) -> QuerySet[Order]:
        """The orders with just the number that is searched for; none when nothing is."""
        orders, number = self.qs, self.form.cleaned_data.get("q")
        return orders.filter(number=number) if number else orders.none()

    def search(self, orders: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        for word in folded(value).split():
            orders = orders.filter(search_text__contains=word)
        return orders

    def by_code(self, orders: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return orders.filter(**{f"{name}_code": "" if value == NO_CODE else value})

    def by_paid(self, orders: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        return orders.filter(is_paid=value == "yes")

    def by_state(self, orders: QuerySet[Order], name: str, value: str) -> QuerySet[Order]:
        simple = {
            "never": _NEVER, "failed": _FAILED, "missing": _MISSING, "waiting": _WAITING,
        }  # fmt: skip
        if value == "stale":
            return orders.filter(stale())
        if value in simple:
            return orders.filter(simple[value])
        fresh = orders.filter(
            source_state=Order.SourceState.PRESENT,
            sync_state__synced_at__isnull=False,
            sync_state__settings_version__gte=F("eshop__settings_version"),
        )
        return fresh.exclude(_FAILED).exclude(_WAITING)

    def placed(self, orders: QuerySet[Order], name: str, value: date) -> QuerySet[Order]:
        if name == "since":
            return orders.filter(placed_at__gte=_midnight(value))
        return orders.filter(placed_at__lt=_midnight(value + timedelta(days=1)))


def state_of(order: Order) -> str:
    """The key in `STATES` that says most about an order that `listed` gave."""
    state = getattr(order, "sync_state", None)
    if getattr(order, "waiting_run", None):
        return "waiting"
    if state is not None and state.outcome == SyncState.Outcome.FAILED:
        return "failed"
    if order.source_state != Order.SourceState.PRESENT:
        return "missing"
    if state is not None and state.settings_version < order.eshop.settings_version:
        return "stale"
    return "never" if state is None or state.synced_at is None else "fresh"


def listed(orders: QuerySet[Order]) -> QuerySet[Order]:
    """With all that a row of the list shows, in one query: `waiting_run` is the number of the run
    an order waits in, `item_count` how many product lines it has, and `payment_unmapped` and
    `delivery_unmapped` whether nothing says what a marketplace's code stands for."""
    products = OrderItem.objects.filter(order=OuterRef("pk"), kind=OrderItem.Kind.PRODUCT)
    count = products.order_by().values("order").annotate(n=Count("pk")).values("n")
    return (
        orders.select_related("eshop", "sync_state")
        .defer("eshop__credentials", "metadata", "custom", "search_text", "customer_note")
        .annotate(
            waiting=FilteredRelation("sync_items", condition=Q(sync_items__outcome="pending")),
            waiting_run=F("waiting__run"),
            item_count=Coalesce(Subquery(count), 0),
            payment_unmapped=_unmapped("payment"),
            delivery_unmapped=_unmapped("delivery"),
        )
    )


def _unmapped(kind: str) -> Q:
    """As `eshops.marketplaces.Code.is_flagged`, for an order."""
    code = f"{kind}_code"
    mapped = MarketplaceMapping.objects.filter(
        eshop=OuterRef("eshop"), kind=kind, code=OuterRef(code)
    )
    return Q(~Exists(mapped), eshop__kind=Eshop.Kind.MARKETPLACE, **{f"{code}__gt": ""})


@dataclass(frozen=True)
class Place:
    """A place in the list: just after (or before) this order of that stage."""

    stage: int
    placed_at: datetime
    pk: int

    def __str__(self) -> str:
        text = f"{self.stage}|{self.placed_at.isoformat()}|{self.pk}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@dataclass(frozen=True)
class Page:
    orders: list[Order]
    newer: Place | None = None
    older: Place | None = None


def page_of(stages: Sequence[QuerySet[Order]], data: Mapping[str, str], size: int = PAGE) -> Page:
    """The page that `after` or `before` asks for, newest first; the first one when that place is
    none or nothing is there. No order is told twice or left out, also when times are equal."""
    after, before = (_read_place(data.get(name, ""), len(stages)) for name in ("after", "before"))
    place, backwards = after or before, after is None and before is not None
    numbers = range(len(stages))
    found: list[tuple[int, Order]] = []
    for number in reversed(numbers) if backwards else numbers:
        if place and (number > place.stage if backwards else number < place.stage):
            continue
        rows = listed(stages[number])
        if place and number == place.stage:
            rows = rows.filter(_beyond(place, backwards))
        rows = rows.order_by("placed_at", "id") if backwards else rows.order_by("-placed_at", "-id")
        found += [(number, row) for row in rows[: size + 1 - len(found)]]
        if len(found) > size:
            break
    more = len(found) > size
    if place and (not found or (backwards and not more)):
        return page_of(stages, {}, size)
    found = found[:size][::-1] if backwards else found[:size]
    return Page(
        orders=[row for _, row in found],
        newer=_place_of(found[0]) if place else None,
        older=_place_of(found[-1]) if more or backwards else None,
    )


def _beyond(place: Place, backwards: bool) -> Q:
    """Said in two parts so that the first can be read off the index."""
    if backwards:
        return Q(placed_at__gte=place.placed_at) & (
            Q(placed_at__gt=place.placed_at) | Q(pk__gt=place.pk)
        )
    return Q(placed_at__lte=place.placed_at) & (
        Q(placed_at__lt=place.placed_at) | Q(pk__lt=place.pk)
    )


def _place_of(row: tuple[int, Order]) -> Place:
    return Place(row[0], row[1].placed_at, row[1].pk)


def _read_place(text: str, stages: int) -> Place | None:
    try:
        padded = text + "=" * (-len(text) % 4)
        stage, told, pk = base64.urlsafe_b64decode(padded).decode().split("|")
        placed_at = datetime.fromisoformat(told)
        place = Place(int(stage), placed_at.astimezone(UTC), int(pk))
    except (ValueError, OverflowError):
        return None
    is_possible = 0 <= place.stage < stages and 0 < place.pk < 2**63
    return place if is_possible and placed_at.tzinfo else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _code_list_entries() -> dict[tuple[str, str], set[str]]:
    """(kind, code) → the ids of the e-shops whose code lists have it."""
    entries: dict[tuple[str, str], set[str]] = {}
    for kind, code, eshop_id in CodeListEntry.objects.values_list("kind", "code", "eshop_id"):
        entries.setdefault((kind, code), set()).add(str(eshop_id))
    return entries


def _labels(
    kind: str, eshop: str, entries: Mapping[tuple[str, str], set[str]]
) -> list[tuple[str, str]]:
    """Code → label of the codes in use, without those only other e-shops know."""
    used = [
        (code, name)
        for code, name in _codes_in_use(kind)
        if not eshop or eshop in entries.get((kind, code), {eshop})
    ]
    names = [name for _, name in used]
    labels = [
        (code or NO_CODE, (name or code if names.count(name) == 1 else f"{name} ({code})"))
        if code
        else (NO_CODE, f"No {kind}")
        for code, name in used
    ]
    return sorted(labels, key=lambda label: folded(label[1]))


def _with_chosen(labels: list[tuple[str, str]], chosen: str) -> list[tuple[str, str]]:
    if chosen and chosen not in dict(labels):
        return [*labels, (chosen, chosen)]
    return labels


def _codes_in_use(kind: str) -> list[tuple[str, str]]:
    """The codes that orders have, each with the name its newest order has for it.

    Steps from code to code along the index instead of reading every order.
    """
    table, code, name = (connection.ops.quote_name(n) for n in (
        Order._meta.db_table, f"{kind}_code", f"{kind}_name"
    ))  # fmt: skip
    sql = f"""
        WITH RECURSIVE used(code) AS (
            SELECT MIN({code}) FROM {table}
            UNION ALL
            SELECT (SELECT MIN({code}) FROM {table} WHERE {code} > used.code)
            FROM used WHERE used.code IS NOT NULL
        )
        SELECT code, (
            SELECT {name} FROM {table} WHERE {code} = used.code
            ORDER BY placed_at DESC, id DESC LIMIT 1
        ) FROM used WHERE code IS NOT NULL LIMIT 300
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: list[Any] = cursor.fetchall()
    return [(code, name) for code, name in rows]
