"""What Shoptet's orders mean: examples of others, and every way of stating a figure."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from eshops.adapters.reading import decode
from eshops.adapters.shoptet.orders import is_as_told, parse_order
from eshops.source import BadPayload, ItemKind, Metadatum, SourceAddress, SourceItem, SourceOrder
from tests.platforms.shoptet import item_price, line, price

D = Decimal
PRAGUE = "Europe/Prague"
EXAMPLES = next(
    (
        found
        for parent in Path(__file__).parents
        if (found := parent / "shared/examples/shoptet").is_dir()
    ),
    None,
)
BARE: dict[str, Any] = {
    "code": "2026000001",
    "creationTime": "2026-11-02T10:30:00+0100",
    "status": {"id": -1, "name": "Nevyřízená"},
    "price": price("0.00", "0.00", "0.00"),
}


def parsed(**fields: Any) -> SourceOrder:
    """As the API says it: through JSON, numbers as they are on the wire."""
    return parse_order(decode(json.dumps(BARE | fields).encode()), PRAGUE)


def added_up(order: SourceOrder) -> Decimal:
    return sum((item.gross or D(0) for item in order.items if item.in_total), D(0))


# examples of others


def example(name: str) -> Any:
    if EXAMPLES is None:
        pytest.skip("the examples are not here")
    return decode((EXAMPLES / f"{name}.json").read_bytes())


@pytest.mark.parametrize(("number", "total"), [(0, 420), (1, 260)])
def test_real_orders_add_up_to_their_totals(number: int, total: int) -> None:
    """Of 2021: `buyPrice`, no `unitPrice`, no `ean`, no notes."""
    order = parse_order(example(f"real-ShoptetOrderDtoFactoryTest-{number}"), PRAGUE)
    assert added_up(order) == order.total == order.net + order.tax == total


def test_a_real_order() -> None:
    """Of an e-shop that pays no VAT, with methods of its own, a coupon of another VAT rate and an
    address to ship to that has nothing in it."""
    address = SourceAddress(
        last_name="Jméno a příjmení",
        company="Název společnosti",
        line1="Ulice",
        city="Město",
        postcode="111 00",
        country="CZ",
        phone="+420722123456",
        email="test@test.cz",
    )
    zero: dict[str, Any] = {
        "quantity": D(1),
        "tax_rate": D(0),
        "net": D(0),
        "tax": D(0),
        "gross": D(0),
    }
    assert parse_order(example("real-ShoptetOrderDtoFactoryTest-0"), PRAGUE) == SourceOrder(
        external_id="DEMO000005",
        number="DEMO000005",
        placed_at=datetime(2021, 7, 12, 12, 52, 38, tzinfo=UTC),
        source_modified_at=datetime(2021, 7, 12, 13, 52, 38, tzinfo=UTC),
        status_code="-1",
        payment_code="Hotově",
        payment_name="Hotově",
        delivery_code="Česká Pošta",
        delivery_name="Česká Pošta",
        currency="CZK",
        total=D(420),
        net=D(420),
        tax=D(0),
        shipping=D(0),
        discount=D(100),
        refunded=D(0),
        customer_email="test@test.cz",
        customer_phone="+420722123456",
        customer_name="Jméno a příjmení",
        billing=address,
        shipping_address=address,
        items=(
            SourceItem(
                external_id="18",
                kind=ItemKind.FEE,
                name="Hotově",
                metadata=(Metadatum("itemType", "billing"),),
                **zero,
            ),
            SourceItem(
                external_id="17",
                kind=ItemKind.SHIPPING,
                name="Česká Pošta",
                metadata=(Metadatum("itemType", "shipping"),),
                **zero,
            ),
            SourceItem(
                external_id="16",
                kind=ItemKind.PRODUCT,
                name="Nike The Next",
                product_id="533bb41d-d978-11e0-b04f-57a43310b768",
                sku="0021",
                quantity=D(2),
                unit="ks",
                unit_price=D(260),
                tax_rate=D(0),
                net=D(520),
                tax=D(0),
                gross=D(520),
                metadata=(Metadatum("brand", "Nike"),),
            ),
            SourceItem(
                external_id="33169",
                kind=ItemKind.DISCOUNT,
                name="Slevový kupon č. BOUT100 - Sleva 100 Kč",
                tax_rate=D(21),
                net=D("-82.64"),
                tax=D("-17.36"),
                gross=D(-100),
                metadata=(Metadatum("itemType", "discount-coupon"),),
            ),
        ),
        metadata=(
            Metadatum("adminUrl", "https://ergotep.myshoptet.com/admin/objednavky-detail?id=5"),
            Metadatum("language", "cs"),
            Metadatum("cashDeskOrder", False),
            Metadatum("stockId", 1),
            Metadatum("vatPayer", False),
            Metadatum("exchangeRate", "1.00000000"),
        ),
    )


def test_the_documentation_s_own_example() -> None:
    """It contradicts itself: a line's `displayPrices` are twice its price, and its `ean` is a
    number."""
    order = parse_order(example("postman-api_orders_code")["data"]["order"], PRAGUE)
    assert (order.total, order.net, order.tax) == (D(242), D(200), D(42))
    (item,) = order.items
    assert (item.net, item.tax, item.gross, item.tax_rate) == (D(100), D(21), D(121), D(21))
    assert (item.ean, item.unit_price, item.variant) == ("12345678901234", D(100), "Name")
    assert (order.is_paid, order.paid_at) == (True, None)
    assert order.shipping_address == structs.replace(order.billing, email="", phone="")
    assert (order.pickup_point_id, order.tracking_number) == ("4", "DR123456")
    assert (order.company_id, order.vat_id, order.tax_id) == ("12345678", "CZ289324675", "")
    assert Metadatum("1st field", "forwarder ID") in order.metadata


# figures of the order


@pytest.mark.parametrize(
    ("stated", "total", "net", "tax", "rounding"),
    [
        ({}, "242.00", "200.00", "42.00", None),
        ({"toPay": "241.50"}, "241.5", "199.5", "42", "-0.5"),
        ({"toPay": "242.49"}, "242.49", "200.49", "42", "0.49"),
        ({"toPay": "240.00"}, "240", "198", "42", "-2"),  # forints, to five
        ({"toPay": None}, "242", "200", "42", None),
        ({"vat": None}, "242", "200", "42", None),
        ({"vat": None, "toPay": "243.00"}, "243", "201", "42", "1"),
        # not rounded but something that is not documented; it is owed all the same
        ({"toPay": "142.00"}, "142", "100", "42", None),
        ({"toPay": "0.00"}, "0", "-42", "42", None),
        ({"withVat": None}, "242", "200", "42", None),
        ({"withoutVat": None}, "242", "200", "42", None),
        ({"withoutVat": "199.99"}, "242", "200", "42", None),
        ({"toPay": "-242.00", "withVat": "-242.00", "vat": "-42.00"}, "-242", "-200", "-42", None),
    ],
)
def test_totals(
    stated: dict[str, Any], total: str, net: str, tax: str, rounding: str | None
) -> None:
    order = parsed(price=price("242.00", "200.00", "42.00") | stated)
    assert (order.total, order.net, order.tax) == (D(total), D(net), D(tax))
    assert [(item.name, item.kind, item.gross, item.net, item.tax) for item in order.items] == (
        [("Rounding", ItemKind.FEE, D(rounding), D(rounding), D(0))] if rounding else []
    )


def test_rounding_that_is_an_item_is_not_told_twice() -> None:
    order = parsed(
        price=price("14321.50", "11836.00", "2485.50") | {"toPay": "14322.00"},
        items=[
            line(1, "product", "A", "1.000", "14321.50", "11836.00", "2485.50", "21.00"),
            line(2, "generic-item", "Zaokrouhlení", "1.000", "0.50", "0.50", "0.00", "0.00"),
        ],
    )
    assert [item.name for item in order.items] == ["A", "Zaokrouhlení"]
    assert added_up(order) == order.total == D(14322)


@pytest.mark.parametrize(
    "stated",
    [
        None,
        {},
        {"toPay": None, "withVat": None},
        {"vat": None, "withoutVat": None},
        {"currencyCode": None},
        {"currencyCode": "Kč"},
        {"toPay": "a lot"},
    ],
)
def test_an_order_without_figures_is_refused(stated: Any) -> None:
    whole = price("242.00", "200.00", "42.00")
    with pytest.raises(BadPayload):
        parsed(price=whole | stated if stated else stated)


cents = st.integers(-10_000_000, 10_000_000).map(lambda each: D(each) / 100)


@given(gross=cents, tax=cents, off=st.integers(-499, 499).map(lambda each: D(each) / 100))
def test_rounding_closes_the_gap(gross: Decimal, tax: Decimal, off: Decimal) -> None:
    """Whatever is rounded, net and VAT are the total, and so are the lines."""
    whole, net, vat = (f"{each:.2f}" for each in (gross, gross - tax, tax))
    order = parsed(
        price=price(whole, net, vat) | {"toPay": f"{gross + off:.2f}"},
        items=[line(1, "product", "A", "1.000", whole, net, vat, "21.00")],
    )
    assert order.total == gross + off == order.net + order.tax == added_up(order)
    assert order.tax == tax


# figures of a line


SPLIT = [
    item_price("-187.60", "-155.04", "-32.56", "21.00"),
    item_price("-12.40", "-11.27", "-1.13", "10.00"),
]
"""From developers.shoptet.com: a coupon of 200 on products at two rates."""
WHOLE = item_price("-200.00", "-200.00", "0.00", "0.00")


@pytest.mark.parametrize(
    ("fields", "rate", "net", "tax"),
    [
        ({}, "0", "-200", "0"),
        ({"displayPrices": SPLIT}, "20.2574", "-166.31", "-33.69"),
        ({"itemPriceVatBreakdown": SPLIT}, "20.2574", "-166.31", "-33.69"),
        (
            {"itemPriceVatBreakdown": SPLIT, "displayPrices": [WHOLE]},
            "20.2574",
            "-166.31",
            "-33.69",
        ),
        (
            {
                "displayPrices": [
                    item_price("-200.00", "-165.29", "-34.71", "21.00"),
                    item_price("0.00", "0.00", "0.00", "10.00"),
                ]
            },
            "21",
            "-165.29",
            "-34.71",
        ),
        (
            {"itemPriceVatBreakdown": [item_price("-200.00", "-165.29", "-34.71", "21.00")]},
            "21",
            "-165.29",
            "-34.71",
        ),
        # parts that are not the line's
        ({"displayPrices": [SPLIT[0], SPLIT[0]]}, "0", "-200", "0"),
        ({"displayPrices": [SPLIT[0], SPLIT[1] | {"vat": None}]}, "20.2574", "-166.31", "-33.69"),
        (
            {"displayPrices": [SPLIT[0], SPLIT[1] | {"vat": None, "withoutVat": None}]},
            "0",
            "-200",
            "0",
        ),
        ({"displayPrices": [], "itemPriceVatBreakdown": []}, "0", "-200", "0"),
        ({"displayPrices": None}, "0", "-200", "0"),
    ],
)
def test_a_discount_on_several_rates(fields: dict[str, Any], rate: str, net: str, tax: str) -> None:
    coupon = line(1, "discount-coupon", "SLEVA", "1.000", *WHOLE.values()) | {"displayPrices": []}
    order = parsed(items=[coupon | fields])
    (item,) = order.items
    assert (item.tax_rate, item.net, item.tax, item.gross) == (D(rate), D(net), D(tax), D(-200))
    assert order.discount == 200
    keys = [datum.key for datum in item.metadata]
    assert ("displayPrices" in keys) is (len(fields.get("displayPrices") or []) > 1)


@given(
    st.lists(
        st.tuples(st.integers(-(10**7), 10**7), st.sampled_from([0, 5, 12, 21, 23])),
        min_size=2,
        max_size=4,
    )
)
def test_parts_are_the_whole(parts: list[tuple[int, int]]) -> None:
    rows, gross = [], D(0)
    for minor, rate in parts:
        whole = D(minor) / 100
        tax = (whole * rate / (100 + rate)).quantize(D("0.01"))
        rows.append(item_price(*(f"{each:.2f}" for each in (whole, whole - tax, tax, D(rate)))))
        gross += whole
    stated = item_price(f"{gross:.2f}", f"{gross:.2f}", "0.00", "0.00")
    row = line(1, "shipping", "PPL", "1.000", *stated.values()) | {"displayPrices": rows}
    order = parsed(items=[row])
    (item,) = order.items
    assert item.gross == order.shipping == gross
    assert item.tax == sum(D(each["vat"]) for each in rows)
    assert item.net == gross - item.tax
    rates = {rate for minor, rate in parts if minor}
    if len(rates) == 1:
        assert item.tax_rate == rates.pop()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "100"),
        ({"amount": "3.000"}, "100"),  # as stated, whatever the line amounts to
        ({"priceRatio": "0.9000"}, "90"),  # stated is the price before the line's discount
        ({"priceRatio": "0.0000", "itemPrice": item_price("0.00", "0.00", "0.00", "21.00")}, "0"),
        ({"priceRatio": 1.0}, "100"),
        ({"priceRatio": None}, "100"),
        ({"unitPrice": None}, "90"),
        ({"unitPrice": None, "amount": "7.000"}, "12.857143"),
        ({"unitPrice": None, "amount": "-1.000"}, "-90"),
        ({"unitPrice": None, "amount": "0.000"}, None),
        ({"unitPrice": None, "itemPrice": None}, None),
        ({"priceRatio": "0.9000", "itemPrice": None}, "100"),
        ({"itemType": "shipping"}, None),
        ({"itemType": "gift"}, "100"),
    ],
)
def test_the_price_of_a_unit(fields: dict[str, Any], expected: str | None) -> None:
    row = line(1, "product", "A", "1.000", "108.90", "90.00", "18.90", "21.00")
    row["unitPrice"] = item_price("121.00", "100.00", "21.00", "21.00")
    (item,) = parsed(items=[row | fields]).items
    assert item.unit_price == (None if expected is None else D(expected))


def test_a_line_with_a_discount_of_its_own_tells_what_it_was_before() -> None:
    row = line(1, "product", "A", "2.000", "163.35", "135.00", "28.35", "21.00")
    before = item_price("90.75", "75.00", "15.75", "21.00")
    order = parsed(items=[row | {"priceRatio": "0.9000", "unitPrice": before}])
    (item,) = order.items
    assert item.unit_price == D("67.5")
    assert item.metadata == (Metadatum("priceRatio", "0.9000"), Metadatum("unitPrice", before))
    assert order.discount == 0  # no line is one


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"vat": None}, ("100", "21", "121")),
        ({"withVat": None}, ("100", "21", "121")),
        ({"withoutVat": None}, ("100", "21", "121")),
        ({"withVat": 121, "withoutVat": 100.0, "vat": 21}, ("100", "21", "121")),
        ({"withVat": None, "vat": None}, ("100", None, None)),
        ({"withVat": None, "vat": None, "withoutVat": None}, (None, None, None)),
        ({"vat": "20.99"}, ("100", "20.99", "121")),  # shown, not mended
    ],
)
def test_figures_that_are_not_stated(
    stated: dict[str, Any], expected: tuple[str | None, ...]
) -> None:
    row = line(1, "product", "A", "1.000", "121.00", "100.00", "21.00", "21.00")
    row["itemPrice"] = row["itemPrice"] | stated
    (item,) = parsed(items=[row]).items
    figures = tuple(None if each is None else D(each) for each in expected)
    assert (item.net, item.tax, item.gross) == figures


@pytest.mark.parametrize("rate", ["-1.00", "1000.00", "x", []])
def test_a_rate_that_is_none(rate: Any) -> None:
    row = line(1, "product", "A", "1.000", "121.00", "100.00", "21.00", "21.00")
    with pytest.raises(BadPayload, match="vatRate"):
        parsed(items=[row | {"itemPrice": row["itemPrice"] | {"vatRate": rate}}])


# kinds of lines


@pytest.mark.parametrize(
    ("type_", "gross", "kind"),
    [
        ("product", "1.00", ItemKind.PRODUCT),
        ("product", "-1.00", ItemKind.PRODUCT),
        ("bazar", "1.00", ItemKind.PRODUCT),
        ("service", "1.00", ItemKind.PRODUCT),
        ("gift", "0.00", ItemKind.PRODUCT),
        ("product-set", "1.00", ItemKind.PRODUCT),
        ("shipping", "1.00", ItemKind.SHIPPING),
        ("billing", "1.00", ItemKind.FEE),
        ("deposit", "1.00", ItemKind.FEE),
        ("discount-coupon", "-1.00", ItemKind.DISCOUNT),
        ("discount-coupon", "0.00", ItemKind.DISCOUNT),
        ("volume-discount", "-1.00", ItemKind.DISCOUNT),
        ("gift-certificate", "1.00", ItemKind.PRODUCT),
        ("gift-certificate", "-1.00", ItemKind.DISCOUNT),
        ("generic-item", "1.00", ItemKind.PRODUCT),
        ("generic-item", "-1.00", ItemKind.DISCOUNT),
        ("something-new", "-1.00", ItemKind.PRODUCT),
        (None, "1.00", ItemKind.PRODUCT),
    ],
)
def test_kinds(type_: str | None, gross: str, kind: ItemKind) -> None:
    row = line(1, "", "A", "1.000", gross, gross, "0.00", "0.00") | {"itemType": type_}
    order = parsed(items=[row])
    (item,) = order.items
    assert (item.kind, item.in_total, item.gross) == (kind, True, D(gross))
    assert order.shipping == (D(gross) if kind is ItemKind.SHIPPING else 0)
    assert order.discount == (-D(gross) if kind is ItemKind.DISCOUNT else 0)
    named = () if type_ in (None, "product") else (Metadatum("itemType", type_),)
    assert item.metadata == named


def part(name: str, parent: int | None, amount: str = "2.000", **fields: Any) -> dict[str, Any]:
    return {
        "productGuid": "533bb41d-d978-11e0-b04f-57a43310b768",
        "code": name.lower(),
        "itemType": "product-set-item",
        "name": name,
        "variantName": "Barva: modrá",
        "amount": amount,
        "amountUnit": "ks",
        "itemId": 901,
        "amountCompleted": "0.000",
        "parentProductSetItemId": parent,
        **fields,
    }


def test_a_set_is_followed_by_what_is_in_it() -> None:
    set_ = line(10, "product-set", "Sada", "2.000", "242.00", "200.00", "42.00", "21.00")
    other = line(11, "product", "Čaj", "1.000", "12.10", "10.00", "2.10", "21.00")
    order = parsed(
        price=price("254.10", "210.00", "44.10"),
        items=[set_, other],
        completion=[
            part("Hrnek", 10),
            part("Lžička", 10, "4.000"),
            other | {"itemId": 11},
            part("Ztracená", 99),
        ],
    )
    assert [(item.external_id, item.name, item.in_total) for item in order.items] == [
        ("10", "Sada", True),
        ("10:1", "Hrnek", False),
        ("10:2", "Lžička", False),
        ("11", "Čaj", True),
        ("99:1", "Ztracená", False),
    ]
    assert added_up(order) == order.total
    assert order.items[2] == SourceItem(
        external_id="10:2",
        kind=ItemKind.PRODUCT,
        name="Lžička",
        variant="Barva: modrá",
        product_id="533bb41d-d978-11e0-b04f-57a43310b768",
        sku="lžička",
        quantity=D(4),
        unit="ks",
        in_total=False,
        metadata=(Metadatum("itemType", "product-set-item"),),
    )


@pytest.mark.parametrize(("set_gross", "in_total"), [("242.00", False), ("0.00", True)])
def test_parts_of_a_set_that_are_items(set_gross: str, in_total: bool) -> None:
    """They are in a set's price if that has one; and are not told once more."""
    set_ = line(10, "product-set", "Sada", "1.000", set_gross, set_gross, "0.00", "0.00")
    inside = line(11, "product-set-item", "Hrnek", "1.000", "242.00", "242.00", "0.00", "0.00")
    order = parsed(items=[set_, inside], completion=[part("Hrnek", 10)])
    assert [(item.name, item.in_total) for item in order.items] == [
        ("Sada", True),
        ("Hrnek", in_total),
    ]
    assert added_up(order) == 242


def test_lines_are_told_apart() -> None:
    row = line(5, "product", "A", "1.000", "1.00", "1.00", "0.00", "0.00")
    with pytest.raises(BadPayload, match="same itemId"):
        parsed(items=[row, row])
    order = parsed(items=[row, row | {"itemId": None}, row | {"itemId": "6"}])
    assert [item.external_id for item in order.items] == ["5", "line2", "6"]


def test_what_else_a_line_has() -> None:
    surcharges = [
        {
            "parameterName": {"code": "potisk", "name": "Potisk"},
            "parameterValue": {"valueIndex": "logo", "description": "Logo", "price": "10.00"},
        }
    ]
    fields = {
        "remark": "S mašlí",
        "weight": "0.250",
        "warrantyDescription": "2 roky",
        "recyclingFee": {"category": "elektro", "fee": "1.20", "unit": "pcs"},
        "surchargeParameters": surcharges,
        "surchargeParametersTexts": ["Potisk: Logo"],
        "purchasePrice": item_price("1.00", "1.00", "0.00", "0.00"),
        "status": {"id": -4, "name": "Stornována"},
    }
    row = line(1, "product", "A", "1.000", "12.10", "10.00", "2.10", "21.00")
    pending = {"id": -1, "name": "Nevyřízená"}
    first, second = parsed(status=pending, items=[row | fields, row | {"itemId": 2}]).items
    assert {datum.key: datum.value for datum in first.metadata} == {
        key: fields[key] for key in fields if key != "purchasePrice"
    }
    assert second.metadata == ()


# the rest of the order


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-07-01T12:00:00+0200", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2026-10-25T02:30:00+0200", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25T02:30:00+0100", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-03-29T02:30:00+0100", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-07-01T12:00:00+02:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2026-07-01T10:00:00Z", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        # without an offset it is the e-shop's time
        ("2026-07-01T12:00:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2026-12-01T12:00:00", datetime(2026, 12, 1, 11, tzinfo=UTC)),
        ("2026-10-25T02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-03-29T02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_times(written: str, expected: datetime) -> None:
    order = parsed(creationTime=written, changeTime=written)
    assert order.placed_at == order.source_modified_at == expected
    assert order.placed_at.tzinfo is UTC


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)),
    st.integers(-12 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes)),
)
def test_any_offset(moment: datetime, offset: timedelta) -> None:
    sign, minutes = "-" if offset < timedelta(0) else "+", abs(offset) // timedelta(minutes=1)
    written = f"{moment:%Y-%m-%dT%H:%M:%S}{sign}{minutes // 60:02}{minutes % 60:02}"
    expected = (moment.replace(microsecond=0) - offset).replace(tzinfo=UTC)
    assert parsed(creationTime=written).placed_at == expected


OK = {"transactionId": "a", "price": "10.00", "status": "OK"}


def at(minute: int) -> str:
    return f"2026-11-02T10:{minute:02}:00+0100"


@pytest.mark.parametrize(
    ("paid", "transactions", "minute"),
    [
        (True, [OK | {"creationTime": at(30), "changeTime": at(31)}], 31),
        (True, [OK | {"creationTime": at(30), "changeTime": None}], 30),
        (True, [OK | {"changeTime": at(33)}, OK | {"changeTime": at(32)}], 33),
        (True, [OK | {"changeTime": at(31)}, {"status": "FAILED", "changeTime": at(40)}], 31),
        (True, [OK | {"changeTime": at(31)}, OK | {"changeTime": at(40), "price": "-10.00"}], 31),
        (True, [{"status": "NEW", "price": "10.00", "changeTime": at(30)}], None),
        (True, [OK | {"creationTime": None, "changeTime": None}], None),
        (True, [], None),
        (True, None, None),
        (False, [OK | {"changeTime": at(31)}], None),
        (None, [OK | {"changeTime": at(31)}], None),
        ("true", [], None),
    ],
)
def test_paid(paid: Any, transactions: Any, minute: int | None) -> None:
    order = parsed(paid=paid, paymentTransactions=transactions)
    assert order.is_paid is (paid is True)
    expected = datetime(2026, 11, 2, 9, minute, tzinfo=UTC) if minute else None
    assert order.paid_at == expected
    assert ("paymentTransactions" in [each.key for each in order.metadata]) is bool(transactions)


CARD = {"guid": "b57f91bb-e920-11e0-baa3-7dc668b75ca8", "name": "Kartou"}
OWN = {"guid": None, "name": "Na splátky"}


@pytest.mark.parametrize(
    ("main", "others", "expected"),
    [
        (CARD, [], (CARD["guid"], "Kartou")),
        (CARD, [OWN], (CARD["guid"], "Kartou")),
        (OWN, [], ("Na splátky", "Na splátky")),
        (None, [CARD, OWN], (CARD["guid"], "Kartou")),
        (None, [OWN], ("Na splátky", "Na splátky")),
        ({"guid": None, "name": None}, [None, CARD], (CARD["guid"], "Kartou")),
        ({"guid": "x", "name": None}, [CARD], ("x", "")),
        ({"guid": None, "name": "x" * 250}, [], ("x" * 191, "x" * 250)),
        (None, [], ("", "")),
        (None, None, ("", "")),
    ],
)
@pytest.mark.parametrize(
    ("one", "several"), [("paymentMethod", "paymentMethods"), ("shipping", "shippings")]
)
def test_how_it_is_paid_and_sent(
    one: str, several: str, main: Any, others: Any, expected: tuple[str, str]
) -> None:
    rows = others and [{one: each, "itemId": 1} for each in others]
    order = parsed(**{one: main, several: rows})
    payment = order.payment_code, order.payment_name
    delivery = order.delivery_code, order.delivery_name
    found, other = (payment, delivery) if one == "paymentMethod" else (delivery, payment)
    assert (found, other) == (expected, ("", ""))


@pytest.mark.parametrize(
    ("status", "expected"),
    [({"id": -1, "name": "x"}, "-1"), ({"id": 26}, "26"), (None, ""), ({"id": None}, "")],
)
def test_status(status: Any, expected: str) -> None:
    assert parsed(status=status).status_code == expected


NOBODY: dict[str, Any] = dict.fromkeys(
    ("company", "fullName", "street", "houseNumber", "city", "district", "additional", "zip")
)


@pytest.mark.parametrize("delivery", [None, [], {}, NOBODY])
@pytest.mark.parametrize("equal", [True, False])
def test_without_another_address_it_is_shipped_to_the_billing_one(
    delivery: Any, equal: bool
) -> None:
    order = parsed(
        email="a@example.test",
        addressesEqual=equal,
        billingAddress=NOBODY | {"fullName": "Jan Novák", "city": "Brno"},
        deliveryAddress=delivery,
    )
    assert order.shipping_address == order.billing
    assert order.billing == SourceAddress(
        last_name="Jan Novák", city="Brno", email="a@example.test"
    )


def test_an_address_in_full() -> None:
    told = {
        "company": "Káva s.r.o.",
        "fullName": "Jan Svoboda",
        "street": "Dlouhá",
        "houseNumber": "10/2",
        "city": "Praha 2",
        "district": "Praha",
        "additional": "4. patro",
        "zip": "120 00",
        "countryCode": "cz",
        "regionName": "Hlavní město",
        "regionShortcut": "PR",
    }
    order = parsed(phone="+420601", billingAddress=NOBODY, deliveryAddress=told)
    assert order.shipping_address == SourceAddress(
        last_name="Jan Svoboda",
        company="Káva s.r.o.",
        line1="Dlouhá 10/2",
        line2="4. patro",
        city="Praha 2",
        region="Hlavní město",
        postcode="120 00",
        country="CZ",
    )
    assert order.billing == SourceAddress(phone="+420601")
    assert order.metadata[-1] == Metadatum("deliveryAddress.district", "Praha")
    short = parsed(deliveryAddress={"regionShortcut": "PR", "houseNumber": "7"}).shipping_address
    assert (short.region, short.line1) == ("PR", "7")


@pytest.mark.parametrize(
    ("billing", "above", "expected"),
    [
        (("1", "SK20", "20"), (None, None, None), ("1", "20", "SK20")),
        (("1", "CZ1", "CZ1"), (None, None, None), ("1", "", "CZ1")),
        (("1", None, "CZ1"), (None, None, None), ("1", "CZ1", "")),
        (("1", "CZ1", None), (None, None, None), ("1", "", "CZ1")),
        ((None, None, None), ("1", "SK20", "20"), ("1", "20", "SK20")),  # before they moved
        ((None, None, None), (None, "", ""), ("", "", "")),
    ],
)
def test_tax_numbers(
    billing: tuple[str | None, ...], above: tuple[str | None, ...], expected: tuple[str, ...]
) -> None:
    keys = ("companyId", "vatId", "taxId")
    order = parsed(
        billingAddress=dict(zip(keys, billing, strict=True)), **dict(zip(keys, above, strict=True))
    )
    assert (order.company_id, order.tax_id, order.vat_id) == expected


def test_notes() -> None:
    order = parsed(
        notes={
            "customerRemark": "Zvonit\r\ndvakrát",
            "eshopRemark": "Pozor",
            "trackingNumber": "DR1",
            "trackingUrl": "https://trace.test/DR1",
            "additionalFields": [
                {"index": 1, "label": "Č. zakázky", "text": "17"},
                {"index": 4, "label": None, "text": "x"},
                {"index": 5, "label": "Prázdné", "text": ""},
                {"index": 6, "label": "Nic", "text": None},
            ],
        }
    )
    assert order.customer_note == "Zvonit\r\ndvakrát"
    assert (order.tracking_number, order.tracking_url) == ("DR1", "https://trace.test/DR1")
    assert order.metadata[:3] == (
        Metadatum("Č. zakázky", "17"),
        Metadatum("additionalField4", "x"),
        Metadatum("eshopRemark", "Pozor"),
    )


def test_what_is_left_behind() -> None:
    order = parsed(
        clientIPAddress="192.0.2.1",
        onlinePaymentLink="https://pay.test/secret",
        referer="https://search.test/?q=secret",
    )
    assert [each.key for each in order.metadata] == ["exchangeRate"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"code": None}, "code"),
        ({"code": "statuses"}, "code"),
        ({"code": "1,2"}, "code"),
        ({"creationTime": None}, "creationTime"),
        ({"creationTime": "yesterday"}, "creationTime"),
        ({"items": "x"}, "items"),
        ({"items": [None]}, "items"),
        ({"notes": "x"}, "notes"),
    ],
)
def test_orders_that_cannot_be_understood(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(BadPayload, match=message) as raised:
        parsed(**fields)
    assert "yesterday" not in str(raised.value)


@pytest.mark.parametrize("data", [None, [], "x", 1])
def test_what_is_no_order(data: Any) -> None:
    with pytest.raises(BadPayload, match="not an order"):
        parse_order(data, PRAGUE)
    assert is_as_told(data, parsed(), PRAGUE) is False
