"""What settings that are not saved yet would make of real orders. Writes nothing, asks nobody."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from msgspec import structs

from eshops.mapping import MappingRule, Problem, rivals
from eshops.models import Eshop
from eshops.resolve import resolve, settings_of
from eshops.source import SourceError, SourceOrder
from orders.models import Order, Payload
from sync.payloads import read
from sync.plan import Plan, compare

SAMPLE = 20


@dataclass(frozen=True)
class Outlook:
    """One order: what the settings as saved make of it, against the new ones."""

    order: Order
    plan: Plan
    problems: tuple[Problem, ...]
    rivals: tuple[tuple[str, str, str], ...]
    """Mappings that find different values for one field, see `eshops.mapping.rivals`."""


def outlooks(eshop: Eshop, rules: Sequence[MappingRule], count: int = SAMPLE) -> list[Outlook]:
    """How the e-shop's newest orders would turn out with these mappings, newest first.

    Only orders whose last answer is kept can be told of.
    """
    now = settings_of(eshop)
    then = structs.replace(now, mappings=tuple(rules))
    found = []
    for payload in kept(eshop)[:count]:
        source = read(payload)
        try:
            before, after = resolve(source, now), resolve(source, then)
        except SourceError:
            continue
        plan = compare(before.order, after.order)
        fight = tuple(rivals(source, then.mappings, then.timezone))
        found.append(Outlook(payload.order, plan, after.problems, fight))
    return found


def sample(eshop: Eshop, number: str = "") -> tuple[Order, SourceOrder] | None:
    """An order to choose keys from: the one with that number, else the newest."""
    payloads = kept(eshop)
    chosen = (payloads.filter(order__number=number) if number else payloads).first()
    return (chosen.order, read(chosen)) if chosen else None


def kept(eshop: Eshop) -> QuerySet[Payload]:
    """What is kept of the e-shop's orders, newest order first."""
    return (
        Payload.objects.filter(order__eshop=eshop)
        .select_related("order")
        .order_by("-order__placed_at", "-order__id")
    )
