"""Marketplaces: their kind, where their orders go, what their codes stand for."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from eshops.connection import can
from eshops.models import Eshop, MarketplaceMapping, Sequence
from eshops.resolve import resolve, settings_of
from orders.models import Order
from sync.imports import start_due_imports, start_due_rechecks, start_import
from sync.loading import start_due_loads, start_load
from sync.models import SyncRun
from sync.runs import NotStarted, start_run
from tests import factories
from tests.pages import XSS, assert_no_inline_code, signed_in
from tests.sources import source_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]
VIEW, CHANGE = "eshops.view_eshop", "eshops.change_eshop"
STAFF = (VIEW, CHANGE, "orders.view_order")


@pytest.fixture
def shop() -> Eshop:
    shop = factories.eshop(name="Shop")
    Sequence.objects.create(eshop=shop, kind="delivery", code="ppl", name="PPL domů")
    Sequence.objects.create(eshop=shop, kind="payment", code="card", name="Kartou")
    return shop


@pytest.fixture
def market() -> Eshop:
    market = factories.eshop(name="Market", kind="marketplace")
    for number in range(3):
        factories.order(market, str(number), delivery_code="M-DEL", delivery_name="Market box")
    Sequence.objects.create(eshop=market, kind="payment", code="cod", name="On delivery")
    Sequence.objects.create(eshop=market, kind="payment", code="unused", name="Unused")
    return market


def direct(market: Eshop, shop: Eshop) -> Eshop:
    market.import_mode, market.direct_eshop = "direct", shop
    market.save()
    return market


def detail(market: Eshop) -> str:
    return reverse("marketplaces:detail", args=[market.pk])


def map_codes(market: Eshop, *pairs: tuple[str, Any]) -> Any:
    data = {"code": [code for code, _ in pairs], "target": [target for _, target in pairs]}
    where = reverse("marketplaces:mapping", args=[market.pk])
    return signed_in(*STAFF).post(where, data, follow=True)


def said(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def entry(kind: str) -> Sequence:
    return Sequence.objects.get(eshop__name="Shop", kind=kind)


class TestPermissions:
    def test_pages(self, market: Eshop) -> None:
        for where in (reverse("marketplaces:list"), detail(market)):
            assert Client().get(where).headers["Location"].startswith("/sign-in/?next=")
            assert signed_in(CHANGE, "orders.view_order").get(where).status_code == 403
            html = signed_in(VIEW).get(where).content.decode()
            main = html.split('<main id="main"')[1].split("</main>")[0]
            assert "Market" in main and "<button" not in main and "<select" not in main

    @pytest.mark.parametrize("name", ["detail", "mapping", "kind"])
    def test_forged_posts(self, market: Eshop, shop: Eshop, name: str) -> None:
        where = reverse(f"marketplaces:{name}", args=[] if name == "kind" else [market.pk])
        data = {
            "import_mode": "direct", "direct_eshop": shop.pk, "code": "payment:cod",
            "target": entry("payment").pk, "eshop": market.pk, "kind": "eshop",
        }  # fmt: skip
        assert Client().post(where, data).headers["Location"].startswith("/sign-in/")
        assert signed_in(VIEW).post(where, data).status_code == 403
        assert signed_in(CHANGE).post(where, data).status_code == 403
        client = Client(enforce_csrf_checks=True)
        client.force_login(factories.user(*STAFF))
        assert client.post(where, data).status_code == 403
        market.refresh_from_db()
        assert (market.kind, market.import_mode) == ("marketplace", "fynode")
        assert not MarketplaceMapping.objects.exists()

    def test_an_eshop_is_no_marketplace(self, shop: Eshop) -> None:
        assert signed_in(*STAFF).get(detail(shop)).status_code == 404
        assert map_codes(shop, ("payment:card", "")).status_code == 404


class TestKind:
    def change(self, eshop: Eshop, kind: str) -> Any:
        data = {"eshop": eshop.pk, "kind": kind}
        return signed_in(*STAFF).post(reverse("marketplaces:kind"), data, follow=True)

    def test_there_and_back(self, shop: Eshop) -> None:
        response = self.change(shop, "marketplace")
        assert response.redirect_chain[-1][0] == detail(shop)
        shop.refresh_from_db()
        assert shop.kind == "marketplace"
        assert "Shop is an e-shop now." in said(self.change(shop, "eshop"))
        shop.refresh_from_db()
        assert (shop.kind, shop.settings_version) == ("eshop", 1)

    def test_back_forgets_what_only_a_marketplace_has(self, market: Eshop, shop: Eshop) -> None:
        direct(market, shop)
        map_codes(market, ("payment:cod", entry("payment").pk))
        market.refresh_from_db()
        version = market.settings_version
        self.change(market, "eshop")
        market.refresh_from_db()
        assert (market.kind, market.import_mode, market.direct_eshop) == ("eshop", "fynode", None)
        assert not MarketplaceMapping.objects.exists()
        assert market.settings_version == version + 1

    def test_not_one_that_orders_go_into(self, market: Eshop, shop: Eshop) -> None:
        direct(market, shop)
        assert "orders of a marketplace go directly into it" in said(
            self.change(shop, "marketplace")
        )
        shop.refresh_from_db()
        assert shop.kind == "eshop"

    def test_not_one_that_codes_stand_for(self, market: Eshop, shop: Eshop) -> None:
        map_codes(market, ("payment:cod", entry("payment").pk))
        assert "stand for its entries" in said(self.change(shop, "marketplace"))

    def test_no_such_eshop(self) -> None:
        where = reverse("marketplaces:kind")
        assert signed_in(*STAFF).post(where, {"eshop": "x"}).status_code == 404


class TestImportMode:
    def save(self, market: Eshop, mode: str, eshop: Any = "") -> Any:
        data = {"import_mode": mode, "direct_eshop": eshop}
        return signed_in(*STAFF).post(detail(market), data, follow=True)

    def test_directly_and_back(self, market: Eshop, shop: Eshop) -> None:
        Eshop.objects.filter(pk=market.pk).update(import_every=30)
        response = self.save(market, "direct", shop.pk)
        assert "Its automatic import was switched off." in said(response)
        market.refresh_from_db()
        assert (market.import_mode, market.direct_eshop, market.import_every) == (
            "direct", shop, None
        )  # fmt: skip
        assert dict(market.credentials)
        self.save(market, "fynode")
        market.refresh_from_db()
        assert (market.import_mode, market.direct_eshop) == ("fynode", None)

    @pytest.mark.parametrize(
        ("mode", "with_eshop", "text"),
        [
            ("fynode", True, "into Fynode or directly into an e-shop, not both"),
            ("direct", False, "Choose the e-shop that the orders go into."),
            ("both", False, "both is not one of the available choices."),
        ],
    )
    def test_not_both(
        self, market: Eshop, shop: Eshop, mode: str, with_eshop: bool, text: str
    ) -> None:
        response = self.save(market, mode, shop.pk if with_eshop else "")
        assert text in response.content.decode()
        market.refresh_from_db()
        assert (market.import_mode, market.direct_eshop) == ("fynode", None)

    def test_not_into_a_marketplace_or_itself(self, market: Eshop) -> None:
        other = factories.eshop(name="Other market", kind="marketplace")
        for target in (other.pk, market.pk, 999, "x"):
            html = self.save(market, "direct", target).content.decode()
            assert "Select a valid choice" in html
        assert Eshop.objects.filter(import_mode="direct").count() == 0

    def test_not_while_it_imports(self, market: Eshop, shop: Eshop) -> None:
        start_import(market, None, None)
        html = self.save(market, "direct", shop.pk).content.decode()
        assert "Orders are being imported just now" in html
        market.refresh_from_db()
        assert market.import_mode == "fynode"

    def test_mappings_to_other_eshops_go(self, market: Eshop, shop: Eshop) -> None:
        map_codes(market, ("payment:cod", entry("payment").pk))
        market.refresh_from_db()
        version, other = market.settings_version, factories.eshop(name="Other")
        assert "Mappings to other e-shops were removed: 1." in said(
            self.save(market, "direct", other.pk)
        )
        market.refresh_from_db()
        assert market.settings_version == version + 1
        assert not MarketplaceMapping.objects.exists()

    def test_nothing_is_imported_from_it(self, market: Eshop, shop: Eshop) -> None:
        direct(market, shop)
        for by_change in (True, False):
            with pytest.raises(NotStarted, match="go directly into Shop and are imported and"):
                start_import(market, None, None, by_change=by_change)
        start_due_imports()
        start_due_rechecks()
        assert not SyncRun.objects.exists()

    def test_its_orders_are_synchronized_as_before(self, market: Eshop, shop: Eshop) -> None:
        direct(market, shop)
        started = start_run(Order.objects.filter(eshop=market), factories.user(), "bulk")
        assert started.run is not None and started.run.items.count() == 3


class TestMapping:
    def test_codes_are_told_the_unmapped_ones_first(self, market: Eshop, shop: Eshop) -> None:
        html = signed_in(*STAFF).get(detail(market)).content.decode()
        codes = [(c.kind, c.code, c.orders, c.is_flagged) for c in html_codes(market)]
        assert codes == [
            ("delivery", "M-DEL", 3, True),
            ("payment", "cod", 3, True),
            ("payment", "unused", 0, False),
        ]
        assert "Market box" in html and "On delivery" in html
        assert '<optgroup label="Shop">' in html
        assert html.count("Not mapped</span>") == 2
        assert "2 codes on orders not mapped" in (
            signed_in(*STAFF).get(reverse("marketplaces:list")).content.decode()
        )

    def test_orders_are_called_so_from_now_on(self, market: Eshop, shop: Eshop) -> None:
        response = map_codes(
            market,
            ("delivery:M-DEL", entry("delivery").pk),
            ("payment:cod", entry("payment").pk),
            ("payment:unused", ""),
        )
        assert "The mapping was saved." in said(response)
        market.refresh_from_db()
        assert market.settings_version == 2
        source = source_order(delivery_code="M-DEL", payment_code="cod")
        resolved = resolve(source, settings_of(market)).order
        assert (resolved.delivery_name, resolved.payment_name) == ("PPL domů", "Kartou")
        assert resolved.delivery_code == "M-DEL"
        assert not any(code.is_flagged for code in html_codes(market))

    def test_unchanged_and_taken_away(self, market: Eshop, shop: Eshop) -> None:
        pair = ("payment:cod", entry("payment").pk)
        map_codes(market, pair)
        assert "as it was" in said(map_codes(market, pair))
        market.refresh_from_db()
        assert market.settings_version == 2
        map_codes(market, ("payment:cod", ""))
        market.refresh_from_db()
        assert market.settings_version == 3
        assert not MarketplaceMapping.objects.exists()

    @pytest.mark.parametrize(
        ("code", "target", "text"),
        [
            ("payment:nothing", "payment", "has no code “nothing”"),
            ("status:processing", "payment", "has no code “processing”"),
            ("payment", "payment", "has no code “”"),
            ("payment:cod", "delivery", "is no entry it could stand for"),
            ("payment:cod", "999", "is no entry it could stand for"),
            ("payment:cod", XSS, "is no entry it could stand for"),
        ],
    )
    def test_a_forged_one_is_refused(
        self, market: Eshop, shop: Eshop, code: str, target: str, text: str
    ) -> None:
        chosen = entry(target).pk if target in ("payment", "delivery") else target
        response = map_codes(market, ("delivery:M-DEL", entry("delivery").pk), (code, chosen))
        assert text in said(response) and "Nothing was saved." in said(response)
        market.refresh_from_db()
        assert market.settings_version == 1
        assert not MarketplaceMapping.objects.exists()

    def test_only_to_the_eshop_that_orders_go_into(self, market: Eshop, shop: Eshop) -> None:
        other = factories.eshop(name="Other")
        direct(market, other)
        response = map_codes(market, ("payment:cod", entry("payment").pk))
        assert "is no entry it could stand for" in said(response)

    def test_not_to_a_marketplaces_entry(self, market: Eshop, shop: Eshop) -> None:
        own = Sequence.objects.get(code="unused")
        assert "is no entry" in said(map_codes(market, ("payment:cod", own.pk)))

    def test_a_form_that_did_not_arrive_whole(self, market: Eshop, shop: Eshop) -> None:
        where = reverse("marketplaces:mapping", args=[market.pk])
        response = signed_in(*STAFF).post(where, {"code": ["payment:cod"]}, follow=True)
        assert "did not arrive whole" in said(response)

    def test_names_of_the_eshop_are_shown_as_text(self, market: Eshop, shop: Eshop) -> None:
        factories.order(market, "9", delivery_code=XSS[:191], delivery_name=XSS)
        Sequence.objects.create(eshop=shop, kind="payment", code="x", name=XSS)
        html = signed_in(*STAFF).get(detail(market)).content.decode()
        assert "<script>alert" not in html
        assert_no_inline_code(html)
        map_codes(market, (f"delivery:{XSS}", entry("delivery").pk))
        assert MarketplaceMapping.objects.get().code == XSS

    def test_as_many_queries_for_many(self, market: Eshop, shop: Eshop) -> None:
        client, counts = signed_in(*STAFF), []
        for many in (range(1), range(1, 50)):
            for number in many:
                factories.order(market, f"x{number}", payment_code=f"p{number}")
                Sequence.objects.create(eshop=shop, kind="payment", code=f"s{number}", name="S")
            with CaptureQueriesContext(connection) as queries:
                client.get(detail(market))
            counts.append(len(queries))
        assert counts[0] == counts[1]


def html_codes(market: Eshop) -> Any:
    return signed_in(*STAFF).get(detail(market)).context["codes"]


class TestOnOrders:
    """What is not mapped is flagged where staff see the order."""

    def pages(self, market: Eshop, *permissions: str) -> list[str]:
        order = Order.objects.filter(eshop=market).order_by("pk")[0]
        client = signed_in("orders.view_order", *permissions)
        addresses = (reverse("orders:detail", args=[order.pk]), f"/orders/?eshop={market.pk}")
        return [client.get(address).content.decode() for address in addresses]

    def test_what_is_not_mapped_is_flagged(self, market: Eshop, shop: Eshop) -> None:
        page, listed = self.pages(market, VIEW)
        assert "Payment “Dobírka” is not mapped" in page
        assert "Delivery “Market box” is not mapped" in page and detail(market) in page
        assert listed.count('title="Payment and delivery are not mapped"') == 3
        assert detail(market) not in self.pages(market)[0]
        map_codes(market, ("payment:cod", entry("payment").pk))
        page, listed = self.pages(market)
        assert "Payment “" not in page and "Delivery “Market box” is not mapped" in page
        assert listed.count('title="Delivery is not mapped"') == 3
        map_codes(market, ("delivery:M-DEL", entry("delivery").pk))
        assert not [html for html in self.pages(market) if "ot mapped" in html]

    def test_only_on_marketplaces_and_only_what_orders_have(self, market: Eshop) -> None:
        Order.objects.update(delivery_code="", payment_code="")
        assert not [html for html in self.pages(market) if "ot mapped" in html]
        shop = factories.eshop()
        factories.order(shop)
        assert not [html for html in self.pages(shop) if "ot mapped" in html]

    def test_names_are_shown_as_text(self, market: Eshop) -> None:
        Order.objects.update(payment_name=XSS, payment_code=XSS)
        for html in self.pages(market, VIEW):
            assert "<script>alert" not in html
            assert_no_inline_code(html)


class TestCapabilities:
    def test_what_a_platform_cannot_do_is_refused(
        self, shop: Eshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert can(shop, "sequences") and can(shop, "changed_since")
        assert not can(Eshop(platform="unheard-of"), "sequences")
        monkeypatch.setattr(
            "eshops.adapters.woocommerce.adapter.WooCommerce.capabilities", frozenset()
        )
        with pytest.raises(NotStarted, match="cannot tell which of its orders were changed"):
            start_import(shop, None, None, by_change=True)
        with pytest.raises(NotStarted, match="has no code lists that could be loaded"):
            start_load(shop, "olga")
        Eshop.objects.update(import_every=5, data_loaded_at=None)
        start_due_imports()
        start_due_loads()
        assert not SyncRun.objects.exists() and not shop.data_loads.exists()
        assert start_import(shop, None, timezone.now()).pk
