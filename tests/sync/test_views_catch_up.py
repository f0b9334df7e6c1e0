"""The counters in the rail, and catching up from the page."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from eshops.models import Eshop
from eshops.source import Refused, Unavailable
from orders.models import Order, SyncState
from sync import engine
from sync.catching_up import COUNTED, advance_all, cancel, pause, start_catch_up
from sync.counters import FAILED_COUNTED, count_waiting
from sync.models import CatchUp, SyncItem, SyncRun
from tests import factories
from tests.harness.guards import Sent
from tests.pages import EVERYTHING, XSS, assert_no_inline_code, signed_in
from tests.shops import ScriptedShop
from tests.sources import source_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]

HTMX = {"HX-Request": "true"}
PAGE, START, LIST = "/sync/catch-up/", "/sync/catch-up/start/", "/orders/"
LOOK, CLICK, BULK = "orders.view_order", "sync.synchronize", "sync.synchronize_in_bulk"
ASK = {"how": "ask"}


@pytest.fixture(autouse=True)
def _messages(sent: Sent) -> Iterator[Sent]:
    yield sent


@pytest.fixture
def shop(scripted: ScriptedShop) -> ScriptedShop:
    return scripted


def stale_eshop(number: int, shop: ScriptedShop | None = None, **fields: Any) -> Eshop:
    """An e-shop whose settings have changed since its orders were imported."""
    eshop = factories.eshop(settings_version=2, **fields)
    for each in range(number):
        factories.order(eshop, str(each), sync_state={"settings_version": 1})
        if shop:
            shop.put(source_order(str(each)))
    return eshop


def page(client: Client, address: str, **options: Any) -> str:
    html = text(client.get(address, **options))
    assert_no_inline_code(html)
    return html


def text(response: Any) -> str:
    return str(response.content.decode())


def poll(client: Client, query: str = "") -> Any:
    response = client.get(PAGE + query, headers=HTMX)
    assert "<html" not in text(response)
    assert_no_inline_code(text(response))
    return response


def left(html: str) -> str:
    found = re.search(r"<span data-left>([^<]*)</span>", html)
    assert found
    return found[1]


def work_off_one_run() -> None:
    lanes = SyncItem.objects.filter(outcome="pending").values_list("run_id", "eshop_id")
    for run_id, eshop_id in set(lanes):
        engine.synchronize_lane(run_id, eshop_id)
    advance_all()


def address_of(act: str, catch_up: CatchUp) -> str:
    return reverse(f"sync:{act}_catch_up", args=[catch_up.pk])


class TestPermissions:
    def test_the_page_is_for_who_may_see_orders(self) -> None:
        stale_eshop(1)
        assert Client().get(PAGE).headers["Location"].startswith("/sign-in/?next=")
        assert (
            signed_in(*(each for each in EVERYTHING if each != LOOK)).get(PAGE).status_code == 403
        )
        html = page(signed_in(LOOK), PAGE)
        assert left(html) == "1" and START not in html

    @pytest.mark.parametrize("missing", [CLICK, BULK])
    @pytest.mark.parametrize("act", ["start", "pause", "resume", "cancel"])
    def test_actions_need_the_right_to_bulk(self, act: str, missing: str, sent: Sent) -> None:
        stale_eshop(1)
        catch_up = None if act == "start" else start_catch_up(None)
        if catch_up and act == "resume":
            pause(catch_up)
        sent.commit()
        before = list(CatchUp.objects.values())
        address = address_of(act, catch_up) if catch_up else START
        assert Client().post(address, ASK).headers["Location"].startswith("/sign-in/?next=")
        some = [each for each in EVERYTHING if each != missing]
        for headers in ({}, HTMX):
            assert signed_in(*some).post(address, ASK, headers=headers).status_code == 403
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(factories.user(*EVERYTHING))
        assert strict.post(address, ASK).status_code == 403
        assert signed_in().get(address).status_code == 405
        assert list(CatchUp.objects.values()) == before
        assert signed_in(CLICK, BULK).post(address, ASK).headers["Location"] == PAGE
        assert list(CatchUp.objects.values()) != before

    def test_who_may_not_see_runs_gets_no_links_to_them(self) -> None:
        stale_eshop(1)
        start_catch_up(None)
        assert "/sync/runs/" not in page(signed_in(LOOK, CLICK, BULK), PAGE)
        assert "/sync/runs/" in page(signed_in(), PAGE)


class TestRail:
    def stale(self, client: Client) -> str:
        """What the rail says to catch up; "" when it says nothing."""
        html = page(client, LIST)
        found = re.search(
            r'<li( hidden)?><a href="/sync/catch-up/".*?>([^<]*)</span>\s*</a></li>', html
        )
        assert found
        return "" if found[1] else found[2]

    def test_only_what_there_is_and_only_for_who_may_see_orders(self) -> None:
        assert self.stale(signed_in()) == ""
        factories.order(stale_eshop(3), "failed", sync_state={"outcome": "failed"})
        assert self.stale(signed_in()) == "3"
        assert '1<span class="hidden"> failed</span>' in page(signed_in(), LIST)
        others = signed_in(*(each for each in EVERYTHING if each != LOOK))
        html = page(others, "/sync/runs/")
        assert "rail-stale" not in html and "failed</span></a>" not in html

    @pytest.mark.parametrize(
        ("number", "told", "title"),
        [
            (1, "1", "1 order to"),
            (1240, "1,240", "1,240 orders"),
            (10001, "10k+", "more than 10,000"),
        ],
    )
    def test_its_words(
        self, number: int, told: str, title: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        factories.eshop()
        monkeypatch.setattr("sync.counters.Counters.all_stale", number)
        assert self.stale(signed_in()) == told
        assert f'title="{title}' in page(signed_in(), LIST)

    def test_one_query_for_1_and_20_eshops(self, django_assert_num_queries: Any) -> None:
        stale_eshop(1)
        client = signed_in()
        for number in (1, 20):
            while Eshop.objects.count() < number:
                stale_eshop(2, name=f"Shop {Eshop.objects.count()}")
            with django_assert_num_queries(1):
                counters = count_waiting()
            assert counters.all_stale == SyncState.objects.count() == 2 * number - 1
            assert len(counters.stale) == number
            with django_assert_num_queries(8):
                client.get("/sync/runs/")

    def test_it_is_capped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sync.counters.COUNTED", 2)
        monkeypatch.setattr("sync.counters.FAILED_COUNTED", 1)
        eshop = stale_eshop(5)
        SyncState.objects.update(outcome="failed")
        counters = count_waiting()
        assert (counters.failed, counters.stale) == (2, {eshop.pk: 3})
        assert (COUNTED, FAILED_COUNTED) == (10_000, 999)

    def test_it_reads_indexes_only(self) -> None:
        if connection.vendor != "sqlite":
            pytest.skip("What PostgreSQL does depends on how many rows there are.")
        with CaptureQueriesContext(connection) as queries:
            count_waiting()
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
            plan = [row[-1] for row in cursor.fetchall()]
        used = [line for line in plan if "USING" in line]
        assert "USING COVERING INDEX sync_state_outcome (outcome=?)" in used[0]
        assert "COVERING INDEX sync_state_version (eshop_id=? AND settings_version<?)" in used[-1]


class TestPage:
    def test_how_many_of_which_eshop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        first, second = stale_eshop(2, name="A"), stale_eshop(1, name="B")
        factories.order(factories.eshop(name="Fresh"), "1")
        html = page(signed_in(), PAGE)
        assert left(html) == "3" and "orders</b> follow older settings" in html
        for eshop, number in ((first, 2), (second, 1)):
            link = f'<a href="/orders/?state=stale&amp;eshop={eshop.pk}">{eshop.name}</a> {number}'
            assert link in html
        panel = html[html.index('id="catch-up"') :]
        assert re.findall(r"<option[^>]*>([^<]+)", panel) == ["all e-shops", "A", "B"]
        monkeypatch.setattr("sync.counters.COUNTED", 1)
        monkeypatch.setattr("sync.templatetags.panels.COUNTED", 1)
        assert "more than 1" in left(page(signed_in(), PAGE))

    def test_nothing_to_do(self) -> None:
        html = page(signed_in(), PAGE)
        assert left(html) == "0" and START not in html
        assert poll(signed_in()).status_code == 286

    def test_it_stands_above_the_list_of_stale_orders_and_of_no_other(self) -> None:
        stale_eshop(2)
        assert 'id="catch-up"' not in page(signed_in(), LIST)
        html = page(signed_in(), LIST + "?state=stale")
        assert left(html) == "2" and 'value="/orders/?state=stale"' in html
        assert html.count('<tr id="order-') == 2

    @pytest.mark.parametrize("state", ["idle", "working"])
    def test_the_same_queries_for_1_and_20_eshops(
        self, state: str, django_assert_num_queries: Any
    ) -> None:
        client = signed_in()
        stale_eshop(1)
        if state == "working":
            start_catch_up(None)
        numbers = {"idle": (10, 8), "working": (13, 11)}[state]
        for number in (1, 20):
            while Eshop.objects.count() < number:
                stale_eshop(2, name=f"Shop {Eshop.objects.count()}")
            with django_assert_num_queries(numbers[0]):
                page(client, PAGE)
            with django_assert_num_queries(numbers[1]):
                poll(client)

    def test_the_same_queries_for_1_and_20_past_ones(self, django_assert_num_queries: Any) -> None:
        client = signed_in()
        stale_eshop(1)
        for number in (1, 20):
            while CatchUp.objects.count() < number:
                cancel(start_catch_up(None))
            CatchUp.objects.update(finished_at=timezone.now() - timedelta(hours=1))
            with django_assert_num_queries(12):
                html = page(client, PAGE)
            assert html.count("<span>Cancelled:</span>") == number

    def test_no_credentials_are_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        start_catch_up(None, stale_eshop(1))

        def decrypt(*_: Any) -> None:
            raise AssertionError("The page decrypted credentials.")

        monkeypatch.setattr("eshops.credentials.CredentialsField.from_db_value", decrypt)
        assert "Catching up" in page(signed_in(), PAGE)


class TestStart:
    @pytest.mark.parametrize(("how", "offline"), [("ask", False), ("reapply", True)])
    def test_all_or_one_asking_or_not(self, how: str, offline: bool, sent: Sent) -> None:
        stale_eshop(2, name="A")
        second = stale_eshop(1, name="B")
        client = signed_in()
        client.post(START, {"how": how, "eshop": ""})
        catch_up = CatchUp.objects.get()
        assert (catch_up.eshop, catch_up.offline, len(sent.commit())) == (None, offline, 2)
        assert SyncItem.objects.count() == 3
        cancel(catch_up)
        client.post(START, {"how": how, "eshop": second.pk})
        assert CatchUp.objects.latest("pk").eshop == second
        assert SyncRun.objects.latest("pk").items.count() == 1

    @pytest.mark.parametrize("headers", [{}, HTMX])
    @pytest.mark.parametrize(
        ("data", "words"),
        [
            ({}, "Choose whether the e-shops are to be asked."),
            ({"how": "x"}, "Choose whether the e-shops are to be asked."),
            ({"how": "ask", "eshop": "987"}, "This e-shop is not there any more."),
            ({"how": "ask", "eshop": "x"}, "This e-shop is not there any more."),
        ],
    )
    def test_refused_in_words(
        self, data: dict[str, str], words: str, headers: dict[str, str]
    ) -> None:
        stale_eshop(1)
        response = signed_in().post(START, data, headers=headers, follow=True)
        assert response.status_code == (400 if headers else 200)
        assert words in text(response)
        assert not CatchUp.objects.exists()

    def test_nothing_to_do_and_one_at_a_time(self) -> None:
        eshop = factories.eshop()
        response = signed_in().post(START, ASK, headers=HTMX)
        assert response.status_code == 400 and "there is nothing to do" in text(response)
        factories.order(eshop, "1", sync_state={"settings_version": 0})
        start_catch_up(None)
        response = signed_in().post(START, ASK, headers=HTMX)
        assert response.status_code == 400 and "is not finished yet" in text(response)
        assert CatchUp.objects.count() == 1

    @pytest.mark.parametrize(
        ("address", "target"), [("/orders/?state=stale", "/orders/?state=stale"), ("//e.x", PAGE)]
    )
    def test_the_way_back(self, address: str, target: str) -> None:
        stale_eshop(1)
        response = signed_in().post(START, ASK | {"next": address})
        assert response.headers["Location"] == target


class TestProgress:
    def test_from_the_click_to_exactly_0(self, shop: ScriptedShop) -> None:
        stale_eshop(250, shop)
        client = signed_in()
        html = text(client.post(START, ASK, headers=HTMX))
        assert left(html) == "250 left" and "<b>0 of 250</b>" in html and "every 2s" in html
        told, statuses, events = [], [], []
        for done in (100, 200, 250):
            work_off_one_run()
            runs = SyncRun.objects.count() - (done < 250)
            response = poll(client, f"?runs={runs}")
            html = text(response)
            told.append((left(html), re.findall(r"<b>(\d+ of \d+)</b>", html)))
            statuses.append(response.status_code)
            events.append(response.headers.get("HX-Trigger"))
            counter = re.search(r'id="rail-stale"[^>]*hx-swap-oob="true">([^<]*)<', html)
            assert counter and counter[1] == str(250 - done)
        assert told == [
            ("150 left", ["100 of 250"]), ("50 left", ["200 of 250"]), ("0", [])
        ]  # fmt: skip
        assert statuses == [200, 200, 286]
        assert events == ["list-changed"] * 3
        assert "Caught up" in html and "250 updated" in html and "every 2s" not in html
        assert "3 runs: " in html
        assert left(page(client, PAGE)) == "0"
        assert "Caught up" in page(client, PAGE)

    def test_the_list_is_left_alone_while_no_run_has_ended(self) -> None:
        stale_eshop(1)
        start_catch_up(None)
        response = poll(signed_in(), "?runs=1")
        assert response.status_code == 200 and "HX-Trigger" not in response.headers

    def test_pause_resume_cancel(self, shop: ScriptedShop) -> None:
        stale_eshop(250, shop)
        client = signed_in()
        catch_up = start_catch_up(None)
        html = text(client.post(address_of("pause", catch_up), headers=HTMX))
        assert "The run under way is still finished" in html
        assert "Resume" in html and "every 2s" in html
        work_off_one_run()
        response = poll(client, "?runs=1")
        html = text(response)
        assert response.status_code == 286 and "every 2s" not in html
        assert "No further run is started until it is resumed." in html
        assert left(html) == "150 left" and "<b>100 of 250</b>" in html
        html = text(client.post(address_of("resume", catch_up), headers=HTMX))
        assert "Pause" in html and "every 2s" in html and "2 runs" in html
        html = text(client.post(address_of("cancel", catch_up), headers=HTMX))
        assert "Catching up was cancelled" in html and left(html) == "150" and START in html
        assert "100 updated" in html and "100 cancelled" in html
        for act in ("pause", "resume", "cancel"):
            response = client.post(address_of(act, catch_up), headers=HTMX)
            assert response.status_code == 400 and "finished already" in text(response)
        assert SyncRun.objects.count() == 2

    def test_why_it_paused(self, shop: ScriptedShop) -> None:
        stale_eshop(3, shop)
        shop.error = Refused("The key is refused (401).")
        start_catch_up(None)
        work_off_one_run()
        response = poll(signed_in())
        assert response.status_code == 286
        assert "The key is refused (401)." in text(response) and "Resume" in text(response)
        assert left(text(response)) == "3 left"

    def test_why_it_waits(self, shop: ScriptedShop) -> None:
        stale_eshop(1, shop)
        shop.error = Unavailable("It answered 503.", retry_after=timedelta(minutes=5))
        start_catch_up(None)
        work_off_one_run()
        response = poll(signed_in())
        assert response.status_code == 200 and "every 2s" in text(response)
        assert "Shop asks us to wait until" in text(response)
        assert "It answered 503." in text(response)

    def test_only_its_own_eshop_counts(self, shop: ScriptedShop) -> None:
        stale_eshop(2, name="A")
        second = stale_eshop(1, shop, name="B")
        start_catch_up(None, second)
        html = page(signed_in(), PAGE)
        assert "Catching up</b>: B, asking the e-shops" in html and left(html) == "1 left"

    def test_orders_tried_in_vain_are_not_counted_twice(self, shop: ScriptedShop) -> None:
        stale_eshop(150, shop)
        shop.orders["149"] = Unavailable("x")
        start_catch_up(None)
        SyncItem.objects.filter(external_id="149").update(
            outcome="failed", finished_at=timezone.now()
        )
        html = page(signed_in(), PAGE)
        assert "of 150</b>" in html and left(html) == "150 left"


def test_past_ones_are_listed(scripted: ScriptedShop) -> None:
    eshop = stale_eshop(250, scripted, name="Čaj")
    start_catch_up(factories.user(username="olga"), eshop)
    for _ in range(3):
        work_off_one_run()
    first, last = SyncRun.objects.earliest("pk").pk, SyncRun.objects.latest("pk").pk
    html = page(signed_in(), PAGE)
    past = html[html.index("What was caught up before") :]
    for words in ("olga", "Čaj", "E-shops asked", ">250<", "250 updated"):
        assert words in past, words
    assert f"/sync/runs/{first}/" in past and f"/sync/runs/{last}/" in past
    assert Order.objects.filter(sync_state__settings_version=2).count() == 250


def test_nothing_it_says_can_run_in_the_browser() -> None:
    eshop = stale_eshop(
        2, name=XSS[:100], wait_until=timezone.now() + timedelta(hours=1), wait_reason=XSS
    )
    stale_eshop(1, name="B")
    html = page(signed_in(), PAGE)
    assert "<script>" not in html and "<img" not in html
    start_catch_up(factories.user(username=XSS), eshop)
    CatchUp.objects.update(paused_at=timezone.now(), pause_reason=XSS)
    for html in (page(signed_in(), PAGE), text(poll(signed_in()))):
        assert "alert" in html and "<script>" not in html and "<img" not in html
    cancel(CatchUp.objects.get())
    html = page(signed_in(), PAGE)
    assert "<script>" not in html and "<img" not in html
