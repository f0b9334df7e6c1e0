import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests_oauthlib import OAuth1

from eshops.sandbox.server import RunningSandbox, running

RECORDED = Path(__file__).parents[2] / "recorded" / "woocommerce"
Get = Callable[..., requests.Response]


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], Any]:
    """Reads one recorded exchange by its name."""
    return lambda name: json.loads((RECORDED / f"{name}.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningSandbox]:
    """A shop of 250 orders for tests that do not change it."""
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """A fresh shop of 40 orders."""
    with running(orders=40) as sandbox:
        yield sandbox


def client(sandbox: RunningSandbox) -> Get:
    """Sends signed GET requests to the REST API."""
    session = requests.Session()
    session.auth = OAuth1(
        sandbox.consumer_key,
        sandbox.consumer_secret,
        signature_method="HMAC-SHA256",
        signature_type="query",
    )

    def get(path: str, method: str = "GET", **options: Any) -> requests.Response:
        url = f"{sandbox.url}/wp-json/wc/v3{path}"
        return session.request(method, url, timeout=10, **options)

    return get


@pytest.fixture
def get(sandbox: RunningSandbox) -> Get:
    return client(sandbox)


@pytest.fixture(scope="module")
def get_shared(shared: RunningSandbox) -> Get:
    return client(shared)


@pytest.fixture
def order_id(sandbox: RunningSandbox) -> int:
    """An ordinary order: Czech, unpaid, two lines at 21 % tax, nothing else."""
    lines = [
        {
            "id": number,
            "name": name,
            "product_id": 2001,
            "variation_id": 0,
            "quantity": quantity,
            "tax_class": "",
            "subtotal": net,
            "subtotal_tax": tax,
            "total": net,
            "total_tax": tax,
            "taxes": [{"id": 1, "total": tax, "subtotal": tax}],
            "meta_data": [],
            "sku": "X",
            "global_unique_id": "",
            "price": price,
            "image": {"id": "", "src": ""},
            "parent_name": None,
        }
        for number, name, quantity, net, tax, price in (
            (91, "Lněný ubrus", 2, "20.000000", "4.200000", 10),
            (92, "Svíčka", 1, "5.000000", "1.050000", 5),
        )
    ]
    none: list[Any] = []
    order = sandbox.shop.create_like(
        {
            "status": "pending",
            "currency": "EUR",
            "prices_include_tax": False,
            "number": "S-1",
            "payment_method": "bacs",
            "customer_note": "",
            "billing": {"country": "CZ", "city": "Brno"},
            "shipping": {"country": "CZ", "city": "Brno"},
            "line_items": lines,
            "shipping_lines": none,
            "fee_lines": none,
            "coupon_lines": none,
            "refunds": none,
            "meta_data": none,
            "date_paid": None,
            "date_completed": None,
            "date_created_gmt": "2026-05-01T10:00:00",
            "date_modified_gmt": "2026-05-01T11:00:00",
        }
    )
    return int(order["id"])
