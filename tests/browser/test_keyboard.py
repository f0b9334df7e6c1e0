"""Searching without a mouse."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import Order
from tests import factories
from tests.browser.test_story import STAFF, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def orders() -> list[Order]:
    """The newest last."""
    eshop = factories.eshop()
    return [factories.order(eshop, str(number), number=f"42{number}") for number in range(101, 203)]


@pytest.mark.parametrize("keys", ["/", "Control+k", "Meta+k"])
def test_a_number_jumps_to_its_order(
    page: Page, live_server: LiveServer, orders: list[Order], keys: str
) -> None:
    sign_in(page, live_server, *STAFF)
    for address in ("/e-shops/", "/orders/"):
        page.goto(live_server.url + address)
        page.keyboard.press(keys)
        expect(page.get_by_label("Search orders")).to_be_focused()
        page.keyboard.type(orders[5].number)
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(f"/orders/{orders[5].pk}/$"))


def test_ctrl_k_works_while_typing_and_what_is_no_number_is_listed(
    page: Page, live_server: LiveServer, orders: list[Order]
) -> None:
    sign_in(page, live_server, *STAFF)
    page.goto(f"{live_server.url}/orders/{orders[0].pk}/")
    page.get_by_label("Tags").focus()
    page.keyboard.press("Control+k")
    page.keyboard.type("Nováková")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Orders", exact=True)).to_be_visible()
    expect(page.get_by_text("102 orders")).to_be_visible()
    expect(page.get_by_label("Search orders")).to_have_value("Nováková")
