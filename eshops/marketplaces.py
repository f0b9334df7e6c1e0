"""Marketplaces: which of an e-shop's delivery types and payment methods their codes stand for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, QuerySet

from eshops.models import Eshop, MarketplaceMapping, Sequence
from eshops.sequences import raise_settings_version

KINDS = (Sequence.Kind.DELIVERY, Sequence.Kind.PAYMENT)
MOST = 400
"""How many codes are told; the form that maps them has two fields for each."""

Key = tuple[str, str]
"""(kind, code)"""


class NotMapped(Exception):
    """The mapping cannot be saved as asked; the message says why."""


@dataclass(frozen=True)
class Code:
    """A code of a marketplace, from its orders or its code lists."""

    kind: str
    code: str
    name: str
    orders: int
    target: Sequence | None

    @property
    def is_flagged(self) -> bool:
        """Whether orders have it and nothing says what it stands for."""
        return self.orders > 0 and self.target is None


def codes_of(marketplace: Eshop) -> list[Code]:
    """Its codes, those that orders have and nothing is said of first; four queries."""
    mapped = {
        (row.kind, row.code): row.target
        for row in marketplace.marketplace_mappings.select_related("target__eshop").defer(
            "target__eshop__credentials"
        )
    }
    names: dict[Key, str] = {}
    counts: dict[Key, int] = {}
    for row in Sequence.objects.filter(eshop=marketplace, kind__in=KINDS):
        names[row.kind, row.code] = row.name
    for kind in KINDS:
        for code, name, count in _on_orders(marketplace, kind):
            counts[kind.value, code] = count
            names.setdefault((kind.value, code), name or code)
    keys = {**names, **dict.fromkeys(mapped, "")}.keys()
    found = [
        Code(*key, names.get(key, key[1]), counts.get(key, 0), mapped.get(key)) for key in keys
    ]
    return sorted(found, key=lambda c: (not c.is_flagged, -c.orders, c.kind, c.name))[:MOST]


def targets_of(marketplace: Eshop) -> QuerySet[Sequence]:
    """What its codes can stand for: entries of the e-shop its orders go to, else of any e-shop."""
    targets = Sequence.objects.filter(kind__in=KINDS, eshop__kind=Eshop.Kind.ESHOP)
    if marketplace.direct_eshop_id:
        targets = targets.filter(eshop=marketplace.direct_eshop_id)
    return targets.exclude(eshop=marketplace).select_related("eshop").defer("eshop__credentials")


@transaction.atomic
def save_mappings(marketplace: Eshop, wanted: Mapping[Key, str]) -> bool:
    """Let these codes stand for the entries with those ids, "" for none; whether that changed
    anything, and with it how orders are resolved. Raises `NotMapped`."""
    marketplace = Eshop.objects.select_for_update().defer("credentials").get(pk=marketplace.pk)
    known = {(code.kind, code.code): code for code in codes_of(marketplace)}
    targets = {str(target.pk): target for target in targets_of(marketplace)}
    changed = False
    for key, chosen in wanted.items():
        code, target = known.get(key), targets.get(chosen)
        if code is None:
            raise NotMapped(f"{marketplace} has no code “{key[1][:80]}” that could be mapped.")
        if chosen and (target is None or target.kind != code.kind):
            raise NotMapped(f"What was chosen for “{code.name}” is no entry it could stand for.")
        if code.target != target:
            _store(marketplace, key, target)
            changed = True
    if changed:
        raise_settings_version(marketplace)
    return changed


def drop_mappings(marketplace: Eshop, **of: Any) -> int:
    """Forget the mappings, or some of them; how many those were."""
    count, _ = marketplace.marketplace_mappings.filter(**of).delete()
    if count:
        raise_settings_version(marketplace)
    return count


def _store(marketplace: Eshop, key: Key, target: Sequence | None) -> None:
    kind, code = key
    if target is None:
        marketplace.marketplace_mappings.filter(kind=kind, code=code).delete()
    else:
        MarketplaceMapping.objects.update_or_create(
            eshop=marketplace, kind=kind, code=code, defaults={"target": target}
        )


def _on_orders(marketplace: Eshop, kind: Sequence.Kind) -> QuerySet[Any, tuple[str, str, int]]:
    code, name = f"{kind}_code", f"{kind}_name"
    return (
        marketplace.orders.exclude(**{code: ""})
        .order_by()
        .values_list(code)
        .annotate(Max(name), Count("pk"))
    )
