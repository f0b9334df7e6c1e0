"""What has to be seen on a small laptop and on a phone."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import Order
from tests import factories
from tests.browser.test_story import STAFF, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LAPTOP, PHONE = (1366, 768), (390, 844)


@pytest.fixture
def order() -> Order:
    return factories.order(factories.eshop(), customer_name="Květoslava Příhodová")


def is_cut_off(page: Page, selector: str) -> bool:
    """Whether something there is wider than its place, or stands beside the window."""
    return bool(
        page.locator(selector).evaluate_all(
            """all => !all.length || all.some(each =>
                each.scrollWidth > each.clientWidth
                || each.getBoundingClientRect().left < 0
                || each.getBoundingClientRect().right > document.documentElement.clientWidth)"""
        )
    )


@pytest.mark.parametrize("size", [LAPTOP, PHONE])
def test_the_button_of_a_row_says_all_it_does(
    page: Page, live_server: LiveServer, order: Order, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    sign_in(page, live_server, *STAFF)
    button = page.locator(f"#sync-{order.pk}")
    expect(button).to_have_text("Synchronize with eshop", use_inner_text=True)
    assert not is_cut_off(page, ".c-act .button")
    row = page.locator(f"#order-{order.pk}").bounding_box()
    assert row and row["height"] < (49 if size == LAPTOP else 160)
