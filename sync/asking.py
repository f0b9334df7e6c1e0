"""Asking an e-shop: its adapter, in turn with all others who ask it."""

from functools import partial

from eshops.adapters import ADAPTERS
from eshops.connection import open_adapter
from eshops.models import Eshop
from eshops.source import Adapter
from sync import limits, payloads


def adapter_of(eshop: Eshop) -> Adapter:
    """Raises `Refused` when the e-shop's credentials cannot be read here."""
    turn = limits.turn(eshop.pk, ADAPTERS[eshop.platform].at_once)
    return open_adapter(eshop, turn, partial(payloads.recall, eshop))
