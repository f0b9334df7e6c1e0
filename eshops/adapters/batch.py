"""Asking for many orders at once, and for fewer when that is too much for the e-shop."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from eshops.adapters.answers import impossible
from eshops.adapters.http import ServerError, TooLarge, TooSlow
from eshops.source import Answer, BadPayload, Refused, Unavailable

OUTAGE = 8
"""So many failed requests and not one that succeeded: the whole e-shop is down."""
PATIENCE = 3
"""So many requests, each for half as many orders, without an answer in time: it is down."""
GIVE_UP = 3
"""So many single orders in a row without an answer: the rest are not asked for."""

SIZE = 100

Fetch = Callable[[Sequence[str]], list[Answer]]


def fetch_all(
    external_ids: Sequence[str], fetch: Fetch, can_be: Callable[[str], object], ids_are: str
) -> list[Answer]:
    """One answer for every distinct id, in the order asked (see `Adapter.fetch_orders`), out of as
    few calls of `fetch` for up to `SIZE` orders as the e-shop bears.

    What is no id there at all (`can_be`; `ids_are` says in words what they are) is not asked for.
    """
    wanted = list(dict.fromkeys(external_ids))
    answers = {each: impossible(each, ids_are) for each in wanted if not can_be(each)}
    askable = [each for each in wanted if each not in answers]
    try:
        for start in range(0, len(askable), SIZE):
            told = bisect(askable[start : start + SIZE], fetch)
            answers |= {answer.external_id: answer for answer in told}
    except TooLarge as error:  # where no single order can be blamed
        raise Unavailable(str(error)) from None
    return [answers[each] for each in wanted]


def bisect(ids: Sequence[str], fetch: Fetch) -> list[Answer]:
    """The answers of `fetch(ids)`, asked for in halves where the whole makes the e-shop fail.

    An order that makes the e-shop fail (`ServerError`) while it answers for others is to blame
    itself: its answer is a `BadPayload`, as is that of one too large to be told. Where the e-shop
    is too slow for many (`TooSlow`) it is asked for fewer; one that is too slow to be told alone is
    that answer's result. Raises the `ServerError` when nothing succeeded, after `OUTAGE` requests
    at the latest, and the `TooSlow` after `PATIENCE`; every other error is raised at once.
    """
    answers: dict[str, Answer] = {}
    failed: dict[str, tuple[datetime, ServerError]] = {}
    waiting = deque([list(ids)] if ids else [])  # widest first, so that a success comes early
    failures, slow, succeeded = 0, 0, False
    while waiting:
        batch = waiting.popleft()
        asked_at = datetime.now(UTC)
        try:
            answers |= {answer.external_id: answer for answer in fetch(batch)}
            succeeded = True
        except TooSlow as error:
            slow += 1
            if not succeeded and (slow >= PATIENCE or len(batch) == 1):
                raise
            if len(batch) > 1:
                waiting.extendleft(reversed(_halves(batch)))  # narrowest first: each costs minutes
            else:
                answers[batch[0]] = Answer(batch[0], asked_at, error)
        except (ServerError, TooLarge) as error:
            failures += 1
            if failures >= OUTAGE and not succeeded:
                raise
            if len(batch) > 1:
                waiting += _halves(batch)
            elif isinstance(error, TooLarge):
                answers[batch[0]] = Answer(batch[0], asked_at, error)
            else:
                failed[batch[0]] = asked_at, error
    for external_id, (asked_at, failure) in failed.items():
        if not succeeded:
            raise failure
        answers[external_id] = Answer(external_id, asked_at, to_blame())
    return [answers[each] for each in ids]


def _halves(batch: list[str]) -> list[list[str]]:
    middle = len(batch) // 2
    return [batch[:middle], batch[middle:]]


def complete(
    ids: Sequence[str], told: Sequence[Answer], fetch_one: Callable[[str], Answer]
) -> list[Answer]:
    """An answer for each of `ids` out of those a batch told; the absent ones are asked for singly,
    for an order that is missing from a batch need not be deleted. `fetch_one` raises nothing."""
    found = {answer.external_id: answer for answer in reversed(told)}
    absent = [each for each in ids if each not in found]
    found |= {answer.external_id: answer for answer in _singly(absent, fetch_one)}
    return [found[each] for each in ids]


def _singly(ids: Sequence[str], fetch_one: Callable[[str], Answer]) -> list[Answer]:
    """Ask for each order by itself; when the e-shop stops answering, give that as the rest's
    answer without asking on."""
    answers: list[Answer] = []
    silent = 0
    for position, each in enumerate(ids):
        answer = fetch_one(each)
        answers.append(answer)
        result = answer.result
        lost = isinstance(result, Unavailable | Refused) and not isinstance(result, ServerError)
        silent = silent + 1 if lost else 0
        if silent == GIVE_UP or (isinstance(result, Unavailable) and result.retry_after):
            rest = ids[position + 1 :]
            return answers + [Answer(other, answer.sent_at, result) for other in rest]
    return answers


def to_blame() -> BadPayload:
    """For an order that makes the e-shop fail while it answers for others."""
    return BadPayload(
        "The e-shop fails with an error (500) whenever this order is asked for, though it answers "
        "for others. Its error log tells why."
    )
