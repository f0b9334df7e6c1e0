"""An order as its e-shop tells it, and the contract every platform's adapter keeps.

Nothing here knows Django, Celery or any one platform. An adapter turns one platform's answers
into these values; the codes in them (status, payment, delivery) are still the e-shop's own, and
`eshops.resolve` gives them the names our settings have for them.

Money is `Decimal` in the order's currency, exactly as the e-shop said it, rounded at the sixth
decimal place where the e-shop sent more. Times are aware and in UTC. Text that the e-shop does
not have is "", a number it does not have is None.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Protocol

import msgspec


class ItemKind(StrEnum):
    PRODUCT = "product"
    SHIPPING = "shipping"
    FEE = "fee"
    DISCOUNT = "discount"
    REFUND = "refund"


class SourceState(StrEnum):
    PRESENT = "present"
    TRASHED = "trashed"
    MISSING = "missing"


class Metadatum(msgspec.Struct, frozen=True):
    """One key and its value, a JSON value that may be nested."""

    key: str
    value: Any


class SourceAddress(msgspec.Struct, frozen=True, kw_only=True):
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    """ISO 3166-1 alpha-2 where the e-shop uses it; some plugins write free text."""
    phone: str = ""
    email: str = ""


class SourceItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an order: a product or one of its charges, discounts and refunds.

    `net + tax = gross` wherever the e-shop states all three. Discounts and refunds are negative.
    """

    external_id: str
    """The line's id in the e-shop, unique among the order's lines of the same kind."""
    kind: ItemKind
    name: str = ""
    variant: str = ""
    product_id: str = ""
    variant_id: str = ""
    sku: str = ""
    ean: str = ""
    quantity: Decimal = Decimal(1)
    unit: str = ""
    unit_price: Decimal | None = None
    """Net price of one unit after discounts, as stated by the e-shop."""
    tax_rate: Decimal | None = None
    """Per cent; of several rates the one they amount to together."""
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None
    in_total: bool = True
    """Whether the order's total contains this line. False for a refund, and for a discount that
    the other lines' figures have taken off already."""
    metadata: tuple[Metadatum, ...] = ()


class SourceOrder(msgspec.Struct, frozen=True, kw_only=True):
    external_id: str
    number: str
    state: SourceState = SourceState.PRESENT
    placed_at: datetime
    source_modified_at: datetime | None = None
    status_code: str = ""
    axes: Mapping[str, str] = {}
    """Of an e-shop that keeps several statuses for one order (order, payment, fulfillment, return):
    each one's code. `status_code` is composed of them, see `eshops.adapters.statuses`."""
    payment_code: str = ""
    payment_name: str = ""
    delivery_code: str = ""
    delivery_name: str = ""
    is_paid: bool = False
    paid_at: datetime | None = None
    currency: str
    """ISO 4217."""
    total: Decimal
    """What the customer owes, with tax, before refunds; for what they kept, where the e-shop takes
    off its total what was cancelled or came back."""
    net: Decimal
    tax: Decimal
    shipping: Decimal
    """Shipping with tax."""
    discount: Decimal
    """Discounts with tax, a positive figure; already taken off the total."""
    refunded: Decimal
    """What was refunded, a positive figure; not taken off the total."""
    customer_email: str = ""
    customer_phone: str = ""
    customer_name: str = ""
    customer_note: str = ""
    company_id: str = ""
    """The company's number in its register (IČO); this and the ones below where the platform has a
    field of its own for it. Where a plugin keeps it in the metadata, a mapping brings it."""
    tax_id: str = ""
    """DIČ in Slovakia, where the VAT ID is another number."""
    vat_id: str = ""
    pickup_point_id: str = ""
    pickup_point_name: str = ""
    tracking_number: str = ""
    """Of several parcels all, with ", " between them."""
    tracking_url: str = ""
    variable_symbol: str = ""
    billing: SourceAddress = SourceAddress()
    shipping_address: SourceAddress = SourceAddress()
    items: tuple[SourceItem, ...] = ()
    metadata: tuple[Metadatum, ...] = ()


class SequenceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an e-shop's code lists. `kind` is status, delivery or payment."""

    kind: str
    code: str
    name: str
    type: str = ""
    description: str = ""
    color: str = ""
    """A status's own colour, as #1d5fbf."""
    price: Decimal | None = None
    """What a delivery type or payment method costs, where the e-shop says that in one number."""


class ShopInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection test learns about the e-shop."""

    name: str = ""
    timezone: str = "UTC"
    learned: Mapping[str, str] = {}
    """What the adapter wants to be told the next time it is opened; nothing secret. It is learnt
    anew with the code lists, every eight hours."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of an import; `cursor` asks for the next one and is None after the last."""

    answers: tuple["Answer", ...]
    cursor: str | None
    total: int | None = None
    """How many orders the whole import has, where the platform says so."""


class SourceError(Exception):
    """Why an e-shop did not give us an order. Its text is for staff and free of secrets."""

    kind: ClassVar[str] = "error"


class Unavailable(SourceError):
    """The e-shop cannot answer now (outage, time-out, throttling). Worth trying again later."""

    kind = "unavailable"

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(SourceError):
    """The e-shop does not let us in. Asking again is useless until a person changes something."""

    kind = "refused"


class OrderNotFound(SourceError):
    """The e-shop is sure that it has no such order (any more)."""

    kind = "not_found"


class BadPayload(SourceError):
    """The answer for this order cannot be understood. The other orders are not concerned."""

    kind = "bad_payload"


class Answer(msgspec.Struct, frozen=True):
    """What the e-shop said about one order, and when the request that made it say so was sent."""

    external_id: str
    sent_at: datetime
    result: SourceOrder | SourceError


class Adapter(Protocol):
    """Speaks one platform's API for one e-shop. It only ever reads.

    Every method raises `Unavailable` when the e-shop cannot answer and `Refused` when it does not
    let us in; no message ever holds a credential.
    """

    batch_size: int
    """How many orders `fetch_orders` may be asked for at once."""

    def fetch_info(self) -> ShopInfo:
        """Prove that address and credentials work, with an authorised request that reads orders."""

    def fetch_orders(self, external_ids: Sequence[str]) -> list[Answer]:
        """Ask for up to `batch_size` orders in as few requests as the platform can.

        One answer for every distinct id, in the order asked. What is wrong with one order
        (`OrderNotFound`, `BadPayload`, an `Unavailable` of its own) is that answer's result.
        """

    def fetch_page(
        self, cursor: str | None, since: datetime | None, by_change: bool = False
    ) -> Page:
        """One page of the orders placed, or changed, since then (all when None), oldest id first.

        Start with cursor None and go on with the page's own cursor until that is None. Orders that
        appear or disappear meanwhile may be told twice but are never skipped. An answer whose order
        has no readable id is a `BadPayload` with the id "".
        """

    def fetch_sequences(self) -> list[SequenceEntry]:
        """The e-shop's order statuses, delivery types and payment methods."""

    def order_url(self, external_id: str) -> str:
        """The order's page in the e-shop's own administration."""


Turn = Callable[[], AbstractContextManager[object]]
"""Entered before each request and left after its answer: waits until the e-shop may be asked, and
keeps it from being asked too often and by too many at once (see `sync.limits`)."""

Recall = Callable[[Sequence[str]], Mapping[str, SourceOrder]]
"""External ids → what the e-shop last told about those orders, as far as that is kept and is what
our copies were made of. An adapter that learns from a cheap request that an order has not been
changed since may answer with that instead of asking for all of it again."""


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """What an adapter needs to speak to one e-shop."""

    base_url: str
    credentials: Mapping[str, str]
    timezone: str = "UTC"
    learned: Mapping[str, str] = {}
    """The last `ShopInfo.learned`."""
    turn: Turn = nullcontext
    recall: Recall = lambda external_ids: {}

    def __repr__(self) -> str:
        return f"Connection({self.base_url!r})"


class Credential(msgspec.Struct, frozen=True):
    """One thing staff enter to connect an e-shop."""

    label: str
    where: str
    """Where it is found in the e-shop's own administration."""
    is_secret: bool = True


class AdapterFactory(Protocol):
    """A platform's entry in `eshops.adapters.ADAPTERS`."""

    label: str
    address_hint: str
    """What staff enter as the e-shop's address."""
    address: str
    """The address all its e-shops share; "" where each has its own."""
    sign_ins: Sequence[Mapping[str, Credential]]
    """The ways to be let in, the usual one first: each way's credentials by their keys."""
    capabilities: frozenset[str]
    """What of the optional things it can do: "sequences" (`fetch_sequences` has something to tell)
    and "changed_since" (`fetch_page` can go by the time of a change)."""
    lists: frozenset[str]
    """The kinds of code lists `fetch_sequences` tells: of "status", "delivery" and "payment". The
    codes of the other kinds are learnt from the orders."""
    status_rule: str
    """How the status is composed, for staff; "" where the e-shop has one status for an order."""
    at_once: int
    """How many requests the e-shop may be sent at the same time."""

    def __call__(self, connection: Connection) -> Adapter: ...
