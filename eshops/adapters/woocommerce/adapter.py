"""WooCommerce REST API v3: how to ask it.

What its orders and code lists mean is in `orders` and `sequences`.

Observed on WooCommerce 10.5: an empty `include` returns the whole shop; ids that are trashed,
deleted or of an unregistered status are silently left out of a list, though asked for by id;
a page past the end answers 200 with an X-WP-Total of 0.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from msgspec import structs

from eshops.adapters.address import base_address
from eshops.adapters.answers import answered, gone, identified, readable, single
from eshops.adapters.batch import complete, fetch_all
from eshops.adapters.http import (
    TOO_MUCH,
    HttpClient,
    Response,
    TooLarge,
    Unauthorized,
)
from eshops.adapters.reading import integer, listed, text
from eshops.adapters.woocommerce.orders import identifier, parse_order
from eshops.adapters.woocommerce.sequences import (
    parse_delivery,
    parse_payment,
    parse_status,
    words,
)
from eshops.adapters.woocommerce.sign_in import SignIn
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

NO_SUCH_ORDER = "woocommerce_rest_shop_order_invalid_id"
PAGE = 100
KEYS_PAGE = "WooCommerce → Settings → Advanced → REST API → Add key, with permission Read."

_ID = re.compile(r"[1-9][0-9]{0,18}")
PASTED_TAIL = re.compile(r"/(?:wp-json|wp-admin|wp-login\.php)(?:/.*)?$")
_SLUG = re.compile(r"[a-z0-9_-]{1,80}")
_WHOLE: Params = {"dp": 6, "status": "any"}


class WooCommerce:
    """An e-shop on WooCommerce. Implements `eshops.source.Adapter`."""

    label: ClassVar[str] = "WooCommerce"
    address_hint: ClassVar[str] = "As in a browser, without a page of the administration."
    address: ClassVar[str] = ""
    sign_ins: ClassVar[Sequence[Mapping[str, Credential]]] = (
        {
            "consumer_key": Credential("Consumer key", KEYS_PAGE),
            "consumer_secret": Credential("Consumer secret", "Shown once, beside the key."),
        },
    )
    capabilities: ClassVar[frozenset[str]] = frozenset({"sequences", "changed_since"})
    lists: ClassVar[frozenset[str]] = frozenset({"status", "delivery", "payment"})
    status_rule: ClassVar[str] = ""
    at_once: ClassVar[int] = 2
    batch_size: int = PAGE

    def __init__(self, connection: Connection) -> None:
        self._address = base_address(connection.base_url, PASTED_TAIL)
        self._timezone = connection.timezone
        self._parse = partial(parse_order, timezone=connection.timezone)
        key = connection.credentials.get("consumer_key", "").strip()
        secret = connection.credentials.get("consumer_secret", "").strip()
        self._sign_in = SignIn(self._address, key, secret, connection.learned.get("sign_in", ""))
        self._index = HttpClient(f"{self._address}/wp-json", turn=connection.turn)
        self._api = HttpClient(
            f"{self._address}/wp-json/wc/v3",
            auth=self._sign_in,
            secrets=(key, secret),
            turn=connection.turn,
        )

    # connection

    def fetch_info(self) -> ShopInfo:
        info = self._introduction()
        self._rows(self._get_list("orders", {"per_page": 1, "_fields": "id"}))
        return structs.replace(info, learned={"sign_in": self._sign_in.way})

    def _introduction(self) -> ShopInfo:
        """What WordPress tells anyone about itself, unless a security plugin hides it."""
        try:
            response = self._index.get("")
        except Refused:
            return ShopInfo(timezone=self._timezone)  # the next request shows whether it matters
        except TooLarge as error:
            raise Unavailable(str(error)) from None
        index = response.body if response.status < 400 else None
        if not isinstance(index, dict) or not {"name", "namespaces", "routes"} & index.keys():
            raise _not_woocommerce()
        namespaces = index.get("namespaces")
        if isinstance(namespaces, list) and "wc/v3" not in namespaces:
            raise _not_woocommerce()
        return ShopInfo(name=words(index, "name"), timezone=_timezone(index))

    # orders by their ids

    def fetch_orders(self, external_ids: Sequence[str]) -> list[Answer]:
        return fetch_all(
            external_ids, self._fetch_batch, _ID.fullmatch, "order ids are whole numbers"
        )

    def _fetch_batch(self, ids: Sequence[str]) -> list[Answer]:
        include: Params = {"include": ",".join(ids), "orderby": "include", "per_page": PAGE}
        return complete(ids, self._answers(self._get("orders", include | _WHOLE)), self._fetch_one)

    def _fetch_one(self, external_id: str) -> Answer:
        sent_at = datetime.now(UTC)
        try:
            response = self._get(f"orders/{external_id}", {"dp": 6})
        except SourceError as error:
            return Answer(external_id, sent_at, error)
        return Answer(external_id, response.sent_at, self._single(external_id, response))

    def _single(self, external_id: str, response: Response) -> SourceOrder | SourceError:
        if response.status < 300:
            return single(external_id, response.body, self._parse)
        if (response.status, _error_code(response)) == (404, NO_SUCH_ORDER):
            return gone()
        return self._unexpected(response)

    # all orders, page by page

    def fetch_page(
        self, cursor: str | None, since: datetime | None, by_change: bool = False
    ) -> Page:
        page, known = _read_cursor(cursor)
        past_end = False
        while True:
            answers, response = self._fetch_list_page(page, since, by_change)
            total = _header(response, "X-WP-Total")
            if page == 1 or known is None:
                break
            if not answers and not past_end:  # the total is said to be 0 here: look one page back
                page, past_end = page - 1, True
            elif total is not None and total < known:  # orders moved to pages we have left behind
                page, known = max(1, page - -(-(known - total) // PAGE)), total
                past_end = False
            else:
                break
        pages = _header(response, "X-WP-TotalPages")
        last = page >= pages if pages is not None else len(answers) < PAGE
        following = f"{page + 1}:{'' if total is None else total}"
        return Page(
            answers=tuple(answer for answer in answers if not _is_a_cart(answer)),
            cursor=None if last or past_end else following,
            total=total,
        )

    def _fetch_list_page(
        self, page: int, since: datetime | None, by_change: bool
    ) -> tuple[list[Answer], Response]:
        params: Params = {"orderby": "id", "order": "asc", "per_page": PAGE, "page": page, **_WHOLE}
        if since is not None:
            params["modified_after" if by_change else "after"] = since.astimezone(UTC).strftime(
                "%Y-%m-%dT%H:%M:%SZ"
            )
        try:
            response = self._get("orders", params)
            return self._answers(response), response
        except TOO_MUCH:
            pass  # one order may be to blame: learn which there are and ask by their ids
        response = self._get_list("orders", params | {"_fields": "id"})
        ids = [identified(row, identifier) for row in self._rows(response)]
        return self.fetch_orders([each for each in ids if each]), response

    # code lists

    def fetch_sequences(self) -> list[SequenceEntry]:
        return [
            *readable(self._statuses(), parse_status),
            *readable(self._rows(self._get_list("payment_gateways")), parse_payment),
            *self._deliveries(),
        ]

    def _statuses(self) -> list[Any]:
        response = self._get_list("orders/statuses")
        if response.status == 404:  # before WooCommerce 9.6
            response = self._get_list("reports/orders/totals")
        return self._rows(response)

    def _deliveries(self) -> Iterator[SequenceEntry]:
        for zone in self._rows(self._get_list("shipping/zones")):
            zone_id = zone.get("id") if isinstance(zone, dict) else None
            if isinstance(zone_id, int):  # 0 is the zone for everywhere else
                methods = self._rows(self._get_list(f"shipping/zones/{zone_id}/methods"))
                yield from readable(methods, partial(parse_delivery, zone=words(zone, "name")))

    def order_url(self, external_id: str) -> str:
        return f"{self._address}/wp-admin/post.php?post={quote(external_id)}&action=edit"

    # talking

    def _get(self, path: str, params: Params | None = None) -> Response:
        try:
            response = self._api.get(path, params)
        except Unauthorized as refusal:
            if self._sign_in.proven:
                raise
            response = self._get_otherwise(path, params, refusal)
        self._sign_in.proven |= response.status < 300
        return response

    def _get_otherwise(self, path: str, params: Params | None, refusal: Unauthorized) -> Response:
        """Ask again, signed in each other way; `refusal` when none of them is let in."""
        first, *others = self._sign_in.ways
        for self._sign_in.way in others:
            with suppress(Unauthorized):
                return self._api.get(path, params)
        self._sign_in.way = first
        raise refusal

    def _get_list(self, path: str, params: Params | None = None) -> Response:
        """For a list whose size no single order can be blamed for."""
        try:
            return self._get(path, params)
        except TooLarge as error:
            raise Unavailable(str(error)) from None

    def _rows(self, response: Response) -> list[Any]:
        if response.status == 404:
            raise Unavailable(
                "The e-shop does not know the orders API: is the WooCommerce plugin active?"
            )
        body = response.body
        rows = listed(body) if response.status < 300 and body not in (None, {}) else None
        if rows is None:
            raise self._unexpected(response)
        return rows

    def _answers(self, response: Response) -> list[Answer]:
        return answered(self._rows(response), self._parse, identifier, response.sent_at)

    def _unexpected(self, response: Response) -> Unavailable:
        return Unavailable(
            f"{urlsplit(self._address).hostname} gave an answer we did not expect "
            f"(status {response.status}{_error_code(response, ', ')}). Try again later; if it "
            "stays so, look whether a plugin changes the WooCommerce API."
        )


def _not_woocommerce() -> Refused:
    return Refused(
        "This address answers, but not as a WooCommerce e-shop. Check the address, whether the "
        "WooCommerce plugin is active and that WordPress permalinks are not set to “Plain”."
    )


def _is_a_cart(answer: Answer) -> bool:
    """Whether somebody is still at the checkout, or has left it: nothing was ordered."""
    return isinstance(answer.result, SourceOrder) and answer.result.status_code == "checkout-draft"


def _error_code(response: Response, before: str = "") -> str:
    """WordPress's code of an error, which is a slug."""
    found = response.body.get("code") if isinstance(response.body, dict) else None
    return before + found if isinstance(found, str) and _SLUG.fullmatch(found) else ""


def _header(response: Response, name: str) -> int | None:
    value = response.headers.get(name, "").strip()
    return int(value) if re.fullmatch(r"[0-9]{1,9}", value) else None


def _read_cursor(cursor: str | None) -> tuple[int, int | None]:
    """Which page is next, and how many orders there were when the one before it was told."""
    if cursor is None:
        return 1, None
    page, _, total = cursor.partition(":")
    return int(page), int(total) if total else None


def _timezone(index: Mapping[str, Any]) -> str:
    """The shop's time zone; of one given as whole hours the fixed one, whose sign is reversed."""
    try:
        name = text(index, "timezone_string")
        if name and ZoneInfo(name):
            return name
        hours = integer(index, "gmt_offset", 0)
    except (BadPayload, ValueError, OSError, KeyError):
        return "UTC"
    return f"Etc/GMT{-hours:+d}" if hours and -12 <= hours <= 14 else "UTC"
