"""Shopify's Admin GraphQL API 2026-10: how to ask it.

What it is asked is in `queries`, what that may cost in `points`, and what its orders mean in
`orders`, `lines` and `sequences`.

An order's id here is the number in its global id: 123 for gid://shopify/Order/123. Facts without
another source are from the schema's descriptions and https://shopify.dev/docs/api/usage.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec

from eshops.adapters.answers import another, gone, identified, impossible, parsed
from eshops.adapters.batch import bisect
from eshops.adapters.http import TOO_MUCH, Response
from eshops.adapters.reading import mapping, objects, text
from eshops.adapters.shopify import queries
from eshops.adapters.shopify.client import SHOP_HOST, Client, lacking
from eshops.adapters.shopify.connections import (
    completed,
    incomplete,
    nodes_of,
    page_cursor,
    section,
)
from eshops.adapters.shopify.orders import ORDER_ID, order_id, parse_order
from eshops.adapters.shopify.pages import Place, count, times, written
from eshops.adapters.shopify.points import TooCostly
from eshops.adapters.shopify.sequences import STATUS_RULE, STATUSES
from eshops.adapters.statuses import entries
from eshops.source import (
    Answer,
    BadPayload,
    Connection,
    Credential,
    Page,
    Refused,
    SequenceEntry,
    ShopInfo,
    SourceError,
    SourceOrder,
    Unavailable,
)

PAGE = 100
NEEDED = ("read_orders", "read_customers", "read_products")
OLD_ORDERS = "read_all_orders"
PAGE_COST = 650
"""What a page costs at most, see `queries`."""
RECENT = timedelta(days=55)
"""Without that right Shopify shows the orders of the last 60 days only."""
APP_PAGE = "Settings → Apps → Develop apps → the app → API credentials; shown once."
DASHBOARD = "The Dev Dashboard (dev.shopify.com) → the app → Settings."


class Shopify:
    """An e-shop on Shopify. Implements `eshops.source.Adapter`."""

    label: ClassVar[str] = "Shopify"
    address_hint: ClassVar[str] = "NAME.myshopify.com, or the administration's address."
    address: ClassVar[str] = ""
    sign_ins: ClassVar[Sequence[Mapping[str, Credential]]] = (
        {"access_token": Credential("Admin API access token", APP_PAGE)},
        {
            "client_id": Credential("Client ID", DASHBOARD, is_secret=False),
            "client_secret": Credential("Client secret", DASHBOARD),
        },
    )
    capabilities: ClassVar[frozenset[str]] = frozenset({"sequences", "changed_since"})
    lists: ClassVar[frozenset[str]] = frozenset({"status"})
    status_rule: ClassVar[str] = STATUS_RULE
    at_once: ClassVar[int] = 1  # requests at the same time would take the points from each other
    batch_size: int = 100

    def __init__(self, connection: Connection) -> None:
        self._client = Client(connection)
        self._points = self._client.points
        self._name = connection.learned.get("name", "")
        self._recall = connection.recall
        self._size = PAGE

    # connection

    def fetch_info(self) -> ShopInfo:
        data = self._client.ask(queries.INFO).body["data"]
        shop, rights = section(data, "shop"), granted(data)
        missing = [right for right in NEEDED if rights and right not in rights]
        if missing:
            raise Refused(lacking(missing))
        domain = told_text(shop, "myshopifyDomain")
        return ShopInfo(
            name=told_text(shop, "name"),
            timezone=zone(shop),
            learned={"name": domain.removesuffix(SHOP_HOST)},
        )

    # orders by their ids

    def fetch_orders(self, external_ids: Sequence[str]) -> list[Answer]:
        wanted = list(dict.fromkeys(external_ids))
        answers = {
            each: impossible(each, "order ids are whole numbers")
            for each in wanted
            if not ORDER_ID.fullmatch(each)
        }
        waiting = [each for each in wanted if each not in answers]
        is_told = False
        while waiting:
            batch = waiting[: self._points.orders_at_once]
            try:
                told = bisect(batch, self._fetch_batch)
            except TooCostly as error:
                if len(batch) == 1:
                    raise
                self._points.exceeded(len(batch), error)
                continue
            except Unavailable as error:
                if not is_told:
                    raise
                told = [Answer(each, datetime.now(UTC), error) for each in waiting]
            answers |= {answer.external_id: answer for answer in told}
            waiting, is_told = waiting[len(told) :], True
        return [answers[each] for each in wanted]

    def _fetch_batch(self, ids: Sequence[str]) -> list[Answer]:
        rows, response = self._nodes(ids)
        told = {
            each: Answer(each, response.sent_at, self._told(row, each))
            for each, row in zip(ids, rows, strict=True)
            if row is not None
        }
        absent = [each for each in ids if each not in told]
        if absent:
            told |= self._fetch_absent(absent)
        return [told[each] for each in ids]

    def _nodes(self, ids: Sequence[str]) -> tuple[list[Any], Response]:
        """The orders in the order of their ids, None for one that is not there."""
        response = self._client.ask(
            queries.BY_IDS,
            {"ids": [gid(each) for each in ids]},
            cost=self._points.order_cost * len(ids),
            orders=len(ids),
        )
        rows = response.body["data"].get("nodes")
        if not isinstance(rows, list) or len(rows) != len(ids):
            raise incomplete()
        return rows, response

    def _told(self, row: Any, external_id: str = "") -> SourceOrder | SourceError:
        try:
            result = parsed(completed(self._client, row), parse_order)
        except Refused:
            raise
        except SourceError as error:
            return error
        is_another = isinstance(result, SourceOrder) and result.external_id != external_id
        return another() if external_id and is_another else result

    def _fetch_absent(self, ids: Sequence[str]) -> dict[str, Answer]:
        """What is to be said of orders that were null in a list of nodes: each is asked for once
        more by itself, all in one request."""
        sent_at = datetime.now(UTC)
        try:
            response = self._client.ask(queries.absent([gid(each) for each in ids]))
        except Refused:
            raise
        except SourceError as error:
            return {each: Answer(each, sent_at, error) for each in ids}
        data = response.body["data"]
        sees_all = OLD_ORDERS in granted(data)
        recent = set() if sees_all else self._recent(ids)
        told: dict[str, Answer] = {}
        for at, each in enumerate(ids):
            if data.get(f"o{at}", "") is None:
                missing = gone() if sees_all or each in recent else too_old_or_gone()
                told[each] = Answer(each, response.sent_at, missing)
            else:
                told[each] = self._fetch_one(each)
        return told

    def _fetch_one(self, external_id: str) -> Answer:
        sent_at = datetime.now(UTC)
        try:
            response = self._client.ask(queries.BY_ID, {"id": gid(external_id)})
        except Refused:
            raise
        except SourceError as error:
            return Answer(external_id, sent_at, error)
        row = response.body["data"].get("order")
        result = incomplete() if row is None else self._told(row, external_id)
        return Answer(external_id, response.sent_at, result)

    def _recent(self, ids: Sequence[str]) -> set[str]:
        """Those whose age we know to be such that Shopify would show them, if it had them."""
        known, now = self._recall(ids), datetime.now(UTC)
        return {each for each, order in known.items() if now - order.placed_at < RECENT}

    # all orders, page by page

    def fetch_page(
        self, cursor: str | None, since: datetime | None, by_change: bool = False
    ) -> Page:
        place = msgspec.json.decode(cursor, type=Place) if cursor else Place(since=since)
        listed, answers, data = self._fetch_listed(place, by_change, is_first=cursor is None)
        for answer in answers:
            if isinstance(answer.result, Unavailable):
                raise answer.result
        if cursor is None:
            place.total = count(data)
        after, following = page_cursor(listed), None
        if after is not None:
            beyond = place.beyond(after, times(answers, by_change), len(answers))
            following = msgspec.json.encode(beyond).decode()
        return Page(answers=tuple(answers), cursor=following, total=place.total)

    def _fetch_listed(
        self, place: Place, by_change: bool, is_first: bool
    ) -> tuple[Mapping[str, Any], list[Answer], Mapping[str, Any]]:
        """A page: its connection, its orders and all that was told with it."""
        document = queries.FIRST_PAGE if is_first else queries.NEXT_PAGE
        try:
            response = self._ask_page(document, place, by_change)
        except TOO_MUCH:
            pass  # one order may be to blame: learn which there are and ask by their ids
        else:
            data = response.body["data"]
            listed = section(data, "orders")
            answers = [
                Answer(identified(row, order_id), response.sent_at, self._told(row))
                for row in nodes_of(listed)
            ]
            return listed, answers, data
        response = self._ask_page(queries.PAGE_IDS, place, by_change)
        listed = section(response.body["data"], "orders")
        ids = [identified(row, order_id) for row in nodes_of(listed)]
        return listed, self.fetch_orders([each for each in ids if each]), {}

    def _ask_page(self, document: str, place: Place, by_change: bool) -> Response:
        field = "updated_at" if by_change else "created_at"
        variables = {
            "after": place.after,
            "query": f"{field}:>='{written(place.since)}'" if place.since else None,
            "sortKey": field.upper(),
        }
        while True:
            try:
                return self._client.ask(
                    document, {**variables, "first": self._size}, cost=PAGE_COST
                )
            except TooCostly:
                if self._size == 1:
                    raise
                self._size //= 2

    # code lists

    def fetch_sequences(self) -> list[SequenceEntry]:
        """The statuses, which are the same for every shop; asked is whether we are let in."""
        self._client.ask(queries.ACCESS)
        return entries(STATUSES)

    def order_url(self, external_id: str) -> str:
        host = self._client.address.rpartition("/")[2]
        name = self._name or host.removesuffix(SHOP_HOST)
        return f"https://admin.shopify.com/store/{name}/orders/{external_id}"


def gid(external_id: str) -> str:
    return f"gid://shopify/Order/{external_id}"


def granted(data: Mapping[str, Any]) -> set[str]:
    """What our key may read, as far as Shopify says; who may write may read."""
    try:
        scopes = objects(mapping(data, "currentAppInstallation"), "accessScopes")
        rights = {text(scope, "handle") for scope in scopes}
    except BadPayload:
        return set()
    return rights | {
        f"read_{right.removeprefix('write_')}" for right in rights if right[:6] == "write_"
    }


def told_text(data: Mapping[str, Any], key: str) -> str:
    try:
        return text(data, key)
    except BadPayload:
        return ""


def zone(shop: Mapping[str, Any]) -> str:
    name = told_text(shop, "ianaTimezone")
    try:
        return name if name and ZoneInfo(name) else "UTC"
    except (ValueError, OSError, KeyError):
        return "UTC"


def too_old_or_gone() -> BadPayload:
    return BadPayload(
        "Shopify shows us no such order. It was deleted, or it is older than 60 days: the app sees "
        f"those only with the right {OLD_ORDERS}. Our copy was left alone."
    )
