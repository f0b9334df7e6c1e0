"""From handing an order over to taking it back: while the warehouse has it, its items stay."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from eshops.models import Sequence
from eshops.sandbox.server import RunningSandbox
from orders.models import Handover, Movement, Order, OrderItem, Warehouse
from orders.warehouse import hand_over
from sync import payloads
from tests import factories
from tests.browser.test_accessibility import check
from tests.browser.test_story import STAFF, eshop, sign_in
from tests.sources import source_item, source_order

__all__ = ["eshop"]

pytestmark = pytest.mark.browser

MANAGER = (
    *STAFF,
    *("eshops.change_eshop", "orders.view_warehouse", "orders.change_warehouse"),
    *("orders.add_handover", "orders.view_handover"),
)


def quantities(order: Order) -> list[int]:
    lines = order.items.filter(kind="product").order_by("position")
    return [int(quantity) for quantity in lines.values_list("quantity", flat=True)]


@pytest.mark.usefixtures("eshop")
def test_items_stay_while_the_warehouse_has_the_order(
    page: Page, live_server: LiveServer, sandbox: RunningSandbox
) -> None:
    sign_in(page, live_server, *MANAGER)
    page.get_by_role("link", name="Warehouse").click()
    page.get_by_role("link", name="Connect a warehouse").click()
    page.get_by_label("Name").fill("Hala")
    page.get_by_role("checkbox", name=re.compile("Active")).check()
    page.get_by_role("checkbox", name="Paid", exact=True).check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Rules of Hala").click()
    page.get_by_label("Items: Keep ours").check()
    page.get_by_label("Totals: Keep ours").check()
    page.get_by_role("button", name="Save rules").click()
    expect(page.get_by_text("The rules of Hala were saved.")).to_be_visible()

    without = OrderItem.objects.filter(kind="product", sku="").values("order")
    ready = Order.objects.filter(status_type="paid", items__kind="product").exclude(pk__in=without)
    order = ready.order_by("-placed_at", "-pk")[0]
    before = quantities(order)
    page.goto(f"{live_server.url}/orders/{order.pk}/")
    page.get_by_role("button", name="Hand over to warehouse").click()
    expect(page.get_by_text("1 order was handed over")).to_be_visible()
    expect(page.get_by_text("The warehouse Hala has this order since")).to_be_visible()

    told = sandbox.shop.order(int(order.external_id))
    line = told["line_items"][0]
    sandbox.shop.edit(
        int(order.external_id),
        {
            "set_quantity": {"line_id": line["id"], "quantity": before[0] + 4},
            "customer_note": "Pospíchá",
        },
    )
    page.get_by_role("button", name="Synchronize with eshop").click()
    expect(page.get_by_text("Pospíchá").first).to_be_visible()
    kept = page.get_by_label("Kept by rules")
    expect(kept).to_contain_text("Items kept: the warehouse has this order since")
    expect(kept.locator("tr", has_text="Quantity")).to_contain_text(str(before[0] + 4))
    assert quantities(order) == before
    page.get_by_text("Show movements").click()
    expect(page.locator("#movements")).to_contain_text("Handed over to the warehouse by olga")
    page.locator("#movements").get_by_text("What was kept").first.click()
    expect(page.locator("#movements .kept").first).to_contain_text("Ours, kept")
    movement = Movement.objects.filter(order=order, kind="synchronized").first()
    assert movement is not None and "Items kept: the warehouse has" in movement.message
    page.get_by_role("link", name=re.compile(r"^[Rr]un \d+")).first.click()
    expect(page.locator("table.items")).to_contain_text("Items kept: the warehouse has this order")

    page.goto(f"{live_server.url}/orders/{order.pk}/")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("was taken back")).to_be_visible()
    page.get_by_role("button", name="Synchronize with eshop").click()
    expect(page.get_by_label("Kept by rules")).to_be_hidden()
    assert quantities(order) == [before[0] + 4, *before[1:]]

    page.get_by_role("link", name="Warehouse").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert download.value.suggested_filename.startswith("handover-")
    assert order.number in Path(download.value.path()).read_text("utf-8-sig")
    assert Handover.objects.get().orders.count() == 0


@pytest.mark.django_db(transaction=True)
def test_selected_orders_are_handed_over_from_the_list(page: Page, live_server: LiveServer) -> None:
    fill()
    sign_in(page, live_server, *MANAGER)
    page.get_by_role("combobox", name="Status").select_option("processing")
    page.get_by_label("Select this page").check()
    bar = page.locator("#bulk")
    expect(bar).to_contain_text("5 selected")
    bar.get_by_role("button", name="Hand over to the warehouse").click()
    expect(page.get_by_text("3 orders were handed over: handover")).to_be_visible()
    expect(page.get_by_text("The warehouse has it already.")).to_be_visible()
    expect(page.get_by_text("which is missing on “Káva 1 kg”.")).to_be_visible()
    expect(bar).to_be_hidden()
    assert page.url.endswith("?status=processing")
    assert Order.objects.exclude(handover=None).count() == 4


@pytest.mark.django_db(transaction=True)
def test_on_a_phone_names_are_whole_and_every_page_is_in_reach(
    page: Page, live_server: LiveServer
) -> None:
    fill()
    Order.objects.update(
        customer_name="Květoslava Příhodová", status_name="Čeká na vyzvednutí v prodejně"
    )
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, live_server, *MANAGER)
    page.goto(f"{live_server.url}/warehouse/")
    for link in page.locator(".rail li:not([hidden]) a").all():
        box = link.bounding_box()
        assert box and box["x"] + box["width"] <= 390, link.inner_text()
    name = page.locator(".due td.c-customer").first.bounding_box()
    assert name and name["height"] < 30


def fill() -> list[str]:
    """One of everything these pages can show, and their addresses."""
    shop = factories.eshop(name="Čaj & káva", rules={"status": "keep", "customer": "empty"})
    market = factories.eshop(name="Tržiště", kind="marketplace")
    direct: dict[str, Any] = {"import_mode": "direct", "direct_eshop": shop}
    factories.eshop(name="Allegro", kind="marketplace", **direct)
    for kind, name in (("delivery", "PPL domů"), ("payment", "Kartou")):
        Sequence.objects.create(eshop=shop, kind=kind, code=name, name=name)
        Sequence.objects.create(eshop=market, kind=kind, code=f"M-{kind}", name=f"M {name}")
    hall = Warehouse.objects.create(
        name="Hala", is_active=True, status_types=["paid", "packed"],
        rules={"items": "keep", "totals": "keep"},
    )  # fmt: skip
    Warehouse.objects.create(name="Old hall")
    kept = [
        {
            "group": "items", "reason": "the warehouse has this order since 12:40", "fields": [],
            "lines": [
                {
                    "action": "changed", "kind": "product", "external_id": "1", "name": "Káva 1 kg",
                    "changes": [{"field": "quantity", "old": "1", "new": "3"}],
                },
                {
                    "action": "added", "kind": "product", "external_id": "2", "name": "Hrnek",
                    "changes": [{"field": "name", "old": None, "new": "Hrnek modrý s uchem"}],
                },
            ],
        },
        {
            "group": "totals", "reason": "the warehouse has this order since 12:40", "lines": [],
            "fields": [{"field": "total", "old": "24.2", "new": "72.6"}],
        },
    ]  # fmt: skip
    for number in range(5):
        order = factories.order(
            market if number == 3 else shop, str(number), status_type="paid",
            sync_state={"kept": kept if number == 0 else []},
        )  # fmt: skip
        OrderItem.objects.create(
            order=order, kind="product", external_id="1", position=0, name="Káva 1 kg",
            sku="" if number == 2 else "KAVA-1", quantity=Decimal(1),
        )  # fmt: skip
    first = Order.objects.order_by("pk")[0]
    source = source_order("0", customer_phone="777", items=(source_item("1"), source_item("2")))
    payloads.keep([payloads.Told(first, source, factories.PLACED, "")])
    hand_over(Order.objects.filter(pk=first.pk), None, name="schedule")
    Movement.objects.create(
        order=first, at=factories.PLACED, actor_name="olga", kind="synchronized",
        message="Already up to date. Items kept: the warehouse has this order since 12:40.",
        changes={"kept": kept},
    )  # fmt: skip
    return [
        *("/warehouse/", "/warehouse/new/", f"/warehouse/{hall.pk}/", f"/orders/{first.pk}/"),
        *(f"/warehouse/{hall.pk}/rules/", f"/e-shops/{shop.pk}/rules/"),
        *("/marketplaces/", f"/marketplaces/{market.pk}/"),
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 390])
def test_accessibility(page: Page, live_server: LiveServer, scheme: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 768})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    sign_in(page, live_server, *MANAGER)
    for address in ["/warehouse/", "/marketplaces/", *fill()]:
        page.goto(live_server.url + address)
        check(page)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, address
        if address.endswith("/rules/"):
            page.get_by_role("button", name="Try without saving").click()
            expect(page.get_by_text("Nothing was written.")).to_be_visible()
            check(page)
    page.goto(live_server.url + f"/orders/{Order.objects.order_by('pk')[0].pk}/")
    page.get_by_text("Show movements").click()
    page.locator("#movements").get_by_text("What was kept").first.click()
    check(page)
