"""Which requests the REST API has answered: what a test counts and a person looks at."""

import threading
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from eshops.sandbox.exchange import Request, Response

Entry = dict[str, Any]
MOST = 20_000


class RequestLog:
    """Entries, numbered from 1 since the start; clearing does not start the numbers again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._last = 0

    def add(self, request: Request, response: Response) -> None:
        with self._lock:
            self._last += 1
            entry = {
                "n": self._last,
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "method": request.method,
                "path": request.path,
                "query": without_credentials(request.query),
                "status": response.status,
                "orders": response.orders,
                "fault": response.fault,
            }
            self._entries = [*self._entries[-MOST:], entry]

    def since(self, number: int = 0) -> list[Entry]:
        with self._lock:
            return [entry for entry in self._entries if entry["n"] > number]

    def clear(self) -> None:
        with self._lock:
            self._entries = []


def without_credentials(query: str) -> str:
    return urlencode(
        [
            (name, value)
            for name, value in parse_qsl(query, keep_blank_values=True)
            if not name.startswith(("oauth_", "consumer_"))
        ],
        safe=",:[]",
    )
