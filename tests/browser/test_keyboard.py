"""Searching and synchronizing without a mouse."""

import re
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page, Route, expect
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
        page.go_back()
        expect(page).to_have_url(re.compile(rf"{address}(\?q={orders[5].number})?$"))
        expect(page.locator("main h1")).to_be_visible()


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


def test_s_synchronizes_what_is_selected_else_the_row(
    page: Page, live_server: LiveServer, orders: list[Order]
) -> None:
    """More than 100 are not synchronized, and no single order instead of them either."""
    sign_in(page, live_server, *STAFF)
    sent: list[list[str]] = []

    def answer(route: Route) -> None:
        sent.append(parse_qs(route.request.post_data or "")["order"])
        route.fulfill(status=204)

    page.route("**/sync/", answer)
    newest = [str(order.pk) for order in orders[::-1]]

    page.keyboard.press("j")
    with page.expect_response("**/sync/"):
        page.keyboard.press("s")
    assert sent.pop() == newest[:1]

    for key in "xjx":
        page.keyboard.press(key)
    page.keyboard.press("j")
    with page.expect_response("**/sync/"):
        page.keyboard.press("s")
    assert sorted(sent.pop()) == sorted(newest[:2])

    page.evaluate(
        "keys => sessionStorage.setItem('fynode.selection', JSON.stringify(keys))", newest[:101]
    )
    page.reload()
    expect(page.locator("#bulk")).to_contain_text("101 are selected")
    page.keyboard.press("j")
    page.keyboard.press("s")
    page.get_by_role("button", name="Keep the first 100").click()
    with page.expect_response("**/sync/"):
        page.keyboard.press("s")
    assert [len(keys) for keys in sent] == [100]
