"""How far runs are: counted from their items, never stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet, ModelChoiceFilter

from eshops.models import Eshop
from sync.models import SyncItem, SyncRun

Outcome = SyncItem.Outcome
Trigger = SyncRun.Trigger

BAR = [
    Outcome.IMPORTED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.MISSING, Outcome.SKIPPED,
    Outcome.FAILED, Outcome.CANCELLED,
]  # fmt: skip
RETRIED = Q(outcome=Outcome.FAILED) | (Q(outcome=Outcome.SKIPPED) & ~Q(error_kind=""))
RETRIABLE = RETRIED & ~Q(external_id="")
"""An import tells an order whose id cannot be read as one without any: nobody can ask for it."""
IMPORTING = Q(trigger=Trigger.IMPORT, finished_at=None)


@dataclass(frozen=True)
class Lane:
    """An e-shop that has to be given time, and why."""

    eshop: str
    until: datetime
    reason: str


@dataclass(frozen=True)
class Progress:
    """How far a run is: counted, never stored."""

    run: SyncRun
    counts: Mapping[str, int]
    lanes: list[Lane] = field(default_factory=list)

    @property
    def total(self) -> int:
        return max(sum(self.counts.values()), (self.is_import and self.run.expected) or 0)

    @property
    def is_complete(self) -> bool:
        """Whether an import was told all there is; orders without an item were here already."""
        return self.is_import and self.run.finished_at is not None and not self.run.error

    @property
    def known(self) -> int:
        return self.total - sum(self.counts.values()) if self.is_complete else 0

    @property
    def seen(self) -> int:
        return self.done + self.known

    @property
    def done(self) -> int:
        return sum(self.counts.values()) - self.counts.get(Outcome.PENDING, 0)

    @property
    def is_import(self) -> bool:
        return self.run.trigger == Trigger.IMPORT

    @property
    def is_working(self) -> bool:
        if self.is_import:
            return self.run.finished_at is None
        return bool(self.counts.get(Outcome.PENDING))

    @property
    def words(self) -> list[tuple[str, str]]:
        """Outcome and "30 updated", for every outcome there is."""
        words = [
            (outcome.value, f"{self.counts[outcome]} {outcome.label.lower()}")
            for outcome in BAR
            if self.counts.get(outcome)
        ]
        if self.is_complete and not words:
            orders = f"{self.total:,} order{'s' if self.total > 1 else ''}"
            told = f"nothing new among {orders}" if self.total else "nothing new"
            words.append((Outcome.UNCHANGED.value, told))
        elif self.known:
            words.append((Outcome.UNCHANGED.value, f"{self.known:,} here already"))
        return words

    @property
    def bars(self) -> list[tuple[str, float, float]]:
        """Outcome, start and width of each part of the bar, in per cent."""
        parts, start, whole = [], 0.0, self.total or 1
        counts = {outcome: self.counts.get(outcome, 0) for outcome in BAR}
        if self.is_complete:
            counts[Outcome.UNCHANGED] += whole - sum(self.counts.values())
        for outcome in BAR:
            width = 100 * counts[outcome] / whole
            if width:
                parts.append((outcome.value, round(start, 2), round(width, 2)))
            start += width
        return parts


class RunFilter(FilterSet):
    """The filters of the list of runs."""

    eshop = ModelChoiceFilter(
        method="of_eshop", queryset=Eshop.objects.defer("credentials"), empty_label="Any e-shop"
    )
    trigger = ChoiceFilter(choices=Trigger.choices, empty_label="Any trigger")
    who = ModelChoiceFilter(
        field_name="created_by", queryset=User.objects.order_by("username"), empty_label="Anybody"
    )
    state = ChoiceFilter(
        method="in_state",
        empty_label="Any state",
        choices=[("working", "Working"), ("failures", "With failures"), ("finished", "Finished")],
    )

    def of_eshop(self, found: QuerySet[SyncRun], name: str, value: Eshop) -> QuerySet[SyncRun]:
        return found.filter(Q(eshop=value) | Exists(items_of_run(eshop=value)))

    def in_state(self, found: QuerySet[SyncRun], name: str, value: str) -> QuerySet[SyncRun]:
        working = IMPORTING | Exists(items_of_run(outcome=Outcome.PENDING))
        if value == "working":
            return found.filter(working)
        if value == "failures":
            return found.filter(Exists(items_of_run().filter(RETRIED)) | ~Q(error=""))
        return found.exclude(working)


def progress_of(found: Iterable[SyncRun]) -> list[Progress]:
    """How far each of the runs is, in two queries."""
    found = list(found)
    counts: dict[int, dict[str, int]] = {each.pk: {} for each in found}
    per_outcome = SyncItem.objects.filter(run__in=found).order_by().values_list("run_id", "outcome")
    for pk, outcome, number in per_outcome.annotate(Count("pk")):
        counts[pk][outcome] = number
    lanes: dict[int, list[Lane]] = {each.pk: [] for each in found}
    now = timezone.now()
    waiting = SyncItem.objects.filter(
        run__in=found, outcome=Outcome.PENDING, eshop__wait_until__gt=now
    ).values_list("run_id", "eshop__name", "eshop__wait_until", "eshop__wait_reason")
    for pk, name, until, reason in waiting.order_by().distinct():
        if until:
            lanes[pk].append(Lane(name, until, reason))
    for each in found:
        eshop = each.eshop
        if eshop and eshop.is_waiting and not each.finished_at and eshop.wait_until:
            lanes[each.pk].append(Lane(eshop.name, eshop.wait_until, eshop.wait_reason))
    return [Progress(each, counts[each.pk], lanes[each.pk]) for each in found]


def told_runs(found: list[SyncRun]) -> list[dict[str, Any]]:
    """The runs of a page with their progress, e-shops and, for a single order, its number."""
    counts: dict[int, dict[str, int]] = {each.pk: {} for each in found}
    told: dict[int, dict[str, Any]] = {each.pk: {"eshops": set(), "number": ""} for each in found}
    rows = (
        SyncItem.objects.filter(run__in=found)
        .order_by()
        .values_list("run_id", "outcome", "eshop__name")
        .annotate(Count("pk"), Min("order__number"), Min("order_id"))
    )
    for pk, outcome, eshop, number, order_number, order_id in rows:
        counts[pk][outcome] = counts[pk].get(outcome, 0) + number
        told[pk]["eshops"].add(eshop)
        told[pk] |= {"number": order_number, "order_id": order_id}
    for each in found:
        state = Progress(each, counts[each.pk])
        if each.eshop:
            told[each.pk]["eshops"].add(each.eshop.name)
        told[each.pk] |= {"progress": state, "run": each, "eshops": sorted(told[each.pk]["eshops"])}
    return [told[each.pk] for each in found]


def items_of_run(**conditions: Any) -> QuerySet[SyncItem]:
    return SyncItem.objects.filter(run=OuterRef("pk"), **conditions)
