"""Medusa 2, admin REST API: how to ask it.

What its orders and code lists mean is in `orders`, `lines`, `credits` and `sequences`, what an
order is asked for in `fields`. Seen on Medusa 2.21: ids that are absent, and drafts, are silently
left out of the list, though asked for by id; without a limit it has 15 orders; `id[$gt]` and an
order by id go through all of them; parameters and fields it does not know are ignored; a head of
16 kB is too long for Node (431).
"""

import re
from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

from eshops.adapters.address import base_address
from eshops.adapters.answers import answered, gone, identified, readable, single
from eshops.adapters.batch import complete, fetch_all
from eshops.adapters.bearer import Bearer
from eshops.adapters.http import TOO_MUCH, HttpClient, NotData, Response, TooLarge
from eshops.adapters.medusa.fields import FIELDS
from eshops.adapters.medusa.lines import identifier
from eshops.adapters.medusa.orders import parse_order
from eshops.adapters.medusa.sequences import STATUSES, Parse, parse_delivery, parse_payment
from eshops.adapters.reading import integer, text
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

Params = list[tuple[str, str | int]]

PAGE = 100
PASTED_TAIL = re.compile(r"/(?:app|admin)(?:/.*)?$")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SLUG = re.compile(r"[a-z_]{1,40}")
DELIVERY_FIELDS = (
    "id,name,rules.attribute,rules.value,service_zone.name,service_zone.fulfillment_set.type"
)
LISTS: tuple[tuple[str, str, str, Parse], ...] = (
    ("admin/shipping-options", "shipping_options", DELIVERY_FIELDS, parse_delivery),
    ("admin/payments/payment-providers", "payment_providers", "id,is_enabled", parse_payment),
)


class Medusa:
    """An e-shop on Medusa 2. Implements `eshops.source.Adapter`."""

    label: ClassVar[str] = "Medusa"
    address_hint: ClassVar[str] = (
        "The server's, which has the administration at /app; not the shop window's."
    )
    address: ClassVar[str] = ""
    sign_ins: ClassVar[Sequence[Mapping[str, Credential]]] = (
        {
            "api_key": Credential(
                "Secret API key",
                "Settings → Secret API Keys → Create, in the administration. Shown once.",
            )
        },
        {
            "email": Credential("E-mail", "A user's, as under Settings → Users.", is_secret=False),
            "password": Credential("Password", "The one this user signs in with."),
        },
    )
    capabilities: ClassVar[frozenset[str]] = frozenset({"sequences", "changed_since"})
    lists: ClassVar[frozenset[str]] = frozenset({"status", "delivery", "payment"})
    status_rule: ClassVar[str] = (
        "Cancelled, draft, refunded, delivered, completed or archived, the first of these that it "
        "is; else how far its fulfillment is, once it was begun; else whether it requires action; "
        "else its payment."
    )
    at_once: ClassVar[int] = 2
    batch_size: int = PAGE

    def __init__(self, connection: Connection) -> None:
        self._address = base_address(connection.base_url, PASTED_TAIL)
        given = connection.credentials
        key, email = given.get("api_key", "").strip(), given.get("email", "").strip()
        password = given.get("password", "")
        door = HttpClient(self._address, secrets=(email, password), turn=connection.turn)
        self._bearer = None if key else Bearer(sign_in=lambda: signed_in(door, email, password))
        self._api = HttpClient(
            self._address,
            auth=self._bearer or (key, ""),
            secrets=(key, email, password),
            turn=connection.turn,
        )

    # connection

    def fetch_info(self) -> ShopInfo:
        response = self._get_list("admin/orders", [("limit", 1), ("fields", "id")])
        if rows_of(response, "orders") is None:
            raise self._unexpected(response) if error_type(response) else not_medusa()
        return ShopInfo(name=self._name())

    def _name(self) -> str:
        """The store's name; "" where we may not read it."""
        try:
            response = self._get_list("admin/stores", [("limit", 1), ("fields", "name")])
            stores = self._rows(response, "stores")
            return text(stores[0], "name") if stores and isinstance(stores[0], dict) else ""
        except (Refused, BadPayload):
            return ""

    # orders by their ids

    def fetch_orders(self, external_ids: Sequence[str]) -> list[Answer]:
        return fetch_all(
            external_ids, self._fetch_batch, _ID.fullmatch, "order ids are of another form"
        )

    def _fetch_batch(self, ids: Sequence[str]) -> list[Answer]:
        params: Params = [("limit", PAGE), ("fields", FIELDS), *(("id[]", each) for each in ids)]
        return complete(ids, self._answers(self._get("admin/orders", params)), self._fetch_one)

    def _fetch_one(self, external_id: str) -> Answer:
        sent_at = datetime.now(UTC)
        try:
            response = self._get(f"admin/orders/{quote(external_id)}", [("fields", FIELDS)])
        except SourceError as error:
            return Answer(external_id, sent_at, error)
        return Answer(external_id, response.sent_at, self._single(external_id, response))

    def _single(self, external_id: str, response: Response) -> SourceOrder | SourceError:
        order = response.body.get("order") if isinstance(response.body, dict) else None
        if response.status < 300 and order is not None:
            return single(external_id, order, parse_order)
        if (response.status, error_type(response)) == (404, "not_found"):
            return gone()
        return self._unexpected(response)

    # all orders, page by page

    def fetch_page(
        self, cursor: str | None, since: datetime | None, by_change: bool = False
    ) -> Page:
        """The ids of orders grow with time. A page begins after the last id of the one before it,
        wherever the others are by then.

        An order that was a draft has the draft's `created_at`, however late it was placed, so that
        those placed since a time are sought among those changed since, as every one of them is. An
        order that came from a cart never was a draft: it is left out if it was placed before.
        """
        told, _, last_id = (cursor or "0:").partition(":")
        params: Params = [("order", "id"), ("limit", PAGE)]
        if last_id:
            params.append(("id[$gt]", last_id))
        if since is not None:
            moment = since.astimezone(UTC).isoformat(timespec="milliseconds")
            params.append(("updated_at[$gte]", moment))
        more = ",cart.id" if since is not None and not by_change else ""
        answers, response = self._fetch_list_page(params, more)
        ids = [each.external_id for each in answers if each.external_id]
        count = self._count(response)
        following = None
        if count > len(answers):
            if not ids:
                raise self._unexpected(response)
            following = f"{int(told) + len(answers)}:{ids[-1]}"
        if since is None or by_change:
            return Page(answers=tuple(answers), cursor=following, total=int(told) + count)
        rows = self._rows(response, "orders")
        carts = {identified(row, identifier) for row in rows if has_cart(row)}
        placed = [each for each in answers if not is_placed_before(each, since, carts)]
        return Page(answers=tuple(placed), cursor=following)

    def _fetch_list_page(self, params: Params, more: str) -> tuple[list[Answer], Response]:
        try:
            response = self._get("admin/orders", [*params, ("fields", FIELDS + more)])
            return self._answers(response), response
        except TOO_MUCH:
            pass  # one order may be to blame: learn which there are and ask by their ids
        response = self._get_list("admin/orders", [*params, ("fields", "id" + more)])
        ids = [identified(row, identifier) for row in self._rows(response, "orders")]
        return self.fetch_orders([each for each in ids if each]), response

    # code lists

    def fetch_sequences(self) -> list[SequenceEntry]:
        found = entries(STATUSES)
        for path, key, fields, parse in LISTS:
            found += readable(self._get_all(path, key, fields), parse)
        return found

    def _get_all(self, path: str, key: str, fields: str) -> list[Any]:
        found: list[Any] = []
        while True:
            params: Params = [("limit", PAGE), ("offset", len(found)), ("fields", fields)]
            response = self._get_list(path, params)
            rows = self._rows(response, key)
            found += rows
            if not rows or len(found) >= self._count(response):
                return found

    def order_url(self, external_id: str) -> str:
        return f"{self._address}/app/orders/{quote(external_id, safe='')}"

    # talking

    def _get(self, path: str, params: Params) -> Response:
        def ask() -> Response:
            return self._api.get(f"{path}?{urlencode(params, safe=',*')}")

        return self._bearer.signed_in(ask) if self._bearer else ask()

    def _get_list(self, path: str, params: Params) -> Response:
        """For a list whose size no single order can be blamed for."""
        try:
            return self._get(path, params)
        except TooLarge as error:
            raise Unavailable(str(error)) from None

    def _rows(self, response: Response, key: str) -> list[Any]:
        rows = rows_of(response, key)
        if rows is None:
            raise self._unexpected(response)
        return rows

    def _count(self, response: Response) -> int:
        """How many rows there are from this page on."""
        try:
            return integer(response.body, "count")
        except BadPayload:
            raise self._unexpected(response) from None

    def _answers(self, response: Response) -> list[Answer]:
        rows = self._rows(response, "orders")
        return answered(rows, parse_order, identifier, response.sent_at)

    def _unexpected(self, response: Response) -> NotData:
        return NotData(
            f"{urlsplit(self._address).hostname} does not answer as Medusa does (status "
            f"{response.status}{error_type(response, ', ')}). Try again later; if it stays so, "
            "check the e-shop's address and whether its Medusa is up to date."
        )


def signed_in(door: HttpClient, email: str, password: str) -> str:
    """The token, which lives for 24 hours, of the user with this e-mail and password."""
    try:
        response = door.post("auth/user/emailpass", {"email": email, "password": password})
    except TooLarge as error:
        raise Unavailable(str(error)) from None
    body = response.body if isinstance(response.body, dict) else {}
    token = body.get("token")
    if isinstance(token, str) and token:
        return token
    if body.get("mfa_required"):
        raise Refused(
            "This user signs in with a second factor, which Fynode has not. Give it a secret API "
            "key instead."
        )
    raise not_medusa()


def not_medusa() -> Refused:
    return Refused(
        "This address answers, but not as a Medusa server. Check the address: it is the one that "
        "has the administration at /app, and may be another than the shop window's."
    )


def has_cart(row: Any) -> bool:
    return isinstance(row, dict) and bool(row.get("cart"))


def is_placed_before(answer: Answer, since: datetime, from_carts: Container[str]) -> bool:
    if not isinstance(answer.result, SourceOrder):
        return False
    return answer.external_id in from_carts and answer.result.placed_at < since


def rows_of(response: Response, key: str) -> list[Any] | None:
    body = response.body
    rows = body.get(key) if response.status < 300 and isinstance(body, dict) else None
    return rows if isinstance(rows, list) else None


def error_type(response: Response, before: str = "") -> str:
    """Medusa's type of an error, which is a slug."""
    found = response.body.get("type") if isinstance(response.body, dict) else None
    return before + found if isinstance(found, str) and _SLUG.fullmatch(found) else ""
