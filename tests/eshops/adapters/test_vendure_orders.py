"""What Vendure's orders mean: the recorded ones, and the oddities of a made-up one.

`orders_list_default` was told by a shop of 120 orders to another query than ours; `fetched_orders`
is what a Vendure 3.7.3 told the adapter about orders of every kind that its APIs can make, and
`fetched_parcels` about some that were shipped before they were paid or are being modified since,
`fetched_cancelled` about some that were cancelled in part or as a whole. Only the last two tell
what the parcels hold.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from graphql import FieldNode, FragmentDefinitionNode, parse
from hypothesis import given
from hypothesis import strategies as st

from eshops.adapters.reading import decode
from eshops.adapters.vendure import documents
from eshops.adapters.vendure.documents import custom_fields
from eshops.adapters.vendure.lines import amount, rates, shipping_rate
from eshops.adapters.vendure.lines import figures as read_figures
from eshops.adapters.vendure.orders import Shop, names, parse_order
from eshops.adapters.vendure.parcels import fulfillment
from eshops.adapters.vendure.sequences import (
    STATUSES,
    parse_delivery,
    parse_payment,
    parse_state,
    status_code,
)
from eshops.models import Sequence
from eshops.source import BadPayload, ItemKind, Metadatum, SequenceEntry, SourceOrder

D = Decimal
SHOP = Shop(places=2, payment_names={"card": "Kartou online"})
BARE: dict[str, Any] = {
    "id": "7",
    "code": "T7GPXB4S9JNXPZG1",
    "state": "PaymentSettled",
    "createdAt": "2026-11-02T09:20:00.000Z",
    "currencyCode": "EUR",
    "total": 0,
    "totalWithTax": 0,
    "shippingWithTax": 0,
}


def parsed(shop: Shop = SHOP, **fields: Any) -> SourceOrder:
    """As the API says it: through JSON, numbers as they are on the wire."""
    return parse_order(decode(json.dumps(BARE | fields).encode()), shop)


def added_up(order: SourceOrder) -> tuple[Decimal, Decimal]:
    """Net and gross of the lines that the total contains."""
    lines = [item for item in order.items if item.in_total]
    for item in lines:
        assert item.net is not None and item.tax is not None
        assert item.net + item.tax == item.gross
    return (
        sum((item.net or D(0) for item in lines), D(0)),
        sum((item.gross or D(0) for item in lines), D(0)),
    )


# recorded orders


def completed(order: dict[str, Any]) -> dict[str, Any]:
    """With what our query asks for and that one did not. No order of these has a discount or a
    surcharge, so what a line's figures are after discounts is what they are without. Nor has one
    several parcels: its only one holds a part where its state says so."""
    lines = [
        line
        | {
            "orderPlacedQuantity": line["quantity"],
            "proratedUnitPrice": line["unitPrice"],
            "proratedLinePrice": line["linePrice"],
            "proratedLinePriceWithTax": line["linePriceWithTax"],
        }
        for line in order["lines"]
    ]
    shipping = [
        line
        | {"discountedPrice": order["shipping"], "discountedPriceWithTax": line["priceWithTax"]}
        for line in order["shippingLines"]
    ]
    payments = [each | {"updatedAt": each["createdAt"]} for each in order["payments"]]
    held = [{"orderLineId": line["id"], "quantity": line["quantity"]} for line in lines]
    if order["state"].startswith("Partially"):
        held[0]["quantity"] -= 1
    parcels = [each | {"lines": held} for each in order["fulfillments"]]
    return order | {
        "lines": lines,
        "shippingLines": shipping,
        "payments": payments,
        "fulfillments": parcels,
    }


@pytest.fixture
def listed(recorded: Callable[[str], Any]) -> list[dict[str, Any]]:
    orders = recorded("vendure/orders_list_default")["data"]["orders"]["items"]
    assert len(orders) == 120
    assert not any(order["discounts"] or len(order["shippingLines"]) > 1 for order in orders)
    assert not any(len(order["fulfillments"]) > 1 for order in orders)
    return orders


def test_recorded_orders_add_up_to_their_totals(listed: list[dict[str, Any]]) -> None:
    for row in listed:
        order = parse_order(completed(row), SHOP)
        assert added_up(order) == (order.net, order.total)
        assert (order.total, order.net) == (D(row["totalWithTax"]) / 100, D(row["total"]) / 100)
        assert order.shipping == D(row["shippingWithTax"]) / 100


def test_the_lines_of_recorded_orders_add_up_to_their_taxes(listed: list[dict[str, Any]]) -> None:
    for row in listed:
        told = {each["taxRate"]: [D(0), D(0)] for each in row["taxSummary"]}
        for item in parse_order(completed(row), SHOP).items:
            if item.in_total:
                assert item.net is not None and item.tax is not None
                told[item.tax_rate][0] += item.net * 100
                told[item.tax_rate][1] += item.tax * 100
        stated: dict[Decimal, list[Decimal]] = {}
        for each in row["taxSummary"]:
            base, tax = stated.get(each["taxRate"], [D(0), D(0)])
            stated[each["taxRate"]] = [base + each["taxBase"], tax + each["taxTotal"]]
        assert told == stated


def test_states_of_recorded_orders(listed: list[dict[str, Any]]) -> None:
    orders = [parse_order(completed(row), SHOP) for row in listed]
    assert Counter(order.status_code for order in orders) == {
        "order:ArrangingPayment": 10,
        "order:PaymentSettled": 50,
        "fulfillment:Pending": 10,
        "order:PartiallyShipped": 7,
        "order:Shipped": 13,
        "order:Delivered": 10,
        "order:Cancelled": 10,
        "order:Draft": 10,
    }
    assert Counter(order.is_paid for order in orders) == {True: 100, False: 20}
    assert all(order.is_paid is (order.paid_at is not None) for order in orders)
    assert {order.refunded for order in orders} == {D(0), D(1)}


def test_a_recorded_order_in_yen(recorded: Callable[[str], Any]) -> None:
    """Its total was told as 3296: hundredths, as of every currency."""
    order = parse_order(completed(recorded("vendure/order_single")["data"]["order"]), SHOP)
    assert (order.currency, order.total, order.net, order.tax) == (
        "JPY",
        D("32.96"),
        D("29.95"),
        D("3.01"),
    )
    assert order.placed_at == datetime(2026, 11, 23, 6, 25, 1, 589000, tzinfo=UTC)
    assert order.paid_at == datetime(2026, 11, 23, 6, 25, 1, tzinfo=UTC)
    assert (order.customer_name, order.billing.first_name, order.billing.last_name) == (
        "太郎 山田",
        "太郎",
        "山田",
    )
    assert (order.delivery_code, order.tracking_number) == ("ppl-standard", "TR00000102")
    assert order.axes == {"payment": "Settled", "fulfillment": "Shipped", "order": "Shipped"}
    assert order.metadata[:2] == (
        Metadatum("erpNumber", "202600102"),
        Metadatum("note", "Prosím zavolejte předem ☎"),
    )


@pytest.fixture
def fetched(recorded: Callable[[str], Any]) -> dict[str, SourceOrder]:
    data = recorded("vendure/fetched_orders")["body"]["data"]
    methods = {each["code"]: each["name"] for each in data["paymentMethods"]["items"]}
    orders = [parse_order(row, Shop(2, methods)) for row in data["orders"]["items"]]
    return {order.external_id: order for order in orders}


def test_fetched_orders_add_up_to_their_totals(fetched: dict[str, SourceOrder]) -> None:
    assert len(fetched) == 14
    for order in fetched.values():
        assert added_up(order) == (order.net, order.total)


def test_a_fetched_order_is_the_same_by_itself(
    fetched: dict[str, SourceOrder], recorded: Callable[[str], Any]
) -> None:
    """A single order tells its lines in another order than the list does."""
    single = recorded("vendure/fetched_order")["body"]["data"]["order"]
    assert [line["id"] for line in single["lines"]] == ["13", "12"]
    assert parse_order(single, Shop(2, {"card": "Kartou online"})) == fetched["7"]


def figures(order: SourceOrder, kind: ItemKind) -> list[tuple[Any, ...]]:
    return [
        (item.name, item.quantity, item.unit_price, item.net, item.gross, item.tax_rate)
        for item in order.items
        if item.kind == kind
    ]


def test_what_was_fetched(fetched: dict[str, SourceOrder]) -> None:
    statuses = {each: (order.status_code, order.is_paid) for each, order in fetched.items()}
    assert statuses == {
        "1": ("order:PaymentSettled", True),
        "2": ("order:PaymentSettled", True),
        "3": ("order:AddingItems", False),
        "4": ("order:PaymentSettled", True),
        "5": ("order:PaymentSettled", True),
        "6": ("fulfillment:Pending", True),
        "7": ("order:PartiallyShipped", True),
        "8": ("order:Delivered", True),
        "9": ("order:PaymentSettled", True),
        "10": ("order:Cancelled", True),
        "11": ("order:PaymentSettled", True),
        "12": ("order:ArrangingAdditionalPayment", False),
        "13": ("order:Draft", False),
        "14": ("order:PaymentAuthorized", False),
    }


def test_a_discount_on_the_whole_order_is_in_the_lines(fetched: dict[str, SourceOrder]) -> None:
    order = fetched["1"]
    assert figures(order, ItemKind.PRODUCT) == [
        ("Espresso Ő 1 kg", 2, D("9.01"), D("18.02"), D("21.80"), 21),
        ("Tshirt M", 3, D("24.79"), D("74.37"), D("89.99"), 21),
        ("Čaj", 3, D("4.50"), D("13.50"), D("15.12"), 12),
    ]
    assert [item.variant for item in order.items[:3]] == ["", "Velikost: M", ""]
    assert figures(order, ItemKind.DISCOUNT) == [
        ("Podzim 10 %", 1, None, D("-11.76"), D("-14.10"), None)
    ]
    assert order.discount == D("14.10")
    assert (order.payment_code, order.payment_name) == ("card", "Kartou online")
    assert order.items[0].metadata == (Metadatum("engraving", "Pro Jana"),)
    assert order.metadata[:6] == (
        Metadatum("erpNumber", "E1"),
        Metadatum("gift", True),
        Metadatum("pickup", {"id": "77", "city": "Brno"}),
        Metadatum("tags", ["a", "b"]),
        Metadatum("when", "2026-11-02T09:30:00.000Z"),
        Metadatum("weight", 1.5),
    )


def test_free_shipping_is_a_discount_with_the_shipping_taken_off(
    fetched: dict[str, SourceOrder],
) -> None:
    order = fetched["2"]
    assert figures(order, ItemKind.SHIPPING) == [("Zásilkovna", 1, None, 0, 0, 21)]
    discounts = figures(order, ItemKind.DISCOUNT)
    assert ("Doprava zdarma", 1, None, D("-4"), D("-4.84"), None) in discounts
    assert len(discounts) == 3 and order.shipping == 0
    assert order.discount == -sum(gross for *_, gross, _ in discounts)


def test_a_payment_that_was_settled_later(fetched: dict[str, SourceOrder]) -> None:
    order = fetched["2"]
    assert order.placed_at == datetime(2026, 11, 25, 22, 52, 50, 873000, tzinfo=UTC)
    assert order.paid_at == datetime(2026, 11, 25, 22, 52, 52, tzinfo=UTC)


def test_an_order_that_was_never_placed(fetched: dict[str, SourceOrder]) -> None:
    cart, draft = fetched["3"], fetched["13"]
    assert (cart.total, cart.payment_code, cart.axes) == (D("21.64"), "", {"order": "AddingItems"})
    assert (draft.total, draft.items, draft.customer_name) == (0, (), "")
    assert draft.placed_at == draft.source_modified_at


def test_parcels_that_were_cancelled_have_no_tracking(fetched: dict[str, SourceOrder]) -> None:
    assert fetched["7"].tracking_number == "TR-2, TR-4"
    assert fetched["7"].axes["fulfillment"] == "Pending"


def test_recorded_parcels_tell_what_the_orders_own_state_does_not(
    recorded: Callable[[str], Any],
) -> None:
    """Nothing that was sent is of a type that says it waits for the warehouse."""
    rows = recorded("vendure/fetched_parcels")["body"]["data"]["orders"]["items"]
    orders = [parse_order(row, SHOP) for row in rows]
    assert [(order.axes["order"], order.status_code) for order in orders] == [
        ("PaymentSettled", "fulfillment:Delivered"),
        ("PartiallyShipped", "fulfillment:Delivered"),
        ("PaymentAuthorized", "fulfillment:Shipped"),
        ("PaymentAuthorized", "order:PaymentAuthorized"),
        ("PaymentAuthorized", "fulfillment:PartiallyShipped"),
        ("PaymentAuthorized", "fulfillment:PartiallyDelivered"),
        ("ArrangingAdditionalPayment", "fulfillment:PartiallyShipped"),
        ("PaymentAuthorized", "fulfillment:Shipped"),
    ]
    types = {f"{status.axis}:{status.code}": status.type for status in STATUSES}
    sent = [order for order in orders if order.axes["fulfillment"] != "Cancelled"]
    assert {types[order.status_code] for order in sent} == {"shipped", "delivered"}
    assert orders[3].axes["fulfillment"] == "Cancelled"


def test_what_was_cancelled_is_not_owed(fetched: dict[str, SourceOrder]) -> None:
    part, whole = fetched["9"], fetched["10"]
    assert [(item.quantity, item.gross) for item in part.items[:2]] == [
        (2, D("21.80")),
        (3, D("15.12")),
    ]
    assert part.items[0].metadata == (Metadatum("orderPlacedQuantity", 3),)
    assert (whole.total, whole.is_paid) == (0, True)
    assert (whole.items[0].quantity, whole.items[0].gross) == (0, 0)


def test_the_total_is_without_what_was_cancelled_and_before_refunds(
    recorded: Callable[[str], Any],
) -> None:
    """In part, not paid back; as a whole but for the shipping; in part, paid back; as a whole with
    the shipping, paid back. All were paid before, in full."""
    rows = recorded("vendure/fetched_cancelled")["body"]["data"]["orders"]["items"]
    orders = [parse_order(row, SHOP) for row in rows]
    paid = [D(row["payments"][0]["amount"]) / 100 for row in rows]
    assert [
        (before, order.total, order.shipping, order.refunded)
        for before, order in zip(paid, orders, strict=True)
    ] == [
        (D("140.85"), D("40.36"), D("3.50"), 0),
        (D("140.85"), D("3.50"), D("3.50"), 5),
        (D("156.22"), D("129.62"), D("3.50"), D("26.60")),
        (D("156.22"), 0, 0, D("156.22")),
    ]
    for order in orders:
        assert added_up(order) == (order.net, order.total)
    assert [(item.quantity, item.gross) for item in orders[0].items[:3]] == [
        (2, D("23.53")),
        (4, D("13.33")),
        (0, 0),
    ]


def test_how_many_were_ordered_is_kept_where_there_are_others_now(
    fetched: dict[str, SourceOrder],
) -> None:
    """Three of a line were cancelled, a line was added; a cart has ordered nothing yet."""
    assert fetched["10"].items[0].metadata == (Metadatum("orderPlacedQuantity", 3),)
    lines = [item for item in fetched["11"].items if item.kind == ItemKind.PRODUCT]
    assert [(each.quantity, each.metadata) for each in lines] == [
        (3, ()),
        (1, (Metadatum("orderPlacedQuantity", 0),)),
    ]
    assert [(item.quantity, item.metadata) for item in fetched["3"].items[:1]] == [(3, ())]


def test_refunds_count_also_before_staff_have_settled_them(
    fetched: dict[str, SourceOrder],
) -> None:
    order = fetched["9"]
    assert order.refunded == D("6.01")
    told = [(item.external_id, item.name, item.gross, item.metadata) for item in order.items[-2:]]
    assert told == [
        ("1", "Poškozené", D("-5"), (Metadatum("state", "Settled"),)),
        ("2", "Refund (pending)", D("-1.01"), (Metadatum("state", "Pending"),)),
    ]


def test_surcharges_are_fees(fetched: dict[str, SourceOrder]) -> None:
    assert figures(fetched["11"], ItemKind.FEE) == [
        ("Balné", 1, None, D("2"), D("2.42"), 21),
        ("Sleva", 1, None, D("-0.89"), D("-1"), 12),
    ]
    assert [item.sku for item in fetched["11"].items if item.kind == ItemKind.FEE] == ["PACK", ""]


def test_an_order_paid_in_two_parts(fetched: dict[str, SourceOrder]) -> None:
    """It is paid when the second one came, and its method is that of the first."""
    order = fetched["11"]
    assert (order.payment_code, order.is_paid) == ("card", True)
    assert order.paid_at and (order.paid_at - order.placed_at).seconds >= 1
    payments = dict((each.key, each.value) for each in order.metadata)["payments"]
    assert [each["method"] for each in payments] == ["card", "cash"]


# what is asked for


def selected(document: str, fragment: str) -> set[str]:
    (found,) = [
        each
        for each in parse(document).definitions
        if isinstance(each, FragmentDefinitionNode) and each.name.value == fragment
    ]
    return {
        each.name.value for each in found.selection_set.selections if isinstance(each, FieldNode)
    }


def test_every_field_of_an_order_is_in_the_recorded_schema(recorded: Callable[[str], Any]) -> None:
    fields = recorded("vendure/introspection_order_type")["data"]["__type"]["fields"]
    asked = selected(documents.listed({"Order": "note"}), "Order")
    assert asked <= {field["name"] for field in fields} and "customFields" in asked
    assert "customFields" not in selected(documents.listed({}), "Order")


def test_custom_fields_as_the_shop_tells_them(recorded: Callable[[str], Any]) -> None:
    data = recorded("vendure/introduction")["body"]["data"]
    assert custom_fields(documents.server_config(data)) == {
        "Address": "companyId",
        "Customer": "vat",
        "Order": "erpNumber gift pickup{id city} agent{id} tags restricted when weight",
        "OrderLine": "engraving",
    }


@pytest.mark.parametrize(
    ("field", "selection"),
    [
        ({"name": "note"}, "note"),
        ({"name": "point", "fields": [{"name": "id"}, {"name": "bad name"}]}, "point{id}"),
        ({"name": "agent", "entity": "Seller", "scalarFields": ["id", "name"]}, "agent{id name}"),
        ({"name": "agent", "entity": "Seller", "scalarFields": ["iban"]}, ""),
        ({"name": "agent", "entity": "Seller"}, ""),
        ({"name": "agent", "entity": "Seller", "scalarFields": 7}, ""),
        ({"name": "x} y"}, ""),
        ({"name": ""}, ""),
        ({}, ""),
        ({"name": "x} y", "entity": "Seller"}, ""),
    ],
)
def test_how_a_custom_field_is_asked_for(field: dict[str, Any], selection: str) -> None:
    """A name that would not be one is left out, for it becomes a part of the query."""
    config = {"entityCustomFields": [{"entityName": "Order", "customFields": [field]}]}
    assert custom_fields(config) == ({"Order": selection} if selection else {})


# money


@given(st.integers(-(10**11), 10**11), st.integers(0, 6))
def test_amounts_are_exact(value: int, places: int) -> None:
    told = amount({"x": value}, "x", places)
    assert told * 10**places == value
    assert int(told.as_tuple().exponent) >= -6


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        (329600, 2, D("3296")),
        (3296, 0, D("3296")),
        (1234, 3, D("1.234")),
        (D("-12.345"), 2, D("-0.12345")),
        (D("0.00000049"), 0, D("0")),
    ],
)
def test_amounts(value: Any, places: int, expected: Decimal) -> None:
    assert amount({"x": value}, "x", places) == expected


@pytest.mark.parametrize("value", [None, "", "x", True, [], 10**12, D("NaN")])
def test_what_is_no_amount(value: Any) -> None:
    with pytest.raises(BadPayload, match="x"):
        amount({"x": value}, "x", 2)


money = st.integers(-(10**6), 10**9)
pairs = st.lists(st.tuples(money, money), max_size=4)


@given(pairs, pairs, pairs, st.integers(0, 4))
def test_lines_add_up_as_vendure_adds_them(
    products: list[tuple[int, int]],
    shipping: list[tuple[int, int]],
    surcharges: list[tuple[int, int]],
    places: int,
) -> None:
    def rows(pairs: list[tuple[int, int]], key: str, **more: Any) -> list[dict[str, Any]]:
        return [
            {"id": str(each), key: net, f"{key}WithTax": gross, **more}
            for each, (net, gross) in enumerate(pairs)
        ]

    everything = [*products, *shipping, *surcharges]
    order = parsed(
        Shop(places, {}),
        total=sum(net for net, _ in everything),
        totalWithTax=sum(gross for _, gross in everything),
        lines=rows(products, "proratedLinePrice", quantity=1, proratedUnitPrice=1),
        shippingLines=rows(shipping, "discountedPrice"),
        surcharges=rows(surcharges, "price"),
    )
    assert added_up(order) == (order.net, order.total)
    assert order.net + order.tax == order.total


@pytest.mark.parametrize(
    ("net", "gross", "stated", "expected"),
    [
        (400, 484, [21], 21),
        (0, 0, [21], 21),
        (400, 484, [21, 12], 21),
        (333, 373, [21, 12], 12),
        (0, 0, [21, 12], None),
        (400, 484, [], 21),
        (0, 0, [], None),
    ],
)
def test_the_rate_of_shipping(net: int, gross: int, stated: list[int], expected: Any) -> None:
    """The line tells none: that of the summary, which is rounded by nobody."""
    summary = [{"description": "shipping tax", "taxRate": rate} for rate in stated]
    told = rates({"taxSummary": [{"description": "VAT", "taxRate": 5}, *summary]})
    line = {"x": net, "xWithTax": gross}
    assert shipping_rate(read_figures(line, "x", 2), told) == expected


# payments


def payment(state: str, value: int, at: str = "09:31", **more: Any) -> dict[str, Any]:
    at = f"2026-11-02T{at}:00.000Z"
    return {
        "id": at,
        "method": f"{state}-{value}",
        "state": state,
        "amount": value,
        "createdAt": at,
        "updatedAt": at,
        "refunds": [],
    } | more


PAYMENTS: list[tuple[str, list[dict[str, Any]], str, str | None]] = [
    ("none", [], "", None),
    ("enough", [payment("Settled", 1210)], "Settled-1210", "09:31"),
    ("more than enough", [payment("Settled", 5000)], "Settled-5000", "09:31"),
    ("authorized", [payment("Authorized", 1210)], "Authorized-1210", None),
    ("too little", [payment("Settled", 1000)], "Settled-1000", None),
    (
        "in parts",
        [payment("Settled", 210, "11:00"), payment("Settled", 1000, "10:00")],
        "Settled-1000",
        "11:00",
    ),
    (
        "at the second try",
        [payment("Declined", 1210, "10:00"), payment("Settled", 1210, "10:05")],
        "Settled-1210",
        "10:05",
    ),
    (
        "not at all",
        [payment("Declined", 1, "10:00"), payment("Error", 2, "10:05")],
        "Error-2",
        None,
    ),
    (
        "given back",
        [payment("Settled", 1210, refunds=[{"id": "1", "total": 1210, "state": "Settled"}])],
        "Settled-1210",
        "09:31",
    ),
    (
        "settled later than made",
        [payment("Settled", 1210, updatedAt="2026-11-05T08:00:00.000Z")],
        "Settled-1210",
        "08:00",
    ),
]


@pytest.mark.parametrize(
    ("payments", "method", "paid_at"),
    [row[1:] for row in PAYMENTS],
    ids=[row[0] for row in PAYMENTS],
)
def test_payments(payments: list[dict[str, Any]], method: str, paid_at: str | None) -> None:
    order = parsed(total=1000, totalWithTax=1210, payments=payments)
    assert (order.payment_code, order.payment_name) == (method, method)
    assert order.is_paid is (paid_at is not None)
    assert (order.paid_at and f"{order.paid_at:%H:%M}") == paid_at


def test_a_refund_that_failed_is_none() -> None:
    refunds = [
        {"id": "1", "total": 100, "state": "Failed", "reason": "x"},
        {"id": "2", "total": 50, "state": "Pending", "reason": None},
    ]
    order = parsed(payments=[payment("Settled", 1210, refunds=refunds)])
    assert order.refunded == D("0.5")
    assert [item.external_id for item in order.items] == ["2"]


@pytest.mark.parametrize(
    ("state", "reason", "name"),
    [
        ("Settled", "Poškozené", "Poškozené"),
        ("Settled", None, ""),
        ("Pending", None, "Refund (pending)"),
        ("Pending", "", "Refund (pending)"),
        ("Pending", "Zrušeno (2 ks): omyl", "Refund (pending): Zrušeno (2 ks): omyl"),
        ("WaitingForBank", "Poškozené", "Refund (waiting for bank): Poškozené"),
    ],
)
def test_a_refund_that_is_not_settled_yet_says_so(
    state: str, reason: str | None, name: str
) -> None:
    refunds = [{"id": "1", "total": 100, "state": state, "reason": reason}]
    order = parsed(payments=[payment("Settled", 1210, refunds=refunds)])
    (item,) = order.items
    assert (item.name, item.gross, order.refunded) == (name, D("-1"), D("1"))
    assert item.metadata == (Metadatum("state", state),)


def test_payments_in_the_metadata() -> None:
    order = parsed(
        payments=[
            payment("Declined", 1, "09:00", errorMessage="No", metadata={}, transactionId=None),
            payment("Settled", 2, "09:05", transactionId="T1", metadata={"public": {"vs": "7"}}),
        ]
    )
    assert order.metadata == (
        Metadatum(
            "payments",
            [
                {"method": "Declined-1", "state": "Declined", "errorMessage": "No"},
                {
                    "method": "Settled-2",
                    "state": "Settled",
                    "transactionId": "T1",
                    "metadata": {"public": {"vs": "7"}},
                },
            ],
        ),
    )


# statuses


@pytest.mark.parametrize(
    ("axes", "code"),
    [
        ({"order": "PaymentSettled"}, "order:PaymentSettled"),
        ({"payment": "Settled", "order": "PaymentSettled"}, "order:PaymentSettled"),
        ({"fulfillment": "Pending", "order": "PaymentSettled"}, "fulfillment:Pending"),
        ({"fulfillment": "Created", "order": "PaymentAuthorized"}, "fulfillment:Created"),
        ({"fulfillment": "Pending", "order": "PartiallyShipped"}, "order:PartiallyShipped"),
        ({"fulfillment": "Cancelled", "order": "PaymentSettled"}, "order:PaymentSettled"),
        ({"fulfillment": "Pending", "order": "Modifying"}, "order:Modifying"),
        ({"fulfillment": "Delivered", "order": "Cancelled"}, "order:Cancelled"),
        ({"payment": "Refunded", "order": "PaymentSettled"}, "payment:Refunded"),
        ({"payment": "Refunded", "order": "Delivered"}, "payment:Refunded"),
        ({"payment": "Refunded", "order": "Cancelled"}, "order:Cancelled"),
        ({"payment": "Refunded", "order": "ReadyForPickup"}, "order:ReadyForPickup"),
        ({"payment": "Declined", "order": "ArrangingPayment"}, "order:ArrangingPayment"),
        ({"fulfillment": "Delivered", "order": "PaymentAuthorized"}, "fulfillment:Delivered"),
        ({"fulfillment": "Delivered", "order": "PaymentSettled"}, "fulfillment:Delivered"),
        ({"fulfillment": "Shipped", "order": "PaymentAuthorized"}, "fulfillment:Shipped"),
        (
            {"fulfillment": "PartiallyShipped", "order": "PaymentSettled"},
            "fulfillment:PartiallyShipped",
        ),
        (
            {"fulfillment": "PartiallyDelivered", "order": "PaymentAuthorized"},
            "fulfillment:PartiallyDelivered",
        ),
        ({"fulfillment": "Shipped", "order": "Shipped"}, "order:Shipped"),
        ({"fulfillment": "PartiallyShipped", "order": "Shipped"}, "order:Shipped"),
        ({"fulfillment": "Delivered", "order": "PartiallyShipped"}, "fulfillment:Delivered"),
        ({"fulfillment": "Shipped", "order": "Modifying"}, "fulfillment:Shipped"),
        ({"fulfillment": "Shipped", "order": "ArrangingAdditionalPayment"}, "fulfillment:Shipped"),
        ({"fulfillment": "Shipped", "order": "ReadyForPickup"}, "order:ReadyForPickup"),
        ({"fulfillment": "Pending", "order": "ReadyForPickup"}, "order:ReadyForPickup"),
    ],
)
def test_the_status(axes: Mapping[str, str], code: str) -> None:
    assert status_code(axes) == code


@pytest.mark.parametrize(
    ("refunds", "state"),
    [
        ([], "Settled"),
        ([(1209, "Settled")], "Settled"),
        ([(1210, "Settled")], "Refunded"),
        ([(1000, "Settled"), (210, "Pending")], "Refunded"),
        ([(1000, "Settled"), (210, "Failed")], "Settled"),
    ],
)
def test_a_payment_that_was_all_given_back_is_refunded(
    refunds: list[tuple[int, str]], state: str
) -> None:
    """Vendure leaves it Settled, and the order where it was: it would be packed."""
    told = [
        {"id": str(number), "total": total, "state": refund}
        for number, (total, refund) in enumerate(refunds)
    ]
    order = parsed(state="PaymentSettled", payments=[payment("Settled", 1210, refunds=told)])
    assert order.axes["payment"] == state
    assert order.status_code == ("order:PaymentSettled", "payment:Refunded")[state == "Refunded"]
    assert order.is_paid


def parcel(state: str, **held: int) -> dict[str, Any]:
    lines = [{"orderLineId": line, "quantity": quantity} for line, quantity in held.items()]
    return {"state": state, "lines": lines}


@pytest.mark.parametrize(
    ("parcels", "axis"),
    [
        ([], ""),
        ([parcel("Created", a=2, b=1)], "Created"),
        ([parcel("Pending", a=2, b=1)], "Pending"),
        ([parcel("Pending", a=2), parcel("Created", b=1)], "Created"),
        ([parcel("Shipped", a=2, b=1)], "Shipped"),
        ([parcel("Shipped", a=2)], "PartiallyShipped"),
        ([parcel("Shipped", a=1, b=1)], "PartiallyShipped"),
        ([parcel("Shipped", a=1), parcel("Shipped", a=1, b=1)], "Shipped"),
        ([parcel("Shipped", a=2), parcel("Pending", b=1)], "PartiallyShipped"),
        ([parcel("Delivered", a=2, b=1)], "Delivered"),
        ([parcel("Delivered", a=2)], "PartiallyDelivered"),
        ([parcel("Delivered", a=2), parcel("Shipped", b=1)], "PartiallyDelivered"),
        ([parcel("Delivered", a=1), parcel("Delivered", a=1, b=1)], "Delivered"),
        ([parcel("Cancelled", a=2, b=1)], "Cancelled"),
        ([parcel("Cancelled", a=2, b=1), parcel("Pending", a=2)], "Pending"),
        ([parcel("Cancelled", b=1), parcel("Delivered", a=2)], "PartiallyDelivered"),
        ([parcel("Cancelled", a=2, b=1), parcel("Delivered", a=2, b=1)], "Delivered"),
        ([parcel("AtCustoms", a=2, b=1)], "AtCustoms"),
        ([parcel("AtCustoms", a=2), parcel("Pending", b=1)], "AtCustoms"),
        ([parcel("AtCustoms", a=2), parcel("Shipped", b=1)], "PartiallyShipped"),
        ([parcel("Shipped", of_another_order=3), parcel("Pending", a=2)], "Pending"),
    ],
)
def test_what_all_parcels_are_together(parcels: list[dict[str, Any]], axis: str) -> None:
    lines = [{"id": "a", "quantity": 2}, {"id": "b", "quantity": 1}]
    assert fulfillment(lines, parcels) == axis


@pytest.mark.parametrize(
    ("left", "axis"), [((2, 0), "Shipped"), ((1, 0), "Shipped"), ((3, 0), "PartiallyShipped")]
)
def test_what_was_cancelled_need_not_be_sent(left: tuple[int, int], axis: str) -> None:
    lines = [{"id": "a", "quantity": left[0]}, {"id": "b", "quantity": left[1]}]
    assert fulfillment(lines, [parcel("Shipped", a=2)]) == axis


def test_an_order_that_was_cancelled_after_it_was_sent() -> None:
    assert fulfillment([{"id": "a", "quantity": 0}], [parcel("Shipped", a=2)]) == "Shipped"


def test_what_a_parcel_holds_has_to_be_told() -> None:
    with pytest.raises(BadPayload):
        fulfillment([], [{"state": "Shipped", "lines": [{"orderLineId": "a"}]}])


def test_types_are_ours() -> None:
    assert {status.type for status in STATUSES} <= set(Sequence.StatusType.values)


# people and addresses


@pytest.mark.parametrize(
    ("full", "first", "last"),
    [
        ("Žofie Nováková", "Žofie", "Nováková"),
        ("Jan Maria Svoboda", "Jan Maria", "Svoboda"),
        ("Svoboda", "", "Svoboda"),
        ("María José García López", "María José", "García López"),
        ("", "", ""),
        ("  ", "", ""),
    ],
)
def test_a_name_in_two(full: str, first: str, last: str) -> None:
    customer = {"firstName": "María José", "lastName": "García López"}
    assert names(full, customer) == (first, last)


@given(st.text())
def test_no_part_of_a_name_is_lost(full: str) -> None:
    assert "".join("".join(names(full, {})).split()) == "".join(full.split())


def test_an_order_without_a_customer() -> None:
    order = parsed(
        customer=None,
        billingAddress={"fullName": None},
        shippingAddress={"fullName": "Jan Svoboda", "phoneNumber": "+420601"},
    )
    assert (order.customer_name, order.customer_phone, order.customer_email) == (
        "Jan Svoboda",
        "+420601",
        "",
    )
    assert order.billing == type(order.billing)()


def test_custom_fields_of_the_customer_and_the_addresses() -> None:
    order = parsed(
        customer={"firstName": "A", "customFields": {"vat": "CZ1", "none": None, "list": []}},
        billingAddress={"customFields": {"companyId": "1"}},
        shippingAddress={"customFields": {"companyId": ""}},
        shippingLines=[
            {
                "id": "1",
                "discountedPrice": 0,
                "discountedPriceWithTax": 0,
                "customFields": {"point": "7"},
            }
        ],
        type="Seller",
    )
    assert order.items[0].metadata == (Metadatum("point", "7"),)
    assert order.metadata == (
        Metadatum("customer", {"vat": "CZ1"}),
        Metadatum("billingAddress", {"companyId": "1"}),
        Metadatum("type", "Seller"),
    )


# what cannot be understood


@pytest.mark.parametrize(
    "fields",
    [
        {"id": ""},
        {"code": None},
        {"state": None},
        {"createdAt": None},
        {"currencyCode": "EURO"},
        {"totalWithTax": None},
        {"lines": [{"id": "1"}, {"id": "1"}]},
        {"surcharges": [{"id": "1", "price": 1, "priceWithTax": 1, "taxRate": -1}]},
        {"discounts": [{"amount": 1, "amountWithTax": 1}]},
        {"payments": [payment("Settled", 1), payment("Settled", 1)]},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_bad_payloads(fields: dict[str, Any]) -> None:
    with pytest.raises(BadPayload):
        parsed(**fields)


# code lists


def test_recorded_states(recorded: Callable[[str], Any]) -> None:
    data = recorded("vendure/order_states_from_global_settings")["data"]
    states = data["globalSettings"]["serverConfig"]["orderProcess"]
    told = [parse_state(state) for state in states]
    own = [status for status in STATUSES if status.axis == "order"]
    assert {(each.code, each.name, each.type) for each in told} == {
        (f"order:{status.code}", status.name, status.type) for status in own
    }
    assert len(told) == 13


def test_a_state_of_the_shops_own() -> None:
    assert parse_state({"name": "ReadyForPickup"}) == SequenceEntry(
        kind="status", code="order:ReadyForPickup", name="Ready for pickup"
    )
    assert parse_state({"name": None}).code == ""


def test_recorded_methods(recorded: Callable[[str], Any]) -> None:
    deliveries = recorded("vendure/shipping_methods")["data"]["shippingMethods"]["items"]
    assert [(each.code, each.name) for each in map(parse_delivery, deliveries)] == [
        ("ppl-standard", "PPL standard"),
        ("zasilkovna-vydejni-misto", "Zásilkovna výdejní místo"),
        ("dhl-express", "DHL Express"),
        ("osobni-odber", "Osobní odběr"),
    ]
    payments = recorded("vendure/payment_methods")["data"]["paymentMethods"]["items"]
    assert [(each.code, each.name) for each in map(parse_payment, payments)] == [
        ("card", "Card"),
        ("bank-transfer", "Bank transfer"),
    ]


@pytest.mark.parametrize(
    ("row", "type_", "description"),
    [
        ({"handler": {"code": "stripe"}}, "online", ""),
        ({"handler": {"code": "dummy-payment-handler"}}, "", ""),
        ({"description": "<p>Visa &amp; <b>Maestro</b></p>"}, "", "Visa & Maestro"),
        ({"description": "x", "enabled": False}, "", "Not offered in the e-shop now."),
    ],
)
def test_a_payment_method(row: dict[str, Any], type_: str, description: str) -> None:
    assert parse_payment({"code": "c", "name": None, **row}) == SequenceEntry(
        kind="payment", code="c", name="c", type=type_, description=description
    )
