"""What PrestaShop's orders mean: the recorded ones, and what each of their parts may say."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eshops.adapters.prestashop.orders import ORDER_METADATA, parse_order
from eshops.adapters.prestashop.products import LINE_METADATA, parted
from eshops.adapters.prestashop.resources import (
    OPTIONAL,
    RESOURCES,
    Resource,
    discounted,
    grouped,
    wanted,
)
from eshops.adapters.prestashop.rows import reference
from eshops.adapters.prestashop.sequences import (
    CARRIER_FIELDS,
    STATUS_FIELDS,
    parse_delivery,
    parse_status,
    present,
    translated,
)
from eshops.adapters.reading import decode
from eshops.source import BadPayload, ItemKind, Metadatum, SequenceEntry, SourceItem, SourceOrder

D = Decimal
PRAGUE = "Europe/Prague"
RECORDED = Path(__file__).parents[2] / "recorded/prestashop"
ORDER: dict[str, Any] = {
    "id": 7,
    "id_address_invoice": 71,
    "id_address_delivery": 72,
    "id_currency": 1,
    "id_customer": 73,
    "id_carrier": 5,
    "current_state": 2,
    "module": "ps_wirepayment",
    "payment": "Bankovní převod",
    "date_add": "2026-07-01 12:00:00",
    "date_upd": "0000-00-00 00:00:00",
    "total_paid": "1.000000",
    "total_paid_tax_incl": "121.000000",
    "total_paid_tax_excl": "100.000000",
    "total_paid_real": "0.000000",
    "reference": "ABCDEFGHI",
}
LINE: dict[str, Any] = {
    "id": 701,
    "id_order": 7,
    "product_id": 9,
    "product_attribute_id": 0,
    "product_name": "Káva",
    "product_quantity": 2,
    "unit_price_tax_excl": "50.000000",
    "unit_price_tax_incl": "60.500000",
    "total_price_tax_excl": "100.000000",
    "total_price_tax_incl": "121.000000",
}
CURRENCY = {"id": 1, "iso_code": "CZK"}
TAXES = [{"id": 1, "rate": "21.000"}, {"id": 2, "rate": "2.500"}]
SLIP: dict[str, Any] = {
    "id": 41,
    "id_order": 7,
    "total_products_tax_excl": "50.000000",
    "total_products_tax_incl": "60.500000",
    "total_shipping_tax_excl": "10.000000",
    "total_shipping_tax_incl": "12.100000",
    "amount": "60.500000",
    "shipping_cost_amount": "12.100000",
    "order_slip_type": "2",
}


def recorded(name: str) -> list[Any]:
    body = decode((RECORDED / f"{name}.json").read_bytes())
    return next(iter(body.values()))


def index(resource: Resource, rows: list[Any]) -> dict[str, list[Any]]:
    return grouped(rows, resource.key, {reference(row, resource.key) for row in rows})


def parsed(order: Mapping[str, Any] = {}, without: str = "", **parts: list[Any]) -> SourceOrder:
    """The order with these fields and these rows of the other resources; `without` names one that
    the key may not read."""
    rows: dict[str, list[Any]] = {"order_details": [LINE], "currencies": [CURRENCY], "taxes": TAXES}
    rows |= parts
    tables = {each.name: index(each, rows.get(each.name, [])) for each in RESOURCES}
    tables.pop(without, None)
    return parse_order(decode(json.dumps({**ORDER, **order}).encode()), tables, PRAGUE)


def line(**fields: Any) -> SourceItem:
    return parsed(order_details=[LINE | fields]).items[0]


def of_kind(order: SourceOrder, kind: ItemKind) -> list[SourceItem]:
    return [item for item in order.items if item.kind == kind]


def added_up(order: SourceOrder) -> Decimal:
    return sum((item.gross or D(0) for item in order.items if item.in_total), D(0))


# recorded orders


PARTS = {
    "orders": "orders_id_param",
    "addresses": "addresses_by_ids",
    "customers": "customers_by_ids",
    "countries": "countries_active",
    "order_details": "order_details",
    "order_carriers": "order_carriers",
    "order_payments": "order_payments",
    "messages": "messages",
    "currencies": "currencies",
    "carriers": "carriers",
    "order_states": "order_states",
}
"""Resource → where its rows are recorded."""


@pytest.fixture(scope="module")
def told() -> dict[str, SourceOrder]:
    """The recorded orders. Of most of them their lines were not recorded."""
    parts = {name: recorded(file) for name, file in PARTS.items()} | {"taxes": TAXES}
    tables = {each.name: index(each, parts.get(each.name, [])) for each in RESOURCES}
    orders = {}
    for row in recorded("orders_id_param"):
        if str(row["id"]) not in tables["order_details"]:
            del row["associations"]
        orders[str(row["id"])] = parse_order(row, tables, PRAGUE)
    return orders


def test_every_recorded_order_is_read(told: dict[str, SourceOrder]) -> None:
    assert list(told) == [str(number) for number in range(1, 121)]
    assert {order.currency for order in told.values()} == {"CZK", "EUR", "USD", "JPY"}


def test_recorded_figures_are_the_shops_own(told: dict[str, SourceOrder]) -> None:
    for row in recorded("orders_id_param"):
        order = told[str(row["id"])]
        assert order.total == D(row["total_paid_tax_incl"])
        assert order.net == D(row["total_paid_tax_excl"])
        assert order.net + order.tax == order.total
        assert order.shipping == D(row["total_shipping_tax_incl"])
        (shipping,) = of_kind(order, ItemKind.SHIPPING)
        assert (shipping.net, shipping.gross) == (
            D(row["total_shipping_tax_excl"]),
            D(row["total_shipping_tax_incl"]),
        )


@pytest.mark.parametrize(("number", "off"), [("20", "0"), ("21", "-0.01")])
def test_recorded_lines_add_up_as_the_shops_own_totals_do(
    told: dict[str, SourceOrder], number: str, off: str
) -> None:
    row = next(row for row in recorded("orders_id_param") if str(row["id"]) == number)
    order = told[number]
    products = of_kind(order, ItemKind.PRODUCT)
    assert sum(item.net or 0 for item in products) == D(row["total_products"])
    assert sum(item.gross or 0 for item in products) == D(row["total_products_wt"])
    assert added_up(order) - order.total == D(off)


def test_a_recorded_line(told: dict[str, SourceOrder]) -> None:
    assert told["20"].items[0] == SourceItem(
        external_id="51",
        kind=ItemKind.PRODUCT,
        name="Hummingbird printed t-shirt",
        variant="Size: S, Color: Black",
        product_id="1",
        variant_id="2",
        sku="demo_1",
        quantity=D(2),
        unit_price=D("0.7648"),
        tax_rate=D(21),
        net=D("1.53"),
        tax=D("0.32"),
        gross=D("1.85"),
        metadata=(
            Metadatum("product_supplier_reference", "demo_1_47"),
            Metadatum("product_weight", "0.300000"),
        ),
    )


def test_the_recorded_rates_are_also_in_the_prices() -> None:
    lines = recorded("order_details")
    assert {line["associations"]["taxes"][0]["id"] for line in lines} == {1}
    for each in lines:
        row = {**each, "id_order": 7}
        assert parsed(without="taxes", order_details=[row]).items[0].tax_rate == D(21)


def test_a_recorded_order(told: dict[str, SourceOrder]) -> None:
    order = told["6"]
    assert (order.number, order.status_code) == ("EJMZABZOF", "10")
    assert (order.payment_code, order.payment_name) == ("ps_wirepayment", "Bank wire")
    assert (order.delivery_code, order.delivery_name) == ("1", "Click and collect")
    assert order.customer_note == "Zákazník: dodat až po 17. hodině"
    assert (order.customer_name, order.customer_email) == ("Jan Novák", "jan.novak@example.cz")
    assert (order.company_id, order.vat_id, order.tax_id) == ("12345678", "CZ12345678", "")
    assert (order.shipping_address.line1, order.billing.line1) == ("Dlouhá 12/3", "Billing 99")
    assert (order.billing.line2, order.billing.company) == ("2. patro", "ACME & Sons s.r.o.")
    assert (order.billing.postcode, order.billing.country) == ("110 00", "CZ")
    assert order.billing.phone == order.customer_phone == "+420 777 000 000"
    assert Metadatum("delivery_other", "Prosím zavolejte předem") in order.metadata
    assert not order.is_paid


def test_the_demonstration_orders_owe_what_their_lines_do(told: dict[str, SourceOrder]) -> None:
    """`total_paid` of the first is 61.80, for the tax on its shipping is missing there."""
    first = told["1"]
    assert (first.total, first.net, first.tax) == (D("68.2"), D("66.8"), D("1.4"))
    (shipping,) = of_kind(first, ItemKind.SHIPPING)
    assert (shipping.gross, shipping.tax_rate) == (D("8.4"), D(20))


def test_recorded_payments(told: dict[str, SourceOrder]) -> None:
    """Four payments of the whole total each: it was paid when the first came."""
    order = told["30"]
    assert (order.number, order.is_paid) == ("AEKYSIRBG", True)
    assert order.paid_at == datetime(2026, 11, 23, 6, 17, 47, tzinfo=UTC)


def test_why_lists_are_asked_for() -> None:
    """The same order alone lacks what is 0 or empty."""
    single = decode((RECORDED / "order_single.json").read_bytes())["order"]
    listed = next(row for row in recorded("orders_by_ids_with_missing") if row["id"] == 20)
    assert sorted(listed.keys() - single.keys()) == [
        "delivery_number",
        "gift",
        "gift_message",
        "invoice_number",
        "mobile_theme",
        "recyclable",
        "shipping_number",
        "valid",
    ]


def test_what_is_asked_for_and_read_is_there() -> None:
    """PrestaShop refuses a request with a field or a resource that it does not know."""
    there = {name: set(recorded(file)[0]) for name, file in PARTS.items()}
    for resource in RESOURCES:
        asked = set(resource.display.strip("[]").split(",")) - {"full"}
        if resource.name in there:
            assert asked | {resource.key} <= there[resource.name], resource.name
    assert set(STATUS_FIELDS.strip("[]").split(",")) <= there["order_states"]
    assert set(CARRIER_FIELDS.strip("[]").split(",")) <= there["carriers"]
    assert {*LINE_METADATA, "tax_computation_method"} <= there["order_details"]
    assert {*ORDER_METADATA, "total_paid_real", "carrier_tax_rate"} <= there["orders"]
    known = decode((RECORDED / "err_unknown_resource.json").read_bytes())["errors"][0]["message"]
    assert all(f'"{each.name}"' in known for each in RESOURCES)
    assert '"configurations"' in known


# times


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-07-01 12:00:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2026-12-01 12:00:00", datetime(2026, 12, 1, 11, tzinfo=UTC)),
        ("2026-03-29 02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # left out that day
        ("2026-10-25 02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the first of two
    ],
)
def test_times_are_the_shops(written: str, meant: datetime) -> None:
    order = parsed({"date_add": written, "date_upd": written})
    assert order.placed_at == order.source_modified_at == meant


def test_a_time_of_zeros_is_none() -> None:
    assert parsed({"date_upd": "0000-00-00 00:00:00"}).source_modified_at is None
    with pytest.raises(BadPayload, match="date_add"):
        parsed({"date_add": "0000-00-00 00:00:00"})


# lines


@pytest.mark.parametrize(
    ("full", "name", "variant"),
    [
        ("Shirt (Size:S - Color:White)", "Shirt", "Size: S, Color: White"),
        ("Shirt (bio) (Size:S)", "Shirt (bio)", "Size: S"),
        ("Shirt (Size:S (small) - Color:Black)", "Shirt", "Size: S (small), Color: Black"),
        ("Shirt (Colour:Black - white)", "Shirt", "Colour: Black - white"),
        ("Shirt - Color : White, Size : S", "Shirt", "Color: White, Size: S"),
        ("Shirt - blue - Size : S", "Shirt - blue", "Size: S"),
        ("Mug - blue (Size : S)", "Mug - blue", "Size: S"),
        ("Shirt - Size : S (small)", "Shirt", "Size: S (small)"),
        ("Shirt - Sizes : S, M, Color : Red", "Shirt", "Sizes: S, M, Color: Red"),
        ("Shirt (white - Size:S)", "Shirt", "white, Size: S"),
        ("Cushion Color : Black", "Cushion Color : Black", ""),
        ("Shirt (100 g)", "Shirt (100 g)", ""),
        ("Shirt)", "Shirt)", ""),
        ("(a:b)", "(a:b)", ""),
        ("", "", ""),
    ],
)
def test_the_variant_stands_behind_the_name(full: str, name: str, variant: str) -> None:
    assert parted(full) == (name, variant)
    item = line(product_attribute_id=3, product_name=full)
    assert (item.name, item.variant, item.variant_id) == (name, variant, "3")
    whole = line(product_attribute_id=0, product_name=full)
    assert (whole.name, whole.variant, whole.variant_id) == (full, "", "")


@given(st.text("ab ():-"))
def test_any_name_is_parted_without_losing_a_letter(full: str) -> None:
    name, variant = parted(full)
    assert [letter for letter in name + variant if letter in "ab"] == [
        letter for letter in full if letter in "ab"
    ]


@pytest.mark.parametrize(
    ("fields", "rate"),
    [
        ({"associations": {"taxes": [{"id": 1}]}}, D(21)),
        ({"associations": {"taxes": [{"id": "1"}, {"id": 2}]}}, D("23.5")),
        (
            {"associations": {"taxes": [{"id": 1}, {"id": 2}]}, "tax_computation_method": 2},
            D("24.025"),
        ),
        ({"associations": {"taxes": [{"id": 8}]}}, D(21)),  # of a tax that is no more
        ({}, D(21)),
        ({"unit_price_tax_incl": "62.3456"}, D("24.69")),
        ({"unit_price_tax_excl": None, "unit_price_tax_incl": None}, D(21)),
        ({"total_price_tax_incl": "100.000000"}, D(0)),
        (  # listed, and free of charge
            {
                "total_price_tax_excl": "0",
                "total_price_tax_incl": "0",
                "associations": {"taxes": [{"id": 1}]},
            },
            D(21),
        ),
        (  # listed, but the customer is exempt
            {"total_price_tax_incl": "100.000000", "associations": {"taxes": [{"id": 1}]}},
            D(0),
        ),
    ],
)
def test_tax_rate(fields: dict[str, Any], rate: Decimal) -> None:
    assert line(**fields).tax_rate == rate


def test_what_a_line_has_beyond_ours_is_in_its_metadata() -> None:
    item = line(
        product_quantity_refunded=1,
        product_quantity_return="0",
        ecotax="0.500000",
        product_weight="0.000000",
        product_upc="",
        product_mpn=None,
        id_customization=4,
    )
    assert item.metadata == (
        Metadatum("id_customization", 4),
        Metadatum("product_quantity_refunded", 1),
        Metadatum("ecotax", "0.500000"),
    )


def test_lines_are_told_in_their_own_order() -> None:
    rows = [LINE | {"id": number} for number in (705, "99", 701)]
    products = of_kind(parsed(order_details=rows), ItemKind.PRODUCT)
    assert [item.external_id for item in products] == ["99", "701", "705"]


@pytest.mark.parametrize(
    "order",
    [
        {"associations": {"order_rows": [{"id": 701}, {"id": 702}]}},
        {"associations": {"order_rows": "x"}},
    ],
)
def test_a_line_that_is_missing_costs_the_order(order: dict[str, Any]) -> None:
    with pytest.raises(BadPayload, match="order_rows"):
        parsed(order)


def test_two_lines_with_one_id_cost_the_order() -> None:
    with pytest.raises(BadPayload, match="same id"):
        parsed(order_details=[LINE, LINE])


@pytest.mark.parametrize(
    ("order", "line"),
    [
        ({}, ("", D(0), D(0), D(0))),
        (
            {"total_shipping_tax_excl": "10", "total_shipping_tax_incl": "12.1"},
            ("", 10, "12.1", 21),
        ),
        (
            {
                "total_shipping_tax_excl": "10.00",
                "total_shipping_tax_incl": "12.10",
                "carrier_tax_rate": "20.900",
            },
            ("", 10, "12.1", "20.9"),
        ),
        ({"id_carrier": 0}, None),  # nothing is sent
        ({"id_carrier": 0, "total_shipping_tax_incl": "1"}, ("", 0, 1, None)),
    ],
)
def test_shipping(order: dict[str, Any], line: tuple[Any, ...] | None) -> None:
    found = of_kind(parsed(order), ItemKind.SHIPPING)
    told = [(item.name, item.net, item.gross, item.tax_rate) for item in found]
    expected = line and tuple(D(x) if x or x == 0 else x for x in line)
    assert told == ([expected] if expected else [])


def test_gift_wrapping_is_a_fee() -> None:
    wrapped = parsed({"total_wrapping_tax_excl": "2", "total_wrapping_tax_incl": "2.42"})
    (fee,) = of_kind(wrapped, ItemKind.FEE)
    assert (fee.external_id, fee.name, fee.net, fee.tax, fee.gross, fee.in_total) == (
        "wrapping",
        "Gift wrapping",
        D(2),
        D("0.42"),
        D("2.42"),
        True,
    )
    assert not of_kind(parsed(), ItemKind.FEE)


# discounts


def rule(number: int, gross: str, net: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "id_order": 7,
        "name": f"R{number}",
        "value": gross,
        "value_tax_excl": net,
    } | fields


DISCOUNTS: dict[str, tuple[str, str, list[dict[str, Any]], list[tuple[str, ...]]]] = {
    "none": ("0", "0", [], []),
    "two rules": (
        "15",
        "12",
        [rule(4, "5", "4"), rule(3, "10", "8")],
        [("3", "R3", "-8.000000", "-10.000000"), ("4", "R4", "-4.000000", "-5.000000")],
    ),
    "a rule is not rounded, the total is": (
        "0.87",
        "0.72",
        [rule(3, "0.871000", "0.720000")],
        [("3", "R3", "-0.720000", "-0.871000"), ("rest", "Rounding", "0.000000", "0.001000")],
    ),
    "a rule that was taken back": (
        "5",
        "4",
        [rule(4, "5", "4"), rule(3, "10", "8", deleted="1")],
        [("4", "R4", "-4.000000", "-5.000000")],
    ),
    "more than the rules say": (
        "5",
        "4",
        [rule(4, "2", "2")],
        [("4", "R4", "-2.000000", "-2.000000"), ("rest", "Discount", "-2.000000", "-3.000000")],
    ),
    "no rules": ("0.01", "0.01", [], [("rest", "Discount", "-0.010000", "-0.010000")]),
}


@pytest.mark.parametrize("case", DISCOUNTS.values(), ids=DISCOUNTS)
def test_discounts(case: tuple[str, str, list[dict[str, Any]], list[tuple[str, ...]]]) -> None:
    gross, net, rules, told = case
    totals = {"total_discounts_tax_incl": gross, "total_discounts_tax_excl": net}
    order = parsed(totals, order_cart_rules=rules)
    lines = of_kind(order, ItemKind.DISCOUNT)
    assert [(each.external_id, each.name, str(each.net), str(each.gross)) for each in lines] == told
    assert order.discount == D(gross) == -sum(each.gross or 0 for each in lines)
    assert all(each.in_total for each in lines)


def test_discounts_whose_rules_cannot_be_read() -> None:
    totals = {"total_discounts_tax_incl": "15", "total_discounts_tax_excl": "12"}
    (line,) = of_kind(parsed(totals, "order_cart_rules"), ItemKind.DISCOUNT)
    assert (line.external_id, line.name, line.net, line.gross) == ("rest", "Discount", -12, -15)


CENTS = st.decimals(0, 1000, places=2)
FRACTIONS = st.decimals(0, 1000, places=6)


@given(CENTS, CENTS, st.lists(st.tuples(FRACTIONS, FRACTIONS), max_size=4))
def test_discount_lines_always_come_to_what_was_taken_off(
    gross: Decimal, net: Decimal, values: list[tuple[Decimal, Decimal]]
) -> None:
    rules = [rule(number, str(a), str(b)) for number, (a, b) in enumerate(values, 1)]
    totals = {"total_discounts_tax_incl": str(gross), "total_discounts_tax_excl": str(net)}
    lines = of_kind(parsed(totals, order_cart_rules=rules), ItemKind.DISCOUNT)
    assert sum(item.gross or 0 for item in lines) == -gross
    assert sum(item.net or 0 for item in lines) == -net
    assert len(lines) - len(rules) in (0, 1)


@pytest.mark.parametrize(
    ("order", "asked"),
    [
        ({"id": 7, "total_discounts_tax_incl": "1.000000"}, ["7"]),
        ({"id": 7, "total_discounts_tax_incl": "0.000000", "total_discounts_tax_excl": "1"}, ["7"]),
        ({"id": 7, "total_discounts_tax_incl": "10.000000"}, ["7"]),
        ({"id": 7, "total_discounts_tax_incl": "0.000000"}, []),
        ({"id": 7, "total_discounts_tax_incl": 0, "total_discounts_tax_excl": None}, []),
        ({"id": 7}, []),
    ],
)
def test_cart_rules_are_asked_for_where_something_was_taken_off(
    order: dict[str, Any], asked: list[str]
) -> None:
    assert discounted(order) == asked


# refunds


@pytest.mark.parametrize(
    ("fields", "net", "tax", "gross"),
    [
        ({}, "-60", "-12.6", "-72.6"),
        ({"amount": "50.000000", "order_slip_type": "0"}, "-60", "-12.6", "-72.6"),
        ({"amount": "72.6"}, "-60", "-12.6", "-72.6"),
        ({"amount": "30.000000"}, None, None, "-42.1"),  # staff chose it; with the shipping
        ({"amount": "30.000000", "order_slip_type": "0"}, "-60", "-12.6", "-72.6"),
        ({"order_slip_type": "1"}, None, None, "-62.6"),  # the discount of 10 is kept back
        ({"order_slip_type": "1", "amount": "50.000000"}, None, None, "-72.6"),  # has been already
        (  # of PrestaShop 1.5
            {
                "total_products_tax_incl": "0.000000",
                "total_products_tax_excl": "0.000000",
                "total_shipping_tax_incl": "0.000000",
                "total_shipping_tax_excl": "0.000000",
                "order_slip_type": "0",
            },
            None,
            None,
            "-72.6",
        ),
    ],
)
def test_credit_slips_are_refunds(
    fields: dict[str, Any], net: str | None, tax: str | None, gross: str
) -> None:
    order = parsed({"total_discounts_tax_incl": "10"}, order_slip=[SLIP | fields])
    (refund,) = of_kind(order, ItemKind.REFUND)
    figures = [None if each is None else D(each) for each in (net, tax, gross)]
    assert [refund.net, refund.tax, refund.gross] == figures
    assert (refund.external_id, refund.in_total) == ("41", False)
    assert order.refunded == -D(gross)
    assert order.total == D(121)


def test_several_credit_slips_are_added_up() -> None:
    assert parsed(order_slip=[SLIP, SLIP | {"id": 42}]).refunded == D("145.2")
    assert str(parsed().refunded) == "0"


# payment

STATES = [{"id": 2, "paid": "1"}, {"id": 6, "paid": "0"}]


def payment(number: int, amount: str, date: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "order_reference": "ABCDEFGHI",
        "id_currency": 1,
        "amount": amount,
        "date_add": date,
    } | fields


@pytest.mark.parametrize(
    ("order", "is_paid"),
    [
        ({"current_state": 2}, True),
        ({"current_state": 6}, False),
        ({"current_state": 6, "total_paid_real": "121.000000"}, True),  # paid, then cancelled
        ({"current_state": 6, "total_paid_real": "120.990000"}, False),
        ({"current_state": 6, "total_paid_tax_incl": "0", "total_paid_tax_excl": "0"}, False),
        ({"current_state": 2, "total_paid_tax_incl": "0", "total_paid_tax_excl": "0"}, True),
        ({"current_state": 0}, False),
    ],
)
def test_paid_by_its_status_or_by_what_was_received(order: dict[str, Any], is_paid: bool) -> None:
    assert parsed(order, order_states=STATES).is_paid is is_paid


EARLY, LATE = "2026-07-02 12:00:00", "2026-07-03 12:00:00"


@pytest.mark.parametrize(
    ("payments", "day"),
    [
        ([], None),
        ([payment(1, "121", EARLY)], 2),
        ([payment(1, "121", LATE), payment(2, "121", EARLY)], 2),
        ([payment(1, "60", EARLY), payment(2, "61", LATE)], 3),
        ([payment(1, "60", EARLY), payment(2, "1", LATE)], 3),  # its status says that it is paid
        ([payment(1, "121", EARLY, id_currency=2), payment(2, "121", LATE)], 3),
        ([payment(1, "121", "0000-00-00 00:00:00")], None),
        ([payment(1, "121", EARLY, order_reference="ANOTHER")], None),
    ],
)
def test_paid_when_the_payments_reached_the_total(
    payments: list[dict[str, Any]], day: int | None
) -> None:
    order = parsed(order_states=STATES, order_payments=payments)
    assert order.paid_at == (day and datetime(2026, 7, day, 10, tzinfo=UTC))


def test_a_part_of_the_total_pays_nothing() -> None:
    unpaid = parsed(
        {"current_state": 6, "total_paid_real": "60.000000"},
        order_states=STATES,
        order_payments=[payment(1, "60", EARLY)],
    )
    assert (unpaid.is_paid, unpaid.paid_at) == (False, None)


def test_orders_of_one_cart_share_their_payments() -> None:
    both = [
        parsed(
            {"id": each},
            order_details=[LINE | {"id_order": each}],
            order_states=STATES,
            order_payments=[payment(1, "300", EARLY, transaction_id="T-1")],
        )
        for each in (7, 8)
    ]
    assert [order.external_id for order in both] == ["7", "8"]
    assert {order.number for order in both} == {"ABCDEFGHI"}
    assert {order.paid_at for order in both} == {datetime(2026, 7, 2, 10, tzinfo=UTC)}
    assert all(Metadatum("transaction_id", "T-1") in order.metadata for order in both)


# delivery

CARRIERS = [
    {"id": 5, "id_reference": 2, "name": "PPL", "url": "https://ppl.test/?p=@&lang=cs"},
    {"id": 6, "id_reference": 0, "name": "Osobně", "url": ""},
]


def parcel(number: int, tracking: str, carrier: int = 5) -> dict[str, Any]:
    return {"id": number, "id_order": 7, "id_carrier": carrier, "tracking_number": tracking}


@pytest.mark.parametrize(
    ("order", "code", "name"),
    [
        ({}, "2", "PPL"),
        ({"id_carrier": 6}, "6", "Osobně"),
        ({"id_carrier": 9}, "", ""),
        ({"id_carrier": 0}, "", ""),
    ],
)
def test_a_carrier_is_known_by_what_its_versions_share(
    order: dict[str, Any], code: str, name: str
) -> None:
    told = parsed(order, carriers=CARRIERS)
    assert (told.delivery_code, told.delivery_name) == (code, name)


@pytest.mark.parametrize(
    ("parcels", "number", "url"),
    [
        ([], "", ""),
        ([parcel(1, "")], "", ""),
        ([parcel(1, "A1")], "A1", "https://ppl.test/?p=A1&lang=cs"),
        ([parcel(2, "B2"), parcel(1, "A1")], "A1, B2", "https://ppl.test/?p=A1&lang=cs"),
        ([parcel(1, "A1"), parcel(2, "A1")], "A1", "https://ppl.test/?p=A1&lang=cs"),
        ([parcel(1, "A1", 6)], "A1", ""),
        ([parcel(1, "A1", 9)], "A1", "https://ppl.test/?p=A1&lang=cs"),  # the order's own carrier
    ],
)
def test_tracking(parcels: list[dict[str, Any]], number: str, url: str) -> None:
    order = parsed(order_carriers=parcels, carriers=CARRIERS)
    assert (order.tracking_number, order.tracking_url) == (number, url)


# customer and addresses


def message(number: int, words: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "id_order": 7,
        "id_employee": 0,
        "message": words,
        "private": "0",
    } | fields


@pytest.mark.parametrize(
    ("messages", "note"),
    [
        ([], ""),
        ([message(1, "Zvoňte")], "Zvoňte"),
        ([message(2, "Druhá"), message(1, "První")], "První\nDruhá"),
        ([message(1, "Zvoňte"), message(2, "Zvoňte ")], "Zvoňte"),
        ([message(1, "Zvoňte"), message(2, "TX 123", private="1")], "Zvoňte"),
        ([message(1, "Zvoňte", private="1")], "Zvoňte"),
        ([message(1, "Interní", id_employee=1, private="1")], ""),
        ([message(1, "Odpověď", id_employee="1")], ""),
    ],
)
def test_the_customers_own_words(messages: list[dict[str, Any]], note: str) -> None:
    assert parsed({"note": "Interní"}, messages=messages).customer_note == note


def test_addresses() -> None:
    order = parsed(
        addresses=[
            {"id": 71, "id_country": 21, "id_state": 8, "phone": "", "phone_mobile": "777"},
            {"id": 72, "id_country": 99, "phone": "1", "phone_mobile": "2", "other": "2. patro"},
        ],
        countries=[{"id": 21, "iso_code": "us"}],
        states=[{"id": 8, "iso_code": "CA"}],
        customers=[{"id": 73, "email": "a@b.test", "firstname": "A", "siret": "123"}],
    )
    assert (order.billing.country, order.billing.region, order.billing.phone) == ("US", "CA", "777")
    assert (order.shipping_address.country, order.shipping_address.phone) == ("", "1")
    assert (order.billing.email, order.shipping_address.email) == ("a@b.test", "")
    assert (order.customer_name, order.customer_phone, order.company_id) == ("A", "777", "123")
    assert order.metadata == (
        Metadatum("delivery_other", "2. patro"),
        Metadatum("delivery_phone_mobile", "2"),
    )


def test_a_customer_and_addresses_that_are_deleted() -> None:
    order = parsed()
    assert (order.customer_name, order.customer_email, order.billing.line1) == ("", "", "")


def test_metadata() -> None:
    order = parsed({"note": "Volat", "gift": "0", "invoice_number": 5, "recyclable": "1"})
    assert order.metadata == (
        Metadatum("note", "Volat"),
        Metadatum("recyclable", "1"),
        Metadatum("invoice_number", 5),
    )


# missing rights and odd answers


@pytest.mark.parametrize("without", OPTIONAL)
def test_an_order_says_what_the_key_may_not_read(without: str) -> None:
    assert parsed(without=without).metadata == (Metadatum("not_allowed", [without]),)
    assert parsed(without=without).total == D(121)


def test_what_is_told_all_the_same() -> None:
    assert parsed({"shipping_number": "A1"}, "order_carriers", carriers=CARRIERS).tracking_url == (
        "https://ppl.test/?p=A1&lang=cs"
    )
    assert parsed({"shipping_number": "A1"}).tracking_number == ""


@pytest.mark.parametrize(
    ("order", "key"),
    [
        ({"id_currency": 5}, "iso_code"),
        ({"id": 0}, "id"),
        ({"id": "x"}, "id"),
        ({"total_paid_tax_incl": None}, "total_paid_tax_incl"),
        ({"total_paid_tax_excl": "NaN"}, "total_paid_tax_excl"),
    ],
)
def test_what_cannot_be_understood(order: dict[str, Any], key: str) -> None:
    with pytest.raises(BadPayload, match=key):
        parsed(order)


# which parts are asked for


def test_what_an_order_names_is_asked_for_once() -> None:
    rows: dict[str, list[Any]] = {
        "orders": [ORDER, ORDER | {"id": 8, "reference": "A|B"}, None, {"id": True}],
        "addresses": [{"id_country": 16, "id_state": 0}, {"id_country": "16", "id_state": "8"}],
        "order_details": [
            {"associations": {"taxes": [{"id": 1}, {"id": "2"}, None]}},
            {"associations": {"taxes": None}},
            {"associations": []},
        ],
        "order_carriers": [{"id_carrier": 6}],
    }
    asked = {resource.name: wanted(resource, rows) for resource in RESOURCES}
    assert asked == {
        "order_details": ["7", "8"],
        "addresses": ["71", "72"],
        "customers": ["73"],
        "order_carriers": ["7", "8"],
        "order_payments": ["ABCDEFGHI"],
        "order_cart_rules": [],
        "order_slip": ["7", "8"],
        "messages": ["7", "8"],
        "currencies": ["1"],
        "countries": ["16"],
        "states": ["8"],
        "carriers": ["5", "6"],
        "order_states": ["2"],
        "taxes": ["1", "2"],
    }


def test_rows_that_were_not_asked_for_are_left_out() -> None:
    rows = [{"id": 1}, {"id": "1", "b": 2}, {"id": 3}, None, {}]
    assert grouped(rows, "id", ["1", "2"]) == defaultdict(
        list, {"1": [{"id": 1}, {"id": "1", "b": 2}], "2": []}
    )


# code lists


def test_recorded_statuses() -> None:
    entries = [parse_status(row, "2") for row in recorded("order_states")]
    assert {entry.code: entry.type for entry in entries} == {
        "1": "new",
        "2": "paid",
        "3": "paid",
        "4": "shipped",
        "5": "delivered",
        "6": "cancelled",
        "7": "returned",
        "8": "new",
        "9": "paid",
        "10": "new",
        "11": "paid",
        "12": "new",
        "13": "new",
    }
    assert entries[2] == SequenceEntry(
        kind="status", code="4", name="Shipped", type="shipped", color="#01B887"
    )
    assert [parse_status(row, "") for row in recorded("order_states_language2")] == entries


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"id": 5, "shipped": "1", "unremovable": "0"}, "shipped"),
        ({"id": 20, "template": "own"}, ""),
        ({"id": 20, "template": "own", "paid": 1}, "paid"),
        ({"id": 20}, ""),
    ],
)
def test_statuses_of_the_shops_own(row: dict[str, Any], kind: str) -> None:
    assert parse_status(row, "1").type == kind


def test_a_status_that_is_deleted() -> None:
    entry = parse_status({"id": 20, "deleted": "1", "name": ""}, "1")
    assert (entry.name, entry.description) == ("20", "Deleted in the e-shop.")


def test_recorded_carriers() -> None:
    entries = [parse_delivery(row, "2") for row in present(recorded("carriers"))]
    assert [(entry.code, entry.name) for entry in entries] == [
        ("1", "Click and collect"),
        ("2", "My carrier"),
        ("3", "My cheap carrier"),
        ("4", "My light carrier"),
        ("5", "PPL standard"),
        ("6", "Zásilkovna výdejní místo"),
        ("7", "DHL Express & Co"),
    ]
    assert entries[2].description == "Not offered in the e-shop now."
    assert entries[4].description == "2-3 days"


def test_of_a_carriers_versions_the_present_one_is_told() -> None:
    versions: list[Any] = [
        {"id": 12, "id_reference": 3, "name": "now", "active": "1", "deleted": "0"},
        {"id": 3, "id_reference": 3, "name": "first", "active": "1", "deleted": "1"},
        {"id": 15, "id_reference": 3, "name": "never", "active": "1", "deleted": "1"},
        {"id": 4, "id_reference": 4, "name": "old", "active": "1", "deleted": "1"},
        {"id": 9, "id_reference": 4, "name": "last", "active": "1", "deleted": "1"},
        None,
        {"id": "x"},
    ]
    told = {row["id_reference"]: row["name"] for row in present(versions)}
    assert told == {3: "now", 4: "last"}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("Poštou", "Poštou"),
        ([{"id": 1, "value": "By post"}, {"id": "2", "value": "Poštou"}], "Poštou"),
        ([{"id": 1, "value": "By post"}, {"id": 2, "value": ""}], "By post"),
        ([{"id": 1, "value": "By post"}], "By post"),
        ([], ""),
        (None, ""),
    ],
)
def test_words_in_the_shops_language(value: Any, words: str) -> None:
    assert translated({"name": value}, "name", "2") == words
