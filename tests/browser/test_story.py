"""The click, from the browser to the row: a person, a worker, a shop."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from eshops.connection import connect
from eshops.models import Eshop
from eshops.sandbox.server import RunningSandbox
from orders.models import Movement, Order
from sync.imports import start_import
from sync.reports import is_finished
from tests import factories
from tests.harness.stack import LiveStack
from tests.sync.test_worker import eventually

pytestmark = pytest.mark.browser

PASSWORD = "heslo-heslo"
STAFF = (
    *("orders.view_order", "orders.change_order", "eshops.view_eshop"),
    *("sync.synchronize", "sync.synchronize_in_bulk", "sync.view_syncrun"),
)


@pytest.fixture
def eshop(live_stack: LiveStack, sandbox: RunningSandbox) -> Iterator[Eshop]:
    live_stack.start_worker()
    eshop = connect(
        "Čaj & káva",
        "woocommerce",
        sandbox.url,
        {"consumer_key": sandbox.consumer_key, "consumer_secret": sandbox.consumer_secret},
    )
    run = start_import(eshop, None, None)
    eventually(lambda: is_finished(run))
    sandbox.clear_log()
    yield eshop
    assert {entry["method"] for entry in sandbox.log} <= {"GET"}


def sign_in(page: Page, live_server: LiveServer, *permissions: str) -> None:
    user = factories.user(*permissions, username="olga")
    user.set_password(PASSWORD)
    user.save()
    page.goto(live_server.url)
    page.get_by_label("User name").or_(page.get_by_label("Username")).fill(user.get_username())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Orders", exact=True)).to_be_visible()


@pytest.mark.usefixtures("eshop")
def test_one_click_brings_what_the_shop_says(
    page: Page, live_server: LiveServer, sandbox: RunningSandbox
) -> None:
    sign_in(page, live_server, *STAFF)
    order = Order.objects.filter(status_code="processing").order_by("-placed_at")[0]
    row = page.locator("tr", has=page.get_by_role("link", name=order.number, exact=True))
    row.get_by_role("button", name=re.compile("Synchronize")).click()
    expect(row).to_contain_text("Up to date")
    assert len(sandbox.log) == 1

    sandbox.shop.edit(
        int(order.external_id), {"status": "completed", "billing": {"city": "Ústí <b>n/L</b>"}}
    )
    expect(row).to_contain_text("Processing")
    row.get_by_role("button", name=re.compile("Synchronize")).click()
    expect(row).to_contain_text("Completed")

    row.get_by_role("link", name=order.number, exact=True).click()
    expect(page.get_by_text("Ústí <b>n/L</b>").first).to_be_visible()
    page.get_by_text("Show movements").click()
    history = page.locator("body")
    expect(history).to_contain_text("olga")
    movement = Movement.objects.filter(order=order).first()
    assert movement is not None
    told = {change["field"] for change in movement.changes["fields"]}
    assert {"status_code", "billing.city"} <= told

    sandbox.shop.edit(int(order.external_id), {"customer_note": "Zvonit dvakrát"})
    page.get_by_role("button", name="Synchronize with eshop").click()
    expect(page.get_by_text("Zvonit dvakrát").first).to_be_visible()


@pytest.mark.usefixtures("eshop")
def test_a_bulk_run_with_an_order_that_fails(
    page: Page, live_server: LiveServer, sandbox: RunningSandbox
) -> None:
    sign_in(page, live_server, *STAFF)
    chosen = list(Order.objects.order_by("-placed_at", "-pk")[:5])
    bad = chosen[2]
    sandbox.faults.switch_on("broken", order_id=int(bad.external_id))
    for order in chosen:
        page.locator(f"input[name=order][value='{order.pk}']").check()
    expect(page.locator("#bulk")).to_contain_text("5 selected")
    page.locator("#bulk").get_by_role("button", name=re.compile("Synchronize")).click()
    row = page.locator("tr", has=page.get_by_role("link", name=bad.number, exact=True))
    expect(row).to_contain_text("Failed", timeout=15_000)
    expect(page.get_by_text("4 already up to date")).to_be_visible()
    expect(page.locator("#bulk")).to_be_hidden()

    page.get_by_role("link", name=re.compile(r"^Run \d+")).first.click()
    expect(page.get_by_text("1 failed").first).to_be_visible()
    sandbox.faults.switch_off()
    page.get_by_role("button", name=re.compile("Retry all failed")).click()
    expect(page.get_by_text("1 already up to date")).to_be_visible(timeout=15_000)


@pytest.mark.usefixtures("eshop")
def test_more_than_100_are_refused_before_and_by_the_server(
    page: Page, live_server: LiveServer
) -> None:
    sign_in(page, live_server, *STAFF)
    keys = [str(pk) for pk in Order.objects.values_list("pk", flat=True)[:134]]
    page.evaluate("keys => sessionStorage.setItem('fynode.selection', keys)", json.dumps(keys))
    page.reload()
    bar = page.locator("#bulk")
    expect(bar).to_contain_text(
        "Bulk synchronization is limited to 100 orders at once; 134 are selected"
    )
    expect(bar.locator("[type=submit]")).to_be_disabled()
    bar.get_by_role("button", name="Keep the first 100").click()
    expect(bar).to_contain_text("100 selected")
    bar.locator("[type=submit]").click()
    expect(page.get_by_text("100 already up to date")).to_be_visible(timeout=20_000)


def test_a_shop_that_refuses_us_is_told_in_words(
    page: Page, live_server: LiveServer, sandbox: RunningSandbox, eshop: Eshop
) -> None:
    sign_in(page, live_server, *STAFF)
    sandbox.faults.switch_on("401")
    order = Order.objects.order_by("-placed_at", "-pk")[0]
    row = page.locator("tr", has=page.get_by_role("link", name=order.number, exact=True))
    row.get_by_role("button", name=re.compile("Synchronize")).click()
    expect(row).to_contain_text("does not let us in (401)")
    page.goto(f"{live_server.url}/e-shops/")
    expect(page.locator("body")).to_contain_text("does not let us in (401)")
    assert sandbox.consumer_secret not in page.content()


@pytest.mark.usefixtures("eshop")
def test_who_may_synchronize_one_by_one_only(page: Page, live_server: LiveServer) -> None:
    sign_in(page, live_server, "orders.view_order", "sync.synchronize")
    assert page.locator("input[name=order][type=checkbox]").count() == 0
    row = page.locator("tbody tr[data-row]").first
    row.get_by_role("button", name=re.compile("Synchronize")).click()
    expect(row).to_contain_text("Up to date")
