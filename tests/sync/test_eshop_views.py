"""An e-shop's settings, as staff use them: what is refused, what is saved, what grows stale."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from eshops.adapters.woocommerce.adapter import WooCommerce
from eshops.credentials import Credentials
from eshops.models import DataLoad, Eshop, MarketplaceMapping, MetadataMapping, Sequence
from eshops.sandbox.server import RunningSandbox, running
from eshops.source import Metadatum, Refused, SequenceEntry
from orders.models import Order, Payload, SyncState
from sync.engine import synchronize_lane
from sync.imports import load_orders, start_import
from sync.loading import load_data
from sync.runs import start_run
from sync.setting_forms import SequenceForm
from tests import factories
from tests.harness.guards import Sent
from tests.pages import XSS, assert_no_inline_code, signed_in
from tests.shops import ScriptedShop
from tests.sources import source_order

pytestmark = pytest.mark.django_db

MAY = ("eshops.change_eshop", "eshops.view_eshop", "orders.view_order")
SECRETS = {"consumer_key": "ck_very_secret", "consumer_secret": "cs_very_secret"}
KEPT_ROWS = (Order, SyncState, Payload)


@pytest.fixture
def client() -> Client:
    return signed_in(*MAY)


@pytest.fixture
def eshop() -> Eshop:
    eshop = factories.eshop(credentials=SECRETS)
    entry(eshop)
    factories.order(eshop)
    return eshop


@pytest.fixture(scope="module")
def shop() -> Iterator[RunningSandbox]:
    with running(orders=3) as shop:
        yield shop


def entry(eshop: Eshop, kind: str = "status", code: str = "processing", **values: Any) -> Sequence:
    defaults = {"name": "Processing", "type": "paid", "color": "#1d5fbf"} if kind == "status" else {
        "name": "PPL domů"
    }  # fmt: skip
    return eshop.sequences.create(kind=kind, code=code, **(defaults | values))


def url(name: str, eshop: Eshop, *args: Any) -> str:
    return reverse(f"eshop:{name}", args=[eshop.pk, *args])


def version(eshop: Eshop) -> int:
    return Eshop.objects.get(pk=eshop.pk).settings_version


def rows(*models: Any) -> list[Any]:
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def text(client: Client, address: str, data: Any = None) -> str:
    """The page that is seen in the end, checked for what no page may hold."""
    response = client.get(address) if data is None else client.post(address, data, follow=True)
    assert response.status_code == 200
    html = response.content.decode()
    assert "very_secret" not in html
    assert_no_inline_code(html)
    return html


GETS = [("connection",), ("sequences",), ("add_sequence", "status"), ("sequence", 1), ("loads",),
        ("mapping",), ("edit_mapping", 1), ("delete_mapping", 1)]  # fmt: skip
POSTS = [("connection",), ("activity",), ("add_sequence", "status"), ("sequence", 1),
         ("follow", 1), ("delete_sequence", 1), ("load",), ("mapping",), ("edit_mapping", 1),
         ("move_mapping", 1), ("delete_mapping", 1)]  # fmt: skip


class TestWhoMay:
    @pytest.mark.parametrize("where", GETS)
    def test_see(self, eshop: Eshop, where: tuple[Any, ...]) -> None:
        address = url(where[0], eshop, *where[1:])
        others = signed_in("eshops.view_eshop", "orders.view_order", "sync.synchronize")
        assert others.get(address).status_code == 403
        assert Client().get(address).status_code == 302

    @pytest.mark.parametrize("where", POSTS)
    def test_change(self, eshop: Eshop, where: tuple[Any, ...]) -> None:
        """Nor without the token that a page of ours gives."""
        address = url(where[0], eshop, *where[1:])
        held = rows(Eshop, Sequence, DataLoad, MetadataMapping)
        assert signed_in("eshops.view_eshop", "orders.view_order").post(address).status_code == 403
        client = Client(enforce_csrf_checks=True)
        client.force_login(factories.user(*MAY))
        assert client.post(address).status_code == 403
        assert rows(Eshop, Sequence, DataLoad, MetadataMapping) == held

    @pytest.mark.parametrize("name", ["activity", "load"])
    def test_a_link_changes_nothing(self, client: Client, eshop: Eshop, name: str) -> None:
        assert client.get(url(name, eshop)).status_code == 405

    def test_what_is_of_another_eshop_is_not_there(self, client: Client, eshop: Eshop) -> None:
        other = factories.eshop(name="Other")
        row = entry(other)
        mapped = other.mappings.create(source_key="a", target="vat_id")
        for name, pk in (("sequence", row.pk), ("follow", row.pk), ("delete_sequence", row.pk),
                         ("edit_mapping", mapped.pk), ("move_mapping", mapped.pk),
                         ("delete_mapping", mapped.pk)):  # fmt: skip
            assert client.post(url(name, eshop, pk), {"do": "save"}).status_code == 404
        assert client.get(url("add_sequence", eshop, "colours")).status_code == 404
        assert client.get(reverse("eshop:connection", args=[10**6])).status_code == 404

    def test_the_list_of_eshops_leads_there(self, client: Client, eshop: Eshop) -> None:
        address = url("connection", eshop)
        assert address in text(client, reverse("eshops:list"))
        assert address not in text(signed_in("eshops.view_eshop"), reverse("eshops:list"))


class TestConnection:
    def data(self, shop: RunningSandbox, **changes: str) -> dict[str, str]:
        return {
            "base_url": shop.url,
            "secret_consumer_key": shop.consumer_key,
            "secret_consumer_secret": shop.consumer_secret,
        } | changes

    def test_it_shows_no_secret_and_says_how_the_eshop_is(
        self, client: Client, eshop: Eshop
    ) -> None:
        Eshop.objects.update(
            connection_error="The key was refused.",
            wait_until=timezone.now() + timedelta(minutes=5),
            wait_reason="It answered 503.",
            import_every=15,
        )
        html = text(client, url("connection", eshop))
        for told in ("WooCommerce", "http://127.0.0.1:9", "The key was refused.",
                     "It answered 503.", "imported every 15 minutes"):  # fmt: skip
            assert told in html
        assert html.count('type="password"') == 2

    def test_a_test_says_what_it_found_and_saves_nothing(
        self, client: Client, eshop: Eshop, shop: RunningSandbox
    ) -> None:
        held = rows(Eshop, Sequence)
        html = text(client, url("connection", eshop), self.data(shop) | {"do": "test"})
        assert "The connection works" in html and "order statuses: " in html
        assert shop.consumer_secret not in html
        assert rows(Eshop, Sequence) == held

    @pytest.mark.parametrize("do", ["test", "save"])
    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ({"base_url": "http://127.0.0.1:9"}, "127.0.0.1"),
            ({"base_url": "http://nowhere.invalid"}, "nowhere.invalid"),
            ({"secret_consumer_key": "ck_typo"}, "key"),
            ({"base_url": "no address"}, "Enter a valid URL."),
            ({"base_url": "ftp://shop.example"}, "begins with https:// or http://"),
            ({"base_url": "https://user:pw@shop.example"}, "Leave the password out"),
            ({"secret_consumer_secret": ""}, "missing: Consumer secret"),
            (
                {"secret_consumer_key": "", "secret_consumer_secret": ""},
                "enter its credentials as well",
            ),
        ],
    )
    def test_a_failure_is_told_in_words_and_saves_nothing(
        self, client: Client, eshop: Eshop, shop: RunningSandbox,
        wrong: dict[str, str], told: str, do: str,
    ) -> None:  # fmt: skip
        held = rows(Eshop, Sequence)
        html = text(client, url("connection", eshop), self.data(shop) | wrong | {"do": do})
        assert told in html and "The connection works" not in html
        assert rows(Eshop, Sequence) == held

    def test_a_wrong_address_a_wrong_key_and_a_missing_right_differ(
        self, client: Client, eshop: Eshop, shop: RunningSandbox
    ) -> None:
        address, told = url("connection", eshop), []
        for wrong in ({"base_url": "http://127.0.0.1:9"}, {"secret_consumer_key": "ck_typo"}):
            answer = client.post(address, self.data(shop) | wrong, headers={"HX-Request": "true"})
            told.append(answer.content.decode())
        shop.faults.switch_on("403")
        answer = client.post(address, self.data(shop), headers={"HX-Request": "true"})
        shop.faults.switch_off()
        told.append(answer.content.decode())
        assert len(set(told)) == 3 and all('role="alert"' in each for each in told)

    def test_saving_replaces_the_credentials_and_keeps_the_other_settings(
        self, client: Client, eshop: Eshop, shop: RunningSandbox
    ) -> None:
        Eshop.objects.update(import_every=15, settings_version=7, connection_error="Refused.")
        response = client.post(url("connection", eshop), self.data(shop) | {"do": "save"})
        assert response.status_code == 302
        saved = Eshop.objects.get()
        assert saved.base_url == shop.url and saved.connection_error == ""
        assert saved.credentials["consumer_key"] == shop.consumer_key
        assert saved.import_every == 15 and saved.settings_version > 7
        assert saved.sequences.filter(kind="payment").exists()

    def test_empty_credentials_stay(
        self, client: Client, eshop: Eshop, shop: RunningSandbox
    ) -> None:
        eshop.credentials = Credentials(
            {"consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret}
        )
        eshop.base_url = shop.url
        eshop.save()
        html = text(client, url("connection", eshop), {"base_url": shop.url, "do": "save"})
        assert "The connection works and is saved" in html
        assert Eshop.objects.get().credentials == eshop.credentials

    def test_live_it_answers_with_a_fragment(
        self, client: Client, eshop: Eshop, shop: RunningSandbox
    ) -> None:
        address, live = url("connection", eshop), {"HX-Request": "true"}
        tested = client.post(address, self.data(shop) | {"do": "test"}, headers=live)
        assert "<html" not in tested.content.decode() and b"The connection works" in tested.content
        saved = client.post(address, self.data(shop) | {"do": "save"}, headers=live)
        assert (saved.status_code, saved.headers["HX-Redirect"]) == (204, address)


class TestActivity:
    def test_switching_on_loads_the_data(self, client: Client, eshop: Eshop, sent: Sent) -> None:
        Eshop.objects.update(is_active=False)
        client.post(url("activity", eshop), {"is_active": "on", "import_every": "30"})
        assert [m.task for m in sent.commit()] == ["sync.tasks.load_data"]
        saved = Eshop.objects.get()
        assert (saved.is_active, saved.import_every, saved.settings_version) == (True, 30, 1)
        assert saved.credentials == SECRETS
        client.post(url("activity", eshop), {"is_active": "on", "import_every": ""})
        assert Eshop.objects.get().import_every is None
        client.post(url("activity", eshop), {})
        assert not Eshop.objects.get().is_active
        assert DataLoad.objects.count() == 1

    @pytest.mark.parametrize("every", ["4", "0", "-5", "often", "99999"])
    def test_an_interval_that_is_none(self, client: Client, eshop: Eshop, every: str) -> None:
        held = rows(Eshop)
        html = text(client, url("activity", eshop), {"is_active": "on", "import_every": every})
        assert 'role="alert"' in html
        assert rows(Eshop) == held


class TestSequences:
    def save(self, client: Client, row: Sequence, **changes: str) -> str:
        names = ("name", "type", "color") if row.kind == "status" else ("name", "description")
        data = {name: getattr(row, name) for name in names}
        if row.kind == "status":
            data["picked"] = row.color or "#000000"
        return text(client, url("sequence", row.eshop, row.pk), data | changes)

    def test_what_resolves_otherwise_makes_orders_stale_once(
        self, client: Client, eshop: Eshop
    ) -> None:
        row, expected = Sequence.objects.get(), 1
        for changes in ({"name": "Zpracovává se"}, {"type": "packed"}, {"color": "#AA0000"},
                        {"name": "A", "type": "new", "color": "#00aa00"}):  # fmt: skip
            self.save(client, row, **changes)
            expected += 1
            row.refresh_from_db()
            assert version(eshop) == expected, changes
            assert {name: getattr(row, name) for name in changes} == changes
        assert "Nothing was changed." in self.save(client, row)
        assert version(eshop) == expected
        delivery = entry(eshop, "delivery", "ppl")
        self.save(client, delivery, description="2 days", price="89.50")
        delivery.refresh_from_db()
        assert (delivery.description, f"{delivery.price:f}") == ("2 days", "89.500000")
        assert version(eshop) == expected

    def test_no_order_is_touched(self, client: Client, eshop: Eshop) -> None:
        held = rows(*KEPT_ROWS)
        with CaptureQueriesContext(connection) as captured:
            self.save(client, Sequence.objects.get(), name="Otherwise")
        written = [
            query["sql"] for query in captured
            if query["sql"].startswith(("UPDATE", "INSERT", "DELETE"))
            and ('"orders_' in query["sql"] or '"sync_' in query["sql"])
        ]  # fmt: skip
        assert not written
        assert rows(*KEPT_ROWS) == held
        html = text(client, url("sequences", eshop))
        assert "1 order with older settings" in html
        opened = text(client, url("sequence", eshop, Sequence.objects.get().pk))
        assert "1 order of this e-shop will be marked “settings changed”" in opened

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"color": "#12345"}, "A colour is written as #1d5fbf."),
            ({"color": "red"}, "A colour is written as #1d5fbf."),
            ({"color": "", "picked": "rgb(1)"}, "A colour is written as #1d5fbf."),
            ({"name": ""}, "This field is required."),
            ({"type": "shiny"}, "Select a valid choice."),
        ],
    )
    def test_a_refusal_changes_nothing(
        self, client: Client, eshop: Eshop, changes: dict[str, str], told: str
    ) -> None:
        row = entry(eshop, code="other", color="")
        held = rows(Eshop, Sequence)
        assert told in self.save(client, row, **changes)
        assert rows(Eshop, Sequence) == held

    @pytest.mark.parametrize("price", ["-1", "cheap", "1" * 30])
    def test_a_price_that_is_none(self, client: Client, eshop: Eshop, price: str) -> None:
        row = entry(eshop, "payment", "cod")
        held = rows(Eshop, Sequence)
        assert 'role="alert"' in self.save(client, row, price=price)
        assert rows(Eshop, Sequence) == held

    @pytest.mark.parametrize(
        ("written", "price"),
        [
            ("12,50", "12.5"),
            ("12.50", "12.5"),
            (" 1 250,5 ", "1250.5"),
            ("1\N{NO-BREAK SPACE}250", "1250"),
            ("0", "0"),
        ],
    )
    def test_a_price_as_people_write_it(
        self, client: Client, eshop: Eshop, written: str, price: str
    ) -> None:
        row = entry(eshop, "payment", "cod")
        self.save(client, row, price=written)
        row.refresh_from_db()
        assert row.price == Decimal(price)

    def test_blanks_around_a_code_are_a_slip(self, client: Client, eshop: Eshop) -> None:
        address = url("add_sequence", eshop, "status")
        text(client, address, {"code": " ready\t", "name": "Ready"})
        assert Sequence.objects.filter(code="ready").exists()
        html = text(client, address, {"code": " ready ", "name": "Again"})
        assert "has an entry with the code “ready”" in html
        assert "This field is required." in text(client, address, {"code": "  ", "name": "None"})

    def test_but_not_where_orders_have_them(self, client: Client, eshop: Eshop) -> None:
        factories.order(eshop, "2", status_code=" odd", status_name="Odd")
        html = text(client, url("sequences", eshop))
        assert 'name="code" value=" odd"' in html
        text(client, url("add_sequence", eshop, "status"), {"code": " odd", "name": "Odd"})
        assert Sequence.objects.filter(code=" odd").exists()

    def test_a_colour_may_be_picked_without_scripts(self, client: Client, eshop: Eshop) -> None:
        row = Sequence.objects.get()
        self.save(client, row, picked="#ff0000")
        row.refresh_from_db()
        assert (row.color, version(eshop)) == ("#ff0000", 2)

    def test_adding_an_entry_of_our_own(self, client: Client, eshop: Eshop) -> None:
        address = url("add_sequence", eshop, "delivery")
        text(client, address, {"code": "courier", "name": "Courier", "in_eshop": "on"})
        row = Sequence.objects.get(code="courier")
        assert (row.kind, row.in_eshop, row.is_active, version(eshop)) == (
            "delivery",
            True,
            True,
            2,
        )
        held = rows(Eshop, Sequence)
        html = text(client, address, {"code": "courier", "name": "Again"})
        assert "This e-shop has an entry with the code “courier” in this list already." in html
        assert rows(Eshop, Sequence) == held
        text(client, url("add_sequence", eshop, "payment"), {"code": "courier", "name": "Other"})
        assert version(eshop) == 3
        text(client, url("sequence", eshop, row.pk), {"name": "Courier", "code": "moved"})
        row.refresh_from_db()
        assert (row.code, row.in_eshop, version(eshop)) == ("courier", False, 3)

    def test_only_what_the_form_shows_is_written(
        self, client: Client, eshop: Eshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A load that ends between a page's reading and its saving."""
        row = Sequence.objects.get()
        is_valid = SequenceForm.is_valid

        def meanwhile(form: SequenceForm) -> bool:
            Sequence.objects.update(is_active=False, source_description="Told since")
            return is_valid(form)

        monkeypatch.setattr(SequenceForm, "is_valid", meanwhile)
        self.save(client, row, name="Ours")
        row.refresh_from_db()
        assert (row.name, row.is_active, row.source_description) == ("Ours", False, "Told since")

    def test_deleting(self, client: Client, eshop: Eshop) -> None:
        used, unused = Sequence.objects.get(), entry(eshop, code="unused", name="Unused")
        held = rows(Eshop, Sequence)
        html = text(client, url("delete_sequence", eshop, used.pk), {})
        assert "“Processing” was not deleted: 1 order of this e-shop has it." in html
        assert rows(Eshop, Sequence) == held
        text(client, url("delete_sequence", eshop, unused.pk), {})
        assert list(Sequence.objects.all()) == [used] and version(eshop) == 2

    def test_an_entry_that_a_marketplace_uses(self, client: Client, eshop: Eshop) -> None:
        market = factories.eshop(name="Market", kind="marketplace")
        row = entry(eshop, "delivery", "ppl")
        MarketplaceMapping.objects.create(eshop=market, kind="delivery", code="DPD1", target=row)
        html = text(client, url("delete_sequence", eshop, row.pk), {})
        assert "Market has its code “DPD1” mapped to it" in html
        self.save(client, row, name="PPL")
        assert (version(eshop), version(market)) == (2, 2)

    def test_the_name_of_the_eshop_can_be_taken_back(self, client: Client, eshop: Eshop) -> None:
        row = entry(eshop, code="hold", name="Čeká", source_name="On hold")
        html = text(client, url("sequences", eshop))
        assert "Čeká" in html and "The e-shop: On hold" in html
        text(client, url("follow", eshop, row.pk), {})
        row.refresh_from_db()
        assert (row.name, row.is_edited, version(eshop)) == ("On hold", False, 2)
        text(client, url("follow", eshop, row.pk), {})
        assert version(eshop) == 2

    def test_what_the_eshop_has_is_shown_beside_what_is_ours(
        self, client: Client, eshop: Eshop
    ) -> None:
        row = entry(
            eshop, code="hold", type="packed", color="#111111", source_name="Processing",
            source_type="shipped", source_color="#222222",
        )  # fmt: skip
        paid = entry(
            eshop, "payment", "cod", price=39, source_name="PPL domů", source_price=35,
            source_description="For a fee",
        )  # fmt: skip
        html = re.sub("<[^>]*>", "", text(client, url("sequences", eshop)))
        for told in ("Shipped", "#222222", "35.00", "For a fee"):
            assert f"The e-shop: {told}" in html
        opened = text(client, url("sequence", eshop, row.pk))
        assert "The e-shop: Shipped" in opened and "The e-shop: #222222" in opened
        assert "The e-shop: 35.00" in text(client, url("sequence", eshop, paid.pk))
        text(client, url("follow", eshop, row.pk), {})
        text(client, url("follow", eshop, paid.pk), {})
        row.refresh_from_db()
        paid.refresh_from_db()
        assert (row.type, row.color, row.theirs, version(eshop)) == ("shipped", "#222222", {}, 2)
        assert (paid.price, paid.description, paid.theirs) == (35, "For a fee", {})

    def test_what_is_gone_is_shown_as_gone(self, client: Client, eshop: Eshop) -> None:
        entry(eshop, code="old", source_name="Old", is_active=False, in_eshop=False)
        html = text(client, url("sequences", eshop))
        assert "<span>Gone</span>" in html and '<td class="c-type">Paid</td>' in html

    def test_text_of_an_eshop_is_text(self, client: Client, eshop: Eshop) -> None:
        row = entry(eshop, "payment", XSS, name=XSS, description=XSS, source_name="x" + XSS)
        factories.order(eshop, "2", status_code=XSS, status_name=XSS)
        eshop.mappings.create(source_key=XSS, target="custom", label=XSS[:100])
        for address in (url("sequences", eshop), url("sequence", eshop, row.pk),
                        url("mapping", eshop)):  # fmt: skip
            assert "<img" not in text(client, address)

    def test_queries_do_not_grow_with_the_entries(self, client: Client, eshop: Eshop) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                text(client, url("sequences", eshop))
            return len(captured)

        few = queries()
        for number in range(50):
            entry(eshop, "delivery", str(number), source_name="x")
        assert queries() == few


class TestUnknownCodes:
    def test_one_click_names_a_code(self, client: Client, eshop: Eshop) -> None:
        factories.order(eshop, "2", status_code="lost", status_name="Lost & found")
        html = text(client, url("sequences", eshop))
        assert "Unknown codes" in html and "Lost &amp; found" in html
        data = {"code": "lost", "name": "Ztraceno"}
        html = text(client, url("add_sequence", eshop, "status"), data)
        row = Sequence.objects.get(code="lost")
        assert (row.kind, row.name, row.in_eshop, version(eshop)) == (
            "status",
            "Ztraceno",
            False,
            2,
        )
        assert 'value="lost"' not in html
        assert Order.objects.get(external_id="2").status_name == "Lost & found"


@pytest.mark.usefixtures("valkey")
class TestLoadData:
    def test_from_the_button_to_what_it_changed(
        self, client: Client, eshop: Eshop, sent: Sent, scripted: ScriptedShop
    ) -> None:
        Sequence.objects.update(source_name="Processing")
        entry(eshop, code="gone", name="Gone one", source_name="Gone one")
        scripted.sequences = [
            SequenceEntry(kind="status", code="processing", name="In progress"),
            SequenceEntry(kind="payment", code="cod", name="Cash"),
        ]
        html = text(client, url("load", eshop), {})
        load = DataLoad.objects.get()
        assert [m.args for m in sent.commit()] == [(load.pk,)]
        assert f'hx-get="{url("loads", eshop)}" hx-trigger="every 1s"' in html
        assert "being loaded already" in text(client, url("load", eshop), {})
        waiting = client.get(url("loads", eshop))
        assert waiting.status_code == 200 and "HX-Refresh" not in waiting.headers
        load_data(load.pk)
        done = client.get(url("loads", eshop), headers={"HX-Request": "true"})
        assert (done.status_code, done.headers["HX-Refresh"]) == (286, "true")
        assert b"every 1s" not in done.content
        html = text(client, url("sequences", eshop))
        for told in ("1 added", "Payment method Cash (cod)", "1 renamed",
                     "Processing → In progress", "1 gone", "every eight hours"):  # fmt: skip
            assert told in html, told
        kept = client.get(url("loads", eshop), {"open": "1"}, headers={"HX-Request": "true"})
        assert kept.status_code == 286 and "HX-Refresh" not in kept.headers

    def test_a_failure_is_told(
        self, client: Client, eshop: Eshop, sent: Sent, scripted: ScriptedShop
    ) -> None:
        scripted.error = Refused("The key is refused.")
        client.post(url("load", eshop))
        load_data(DataLoad.objects.get().pk)
        html = text(client, url("sequences", eshop))
        assert "The key is refused." in html and version(eshop) == 1

    def test_why_it_waits_is_told(self, client: Client, eshop: Eshop, sent: Sent) -> None:
        client.post(url("load", eshop))
        until = timezone.now() + timedelta(minutes=5)
        Eshop.objects.update(wait_until=until, wait_reason="It answered 429.")
        load_data(DataLoad.objects.get().pk)
        clock = timezone.localtime(until).strftime("%H:%M:%S")
        told = f"The e-shop asks us to wait until {clock}: It answered 429."
        assert told in text(client, url("loads", eshop))


class TestWhatThePlatformCannotDo:
    """It is neither shown nor accepted."""

    @pytest.fixture
    def unable(self, eshop: Eshop, monkeypatch: pytest.MonkeyPatch) -> Eshop:
        monkeypatch.setattr(WooCommerce, "capabilities", frozenset())
        monkeypatch.setattr(WooCommerce, "lists", frozenset())
        return eshop

    def test_importing_what_was_changed(self, client: Client, unable: Eshop) -> None:
        html = text(client, url("connection", unable))
        assert 'name="import_every"' not in html and "Imported until" not in html
        assert "imported by hand only" in html
        held = rows(Eshop)
        html = text(client, url("activity", unable), {"is_active": "on", "import_every": "5"})
        assert "This e-shop cannot tell which orders were changed" in html
        assert rows(Eshop) == held
        Eshop.objects.update(import_every=5)
        assert "every 5 minutes" not in text(client, url("connection", unable))
        text(client, url("activity", unable), {"is_active": "on"})
        assert Eshop.objects.get().import_every is None

    def test_importing_what_goes_directly_into_another(self, client: Client, eshop: Eshop) -> None:
        direct = factories.eshop(
            name="Market", kind="marketplace", import_mode="direct", direct_eshop=eshop
        )
        html = text(client, url("connection", direct))
        assert 'name="import_every"' not in html and "going directly into an e-shop" in html
        html = text(client, url("activity", direct), {"is_active": "on", "import_every": "5"})
        assert "Its orders go directly into an e-shop" in html
        assert Eshop.objects.get(pk=direct.pk).import_every is None

    def test_loading_code_lists(
        self, client: Client, unable: Eshop, sent: Sent, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        address = url("load", unable)
        for page in ("connection", "sequences"):
            html = text(client, url(page, unable))
            assert f'action="{address}"' not in html
            assert "Load data" not in html and "code lists" not in html
        html = text(client, address, {})
        assert "Shop has no code lists that could be loaded." in html
        Eshop.objects.update(is_active=False)
        html = text(client, url("activity", unable), {"is_active": "on"})
        assert "Saved." in html and "could be loaded" not in html
        assert not DataLoad.objects.exists() and not sent.commit()
        monkeypatch.setattr(WooCommerce, "capabilities", frozenset({"sequences"}))
        assert f'action="{address}"' in text(client, url("sequences", unable))

    def test_connecting_tells_of_no_code_lists(self, unable: Eshop) -> None:
        client = signed_in("eshops.add_eshop")
        html = text(client, reverse("connect:add", args=["woocommerce"]))
        assert "Connecting tries the connection first; if that fails" in html

    def test_what_it_can_do_is_shown(self, client: Client, eshop: Eshop) -> None:
        html = text(client, url("connection", eshop))
        assert 'name="import_every"' in html and "Imported until" in html
        assert f'action="{url("load", eshop)}"' in text(client, url("sequences", eshop))


class TestTwoTabs:
    """Two people, or one with two tabs, edit the same."""

    def opened(self, client: Client, address: str) -> dict[str, Any]:
        """What the page's form would send."""
        form = client.get(address).context["form"]
        data = {field.name: field.value() for field in form} | {"as_it_was": form.as_it_was}
        return {name: value for name, value in data.items() if value is not None}

    def test_a_name_that_was_changed_meanwhile_is_not_undone(
        self, client: Client, eshop: Eshop
    ) -> None:
        row = Sequence.objects.get()
        address = url("sequence", eshop, row.pk)
        mine, theirs = self.opened(client, address), self.opened(client, address)
        text(client, address, theirs | {"name": "Vyřizuje se", "type": "packed"})
        held = rows(Eshop, Sequence)
        html = text(client, address, mine | {"color": "#222222", "picked": "#222222"})
        assert "Somebody has changed this since you opened it." in html
        assert "It is now: Name: “Vyřizuje se”, Type: “Packed”." in html
        assert 'value="#222222"' in html and rows(Eshop, Sequence) == held
        again = client.post(address, mine).context["form"].as_it_was
        text(client, address, mine | {"name": "Doing", "as_it_was": again})
        row.refresh_from_db()
        assert (row.name, row.type, version(eshop)) == ("Doing", "paid", 3)

    def test_the_same_twice_is_no_quarrel(self, client: Client, eshop: Eshop) -> None:
        address = url("sequence", eshop, Sequence.objects.get().pk)
        data = self.opened(client, address) | {"name": "Vyřizuje se"}
        text(client, address, data)
        assert "Nothing was changed." in text(client, address, data)
        assert version(eshop) == 2

    def test_a_price_and_a_load_meanwhile(self, client: Client, eshop: Eshop) -> None:
        row = entry(eshop, "payment", "cod", price="39", description="Cash")
        address = url("sequence", eshop, row.pk)
        data = self.opened(client, address)
        Sequence.objects.filter(pk=row.pk).update(price="45.5")
        html = text(client, address, data | {"description": "Cash or card"})
        assert "It is now: Price: “45.50”." in html
        row.refresh_from_db()
        assert (row.description, f"{row.price:f}") == ("Cash", "45.500000")

    @pytest.mark.parametrize(
        "told", ["no json", "[" * 100_000, "[1]", "{}", '{"name": null, "x": 1}']
    )
    def test_what_no_page_would_send_harms_nothing(
        self, client: Client, eshop: Eshop, told: str
    ) -> None:
        address = url("sequence", eshop, Sequence.objects.get().pk)
        text(client, address, self.opened(client, address) | {"as_it_was": told})
        assert version(eshop) == 1

    def test_a_mapping(self, client: Client, eshop: Eshop) -> None:
        row = eshop.mappings.create(source_key="_vat", target="vat_id", transforms=["upper"])
        address = url("edit_mapping", eshop, row.pk)
        mine = self.opened(client, address) | {"do": "save"}
        text(client, address, mine | {"target": "tax_id", "transforms": ["trim", "digits"]})
        held = rows(Eshop, MetadataMapping)
        html = text(client, address, mine | {"source_key": "_vat_id"})
        assert "It is now: Transforms: “Trim spaces, Digits only”, Goes into: “Tax ID”." in html
        assert rows(Eshop, MetadataMapping) == held


class TestAdministration:
    """The e-shop's row in /admin/, where entries and mappings are lines of one form."""

    def test_a_new_name_reaches_the_marketplaces_that_use_it(self, eshop: Eshop) -> None:
        Sequence.objects.all().delete()
        row = entry(eshop, "delivery", "ppl")
        market = factories.eshop(name="Market", kind="marketplace")
        MarketplaceMapping.objects.create(eshop=market, kind="delivery", code="DPD1", target=row)
        client = Client()
        client.force_login(factories.user(is_staff=True, is_superuser=True))
        data = {
            "name": "Shop", "kind": "eshop", "is_active": "on",
            "sequences-TOTAL_FORMS": "1", "sequences-INITIAL_FORMS": "1",
            "sequences-0-id": row.pk, "sequences-0-eshop": eshop.pk, "sequences-0-is_active": "on",
            "sequences-0-kind": "delivery", "sequences-0-code": "ppl",
            "mappings-TOTAL_FORMS": "0", "mappings-INITIAL_FORMS": "0",
        }  # fmt: skip
        for name, expected in (("PPL domů", (1, 1)), ("PPL", (2, 2))):
            address = f"/admin/eshops/eshop/{eshop.pk}/change/"
            response = client.post(address, data | {"sequences-0-name": name})
            assert response.status_code == 302
            assert (version(eshop), version(market)) == expected


def test_the_type_of_a_payment_is_kept_and_makes_nothing_stale(
    client: Client, eshop: Eshop
) -> None:
    row = entry(eshop, "payment", "cod", name="Dobírka")
    address = url("sequence", eshop, row.pk)
    data = {"name": "Dobírka", "type": "cash_on_delivery", "description": "", "price": "39"}
    assert "Cash on delivery" in text(client, address, data)
    row.refresh_from_db()
    assert (row.type, row.price, version(eshop)) == ("cash_on_delivery", 39, 1)
    assert "is not one of the available choices" in text(client, address, data | {"type": "paid"})


@pytest.mark.usefixtures("valkey", "sent")
class TestMapping:
    @pytest.fixture
    def eshop(self, scripted: ScriptedShop) -> Eshop:
        eshop = factories.eshop(credentials=SECRETS)
        for number in range(1, 4):
            scripted.put(
                source_order(
                    str(number),
                    metadata=(
                        Metadatum("_vat", f"cz{number}"),
                        Metadatum("point", {"id": number, "days": ["Po"]}),
                        Metadatum("when", "zítra"),
                        Metadatum("odd[key", "7"),
                    ),
                )
            )
        load_orders(start_import(eshop, None, None).pk)
        return eshop

    def data(self, **changes: Any) -> dict[str, Any]:
        return {
            "scope": "order", "source_key": "_vat", "transforms": ["upper"], "target": "vat_id",
            "label": "", "do": "save",
        } | changes  # fmt: skip

    def test_without_the_key_of_the_answers_kept_it_says_so(
        self, client: Client, eshop: Eshop, settings: Settings
    ) -> None:
        settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]
        assert "cannot be decrypted" in text(client, url("mapping", eshop))

    def test_the_preview_is_what_a_synchronization_then_does(
        self, client: Client, eshop: Eshop
    ) -> None:
        held = rows(Eshop, MetadataMapping, *KEPT_ROWS)
        address = url("mapping", eshop)
        response = client.post(address, self.data(do="preview"))
        preview = response.context["preview"]
        assert b"CZ3" in response.content and b"3 orders of this e-shop" in response.content
        assert rows(Eshop, MetadataMapping, *KEPT_ROWS) == held
        text(client, address, self.data())
        assert version(eshop) == 2
        assert rows(*KEPT_ROWS) == held[2:]
        run = start_run(Order.objects.all(), None, "bulk").run
        assert run is not None
        synchronize_lane(run.pk, eshop.pk)
        done = {
            item.order_id: tuple(item.movement.changes["fields"])
            for item in run.items.select_related("movement")
            if item.movement
        }
        assert {each.order.pk: each.changes["fields"] for each in preview.outcomes} == done
        assert sorted(Order.objects.values_list("vat_id", flat=True)) == ["CZ1", "CZ2", "CZ3"]

    def test_keys_of_a_real_order_go_into_the_form(self, client: Client, eshop: Eshop) -> None:
        html = text(client, url("mapping", eshop))
        assert "2026-3" in html and "point.days[0]" in html
        html = text(client, url("mapping", eshop) + "?order=2026-1")
        assert "cz1" in html and "key=point.days%5B0%5D" in html
        html = text(client, url("mapping", eshop) + "?scope=line&key=point.days%5B0%5D")
        assert 'value="point.days[0]"' in html and '<option value="line" selected>' in html
        assert "No order 77 of this e-shop" in text(client, url("mapping", eshop) + "?order=77")

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"source_key": "a..b"}, "cannot lead to a value"),
            ({"source_key": "a[x"}, "cannot lead to a value"),
            ({"source_key": ""}, "This field is required."),
            ({"target": "custom"}, "A field of our own needs a label."),
            ({"label": "Mine"}, "Only a field of our own has a label"),
            ({"target": "total"}, "Select a valid choice."),
            ({"transforms": ["reverse"]}, "Select a valid choice."),
            ({"scope": "basket"}, "Select a valid choice."),
            ({"source_key": "taken"}, "There is a mapping of this key into this field already."),
        ],
    )
    @pytest.mark.parametrize("do", ["save", "preview"])
    def test_a_refusal_changes_nothing(
        self, client: Client, eshop: Eshop, changes: dict[str, Any], told: str, do: str
    ) -> None:
        eshop.mappings.create(source_key="taken", target="vat_id")
        held = rows(Eshop, MetadataMapping)
        html = text(client, url("mapping", eshop), self.data(do=do) | changes)
        assert told in html and 'id="preview"' not in html
        assert rows(Eshop, MetadataMapping) == held

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"source_key": "_vatt"}, "<code>_vatt</code>. Did you mean <a"),
            ({"source_key": "point.idd"}, "<code>point.idd</code>. Did you mean <a"),
            ({"source_key": "point.days[4]"}, "Did you mean <a"),
            ({"source_key": "unlike"}, "<code>unlike</code>. It can be saved"),
            ({"scope": "line"}, "<code>_vat</code> there, but of <a"),
        ],
    )
    def test_a_key_that_no_order_has_takes_a_second_press(
        self, client: Client, eshop: Eshop, changes: dict[str, Any], told: str
    ) -> None:
        address, data = url("mapping", eshop), self.data() | changes
        held = rows(Eshop, MetadataMapping)
        html = text(client, address, data)
        assert "None of the last 3 orders has" in html and told in html
        assert rows(Eshop, MetadataMapping) == held
        assert told in text(client, address, data | {"do": "preview"})
        sure = client.post(address, data).context["sure"]
        other = text(client, address, data | {"source_key": "another", "sure": sure})
        assert "None of the last 3 orders has" in other
        assert rows(Eshop, MetadataMapping) == held
        assert "is saved." in text(client, address, data | {"sure": sure})
        assert version(eshop) == 2
        kept = url("edit_mapping", eshop, MetadataMapping.objects.get().pk)
        changed = data | {"target": "custom", "label": "Mine"}
        assert "None of the last" not in text(client, kept, changed), "the key was confirmed"
        assert MetadataMapping.objects.get().label == "Mine"

    def test_a_key_is_not_doubted_before_there_is_an_order(self, client: Client) -> None:
        eshop = factories.eshop(name="New shop")
        assert "is saved." in text(client, url("mapping", eshop), self.data())

    def test_who_may_not_see_orders_is_told_no_key_of_them(self, eshop: Eshop) -> None:
        client = signed_in("eshops.change_eshop")
        html = text(client, url("mapping", eshop), self.data(source_key="_vatt"))
        assert "None of the last 3 orders has" in html and "Did you mean" not in html

    def test_an_odd_key_that_occurs_can_be_mapped(self, client: Client, eshop: Eshop) -> None:
        data = self.data(source_key="odd[key", target="custom", label="Odd")
        text(client, url("mapping", eshop), data)
        assert MetadataMapping.objects.get().source_key == "odd[key"

    def test_values_that_do_not_fit_are_told_before_and_after_saving(
        self, client: Client, eshop: Eshop
    ) -> None:
        data = self.data(source_key="when", target="delivery_date", transforms=[])
        html = text(client, url("mapping", eshop), data | {"do": "preview"})
        assert "3 of them have a value that does not fit" in html
        assert "it is not a date" in html and "zítra" in html
        html = text(client, url("mapping", eshop), data)
        assert "Of the last orders 3 orders have a value that does not fit." in html

    def test_one_that_does_not_fit_is_told_as_one(
        self, client: Client, eshop: Eshop, scripted: ScriptedShop
    ) -> None:
        scripted.put(source_order("9", metadata=(Metadatum("odd", "zítra"),)))
        load_orders(start_import(eshop, None, None).pk)
        data = self.data(source_key="odd", target="delivery_date", transforms=[])
        html = text(client, url("mapping", eshop), data)
        assert "Of the last orders 1 order has a value that does not fit." in html

    def test_two_that_fight_for_a_field_are_told_before_and_after_saving(
        self, client: Client, eshop: Eshop
    ) -> None:
        eshop.mappings.create(source_key="_vat", target="vat_id")
        data = self.data(source_key="when", transforms=[])
        html = text(client, url("mapping", eshop), data | {"do": "preview"})
        assert "Two mappings fight for the VAT ID: on 3 of them" in html
        assert "fight for one field" in text(client, url("mapping", eshop), data)

    def test_editing_without_a_change_makes_nothing_stale(
        self, client: Client, eshop: Eshop
    ) -> None:
        row = eshop.mappings.create(source_key="_vat", target="vat_id", transforms=["upper"])
        address = url("edit_mapping", eshop, row.pk)
        assert 'value="_vat"' in text(client, address)
        assert "Nothing was changed." in text(client, address, self.data())
        assert version(eshop) == 1
        text(client, address, self.data(transforms=[]))
        row.refresh_from_db()
        assert (row.transforms, version(eshop)) == ([], 2)

    def test_the_order_of_two_for_one_field_can_be_changed(
        self, client: Client, eshop: Eshop
    ) -> None:
        first = eshop.mappings.create(source_key="a", target="vat_id")
        second = eshop.mappings.create(source_key="b", target="vat_id")
        other = eshop.mappings.create(source_key="c", target="company")
        html = text(client, url("mapping", eshop))
        assert "1. of 2" in html and "2. of 2" in html
        text(client, url("move_mapping", eshop, second.pk), {"direction": "up"})
        assert list(eshop.mappings.all()) == [second, first, other] and version(eshop) == 2
        text(client, url("move_mapping", eshop, second.pk), {"direction": "up"})
        text(client, url("move_mapping", eshop, other.pk), {"direction": "up"})
        assert list(eshop.mappings.all()) == [second, other, first] and version(eshop) == 2

    def test_deleting_shows_what_will_be_lost_first(self, client: Client, eshop: Eshop) -> None:
        row = eshop.mappings.create(source_key="_vat", target="vat_id")
        html = text(client, url("delete_mapping", eshop, row.pk))
        assert "cz3" in html and "3 of the last 3 orders" in html
        assert MetadataMapping.objects.exists() and version(eshop) == 1
        text(client, url("delete_mapping", eshop, row.pk), {})
        assert not MetadataMapping.objects.exists() and version(eshop) == 2

    def test_who_may_not_see_orders_sees_none_here(self, eshop: Eshop) -> None:
        client = signed_in("eshops.change_eshop")
        for html in (
            text(client, url("mapping", eshop)),
            text(client, url("mapping", eshop), self.data(do="preview")),
        ):
            assert "cz3" not in html.lower() and "2026-3" not in html
        assert "is saved" in text(client, url("mapping", eshop), self.data())
