"""Loading new orders and catching up as somebody sees them; the test does the worker's part."""

import re

import pytest
from playwright.sync_api import Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from eshops.models import Eshop
from eshops.source import Refused
from orders.models import Order
from sync import engine
from sync.catching_up import advance_all, count_stale
from sync.imports import load_orders
from sync.models import SyncItem, SyncRun
from tests import factories
from tests.browser.test_accessibility import check
from tests.browser.test_story import STAFF, sign_in
from tests.shops import ScriptedShop
from tests.sources import source_order

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("valkey", "sent"),
]

BUSY = "Importing orders from the eshop."


def work_off_one_run() -> None:
    lanes = SyncItem.objects.filter(outcome="pending").values_list("run_id", "eshop_id")
    for run_id, eshop_id in set(lanes):
        engine.synchronize_lane(run_id, eshop_id)
    advance_all()


def stale_orders(shop: ScriptedShop, number: int) -> Eshop:
    eshop = factories.eshop(name="Čaj & káva", settings_version=2)
    for each in range(number):
        factories.order(eshop, str(each), sync_state={"settings_version": 1})
        shop.put(source_order(str(each)))
    return eshop


def test_new_orders_come_into_the_open_list(
    page: Page, live_server: LiveServer, scripted: ScriptedShop
) -> None:
    eshop = factories.eshop(name="Čaj & káva")
    factories.order(eshop, "1")
    sign_in(page, live_server, *STAFF)
    page.locator("summary", has_text="Load new orders").click()
    expect(page.get_by_label("Date from")).to_be_hidden()
    page.get_by_label("Load new orders from a specific date").check()
    page.get_by_label("Date from").fill("2026-01-01")
    page.evaluate("document.body.dataset.opened = 'once'")
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_text(BUSY)).to_be_visible()
    expect(page.locator("summary", has_text="Load new orders")).to_have_count(0)
    page.reload()
    expect(page.get_by_text(BUSY)).to_be_visible()
    page.evaluate("document.body.dataset.opened = 'once'")
    scripted.put(*(source_order(str(number)) for number in range(1, 13)))
    load_orders(SyncRun.objects.get().pk)
    expect(page.get_by_text("11 orders loaded")).to_be_visible()
    expect(page.locator("#results tbody tr")).to_have_count(12)
    expect(page.locator("summary", has_text="Load new orders")).to_be_visible()
    expect(page.get_by_text(BUSY)).to_have_count(0)
    assert page.evaluate("document.body.dataset.opened") == "once"
    page.reload()
    expect(page.get_by_text("11 orders loaded")).to_be_visible()


def test_the_poll_is_one_and_stops_and_a_failure_is_said(
    page: Page, live_server: LiveServer, scripted: ScriptedShop
) -> None:
    scripted.error = Refused("The key is refused (401).")
    for name in ("A", "B"):
        factories.order(factories.eshop(name=name), "1")
    sign_in(page, live_server, *STAFF)
    polls: list[str] = []

    def note(request: Request) -> None:
        if "/sync/importing/" in request.url:
            polls.append(request.url)

    page.on("request", note)
    page.locator("summary", has_text="Load new orders").click()
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_text("B: 0")).to_be_visible()
    page.wait_for_timeout(4500)
    assert len(polls) == 2
    for run in SyncRun.objects.all():
        load_orders(run.pk)
    expect(page.get_by_text("A: The key is refused (401).")).to_be_visible()
    expect(page.get_by_text("B: The key is refused (401).")).to_be_visible()
    expect(page.locator("summary", has_text="Load new orders")).to_be_visible()
    number = len(polls)
    page.wait_for_timeout(2500)
    assert len(polls) == number == 3


def test_a_wrong_day_is_refused_by_the_server_as_well(
    page: Page, live_server: LiveServer, page_problems: list[str]
) -> None:
    factories.eshop()
    sign_in(page, live_server, *STAFF)
    page.locator("summary", has_text="Load new orders").click()
    page.get_by_label("Load new orders from a specific date").check()
    page.locator("[name=day]").evaluate("field => { field.removeAttribute('min'); }")
    page.get_by_label("Date from").fill("2001-01-01")
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.locator("#notices")).to_contain_text("Orders can be loaded up to one year back")
    expect(page.get_by_label("Date from")).to_have_value("2001-01-01")
    assert not SyncRun.objects.exists()
    page_problems[:] = [
        each for each in page_problems if " 400 " not in each and "400 (" not in each
    ]


def test_catching_up_counts_down_to_0(
    page: Page, live_server: LiveServer, scripted: ScriptedShop
) -> None:
    eshop = stale_orders(scripted, 150)
    sign_in(page, live_server, *STAFF)
    expect(page.locator("#rail-stale")).to_have_text("150")
    page.get_by_label("Synchronization").select_option("stale")
    expect(page.locator("#catch-up")).to_be_visible()
    page.get_by_role("button", name="Catch up").click()
    expect(page.locator("[data-left]")).to_have_text("150 left")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("The run under way is still finished")).to_be_visible()
    work_off_one_run()
    expect(page.locator("[data-left]")).to_have_text("50 left")
    expect(page.locator("#rail-stale")).to_have_text("50")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    work_off_one_run()
    expect(page.locator("[data-left]")).to_have_text("0")
    expect(page.get_by_text("150 updated")).to_be_visible()
    expect(page.get_by_role("heading", name="No order matches")).to_be_visible()
    assert count_stale() == {eshop.pk: 0}
    page.get_by_label("Synchronization").select_option("fresh")
    expect(page.locator("#results tbody tr")).to_have_count(50)
    expect(page.locator("#catch-up")).to_have_count(0)
    page.goto(f"{live_server.url}/sync/catch-up/")
    expect(page.locator(".catch-ups tbody tr")).to_have_count(1)
    assert Order.objects.count() == 150


@pytest.mark.parametrize(("width", "scheme"), [(1366, "light"), (390, "dark")])
def test_every_state_can_be_read_by_everybody(
    page: Page, live_server: LiveServer, scripted: ScriptedShop, width: int, scheme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 768})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    stale_orders(scripted, 120)
    factories.order(factories.eshop(name="B", settings_version=2), "1", sync_state={
        "settings_version": 1, "outcome": "failed", "message": "No",
    })  # fmt: skip
    sign_in(page, live_server, *STAFF)
    page.locator("summary", has_text="Load new orders").click()
    page.get_by_label("Load new orders from a specific date").check()
    see(page)
    page.get_by_label("Load new orders from a specific date").uncheck()
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_text(BUSY)).to_be_visible()
    see(page)
    for run in SyncRun.objects.all():
        load_orders(run.pk)
    expect(page.locator("summary", has_text="Load new orders")).to_be_visible()
    page.goto(f"{live_server.url}/orders/?state=stale")
    see(page)
    page.goto(f"{live_server.url}/sync/catch-up/")
    see(page)
    page.get_by_role("button", name=re.compile("^Catch up$")).click()
    expect(page.locator("[data-left]")).to_have_text("121 left")
    work_off_one_run()
    expect(page.locator("[data-left]")).to_have_text("21 left")
    see(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Catching up was cancelled")).to_be_visible()
    page.reload()
    see(page)


def see(page: Page) -> None:
    """Axe has nothing to say, and nothing is wider than the window."""
    check(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
