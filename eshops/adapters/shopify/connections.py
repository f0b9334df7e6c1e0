"""Reading Shopify's connections to their end: lists that come with as many nodes as were asked for
and a cursor that asks for the next ones."""

from collections.abc import Mapping
from typing import Any

from eshops.adapters.reading import mapping, objects, text
from eshops.adapters.shopify import queries
from eshops.adapters.shopify.client import Client
from eshops.adapters.shopify.edits import is_edit
from eshops.source import BadPayload, Unavailable

MORE_COST = 60
"""What the rest of a connection costs at most, see `queries`."""


def completed(client: Client, row: Any) -> Any:
    """The order with all nodes of its connections. Of the refunds only those that stand for an
    edited order need their lines."""
    if not isinstance(row, dict):
        return row
    row = dict(row)
    for name in ("lineItems", "shippingLines", "localizedFields", "metafields"):
        complete(client, row, name, row)
    refunds = [dict(refund) for refund in objects(row, "refunds")]
    for refund in refunds:
        if is_edit(row, refund):
            complete(client, refund, "refundLineItems", row)
    row["refunds"] = refunds
    return row


def complete(client: Client, owner: dict[str, Any], name: str, order: Mapping[str, Any]) -> None:
    cursor = next_cursor(mapping(owner, name))
    if cursor is None:
        return
    rows = list(objects(mapping(owner, name), "nodes"))
    while cursor is not None:
        variables = {"id": text(owner, "id"), "after": cursor}
        response = client.ask(queries.MORE[name], variables, cost=MORE_COST)
        told = section(response.body["data"], "node")
        if owner is order and told.get("updatedAt") != order.get("updatedAt"):
            raise Unavailable("The order was changed while it was read. Try again later.")
        more = mapping(told, name)
        rows += objects(more, "nodes")
        cursor = next_cursor(more)
    owner[name] = {"nodes": rows}


def section(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object of the answer that no single order can be blamed for."""
    found = data.get(key)
    if not isinstance(found, dict):
        raise incomplete()
    return found


def nodes_of(connection: Mapping[str, Any]) -> list[Any]:
    rows = connection.get("nodes")
    if not isinstance(rows, list):
        raise incomplete()
    return rows


def next_cursor(connection: Mapping[str, Any]) -> str | None:
    """Where the connection's next nodes begin, None behind the last; raises `BadPayload`."""
    page = mapping(connection, "pageInfo")
    has_more, cursor = page.get("hasNextPage"), page.get("endCursor")
    if has_more is False:
        return None
    if has_more is not True or not isinstance(cursor, str) or not cursor:
        raise BadPayload("The e-shop's “pageInfo” cannot be understood.")
    return cursor


def page_cursor(listed: Mapping[str, Any]) -> str | None:
    try:
        return next_cursor(listed)
    except BadPayload:
        raise incomplete() from None


def incomplete() -> Unavailable:
    return Unavailable("Shopify did not tell all that we asked for. Try again later.")
