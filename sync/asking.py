"""Asking an e-shop: its adapter, in turn with all others who ask it, and what its answers say of
the e-shop itself."""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
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

ONE_MESSAGE_IN = 0.75
COMES_AGAIN_IN = (0.9, 1.4)
"""Seconds until what found no place looks again: after the time in which it has one message, and
before twice that time, so that of two messages one is left. Apart from each other, so that a place
that becomes free is soon found."""


def adapter_of(eshop: Eshop) -> Adapter:
    """Raises `Refused` when the e-shop's credentials cannot be read here."""
    turn = limits.turn(eshop.pk, ADAPTERS[eshop.platform].at_once)
    return open_adapter(eshop, turn, partial(payloads.recall, eshop))


def place(eshop: Eshop, queue: str) -> AbstractContextManager[bool]:
    """Whether a thread of that queue may now be given to the e-shop.

    As many may as it takes requests at once: more would only wait for their turn, and there would
    be none left for the other e-shops while this one is slow.
    """
    return limits.one_of(ADAPTERS[eshop.platform].at_once, f"{queue}:{eshop.pk}")


def come_again(name: str, send: Callable[[timedelta], None]) -> None:
    """Send the message that looks for a place again, unless another one for the same work, say one
    of the sweep, was just sent."""
    if limits.first_in(ONE_MESSAGE_IN, f"again:{name}"):
        send(timedelta(seconds=random.uniform(*COMES_AGAIN_IN)))  # noqa: S311


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
