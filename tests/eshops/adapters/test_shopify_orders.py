"""What Shopify's answers mean."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eshops.adapters.shopify.orders import parse_order
from eshops.adapters.shopify.sequences import STATUSES
from eshops.adapters.statuses import compose
from eshops.models import Sequence
from eshops.source import BadPayload, ItemKind, Metadatum, SourceAddress, SourceItem, SourceOrder
from tests.platforms.shopify import (
    allocation,
    bags,
    connection,
    line,
    money,
    refunded,
    small_order,
    tax,
    transaction,
)

D = Decimal


def order(*lines: Any, **changes: Any) -> SourceOrder:
    """A small order, with other lines and fields."""
    given_lines = {"lineItems": connection(*lines)} if lines else {}
    return parse_order(small_order("7") | given_lines | changes)


def kind(told: SourceOrder, wanted: ItemKind) -> list[SourceItem]:
    return [item for item in told.items if item.kind == wanted]


def figures(item: SourceItem) -> tuple[Any, ...]:
    return item.quantity, item.unit_price, item.tax_rate, item.net, item.tax, item.gross


def in_total(told: SourceOrder) -> Decimal:
    return sum((item.gross or D(0) for item in told.items if item.in_total), D(0))


# lines


@pytest.mark.parametrize(
    ("included", "total", "taxes", "expected"),
    [
        (True, "24.2", [("4.2", 21.0)], (2, D(10), 21, D(20), D("4.2"), D("24.2"))),
        (False, "20", [("4.2", 21.0)], (2, D(10), 21, D(20), D("4.2"), D("24.2"))),
        (True, "10", [], (2, D(5), None, D(10), D(0), D(10))),
        (False, "10", [], (2, D(5), None, D(10), D(0), D(10))),
        (
            False,
            "10.01",
            [("0.73", 7.25), ("0.1", 1.0)],
            (2, D("5.005"), D("8.25"), D("10.01"), D("0.83"), D("10.84")),
        ),
        # a tax that is nothing does not apply, and says nothing of a free line
        (True, "10", [("0", 21.0)], (2, D(5), 0, D(10), D(0), D(10))),
        (True, "10", [("0", 6.0), ("1", 11.1111)], (2, D("4.5"), D("11.1111"), D(9), D(1), D(10))),
        (True, "0", [("0.00", 21.0)], (2, D(0), 21, D(0), D(0), D(0))),
        # of other currencies
        (True, "1210", [("210", 21)], (2, D(500), 21, D(1000), D(210), D(1210))),
        (False, "1.005", [("0.151", 15)], (2, D("0.5025"), 15, D("1.005"), D("0.151"), D("1.156"))),
        # a rate as it is written by a computer
        (False, "1", [("0.07", 7.000000000000001)], (2, D("0.5"), 7, D(1), D("0.07"), D("1.07"))),
    ],
)
def test_a_line_with_and_without_tax(
    included: bool,
    total: str,
    taxes: list[tuple[str, float]],
    expected: tuple[Any, ...],
) -> None:
    given_line = line("1", "Káva", 2, total, "0") | {"taxLines": [tax(*each) for each in taxes]}
    told = order(given_line, taxesIncluded=included)
    assert figures(told.items[0]) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"variantTitle": "Default Title"}, {"variant": ""}),
        ({"variantTitle": "M / Modrá"}, {"variant": "M / Modrá"}),
        ({"variant": None, "product": None}, {"variant_id": "", "product_id": "", "ean": ""}),
        (
            {"variant": {"id": "gid://shopify/ProductVariant/5", "barcode": "859"}},
            {"variant_id": "5", "ean": "859"},
        ),
        ({"product": {"id": "gid://shopify/Product/9"}}, {"product_id": "9"}),
        ({"id": "gid://shopify/LineItem/3?x=y"}, {"external_id": "3"}),
        (
            {"customAttributes": [{"key": "Text", "value": None}, {"key": "_x", "value": "1"}]},
            {"metadata": (Metadatum("Text", None), Metadatum("_x", "1"))},
        ),
    ],
)
def test_a_lines_fields(changes: dict[str, Any], expected: Mapping[str, Any]) -> None:
    item = order(line("1", "Káva", 1, "12.1", "2.1") | changes).items[0]
    assert {key: getattr(item, key) for key in expected} == expected


@pytest.mark.parametrize(
    ("included", "price", "net", "tax_in_it"),
    [(True, "6.05", "-5", "-1.05"), (False, "5", "-5", "-1.05")],
)
def test_a_discount_is_off_the_lines_and_told_beside_them(
    included: bool, price: str, net: str, tax_in_it: str
) -> None:
    total = "24.2" if included else "20"
    discounted = line("1", "Káva", 2, total, "3.15") | {
        "discountAllocations": [allocation(price, "PODZIM")]
    }
    told = order(discounted, taxesIncluded=included)
    assert figures(told.items[0]) == (2, D("7.5"), 21, D(15), D("3.15"), D("18.15"))
    (discount,) = kind(told, ItemKind.DISCOUNT)
    assert discount == SourceItem(
        external_id="0",
        kind=ItemKind.DISCOUNT,
        name="PODZIM",
        net=D(net),
        tax=D(tax_in_it),
        gross=D("-6.05"),
        in_total=False,
    )
    assert told.discount == D("6.05")


def test_discounts_of_several_kinds_on_several_lines() -> None:
    automatic = {
        "allocatedAmountSet": money("1"),
        "discountApplication": {"index": 1, "title": "Podzimní výprodej"},
    }
    coffee = line("1", "Káva", 1, "13.1", "2.1") | {
        "discountAllocations": [allocation("2.42", "PODZIM"), automatic]
    }
    tea = line("2", "Čaj", 1, "11.2", "1.2", 12.0) | {
        "discountAllocations": [allocation("1.12", "PODZIM")]
    }
    free = {
        "id": None,
        "title": "Pošta",
        "code": None,
        "discountedPriceSet": money("0"),
        "discountAllocations": [allocation("3", "Doprava zdarma", 1)],
        "taxLines": [tax("0", 21.0)],
    }
    told = order(coffee, tea, shippingLines=connection(free))
    assert [
        (each.external_id, each.name, each.net, each.tax, each.gross)
        for each in kind(told, ItemKind.DISCOUNT)
    ] == [
        ("0", "PODZIM", D(-3), D("-0.54"), D("-3.54")),
        ("1", "Podzimní výprodej", D("-0.826446"), D("-0.173554"), D("-1")),
        ("1:Doprava zdarma", "Doprava zdarma", D("-2.479339"), D("-0.520661"), D("-3")),
    ]
    assert told.discount == D("7.54")
    assert told.delivery_code == told.delivery_name == "Pošta"
    assert figures(told.items[2]) == (1, None, 21, D(0), D(0), D(0))


def test_shipping_is_with_tax() -> None:
    lines = [
        {
            "id": f"gid://shopify/ShippingLine/{each}",
            "title": title,
            "code": code,
            "discountedPriceSet": money("4"),
            "discountAllocations": [],
            "taxLines": [tax("0.84", 21.0)],
        }
        for each, title, code in ((1, "Pošta", "posta"), (2, "Balné", None))
    ]
    told = order(taxesIncluded=False, shippingLines=connection(*lines))
    assert told.shipping == D("9.68")
    assert (told.delivery_code, told.delivery_name) == ("posta", "Pošta")
    assert [(each.external_id, each.gross) for each in kind(told, ItemKind.SHIPPING)] == [
        ("1", D("4.84")),
        ("2", D("4.84")),
    ]


TIP = line("9", "Tip", 1, "2", "0") | {"taxLines": []}


@pytest.mark.parametrize(
    ("lines", "changes", "expected"),
    [
        ((TIP,), bags(totalTipReceivedSet="2"), [("9", "Tip", D(2), True)]),
        ((), bags(totalTipReceivedSet="2"), [("tip", "Tip", D(2), True)]),
        (
            (TIP | {"sku": "GIFT"},),
            bags(totalTipReceivedSet="2"),
            [("tip", "Tip", D(2), True)],
        ),
        ((TIP,), {}, []),
        ((TIP, TIP | {"id": "x/8"}), bags(totalTipReceivedSet="2"), [("9", "Tip", D(2), True)]),
        ((), bags(originalTotalDutiesSet="5"), [("duties", "Duties", D(5), True)]),
        ((), bags(currentTotalDutiesSet="5"), [("duties", "Duties", D(5), True)]),
        (
            (),
            {**bags(originalTotalDutiesSet="5"), "dutiesIncluded": True},
            [("duties", "Duties", D(5), False)],
        ),
        (
            (),
            {"totalCashRoundingAdjustment": bags(paymentSet="-0.02")},
            [("rounding", "Rounding", D("-0.02"), False)],
        ),
    ],
)
def test_fees(
    lines: tuple[Any, ...],
    changes: dict[str, Any],
    expected: list[tuple[Any, ...]],
) -> None:
    coffee = line("1", "Káva", 1, "12.1", "2.1")
    told = order(coffee, *lines, **changes)
    assert [
        (each.external_id, each.name, each.gross, each.in_total)
        for each in kind(told, ItemKind.FEE)
    ] == expected
    assert len(kind(told, ItemKind.PRODUCT)) == 1 + len(lines) - ("9" in [e[0] for e in expected])


def test_a_fee_that_is_taxed() -> None:
    fee = {
        "id": "gid://shopify/AdditionalFee/3",
        "name": "Dobírka",
        "price": money("2"),
        "taxLines": [tax("0.42", 21.0)],
    }
    (told,) = kind(order(additionalFees=[fee], taxesIncluded=False), ItemKind.FEE)
    assert figures(told) == (1, None, 21, D(2), D("0.42"), D("2.42"))


def test_two_lines_of_one_id() -> None:
    with pytest.raises(BadPayload, match="same id"):
        order(line("1", "A", 1, "1", "0"), line("1", "B", 1, "1", "0"))


# refunds, and what was removed


def refund(number: int, money_back: str, *lines: Any, at: str = "2026-11-04T12:00:00Z") -> Any:
    return {
        "id": f"gid://shopify/Refund/{number}",
        "note": f"Důvod {number}",
        "createdAt": at,
        "totalRefundedSet": money(money_back),
        "refundLineItems": connection(*lines),
    }


COFFEE = line("1", "Káva", 2, "24.2", "4.2")
TEA = line("2", "Čaj", 1, "11.2", "1.2", 12.0)
BOTH = bags(totalPriceSet="35.4", totalTaxSet="5.4", totalReceivedSet="35.4")
TEA_BACK = refunded("2", 1, "11.2", "1.2", "RETURN")
NO_TEA = refunded("2", 1, "11.2", "1.2")
ONE_COFFEE = refunded("1", 1, "12.1", "2.1")
TEA_ONLY = {
    **BOTH,
    **bags(currentTotalPriceSet="11.2", currentTotalTaxSet="1.2", totalReceivedSet="0"),
}
CANCELLED = {"cancelledAt": "2026-11-04T12:00:02Z"}


@pytest.mark.parametrize(
    ("refunds", "changes", "total", "lines", "back"),
    [
        # refunded: the line stays and the refund is told beside it
        ([refund(1, "11.2", NO_TEA)], {}, "35.4", {"1": 2, "2": 1}, ["11.2"]),
        # less was given back than the line cost
        ([refund(1, "10", NO_TEA)], {}, "35.4", {"1": 2, "2": 1}, ["10"]),
        # a refund of nothing in particular
        ([refund(1, "5")], {}, "35.4", {"1": 2, "2": 1}, ["5"]),
        # edited otherwise: a price, a discount
        ([], bags(totalPriceSet="36.4", currentTotalPriceSet="35.4"), "35.4", {"1": 2, "2": 1}, []),
        # cancelled without a trace of what is left
        ([], CANCELLED | bags(currentTotalPriceSet="0"), "35.4", {"1": 2, "2": 1}, []),
        # edited before it was paid: the line is no longer there
        (
            [refund(1, "0", NO_TEA)],
            bags(totalReceivedSet="0", currentTotalPriceSet="24.2", currentTotalTaxSet="4.2"),
            "24.2",
            {"1": 2},
            [],
        ),
        (
            [refund(1, "0", ONE_COFFEE)],
            bags(totalReceivedSet="0", currentTotalPriceSet="23.3", currentTotalTaxSet="3.3"),
            "23.3",
            {"1": 1, "2": 1},
            [],
        ),
        # both units of a line, one after the other
        (
            [refund(1, "0", ONE_COFFEE), refund(2, "0", ONE_COFFEE)],
            TEA_ONLY,
            "11.2",
            {"2": 1},
            [],
        ),
        # edited before it was paid, then something was given back
        (
            [refund(1, "0", NO_TEA), refund(2, "5")],
            bags(totalReceivedSet="24.2"),
            "24.2",
            {"1": 2},
            ["5"],
        ),
        (
            [refund(1, "0", NO_TEA), refund(2, "12.1", ONE_COFFEE)],
            bags(totalReceivedSet="24.2"),
            "24.2",
            {"1": 2},
            ["12.1"],
        ),
        # edited after it was paid: not given back yet, and given back
        ([refund(1, "0", NO_TEA)], bags(currentTotalPriceSet="24.2"), "24.2", {"1": 2}, []),
        (
            [refund(1, "0", NO_TEA), refund(2, "11.2")],
            {},
            "35.4",
            {"1": 2, "2": 1},
            ["11.2"],
        ),
        # returned, and nothing given back for it (yet): it is no edit
        ([refund(1, "0", TEA_BACK)], bags(totalReceivedSet="0"), "35.4", {"1": 2, "2": 1}, []),
        (
            [refund(1, "0", TEA_BACK), refund(2, "11.2")],
            {},
            "35.4",
            {"1": 2, "2": 1},
            ["11.2"],
        ),
        (
            [refund(1, "0", TEA_BACK), refund(2, "0", ONE_COFFEE)],
            bags(totalReceivedSet="0"),
            "23.3",
            {"1": 1, "2": 1},
            [],
        ),
        # a cancelled order tells what it was, given back or never paid
        (
            [refund(1, "35.4", NO_TEA, ONE_COFFEE, ONE_COFFEE)],
            CANCELLED,
            "35.4",
            {"1": 2, "2": 1},
            ["35.4"],
        ),
        (
            [refund(1, "0", NO_TEA, ONE_COFFEE, ONE_COFFEE)],
            CANCELLED | bags(totalReceivedSet="0", currentTotalPriceSet="0"),
            "35.4",
            {"1": 2, "2": 1},
            [],
        ),
        # edited a day before it was cancelled
        (
            [
                refund(1, "0", NO_TEA, at="2026-11-03T12:00:00Z"),
                refund(2, "0", ONE_COFFEE, ONE_COFFEE),
            ],
            CANCELLED | bags(totalReceivedSet="0", currentTotalPriceSet="0"),
            "24.2",
            {"1": 2},
            [],
        ),
    ],
)
def test_refunds_and_removed_lines(
    refunds: list[Any],
    changes: dict[str, Any],
    total: str,
    lines: dict[str, int],
    back: list[str],
) -> None:
    refunded_set = money(str(sum(map(D, back), D(0))))
    given_back = {"refunds": refunds, "totalRefundedSet": refunded_set}
    told = order(COFFEE, TEA, **BOTH | given_back | changes)
    assert told.total == D(total) == in_total(told)
    products = kind(told, ItemKind.PRODUCT)
    assert {each.external_id: each.quantity for each in products} == lines
    assert [-(each.gross or 0) for each in kind(told, ItemKind.REFUND)] == [D(b) for b in back]
    assert not any(each.in_total for each in kind(told, ItemKind.REFUND))
    assert told.refunded == sum(map(D, back), D(0))


@pytest.mark.parametrize("included", [True, False])
def test_the_tax_of_what_was_removed(included: bool) -> None:
    """Of two coffees less 20 %, one is removed; then a part of the rest is given back."""
    coffee = line("1", "Káva", 2, "24.2" if included else "20", "3.36") | {
        "discountAllocations": [allocation("4.84" if included else "4", "PODZIM")]
    }
    gone = refunded("1", 1, "9.68" if included else "8", "1.68")
    told = order(
        coffee,
        taxesIncluded=included,
        refunds=[refund(1, "0", gone), refund(2, "1")],
        **bags(totalPriceSet="19.36", totalTaxSet="3.36", totalReceivedSet="9.68"),
    )
    assert (told.total, told.tax, told.net) == (D("9.68"), D("1.68"), D(8))
    assert figures(told.items[0]) == (1, D(8), 21, D(8), D("1.68"), D("9.68"))
    assert told.discount == D("2.42")


def test_refund_lines() -> None:
    (told,) = kind(
        order(COFFEE, TEA, **BOTH, refunds=[refund(17, "11.2", NO_TEA)]), ItemKind.REFUND
    )
    assert told == SourceItem(
        external_id="17",
        kind=ItemKind.REFUND,
        name="Důvod 17",
        gross=D("-11.2"),
        in_total=False,
    )


# statuses


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "payment:PENDING"),
        ({"displayFinancialStatus": "PAID"}, "payment:PAID"),
        ({"displayFinancialStatus": "PAID", "closedAt": "2026-11-04T12:00:00Z"}, "payment:PAID"),
        (
            {"displayFinancialStatus": "PAID", "displayFulfillmentStatus": "FULFILLED"},
            "fulfillment:FULFILLED",
        ),
        (
            {"displayFulfillmentStatus": "FULFILLED", "returnStatus": "RETURN_REQUESTED"},
            "return:RETURN_REQUESTED",
        ),
        (
            {"displayFulfillmentStatus": "FULFILLED", "returnStatus": "RETURN_FAILED"},
            "fulfillment:FULFILLED",
        ),
        ({"displayFulfillmentStatus": "ON_HOLD"}, "fulfillment:ON_HOLD"),
        ({"displayFulfillmentStatus": "FULFILLMENT_NOT_REQUIRED"}, "payment:PENDING"),
        (
            {"displayFinancialStatus": "REFUNDED", "displayFulfillmentStatus": "FULFILLED"},
            "payment:REFUNDED",
        ),
        (
            {"displayFinancialStatus": "REFUNDED", "cancelledAt": "2026-11-04T12:00:00Z"},
            "order:CANCELLED",
        ),
        ({"displayFinancialStatus": None}, "order:OPEN"),
        ({"displayFinancialStatus": None, "closedAt": "2026-11-04T12:00:00Z"}, "order:CLOSED"),
        ({"displayFinancialStatus": "SOMETHING_NEW"}, "order:OPEN"),
    ],
)
def test_the_status(changes: dict[str, Any], expected: str) -> None:
    assert order(**changes).status_code == expected


def test_each_status_is_told() -> None:
    told = order(displayFinancialStatus="PAID", cancelledAt="2026-11-04T12:00:00Z")
    assert told.axes == {
        "order": "CANCELLED",
        "payment": "PAID",
        "fulfillment": "UNFULFILLED",
        "return": "NO_RETURN",
    }


def test_statuses_are_distinct_and_of_known_types() -> None:
    assert len({(each.axis, each.code) for each in STATUSES}) == len(STATUSES)
    assert {each.type for each in STATUSES} <= {"", *Sequence.StatusType.values}
    for status in STATUSES:
        assert compose({status.axis: status.code}, STATUSES) == f"{status.axis}:{status.code}"


# payment


@pytest.mark.parametrize(
    ("status", "fully_paid", "expected"),
    [
        ("PAID", True, True),
        ("PARTIALLY_REFUNDED", True, True),
        ("REFUNDED", False, True),
        ("PARTIALLY_PAID", False, False),
        ("AUTHORIZED", False, False),
        ("PENDING", False, False),
        ("VOIDED", True, False),  # cancelled before it was paid: nothing is owed
        ("EXPIRED", False, False),
        (None, True, True),
        (None, False, False),
        (None, None, False),
    ],
)
def test_whether_it_is_paid(status: str | None, fully_paid: bool | None, expected: bool) -> None:
    sale = transaction("SALE", "2026-11-02T09:31:00Z")
    told = order(displayFinancialStatus=status, fullyPaid=fully_paid, transactions=[sale])
    assert told.is_paid is expected
    assert told.paid_at == (datetime(2026, 11, 2, 9, 31, tzinfo=UTC) if expected else None)


AT = "2026-11-02T10:00:00Z"


@pytest.mark.parametrize(
    ("transactions", "names", "code", "name", "hour"),
    [
        ([], [], "", "", None),
        ([], ["Bank Deposit"], "Bank Deposit", "Bank Deposit", None),
        ([], ["gift_card", "manual"], "manual", "manual", None),
        ([transaction("SALE", AT)], ["x"], "shopify_payments", "Kartou online", 10),
        ([transaction("SALE", AT, status="FAILURE")], ["paypal"], "paypal", "paypal", None),
        (
            [transaction("SALE", AT, status="PENDING", gateway="cod", formattedGateway="Dobírka")],
            ["cod"],
            "cod",
            "Dobírka",
            None,
        ),
        (
            [transaction("SALE", AT, gateway="gift_card", formattedGateway="Gift card")],
            ["gift_card"],
            "gift_card",
            "Gift card",
            10,
        ),
        (
            [
                transaction("SALE", AT, gateway="gift_card"),
                transaction("SALE", "2026-11-02T11:00:00Z", gateway="paypal", formattedGateway=""),
            ],
            [],
            "paypal",
            "paypal",
            10,
        ),
        # told in another order than it happened, with times of another zone
        (
            [
                transaction("CAPTURE", "2026-11-02T12:00:00Z"),
                transaction("CAPTURE", "2026-11-02T12:30:00+01:00", gateway="paypal"),
                transaction("AUTHORIZATION", AT, gateway="klarna", formattedGateway="Klarna"),
            ],
            [],
            "klarna",
            "Klarna",
            11,
        ),
        (
            [transaction("REFUND", AT), transaction("VOID", AT), transaction("CHANGE", AT)],
            [],
            "",
            "",
            None,
        ),
        (
            [transaction("SALE", "", processedAt=None, gateway=None), transaction("SALE", AT)],
            [],
            "shopify_payments",
            "Kartou online",
            10,
        ),
    ],
)
def test_how_it_is_paid(
    transactions: list[Any],
    names: list[str],
    code: str,
    name: str,
    hour: int | None,
) -> None:
    told = order(
        displayFinancialStatus="PAID",
        transactions=transactions,
        paymentGatewayNames=names,
    )
    assert (told.payment_code, told.payment_name) == (code, name)
    assert (told.paid_at and told.paid_at.hour) == hour


# people, places, parcels


PEOPLE: dict[str, Any] = {
    "firstName": "Jana",
    "lastName": "Malá",
    "defaultEmailAddress": {"emailAddress": "jana@example.test"},
    "defaultPhoneNumber": {"phoneNumber": "+420601"},
}
PLACE: dict[str, Any] = {
    "firstName": "Jan",
    "lastName": "Velký",
    "company": None,
    "address1": "Dlouhá 1",
    "address2": "2. patro",
    "city": "Praha",
    "province": "Ontario",
    "provinceCode": "ON",
    "zip": "110 00",
    "countryCodeV2": "CZ",
    "phone": "+420602",
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"customer_name": "", "customer_email": "", "customer_phone": ""}),
        (
            {"customer": PEOPLE},
            {
                "customer_name": "Jana Malá",
                "customer_email": "jana@example.test",
                "customer_phone": "+420601",
            },
        ),
        (
            {"customer": PEOPLE, "email": "x@example.test", "phone": "+420600"},
            {"customer_email": "x@example.test", "customer_phone": "+420600"},
        ),
        (
            {"billingAddress": PLACE},
            {"customer_name": "Jan Velký", "customer_phone": "+420602"},
        ),
        (
            {"shippingAddress": PLACE, "billingAddress": PLACE | {"phone": None, "lastName": None}},
            {"customer_name": "Jan", "customer_phone": "+420602"},
        ),
        (
            {"customer": dict.fromkeys(PEOPLE), "shippingAddress": PLACE},
            {"customer_name": "Jan Velký", "customer_email": ""},
        ),
    ],
)
def test_the_customer(changes: dict[str, Any], expected: dict[str, str]) -> None:
    told = order(**changes)
    assert {key: getattr(told, key) for key in expected} == expected


def test_addresses() -> None:
    company = {
        "company": {"name": "Káva s.r.o.", "externalId": None},
        "location": {"taxSettings": {"taxRegistrationId": "CZ123"}},
    }
    told = order(
        email="jan@example.test",
        billingAddress=PLACE,
        shippingAddress=PLACE | {"provinceCode": None, "company": "Sklad"},
        purchasingEntity=company,
    )
    expected = SourceAddress(
        first_name="Jan",
        last_name="Velký",
        company="Káva s.r.o.",
        line1="Dlouhá 1",
        line2="2. patro",
        city="Praha",
        region="ON",
        postcode="110 00",
        country="CZ",
        phone="+420602",
        email="jan@example.test",
    )
    assert told.billing == expected
    assert told.shipping_address.company == "Sklad"
    assert told.shipping_address.region == "Ontario"
    assert told.shipping_address.email == ""
    assert told.vat_id == "CZ123"
    assert order(email="jan@example.test").billing == SourceAddress()


@pytest.mark.parametrize(
    ("fields", "tax_id", "metadata"),
    [
        ([("TAX_CREDENTIAL_IT", "RSSMRA"), ("TAX_EMAIL_IT", "x@pec.it")], "RSSMRA", ["x@pec.it"]),
        ([("TAX_CREDENTIAL_TYPE_CO", "NIT"), ("TAX_CREDENTIAL_CO", "900")], "900", ["NIT"]),
        ([("SHIPPING_CREDENTIAL_ES", "12345678Z")], "", ["12345678Z"]),
    ],
)
def test_localized_fields(fields: list[tuple[str, str]], tax_id: str, metadata: list[str]) -> None:
    nodes = [{"key": key, "value": value} for key, value in fields]
    told = order(localizedFields=connection(*nodes))
    assert told.tax_id == tax_id
    assert [meta.value for meta in told.metadata] == metadata


@pytest.mark.parametrize(
    ("fulfillments", "number", "url"),
    [
        ([], "", ""),
        ([("SUCCESS", [("Z1", "https://x/Z1"), ("Z2", "https://x/Z2")])], "Z1, Z2", "https://x/Z1"),
        ([("CANCELLED", [("Z1", "https://x/Z1")]), ("SUCCESS", [("Z2", None)])], "Z2", ""),
        ([("FAILURE", [("Z1", "")]), ("ERROR", [("Z2", "")])], "", ""),
        (
            [("SUCCESS", [("Z1", None)]), ("OPEN", [("Z1", "https://x/Z1"), (None, None)])],
            "Z1",
            "https://x/Z1",
        ),
    ],
)
def test_tracking(fulfillments: list[tuple[str, list[Any]]], number: str, url: str) -> None:
    told = order(
        fulfillments=[
            {"status": status, "trackingInfo": [{"number": n, "url": u} for n, u in parcels]}
            for status, parcels in fulfillments
        ],
    )
    assert (told.tracking_number, told.tracking_url) == (number, url)


def test_metadata() -> None:
    told = order(
        customAttributes=[{"key": "IČO", "value": "12345678"}],
        metafields=connection({"namespace": "custom", "key": "a", "value": '["x"]'}),
        poNumber="PO 7",
        cancelReason="CUSTOMER",
        tags=["B2B", "VIP"],
        test=True,
    )
    assert told.metadata == (
        Metadatum("IČO", "12345678"),
        Metadatum("custom.a", '["x"]'),
        Metadatum("poNumber", "PO 7"),
        Metadatum("cancelReason", "CUSTOMER"),
        Metadatum("tags", ["B2B", "VIP"]),
        Metadatum("test", True),
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": None}, "“id”"),
        ({"id": "gid://shopify/Order/x"}, "“id”"),
        ({"createdAt": None}, "“createdAt”"),
        ({"presentmentCurrencyCode": "Kč"}, "“presentmentCurrencyCode”"),
        ({"taxesIncluded": None}, "“taxesIncluded”"),
        ({"totalPriceSet": None}, "“amount”"),
        ({"currentTotalPriceSet": None}, "“amount”"),
        ({"totalRefundedSet": {"presentmentMoney": {}}}, "“amount”"),
        ({"lineItems": {"nodes": [None]}}, "“nodes”"),
    ],
)
def test_what_cannot_be_understood_is_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadPayload, match=words):
        order(**changes)


@pytest.mark.parametrize("data", [None, [], "x", 7])
def test_what_is_no_order(data: Any) -> None:
    with pytest.raises(BadPayload, match="is not an order"):
        parse_order(data)


def test_times_are_in_utc() -> None:
    told = order(createdAt="2026-10-25T02:30:00+02:00", updatedAt="2026-10-25T02:30:00+01:00")
    assert told.placed_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert told.source_modified_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert told.placed_at.tzinfo is UTC


# sums of any amounts


CENTS = st.integers(0, 10**7).map(lambda cents: D(cents) / 100)
LINES = st.lists(
    st.tuples(
        st.integers(1, 999),
        CENTS,
        st.sampled_from([D(0), D(5), D("8.25"), D(12), D(21), D("25.5")]),
        st.lists(st.integers(0, 100), max_size=3),
    ),
    min_size=1,
    max_size=6,
)


@given(lines=LINES, included=st.booleans())
def test_lines_sum_up_to_what_shopify_sums_up(
    lines: list[tuple[int, Decimal, Decimal, list[int]]], included: bool
) -> None:
    """Shopify rounds each line's tax to the cent; discounts are shares of what is left."""
    told_lines, total, tax_in_all, off = [], D(0), D(0), D(0)
    for number, (quantity, price, rate, shares) in enumerate(lines, 1):
        left, allocations = price, []
        for index, share in enumerate(shares):
            part = (left * share / 100).quantize(D("0.01"))
            allocations.append(allocation(str(part), f"Sleva {index}", index))
            left -= part
        on = left - left / (1 + rate / 100) if included else left * rate / 100
        tax_told = on.quantize(D("0.01"))
        told_lines.append(
            line(str(number), "Káva", quantity, str(price), str(tax_told), float(rate))
            | {"discountAllocations": allocations}
        )
        total += left if included else left + tax_told
        tax_in_all += tax_told
        off += price - left
    data = small_order("7") | {
        "taxesIncluded": included,
        "lineItems": connection(*told_lines),
        **bags(currentTotalPriceSet=str(total), currentTotalTaxSet=str(tax_in_all)),
    }
    told = parse_order(data)
    assert in_total(told) == told.total == total
    assert (told.net, told.tax) == (total - tax_in_all, tax_in_all)
    for item in told.items:
        assert item.net is not None and item.tax is not None
        assert item.net + item.tax == item.gross
    discounts = kind(told, ItemKind.DISCOUNT)
    stated = sum((each.gross if included else each.net) or D(0) for each in discounts)
    assert -stated == off


@given(quantity=st.integers(2, 50), cents=st.integers(1, 10**5), data=st.data(), paid=st.booleans())
def test_what_was_removed_and_what_is_left_are_the_whole(
    quantity: int, cents: int, data: st.DataObject, paid: bool
) -> None:
    gone = data.draw(st.integers(1, quantity))
    price = D(cents) / 100
    whole, removed = price * quantity, price * gone
    edit = refund(1, "0", refunded("1", gone, str(removed), "0"))
    told = parse_order(
        small_order("7")
        | {
            "lineItems": connection(
                line("1", "Káva", quantity, str(whole), "0") | {"taxLines": []}
            ),
            "refunds": [edit],
            **bags(
                totalPriceSet=str(whole),
                currentTotalPriceSet=str(whole - removed),
                totalTaxSet="0",
                currentTotalTaxSet="0",
                totalReceivedSet=str(whole if paid else 0),
            ),
        }
    )
    assert told.total == whole - removed == in_total(told)
    assert sum(item.quantity for item in told.items) == quantity - gone
