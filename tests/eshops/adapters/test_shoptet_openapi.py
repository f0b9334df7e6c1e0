"""Shoptet's own description of its API: everything the adapter asks for and reads is in it, our
small shop answers as it says, and whatever is like it can be read."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from eshops.adapters import http, reading
from eshops.adapters.reading import decode
from eshops.adapters.shoptet import adapter as shoptet
from eshops.adapters.shoptet.adapter import LISTS
from eshops.adapters.shoptet.lines import EITHER, KINDS, SET, SET_PART
from eshops.adapters.shoptet.orders import parse_order
from eshops.source import SequenceEntry, ShopInfo, SourceOrder
from tests.harness.watched import watched
from tests.harness.web import WebServer
from tests.platforms.shoptet import ShoptetShop

SPEC = next(
    (
        found
        for parent in Path(__file__).parents
        if (found := parent / "shared/specs/shoptet/openapi.yaml").is_file()
    ),
    None,
)
ENDPOINTS = {
    "/api/orders",
    "/api/orders/{code}",
    "/api/eshop",
    "/api/orders/statuses",
    "/api/payment-methods",
    "/api/shipping-methods",
}
OLD = {f"data.order.{key}" for key in ("companyId", "vatId", "taxId")}
"""Where orders of 2021 have what is in `billingAddress` now."""
VARIED: dict[str, Any] = {
    "price": {"toPay": None, "vat": None},
    "items": [{"itemType": "product-set", "itemId": 1, "itemPriceVatBreakdown": [{}]}],
    "completion": [{"itemType": SET_PART, "parentProductSetItemId": 1}],
    "paymentMethod": None,
    "shipping": None,
    "deliveryAddress": {"fullName": "Jan"},
}
"""What makes the adapter look into other fields."""

pytestmark = pytest.mark.skipif(SPEC is None, reason="the OpenAPI description is not here")
Spec = Mapping[str, Any]


@pytest.fixture(scope="module")
def spec() -> Spec:
    assert SPEC
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    told: Spec = yaml.load(SPEC.read_bytes(), loader)
    return told


def resolved(spec: Spec, schema: Any) -> Any:
    """The schema with what it refers to in its place."""
    if isinstance(schema, list):
        return [resolved(spec, each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        found = spec
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return resolved(spec, found)
    return {key: resolved(spec, each) for key, each in schema.items()}


def answer_of(spec: Spec, path: str) -> Any:
    content = spec["paths"][path]["get"]["responses"][200]["content"]
    (schema,) = content.values()
    return resolved(spec, schema["schema"])


def fields(schema: Any, path: str = "") -> Iterator[str]:
    for choice in schema.get("oneOf", ()):
        yield from fields(choice, path)
    for key, inner in schema.get("properties", {}).items():
        inside = f"{path}.{key}".lstrip(".")
        yield inside
        yield from fields(inner, inside)
    if "items" in schema:
        yield from fields(schema["items"], f"{path}[]")


# asking and reading


def endpoint(path: str) -> str:
    lists = {f"/api/{name}" for name, _, _ in LISTS}
    is_single = path.startswith("/api/orders/") and path not in lists
    return "/api/orders/{code}" if is_single else path


Used = dict[str, set[str]]


@pytest.fixture
def asked_and_read(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> tuple[Used, Used]:
    """Each endpoint's parameters and the fields of its answers that were looked up, when all was
    done that the adapter does."""
    shop = ShoptetShop(server)
    read: Used = defaultdict(set)
    monkeypatch.setattr(shoptet.Shoptet, "at_once", 1)  # so that the last one asked is answered

    def remembered(body: bytes) -> Any:
        return watched(reading.decode(body), "", read[endpoint(server.asked[-1].path)])

    monkeypatch.setattr(http, "decode", remembered)
    one, two, absent = shop.ids(3)
    shop.orders = {one: shop.logical(one), two: shop.logical(two) | VARIED}
    adapter = shop.adapter()
    adapter.fetch_info()
    kept = {each.external_id: each.result for each in adapter.fetch_orders([one, two, absent])}
    assert isinstance(kept.pop(one), SourceOrder)
    first = parse_order(shop.logical(one), "UTC")
    shop.adapter(recall=lambda ids: {one: first}).fetch_orders([one, two])
    shop.stock(*shop.ids(60)[2:])
    since = datetime(2026, 1, 1, tzinfo=UTC)
    for by_change in (False, True):
        cursor = adapter.fetch_page(None, since, by_change).cursor
        adapter.fetch_page(cursor, since, by_change)
    adapter.fetch_sequences()
    asked: Used = defaultdict(set)
    for each in server.asked:
        asked[endpoint(each.path)] |= each.query.keys()
    return asked, read


def test_it_asks_only_for_what_is_documented(spec: Spec, asked_and_read: tuple[Used, Used]) -> None:
    asked, _ = asked_and_read
    assert asked.keys() == ENDPOINTS
    for path, names in asked.items():
        parameters = resolved(spec, spec["paths"][path]["get"]["parameters"])
        assert names <= {each["name"] for each in parameters if each["in"] == "query"}, path
        required = {each["name"] for each in parameters if each.get("required")}
        assert required <= {"Content-Type", "code"}
    assert asked["/api/orders"] == {
        *("orderCodes", "itemsPerPage", "page"),
        *("creationTimeFrom", "creationTimeTo", "changeTimeFrom", "changeTimeTo"),
    }
    single = spec["paths"]["/api/orders/{code}"]["get"]["description"]
    assert all(f"`{each}`" in single for each in shoptet.INCLUDE.split(","))


def test_it_reads_only_what_is_documented(spec: Spec, asked_and_read: tuple[Used, Used]) -> None:
    _, read = asked_and_read
    assert read.keys() == ENDPOINTS
    for path, names in read.items():
        assert names - set(fields(answer_of(spec, path))) <= OLD, path
    some = {
        *("notes.additionalFields[].label", "shippingDetails.branchId", "price.toPay"),
        *("items[].itemPriceVatBreakdown[].withVat", "items[].unitPrice.withoutVat"),
        *("paymentTransactions[].changeTime", "shippings[].shipping.guid"),
        *("completion[].parentProductSetItemId", "deliveryAddress.houseNumber"),
    }
    assert {f"data.order.{each}" for each in some} <= read["/api/orders/{code}"]
    assert {"data.orders[].changeTime", "data.orders[].price.toPay"} <= read["/api/orders"]


def test_the_kinds_of_lines_are_documented(spec: Spec) -> None:
    listed = spec["info"]["description"].partition("## Types of order items")[2]
    rows = {row.split("|")[0].strip() for row in listed.partition("\n## ")[0].splitlines()}
    assert {*KINDS, *EITHER, SET, SET_PART} <= rows


# our small shop


@pytest.mark.parametrize("path", sorted(ENDPOINTS - {"/api/eshop"}))
def test_the_small_shop_answers_as_described(server: WebServer, spec: Spec, path: str) -> None:
    shop = ShoptetShop(server)
    (code,) = shop.ids(1)
    shop.orders[code] = shop.logical(code)
    adapter = shop.adapter()
    adapter.fetch_orders([code])
    adapter.fetch_page(None, None)
    adapter.fetch_sequences()
    (asked, *_) = [each for each in server.asked if endpoint(each.path) == path]
    errors = Draft202012Validator(answer_of(spec, path)).iter_errors(shop.answer(asked).body)
    assert [f"{each.json_path}: {each.message}" for each in errors] == []


# whatever is like the description

PRICE = r"^(-)?[0-9]+\.[0-9]{2}$"
AMOUNT = r"^(-)?[0-9]+\.[0-9]{3}$"
RATIO = r"[0-9]+\.[0-9]{4}$"
TIME = r"^[0-9]{4}-[01][0-9]-[0123][0-9]T[012][0-9]:[0-5][0-9]:[0-5][0-9]\+[0-9]{4}$"


def decimals(places: int, least: int, most: int) -> st.SearchStrategy[str]:
    whole = st.integers(least * 10**places, most * 10**places)
    return whole.map(lambda each: f"{each / 10**places:.{places}f}")


BY_PATTERN = {
    PRICE: decimals(2, -100_000, 100_000),
    AMOUNT: decimals(3, -100, 100),
    RATIO: decimals(4, 0, 2),
    TIME: st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1)).map(
        lambda each: f"{each:%Y-%m-%dT%H:%M:%S}+0100"
    ),
    r"^[0-9]+\.[0-9]{2}$": st.sampled_from(["0.00", "12.00", "21.00", "999.99"]),
}
"""For patterns that allow what cannot be: a 39th of the month, a VAT rate of a billion."""


def like(schema: Any) -> st.SearchStrategy[Any]:
    """Values that fit the schema, of those keywords that Shoptet's answers use."""
    if "oneOf" in schema:
        return st.one_of([like(each) for each in schema["oneOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    told = schema.get("type", "object")
    kinds = [told] if isinstance(told, str) else told
    return st.one_of([typed(kind, schema) for kind in kinds])


def typed(kind: str, schema: Any) -> st.SearchStrategy[Any]:
    if kind == "object":
        inside = {key: like(each) for key, each in schema.get("properties", {}).items()}
        required = set(schema.get("required", ()))
        return st.fixed_dictionaries(
            {key: each for key, each in inside.items() if key in required},
            optional={key: each for key, each in inside.items() if key not in required},
        )
    if kind == "array":
        return st.lists(like(schema["items"]), max_size=2)
    if kind == "string" and "pattern" in schema:
        pattern = schema["pattern"]
        whatever = st.from_regex(pattern, fullmatch=True, alphabet=ASCII)
        return BY_PATTERN.get(pattern, whatever)
    size = {"min_size": schema.get("minLength", 0), "max_size": min(schema.get("maxLength", 6), 6)}
    return {
        "string": st.text(**size),
        "integer": st.integers(-5, 10_000),
        "boolean": st.booleans(),
        "null": st.none(),
    }[kind]


ASCII = st.characters(max_codepoint=127)


def likes(schema: Any) -> Iterator[Any]:
    """Some values that fit it; the test stops where one does not."""
    found: list[Any] = []
    suppressed = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    validator = Draft202012Validator(schema)

    @settings(max_examples=20, deadline=None, suppress_health_check=suppressed, database=None)
    @given(like(schema))
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    for value in found:
        errors = [f"{each.json_path}: {each.message}" for each in validator.iter_errors(value)]
        assert errors == []
        yield decode(json.dumps(value).encode())


def test_whatever_order_is_as_described_is_read(spec: Spec) -> None:
    schema = answer_of(spec, "/api/orders/{code}")["properties"]["data"]["properties"]["order"]
    told = 0
    for number, order in enumerate(likes(schema), 1):
        order |= possible(order, number)
        result = parse_order(order, "Europe/Prague")
        assert result.external_id == order["code"] == result.number
        assert result.total == reading.money(order["price"], "toPay")
        assert result.net + result.tax == result.total
        own = [item for item in result.items if item.in_total and item.external_id != "rounding"]
        assert [item.sku for item in own] == [reading.text(row, "code") for row in order["items"]]
        content = msgspec.json.encode(result)
        assert msgspec.json.decode(content, type=SourceOrder) == result
        told += 1
    assert told >= 10


def possible(order: Any, number: int) -> dict[str, Any]:
    """What the description leaves open and every order has: a code with a number, a time, a price;
    ids that are different."""
    price = order["price"] | {"toPay": "242.00", "vat": "42.00"}
    items = [row | {"itemId": each} for each, row in enumerate(order["items"])]
    return {
        "code": f"{number:08}",
        "creationTime": "2026-11-02T10:30:00+0100",
        "price": price,
        "items": items,
    }


@pytest.mark.parametrize(("path", "key", "parse"), LISTS)
def test_whatever_code_list_is_as_described_is_read(
    spec: Spec, path: str, key: str, parse: Any
) -> None:
    rows = answer_of(spec, f"/api/{path}")["properties"]["data"]["properties"][key]["items"]
    entries = [(parse(row), row) for row in likes(rows)]
    for entry, row in entries:
        assert isinstance(entry, SequenceEntry)
        assert entry.code == str(row["id" if key == "statuses" else "guid"])
        assert entry.name
    assert len(entries) >= 10


def test_whatever_e_shop_is_as_described_is_read(spec: Spec) -> None:
    schema = answer_of(spec, "/api/eshop")["properties"]["data"]
    wanted = ("contactInformation", "settings", "urls")
    small = {"type": "object", "required": wanted} | {
        "properties": {key: schema["properties"][key] for key in wanted}
    }
    for data in likes(small):
        info = shoptet.introduced(data)
        assert isinstance(info, ShopInfo) and info.timezone
    told = shoptet.introduced(
        {
            "settings": {"timezone": "Europe/Prague", "internals": "cs"},
            "urls": [schema_example(schema)],
        }
    )
    assert told.learned["search"] == "https://mujobchod.myshoptet.com/admin/vyhledavani/"


def schema_example(schema: Any) -> dict[str, Any]:
    """The description's own example of an address."""
    row = schema["properties"]["urls"]["items"]["properties"]
    return {key: each["examples"][0] for key, each in row.items()}


def test_the_patterns_are_the_description_s(spec: Spec) -> None:
    """Else our stand-ins for them would not be used."""
    patterns = {each.get("pattern") for each in spec["components"]["schemas"].values()}
    assert BY_PATTERN.keys() <= patterns
