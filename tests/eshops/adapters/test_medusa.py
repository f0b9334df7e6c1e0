"""How Medusa is asked: which requests, how many, and what each answer is taken for."""

import json
import logging
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from eshops.adapters import ADAPTERS
from eshops.adapters.address import base_address
from eshops.adapters.http import HttpClient, NotData, ServerError, TooLarge
from eshops.adapters.medusa.adapter import PASTED_TAIL, Medusa
from eshops.adapters.medusa.fields import FIELDS
from eshops.adapters.medusa.sequences import STATUSES
from eshops.source import (
    Answer,
    BadPayload,
    Connection,
    OrderNotFound,
    Page,
    Refused,
    SequenceEntry,
    ShopInfo,
    SourceOrder,
    Unavailable,
)
from tests.harness.web import Asked, Reply, WebServer
from tests.platforms.medusa import KEY, LISTS, PLACED, UNKNOWN_ERROR, MedusaShop, money

RECORDED = Path(__file__).parents[2] / "recorded/medusa"
BY_PASSWORD = {"email": "eva@example.test", "password": " pa§§ word "}
TOKEN = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"


@pytest.fixture
def shop(server: WebServer) -> MedusaShop:
    return MedusaShop(server)


def recording(name: str, status: int) -> Reply:
    return Reply((RECORDED / f"{name}.json").read_bytes(), status)


def queries(shop: MedusaShop) -> list[tuple[str, list[tuple[str, str]]]]:
    """Path and parameters of each request, fields left out."""
    return [
        (asked.path, [each for each in parse_qsl(query(asked)) if each[0] != "fields"])
        for asked in shop.server.asked
    ]


def query(asked: Asked) -> str:
    return urlsplit(asked.target).query


def kinds(told: Mapping[str, Any]) -> list[type]:
    return [type(result) for result in told.values()]


def test_it_is_registered() -> None:
    assert ADAPTERS["medusa"] is Medusa
    assert [set(way) for way in Medusa.sign_ins] == [{"api_key"}, {"email", "password"}]


@pytest.mark.parametrize(
    ("pasted", "address"),
    [
        (" https://api.kava.test/ ", "https://api.kava.test"),
        ("api.kava.test/app", "https://api.kava.test"),
        ("https://api.kava.test/app/orders/order_01M8?x=1", "https://api.kava.test"),
        ("https://kava.test/backend/admin/orders", "https://kava.test/backend"),
        ("https://kava.test/apparel", "https://kava.test/apparel"),
        ("http://eva:pa@localhost:9000/app/login", "http://localhost:9000"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_addresses_as_staff_paste_them(pasted: str, address: str) -> None:
    assert base_address(pasted, PASTED_TAIL) == address


def test_order_url() -> None:
    adapter = Medusa(Connection(base_url="https://kava.test/app", credentials={"api_key": KEY}))
    assert adapter.order_url("order_01M8") == "https://kava.test/app/orders/order_01M8"


# orders by their ids


def test_100_orders_are_one_request(shop: MedusaShop) -> None:
    ids = shop.ids(100)
    shop.stock(*ids)
    assert list(shop.fetch(*reversed(ids))) == ids[::-1]
    asked = [("limit", "100"), *(("id[]", each) for each in reversed(ids))]
    assert queries(shop) == [("/admin/orders", asked)]
    assert shop.server.asked[0].query["fields"] == FIELDS
    assert len(shop.server.asked[0].target) < 8_000  # what nginx takes for the first line


def test_ids_that_are_none_are_not_sent(shop: MedusaShop) -> None:
    told = shop.fetch("", " ", "a b", "a/b", "a&id[]=b", "../x", "ž", "-a", "x" * 65, "a\n")
    assert kinds(told) == [OrderNotFound] * 10
    assert not shop.server.asked


def test_absent_orders_are_asked_for_singly(shop: MedusaShop) -> None:
    here, gone = shop.ids(2)
    shop.stock(here)
    assert kinds(shop.fetch(gone, here)) == [OrderNotFound, SourceOrder]
    assert queries(shop)[1:] == [(f"/admin/orders/{gone}", [])]
    assert shop.server.asked[1].query["fields"] == FIELDS


def test_a_part_is_not_taken_for_the_whole(shop: MedusaShop) -> None:
    """Medusa needs a field for that which is not read here."""
    one, gone = shop.ids(2)
    for each in (one, gone):
        shop.orders[each] = shop.order(each) | {"fulfillment_status": "partially_fulfilled"}
    listed = shop.fetch(one)[one]
    shop.override = lambda asked: Reply({"orders": []}) if asked.path == "/admin/orders" else None
    single = shop.fetch(gone)[gone]
    assert listed.status_code == single.status_code == "fulfillment:partially_fulfilled"


def test_what_tells_refunds_from_other_credits_is_asked_for(shop: MedusaShop) -> None:
    """Two credits of the same amount, one of a refund whose reason was deleted."""
    (one,) = shop.ids(1)
    refund = {"id": "ref_1", "refund_reason_id": "refr_1", "refund_reason": None}
    shop.orders[one] = shop.order(one) | {
        **money("credit_line_total", "4"),
        "credit_lines": [
            {"reference": name, "metadata": {"created_in_version": version}} | money("amount", "2")
            for name, version in (("Smazaný", 2), ("Dárková karta", 3))
        ],
        "payment_collections": [{"payments": [{"refunds": [refund | money("amount", "2")]}]}],
        "transactions": [{"reference_id": "ref_1", "version": 1, "amount": -2}],
    }
    order = shop.fetch(one)[one]
    assert [item.name for item in order.items if item.kind == "discount"] == ["Dárková karta"]


def test_the_oldest_shipping_method_is_known_by_what_is_asked_for(shop: MedusaShop) -> None:
    (one,) = shop.ids(1)
    figures = money("total", "0") | money("tax_total", "0")
    told = (("DPD", "2026-11-05T09:30:00.000Z"), ("PPL", PLACED))
    methods = [{"id": name, "name": name, "created_at": at} | figures for name, at in told]
    shop.orders[one] = shop.order(one) | {"shipping_methods": methods}
    assert shop.fetch(one)[one].delivery_name == "PPL"


def test_the_customers_company_is_asked_for(shop: MedusaShop) -> None:
    (one,) = shop.ids(1)
    customer = {"id": "cus_1", "company_name": "Káva SE", "metadata": {"vat": "SK1"}}
    shop.orders[one] = shop.order(one) | {"customer": customer}
    told = {each.key: each.value for each in shop.fetch(one)[one].metadata}
    assert told == {"customer.company_name": "Káva SE", "customer.vat": "SK1"}


def test_when_it_was_cancelled_is_asked_for(shop: MedusaShop) -> None:
    (one,) = shop.ids(1)
    shop.orders[one] = shop.order(one) | {"status": "archived", "canceled_at": PLACED}
    assert shop.fetch(one)[one].status_code == "order:canceled"


def test_a_draft_is_left_out_of_the_list_only(shop: MedusaShop) -> None:
    one, draft = shop.ids(2)
    shop.stock(one)
    path = f"/admin/orders/{draft}"
    body = json.loads((RECORDED / "draft_single.json").read_bytes())
    body["order"]["id"] = draft
    shop.override = lambda asked: Reply(body) if asked.path == path else None
    assert shop.fetch(one, draft)[draft].status_code == "order:draft"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (recording("err_404_order", 404), OrderNotFound),
        (recording("err_404_route", 404), NotData),
        (Reply({"type": "other", "message": "…"}, 404), NotData),
        (recording("err_400_bad_limit", 400), NotData),
        (Reply({"order": None}), NotData),
        (Reply([]), NotData),
        (Reply({"order": {"id": "order_other"}}), BadPayload),
        (Reply({"order": []}), BadPayload),
        (recording("err_401_bad_api_key", 401), Refused),
    ],
)
def test_what_a_single_answer_is_taken_for(shop: MedusaShop, reply: Reply, kind: type) -> None:
    (absent,) = shop.ids(1)
    shop.override = lambda asked: reply if asked.path.endswith(absent) else None
    assert isinstance(shop.fetch(absent)[absent], kind)


def test_another_order_than_was_asked_for(shop: MedusaShop) -> None:
    one, two = shop.ids(2)
    shop.orders[one] = shop.order(two)
    told = shop.fetch(one)
    assert kinds(told) == [BadPayload]
    assert "another order" in str(told[one])


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"", 431),
        recording("err_400_bad_limit", 400),
        recording("err_404_route", 404),
        Reply({"orders": None}),
        Reply({"orders": {}}),
        Reply([]),
    ],
)
def test_an_odd_list_marks_nothing(shop: MedusaShop, reply: Reply) -> None:
    shop.override = lambda asked: reply
    with pytest.raises(Unavailable, match="does not answer as Medusa does"):
        shop.fetch(*shop.ids(3))
    assert len(shop.server.asked) == 1


def test_the_reason_of_an_error_is_told(shop: MedusaShop) -> None:
    shop.override = lambda asked: recording("err_400_bad_limit", 400)
    with pytest.raises(Unavailable, match="status 400, invalid_data"):
        shop.fetch(*shop.ids(1))


def test_too_many_orders_at_once_are_asked_for_in_parts(shop: MedusaShop) -> None:
    ids = shop.ids(130)
    shop.stock(*ids)
    assert list(shop.fetch(*ids)) == ids
    assert [len(params) - 1 for _, params in queries(shop)] == [100, 30]


# all orders, page by page


def walk(shop: MedusaShop, since: datetime | None = None, by_change: bool = False) -> list[Page]:
    pages = [shop.adapter().fetch_page(None, since, by_change)]
    while (cursor := pages[-1].cursor) and len(pages) < 20:
        pages.append(shop.adapter().fetch_page(cursor, since, by_change))
    return pages


def ids_of(answers: tuple[Answer, ...]) -> list[str]:
    return [answer.external_id for answer in answers]


def test_pages(shop: MedusaShop) -> None:
    ids = shop.ids(250)
    shop.stock(*reversed(ids))
    pages = walk(shop)
    assert [ids_of(page.answers) for page in pages] == [ids[:100], ids[100:200], ids[200:]]
    assert [page.total for page in pages] == [250] * 3
    order = [("order", "id"), ("limit", "100")]
    assert queries(shop) == [
        ("/admin/orders", order),
        ("/admin/orders", [*order, ("id[$gt]", ids[99])]),
        ("/admin/orders", [*order, ("id[$gt]", ids[199])]),
    ]


def test_a_full_last_page_ends_it(shop: MedusaShop) -> None:
    shop.stock(*shop.ids(100))
    assert len(walk(shop)) == 1


def test_no_orders(shop: MedusaShop) -> None:
    assert shop.adapter().fetch_page(None, None) == Page(answers=(), cursor=None, total=0)


def test_nothing_is_skipped_when_orders_go_and_come_meanwhile(shop: MedusaShop) -> None:
    ids = shop.ids(201)
    shop.stock(*ids[:200])
    first = shop.adapter().fetch_page(None, None)
    for gone in ids[50:100]:
        del shop.orders[gone]
    shop.stock(ids[200])
    second = shop.adapter().fetch_page(first.cursor, None)
    third = shop.adapter().fetch_page(second.cursor, None)
    assert ids_of(second.answers + third.answers) == ids[100:]


@pytest.mark.parametrize("by_change", [False, True])
def test_since(shop: MedusaShop, by_change: bool) -> None:
    """In milliseconds as Medusa tells it, rounded down."""
    since = datetime(2026, 11, 2, 10, 29, 59, 999_900, tzinfo=timezone(timedelta(hours=1)))
    shop.stock(*shop.ids(2))
    (page,) = walk(shop, since, by_change)
    assert len(page.answers) == 2
    moment = ("updated_at[$gte]", "2026-11-02T09:29:59.999+00:00")
    assert queries(shop) == [("/admin/orders", [("order", "id"), ("limit", "100"), moment])]


BEFORE, SINCE = "2026-10-20T08:00:00.000Z", datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize("poisoned", [False, True])
def test_a_draft_that_was_placed_later_is_found_by_its_change(
    shop: MedusaShop, poisoned: bool
) -> None:
    """What was a draft is told with the draft's date; what came from a cart was none."""
    draft, from_cart, unchanged, new, odd = shop.ids(5)
    shop.stock(draft, from_cart, unchanged, new, odd)
    shop.orders[draft] |= {"created_at": BEFORE, "cart": None}
    shop.orders[from_cart] |= {"created_at": BEFORE, "cart": {"id": "cart_1"}}
    shop.orders[unchanged] |= {"created_at": BEFORE, "updated_at": BEFORE}
    shop.orders[new]["cart"] = {"id": "cart_2"}
    shop.orders[odd] |= {"created_at": [], "cart": {"id": "cart_3"}}
    shop.poison = {new} if poisoned else set()
    (page,) = walk(shop, SINCE)
    assert ids_of(page.answers) == [draft, new, odd]
    assert page.total is None  # Medusa counts the others too
    (changed,) = walk(shop, SINCE, by_change=True)
    assert ids_of(changed.answers) == [draft, from_cart, new, odd]
    assert changed.total == 4


def test_a_page_of_which_nothing_was_placed_since_leads_to_the_next(shop: MedusaShop) -> None:
    ids = shop.ids(101)
    shop.stock(*ids)
    for each in ids[:100]:
        shop.orders[each] |= {"created_at": BEFORE, "cart": {"id": "cart_1"}}
    first, second = walk(shop, SINCE)
    assert (ids_of(first.answers), ids_of(second.answers)) == ([], ids[100:])


def test_an_order_that_breaks_the_page_costs_itself_only(shop: MedusaShop) -> None:
    ids = shop.ids(3)
    shop.stock(*ids)
    shop.poison = {ids[1]}
    (page,) = walk(shop)
    assert kinds({answer.external_id: answer.result for answer in page.answers}) == [
        SourceOrder,
        BadPayload,
        SourceOrder,
    ]
    assert shop.server.asked[1].query["fields"] == "id"


def test_a_page_that_cannot_be_told_at_all(shop: MedusaShop) -> None:
    shop.override = lambda asked: UNKNOWN_ERROR
    with pytest.raises(ServerError):
        walk(shop)
    assert len(shop.server.asked) == 2


def test_orders_without_an_id(shop: MedusaShop) -> None:
    one, two = shop.ids(2)
    shop.orders = {one: shop.order(one) | {"id": None}, two: shop.order(two)}
    (page,) = walk(shop)
    assert [(each.external_id, type(each.result)) for each in page.answers] == [
        ("", BadPayload),
        (two, SourceOrder),
    ]


@pytest.mark.parametrize(
    "body", [{"orders": [{}], "count": 5}, {"orders": []}, {"orders": [], "count": "x"}]
)
def test_a_page_that_leads_nowhere(shop: MedusaShop, body: Any) -> None:
    shop.override = lambda asked: Reply(body)
    with pytest.raises(NotData):
        walk(shop)


# connection


def test_info(shop: MedusaShop) -> None:
    assert shop.adapter().fetch_info() == ShopInfo(name="Káva", timezone="UTC")
    assert [path for path, _ in queries(shop)] == ["/admin/orders", "/admin/stores"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"type": "forbidden", "message": "…"}, 403),
        Reply({"stores": []}),
        Reply({"stores": [1]}),
    ],
)
def test_a_name_that_is_not_told(shop: MedusaShop, reply: Reply) -> None:
    shop.override = lambda asked: reply if asked.path == "/admin/stores" else None
    assert shop.adapter().fetch_info().name == ""


@pytest.mark.parametrize(
    "reply",
    [recording("err_404_route", 404), Reply({"name": "WordPress"}), Reply([]), Reply({}, 405)],
)
def test_another_program(shop: MedusaShop, reply: Reply) -> None:
    shop.override = lambda asked: reply
    with pytest.raises(Refused, match="not as a Medusa server"):
        shop.adapter().fetch_info()


def test_an_error_of_its_own(shop: MedusaShop) -> None:
    shop.override = lambda asked: recording("err_400_bad_limit", 400)
    with pytest.raises(NotData, match="status 400, invalid_data"):
        shop.adapter().fetch_info()


@pytest.mark.parametrize("key", ["sk_wrong", "pk_0123", "ž"])
def test_a_wrong_key(shop: MedusaShop, key: str) -> None:
    with pytest.raises(Refused, match="does not let us in"):
        shop.adapter(credentials={"api_key": key}).fetch_info()


def test_a_missing_right(shop: MedusaShop) -> None:
    shop.override = lambda asked: shop.refusals()["right"]
    with pytest.raises(Refused, match=r"403.*saying “Insufficient permissions.*what the e-shop's"):
        shop.adapter().fetch_info()


def test_the_key_is_a_basic_user(shop: MedusaShop) -> None:
    shop.stock(*shop.ids(1))
    shop.fetch(*shop.ids(1))
    (asked,) = shop.server.asked
    assert asked.headers["Authorization"] == f"Basic {b64encode(f'{KEY}:'.encode()).decode()}"


# signing in with a password


class Door:
    """Lets in whoever has the token that was given out last."""

    def __init__(self, shop: MedusaShop) -> None:
        self.token = ""
        self.reply: Reply | None = None
        self.shop = shop
        shop.override = self.answer

    def answer(self, asked: Asked) -> Reply | None:
        if asked.path == "/auth/user/emailpass":
            assert asked.method == "POST" and not asked.headers["Authorization"]
            assert asked.json == {**BY_PASSWORD}
            self.token = f"{TOKEN}{len(self.shop.server.asked)}"
            return self.reply or Reply({"token": self.token})
        if not self.token or asked.headers["Authorization"] != f"Bearer {self.token}":
            return Reply({"message": "Unauthorized"}, 401)
        del asked.headers["Authorization"]
        asked.headers["Authorization"] = "Basic " + b64encode(f"{KEY}:".encode()).decode()
        return None


def paths(shop: MedusaShop) -> list[str]:
    return [asked.path for asked in shop.server.asked]


def test_signing_in_costs_one_request_once(shop: MedusaShop) -> None:
    Door(shop)
    ids = shop.ids(2)
    shop.stock(*ids)
    adapter = shop.adapter(credentials=BY_PASSWORD)
    for _ in range(2):
        assert all(isinstance(each.result, SourceOrder) for each in adapter.fetch_orders(ids))
    assert paths(shop) == ["/auth/user/emailpass", "/admin/orders", "/admin/orders"]


def test_a_token_that_gave_out_is_replaced(shop: MedusaShop) -> None:
    door = Door(shop)
    ids = shop.ids(1)
    shop.stock(*ids)
    adapter = shop.adapter(credentials=BY_PASSWORD)
    adapter.fetch_orders(ids)
    door.token = "given out to another"
    (answer,) = adapter.fetch_orders(ids)
    assert isinstance(answer.result, SourceOrder)
    assert paths(shop)[2:] == ["/admin/orders", "/auth/user/emailpass", "/admin/orders"]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (recording("err_401_bad_login", 401), "saying “Invalid email or password”"),
        (Reply({"mfa_required": True, "mfa_challenge": {}}), "second factor"),
        (Reply({"token": None}), "not as a Medusa server"),
        (Reply({"location": "https://login.example.test"}), "not as a Medusa server"),
        (Reply([]), "not as a Medusa server"),
        (recording("err_404_route", 404), "not as a Medusa server"),
    ],
)
def test_not_signed_in(shop: MedusaShop, reply: Reply, words: str) -> None:
    Door(shop).reply = reply
    with pytest.raises(Refused, match=words):
        shop.adapter(credentials=BY_PASSWORD).fetch_info()
    assert paths(shop) == ["/auth/user/emailpass"]


def test_no_password_or_token_is_in_any_repr_or_log(
    shop: MedusaShop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    door = Door(shop)
    adapter = shop.adapter(credentials=BY_PASSWORD)
    adapter.fetch_info()
    told = caplog.text + repr(adapter) + "".join(repr(each) for each in vars(adapter).values())
    door.reply = Reply({"message": f"{BY_PASSWORD['password']} of {BY_PASSWORD['email']}"}, 401)
    door.token = ""
    with pytest.raises(Refused) as refusal:
        adapter.fetch_info()
    told += str(refusal.value)
    assert not any(secret.strip() in told for secret in (*BY_PASSWORD.values(), TOKEN))


def test_every_request_waits_for_its_turn(shop: MedusaShop) -> None:
    turns: list[int] = []

    class Turn:
        def __enter__(self) -> None:
            turns.append(1)

        def __exit__(self, *error: object) -> None:
            turns.append(-1)

    Door(shop)
    shop.adapter(credentials=BY_PASSWORD, turn=Turn).fetch_info()
    assert turns == [1, -1] * len(shop.server.asked)  # none within another


# code lists


def test_sequences(shop: MedusaShop) -> None:
    entries = shop.adapter().fetch_sequences()
    assert [(entry.kind, entry.code) for entry in entries if entry.kind != "status"] == [
        ("delivery", "so_packeta"),
        ("payment", "pp_system_default"),
        ("payment", "pp_stripe_stripe"),
    ]
    assert [entry.code for entry in entries if entry.kind == "status"] == [
        f"{status.axis}:{status.code}" for status in STATUSES
    ]
    assert len(shop.server.asked) == 2


def test_a_long_list_has_pages(shop: MedusaShop, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"id": f"pp_{each}"} for each in range(230)]
    monkeypatch.setitem(LISTS, "/admin/payments/payment-providers", rows)
    entries = shop.adapter().fetch_sequences()
    assert [entry.code for entry in entries if entry.kind == "payment"] == [
        row["id"] for row in rows
    ]
    assert [params[1] for _, params in queries(shop)[1:]] == [
        ("offset", "0"),
        ("offset", "100"),
        ("offset", "200"),
    ]


def test_an_odd_entry_is_passed_by(shop: MedusaShop, monkeypatch: pytest.MonkeyPatch) -> None:
    odd: list[Any] = [None, {}, {"id": []}, {"id": "pp_x"}]
    monkeypatch.setitem(LISTS, "/admin/payments/payment-providers", odd)
    entries = shop.adapter().fetch_sequences()
    assert [entry for entry in entries if entry.kind == "payment"] == [
        SequenceEntry(kind="payment", code="pp_x", name="X")
    ]


def test_an_answer_that_is_too_large_is_not_an_orders_fault(
    shop: MedusaShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*args: Any) -> Any:
        raise TooLarge("The answer of kava.test is larger than 20 MB, the most we accept.")

    monkeypatch.setattr(HttpClient, "get", too_large)
    with pytest.raises(Unavailable, match="20 MB"):
        shop.adapter().fetch_sequences()
    with pytest.raises(Unavailable, match="20 MB"):
        shop.adapter().fetch_info()
    with pytest.raises(Unavailable, match="20 MB"):
        shop.adapter().fetch_page(None, None)
    answers = shop.adapter().fetch_orders(shop.ids(2))
    assert [type(each.result) for each in answers] == [TooLarge, TooLarge]
    assert all(answer.sent_at <= datetime.now(UTC) for answer in answers)
    assert datetime.fromisoformat(PLACED) < answers[0].sent_at
