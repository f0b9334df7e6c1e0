"""What Saleor's orders mean: the recorded ones, and the oddities of its money."""

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from eshops.adapters.reading import decode
from eshops.adapters.saleor import lines
from eshops.adapters.saleor.orders import is_order_id, parse_order
from eshops.adapters.saleor.sequences import (
    STATUSES,
    collection_points,
    ordered_as,
    shipping_methods,
)
from eshops.source import (
    BadPayload,
    ItemKind,
    Metadatum,
    SequenceEntry,
    SourceAddress,
    SourceItem,
    SourceOrder,
)
from tests.platforms.saleor import event, gid, line, price

D = Decimal
Recorded = Callable[[str], Any]
BARE: dict[str, Any] = {
    "id": gid("Order", 7),
    "number": "7",
    "created": "2026-11-23T06:44:23.978216+00:00",
    "total": price(12.1, 10),
}
FIRST = "2026-11-02T09:31:00+00:00"
LATER = "2026-11-03T09:31:00+00:00"


def parsed(**fields: Any) -> SourceOrder:
    """As the API says it: through JSON, numbers as they are on the wire."""
    return parse_order(decode(json.dumps(BARE | fields).encode()))


def added_up(order: SourceOrder) -> Decimal:
    return sum((item.gross or D(0) for item in order.items if item.in_total), D(0))


def of_kind(order: SourceOrder, kind: ItemKind) -> list[SourceItem]:
    return [item for item in order.items if item.kind is kind]


# recorded orders


@pytest.fixture
def recorded_orders(recorded: Recorded) -> list[Any]:
    """Of 3.24; their lines were not asked for what they cost without tax."""
    lists = [
        recorded(f"saleor/{name}") for name in ("orders_list_first20", "orders_by_ids_filter_8")
    ]
    rows = [edge["node"] for each in lists for edge in each["data"]["orders"]["edges"]]
    return [*rows, recorded("saleor/order_single")["data"]["order"]]


def test_recorded_orders_add_up_to_their_totals(recorded_orders: list[Any]) -> None:
    assert len(recorded_orders) == 29
    for row in recorded_orders:
        order = parse_order(decode(json.dumps(row).encode()))
        assert order.total == added_up(order) == D(str(row["total"]["gross"]["amount"]))
        assert order.net + order.tax == order.total
        assert order.net == D(str(row["total"]["net"]["amount"]))
        for item, told in zip(of_kind(order, ItemKind.PRODUCT), row["lines"], strict=True):
            assert item.gross == D(str(told["totalPrice"]["gross"]["amount"]))
            assert item.unit_price == D(str(told["unitPrice"]["net"]["amount"]))
        assert order.is_paid is row["isPaid"]
        assert (order.discount, order.refunded) == (0, 0)
        assert {f"{axis}:{code}" for axis, code in order.axes.items()} >= {order.status_code}


def test_the_statuses_of_recorded_orders(recorded_orders: list[Any]) -> None:
    statuses = {row["number"]: parse_order(row).status_code for row in recorded_orders}
    assert statuses["130"] == "order:PARTIALLY_FULFILLED"
    assert statuses["129"] == "order:FULFILLED"
    assert statuses["128"] == "order:UNCONFIRMED"
    assert statuses["127"] == "order:UNFULFILLED"
    assert statuses["123"] == "authorize:FULL"
    assert statuses["118"] == "payment:FULL"


def test_a_recorded_order(recorded_orders: list[Any]) -> None:
    order = parse_order(decode(json.dumps(recorded_orders[1]).encode()))
    address = SourceAddress(
        first_name="Christopher",
        last_name="Young",
        line1="02821 Pennington Rapid",
        city="New Courtneyberg",
        region="RI",
        postcode="02811",
        country="US",
    )
    assert structs.replace(order, items=()) == SourceOrder(
        external_id="T3JkZXI6YzU2NTY2OGUtMjU1MS00ZDcwLWI2NGEtYTZlMWQwOTc1MmYy",
        number="129",
        placed_at=datetime(2026, 11, 23, 6, 44, 23, 545692, UTC),
        source_modified_at=datetime(2026, 11, 23, 6, 44, 23, 951695, UTC),
        status_code="order:FULFILLED",
        axes={
            "payment": "FULL",
            "authorize": "FULL",
            "fulfillment": "FULFILLED",
            "order": "FULFILLED",
        },
        delivery_code=gid("ShippingMethod", 4),
        delivery_name="Registered priority",
        is_paid=True,
        currency="USD",
        total=D("260.85"),
        net=D("260.85"),
        tax=D(0),
        shipping=D("42.89"),
        discount=D(0),
        refunded=D(0),
        customer_email="christopher.young@example.com",
        customer_name="Christopher Young",
        billing=address,
        shipping_address=address,
        metadata=(
            Metadatum("erp_number", "202600129"),
            Metadatum("note", "Prosím zavolejte předem ☎"),
            Metadatum("externalReference", "EXT-129"),
            Metadatum("languageCodeEnum", "EN"),
            Metadatum("channel", "default-channel"),
            Metadatum("pspReference", ["cd4b08da-9ff0-4e7d-80e3-8ffd2f7b3282"]),
        ),
    )
    assert order.items[1] == SourceItem(
        external_id="T3JkZXJMaW5lOjk1ZjE1MTQ3LTJmNzQtNDFlZi1hYmQxLTRiNzU1MTRjNWQxOA==",
        kind=ItemKind.PRODUCT,
        name="Bean Juice",
        variant=gid("ProductVariant", 385),  # its id, but it was not asked for that
        quantity=D(4),
        unit_price=D("1.99"),
        tax_rate=D(0),
        gross=D("7.96"),
    )
    assert order.items[3] == SourceItem(
        external_id="shipping",
        kind=ItemKind.SHIPPING,
        name="Registered priority",
        net=D("42.89"),
        tax=D(0),
        gross=D("42.89"),
    )


def test_the_statuses_are_those_of_the_schema(recorded: Recorded) -> None:
    """Each can be told for an order, alone or by what is behind it; one is ours."""
    told = recorded("saleor/order_status_enum")["data"]
    axes = {"order": "s", "payment": "c", "authorize": "a", "fulfillment": "f"}
    known = {axis: {row["name"] for row in told[key]["enumValues"]} for axis, key in axes.items()}
    ours = [status for status in STATUSES if status.code not in known[status.axis]]
    assert [(status.axis, status.code) for status in ours] == [("payment", "REFUNDED")]
    assert {status.code for status in STATUSES if status.axis == "order"} == known["order"]


# the order


@pytest.mark.parametrize(
    ("order", "charged", "authorized", "parcels", "status"),
    [
        ("CANCELED", "FULL", "FULL", ["FULFILLED"], "order:CANCELED"),
        ("EXPIRED", "NONE", "NONE", [], "order:EXPIRED"),
        ("RETURNED", "NONE", "NONE", ["RETURNED"], "order:RETURNED"),
        ("FULFILLED", "NONE", "NONE", ["FULFILLED"], "order:FULFILLED"),
        (
            "UNFULFILLED",
            "FULL",
            "FULL",
            ["WAITING_FOR_APPROVAL"],
            "fulfillment:WAITING_FOR_APPROVAL",
        ),
        (
            "UNFULFILLED",
            "FULL",
            "FULL",
            ["WAITING_FOR_APPROVAL", "CANCELED"],
            "fulfillment:WAITING_FOR_APPROVAL",
        ),
        ("UNFULFILLED", "FULL", "FULL", ["CANCELED"], "payment:FULL"),
        ("UNCONFIRMED", "FULL", "FULL", [], "order:UNCONFIRMED"),
        ("UNFULFILLED", "OVERCHARGED", "FULL", [], "payment:OVERCHARGED"),
        ("UNFULFILLED", "PARTIAL", "FULL", [], "payment:PARTIAL"),
        ("UNFULFILLED", "NONE", "PARTIAL", [], "authorize:PARTIAL"),
        ("UNFULFILLED", "NONE", "NONE", [], "order:UNFULFILLED"),
        ("ON_HOLD", "NONE", "NONE", [], "order:ON_HOLD"),
    ],
)
def test_status(order: str, charged: str, authorized: str, parcels: list[str], status: str) -> None:
    told = parsed(
        status=order,
        chargeStatus=charged,
        authorizeStatus=authorized,
        fulfillments=[{"status": each} for each in parcels],
    )
    assert told.status_code == status


@pytest.mark.parametrize(
    ("order", "charged", "refunded", "status"),
    [
        # Of what was all given back Saleor says the same as of what was never paid.
        ("UNFULFILLED", 0, 20, "payment:REFUNDED"),
        ("FULFILLED", 0, 20, "payment:REFUNDED"),
        ("RETURNED", 0, 20, "order:RETURNED"),
        ("CANCELED", 0, 20, "order:CANCELED"),
        ("UNFULFILLED", 15, 5, "order:UNFULFILLED"),
        ("UNFULFILLED", 0, 0, "order:UNFULFILLED"),
    ],
)
def test_an_order_whose_money_was_given_back(
    order: str, charged: int, refunded: int, status: str
) -> None:
    told = parsed(
        status=order,
        chargeStatus="NONE",
        totalCharged={"amount": charged},
        totalRefunded={"amount": refunded},
    )
    assert told.status_code == status
    assert told.axes["payment"] == ("REFUNDED" if refunded == 20 else "NONE")


@pytest.mark.parametrize(
    ("external_id", "is_one"),
    [
        (gid("Order", 7), True),
        (b64encode(b"Order:125").decode(), True),
        (b64encode(b"Order:0").decode(), False),
        (b64encode(b"Order:1234567890").decode(), False),
        (b64encode(b"order:125").decode(), False),
        (b64encode(b"Order:6317325A-3612-4EC0-9B62-60A05F516672").decode(), False),
        (b64encode(b"Order:6317325a36124ec09b6260a05f516672").decode(), False),
        (b64encode(b"Order:7 OR 1=1").decode(), False),
        (gid("OrderLine", 7), False),
        (b64encode(b"Order:12").decode(), True),
        (b64encode(b"Order:12").decode().rstrip("="), False),
        (f"{gid('Order', 7)}\n", False),
        ("abc", False),
        ("ž", False),
        ("", False),
    ],
)
def test_ids(external_id: str, is_one: bool) -> None:
    assert is_order_id(external_id) is is_one


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "abc"},
        {"id": None},
        {"created": None},
        {"total": None},
        {"total": {"gross": {"amount": 1, "currency": "EUR"}}},
        {"total": {"gross": {"amount": 1}, "net": {"amount": 1}}},
        {"lines": [line(1, "a", 1, 0, price(1, 1), 1), line(1, "b", 1, 0, price(1, 1), 1)]},
        {"lines": [line(1, "a", 1, 0, price(1, 1), 1) | {"id": None}]},
        {"metadata": {"a": "b"}},
    ],
)
def test_what_cannot_be_an_order_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(BadPayload):
        parsed(**fields)


def test_a_bare_order_is_enough() -> None:
    assert parsed() == SourceOrder(
        external_id=gid("Order", 7),
        number="7",
        placed_at=datetime(2026, 11, 23, 6, 44, 23, 978216, UTC),
        currency="EUR",
        total=D("12.1"),
        net=D(10),
        tax=D("2.1"),
        shipping=D(0),
        discount=D(0),
        refunded=D(0),
    )


def test_times_come_with_an_offset() -> None:
    told = parsed(created="2026-10-25T02:30:00+02:00", updatedAt="2026-10-25T02:30:00+01:00")
    assert told.placed_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert told.source_modified_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_an_order_that_is_collected() -> None:
    warehouse = {"__typename": "Warehouse", "id": gid("Warehouse", "b"), "name": "Brno now"}
    told = parsed(collectionPointName="Prodejna Brno", deliveryMethod=warehouse)
    assert (told.delivery_code, told.delivery_name) == (gid("Warehouse", "b"), "Prodejna Brno")
    assert told.pickup_point_id == gid("Warehouse", "b")
    assert told.pickup_point_name == "Prodejna Brno"
    assert [item.name for item in told.items] == ["Prodejna Brno"]


def test_the_collection_point_may_be_closed_meanwhile() -> None:
    told = parsed(collectionPointName="Prodejna Brno", deliveryMethod=None)
    assert (told.delivery_code, told.delivery_name) == ("", "Prodejna Brno")
    assert (told.pickup_point_id, told.pickup_point_name) == ("", "Prodejna Brno")


def test_an_order_without_delivery_has_no_line_for_it() -> None:
    assert parsed(shippingPrice=price(0, 0), shippingTaxRate=0.0).items == ()
    (free,) = parsed(
        shippingMethodName="DPD", shippingPrice=price(0, 0), shippingTaxRate=0.21
    ).items
    assert (free.name, free.gross, free.tax_rate) == ("DPD", 0, 21)


def test_the_customer_may_be_known_by_the_account_alone() -> None:
    told = parsed(user={"firstName": "Jan", "lastName": ""}, userEmail="jan@example.test")
    assert (told.customer_name, told.customer_email) == ("Jan", "jan@example.test")


@pytest.mark.parametrize(
    ("parcels", "numbers", "url"),
    [
        ([("FULFILLED", "A1"), ("FULFILLED", "B2")], "A1, B2", ""),
        ([("FULFILLED", "A1"), ("RETURNED", "A1"), ("FULFILLED", "")], "A1", ""),
        ([("CANCELED", "A1")], "", ""),
        ([("FULFILLED", "https://t.test/A1")], "https://t.test/A1", "https://t.test/A1"),
    ],
)
def test_tracking(parcels: list[tuple[str, str]], numbers: str, url: str) -> None:
    """Saleor's own e-mails make a link of a number that is one."""
    told = parsed(fulfillments=[{"status": s, "trackingNumber": n} for s, n in parcels])
    assert (told.tracking_number, told.tracking_url) == (numbers, url)


def test_metadata() -> None:
    told = parsed(
        metadata=[{"key": "a", "value": '{"b": 1}'}],
        privateMetadata=[{"key": "c", "value": ""}],
        externalReference="EXT",
        voucherCode="PODZIM",
        channel={"slug": "cz"},
        invoices=[{"number": "1"}, {"number": None}],
        shippingAddress={"metadata": [{"key": "boxId", "value": "Z1"}]},
    )
    assert told.metadata == (
        Metadatum("a", '{"b": 1}'),
        Metadatum("c", ""),
        Metadatum("externalReference", "EXT"),
        Metadatum("voucherCode", "PODZIM"),
        Metadatum("channel", "cz"),
        Metadatum("invoices", ["1"]),
        Metadatum("shippingAddress", {"boxId": "Z1"}),
    )


# its lines


def test_a_line() -> None:
    told = parsed(
        lines=[
            line(1, "Káva", 3, 0.0825, price(9.74, 9), 3)
            | {"variantName": "M", "productSku": "K", "productVariantId": None}
            | {"variant": {"id": gid("ProductVariant", 2), "product": {"id": gid("Product", 3)}}}
            | {"metadata": [{"key": "engraving", "value": "Ő"}]}
        ]
    )
    assert told.items == (
        SourceItem(
            external_id=gid("OrderLine", 1),
            kind=ItemKind.PRODUCT,
            name="Káva",
            variant="M",
            product_id=gid("Product", 3),
            variant_id=gid("ProductVariant", 2),
            sku="K",
            quantity=D(3),
            unit_price=D(3),
            tax_rate=D("8.25"),
            net=D(9),
            tax=D("0.74"),
            gross=D("9.74"),
            metadata=(Metadatum("engraving", "Ő"),),
        ),
    )


def test_a_variant_without_a_name_has_none() -> None:
    """Saleor calls it by its id."""
    told = parsed(lines=[line(1, "Káva", 1, 0, price(1, 1), 1)])
    assert (told.items[0].variant, told.items[0].variant_id) == ("", gid("ProductVariant", 9))


@given(st.decimals(0, 1, places=4))
def test_a_rate_is_told_in_per_cent_exactly(rate: Decimal) -> None:
    assert lines.percent({"taxRate": rate}, "taxRate") == rate * 100


def discount(number: int, amount: float, name: str | None = None, reason: str = "") -> Any:
    found = gid("OrderDiscount", number)
    return {"id": found, "name": name, "reason": reason, "total": {"amount": amount}}


def channel(with_tax: bool) -> dict[str, Any]:
    return {"slug": "cz", "taxConfiguration": {"pricesEnteredWithTax": with_tax}}


def test_discounts_of_the_order_and_of_its_lines() -> None:
    told = parsed(
        channel=channel(True),
        total=price(96.8, 80),
        discounts=[discount(1, 12.1, "PODZIM"), discount(2, 0, "nothing")],
        lines=[
            line(1, "Káva", 1, 0.21, price(96.8, 80), 80, 121)
            | {"discounts": [discount(3, 12.1, None, "Akce")]}
        ],
    )
    assert told.discount == D("24.2")
    assert added_up(told) == told.total
    assert [
        (each.external_id, each.name, each.net, each.tax, each.gross, each.in_total)
        for each in of_kind(told, ItemKind.DISCOUNT)
    ] == [
        (gid("OrderDiscount", 1), "PODZIM", None, None, D("-12.1"), False),
        (gid("OrderDiscount", 3), "Akce", None, None, D("-12.1"), False),
    ]


@pytest.mark.parametrize(
    ("with_tax", "total", "expected"),
    [
        (True, price(108.9, 90), (None, None, D(-10))),
        (False, price(108.9, 90), (D(-10), None, None)),
        (True, price(90, 90), (D(-10), D(0), D(-10))),
        (False, price(90, 90), (D(-10), D(0), D(-10))),
    ],
)
def test_a_discount_is_told_as_the_prices_of_the_channel(
    with_tax: bool, total: Any, expected: Any
) -> None:
    told = parsed(channel=channel(with_tax), total=total, discounts=[discount(1, 10)])
    (item,) = told.items
    assert (item.net, item.tax, item.gross) == expected


@pytest.mark.parametrize(
    ("with_tax", "before", "shipping", "rate", "discounts", "off"),
    [
        (True, 12.1, price(6.05, 5), 0.21, 1, D("6.05")),
        (False, 10, price(6.05, 5), 0.21, 1, D("6.05")),
        (False, 5, price(6.05, 5), 0.21, 1, D(0)),
        (True, 6.05, price(5, 5), 0, 0, D(0)),  # an order without tax, not a discount
        (True, 0, price(6.05, 5), 0.21, 1, D(0)),  # as in orders of an import
    ],
)
def test_a_discount_on_shipping(
    with_tax: bool, before: float, shipping: Any, rate: float, discounts: int, off: Decimal
) -> None:
    told = parsed(
        channel=channel(with_tax),
        undiscountedShippingPrice={"amount": before},
        shippingPrice=shipping,
        shippingTaxRate=rate,
        discounts=[discount(1, 5)] * discounts,
    )
    assert told.discount == off


def test_gift_cards_are_taken_off_the_total_alone() -> None:
    told = parsed(
        total=price(84.7, 70),
        shippingMethodName="DPD",
        shippingPrice=price(12.1, 10),
        shippingTaxRate=0.21,
        lines=[line(1, "Káva", 1, 0.21, price(96.8, 80), 80)],
        giftCards=[{"last4CodeChars": "AB12"}, {"last4CodeChars": "CD34"}],
    )
    (card,) = of_kind(told, ItemKind.DISCOUNT)
    assert card.name == "Gift card …AB12, Gift card …CD34"
    assert (card.net, card.tax, card.gross, card.in_total) == (D(-20), D("-4.2"), D("-24.2"), True)
    assert (told.discount, added_up(told)) == (D("24.2"), told.total)


def test_gift_cards_that_are_a_payment_are_no_line() -> None:
    """Since 3.23 they may be a transaction, and the total is what it is."""
    told = parsed(
        lines=[line(1, "Káva", 1, 0.21, price(12.1, 10), 10)],
        giftCards=[{"last4CodeChars": "AB12"}],
    )
    assert of_kind(told, ItemKind.DISCOUNT) == [] and told.discount == 0


cents = st.decimals(0, 10_000, places=2)


@given(st.lists(st.tuples(cents, cents), min_size=1, max_size=5), cents, cents)
def test_discounts_and_gift_cards_lead_from_one_total_to_the_other(
    products: list[tuple[Decimal, Decimal]], shipping: Decimal, card: Decimal
) -> None:
    """Whatever was taken off where: what is owed and the discount make up what it would cost."""
    after = sum((min(pair) for pair in products), shipping)
    card = min(card, after)
    told = parsed(
        total=price(float(after - card), float(after - card)),
        shippingMethodName="DPD",
        shippingPrice=price(float(shipping), float(shipping)),
        lines=[
            line(at, "x", 1, 0, price(float(min(pair)), float(min(pair))), 1, float(max(pair)))
            for at, pair in enumerate(products)
        ],
        giftCards=[{"last4CodeChars": "AB12"}] if card else [],
    )
    assert added_up(told) == told.total
    assert told.total + told.discount == sum((max(pair) for pair in products), shipping)


# how it was paid


def transaction(number: int = 1, **fields: Any) -> dict[str, Any]:
    found = gid("TransactionItem", number)
    return {"id": found, "createdAt": FIRST, "name": "", "message": "", "events": []} | fields


def money(amount: float) -> dict[str, float]:
    return {"amount": amount}


APP = {"__typename": "App", "identifier": "saleor.app.payment.stripe", "name": "Stripe"}
MANUAL = {
    "id": gid("Payment", 1),
    "gateway": "manual",
    "isActive": True,
    "created": FIRST,
    "capturedAmount": money(12.1),
    "transactions": [],
}


@pytest.mark.parametrize(
    ("transactions", "payments", "code", "name"),
    [
        ([], [], "", ""),
        ([transaction(name="Kartou")], [], "Kartou", "Kartou"),
        ([transaction(name="Kartou", createdBy=APP)], [], "Kartou", "Kartou"),
        ([transaction(createdBy=APP)], [], "saleor.app.payment.stripe", "Stripe"),
        ([transaction(createdBy={"__typename": "User"})], [], "", ""),
        (
            [transaction(name="failed"), transaction(2, name="ok", authorizedAmount=money(1))],
            [],
            "ok",
            "ok",
        ),
        ([], [MANUAL], "manual", "manual"),
        ([], [MANUAL | {"isActive": False, "gateway": "dummy"}], "dummy", "dummy"),
        ([], [MANUAL | {"isActive": False, "gateway": "dummy"}, MANUAL], "manual", "manual"),
        ([transaction(name="failed")], [MANUAL], "manual", "manual"),
        ([transaction(name="ok", chargedAmount=money(1))], [MANUAL], "ok", "ok"),
    ],
)
def test_payment_method(transactions: Any, payments: Any, code: str, name: str) -> None:
    told = parsed(transactions=transactions, payments=payments)
    assert (told.payment_code, told.payment_name) == (code, name)


CHARGED = [
    event(1, "AUTHORIZATION_SUCCESS", "2026-11-01T00:00:00+00:00", 12.1),
    event(2, "CHARGE_FAILURE", "2026-11-01T00:00:00+00:00", 12.1),
    event(9, "CHARGE_SUCCESS", "2026-11-01T00:00:00+00:00", -1),  # a correction
    event(3, "CHARGE_SUCCESS", LATER, 2.1),
    event(4, "CHARGE_SUCCESS", FIRST, 10),
]


@pytest.mark.parametrize(
    ("fields", "is_paid", "paid_at"),
    [
        ({"isPaid": False}, False, None),
        ({"isPaid": True}, True, None),  # nothing to be paid
        ({"isPaid": True, "transactions": [transaction(events=CHARGED)]}, True, FIRST),
        ({"isPaid": False, "transactions": [transaction(events=CHARGED)]}, False, None),
        (
            {
                "isPaid": True,
                "transactions": [transaction(chargedAmount=money(12.1), createdAt=LATER)],
            },
            True,
            LATER,
        ),
        ({"isPaid": True, "payments": [MANUAL]}, True, FIRST),
        (
            {
                "isPaid": True,
                "payments": [
                    MANUAL
                    | {
                        "transactions": [
                            {"kind": "AUTH", "isSuccess": True, "created": FIRST},
                            {"kind": "CAPTURE", "isSuccess": False, "created": FIRST},
                            {"kind": "CAPTURE", "isSuccess": True, "created": LATER},
                        ]
                    }
                ],
            },
            True,
            LATER,
        ),
        # what was refunded is taken off what was charged, and was paid all the same
        (
            {
                "isPaid": False,
                "totalCharged": money(7.1),
                "totalRefunded": money(5),
                "transactions": [transaction(events=CHARGED)],
            },
            True,
            FIRST,
        ),
        ({"isPaid": False, "totalCharged": money(6.1), "totalRefunded": money(5)}, False, None),
    ],
)
def test_paid(fields: dict[str, Any], is_paid: bool, paid_at: str | None) -> None:
    told = parsed(**fields)
    moment = None if paid_at is None else datetime.fromisoformat(paid_at)
    assert (told.is_paid, told.paid_at) == (is_paid, moment)


def refunds(order: SourceOrder) -> list[tuple[str, str, Decimal | None, bool]]:
    found = of_kind(order, ItemKind.REFUND)
    return [(each.external_id, each.name, each.gross, each.in_total) for each in found]


def test_refunds_are_told_by_their_events() -> None:
    told = parsed(
        totalRefunded=money(5),
        transactions=[
            transaction(
                refundedAmount=money(5),
                events=[
                    event(5, "REFUND_REQUEST", FIRST, 3),
                    event(6, "REFUND_SUCCESS", FIRST, 3),
                    event(7, "REFUND_SUCCESS", LATER, 2) | {"message": "Reklamace"},
                ],
            )
        ],
        grantedRefunds=[
            {"reason": "Poškozené", "transactionEvents": [{"id": gid("TransactionEvent", 6)}]},
            {"reason": "Not paid back yet", "transactionEvents": []},
        ],
    )
    assert told.refunded == 5
    assert refunds(told) == [
        (gid("TransactionEvent", 6), "Poškozené", D(-3), False),
        (gid("TransactionEvent", 7), "Reklamace", D(-2), False),
    ]


def test_a_refund_whose_events_do_not_tell_its_amount() -> None:
    """An app may report the amount alone, take a refund back or correct it."""
    told = parsed(
        totalRefunded=money(6),
        transactions=[
            transaction(1, refundedAmount=money(3), message="Vráceno"),
            transaction(
                2,
                refundedAmount=money(2),
                events=[
                    event(6, "REFUND_SUCCESS", FIRST, 5),
                    event(7, "REFUND_REVERSE", LATER, 3),
                ],
            ),
            transaction(
                3,
                refundedAmount=money(1),
                events=[
                    event(8, "REFUND_SUCCESS", FIRST, 3),
                    event(9, "REFUND_SUCCESS", LATER, -2),
                ],
            ),
        ],
    )
    assert refunds(told) == [
        (gid("TransactionItem", 1), "Vráceno", D(-3), False),
        (gid("TransactionItem", 2), "", D(-2), False),
        (gid("TransactionItem", 3), "", D(-1), False),
    ]


def test_refunds_of_an_older_payment() -> None:
    steps = [
        {"id": gid("Transaction", 1), "kind": "REFUND", "isSuccess": False, "amount": money(9)},
        {"id": gid("Transaction", 2), "kind": "REFUND", "isSuccess": True, "amount": money(4)},
    ]
    told = parsed(totalRefunded=money(4), payments=[MANUAL | {"transactions": steps}])
    assert told.refunded == 4
    assert refunds(told) == [(gid("Transaction", 2), "", D(-4), False)]


# code lists


def test_the_recorded_shipping_methods(recorded: Recorded) -> None:
    zones = [
        edge["node"]
        for edge in recorded("saleor/shipping_methods")["data"]["shippingZones"]["edges"]
    ]
    entries = list(shipping_methods(zones))
    assert len(entries) == sum(len(zone["shippingMethods"]) for zone in zones) > 10
    assert entries[3] == SequenceEntry(
        kind="delivery",
        code=gid("ShippingMethod", 4),  # as orders call it
        name="Registered priority",
        description="Europe",
    )


def test_recorded_orders_have_the_codes_of_the_list(
    recorded: Recorded, recorded_orders: list[Any]
) -> None:
    zones = recorded("saleor/shipping_methods")["data"]["shippingZones"]["edges"]
    entries = shipping_methods(edge["node"] for edge in zones)
    names = {entry.code: entry.name for entry in entries}
    for row in recorded_orders:
        order = parse_order(row)
        assert names[order.delivery_code] == order.delivery_name


def test_a_method_of_an_app_keeps_its_id() -> None:
    found = b64encode(b"app:1:express").decode()
    assert ordered_as(found) == found
    assert ordered_as("?") == "?"


def test_collection_points() -> None:
    rows = [
        {"id": "1", "name": "Sklad", "clickAndCollectOption": "DISABLED"},
        {"id": "2", "name": "Brno", "clickAndCollectOption": "ALL"},
        {"id": "3", "name": "", "clickAndCollectOption": "LOCAL"},
        {"id": "4", "name": "Unknown"},
        None,
    ]
    assert [(each.code, each.name, each.type) for each in collection_points(rows)] == [
        ("2", "Brno", "collection"),
        ("3", "3", "collection"),
    ]
