"""Loading new orders from the page, and what it says meanwhile and afterwards."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from eshops.models import Eshop
from eshops.source import BadPayload, Refused, Unavailable
from orders.models import Order
from sync.imports import load_orders, start_import
from sync.models import SyncRun
from tests import factories
from tests.harness.guards import Sent
from tests.pages import EVERYTHING, XSS, assert_no_inline_code, signed_in
from tests.shops import ScriptedShop
from tests.sources import source_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]

HTMX = {"HX-Request": "true"}
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LOAD, POLL, LIST = "/sync/load-new/", "/sync/importing/", "/orders/"
BUSY = "Importing orders from the eshop."
BUTTON = "Load new orders</summary>"


@pytest.fixture(autouse=True)
def _messages(sent: Sent) -> Iterator[Sent]:
    yield sent


def page(client: Client, address: str, **options: Any) -> str:
    html = text(client.get(address, **options))
    assert_no_inline_code(html)
    return html


def text(response: Any) -> str:
    return str(response.content.decode())


def imports() -> list[tuple[str, datetime | None]]:
    found = SyncRun.objects.order_by("pk").values_list("eshop__name", "since")
    return [(str(name), since) for name, since in found]


class TestPermissions:
    NEEDED = ("sync.synchronize", "sync.synchronize_in_bulk")

    @pytest.mark.parametrize("lacking", NEEDED)
    @pytest.mark.parametrize(("method", "address"), [("post", LOAD), ("get", POLL)])
    def test_only_who_may_synchronize_in_bulk(
        self, method: str, address: str, lacking: str, sent: Sent
    ) -> None:
        """Who may press the button for one order at a time may not load a year of them."""
        others = [each for each in EVERYTHING if each != lacking]
        eshop = factories.eshop()
        anonymous = getattr(Client(), method)(address)
        assert anonymous.headers["Location"].startswith("/sign-in/?next=")
        refused = getattr(signed_in(*others), method)(address, {"eshop": eshop.pk})
        assert refused.status_code == 403 and "You may not" in text(refused)
        assert not SyncRun.objects.exists() and not sent.commit()
        allowed = getattr(signed_in(*self.NEEDED), method)(address)
        assert allowed.status_code in (302, 286)

    def test_methods_and_the_token(self) -> None:
        assert signed_in().get(LOAD).status_code == 405
        assert signed_in().post(POLL).status_code == 405
        client = Client(enforce_csrf_checks=True)
        client.force_login(factories.user(*EVERYTHING))
        assert client.post(LOAD).status_code == 403
        assert not SyncRun.objects.exists()

    @pytest.mark.parametrize("lacking", NEEDED)
    def test_who_may_not_sees_no_button(self, lacking: str) -> None:
        factories.eshop()
        others = [each for each in EVERYTHING if each != lacking]
        assert BUTTON not in page(signed_in(*others), LIST)
        assert BUTTON in page(signed_in(), LIST)


class TestStart:
    @time_machine.travel(NOW, tick=False)
    @pytest.mark.parametrize(
        ("data", "since"),
        [
            ({}, NOW - timedelta(minutes=15)),
            ({"day": "2026-01-01"}, NOW - timedelta(minutes=15)),
            ({"day": "nonsense"}, NOW - timedelta(minutes=15)),
            ({"dated": "1", "day": "2026-11-01"}, datetime(2026, 10, 31, 23, tzinfo=UTC)),
            ({"dated": "1", "day": "2025-11-23"}, datetime(2025, 11, 22, 23, tzinfo=UTC)),
            ({"dated": "1", "day": "2026-11-23"}, datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ],
    )
    def test_the_last_15_minutes_or_from_a_day_on(
        self, data: dict[str, str], since: datetime, sent: Sent
    ) -> None:
        eshop = factories.eshop()
        signed_in().post(LOAD, {"eshop": eshop.pk} | data)
        assert imports() == [("Shop", since)]
        assert [message.queue for message in sent.commit()] == ["import"]

    @time_machine.travel(NOW, tick=False)
    @pytest.mark.parametrize("headers", [{}, HTMX])
    @pytest.mark.parametrize(
        ("data", "words"),
        [
            ({"dated": "1", "day": "2025-11-22"}, "up to one year back, from 23 Nov 2025 on."),
            ({"dated": "1", "day": "2026-11-24"}, "The date lies in the future."),
            ({"dated": "1", "day": "0001-01-01"}, "up to one year back"),
            ({"dated": "1", "day": "9999-12-31"}, "The date lies in the future."),
            ({"dated": "1", "day": ""}, "Choose the date from which orders are to be loaded."),
            ({"dated": "1", "day": "23rd of May"}, "This is no date; write it as 2026-11-23."),
            ({"eshop": "987"}, "Orders of this e-shop are not loaded into Fynode."),
            ({"eshop": "x' OR 1"}, "Orders of this e-shop are not loaded into Fynode."),
        ],
    )
    def test_refused_in_words(
        self, data: dict[str, str], words: str, headers: dict[str, str], sent: Sent
    ) -> None:
        for name in ("A", "B"):
            factories.eshop(name=name)
        response = signed_in().post(LOAD, data, headers=headers, follow=True)
        assert response.status_code == (400 if headers else 200)
        assert words in text(response)
        assert not SyncRun.objects.exists() and not sent.commit()

    def test_all_eshops_are_the_active_ones_that_load_into_fynode(self, sent: Sent) -> None:
        target = factories.eshop(name="Direct target")
        factories.eshop(name="Another")
        off = factories.eshop(name="Off", is_active=False)
        direct = factories.eshop(
            name="Bazaar", kind="marketplace", import_mode="direct", direct_eshop=target
        )
        html = page(signed_in(), LIST)
        form = html[html.index(BUTTON) : html.index("</details>")]
        assert re.findall(r"<option[^>]*>([^<]+)", form) == [
            "All e-shops", "Another", "Direct target"
        ]  # fmt: skip
        for forged in (off, direct):
            assert signed_in().post(LOAD, {"eshop": forged.pk}, headers=HTMX).status_code == 400
        signed_in().post(LOAD, {"eshop": ""})
        assert [name for name, _ in imports()] == ["Another", "Direct target"]
        assert len(sent.commit()) == 2

    def test_one_eshop_needs_no_choice_and_none_no_button(self) -> None:
        assert BUTTON not in page(signed_in(), LIST)
        response = signed_in().post(LOAD, headers=HTMX)
        assert response.status_code == 400 and "no active e-shop" in text(response)
        eshop = factories.eshop()
        html = page(signed_in(), LIST)
        assert f'name="eshop" value="{eshop.pk}"' in html and "All e-shops" not in html

    def test_one_that_imports_already_is_not_started_again(self, sent: Sent) -> None:
        first = factories.eshop(name="A")
        factories.eshop(name="B")
        start_import(first, None, None)
        response = signed_in().post(LOAD, headers=HTMX)
        assert response.status_code == 200
        assert "Orders of A are being imported already." in text(response)
        assert [name for name, _ in imports()] == ["A", "B"]
        response = signed_in().post(LOAD, {"eshop": first.pk}, follow=True)
        assert "Orders of A are being imported already." in text(response)
        assert len(imports()) == 2

    @pytest.mark.parametrize(
        ("address", "target"),
        [("/orders/?paid=no", "/orders/?paid=no"), ("//evil.example", LIST), ("http://a", LIST)],
    )
    def test_the_way_back(self, address: str, target: str) -> None:
        factories.eshop()
        response = signed_in().post(LOAD, {"next": address})
        assert response.headers["Location"] == target

    @time_machine.travel(NOW, tick=False)
    def test_the_date_is_limited_in_the_browser_too(self) -> None:
        factories.eshop()
        assert 'min="2025-11-23" max="2026-11-23"' in page(signed_in(), LIST)


class TestWhileItRuns:
    def poll(self, client: Client, query: str = "") -> Any:
        response = client.get(POLL + query, headers=HTMX)
        assert_no_inline_code(text(response))
        return response

    def test_the_button_gives_way_to_a_message_for_everybody_also_after_a_reload(self) -> None:
        run = start_import(factories.eshop(name="Čaj"), None, None)
        for html in (
            page(signed_in(), LIST),
            page(signed_in(), LIST),
            text(self.poll(signed_in())),
        ):
            assert BUSY in html and BUTTON not in html
            assert f"run={run.pk}" in html and "every 2s" in html
            assert f'Čaj: 0 <a id="import-{run.pk}" href="/sync/runs/{run.pk}/">' in html
        unseeing = signed_in("orders.view_order", *TestPermissions.NEEDED)
        html = page(unseeing, LIST)
        assert BUSY in html and "/sync/runs/" not in html

    def test_it_says_how_many_of_how_many_and_goes_on(self, scripted: ScriptedShop) -> None:
        scripted.put(*(source_order(str(n)) for n in range(3)))
        scripted.batch_size = 1
        eshop = factories.eshop()
        run = start_import(eshop, None, None)
        told: list[str] = []
        scripted.before_answer = [
            lambda: None,
            lambda: told.append(text(self.poll(signed_in(), f"?run={run.pk}"))),
        ]
        load_orders(run.pk)
        assert "Shop: 1 of 3" in told[0]

    def test_why_it_waits(self, scripted: ScriptedShop) -> None:
        scripted.error = Unavailable("It answered 503.", retry_after=timedelta(minutes=5))
        run = start_import(factories.eshop(), None, None)
        load_orders(run.pk)
        until = Eshop.objects.get().wait_until
        assert until
        clock = timezone.localtime(until).strftime("%H:%M:%S")
        response = self.poll(signed_in(), f"?run={run.pk}")
        assert response.status_code == 200
        assert f"asks us to wait until {clock}: It answered 503." in text(response)

    def test_it_ends_by_itself_and_the_list_reloads(self, scripted: ScriptedShop) -> None:
        scripted.put(*(source_order(str(n)) for n in range(2)))
        factories.eshop()
        client = signed_in()
        html = text(client.post(LOAD, headers=HTMX))
        assert BUSY in html and "every 2s" in html and "<html" not in html
        run = SyncRun.objects.get()
        going_on = self.poll(client, f"?run={run.pk}")
        assert going_on.status_code == 200 and "HX-Trigger" not in going_on.headers
        load_orders(run.pk)
        response = self.poll(client, f"?run={run.pk}")
        assert (response.status_code, response.headers["HX-Trigger"]) == (286, "list-changed")
        html = text(response)
        assert BUTTON in html and BUSY not in html and "every 2s" not in html
        assert "Shop: 2 orders loaded" in html
        assert "Shop: 2 orders loaded" in page(client, LIST)
        assert "2 orders loaded" not in page(signed_in(), LIST)
        with time_machine.travel(timezone.now() + timedelta(minutes=11)):
            assert "2 orders loaded" not in page(client, LIST)
        assert Order.objects.count() == 2

    def test_nothing_new_changes_no_list(self, scripted: ScriptedShop) -> None:
        run = start_import(factories.eshop(), None, None)
        load_orders(run.pk)
        response = self.poll(signed_in(), f"?run={run.pk}")
        assert response.status_code == 286 and "HX-Trigger" not in response.headers
        assert "Shop: nothing new" in text(response) and BUTTON in text(response)

    def test_the_button_returns_after_a_failure_which_is_said(self, scripted: ScriptedShop) -> None:
        scripted.error = Refused("The key is refused (401).")
        client = signed_in()
        factories.eshop()
        client.post(LOAD)
        load_orders(SyncRun.objects.get().pk)
        for html in (text(self.poll(client)), page(client, LIST)):
            assert "Shop: The key is refused (401)." in html and "is-bad" in html
            assert BUTTON in html and BUSY not in html

    def test_orders_that_could_not_be_read_are_counted(self, scripted: ScriptedShop) -> None:
        scripted.put(source_order("1"))
        scripted.orders["2"] = BadPayload("total: not a figure")
        run = start_import(factories.eshop(), None, None)
        load_orders(run.pk)
        html = text(self.poll(signed_in(), f"?run={run.pk}"))
        assert "Shop: 1 order loaded; 1 could not be loaded" in html

    def test_one_of_two_is_over(self, scripted: ScriptedShop) -> None:
        scripted.put(source_order("1"))
        first, second = (start_import(factories.eshop(name=name), None, None) for name in "AB")
        load_orders(first.pk)
        response = self.poll(signed_in(), f"?run={first.pk}&run={second.pk}")
        html = text(response)
        assert (response.status_code, response.headers["HX-Trigger"]) == (200, "list-changed")
        assert "A: 1 order loaded" in html and "B: 0" in html and BUTTON not in html
        assert f"run={first.pk}" not in html and f"run={second.pk}" in html

    @pytest.mark.parametrize("query", ["?run=x", "?run=99999999999999999999", "?run=%00"])
    def test_nonsense_is_nothing_to_watch(self, query: str) -> None:
        assert self.poll(signed_in(), query).status_code == 286

    def test_other_runs_are_none_of_its_business(self) -> None:
        run = SyncRun.objects.create(trigger="bulk", created_at=timezone.now(), error="secret")
        assert "secret" not in text(self.poll(signed_in(), f"?run={run.pk}"))

    def test_the_same_queries_for_1_and_20_eshops(self, django_assert_num_queries: Any) -> None:
        client = signed_in()
        for number in (1, 20):
            while SyncRun.objects.count() < number:
                start_import(factories.eshop(name=f"S{SyncRun.objects.count()}"), None, None)
            with django_assert_num_queries(16):
                page(client, LIST)
            query = "&".join(f"run={pk}" for pk in SyncRun.objects.values_list("pk", flat=True))
            with django_assert_num_queries(8):
                self.poll(client, f"?{query}")

    def test_no_credentials_are_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        start_import(factories.eshop(), None, None)
        factories.eshop(name="B")

        def decrypt(*_: Any) -> None:
            raise AssertionError("The page decrypted credentials.")

        monkeypatch.setattr("eshops.credentials.CredentialsField.from_db_value", decrypt)
        assert BUSY in page(signed_in(), LIST)

    def test_nothing_it_says_can_run_in_the_browser(self, scripted: ScriptedShop) -> None:
        scripted.error = Refused(XSS)
        run = start_import(factories.eshop(name=XSS[:100]), None, None)
        waiting = factories.eshop(
            name="W" + XSS[:99], wait_until=timezone.now() + timedelta(hours=1), wait_reason=XSS
        )
        start_import(waiting, None, None)
        load_orders(run.pk)
        html = text(self.poll(signed_in(), f"?run={run.pk}"))
        assert "alert" in html and "<script>" not in html and "<img" not in html


def test_the_names_of_the_addresses() -> None:
    assert (reverse("sync:load_new"), reverse("sync:importing")) == (LOAD, POLL)


def test_a_day_is_a_local_day(sent: Sent) -> None:
    """Just after midnight in Prague, "today" is not yet over in UTC's yesterday."""
    factories.eshop()
    with time_machine.travel(datetime(2026, 6, 1, 22, 30, tzinfo=UTC), tick=False):
        signed_in().post(LOAD, {"dated": "1", "day": str(date(2026, 6, 2))})
    assert imports() == [("Shop", datetime(2026, 6, 1, 22, tzinfo=UTC))]
