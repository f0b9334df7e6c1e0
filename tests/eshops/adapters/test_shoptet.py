"""How Shoptet is asked: which requests, how many, and what each answer is taken for."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate
from typing import Any

import pytest
from msgspec import structs

from eshops.adapters import ADAPTERS
from eshops.adapters.http import HttpClient, NotData, Response, ServerError, TooLarge, Unauthorized
from eshops.adapters.shoptet import api, pages
from eshops.adapters.shoptet.adapter import Shoptet
from eshops.source import (
    Answer,
    BadPayload,
    Connection,
    OrderNotFound,
    Refused,
    SequenceEntry,
    SourceOrder,
    Unavailable,
)
from tests.harness.web import Asked, Reply, WebServer
from tests.platforms.shop import PLACED, results
from tests.platforms.shoptet import CARD, PACKETA, ShoptetShop, failed

WHOLE = {"include": "notes,shippingDetails,paymentTransactions,surchargeParameters"}


@pytest.fixture
def shop(server: WebServer) -> ShoptetShop:
    return ShoptetShop(server)


def asked(shop: ShoptetShop) -> list[str]:
    """The paths that were asked for, with the codes in a list's question."""
    told = []
    for each in shop.server.asked:
        codes = each.query.get("orderCodes")
        told.append(each.path.removeprefix("/api/") + (f"?{codes}" if codes else ""))
    return told


def kinds(told: Mapping[str, Any]) -> dict[str, type]:
    return {external_id: type(result) for external_id, result in told.items()}


class Memory:
    """What we were told of the shop's orders, as `Connection.recall` gives it."""

    def __init__(self, shop: ShoptetShop, *ids: str) -> None:
        self.told = shop.fetch(*ids)
        self.asked: list[list[str]] = []
        shop.server.asked.clear()

    def __call__(self, external_ids: Any) -> dict[str, SourceOrder]:
        self.asked.append(list(external_ids))
        return {each: self.told[each] for each in external_ids if each in self.told}


def test_it_is_registered() -> None:
    assert ADAPTERS["shoptet"] is Shoptet
    assert Shoptet.label == "Shoptet"
    assert Shoptet.sign_ins[0].keys() == ShoptetShop.credentials.keys() == {"token"}


@pytest.mark.parametrize("pasted", ["", "https://api.myshoptet.com/", "api.myshoptet.com/api/x"])
def test_all_e_shops_share_an_address(pasted: str) -> None:
    adapter = Shoptet(Connection(base_url=pasted, credentials={}))
    assert adapter.order_url("1") == Shoptet.address == "https://api.myshoptet.com"


# orders by their codes


def test_an_order_is_read_whole(shop: ShoptetShop) -> None:
    shop.stock("2026000001")
    assert kinds(shop.fetch("2026000001")) == {"2026000001": SourceOrder}
    (one,) = shop.server.asked
    assert (one.path, one.query) == ("/api/orders/2026000001", WHOLE)


def test_a_code_is_quoted(shop: ShoptetShop) -> None:
    codes = ["2026/01", "A 1", "Č1", "a-1+b", "1?x=1#y", "100%"]
    shop.stock(*codes)
    quoted = ["2026%2F01", "A%201", "%C4%8C1", "a-1%2Bb", "1%3Fx%3D1%23y", "100%25"]
    for code in codes:
        assert kinds(shop.fetch(code)) == {code: SourceOrder}
    assert [each.target.split("?")[0] for each in shop.server.asked] == [
        f"/api/orders/{each}" for each in quoted
    ]


@pytest.mark.parametrize(
    "odd", ["", "statuses", "changes", "..", ".", "1,2", "1\n", " 1", "1 ", "\x001", "1" * 65]
)
def test_ids_that_are_none_are_not_asked_for(shop: ShoptetShop, odd: str) -> None:
    assert kinds(shop.fetch(odd)) == {odd: OrderNotFound}
    assert not shop.server.asked


def test_100_orders_that_did_not_change_are_two_requests(shop: ShoptetShop) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    memory = Memory(shop, *ids)
    before = datetime.now(UTC)
    answers = shop.adapter(recall=memory).fetch_orders(ids)
    assert results(answers) == memory.told
    assert [each.external_id for each in answers] == ids
    assert all(before <= each.sent_at <= datetime.now(UTC) for each in answers)
    assert asked(shop) == [f"orders?{','.join(ids[:50])}", f"orders?{','.join(ids[50:])}"]
    assert memory.asked == [ids]
    assert {each.query["itemsPerPage"] for each in shop.server.asked} == {"50"}


def test_only_what_changed_and_what_is_not_kept_is_read(shop: ShoptetShop) -> None:
    ids = shop.ids(6)
    shop.stock(*ids)
    memory = Memory(shop, *ids[:4])
    shop.orders[ids[1]] = shop.logical(ids[1])
    told = results(shop.adapter(recall=memory).fetch_orders(ids))
    assert asked(shop)[0] == f"orders?{','.join(ids[:4])}"
    assert sorted(asked(shop)[1:]) == [f"orders/{each}" for each in (ids[1], ids[4], ids[5])]
    assert told[ids[0]] is memory.told[ids[0]]
    assert told[ids[1]].status_code == "-2"


def test_a_click_on_one_order_reads_it_whatever_is_kept(shop: ShoptetShop) -> None:
    shop.stock("2026000001")
    memory = Memory(shop, "2026000001")
    assert results(shop.adapter(recall=memory).fetch_orders(["2026000001"])) == memory.told
    assert asked(shop) == ["orders/2026000001"] and not memory.asked


@pytest.mark.parametrize(
    ("change", "is_read"),
    [
        ({}, False),
        ({"changeTime": "2026-11-02T09:30:00+0000"}, False),  # the same time
        ({"changeTime": "2026-11-02T10:30:01+0100"}, True),
        ({"changeTime": None}, True),
        ({"changeTime": "soon"}, True),
        # a stamp that did not move with a change
        ({"status": {"id": -4, "name": "Stornována"}}, True),
        ({"paid": True}, True),
        ({"paid": False}, False),  # not known to be paid before either
        ({"price": {"toPay": "12.11"}}, True),
        ({"price": "x"}, True),
        ({"code": "2026000009"}, True),
    ],
)
def test_what_the_list_says_of_a_change(
    shop: ShoptetShop, change: dict[str, Any], is_read: bool
) -> None:
    one, two = shop.ids(2)
    shop.stock(one, two)
    memory = Memory(shop, one, two)
    head = {**shop.orders[one], **change}

    def answer(asked: Asked) -> Reply | None:
        if "orderCodes" not in asked.query:
            return None
        return shop.enveloped({"orders": [head, shop.orders[two], None, "x"]})

    shop.override = answer
    told = results(shop.adapter(recall=memory).fetch_orders([one, two]))
    assert asked(shop)[1:] == ([f"orders/{one}"] if is_read else [])
    assert told == memory.told


def test_an_order_that_was_kept_without_a_time_of_change_is_read(shop: ShoptetShop) -> None:
    one, two = shop.ids(2)
    shop.stock(one, two)
    shop.orders[one]["changeTime"] = None
    memory = Memory(shop, one, two)
    assert memory.told[one].source_modified_at is None
    shop.adapter(recall=memory).fetch_orders([one, two])
    assert asked(shop) == [f"orders?{one},{two}", f"orders/{one}"]


def test_what_the_list_leaves_out_is_asked_for_singly(shop: ShoptetShop) -> None:
    ids = shop.ids(4)
    shop.stock(*ids)
    memory = Memory(shop, *ids)
    del shop.orders[ids[0]]
    hidden = shop.orders.pop(ids[1])

    def appears(asked: Asked) -> None:
        if len(shop.server.asked) > 1:
            shop.orders[ids[1]] = hidden

    shop.override = appears
    told = shop.adapter(recall=memory).fetch_orders(ids)
    assert kinds(results(told)) == {ids[0]: OrderNotFound} | dict.fromkeys(ids[1:], SourceOrder)
    assert sorted(asked(shop)[1:]) == [f"orders/{ids[0]}", f"orders/{ids[1]}"]
    assert told[0].sent_at > told[2].sent_at  # asked for later than the list


def test_two_at_a_time(shop: ShoptetShop) -> None:
    ids = shop.ids(20)
    shop.stock(*ids)
    both = threading.Barrier(2)

    def wait(asked: Asked) -> None:
        both.wait(10)  # breaks unless a second request comes while the first one waits

    shop.override = wait
    turns: list[int] = []

    @contextmanager
    def turn() -> Iterator[None]:
        turns.append(1)
        yield
        turns.append(-1)

    adapter = shop.adapter(turn=turn)
    assert set(kinds(results(adapter.fetch_orders(ids))).values()) == {SourceOrder}
    assert turns.count(1) == turns.count(-1) == 20
    assert max(accumulate(turns)) == 2
    assert shop.server.connections == 2


# what each answer is taken for


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (failed(404, "order-not-found", "Order not found.", "2026000001"), OrderNotFound),
        (failed(404, "order-not-found", "Order not found."), OrderNotFound),
        (failed(404, "unknown-order", "Order not found.", "2026000001"), OrderNotFound),
        (failed(404, "unknown-endpoint", "No such endpoint."), Unavailable),
        (Reply({"errors": "x"}, 404), NotData),
        (Reply({"message": "not here"}, 404), NotData),
        (Reply(b"<h1>Not found</h1>", 404), NotData),
        (failed(400, "invalid-parameter", "Invalid."), Unavailable),
        (failed(409, "conflict", "Conflict."), Unavailable),
        (failed(410, "order-not-found", "Gone."), Unavailable),
        (failed(423, "locked", "Locked."), Unavailable),
        (Reply({"data": None, "errors": None}), NotData),
        (Reply({"data": {}}), NotData),
        (Reply({"data": {"order": None}}), NotData),
        (Reply({"data": {"order": []}}), NotData),
        (Reply({"data": [1]}), NotData),
        (Reply([]), NotData),
        (Reply({"data": {"order": {}}}), BadPayload),
        (Reply({"data": {"order": {"code": "x"}}}), BadPayload),
    ],
)
def test_answers_for_one_order(shop: ShoptetShop, reply: Reply, expected: type) -> None:
    shop.override = lambda asked: reply
    assert kinds(shop.fetch("2026000001")) == {"2026000001": expected}
    assert len(shop.server.asked) == 1


def test_another_order_than_was_asked_for(shop: ShoptetShop) -> None:
    shop.override = lambda asked: shop.enveloped({"order": shop.order("2026000002")})
    assert kinds(shop.fetch("2026000001")) == {"2026000001": BadPayload}


def test_an_unexpected_answer_is_named_without_its_words(shop: ShoptetShop) -> None:
    shop.override = lambda asked: failed(400, "invalid-parameter", "secret <b>words</b>")
    assert str(shop.fetch("2026000001")["2026000001"]) == (
        "127.0.0.1 gave an answer we did not expect (status 400, invalid-parameter). "
        "Try again later."
    )
    shop.override = lambda asked: failed(400, "secret <b>words</b>", "")
    assert "(status 400)" in str(shop.fetch("2026000001")["2026000001"])


def test_envelopes_without_metadata_and_without_errors(shop: ShoptetShop) -> None:
    shop.override = lambda asked: Reply({"data": {"order": shop.order("2026000001")}})
    assert kinds(shop.fetch("2026000001")) == {"2026000001": SourceOrder}


# trouble while many are asked for


def broken(shop: ShoptetShop, reply: Reply, after: int) -> None:
    """From so many requests on the shop answers with this only."""
    shop.override = lambda asked: reply if len(shop.server.asked) > after else None


@pytest.mark.parametrize(
    ("reply", "expected", "asked_for"),
    [
        (Reply(b"", 429, {"Retry-After": "60"}), Unavailable, {31, 32}),
        (failed(403, "invalid-token-no-rights", "No."), Refused, {31, 32}),
        (failed(401, "invalid-token", "No."), Unauthorized, {31, 32}),
        (Reply(b"", 429), Unavailable, {33, 34, 35}),  # three connections already
        (Reply(b"", 503), Unavailable, {33, 34, 35}),
        (Reply(b"<h1>Maintenance</h1>"), NotData, {33, 34, 35}),
    ],
    ids=["time", "right", "key", "connections", "maintenance", "page"],
)
def test_trouble_keeps_what_was_told_and_stops_asking(
    shop: ShoptetShop, reply: Reply, expected: type, asked_for: set[int]
) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    broken(shop, reply, after=30)
    told = kinds(shop.fetch(*ids))
    assert list(told) == ids
    assert list(told.values()).count(SourceOrder) == 30
    assert set(told.values()) == {SourceOrder, expected}
    assert len(shop.server.asked) in asked_for


def test_time_that_is_asked_for_is_told_of_all_that_were_not(shop: ShoptetShop) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    broken(shop, Reply(b"", 429, {"Retry-After": "60"}), after=0)
    told = shop.fetch(*ids)
    assert {each.retry_after for each in told.values()} == {timedelta(minutes=1)}
    assert len(shop.server.asked) <= 2


def test_an_outage_is_not_blamed_on_the_orders(shop: ShoptetShop) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    shop.poison = set(ids)
    assert set(kinds(shop.fetch(*ids)).values()) == {ServerError}
    assert 8 <= len(shop.server.asked) <= 9


def test_poison_orders_cost_themselves_only(shop: ShoptetShop) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    shop.poison = set(ids[10:40])
    told = kinds(shop.fetch(*ids))
    assert {each for each in ids if told[each] is BadPayload} == shop.poison
    assert len(shop.server.asked) == 100


def test_a_list_that_fails_says_nothing(shop: ShoptetShop) -> None:
    """One order may make it fail; asked for singly it costs itself only."""
    ids = shop.ids(60)
    shop.stock(*ids)
    memory = Memory(shop, *ids)
    shop.poison = {ids[3]}
    told = kinds(results(shop.adapter(recall=memory).fetch_orders(ids)))
    assert [each for each in ids if told[each] is not SourceOrder] == [ids[3]]
    assert told[ids[3]] is BadPayload
    assert len(shop.server.asked) == 2 + 50


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(b"", 429, {"Retry-After": "60"}), Unavailable),
        (Reply(b"", 503), Unavailable),
        (failed(401, "invalid-token", "No."), Refused),
        (Reply({"data": {"orders": None}}), NotData),
        (Reply({"data": {"orders": "x"}}), NotData),
    ],
)
def test_trouble_with_the_list_is_raised(shop: ShoptetShop, reply: Reply, expected: type) -> None:
    ids = shop.ids(60)
    shop.stock(*ids)
    memory = Memory(shop, *ids)
    broken(shop, reply, after=0)
    with pytest.raises(expected):
        shop.adapter(recall=memory).fetch_orders(ids)
    assert len(shop.server.asked) == 1


def test_an_order_that_is_too_large(shop: ShoptetShop, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = shop.ids(2)
    shop.stock(one, two)
    shop.orders[two]["notes"]["eshopRemark"] = "x" * 20_000
    monkeypatch.setattr(api, "HttpClient", partial(HttpClient, max_bytes=10_000))
    assert kinds(shop.fetch(one, two)) == {one: SourceOrder, two: TooLarge}


# the bucket


@pytest.mark.parametrize(
    ("filling", "pause"),
    [
        ("4/200", 0),
        ("150/200", 0),
        ("151/200", 0.1),
        ("200/200", 5),
        (" 180 / 200 ", 3),
        ("999999/200", 5),
        ("x", 0),
        ("", 0),
        ("-5/200", 0),
    ],
)
def test_it_waits_while_the_bucket_is_full(
    monkeypatch: pytest.MonkeyPatch, filling: str, pause: float
) -> None:
    clock, slept = [100.0], list[float]()
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", slept.append)
    bucket = api.Bucket()
    bucket.wait()
    bucket.heed({"X-RateLimit-Bucket-Filling": filling} if filling else {})
    bucket.wait()
    assert slept == ([pytest.approx(pause)] if pause else [])
    clock[0] += pause
    bucket.wait()
    assert len(slept) == bool(pause)


def test_each_answer_tells_how_full_the_bucket_is(
    shop: ShoptetShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(api.time, "sleep", slept.append)
    shop.stock(*shop.ids(3))
    shop.filling = 190
    adapter = shop.adapter()
    adapter.fetch_orders(shop.ids(1))
    assert slept == []
    adapter.fetch_sequences()
    assert len(slept) == 3 and all(3 < pause <= 4 for pause in slept)


# trouble of every kind


ASKS: dict[str, Callable[[Shoptet], Any]] = {
    "info": lambda adapter: adapter.fetch_info(),
    "page": lambda adapter: adapter.fetch_page(None, None),
    "sequences": lambda adapter: adapter.fetch_sequences(),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"<h1>Not found</h1>", 404, NotData),
        ({"errors": [{"errorCode": "invalid-parameter"}]}, 400, Unavailable),
        ({"errors": [{"errorCode": "x", "instance": None}, None]}, 404, Unavailable),
        ([], 200, NotData),
        ({}, 200, NotData),
        (b"null", 200, NotData),
        ({"data": None}, 200, NotData),
        ({"data": {}}, 200, NotData),
        ({"data": {"orders": "x", "statuses": 7}}, 200, NotData),
        ({"data": {"orders": [], "statuses": []}}, 400, Unavailable),
    ],
)
def test_odd_answers(
    shop: ShoptetShop, ask: Callable[[Any], Any], body: Any, status: int, kind: type
) -> None:
    shop.override = lambda asked: Reply(body, status)
    with pytest.raises(Unavailable) as raised:
        ask(shop.adapter())
    assert type(raised.value) is kind
    assert ("https://api.myshoptet.com" in str(raised.value)) is (kind is NotData)
    assert len(shop.server.asked) == 1


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_a_wrong_token(shop: ShoptetShop, ask: Callable[[Any], Any]) -> None:
    adapter = shop.adapter(credentials={"token": "wrong-č"})
    with pytest.raises(Unauthorized, match="does not let us in \\(401\\)"):
        ask(adapter)
    assert len(shop.server.asked) == 1


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_an_answer_that_is_too_large(
    shop: ShoptetShop, ask: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "HttpClient", partial(HttpClient, max_bytes=10))
    with pytest.raises(Unavailable, match="larger than"):
        ask(shop.adapter())


# connection


def test_info(shop: ShoptetShop) -> None:
    shop.stock(*shop.ids(3))
    info = shop.adapter().fetch_info()
    assert (info.name, info.timezone) == ("Káva", "Europe/Bratislava")
    assert info.learned == {
        "orders": "https://www.kava.test/admin/prehled-objednavek",
        "search": "https://www.kava.test/admin/vyhledavani/",
    }
    assert [(each.path, each.query) for each in shop.server.asked] == [
        ("/api/orders", {"itemsPerPage": "1", "page": "1"}),
        ("/api/eshop", {}),
    ]


@pytest.mark.parametrize(
    ("data", "name", "timezone", "url"),
    [
        (
            {"contactInformation": {"eshopName": "K", "url": "https://k.sk/"}},
            "K",
            "Europe/Prague",
            "https://k.sk/",
        ),
        (
            {
                "contactInformation": {"url": "https://k.sk"},
                "settings": {"timezone": "Mars/Base", "internals": "sk"},
            },
            "",
            "Europe/Prague",
            "https://k.sk/admin/vyhladavanie/?string=A%20%261&src=orders",
        ),
        (
            {
                "settings": {"timezone": "Europe/Budapest", "internals": "hu"},
                "urls": [{"ident": "admin-orders-list", "url": "https://k.hu/admin/x"}],
            },
            "",
            "Europe/Budapest",
            "https://k.hu/admin/x",
        ),
        (
            {"urls": [{"ident": "admin-orders-list", "url": "javascript:alert(1)"}]},
            "",
            "Europe/Prague",
            None,
        ),
        ({"settings": "x"}, "", "Europe/Prague", None),
        ({"settings": {"timezone": ["x"]}}, "", "Europe/Prague", None),
    ],
)
def test_info_and_the_link_to_an_order(
    shop: ShoptetShop, data: Any, name: str, timezone: str, url: str | None
) -> None:
    shop.override = lambda asked: shop.enveloped(data) if asked.path == "/api/eshop" else None
    info = shop.adapter().fetch_info()
    assert (info.name, info.timezone) == (name, timezone)
    link = shop.adapter(learned=info.learned).order_url("A &1")
    assert link == (shop.server.url if url is None else url)


def test_info_of_a_token_that_may_read_orders_only(shop: ShoptetShop) -> None:
    shop.override = lambda asked: shop.refusals()["right"] if asked.path == "/api/eshop" else None
    info = shop.adapter().fetch_info()
    assert (info.name, info.timezone, info.learned) == ("", "Europe/Prague", {})


def test_info_of_a_token_that_may_not_read_orders(shop: ShoptetShop) -> None:
    shop.override = lambda asked: shop.refusals()["right"] if asked.path == "/api/orders" else None
    with pytest.raises(Refused, match="403"):
        shop.adapter().fetch_info()


# code lists


def test_sequences(shop: ShoptetShop) -> None:
    assert shop.adapter().fetch_sequences() == [
        SequenceEntry(kind="status", code="-1", name="Nevyřízená", type="new", color="#cc0000"),
        SequenceEntry(kind="status", code="-2", name="Vyřizuje se", type="new"),
        SequenceEntry(
            kind="status", code="26", name="Balí se", description="Marks the order as paid."
        ),
        SequenceEntry(
            kind="payment", code=str(CARD["guid"]), name="Kartou online", description="GoPay"
        ),
        SequenceEntry(
            kind="delivery",
            code=str(PACKETA["guid"]),
            name="Zásilkovna",
            description="Not offered in the e-shop now.",
        ),
    ]
    assert asked(shop) == ["orders/statuses", "payment-methods", "shipping-methods"]


@pytest.mark.parametrize(
    ("path", "row", "expected"),
    [
        ("orders/statuses", {"id": -3, "name": "Vyřízeno"}, ("-3", "Vyřízeno", "delivered", "")),
        ("orders/statuses", {"id": -4}, ("-4", "-4", "cancelled", "")),
        ("orders/statuses", {"id": 5, "system": True}, ("5", "5", "", "")),
        ("payment-methods", {"guid": "g", "paymentType": None}, ("g", "g", "", "")),
        ("payment-methods", {"guid": "g", "visible": True}, ("g", "g", "", "")),
        (
            "shipping-methods",
            {"guid": "g", "name": "U", "shippingCompany": {"code": "ulozenka", "name": "Uloženka"}},
            ("g", "U", "pickup_point", "Uloženka"),
        ),
        ("shipping-methods", {"guid": "g", "shippingCompany": None}, ("g", "g", "", "")),
    ],
)
def test_entries_and_odd_ones(
    shop: ShoptetShop, path: str, row: dict[str, Any], expected: tuple[str, ...]
) -> None:
    key = {"orders/statuses": "statuses", "payment-methods": "paymentMethods"}.get(
        path, "shippingMethods"
    )
    odd: list[Any] = [None, "x", {}, {"id": None, "guid": None}, {"id": [], "guid": []}]
    shop.override = lambda asked: (
        shop.enveloped({key: [*odd, row]}) if asked.path == f"/api/{path}" else None
    )
    kind = {"statuses": "status", "paymentMethods": "payment"}.get(key, "delivery")
    told = [each for each in shop.adapter().fetch_sequences() if each.kind == kind]
    assert [(e.code, e.name, e.type, e.description) for e in told] == [expected]


# imports


def stock(shop: ShoptetShop, *ids: str) -> None:
    """Orders that were placed, and changed, ten seconds after each other."""
    shop.stock(*ids)
    for position, each in enumerate(ids):
        at(shop, each, PLACED + timedelta(seconds=10 * position))


def at(shop: ShoptetShop, external_id: str, moment: datetime) -> None:
    written = moment.strftime("%Y-%m-%dT%H:%M:%S%z")
    shop.orders[external_id] |= {"creationTime": written, "changeTime": written}


def imported(
    shop: ShoptetShop,
    since: datetime | None = None,
    by_change: bool = False,
    between: Callable[[int], None] = lambda page: None,
    **how: Any,
) -> list[Answer]:
    told: list[Answer] = []
    cursor = None
    for number in range(1, 30):
        page = shop.adapter(**how).fetch_page(cursor, since, by_change)
        told += page.answers
        between(number)
        cursor = page.cursor
        if cursor is None:
            return told
    raise AssertionError("The import does not end.")


def lists(shop: ShoptetShop) -> list[dict[str, str]]:
    return [each.query for each in shop.server.asked if each.path == "/api/orders"]


def test_one_page_is_one_list(shop: ShoptetShop) -> None:
    shop.stock(*shop.ids(50))
    page = shop.adapter().fetch_page(None, None)
    assert (page.total, page.cursor, len(page.answers)) == (50, None, 50)
    assert lists(shop) == [{"itemsPerPage": "50", "page": "1"}]
    assert len(shop.server.asked) == 51


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("by_change", [False, True])
def test_an_import_is_of_a_window_of_time(
    shop: ShoptetShop, monkeypatch: pytest.MonkeyPatch, by_change: bool, newest_first: bool
) -> None:
    ids = shop.ids(120)
    stock(shop, *ids)
    shop.newest_first = newest_first
    now = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    monkeypatch.setattr(pages, "server_time", lambda response: now)
    told = [each.external_id for each in imported(shop, PLACED, by_change)]
    assert sorted(told) == ids
    key = "changeTime" if by_change else "creationTime"
    size, since = {"itemsPerPage": "50"}, {f"{key}From": "2026-11-02T09:29:59+0000"}
    until = {f"{key}To": "2026-11-20T08:00:01+0000"}
    assert lists(shop) == [
        size | since | {"page": "1"},
        size | since | until | {"page": "2"},
        size | since | until | {"page": "3"},
        size | {f"{key}From": "2026-11-20T07:59:49+0000", "page": "1"},
    ]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Fri, 20 Nov 2026 08:00:00 GMT", datetime(2026, 11, 20, 8, 0, tzinfo=UTC)),
        ("soon", None),
        ("", None),
    ],
)
def test_the_e_shop_s_clock_counts(date: str, expected: datetime | None) -> None:
    sent_at = datetime(2026, 11, 25, tzinfo=UTC)
    response = Response(200, {"Date": date} if date else {}, None, sent_at)
    assert pages.server_time(response) == (expected or sent_at)


@pytest.mark.parametrize("newest_first", [True, False])
def test_an_import_by_a_clock_that_is_far_behind(
    shop: ShoptetShop, monkeypatch: pytest.MonkeyPatch, newest_first: bool
) -> None:
    ids = shop.ids(170)
    stock(shop, *ids)
    shop.newest_first = newest_first
    clock = PLACED - timedelta(days=1)
    monkeypatch.setattr(pages, "server_time", lambda response: clock)
    assert {each.external_id for each in imported(shop)} == set(ids)
    for each in ids:
        at(shop, each, PLACED)  # more than a page in one second
    assert {each.external_id for each in imported(shop)} == set(ids)


def test_the_total_is_that_of_the_whole_import(shop: ShoptetShop) -> None:
    shop.stock(*shop.ids(60))
    adapter = shop.adapter()
    first = adapter.fetch_page(None, None)
    second = adapter.fetch_page(first.cursor, None)
    third = adapter.fetch_page(second.cursor, None)
    assert (first.total, second.total, third.total, third.cursor) == (60, 60, 60, None)


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize(
    ("by_change", "sorts_by_change"), [(False, False), (True, False), (True, True)]
)
@pytest.mark.parametrize("trouble", ["appear", "change", "vanish", "all"])
def test_nothing_is_skipped_while_orders_come_change_and_go(
    shop: ShoptetShop,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
    by_change: bool,
    sorts_by_change: bool,
    newest_first: bool,
) -> None:
    """With numbered pages orders move to pages that were told already."""
    ids = shop.ids(210)
    here, new, going = ids[:170], ids[170:], set(ids[0:170:4])
    stock(shop, *here)
    shop.newest_first, shop.sorts_by_change = newest_first, sorts_by_change
    clock = PLACED + timedelta(days=2)
    monkeypatch.setattr(pages, "server_time", lambda response: clock)

    def between(page: int) -> None:
        nonlocal clock
        clock += timedelta(minutes=1)
        if page > 4:
            return
        if trouble in ("appear", "all"):
            for each in new[10 * page - 10 : 10 * page]:
                shop.stock(each)
                at(shop, each, clock)
        if trouble in ("change", "all"):
            for each in here[30 * page + 1 : 30 * page + 20]:
                if each in shop.orders:
                    shop.orders[each]["changeTime"] = clock.strftime("%Y-%m-%dT%H:%M:%S%z")
        if trouble in ("vanish", "all"):
            for each in sorted(going)[10 * page - 10 : 10 * page]:
                shop.orders.pop(each, None)

    told = {each.external_id for each in imported(shop, None, by_change, between)}
    assert told >= set(shop.orders)
    assert len(lists(shop)) < 25


def test_an_import_reads_only_what_changed(shop: ShoptetShop) -> None:
    ids = shop.ids(30)
    shop.stock(*ids)
    memory = Memory(shop, *ids[:20])
    told = imported(shop, recall=memory)
    assert {each.external_id for each in told} == set(ids)
    assert sorted(asked(shop)[1:]) == [f"orders/{each}" for each in ids[20:]]


def test_an_order_without_a_code(shop: ShoptetShop) -> None:
    shop.stock("2026000001")

    def answer(asked: Asked) -> Reply | None:
        rows = [{"code": None}, {"code": "2026000001"}, None, {"code": "x"}]
        return shop.enveloped({"orders": rows}) if asked.path == "/api/orders" else None

    shop.override = answer
    page = shop.adapter().fetch_page(None, None)
    assert [(each.external_id, type(each.result)) for each in page.answers] == [
        ("", BadPayload),
        ("2026000001", SourceOrder),
        ("", BadPayload),
        ("", BadPayload),
    ]
    assert (page.cursor, page.total) == (None, None)


def test_an_import_without_the_number_of_pages(shop: ShoptetShop) -> None:
    ids = shop.ids(120)
    stock(shop, *ids)

    def uncounted(asked: Asked) -> Reply | None:
        if asked.path != "/api/orders":
            return None
        body = shop.answer(asked).body
        return shop.enveloped({"orders": body["data"]["orders"], "paginator": "x"})

    shop.override = uncounted
    assert sorted(each.external_id for each in imported(shop)) == ids


def test_a_page_that_could_not_be_read_whole_is_asked_for_again(shop: ShoptetShop) -> None:
    shop.stock(*shop.ids(20))
    broken(shop, Reply(b"", 429, {"Retry-After": "60"}), after=10)
    with pytest.raises(Unavailable) as raised:
        shop.adapter().fetch_page(None, None)
    assert raised.value.retry_after == timedelta(minutes=1)
    broken(shop, failed(403, "invalid-token-no-rights", "No."), after=len(shop.server.asked) + 5)
    with pytest.raises(Refused):
        shop.adapter().fetch_page(None, None)


def test_poison_orders_do_not_stop_an_import(shop: ShoptetShop) -> None:
    ids = shop.ids(20)
    shop.stock(*ids)

    def poisoned(asked: Asked) -> Reply | None:
        return Reply(b"", 500) if asked.path == f"/api/orders/{ids[3]}" else None

    shop.override = poisoned
    told = kinds(results(imported(shop)))
    assert told == dict.fromkeys(ids, SourceOrder) | {ids[3]: BadPayload}


def test_an_order_that_is_gone_when_it_is_read(shop: ShoptetShop) -> None:
    ids = shop.ids(3)
    shop.stock(*ids)

    def deleted(asked: Asked) -> None:
        if asked.path != "/api/orders":
            shop.orders.pop(ids[1], None)

    shop.override = deleted
    told = kinds(results(imported(shop)))
    assert told == {ids[0]: SourceOrder, ids[2]: SourceOrder}


def test_what_is_kept_is_told_again_as_it_was(shop: ShoptetShop) -> None:
    """Though the e-shop's time zone has been corrected meanwhile: times have their offset."""
    one, two = shop.ids(2)
    shop.stock(one, two)
    memory = Memory(shop, one, two)
    memory.told[one] = structs.replace(memory.told[one], customer_note="kept")
    told = results(shop.adapter(recall=memory, timezone="Asia/Tokyo").fetch_orders([one, two]))
    assert told[one].customer_note == "kept" and told == memory.told
