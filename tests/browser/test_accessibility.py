"""WCAG 2.2 AA as far as a program can tell (axe), on every page, in both colour schemes."""

from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from eshops.models import Eshop
from orders.models import Movement, Order, OrderAddress, OrderItem
from sync.models import SyncItem, SyncRun
from tests import factories
from tests.browser.test_story import STAFF, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
PAGES = ["/orders/", "/orders/{order}/", "/sync/runs/", "/sync/runs/{run}/", "/e-shops/"]


def check(page: Page) -> None:
    found = Axe().run(page, options=RULES).response["violations"]
    told = [f"{each['id']}: {each['help']} ({each['nodes'][0]['html'][:200]})" for each in found]
    assert not told, "\n".join([page.url, *told])


def fill() -> dict[str, int]:
    """One of everything a page can show."""
    eshop = factories.eshop(name="Čaj & káva", connection_error="It does not let us in (401).")
    run = SyncRun.objects.create(
        trigger="bulk", created_by_name="olga", created_at=factories.PLACED
    )
    for number, outcome in enumerate(["updated", "unchanged", "missing", "failed", "cancelled"]):
        order = factories.order(
            eshop,
            str(number),
            is_paid=number % 2 == 0,
            company="Dílna s.r.o." if number else "",
            source_state="missing" if outcome == "missing" else "present",
            customer_note="Zvonit dvakrát",
            metadata=[{"key": "point", "value": {"id": 7}}],
            axes={"order": "open", "payment": "captured", "fulfillment": "shipped"},
            sync_state={
                "outcome": outcome if outcome in ("failed", "missing", "updated") else "",
                "message": "The e-shop did not answer." if outcome == "failed" else "",
                "synced_at": factories.PLACED if number else None,
            },
        )
        _details(order, run, outcome)
    return {"order": order.pk, "run": run.pk}


def _details(order: Order, run: SyncRun, outcome: str) -> None:
    for kind in ("billing", "shipping"):
        OrderAddress.objects.create(order=order, kind=kind, first_name="Žofie", city="Brno")
    OrderItem.objects.create(
        order=order, kind="product", external_id="1", position=0, name="Káva", quantity=Decimal(2),
        net=Decimal(20), tax=Decimal("4.2"), gross=Decimal("24.2"), tax_rate=Decimal(21),
        unit_price=Decimal(10),
    )  # fmt: skip
    changes = [
        {"field": "status_code", "old": "processing", "new": "completed"},
        {"field": "axes.payment", "old": "authorized", "new": "captured"},
    ]
    movement = Movement.objects.create(
        order=order, at=factories.PLACED, actor_name="olga", kind="synchronized",
        changes={"fields": changes},
    )  # fmt: skip
    SyncItem.objects.create(
        run=run, eshop=order.eshop, order=order, external_id=order.external_id, outcome=outcome,
        movement=movement, message="The e-shop did not answer." if outcome == "failed" else "",
    )  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 390])
def test_every_page(page: Page, live_server: LiveServer, scheme: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 768})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{live_server.url}/sign-in/")
    check(page)
    keys = fill()
    sign_in(page, live_server, *STAFF)
    for address in PAGES:
        page.goto(live_server.url + address.format(**keys))
        check(page)
    page.goto(live_server.url + "/orders/{order}/".format(**keys))
    page.get_by_text("Show movements").click()
    page.wait_for_load_state("networkidle")
    check(page)


def test_no_order_yet(page: Page, live_server: LiveServer) -> None:
    sign_in(page, live_server, *STAFF)
    assert not Eshop.objects.exists()
    check(page)
