"""How Upgates is asked: which requests, how many, and what each answer is taken for."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from eshops.adapters import ADAPTERS
from eshops.adapters.address import EVERYTHING, base_address
from eshops.adapters.http import HttpClient, NotData, ServerError, TooLarge, Unauthorized
from eshops.adapters.upgates import adapter as upgates
from eshops.adapters.upgates.adapter import Upgates
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
from tests.platforms.upgates import UpgatesShop, paging

NEW_ADDRESS = {"api_url": "https://shop.admin.s25.upgates.com/api/v2"}


@pytest.fixture
def shop(server: WebServer) -> UpgatesShop:
    return UpgatesShop(server)


def queries(shop: UpgatesShop) -> list[dict[str, str]]:
    return [asked.query for asked in shop.server.asked]


def kinds(told: Mapping[str, Any]) -> dict[str, type]:
    return {external_id: type(result) for external_id, result in told.items()}


def test_it_is_registered() -> None:
    assert ADAPTERS["upgates"] is Upgates
    assert Upgates.label == "Upgates"
    assert Upgates.sign_ins[0].keys() == UpgatesShop.credentials.keys()


@pytest.mark.parametrize(
    ("pasted", "address"),
    [
        (" https://kava.admin.s24.upgates.com/ ", "https://kava.admin.s24.upgates.com"),
        ("https://kava.admin.s24.upgates.com/api/v2", "https://kava.admin.s24.upgates.com"),
        ("https://kava.admin.s24.upgates.com/api/v2/", "https://kava.admin.s24.upgates.com"),
        (
            "https://kava.admin.s24.upgates.com/orders/edit-order/default/1?x=1#y",
            "https://kava.admin.s24.upgates.com",
        ),
        ("kava.admin.s24.upgates.com/api/v2", "https://kava.admin.s24.upgates.com"),
        ("http://login:key@127.0.0.1:8000/manager", "http://127.0.0.1:8000"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_addresses_as_staff_paste_them(pasted: str, address: str) -> None:
    assert base_address(pasted, EVERYTHING) == address


def test_order_url() -> None:
    adapter = Upgates(
        Connection(base_url="https://kava.admin.s24.upgates.com/api/v2", credentials={})
    )
    assert adapter.order_url("O1") == "https://kava.admin.s24.upgates.com/orders"


# orders by their numbers


def test_100_orders_are_one_request(shop: UpgatesShop) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    told = shop.fetch(*reversed(ids))
    assert list(told) == ids[::-1]
    assert set(kinds(told).values()) == {SourceOrder}
    assert queries(shop) == [{"order_numbers": ";".join(reversed(ids)), "page": "1"}]


def test_ids_that_are_none_are_not_sent(shop: UpgatesShop) -> None:
    told = shop.fetch("", " ", "1;2", ";", "1\n", " 1", "x" * 192)
    assert set(kinds(told).values()) == {OrderNotFound} and len(told) == 7
    assert not shop.server.asked


def test_absent_orders_are_asked_for_once_more_all_together(shop: UpgatesShop) -> None:
    ids = shop.ids(100)
    shop.stock(*ids[:40])
    answers = shop.adapter().fetch_orders(ids)
    assert [type(each.result) for each in answers] == [SourceOrder] * 40 + [OrderNotFound] * 60
    assert answers[0].sent_at < answers[40].sent_at == answers[99].sent_at < datetime.now(UTC)
    assert queries(shop) == [
        {"order_numbers": ";".join(ids), "page": "1"},
        {"order_numbers": ";".join(ids[40:]), "page": "1"},
    ]


def test_what_comes_only_when_asked_again_is_there(shop: UpgatesShop) -> None:
    one, two = shop.ids(2)
    shop.stock(one, two)
    late = shop.orders.pop(two)

    def appears(asked: Asked) -> None:
        if len(shop.server.asked) == 2:
            shop.orders[two] = late

    shop.override = appears
    assert kinds(shop.fetch(one, two)) == {one: SourceOrder, two: SourceOrder}


def test_a_filter_that_takes_fewer_numbers_than_it_is_given(shop: UpgatesShop) -> None:
    """None is documented. Orders must not be taken for deleted should there be one."""
    ids = shop.ids(7)
    shop.stock(*ids)

    def takes_three(asked: Asked) -> Reply:
        asked_for = asked.query["order_numbers"].split(";")[:3]
        told = [shop.orders[each] for each in asked_for]
        return Reply({**paging(told, told, 1), "orders": told})

    shop.override = takes_three
    assert set(kinds(shop.fetch(*ids)).values()) == {SourceOrder}
    assert len(shop.server.asked) == 3


def listed(orders: list[Any], **changes: Any) -> Callable[[Asked], Reply]:
    """An answer with these orders, whatever was asked for."""
    return lambda asked: Reply({**paging(orders, orders, 1), "orders": orders, **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, OrderNotFound),
        ({"number_of_items": 2}, Unavailable),
        ({"number_of_items": None}, Unavailable),
        ({"number_of_items": "x"}, Unavailable),
        ({"number_of_pages": None}, OrderNotFound),
    ],
)
def test_only_a_complete_answer_says_what_is_not_there(
    shop: UpgatesShop, changes: dict[str, Any], expected: type
) -> None:
    one, two = shop.ids(2)
    full = listed([shop.order(one)], **changes)
    empty = listed([], **({} if expected is OrderNotFound else changes))
    shop.override = lambda asked: (full if one in asked.query["order_numbers"] else empty)(asked)
    assert kinds(shop.fetch(one, two)) == {one: SourceOrder, two: expected}
    assert len(shop.server.asked) == 2


def test_an_order_told_in_another_spelling_is_not_taken_for_deleted(shop: UpgatesShop) -> None:
    shop.override = listed([shop.order("O2500001")])
    assert kinds(shop.fetch("o2500001")) == {"o2500001": BadPayload}
    shop.override = listed([shop.order("O2500001") | {"order_number": None}])
    assert kinds(shop.fetch("O2500001")) == {"O2500001": BadPayload}


def test_a_filter_that_is_not_heeded_is_not_followed_through_the_shop(shop: UpgatesShop) -> None:
    ids = shop.ids(300)
    orders = [shop.order(each) for each in ids[:100]]
    shop.override = listed(orders, number_of_items=12_345, number_of_pages=124)
    assert kinds(shop.fetch(ids[3], ids[200])) == {ids[3]: SourceOrder, ids[200]: BadPayload}
    assert len(shop.server.asked) == 2


def test_an_answer_in_several_pages(shop: UpgatesShop) -> None:
    ids = shop.ids(5)

    def pages_of_two(asked: Asked) -> Reply:
        page = int(asked.query["page"])
        told = [shop.order(each) for each in ids[2 * page - 2 : 2 * page]]
        return Reply({"number_of_pages": 3, "number_of_items": 5, "orders": told})

    shop.override = pages_of_two
    assert set(kinds(shop.fetch(*ids)).values()) == {SourceOrder}
    assert [query["page"] for query in queries(shop)] == ["1", "2", "3"]


def test_orders_written_as_an_object(shop: UpgatesShop) -> None:
    (first,) = shop.ids(1)
    body = {"number_of_pages": 1, "number_of_items": 1, "orders": {"1": shop.order(first)}}
    shop.override = lambda asked: Reply(body)
    assert kinds(shop.fetch(first)) == {first: SourceOrder}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(b"", 429, {"Retry-After": "600"}), Unavailable),
        (Reply(b"", 500), ServerError),
        (Reply(b"<html>", 200), NotData),
        (Reply({"message": "no"}, 403), Refused),
        (Reply(NEW_ADDRESS, 301), Refused),
    ],
    ids=["quota", "failure", "page", "right", "moved"],
)
def test_trouble_while_asking_again_keeps_what_was_told(
    shop: UpgatesShop, reply: Reply, expected: type
) -> None:
    one, two, three = shop.ids(3)
    shop.stock(one)
    shop.override = lambda asked: reply if len(shop.server.asked) == 2 else None
    told = shop.fetch(one, two, three)
    assert kinds(told) == {one: SourceOrder, two: expected, three: expected}
    assert len(shop.server.asked) == 2
    if reply.status == 429:
        assert told[two].retry_after == told[three].retry_after == timedelta(minutes=10)


def test_a_poison_order_costs_itself_only(shop: UpgatesShop) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    shop.poison = {ids[36]}
    told = kinds(shop.fetch(*ids))
    assert [each for each in ids if told[each] is not SourceOrder] == [ids[36]]
    assert told[ids[36]] is BadPayload
    assert len(shop.server.asked) <= 15


def test_an_outage_is_raised(shop: UpgatesShop) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    shop.poison = set(ids)
    with pytest.raises(ServerError):
        shop.fetch(*ids)
    assert len(shop.server.asked) == 8


# trouble


ASKS: dict[str, Callable[[Upgates], Any]] = {
    "info": lambda adapter: adapter.fetch_info(),
    "orders": lambda adapter: adapter.fetch_orders(["O1", "O2"]),
    "page": lambda adapter: adapter.fetch_page(None, None),
    "sequences": lambda adapter: adapter.fetch_sequences(),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_a_wrong_key_is_tried_once(shop: UpgatesShop, ask: Callable[[Any], Any]) -> None:
    """After five wrong sign-ins Upgates locks our address out of all its e-shops."""
    shop.stock(*shop.ids(3))
    adapter = shop.adapter(credentials={"login": "12345678", "api_key": "wrong"})
    with pytest.raises(Unauthorized, match="does not let us in \\(401\\)"):
        ask(adapter)
    assert len(shop.server.asked) == 1


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_an_e_shop_that_moved(shop: UpgatesShop, ask: Callable[[Any], Any]) -> None:
    shop.override = lambda asked: Reply(NEW_ADDRESS, 301)
    with pytest.raises(Refused) as raised:
        ask(shop.adapter())
    assert str(raised.value) == (
        "127.0.0.1 redirects to https://shop.admin.s25.upgates.com. Correct the e-shop's address."
    )
    assert len(shop.server.asked) == 1


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<h1>Not found</h1>", 404),
        ({"messages": [{"message": "x<y"}]}, 400),
        ([], 400),
        ([], 200),
        ({}, 200),
        (b"null", 200),
        ({"orders": None, "order_statuses": None}, 200),
        ({"orders": [], "order_statuses": []}, 405),
        ({"orders": "x", "order_statuses": 7}, 200),
    ],
)
def test_odd_answers_mark_nothing(
    shop: UpgatesShop, ask: Callable[[Any], Any], body: Any, status: int
) -> None:
    shop.override = lambda asked: Reply(body, status)
    with pytest.raises(Unavailable) as raised:
        ask(shop.adapter())
    assert "<" not in str(raised.value)
    assert ("Doplňky → API" in str(raised.value)) is (status in (200, 404))
    assert len(shop.server.asked) == 1


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_an_answer_that_is_too_large(
    shop: UpgatesShop, ask: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.stock("O1", "O2")
    monkeypatch.setattr(upgates, "HttpClient", partial(HttpClient, max_bytes=10))
    adapter = shop.adapter()
    if ask is ASKS["orders"]:
        assert {type(each.result) for each in ask(adapter)} == {TooLarge}
    else:
        with pytest.raises(Unavailable, match="larger than"):
            ask(adapter)


# connection


def test_info_proves_access_with_little(shop: UpgatesShop) -> None:
    shop.stock(*shop.ids(200))
    before = datetime.now(UTC)
    info = shop.adapter().fetch_info()
    assert (info.name, info.timezone, info.learned) == (
        "kava.test",
        "Europe/Prague",
        {"language": "cs"},
    )
    orders, languages = shop.server.asked
    assert (orders.path, languages.path) == ("/api/v2/orders", "/api/v2/languages")
    since = datetime.fromisoformat(orders.query["creation_time_from"])
    assert timedelta(0) <= since - before.replace(microsecond=0) < timedelta(minutes=1)
    assert since.utcoffset()


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        (Reply({"message": "no"}, 403), ""),
        (Reply({"languages": []}), ""),
        (Reply({"languages": [None, {"default_yn": True, "domain": ["odd"]}]}), ""),
        (Reply({"languages": [{"default_yn": 1, "domain": "kava.sk"}]}), "kava.sk"),
    ],
)
def test_info_without_the_languages(shop: UpgatesShop, reply: Reply, name: str) -> None:
    shop.override = lambda asked: reply if asked.path.endswith("languages") else None
    info = shop.adapter().fetch_info()
    assert (info.name, info.timezone, info.learned) == (name, "Europe/Prague", {"language": ""})


# code lists


def test_sequences(shop: UpgatesShop) -> None:
    entries = shop.adapter(learned={"language": "cs"}).fetch_sequences()
    assert entries == [
        SequenceEntry(kind="status", code="1", name="Přijatá", type="new", color="#ffcc00"),
        SequenceEntry(
            kind="status",
            code="23",
            name="Připraveno k odeslání",
            description="Marks the order as paid.",
            color="#00cc00",
        ),
        SequenceEntry(kind="payment", code="3", name="Kartou online", type="online"),
        SequenceEntry(
            kind="delivery",
            code="5",
            name="Zásilkovna",
            type="pickup_point",
            description="Not offered in the e-shop now.",
        ),
    ]
    assert [asked.path.removeprefix("/api/v2/") for asked in shop.server.asked] == [
        "order-statuses",
        "payments",
        "shipments",
    ]


@pytest.mark.parametrize(
    ("language", "name"), [("sk", "Pripravené"), ("", "Pripravené"), ("hu", "Pripravené")]
)
def test_names_in_the_main_language_or_the_first(
    shop: UpgatesShop, language: str, name: str
) -> None:
    entries = shop.adapter(learned={"language": language}).fetch_sequences()
    assert [entry.name for entry in entries if entry.code == "23"] == [name]


@pytest.mark.parametrize(
    ("kind", "row", "expected"),
    [
        ("order-statuses", {"type": "Sent"}, "shipped"),
        ("order-statuses", {"type": "PaymentSuccessful"}, "paid"),
        ("order-statuses", {"type": "PaymentFailed"}, "new"),
        ("order-statuses", {"type": "Canceled"}, "cancelled"),
        ("order-statuses", {"type": "HomecreditReadyToShip"}, "packed"),
        ("order-statuses", {"type": "Custom", "mark_paid_yn": True}, ""),
        ("order-statuses", {"type": None}, ""),
        ("payments", {"type": "cashOnDelivery"}, "cash_on_delivery"),
        ("payments", {"type": "command"}, "transfer"),
        ("payments", {"type": "comgate"}, "online"),
        ("payments", {"type": "custom"}, ""),
        ("payments", {"type": None}, ""),
        ("shipments", {"type": "ppl", "affiliates": None}, "courier"),
        ("shipments", {"type": "ppl", "affiliates": ["parcelShop"]}, "pickup_point"),
        ("shipments", {"type": "ceskaPosta"}, "post"),
        ("shipments", {"type": "custom", "affiliates": ["custom"]}, ""),
        ("shipments", {"type": "depo"}, "pickup_point"),
    ],
)
def test_types(shop: UpgatesShop, kind: str, row: dict[str, Any], expected: str) -> None:
    key = kind.replace("-", "_")
    odd: list[Any] = [None, "x", {}, {"id": None}, {"id": []}, {"id": 8, "descriptions": "x"}]
    shop.override = lambda asked: (
        Reply({key: [*odd, {"id": 9} | row]}) if asked.path.endswith(kind) else None
    )
    kept = [
        entry
        for entry in shop.adapter().fetch_sequences()
        if entry.kind == {"o": "status", "p": "payment", "s": "delivery"}[kind[0]]
    ]
    assert [(entry.code, entry.name, entry.type) for entry in kept] == [("9", "9", expected)]


def test_code_lists_of_several_pages(shop: UpgatesShop) -> None:
    def answer(asked: Asked) -> Reply | None:
        if not asked.path.endswith("payments"):
            return None
        page = int(asked.query.get("page", 1))
        rows = [{"id": str(page)}] if page < 3 else []
        return Reply({"number_of_pages": 9, "payments": rows})

    shop.override = answer
    entries = shop.adapter().fetch_sequences()
    assert [entry.code for entry in entries if entry.kind == "payment"] == ["1", "2"]
    assert len(shop.server.asked) == 5


# imports


PLACED = datetime(2025, 5, 27, 7, 0, tzinfo=UTC)


def stock(shop: UpgatesShop, *ids: str, step: float = 10) -> None:
    """Orders that were placed, and changed, so many seconds after each other."""
    shop.stock(*ids)
    for position, each in enumerate(ids):
        at(shop, each, PLACED + timedelta(seconds=position * step))


def at(shop: UpgatesShop, external_id: str, moment: datetime) -> None:
    written = moment.replace(microsecond=0).isoformat()
    shop.orders[external_id] |= {"creation_time": written, "last_update_time": written}


def imported(
    shop: UpgatesShop,
    since: datetime | None = None,
    by_change: bool = False,
    between: Callable[[int], None] = lambda page: None,
) -> list[Answer]:
    told: list[Answer] = []
    cursor = None
    for number in range(1, 30):
        page = shop.adapter().fetch_page(cursor, since, by_change)
        told += page.answers
        between(number)
        cursor = page.cursor
        if cursor is None:
            return told
    raise AssertionError("The import does not end.")


def numbers(answers: list[Answer]) -> list[str]:
    return [answer.external_id for answer in answers]


@pytest.mark.parametrize("by_change", [False, True])
def test_an_import_goes_on_from_the_time_of_the_last_order(
    shop: UpgatesShop, by_change: bool
) -> None:
    ids = shop.ids(250)
    stock(shop, *ids)
    since = PLACED - timedelta(days=1)
    told = numbers(imported(shop, since, by_change))
    # the filter may leave out the time itself, so the last order of each page is told again
    assert told == ids[:100] + ids[99:199] + ids[198:]
    key = "last_update_time" if by_change else "creation_time"
    common = {"order_by": key, "order_dir": "asc", "page": "1"}
    assert queries(shop) == [
        common | {f"{key}_from": "2025-05-26T09:00:00+02:00"},
        common | {f"{key}_from": "2025-05-27T09:16:29+02:00"},
        common | {f"{key}_from": "2025-05-27T09:32:59+02:00"},
    ]


def test_the_first_import_has_no_beginning(shop: UpgatesShop) -> None:
    shop.stock(*shop.ids(3))
    page = shop.adapter().fetch_page(None, None)
    assert (page.total, page.cursor, len(page.answers)) == (3, None, 3)
    assert queries(shop) == [{"order_by": "creation_time", "order_dir": "asc", "page": "1"}]


def test_the_total_is_that_of_the_whole_import(shop: UpgatesShop) -> None:
    stock(shop, *shop.ids(250))
    adapter = shop.adapter()
    first = adapter.fetch_page(None, None)
    second = adapter.fetch_page(first.cursor, None)
    assert (first.total, second.total) == (250, 250)


@pytest.mark.parametrize("by_change", [False, True])
@pytest.mark.parametrize("trouble", ["changed", "deleted"])
def test_nothing_is_skipped_while_orders_change_or_go(
    shop: UpgatesShop, trouble: str, by_change: bool
) -> None:
    """With numbered pages the orders behind would move to a page that was told already."""
    ids = shop.ids(300)
    stock(shop, *ids)

    def between(page: int) -> None:
        for each in ids[page * 30 - 30 : page * 30 if page < 4 else 0]:
            if trouble == "deleted":
                del shop.orders[each]
            else:
                late = (PLACED + timedelta(days=1, seconds=page)).isoformat()
                shop.orders[each]["last_update_time"] = late

    told = numbers(imported(shop, None, by_change, between))
    assert set(told) == set(ids)
    assert len(shop.server.asked) <= 5


def test_many_orders_of_one_second_are_told_by_numbered_pages(shop: UpgatesShop) -> None:
    ids = shop.ids(450)
    stock(shop, *ids[:120])
    for each in ids[120:]:
        shop.stock(each)
        at(shop, each, PLACED + timedelta(hours=1))
    told = numbers(imported(shop))
    assert set(told) == set(ids)
    assert [query["page"] for query in queries(shop)] == ["1", "1", "1", "2", "3", "4"]


def test_a_filter_that_heeds_the_day_only(shop: UpgatesShop) -> None:
    ids = shop.ids(450)
    stock(shop, *ids, step=600)  # over three days

    def daily(asked: Asked) -> Reply:
        query = dict(asked.query)
        if "creation_time_from" in query:
            query["creation_time_from"] = query["creation_time_from"][:10] + "T00:00:00+02:00"
        return shop._orders(query)

    shop.override = daily
    assert set(numbers(imported(shop))) == set(ids)


def test_an_order_that_is_not_heeded(shop: UpgatesShop) -> None:
    """Newest first: going on from a time would leave out all older orders."""
    ids = shop.ids(250)
    stock(shop, *ids)
    shop.override = lambda asked: shop._orders(asked.query | {"order_dir": "desc"})
    assert numbers(imported(shop)) == ids[::-1]
    assert [query["page"] for query in queries(shop)] == ["1", "2", "3"]


def test_a_page_of_orders_that_cannot_be_understood_is_passed(shop: UpgatesShop) -> None:
    ids = shop.ids(250)
    stock(shop, *ids)
    for each in ids[:100]:
        shop.orders[each]["order_total"] = "a lot"
    told = imported(shop)
    assert set(numbers(told)) == set(ids)
    assert sum(isinstance(answer.result, BadPayload) for answer in told) == 100


def test_an_import_without_the_number_of_pages(shop: UpgatesShop) -> None:
    ids = shop.ids(150)
    stock(shop, *ids)

    def uncounted(asked: Asked) -> Reply:
        reply = shop._orders(asked.query)
        return Reply({"orders": reply.body["orders"]})

    shop.override = uncounted
    assert set(numbers(imported(shop))) == set(ids)


def test_an_order_without_a_number_in_an_import(shop: UpgatesShop) -> None:
    shop.override = listed([shop.order("O1") | {"order_number": None}, None, shop.order("O2")])
    page = shop.adapter().fetch_page(None, None)
    assert [(each.external_id, type(each.result)) for each in page.answers] == [
        ("", BadPayload),
        ("", BadPayload),
        ("O2", SourceOrder),
    ]
