"""Vendure 3, Admin API: how to ask it.

How we are let in is in `api`, what is asked for in `documents`, and what the answers mean in
`orders`, `lines`, `parcels` and `sequences`. Observed on 3.7: ids that there are none of are left
out of a list, and a single order that there is none of is null. A list filters ids as the database
has them, so on PostgreSQL one id that is no number fails the whole request; the single order's id
is understood first, and is then null. An answer may fail for one order in it, for GraphQL's null
rises to the top (see `batch.bisect`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec

from eshops.adapters.address import base_address
from eshops.adapters.answers import answered, gone, identified, readable, single
from eshops.adapters.batch import complete, fetch_all
from eshops.adapters.http import TOO_MUCH, Response, TooLarge, Unauthorized
from eshops.adapters.reading import integer, mapping, objects, text
from eshops.adapters.statuses import entries
from eshops.adapters.vendure import documents
from eshops.adapters.vendure.api import RIGHTS, AdminApi, Data, NotUnderstood
from eshops.adapters.vendure.orders import Shop, identifier, parse_order
from eshops.adapters.vendure.paging import PAGE, Place, times
from eshops.adapters.vendure.sequences import (
    STATUS_RULE,
    STATUSES,
    parse_delivery,
    parse_payment,
    parse_state,
)
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

Document = Callable[[documents.Custom], str]

USERS_PAGE = f"Settings → Administrators. Its role needs {RIGHTS}, in the default channel."
KEYS_PAGE = (
    "Settings → API Keys → New API Key (since 3.6). "
    f"Its role needs {RIGHTS}, in the default channel."
)

PASTED_TAIL = re.compile(r"/(?:admin-api|shop-api|admin|dashboard)(?:/.*)?$")
_OLD_ADMINISTRATION = re.compile(r"(?<![:/])/admin(?:[/?#]|$)")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Vendure:
    """An e-shop on Vendure. Implements `eshops.source.Adapter`."""

    label: ClassVar[str] = "Vendure"
    address_hint: ClassVar[str] = (
        "Of the server that has the Admin API, as https://shop.example.com/admin-api"
    )
    address: ClassVar[str] = ""
    sign_ins: ClassVar[Sequence[Mapping[str, Credential]]] = (
        {
            "username": Credential("User name", USERS_PAGE, is_secret=False),
            "password": Credential("Password", "That administrator's."),
        },
        {"api_key": Credential("API key", KEYS_PAGE)},
    )
    capabilities: ClassVar[frozenset[str]] = frozenset({"sequences", "changed_since"})
    lists: ClassVar[frozenset[str]] = frozenset({"status", "delivery", "payment"})
    status_rule: ClassVar[str] = STATUS_RULE
    at_once: ClassVar[int] = 2
    batch_size: int = PAGE

    def __init__(self, connection: Connection) -> None:
        self._address = base_address(connection.base_url, PASTED_TAIL)
        is_old = _OLD_ADMINISTRATION.search(connection.base_url.strip())
        self._administration = "admin" if is_old else "dashboard"
        self._custom: documents.Custom = dict(connection.learned)
        self._api = AdminApi(self._address, connection.credentials, connection.turn)

    # connection

    def fetch_info(self) -> ShopInfo:
        """All its times are in UTC, and it has no name but that of a channel other than the
        default one. What is learnt are its custom fields."""
        try:
            data, _ = self._api.ask(documents.INTRODUCTION)
            channel = text(mapping(data, "activeChannel"), "code")
        except Unauthorized as refusal:
            raise self._explained(refusal) from None
        except BadPayload:
            raise self._api.odd() from None
        return ShopInfo(
            name="" if channel.startswith("__") else channel, learned=self._custom_fields(data)
        )

    def _explained(self, refusal: Unauthorized) -> Refused:
        """Whether we are not let in, or may not read orders: both are FORBIDDEN."""
        try:
            self._api.ask(documents.SIGNED_IN)
        except Unauthorized:
            return refusal
        return Refused(
            f"{self._api.host} lets us in, but not to all we read. Give the role of these "
            f"credentials the permissions {RIGHTS}, in the default channel."
        )

    # orders by their ids

    def fetch_orders(self, external_ids: Sequence[str]) -> list[Answer]:
        return fetch_all(
            external_ids, self._fetch_batch, _ID.fullmatch, "order ids are of letters and digits"
        )

    def _fetch_batch(self, ids: Sequence[str]) -> list[Answer]:
        if len(ids) == 1:
            return [self._fetch_one(ids[0])]
        told = self._fetch_listed({"filter": {"id": {"in": list(ids)}}})[0]
        return complete(ids, told, self._fetch_absent)

    def _fetch_absent(self, external_id: str) -> Answer:
        sent_at = datetime.now(UTC)
        try:
            return self._fetch_one(external_id)
        except SourceError as error:
            return Answer(external_id, sent_at, error)

    def _fetch_one(self, external_id: str) -> Answer:
        data, response = self._ask_orders(documents.single, {"id": external_id})
        if "order" not in data:
            raise self._api.odd()
        result: SourceOrder | SourceError = gone()
        if data["order"] is not None:
            result = single(external_id, data["order"], self._parser(data))
        return Answer(external_id, response.sent_at, result)

    # all orders, page by page

    def fetch_page(
        self, cursor: str | None, since: datetime | None, by_change: bool = False
    ) -> Page:
        """Of the orders that were placed: a cart or a draft is in the same list, without a time.

        By change, those that were changed and then those that were placed (see `paging`): how many
        they are together nobody tells.
        """
        place = msgspec.json.decode(cursor, type=Place) if cursor else Place.first(since)
        key = place.key(since, by_change)
        wanted: dict[str, dict[str, Any]] = {"orderPlacedAt": {"isNull": False}}
        if place.after is not None:
            wanted.setdefault(key, {})["after"] = place.after.astimezone(UTC).isoformat()
        options = {
            "take": PAGE,
            "skip": place.skip,
            "sort": {key: "ASC", "code": "ASC"},
            "filter": wanted,
        }
        try:
            answers, count, total = self._fetch_listed(options)
        except TOO_MUCH:  # one order may be to blame: ask by their ids
            answers, count, total = self._fetch_by_listed_ids(options)
        if cursor is None and key == "orderPlacedAt":
            place.total = total
        following = None
        if count >= PAGE:
            following = place.following(times(answers, key))
        elif key == "updatedAt":
            following = Place.first(since, second=True)
        return Page(
            answers=tuple(answers),
            cursor=msgspec.json.encode(following).decode() if following else None,
            total=place.total,
        )

    def _fetch_listed(self, options: Data) -> tuple[list[Answer], int, int | None]:
        """The orders of a list, how many there are on this page and how many in all."""
        data, response = self._ask_orders(documents.listed, {"options": options})
        rows, total = self._rows(data)
        return answered(rows, self._parser(data), identifier, response.sent_at), len(rows), total

    def _fetch_by_listed_ids(self, options: Data) -> tuple[list[Answer], int, int | None]:
        try:
            data, _ = self._api.ask(documents.LISTED_IDS, {"options": options})
        except TooLarge as error:
            raise Unavailable(str(error)) from None
        rows, total = self._rows(data)
        ids = [identified(row, identifier) for row in rows]
        return self.fetch_orders([each for each in ids if each]), len(rows), total

    # code lists

    def fetch_sequences(self) -> list[SequenceEntry]:
        try:
            data, _ = self._api.ask(documents.SEQUENCES)
            states = objects(documents.server_config(data), "orderProcess")
            deliveries = objects(mapping(data, "shippingMethods"), "items")
            payments = objects(mapping(data, "paymentMethods"), "items")
        except BadPayload:
            raise self._api.odd() from None
        return [
            *readable(states, parse_state),
            *entries([status for status in STATUSES if status.axis != "order"]),
            *readable(deliveries, parse_delivery),
            *readable(payments, parse_payment),
        ]

    def order_url(self, external_id: str) -> str:
        """In the Dashboard, which replaced the Admin UI in 3.5; in the latter where staff have
        given an address of it."""
        return f"{self._address}/{self._administration}/orders/{quote(external_id, safe='')}"

    # talking

    def _ask_orders(self, document: Document, variables: Data) -> tuple[Data, Response]:
        """Orders with all custom fields that the shop has now: it tells which with each answer, and
        is asked again where they are others than those we knew."""
        try:
            data, response = self._api.ask(document(self._custom), variables)
        except NotUnderstood:
            if not self._custom:
                raise
            self._custom = {}
            data, response = self._api.ask(document(self._custom), variables)
        found = self._custom_fields(data)
        if found != self._custom:
            self._custom = found
            data, response = self._api.ask(document(found), variables)
        return data, response

    def _custom_fields(self, data: Data) -> documents.Custom:
        try:
            return documents.custom_fields(documents.server_config(data))
        except BadPayload:
            raise self._api.odd() from None

    def _parser(self, data: Data) -> Callable[[Any], SourceOrder]:
        """What parses the orders of this answer; raises `Unavailable` when it cannot be used."""
        try:
            methods = objects(mapping(data, "paymentMethods"), "items")
            shop = Shop(
                places=integer(documents.server_config(data), "moneyStrategyPrecision"),
                payment_names={text(each, "code"): text(each, "name") for each in methods},
            )
        except BadPayload:
            raise self._api.odd() from None
        if not 0 <= shop.places <= 6:
            raise self._api.odd()
        return partial(parse_order, shop=shop)

    def _rows(self, data: Data) -> tuple[list[Any], int | None]:
        listed = data.get("orders")
        rows = listed.get("items") if isinstance(listed, dict) else None
        if not isinstance(rows, list):
            raise self._api.odd()
        total = listed.get("totalItems") if isinstance(listed, dict) else None
        return rows, total if isinstance(total, int) else None
