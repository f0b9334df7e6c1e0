"""One status out of several.

Some platforms keep several statuses for one order: the order's own, that of its payment, of its
fulfillment, of a return. Fynode keeps each (`SourceOrder.axes`) and gives the order one status, the
first of the platform's ordered list that one of its axes has: usually cancelled, then refunded,
then how far its delivery is, then its payment.
"""

from collections.abc import Mapping, Sequence

import msgspec

from eshops.source import SequenceEntry


class Status(msgspec.Struct, frozen=True):
    """A code of one axis that can be the order's status; `type` is a `Sequence.StatusType`."""

    axis: str
    code: str
    name: str
    type: str


def compose(axes: Mapping[str, str], statuses: Sequence[Status]) -> str:
    """The order's status code, `axis:code`: the first of `statuses` that `axes` has.

    Where an axis has a code that the list does not know, and nothing in the list holds, the last
    axis tells.
    """
    for status in statuses:
        if axes.get(status.axis) == status.code:
            return f"{status.axis}:{status.code}"
    known = [f"{axis}:{code}" for axis, code in axes.items() if code]
    return known[-1] if known else ""


def entries(statuses: Sequence[Status]) -> list[SequenceEntry]:
    """The code list of the statuses that `compose` can give."""
    return [
        SequenceEntry(
            kind="status",
            code=f"{status.axis}:{status.code}",
            name=status.name,
            type=status.type,
        )
        for status in statuses
    ]
