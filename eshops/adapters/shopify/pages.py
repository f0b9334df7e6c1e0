"""Where an import of Shopify's orders is, and what a page of them tells."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from eshops.adapters.reading import integer, mapping, text
from eshops.source import Answer, BadPayload, SourceOrder

DEEPEST = 20_000
"""So many orders are told behind one cursor: Shopify goes 25,000 deep at most."""


class Place(msgspec.Struct):
    """Where an import is: behind a cursor of the orders since a time, so many of them told."""

    after: str | None = None
    since: datetime | None = None
    told: int = 0
    total: int | None = None

    def beyond(self, cursor: str, times: Sequence[datetime], told: int) -> "Place":
        """The place after a page that told orders of these times.

        A cursor of Shopify's names the last order and its time, so that it holds whatever happens
        to the others. When too many are behind one, the next page is the first since a second
        before the last order's time.
        """
        told += self.told
        if told >= DEEPEST and times:
            since = max(times) - timedelta(seconds=1)
            if self.since is None or since > self.since:
                return Place(None, since, 0, self.total)
        return Place(cursor, self.since, told, self.total)


def written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def count(data: Mapping[str, Any]) -> int | None:
    """How many orders there are, where Shopify has counted them all."""
    try:
        told = mapping(data, "ordersCount")
        return integer(told, "count", None) if text(told, "precision") == "EXACT" else None
    except BadPayload:
        return None


def times(answers: Iterable[Answer], by_change: bool) -> list[datetime]:
    orders = (answer.result for answer in answers if isinstance(answer.result, SourceOrder))
    told = (order.source_modified_at if by_change else order.placed_at for order in orders)
    return [moment for moment in told if moment is not None]
