"""Shoptet REST API with a private token: how to ask it.

How one request is made is in `api`, what orders and code lists mean in `orders`, `lines` and
`sequences`. Facts without another source are from the OpenAPI description of 2026.

A list tells the head of each order only (50 at a time), and an order by itself all of it. So orders
we were told before are looked up in the list, and those that have not changed since are not asked
for again. A single order is always read whole.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from eshops.adapters.address import EVERYTHING, base_address
from eshops.adapters.answers import gone, identified, impossible, readable, single
from eshops.adapters.http import Response, ServerError
from eshops.adapters.reading import mapping, objects, text
from eshops.adapters.shoptet.api import Api, Params, enclosed, told_errors
from eshops.adapters.shoptet.orders import ORDER_CODE, identifier, is_as_told, parse_order
from eshops.adapters.shoptet.pages import PAGE, read_place
from eshops.adapters.shoptet.sequences import (
    Parse,
    parse_delivery,
    parse_payment,
    parse_status,
)
from eshops.adapters.shoptet.singly import ask_singly
from eshops.source import (
    Answer,
    BadPayload,
    Connection,
    Credential,
    OrderNotFound,
    Page,
    Refused,
    SequenceEntry,
    ShopInfo,
    SourceError,
    SourceOrder,
    Unavailable,
)

INCLUDE = "notes,shippingDetails,paymentTransactions,surchargeParameters"
TIMEZONE = "Europe/Prague"
"""Where the e-shop does not say; its orders' times have their offset anyway."""
LISTS: tuple[tuple[str, str, Parse], ...] = (
    ("orders/statuses", "statuses", parse_status),
    ("payment-methods", "paymentMethods", parse_payment),
    ("shipping-methods", "shippingMethods", parse_delivery),
)
SEARCH = {"cs": "vyhledavani", "sk": "vyhladavanie"}
"""The search in the administration, in the e-shop's language. An order's own page takes a number
that the API tells within the order only (`adminUrl`) and ignores a code; the search for a code
leads to that one order (seen by others in 2026)."""
ADMINISTRATION = re.compile(r"/admin(?:/.*)?$")


class Shoptet:
    """An e-shop on Shoptet. Implements `eshops.source.Adapter`."""

    label: ClassVar[str] = "Shoptet"
    address_hint: ClassVar[str] = "The API's, the same for every e-shop: https://api.myshoptet.com"
    address: ClassVar[str] = "https://api.myshoptet.com"
    sign_ins: ClassVar[Sequence[Mapping[str, Credential]]] = (
        {
            "token": Credential(
                "Private API token",
                "“Přístup k API” in the administration of an e-shop with Shoptet Premium. It needs "
                "to read the groups of orders, e-shop, payment and shipping methods.",
            )
        },
    )
    capabilities: ClassVar[frozenset[str]] = frozenset({"sequences", "changed_since"})
    lists: ClassVar[frozenset[str]] = frozenset({"status", "delivery", "payment"})
    status_rule: ClassVar[str] = ""
    at_once: ClassVar[int] = 2  # of the three a token is allowed
    batch_size: int = 100

    def __init__(self, connection: Connection) -> None:
        self._address = base_address(connection.base_url or self.address, EVERYTHING)
        self._timezone = connection.timezone
        self._parse = partial(parse_order, timezone=connection.timezone)
        self._recall = connection.recall
        self._learned = connection.learned
        token = connection.credentials.get("token", "").strip()
        self._api = Api(self._address, token, connection.turn)

    # connection

    def fetch_info(self) -> ShopInfo:
        self._api.get_list("orders", "orders", {"itemsPerPage": 1, "page": 1})
        try:
            return introduced(self._api.get_data("eshop")[0])
        except (Refused, BadPayload):  # the token may read orders, which is what counts
            return ShopInfo(timezone=TIMEZONE)

    # orders by their codes

    def fetch_orders(self, external_ids: Sequence[str]) -> list[Answer]:
        wanted = list(dict.fromkeys(external_ids))
        askable = [each for each in wanted if ORDER_CODE.fullmatch(each)]
        answers = {
            each: impossible(each, "order codes are of another form")
            for each in wanted
            if each not in askable
        }
        if len(askable) > 1:
            answers |= self._fetch_unchanged(askable)
        rest = [each for each in askable if each not in answers]
        answers |= by_id(ask_singly(rest, self._fetch_one, self.at_once))
        return [answers[each] for each in wanted]

    def _fetch_unchanged(self, codes: Sequence[str]) -> dict[str, Answer]:
        """What we were told of those that, by the list, have not changed since.

        Where a list fails (one order may be to blame) or leaves an order out, it says nothing.
        """
        kept = self._recall(codes)
        known = [each for each in codes if each in kept]
        answers: dict[str, Answer] = {}
        for start in range(0, len(known), PAGE):
            chunk = known[start : start + PAGE]
            params: Params = {"orderCodes": ",".join(chunk), "itemsPerPage": PAGE, "page": 1}
            try:
                rows, _, response = self._api.get_list("orders", "orders", params)
            except ServerError:
                continue
            answers |= self._unchanged(rows, kept, response)
        return answers

    def _unchanged(
        self, rows: Iterable[Any], kept: Mapping[str, SourceOrder], response: Response
    ) -> dict[str, Answer]:
        found = ((identified(row, identifier), row) for row in rows)
        return {
            code: Answer(code, response.sent_at, kept[code])
            for code, row in found
            if code in kept and is_as_told(row, kept[code], self._timezone)
        }

    def _fetch_one(self, code: str) -> Answer:
        sent_at = datetime.now(UTC)
        try:
            response = self._api.get(f"orders/{quote(code, safe='')}", {"include": INCLUDE})
        except SourceError as error:
            return Answer(code, sent_at, error)
        return Answer(code, response.sent_at, self._single(code, response))

    def _single(self, code: str, response: Response) -> SourceOrder | SourceError:
        order = (enclosed(response) or {}).get("order")
        if isinstance(order, dict):
            return single(code, order, self._parse)
        if response.status == 404 and says_gone(response, code):
            return gone()
        return self._api.unexpected(response)

    # all orders, page by page

    def fetch_page(
        self, cursor: str | None, since: datetime | None, by_change: bool = False
    ) -> Page:
        """In the order in which Shoptet lists them, for it can be asked for none."""
        place = read_place(cursor, since)
        key = "changeTime" if by_change else "creationTime"
        while True:
            rows, data, response = self._api.get_list("orders", "orders", place.params(key))
            if not place.steps_back(data):
                break
        following = place.after(rows, data, response, key)
        return Page(
            answers=tuple(self._page_answers(rows, response)),
            cursor=msgspec.json.encode(following).decode() if following else None,
            total=place.total,
        )

    def _page_answers(self, rows: Sequence[Any], response: Response) -> list[Answer]:
        codes = [identified(row, identifier) for row in rows]
        named = list(dict.fromkeys(code for code in codes if code))
        told = self._unchanged(rows, self._recall(named), response) if named else {}
        rest = [code for code in named if code not in told]
        told |= by_id(ask_singly(rest, self._fetch_one, self.at_once))
        for answer in told.values():
            if isinstance(answer.result, Unavailable | Refused):
                raise answer.result  # the whole page is asked for again later
        nameless = BadPayload("The e-shop's list has an order without a readable “code”.")
        answers = (told.get(each, Answer("", response.sent_at, nameless)) for each in codes)
        return [each for each in answers if not isinstance(each.result, OrderNotFound)]

    # code lists

    def fetch_sequences(self) -> list[SequenceEntry]:
        return [
            entry
            for path, key, parse in LISTS
            for entry in readable(self._api.get_list(path, key)[0], parse)
        ]

    def order_url(self, external_id: str) -> str:
        """The search for the order in the administration, or its list of orders."""
        search = self._learned.get("search", "")
        if not search:
            return self._learned.get("orders", self._address)
        return f"{search}?string={quote(external_id, safe='')}&src=orders"


def by_id(answers: Iterable[Answer]) -> dict[str, Answer]:
    return {answer.external_id: answer for answer in answers}


def says_gone(response: Response, code: str) -> bool:
    """Whether it is the order that is not found, and not the address."""
    return any(
        error == "order-not-found" or concerned == code
        for error, concerned in told_errors(response)
    )


def introduced(data: Mapping[str, Any]) -> ShopInfo:
    """What the e-shop's own data say: its name, time zone and administration."""
    contact, settings = mapping(data, "contactInformation"), mapping(data, "settings")
    timezone = text(settings, "timezone")
    try:
        ZoneInfo(timezone)
    except (ValueError, OSError, KeyError):
        timezone = TIMEZONE
    listed = {text(row, "ident"): text(row, "url") for row in objects(data, "urls")}
    orders = listed.get("admin-orders-list") or text(contact, "url")
    learned = {}
    if re.match(r"https?://", orders):
        learned["orders"] = orders
        slug = SEARCH.get(text(settings, "internals"))
        if slug:
            learned["search"] = f"{base_address(orders, ADMINISTRATION)}/admin/{slug}/"
    return ShopInfo(name=text(contact, "eshopName"), timezone=timezone, learned=learned)
