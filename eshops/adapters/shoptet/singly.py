"""Asking for many orders one by one, several at a time, and giving up when that is no use."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Lock

from eshops.adapters.batch import GIVE_UP, OUTAGE, to_blame
from eshops.adapters.http import ServerError
from eshops.source import Answer, Refused, SourceError, Unavailable

FetchOne = Callable[[str], Answer]


def ask_singly(ids: Sequence[str], fetch_one: FetchOne, at_once: int) -> list[Answer]:
    """An answer for each of the distinct `ids`. `fetch_one` raises nothing; it runs in threads.

    When the e-shop does not let us in, asks for time or stops answering, the rest are not asked
    for and get the same answer. An order that makes the e-shop fail while it answers for others is
    to blame itself, see `eshops.adapters.batch`.
    """
    asking = _Asking(fetch_one, ids)
    if len(ids) <= 1:
        asking.work()
    else:
        with ThreadPoolExecutor(at_once) as workers:
            for worker in [workers.submit(asking.work) for _ in range(at_once)]:
                worker.result()
    return [asking.answer(each) for each in ids]


class _Asking:
    def __init__(self, fetch_one: FetchOne, ids: Sequence[str]) -> None:
        self._fetch_one = fetch_one
        self._waiting = deque(ids)
        self._answers: dict[str, Answer] = {}
        self._lock = Lock()
        self._over: SourceError | None = None
        self._silent = self._failed = 0
        self._answered = False

    def work(self) -> None:
        """Ask for one after the other until none waits; several threads may."""
        while (external_id := self._next()) is not None:
            answer = self._fetch_one(external_id)
            with self._lock:
                self._answers[external_id] = answer
                self._note(answer)

    def _next(self) -> str | None:
        with self._lock:
            return self._waiting.popleft() if self._waiting and not self._over else None

    def _note(self, answer: Answer) -> None:
        result = answer.result
        if not isinstance(result, Unavailable | Refused):
            self._answered, self._silent = True, 0
            return
        if isinstance(result, ServerError):
            self._failed += 1
        else:
            self._silent += 1
        is_outage = self._failed >= OUTAGE and not self._answered
        wants_time = isinstance(result, Unavailable) and result.retry_after
        if isinstance(result, Refused) or wants_time or is_outage or self._silent >= GIVE_UP:
            self._over = self._over or result

    def answer(self, external_id: str) -> Answer:
        answer = self._answers.get(external_id)
        if answer is None:
            assert self._over
            return Answer(external_id, datetime.now(UTC), self._over)
        if self._answered and isinstance(answer.result, ServerError):
            return Answer(external_id, answer.sent_at, to_blame())
        return answer
