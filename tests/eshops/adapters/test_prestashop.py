"""How PrestaShop is asked: which requests, how many, and what each answer is taken for."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eshops.adapters import ADAPTERS
from eshops.adapters.address import base_address
from eshops.adapters.http import NotData, Unauthorized
from eshops.adapters.prestashop.adapter import BEYOND, PrestaShop, own_settings, written
from eshops.adapters.prestashop.refusals import NotAllowed, explained
from eshops.adapters.prestashop.resources import ESSENTIAL, OPTIONAL
from eshops.adapters.reading import NotJson, decode
from eshops.source import (
    BadPayload,
    Connection,
    Metadatum,
    OrderNotFound,
    Refused,
    SequenceEntry,
    SourceOrder,
    Unavailable,
)
from tests.harness.web import Asked, Reply, WebServer
from tests.platforms.prestashop import KEY, SIGNED, PrestaShopShop, not_allowed, setting

RECORDED = Path(__file__).parents[2] / "recorded/prestashop"


@pytest.fixture
def shop(server: WebServer) -> PrestaShopShop:
    return PrestaShopShop(server)


def asked(shop: PrestaShopShop) -> list[str]:
    return [each.path.removeprefix("/api/") for each in shop.server.asked]


def kinds(told: Mapping[str, Any]) -> dict[str, type]:
    return {external_id: type(result) for external_id, result in told.items()}


def test_it_is_registered() -> None:
    assert ADAPTERS["prestashop"] is PrestaShop
    assert PrestaShop.label == "PrestaShop"
    assert PrestaShop.sign_ins[0].keys() == PrestaShopShop.credentials.keys()


def test_staff_are_told_which_rights_the_key_needs() -> None:
    where = PrestaShop.sign_ins[0]["key"].where
    assert all(resource in where for resource in (*ESSENTIAL, *OPTIONAL, "configurations"))


@pytest.mark.parametrize(
    ("pasted", "address", "order"),
    [
        (" https://kava.test/ ", "https://kava.test", "/admin/index.php/sell/orders/7/view"),
        ("kava.test/eshop", "https://kava.test/eshop", "/admin/index.php/sell/orders/7/view"),
        ("https://kava.test/api/", "https://kava.test", "/admin/index.php/sell/orders/7/view"),
        (
            "https://kava.test/index.php?x",
            "https://kava.test",
            "/admin/index.php/sell/orders/7/view",
        ),
        (
            "https://kava.test/eshop/admin827xyz/index.php?controller=AdminDashboard&token=1",
            "https://kava.test/eshop",
            "/admin827xyz/index.php/sell/orders/7/view",
        ),
        (
            "https://admin.kava.test",
            "https://admin.kava.test",
            "/admin/index.php/sell/orders/7/view",
        ),
        (
            "http://u:p@127.0.0.1:80/api",
            "http://127.0.0.1:80",
            "/admin/index.php/sell/orders/7/view",
        ),
    ],
)
def test_addresses_as_staff_paste_them(pasted: str, address: str, order: str) -> None:
    assert base_address(pasted, BEYOND) == address
    adapter = PrestaShop(Connection(base_url=pasted, credentials={}))
    assert adapter.order_url("7") == address + order


# orders by their ids


def test_each_part_is_asked_for_once_for_all_orders(shop: PrestaShopShop) -> None:
    ids = shop.ids(100)
    shop.orders = {each: shop.logical(each) for each in ids}
    told = shop.fetch(*ids)
    assert all(isinstance(result, SourceOrder) for result in told.values())
    assert asked(shop) == [
        "orders",
        "order_details",
        "addresses",
        "customers",
        "order_carriers",
        "order_payments",
        "order_cart_rules",
        "order_slip",
        "messages",
        "currencies",
        "countries",
        "carriers",
        "order_states",
        "taxes",
    ]
    assert max(len(each.target) for each in shop.server.asked) < 4000


def test_the_shops_own_lists_are_asked_for_once(shop: PrestaShopShop) -> None:
    shop.stock("1", "2")
    adapter = shop.adapter()
    adapter.fetch_orders(["1"])
    del shop.server.asked[:]
    shop.orders["2"]["order_details"][0]["associations"] = {"taxes": [{"id": 2}, {"id": 1}]}
    shop.orders["2"]["addresses"][0] |= {"id_state": 8, "id_country": 21}
    (answer,) = adapter.fetch_orders(["2"])
    assert isinstance(answer.result, SourceOrder)
    assert answer.result.billing.region == "CA"
    more = [each.query for each in shop.server.asked[-3:]]
    assert asked(shop)[-3:] == ["countries", "states", "taxes"]
    assert [query["filter[id]"] for query in more] == ["[21]", "[8]", "[2]"]


def test_a_row_of_a_list_that_is_gone_is_not_asked_for_again(shop: PrestaShopShop) -> None:
    shop.stock("1")
    shop.orders["1"]["orders"]["id_carrier"] = 99
    shop.orders["1"]["order_carriers"] = []
    adapter = shop.adapter()
    told = [adapter.fetch_orders(["1"])[0].result for _ in range(2)]
    assert [result.delivery_code for result in told if isinstance(result, SourceOrder)] == ["", ""]
    assert asked(shop).count("carriers") == 1


def test_the_password_of_a_customer_is_not_asked_for(shop: PrestaShopShop) -> None:
    shop.stock("1")
    shop.fetch("1")
    display = next(each.query["display"] for each in shop.server.asked if "customers" in each.path)
    assert display == "[id,firstname,lastname,email,siret]"


def test_an_order_that_is_missing_is_asked_for_singly(shop: PrestaShopShop) -> None:
    shop.stock("1", "3")
    told = shop.fetch("1", "2", "3")
    assert kinds(told) == {"1": SourceOrder, "2": OrderNotFound, "3": SourceOrder}
    asked_for = [
        each.query["filter[id]"] for each in shop.server.asked if each.path == "/api/orders"
    ]
    assert asked_for == ["[1|2|3]", "[2]"]


def test_an_order_that_a_batch_left_out_is_found_singly(shop: PrestaShopShop) -> None:
    shop.stock("1", "2")
    shop.override = lambda asked: (
        Reply([], headers=SIGNED) if asked.query.get("filter[id]") == "[1|2]" else None
    )
    assert kinds(shop.fetch("1", "2")) == {"1": SourceOrder, "2": SourceOrder}


def test_another_order_than_asked_for(shop: PrestaShopShop) -> None:
    shop.stock("1")
    row = shop.order("5")["orders"]
    shop.override = lambda asked: (
        Reply({"orders": [row]}, headers=SIGNED) if asked.path == "/api/orders" else None
    )
    assert kinds(shop.fetch("1")) == {"1": BadPayload}


@pytest.mark.parametrize("resource", ["order_details", "messages"])
def test_an_order_whose_part_makes_the_shop_fail_costs_itself_only(
    shop: PrestaShopShop, resource: str
) -> None:
    shop.stock(*shop.ids(8))

    def fails(asked: Asked) -> Reply | None:
        keys = asked.query.get("filter[id_order]", "[]")[1:-1].split("|")
        return Reply(b"", 500, SIGNED) if asked.path.endswith(resource) and "5" in keys else None

    shop.override = fails
    told = shop.fetch(*shop.ids(8))
    assert kinds(told) == dict.fromkeys(shop.ids(8), SourceOrder) | {"5": BadPayload}


def test_no_order_is_blamed_for_a_list_that_fails(shop: PrestaShopShop) -> None:
    shop.stock("1", "2")
    shop.override = lambda asked: Reply(b"", 500) if "currencies" in asked.path else None
    with pytest.raises(Unavailable):
        shop.fetch("1", "2")
    assert asked(shop).count("currencies") == 1


def test_an_order_without_its_lines_costs_itself_only(shop: PrestaShopShop) -> None:
    shop.stock("1", "2")
    shop.orders["1"]["order_details"] = []
    assert kinds(shop.fetch("1", "2")) == {"1": BadPayload, "2": SourceOrder}


# rights


@pytest.mark.parametrize("resource", ESSENTIAL)
def test_a_right_that_orders_need_is_named(shop: PrestaShopShop, resource: str) -> None:
    shop.stock("1")
    shop.rights -= {resource}
    adapter = shop.adapter()
    for ask in (adapter.fetch_info, lambda: adapter.fetch_orders(["1"])):
        with pytest.raises(Refused, match=f"may not read “{resource}”.*GET"):
            ask()
    with pytest.raises(Refused, match=f"“{resource}”"):
        adapter.fetch_page(None, None)


@pytest.mark.parametrize("resource", OPTIONAL)
def test_a_right_that_orders_do_not_need(shop: PrestaShopShop, resource: str) -> None:
    """The order is told with what it is known without; it is not asked for in vain again."""
    shop.orders["1"] = shop.logical("1")
    whole = shop.fetch("1")["1"]
    shop.orders["1"]["addresses"][0]["id_state"] = 8
    shop.rights -= {resource}
    del shop.server.asked[:]
    adapter = shop.adapter()
    adapter.fetch_info()
    (answer,) = adapter.fetch_orders(["1"])
    (again,) = adapter.fetch_orders(["1"])
    assert isinstance(answer.result, SourceOrder)
    assert answer.result.metadata[-1] == Metadatum("not_allowed", [resource])
    assert again.result == answer.result
    assert asked(shop).count(resource) == 1
    for field in ("total", "net", "tax", "discount", "shipping", "is_paid", "currency"):
        assert getattr(answer.result, field) == getattr(whole, field)


def test_configurations_may_not_be_read(shop: PrestaShopShop) -> None:
    """They tell the time zone, without which every time would be wrong."""
    shop.rights -= {"configurations"}
    with pytest.raises(Refused, match="“configurations”"):
        shop.adapter().fetch_info()


def errors(name: str) -> Any:
    try:
        return decode((RECORDED / f"{name}.json").read_bytes())
    except NotJson:
        return None


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, errors("err_401_bad_key"), Unauthorized, "does not know our webservice key"),
        (401, errors("err_401_short_key"), Unauthorized, "does not know our webservice key"),
        (401, errors("err_401_no_key"), Unauthorized, "does not pass the key on"),
        (401, errors("err_forbidden_resource"), NotAllowed, "may not read"),
        (401, {"errors": [{"code": 21, "message": ""}]}, Refused, "no rights"),
        (405, {"errors": [{"code": 25, "message": ""}]}, NotAllowed, "may not read"),
        (403, {"errors": [{"code": 132, "message": ""}]}, Refused, "not for this one"),
        (503, {"errors": [{"code": 22, "message": ""}]}, Refused, "switched off"),
        (400, errors("err_unknown_resource"), NotAllowed, "may not read"),
        (400, errors("err_bad_filter"), type(None), ""),
        (404, errors("err_404_order"), type(None), ""),
        (503, None, type(None), ""),
        (500, {"errors": [{"code": True}, {"code": "26"}, None]}, type(None), ""),
        (500, {"errors": "x"}, type(None), ""),
        (500, [], type(None), ""),
    ],
)
def test_what_an_error_means(status: int, body: Any, kind: type, words: str) -> None:
    error = explained(status, body)
    assert type(error) is kind
    assert words in str(error)


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(b"401 Unauthorized", 401), Unauthorized, "Authorization"),
        (Reply(errors("err_401_bad_key"), 401), Unauthorized, "Advanced Parameters"),
        (Reply({"errors": [{"code": 22, "message": "off"}]}, 503), Refused, "switched off"),
        (Reply(b"", 404), NotData, "does not answer as PrestaShop"),
        (Reply(b"<h1>Not found</h1>", 404), NotData, "does not answer as PrestaShop"),
        (Reply({"data": []}), NotData, "does not answer as PrestaShop"),
        (Reply([]), NotData, "does not answer as PrestaShop"),
        (Reply({}), NotData, "does not answer as PrestaShop"),
        (Reply({"orders": "x"}), NotData, "does not answer as PrestaShop"),
        (Reply(errors("err_bad_display"), 400, SIGNED), Unavailable, "status 400"),
        (Reply(b"", 403), Refused, "403"),
    ],
)
def test_what_a_connection_test_says(
    shop: PrestaShopShop, reply: Reply, kind: type[Exception], words: str
) -> None:
    shop.override = lambda asked: reply
    for ask in (shop.adapter().fetch_info, lambda: shop.fetch("1")):
        with pytest.raises(kind, match=words) as raised:
            ask()
        assert type(raised.value) is kind
        assert KEY not in str(raised.value)


def test_an_empty_list_is_believed_of_prestashop_only(shop: PrestaShopShop) -> None:
    """What answers [] to everything else has not deleted our orders."""
    body = (RECORDED / "orders_by_ids_all_missing.json").read_bytes()
    shop.override = lambda asked: Reply(body, 200)
    with pytest.raises(Unavailable):
        shop.fetch("1")
    shop.override = lambda asked: Reply(body, 200, {"access-time": "1795414764"})
    assert kinds(shop.fetch("1")) == {"1": OrderNotFound}


# connection


LEARNED = ["currencies", "countries", "carriers", "order_states", "taxes"]


def test_what_was_learnt_is_not_asked_for_again_unless_it_is_new(shop: PrestaShopShop) -> None:
    shop.orders["1"] = shop.logical("1")
    whole = shop.fetch("1")["1"]
    learned = dict(shop.adapter().fetch_info().learned)
    del shop.server.asked[:]
    assert shop.adapter(learned=learned).fetch_orders(["1"])[0].result == whole
    assert not {*LEARNED} & set(asked(shop))
    for name in LEARNED:
        del shop.server.asked[:]
        adapter = shop.adapter(learned=learned | {name: "{}"})
        assert adapter.fetch_orders(["1"])[0].result == whole
        assert {*LEARNED} & set(asked(shop)) == {name}


def test_what_a_connection_test_learns(shop: PrestaShopShop) -> None:
    info = shop.adapter(timezone="UTC").fetch_info()
    assert (info.name, info.timezone) == ("Káva", "Europe/Prague")
    url = "https://tracking.example.test/?p=@"
    told = {name: decode(rows.encode()) for name, rows in info.learned.items() if name in LEARNED}
    assert told == {
        "currencies": {"1": {"id": 1, "iso_code": "CZK"}, "2": {"id": 2, "iso_code": "EUR"}},
        "countries": {"16": {"id": 16, "iso_code": "CZ"}, "21": {"id": 21, "iso_code": "US"}},
        "carriers": {
            str(key): {"id": key, "id_reference": of, "name": name, "url": url}
            for key, of, name in [
                (7, 7, "Zásilkovna (stará)"),
                (9, 7, "Zásilkovna"),
                (8, 8, "Osobní odběr"),
            ]
        },
        "order_states": {"3": {"id": 3, "paid": "1"}, "10": {"id": 10, "paid": "0"}},
        "taxes": {"1": {"id": 1, "rate": "21.000"}, "2": {"id": 2, "rate": "12.000"}},
    }
    assert info.learned["language"] == "2" and len(info.learned) == 6
    others = [each for each in ESSENTIAL[1:] if each not in LEARNED]
    assert asked(shop) == ["orders", *LEARNED, *others, "configurations"]
    assert shop.server.asked[0].query == {
        "display": "[id,id_shop]",
        "sort": "[id_DESC]",
        "limit": "1",
        "output_format": "JSON",
    }


@pytest.mark.parametrize(
    ("values", "told"), [(["Mars/Base"], "Asia/Tokyo"), ([""], "Asia/Tokyo"), ([], "Asia/Tokyo")]
)
def test_a_time_zone_that_is_none(shop: PrestaShopShop, values: list[str], told: str) -> None:
    rows = [setting(1, "PS_TIMEZONE", value) for value in values]
    shop.override = lambda asked: (
        Reply({"configurations": rows}, headers=SIGNED) if "configurations" in asked.path else None
    )
    assert shop.adapter(timezone="Asia/Tokyo").fetch_info().timezone == told


def test_settings_of_one_of_several_shops() -> None:
    rows = [
        setting(1, "PS_TIMEZONE", "Asia/Tokyo", "2"),
        setting(2, "PS_TIMEZONE", "Europe/Prague"),
        setting(3, "PS_TIMEZONE", "Europe/Paris", "3"),
        setting(4, "PS_TIMEZONE", "") | {"value": [{"id": 1, "value": "UTC"}]},
        None,
    ]
    assert own_settings(rows, "2") == {"PS_TIMEZONE": "Asia/Tokyo"}
    assert own_settings(rows, "9") == own_settings(rows, "") == {"PS_TIMEZONE": "Europe/Prague"}


# page by page


def test_a_page_begins_behind_the_last_id(shop: PrestaShopShop) -> None:
    shop.stock(*shop.ids(150))
    adapter = shop.adapter()
    first = adapter.fetch_page(None, None)
    assert (len(first.answers), first.cursor, first.total) == (100, "100", None)
    del shop.orders["3"]  # what was told already moves nothing
    shop.stock("151")
    second = adapter.fetch_page(first.cursor, None)
    assert [answer.external_id for answer in second.answers] == [str(x) for x in range(101, 152)]
    assert second.cursor is None
    pages = [each.query for each in shop.server.asked if each.path == "/api/orders"]
    assert [page["filter[id]"] for page in pages] == [">[0]", ">[100]"]
    assert {page["sort"] for page in pages} == {"[id_ASC]"}


def test_a_full_last_page_is_followed_by_an_empty_one(shop: PrestaShopShop) -> None:
    shop.stock(*shop.ids(100))
    adapter = shop.adapter()
    page = adapter.fetch_page(None, None)
    assert page.cursor == "100"
    last = adapter.fetch_page(page.cursor, None)
    assert (last.answers, last.cursor) == ((), None)


def test_an_order_that_makes_a_page_fail_costs_itself_only(shop: PrestaShopShop) -> None:
    shop.stock(*shop.ids(10))
    shop.poison = {"4"}
    page = shop.adapter().fetch_page(None, None)
    told = {answer.external_id: type(answer.result) for answer in page.answers}
    assert told == dict.fromkeys(shop.ids(10), SourceOrder) | {"4": BadPayload}


def test_a_page_of_orders_without_ids_ends_the_import(shop: PrestaShopShop) -> None:
    shop.override = lambda asked: Reply({"orders": [{}] * 100}, headers=SIGNED)
    with pytest.raises(Unavailable, match="without ids"):
        shop.adapter().fetch_page(None, None)


@pytest.mark.parametrize(("by_change", "field"), [(False, "date_add"), (True, "date_upd")])
def test_since_is_told_in_the_shops_time(shop: PrestaShopShop, by_change: bool, field: str) -> None:
    since = datetime(2026, 7, 1, 10, tzinfo=UTC)
    shop.adapter().fetch_page(None, since, by_change)
    query = shop.server.asked[0].query
    assert (query[f"filter[{field}]"], query["date"]) == (">[2026-07-01 11:59:59]", "1")


@pytest.mark.parametrize(
    ("since", "told"),
    [
        (datetime(2026, 3, 29, 1, tzinfo=UTC), "2026-03-29 01:59:59"),
        (datetime(2026, 10, 24, 23, 59, tzinfo=UTC), "2026-10-25 01:58:59"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-25 01:29:59"),  # 2:30, and again
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25 02:29:59"),
    ],
)
def test_since_on_the_days_when_the_clock_is_changed(since: datetime, told: str) -> None:
    assert written(since, "Europe/Prague") == told


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.timedeltas(timedelta(0), timedelta(days=2)),
    st.sampled_from(["Europe/Prague", "UTC", "Australia/Lord_Howe", "America/New_York"]),
)
def test_nothing_later_is_left_out(since: datetime, later: timedelta, timezone: str) -> None:
    shown = (since + later).astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M:%S")
    assert shown > written(since, timezone)


# code lists


def test_code_lists_in_the_shops_language(shop: PrestaShopShop) -> None:
    assert shop.adapter(learned={"language": "2"}).fetch_sequences() == [
        SequenceEntry(kind="status", code="3", name="Připravuje se", type="paid", color="#3498D8"),
        SequenceEntry(kind="status", code="10", name="Čeká na převod", type="new", color="#3498D8"),
        SequenceEntry(kind="delivery", code="7", name="Zásilkovna", description="2-3 dny"),
        SequenceEntry(
            kind="delivery",
            code="8",
            name="Osobní odběr",
            description="Not offered in the e-shop now.",
        ),
    ]
    assert asked(shop) == ["order_states", "carriers"]


def test_code_lists_need_their_rights(shop: PrestaShopShop) -> None:
    shop.override = lambda asked: not_allowed("carriers") if "carriers" in asked.path else None
    with pytest.raises(Refused, match="“carriers”"):
        shop.adapter().fetch_sequences()


def test_the_logical_order_in_a_shop_of_one_language(shop: PrestaShopShop) -> None:
    """Names are plain texts there."""
    names = {"name": "Odesláno", "template": "shipped"}
    row = {"id": 4, "shipped": "1", "color": "#01B887", **names}
    shop.override = lambda asked: (
        Reply({"order_states": [row]}, headers=SIGNED) if "order_states" in asked.path else None
    )
    assert shop.adapter().fetch_sequences()[0] == SequenceEntry(
        kind="status", code="4", name="Odesláno", type="shipped", color="#01B887"
    )
