"""How Saleor is asked: which requests, how many, and what each answer is taken for."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from eshops.adapters import ADAPTERS
from eshops.adapters.address import base_address
from eshops.adapters.http import NotData, ServerError, Unauthorized
from eshops.adapters.saleor.adapter import PASTED_TAIL, Saleor
from eshops.source import (
    BadPayload,
    Connection,
    OrderNotFound,
    Refused,
    SequenceEntry,
    ShopInfo,
    SourceError,
    SourceOrder,
    Unavailable,
)
from tests.harness.web import Asked, Reply, WebServer
from tests.platforms.saleor import TOKEN, SaleorShop, error, gid
from tests.platforms.shop import results

Recorded = Callable[[str], Any]
LOGIN = {"email": "eva@example.test", "password": "pa55word-ž"}
DENIED = "To access this path, you need one of the following permissions: MANAGE_SHIPPING"


@pytest.fixture
def shop(server: WebServer) -> SaleorShop:
    return SaleorShop(server)


def variables(shop: SaleorShop) -> list[dict[str, Any]]:
    return [asked.json["variables"] for asked in shop.server.asked]


def is_for(asked: Asked, *words: str) -> bool:
    return all(word in asked.json["query"] for word in words)


def failure(ask: Callable[[], Any]) -> SourceError:
    with pytest.raises(SourceError) as raised:
        ask()
    return raised.value


def test_it_is_registered() -> None:
    assert ADAPTERS["saleor"] is Saleor
    assert [way.keys() for way in Saleor.sign_ins] == [{"token"}, {"email", "password"}]
    assert Saleor.sign_ins[0].keys() == SaleorShop.credentials.keys()


@pytest.mark.parametrize(
    ("pasted", "address"),
    [
        ("https://kava.saleor.cloud/graphql/", "https://kava.saleor.cloud"),
        (" https://kava.saleor.cloud/graphql", "https://kava.saleor.cloud"),
        ("kava.saleor.cloud", "https://kava.saleor.cloud"),
        ("https://kava.saleor.cloud/dashboard/orders/T3Jk?asc=true", "https://kava.saleor.cloud"),
        ("http://localhost:8000/api/graphql/", "http://localhost:8000/api"),
    ],
)
def test_addresses_as_staff_paste_them(pasted: str, address: str) -> None:
    assert base_address(pasted, PASTED_TAIL) == address


def test_order_url() -> None:
    adapter = Saleor(Connection(base_url="https://kava.saleor.cloud/graphql/", credentials={}))
    assert adapter.order_url("T3JkZXI6MTI=") == (
        "https://kava.saleor.cloud/dashboard/orders/T3JkZXI6MTI%3D"
    )


# signing in


class Door:
    """Lets in who has the newest token, which `tokenCreate` gives."""

    def __init__(self, shop: SaleorShop) -> None:
        self.shop, self.issued, self.is_known = shop, 0, True
        shop.override = self.answer

    def answer(self, asked: Asked) -> Reply | None:
        if is_for(asked, "tokenCreate"):
            assert "Authorization" not in asked.headers
            assert asked.json["variables"] == LOGIN
            self.issued += 1
            return Reply({"data": {"tokenCreate": {"token": f"jwt-{self.issued}", "errors": []}}})
        if not self.is_known or asked.headers["Authorization"] != f"Bearer jwt-{self.issued}":
            return error("Signature has expired", "ExpiredSignatureError", "orders")
        asked.headers.replace_header("Authorization", f"Bearer {TOKEN}")
        return None


def test_100_orders_with_an_email_cost_one_request_more(shop: SaleorShop) -> None:
    door, ids = Door(shop), shop.ids(100)
    shop.stock(*ids)
    adapter = shop.adapter(credentials=LOGIN)
    assert len(adapter.fetch_orders(ids)) == 100
    assert len(shop.server.asked) == 2
    adapter.fetch_orders(ids)
    assert (len(shop.server.asked), door.issued) == (3, 1)


def test_a_token_that_expired_is_replaced(shop: SaleorShop) -> None:
    door, first = Door(shop), shop.ids(1)[0]
    shop.stock(first)
    adapter = shop.adapter(credentials=LOGIN)
    adapter.fetch_info()
    door.issued += 1
    assert isinstance(adapter.fetch_orders([first])[0].result, SourceOrder)
    assert door.issued == 3


def test_a_new_token_that_is_not_taken_is_not_asked_for_again(shop: SaleorShop) -> None:
    door = Door(shop)
    door.is_known = False
    adapter = shop.adapter(credentials=LOGIN)
    assert isinstance(failure(adapter.fetch_info), Unauthorized)
    assert door.issued == 1


def test_the_token_counts_where_both_are_given(shop: SaleorShop) -> None:
    shop.adapter(credentials={"token": TOKEN, **LOGIN}).fetch_info()
    assert len(shop.server.asked) == 1


def test_a_wrong_login(shop: SaleorShop, recorded: Recorded) -> None:
    body = recorded("saleor/err_bad_login")
    shop.override = lambda asked: Reply(body)
    found = failure(shop.adapter(credentials=LOGIN).fetch_info)
    assert type(found) is Refused and "e-mail and the password" in str(found)
    assert LOGIN["password"] not in repr(found)
    assert len(shop.server.asked) == 1


def test_a_delayed_login_says_when_to_come_back(shop: SaleorShop, recorded: Recorded) -> None:
    body = recorded("saleor/err_login_delayed")
    shop.override = lambda asked: Reply(body)
    adapter = shop.adapter(credentials=LOGIN)
    with time_machine.travel(datetime(2026, 11, 23, 6, 46, 8, tzinfo=UTC), tick=False):
        found = failure(adapter.fetch_info)
    assert isinstance(found, Unavailable)
    assert found.retry_after == timedelta(seconds=30, microseconds=363365)
    with time_machine.travel(datetime(2026, 11, 23, 7, tzinfo=UTC)):
        late = failure(adapter.fetch_info)
    assert isinstance(late, Unavailable) and late.retry_after == timedelta(0)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"tokenCreate": None}, Unavailable),
        ({"tokenCreate": {"token": None, "errors": [{"code": "INACTIVE"}]}}, Refused),
        ({"tokenCreate": {"token": "", "errors": None}}, Refused),
        ({"tokenCreate": {"errors": [{"code": "LOGIN_ATTEMPT_DELAYED"}]}}, Unavailable),
    ],
)
def test_odd_answers_to_a_login(shop: SaleorShop, told: Any, kind: type) -> None:
    shop.override = lambda asked: Reply({"data": told})
    found = failure(shop.adapter(credentials=LOGIN).fetch_info)
    assert type(found) is kind and getattr(found, "retry_after", None) is None


# connection


def test_the_connection_test(shop: SaleorShop) -> None:
    assert shop.adapter().fetch_info() == ShopInfo(name="Káva", timezone="UTC")
    assert len(shop.server.asked) == 1


def test_a_wrong_token_and_a_missing_permission_are_told_apart(shop: SaleorShop) -> None:
    refusals = shop.refusals()
    shop.override = lambda asked: refusals["key"]
    assert "whether the token is right" in str(failure(shop.adapter().fetch_info))
    shop.override = lambda asked: refusals["right"]
    found = failure(shop.adapter().fetch_info)
    assert "Give the app" in str(found) and "MANAGE_ORDERS" in str(found)
    assert not isinstance(found, Unauthorized)


@pytest.mark.parametrize(
    ("name", "status", "kind", "words"),
    [
        ("err_bad_token", 200, Unauthorized, "whether the token is right"),
        ("err_no_auth_orders", 200, Unauthorized, "whether the token is right"),
        ("err_unknown_field", 400, Refused, "Saleor 3.21 or newer"),
        ("err_cost_too_high", 400, ServerError, "failed to answer"),
        ("err_first_missing", 200, ServerError, "failed to answer"),
        ("err_first_too_big", 200, ServerError, "failed to answer"),
        ("err_malformed_id", 200, ServerError, "failed to answer"),
        ("orders_by_ids_with_malformed", 200, ServerError, "failed to answer"),
    ],
)
def test_recorded_errors(
    shop: SaleorShop, recorded: Recorded, name: str, status: int, kind: type, words: str
) -> None:
    body = recorded(f"saleor/{name}")
    shop.override = lambda asked: Reply(body, status)
    for ask in (shop.adapter().fetch_info, lambda: shop.adapter().fetch_page(None, None)):
        found = failure(ask)
        assert type(found) is kind and words in str(found)


@pytest.mark.parametrize(
    "code", ["ExpiredSignatureError", "InvalidTokenError", "InvalidSignatureError"]
)
def test_a_token_that_saleor_cannot_read(shop: SaleorShop, code: str) -> None:
    shop.override = lambda asked: error("Signature verification failed", code, "orders")
    found = failure(shop.adapter().fetch_info)
    assert isinstance(found, Unauthorized) and "still valid" in str(found)


def test_a_web_page_is_told_from_the_api(shop: SaleorShop) -> None:
    shop.override = lambda asked: Reply(b"<!doctype html><title>Dashboard</title>")
    found = failure(shop.adapter().fetch_info)
    assert type(found) is NotData and "ends with /graphql/" in str(found)


@pytest.mark.parametrize("body", [b"<h1>Not Found</h1>", b'{"code": "rest_no_route"}', b""])
def test_another_platform(shop: SaleorShop, body: bytes) -> None:
    shop.override = lambda asked: Reply(body, 404)
    found = failure(shop.adapter().fetch_info)
    assert type(found) is Refused and "not as a Saleor e-shop" in str(found)


# orders by their ids


def test_100_orders_are_one_request(shop: SaleorShop) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    assert list(shop.fetch(*ids)) == ids
    assert variables(shop) == [{"ids": ids, "first": 100}]


def test_ids_that_are_none_are_not_sent(shop: SaleorShop) -> None:
    """One of them would make Saleor refuse the whole request."""
    ids = shop.ids(2)
    shop.stock(*ids)
    told = shop.fetch(ids[0], "abc", gid("Product", 1), ids[1], "T3JkZXI6")
    assert [type(each) for each in told.values()] == [
        SourceOrder,
        OrderNotFound,
        OrderNotFound,
        SourceOrder,
        OrderNotFound,
    ]
    assert variables(shop) == [{"ids": ids, "first": 2}]


def test_an_absent_order_is_asked_for_singly(shop: SaleorShop, recorded: Recorded) -> None:
    ids = shop.ids(3)
    shop.stock(*ids[:2])
    missing = recorded("saleor/order_missing_is_null")
    shop.override = lambda asked: Reply(missing) if is_for(asked, "order(id") else None
    told = shop.fetch(*ids)
    assert isinstance(told[ids[2]], OrderNotFound)
    assert variables(shop) == [{"ids": ids, "first": 3}, {"id": ids[2]}]


def test_a_draft_is_in_no_list_and_yet_there(shop: SaleorShop) -> None:
    first = shop.ids(1)[0]
    shop.stock(first)
    empty: Any = {"data": {"orders": {"edges": []}}}
    shop.override = lambda asked: Reply(empty) if is_for(asked, "orders(") else None
    assert isinstance(shop.fetch(first)[first], SourceOrder)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({}, Unavailable),
        ({"order": []}, BadPayload),
        ({"order": {"id": gid("Order", 1)}}, BadPayload),
    ],
)
def test_odd_answers_for_a_single_order(shop: SaleorShop, data: Any, kind: type) -> None:
    first = shop.ids(1)[0]
    answers = {"orders(": {"orders": {"edges": []}}, "order(id": data}
    shop.override = lambda asked: Reply(
        {"data": next(told for word, told in answers.items() if is_for(asked, word))}
    )
    assert type(shop.fetch(first)[first]) is kind


def test_another_order_than_was_asked_for(shop: SaleorShop) -> None:
    one, two = shop.ids(2)
    shop.stock(two)
    shop.orders = {one: shop.orders[two]}
    told = shop.fetch(one)[one]
    assert isinstance(told, BadPayload) and "another order" in str(told)


@pytest.mark.parametrize("orders", [None, {}, {"edges": None}, [], "x"])
def test_an_odd_list_marks_nothing(shop: SaleorShop, orders: Any) -> None:
    shop.override = lambda asked: Reply({"data": {"orders": orders}})
    found = failure(lambda: shop.fetch(*shop.ids(2)))
    assert type(found) is Unavailable
    assert len(shop.server.asked) == 1


def test_an_order_that_makes_the_list_null_is_found(shop: SaleorShop) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    shop.poison = {ids[41]}
    told = shop.fetch(*ids)
    bad = [each for each, result in told.items() if isinstance(result, BadPayload)]
    assert bad == [ids[41]]
    assert len(shop.server.asked) == 1 + 2 * 7  # halved seven times


def test_a_server_that_takes_fewer_at_once_is_asked_in_halves(shop: SaleorShop) -> None:
    """Query costs may be limited by less than the 50,000 that are usual."""
    ids = shop.ids(100)
    shop.stock(*ids)

    def limited(asked: Asked) -> Reply | None:
        if asked.json["variables"]["first"] <= 50:
            return None
        message = "The query exceeds the maximum cost of 1000. Actual cost is 1200"
        told = {"message": message, "extensions": {"exception": {"code": "QueryCostError"}}}
        return Reply({"errors": [told]}, 400)

    shop.override = limited
    assert {type(each) for each in shop.fetch(*ids).values()} == {SourceOrder}
    assert [len(each["ids"]) for each in variables(shop)] == [100, 50, 50]


def test_a_field_that_the_token_may_not_read_does_not_cost_the_order(shop: SaleorShop) -> None:
    first = shop.ids(1)[0]
    order = shop.order(first) | {"privateMetadata": None, "user": None}
    denied = {
        "message": DENIED,
        "path": ["orders", "edges", 0, "node", "user"],
        "extensions": {"exception": {"code": "PermissionDenied"}},
    }
    data = {"orders": {"edges": [{"node": order}]}}
    shop.override = lambda asked: Reply({"errors": [denied], "data": data})
    assert isinstance(shop.fetch(first)[first], SourceOrder)
    shop.override = lambda asked: Reply({"errors": ["odd"], "data": data})
    assert isinstance(failure(lambda: shop.fetch(first)), ServerError)
    other = {"message": "Internal error", "extensions": {"exception": {"code": "TypeError"}}}
    shop.override = lambda asked: Reply({"errors": [denied, other], "data": data})
    assert isinstance(failure(lambda: shop.fetch(first)), Unauthorized)


# all orders, page by page


def test_pages_go_on_from_the_last_order(shop: SaleorShop) -> None:
    ids = shop.ids(250)
    shop.stock(*ids)
    adapter = shop.adapter()
    first = adapter.fetch_page(None, None)
    assert (len(first.answers), first.total) == (100, 250)
    for each in ids[50:90]:  # what vanishes behind us moves nothing
        del shop.orders[each]
    second = adapter.fetch_page(first.cursor, None)
    third = adapter.fetch_page(second.cursor, None)
    told = [answer.external_id for page in (first, second, third) for answer in page.answers]
    assert told == ids and third.cursor is None
    assert variables(shop) == [
        {"first": 100, "after": cursor, "filter": {}}
        for cursor in (None, first.cursor, second.cursor)
    ]


def test_a_draft_that_becomes_an_order_meanwhile_is_on_a_later_page(shop: SaleorShop) -> None:
    """It keeps the number it had as a draft."""
    draft, *ids = shop.ids(151)
    shop.stock(*ids)
    adapter = shop.adapter()
    first = adapter.fetch_page(None, None)
    shop.orders[draft] = shop.order(draft) | {"updatedAt": "2026-11-02T09:30:00.000001+00:00"}
    second = adapter.fetch_page(first.cursor, None)
    told = [answer.external_id for page in (first, second) for answer in page.answers]
    assert told == [*ids, draft] and second.cursor is None


def test_orders_placed_since_a_time_are_asked_for_by_its_day(shop: SaleorShop) -> None:
    """And by the time, for none of them can have been changed before it."""
    ids = shop.ids(3)
    shop.stock(*ids)
    shop.orders[ids[0]]["created"] = "2026-11-02T09:29:59.999999+00:00"
    shop.orders[ids[1]] |= {"created": "2026-11-01T23:59:59+00:00"}
    since = datetime.fromisoformat("2026-11-02T10:30:00+01:00")
    page = shop.adapter().fetch_page(None, since)
    assert [answer.external_id for answer in page.answers] == [ids[2]]
    assert page.total is None  # it counts the first order too
    assert variables(shop)[0]["filter"] == {
        "created": {"gte": "2026-11-02"},
        "updatedAt": {"gte": "2026-11-02T09:30:00+00:00"},
    }


def test_orders_changed_since_a_time(shop: SaleorShop) -> None:
    ids = shop.ids(2)
    shop.stock(*ids)
    shop.orders[ids[1]]["updatedAt"] = "2026-11-05T09:30:00.000001+00:00"
    since = datetime.fromisoformat("2026-11-05T10:30:00.000001+01:00")
    page = shop.adapter().fetch_page(None, since, by_change=True)
    assert [answer.external_id for answer in page.answers] == [ids[1]]
    assert variables(shop)[0]["filter"] == {
        "updatedAt": {"gte": "2026-11-05T09:30:00.000001+00:00"}
    }


def test_a_page_with_an_order_that_makes_it_null(shop: SaleorShop) -> None:
    """The page's ids are learnt with a query that asks for nothing else."""
    ids = shop.ids(120)
    shop.stock(*ids)
    shop.poison = {ids[3]}
    adapter = shop.adapter()
    page = adapter.fetch_page(None, None)
    told = results([*page.answers])
    assert list(told) == ids[:100]
    assert [each for each in told if isinstance(told[each], BadPayload)] == [ids[3]]
    rest = adapter.fetch_page(page.cursor, None)
    assert [answer.external_id for answer in rest.answers] == ids[100:]


def test_the_recorded_page(shop: SaleorShop, recorded: Recorded) -> None:
    body = json.dumps(recorded("saleor/orders_list_first20")).encode()
    shop.override = lambda asked: Reply(body)
    page = shop.adapter().fetch_page(None, None)
    assert (len(page.answers), page.total) == (20, 130)
    assert (
        page.cursor
        == recorded("saleor/orders_list_first20")["data"]["orders"]["pageInfo"]["endCursor"]
    )
    assert all(isinstance(answer.result, SourceOrder) for answer in page.answers)


@pytest.mark.parametrize(
    "info", [None, {}, {"hasNextPage": True}, {"hasNextPage": True, "endCursor": ""}, []]
)
def test_a_page_that_does_not_say_how_to_go_on_is_the_last(shop: SaleorShop, info: Any) -> None:
    orders = {"edges": [], "pageInfo": info, "totalCount": "many"}
    shop.override = lambda asked: Reply({"data": {"orders": orders}})
    page = shop.adapter().fetch_page(None, None)
    assert (page.answers, page.cursor, page.total) == ((), None, None)


# code lists


def test_code_lists(shop: SaleorShop) -> None:
    entries = shop.adapter().fetch_sequences()
    assert [each for each in entries if each.kind != "status"] == [
        SequenceEntry(
            kind="delivery",
            code=gid("ShippingMethod", 5),
            name="Zásilkovna",
            description="Evropa",
        ),
        SequenceEntry(
            kind="delivery",
            code=gid("Warehouse", "b"),
            name="Prodejna Brno",
            type="collection",
        ),
    ]
    statuses = [each for each in entries if each.kind == "status"]
    assert statuses[0] == SequenceEntry(
        kind="status", code="order:CANCELED", name="Cancelled", type="cancelled"
    )
    assert len(shop.server.asked) == 2


def test_without_the_permission_for_shipping_its_methods_are_not_listed(shop: SaleorShop) -> None:
    denied = error(DENIED, "PermissionDenied", "shippingZones")
    shop.override = lambda asked: denied if is_for(asked, "shippingZones") else None
    entries = shop.adapter().fetch_sequences()
    assert [each.name for each in entries if each.kind == "delivery"] == ["Prodejna Brno"]


def test_lists_of_several_pages(shop: SaleorShop) -> None:
    pages = {
        None: ({"hasNextPage": True, "endCursor": "c1"}, "2"),
        "c1": ({"hasNextPage": False, "endCursor": "c2"}, "3"),
    }

    def answer(asked: Asked) -> Reply | None:
        if not is_for(asked, "shippingZones"):
            return None
        info, number = pages[asked.json["variables"]["after"]]
        method = {"id": gid("ShippingMethodType", number), "name": number}
        zone = {"name": "Z", "shippingMethods": [method, {"name": "no id"}, None]}
        edges = [{"node": zone}, {"node": None}]
        return Reply({"data": {"shippingZones": {"pageInfo": info, "edges": edges}}})

    shop.override = answer
    entries = shop.adapter().fetch_sequences()
    assert [each.name for each in entries if each.description == "Z"] == ["2", "3"]
