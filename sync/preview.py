"""What settings that are not saved yet would make of real orders. Writes nothing, asks nobody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from django.db.models import QuerySet
from msgspec import structs

from eshops.mapping import MappingRule, Problem, has_key, rivals, source_keys
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
    for order, source in lately(eshop, count):
        try:
            before, after = resolve(source, now), resolve(source, then)
        except SourceError:
            continue
        plan = compare(before.order, after.order)
        fight = tuple(rivals(source, then.mappings, then.timezone))
        found.append(Outlook(order, plan, after.problems, fight))
    return found


@dataclass(frozen=True)
class Stray:
    """A mapping whose key none of the last orders has."""

    orders: int
    """How many orders that were."""
    scope: str
    key: str
    """What may be meant: a key they have; "" when none is near."""


def stray(eshop: Eshop, rule: MappingRule, count: int = SAMPLE) -> Stray | None:
    """What is wrong with the rule's key, None when an order has it or no order is kept."""
    sources = [source for _, source in lately(eshop, count)]
    if not sources or any(has_key(source, rule) for source in sources):
        return None
    keys = {(scope, key) for source in sources for scope, key, _ in source_keys(source)}
    elsewhere = [scope for scope, key in sorted(keys) if key == rule.source_key]
    if elsewhere:
        return Stray(len(sources), elsewhere[0], rule.source_key)
    near = get_close_matches(rule.source_key, sorted(k for s, k in keys if s == rule.scope), n=1)
    return Stray(len(sources), rule.scope, near[0] if near else "")


def sample(eshop: Eshop, number: str = "") -> tuple[Order, SourceOrder] | None:
    """An order to choose keys from: the one with that number, else the newest."""
    payloads = kept(eshop)
    chosen = (payloads.filter(order__number=number) if number else payloads).first()
    return (chosen.order, read(chosen)) if chosen else None


def lately(eshop: Eshop, count: int = SAMPLE) -> Iterator[tuple[Order, SourceOrder]]:
    """The e-shop's newest orders with what it last said about them."""
    for payload in kept(eshop)[:count]:
        yield payload.order, read(payload)


def kept(eshop: Eshop) -> QuerySet[Payload]:
    """What is kept of the e-shop's orders, newest order first."""
    return (
        Payload.objects.filter(order__eshop=eshop)
        .select_related("order")
        .order_by("-order__placed_at", "-order__id")
    )
