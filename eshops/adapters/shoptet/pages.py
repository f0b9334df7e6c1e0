"""Where an import of Shoptet's orders is, such that it skips none.

Pages have numbers, in an order that is not documented and cannot be chosen. New and changed orders
would push others to pages that were told already, or come to such a page themselves. So after its
first page an import asks for no order later than that page; what has left this window meanwhile
lessens its count, and as many pages are asked for again; and what is later than the window is asked
for at the end, in windows of its own, until one of them is a single answer.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from eshops.adapters.http import Response
from eshops.adapters.reading import integer, mapping, utc
from eshops.source import BadPayload

PAGE = 50
"""The most the platform gives."""
MARGIN = timedelta(seconds=10)
"""The e-shop's computers may differ by so much."""
A_SECOND = timedelta(seconds=1)
"""Times are told in seconds, and a filter might leave out the time itself."""


class Place(msgspec.Struct):
    """The page to ask for, of the orders in a window of time; how many that had, and how many the
    import's first window had."""

    since: datetime | None = None
    until: datetime | None = None
    page: int = 1
    count: int | None = None
    total: int | None = None

    def params(self, key: str) -> dict[str, str | int]:
        params: dict[str, str | int] = {"itemsPerPage": PAGE, "page": self.page}
        if self.since is not None:
            params[f"{key}From"] = written(self.since - A_SECOND)
        if self.until is not None:
            params[f"{key}To"] = written(self.until + A_SECOND)
        return params

    def steps_back(self, data: Mapping[str, Any]) -> bool:
        """Go back as many pages as orders that have left the window can have moved others to pages
        already told; whether there are any."""
        count, before = counted(data, "totalCount"), self.count
        if self.page == 1 or count is None or before is None or count >= before:
            return False
        self.page = max(1, self.page - -(-(before - count) // PAGE))
        self.count = count
        return True

    def after(
        self, rows: Sequence[Any], data: Mapping[str, Any], response: Response, key: str
    ) -> "Place | None":
        """The place after the page with these rows; None at the end."""
        count, pages = counted(data, "totalCount"), counted(data, "pageCount")
        if self.total is None:
            self.total = count
        is_last = not rows or (len(rows) < PAGE if pages is None else self.page >= pages)
        if not is_last:
            until = self.until or max([server_time(response), *times(rows, key)])
            return Place(self.since, until, self.page + 1, count, self.total)
        if self.until is None:  # told by one answer, within which nothing moves
            return None
        since = self.until - MARGIN
        if self.since is not None and since <= self.since:  # the clocks do not agree at all
            return None
        return Place(since, total=self.total)


def read_place(cursor: str | None, since: datetime | None) -> Place:
    return msgspec.json.decode(cursor, type=Place) if cursor else Place(since=since)


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S%z")


def counted(data: Mapping[str, Any], key: str) -> int | None:
    try:
        return integer(mapping(data, "paginator"), key, None)
    except BadPayload:
        return None


def server_time(response: Response) -> datetime:
    """When the answer was given, by the e-shop's clock where it tells."""
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return response.sent_at


def times(rows: Sequence[Any], key: str) -> list[datetime]:
    """The rows' times, those that can be read."""
    told = []
    for row in rows:
        with suppress(BadPayload):
            told.append(utc(row, key) if isinstance(row, dict) else None)
    return [moment for moment in told if moment is not None]
