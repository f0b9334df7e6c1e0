"""The warehouse's pages: who may do what, the connection, what is due, the files."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from eshops.models import Eshop
from orders.models import Handover, Movement, Order, OrderItem, Warehouse
from orders.warehouse import LIMIT, hand_over
from tests import factories
from tests.pages import XSS, assert_no_inline_code, signed_in

pytestmark = pytest.mark.django_db

VIEW, CHANGE = "orders.view_warehouse", "orders.change_warehouse"
LOOK, ADD, FILES = "orders.view_order", "orders.add_handover", "orders.view_handover"
STAFF = (VIEW, CHANGE, LOOK, ADD, FILES)
GOOD = {
    "name": "Hall",
    "is_active": "on",
    "status_types": ["paid", "packed"],
    "format": "json",
    "match_by": "ean",
}


def hall(**fields: Any) -> Warehouse:
    defaults = {"name": "Hall", "is_active": True, "status_types": ["paid"]}
    return Warehouse.objects.create(**(defaults | fields))


def paid(external_id: str = "1", sku: str = "T1", **fields: Any) -> Order:
    eshop = Eshop.objects.first() or factories.eshop()
    order = factories.order(eshop, external_id, **({"status_type": "paid"} | fields))
    OrderItem.objects.create(
        order=order, kind="product", external_id="1", position=0, name="Tea", sku=sku,
        quantity=Decimal(1),
    )  # fmt: skip
    return order


def handed_over() -> Order:
    order = paid()
    hand_over(Order.objects.filter(pk=order.pk), None)
    order.refresh_from_db()
    return order


def said(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def address_of(name: str) -> str:
    order = handed_over() if Warehouse.objects.exists() else None
    keys: dict[str, list[Any]] = {
        "warehouse:edit": [Warehouse.objects.values_list("pk", flat=True).first()],
        "warehouse:download": [order and order.handover_id],
    }
    return reverse(name, args=keys.get(name, []))


GETS: list[tuple[str, tuple[str, ...]]] = [
    ("warehouse:overview", (VIEW,)),
    ("warehouse:new", (VIEW, CHANGE)),
    ("warehouse:edit", (VIEW, CHANGE)),
    ("warehouse:download", (VIEW, FILES)),
]
POSTS: list[tuple[str, tuple[str, ...]]] = [
    ("warehouse:new", (VIEW, CHANGE)),
    ("warehouse:edit", (VIEW, CHANGE)),
    ("warehouse:hand_over", (LOOK, ADD)),
    ("warehouse:take_back", (LOOK, ADD)),
]


class TestPermissions:
    @pytest.mark.parametrize(("name", "permissions"), GETS)
    def test_pages(self, name: str, permissions: tuple[str, ...]) -> None:
        hall()
        address = address_of(name)
        assert Client().get(address).headers["Location"].startswith("/sign-in/?next=")
        for missing in permissions:
            others = [each for each in STAFF if each != missing]
            assert signed_in(*others).get(address).status_code == 403
        assert signed_in(*permissions).get(address).status_code == 200

    @pytest.mark.parametrize(("name", "permissions"), POSTS)
    def test_forged_posts(self, name: str, permissions: tuple[str, ...]) -> None:
        hall()
        address, order = address_of(name), Order.objects.get()
        data = GOOD | {"name": "Forged", "order": order.pk}
        assert Client().post(address, data).headers["Location"].startswith("/sign-in/")
        for missing in permissions:
            others = [each for each in STAFF if each != missing]
            assert signed_in(*others).post(address, data).status_code == 403
        client = Client(enforce_csrf_checks=True)
        client.force_login(factories.user(*STAFF))
        assert client.post(address, data).status_code == 403
        assert not Warehouse.objects.filter(name="Forged").exists()
        assert Order.objects.get().handover_id == order.handover_id
        assert Movement.objects.count() == 1

    @pytest.mark.parametrize("name", ["warehouse:hand_over", "warehouse:take_back"])
    def test_a_get_does_nothing(self, name: str) -> None:
        assert signed_in(*STAFF).get(reverse(name)).status_code == 405

    def test_who_may_only_look_is_offered_nothing(self) -> None:
        hall()
        paid("2")
        handed_over()
        html = signed_in(VIEW, LOOK).get(reverse("warehouse:overview")).content.decode()
        assert "2026-2" in html and "Handover" in html
        for word in ("Connect a warehouse", "<button class", "Download", 'type="checkbox"'):
            assert word not in html.split('<main id="main"')[1].split("</main>")[0], word

    def test_orders_are_shown_to_those_who_may_look_at_them(self) -> None:
        hall()
        paid("2")
        html = signed_in(VIEW, ADD).get(reverse("warehouse:overview")).content.decode()
        assert "2026-2" not in html and "Žofie" not in html


class TestConnection:
    def test_it_is_saved(self) -> None:
        response = signed_in(*STAFF).post(reverse("warehouse:new"), GOOD, follow=True)
        saved = Warehouse.objects.get()
        assert (saved.name, saved.is_active, saved.automatic) == ("Hall", True, False)
        assert (saved.status_types, saved.format, saved.match_by) == (
            ["paid", "packed"], "json", "ean"
        )  # fmt: skip
        html = response.content.decode()
        assert "orders that are paid or packed, by hand" in html
        assert "JSON, products known by EAN" in html

    def test_a_second_active_one_is_refused_in_words(self) -> None:
        first = hall(name="First")
        client = signed_in(*STAFF)
        html = client.post(reverse("warehouse:new"), GOOD).content.decode()
        assert "Another warehouse is active; there can be one only." in html
        second = hall(name="Second", is_active=False)
        edit = reverse("warehouse:edit", args=[second.pk])
        assert "there can be one only" in client.post(edit, GOOD).content.decode()
        assert list(Warehouse.objects.filter(is_active=True)) == [first]
        switched_off = {key: value for key, value in GOOD.items() if key != "is_active"}
        client.post(reverse("warehouse:edit", args=[first.pk]), switched_off)
        assert client.post(edit, GOOD).status_code == 302
        assert Warehouse.objects.get(is_active=True) == second

    @pytest.mark.parametrize(
        ("wrong", "text"),
        [
            ({"name": ""}, "This field is required"),
            ({"status_types": []}, "Choose at least one"),
            ({"status_types": ["paid", "lost"]}, "lost is not one of the available choices"),
            ({"format": "xml"}, "xml is not one of the available choices"),
            ({"match_by": "name"}, "name is not one of the available choices"),
        ],
    )
    def test_what_cannot_be_is_refused(self, wrong: dict[str, Any], text: str) -> None:
        html = signed_in(*STAFF).post(reverse("warehouse:new"), GOOD | wrong).content.decode()
        assert text in html
        assert not Warehouse.objects.exists()

    def test_rules_are_not_part_of_it(self) -> None:
        warehouse = hall(rules={"items": "keep"})
        edit = reverse("warehouse:edit", args=[warehouse.pk])
        signed_in(*STAFF).post(edit, GOOD | {"rules": "{}"})
        warehouse.refresh_from_db()
        assert warehouse.rules == {"items": "keep"}


class TestDue:
    def test_what_waits_and_what_cannot_go(self) -> None:
        hall()
        good, bad = paid("1", number=XSS), paid("2", sku="", customer_name=XSS)
        paid("3", status_type="shipped")
        html = signed_in(*STAFF).get(reverse("warehouse:overview")).content.decode()
        assert "Due: 2 orders" in html
        assert f'name="order" value="{good.pk}" checked' in html
        assert f'name="order" value="{bad.pk}"' not in html
        assert "which is missing on “Tea”." in html
        assert "2026-3" not in html and "<script>alert" not in html
        assert_no_inline_code(html)

    def test_those_that_can_go_come_first_and_none_is_out_of_reach(self) -> None:
        hall()
        for number in range(LIMIT + 20):
            paid(f"bad{number}", sku=" ", placed_at=factories.PLACED + timedelta(minutes=number))
        good, before = paid("good"), factories.PLACED - timedelta(days=1)
        empty = factories.order(Eshop.objects.get(), "e", status_type="paid", placed_at=before)
        response = signed_in(*STAFF).get(reverse("warehouse:overview"))
        html = response.content.decode()
        assert "Due: 122 orders" in html
        assert (
            "121 of them cannot go and stand last: 120 with a product that lacks its product"
            in html
        )
        assert "number, 1 without products." in html
        shown = [parcel.order.pk for parcel, _ in response.context["due"]]
        assert shown[0] == good.pk and len(shown) == LIMIT
        assert html.count('name="order"') == 1
        older = f"due_after={response.context['page'].older}"
        assert older in html
        following = signed_in(*STAFF).get(reverse("warehouse:overview"), {
            "due_after": str(response.context["page"].older)
        })  # fmt: skip
        rest = [parcel.order.pk for parcel, _ in following.context["due"]]
        assert len(rest) == 22 and rest[-1] == empty.pk
        assert "Hand over to warehouse" in html
        assert "Hand over to warehouse" not in following.content.decode()
        assert set(shown).isdisjoint(rest)
        newer = str(following.context["page"].newer)
        first = signed_in(*STAFF).get(reverse("warehouse:overview"), {"due_before": newer})
        assert [parcel.order.pk for parcel, _ in first.context["due"]] == shown

    def test_a_handover_leads_back_to_the_same_page(self) -> None:
        hall()
        for number in range(LIMIT + 1):
            paid(str(number), placed_at=factories.PLACED + timedelta(minutes=number))
        page = signed_in(*STAFF).get(reverse("warehouse:overview")).context["page"]
        address = f"{reverse('warehouse:overview')}?due_after={page.older}"
        html = signed_in(*STAFF).get(address).content.decode()
        assert f'name="next" value="{address}"' in html
        assert html.count('name="order"') == 1

    def test_as_many_queries_for_many(self) -> None:
        hall()
        client, counts = signed_in(*STAFF), []
        for many in (range(1), range(1, 50)):
            for number in many:
                paid(str(number))
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse("warehouse:overview"))
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_rules_of_a_group_called_items(self) -> None:
        hall(rules={"items": "keep", "status": "empty"})
        html = signed_in(*STAFF).get(reverse("warehouse:overview")).content.decode()
        assert "items: keep ours, status: only if empty here" in html

    def test_nothing_is_connected(self) -> None:
        html = signed_in(*STAFF).get(reverse("warehouse:overview")).content.decode()
        assert "No warehouse is connected yet" in html and "Due" not in html


class TestHandOver:
    def test_the_selected_ones(self) -> None:
        hall()
        one, two, stays = paid("1"), paid("2", sku=""), paid("3")
        response = signed_in(*STAFF).post(
            reverse("warehouse:hand_over"),
            {"order": [one.pk, two.pk, "x"], "next": "/warehouse/"},
            follow=True,
        )
        assert response.redirect_chain == [("/warehouse/", 302)]
        handover = Handover.objects.get()
        assert list(handover.orders.all()) == [one]
        assert f"1 order was handed over: handover {handover.pk}." in said(response)
        assert "Not handed over: 2026-2: The warehouse knows" in said(response)
        stays.refresh_from_db()
        assert stays.handover is None

    def test_twice(self) -> None:
        hall()
        order, client = paid(), signed_in(*STAFF)
        for _ in range(2):
            response = client.post(
                reverse("warehouse:hand_over"), {"order": order.pk}, follow=True
            )  # fmt: skip
        assert "2026-1: The warehouse has it already." in said(response)
        assert Handover.objects.count() == 1 == Movement.objects.count()

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "x"])
    def test_never_to_another_site(self, target: str) -> None:
        response = signed_in(*STAFF).post(reverse("warehouse:hand_over"), {"next": target})
        assert response.headers["Location"] == "/orders/"

    def test_without_a_warehouse(self) -> None:
        response = signed_in(*STAFF).post(
            reverse("warehouse:hand_over"), {"order": paid().pk}, follow=True
        )
        assert "No warehouse is active" in said(response)


class TestInTheList:
    """Handing over what was selected in the list of orders."""

    SYNC = ("sync.synchronize", "sync.synchronize_in_bulk")

    def page(self, *permissions: str) -> str:
        return signed_in(LOOK, *permissions).get("/orders/").content.decode()

    def test_it_is_offered_where_it_can_be_done(self) -> None:
        paid()
        offer, box = 'Hand over<span class="wide"> to the warehouse</span>', 'id="select-'
        assert offer not in self.page(ADD) and box not in self.page(ADD)
        hall()
        html = self.page(ADD)
        assert offer in html and box in html and "Up to 100 orders are handed over" in html
        assert_no_inline_code(html)
        html = self.page(ADD, *self.SYNC)
        assert offer in html and "Bulk synchronization is limited to 100 orders" in html
        assert offer not in self.page(*self.SYNC)

    def test_a_row_that_is_replaced_keeps_its_box(self) -> None:
        hall()
        order = paid()
        for allowed in ((LOOK, ADD), (LOOK,)):
            response = signed_in(*allowed).get("/sync/progress/", {"order": order.pk})
            assert ('id="select-' in response.content.decode()) is (ADD in allowed)

    def test_more_than_100_are_refused_in_words(self) -> None:
        hall()
        keys = [paid(str(number)).pk for number in range(LIMIT + 1)]
        client = signed_in(LOOK, ADD)
        response = client.post(reverse("warehouse:hand_over"), {"order": keys}, follow=True)
        assert "Up to 100 orders are handed over at once; 101 are selected." in said(response)
        assert not Handover.objects.exists()

    def test_the_page_is_opened_anew_with_its_filters_and_nothing_selected(self) -> None:
        hall()
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/orders/?q=x"}
        client, data = signed_in(LOOK, ADD), {"order": paid().pk, "next": "/orders/"}
        response = client.post(reverse("warehouse:hand_over"), data, headers=headers)
        assert response.headers["HX-Redirect"] == "/orders/?q=x"
        assert response.headers["HX-Trigger"] == "bulk-started"
        Warehouse.objects.update(is_active=False)
        response = client.post(reverse("warehouse:hand_over"), data, headers=headers)
        assert "HX-Trigger" not in response.headers
        headers["HX-Current-URL"] = "https://evil.example/orders/"
        response = client.post(reverse("warehouse:hand_over"), data, headers=headers)
        assert response.headers["HX-Redirect"] == "/orders/"


class TestOnTheOrder:
    def page(self, order: Order, *permissions: str) -> str:
        client = signed_in(*(permissions or STAFF))
        return client.get(reverse("orders:detail", args=[order.pk])).content.decode()

    def test_a_button_while_it_is_due(self) -> None:
        warehouse = hall()
        order = paid()
        assert "Hand over to warehouse" in self.page(order)
        assert "Hand over to warehouse" not in self.page(order, LOOK)
        Warehouse.objects.filter(pk=warehouse.pk).update(is_active=False)
        assert "Hand over to warehouse" not in self.page(order)

    def test_since_when_the_warehouse_has_it(self) -> None:
        warehouse = hall()
        order = handed_over()
        html = self.page(order)
        assert "The warehouse Hall has this order since" in html and "Take back" in html
        assert "Hand over to warehouse" not in html
        assert_no_inline_code(html)
        assert "has this order since" in self.page(order, LOOK)
        assert "Take back" not in self.page(order, LOOK)
        Warehouse.objects.filter(pk=warehouse.pk).update(is_active=False)
        assert "not active any more" in self.page(order)

    def test_take_back(self) -> None:
        hall()
        order, client = handed_over(), signed_in(*STAFF)
        back = {"order": order.pk, "next": f"/orders/{order.pk}/"}
        response = client.post(reverse("warehouse:take_back"), back, follow=True)
        assert "Order 2026-1 was taken back." in said(response)
        order.refresh_from_db()
        assert order.handover is None
        response = client.post(reverse("warehouse:take_back"), back, follow=True)
        assert "The warehouse does not have this order." in said(response)
        html = client.get(reverse("orders:movements", args=[order.pk])).content.decode()
        assert "Taken back from the warehouse" in html
        assert "Handed over to the warehouse" in html
        assert client.post(reverse("warehouse:take_back"), {"order": "77"}).status_code == 404

    def test_what_a_rule_kept(self) -> None:
        kept = [
            {
                "group": "status",
                "reason": "the warehouse has this order since 12:40",
                "fields": [{"field": "status_name", "old": "Processing", "new": XSS}],
                "lines": [],
            },
            {
                "group": "items",
                "reason": "the warehouse has this order since 12:40",
                "fields": [],
                "lines": [
                    {
                        "action": action, "kind": "product", "external_id": "7", "name": "Cup",
                        "changes": [{"field": "quantity", "old": "1", "new": "3"}],
                    }
                    for action in ("added", "changed", "removed")
                ],
            },
        ]  # fmt: skip
        order = factories.order(factories.eshop(), sync_state={"kept": kept})
        Movement.objects.create(
            order=order, at=factories.PLACED, kind="synchronized", changes={"kept": kept}
        )
        client = signed_in(LOOK)
        for name in ("orders:detail", "orders:movements"):
            html = client.get(reverse(name, args=[order.pk])).content.decode()
            for text in (
                "<b>Status kept</b>: the warehouse has this order since 12:40.", "Ours, kept",
                "In the e-shop", "<td>Processing</td>", "Product “Cup”: only in the e-shop",
                "Product “Cup”: only here", "<td>1</td><td>3</td>",
            ):  # fmt: skip
                assert text in html, text
            assert "<script>alert" not in html
            assert_no_inline_code(html)


class TestDownload:
    @pytest.mark.parametrize(
        ("format", "type_", "start"),
        [
            ("csv", "text/csv; charset=utf-8", b"\xef\xbb\xbforder_number,eshop,"),
            ("json", "application/json", b'[\n {\n  "order_number"'),
        ],
    )
    def test_the_file_as_it_was(self, format: str, type_: str, start: bytes) -> None:
        hall(format=format)
        order = handed_over()
        Order.objects.update(customer_name="Somebody else")
        Warehouse.objects.update(format="csv" if format == "json" else "json")
        address = reverse("warehouse:download", args=[order.handover_id])
        response = signed_in(VIEW, FILES).get(address)
        assert response.headers["Content-Type"] == type_
        assert response.headers["Content-Disposition"].startswith(
            f'attachment; filename="handover-{order.handover_id}-20'
        )
        assert response.headers["Content-Disposition"].endswith(f'.{format}"')
        assert "no-store" in response.headers["Cache-Control"]
        assert response.content.startswith(start)
        assert "Žofie Nováková" in response.content.decode()
        assert signed_in(VIEW, FILES).get(address + "9/").status_code == 404

    def test_older_handovers_on_further_pages(self) -> None:
        warehouse = hall()
        for _ in range(52):
            Handover.objects.create(warehouse=warehouse, at=factories.PLACED, format="csv")
        client, seen = signed_in(VIEW), []
        page = client.get(reverse("warehouse:overview"))
        seen += [each.pk for each in page.context["handovers"]]
        page = client.get(f"/warehouse/?before={page.context['older']}")
        seen += [each.pk for each in page.context["handovers"]]
        assert len(seen) == len(set(seen)) == 52
        assert client.get("/warehouse/?before=99999999999999999999").status_code == 200
