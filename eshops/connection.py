"""Connecting an e-shop, and opening the adapter that speaks to it."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import transaction

from eshops.adapters import ADAPTERS
from eshops.adapters.http import NotData
from eshops.credentials import Credentials
from eshops.models import Eshop
from eshops.sequences import changing, take_over
from eshops.source import (
    Adapter,
    AdapterFactory,
    Connection,
    Recall,
    Refused,
    SequenceEntry,
    ShopInfo,
    SourceOrder,
    Turn,
)

CONNECTION = (
    "base_url", "credentials", "learned", "timezone", "connection_error", "wait_reason",
    "wait_until",
)  # fmt: skip


class NotConnected(Exception):
    """The connection cannot be set up as asked; the message says what to correct."""


def nothing(external_ids: Sequence[str]) -> Mapping[str, SourceOrder]:
    return {}


def open_adapter(eshop: Eshop, turn: Turn = nullcontext, recall: Recall = nothing) -> Adapter:
    """Raises `Refused` when the e-shop's credentials cannot be read here."""
    try:
        credentials = dict(eshop.credentials)
    except ImproperlyConfigured as error:
        raise Refused(str(error)) from None
    connection = Connection(
        base_url=eshop.base_url,
        credentials=credentials,
        timezone=eshop.timezone,
        learned=eshop.learned,
        turn=turn,
        recall=recall,
    )
    return ADAPTERS[eshop.platform](connection)


def can(eshop: Eshop, capability: str) -> bool:
    """Whether the e-shop's platform can do that; what it cannot is neither offered nor accepted."""
    return eshop.platform in able(capability)


def able(capability: str) -> list[str]:
    """The platforms that can do that."""
    return [name for name, platform in ADAPTERS.items() if capability in platform.capabilities]


def connect(
    name: str, platform: str, url: str, credentials: Mapping[str, str], is_new: bool = False
) -> Eshop:
    """Connect the e-shop of that name, or change the connection of the one that has it.

    The connection is tried and the sequences are read before anything is saved. Raises
    `NotConnected` for details that cannot be right, and with `is_new` for a name that is taken;
    `SourceError` when the e-shop does not answer as it should.
    """
    factory = ADAPTERS.get(platform)
    if factory is None:
        raise NotConnected(f"There is no platform {platform!r}; there is {', '.join(ADAPTERS)}.")
    check_credentials(factory, credentials)
    address = web_address(url or factory.address)
    name = checked_name(name)
    eshop = Eshop.objects.filter(name=name).first() or Eshop(name=name, platform=platform)
    if eshop.pk and is_new:
        raise NotConnected(f"There is an e-shop called {name} already.")
    if eshop.pk and eshop.platform != platform:
        raise NotConnected(f"{name} is connected as {eshop.platform} and keeps that platform.")
    eshop.base_url = address
    eshop.credentials, eshop.learned = Credentials(credentials), {}
    info, entries = introduced(eshop)
    eshop.timezone, eshop.learned = info.timezone, dict(info.learned)
    eshop.connection_error = eshop.wait_reason = ""
    eshop.wait_until = None
    with transaction.atomic():
        if not eshop.pk:
            eshop.save()
        with changing(eshop):
            # Settings that were changed meanwhile stay as they are.
            eshop.save(update_fields=CONNECTION)
            take_over(eshop, entries)
    return eshop


def introduced(eshop: Eshop) -> tuple[ShopInfo, list[SequenceEntry]]:
    """What the e-shop says of itself, and its code lists; all that a connection needs is tried.

    Raises `SourceError`; what answers, but not with data, is not the e-shop at all.
    """
    adapter = open_adapter(eshop)
    try:
        return adapter.fetch_info(), adapter.fetch_sequences()
    except NotData as error:
        label = ADAPTERS[eshop.platform].label
        raise Refused(
            f"This address answers, but not as a {label} e-shop. Check the address. ({error})"
        ) from None


def web_address(given: str) -> str:
    """The address without what no e-shop's address needs. Raises `NotConnected`."""
    given = given.strip()
    try:
        parts = urlsplit(given if "://" in given or not given else f"https://{given}")
    except ValueError:
        raise NotConnected("This is not a web address.") from None
    if parts.scheme not in ("https", "http"):
        raise NotConnected("An e-shop's address begins with https:// or http://.")
    if "@" in parts.netloc:
        raise NotConnected("Leave the password out of the address.")
    address = parts._replace(query="", fragment="").geturl()
    try:
        Eshop._meta.get_field("base_url").clean(address, None)
    except ValidationError:
        raise NotConnected("This is not a web address.") from None
    return address


def checked_name(given: str) -> str:
    """Raises `NotConnected` for a name that cannot be stored."""
    try:
        return str(Eshop._meta.get_field("name").clean(given.strip(), None))
    except ValidationError as error:
        raise NotConnected(f"The e-shop's name: {' '.join(error.messages)}") from None


def check_credentials(factory: AdapterFactory, given: Mapping[str, str]) -> None:
    """Raises `NotConnected` unless these are the credentials of one of its ways to be let in."""
    if any(way.keys() == given.keys() for way in factory.sign_ins):
        return
    nearest = max(factory.sign_ins, key=lambda way: len(way.keys() & given.keys()))
    missing, unknown = nearest.keys() - given.keys(), given.keys() - nearest.keys()
    raise NotConnected(
        f"Needed are the credentials {' or '.join(map(_listed, factory.sign_ins))}"
        + (f"; missing: {_listed(missing)}" if missing else "")
        + (f"; not known: {_listed(unknown)}" if unknown else "")
        + "."
    )


def _listed(keys: Iterable[str]) -> str:
    return ", ".join(sorted(keys))
