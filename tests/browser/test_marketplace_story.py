"""From an e-shop that becomes a marketplace to an order that is called as our own e-shop's are."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from eshops.models import Eshop, Sequence
from orders.models import Order
from tests import factories
from tests.browser.test_story import STAFF, eshop, sign_in

__all__ = ["eshop"]

pytestmark = pytest.mark.browser


def test_a_marketplaces_codes_stand_for_our_entries(
    page: Page, live_server: LiveServer, eshop: Eshop
) -> None:
    shop = factories.eshop(name="Pražírna")
    Sequence.objects.create(eshop=shop, kind="payment", code="card", name="Kartou v pražírně")
    order = Order.objects.exclude(payment_code="").exclude(delivery_code="")[0]
    sign_in(page, live_server, *STAFF, "eshops.change_eshop")
    page.get_by_role("link", name="Marketplaces").click()
    page.get_by_label("Make an e-shop a marketplace").select_option(eshop.name)
    page.get_by_role("button", name="Make it a marketplace").click()
    expect(page.get_by_text(f"{eshop} is a marketplace now.")).to_be_visible()

    into_fynode, directly = (page.get_by_label(label) for label in Eshop.ImportMode.labels)
    target, save = page.get_by_label("E-shop the orders go into"), "Save"
    directly.check()
    page.get_by_role("button", name=save, exact=True).click()
    expect(page.get_by_text("Choose the e-shop that the orders go into.")).to_be_visible()
    target.select_option(shop.name)
    page.get_by_role("button", name=save, exact=True).click()
    expect(page.get_by_text(f"{eshop} was saved.")).to_be_visible()
    into_fynode.check()
    page.get_by_role("button", name=save, exact=True).click()
    expect(page.get_by_text("Orders are imported into Fynode or directly")).to_be_visible()
    into_fynode.check()
    target.select_option("")
    page.get_by_role("button", name=save, exact=True).click()
    expect(page.get_by_text(f"{eshop} was saved.")).to_be_visible()

    page.goto(f"{live_server.url}/orders/{order.pk}/")
    for kind in ("Payment", "Delivery"):
        expect(page.locator(".notice", has_text=f"{kind} “")).to_contain_text("is not mapped")
    page.get_by_role("link", name="Map it").first.click()
    row = page.locator(f"tr:has(input[name=code][value='payment:{order.payment_code}'])")
    expect(row).to_contain_text("Not mapped")
    row.get_by_role("combobox").select_option("Kartou v pražírně")
    page.get_by_role("button", name="Save mapping").click()
    expect(page.get_by_text("The mapping was saved.")).to_be_visible()

    page.goto(f"{live_server.url}/orders/{order.pk}/")
    expect(page.get_by_text("Payment “")).to_be_hidden()
    expect(page.get_by_text("The e-shop's settings here were changed")).to_be_visible()
    page.get_by_role("button", name="Synchronize with eshop").click()
    expect(page.locator("#order").get_by_text("Kartou v pražírně").first).to_be_visible()
    expect(page.locator(".notice", has_text="Delivery “")).to_contain_text("is not mapped")
    page.goto(f"{live_server.url}/orders/?q={order.number}")
    listed = page.locator(f"#order-{order.pk}")
    expect(listed).to_contain_text("Kartou v pražírně")
    expect(listed.get_by_title("Delivery is not mapped")).to_be_visible()
