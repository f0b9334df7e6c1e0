"""Where an import of Vendure's orders is. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from eshops.source import Answer, SourceOrder

PAGE = 100
A_SECOND = timedelta(seconds=1)


class Place(msgspec.Struct):
    """How many orders to skip, of those after a time, the oldest first."""

    skip: int = 0
    after: datetime | None = None
    total: int | None = None

    @classmethod
    def first(cls, since: datetime | None) -> "Place":
        """A second earlier, for “after” leaves out the time itself, and some databases keep whole
        seconds."""
        return cls(after=None if since is None else since - A_SECOND)

    def following(self, times: Sequence[datetime]) -> "Place":
        """The place after a page that told orders of these times.

        Orders that are changed or taken away meanwhile move those behind them forward. So the next
        page begins a second before the last order's time. Only where this leads no further (all in
        one second) as many are skipped.
        """
        if times and list(times) == sorted(times):
            after = times[-1] - A_SECOND
            if after > max(times[0], self.after or times[0]):
                return Place(0, after, self.total)
        return Place(self.skip + PAGE, self.after, self.total)


def times(answers: Sequence[Answer], by_change: bool) -> list[datetime]:
    orders = (answer.result for answer in answers if isinstance(answer.result, SourceOrder))
    told = (order.source_modified_at if by_change else order.placed_at for order in orders)
    return [moment for moment in told if moment is not None]
