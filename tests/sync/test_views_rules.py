"""The pages of the rules: who may, what is stored, and trying without writing."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from eshops.models import Eshop
from orders.models import Order, Payload, Warehouse
from sync.imports import load_orders, start_import
from sync.rule_forms import FIELDS, MEANING, RulesForm
from sync.rules import GROUPS, MODES
from tests import factories
from tests.pages import XSS, assert_no_inline_code, signed_in
from tests.shops import ScriptedShop
from tests.sources import source_item, source_order

pytestmark = pytest.mark.django_db
LOOK, ESHOP = "orders.view_order", "eshops.change_eshop"
VIEW, CHANGE = "orders.view_warehouse", "orders.change_warehouse"
STAFF = (LOOK, ESHOP, VIEW, CHANGE)
EVERY = {f"rule-{group}": "overwrite" for group in GROUPS}
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "SAVEPOINT")


@pytest.fixture
def eshop() -> Eshop:
    return factories.eshop()


@pytest.fixture
def hall() -> Warehouse:
    return Warehouse.objects.create(name="Hall", is_active=True, status_types=["paid"])


@pytest.fixture
def order(eshop: Eshop, scripted: ScriptedShop, valkey: str, sent: Any) -> Order:
    """What is kept of it says that it is completed and has two lines; ours is otherwise."""
    scripted.put(
        source_order(status_code="completed", items=(source_item("11"), source_item("12")))
    )
    load_orders(start_import(eshop, None, None).pk)
    order = Order.objects.get()
    Order.objects.update(status_code="processing", status_name="Processing")
    order.items.filter(external_id="12").delete()
    return order


def address(of: Eshop | Warehouse) -> str:
    return reverse(f"rules:{'eshop' if isinstance(of, Eshop) else 'warehouse'}", args=[of.pk])


def test_every_group_and_mode_is_explained() -> None:
    assert FIELDS.keys() == GROUPS.keys()
    assert MEANING.keys() == MODES.keys()


class TestForm:
    def test_only_what_is_not_overwritten_is_stored(self) -> None:
        form = RulesForm({}, EVERY | {"rule-items": "keep", "rule-status": "empty"})
        assert form.is_valid()
        assert form.modes == {"items": "keep", "status": "empty"}

    @pytest.mark.parametrize(
        ("wrong", "text"),
        [
            ({"rule-items": "freeze"}, "“freeze” is nothing that can be done with the items."),
            ({"rule-items": ""}, "Say what a synchronization does with the items."),
            ({"rule-prices": "keep"}, "There is no group of fields called “prices”."),
            ({"rule-": "keep"}, "There is no group of fields called “”."),
        ],
    )
    def test_what_cannot_be_is_said(self, wrong: dict[str, str], text: str) -> None:
        form = RulesForm({}, EVERY | wrong)
        assert not form.is_valid()
        assert form.problems() == [text]

    def test_saved_modes_are_chosen(self) -> None:
        rows = {row.group: row for row in RulesForm({"items": "keep", "gone": "keep"}).rows()}
        chosen = {
            group: [c.mode for c in row.choices if c.is_chosen] for group, row in rows.items()
        }
        assert chosen == {group: ["overwrite"] for group in GROUPS} | {"items": ["keep"]}


class TestPermissions:
    def test_of_an_eshop(self, eshop: Eshop) -> None:
        self.check(address(eshop), (ESHOP,))
        eshop.refresh_from_db()
        assert eshop.rules == {}

    def test_of_the_warehouse(self, hall: Warehouse) -> None:
        self.check(address(hall), (VIEW, CHANGE))
        hall.refresh_from_db()
        assert hall.rules == {}

    def check(self, where: str, permissions: tuple[str, ...]) -> None:
        data = EVERY | {"rule-items": "keep"}
        assert Client().get(where).headers["Location"].startswith("/sign-in/?next=")
        assert Client().post(where, data).headers["Location"].startswith("/sign-in/?next=")
        for missing in permissions:
            others = [each for each in STAFF if each != missing]
            assert signed_in(*others).get(where).status_code == 403
            assert signed_in(*others).post(where, data).status_code == 403
        client = Client(enforce_csrf_checks=True)
        client.force_login(factories.user(*STAFF))
        assert client.post(where, data).status_code == 403
        assert signed_in(*permissions).get(where).status_code == 200

    def test_no_such(self) -> None:
        client = signed_in(*STAFF)
        assert client.get("/e-shops/7/rules/").status_code == 404
        assert client.get("/warehouse/7/rules/").status_code == 404


class TestSaving:
    def test_of_an_eshop_without_a_new_settings_version(self, eshop: Eshop) -> None:
        Eshop.objects.update(rules={"status": "keep"})
        data = EVERY | {"rule-items": "keep", "rule-customer": "empty"}
        response = signed_in(*STAFF).post(address(eshop), data, follow=True)
        assert "The rules of Shop were saved." in response.content.decode()
        saved = Eshop.objects.get()
        assert saved.rules == {"items": "keep", "customer": "empty"}
        assert saved.settings_version == eshop.settings_version
        assert dict(saved.credentials) == {"consumer_key": "ck", "consumer_secret": "cs"}

    def test_of_the_warehouse(self, hall: Warehouse) -> None:
        signed_in(*STAFF).post(address(hall), EVERY | {"rule-items": "keep"})
        hall.refresh_from_db()
        assert hall.rules == {"items": "keep"}

    @pytest.mark.parametrize("wrong", [{"rule-items": XSS}, {f"rule-{XSS}": "keep"}])
    def test_a_forged_one_is_refused_with_a_sentence(
        self, eshop: Eshop, hall: Warehouse, wrong: dict[str, str]
    ) -> None:
        for of in (eshop, hall):
            html = signed_in(*STAFF).post(address(of), EVERY | wrong).content.decode()
            assert "Nothing was saved." in html and "<script>alert" not in html
            assert_no_inline_code(html)
            of.refresh_from_db()
            assert of.rules == {}


class TestTrying:
    def tried(self, of: Eshop | Warehouse, number: str = "", **modes: str) -> str:
        data = EVERY | {f"rule-{group}": mode for group, mode in modes.items()}
        client = signed_in(*STAFF)
        with CaptureQueriesContext(connection) as queries:
            response = client.post(address(of), data | {"try": "1", "number": number})
        assert response.status_code == 200
        written = [q["sql"] for q in queries if q["sql"].lstrip().startswith(WRITES)]
        assert not written
        html = response.content.decode()
        assert_no_inline_code(html)
        return html

    def test_what_would_be_kept_and_what_overwritten(self, eshop: Eshop, order: Order) -> None:
        html = self.tried(eshop, items="keep")
        assert "<b>Items kept</b>: so Shop is set up." in html
        assert "Product “Espresso Ő 1 kg”: only in the e-shop" in html
        assert "Would be overwritten" in html
        assert "<del>processing</del>" in html and "<ins>completed</ins>" in html
        order.refresh_from_db()
        assert (order.status_code, order.items.count()) == ("processing", 1)
        assert Eshop.objects.get().rules == {}
        assert 'id="rule-items-keep" name="rule-items" value="keep" checked' in html

    def test_without_rules(self, eshop: Eshop, order: Order) -> None:
        html = self.tried(eshop)
        assert "Would be kept" not in html and "Product added" in html

    def test_all_kept(self, eshop: Eshop, order: Order) -> None:
        html = self.tried(eshop, items="keep", status="keep")
        assert "Nothing would be overwritten." in html

    def test_by_its_number(self, eshop: Eshop, order: Order) -> None:
        assert "Tried on" in self.tried(eshop, number=" 2026-1 ")
        assert "No order 2026-9 of Shop can be tried on" in self.tried(eshop, number="2026-9")

    def test_no_order_of_another_eshop(self, order: Order) -> None:
        other = factories.eshop(name="Other")
        assert "No order 2026-1 of Other" in self.tried(other, number="2026-1")
        assert "No order of Other can be tried on yet" in self.tried(other)

    def test_as_if_the_warehouse_had_it(self, hall: Warehouse, order: Order) -> None:
        html = self.tried(hall, items="keep")
        assert "<b>Items kept</b>: the warehouse has this order since" in html
        assert "No order 7 at all can be tried on" in self.tried(hall, number="7")
        Warehouse.objects.update(is_active=False)
        assert "the warehouse has this order since" in self.tried(hall, items="keep")
        Payload.objects.all().delete()
        assert "No order at all can be tried on yet" in self.tried(hall)

    def test_orders_are_for_those_who_may_look_at_them(self, eshop: Eshop, order: Order) -> None:
        client = signed_in(ESHOP)
        assert "Try on order" not in client.get(address(eshop)).content.decode()
        html = client.post(address(eshop), EVERY | {"try": "1"}).content.decode()
        assert "2026-1" not in html and "not among your permissions" in html

    def test_without_the_key(self, eshop: Eshop, order: Order, settings: Any) -> None:
        settings.CREDENTIALS_KEYS = []
        assert "FYNODE_CREDENTIALS_KEYS is not set" in self.tried(eshop)

    def test_what_cannot_be_is_not_tried(self, eshop: Eshop, order: Order) -> None:
        assert "Tried on" not in self.tried(eshop, items="freeze")
