"""How Shopify is asked: which requests, how many, and what each answer is taken for."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from eshops.adapters import ADAPTERS
from eshops.adapters.http import ServerError, Unauthorized
from eshops.adapters.shopify import pages
from eshops.adapters.shopify.adapter import Shopify
from eshops.adapters.shopify.client import shop_address
from eshops.adapters.shopify.points import TooCostly
from eshops.adapters.shopify.sequences import STATUSES
from eshops.source import (
    Answer,
    BadPayload,
    Connection,
    OrderNotFound,
    Refused,
    ShopInfo,
    SourceOrder,
    Unavailable,
)
from tests.harness.web import Asked, Reply, WebServer
from tests.platforms.shop import LOGICAL
from tests.platforms.shopify import (
    CLIENT,
    TOKEN,
    ShopifyShop,
    connection,
    denied,
    failure,
    line,
    money,
    points,
    refunded,
    too_costly,
)


@pytest.fixture
def shop(server: WebServer) -> ShopifyShop:
    return ShopifyShop(server)


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long it would have waited."""
    told: list[float] = []
    monkeypatch.setattr(time, "sleep", told.append)
    return told


def operations(shop: ShopifyShop) -> list[str]:
    """The names of the queries that were asked."""
    return [
        asked.json["query"].split("(")[0].split("{")[0].split()[1]
        for asked in shop.server.asked
        if "query" in asked.json
    ]


def sizes(shop: ShopifyShop) -> list[int]:
    """For how many ids was asked each time."""
    return [
        len(asked.json["variables"]["ids"])
        for asked in shop.server.asked
        if "ids" in asked.json["variables"]
    ]


def kinds(told: Mapping[str, Any]) -> dict[str, type]:
    return {external_id: type(result) for external_id, result in told.items()}


def test_it_is_registered() -> None:
    assert ADAPTERS["shopify"] is Shopify
    assert [set(way) for way in Shopify.sign_ins] == [{"access_token"}, set(CLIENT)]


@pytest.mark.parametrize(
    ("pasted", "address"),
    [
        (" kava.myshopify.com ", "https://kava.myshopify.com"),
        ("https://kava.myshopify.com/admin/orders?x=1#y", "https://kava.myshopify.com"),
        ("https://admin.shopify.com/store/kava-123", "https://kava-123.myshopify.com"),
        ("admin.shopify.com/store/Kava/orders/1", "https://kava.myshopify.com"),
        ("Kava", "https://kava.myshopify.com"),
        ("https://www.kava.cz/cs", "https://www.kava.cz"),
        ("http://user:key@127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://[::1", "http://[::1"),
        ("", "https://"),
    ],
)
def test_addresses_as_staff_paste_them(pasted: str, address: str) -> None:
    assert shop_address(pasted) == address


@pytest.mark.parametrize(
    ("address", "learned", "name"),
    [
        ("kava.myshopify.com", {}, "kava"),
        ("https://admin.shopify.com/store/kava", {}, "kava"),
        ("old-name.myshopify.com", {"name": "kava"}, "kava"),
    ],
)
def test_order_url(address: str, learned: dict[str, str], name: str) -> None:
    adapter = Shopify(Connection(base_url=address, credentials={}, learned=learned))
    assert adapter.order_url("123") == f"https://admin.shopify.com/store/{name}/orders/123"


# orders by their ids


def test_100_orders_are_as_few_requests_as_their_cost_allows(shop: ShopifyShop) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    told = shop.fetch(*reversed(ids))
    assert list(told) == ids[::-1]
    assert set(kinds(told).values()) == {SourceOrder}
    assert sizes(shop) == [13, 15, 15, 15, 15, 15, 12]


def charge(shop: ShopifyShop, cost: Callable[[int], int]) -> None:
    """The shop reckons what so many orders cost in another way."""
    shop.cost = lambda document, variables: cost(len(variables.get("ids", ())))


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        (lambda count: 66, [13, 87]),
        (lambda count: 10 * count, [13, 87]),
        (lambda count: 100 * count, [13, *[10] * 10]),
        (lambda count: 800 * count, [13, *[1] * 100]),
        (lambda count: 66 + count // 50 * 2000, [13, 87, 42, 42, 3]),
    ],
    ids=["as one", "cheap", "dear", "very dear", "suddenly"],
)
def test_what_an_order_costs_is_learnt(
    shop: ShopifyShop, cost: Callable[[int], int], expected: list[int]
) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    charge(shop, cost)
    assert set(kinds(shop.fetch(*ids)).values()) == {SourceOrder}
    assert sizes(shop) == expected


def test_without_figures_half_as_many_are_asked_for(shop: ShopifyShop) -> None:
    ids = shop.ids(20)
    shop.stock(*ids)
    charge(shop, lambda count: 250 * count)
    error = failure("MAX_COST_EXCEEDED", cost="much")["errors"][0]
    shop.too_costly = lambda cost: {"errors": ["x", {"extensions": ["x"]}, error]}
    assert set(kinds(shop.fetch(*ids)).values()) == {SourceOrder}
    assert sizes(shop) == [13, 6, *[3] * 6, 2]


def test_an_order_that_costs_too_much_by_itself(shop: ShopifyShop) -> None:
    shop.stock(*shop.ids(2))
    charge(shop, lambda count: 1001)
    with pytest.raises(TooCostly):
        shop.fetch(*shop.ids(2))
    assert sizes(shop) == [2, 1]


def test_a_bucket_that_is_smaller_than_the_request(shop: ShopifyShop) -> None:
    """To wait for more points than it holds would be to wait for ever."""
    ids = shop.ids(13)
    shop.stock(*ids)

    def small(asked: Asked) -> Reply | None:
        cost = 66 * len(asked.json["variables"]["ids"])
        told = points(cost, available=400, rate=20)
        told["cost"]["throttleStatus"]["maximumAvailable"] = 400
        return Reply({**failure("THROTTLED"), "extensions": told}) if cost > 400 else None

    shop.override = small
    assert set(kinds(shop.fetch(*ids)).values()) == {SourceOrder}
    assert sizes(shop) == [13, 6, 6, 1]


def test_it_waits_until_there_should_be_enough_points(
    shop: ShopifyShop, slept: list[float]
) -> None:
    ids = shop.ids(28)
    shop.stock(*ids)

    def empty(asked: Asked) -> Reply:
        reply = shop.answer(asked)
        reply.body["extensions"] = points(66 * len(asked.json["variables"]["ids"]), 190, 100)
        return reply

    shop.override = empty
    shop.fetch(*ids)
    assert sizes(shop) == [13, 15]
    assert len(slept) == 1 and 7.5 < slept[0] <= 8  # 990 are needed


def test_it_does_not_wait_for_long(shop: ShopifyShop, slept: list[float]) -> None:
    ids = shop.ids(14)
    shop.stock(*ids)

    def slow(asked: Asked) -> Reply:
        reply = shop.answer(asked)
        reply.body["extensions"] = points(858, available=0, rate=1)
        return reply

    shop.override = slow
    shop.fetch(*ids)
    assert slept == [20]


@pytest.mark.parametrize(
    ("reply", "expected", "wait"),
    [
        (Reply({**failure("THROTTLED"), "extensions": points(990, 40)}), Unavailable, 10),
        (Reply({**failure("THROTTLED"), "extensions": points(100, 99)}), Unavailable, 1),
        (Reply({**failure("THROTTLED"), "extensions": points(990, 0, 0.001)}), Unavailable, 3600),
        (Reply({**failure("THROTTLED"), "extensions": []}), Unavailable, None),
        (Reply(failure("THROTTLED")), Unavailable, None),
        (Reply({"errors": "Exceeded"}, 429, {"Retry-After": "2.0"}), Unavailable, 2),
        (Reply(b"", 502), Unavailable, None),
        (Reply(failure("INTERNAL_SERVER_ERROR")), ServerError, None),
    ],
    ids=["throttled", "nearly", "for hours", "odd", "untold", "429", "502", "failing"],
)
def test_trouble_on_the_way_keeps_what_was_told(
    shop: ShopifyShop, reply: Reply, expected: type, wait: int | None
) -> None:
    ids = shop.ids(40)
    shop.stock(*ids)
    shop.override = lambda asked: None if len(shop.server.asked) == 1 else reply
    told = shop.fetch(*ids)
    assert list(kinds(told).values()) == [SourceOrder] * 13 + [expected] * 27
    assert told[ids[39]].retry_after == (wait and timedelta(seconds=wait))


def test_trouble_at_first_is_the_shops(shop: ShopifyShop) -> None:
    shop.override = lambda asked: Reply(b"", 502)
    with pytest.raises(Unavailable):
        shop.fetch(*shop.ids(40))
    assert len(shop.server.asked) == 1


def test_what_cannot_be_an_id_is_not_sent(shop: ShopifyShop) -> None:
    told = shop.fetch("", "0", "01", "#1001", "gid://shopify/Order/1", "1 ", "9" * 20)
    assert set(kinds(told).values()) == {OrderNotFound} and len(told) == 7
    assert not shop.server.asked


def test_a_poison_order_costs_itself_only(shop: ShopifyShop) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    shop.poison = {ids[36]}
    told = kinds(shop.fetch(*ids))
    assert [each for each in ids if told[each] is not SourceOrder] == [ids[36]]
    assert told[ids[36]] is BadPayload
    assert len(shop.server.asked) == 7 + 8


@pytest.mark.parametrize("nodes", [None, [], "x", {}])
def test_an_answer_for_other_than_was_asked_marks_nothing(shop: ShopifyShop, nodes: Any) -> None:
    shop.override = lambda asked: Reply({"data": {"nodes": nodes}})
    with pytest.raises(Unavailable, match="did not tell all"):
        shop.fetch(*shop.ids(2))


def test_another_order_is_not_taken_for_this_one(shop: ShopifyShop) -> None:
    one, two = shop.ids(2)
    shop.stock(one, two)
    shop.orders[one] = shop.order(two)
    assert kinds(shop.fetch(one, two)) == {one: BadPayload, two: SourceOrder}


# orders that are not there


def test_absent_orders_are_asked_for_by_themselves_in_one_request(shop: ShopifyShop) -> None:
    ids = shop.ids(10)
    shop.stock(*ids[:4])
    answers = shop.adapter().fetch_orders(ids)
    assert [type(each.result) for each in answers] == [SourceOrder] * 4 + [OrderNotFound] * 6
    assert answers[0].sent_at < answers[4].sent_at == answers[9].sent_at <= datetime.now(UTC)
    assert operations(shop) == ["ByIds", "Absent"]


def test_an_order_that_is_there_after_all(shop: ShopifyShop) -> None:
    one, two = shop.ids(2)
    shop.stock(one, two)

    def overlooked(asked: Asked) -> Reply:
        reply = shop.answer(asked)
        if "ids" in asked.json["variables"]:
            reply.body["data"]["nodes"][1] = None
        return reply

    shop.override = overlooked
    assert kinds(shop.fetch(one, two)) == {one: SourceOrder, two: SourceOrder}
    assert operations(shop) == ["ByIds", "Absent", "ById"]


@pytest.mark.parametrize("rights", [("read_orders",), ()])
def test_without_the_right_to_old_orders_none_is_taken_for_deleted(
    shop: ShopifyShop, rights: tuple[str, ...]
) -> None:
    one, two = shop.ids(2)
    shop.stock(one)
    shop.rights = rights
    told = shop.fetch(one, two)
    assert kinds(told) == {one: SourceOrder, two: BadPayload}
    assert str(told[two]) == (
        "Shopify shows us no such order. It was deleted, or it is older than 60 days: the app sees "
        "those only with the right read_all_orders. Our copy was left alone."
    )


@pytest.mark.parametrize(
    ("age", "expected"),
    [(timedelta(days=1), OrderNotFound), (timedelta(days=56), BadPayload)],
)
def test_an_order_that_we_know_to_be_recent_was_deleted(
    shop: ShopifyShop, age: timedelta, expected: type
) -> None:
    (one,) = shop.ids(1)
    shop.rights = ("read_orders",)
    kept = structs.replace(LOGICAL, external_id=one, placed_at=datetime.now(UTC) - age)
    (answer,) = shop.adapter(recall=lambda ids: {one: kept}).fetch_orders([one])
    assert type(answer.result) is expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(b"", 502), Unavailable),
        (Reply(failure("INTERNAL_SERVER_ERROR")), ServerError),
        (Reply({"data": {}}), Unavailable),
    ],
)
def test_trouble_while_asking_for_the_absent_marks_nothing(
    shop: ShopifyShop, reply: Reply, expected: type
) -> None:
    one, two = shop.ids(2)
    shop.stock(one)
    shop.override = lambda asked: reply if len(shop.server.asked) == 2 else None
    if expected is Unavailable and reply.status == 200:  # it says nothing of the order
        shop.override = lambda asked: reply if len(shop.server.asked) > 1 else None
    assert kinds(shop.fetch(one, two)) == {one: SourceOrder, two: expected}


# orders that do not fit into their first answer


def many_lines(shop: ShopifyShop, external_id: str, count: int) -> Any:
    whole = f"{12.1 * count:.1f}"
    lines = [line(str(each), "Káva", 1, "12.1", "2.1") for each in range(1, count + 1)]
    return shop.order(external_id) | {
        "lineItems": connection(*lines),
        "currentTotalPriceSet": money(whole),
    }


@pytest.mark.parametrize(("count", "requests"), [(12, 1), (13, 2), (62, 2), (63, 3), (130, 4)])
def test_all_lines_are_told(shop: ShopifyShop, count: int, requests: int) -> None:
    one, two = shop.ids(2)
    shop.stock(two)
    shop.orders[one] = many_lines(shop, one, count)
    told = shop.fetch(one, two)
    assert [item.external_id for item in told[one].items] == [
        str(each) for each in range(1, count + 1)
    ]
    assert sum(item.gross for item in told[one].items) == told[one].total
    assert len(shop.server.asked) == requests


def test_all_of_everything_is_told(shop: ShopifyShop) -> None:
    (one,) = shop.ids(1)
    shipping = [
        {
            "id": f"gid://shopify/ShippingLine/{each}",
            "title": "Zásilkovna",
            "code": "packeta",
            "discountedPriceSet": money("1"),
            "discountAllocations": [],
            "taxLines": [],
        }
        for each in range(5)
    ]
    shop.orders[one] = shop.order(one) | {
        "shippingLines": connection(*shipping),
        "metafields": connection(
            *({"namespace": "x", "key": str(each), "value": "1"} for each in range(30))
        ),
        "localizedFields": connection(
            *({"key": f"SHIPPING_CREDENTIAL_{each}", "value": "1"} for each in "ABC")
        ),
    }
    told = shop.fetch(one)[one]
    assert told.shipping == 5
    assert [meta.key for meta in told.metadata] == [
        *(f"x.{each}" for each in range(30)),
        *(f"SHIPPING_CREDENTIAL_{each}" for each in "ABC"),
    ]
    assert operations(shop) == ["ByIds", "More", "More", "More"]


@pytest.mark.parametrize(
    ("changes", "requests", "count"),
    [
        ({"totalRefundedSet": money("0")}, 2, 2),
        ({"totalRefundedSet": money("121")}, 1, 12),
        ({"totalRefundedSet": money("0"), "createdAt": "2026-11-04T12:00:00Z"}, 1, 12),
    ],
    ids=["edited", "refunded", "cancelled"],
)
def test_the_lines_of_a_refund_are_asked_for_where_they_matter(
    shop: ShopifyShop, changes: dict[str, Any], requests: int, count: int
) -> None:
    """An edited order has a refund without money, whose lines are no longer in it."""
    (one,) = shop.ids(1)
    removed = connection(*(refunded(str(each), 1, "12.1", "2.1") for each in range(1, 11)))
    refund = {
        "id": "gid://shopify/Refund/1",
        "note": None,
        "createdAt": "2026-11-03T12:00:00Z",
        "refundLineItems": removed,
        **changes,
    }
    cancelled = {"cancelledAt": "2026-11-04T12:00:05Z"} if "createdAt" in changes else {}
    shop.orders[one] = many_lines(shop, one, 12) | {"refunds": [refund], **cancelled}
    told = shop.fetch(one)[one]
    assert [item.external_id for item in told.items if item.kind == "product"] == [
        str(each) for each in range(13 - count, 13)
    ]
    assert len(shop.server.asked) == requests


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply({"data": {"node": None}}), Unavailable),
        (Reply({"data": {"node": {"updatedAt": "2026-11-02T09:30:01Z"}}}), Unavailable),
        (Reply({"data": {"node": {"updatedAt": "2026-11-02T09:30:00Z"}}}), BadPayload),
        (Reply(b"", 502), Unavailable),
        (Reply(failure("INTERNAL_SERVER_ERROR")), ServerError),
    ],
    ids=["gone", "changed", "odd", "502", "failing"],
)
def test_an_order_that_cannot_be_read_to_its_end_costs_itself_only(
    shop: ShopifyShop, reply: Reply, expected: type
) -> None:
    one, two = shop.ids(2)
    shop.stock(two)
    shop.orders[one] = many_lines(shop, one, 13)
    shop.override = lambda asked: reply if "after" in asked.json["variables"] else None
    assert kinds(shop.fetch(one, two)) == {one: expected, two: SourceOrder}


@pytest.mark.parametrize(
    "page_info",
    [None, {}, {"hasNextPage": None}, {"hasNextPage": True, "endCursor": None}],
)
def test_lines_that_may_not_be_all_are_not_taken_for_all(shop: ShopifyShop, page_info: Any) -> None:
    one, two = shop.ids(2)
    shop.stock(one, two)
    shop.orders[one]["lineItems"]["pageInfo"] = page_info
    assert kinds(shop.fetch(one, two)) == {one: BadPayload, two: SourceOrder}
    assert len(shop.server.asked) == 1


# being let in


ASKS: dict[str, Callable[[Any], Any]] = {
    "info": lambda adapter: adapter.fetch_info(),
    "orders": lambda adapter: adapter.fetch_orders(["1", "2"]),
    "page": lambda adapter: adapter.fetch_page(None, None),
    "sequences": lambda adapter: adapter.fetch_sequences(),
}
APPROVAL = "This app is not approved to access the Customer object."
PROTECTED = failure("ACCESS_DENIED") | {"data": {"nodes": [{"id": "1"}]}}
PROTECTED["errors"][0]["message"] = f"{APPROVAL} See https://shopify.dev/x for more details."


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply({"errors": "[API] Invalid API key"}, 401), Unauthorized, r"\(401\)"),
        (Reply({"errors": "merchant approval"}, 403), Refused, r"\(403\)"),
        (Reply({"errors": "Not Found"}, 404), Refused, "no shop at 127.0.0.1"),
        (Reply({"errors": "Unavailable Shop"}, 402), Refused, "closed 127.0.0.1"),
        (Reply({"errors": "Locked"}, 423), Refused, "closed 127.0.0.1"),
        (Reply(failure("SHOP_INACTIVE")), Refused, "closed 127.0.0.1"),
        (Reply({"errors": {"query": "missing"}}, 400), Unavailable, "status 400"),
        (
            Reply(denied("customer", "read_customers")),
            Refused,
            "does not let us read customer. The app lacks the right read_customers: add",
        ),
        (Reply(PROTECTED), Refused, "read Customer. Give the app access to protected customer"),
        (Reply({"hello": 1}), Refused, "not as a Shopify e-shop"),
        (Reply({"data": None}), Unavailable, "without data"),
        (Reply(failure("INTERNAL_SERVER_ERROR")), ServerError, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_what_keeps_us_out(
    shop: ShopifyShop, ask: Callable[[Any], Any], reply: Reply, kind: type[Exception], words: str
) -> None:
    """What came beside an error is not taken for the order: its empty fields would empty ours."""
    shop.override = lambda asked: reply
    with pytest.raises(kind, match=words) as raised:
        ask(shop.adapter())
    assert TOKEN not in str(raised.value)
    if kind is not ServerError:
        assert len(shop.server.asked) == 1


def test_signing_in_with_the_app(shop: ShopifyShop) -> None:
    (one,) = shop.ids(1)
    shop.stock(one)
    adapter = shop.adapter(credentials=CLIENT)
    for _ in range(2):
        (answer,) = adapter.fetch_orders([one])
        assert isinstance(answer.result, SourceOrder)
    assert [asked.path.rpartition("/")[2] for asked in shop.server.asked] == [
        "access_token",
        "graphql.json",
        "graphql.json",
    ]
    assert not any(secret in repr(vars(adapter)) for secret in (*CLIENT.values(), TOKEN))


def test_a_token_that_gave_out_is_renewed_once(shop: ShopifyShop) -> None:
    (one,) = shop.ids(1)
    shop.stock(one)
    adapter = shop.adapter(credentials=CLIENT)
    adapter.fetch_orders([one])
    shop.override = lambda asked: shop.refusals()["key"] if len(shop.server.asked) == 3 else None
    (answer,) = adapter.fetch_orders([one])
    assert isinstance(answer.result, SourceOrder)
    assert len(shop.server.asked) == 5


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (None, r"this client ID and secret \(invalid_client\)\. Check"),
        (Reply({"error": "no such <thing>"}, 400), r"this client ID and secret\. Check"),
        (Reply({"access_token": ["x"]}), r"this client ID and secret\. Check"),
        (Reply([], 404), r"this client ID and secret\. Check"),
    ],
)
def test_a_client_that_is_not_let_in(
    shop: ShopifyShop, ask: Callable[[Any], Any], reply: Reply | None, words: str
) -> None:
    shop.override = lambda asked: reply
    adapter = shop.adapter(credentials=CLIENT | {"client_secret": "shpss_wrong"})
    with pytest.raises(Refused, match=words) as raised:
        ask(adapter)
    assert "shpss" not in str(raised.value)
    assert len(shop.server.asked) == 1


# connection


def test_info(shop: ShopifyShop) -> None:
    shop.stock(*shop.ids(200))
    assert shop.adapter().fetch_info() == ShopInfo(
        name="Káva", timezone="Europe/Prague", learned={"name": "kava"}
    )
    assert operations(shop) == ["Info"]


def test_info_reads_all_of_an_order(shop: ShopifyShop) -> None:
    """A field that is forbidden is found out when the shop is connected."""
    shop.stock(*shop.ids(1))
    shop.adapter().fetch_info()
    query = shop.server.asked[0].json["query"]
    assert "orders(first: 1" in query and "defaultEmailAddress" in query and "barcode" in query


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        (("read_orders",), "lacks the right read_customers, read_products: add"),
        (("write_orders", "read_customers"), "lacks the right read_products: add"),
        (("read_orders", "write_customers", "read_products"), None),
        ((), None),  # what is not told is not missed
    ],
)
def test_info_tells_what_right_is_missing(
    shop: ShopifyShop, rights: tuple[str, ...], words: str | None
) -> None:
    shop.rights = rights
    if words is None:
        assert shop.adapter().fetch_info().name == "Káva"
        return
    with pytest.raises(Refused, match=words):
        shop.adapter().fetch_info()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, ShopInfo(learned={"name": ""})),
        ({"ianaTimezone": "Nowhere/At_all", "name": ["x"]}, ShopInfo(learned={"name": ""})),
        ({"ianaTimezone": "../etc/passwd", "name": None}, ShopInfo(learned={"name": ""})),
        (
            {"ianaTimezone": "Pacific/Auckland", "myshopifyDomain": 7},
            ShopInfo(timezone="Pacific/Auckland", learned={"name": "7"}),
        ),
    ],
)
def test_info_with_odd_answers(shop: ShopifyShop, told: dict[str, Any], expected: ShopInfo) -> None:
    shop.override = lambda asked: Reply({"data": {"shop": told, "orders": {"nodes": []}}})
    assert shop.adapter().fetch_info() == expected


def test_the_statuses(shop: ShopifyShop) -> None:
    told = shop.adapter().fetch_sequences()
    assert [entry.code for entry in told] == [f"{each.axis}:{each.code}" for each in STATUSES]
    assert operations(shop) == ["Access"]


# page by page


def variables(shop: ShopifyShop) -> list[dict[str, Any]]:
    return [asked.json["variables"] for asked in shop.server.asked]


@pytest.mark.parametrize(
    ("by_change", "since", "query", "key"),
    [
        (False, None, None, "CREATED_AT"),
        (
            False,
            datetime(2026, 10, 25, 2, 30, 0, 999_999, UTC),
            "created_at:>='2026-10-25T02:30:00Z'",
            "CREATED_AT",
        ),
        (
            True,
            datetime.fromisoformat("2026-10-25T02:30:00+02:00"),
            "updated_at:>='2026-10-25T00:30:00Z'",
            "UPDATED_AT",
        ),
    ],
)
def test_pages(
    shop: ShopifyShop, by_change: bool, since: datetime | None, query: str | None, key: str
) -> None:
    ids = shop.ids(150)
    shop.stock(*ids)
    adapter = shop.adapter()
    first = adapter.fetch_page(None, since, by_change)
    second = adapter.fetch_page(first.cursor, since, by_change)
    assert [answer.external_id for answer in first.answers + second.answers] == ids
    assert first.total == second.total == 150
    assert second.cursor is None
    assert operations(shop) == ["FirstPage", "NextPage"]
    assert variables(shop) == [
        {"first": 100, "after": None, "query": query, "sortKey": key},
        {"first": 100, "after": ids[99], "query": query, "sortKey": key},
    ]


@pytest.mark.parametrize(
    ("told", "total"),
    [
        ({"count": 10_000, "precision": "AT_LEAST"}, None),
        ({"count": 7, "precision": "EXACT"}, 7),
        (None, None),
        ({"count": "many", "precision": "EXACT"}, None),
    ],
)
def test_how_many_there_are(shop: ShopifyShop, told: Any, total: int | None) -> None:
    data = {"orders": connection(), "ordersCount": told}
    shop.override = lambda asked: Reply({"data": data})
    assert shop.adapter().fetch_page(None, None).total == total


def test_orders_that_vanish_or_come_meanwhile_hide_no_other(shop: ShopifyShop) -> None:
    ids = shop.ids(201)
    shop.stock(*ids[:200])
    adapter = shop.adapter()
    first = adapter.fetch_page(None, None)
    for each in ids[:50]:
        del shop.orders[each]
    shop.stock(ids[200])
    second = adapter.fetch_page(first.cursor, None)
    third = adapter.fetch_page(second.cursor, None)
    told = [answer.external_id for answer in second.answers + third.answers]
    assert told == ids[100:] and third.cursor is None


def test_a_cursor_is_not_followed_deeper_than_shopify_goes(
    shop: ShopifyShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "DEEPEST", 200)
    ids = shop.ids(450)
    shop.stock(*ids)
    for number, each in enumerate(ids):
        shop.orders[each]["createdAt"] = f"2026-11-02T{number // 60:02}:{number % 60:02}:00Z"
    adapter, cursor, told = shop.adapter(), None, list[str]()
    while True:
        page = adapter.fetch_page(cursor, None)
        told += [answer.external_id for answer in page.answers]
        cursor = page.cursor
        if cursor is None:
            break
    assert list(dict.fromkeys(told)) == ids
    assert [(each["after"], each["query"]) for each in variables(shop)] == [
        (None, None),
        (ids[99], None),
        (None, "created_at:>='2026-11-02T03:18:59Z'"),
        (ids[298], "created_at:>='2026-11-02T03:18:59Z'"),
        (None, "created_at:>='2026-11-02T06:37:59Z'"),
    ]


def test_a_page_of_one_second_is_followed_by_its_cursor(
    shop: ShopifyShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "DEEPEST", 100)
    ids = shop.ids(250)
    shop.stock(*ids)
    since = datetime(2026, 11, 2, 9, 29, 59, tzinfo=UTC)
    adapter = shop.adapter()
    first = adapter.fetch_page(None, since)
    second = adapter.fetch_page(first.cursor, since)
    third = adapter.fetch_page(second.cursor, since)
    told = [answer.external_id for page in (first, second, third) for answer in page.answers]
    assert told == ids and third.cursor is None


def test_a_page_that_costs_too_much_is_made_smaller(shop: ShopifyShop) -> None:
    shop.stock(*shop.ids(60))
    shop.override = lambda asked: (
        Reply(too_costly(1100)) if asked.json["variables"]["first"] > 25 else None
    )
    adapter = shop.adapter()
    page = adapter.fetch_page(None, None)
    adapter.fetch_page(page.cursor, None)
    assert [each["first"] for each in variables(shop)] == [100, 50, 25, 25]
    shop.override = lambda asked: Reply(too_costly(1100))
    with pytest.raises(TooCostly):
        shop.adapter().fetch_page(None, None)


def test_a_poison_order_does_not_stop_an_import(shop: ShopifyShop) -> None:
    ids = shop.ids(30)
    shop.stock(*ids)
    shop.poison = {ids[4]}
    page = shop.adapter().fetch_page(None, None)
    told = {answer.external_id: type(answer.result) for answer in page.answers}
    assert list(told) == ids and page.cursor is None
    assert [each for each in ids if told[each] is not SourceOrder] == [ids[4]]
    assert told[ids[4]] is BadPayload
    assert operations(shop)[:3] == ["FirstPage", "PageIds", "ByIds"]


def test_an_order_of_a_page_that_cannot_be_told_now_is_not_passed_by(shop: ShopifyShop) -> None:
    one, two = shop.ids(2)
    shop.stock(two)
    shop.orders[one] = many_lines(shop, one, 13)
    shop.override = lambda asked: (
        Reply(b"", 502) if asked.json["query"].startswith("query More") else None
    )
    with pytest.raises(Unavailable):
        shop.adapter().fetch_page(None, None)


@pytest.mark.parametrize(
    "orders",
    [
        None,
        [],
        {"nodes": None, "pageInfo": {"hasNextPage": False}},
        {"nodes": [], "pageInfo": {"hasNextPage": True}},
        {"nodes": []},
    ],
)
def test_odd_pages_are_not_taken_for_the_last(shop: ShopifyShop, orders: Any) -> None:
    shop.override = lambda asked: Reply({"data": {"orders": orders}})
    with pytest.raises(Unavailable, match="did not tell all"):
        shop.adapter().fetch_page(None, None)


def test_an_order_without_a_readable_id(shop: ShopifyShop) -> None:
    (one,) = shop.ids(1)
    row = shop.order(one) | {"id": None}
    shop.override = lambda asked: Reply({"data": {"orders": connection(row, "x")}})
    page = shop.adapter().fetch_page(None, None)
    told = [(answer.external_id, type(answer.result)) for answer in page.answers]
    assert told == [("", BadPayload), ("", BadPayload)]


def test_answers_are_stamped_when_they_were_asked_for(shop: ShopifyShop) -> None:
    (one,) = shop.ids(1)
    shop.stock(one)
    before = datetime.now(UTC)
    answers: list[Answer] = [
        *shop.adapter().fetch_orders([one]),
        *shop.adapter().fetch_page(None, None).answers,
    ]
    assert all(before < answer.sent_at < datetime.now(UTC) for answer in answers)
