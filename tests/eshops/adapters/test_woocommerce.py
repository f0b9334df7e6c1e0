"""How WooCommerce is asked: which requests, how many, and what each answer is taken for."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from requests import Request

from eshops.adapters import ADAPTERS
from eshops.adapters.address import base_address
from eshops.adapters.http import HttpClient, NotData, ServerError, TooLarge, Unauthorized
from eshops.adapters.woocommerce import adapter as woocommerce
from eshops.adapters.woocommerce.adapter import PASTED_TAIL, WooCommerce
from eshops.adapters.woocommerce.sequences import parse_delivery
from eshops.adapters.woocommerce.sign_in import ways
from eshops.source import (
    Answer,
    BadPayload,
    Connection,
    OrderNotFound,
    Refused,
    SequenceEntry,
    SourceOrder,
    SourceState,
    Unavailable,
)
from tests.harness.web import Asked

KEYS = {"consumer_key": "ck_0123456789abcdef", "consumer_secret": "cs_fedcba9876543210"}


def opened(base_url: str, **how: Any) -> WooCommerce:
    return WooCommerce(Connection(base_url=base_url, **({"credentials": KEYS} | how)))


class Shop:
    """A WooCommerce with a few orders; `override` answers first where it does not give None."""

    def __init__(self, server: Any, reply: Any, recorded: Any) -> None:
        self.server, self.reply = server, reply
        template = recorded("woocommerce/single_trashed")["body"] | {"status": "processing"}
        self.template = {**template, "line_items": [], "meta_data": []}
        self.orders: dict[int, dict[str, Any]] = {}
        self.hidden: dict[int, dict[str, Any]] = {}
        self.poison: set[int] = set()
        self.override: Callable[[Any], Any] = lambda asked: None
        self.adapter = opened(server.url, timezone="Europe/Prague")
        server.answer = self.answer

    def stock(self, *ids: int) -> None:
        self.orders |= {each: {**self.template, "id": each, "number": str(each)} for each in ids}

    def answer(self, asked: Any) -> Any:
        found = self.override(asked)
        if found is not None:
            return found
        name = asked.path.removeprefix("/wp-json/wc/v3/orders")
        if name:
            each = int(name.removeprefix("/"))
            order = self.orders.get(each) or self.hidden.get(each)
            missing = {"code": "woocommerce_rest_shop_order_invalid_id", "data": {"status": 404}}
            return self.reply(order) if order else self.reply(missing, 404)
        wanted = sorted(self.orders)
        query = asked.query
        if "include" in query:
            assert query["include"]
            wanted = [int(each) for each in query["include"].split(",") if int(each) in wanted]
        size, page = int(query["per_page"]), int(query.get("page", 1))
        told = wanted[(page - 1) * size : page * size]
        if self.poison & set(told) and "_fields" not in query:
            return self.reply(b"<p>There has been a critical error</p>", 500)
        total = len(wanted) if told or page == 1 else 0
        headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(-(-total // size))}
        return self.reply([self.orders[each] for each in told], 200, headers)

    def fetch(self, *ids: int | str) -> dict[str, Any]:
        answers = self.adapter.fetch_orders([str(each) for each in ids])
        return {answer.external_id: answer.result for answer in answers}

    @property
    def targets(self) -> list[str]:
        return [asked.path.removeprefix("/wp-json/wc/v3/") for asked in self.server.asked]


@pytest.fixture
def shop(server: Any, reply: Any, recorded: Any) -> Shop:
    return Shop(server, reply, recorded)


def test_it_is_registered() -> None:
    assert ADAPTERS["woocommerce"] is WooCommerce
    assert WooCommerce.label == "WooCommerce" and WooCommerce.sign_ins[0].keys() == KEYS.keys()


@pytest.mark.parametrize(
    ("pasted", "address"),
    [
        (" https://shop.test/ ", "https://shop.test"),
        ("https://shop.test/wp-json/wc/v3/", "https://shop.test"),
        ("https://shop.test/wp-json", "https://shop.test"),
        ("https://shop.test/wp-admin/edit.php?post_type=shop_order", "https://shop.test"),
        ("https://shop.test/wp-login.php?x=1#y", "https://shop.test"),
        ("https://shop.test/cs/obchod/wp-admin/", "https://shop.test/cs/obchod"),
        ("https://shop.test/wp-jsonish", "https://shop.test/wp-jsonish"),
        ("shop.test:8443/a", "https://shop.test:8443/a"),
        ("http://user:pw@127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_addresses_as_staff_paste_them(pasted: str, address: str) -> None:
    assert base_address(pasted, PASTED_TAIL) == address


def test_order_url() -> None:
    adapter = opened("https://shop.test/cs/")
    assert adapter.order_url("5") == "https://shop.test/cs/wp-admin/post.php?post=5&action=edit"


# orders by their ids


def test_100_orders_are_one_request(shop: Shop) -> None:
    ids = list(range(1, 101))
    shop.stock(*ids)
    before = datetime.now(UTC)
    answers = shop.adapter.fetch_orders([str(each) for each in reversed(ids)])
    assert [answer.external_id for answer in answers] == [str(each) for each in reversed(ids)]
    assert all(isinstance(answer.result, SourceOrder) for answer in answers)
    assert all(before < answer.sent_at < datetime.now(UTC) for answer in answers)
    (asked,) = shop.server.asked
    query = {k: v for k, v in asked.query.items() if not k.startswith("oauth_")}
    assert query == {
        "include": ",".join(map(str, reversed(ids))),
        "orderby": "include",
        "per_page": "100",
        "dp": "6",
        "status": "any",
    }


def test_a_shop_too_slow_for_100_orders_is_asked_for_fewer(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(woocommerce, "HttpClient", partial(HttpClient, read_timeout=0.2))
    shop.adapter = opened(shop.server.url)
    shop.stock(*range(1, 101))

    def drowsy(asked: Any) -> None:
        if asked.query.get("include", "").count(",") > 49:
            time.sleep(0.3)

    shop.override = drowsy
    assert all(isinstance(each, SourceOrder) for each in shop.fetch(*range(1, 101)).values())
    assert [asked.query["include"].count(",") + 1 for asked in shop.server.asked] == [100, 50, 50]


def test_more_than_a_batch_is_asked_in_batches(shop: Shop) -> None:
    shop.stock(*range(1, 151))
    assert len(shop.fetch(*range(1, 151))) == 150
    assert shop.targets == ["orders"] * 2


def test_nothing_asked_is_nothing_sent(shop: Shop) -> None:
    assert shop.adapter.fetch_orders([]) == []
    assert shop.server.asked == []


def test_ids_that_are_none_are_not_sent(shop: Shop) -> None:
    found = shop.fetch("", "abc", "-5", "1,2", "٣", "007", "0", " 5", "9" * 30, "5\n")
    assert {type(result) for result in found.values()} == {OrderNotFound}
    assert len(found) == 10 and shop.server.asked == []


def test_absent_orders_are_asked_for_singly(shop: Shop) -> None:
    shop.stock(1, 2)
    shop.hidden = {3: {**shop.template, "id": 3, "status": "trash"}}
    shop.hidden[4] = {**shop.template, "id": 4, "status": "unregistered"}
    began = [answer.sent_at for answer in shop.adapter.fetch_orders(["1", "3", "9"])]
    assert began[0] < began[1] < began[2]
    shop.server.asked.clear()
    found = shop.fetch(4, 9, 1, 3, 2, 3)
    assert list(found) == ["4", "9", "1", "3", "2"]
    assert [getattr(each, "state", type(each)) for each in found.values()] == [
        SourceState.PRESENT,
        OrderNotFound,
        SourceState.PRESENT,
        SourceState.TRASHED,
        SourceState.PRESENT,
    ]
    assert shop.targets == ["orders", "orders/4", "orders/9", "orders/3"]
    assert shop.server.asked[1].query["dp"] == "6"


@pytest.mark.parametrize(
    ("name", "external_id", "expected"),
    [
        ("single_trashed", "276", SourceState.TRASHED),
        ("single_unregistered_status", "387", SourceState.PRESENT),
        ("single_autodraft", "155", SourceState.PRESENT),
        ("err_php_warning_before_json", "379", SourceState.PRESENT),
        ("single_deleted", "374", OrderNotFound),
        ("single_refund", "144", OrderNotFound),
        ("err_404_order", "999999", OrderNotFound),
        ("err_no_route", "5", Unavailable),
        ("err_401_no_auth", "5", Unauthorized),
        ("single_trashed", "277", BadPayload),
    ],
)
def test_recorded_single_answers(
    shop: Shop, replay: Any, name: str, external_id: str, expected: Any
) -> None:
    empty = replay("woocommerce/include_only_missing")
    single = replay(f"woocommerce/{name}")
    shop.override = lambda asked: single if asked.path.endswith(external_id) else empty
    (result,) = shop.fetch(external_id).values()
    assert getattr(result, "state", type(result)) is expected


def test_a_recorded_list(shop: Shop, replay: Any, recorded: Any) -> None:
    listed = replay("woocommerce/include_orderby_include")
    shop.override = lambda asked: listed
    ids = [str(row["id"]) for row in recorded("woocommerce/include_orderby_include")["body"]]
    assert list(shop.fetch(*ids)) == ids
    assert len(shop.server.asked) == 1


@pytest.mark.parametrize("name", ["err_401_bad_key", "err_401_bad_secret", "err_401_no_auth"])
def test_a_shop_that_refuses_our_key(shop: Shop, replay: Any, name: str) -> None:
    refusal = replay(f"woocommerce/{name}")
    shop.override = lambda asked: refusal
    with pytest.raises(Refused, match="does not let us in"):
        shop.fetch(1, 2)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"code": "rest_no_route", "data": {"status": 404}}, 404),
        (b"<html>Not found</html>", 404),
        ({"code": "rest_invalid_param"}, 400),
        ({"code": "Bad <script>"}, 400),
        ([], 400),
        ({"orders": []}, 200),
        (None, 200),
        ("x", 200),
        ({}, 200),
        (b"<html>Maintenance</html>", 200),
        (b'[{"id": 1', 200),
        (b"", 503),
    ],
)
def test_odd_lists_mark_nothing(shop: Shop, reply: Any, body: Any, status: int) -> None:
    content = b"null" if body is None else body
    shop.override = lambda asked: reply(content, status)
    for ask in (lambda: shop.fetch(1), lambda: shop.adapter.fetch_page(None, None)):
        with pytest.raises(Unavailable) as raised:
            ask()
        assert "<" not in str(raised.value)
    if status == 404:
        assert "is the WooCommerce plugin active?" in str(raised.value)


def test_a_spoilt_order_costs_itself_only(shop: Shop) -> None:
    shop.stock(1, 2, 3)
    shop.orders[2]["total"] = "free"
    found = shop.fetch(1, 2, 3)
    assert [type(each) for each in found.values()] == [SourceOrder, BadPayload, SourceOrder]
    assert len(shop.server.asked) == 1


def test_an_order_without_its_id_is_asked_for_singly(shop: Shop) -> None:
    shop.stock(1, 2)
    whole = dict(shop.orders[2])
    shop.override = lambda asked: shop.reply(whole) if asked.path.endswith("/2") else None
    shop.orders[2]["id"] = None
    assert [type(each) for each in shop.fetch(1, 2).values()] == [SourceOrder, SourceOrder]
    assert shop.targets == ["orders", "orders/2"]


def test_a_list_written_as_an_object_and_orders_nobody_asked_for(shop: Shop) -> None:
    shop.stock(1, 2)
    shop.override = lambda asked: shop.reply(
        {"0": shop.orders[1], "2": shop.orders[2], "3": {**shop.template, "id": 77}}
    )
    assert list(shop.fetch(1, 2)) == ["1", "2"]
    assert len(shop.server.asked) == 1


def test_a_poison_order_costs_itself_only(shop: Shop) -> None:
    shop.stock(*range(1, 101))
    shop.poison = {37}
    found = shop.fetch(*range(1, 101))
    assert [key for key, each in found.items() if not isinstance(each, SourceOrder)] == ["37"]
    assert type(found["37"]) is BadPayload
    assert len(shop.server.asked) <= 15


def test_an_outage_is_raised(shop: Shop) -> None:
    shop.stock(*range(1, 101))
    shop.poison = set(range(1, 101))
    with pytest.raises(ServerError):
        shop.fetch(*range(1, 101))
    assert len(shop.server.asked) == 8


def test_single_orders_that_fail_fail_alone(shop: Shop, reply: Any) -> None:
    trouble = {"1": reply(b"", 500), "2": reply(b"<html>", 200), "3": reply(b"", 403)}
    shop.override = lambda asked: trouble.get(asked.path.rpartition("/")[2])
    found = shop.fetch(1, 2, 3, 4)
    assert [type(each) for each in found.values()] == [
        ServerError,
        NotData,
        Refused,
        OrderNotFound,
    ]


@pytest.mark.parametrize(
    ("status", "headers", "requests"), [(502, {}, 4), (429, {"Retry-After": "60"}, 2), (500, {}, 7)]
)
def test_single_orders_stop_when_the_shop_stops(
    shop: Shop, reply: Any, status: int, headers: dict[str, str], requests: int
) -> None:
    shop.override = lambda asked: (
        None if asked.path.endswith("orders") else reply(b"", status, headers)
    )
    found = shop.fetch(1, 2, 3, 4, 5, 6)
    assert all(isinstance(each, Unavailable) for each in found.values())
    assert len(found) == 6 and len(shop.server.asked) == requests


# signatures


def signed_for(asked: Any, base: str) -> bool:
    """Whether the signature in the query is that of `base`, by the book (RFC 5849 3.4)."""
    query = asked.query
    signature = query.pop("oauth_signature")
    pairs = sorted((quote(k, safe="~"), quote(v, safe="~")) for k, v in query.items())
    normal = "&".join(f"{key}={value}" for key, value in pairs)
    text = "&".join(quote(each, safe="~") for each in ("GET", base + asked.path, normal))
    key = f"{KEYS['consumer_secret']}&".encode()
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(signature, base64.b64encode(digest).decode())


def strict(shop: Shop, scheme: str, replay: Any) -> None:
    refusal = replay("woocommerce/err_401_bad_secret")
    base = shop.server.url.replace("http://", f"{scheme}://")
    shop.override = lambda asked: (
        None if "oauth_signature" in asked.query and signed_for(asked, base) else refusal
    )


def test_plain_http_is_signed(shop: Shop, replay: Any) -> None:
    shop.stock(1)
    strict(shop, "http", replay)
    assert isinstance(shop.fetch(1)["1"], SourceOrder)
    (asked,) = shop.server.asked
    assert asked.query["oauth_signature_method"] == "HMAC-SHA256"
    assert asked.headers["Authorization"] is None
    assert KEYS["consumer_secret"] not in asked.target


def test_a_shop_that_takes_itself_for_https(shop: Shop, replay: Any) -> None:
    shop.stock(1)
    strict(shop, "https", replay)
    assert isinstance(shop.fetch(1)["1"], SourceOrder)
    assert len(shop.server.asked) == 2
    assert isinstance(shop.fetch(1)["1"], SourceOrder)
    assert len(shop.server.asked) == 3
    strict(shop, "http", replay)  # what has worked is kept to
    with pytest.raises(Unauthorized):
        shop.fetch(1)
    assert len(shop.server.asked) == 4


def test_each_way_is_tried_once(shop: Shop, replay: Any) -> None:
    refusal = replay("woocommerce/err_401_bad_secret")
    shop.override = lambda asked: refusal
    for requests in (3, 6):
        with pytest.raises(Unauthorized, match="Consumer secret is invalid"):
            shop.fetch(1)
        assert len(shop.server.asked) == requests


def basic() -> str:
    pair = f"{KEYS['consumer_key']}:{KEYS['consumer_secret']}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def test_basic_over_http_on_this_machine_comes_last(shop: Shop, replay: Any) -> None:
    shop.stock(1)
    refusal = replay("woocommerce/err_401_bad_secret")
    shop.override = lambda asked: None if asked.headers["Authorization"] == basic() else refusal
    assert isinstance(shop.fetch(1)["1"], SourceOrder)
    assert [asked.headers["Authorization"] for asked in shop.server.asked] == [None, None, basic()]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://shop.test", ["basic", "signed"]),
        ("http://shop.test", ["signed", "signed for https"]),
        ("http://192.168.1.9:8080", ["signed", "signed for https"]),
        ("http://localhost:8080", ["signed", "signed for https", "basic"]),
        ("http://[::1]:8080/shop", ["signed", "signed for https", "basic"]),
    ],
)
def test_no_secret_goes_over_a_wire_in_the_clear(address: str, expected: list[str]) -> None:
    assert list(ways(address)) == expected


@pytest.mark.parametrize("way", ["signed", "signed for https", "basic"])
def test_what_worked_when_connecting_is_not_found_out_again(shop: Shop, way: str) -> None:
    shop.stock(1)
    adapter = opened(shop.server.url, learned={"sign_in": way})
    adapter.fetch_orders(["1"])
    (asked,) = shop.server.asked
    assert ("oauth_signature" in asked.query) is (way != "basic")
    shop.override = lambda asked: shop.reply({}, 401)
    with pytest.raises(Unauthorized):
        adapter.fetch_orders(["1"])
    assert len(shop.server.asked) == 2


def test_a_403_is_not_asked_again(shop: Shop, reply: Any) -> None:
    shop.override = lambda asked: reply({}, 403)
    with pytest.raises(Refused):
        shop.fetch(1)
    assert len(shop.server.asked) == 1


def test_https_is_basic(monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = opened("https://shop.test", credentials={k: f" {v}\n" for k, v in KEYS.items()})
    request = Request("GET", "https://shop.test", auth=adapter._sign_in).prepare()
    assert request.headers["Authorization"] == basic()


def test_https_without_the_header_is_signed_for_https() -> None:
    """Some hosts take the Authorization header away."""
    adapter = opened("https://shop.test", learned={"sign_in": "signed"})
    url = "https://shop.test/wp-json/wc/v3/orders?per_page=1"
    request = Request("GET", url, auth=adapter._sign_in).prepare()
    asked = Asked("GET", (request.url or "").removeprefix("https://shop.test"), {}, b"", 1)
    assert (request.url or "").startswith(url) and "Authorization" not in request.headers
    assert signed_for(asked, "https://shop.test")
    assert KEYS["consumer_secret"] not in (request.url or "")


def test_no_repr_shows_a_secret(shop: Shop) -> None:
    everything = repr(shop.adapter) + "".join(repr(each) for each in vars(shop.adapter).values())
    assert not any(secret in everything for secret in KEYS.values())


def test_every_request_waits_for_its_turn(shop: Shop) -> None:
    turns: list[int] = []

    def turn() -> AbstractContextManager[None]:
        turns.append(1)
        return nullcontext()

    adapter = opened(shop.server.url, turn=turn)
    shop.stock(1)
    adapter.fetch_orders(["1", "2"])
    assert len(turns) == len(shop.server.asked) == 2


# connection


INDEX = {
    "name": "Čaj &amp; káva",
    "timezone_string": "Europe/Prague",
    "gmt_offset": 2,
    "namespaces": ["wp/v2", "wc/v3"],
    "routes": {},
}


def introduce(shop: Shop, index: Any, status: int = 200) -> None:
    answer = shop.reply(index, status)
    shop.override = lambda asked: answer if asked.path == "/wp-json/" else None


def test_fetch_info(shop: Shop) -> None:
    shop.stock(1)
    introduce(shop, INDEX)
    info = shop.adapter.fetch_info()
    assert (info.name, info.timezone) == ("Čaj & káva", "Europe/Prague")
    assert info.learned == {"sign_in": "signed"}
    index, orders = shop.server.asked
    assert index.target == "/wp-json/" and index.headers["Authorization"] is None
    assert orders.path == "/wp-json/wc/v3/orders" and "oauth_signature" in orders.query
    assert (orders.query["per_page"], orders.query["_fields"]) == ("1", "id")


@pytest.mark.parametrize(
    ("name", "offset", "zone"),
    [
        ("", 2, "Etc/GMT-2"),
        ("", "-5", "Etc/GMT+5"),
        ("", 0, "UTC"),
        ("", "", "UTC"),
        ("", 5.5, "UTC"),
        ("", 15, "UTC"),
        ("", [], "UTC"),
        ("Middle/Earth", 2, "UTC"),
        ("../etc/passwd", 2, "UTC"),
        (["x"], 2, "UTC"),
    ],
)
def test_time_zones(shop: Shop, name: Any, offset: Any, zone: str) -> None:
    introduce(shop, {**INDEX, "timezone_string": name, "gmt_offset": offset})
    assert shop.adapter.fetch_info().timezone == zone


@pytest.mark.parametrize(
    ("index", "status"),
    [
        ({**INDEX, "namespaces": ["wp/v2"]}, 200),
        ({"hello": 1}, 200),
        ([], 200),
        ({"code": "rest_no_route"}, 404),
        (b"<html>Not found</html>", 404),
    ],
)
def test_what_is_no_woocommerce(shop: Shop, index: Any, status: int) -> None:
    introduce(shop, index, status)
    with pytest.raises(Refused, match="This address answers, but not as a WooCommerce"):
        shop.adapter.fetch_info()


def test_a_hidden_index_does_not_matter(shop: Shop) -> None:
    introduce(shop, {"code": "rest_login_required", "message": "No."}, 401)
    info = shop.adapter.fetch_info()
    assert (info.name, info.timezone) == ("", "Europe/Prague")


def test_a_key_that_does_not_fit(shop: Shop, replay: Any) -> None:
    refusal, index = replay("woocommerce/err_401_bad_key"), shop.reply(INDEX)
    shop.override = lambda asked: index if asked.path == "/wp-json/" else refusal
    with pytest.raises(Refused, match="Sorry, you cannot list resources"):
        shop.adapter.fetch_info()


# page by page


def import_all(shop: Shop, between: Callable[[int], None] = lambda calls: None) -> list[str]:
    told: list[str] = []
    cursor, calls = None, 0
    while True:
        page = shop.adapter.fetch_page(cursor, None)
        told += [answer.external_id for answer in page.answers]
        cursor, calls = page.cursor, calls + 1
        if cursor is None:
            return told
        assert calls < 20
        between(calls)


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_pages(shop: Shop, count: int, requests: int) -> None:
    shop.stock(*range(1, count + 1))
    assert import_all(shop) == [str(each) for each in range(1, count + 1)]
    assert len(shop.server.asked) == requests


def test_what_a_page_is_asked_with(shop: Shop) -> None:
    shop.stock(*range(1, 102))
    since = datetime(2026, 10, 1, 12, 0, 0, 999, tzinfo=timezone(timedelta(hours=2)))
    page = shop.adapter.fetch_page(None, since)
    assert page.total == 101
    shop.adapter.fetch_page(page.cursor, since)
    queries = [
        {k: v for k, v in asked.query.items() if not k.startswith("oauth_")}
        for asked in shop.server.asked
    ]
    first = {
        "orderby": "id",
        "order": "asc",
        "per_page": "100",
        "page": "1",
        "dp": "6",
        "status": "any",
        "after": "2026-10-01T10:00:00Z",
    }
    assert queries == [first, first | {"page": "2"}]


@pytest.mark.parametrize("gone", [[1], [100], list(range(1, 51)), list(range(1, 200)), [1, 250]])
@pytest.mark.parametrize("after", [1, 2])
def test_orders_that_disappear_meanwhile_hide_no_others(
    shop: Shop, gone: list[int], after: int
) -> None:
    shop.stock(*range(1, 302))

    def between(calls: int) -> None:
        if calls == after:
            shop.orders = {k: v for k, v in shop.orders.items() if k not in gone}

    assert set(import_all(shop, between)) >= {str(each) for each in shop.orders}


def test_a_page_past_the_end(shop: Shop) -> None:
    shop.stock(*range(1, 202))

    def between(calls: int) -> None:
        if calls == 2:
            del shop.orders[5]

    told = import_all(shop, between)
    assert set(told) >= {str(each) for each in shop.orders}


def test_orders_that_appear_meanwhile_are_told(shop: Shop) -> None:
    shop.stock(*range(1, 151))
    told = import_all(shop, lambda calls: shop.stock(*range(151, 221)))
    assert told == [str(each) for each in range(1, 221)]


def test_a_shop_that_miscounts_its_pages_is_left(shop: Shop) -> None:
    shop.stock(*range(1, 151))
    headers = {"X-WP-Total": "300", "X-WP-TotalPages": "3"}

    def miscount(asked: Any) -> Any:
        rows = [shop.orders[each] for each in sorted(shop.orders)]
        page = int(asked.query["page"])
        return shop.reply(rows[(page - 1) * 100 : page * 100], 200, headers)

    shop.override = miscount
    assert set(import_all(shop)) == {str(each) for each in shop.orders}


@pytest.mark.parametrize("count", [100, 150, 200])
def test_without_headers_a_short_page_is_the_last(shop: Shop, count: int) -> None:
    shop.stock(*range(1, count + 1))

    def bare(asked: Any) -> Any:
        shop.override = lambda asked: None
        answer = shop.answer(asked)
        shop.override = bare
        answer.headers.clear()
        return answer

    shop.override = bare
    assert import_all(shop) == [str(each) for each in range(1, count + 1)]


def test_a_poison_order_does_not_hold_up_its_page(shop: Shop) -> None:
    shop.stock(*range(1, 151))
    shop.poison = {30}
    page = shop.adapter.fetch_page(None, None)
    results = {answer.external_id: type(answer.result) for answer in page.answers}
    assert len(results) == 100 and page.cursor == "2:150"
    assert {k for k, v in results.items() if v is not SourceOrder} == {"30"}


def test_an_outage_holds_up_the_import(shop: Shop, reply: Any) -> None:
    shop.override = lambda asked: reply(b"", 500)
    with pytest.raises(ServerError):
        shop.adapter.fetch_page(None, None)
    assert len(shop.server.asked) == 2


def test_an_import_leaves_carts_at_the_checkout_alone(shop: Shop) -> None:
    """Nothing was ordered yet; asked for by its id such an order is told as it is."""
    shop.stock(1, 2)
    shop.orders[1] |= {"status": "checkout-draft"}
    page = shop.adapter.fetch_page(None, None)
    assert [answer.external_id for answer in page.answers] == ["2"]
    assert shop.fetch(1)["1"].status_code == "checkout-draft"


def test_an_order_without_id_on_a_page(shop: Shop) -> None:
    shop.stock(1, 2)
    shop.orders[2]["id"] = []
    first, second = shop.adapter.fetch_page(None, None).answers
    assert isinstance(first, Answer) and first.external_id == "1"
    assert second.external_id == "" and isinstance(second.result, BadPayload)


def test_lists_that_are_too_large_are_no_matter_of_one_order(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*args: Any) -> Any:
        raise TooLarge("20 MB")

    monkeypatch.setattr(shop.adapter._api, "get", too_large)
    monkeypatch.setattr(shop.adapter._index, "get", too_large)
    asks: list[Callable[[], Any]] = [
        shop.adapter.fetch_info,
        shop.adapter.fetch_sequences,
        lambda: shop.adapter.fetch_page(None, None),
        lambda: shop.fetch(*range(1, 20)),
    ]
    for ask in asks:
        with pytest.raises(Unavailable):
            ask()


# code lists


def lists(shop: Shop, replay: Any, **others: Any) -> None:
    names = {
        "orders/statuses": "orders_statuses",
        "reports/orders/totals": "reports_orders_totals",
        "payment_gateways": "payment_gateways",
        "shipping/zones": "shipping_zones",
    } | {f"shipping/zones/{zone}/methods": f"shipping_zone_{zone}_methods" for zone in range(4)}
    answers = {path: replay(f"woocommerce/{name}") for path, name in names.items()}
    answers |= {path.replace("__", "/"): reply for path, reply in others.items()}
    shop.override = lambda asked: answers[asked.path.removeprefix("/wp-json/wc/v3/")]


def test_fetch_sequences(shop: Shop, replay: Any) -> None:
    lists(shop, replay)
    entries = shop.adapter.fetch_sequences()
    found = {(entry.kind, entry.code): (entry.name, entry.type) for entry in entries}
    assert len(found) == len(entries) == 20
    assert {code: v for (kind, code), v in found.items() if kind == "status"} == {
        "pending": ("Pending payment", "new"),
        "processing": ("Processing", "paid"),
        "on-hold": ("On hold", "new"),
        "completed": ("Completed", "delivered"),
        "cancelled": ("Cancelled", "cancelled"),
        "refunded": ("Refunded", "returned"),
        "failed": ("Failed", "cancelled"),
        "ready-pickup": ("Připraveno k vyzvednutí", ""),
        "checkout-draft": ("Draft", "new"),
    }
    assert {code: v[0] for (kind, code), v in found.items() if kind == "payment"} == {
        "bacs": "Bankovní převod",
        "cheque": "Šek",
        "cod": "Dobírka",
    }
    assert {code: v[0] for (kind, code), v in found.items() if kind == "delivery"} == {
        "flat_rate:8": "World post",
        "flat_rate:1": "PPL domů",
        "flat_rate:2": "Zásilkovna – výdejní místo",
        "free_shipping:3": "Doprava zdarma",
        "local_pickup:4": "Osobní odběr Praha",
        "flat_rate:5": "DPD EU",
        "flat_rate:6": "GLS",
        "flat_rate:7": "EMS",
    }
    prices = {entry.code: entry.price for entry in entries if entry.price is not None}
    assert {code: f"{price}" for code, price in prices.items()} == {
        "flat_rate:8": "30",
        "flat_rate:1": "4.50",
        "flat_rate:2": "2.90",
        "local_pickup:4": "0",
        "flat_rate:5": "9.90",
        "flat_rate:7": "25",
    }
    assert entries[12].description == "Locations not covered by your other zones"
    assert len(shop.server.asked) == 7


@pytest.mark.parametrize(
    ("settings", "price"),
    [
        ({"cost": {"value": "4,50"}}, Decimal("4.50")),
        ({"cost": {"value": 5}}, Decimal(5)),
        ({"cost": {"value": "8.10 + [qty] * 0.50"}}, None),
        ({"cost": {"value": "1,250"}}, None),
        ({"cost": {"value": "-3"}}, None),
        ({"cost": {"value": ""}}, None),
        ({"cost": {"value": ["5"]}}, None),
        ({"cost": "5"}, None),
        ([], None),
        ("none", None),
    ],
)
def test_a_price_is_a_plain_number(settings: Any, price: Decimal | None) -> None:
    row = {"instance_id": 1, "method_id": "flat_rate", "title": "PPL", "settings": settings}
    assert parse_delivery(row, "").price == price


def test_an_older_shop_tells_its_statuses_in_a_report(shop: Shop, replay: Any) -> None:
    lists(shop, replay, orders__statuses=replay("woocommerce/err_no_route"))
    statuses = [each for each in shop.adapter.fetch_sequences() if each.kind == "status"]
    assert len(statuses) == 9 and statuses[7].name == "Připraveno k vyzvednutí"


def test_odd_entries_do_not_hide_the_others(shop: Shop, replay: Any, reply: Any) -> None:
    gateways = [
        {"id": "a", "title": "", "method_title": "Card", "description": "<b>Pay</b> &amp; go\n"},
        {"id": "b", "title": ["x"]},
        {"id": "c", "title": False, "enabled": False},
        {"id": "", "title": "x"},
        {"title": "x"},
        "x",
    ]
    lists(shop, replay, payment_gateways=reply(gateways), shipping__zones=reply([{"id": "x"}, 5]))
    entries = shop.adapter.fetch_sequences()
    assert [entry for entry in entries if entry.kind == "payment"] == [
        SequenceEntry(kind="payment", code="a", name="Card", description="Pay & go"),
        SequenceEntry(kind="payment", code="c", name="c"),
    ]
    assert not [entry for entry in entries if entry.kind == "delivery"]


def test_a_shop_without_the_api_has_no_code_lists(shop: Shop, replay: Any) -> None:
    missing = replay("woocommerce/err_no_route")
    shop.override = lambda asked: missing
    with pytest.raises(Unavailable, match="is the WooCommerce plugin active"):
        shop.adapter.fetch_sequences()
