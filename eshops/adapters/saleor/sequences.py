"""Saleor's code lists. Pure.

Its statuses are enumerations of the schema; its payment methods are what the apps that take
payments call them, and no list tells those.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from eshops.adapters.answers import readable
from eshops.adapters.reading import code, listed, text
from eshops.adapters.statuses import Status
from eshops.source import SequenceEntry

STATUSES = (
    Status("order", "CANCELED", "Cancelled", "cancelled"),
    Status("order", "EXPIRED", "Expired", "cancelled"),
    Status("order", "RETURNED", "Returned", "returned"),
    Status("payment", "REFUNDED", "Refunded", "returned"),
    Status("order", "PARTIALLY_RETURNED", "Partially returned", "returned"),
    Status("order", "FULFILLED", "Fulfilled", "shipped"),
    Status("order", "PARTIALLY_FULFILLED", "Partially fulfilled", "packed"),
    Status("fulfillment", "WAITING_FOR_APPROVAL", "Waiting for approval", "packed"),
    Status("order", "DRAFT", "Draft", "new"),
    Status("order", "UNCONFIRMED", "Unconfirmed", "new"),
    Status("payment", "FULL", "Paid", "paid"),
    Status("payment", "OVERCHARGED", "Overpaid", "paid"),
    Status("payment", "PARTIAL", "Partially paid", "new"),
    Status("authorize", "FULL", "Authorized", "new"),
    Status("authorize", "PARTIAL", "Partially authorized", "new"),
    Status("order", "UNFULFILLED", "Unfulfilled", "new"),
)
"""Of OrderStatus, FulfillmentStatus, OrderChargeStatusEnum and OrderAuthorizeStatusEnum; REFUNDED
is ours, for an order whose money was all given back is NONE there, as one never paid."""

Row = Mapping[str, Any]


def shipping_methods(zones: Iterable[Any]) -> Iterator[SequenceEntry]:
    """The methods of all zones; one method has a name for one zone only."""
    for zone in zones:
        if isinstance(zone, dict):
            methods = listed(zone.get("shippingMethods")) or []
            yield from readable(methods, partial(shipping_method, zone=zone))


def shipping_method(row: Row, zone: Row) -> SequenceEntry:
    found = ordered_as(code(row, "id"))
    return SequenceEntry(
        kind="delivery",
        code=found,
        name=text(row, "name") or found,
        description=text(zone, "name"),
    )


def ordered_as(shipping_method_id: str) -> str:
    """The id that orders have for a method: the zones list `ShippingMethodType:1`, an order has
    `ShippingMethod:1` (recorded)."""
    try:
        kind, _, number = b64decode(shipping_method_id, validate=True).decode().partition(":")
    except ValueError:
        return shipping_method_id
    if kind != "ShippingMethodType":
        return shipping_method_id
    return b64encode(f"ShippingMethod:{number}".encode()).decode()


def collection_points(warehouses: Iterable[Any]) -> Iterator[SequenceEntry]:
    """The warehouses where customers collect their orders."""
    open_to_all = (
        row
        for row in warehouses
        if isinstance(row, dict) and row.get("clickAndCollectOption") not in (None, "DISABLED")
    )
    return readable(open_to_all, collection_point)


def collection_point(row: Row) -> SequenceEntry:
    found = code(row, "id")
    name = text(row, "name") or found
    return SequenceEntry(kind="delivery", code=found, name=name, type="collection")
