"""What holds for every platform: one order means the same, and trouble has the same consequence.

Each platform's row is a small shop in `tests.platforms` that speaks as the real one does.
"""

import logging
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from msgspec import structs

from eshops.adapters import ADAPTERS
from eshops.adapters.http import NotData
from eshops.connection import introduced
from eshops.credentials import Credentials
from eshops.models import Eshop
from eshops.source import (
    Adapter,
    Answer,
    BadPayload,
    OrderNotFound,
    Refused,
    SourceError,
    SourceOrder,
    Unavailable,
)
from tests.harness.web import Asked, Reply, WebServer
from tests.platforms import SHOPS
from tests.platforms.shop import CHANGED, LOGICAL, PLACED, PlatformShop, results

HTML = Reply(b"<!DOCTYPE html><h1>Maintenance</h1>", 200, {"Content-Type": "text/html"})
ERRORS = {
    "500": (Reply(b"", 500), Unavailable),
    "502": (Reply(b"<h1>Bad gateway</h1>", 502), Unavailable),
    "503": (Reply(b"", 503, {"Retry-After": "30"}), Unavailable),
    "HTML": (HTML, Unavailable),
    "truncated": (Reply(b'{"data": {"orders": [{"id": 1, "na'), Unavailable),
    "empty": (Reply(b""), Unavailable),
    "redirect": (Reply(b"", 302, {"Location": "http://198.51.100.7/x"}), Refused),
}
ODD: list[Any] = [None, [], {}, "", "x", 7, -1, True, [None], {"x": 1}, "1.5", 0.1]
"""What may stand in the place of anything."""


@pytest.fixture(params=sorted(ADAPTERS))
def shop(request: pytest.FixtureRequest, server: WebServer) -> PlatformShop:
    return SHOPS[request.param](server)


def test_every_platform_has_a_row() -> None:
    assert SHOPS.keys() == ADAPTERS.keys()


# what an order means


def test_the_one_order_means_the_same(shop: PlatformShop) -> None:
    first = shop.ids(1)[0]
    shop.orders[first] = shop.logical(first)
    expected = structs.replace(LOGICAL, **{"external_id": first, **shop.differences})
    told = shop.fetch(first)[first]
    assert isinstance(told, SourceOrder), told
    for name in SourceOrder.__struct_fields__:
        assert getattr(told, name) == getattr(expected, name), name
    assert told == expected


def test_its_figures_are_exact_and_add_up(shop: PlatformShop) -> None:
    first = shop.ids(1)[0]
    shop.orders[first] = shop.logical(first)
    told = shop.fetch(first)[first]
    assert told.net + told.tax == told.total
    assert sum(item.gross for item in told.items if item.in_total) == told.total
    figures = [told.total, told.net, told.tax, told.shipping, told.discount, told.refunded]
    for item in told.items:
        stated = [item.quantity, item.unit_price, item.tax_rate, item.net, item.tax, item.gross]
        figures += [figure for figure in stated if figure is not None]
        if None not in (item.net, item.tax, item.gross):
            assert item.net + item.tax == item.gross
    assert all(type(figure) is Decimal for figure in figures)
    assert all(int(figure.as_tuple().exponent) >= -6 for figure in figures)
    for moment in (told.placed_at, told.paid_at, told.source_modified_at):
        assert moment is None or moment.tzinfo is UTC


def test_its_status_is_in_the_code_list(shop: PlatformShop) -> None:
    """Where the platform has several statuses it is composed of those that the order has."""
    first = shop.ids(1)[0]
    shop.orders[first] = shop.logical(first)
    told = shop.fetch(first)[first]
    factory = ADAPTERS[shop.platform]
    assert bool(told.axes) is bool(factory.status_rule)
    codes = {entry.code for entry in shop.adapter().fetch_sequences() if entry.kind == "status"}
    assert told.status_code in codes
    if told.axes:
        assert told.status_code in {f"{axis}:{code}" for axis, code in told.axes.items()}


def test_the_code_lists_are_those_it_declares(shop: PlatformShop) -> None:
    entries = shop.adapter().fetch_sequences()
    assert {entry.kind for entry in entries} <= ADAPTERS[shop.platform].lists
    assert all(entry.code and entry.name for entry in entries)
    keys = [(entry.kind, entry.code) for entry in entries]
    assert len(set(keys)) == len(keys)


def test_odd_values_cost_at_most_their_order(shop: PlatformShop) -> None:
    """Whatever stands where a value is expected, and whatever is missing or new, that order is read
    or refused, by its id, and the others are not concerned."""
    changes = list(odd_changes(shop.logical(shop.ids(1)[0])))
    healthy, *others = shop.ids(shop.adapter().batch_size)
    shop.stock(healthy)
    intact = shop.fetch(healthy)[healthy]
    assert isinstance(intact, SourceOrder)
    for start in range(0, len(changes), len(others)):
        shop.orders = {healthy: shop.order(healthy)}
        for each, change in zip(others, changes[start : start + len(others)], strict=False):
            shop.orders[each] = change(shop.logical(each))
        told = shop.fetch(*shop.orders)
        assert told.keys() == shop.orders.keys()
        assert told[healthy] == intact
        for each, result in told.items():
            assert isinstance(result, SourceOrder | BadPayload | OrderNotFound), result
            assert not isinstance(result, SourceOrder) or result.external_id == each


Change = Callable[[Any], Any]


def odd_changes(order: Any) -> Iterator[Change]:
    """Functions that make an order odd in one place each."""
    yield lambda whole: {**whole, "zz_unknown": {"nested": [1, None]}}
    for *path, key in places(order):
        yield partial(changed, path=path, key=key, values=())
        for value in ODD:
            yield partial(changed, path=path, key=key, values=(value,))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside; of a list to its first."""
    inside: Iterable[Any] = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value[:1])
    for key, inner in inside:
        yield (*path, key)
        yield from places(inner, (*path, key))


def changed(whole: Any, path: Sequence[Any], key: Any, values: Sequence[Any]) -> Any:
    """`whole` with another value in that place, or with none."""
    place = whole
    for step in path:
        place = place[step]
    if values:
        place[key] = values[0]
    else:
        del place[key]
    return whole


# which orders, and how they are asked for


@pytest.mark.parametrize("count", [1, 100])
def test_requests(shop: PlatformShop, count: int) -> None:
    """With what the connection test has learnt, as an e-shop's adapter is always opened."""
    ids = shop.ids(count)
    shop.stock(*ids)
    adapter = shop.adapter(learned=shop.adapter().fetch_info().learned)
    shop.server.asked.clear()
    shop.server.connections = 0
    told = [
        answer
        for start in range(0, count, adapter.batch_size)
        for answer in adapter.fetch_orders(ids[start : start + adapter.batch_size])
    ]
    assert [answer.external_id for answer in told] == ids
    assert all(isinstance(answer.result, SourceOrder) for answer in told)
    assert all(answer.sent_at <= datetime.now(UTC) for answer in told)
    assert len(shop.server.asked) == shop.requests[count]
    assert shop.server.connections <= ADAPTERS[shop.platform].at_once


def test_ids_that_are_missing_are_not_found_each_by_its_id(shop: PlatformShop) -> None:
    ids = shop.ids(min(10, shop.adapter().batch_size))
    here, gone = ids[::2], ids[1::2]
    shop.stock(*here)
    told = shop.fetch(*ids, ids[0])
    assert list(told) == ids
    assert {each for each in ids if isinstance(told[each], OrderNotFound)} == set(gone)
    assert {each for each in ids if isinstance(told[each], SourceOrder)} == set(here)


@pytest.mark.parametrize(
    "odd", ["", " ", "0", "-3", "abc", "1,2", "1|2", "ž", "T3JkZXI6MQ", "../x", "x" * 300, '"}']
)
def test_an_id_the_platform_cannot_have_is_not_found(shop: PlatformShop, odd: str) -> None:
    good = shop.ids(2)
    shop.stock(*good)
    told = shop.fetch(good[0], odd, good[1])
    assert isinstance(told[odd], OrderNotFound)
    assert all(isinstance(told[each], SourceOrder) for each in good)


def test_nothing_is_asked_for_nothing(shop: PlatformShop) -> None:
    shop.stock(*shop.ids(3))
    assert shop.adapter().fetch_orders([]) == []
    assert not shop.server.asked


def test_an_order_that_cannot_be_understood_costs_itself_only(shop: PlatformShop) -> None:
    ids = shop.ids(min(10, shop.adapter().batch_size))
    shop.stock(*ids)
    shop.orders[ids[3]] = shop.spoiled(ids[3])
    told = shop.fetch(*ids)
    assert isinstance(told[ids[3]], BadPayload)
    assert "a lot" not in str(told[ids[3]])
    assert all(isinstance(told[each], SourceOrder) for each in ids if each != ids[3])


def test_an_order_that_makes_the_request_fail_costs_itself_only(shop: PlatformShop) -> None:
    ids = shop.ids(min(10, shop.adapter().batch_size))
    shop.stock(*ids)
    shop.poison = {ids[3]}
    told = shop.fetch(*ids)
    assert isinstance(told[ids[3]], BadPayload)
    assert all(isinstance(told[each], SourceOrder) for each in ids if each != ids[3])


def test_an_import_reads_every_order_once(shop: PlatformShop) -> None:
    ids = shop.ids(250)
    shop.stock(*ids)
    told = imported(shop.adapter(), None, False)
    assert sorted(answer.external_id for answer in told) == sorted(ids)
    assert all(isinstance(answer.result, SourceOrder) for answer in told)


@pytest.mark.parametrize("by_change", [False, True])
def test_an_import_since(shop: PlatformShop, by_change: bool) -> None:
    """A time is told to the platform such that nothing later than it is left out."""
    if by_change and "changed_since" not in ADAPTERS[shop.platform].capabilities:
        pytest.skip("the platform cannot tell what was changed")
    first = shop.ids(1)[0]
    shop.orders[first] = shop.logical(first)
    before = (CHANGED if by_change else PLACED) - timedelta(hours=1)
    assert [answer.external_id for answer in imported(shop.adapter(), before, by_change)] == [first]
    assert not imported(shop.adapter(), before + timedelta(days=3), by_change)


def imported(adapter: Adapter, since: datetime | None, by_change: bool) -> list[Answer]:
    page = adapter.fetch_page(None, since, by_change)
    told = list(page.answers)
    for _ in range(30):
        if page.cursor is None:
            return told
        page = adapter.fetch_page(page.cursor, since, by_change)
        told += page.answers
    raise AssertionError("The import does not end.")


def test_a_broken_order_does_not_stop_an_import(shop: PlatformShop) -> None:
    ids = shop.ids(20)
    shop.stock(*ids)
    shop.orders[ids[3]] = shop.spoiled(ids[3])
    told = results(imported(shop.adapter(), None, False))
    assert told.keys() == set(ids)
    assert isinstance(told[ids[3]], BadPayload)


# what goes wrong


Ask = Callable[[Adapter, str], Any]
ASKS: dict[str, Ask] = {
    "info": lambda adapter, first: adapter.fetch_info(),
    "orders": lambda adapter, first: adapter.fetch_orders([first]),
    "page": lambda adapter, first: adapter.fetch_page(None, None),
    "sequences": lambda adapter, first: adapter.fetch_sequences(),
}


def failure(shop: PlatformShop, ask: Ask) -> SourceError:
    """What the adapter raises, or has for the only answer."""
    first = shop.ids(1)[0]
    try:
        told = ask(shop.adapter(), first)
    except SourceError as error:
        found = error
    else:
        assert isinstance(told, list) and isinstance(told[0].result, SourceError), told
        found = told[0].result
    assert not any(secret in repr(found) for secret in shop.credentials.values())
    return found


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize("trouble", sorted(ERRORS))
def test_trouble(shop: PlatformShop, trouble: str, ask: Ask) -> None:
    shop.stock(*shop.ids(1))
    reply, kind = ERRORS[trouble]
    shop.override = lambda asked: reply
    assert isinstance(failure(shop, ask), kind)
    if trouble != "500":
        assert len(shop.server.asked) <= 3


def always(reply: Reply) -> Callable[[Asked], Reply]:
    return lambda asked: reply


STRANGERS = {
    "another API": Reply({"hello": "world"}),
    "another API's list": Reply([{"hello": "world"}]),
    "an API without that path": Reply({"message": "Not found"}, 404),
    "a web page": HTML,
    "no such page": Reply(b"<h1>Not Found</h1>", 404),
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_is_not_this_platform_is_said_not_to_be(shop: PlatformShop, stranger: str) -> None:
    """When it is connected: on the page that has its fields, or by the command."""
    shop.override = lambda asked: STRANGERS[stranger]
    label = ADAPTERS[shop.platform].label
    eshop = Eshop(platform=shop.platform, base_url=shop.server.url)
    eshop.credentials = Credentials(shop.credentials)
    with pytest.raises(SourceError, match=f"not.* {label}|{label}.* not") as raised:
        introduced(eshop)
    assert isinstance(raised.value, Refused | NotData)
    assert "address" in str(raised.value)


def test_what_keeps_us_out_is_told_apart(shop: PlatformShop) -> None:
    shop.stock(*shop.ids(1))
    replies = {
        **shop.refusals(),
        "not this platform": Reply({"hello": "world"}),
        "outage": Reply(b"", 503),
    }
    told = {}
    for reason, reply in replies.items():
        shop.override = always(reply)
        told[reason] = str(failure(shop, ASKS["info"]))
    assert len(set(told.values())) == len(told), told


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize("reason", ["key", "right"])
def test_not_let_in(shop: PlatformShop, reason: str, ask: Ask) -> None:
    shop.stock(*shop.ids(1))
    reply = shop.refusals()[reason]
    shop.override = lambda asked: reply
    assert isinstance(failure(shop, ask), Refused)


def test_a_404_without_a_body_marks_nothing(shop: PlatformShop) -> None:
    """An address that knows nothing at all says nothing about an order."""
    ids = shop.ids(2)
    shop.override = lambda asked: Reply(b"", 404)
    try:
        told = shop.fetch(*ids)
    except SourceError as error:
        told = dict.fromkeys(ids, error)
    assert all(isinstance(each, Unavailable | Refused) for each in told.values())


def test_it_slows_down_when_asked_to(shop: PlatformShop) -> None:
    ids = shop.ids(3)
    shop.stock(*ids)
    reply = shop.slow_down()
    shop.override = lambda asked: reply
    error = failure(shop, ASKS["orders"])
    assert isinstance(error, Unavailable)
    if shop.wait is None:
        assert error.retry_after is None
    else:
        assert error.retry_after
        assert abs(error.retry_after - timedelta(seconds=shop.wait)) <= timedelta(seconds=2)
    assert len(shop.server.asked) == 1


def test_no_request_leaves_the_address_that_was_configured(
    shop: PlatformShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever addresses an order, a page or a redirect names: the guard of the test suite lets no
    connection leave this machine, and here none may even be tried elsewhere on it."""
    tried: list[Any] = []
    connect = socket.socket.connect

    def watched(sock: socket.socket, address: Any) -> Any:
        tried.append(address)
        return connect(sock, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    elsewhere = "http://127.0.0.1:9/x"
    first = shop.ids(1)[0]
    for path in places(shop.logical(first)):
        *way, key = path
        shop.orders[first] = changed(shop.logical(first), way, key, (elsewhere,))
        with suppress(SourceError):
            shop.fetch(first)
    for ask in ASKS.values():
        shop.override = lambda asked: Reply(b"", 301, {"Location": elsewhere, "Link": elsewhere})
        with suppress(SourceError):
            ask(shop.adapter(), first)
    assert {address[:2] for address in tried} == {("127.0.0.1", shop.server.port)}


def test_no_secret_is_in_any_repr_or_log(
    shop: PlatformShop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    first = shop.ids(1)[0]
    shop.stock(first)
    adapter = shop.adapter()
    adapter.fetch_info()
    adapter.fetch_orders([first])
    told = caplog.text + repr(adapter) + "".join(repr(each) for each in vars(adapter).values())
    assert not any(secret in told for secret in shop.credentials.values())


def test_every_request_waits_for_its_turn(shop: PlatformShop) -> None:
    turns: list[int] = []

    def turn() -> AbstractContextManager[None]:
        turns.append(1)
        return nullcontext()

    first = shop.ids(1)[0]
    shop.stock(first)
    adapter = shop.adapter(turn=turn)
    adapter.fetch_info()
    adapter.fetch_orders([first])
    adapter.fetch_sequences()
    assert len(turns) == len(shop.server.asked)


def test_it_only_reads(shop: PlatformShop) -> None:
    first = shop.ids(1)[0]
    shop.stock(first)
    adapter = shop.adapter()
    adapter.fetch_info()
    adapter.fetch_orders([first])
    adapter.fetch_sequences()
    imported(adapter, None, False)
    for asked in shop.server.asked:
        signs_in = b"login(" in asked.body
        assert asked.method == "GET" or b"mutation" not in asked.body or signs_in


def test_the_link_to_the_order_in_the_administration(shop: PlatformShop) -> None:
    first = shop.ids(1)[0]
    shop.stock(first)
    learned = shop.adapter().fetch_info().learned
    link = shop.adapter(learned=learned).order_url(first)
    assert re.match(r"https?://[^/]+/\S+", link)


def test_how_it_is_connected_is_described() -> None:
    for factory in ADAPTERS.values():
        assert factory.label and factory.address_hint and factory.sign_ins and factory.at_once > 0
        for way in factory.sign_ins:
            assert way and all(each.label and each.where for each in way.values())
