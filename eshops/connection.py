"""Connecting an e-shop, and opening the adapter that speaks to it."""

from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from eshops.adapters import ADAPTERS
from eshops.credentials import Credentials
from eshops.models import Eshop, Sequence
from eshops.source import Adapter, Refused, SequenceEntry, WaitTurn

STATUS_COLORS = {
    "new": "#8a6d1a",
    "paid": "#1d5fbf",
    "packed": "#6b4fbb",
    "shipped": "#0f7285",
    "delivered": "#23734a",
    "cancelled": "#6b7280",
    "returned": "#a8451c",
}


class NotConnected(Exception):
    """The connection cannot be set up as asked; the message says what to correct."""


def open_adapter(eshop: Eshop, wait_turn: WaitTurn = lambda: None) -> Adapter:
    """Raises `Refused` when the e-shop's credentials cannot be read here."""
    try:
        credentials = dict(eshop.credentials)
    except ImproperlyConfigured as error:
        raise Refused(str(error)) from None
    platform = ADAPTERS[eshop.platform]
    return platform(eshop.base_url, credentials, eshop.timezone, wait_turn, eshop.learned)


def connect(name: str, platform: str, url: str, credentials: Mapping[str, str]) -> Eshop:
    """Connect the e-shop of that name, or change the connection of the one that has it.

    The connection is tried and the sequences are read before anything is saved. Raises
    `NotConnected` for details that cannot be right and `SourceError` when the e-shop does not
    answer as it should.
    """
    factory = ADAPTERS.get(platform)
    if factory is None:
        raise NotConnected(f"There is no platform {platform!r}; there is {', '.join(ADAPTERS)}.")
    _check_credentials(factory.credentials, credentials)
    eshop = Eshop.objects.filter(name=name).first() or Eshop(name=name, platform=platform)
    if eshop.pk and eshop.platform != platform:
        raise NotConnected(f"{name} is connected as {eshop.platform} and keeps that platform.")
    eshop.base_url = url
    eshop.credentials, eshop.learned = Credentials(credentials), {}
    adapter = open_adapter(eshop)
    info = adapter.fetch_info()
    entries = adapter.fetch_sequences()
    eshop.timezone, eshop.learned = info.timezone, dict(info.learned)
    eshop.connection_error = eshop.wait_reason = ""
    eshop.wait_until = None
    with transaction.atomic():
        eshop.save()
        store_sequences(eshop, entries)
    return eshop


def store_sequences(eshop: Eshop, entries: list[SequenceEntry]) -> None:
    """Keep what the e-shop's code lists say now. What is gone from them becomes inactive."""
    known = {(row.kind, row.code): row for row in eshop.sequences.all()}
    told = {(entry.kind, entry.code) for entry in entries}
    changed = False
    for entry in entries:
        row = known.get((entry.kind, entry.code)) or Sequence(
            eshop=eshop,
            kind=entry.kind,
            code=entry.code,
            type=entry.type,
            color=STATUS_COLORS.get(entry.type, ""),
        )
        if (row.name, row.description, row.is_active) != (entry.name, entry.description, True):
            row.name, row.description, row.is_active = entry.name, entry.description, True
            row.save()
            changed = True
    for key, row in known.items():
        if key not in told and row.is_active:
            row.is_active = False
            row.save()
            changed = True
    eshop.data_loaded_at = timezone.now()
    eshop.settings_version += changed and bool(known)
    eshop.save(update_fields=["data_loaded_at", "settings_version"])


def _check_credentials(needed: Mapping[str, str], given: Mapping[str, str]) -> None:
    missing, unknown = needed.keys() - given.keys(), given.keys() - needed.keys()
    if missing or unknown:
        raise NotConnected(
            f"Needed are the credentials {', '.join(sorted(needed))}"
            + (f"; missing: {', '.join(sorted(missing))}" if missing else "")
            + (f"; not known: {', '.join(sorted(unknown))}" if unknown else "")
            + "."
        )
