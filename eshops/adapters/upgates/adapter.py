"""Upgates API v2: how to ask it.

What its orders and code lists mean is in `orders`, `lines` and `sequences`.
Facts without another source are from the API Blueprint of April 2025.

Requests are few (10 an hour and 100 a day in the smallest tariff) and after five wrong sign-ins
our address is locked out of all e-shops for an hour: nothing is asked twice in the hope of a better
answer. When the quota is used up, a 429 says when to come back.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from eshops.adapters.address import EVERYTHING, base_address
from eshops.adapters.answers import another, answered, gone, readable
from eshops.adapters.batch import fetch_all
from eshops.adapters.http import HttpClient, NotData, Response, TooLarge
from eshops.adapters.reading import integer, listed, text
from eshops.adapters.upgates.lines import is_on
from eshops.adapters.upgates.orders import ORDER_NUMBER, identifier, parse_order
from eshops.adapters.upgates.sequences import (
    Parse,
    parse_delivery,
    parse_payment,
    parse_status,
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

Params = dict[str, str | int]

PAGE = 100
"""Fixed by the platform."""
API_PAGE = "Doplňky → API in the e-shop's administration."
TIMEZONE = "Europe/Prague"
"""The platform's own: the API tells no other, and a recorded order names it."""
LISTS: tuple[tuple[str, str, Parse], ...] = (
    ("order-statuses", "order_statuses", parse_status),
    ("payments", "payments", parse_payment),
    ("shipments", "shipments", parse_delivery),
)


class _Place(msgspec.Struct):
    """Where an import is: the page to ask for, of the orders since a time."""

    page: int = 1
    since: datetime | None = None
    total: int | None = None

    def after(self, times: Sequence[datetime]) -> "_Place":
        """The place after a page that told orders of these times.

        Orders that are changed or deleted meanwhile move those behind them to earlier pages. So
        the next page is the first one since the last order's time, and a second before that, as
        times are told in seconds and a filter might leave out the time itself. Only where this
        leads no further (all in one second, or a platform that heeds the day alone) it is the next
        page; and where they come in another order than was asked for.
        """
        if times and list(times) == sorted(times):
            since = times[-1] - timedelta(seconds=1)
            if since > max(times[0], self.since or times[0]):
                return _Place(1, since, self.total)
        return _Place(self.page + 1, self.since, self.total)


class Upgates:
    """An e-shop on Upgates. Implements `eshops.source.Adapter`."""

    label: ClassVar[str] = "Upgates"
    address_hint: ClassVar[str] = (
        "The API's, as under Doplňky → API: https://NAME.admin.s24.upgates.com/api/v2"
    )
    address: ClassVar[str] = ""
    sign_ins: ClassVar[Sequence[Mapping[str, Credential]]] = (
        {
            "login": Credential("API login", API_PAGE),
            "api_key": Credential("API key", API_PAGE),
        },
    )
    capabilities: ClassVar[frozenset[str]] = frozenset({"sequences", "changed_since"})
    lists: ClassVar[frozenset[str]] = frozenset({"status", "delivery", "payment"})
    status_rule: ClassVar[str] = ""
    at_once: ClassVar[int] = 1  # of the three allowed, which others' connections may share
    batch_size: int = PAGE

    def __init__(self, connection: Connection) -> None:
        self._address = base_address(connection.base_url, EVERYTHING)
        self._timezone = connection.timezone
        self._parse = partial(parse_order, timezone=connection.timezone)
        self._language = connection.learned.get("language", "")
        login = connection.credentials.get("login", "").strip()
        key = connection.credentials.get("api_key", "").strip()
        self._api = HttpClient(
            f"{self._address}/api/v2",
            auth=(login, key),
            secrets=(login, key),
            turn=connection.turn,
        )

    # connection

    def fetch_info(self) -> ShopInfo:
        since = written(datetime.now(UTC), TIMEZONE)  # pages are long, and nothing of it is needed
        self._get("orders", "orders", {"creation_time_from": since})
        domain, language = self._main_language()
        return ShopInfo(name=domain, timezone=TIMEZONE, learned={"language": language})

    def _main_language(self) -> tuple[str, str]:
        """The main language's domain and code; "" where the login may read no languages."""
        try:
            rows, _ = self._get("languages", "languages")
            languages = [row for row in rows if isinstance(row, dict)]
            main = next((row for row in languages if is_on(row, "default_yn")), {})
            return text(main, "domain"), text(main, "language_id")
        except (Refused, BadPayload):
            return "", ""

    # orders by their numbers

    def fetch_orders(self, external_ids: Sequence[str]) -> list[Answer]:
        return fetch_all(
            external_ids,
            self._fetch_batch,
            ORDER_NUMBER.fullmatch,
            "order numbers are of another form",
        )

    def _fetch_batch(self, numbers: Sequence[str]) -> list[Answer]:
        found, absent = self._fetch_listed(numbers)
        if absent:
            found |= self._fetch_absent(list(absent))
        return [found[each] for each in numbers]

    def _fetch_absent(self, numbers: Sequence[str]) -> dict[str, Answer]:
        """Ask once more, for all that were absent together, as long as that brings some of them.

        Not one by one: `orders/NUMBER` is the same list with another filter, so it can tell nothing
        more, and a hundred deleted orders would use up the quota of a day. Deleted orders are in
        no list, for an order has no sign of being deleted, as a deleted file has.
        """
        sent_at = datetime.now(UTC)
        try:
            found, absent = self._fetch_listed(numbers)
        except SourceError as error:
            return {each: Answer(each, sent_at, error) for each in numbers}
        if found and absent:
            absent = self._fetch_absent(list(absent))
        return found | absent

    def _fetch_listed(self, numbers: Sequence[str]) -> tuple[dict[str, Answer], dict[str, Answer]]:
        """Those of these orders that are listed, and what the list makes of the others."""
        answers: list[Answer] = []
        page, last = 0, False
        while not last:
            page += 1
            response = self._api.get("orders", {"order_numbers": ";".join(numbers), "page": page})
            rows = self._rows(response, "orders")
            answers += self._answers(rows, response)
            total = count(response, "number_of_items")
            # more than there can be: not ours but all orders, and those would take many pages
            last = is_last(response, page, rows) or (total or 0) > len(numbers)
        told = {answer.external_id: answer for answer in answers}
        found = {each: told.pop(each) for each in numbers if each in told}
        missing = absence(others_told=bool(told), complete=len(answers) == total)
        absent = [each for each in numbers if each not in found]
        return found, {each: Answer(each, response.sent_at, missing) for each in absent}

    # all orders, page by page

    def fetch_page(
        self, cursor: str | None, since: datetime | None, by_change: bool = False
    ) -> Page:
        place = msgspec.json.decode(cursor, type=_Place) if cursor else _Place(since=since)
        key = "last_update_time" if by_change else "creation_time"
        params: Params = {"order_by": key, "order_dir": "asc", "page": place.page}
        if place.since is not None:
            params[f"{key}_from"] = written(place.since, self._timezone)
        rows, response = self._get("orders", "orders", params)
        answers = tuple(self._answers(rows, response))
        if cursor is None:
            place.total = count(response, "number_of_items")
        following = None
        if not is_last(response, place.page, rows):
            following = msgspec.json.encode(place.after(times(answers, by_change))).decode()
        return Page(answers=answers, cursor=following, total=place.total)

    # code lists

    def fetch_sequences(self) -> list[SequenceEntry]:
        return [
            entry
            for path, key, parse in LISTS
            for entry in readable(self._get_all(path, key), partial(parse, language=self._language))
        ]

    def _get_all(self, path: str, key: str) -> list[Any]:
        """A whole code list; that of the statuses has no pages."""
        rows, response = self._get(path, key)
        for page in range(2, 1 + (count(response, "number_of_pages") or 1)):
            more, _ = self._get(path, key, {"page": page})
            if not more:
                break
            rows += more
        return rows

    def order_url(self, external_id: str) -> str:
        """The list of orders: an order's own page is named by an id that is not its number, which
        its metadata have as `admin_url`."""
        return f"{self._address}/orders"

    # talking

    def _get(self, path: str, key: str, params: Params | None = None) -> tuple[list[Any], Response]:
        """A list that no single order can be blamed for."""
        try:
            response = self._api.get(path, params)
        except TooLarge as error:
            raise Unavailable(str(error)) from None
        return self._rows(response, key), response

    def _rows(self, response: Response, key: str) -> list[Any]:
        body = response.body if response.status < 300 else None
        found = body.get(key) if isinstance(body, dict) else None
        rows = None if found is None else listed(found)
        if rows is not None:
            return rows
        host = urlsplit(self._address).hostname
        if response.status < 300 or response.status == 404:
            raise NotData(
                f"{host} does not answer as the Upgates API does. Check whether the e-shop's "
                "address is the one under Doplňky → API; if it is, try again later."
            )
        raise Unavailable(
            f"{host} gave an answer we did not expect (status {response.status}). Try again later."
        )

    def _answers(self, rows: Iterable[Any], response: Response) -> list[Answer]:
        return answered(rows, self._parse, identifier, response.sent_at)


def written(moment: datetime, timezone: str) -> str:
    """The time as Upgates writes it: with the offset, so that a reader who overlooks the offset
    understands it too."""
    return moment.astimezone(ZoneInfo(timezone)).isoformat(timespec="seconds")


def times(answers: Iterable[Answer], by_change: bool) -> list[datetime]:
    orders = (answer.result for answer in answers if isinstance(answer.result, SourceOrder))
    told = (order.source_modified_at if by_change else order.placed_at for order in orders)
    return [moment for moment in told if moment is not None]


def count(response: Response, key: str) -> int | None:
    try:
        return integer(response.body, key, None)
    except BadPayload:
        return None


def is_last(response: Response, page: int, rows: Sequence[Any]) -> bool:
    pages = count(response, "number_of_pages")
    return not rows or (len(rows) < PAGE if pages is None else page >= pages)


def absence(others_told: bool, complete: bool) -> SourceError:
    """What is to be said of an order that is missing from the answer."""
    if others_told:
        return another()
    if not complete:
        return Unavailable("The e-shop did not tell all the orders it has. Try again later.")
    return gone()
