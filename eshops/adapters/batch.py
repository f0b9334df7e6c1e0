"""Asking for many orders at once, and for fewer when one of them breaks the e-shop."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from eshops.adapters.http import ServerError, TooLarge
from eshops.source import Answer, BadPayload

OUTAGE = 8
"""So many failed requests and not one that succeeded: the whole e-shop is down."""

Fetch = Callable[[Sequence[str]], list[Answer]]


def bisect(ids: Sequence[str], fetch: Fetch) -> list[Answer]:
    """The answers of `fetch(ids)`, asked for in halves where the whole makes the e-shop fail.

    An order that makes the e-shop fail (`ServerError`) while it answers for others is to blame
    itself: its answer is a `BadPayload`, as is that of one too large to be told. Raises the
    `ServerError` when nothing succeeded, after `OUTAGE` requests at the latest; every other error
    is raised at once.
    """
    answers: dict[str, Answer] = {}
    failed: dict[str, tuple[datetime, ServerError]] = {}
    waiting = deque([list(ids)] if ids else [])  # widest first, so that a success comes early
    failures, succeeded = 0, False
    while waiting:
        batch = waiting.popleft()
        asked_at = datetime.now(UTC)
        try:
            answers |= {answer.external_id: answer for answer in fetch(batch)}
            succeeded = True
        except (ServerError, TooLarge) as error:
            failures += 1
            if failures >= OUTAGE and not succeeded:
                raise
            if len(batch) > 1:
                middle = len(batch) // 2
                waiting += [batch[:middle], batch[middle:]]
            elif isinstance(error, TooLarge):
                answers[batch[0]] = Answer(batch[0], asked_at, error)
            else:
                failed[batch[0]] = asked_at, error
    for external_id, (asked_at, failure) in failed.items():
        if not succeeded:
            raise failure
        answers[external_id] = Answer(external_id, asked_at, _to_blame())
    return [answers[each] for each in ids]


def _to_blame() -> BadPayload:
    return BadPayload(
        "The e-shop fails with an error (500) whenever this order is asked for, though it answers "
        "for others. Its error log tells why."
    )
