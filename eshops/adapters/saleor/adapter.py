"""Saleor's GraphQL API: how to ask it.

What it is asked for is in `queries`, what the answers mean in `orders`, `lines`, `payments` and
`sequences`, what its errors mean in `refusals`. Observed on Saleor 3.24: ids that it does not have
are left out of a list; one malformed id fails it whole; one value that the schema does not know,
in one order, makes the whole list null; a list tells at most 100 rows. From its source (3.22):
drafts are in no list of orders, and a cursor holds the values that the list is sorted by.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from eshops.adapters.address import base_address
from eshops.adapters.answers import answered, gone, identified, single
from eshops.adapters.batch import complete, fetch_all
from eshops.adapters.bearer import Bearer
from eshops.adapters.graphql import Failed, ask
from eshops.adapters.http import TOO_MUCH, HttpClient, NotData, TooLarge, Unauthorized
from eshops.adapters.reading import integer, text
from eshops.adapters.saleor import queries
from eshops.adapters.saleor.orders import identifier, is_order_id, parse_order
from eshops.adapters.saleor.refusals import is_bearable, login_failure, reason
from eshops.adapters.saleor.sequences import STATUSES, collection_points, shipping_methods
from eshops.adapters.statuses import entries
from eshops.source import (
    Answer,
    BadPayload,
    Connection,
    Credential,
    Page,
    SequenceEntry,
    ShopInfo,
    SourceError,
    SourceOrder,
    Unavailable,
)

Data = Mapping[str, Any]

PAGE = 100
PATH = "graphql/"
PASTED_TAIL = re.compile(r"/(?:graphql|dashboard)(?:/.*)?$")
APP_PAGE = (
    "Extensions (Apps before 3.21) in the Dashboard: a custom app with the permission Manage "
    "orders, and Manage shipping for the list of shipping methods; then Create token."
)
STAFF_PAGE = "A staff member's, whose group has the permission Manage orders."


class Saleor:
    """An e-shop on Saleor. Implements `eshops.source.Adapter`."""

    label: ClassVar[str] = "Saleor"
    address_hint: ClassVar[str] = "The API's, as https://NAME.saleor.cloud/graphql/"
    address: ClassVar[str] = ""
    sign_ins: ClassVar[Sequence[Mapping[str, Credential]]] = (
        {"token": Credential("App token", APP_PAGE)},
        {
            "email": Credential("E-mail", STAFF_PAGE, is_secret=False),
            "password": Credential("Password", STAFF_PAGE),
        },
    )
    capabilities: ClassVar[frozenset[str]] = frozenset({"sequences", "changed_since"})
    lists: ClassVar[frozenset[str]] = frozenset({"status", "delivery"})
    status_rule: ClassVar[str] = (
        "Cancelled, expired, returned and refunded orders say so; else how far the delivery is; "
        "else whether the order waits to be confirmed; else what of it is paid or authorized."
    )
    at_once: ClassVar[int] = 2
    batch_size: int = PAGE

    def __init__(self, connection: Connection) -> None:
        self._address = base_address(connection.base_url, PASTED_TAIL)
        self._host = urlsplit(self._address).hostname or "The e-shop"
        credentials = {key: value.strip() for key, value in connection.credentials.items()}
        token, password = credentials.get("token", ""), credentials.get("password", "")
        login = {"email": credentials.get("email", ""), "password": password}
        client = partial(HttpClient, self._address, secrets=(token, password), turn=connection.turn)
        self._bearer = Bearer(token, None if token else partial(self._sign_in, client(), login))
        self._api = client(auth=self._bearer)

    # connection

    def fetch_info(self) -> ShopInfo:
        """Saleor has no time zone: its times have their offset."""
        try:
            data, _ = self._ask_list("orders", queries.INFO)
        except NotData:
            raise NotData(
                f"{self._host} does not answer as Saleor's API does. Check whether the e-shop's "
                "address is the one that ends with /graphql/; if it is, try again later."
            ) from None
        self._rows(data, "orders")
        shop = data.get("shop")
        return ShopInfo(name=text(shop, "name") if isinstance(shop, dict) else "")

    def _sign_in(self, door: HttpClient, login: Mapping[str, str]) -> str:
        try:
            response = ask(door, PATH, queries.SIGN_IN, login, self.label)
        except Failed as failed:
            raise reason(failed, self._host) from None
        told = response.body["data"].get("tokenCreate")
        if not isinstance(told, dict):
            raise self._unexpected()
        token = told.get("token")
        if isinstance(token, str) and token:
            return token
        raise login_failure(told, self._host)

    # orders by their ids

    def fetch_orders(self, external_ids: Sequence[str]) -> list[Answer]:
        return fetch_all(
            external_ids, self._fetch_batch, is_order_id, "order ids are of another form"
        )

    def _fetch_batch(self, ids: Sequence[str]) -> list[Answer]:
        data, sent_at = self._ask("orders", queries.BY_IDS, ids=ids, first=len(ids))
        rows = self._rows(data, "orders")
        return complete(ids, answered(rows, parse_order, identifier, sent_at), self._fetch_one)

    def _fetch_one(self, external_id: str) -> Answer:
        asked_at = datetime.now(UTC)
        try:
            data, sent_at = self._ask("order", queries.SINGLE, id=external_id)
            if "order" not in data:
                raise self._unexpected()
        except SourceError as error:
            return Answer(external_id, asked_at, error)
        order = data["order"]
        result = gone() if order is None else single(external_id, order, parse_order)
        return Answer(external_id, sent_at, result)

    # all orders, page by page

    def fetch_page(
        self, cursor: str | None, since: datetime | None, by_change: bool = False
    ) -> Page:
        """Sorted by the time of the last change: an order that appears or changes meanwhile moves
        only to pages that are still to come, also a draft that is completed under its old number.

        When an order was placed can be told to Saleor as a day only: of those of that day and later
        only the ones that were changed since the time are asked for, and the older ones left out.
        """
        variables: dict[str, Any] = {"first": PAGE, "after": cursor, "filter": {}}
        if since is not None:
            moment = since.astimezone(UTC)
            variables["filter"] = {"updatedAt": {"gte": moment.isoformat()}}
            if not by_change:
                variables["filter"]["created"] = {"gte": moment.date().isoformat()}
        answers, data = self._fetch_list_page(variables)
        cursor, total = _following(data, "orders"), _total(data, "orders")
        if since is not None and not by_change:
            answers, total = [each for each in answers if not _is_before(each, since)], None
        return Page(answers=tuple(answers), cursor=cursor, total=total)

    def _fetch_list_page(self, variables: Data) -> tuple[list[Answer], Data]:
        try:
            data, sent_at = self._ask("orders", queries.PAGE, **variables)
            rows = self._rows(data, "orders")
            return answered(rows, parse_order, identifier, sent_at), data
        except TOO_MUCH:
            pass  # one order may be to blame: learn which there are and ask by their ids
        data, _ = self._ask_list("orders", queries.PAGE_OF_IDS, **variables)
        ids = [identified(row, identifier) for row in self._rows(data, "orders")]
        return self.fetch_orders([each for each in ids if each]), data

    # code lists

    def fetch_sequences(self) -> list[SequenceEntry]:
        points = [*collection_points(self._fetch_all("warehouses", queries.WAREHOUSES))]
        return [*entries(STATUSES), *self._shipping_methods(), *points]

    def _shipping_methods(self) -> list[SequenceEntry]:
        """None without the permission to read them: an order tells its method's name itself."""
        try:
            return [*shipping_methods(self._fetch_all("shippingZones", queries.ZONES))]
        except Unauthorized:
            return []

    def _fetch_all(self, root: str, query: str) -> Iterator[Any]:
        cursor, is_first = None, True
        while cursor or is_first:
            data, _ = self._ask_list(root, query, after=cursor)
            yield from self._rows(data, root)
            cursor, is_first = _following(data, root), False

    def order_url(self, external_id: str) -> str:
        """Where the Dashboard is unless the shop has put it elsewhere."""
        return f"{self._address}/dashboard/orders/{quote(external_id, safe='')}"

    # talking

    def _ask(self, root: str, query: str, **variables: Any) -> tuple[Data, datetime]:
        """The data of an answer, of which `root` is the field that matters."""
        return self._bearer.signed_in(partial(self._ask_once, root, query, variables))

    def _ask_list(self, root: str, query: str, **variables: Any) -> tuple[Data, datetime]:
        """For a list whose size no single order can be blamed for."""
        try:
            return self._ask(root, query, **variables)
        except TooLarge as error:
            raise Unavailable(str(error)) from None

    def _ask_once(self, root: str, query: str, variables: Data) -> tuple[Data, datetime]:
        try:
            response = ask(self._api, PATH, query, variables, self.label)
        except Failed as failed:
            if not is_bearable(failed, root):
                raise reason(failed, self._host) from None
            response = failed.response
        return response.body["data"], response.sent_at

    def _rows(self, data: Data, root: str) -> list[Any]:
        connection = data.get(root)
        edges = connection.get("edges") if isinstance(connection, dict) else None
        if not isinstance(edges, list):
            raise self._unexpected()
        return [edge.get("node") if isinstance(edge, dict) else None for edge in edges]

    def _unexpected(self) -> Unavailable:
        return Unavailable(f"{self._host} gave an answer we did not expect. Try again later.")


def _following(data: Data, root: str) -> str | None:
    """The cursor of the next page; None after the last."""
    page = data[root].get("pageInfo")
    if not isinstance(page, dict) or page.get("hasNextPage") is not True:
        return None
    cursor = page.get("endCursor")
    return cursor if isinstance(cursor, str) and cursor else None


def _total(data: Data, root: str) -> int | None:
    try:
        return integer(data[root], "totalCount", None)
    except BadPayload:
        return None


def _is_before(answer: Answer, since: datetime) -> bool:
    return isinstance(answer.result, SourceOrder) and answer.result.placed_at < since
