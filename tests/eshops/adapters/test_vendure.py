"""How a Vendure is asked: which requests, how many, and what each answer is taken for."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eshops.adapters import ADAPTERS
from eshops.adapters.address import base_address
from eshops.adapters.http import ServerError, Unauthorized
from eshops.adapters.vendure.adapter import PASTED_TAIL, Vendure
from eshops.adapters.vendure.paging import Place
from eshops.source import (
    BadPayload,
    Connection,
    OrderNotFound,
    Refused,
    SequenceEntry,
    ShopInfo,
    SourceOrder,
    Unavailable,
)
from tests.harness.web import Asked, Reply, WebServer
from tests.platforms.vendure import (
    API_KEY,
    CONFIG,
    LEARNED,
    PASSWORD,
    TOKEN,
    USERNAME,
    VendureShop,
    failed,
)


@pytest.fixture
def shop(server: WebServer) -> VendureShop:
    return VendureShop(server)


def variables(shop: VendureShop) -> list[dict[str, Any]]:
    """Those of each request but for signing in."""
    return [asked.json["variables"] for asked in shop.server.asked if not is_sign_in(asked)]


def is_sign_in(asked: Asked) -> bool:
    return b"mutation" in asked.body


def sign_ins(shop: VendureShop) -> int:
    return sum(map(is_sign_in, shop.server.asked))


def kinds(told: Mapping[str, Any]) -> dict[str, type]:
    return {external_id: type(result) for external_id, result in told.items()}


def test_it_is_registered() -> None:
    assert ADAPTERS["vendure"] is Vendure
    assert [set(way) for way in Vendure.sign_ins] == [{"username", "password"}, {"api_key"}]


@pytest.mark.parametrize(
    ("pasted", "address", "page"),
    [
        ("https://kava.test", "https://kava.test", "dashboard"),
        ("kava.test/", "https://kava.test", "dashboard"),
        (" https://kava.test/admin-api ", "https://kava.test", "dashboard"),
        ("https://kava.test/admin-api/?languageCode=cs", "https://kava.test", "dashboard"),
        ("https://kava.test/shop-api", "https://kava.test", "dashboard"),
        ("https://kava.test/vendure/admin-api", "https://kava.test/vendure", "dashboard"),
        ("https://kava.test/dashboard/orders/7", "https://kava.test", "dashboard"),
        ("https://kava.test/admin", "https://kava.test", "admin"),
        ("https://kava.test/admin/orders/7?tab=1", "https://kava.test", "admin"),
        ("https://kava.test/administrace", "https://kava.test/administrace", "dashboard"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000", "dashboard"),
        ("http://admin", "http://admin", "dashboard"),
    ],
)
def test_addresses_as_staff_paste_them(pasted: str, address: str, page: str) -> None:
    assert base_address(pasted, PASTED_TAIL) == address
    adapter = Vendure(Connection(base_url=pasted, credentials={}))
    assert adapter.order_url("7") == f"{address}/{page}/orders/7"


def test_no_address_at_all() -> None:
    adapter = Vendure(Connection(base_url="http://[::1", credentials={}))
    assert isinstance(adapter.order_url("../7"), str)
    with pytest.raises(Refused, match="not a valid web address"):
        adapter.fetch_info()


# signing in


def test_a_user_signs_in_once(shop: VendureShop) -> None:
    shop.stock(*shop.ids(2))
    adapter = shop.adapter()
    for _ in range(3):
        adapter.fetch_orders(shop.ids(2))
    first, *others = shop.server.asked
    assert first.json["variables"] == {"username": USERNAME, "password": PASSWORD}
    assert first.headers["Authorization"] is None
    assert {asked.headers["Authorization"] for asked in others} == {f"Bearer {TOKEN}"}
    assert len(others) == 3


def test_a_key_needs_no_sign_in(shop: VendureShop) -> None:
    shop.stock(*shop.ids(2))
    told = shop.adapter(credentials={"api_key": f" {API_KEY} "}).fetch_orders(shop.ids(2))
    assert [type(answer.result) for answer in told] == [SourceOrder] * 2
    (asked,) = shop.server.asked
    assert asked.headers["vendure-api-key"] == API_KEY
    assert asked.headers["Authorization"] is None


def test_a_session_that_has_ended_is_replaced(shop: VendureShop) -> None:
    shop.stock(*shop.ids(2))
    adapter = shop.adapter()
    adapter.fetch_orders(shop.ids(2))
    ended = iter([failed("FORBIDDEN")])
    shop.override = lambda asked: next(ended, None)
    assert [type(each.result) for each in adapter.fetch_orders(shop.ids(2))] == [SourceOrder] * 2
    assert sign_ins(shop) == 2 and len(shop.server.asked) == 5


def test_a_wrong_password_is_tried_once(shop: VendureShop) -> None:
    adapter = shop.adapter(credentials={"username": USERNAME, "password": "wrong"})
    with pytest.raises(Unauthorized, match="does not know this user name with this password"):
        adapter.fetch_orders(["1", "2"])
    assert len(shop.server.asked) == 1


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        ({"login": {"__typename": "NativeAuthStrategyError"}}, "an API key"),
        ({"login": None}, "an API key"),
        ({"login": {"__typename": "CurrentUser"}}, "tokenMethod"),
    ],
)
def test_users_that_are_not_let_in(shop: VendureShop, outcome: Any, says: str) -> None:
    """The last is a server that gives cookies only, which is Vendure's default."""
    shop.override = lambda asked: Reply({"data": outcome})
    with pytest.raises(Refused, match=says):
        shop.adapter().fetch_info()


def test_a_missing_right_is_told_from_a_wrong_key(shop: VendureShop) -> None:
    """Both are FORBIDDEN, but who is let in may see that there are settings."""

    def no_orders(asked: Asked) -> Reply | None:
        return failed("FORBIDDEN") if "orders" in asked.json["query"] else None

    shop.override = no_orders
    with pytest.raises(Refused, match=r"lets us in, but .* ReadOrder") as told:
        shop.adapter().fetch_info()
    assert not isinstance(told.value, Unauthorized)
    with pytest.raises(Unauthorized, match="does not let us in"):
        shop.adapter(credentials={"api_key": "wrong"}).fetch_info()


@pytest.mark.parametrize("channels", [("japan",), ()])
def test_a_user_without_a_right_in_the_default_channel(
    shop: VendureShop, channels: tuple[str, ...]
) -> None:
    """Who signs in has the right credentials; the shop answers with nothing but FORBIDDEN."""
    shop.channels = channels
    for ask in (shop.adapter().fetch_info, lambda: shop.adapter().fetch_page(None, None)):
        with pytest.raises(Refused, match=r"no right in the default channel.* ReadOrder") as told:
            ask()
        assert "credentials" not in str(told.value)


def test_a_role_that_was_given_in_the_default_channel_is_heeded(shop: VendureShop) -> None:
    shop.channels = ("japan",)
    adapter = shop.adapter()
    with pytest.raises(Refused):
        adapter.fetch_info()
    shop.channels = ("japan", "__default_channel__")
    adapter.fetch_info()
    with pytest.raises(Unauthorized, match="credentials are right"):
        shop.override = lambda asked: None if is_sign_in(asked) else failed("FORBIDDEN")
        adapter.fetch_orders(["1", "2"])


@pytest.mark.parametrize("name", ["err_bad_token", "err_no_auth"])
def test_recorded_refusals(shop: VendureShop, recorded: Callable[[str], Any], name: str) -> None:
    answer = Reply(recorded(f"vendure/{name}"))
    shop.override = lambda asked: None if is_sign_in(asked) else answer
    with pytest.raises(Unauthorized):
        shop.fetch("1", "2")


def test_the_recorded_sign_in(shop: VendureShop, replay: Callable[[str], Reply]) -> None:
    shop.override = lambda asked: replay("vendure/login") if is_sign_in(asked) else failed("X")
    with pytest.raises(ServerError):
        shop.fetch("1")
    assert shop.server.asked[-1].headers["Authorization"] == "Bearer 0123456789abcdef"


def test_the_recorded_refusal_of_a_sign_in(
    shop: VendureShop, recorded: Callable[[str], Any]
) -> None:
    shop.override = lambda asked: Reply(recorded("vendure/err_bad_login"))
    with pytest.raises(Unauthorized, match="user name"):
        shop.fetch("1")


# connecting


def test_what_is_learnt(shop: VendureShop) -> None:
    assert shop.adapter(learned={}).fetch_info() == ShopInfo(learned=LEARNED)
    assert len(shop.server.asked) == 2


def test_the_recorded_introduction(shop: VendureShop, replay: Callable[[str], Reply]) -> None:
    shop.override = lambda asked: None if is_sign_in(asked) else replay("vendure/introduction")
    info = shop.adapter().fetch_info()
    assert (info.name, info.timezone) == ("", "UTC")
    assert info.learned["Order"].startswith("erpNumber gift pickup{id city}")


def test_a_channel_of_its_own_names_the_shop(shop: VendureShop) -> None:
    data = {"activeChannel": {"code": "cz-shop"}, "globalSettings": {"serverConfig": CONFIG}}
    shop.override = lambda asked: None if is_sign_in(asked) else Reply({"data": data})
    assert shop.adapter().fetch_info().name == "cz-shop"


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (
            Reply({"statusCode": 404, "message": "Cannot POST /admin-api"}, 404),
            Refused,
            "not as a Vendure e-shop",
        ),
        (Reply({"hello": "world"}), Refused, "not as a Vendure e-shop"),
        (failed("GRAPHQL_VALIDATION_FAILED", 400), Refused, "Admin API of a Vendure"),
        (Reply({"data": {"activeChannel": 7}}), Unavailable, "did not expect"),
        (Reply({"data": {"globalSettings": "x"}}), Unavailable, "did not expect"),
    ],
    ids=["404", "other JSON", "other GraphQL", "odd channel", "odd settings"],
)
def test_what_is_no_vendure(
    shop: VendureShop, reply: Reply, kind: type[Exception], says: str
) -> None:
    shop.override = lambda asked: None if is_sign_in(asked) else reply
    with pytest.raises(kind, match=says):
        shop.adapter().fetch_info()


@pytest.mark.parametrize("name", ["err_unknown_field", "err_syntax"])
def test_recorded_misunderstandings(
    shop: VendureShop, recorded: Callable[[str], Any], name: str
) -> None:
    answer = Reply(recorded(f"vendure/{name}"), 400)
    shop.override = lambda asked: None if is_sign_in(asked) else answer
    with pytest.raises(Refused, match="its version of Vendure"):
        shop.adapter(learned={}).fetch_orders(["1", "2"])


# custom fields


def test_custom_fields_that_were_not_known_are_asked_for(shop: VendureShop) -> None:
    shop.orders["1"] = shop.logical("1")
    adapter = shop.adapter(learned={})
    for _ in range(2):
        (answer,) = adapter.fetch_orders(["1"])
        assert isinstance(answer.result, SourceOrder)
        assert answer.result.metadata[0].key == "note"
    assert len(shop.server.asked) == 1 + 2 + 1


@pytest.mark.parametrize("learned", [{"Order": "gone"}, {**LEARNED, "Customer": "gone"}])
def test_custom_fields_that_are_gone(
    shop: VendureShop, replay: Callable[[str], Reply], learned: dict[str, str]
) -> None:
    shop.orders["1"] = shop.logical("1")

    def heedful(asked: Asked) -> Reply | None:
        is_gone = b"gone" in asked.body
        return replay("vendure/err_removed_custom_field") if is_gone else None

    shop.override = heedful
    (answer,) = shop.adapter(learned=learned).fetch_orders(["1"])
    assert isinstance(answer.result, SourceOrder)
    assert answer.result.metadata[0].key == "note"
    assert len(shop.server.asked) == 1 + 3


# orders by their ids


def test_100_orders_are_one_request(shop: VendureShop) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    told = shop.fetch(*reversed(ids))
    assert list(told) == ids[::-1]
    assert set(kinds(told).values()) == {SourceOrder}
    assert variables(shop) == [{"options": {"filter": {"id": {"in": ids[::-1]}}}}]


def test_a_single_order_is_asked_for_by_itself(shop: VendureShop) -> None:
    shop.stock("1")
    assert kinds(shop.fetch("1")) == {"1": SourceOrder}
    assert kinds(shop.fetch("2")) == {"2": OrderNotFound}
    assert variables(shop) == [{"id": "1"}, {"id": "2"}]


def test_the_recorded_answer_for_no_order(
    shop: VendureShop, recorded: Callable[[str], Any]
) -> None:
    told = recorded("vendure/order_missing_is_null")
    told["data"]["globalSettings"] = {"serverConfig": CONFIG}
    shop.override = lambda asked: None if is_sign_in(asked) else Reply(told)
    assert kinds(shop.fetch("999999")) == {"999999": OrderNotFound}


def test_absent_orders_are_asked_for_singly(shop: VendureShop) -> None:
    shop.stock("1", "3")
    told = shop.fetch("1", "2", "3", "4")
    assert kinds(told) == {
        "1": SourceOrder,
        "2": OrderNotFound,
        "3": SourceOrder,
        "4": OrderNotFound,
    }
    assert variables(shop)[1:] == [{"id": "2"}, {"id": "4"}]


def test_trouble_with_an_absent_order_is_its_own(shop: VendureShop) -> None:
    shop.stock("1", "3")

    def trouble(asked: Asked) -> Reply | None:
        return Reply(b"", 503) if asked.json["variables"].get("id") == "2" else None

    shop.override = trouble
    told = shop.fetch("1", "2", "3", "4")
    assert kinds(told) == {"1": SourceOrder, "2": Unavailable, "3": SourceOrder, "4": OrderNotFound}


def test_an_id_that_fails_a_list_costs_itself_only(shop: VendureShop) -> None:
    """As on PostgreSQL, where ids are numbers."""
    ids = shop.ids(99)
    shop.stock(*ids)
    told = kinds(shop.fetch(*ids, "abc"))
    assert told.pop("abc") is OrderNotFound
    assert set(told.values()) == {SourceOrder}
    assert len(shop.server.asked) <= 16


def test_ids_that_are_none_are_not_sent(shop: VendureShop) -> None:
    told = shop.fetch("", " ", "1 ", "1,2", 'a"', "x" * 65, "1\n")
    assert set(kinds(told).values()) == {OrderNotFound} and len(told) == 7
    assert not shop.server.asked


def test_another_order_than_asked_for(shop: VendureShop) -> None:
    """As “0x1” is understood as 1."""
    shop.orders = {"0x1": shop.order("1")}
    assert kinds(shop.fetch("0x1")) == {"0x1": BadPayload}


@pytest.mark.parametrize("code", ["INTERNAL_SERVER_ERROR", ""])
def test_a_poison_order_costs_itself_only(shop: VendureShop, code: str) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)

    def poisoned(asked: Asked) -> Reply | None:
        asked_for = asked.json["variables"]
        listed = asked_for.get("options", {}).get("filter", {}).get("id", {}).get("in", [])
        return failed(code) if "37" in (*listed, asked_for.get("id")) else None

    shop.override = poisoned
    told = kinds(shop.fetch(*ids))
    assert [each for each in ids if told[each] is not SourceOrder] == ["37"]
    assert told["37"] is BadPayload


def test_an_outage_is_raised(shop: VendureShop) -> None:
    shop.stock(*shop.ids(100))
    shop.poison = set(shop.ids(100))
    with pytest.raises(ServerError):
        shop.fetch(*shop.ids(100))


def test_orders_with_an_error_beside_them_are_not_believed(shop: VendureShop) -> None:
    """What may be null is null where telling it failed."""
    half = {"data": {"order": shop.order("1")}, "errors": [{"path": ["order", "payments"]}]}
    shop.override = lambda asked: None if is_sign_in(asked) else Reply(half)
    with pytest.raises(ServerError):
        shop.fetch("1")


def test_the_recorded_refusal_of_a_long_list(
    shop: VendureShop, recorded: Callable[[str], Any]
) -> None:
    answer = Reply(recorded("vendure/err_take_too_big"))
    shop.override = lambda asked: None if is_sign_in(asked) else answer
    with pytest.raises(Unavailable, match="USER_INPUT_ERROR"):
        shop.adapter().fetch_page(None, None)


SETTINGS = {"serverConfig": CONFIG}
ODD: dict[str, dict[str, Any]] = {
    "no order": {"globalSettings": SETTINGS},
    "no settings": {"order": {}, "orders": {"items": []}},
    "no precision": {"order": {}, "orders": {"items": []}, "globalSettings": {"serverConfig": {}}},
    "odd precision": {
        "order": {},
        "orders": {"items": []},
        "globalSettings": {"serverConfig": {"moneyStrategyPrecision": 7}},
    },
    "odd list": {"orders": {"items": {}}, "globalSettings": SETTINGS},
    "odd methods": {
        "order": {},
        "orders": {"items": []},
        "globalSettings": SETTINGS,
        "paymentMethods": 7,
    },
    "odd custom fields": {
        "order": {},
        "orders": {"items": []},
        "globalSettings": {"serverConfig": {"entityCustomFields": 7}},
    },
}


@pytest.mark.parametrize("ids", [["1"], ["1", "2"]], ids=["single", "list"])
@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_an_odd_answer_marks_nothing(
    shop: VendureShop, data: dict[str, Any], ids: list[str]
) -> None:
    shop.override = lambda asked: None if is_sign_in(asked) else Reply({"data": data})
    with pytest.raises(Unavailable):
        shop.fetch(*ids)


def test_an_order_that_is_none(shop: VendureShop) -> None:
    shop.orders = {"1": "x", "2": shop.order("2")}
    assert kinds(shop.fetch("1")) == {"1": BadPayload}


# money


@pytest.mark.parametrize("places", [0, 2, 3])
def test_the_precision_is_the_one_told_with_the_orders(
    shop: VendureShop, monkeypatch: pytest.MonkeyPatch, places: int
) -> None:
    monkeypatch.setitem(CONFIG, "moneyStrategyPrecision", places)
    shop.stock("1")
    assert shop.fetch("1")["1"].total * 10**places == 1210


# all orders, page by page


def imported(
    shop: VendureShop, since: datetime | None = None, by_change: bool = False
) -> list[str]:
    adapter, cursor, told = shop.adapter(), None, list[str]()
    while True:
        page = adapter.fetch_page(cursor, since, by_change)
        told += [answer.external_id for answer in page.answers]
        if page.cursor is None:
            return told
        cursor = page.cursor


def at(order: Any, seconds: float) -> Any:
    moment = datetime(2026, 11, 2, 9, 30, tzinfo=UTC) + timedelta(seconds=seconds)
    return order | {"orderPlacedAt": moment.isoformat(), "updatedAt": moment.isoformat()}


def test_carts_and_drafts_are_not_imported(shop: VendureShop) -> None:
    shop.stock("1", "2", "3")
    shop.orders["2"] |= {"orderPlacedAt": None, "state": "AddingItems"}
    assert imported(shop) == ["1", "3"]
    assert imported(shop, datetime(2026, 1, 1, tzinfo=UTC), True) == ["1", "3", "1", "3"]
    assert kinds(shop.fetch("2")) == {"2": SourceOrder}


def test_how_a_page_is_asked_for(shop: VendureShop) -> None:
    since = datetime(2026, 11, 2, 10, 30, 0, 500_000, tzinfo=UTC)
    shop.adapter().fetch_page(None, since)
    shop.adapter().fetch_page(None, since, True)
    placed, changed = (asked["options"] for asked in variables(shop))
    assert placed == {
        "take": 100,
        "skip": 0,
        "sort": {"orderPlacedAt": "ASC", "code": "ASC"},
        "filter": {"orderPlacedAt": {"isNull": False, "after": "2026-11-02T10:29:59.500000+00:00"}},
    }
    assert changed["sort"] == {"updatedAt": "ASC", "code": "ASC"}
    assert changed["filter"] == {
        "orderPlacedAt": {"isNull": False},
        "updatedAt": {"after": "2026-11-02T10:29:59.500000+00:00"},
    }


def test_an_order_that_was_placed_late_skips_none(shop: VendureShop) -> None:
    """The cart of the 100th was paid when those after it had been placed long ago."""
    ids = shop.ids(150)
    shop.orders = {each: at(shop.order(each), 60 * int(each)) for each in ids}
    shop.orders["100"] = at(shop.order("100"), 60 * 1000)
    told = imported(shop, datetime(2026, 11, 1, tzinfo=UTC))
    assert set(told) == set(ids) and told[-1] == "100"


def test_what_was_placed_since_follows_what_was_changed_since(shop: VendureShop) -> None:
    """Placing an order does not move its `updatedAt`: 151 was paid hours after its cart's last
    change. 1 to 150 were placed long ago."""
    since = datetime(2026, 11, 2, 12, tzinfo=UTC)
    for each in shop.ids(150):
        changed = (since + timedelta(minutes=int(each))).isoformat()
        shop.orders[each] = shop.order(each) | {"updatedAt": changed}
    shop.orders["151"] = shop.order("151") | {"orderPlacedAt": "2026-11-02T12:30:00.000Z"}
    told = imported(shop, since, True)
    assert told[-1] == "151" and set(told) == set(shop.ids(151))
    options = [asked["options"] for asked in variables(shop)]
    assert [(each["sort"], each["skip"], each["filter"]) for each in options] == [
        (
            {"updatedAt": "ASC", "code": "ASC"},
            0,
            {
                "orderPlacedAt": {"isNull": False},
                "updatedAt": {"after": f"2026-11-02T{after}+00:00"},
            },
        )
        for after in ("11:59:59", "13:39:59")
    ] + [
        (
            {"orderPlacedAt": "ASC", "code": "ASC"},
            0,
            {"orderPlacedAt": {"isNull": False, "after": "2026-11-02T11:59:59+00:00"}},
        )
    ]


def test_what_was_placed_since_is_walked_page_by_page(shop: VendureShop) -> None:
    since = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    old = {"updatedAt": "2026-11-01T09:30:00.000Z"}
    shop.orders = {each: at(shop.order(each), 60 * int(each)) | old for each in shop.ids(250)}
    told = imported(shop, since, True)
    assert set(told) == set(shop.ids(250)) and len(told) < 260
    assert len(variables(shop)) == 1 + 3


def test_all_orders_ever_are_those_by_their_placing(shop: VendureShop) -> None:
    shop.stock("1")
    page = shop.adapter().fetch_page(None, None, True)
    assert (page.cursor, page.total) == (None, 1)
    (asked,) = variables(shop)
    assert asked["options"]["sort"] == {"orderPlacedAt": "ASC", "code": "ASC"}


def test_a_cursor_of_before_there_were_two_walks(shop: VendureShop) -> None:
    since = datetime(2026, 11, 2, 9, tzinfo=UTC)
    shop.stock("1")
    cursor = '{"skip":0,"after":"2026-11-02T08:59:59Z","total":1}'
    page = shop.adapter().fetch_page(cursor, since, True)
    assert page.cursor and json.loads(page.cursor)["second"]
    assert shop.adapter().fetch_page(cursor, since).cursor is None


@pytest.mark.parametrize("apart", [0.005, 0.3, 60])
def test_nothing_is_skipped_when_orders_are_changed_and_placed_meanwhile(
    shop: VendureShop, apart: float
) -> None:
    """After each page the first ten that it told are changed, and an old cart is paid."""
    since = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    ids = shop.ids(350)
    shop.orders = {each: at(shop.order(each), apart * int(each)) for each in ids}
    adapter, cursor, told, paid = shop.adapter(), None, list[str](), list[str]()
    for number in range(1, 30):
        page = adapter.fetch_page(cursor, since, True)
        told += [answer.external_id for answer in page.answers]
        cursor = page.cursor
        if cursor is None:
            break
        now = apart * 400 + number
        for answer in page.answers[:10]:
            shop.orders[answer.external_id]["updatedAt"] = at({}, now)["updatedAt"]
        if number <= 5:
            paid.append(str(1000 + number))
            shop.orders[paid[-1]] = at(shop.order(paid[-1]), now) | {
                "updatedAt": "2026-11-01T09:30:00.000Z"
            }
    assert cursor is None and len(paid) == 5
    assert set(told) == {*ids, *paid}


def test_an_order_placed_at_that_very_time(shop: VendureShop) -> None:
    shop.stock("1")
    assert imported(shop, datetime(2026, 11, 2, 9, 30, tzinfo=UTC)) == ["1"]


@pytest.mark.parametrize("by_change", [False, True])
@pytest.mark.parametrize("apart", [0, 0.005, 0.3, 60])
def test_nothing_is_skipped_when_orders_vanish_and_appear(
    shop: VendureShop, by_change: bool, apart: float
) -> None:
    """Those of the first page vanish, or are changed, while the second is asked for."""
    ids = shop.ids(350)
    shop.orders = {each: at(shop.order(each), apart * int(each)) for each in ids}
    adapter = shop.adapter()
    page = adapter.fetch_page(None, None, by_change)
    told = [answer.external_id for answer in page.answers]
    if apart >= 0.3:
        for each in told[:50]:
            del shop.orders[each]
    shop.orders["351"] = at(shop.order("351"), apart * 400)
    while page.cursor:
        page = adapter.fetch_page(page.cursor, None, by_change)
        told += [answer.external_id for answer in page.answers]
    assert set(told) == {*ids, "351"}
    assert len(told) < 500


def test_the_total_is_that_of_the_whole_import(shop: VendureShop) -> None:
    shop.orders = {each: at(shop.order(each), 60 * int(each)) for each in shop.ids(250)}
    adapter = shop.adapter()
    page = adapter.fetch_page(None, None)
    assert page.total == 250
    assert page.cursor and adapter.fetch_page(page.cursor, None).total == 250


def test_a_poison_order_does_not_stop_an_import(shop: VendureShop) -> None:
    shop.stock(*shop.ids(120))
    shop.poison = {"37"}
    adapter = shop.adapter()
    page = adapter.fetch_page(None, None)
    told = {answer.external_id: type(answer.result) for answer in page.answers}
    assert len(told) == 100 and told.pop("37") is BadPayload
    assert set(told.values()) == {SourceOrder}
    assert page.cursor and len(adapter.fetch_page(page.cursor, None).answers) == 20


def test_the_next_place() -> None:
    start = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    minute = [start + timedelta(seconds=each) for each in range(60)]
    second = timedelta(seconds=1)
    assert Place().following(minute) == Place(0, minute[-1] - second)
    assert Place(0, start, 9).following([start] * 3) == Place(100, start, 9)
    assert Place(100, start).following([]) == Place(200, start)
    assert Place(100, start).following(minute[::-1]) == Place(200, start)
    assert Place(100, start).following([*minute[:2], minute[-1]]) == Place(0, minute[-1] - second)


# code lists


def test_the_code_lists(shop: VendureShop) -> None:
    assert shop.adapter().fetch_sequences() == [
        SequenceEntry(kind="status", code="order:AddingItems", name="Adding items", type="new"),
        SequenceEntry(
            kind="status", code="order:PaymentSettled", name="Payment settled", type="paid"
        ),
        SequenceEntry(kind="status", code="order:ReadyForPickup", name="Ready for pickup"),
        SequenceEntry(kind="status", code="order:Cancelled", name="Cancelled", type="cancelled"),
        SequenceEntry(kind="status", code="payment:Refunded", name="Refunded", type="returned"),
        SequenceEntry(
            kind="status", code="fulfillment:Delivered", name="Parcels delivered", type="delivered"
        ),
        SequenceEntry(
            kind="status",
            code="fulfillment:PartiallyDelivered",
            name="Parcels partially delivered",
            type="shipped",
        ),
        SequenceEntry(
            kind="status", code="fulfillment:Shipped", name="Parcels shipped", type="shipped"
        ),
        SequenceEntry(
            kind="status",
            code="fulfillment:PartiallyShipped",
            name="Parcels partially shipped",
            type="shipped",
        ),
        SequenceEntry(
            kind="status", code="fulfillment:Pending", name="Parcel pending", type="packed"
        ),
        SequenceEntry(
            kind="status", code="fulfillment:Created", name="Parcel created", type="packed"
        ),
        SequenceEntry(kind="delivery", code="packeta", name="Zásilkovna"),
        SequenceEntry(
            kind="payment",
            code="card",
            name="Kartou online",
            type="online",
            description="Visa & Mastercard",
        ),
        SequenceEntry(
            kind="payment",
            code="bank-transfer",
            name="Převodem",
            description="Not offered in the e-shop now.",
        ),
    ]
    assert len(shop.server.asked) == 2


def test_the_recorded_code_lists(shop: VendureShop, replay: Callable[[str], Reply]) -> None:
    shop.override = lambda asked: None if is_sign_in(asked) else replay("vendure/fetched_sequences")
    told = shop.adapter().fetch_sequences()
    assert [entry.kind for entry in told].count("status") == 20
    assert [(each.code, each.name) for each in told if each.kind != "status"] == [
        ("packeta", "Zásilkovna"),
        ("free", "Free"),
        ("card", "Kartou online"),
        ("later", "Dobírka"),
    ]


def test_odd_code_lists(shop: VendureShop) -> None:
    data = {"shippingMethods": {"items": 7}}
    shop.override = lambda asked: None if is_sign_in(asked) else Reply({"data": data})
    with pytest.raises(Unavailable):
        shop.adapter().fetch_sequences()


def test_no_secret_leaves_with_an_error(shop: VendureShop) -> None:
    """Whatever the e-shop says of them."""
    said = json.dumps([USERNAME, PASSWORD, TOKEN, API_KEY])
    shop.override = lambda asked: Reply({"errors": [{"message": said}], "data": None})
    for credentials in (shop.credentials, {"api_key": API_KEY}):
        with pytest.raises(ServerError) as told:
            shop.adapter(credentials=credentials).fetch_info()
        assert not any(
            secret in repr(told.value) for secret in (USERNAME, PASSWORD, TOKEN, API_KEY)
        )
