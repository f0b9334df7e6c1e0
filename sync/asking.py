"""Asking an e-shop: its adapter, in turn with all others who ask it, and what its answers say of
the e-shop itself."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.utils import timezone

from eshops.adapters import ADAPTERS
from eshops.connection import open_adapter
from eshops.models import Eshop
from eshops.source import Adapter, Refused, Unavailable
from sync import limits, payloads

LONGEST_COUNTDOWN = timedelta(minutes=1)
"""Longer pauses are ended by the sweep: a message that waits in a worker may be delivered again."""


def adapter_of(eshop: Eshop) -> Adapter:
    """Raises `Refused` when the e-shop's credentials cannot be read here."""
    turn = limits.turn(eshop.pk, ADAPTERS[eshop.platform].at_once)
    return open_adapter(eshop, turn, partial(payloads.recall, eshop))


def backoff(attempts: int) -> timedelta:
    """How long to leave an e-shop in peace after so many failed attempts in a row."""
    return timedelta(seconds=2 * 3 ** (attempts - 1))


def note_answer(eshop: Eshop) -> None:
    """It lets us in and can answer: no mark says otherwise any more, also none that somebody else
    has set since `eshop` was read."""
    marked = Eshop.objects.exclude(connection_error="", wait_until=None)
    marked.filter(pk=eshop.pk).update(connection_error="", wait_until=None, wait_reason="")


def note_refusal(eshop: Eshop, error: Refused) -> None:
    Eshop.objects.filter(pk=eshop.pk).update(connection_error=str(error))


def note_outage(eshop: Eshop, error: Unavailable, attempts: int = 1) -> None:
    """It cannot answer: it is asked nothing for a while, whoever wants to."""
    eshop.wait_until = timezone.now() + (error.retry_after or backoff(attempts))
    eshop.wait_reason = str(error)
    eshop.save(update_fields=["wait_until", "wait_reason"])


def continue_later(
    eshop: Eshop, send: Callable[[timedelta], None], pause: timedelta = timedelta()
) -> None:
    """Send the message that takes the work up again after the pause, and not before the e-shop may
    be asked."""
    if eshop.wait_until:
        pause = max(pause, eshop.wait_until - timezone.now())
    if pause <= LONGEST_COUNTDOWN:
        send(pause)
