"""What Medusa's orders mean: recorded ones, and what only one field makes different."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eshops.adapters.medusa.orders import parse_order
from eshops.adapters.medusa.sequences import (
    STATUSES,
    parse_delivery,
    parse_payment,
    provider_name,
)
from eshops.adapters.reading import decode
from eshops.source import (
    BadPayload,
    ItemKind,
    Metadatum,
    SequenceEntry,
    SourceAddress,
    SourceItem,
)
from tests.platforms.medusa import adjustment, line, money
from tests.platforms.medusa import order as blank

D = Decimal
RECORDED = Path(__file__).parents[2] / "recorded/medusa"
LISTS = ("orders_list_full_limit10", "orders_by_ids", "orders_as_asked")
SIX = D("0.000001")
EARLY, LATE = "2026-11-02T09:31:00.000Z", "2026-11-05T09:31:00.000Z"


def payloads() -> Iterator[Any]:
    for name in LISTS:
        yield from read(name)["orders"]
    yield read("draft_single")["order"]


def adding_up() -> list[Any]:
    """All but an answer to somebody who asked for the refunds' credit lines in the total only."""
    return [each for each in payloads() if "credit_lines" in each or each["display_id"] != 6]


def read(name: str) -> Any:
    return decode((RECORDED / f"{name}.json").read_bytes())


@pytest.fixture(scope="module")
def asked() -> dict[str, Any]:
    """The orders of an answer to what this adapter asks (2.21.2), by their numbers."""
    orders = [parse_order(each) for each in read("orders_as_asked")["orders"]]
    return {order.number: order for order in orders}


def total(items: Iterable[SourceItem]) -> Decimal:
    return sum((item.gross or D(0) for item in items), D(0))


# recorded orders


def test_all_are_read() -> None:
    assert len([parse_order(payload) for payload in payloads()]) == 10 + 8 + 25 + 1


@pytest.mark.parametrize("payload", adding_up(), ids=lambda payload: str(payload["display_id"]))
def test_their_figures_are_the_shops(payload: Any) -> None:
    order = parse_order(payload)
    assert order.net + order.tax == order.total
    assert total(item for item in order.items if item.in_total) == order.total
    taxes = sum(item.tax or D(0) for item in order.items if item.in_total)
    assert abs(taxes - order.tax) <= 2 * SIX  # each line's is rounded by itself
    figures = {"tax": "tax_total", "shipping": "shipping_total"}
    for ours, theirs in figures.items():
        assert getattr(order, ours) == told(payload, theirs)
    assert total(i for i in order.items if i.kind == ItemKind.SHIPPING) == order.shipping
    assert total(i for i in order.items if i.kind == ItemKind.DISCOUNT) == -order.discount
    rows = {row["id"]: row for row in payload["items"] + payload["shipping_methods"]}
    for item in order.items:
        if item.external_id in rows:
            row = rows.pop(item.external_id)
            assert (item.gross, item.tax) == (told(row, "total"), told(row, "tax_total"))
            assert item.net == told(row, "total") - told(row, "tax_total")
    assert not rows


def told(data: Any, key: str) -> Decimal:
    raw = data.get(f"raw_{key}")
    return D(raw["value"] if raw else data[key]).quantize(SIX)


FACTS: dict[str, tuple[str, bool, str, str, str]] = {
    # number: status, is paid, total, discount, refunded
    "2": ("payment:captured", True, "38.857203", "13.031247", "0"),  # three promotions, net prices
    "4": ("payment:authorized", False, "1340.95", "288.55", "0"),  # the same, gross prices
    "5": ("payment:authorized", False, "1116.05135", "513.44865", "0"),
    "7": ("payment:authorized", False, "4513.3", "0", "0"),  # yen with decimal places
    "8": ("payment:partially_refunded", True, "42.33135", "0", "3.33"),
    "9": ("payment:partially_refunded", True, "38.577915", "3.753435", "3.5"),  # with a reason
    "11": ("order:canceled", True, "18.3147", "0", "18.3147"),  # once it was paid
    "12": ("order:canceled", False, "18.3147", "0", "0"),
    "13": ("fulfillment:partially_fulfilled", False, "42.33135", "0", "0"),
    "14": ("fulfillment:shipped", True, "42.33135", "0", "0"),
    "15": ("fulfillment:delivered", True, "31.8324", "0", "0"),  # and archived
    "16": ("fulfillment:delivered", True, "38.577915", "3.753435", "0"),  # 1 of 3 returned
    "17": ("fulfillment:delivered", True, "52.3494", "0", "4.49965"),  # and 1 more refunded
    "20": ("payment:not_paid", False, "40.359555", "1.049895", "0"),  # edited
    "21": ("payment:not_paid", False, "26.36595", "0", "0"),  # another price
    "23": ("payment:authorized", False, "38.33135", "4", "0"),  # a gift card of 4
    "24": ("fulfillment:partially_delivered", False, "73.46265", "0", "0"),  # an exchange
    "25": ("fulfillment:partially_delivered", False, "65.40615", "0", "0"),  # a claim
    "27": ("payment:not_paid", False, "46.26276", "4.38864", "0"),  # was a draft
    "30": ("payment:partially_captured", False, "31.8324", "0", "0"),
    "31": ("fulfillment:delivered", True, "34.8324", "0", "0"),  # 3 of a return not given back
    "32": ("order:canceled", False, "18.3147", "0", "0"),  # and archived
    "34": ("fulfillment:delivered", True, "53.4066", "0", "0"),  # a return to be paid for
    "35": ("payment:partially_refunded", True, "28.81365", "0", "13.5177"),  # edited, then refunded
    "36": ("payment:authorized", False, "18.3147", "0", "0"),
}


def test_what_became_of_them(asked: dict[str, Any]) -> None:
    found = {
        number: (order.status_code, order.is_paid, order.total, order.discount, order.refunded)
        for number, order in asked.items()
    }
    assert found == {
        number: (status, paid, D(total), D(discount), D(refunded))
        for number, (status, paid, total, discount, refunded) in FACTS.items()
    }


def test_when_they_were_paid(asked: dict[str, Any]) -> None:
    assert {number for number, order in asked.items() if order.paid_at} == {
        number for number, facts in FACTS.items() if facts[1]
    }
    assert asked["8"].paid_at == datetime(2026, 11, 25, 22, 35, 44, 890_000, tzinfo=UTC)


def test_one_whole(asked: dict[str, Any]) -> None:
    """Prices with tax, two promotions on the products and one on the shipping."""
    order = asked["4"]
    assert (order.currency, order.net, order.tax) == ("CZK", D("1146.954828"), D("193.995172"))
    assert order.placed_at == datetime(2026, 11, 25, 22, 35, 39, 207_000, tzinfo=UTC)
    assert (order.payment_code, order.payment_name) == ("pp_system_default", "System (DEFAULT)")
    assert order.delivery_code == "so_01M8ADHJ6WFM7HYAB7AYGBK7A9"
    assert (order.delivery_name, order.shipping) == ("Zásilkovna", D("44.5"))
    assert (order.customer_name, order.customer_phone) == ("Žofie Nováková", "+420601123456")
    assert order.shipping_address == SourceAddress(
        first_name="Jan",
        last_name="Svoboda",
        line1="Krátká 2/5",
        line2="2. patro",
        city="Brno",
        region="JM",
        postcode="602 00",
        country="CZ",
        phone="+420601123456",
    )
    assert order.items[0] == SourceItem(
        external_id="ordli_01M8ADKAT4MCEHFMCX8Z0V9KYB",
        kind=ItemKind.PRODUCT,
        name="Tričko <b>Káva</b>",
        variant="M",
        product_id="prod_01M8ADHJJEMX4DBPE3SY9HNA80",
        variant_id="variant_01M8ADHJM73EHA4VZCQETXG86T",
        sku="SKU-1-M",
        ean="8594001234511",
        quantity=D(2),
        unit_price=D("207.960038"),
        tax_rate=D(21),
        net=D("415.920075"),
        tax=D("87.343216"),
        gross=D("503.263291"),
        metadata=(Metadatum("engraving", "A & B"),),
    )
    assert [(item.name, item.net, item.tax, item.gross) for item in order.items[4:]] == [
        ("MINUS100", D("-85.632147"), D("-14.367853"), D(-100)),
        ("PODZIM10", D("-123.353108"), D("-20.696892"), D("-144.05")),
        ("SHIP50", D("-36.77686"), D("-7.72314"), D("-44.5")),
    ]


def test_what_was_returned_is_not_counted(asked: dict[str, Any]) -> None:
    line = asked["16"].items[0]
    assert (line.quantity, line.unit_price, line.net) == (2, D("9.891"), D("19.782"))


@pytest.mark.parametrize(
    ("sold", "received", "dismissed", "kept", "told"),
    [
        ("3", "0", "0", "3", []),
        ("3", "1", "0", "2", [("sold_quantity", 3), ("returned_quantity", 1)]),
        ("3", "2", "1", "0", [("sold_quantity", 3), ("returned_quantity", 3)]),
        ("2.5", "0.5", "0", "2", [("sold_quantity", 2.5), ("returned_quantity", 0.5)]),
    ],
)
def test_a_line_says_what_came_back(
    sold: str, received: str, dismissed: str, kept: str, told: list[Any]
) -> None:
    back = money("return_received_quantity", received)
    detail = back | money("return_dismissed_quantity", dismissed)
    item = one_line({**money("quantity", sold), "detail": detail, "metadata": {"a": 1}})
    assert item.quantity == D(kept)
    assert [(each.key, each.value) for each in item.metadata] == [("a", 1), *told]
    assert all(type(value) is (float if sold == "2.5" else int) for _, value in told)


def test_refunds(asked: dict[str, Any]) -> None:
    refunds = [item for item in asked["9"].items if item.kind == ItemKind.REFUND]
    assert [(item.name, item.gross, item.in_total) for item in refunds] == [
        ("Poškozené: Poškozené víko", D("-2.5"), False),
        ("another", D(-1), False),
    ]


def test_parcels(asked: dict[str, Any]) -> None:
    order = asked["14"]
    assert (order.tracking_number, order.tracking_url) == (
        "AA1, BB2, BB3",
        "https://t.example/AA1",
    )


@pytest.mark.parametrize("number", ["24", "34"])
def test_the_delivery_is_not_that_of_an_exchange_or_a_return(
    number: str, asked: dict[str, Any]
) -> None:
    methods = [item.name for item in asked[number].items if item.kind == ItemKind.SHIPPING]
    assert methods == ["Kurýr DPD", "Zásilkovna"]
    assert asked[number].delivery_name == "Zásilkovna"


def shipped(name: str, created_at: str, **detail: str) -> dict[str, Any]:
    return {
        "id": name,
        "created_at": created_at,
        "name": name,
        "shipping_option_id": f"so_{name}",
        "detail": detail,
        **money("total", "0"),
        **money("tax_total", "0"),
    }


@pytest.mark.parametrize(
    ("methods", "delivery", "lines"),
    [
        ([], "", []),
        ([shipped("DPD", LATE), shipped("PPL", EARLY)], "PPL", ["PPL", "DPD"]),
        ([shipped("PPL", EARLY), shipped("DPD", LATE)], "PPL", ["PPL", "DPD"]),
        (
            [shipped("DPD", LATE), shipped("PPL", EARLY, return_id="ret_1")],
            "DPD",
            ["PPL", "DPD"],
        ),
        ([shipped("PPL", EARLY, claim_id="claim_1")], "", ["PPL"]),
    ],
)
def test_the_delivery_is_what_the_customer_chose(
    methods: list[Any], delivery: str, lines: list[str]
) -> None:
    """And not what an edit added, which Medusa tells first."""
    order = parse_order(blank("o") | {"shipping_methods": methods})
    assert (order.delivery_name, order.delivery_code) == (delivery, delivery and f"so_{delivery}")
    assert [item.name for item in order.items if item.kind == ItemKind.SHIPPING] == lines


def test_metadata_of_addresses(asked: dict[str, Any]) -> None:
    assert asked["36"].metadata == (Metadatum("a", 1), Metadatum("billing_address.vat", "SK1"))
    assert asked["36"].billing.email == asked["36"].customer_email == "new@example.test"


# one field at a time


def test_an_amount_is_read_from_its_exact_twin() -> None:
    """The plain number is 0 up to 0.0001, and rounded where it is large."""
    changed = {"total": 0, "raw_total": {"value": "0.00005"}, **money("tax_total", "0")}
    assert parse_order(blank("o") | changed).total == D("0.00005")
    large = {"total": 123456789012.12346, "raw_total": {"value": "123456789012.123456"}}
    assert parse_order(blank("o") | large).total == D("123456789012.123456")


def test_an_amount_without_a_twin() -> None:
    order = blank("o")
    del order["raw_total"]
    assert parse_order(order | {"total": D("2243.34")}).total == D("2243.34")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("10", "10")),
        ({**money("unit_price", "12.1"), "is_tax_inclusive": True}, ("10", "10")),
        ({"adjustments": [adjustment("p", "P", "2", "2.42")]}, ("10", "10")),  # as net says
        (money("quantity", "4"), ("10", "10")),  # stated, whatever the net is
        ({**money("quantity", "4"), "is_tax_inclusive": True}, ("2.5", "10")),
        ({**money("quantity", "0"), **money("unit_price", "12.1")}, ("12.1", "10")),
        (
            {**money("quantity", "0"), **money("unit_price", "12.1"), "is_tax_inclusive": True},
            ("10", "10"),
        ),
    ],
)
def test_unit_price(changes: Any, expected: tuple[str, str]) -> None:
    item = one_line(changes)
    assert (item.unit_price, item.net) == tuple(map(D, expected))


def one_line(changes: Any) -> Any:
    row = line("l", "Káva", 1, "10", "10", "21") | changes
    return parse_order(blank("o") | {"items": [row]}).items[0]


@pytest.mark.parametrize(
    ("rates", "expected"),
    [([], None), ([21], D(21)), ([0], D(0)), ([D("8.875"), D("1.5")], D("10.375"))],
)
def test_several_rates_add_up(rates: list[Any], expected: Decimal | None) -> None:
    assert one_line({"tax_lines": [{"rate": rate} for rate in rates]}).tax_rate == expected


@pytest.mark.parametrize(
    ("changes", "ean"),
    [
        ({"variant": {"ean": "8594"}, "variant_barcode": "B-1"}, "8594"),
        ({"variant": {"ean": None}, "variant_barcode": "B-1"}, "B-1"),
        ({"variant": None, "variant_barcode": "B-1"}, "B-1"),
        ({"variant": None, "variant_barcode": None}, ""),
    ],
)
def test_ean(changes: Any, ean: str) -> None:
    assert one_line(changes).ean == ean


def test_two_lines_with_the_same_id_are_refused() -> None:
    row = line("l", "Káva", 1, "10", "10", "21")
    with pytest.raises(BadPayload, match="same id"):
        parse_order(blank("o") | {"items": [row, row]})


@pytest.mark.parametrize("missing", ["id", "created_at", "currency_code", "total"])
def test_an_order_without_it_is_refused(missing: str) -> None:
    order = {key: value for key, value in blank("o").items() if key not in (missing, "raw_total")}
    with pytest.raises(BadPayload, match=missing):
        parse_order(order)


def test_number() -> None:
    assert parse_order(blank("o")).number == "1001"
    assert parse_order(blank("o") | {"custom_display_id": "A-7"}).number == "A-7"


def credit(reference: str, reference_id: str, amount: str) -> dict[str, Any]:
    return {"reference": reference, "reference_id": reference_id} | money("amount", amount)


def with_credits(told: str, *lines: Any, reason: Any = None) -> Any:
    refund = {"id": "r", "note": None, "refund_reason": reason} | money("amount", "2")
    payment = {"provider_id": "pp_x", "captured_at": None, "refunds": [refund]}
    return parse_order(
        blank("o")
        | money("credit_line_total", told)
        | {"credit_lines": list(lines), "payment_collections": [{"payments": [payment]}]}
    )


@pytest.mark.parametrize(
    ("line", "total", "items"),
    [
        (credit("payment_collection", "pay_col_1", "2"), "14.1", []),
        (credit("Poškozené", "damaged", "2"), "14.1", []),
        (credit("Poškozené", "before", "2"), "14.1", []),
        (credit("Před změnou", "damaged", "2"), "14.1", []),
        (credit("Dárek", "", "2"), "12.1", [("discount", "Dárek", D(-2))]),
        (credit("gift-card", "GC-1", "2"), "12.1", [("discount", "gift-card GC-1", D(-2))]),
        (credit("goodwill", "", "-2"), "12.1", [("fee", "goodwill", D(2))]),
    ],
)
def test_credit_lines(line: Any, total: str, items: list[Any]) -> None:
    order = with_credits("2", line, reason={"label": "Poškozené", "code": "damaged"})
    assert order.total == D(total)
    found = [item for item in order.items if item.external_id == "credit:1"]
    assert [(item.kind, item.name, item.gross) for item in found] == items
    assert all(item.in_total and item.tax == 0 and item.net == item.gross for item in found)
    assert order.discount == sum(-item.gross for item in found if item.kind == ItemKind.DISCOUNT)


OLD = credit("Jak se jmenovala", "before", "2")
GIFT = credit("Dárková karta", "GC-1", "2")


def of_version(line: Any, version: Any) -> Any:
    return line | {"metadata": {"created_in_version": version}}


def without_their_reason(
    *lines: Any, refunds: tuple[str, ...], made: tuple[int, ...] = (), reason: Any = None
) -> Any:
    """Refunds of these amounts, whose reason was deleted unless it has other names now; each made
    in this version of the order."""
    rows = [
        {"id": f"r{position}", "refund_reason_id": "refr_1", "refund_reason": reason}
        | money("amount", each)
        for position, each in enumerate(refunds)
    ]
    return parse_order(
        blank("o")
        | money("credit_line_total", "1")
        | {
            "credit_lines": list(lines),
            "payment_collections": [{"payments": [{"provider_id": "pp_x", "refunds": rows}]}],
            "transactions": [
                {"reference_id": f"r{position}", "version": each}
                for position, each in enumerate(made)
            ],
        }
    )


@pytest.mark.parametrize("reason", [None, {"label": "Jak se jmenuje", "code": "after"}])
@pytest.mark.parametrize(
    ("lines", "refunds", "made", "discounts"),
    [
        # The order's version tells.
        ([of_version(OLD, 2)], ["2"], [1], []),
        ([of_version(OLD, 2)], ["5"], [1], []),  # 3 of it were owed
        ([of_version(GIFT, 2)], ["2"], [2], ["Dárková karta GC-1"]),  # all of it was owed
        ([of_version(GIFT, 2)], ["1"], [1], ["Dárková karta GC-1"]),
        ([of_version(GIFT, 2), of_version(OLD, 3)], ["2"], [2], ["Dárková karta GC-1"]),
        ([of_version(OLD, 2), of_version(GIFT, 3)], ["2"], [1], ["Dárková karta GC-1"]),
        ([of_version(OLD, 2), of_version(OLD, 3)], ["2", "2"], [2, 1], []),
        # Else the amount.
        ([OLD], ["2"], [], []),
        ([OLD], ["2"], [1], []),
        ([of_version(OLD, "x")], ["2"], [1], []),
        ([of_version(OLD, 2)], ["2"], [], []),
        ([OLD], ["3"], [], ["Jak se jmenovala before"]),
        ([GIFT, OLD], ["2"], [], ["Dárková karta GC-1"]),
        ([OLD, OLD], ["2", "2"], [], []),
        ([credit("Dárek", "", "3"), OLD], ["2"], [], ["Dárek"]),
        ([OLD], [], [], ["Jak se jmenovala before"]),
    ],
)
def test_a_refund_whose_reason_is_not_called_as_it_was(
    lines: list[Any], refunds: list[str], made: list[int], discounts: list[str], reason: Any
) -> None:
    order = without_their_reason(*lines, refunds=tuple(refunds), made=tuple(made), reason=reason)
    found = [item for item in order.items if item.kind == ItemKind.DISCOUNT]
    assert [item.name for item in found] == discounts
    credited = sum(D(line["raw_amount"]["value"]) for line in lines)
    assert order.discount == -total(found)
    assert order.total == D("12.1") + credited - order.discount
    assert order.refunded == sum(map(D, refunds))


def test_a_refund_that_its_credit_names_makes_no_other_one() -> None:
    lines = [GIFT, credit("Poškozené", "damaged", "2")]
    reason = {"label": "Poškozené", "code": "damaged"}
    order = without_their_reason(*lines, refunds=("2",), reason=reason)
    assert [item.name for item in order.items if item.kind == ItemKind.DISCOUNT] == [
        "Dárková karta GC-1"
    ]


def test_a_refund_without_a_reason_makes_no_other_credit_a_refund() -> None:
    order = with_credits("2", credit("", "", "2"))
    assert order.total == D("12.1")
    assert order.discount == 2


def test_adjustments_without_a_promotion_are_lines_of_their_own() -> None:
    rows = [
        adjustment("", "", "1", "1.21") | {"id": f"adj_{each}", "description": "Sleva"}
        for each in (1, 2)
    ]
    row = line("l", "Káva", 1, "10", "10", "21") | {"adjustments": rows}
    found = parse_order(blank("o") | {"items": [row]}).items[1:]
    assert [(item.external_id, item.name, item.gross) for item in found] == [
        ("adj_1", "Sleva", D("-1.21")),
        ("adj_2", "Sleva", D("-1.21")),
    ]


def test_credit_lines_that_medusa_counts_as_nothing() -> None:
    order = with_credits(
        "0", credit("gift-card", "GC-1", "0.005"), credit("payment_collection", "p", "0")
    )
    assert order.total == D("12.1")
    assert not [item for item in order.items if item.external_id.startswith("credit:")]


Payment = dict[str, Any]


def payment(provider: str, captured: str | None, canceled: str | None = None) -> Payment:
    return {
        "provider_id": provider,
        "created_at": captured or EARLY,
        "captured_at": captured,
        "canceled_at": canceled,
        "refunds": [],
    }


@pytest.mark.parametrize(
    ("status", "collections", "paid"),
    [
        ("captured", ["completed"], True),
        ("authorized", ["authorized"], False),
        ("partially_captured", ["completed", "not_paid"], False),
        ("partially_refunded", ["completed"], True),
        ("partially_refunded", ["completed", "not_paid"], False),
        ("partially_refunded", ["partially_captured"], False),
        ("refunded", ["completed"], True),
        ("refunded", ["canceled"], True),
        ("canceled", ["canceled"], False),
        ("", [], False),
    ],
)
def test_is_paid(status: str, collections: list[str], paid: bool) -> None:
    told = [{"status": each, "payments": [payment("pp_x", EARLY)]} for each in collections]
    order = parse_order(blank("o") | {"payment_status": status, "payment_collections": told})
    assert order.is_paid is paid
    assert order.paid_at == (datetime(2026, 11, 2, 9, 31, tzinfo=UTC) if paid else None)


@pytest.mark.parametrize(
    ("payments", "code", "paid_at"),
    [
        ([], "", None),
        ([payment("pp_a", EARLY), payment("pp_b", LATE)], "pp_b", LATE),
        ([payment("pp_b", LATE), payment("pp_a", EARLY)], "pp_b", LATE),
        ([payment("pp_a", EARLY), payment("pp_b", None)], "pp_a", EARLY),
        ([payment("pp_a", None, EARLY), payment("pp_b", None)], "pp_b", None),
        ([payment("pp_a", None, EARLY)], "pp_a", None),
    ],
)
def test_which_payment_counts(payments: list[Payment], code: str, paid_at: str | None) -> None:
    told = {"payment_status": "captured", "payment_collections": [{"payments": payments}]}
    order = parse_order(blank("o") | told)
    assert order.payment_code == code
    assert order.paid_at == (datetime.fromisoformat(paid_at) if paid_at else None)


@pytest.mark.parametrize(
    ("order", "payment", "fulfillment", "composed"),
    [
        ("canceled", "refunded", "delivered", "order:canceled"),
        ("draft", "not_paid", "not_fulfilled", "order:draft"),
        ("completed", "refunded", "delivered", "payment:refunded"),
        ("completed", "captured", "delivered", "fulfillment:delivered"),
        ("completed", "captured", "shipped", "order:completed"),
        ("archived", "captured", "not_fulfilled", "order:archived"),
        ("archived", "captured", "shipped", "order:archived"),
        ("archived", "captured", "delivered", "fulfillment:delivered"),
        ("archived", "invented", "not_fulfilled", "order:archived"),
        ("pending", "captured", "partially_shipped", "fulfillment:partially_shipped"),
        ("requires_action", "not_paid", "not_fulfilled", "order:requires_action"),
        ("pending", "captured", "canceled", "payment:captured"),
        ("pending", "partially_refunded", "not_fulfilled", "payment:partially_refunded"),
        ("pending", "invented", "not_fulfilled", "fulfillment:not_fulfilled"),
    ],
)
def test_status(order: str, payment: str, fulfillment: str, composed: str) -> None:
    told = {"status": order, "payment_status": payment, "fulfillment_status": fulfillment}
    parsed = parse_order(blank("o") | told)
    assert parsed.status_code == composed
    assert parsed.axes == {"order": order, "payment": payment, "fulfillment": fulfillment}


@pytest.mark.parametrize("status", ["archived", "canceled"])
def test_a_cancelled_order_remains_so_when_it_is_archived(status: str) -> None:
    told = {"status": status, "payment_status": "canceled", "canceled_at": LATE}
    order = parse_order(blank("o") | told)
    assert order.status_code == "order:canceled"
    assert order.axes["order"] == status


def test_every_status_has_a_type() -> None:
    """An order without one would be taken for an open one for ever."""
    assert all(status.type for status in STATUSES)


def test_statuses_are_those_of_medusa() -> None:
    """Its enumerations in 2.21, but for those where another axis tells."""
    told: dict[str, set[str]] = {"order": set(), "payment": set(), "fulfillment": set()}
    for status in STATUSES:
        told[status.axis].add(status.code)
    assert told == {
        "order": {"canceled", "draft", "completed", "archived", "requires_action"},
        "payment": {"not_paid", "awaiting", "authorized", "partially_authorized", "canceled"}
        | {"captured", "partially_captured", "partially_refunded", "refunded", "requires_action"},
        "fulfillment": {"partially_fulfilled", "fulfilled", "partially_shipped", "shipped"}
        | {"partially_delivered", "delivered"},
    }


def labels(created_at: str, *told: tuple[str, str], canceled: bool = False) -> dict[str, Any]:
    return {
        "created_at": created_at,
        "canceled_at": EARLY if canceled else None,
        "labels": [{"tracking_number": number, "tracking_url": url} for number, url in told],
    }


@pytest.mark.parametrize(
    ("fulfillments", "number", "url"),
    [
        ([], "", ""),
        ([labels(EARLY, ("A", "#"))], "A", ""),
        ([labels(EARLY, ("A", "#"), ("B", "https://t/B"))], "A, B", "https://t/B"),
        (
            [labels(LATE, ("B", "https://t/B")), labels(EARLY, ("A", "https://t/A"))],
            "A, B",
            "https://t/A",
        ),
        ([labels(EARLY, ("A", ""), ("A", ""))], "A", ""),
        ([labels(EARLY, ("A", "https://t/A"), canceled=True)], "", ""),
    ],
)
def test_tracking(fulfillments: list[Any], number: str, url: str) -> None:
    order = parse_order(blank("o") | {"fulfillments": fulfillments})
    assert (order.tracking_number, order.tracking_url) == (number, url)


PERSON = {"first_name": "Eva", "last_name": None, "phone": "1"}


@pytest.mark.parametrize(
    ("changes", "name", "phone"),
    [
        ({}, "", ""),
        ({"customer": PERSON}, "Eva", "1"),
        ({"customer": PERSON, "shipping_address": {"last_name": "B", "phone": None}}, "B", "1"),
        ({"shipping_address": PERSON, "billing_address": {"first_name": "A"}}, "A", "1"),
    ],
)
def test_who_bought(changes: Any, name: str, phone: str) -> None:
    order = parse_order(blank("o") | changes)
    assert (order.customer_name, order.customer_phone) == (name, phone)


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        (None, {}),
        ({"company_name": None, "metadata": None}, {}),
        ({"company_name": "", "metadata": {"vat": "SK1"}}, {"vat": "SK1"}),
        (
            {"company_name": "Káva SE", "metadata": {"vat": {"a": D("1.5")}}},
            {"company_name": "Káva SE", "vat": {"a": 1.5}},
        ),
        (
            {"company_name": "Káva SE", "metadata": {"company_name": "Čaj"}},
            {"company_name": "Káva SE"},
        ),
        ({"metadata": {"company_name": "Čaj"}}, {"company_name": "Čaj"}),
    ],
)
def test_what_the_account_has_is_in_the_metadata(customer: Any, expected: dict[str, Any]) -> None:
    """Its company need not be the one that bought, and is not given to the address."""
    told = {"customer": customer, "billing_address": PERSON, "metadata": {"a": 1}}
    order = parse_order(blank("o") | told)
    assert order.metadata == (
        Metadatum("a", 1),
        *(Metadatum(f"customer.{key}", value) for key, value in expected.items()),
    )
    assert order.billing.company == ""


def test_no_address() -> None:
    order = parse_order(blank("o") | {"email": "a@example.test"})
    assert order.billing == order.shipping_address == SourceAddress()


def test_metadata() -> None:
    told = {"a": D("1.5"), "b": {"c": [None, True]}, "d": ""}
    order = parse_order(blank("o") | {"metadata": told})
    assert order.metadata == (
        Metadatum("a", 1.5),
        Metadatum("b", {"c": [None, True]}),
        Metadatum("d", ""),
    )


# code lists


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("pp_system_default", "System (DEFAULT)"),
        ("pp_stripe-ideal_stripe", "Stripe Ideal (STRIPE)"),
        ("pp_paypal", "Paypal"),
        ("cash", "cash"),
        ("pp_", "pp_"),
        ("", ""),
    ],
)
def test_provider_name(identifier: str, name: str) -> None:
    assert provider_name(identifier) == name


@pytest.mark.parametrize(
    ("row", "type", "description"),
    [
        ({"id": "pp_stripe_stripe", "is_enabled": True}, "online", ""),
        ({"id": "pp_system_default", "is_enabled": False}, "", "Not offered in the e-shop now."),
    ],
)
def test_payments(row: Any, type: str, description: str) -> None:
    entry = parse_payment(row)
    assert (entry.code, entry.type, entry.description) == (row["id"], type, description)


def test_recorded_payments() -> None:
    rows = read("payment_providers")["payment_providers"]
    assert [parse_payment(row).code for row in rows] == ["pp_system_default"]


def test_recorded_deliveries() -> None:
    rows = read("shipping_options")["shipping_options"]
    entries = [parse_delivery(row) for row in rows]
    assert {entry.name for entry in entries} == {
        "PPL standard",
        "Zásilkovna výdejní místo",
        "DHL Express",
        "Osobní odběr",
    }
    assert entries[0] == SequenceEntry(
        kind="delivery",
        code="so_01M83GQGZSWJGKX6K5HFZSW0DE",
        name="PPL standard",
        description="World",
    )


def test_a_pickup_that_is_not_offered() -> None:
    entry = parse_delivery(
        {
            "id": "so_1",
            "name": "Osobně",
            "rules": [{"attribute": "enabled_in_store", "value": "false"}],
            "service_zone": {"name": "Brno", "fulfillment_set": {"type": "pickup"}},
        }
    )
    assert (entry.type, entry.description) == ("collection", "Brno. Not offered in the e-shop now.")


# arithmetic of our own

cents = st.integers(1, 10**9).map(lambda value: D(value) / 10**4)
shares = st.lists(st.tuples(st.integers(1, 9), cents, cents), min_size=1, max_size=6)


@given(shares, st.sampled_from(["P", "Q"]))
def test_discounts_are_added_up_before_they_are_rounded(
    rows: list[tuple[int, Decimal, Decimal]], code: str
) -> None:
    """Thirds of amounts, as Medusa spreads a discount over the lines."""
    third = [(net / 3, gross / 3) for _, net, gross in rows]
    items = [
        line(str(position), "x", 1, "1", "1", "0")
        | {"adjustments": [adjustment(code, code, f"{net:f}", f"{gross:f}")]}
        for position, (net, gross) in enumerate(third)
    ]
    order: Any = parse_order(blank("o") | {"items": items})
    found = order.items[len(rows) :]
    assert [item.name for item in found] == [code]
    assert found[0].net == -sum((net for net, _ in third), D(0)).quantize(SIX)
    assert found[0].gross == -sum((gross for _, gross in third), D(0)).quantize(SIX)
    assert found[0].net + found[0].tax == found[0].gross


@given(st.integers(1, 50), st.data(), cents)
def test_a_discount_counts_for_what_was_kept(sold: int, data: Any, gross: Decimal) -> None:
    received = data.draw(st.integers(0, sold))
    dismissed = data.draw(st.integers(0, sold - received))
    row = line("l", "x", sold, "1", "1", "0") | {
        "adjustments": [adjustment("P", "P", f"{gross:f}", f"{gross:f}")],
        "detail": {
            **money("return_received_quantity", str(received)),
            **money("return_dismissed_quantity", str(dismissed)),
        },
    }
    order: Any = parse_order(blank("o") | {"items": [row]})
    product, discount = order.items
    kept = sold - received - dismissed
    assert product.quantity == kept
    assert abs(discount.gross + gross * kept / sold) <= SIX / 2


@given(cents, st.integers(1, 99), st.sampled_from(["0", "10", "12", "21", "25.5"]))
def test_a_price_with_tax(gross: Decimal, quantity: int, rate: str) -> None:
    """A unit's net price times the quantity is the line's net one, but for what is rounded."""
    tax = (gross * D(rate) / (100 + D(rate))).quantize(D(10) ** -15)
    item = one_line(
        {
            **money("quantity", str(quantity)),
            **money("total", f"{gross:f}"),
            **money("tax_total", f"{tax:f}"),
            "is_tax_inclusive": True,
        }
    )
    assert item.gross == gross
    assert item.net + item.tax == gross
    assert abs(item.unit_price * quantity - item.net) <= SIX * quantity
