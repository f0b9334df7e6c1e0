"""PrestaShop's webservice: how to ask it.

What belongs to an order is in `resources`, what it means in `orders`, `lines` and `products`, what
the code lists mean in `sequences`, and what an error means in `refusals`.

Facts from answers of a PrestaShop 9.1 and its source code: an Accept header brings XML all the
same; a single order would lack every field that is 0 or empty, so lists are asked for; an empty
list is a bare []; there is no total count. `date_upd` moves with the status and the order's own
fields, not with its tracking number, an address or a message: such a change is seen by asking for
the order, not by asking what was changed.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from eshops.adapters.address import base_address
from eshops.adapters.answers import another, answered, gone, identified, readable
from eshops.adapters.batch import complete, fetch_all
from eshops.adapters.http import TOO_MUCH, HttpClient, NotData, Response, ServerError, TooLarge
from eshops.adapters.prestashop.orders import parse_order
from eshops.adapters.prestashop.refusals import KEYS_PAGE, NotAllowed, explained, not_allowed
from eshops.adapters.prestashop.resources import (
    ESSENTIAL,
    LEARNED,
    OPTIONAL,
    RESOURCES,
    Resource,
    Tables,
    among,
    grouped,
    wanted,
)
from eshops.adapters.prestashop.rows import Row, identifier, reference
from eshops.adapters.prestashop.sequences import (
    CARRIER_FIELDS,
    STATUS_FIELDS,
    parse_delivery,
    parse_status,
    present,
)
from eshops.adapters.reading import decode, listed, text
from eshops.source import (
    Answer,
    Connection,
    Credential,
    Page,
    SequenceEntry,
    ShopInfo,
    SourceError,
    Unavailable,
)

Params = dict[str, str | int]

PAGE = 100
_ID = re.compile(r"[1-9][0-9]{0,18}")
BEYOND = re.compile(r"/(?:api|admin[^/]*|index\.php)(?:/.*)?$")
"""What staff paste behind the shop's address: the administration's folder has a name of its own
that begins with “admin”, unless somebody renamed it."""
ADMIN = re.compile(r"[^/:]/(admin[^/?#]*)")
SETTINGS = ("PS_SHOP_NAME", "PS_TIMEZONE", "PS_LANG_DEFAULT")
SIGNS = ("PSWS-Version", "Access-Time", "Execution-Time")
"""Headers that the webservice puts on each answer."""


class PrestaShop:
    """An e-shop on PrestaShop 1.7 to 9. Implements `eshops.source.Adapter`."""

    label: ClassVar[str] = "PrestaShop"
    address_hint: ClassVar[str] = (
        "As in a browser. With the folder of the administration (https://…/admin123abc) links from "
        "orders lead there."
    )
    address: ClassVar[str] = ""
    sign_ins: ClassVar[Sequence[Mapping[str, Credential]]] = (
        {
            "key": Credential(
                "Webservice key",
                f"{KEYS_PAGE} → Add new webservice key, with View (GET) for "
                f"configurations, {', '.join(ESSENTIAL)}; for all details also for "
                f"{', '.join(OPTIONAL)}. On the same page, Enable PrestaShop's webservice.",
            ),
        },
    )
    capabilities: ClassVar[frozenset[str]] = frozenset({"sequences", "changed_since"})
    lists: ClassVar[frozenset[str]] = frozenset({"status", "delivery"})
    status_rule: ClassVar[str] = ""
    at_once: ClassVar[int] = 2
    batch_size: int = PAGE

    def __init__(self, connection: Connection) -> None:
        self._address = base_address(connection.base_url, BEYOND)
        admin = ADMIN.search(connection.base_url)
        self._admin = admin[1] if admin else "admin"
        self._timezone = connection.timezone
        self._language = connection.learned.get("language", "")
        self._kept = recalled(connection.learned)
        self._denied: set[str] = set()
        key = connection.credentials.get("key", "").strip()
        self._api = HttpClient(
            f"{self._address}/api",
            auth=(key, ""),
            secrets=(key,),
            turn=connection.turn,
            explain=explained,
        )

    # connection

    def fetch_info(self) -> ShopInfo:
        """Reads one row of all that orders need, so that a missing right is found out now."""
        latest: Params = {"display": "[id,id_shop]", "sort": "[id_DESC]", "limit": 1}
        orders = self._rows("orders", latest)
        learned = self._learned()
        for resource in ESSENTIAL[1:]:
            if resource not in learned:
                self._rows(resource, {"display": "[id]", "limit": 1})
        names: Params = {"filter[name]": among(SETTINGS), "display": "full"}
        shop = reference(orders[0], "id_shop") if orders else ""
        settings = own_settings(self._rows("configurations", names), shop)
        return ShopInfo(
            name=settings.get("PS_SHOP_NAME", ""),
            timezone=zone(settings.get("PS_TIMEZONE", "")) or self._timezone,
            learned={"language": settings.get("PS_LANG_DEFAULT", ""), **learned},
        )

    def _learned(self) -> dict[str, str]:
        """The shop's own lists, each as JSON."""
        found: dict[str, str] = {}
        for resource in LEARNED:
            try:
                rows = self._rows(resource.name, {"display": resource.display})
            except NotAllowed:
                if resource.is_essential:
                    raise
                self._denied.add(resource.name)
                continue
            found[resource.name] = msgspec.json.encode(resource.learned(rows)).decode()
        return found

    # orders by their ids

    def fetch_orders(self, external_ids: Sequence[str]) -> list[Answer]:
        return fetch_all(
            external_ids, self._fetch_batch, _ID.fullmatch, "order ids are whole numbers"
        )

    def _fetch_batch(self, ids: Sequence[str]) -> list[Answer]:
        return complete(ids, self._fetch_listed(ids), self._fetch_one)

    def _fetch_listed(self, ids: Sequence[str]) -> list[Answer]:
        rows, response = self._ask("orders", {"filter[id]": among(ids), "display": "full"})
        return self._answers(rows, response)

    def _fetch_one(self, external_id: str) -> Answer:
        """By a list too: that it is empty proves more than a 404, which comes without a word."""
        sent_at = datetime.now(UTC)
        try:
            told = self._fetch_listed([external_id])
        except SourceError as error:
            return Answer(external_id, sent_at, error)
        result: SourceError = another() if told else gone()
        found = [answer for answer in told if answer.external_id == external_id]
        return found[0] if found else Answer(external_id, sent_at, result)

    # all orders, page by page

    def fetch_page(
        self, cursor: str | None, since: datetime | None, by_change: bool = False
    ) -> Page:
        """Each page begins behind the last id of the one before it, so that whatever appears,
        changes or vanishes meanwhile moves no order out of sight."""
        params: Params = {"sort": "[id_ASC]", "limit": PAGE, "filter[id]": f">[{cursor or 0}]"}
        if since is not None:
            field = "date_upd" if by_change else "date_add"
            params |= {f"filter[{field}]": f">[{written(since, self._timezone)}]", "date": 1}
        try:
            rows, response = self._ask("orders", params | {"display": "full"})
            answers = self._answers(rows, response)
        except TOO_MUCH:  # one order may be to blame: ask by their ids
            rows = self._rows("orders", params | {"display": "[id]"})
            answers = self.fetch_orders([each for each in map(id_of, rows) if each])
        ids = [int(each) for each in map(id_of, rows) if each]
        if len(rows) >= PAGE and not ids:
            raise Unavailable("The e-shop told orders without ids. Try again later.")
        following = str(max(ids)) if len(rows) >= PAGE else None
        return Page(answers=tuple(answers), cursor=following)

    # an order's parts

    def _answers(self, rows: Sequence[Any], response: Response) -> list[Answer]:
        parse = partial(parse_order, tables=self._tables(rows), timezone=self._timezone)
        return answered(rows, parse, identifier, response.sent_at)

    def _tables(self, orders: Sequence[Any]) -> Tables:
        """What these orders name, each resource in one request for all of them."""
        rows: dict[str, Sequence[Any]] = {"orders": orders}
        tables: dict[str, dict[str, list[Row]]] = {}
        for resource in RESOURCES:
            table = self._kept.setdefault(resource.name, {}) if resource.lasts else {}
            lacking = [key for key in wanted(resource, rows) if key not in table]
            if lacking and resource.name not in self._denied:
                rows[resource.name] = found = self._part(resource, lacking)
                table |= grouped(found, resource.key, lacking)
            if resource.name not in self._denied:
                tables[resource.name] = table
        return tables

    def _part(self, resource: Resource, keys: Sequence[str]) -> list[Any]:
        params: Params = {f"filter[{resource.key}]": among(keys), "display": resource.display}
        try:
            return self._ask(resource.name, params)[0]
        except NotAllowed:
            if resource.is_essential:
                raise
            self._denied.add(resource.name)
            return []
        except (ServerError, TooLarge) as error:
            if resource.lasts:  # no order can be blamed for the shop's own lists
                raise Unavailable(str(error)) from None
            raise

    # code lists

    def fetch_sequences(self) -> list[SequenceEntry]:
        statuses = self._rows("order_states", {"display": STATUS_FIELDS})
        carriers = self._rows("carriers", {"display": CARRIER_FIELDS})
        return [
            *readable(statuses, partial(parse_status, language=self._language)),
            *readable(present(carriers), partial(parse_delivery, language=self._language)),
        ]

    def order_url(self, external_id: str) -> str:
        """The order's page since PrestaShop 1.7.7. The API does not tell the administration's
        folder; it is known where staff pasted an address with it."""
        return f"{self._address}/{self._admin}/index.php/sell/orders/{external_id}/view"

    # talking

    def _rows(self, resource: str, params: Params) -> list[Any]:
        """A list whose size no single order can be blamed for."""
        try:
            return self._ask(resource, params)[0]
        except TooLarge as error:
            raise Unavailable(str(error)) from None

    def _ask(self, resource: str, params: Params) -> tuple[list[Any], Response]:
        try:
            response = self._api.get(resource, {**params, "output_format": "JSON"})
        except NotAllowed:
            raise not_allowed(resource) from None
        body = response.body
        if response.status == 200 and isinstance(body, dict):
            rows = listed(body.get("order_slips" if resource == "order_slip" else resource, ""))
            if rows is not None:
                return rows, response
        host = urlsplit(self._address).hostname
        if response.status == 200 and body == [] and any(map(response.headers.get, SIGNS)):
            return [], response
        if response.status in (200, 404):
            raise NotData(
                f"{host} does not answer as PrestaShop's webservice does. Check the e-shop's "
                f"address, and in {KEYS_PAGE} whether the webservice is enabled; if both are "
                "right, try again later."
            )
        raise Unavailable(
            f"{host} gave an answer we did not expect (status {response.status}). Try again later."
        )


def recalled(learned: Mapping[str, str]) -> dict[str, dict[str, list[Row]]]:
    """Resource → key → its row, as far as the connection test has learnt them."""
    return {
        each.name: {key: [row] for key, row in decode(learned[each.name].encode()).items()}
        for each in LEARNED
        if each.name in learned
    }


def id_of(row: Any) -> str:
    return identified(row, identifier)


def own_settings(rows: Sequence[Any], shop: str) -> dict[str, str]:
    """Name → value; where several shops share the installation the shop's own, else that of all."""
    return {
        text(row, "name"): text(row, "value")
        for which in ("", shop)
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("value"), str)
        if reference(row, "id_shop") == which
    }


def zone(name: str) -> str:
    """`name`, if it is that of a time zone."""
    try:
        return ZoneInfo(name).key if name else ""
    except (ValueError, OSError, KeyError):
        return ""


def written(since: datetime, timezone: str) -> str:
    """The second before `since` on the shop's clock, for the filter wants what is later; where the
    clock is put back within the hour, as much earlier: it will show the same times again."""
    before = (since - timedelta(seconds=1)).astimezone(ZoneInfo(timezone))
    later = (before.astimezone(UTC) + timedelta(hours=1)).astimezone(ZoneInfo(timezone))
    back = (before.utcoffset() or timedelta()) - (later.utcoffset() or timedelta())
    shown = before.replace(tzinfo=None) - max(back, timedelta())
    return shown.strftime("%Y-%m-%d %H:%M:%S")
