"""What the shared contract test needs of a platform, and the one order that all of them tell."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from msgspec import structs

from eshops.adapters import ADAPTERS
from eshops.source import (
    Adapter,
    Answer,
    Connection,
    ItemKind,
    SourceAddress,
    SourceItem,
    SourceOrder,
)
from tests.harness.web import Asked, Reply, WebServer

D = Decimal
PLACED = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
CHANGED = datetime(2026, 11, 3, 10, 45, tzinfo=UTC)

LOGICAL = SourceOrder(
    external_id="1",
    number="1",
    placed_at=PLACED,
    source_modified_at=CHANGED,
    status_code="",
    is_paid=True,
    paid_at=datetime(2026, 11, 2, 9, 31, tzinfo=UTC),
    payment_code="",
    payment_name="Kartou online",
    delivery_code="",
    delivery_name="Zásilkovna",
    currency="EUR",
    total=D("78.51"),
    net=D("66"),
    tax=D("12.51"),
    shipping=D("4.84"),
    discount=D("6.05"),
    refunded=D("5.60"),
    customer_email="zofie@example.test",
    customer_phone="+420601123456",
    customer_name="Žofie Nováková",
    customer_note="Prosím <b>zvonit</b> & čekat",
    company_id="12345678",
    tax_id="",
    vat_id="CZ12345678",
    pickup_point_id="1234",
    pickup_point_name="Z-BOX Praha 1",
    billing=SourceAddress(
        first_name="Žofie",
        last_name="Nováková",
        company="Káva s.r.o.",
        line1="Krátká 2/5",
        city="Brno",
        postcode="602 00",
        country="CZ",
        phone="+420601123456",
        email="zofie@example.test",
    ),
    shipping_address=SourceAddress(
        first_name="Jan",
        last_name="Svoboda",
        line1="Dlouhá 10",
        city="Praha",
        postcode="110 00",
        country="CZ",
    ),
    items=(
        SourceItem(
            external_id="11",
            kind=ItemKind.PRODUCT,
            name="Espresso Ő 1 kg",
            sku="COF-ESP",
            ean="8594001234567",
            product_id="501",
            quantity=D(2),
            unit_price=D("7.5"),
            tax_rate=D(21),
            net=D(15),
            tax=D("3.15"),
            gross=D("18.15"),
        ),
        SourceItem(
            external_id="12",
            kind=ItemKind.PRODUCT,
            name="Tričko <b>Káva</b>",
            variant="Velikost: M",
            sku="TEE-M",
            product_id="502",
            variant_id="5021",
            unit_price=D(30),
            tax_rate=D(21),
            net=D(30),
            tax=D("6.3"),
            gross=D("36.3"),
        ),
        SourceItem(
            external_id="13",
            kind=ItemKind.PRODUCT,
            name="Čaj",
            sku="TEA",
            product_id="503",
            quantity=D(3),
            unit_price=D(5),
            tax_rate=D(12),
            net=D(15),
            tax=D("1.8"),
            gross=D("16.8"),
        ),
        SourceItem(
            external_id="14",
            kind=ItemKind.SHIPPING,
            name="Zásilkovna",
            tax_rate=D(21),
            net=D(4),
            tax=D("0.84"),
            gross=D("4.84"),
        ),
        SourceItem(
            external_id="15",
            kind=ItemKind.FEE,
            name="Dobírka",
            tax_rate=D(21),
            net=D(2),
            tax=D("0.42"),
            gross=D("2.42"),
        ),
        SourceItem(
            external_id="16",
            kind=ItemKind.DISCOUNT,
            name="PODZIM",
            net=D(-5),
            tax=D("-1.05"),
            gross=D("-6.05"),
            in_total=False,
        ),
        SourceItem(
            external_id="17",
            kind=ItemKind.REFUND,
            name="Poškozené",
            gross=D("-5.60"),
            in_total=False,
        ),
    ),
)
"""Three lines at two VAT rates, one of them a variant; a coupon of 6.05 that was taken off the
first line (which cost 10.00 net a piece before), a fee, shipping to a pickup point, a tea refunded;
a company with a VAT ID; a note with diacritics and HTML; another address to ship to."""


class PlatformShop:
    """A shop of one platform, as small as the contract test allows. One class a platform fills in
    what is not given here; `answer` serves `orders` over the loopback server the way the real
    platform does, quirks included, and checks that the adapter asks as the platform wants."""

    platform: ClassVar[str]
    """Its key in `ADAPTERS`."""
    credentials: ClassVar[Mapping[str, str]]
    timezone: ClassVar[str] = "Europe/Prague"
    requests: ClassVar[Mapping[int, int]] = {1: 1, 100: 1}
    """So many orders → so many requests for them, signing in included."""
    differences: ClassVar[Mapping[str, Any]] = {}
    """Fields of `LOGICAL` → what this platform makes of them: its own codes and ids, and "" or None
    for what it cannot say. What needs a reason has one beside it."""
    wait: ClassVar[int | None] = 30
    """How many seconds `slow_down` asks for; None where the platform does not say."""

    def __init__(self, server: WebServer) -> None:
        self.server = server
        self.orders: dict[str, Any] = {}
        """External id → the order in the platform's own shape."""
        self.poison: set[str] = set()
        """Ids of orders that make the platform fail the whole request that asks for them."""
        self.override: Callable[[Asked], Reply | None] = lambda asked: None
        server.answer = lambda asked: self.override(asked) or self.answer(asked)

    def adapter(self, **how: Any) -> Adapter:
        how = {"credentials": self.credentials, "timezone": self.timezone} | how
        return ADAPTERS[self.platform](Connection(base_url=self.server.url, **how))

    def stock(self, *external_ids: str) -> None:
        self.orders |= {each: self.order(each) for each in external_ids}

    def fetch(self, *external_ids: str) -> dict[str, Any]:
        """External id → result."""
        return results(self.adapter().fetch_orders(external_ids))

    # for each platform

    def answer(self, asked: Asked) -> Reply:
        """Serve signing in, orders by ids (failing where `poison` is among them), pages of orders
        in the order of their ids, the connection test and the code lists. All orders were placed
        at `PLACED`; the logical one was changed at `CHANGED`."""
        raise NotImplementedError

    def ids(self, count: int) -> list[str]:
        """Different external ids of the platform's form, the same ones at each call."""
        raise NotImplementedError

    def order(self, external_id: str) -> Any:
        """A small order without anything special, with this id."""
        raise NotImplementedError

    def logical(self, external_id: str) -> Any:
        """`LOGICAL` in the platform's own shape, with this id."""
        raise NotImplementedError

    def spoiled(self, external_id: str) -> Any:
        """An order with this id that cannot be understood: its total is a word."""
        raise NotImplementedError

    def refusals(self) -> Mapping[str, Reply]:
        """How the platform answers a wrong key and a missing right; "key" and "right"."""
        raise NotImplementedError

    def slow_down(self) -> Reply:
        """How the platform asks for time."""
        raise NotImplementedError


def lines(
    changes: Mapping[str, Mapping[str, Any] | None], **everywhere: Any
) -> tuple[SourceItem, ...]:
    """The lines of `LOGICAL` with other fields: id there → what is different, None to leave the
    line out; `everywhere` is different of all of them."""
    told = []
    for item in LOGICAL.items:
        change = changes.get(item.external_id, {})
        if change is not None:
            told.append(structs.replace(item, **everywhere | dict(change)))
    return tuple(told)


def results(answers: Sequence[Answer]) -> dict[str, Any]:
    return {answer.external_id: answer.result for answer in answers}
