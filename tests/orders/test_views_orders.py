"""The list and the page of an order."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.models import Movement, Order, OrderAddress, OrderItem
from orders.views import MOVEMENTS, lines_against_total
from tests import factories
from tests.pages import XSS, assert_no_inline_code, signed_in

pytestmark = pytest.mark.django_db


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


class TestList:
    def test_a_row_says_what_there_is_to_know(self) -> None:
        eshop = factories.eshop(name="Květinářství")
        order = factories.order(
            eshop, "7", number="KV-7", total=Decimal("1234.5"), company="Dílna", is_paid=True,
            payment_name="Card &amp; cash",
        )  # fmt: skip
        html = page(signed_in(), reverse("orders:list"))
        for text in (
            "KV-7", "Květinářství", "Žofie Nováková", "Dílna", "1,234.50\xa0EUR", "Card &amp; cash",
            "PPL domů", 'fill="#1d5fbf"', "Never",
            'aria-label="Synchronize with eshop, order KV-7"',
        ):  # fmt: skip
            assert text in html, text
        assert f'id="order-{order.pk}"' in html
        assert "Synchronize with eshop" in re.sub(r"<[^>]*>", "", html)

    def test_buttons_are_only_shown_to_who_may_press_them(self) -> None:
        factories.order(factories.eshop())
        looker = page(signed_in("orders.view_order"), reverse("orders:list"))
        assert "Synchronize with eshop" not in looker and 'id="bulk"' not in looker
        clicker = page(signed_in("orders.view_order", "sync.synchronize"), reverse("orders:list"))
        assert "Synchronize with eshop" in clicker and 'id="bulk"' not in clicker

    def test_a_failure_is_told_in_words_and_counted(self) -> None:
        message = "The e-shop did not answer."
        factories.order(factories.eshop(), sync_state={"outcome": "failed", "message": message})
        html = page(signed_in(), reverse("orders:list"))
        assert message in html and '1<span class="hidden"> failed' in html

    def test_empty_pages_say_what_to_do(self) -> None:
        client = signed_in()
        assert "connect_eshop" in page(client, reverse("orders:list"))
        factories.order(factories.eshop())
        assert "Clear the filters" in page(client, reverse("orders:list") + "?q=nothing")

    def test_filters_survive_paging_and_every_action(self) -> None:
        eshop = factories.eshop()
        for number in range(51):
            factories.order(eshop, str(number))
        html = page(signed_in(), reverse("orders:list") + "?paid=no&q=zofie&after=garbage")
        assert re.search(r'href="\?paid=no&amp;q=zofie&amp;after=[\w-]+"', html)
        assert 'name="next" value="/orders/?paid=no&amp;q=zofie&amp;after=garbage"' in html

    def test_the_count_is_capped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("orders.views.COUNTED", 2)
        eshop = factories.eshop()
        for number in range(3):
            factories.order(eshop, str(number))
        assert "more than 2 orders" in page(signed_in(), reverse("orders:list"))

    @pytest.mark.parametrize("query", ["since=x", "since=0001-01-01", "until=9999-12-31"])
    def test_a_wrong_date_is_reported(self, query: str) -> None:
        factories.order(factories.eshop())
        assert "Enter a valid date" in page(signed_in(), f"{reverse('orders:list')}?{query}")

    def test_the_page_takes_the_same_queries_for_1_and_50_rows(
        self, django_assert_num_queries: Any
    ) -> None:
        client, eshop = signed_in(), factories.eshop()
        factories.order(eshop, "0")
        with django_assert_num_queries(15):
            client.get(reverse("orders:list"))
        for number in range(1, 60):
            factories.order(eshop, str(number), sync_state={"outcome": "failed", "message": "No"})
        with django_assert_num_queries(15):
            client.get(reverse("orders:list"))

    def test_no_credentials_are_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        factories.order(factories.eshop())

        def decrypt(*_: Any) -> None:
            pytest.fail("credentials were decrypted")

        monkeypatch.setattr("eshops.credentials.CredentialsField.from_db_value", decrypt)
        page(signed_in(), reverse("orders:list"))


class TestFind:
    def led_to(self, query: str) -> str:
        response = signed_in().get(reverse("orders:find") + query)
        assert response.status_code == 302
        return response.headers["Location"]

    def test_an_orders_number_leads_to_the_order(self) -> None:
        eshop = factories.eshop()
        order = factories.order(eshop, "1", number="42")
        factories.order(eshop, "2", number="421", customer_email="42@example.test")
        assert self.led_to("?q=+42+&eshop=") == reverse("orders:detail", args=[order.pk])

    def test_a_number_that_two_eshops_have_leads_to_the_list(self) -> None:
        one, other = factories.eshop(name="One"), factories.eshop(name="Other")
        order = factories.order(one, "1", number="42")
        factories.order(other, "1", number="42")
        assert self.led_to("?q=42") == "/orders/?q=42"
        found = self.led_to(f"?q=42&eshop={one.pk}")
        assert found == reverse("orders:detail", args=[order.pk])

    @pytest.mark.parametrize(
        ("query", "address"),
        [
            ("", "/orders/"),
            ("?q=", "/orders/"),
            ("?q=4", "/orders/?q=4"),
            ("?q=zofie&eshop=&paid=no&until=", "/orders/?q=zofie&paid=no"),
            ("?q=%00", "/orders/?q=%00"),
        ],
    )
    def test_everything_else_leads_to_the_list_with_its_filters(
        self, query: str, address: str
    ) -> None:
        eshop = factories.eshop()
        factories.order(eshop, "1", number="42")
        factories.order(eshop, "2", number="")
        assert self.led_to(query) == address

    def test_who_may_not_see_orders_finds_none(self) -> None:
        factories.order(factories.eshop(), number="42")
        assert signed_in("eshops.view_eshop").get("/orders/find/?q=42").status_code == 403


def line(order: Order, external_id: str, gross: str | None, **fields: Any) -> OrderItem:
    values: dict[str, Any] = {"kind": "product", "position": 0, "quantity": Decimal(1)}
    values["gross"] = None if gross is None else Decimal(gross)
    return OrderItem.objects.create(order=order, external_id=external_id, **(values | fields))


class TestSums:
    @pytest.mark.parametrize(
        ("total", "lines", "said", "is_off"),
        [
            ("24.2", ["20", "4.2"], None, False),
            (
                "26.93",
                ["26.94"],
                "The lines add up to 26.94, the e-shop's total is 26.93: r",
                False,
            ),
            ("27", ["26.6"], "rounding by the e-shop", False),
            ("27", ["26.4"], "a difference of 0.60\xa0EUR", True),
            ("26.90", ["26.94"], "a difference of 0.04\xa0EUR", True),
            ("10", [None], "cannot be checked", False),
            ("0", [], None, False),
        ],
    )
    def test_lines_against_total(
        self, total: str, lines: list[str | None], said: str | None, is_off: bool
    ) -> None:
        order = factories.order(factories.eshop(), total=Decimal(total))
        for number, gross in enumerate(lines):
            line(order, str(number), gross)
        line(order, "refund", "-5", kind="refund", in_total=False)
        answer = lines_against_total(order, list(order.items.all()))
        if said is None:
            assert answer is None
        else:
            assert answer and said in answer["text"] and answer["is_off"] is is_off

    def test_net_and_tax_stand_in_for_gross(self) -> None:
        order = factories.order(factories.eshop(), total=Decimal("24.2"))
        line(order, "1", None, net=Decimal(20), tax=Decimal("4.2"))
        assert lines_against_total(order, list(order.items.all())) is None


class TestDetail:
    def test_it_shows_the_order_and_where_it_is_in_the_eshop(self) -> None:
        order = factories.order(
            factories.eshop(base_url="https://shop.example"), "77",
            custom={"Gift wrap": "ano", "items": "kept"},
            metadata=[{"key": "_point", "value": {"id": 4571}}],
        )  # fmt: skip
        OrderAddress.objects.create(order=order, kind="billing", city="Žďár nad Sázavou")
        line(order, "1", "24.2", name="Cup &amp; saucer &lt;b&gt;", sku="SKU-1")
        line(order, "2", "-5", kind="refund", in_total=False, metadata=[])
        engraved = [{"key": "Gravír", "value": {"text": "Pro <b>Jana</b>"}}]
        line(order, "3", "9", name="Ring", metadata=engraved)
        line(order, "4", "1")
        html = page(signed_in(), reverse("orders:detail", args=[order.pk]))
        for text in (
            "https://shop.example/wp-admin/post.php?post=77&amp;action=edit", "Žďár nad Sázavou",
            "Cup &amp; saucer &lt;b&gt;", "SKU-1", "not part of the total", "Gift wrap", "4571",
            "Gravír", "Pro &lt;b&gt;Jana&lt;/b&gt;",
        ):  # fmt: skip
            assert text in html, text
        assert html.count("<summary>Details</summary>") == 1
        cells = re.findall(r'<tr class="is-[^"]+">\s*<td>([^<]*)<', html)
        assert cells == ["Cup &amp; saucer &lt;b&gt;", "", "Ring", "4"]

    def test_only_a_product_without_a_name_is_told_by_its_id(self) -> None:
        """A refund for no stated reason is a refund, whatever the e-shop's id for it."""
        order = factories.order(factories.eshop())
        line(order, "ordli_1", "24.2")
        line(order, "ref_1", "-5", kind="refund", in_total=False)
        html = page(signed_in(), reverse("orders:detail", args=[order.pk]))
        assert "ordli_1" in html and "ref_1" not in html
        assert re.search(r"<td>\s*<span class=\"kind\">Refund, not part of the total", html)

    def test_all_statuses_of_an_eshop_that_has_several_are_shown(self) -> None:
        """In the order in which they are thought of, the one that was changed marked."""
        axes = {"return": "NO_RETURN", "payment": "PAID", "order": "OPEN", "odd": "x"}
        order = factories.order(factories.eshop(), status_code="payment:PAID", axes=axes)
        changes = {"fields": [{"field": "axes.payment", "old": "PENDING", "new": "PAID"}]}
        Movement.objects.create(
            order=order, at=timezone.now(), kind="synchronized", actor_name="x", changes=changes
        )
        html = page(signed_in(), reverse("orders:detail", args=[order.pk]))
        told = re.findall(r"<dt>(\w+ status)</dt><dd[^>]*>(\w+)", html)
        assert told == [
            ("Order status", "OPEN"),
            ("Payment status", "PAID"),
            ("Return status", "NO_RETURN"),
            ("Odd status", "x"),
        ]
        assert "was: PENDING" in html
        movements = page(signed_in(), reverse("orders:movements", args=[order.pk]))
        assert re.search(r"Payment status.*PENDING.*PAID", movements, re.DOTALL)

    def test_it_is_shown_when_the_credentials_cannot_be_read(self, settings: Any) -> None:
        order = factories.order(factories.eshop())
        settings.CREDENTIALS_KEYS = []
        html = page(signed_in(), reverse("orders:detail", args=[order.pk]))
        assert "Open in the e-shop" not in html

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"source_state": "missing"}, "The e-shop no longer has this order."),
            ({"source_state": "trashed"}, "is in the e-shop&#x27;s trash"),
            ({"sync_state": {"outcome": "failed", "message": "It broke."}}, "It broke."),
        ],
    )
    def test_trouble_is_said_in_a_banner(self, fields: dict[str, Any], said: str) -> None:
        order = factories.order(factories.eshop(), **fields)
        html = page(signed_in(), reverse("orders:detail", args=[order.pk]))
        assert said.replace("&#x27;", "'") in html.replace("&#x27;", "'")

    @pytest.mark.parametrize(
        ("synced_at", "since", "last"),
        [
            (None, "imported; it was never synchronized.", "never synced"),
            (factories.PLACED, "synchronized.", "synced "),
        ],
    )
    def test_old_settings_are_said_here_and_in_the_list(
        self, synced_at: datetime | None, since: str, last: str
    ) -> None:
        state = {"settings_version": 1, "synced_at": synced_at}
        order = factories.order(factories.eshop(settings_version=2), sync_state=state)
        html = page(signed_in(), reverse("orders:detail", args=[order.pk]))
        assert f"since this order was {since} Synchronize it" in html
        for each in (html, page(signed_in(), "/orders/?state=stale")):
            assert "<span>Settings changed</span>" in each and last in each
            assert ("never synced" in each) is (synced_at is None)

    def test_what_a_synchronization_changed_is_marked_for_a_while(self) -> None:
        order = factories.order(factories.eshop())
        line(order, "1", "24.2", name="Cup")
        changes = {
            "fields": [
                {"field": "customer_email", "old": "old@example.test", "new": "new"},
                {"field": "shipping", "old": "79", "new": "0"},
                {"field": "billing.city", "old": "Brno", "new": "Praha"},
            ],
            "lines": [
                {
                    "action": "changed", "kind": "product", "external_id": "1", "name": "Cup",
                    "changes": [{"field": "quantity", "old": "2", "new": "1"}],
                }
            ],
        }  # fmt: skip
        movement = Movement.objects.create(
            order=order, at=timezone.now(), kind="synchronized", actor_name="x", changes=changes
        )
        OrderAddress.objects.create(order=order, kind="billing", city="Praha")
        address = reverse("orders:detail", args=[order.pk])
        html = page(signed_in(), address)
        for was in ("old@example.test", "79.00 EUR", "Brno", "2"):
            assert f'title="was: {was}"' in html, was
        Movement.objects.filter(pk=movement.pk).update(at=timezone.now() - timedelta(minutes=11))
        assert 'title="was:' not in page(signed_in(), address)

    def test_the_page_takes_the_same_queries_for_1_and_30_lines(
        self, django_assert_num_queries: Any
    ) -> None:
        client, order = signed_in(), factories.order(factories.eshop())
        line(order, "0", "1")
        with django_assert_num_queries(10):
            client.get(reverse("orders:detail", args=[order.pk]))
        for number in range(1, 31):
            line(order, str(number), "1")
        with django_assert_num_queries(10):
            client.get(reverse("orders:detail", args=[order.pk]))


class TestMovements:
    def test_a_synchronization_opens_to_old_and_new(self) -> None:
        order = factories.order(factories.eshop())
        changes = {
            "fields": [
                {"field": "status_name", "old": "Processing", "new": "Completed"},
                {"field": "paid_at", "old": None, "new": "2026-11-23T09:12:00Z"},
                {"field": "total", "old": "1250.5", "new": "1300"},
                {"field": "shipping.city", "old": "", "new": "Brno"},
                {"field": "metadata", "old": '[{"key": "a", "value": 1}]', "new": "[]"},
            ],
            "lines": [
                {
                    "action": "removed", "kind": "fee", "external_id": "9", "name": "Balné",
                    "changes": [{"field": "gross", "old": "15", "new": None}],
                }
            ],
        }  # fmt: skip
        Movement.objects.create(
            order=order, at=timezone.now(), kind="synchronized", actor_name="Olga", changes=changes
        )
        html = page(signed_in(), reverse("orders:movements", args=[order.pk]))
        for label, old, new in (
            ("Status", "Processing", "Completed"),
            ("Paid at", "empty", "2026-11-23 10:12:00"),
            ("Total", "1,250.50\xa0EUR", "1,300.00\xa0EUR"),
            ("Shipping city", "empty", "Brno"),
            ("Metadata “a”", "1", "empty"),
            ("Gross", "15.00\xa0EUR", "empty"),
        ):
            assert re.search(rf"<dt>{label}</dt><dd><del>{old}</del>.*?<ins>{new}</ins>", html), (
                label
            )
        assert "Fee removed" in html and "Balné" in html and "by Olga" in html

    def test_older_ones_are_a_link_away(self) -> None:
        order = factories.order(factories.eshop())
        Movement.objects.bulk_create(
            Movement(order=order, at=timezone.now(), kind="imported", actor_name=f"user {number}")
            for number in range(MOVEMENTS + 1)
        )
        client, address = signed_in(), reverse("orders:movements", args=[order.pk])
        html = page(client, address)
        assert html.count("<li>") - html.count('<li><a href="/') == MOVEMENTS
        assert "user 0<" not in html
        older = re.search(r'href="([^"]*before=\d+)"', html)
        assert older and "by user 0<" in page(client, older[1])


class TestNote:
    def save(self, client: Client, order: Order, **data: str) -> str:
        address = reverse("orders:note", args=[order.pk])
        response = client.post(address, data, follow=True)
        assert response.redirect_chain == [(reverse("orders:detail", args=[order.pk]), 302)]
        return response.content.decode()

    def test_it_is_saved_with_a_movement_of_old_and_new(self) -> None:
        order = factories.order(factories.eshop(), internal_note="Call", tags=["vip"])
        user = factories.user("orders.view_order", "orders.change_order")
        client = Client()
        client.force_login(user)
        html = self.save(client, order, internal_note="Called", tags=" vip,  to  check ,vip,")
        assert "The internal note was saved." in html
        order.refresh_from_db()
        assert (order.internal_note, order.tags) == ("Called", ["vip", "to check"])
        movement = order.movements.get()
        assert (movement.kind, movement.actor, movement.actor_name) == (
            "note", user, user.username
        )  # fmt: skip
        assert movement.changes["fields"] == [
            {"field": "internal_note", "old": "Call", "new": "Called"},
            {"field": "tags", "old": "vip", "new": "vip, to check"},
        ]

    def test_nothing_new_writes_no_movement(self) -> None:
        order = factories.order(factories.eshop(), internal_note="Call")
        self.save(signed_in(), order, internal_note="Call", tags="")
        assert not order.movements.exists()

    def test_too_long_a_note_is_refused(self) -> None:
        order = factories.order(factories.eshop(), internal_note="Call")
        html = self.save(signed_in(), order, internal_note="x" * 5001)
        assert "at most 5000 characters" in html
        order.refresh_from_db()
        assert order.internal_note == "Call"


def test_nothing_an_eshop_sends_can_run_in_the_browser() -> None:
    eshop = factories.eshop(name=XSS[:100])
    order = factories.order(
        eshop, number=XSS, customer_name=XSS, company=XSS, status_name=XSS, status_color='"><x',
        payment_name=XSS, delivery_name=XSS, internal_note=XSS, tags=[XSS], customer_note=XSS,
        metadata=[{"key": XSS, "value": {XSS: XSS}}], custom={XSS: XSS},
        tracking_url="javascript:alert(1)", sync_state={"outcome": "failed", "message": XSS},
    )  # fmt: skip
    line(order, "1", "1", name=XSS.replace("<", "&lt;"), variant=XSS, sku=XSS)
    OrderAddress.objects.create(order=order, kind="billing", city=XSS)
    Movement.objects.create(
        order=order, at=timezone.now(), kind="synchronized", actor_name=XSS[:99], message=XSS,
        changes={
            "fields": [{"field": "metadata", "old": "{", "new": f'[{{"key": "{XSS[2:9]}"}}]'}],
            "lines": [
                {
                    "action": XSS, "kind": XSS, "external_id": XSS, "name": XSS,
                    "changes": [{"field": XSS, "old": XSS, "new": XSS}],
                }
            ],
        },
    )  # fmt: skip
    client = signed_in()
    for address in (
        reverse("orders:list"),
        reverse("orders:list") + "?q=%22%3E%3Cscript%3E&status=%22%3E%3Cscript%3E",
        reverse("orders:detail", args=[order.pk]),
        reverse("orders:movements", args=[order.pk]),
    ):
        html = page(client, address)
        assert "<script>" not in html and "<img" not in html and "<x" not in html
        assert 'href="javascript' not in html and "14" not in re.findall(r"add:7 }}(\d+)", html)
        assert_no_inline_code(html)
