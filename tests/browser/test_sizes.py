"""What has to be seen on a small laptop and on a phone."""

import json
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import Order, OrderItem
from sync.models import SyncItem, SyncRun
from tests import factories
from tests.browser.test_story import STAFF, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LAPTOP, PHONE = (1366, 768), (390, 844)


@pytest.fixture
def order() -> Order:
    order = factories.order(factories.eshop(), customer_name="Květoslava Příhodová")
    OrderItem.objects.create(
        order=order, kind="product", external_id="1", position=0, sku="TEA-100",
        name="Čaj z velmi vzdálené zahrady, sypaný", quantity=Decimal(12345),
        unit_price=Decimal("1234.5"), tax_rate=Decimal(21), net=Decimal("15239902.5"),
        tax=Decimal("3200379.53"), gross=Decimal("18440282.03"),
    )  # fmt: skip
    return order


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


@pytest.mark.parametrize("size", [LAPTOP, PHONE])
def test_all_figures_of_an_item_are_in_sight(
    page: Page, live_server: LiveServer, order: Order, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    sign_in(page, live_server, *STAFF)
    page.goto(f"{live_server.url}/orders/{order.pk}/")
    assert not is_cut_off(page, ".order-items, .order-items td")


def test_the_dock_leaves_a_phone_to_the_orders(
    page: Page, live_server: LiveServer, order: Order
) -> None:
    run = SyncRun.objects.create(trigger="row", created_by_name="olga", created_at=factories.PLACED)
    SyncItem.objects.create(run=run, eshop=order.eshop, order=order, external_id="1")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    sign_in(page, live_server, *STAFF)
    page.goto(f"{live_server.url}/orders/?run={run.pk}")
    page.get_by_label("Select order").check()
    expect(page.locator(".strip")).to_be_visible()
    dock = page.locator(".dock").bounding_box()
    assert dock and dock["height"] < PHONE[1] * 0.12

    too_many = json.dumps([str(number) for number in range(134)])
    page.evaluate("keys => sessionStorage.setItem('fynode.selection', keys)", too_many)
    page.goto(f"{live_server.url}/orders/")
    expect(page.locator("#bulk")).to_contain_text("134 are selected")
    bar = page.locator("#bulk").bounding_box()
    assert bar and bar["height"] < PHONE[1] * 0.12
