"""One status out of several: the first of the platform's list that the order has."""

from collections.abc import Mapping

import pytest

from eshops.adapters.statuses import Status, compose, entries
from eshops.source import SequenceEntry

STATUSES = (
    Status("order", "canceled", "Cancelled", "cancelled"),
    Status("fulfillment", "shipped", "Shipped", "shipped"),
    Status("payment", "captured", "Paid", "paid"),
    Status("order", "pending", "New", "new"),
)


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ({"order": "pending", "payment": "not_paid", "fulfillment": "no"}, "order:pending"),
        ({"order": "pending", "payment": "captured", "fulfillment": "no"}, "payment:captured"),
        (
            {"order": "pending", "payment": "captured", "fulfillment": "shipped"},
            "fulfillment:shipped",
        ),
        ({"order": "canceled", "payment": "captured", "fulfillment": "shipped"}, "order:canceled"),
        # The same word on another axis is another status.
        ({"order": "shipped", "payment": "captured"}, "payment:captured"),
        # What the list does not know is told by the last axis that says anything.
        ({"order": "new_one", "payment": "odd", "fulfillment": ""}, "payment:odd"),
        ({"order": "", "payment": ""}, ""),
        ({}, ""),
    ],
)
def test_compose(axes: Mapping[str, str], expected: str) -> None:
    assert compose(axes, STATUSES) == expected


def test_the_code_list_has_every_status_that_can_be_composed() -> None:
    assert entries(STATUSES)[0] == SequenceEntry(
        kind="status", code="order:canceled", name="Cancelled", type="cancelled"
    )
    told = {entry.code for entry in entries(STATUSES)}
    assert told == {compose({each.axis: each.code}, STATUSES) for each in STATUSES}
