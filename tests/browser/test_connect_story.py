"""Connecting an e-shop in the browser, as somebody does who mistypes the key first."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from eshops.adapters import ADAPTERS
from eshops.models import Eshop
from eshops.sandbox.server import RunningSandbox, running
from tests.browser.test_accessibility import check
from tests.browser.test_story import STAFF, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MAY = (*STAFF, "eshops.add_eshop", "eshops.change_eshop")


@pytest.fixture
def shop() -> Iterator[RunningSandbox]:
    with running(orders=3) as shop:
        yield shop


def test_from_a_mistyped_key_to_a_connection(
    page: Page, live_server: LiveServer, shop: RunningSandbox
) -> None:
    sign_in(page, live_server, *MAY)
    page.get_by_role("link", name="E-shops").click()
    page.get_by_role("link", name="Connect an e-shop").click()
    page.get_by_role("link", name="WooCommerce").click()
    expect(page.get_by_text("Add key, with permission Read")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Čaj & káva")
    page.get_by_label("Address").fill(f"{shop.url}/wp-admin/")
    page.get_by_label("Consumer key").fill("ck_mistyped")
    page.get_by_label("Consumer secret").fill(shop.consumer_secret)
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_role("alert")).to_contain_text("does not let us in (401)")
    check(page)
    page.get_by_label("Consumer key").fill(shop.consumer_key)
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#answer")).to_contain_text("The connection works")
    assert not Eshop.objects.exists()
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator("#notices")).to_contain_text("Čaj & káva is connected")
    expect(page.get_by_role("heading", name="Čaj & káva")).to_be_visible()
    assert Eshop.objects.get().sequences.exists()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 390])
def test_every_platform_is_accessible_and_fits(
    page: Page, live_server: LiveServer, scheme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 768})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    sign_in(page, live_server, *MAY)
    for address in ("", *(f"{platform}/" for platform in ADAPTERS)):
        page.goto(f"{live_server.url}/e-shops/connect/{address}")
        check(page)
        root = "document.documentElement"
        assert not page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"), address
