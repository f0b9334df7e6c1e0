"""Sequences: an e-shop's code lists, as it has them and as we call them.

Orders keep the names they were resolved with. Whatever is changed here goes through `changing`,
which raises the e-shop's `settings_version` once for each time something is saved, and reaches an
order when it is synchronized.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from msgspec import structs

from eshops.adapters import listed_kinds
from eshops.mapping import MappingRule
from eshops.models import Eshop, MarketplaceMapping, Sequence
from eshops.resolve import settings_of
from eshops.source import SequenceEntry
from eshops.unknown import unknown_codes

Kind = Sequence.Kind
STATUS_COLORS: dict[str, str] = {
    Sequence.StatusType.NEW: "#8a6d1a",
    Sequence.StatusType.PAID: "#1d5fbf",
    Sequence.StatusType.PACKED: "#6b4fbb",
    Sequence.StatusType.SHIPPED: "#0f7285",
    Sequence.StatusType.DELIVERED: "#23734a",
    Sequence.StatusType.CANCELLED: "#6b7280",
    Sequence.StatusType.RETURNED: "#a8451c",
}

NAME_LENGTH = 200
HEX = re.compile(r"#[0-9a-fA-F]{6}")

_NO_MEANING: tuple[Any, ...] = ({}, {}, "")

Told = list[list[str]]
"""Entries as [kind, code, name, former name]."""


@contextmanager
def changing(eshop: Eshop) -> Iterator[None]:
    """Change what the e-shop's orders are resolved with: its sequences and mappings.

    Nobody else does meanwhile: read what is to be changed inside. In the end its orders, and those
    of the marketplaces that use its entries, are stale if they would be resolved otherwise than
    before. Locks e-shops, by their ids, and no entry: two who change the same wait for each other.
    """
    with transaction.atomic():
        locked = _concerned(eshop).select_for_update(no_key=True)
        before = {each.pk: _meaning(each) for each in locked}
        yield
        for each in _concerned(eshop, before):
            meant = before.get(each.pk)
            if _meaning(each) != meant and (meant != _NO_MEANING or each.orders.exists()):
                raise_settings_version(each)
        eshop.refresh_from_db(fields=["settings_version"])


def _concerned(eshop: Eshop, besides: Collection[int] = ()) -> QuerySet[Eshop]:
    """The e-shop, the marketplaces that use its entries, and some more."""
    used = MarketplaceMapping.objects.filter(target__eshop=eshop).values("eshop")
    found = Eshop.objects.filter(Q(pk=eshop.pk) | Q(pk__in=used) | Q(pk__in=besides))
    return found.defer("credentials").order_by("pk")


def _meaning(eshop: Eshop) -> tuple[Any, ...]:
    """All of the e-shop's settings that its orders are resolved with; of its mappings the order
    in which those for one field are tried, and the zone that dates are told in."""
    settings = settings_of(eshop)
    fields: dict[tuple[str, str], list[MappingRule]] = {}
    for rule in settings.mappings:
        fields.setdefault((rule.target, rule.label), []).append(rule)
    return settings.sequences, fields, settings.timezone if fields else ""


def store_sequences(eshop: Eshop, entries: list[SequenceEntry]) -> dict[str, Told]:
    """`take_over` what the e-shop's code lists say now."""
    with changing(eshop):
        return take_over(eshop, entries)


def take_over(eshop: Eshop, entries: list[SequenceEntry]) -> dict[str, Told]:
    """Store what the e-shop's code lists say now, while `changing`, and tell what that changed.

    What staff edited stays theirs. An entry that is gone from the lists becomes inactive, and
    active again when it returns. Of the kinds that the platform has no list of, the codes that
    orders have are added. The answer has added, renamed, changed (in what else is told of it),
    gone and returned.
    """
    listed = listed_kinds(eshop.platform)
    entries = [*map(_fitting, entries), *_seen_on_orders(eshop, listed)]
    known = {(row.kind, row.code): row for row in eshop.sequences.all()}
    actions = ("added", "renamed", "changed", "gone", "returned")
    changes: dict[str, Told] = {action: [] for action in actions}
    told = {(entry.kind, entry.code): entry for entry in entries}
    for key, entry in told.items():
        row = known.get(key)
        if row is None:
            _new(eshop, entry).save()
            changes["added"].append([entry.kind, entry.code, entry.name, ""])
        else:
            former = row.source_name
            if not row.is_active:
                changes["returned"].append([row.kind, row.code, entry.name, ""])
            elif former != entry.name:
                changes["renamed"].append([row.kind, row.code, entry.name, former])
            elif _is_news(row, entry):
                changes["changed"].append([row.kind, row.code, entry.name, ""])
            _follow(row, entry)
    for key, row in known.items():
        if key not in told and row.is_active and row.source_name and row.kind in listed:
            row.is_active = row.in_eshop = False
            row.save(update_fields=["is_active", "in_eshop"])
            changes["gone"].append([row.kind, row.code, row.name, ""])
    eshop.data_loaded_at = timezone.now()
    eshop.save(update_fields=["data_loaded_at"])
    return {name: entries for name, entries in changes.items() if entries}


def learn_from_orders(eshop: Eshop) -> None:
    """Add the codes that orders have to the lists that the platform does not tell."""
    entries = _seen_on_orders(eshop, listed_kinds(eshop.platform))
    # A load may be learning the same just now.
    Sequence.objects.bulk_create([_new(eshop, each) for each in entries], ignore_conflicts=True)


def _seen_on_orders(eshop: Eshop, listed: Collection[str]) -> list[SequenceEntry]:
    if not eshop.pk or set(Kind.values) <= set(listed):
        return []
    return [
        _fitting(SequenceEntry(kind=each.kind, code=each.code, name=each.name))
        for each in unknown_codes(eshop)
        if each.kind not in listed
    ]


def _fitting(entry: SequenceEntry) -> SequenceEntry:
    return structs.replace(entry, name=entry.name[:NAME_LENGTH])


def raise_settings_version(eshop: Eshop) -> None:
    """From now on the e-shop's orders are resolved otherwise than before."""
    Eshop.objects.filter(pk=eshop.pk).update(settings_version=F("settings_version") + 1)
    eshop.refresh_from_db(fields=["settings_version"])


def _new(eshop: Eshop, entry: SequenceEntry) -> Sequence:
    told = _told(entry)
    return Sequence(
        eshop=eshop,
        kind=entry.kind,
        code=entry.code,
        **_unedited(entry.kind, told),
        **{f"source_{name}": value for name, value in told.items()},
    )


def _follow(row: Sequence, entry: SequenceEntry) -> None:
    """Let what staff did not edit follow the e-shop."""
    columns = [*Sequence.TOLD, *(f"source_{name}" for name in Sequence.TOLD)]
    columns += ["is_active", "in_eshop"]
    before, told = [getattr(row, column) for column in columns], _told(entry, row)
    left, follows = _unedited(row.kind, _last_told(row)), _unedited(row.kind, told)
    for name in Sequence.TOLD:
        if getattr(row, name) == left[name]:
            setattr(row, name, follows[name])
        setattr(row, f"source_{name}", told[name])
    row.is_active = row.in_eshop = True
    if before != [getattr(row, column) for column in columns]:
        row.save(update_fields=columns)


def _told(entry: SequenceEntry, row: Sequence | None = None) -> dict[str, Any]:
    """What the e-shop tells. A type it tells no more is left: it is we who see it in a code."""
    return {
        "name": entry.name,
        "type": entry.type or (row.source_type if row else ""),
        "color": entry.color if HEX.fullmatch(entry.color) else "",
        "description": entry.description,
        "price": entry.price,
    }


def _last_told(row: Sequence) -> dict[str, Any]:
    return {name: getattr(row, f"source_{name}") for name in Sequence.TOLD}


def _unedited(kind: str, told: dict[str, Any]) -> dict[str, Any]:
    """An entry as it is until staff edit it: a status that has no colour gets its type's."""
    if kind != Kind.STATUS or told["color"]:
        return told
    return told | {"color": STATUS_COLORS.get(told["type"], "")}


def _is_news(row: Sequence, entry: SequenceEntry) -> bool:
    """Whether the e-shop tells what neither it nor anybody here has told before."""
    known = _last_told(row)
    return any(
        value not in (known[name], getattr(row, name)) for name, value in _told(entry, row).items()
    )
