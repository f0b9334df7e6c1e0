"""The statuses an order of Shopify has, and the one that is composed of them. Pure.

The codes and their names are those of the Admin GraphQL API's enumerations
(OrderDisplayFinancialStatus, OrderDisplayFulfillmentStatus, OrderReturnStatus); those of the order
itself are ours, for Shopify has two times instead: when it was cancelled and when it was closed.
"""

from collections.abc import Mapping
from typing import Any

from eshops.adapters.reading import code, utc
from eshops.adapters.statuses import Status

STATUS_RULE = (
    "The first that holds: cancelled; refunded; a return; how far fulfillment is; the payment; "
    "whether the order is archived."
)

STATUSES = (
    Status("order", "CANCELLED", "Cancelled", "cancelled"),
    Status("payment", "REFUNDED", "Refunded", "returned"),
    Status("return", "RETURN_REQUESTED", "Return requested", "shipped"),
    Status("return", "IN_PROGRESS", "Return in progress", "shipped"),
    Status("return", "INSPECTION_COMPLETE", "Return inspected", "shipped"),
    Status("return", "RETURNED", "Returned", "returned"),
    Status("fulfillment", "FULFILLED", "Fulfilled", "shipped"),
    Status("fulfillment", "PARTIALLY_FULFILLED", "Partially fulfilled", "packed"),
    Status("fulfillment", "IN_PROGRESS", "In progress", "packed"),
    Status("fulfillment", "PENDING_FULFILLMENT", "Pending fulfillment", "packed"),
    Status("fulfillment", "REQUEST_DECLINED", "Fulfillment request declined", "new"),
    Status("fulfillment", "ON_HOLD", "Fulfillment on hold", "new"),
    Status("fulfillment", "SCHEDULED", "Fulfillment scheduled", "new"),
    Status("payment", "PARTIALLY_REFUNDED", "Partially refunded", "paid"),
    Status("payment", "PAID", "Paid", "paid"),
    Status("payment", "PARTIALLY_PAID", "Partially paid", "new"),
    Status("payment", "AUTHORIZED", "Payment authorized", "new"),
    Status("payment", "PENDING", "Payment pending", "new"),
    Status("payment", "EXPIRED", "Payment expired", "new"),
    Status("payment", "VOIDED", "Payment voided", "new"),
    Status("order", "CLOSED", "Archived", ""),
    Status("order", "OPEN", "Open", "new"),
)
"""The statuses that can be an order's, the one that counts first. Unfulfilled, and that nothing is
to be fulfilled, say less than the payment and are not among them."""


def axes(data: Mapping[str, Any]) -> dict[str, str]:
    """The order's statuses; a code the list does not know tells itself, see `statuses.compose`."""
    state = "OPEN"
    if utc(data, "cancelledAt"):
        state = "CANCELLED"
    elif utc(data, "closedAt"):
        state = "CLOSED"
    return {
        "order": state,
        "payment": code(data, "displayFinancialStatus"),
        "fulfillment": code(data, "displayFulfillmentStatus"),
        "return": code(data, "returnStatus"),
    }
