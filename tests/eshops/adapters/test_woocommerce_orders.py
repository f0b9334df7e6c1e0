"""What WooCommerce's orders mean: 117 recorded ones, and what becomes of spoilt ones."""

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from eshops.adapters.reading import decode
from eshops.adapters.woocommerce.orders import parse_order
from eshops.source import (
    BadPayload,
    ItemKind,
    Metadatum,
    SourceAddress,
    SourceItem,
    SourceOrder,
    SourceState,
)

PRAGUE = "Europe/Prague"
CENT = Decimal("0.01")

OFF_BY_A_CENT = {
    *("156", "165", "168", "170", "175", "182", "187", "189", "190", "193", "195", "199", "218"),
    *("223", "224", "226", "228", "231", "236", "238", "240", "244", "256", "260", "262", "269"),
    "272",
}
"""The shop rounds 0.945 of shipping tax to 0.95 in the line and to 0.94 in the order."""


@pytest.fixture(scope="module")
def payloads() -> dict[str, dict[str, Any]]:
    from pathlib import Path

    file = Path(__file__).parents[2] / "recorded/woocommerce/orders.json"
    return {str(order["id"]): order for order in decode(file.read_bytes())}


@pytest.fixture(scope="module")
def orders(payloads: dict[str, dict[str, Any]]) -> dict[str, SourceOrder]:
    return {key: parse_order(payload, PRAGUE) for key, payload in payloads.items()}


def lines(order: SourceOrder, *kinds: ItemKind) -> list[SourceItem]:
    return [item for item in order.items if item.kind in kinds]


def added_up(figures: Iterator[Decimal | None]) -> Decimal:
    known = [figure for figure in figures if figure is not None]
    return sum(known, Decimal(0))


def differences(
    orders: dict[str, SourceOrder], ours: Callable[[SourceOrder], Decimal]
) -> dict[str, Decimal]:
    return {key: ours(order) for key, order in orders.items() if ours(order)}


def test_all_are_read(orders: dict[str, SourceOrder]) -> None:
    assert len(orders) == 117
    assert all(order.external_id == key for key, order in orders.items())


def test_the_lines_add_up_to_the_total(orders: dict[str, SourceOrder]) -> None:
    found = differences(
        orders, lambda o: added_up(i.gross for i in o.items if i.in_total) - o.total
    )
    assert found == dict.fromkeys(OFF_BY_A_CENT, CENT)


def test_the_lines_add_up_to_the_tax(orders: dict[str, SourceOrder]) -> None:
    found = differences(orders, lambda o: added_up(i.tax for i in o.items if i.in_total) - o.tax)
    assert found == dict.fromkeys(OFF_BY_A_CENT, CENT)


def test_the_lines_add_up_to_the_net(orders: dict[str, SourceOrder]) -> None:
    assert not differences(orders, lambda o: added_up(i.net for i in o.items if i.in_total) - o.net)


def test_the_shipping_lines_add_up(orders: dict[str, SourceOrder]) -> None:
    found = differences(
        orders, lambda o: added_up(i.gross for i in lines(o, ItemKind.SHIPPING)) - o.shipping
    )
    assert found == dict.fromkeys(OFF_BY_A_CENT, CENT)


def test_the_coupons_add_up_to_the_discount(orders: dict[str, SourceOrder]) -> None:
    found = differences(
        orders, lambda o: -added_up(i.gross for i in lines(o, ItemKind.DISCOUNT)) - o.discount
    )
    assert found == {
        "120": CENT,  # the coupon's tax is rounded once more
        "231": Decimal("-12.09"),  # taken off a line by hand, without a coupon
    }


def test_the_refunds_add_up(orders: dict[str, SourceOrder]) -> None:
    assert not differences(
        orders, lambda o: -added_up(i.gross for i in lines(o, ItemKind.REFUND)) - o.refunded
    )
    assert sum(order.refunded > 0 for order in orders.values()) == 9


def test_gross_is_net_and_tax(orders: dict[str, SourceOrder]) -> None:
    for order in orders.values():
        assert order.net + order.tax == order.total
        for item in order.items:
            if item.kind is not ItemKind.REFUND:
                assert item.net is not None and item.tax is not None
                assert item.net + item.tax == item.gross


def figures(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Metadatum):
        yield path, value.key
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from figures(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, tuple):
        for each in value:
            yield from figures(each, path)
    else:
        yield path, value


def test_there_is_no_float_and_no_naive_time(orders: dict[str, SourceOrder]) -> None:
    for order in orders.values():
        for path, value in figures(order, "order"):
            assert not isinstance(value, float), path
            if isinstance(value, Decimal):
                exponent = value.as_tuple().exponent
                assert isinstance(exponent, int) and exponent >= -6, path
            if isinstance(value, datetime):
                assert value.tzinfo is UTC, path


def test_an_order_survives_its_own_json(orders: dict[str, SourceOrder]) -> None:
    for order in orders.values():
        assert msgspec.json.decode(msgspec.json.encode(order), type=SourceOrder) == order


def test_secrets_of_the_payload_are_left_behind(
    payloads: dict[str, dict[str, Any]], orders: dict[str, SourceOrder]
) -> None:
    for key, order in orders.items():
        written = msgspec.json.encode(order).decode()
        assert payloads[key]["order_key"] not in written
        assert "127.0.0.1" not in written and "python-requests" not in written


# one made up by hand, field by field

ORDER: dict[str, Any] = {
    "id": 7,
    "number": "2026-CZ/00042",
    "status": "ready-pickup",
    "currency": "czk",
    "date_created": "2026-07-01T12:00:00",
    "date_created_gmt": "2026-07-01T10:00:00",
    "date_modified_gmt": "2026-07-02T10:00:00",
    "date_paid_gmt": "2026-07-01T11:00:00",
    "total": "112.345678",
    "total_tax": "12.345678",
    "shipping_total": "50.00",
    "shipping_tax": "10.50",
    "discount_total": "10.00",
    "discount_tax": "2.10",
    "order_key": "wc_order_secret",
    "billing": {
        "first_name": " Jan",
        "last_name": "Novák ",
        "company": "Firma & Syn\n",
        "address_1": "Ječná 12",
        "address_2": "2. patro",
        "city": "Brno",
        "state": "JM",
        "postcode": "602 00",
        "country": "CZ",
        "email": "jan@example.test",
        "phone": "+420 777",
    },
    "shipping": {"first_name": "", "phone": None},
    "payment_method": "cod",
    "payment_method_title": "Dobírka",
    "customer_note": "<b>Prosím</b>\x00 ",
    "meta_data": [
        {"id": 1, "key": "_billing_vat_id", "value": "CZ123"},
        {"id": 2, "key": "point", "value": {"id": 5, "lat": Decimal("49.5"), "x": [None, "\x00"]}},
    ],
    "line_items": [
        {
            "id": 11,
            "name": "Tričko <b>M</b> &amp; co.",
            "product_id": 15,
            "variation_id": 23,
            "quantity": Decimal("0.375"),
            "total": "10.00",
            "total_tax": "2.10",
            "taxes": [
                {"id": 1, "total": "2.10", "subtotal": "2.10"},
                {"id": 2, "total": "", "subtotal": ""},
            ],
            "price": Decimal("26.666666666666668"),
            "sku": None,
            "global_unique_id": "8590000000000",
            "meta_data": [
                {"key": "pa_v", "value": "m", "display_key": "Velikost", "display_value": "M"},
                {"key": "_stock", "value": "1", "display_key": "_stock", "display_value": "1"},
                {"key": "b", "value": "modra", "display_key": "Barva", "display_value": "Modrá"},
                {"key": "o", "value": {"a": 1}, "display_key": "o", "display_value": {"a": 1}},
            ],
        }
    ],
    "tax_lines": [
        {"rate_id": 1, "rate_percent": 21, "compound": False},
        {"rate_id": 2, "rate_percent": 12, "compound": False},
    ],
    "shipping_lines": [
        {"id": 20, "method_id": "", "instance_id": "", "method_title": "?", "total": "0.00"},
        {
            "id": 21,
            "method_id": "flat_rate",
            "instance_id": "2",
            "method_title": "Zásilkovna",
            "total": "50.00",
            "total_tax": "10.50",
            "taxes": {"1": {"id": 1, "total": "10.50"}},
        },
    ],
    "fee_lines": [
        {
            "id": 30,
            "name": "Sleva",
            "total": "-5.00",
            "total_tax": "-1.05",
            "taxes": [{"id": 1, "total": "-1.05"}],
        }
    ],
    "coupon_lines": [{"id": 40, "code": "minus5", "discount": "10", "discount_tax": "2.1"}],
    "refunds": [
        {"id": 50, "reason": "sleva", "total": "-1.00"},
        {"id": 51, "reason": None, "total": "-0.50"},
    ],
}


def order(**changes: Any) -> SourceOrder:
    return parse_order(copy.deepcopy(ORDER) | changes, PRAGUE)


def test_the_order_itself() -> None:
    parsed = order()
    assert (parsed.external_id, parsed.number, parsed.status_code) == (
        "7",
        "2026-CZ/00042",
        "ready-pickup",
    )
    assert parsed.state is SourceState.PRESENT
    assert parsed.placed_at == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert parsed.source_modified_at == datetime(2026, 7, 2, 10, tzinfo=UTC)
    assert parsed.paid_at == datetime(2026, 7, 1, 11, tzinfo=UTC) and parsed.is_paid
    assert (parsed.payment_code, parsed.payment_name) == ("cod", "Dobírka")
    assert (parsed.delivery_code, parsed.delivery_name) == ("flat_rate:2", "Zásilkovna")
    assert parsed.currency == "CZK"
    assert (parsed.total, parsed.net, parsed.tax) == (
        Decimal("112.345678"),
        Decimal("100"),
        Decimal("12.345678"),
    )
    assert (parsed.shipping, parsed.discount, parsed.refunded) == (
        Decimal("60.5"),
        Decimal("12.1"),
        Decimal("1.5"),
    )
    assert (parsed.customer_email, parsed.customer_phone) == ("jan@example.test", "+420 777")
    assert parsed.customer_name == "Jan Novák"
    assert parsed.customer_note == "<b>Prosím</b> "
    assert parsed.billing == SourceAddress(
        first_name=" Jan",
        last_name="Novák ",
        company="Firma & Syn\n",
        line1="Ječná 12",
        line2="2. patro",
        city="Brno",
        region="JM",
        postcode="602 00",
        country="CZ",
        phone="+420 777",
        email="jan@example.test",
    )
    assert parsed.shipping_address == SourceAddress()
    assert parsed.metadata == (
        Metadatum("_billing_vat_id", "CZ123"),
        Metadatum("point", {"id": 5, "lat": 49.5, "x": [None, ""]}),
    )


def test_the_gateways_own_reference_is_told_as_metadata() -> None:
    assert order(transaction_id="pi_3Q").metadata == (
        *order().metadata,
        Metadatum("_transaction_id", "pi_3Q"),
    )


def test_its_lines() -> None:
    tee, free, post, fee, coupon, *refunds = order().items
    assert msgspec.structs.replace(tee, metadata=()) == SourceItem(
        external_id="11",
        kind=ItemKind.PRODUCT,
        name="Tričko <b>M</b> &amp; co.",
        variant="Velikost: M, Barva: Modrá",
        product_id="15",
        variant_id="23",
        ean="8590000000000",
        quantity=Decimal("0.375"),
        unit_price=Decimal("26.666667"),
        tax_rate=Decimal("21"),
        net=Decimal("10"),
        tax=Decimal("2.1"),
        gross=Decimal("12.1"),
    )
    assert [each.key for each in tee.metadata] == ["pa_v", "_stock", "b", "o"]
    assert (free.kind, free.net, free.tax, free.gross) == (ItemKind.SHIPPING, 0, None, None)
    assert (post.name, post.gross, post.tax_rate) == ("Zásilkovna", Decimal("60.5"), Decimal("21"))
    assert (fee.kind, fee.gross, fee.tax_rate) == (ItemKind.FEE, Decimal("-6.05"), Decimal("21"))
    assert (coupon.kind, coupon.name, coupon.in_total) == (ItemKind.DISCOUNT, "minus5", False)
    assert (coupon.net, coupon.tax, coupon.gross) == (
        Decimal("-10"),
        Decimal("-2.1"),
        Decimal("-12.1"),
    )
    assert [(each.name, each.gross, each.net, each.tax) for each in refunds] == [
        ("sleva", Decimal("-1"), None, None),
        ("", Decimal("-0.5"), None, None),
    ]
    assert all(each.kind is ItemKind.REFUND and not each.in_total for each in refunds)


@pytest.mark.parametrize(
    ("rates", "together"),
    [
        ([], None),
        ([(21, False)], "21.0000"),
        ([(5, False), (7, False)], "12.0000"),
        ([(5, False), ("9.975", True)], "15.4738"),
        ([("9.975", True), (5, False)], "15.4738"),
        ([(10, False), (10, True), (10, True)], "33.1000"),
        ([(0, False)], "0.0000"),
        ([(Decimal("8.875"), False)], "8.8750"),
    ],
)
def test_tax_rates(rates: list[tuple[Any, bool]], together: str | None) -> None:
    tax_lines = [
        {"rate_id": number, "rate_percent": percent, "compound": compound}
        for number, (percent, compound) in enumerate(rates)
    ]
    line = {
        "id": 1,
        "total": "1",
        "total_tax": "0",
        "taxes": [{"id": number, "total": "0.1"} for number in range(len(rates))]
        + [{"id": 99, "total": "5"}],
    }
    parsed = order(tax_lines=tax_lines, line_items=[line], shipping_lines=[], fee_lines=[])
    found = parsed.items[0].tax_rate
    assert (None if found is None else str(found)) == together


def test_tax_rates_of_a_recorded_canadian_order(orders: dict[str, SourceOrder]) -> None:
    rates = {item.tax_rate for order in orders.values() for item in order.items}
    assert Decimal("15.4738") in rates


@pytest.mark.parametrize(
    ("lines", "code", "name"),
    [
        ([], "", ""),
        ([{"method_id": "", "method_title": "Ruční"}], "", "Ruční"),
        ([{"method_id": "flat_rate", "instance_id": ""}], "flat_rate", ""),
        ([{"method_id": "flat_rate"}], "flat_rate", ""),
        ([{"method_id": "flat_rate", "instance_id": 3}], "flat_rate:3", ""),
        ([{"method_id": "a" * 190, "instance_id": "33"}], BadPayload, ""),
    ],
)
def test_delivery(lines: list[dict[str, Any]], code: Any, name: str) -> None:
    with_ids = [{"id": number + 1, **line} for number, line in enumerate(lines)]
    if code is BadPayload:
        with pytest.raises(BadPayload):
            order(shipping_lines=with_ids)
    else:
        parsed = order(shipping_lines=with_ids)
        assert (parsed.delivery_code, parsed.delivery_name) == (code, name)


@pytest.mark.parametrize(
    ("changes", "placed"),
    [
        ({"date_created_gmt": None}, (10, 0)),
        ({"date_created_gmt": None, "date_created": "2025-10-26T02:30:00"}, (0, 30)),
        (
            {"date_created_gmt": "2025-10-26T01:30:00", "date_created": "2025-10-26T02:30:00"},
            (1, 30),
        ),
    ],
)
def test_times_fall_back_on_the_shops_own(changes: dict[str, Any], placed: tuple[int, int]) -> None:
    parsed = order(**changes)
    assert (parsed.placed_at.hour, parsed.placed_at.minute) == placed


@pytest.mark.parametrize(
    "changes",
    [
        {"date_created_gmt": None, "date_created": None},
        {"currency": ""},
        {"currency": "Kč"},
        {"currency": "EURO"},
        {"id": None},
        {"id": 0},
        {"id": "abc"},
        {"total": None},
        {"total": "free"},
        {"status": "x" * 192},
        {"number": "x" * 192},
        {"refunds": [{"id": 1, "total": None}]},
        {"fee_lines": [{"id": 1}, {"id": 1}]},
        {"tax_lines": [{"rate_id": 1, "rate_percent": "1000000"}]},
    ],
)
def test_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadPayload):
        order(**changes)


@pytest.mark.parametrize("payload", [None, [], "x", 5, {}, {"id": 5}])
def test_what_is_no_order(payload: Any) -> None:
    with pytest.raises(BadPayload):
        parse_order(payload, PRAGUE)


def test_empty_figures_are_nothing() -> None:
    parsed = order(total_tax="", shipping_total="", shipping_tax=None, discount_total="")
    assert (parsed.tax, parsed.shipping, parsed.net) == (0, 0, parsed.total)


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("single_trashed", SourceState.TRASHED),
        ("single_unregistered_status", SourceState.PRESENT),
        ("single_autodraft", SourceState.PRESENT),
    ],
)
def test_states(recorded: Callable[[str], Any], name: str, state: SourceState) -> None:
    assert parse_order(recorded(f"woocommerce/{name}")["body"], PRAGUE).state is state


# spoilt orders

ABSENT = object()
SPOILT = [
    ABSENT, None, [], {}, "", "x", "\x00", "9" * 300, "NaN", 5, -1, Decimal("1e30"), Decimal("0.5"),
    True, False, [None], [[]], ["x"], {"1": None}, {"1": {}}, {"a": {"b": []}},
]  # fmt: skip


def paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in `value`."""
    if here:
        yield here
    entries: Any = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    for key, inner in entries:
        yield from paths(inner, (*here, key))


def spoil(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    spoilt = copy.deepcopy(ORDER)
    at: Any = spoilt
    for step in path[:-1]:
        at = at[step]
    if value is ABSENT:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return spoilt


@pytest.mark.parametrize("path", list(paths(ORDER)), ids=lambda path: ".".join(map(str, path)))
def test_a_spoilt_order_is_an_order_or_refused(path: tuple[Any, ...]) -> None:
    for value in SPOILT:
        try:
            parsed = parse_order(spoil(path, value), PRAGUE)
        except BadPayload as error:
            assert str(error).endswith(".")
            continue
        assert isinstance(parsed, SourceOrder)
        assert not any(isinstance(each, float) for _, each in figures(parsed, "order"))
        ids = [(item.kind, item.external_id) for item in parsed.items]
        assert len(set(ids)) == len(ids)
        assert b"\\u0000" not in msgspec.json.encode(parsed)
