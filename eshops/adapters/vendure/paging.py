"""Where an import of Vendure's orders is. Pure.

Placing an order sets its `orderPlacedAt` and does not move its `updatedAt` (observed on 3.7.3): one
that was paid long after the last change of its cart is not found by the latter. So an import by
change walks twice, by `updatedAt` and then by `orderPlacedAt` since the same time.

A list is sorted by the keys it is asked to be in the order that these have in the schema, whatever
the order in the request (observed, from graphql-js): `id` is before the times and would come first.
So of orders of the same time the one with the lower `code` is first, which is unique as well.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from eshops.source import Answer, SourceOrder

PAGE = 100
A_SECOND = timedelta(seconds=1)

Key = Literal["orderPlacedAt", "updatedAt"]


class Place(msgspec.Struct):
    """How many orders to skip, of those after a time, the oldest first."""

    skip: int = 0
    after: datetime | None = None
    total: int | None = None
    second: bool = False
    """Whether an import by change is through with what was changed, and at what was placed."""

    @classmethod
    def first(cls, since: datetime | None, second: bool = False) -> "Place":
        """A second earlier, for “after” leaves out the time itself, and some databases keep whole
        seconds."""
        return cls(after=None if since is None else since - A_SECOND, second=second)

    def key(self, since: datetime | None, by_change: bool) -> Key:
        """The time this walk goes by. Since ever, the orders by their placing are all there are."""
        return "updatedAt" if by_change and since and not self.second else "orderPlacedAt"

    def following(self, times: Sequence[datetime]) -> "Place":
        """The place after a page that told orders of these times.

        Orders that are changed or taken away meanwhile move those behind them forward. So the next
        page begins a second before the last order's time. Only where this leads no further (all in
        one second) as many are skipped.
        """
        if times and list(times) == sorted(times):
            after = times[-1] - A_SECOND
            if after > max(times[0], self.after or times[0]):
                return Place(0, after, self.total, self.second)
        return Place(self.skip + PAGE, self.after, self.total, self.second)


def times(answers: Sequence[Answer], key: Key) -> list[datetime]:
    orders = (answer.result for answer in answers if isinstance(answer.result, SourceOrder))
    is_change = key == "updatedAt"
    told = (order.source_modified_at if is_change else order.placed_at for order in orders)
    return [moment for moment in told if moment is not None]
