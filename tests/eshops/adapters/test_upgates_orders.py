"""What Upgates' orders mean: the recorded ones, and every way of stating a figure."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from eshops.adapters.reading import decode
from eshops.adapters.upgates.orders import parse_order
from eshops.source import BadPayload, ItemKind, Metadatum, SourceAddress, SourceItem, SourceOrder

D = Decimal
PRAGUE = "Europe/Prague"
EXAMPLES = next(
    (
        found
        for parent in Path(__file__).parents
        if (found := parent / "shared/examples/upgates/orders.json").is_file()
    ),
    None,
)
BARE: dict[str, Any] = {
    "order_number": "O2500001",
    "currency_id": "CZK",
    "prices_with_vat_yn": True,
    "creation_time": "2025-05-27T09:19:01+02:00",
    "order_total": 0,
}


def parsed(**fields: Any) -> SourceOrder:
    """As the API says it: through JSON, numbers as they are on the wire."""
    return parse_order(decode(json.dumps(BARE | fields).encode()), PRAGUE)


def added_up(order: SourceOrder) -> Decimal:
    return sum((item.gross or D(0) for item in order.items if item.in_total), D(0))


# recorded orders


@pytest.fixture(scope="module")
def recorded() -> dict[str, SourceOrder]:
    if EXAMPLES is None:
        pytest.skip("the recorded orders are not here")
    orders = (parse_order(each, PRAGUE) for each in decode(EXAMPLES.read_bytes())["orders"])
    return {order.number: order for order in orders}


def test_recorded_lines_add_up_to_their_totals(recorded: dict[str, SourceOrder]) -> None:
    totals = {number: order.total for number, order in recorded.items()}
    assert totals == {"9000011": D(293), "9000021": D(157), "9000031": D(168)}
    assert {number: added_up(order) for number, order in recorded.items()} == totals
    assert all(order.net + order.tax == order.total for order in recorded.values())


def test_a_recorded_order(recorded: dict[str, SourceOrder]) -> None:
    """Of 2024: no uuids, no delivery price without VAT, and a PHP object for a consent's time."""
    changed = datetime(2024, 2, 29, 13, 24, 49, tzinfo=UTC)
    address = SourceAddress(
        first_name="Karel",
        last_name="Loprais",
        line1="Na Vsi 3",
        city="Beroun",
        postcode="26601",
        country="CZ",
    )
    assert recorded["9000011"] == SourceOrder(
        external_id="9000011",
        number="9000011",
        placed_at=changed,
        source_modified_at=changed,
        status_code="1",
        payment_code="3",
        payment_name="Platba předem bankovním převodem",
        delivery_code="4",
        delivery_name="WEDO (celá ČR)",
        currency="CZK",
        total=D(293),
        net=D("242.153719"),
        tax=D("50.846281"),
        shipping=D(89),
        discount=D(0),
        refunded=D(0),
        customer_email="neco@nejak.cz",
        customer_phone="+420 111222333",
        customer_name="Karel Loprais",
        company_id="55555555",
        vat_id="CZ55555555",
        variable_symbol="1",
        billing=structs.replace(
            address,
            company="Tintitko a.s.",
            line1="Na vsi 9",
            phone="+420 111222333",
            email="neco@nejak.cz",
        ),
        shipping_address=address,
        items=(
            SourceItem(
                external_id="1",
                kind=ItemKind.PRODUCT,
                name="Permon 11° Pšeničné",
                product_id="36",
                sku="2862",
                quantity=D(3),
                unit="ks",
                unit_price=D("56.2"),
                tax_rate=D(21),
                net=D("168.6"),
                tax=D("35.4"),
                gross=D(204),
                metadata=(
                    Metadatum("availability", "Skladem 3-5 ks"),
                    Metadatum("recycling_fee", 3),
                    Metadatum("weight", 900),
                ),
            ),
            SourceItem(
                external_id="shipment",
                kind=ItemKind.SHIPPING,
                name="WEDO (celá ČR)",
                tax_rate=D(21),
                net=D("73.553719"),
                tax=D("15.446281"),
                gross=D(89),
            ),
        ),
        metadata=(
            Metadatum("case_number", "B00001"),
            Metadatum("language_id", "cs"),
            Metadatum("origin", "frontend"),
            Metadatum("resolved_yn", False),
            Metadatum("oss_yn", False),
            Metadatum("total_weight", 2700),
            Metadatum(
                "admin_url", "https://beershop.admin.s24.upgates.com/orders/edit-order/default/1"
            ),
            Metadatum("vat_payer_yn", False),
        ),
    )


# figures


WITH, WITHOUT = True, False


@pytest.mark.parametrize(
    ("with_vat", "stated", "expected"),
    [
        # all that is stated is taken as it is, though 29 at 21 % is 23.966942
        (WITH, (29, 29, 23.97, 21), ("23.97", "5.03", "29")),
        (WITHOUT, (23.97, 29, 23.97, 21), ("23.97", "5.03", "29")),
        # before April 2025 delivery, payment and discounts have the plain price only
        (WITH, (29, None, None, 21), ("23.966942", "5.033058", "29")),
        (WITHOUT, (23.97, None, None, 21), ("23.97", "5.0337", "29.0037")),
        # a plain price is the twin it stands for
        (WITH, (29, None, 23.97, 21), ("23.97", "5.03", "29")),
        (WITHOUT, (23.97, 29, None, 21), ("23.97", "5.03", "29")),
        (WITH, (None, 29, None, 21), ("23.966942", "5.033058", "29")),
        (WITH, (29, None, None, 0), ("29", "0", "29")),
        (WITH, (29, None, None, None), (None, None, "29")),
        (WITHOUT, (29, None, None, None), ("29", None, None)),
        (
            WITH,
            (168.60000000000002, None, 139.33884297520663, 21),
            ("139.338843", "29.261157", "168.6"),
        ),
    ],
)
def test_figures(with_vat: bool, stated: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    keys = ("price", "price_with_vat", "price_without_vat", "vat")
    shipment = {key: value for key, value in zip(keys, stated, strict=True) if value is not None}
    order = parsed(prices_with_vat_yn=with_vat, shipment=shipment | {"name": "PPL"})
    (item,) = order.items
    net, tax, gross = (None if each is None else D(each) for each in expected)
    assert (item.net, item.tax, item.gross) == (net, tax, gross)
    assert item.tax_rate == (None if stated[3] is None else D(stated[3]))
    assert (item.kind, item.name) == (ItemKind.SHIPPING, "PPL")
    assert order.shipping == (gross or 0)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"price_per_unit_without_vat": 8.26, "price_without_vat": 24.79, "quantity": 3}, "8.26"),
        ({"price_without_vat": 24.79, "quantity": 3}, "8.263333"),
        ({"price": 30, "vat": 21, "quantity": 2.5}, "9.917355"),
        ({"price_without_vat": 24.79, "quantity": 0}, None),
        ({"quantity": 1}, None),
    ],
)
def test_the_price_of_a_unit(fields: dict[str, Any], expected: str | None) -> None:
    (item,) = parsed(products=[fields]).items
    assert item.unit_price == (expected and D(expected))


@pytest.mark.parametrize("vat", [-1, 1000, 1e11, "x", True, [21]])
def test_a_rate_that_is_none(vat: Any) -> None:
    with pytest.raises(BadPayload, match="“vat” cannot be understood"):
        parsed(products=[{"price": 1, "vat": vat}])


@pytest.mark.parametrize(
    ("before", "rest", "expected"),
    [
        (292.6, 0.4, "0.4"),
        (292.6, -0.4, "0.4"),  # total and figure before rounding tell the sign
        (293.4, -0.4, "-0.4"),
        (None, -0.4, "-0.4"),
        (None, None, None),
        (293, 0, None),
        (293, 7, None),
    ],
)
def test_rounding_is_a_line_without_vat(before: Any, rest: Any, expected: str | None) -> None:
    told = parsed(order_total=293, order_total_before_round=before, order_total_rest=rest)
    lines = [(line.kind, line.net, line.tax, line.gross) for line in told.items]
    amount = expected and D(expected)
    assert lines == ([(ItemKind.FEE, amount, 0, amount)] if amount else [])
    assert told.net == 293 and told.tax == 0


@pytest.mark.parametrize("sign", [1, -1])
def test_discounts_are_lines_of_the_order_for_each_rate(sign: int) -> None:
    """Whichever sign they are told with."""
    order = parsed(
        order_total=76.5,
        products=[
            {"uuid": "a", "price": 100, "vat": 21},
            {"uuid": "b", "type": "discount", "parent_uuid": "a", "price": 10 * sign, "vat": 21},
        ],
        discount_voucher={
            "code": "PODZIM",
            "discounts": [{"price": 5 * sign, "vat": 21}, {"price": 2 * sign, "vat": 12}],
        },
        quantity_discount={"type": "percent", "amount": 5, "discounts": [{"price": 4, "vat": 21}]},
        loyalty_points={"one_point_for": 1, "discounts": [{"price": 2.5 * sign, "vat": 0}]},
    )
    lines = [(line.external_id, line.kind, line.name, line.gross) for line in order.items[1:]]
    assert lines == [
        ("b", ItemKind.DISCOUNT, "", D(-10)),
        ("discount_voucher:1", ItemKind.DISCOUNT, "PODZIM", D(-5)),
        ("discount_voucher:2", ItemKind.DISCOUNT, "PODZIM", D(-2)),
        ("quantity_discount:1", ItemKind.DISCOUNT, "Quantity discount", D(-4)),
        ("loyalty_points:1", ItemKind.DISCOUNT, "Loyalty points", D("-2.5")),
    ]
    assert all(line.in_total for line in order.items)
    assert order.discount == D("23.5")
    assert added_up(order) == order.total
    assert order.items[2].net == D("-4.132231") and order.items[2].tax == D("-0.867769")


@pytest.mark.parametrize(
    ("prices", "counted"),
    [((100, 60, 40), (True, False, False)), ((0, 60, 40), (True, True, True))],
    ids=["a set with a price", "a set priced by its parts"],
)
def test_the_parts_of_a_set_count_once(prices: tuple[int, ...], counted: tuple[bool, ...]) -> None:
    kinds = [("s", "set", None), ("p", "set_part", "s"), ("q", "set_part", "s")]
    order = parsed(
        order_total=150,
        products=[
            *(
                {"uuid": uuid, "type": kind, "parent_uuid": parent, "price": price, "vat": 21}
                for (uuid, kind, parent), price in zip(kinds, prices, strict=True)
            ),
            {"uuid": "x", "type": "product", "price": 50, "vat": 21},
            {"uuid": "g", "type": "gift", "parent_uuid": "x", "price": 0, "vat": 21},
        ],
    )
    assert tuple(line.in_total for line in order.items) == (*counted, True, True)
    assert {line.kind for line in order.items} == {ItemKind.PRODUCT}
    assert added_up(order) == order.total == 150
    assert order.net + order.tax == 150 and order.tax == D("26.033058")
    assert [line.metadata for line in order.items] == [
        (Metadatum("type", "set"),),
        (Metadatum("type", "set_part"), Metadatum("parent_uuid", "s")),
        (Metadatum("type", "set_part"), Metadatum("parent_uuid", "s")),
        (),
        (Metadatum("type", "gift"), Metadatum("parent_uuid", "x")),
    ]


def test_a_payment_without_a_fee_is_no_line() -> None:
    free = {"id": 3, "name": "Převodem", "price": 0, "vat": 0}
    assert parsed(payment=free).items == ()
    (fee,) = parsed(payment=free | {"price": 30}).items
    assert (fee.external_id, fee.kind, fee.name, fee.gross) == ("payment", "fee", "Převodem", 30)


# lines


def test_what_the_customer_chose() -> None:
    configuration = {
        "name": "Potisk",
        "values": [
            {"value": "Logo", "operation": "+", "price": 20},
            {"value": "Jméno", "operation": "+", "price": 0.5},
        ],
    }
    (item,) = parsed(
        products=[
            {
                "parameters": [{"name": "Velikost", "value": "M"}, {"name": "Barva", "value": ""}],
                "configurations": [configuration],
                "supplier": "Káva s.r.o.",
                "invoice_info": "",
            }
        ]
    ).items
    assert item.variant == "Velikost: M, Barva: , Potisk: Logo, Jméno"
    assert item.metadata == (
        Metadatum("supplier", "Káva s.r.o."),
        Metadatum("configurations", [configuration]),
    )


def test_lines_without_a_uuid_are_told_apart_by_their_place() -> None:
    assert [item.external_id for item in parsed(products=[{}, {"uuid": "u"}, {}]).items] == [
        *("1", "u", "3")
    ]
    with pytest.raises(BadPayload, match="same uuid"):
        parsed(products=[{"uuid": "u"}, {"uuid": "u"}])


# the order


@pytest.mark.parametrize(
    ("country", "dic", "expected"),
    [
        ("cz", "CZ55555555", ("", "CZ55555555")),
        ("cz", "55555555", ("", "55555555")),
        ("sk", "SK2020123456", ("", "SK2020123456")),
        ("sk", "2020123456", ("2020123456", "")),
        ("sk", "CZ55555555", ("", "CZ55555555")),
        ("sk", None, ("", "")),
        ("hu", "HU12345678", ("", "HU12345678")),
        (None, "2020123456", ("", "2020123456")),
    ],
)
def test_tax_numbers(country: str | None, dic: str | None, expected: tuple[str, str]) -> None:
    order = parsed(customer={"country_id_invoice": country, "dic": dic, "ico": 12345678})
    assert (order.tax_id, order.vat_id) == expected
    assert order.company_id == "12345678"


@pytest.mark.parametrize("off", [False, 0, "0", None, "false"])
def test_without_a_postal_address_it_goes_to_the_invoice_address(off: Any) -> None:
    customer = {"street_invoice": "Na Vsi 3", "country_id_invoice": "cz", "phone": "1"}
    stale = {"street_postal": "Stará 1", "country_id_postal": "sk", "company_postal": "Z-BOX"}
    order = parsed(customer=customer | stale | {"postal_yn": off})
    assert order.billing == SourceAddress(line1="Na Vsi 3", country="CZ", phone="1")
    assert order.shipping_address == order.billing
    for on in (True, 1, "1", "true"):
        order = parsed(customer=customer | stale | {"postal_yn": on})
        assert order.shipping_address == SourceAddress(
            line1="Stará 1", country="SK", company="Z-BOX"
        )


@pytest.mark.parametrize(
    ("paid", "expected"),
    [
        ("2025-05-27", datetime(2025, 5, 26, 22, tzinfo=UTC)),  # a day in the shop's time zone
        ("2025-05-27T09:19:01+02:00", datetime(2025, 5, 27, 7, 19, 1, tzinfo=UTC)),
        (None, None),
        ("", None),
    ],
)
def test_paid(paid: str | None, expected: datetime | None) -> None:
    order = parsed(paid_date=paid)
    assert (order.is_paid, order.paid_at) == (expected is not None, expected)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status_id": 1, "status": "Přijatá"}, ("1", "", "", "")),
        ({"status_id": None, "status": "Přijatá"}, ("Přijatá", "", "", "")),
        ({"status_id": None, "status": None}, ("", "", "", "")),
        ({"payment": {"id": 3, "code": "GP", "name": "Kartou"}}, ("", "3", "Kartou", "")),
        ({"payment": {"id": None, "code": "GP", "name": "Kartou"}}, ("", "GP", "Kartou", "")),
        ({"payment": {"id": None, "code": None, "name": "Kartou"}}, ("", "", "Kartou", "")),
        ({"payment": None, "shipment": None}, ("", "", "", "")),
        ({"shipment": {"id": None, "code": "INB"}}, ("", "", "", "INB")),
    ],
)
def test_codes(fields: dict[str, Any], expected: tuple[str, ...]) -> None:
    order = parsed(**fields)
    told = (order.status_code, order.payment_code, order.payment_name, order.delivery_code)
    assert told == expected


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({"value": "1"}, "1"),
        ({"value": None}, None),
        ({"value": ["a", "b"]}, ["a", "b"]),
        ({"value": "x", "values": []}, "x"),
        ({"values": [{"language": "cs", "value": "Ano"}, {"language": "sk", "value": None}]},
         {"cs": "Ano", "sk": None}),
        ({"values": [{"value": "Ano"}]}, [{"value": "Ano"}]),
        ({"values": [{"language": "cs", "value": 1}, {"language": "cs", "value": 2}]},
         [{"language": "cs", "value": 1}, {"language": "cs", "value": 2}]),
        ({"values": "odd", "value": 1.5}, 1.5),
    ],
)  # fmt: skip
def test_custom_fields(meta: dict[str, Any], expected: Any) -> None:
    assert parsed(metas=[{"key": "k", "type": "input", **meta}]).metadata == (
        Metadatum("k", expected),
    )


def test_what_is_unknown_or_odd_elsewhere_is_survived() -> None:
    php_time = {"date": "2025-03-01 14:24:49.000000", "timezone_type": 3, "timezone": PRAGUE}
    odd = {"agreements": [{"valid_to": php_time}], "zz": [1]}
    assert parsed(customer=odd, attachments={"1": {"url": 7}}, zz={}) == parsed()


@pytest.mark.parametrize("number", [None, "", " ", "1;2", " 1", "1 ", "x" * 192, "1\n", [], {}])
def test_an_order_without_a_number_that_can_be_asked_for(number: Any) -> None:
    with pytest.raises(BadPayload, match="order_number"):
        parsed(order_number=number)


@pytest.mark.parametrize("number", ["9000011", "O2205022", "2025/001-A", "Ž 1", 7])
def test_order_numbers(number: Any) -> None:
    order = parsed(order_number=number)
    assert (order.external_id, order.number) == (str(number), str(number))


@pytest.mark.parametrize(
    "change",
    [
        {"creation_time": None},
        {"creation_time": "yesterday"},
        {"order_total": None},
        {"order_total": "NaN"},
        {"currency_id": "Kč"},
        {"products": "none"},
        {"customer": [1]},
        {"metas": [1]},
        {"discount_voucher": {"discounts": [1]}},
    ],
)
def test_what_cannot_be_understood_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadPayload):
        parsed(**change)
