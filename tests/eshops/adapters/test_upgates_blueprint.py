"""Everything the adapter asks for and reads is in Upgates' own description of its API."""

import re
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from eshops.adapters import http, reading
from eshops.adapters.upgates.sequences import DELIVERY_TYPES, PAYMENT_TYPES, STATUS_TYPES
from tests.harness.watched import watched
from tests.harness.web import WebServer
from tests.platforms.upgates import UpgatesShop

BLUEPRINT = next(
    (
        found
        for parent in Path(__file__).parents
        if (found := parent / "shared/specs/upgates/upgatesapiv2-2025.apib").is_file()
    ),
    None,
)
ENTRY = re.compile(r"^( *)[+*] (?:(\w+) \(([\w\[\]]+).*|\(object\).*)$")
VARIED: dict[str, Any] = {
    "status_id": None,
    "paid_date": None,
    "order_total_before_round": None,
    "payment": {"id": None, "price": 1},
    "shipment": {"id": None},
    "products": [
        {"type": "set", "configurations": [{"name": "Potisk", "values": [{"value": "Logo"}]}]},
        {"type": "set_part", "parent_uuid": "1"},
    ],
    "quantity_discount": {"discounts": [{"price": 1, "vat": 21}]},
    "loyalty_points": {"discounts": [{"price": 1, "vat": 21}]},
}
"""What makes the adapter look into other fields."""

ENDPOINTS = {"orders", "languages", "order-statuses", "payments", "shipments"}

pytestmark = pytest.mark.skipif(BLUEPRINT is None, reason="the API Blueprint is not here")


@pytest.fixture(scope="module")
def blueprint() -> str:
    assert BLUEPRINT
    return BLUEPRINT.read_text()


def section(blueprint: str, endpoint: str) -> str:
    """What the Blueprint says of GET for the endpoint's list."""
    by_itself = rf"### [^\n]*\[GET/api/v2/{endpoint}[/{{\]]"
    under_its_path = rf"## [^\n]*\[/api/v2/{endpoint}\]\n(?:(?!\n##? ).)*?### [^\n]*\[GET\]"
    found = re.search(rf"^(?:{by_itself}|{under_its_path})", blueprint, re.MULTILINE | re.DOTALL)
    assert found, endpoint
    return re.split(r"\n##* ", blueprint[found.end() :])[0]


def fields(lines: list[str]) -> set[str]:
    """The fields of a list of attributes, as `orders[].customer.email`."""
    told, stack = set[str](), list[tuple[int, str]]()
    for line in lines:
        entry = ENTRY.match(line)
        if entry is None:
            continue
        indent, name = len(entry[1]), entry[2]
        while stack and stack[-1][0] >= indent:
            stack.pop()
        above = stack[-1][1] if stack else ""
        path = f"{above}[]" if name is None else f"{above}.{name}".lstrip(".")
        stack.append((indent, path))
        told.add(path)
    return told


def documented(blueprint: str, endpoint: str) -> set[str]:
    _, _, attributes = section(blueprint, endpoint).partition("+ Attributes")
    told = fields(attributes.splitlines()[1:])
    paging = re.search(r"## Stránkování.*?\n\n", blueprint, re.DOTALL)
    assert paging
    metas = blueprint.partition("## MetasGet (array)\n")[2].split("\n## ")[0]
    inner = {path.removeprefix("[]") for path in fields(metas.splitlines())}
    return (
        told
        | set(re.findall(r"^\* `(\w+)`", paging[0], re.MULTILINE))
        | {path + "[]" + each for path in told if path.endswith("metas") for each in inner}
    )


def parameters(blueprint: str, endpoint: str) -> set[str]:
    before, _, _ = section(blueprint, endpoint).partition("+ Response")
    return set(re.findall(r"^    [+*] (\w+) \(", before, re.MULTILINE))


Used = dict[str, set[str]]


@pytest.fixture
def asked_and_read(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> tuple[Used, Used]:
    """Each endpoint's query parameters and the fields of its answers that were looked up, when
    all was done that the adapter does."""
    shop = UpgatesShop(server)
    read: Used = defaultdict(set)

    def decode(body: bytes) -> Any:
        return watched(reading.decode(body), "", read[server.asked[-1].path])

    monkeypatch.setattr(http, "decode", decode)
    one, two, absent = shop.ids(3)
    shop.orders = {one: shop.logical(one), two: shop.logical(two) | VARIED}
    adapter = shop.adapter()
    adapter.fetch_info()
    assert len(adapter.fetch_orders([one, two, absent])) == 3
    for by_change in (False, True):
        adapter.fetch_page(None, datetime(2026, 1, 1, tzinfo=UTC), by_change)
    adapter.fetch_sequences()
    asked: Used = defaultdict(set)
    for each in server.asked:
        asked[each.path] |= each.query.keys()
    return asked, read


def test_it_asks_only_for_what_is_documented(
    blueprint: str, asked_and_read: tuple[Used, Used]
) -> None:
    asked, _ = asked_and_read
    assert asked.keys() == {f"/api/v2/{endpoint}" for endpoint in ENDPOINTS}
    for path, names in asked.items():
        assert names <= parameters(blueprint, path.removeprefix("/api/v2/")), path
    assert asked["/api/v2/orders"] == {
        *("order_numbers", "creation_time_from", "last_update_time_from"),
        *("page", "order_by", "order_dir"),
    }


def test_it_reads_only_what_is_documented(
    blueprint: str, asked_and_read: tuple[Used, Used]
) -> None:
    _, read = asked_and_read
    assert read.keys() == {f"/api/v2/{endpoint}" for endpoint in ENDPOINTS}
    for path, names in read.items():
        assert names - documented(blueprint, path.removeprefix("/api/v2/")) == set(), path
    some = {
        *("number_of_items", "orders", "orders[].status", "orders[].customer.street_postal"),
        *("orders[].products[].configurations[].values[].value", "orders[].payment.code"),
        *("orders[].discount_voucher.discounts[].price_with_vat", "orders[].order_total_rest"),
        *("orders[].metas[].values[].language", "orders[].shipment.packeta_carrier_id"),
    }
    assert some <= read["/api/v2/orders"] and len(read["/api/v2/orders"]) > 100


def test_every_type_is_one_of_the_documented(blueprint: str) -> None:
    def types(endpoint: str) -> set[str]:
        _, _, answer = section(blueprint, endpoint).partition("+ Response")
        listed = re.search(r"\+ type \(enum\)[^\n]*\n((?: +- [^\n]*\n)+)", answer)
        assert listed
        return set(re.findall(r"- (\w+) ?-", listed[1]))

    assert STATUS_TYPES.keys() == types("order-statuses") - {"Custom"}
    assert PAYMENT_TYPES.keys() <= types("payments")
    assert DELIVERY_TYPES.keys() == types("shipments") - {"custom"}


@pytest.mark.parametrize("value", ["creation_time", "last_update_time", "asc", "api_url"])
def test_other_names(blueprint: str, value: str) -> None:
    assert re.search(rf"^ +- {value} - |`{{ \"{value}\": ", blueprint, re.MULTILINE)
