"""Changing an e-shop's settings: nothing happens to orders until they are synchronized."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from eshops.models import DataLoad, Eshop
from eshops.source import Metadatum, SequenceEntry
from orders.models import Order
from sync.engine import synchronize_lane
from sync.imports import load_orders, start_import
from sync.loading import load_data
from sync.runs import start_run
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
MAY = (*STAFF, "eshops.change_eshop")


def synchronize(eshop: Eshop) -> None:
    run = start_run(Order.objects.all(), None, "bulk").run
    assert run is not None
    synchronize_lane(run.pk, eshop.pk)


@pytest.fixture
def eshop(scripted: ScriptedShop) -> Eshop:
    eshop = factories.eshop(name="Čaj & káva")
    eshop.sequences.create(
        kind="status", code="processing", name="Processing", source_name="Processing",
        color="#1d5fbf",
    )  # fmt: skip
    eshop.sequences.create(kind="payment", code="cod", name="Dobírka", price=39, source_name="COD")
    for number in "123":
        point = Metadatum("point", {"id": f"P{number}", "day": "zítra"})
        scripted.put(source_order(number, metadata=(point,)))
    load_orders(start_import(eshop, None, None).pk)
    synchronize(eshop)
    return eshop


def test_a_new_name_reaches_orders_when_they_are_synchronized(
    page: Page, live_server: LiveServer, eshop: Eshop
) -> None:
    sign_in(page, live_server, *MAY)
    page.get_by_role("link", name="E-shops").click()
    page.get_by_role("link", name="Čaj & káva").click()
    page.get_by_role("link", name="Sequences", exact=True).first.click()
    page.get_by_role("link", name="Edit Processing").click()
    page.get_by_label("Name", exact=True).fill("Zpracovává se")
    page.get_by_label("Colour (HEX)").fill("#ff8800")
    expect(page.get_by_label("Pick a colour")).to_have_value("#ff8800")
    expect(page.locator("#entry")).to_contain_text("3 orders of this e-shop will be marked")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#notices")).to_contain_text("“Zpracovává se” is saved.")
    expect(page.get_by_text("The e-shop: Processing")).to_be_visible()

    page.get_by_role("link", name="3 orders with older settings").click()
    row = page.locator("tr", has=page.get_by_role("link", name="2026-3", exact=True))
    expect(row).to_contain_text("Processing")
    expect(row).to_contain_text(re.compile("settings changed", re.IGNORECASE))
    synchronize(eshop)
    page.goto(f"{live_server.url}/orders/")
    expect(row).to_contain_text("Zpracovává se")
    expect(row.locator("circle").first).to_have_attribute("fill", "#ff8800")


def test_a_mapping_is_seen_before_it_is_saved(
    page: Page, live_server: LiveServer, eshop: Eshop
) -> None:
    sign_in(page, live_server, *MAY)
    page.goto(f"{live_server.url}/e-shops/{eshop.pk}/mapping/")
    page.get_by_role("link", name="point.id").click()
    page.get_by_label("Goes into").select_option("pickup_point_id")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("3 of the last 3 orders")
    expect(page.locator("#preview")).to_contain_text("P3")
    check(page)
    page.get_by_role("button", name="Save mapping").click()
    expect(page.locator("tr[data-row]", has_text="point.id")).to_contain_text("Pickup point ID")


def test_a_key_that_no_order_has_is_doubted(
    page: Page, live_server: LiveServer, eshop: Eshop
) -> None:
    sign_in(page, live_server, *MAY)
    page.goto(f"{live_server.url}/e-shops/{eshop.pk}/mapping/")
    page.get_by_label("Key", exact=True).fill("pont.id")
    page.get_by_label("Goes into").select_option("pickup_point_id")
    page.get_by_role("button", name="Save mapping").click()
    doubt = page.locator("#form .notice")
    expect(doubt).to_contain_text("None of the last 3 orders has pont.id. Did you mean point.id?")
    check(page)
    doubt.get_by_role("link", name="point.id").click()
    expect(page.get_by_label("Key", exact=True)).to_have_value("point.id")
    page.get_by_role("button", name="Save it all the same").click()
    expect(page.locator("tr[data-row]", has_text="point.id")).to_contain_text("Pickup point ID")


def test_two_tabs(page: Page, live_server: LiveServer, eshop: Eshop) -> None:
    sign_in(page, live_server, *MAY)
    row = eshop.sequences.get(kind="payment")
    page.goto(f"{live_server.url}/e-shops/{eshop.pk}/sequences/{row.pk}/")
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label("Name", exact=True).fill("Na dobírku")
    other.get_by_role("button", name="Save").click()
    expect(other.locator("#notices")).to_contain_text("“Na dobírku” is saved.")
    page.get_by_label("Price").fill("45,50")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#entry")).to_contain_text("It is now: Name: “Na dobírku”.")
    expect(page.get_by_label("Price")).to_have_value("45,50")
    check(page)
    page.get_by_label("Name", exact=True).fill("Na dobírku")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#payment tr[data-row]")).to_contain_text("Na dobírku")
    expect(page.locator("#payment tr[data-row]")).to_contain_text("45.50")


def test_load_data_tells_what_it_changed(
    page: Page, live_server: LiveServer, eshop: Eshop, scripted: ScriptedShop
) -> None:
    scripted.sequences = [SequenceEntry(kind="status", code="processing", name="In progress")]
    sign_in(page, live_server, *MAY)
    page.goto(f"{live_server.url}/e-shops/{eshop.pk}/sequences/")
    page.get_by_role("button", name="Load data").click()
    expect(page.get_by_role("button", name="Loading…")).to_be_disabled()
    load_data(DataLoad.objects.get().pk)
    expect(page.get_by_role("button", name="Load data")).to_be_enabled()
    expect(page.locator("#loads")).to_contain_text("Processing → In progress")
    expect(page.locator("#status")).to_contain_text("In progress")
    expect(page.locator("#payment")).to_contain_text("Gone")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 390])
def test_every_tab_is_accessible_and_fits(
    page: Page, live_server: LiveServer, eshop: Eshop, scheme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 768})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    sign_in(page, live_server, *MAY)
    status = eshop.sequences.get(kind="status")
    mapping = eshop.mappings.create(source_key="point.day", target="delivery_date")
    for address in (
        "", "sequences/", f"sequences/{status.pk}/", "sequences/add/delivery/", "mapping/",
        f"mapping/{mapping.pk}/", f"mapping/{mapping.pk}/delete/",
    ):  # fmt: skip
        page.goto(f"{live_server.url}/e-shops/{eshop.pk}/{address}")
        check(page)
        root = "document.documentElement"
        assert not page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"), address
