"""Everything the adapter asks for is in Shopify's own description of its API, and what our small
shop answers is what a server with that description would."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLSchema, build_client_schema, graphql_sync, parse
from graphql.validation import validate

from eshops.adapters.shopify import orders, queries
from eshops.adapters.shopify.sequences import STATUSES
from tests.harness.web import Asked, Reply, WebServer
from tests.platforms.shopify import (
    ShopifyShop,
    allocation,
    connection,
    line,
    points,
    refunded,
)

SCHEMA = next(
    (
        found
        for parent in Path(__file__).parents
        if (found := parent / "shared/specs/shopify/admin_2026-10.json.gz").is_file()
    ),
    None,
)
UNSAID = {
    ("fulfillment", "UNFULFILLED"),
    ("fulfillment", "OPEN"),
    ("fulfillment", "RESTOCKED"),
    ("fulfillment", "FULFILLMENT_NOT_REQUIRED"),
    ("return", "NO_RETURN"),
    ("return", "RETURN_FAILED"),
}
"""Codes that are never an order's status: each time the payment says more."""

pytestmark = pytest.mark.skipif(SCHEMA is None, reason="Shopify's schema is not here")


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """Taken for valid: of some deprecated fields graphql-core is stricter than Shopify."""
    assert SCHEMA
    told = json.loads(gzip.decompress(SCHEMA.read_bytes()))
    return build_client_schema(told.get("data", told), assume_valid=True)


@pytest.fixture
def shop(server: WebServer) -> ShopifyShop:
    return ShopifyShop(server)


def full(shop: ShopifyShop, external_id: str) -> Any:
    """An order with more than one of everything, and more than its first answer holds."""
    order = shop.logical(external_id)
    lines = [
        line(str(each), "Káva", 1, "12.1", "2.1")
        | {"discountAllocations": [allocation("1", f"Sleva {each}", each)]}
        for each in range(1, 14)
    ]
    (shipping,) = order["shippingLines"]["nodes"]
    edit = {
        "id": "gid://shopify/Refund/18",
        "note": None,
        "createdAt": "2026-11-03T10:45:00Z",
        "totalRefundedSet": {"presentmentMoney": {"amount": "0"}},
        "refundLineItems": connection(*(refunded(str(each), 1, "11.1", "2") for each in (1, 2, 3))),
    }
    return order | {
        "lineItems": connection(*lines),
        "shippingLines": connection(*({**shipping, "id": f"x/{each}"} for each in range(3))),
        "metafields": connection(
            *({"namespace": "a", "key": str(each), "value": "1"} for each in range(13))
        ),
        "localizedFields": connection(
            *({"key": key, "value": "1"} for key in ("TAX_CREDENTIAL_IT", "TAX_EMAIL_IT"))
        ),
        "refunds": [*order["refunds"], edit],
        "fulfillments": [
            {"status": "SUCCESS", "trackingInfo": [{"number": "Z1", "url": "https://x/Z1"}]}
        ],
    }


def do_everything(shop: ShopifyShop) -> list[Any]:
    one, two, absent, poison = shop.ids(4)
    shop.orders = {one: shop.logical(one), two: full(shop, two), poison: shop.order(poison)}
    adapter = shop.adapter()
    told: list[Any] = [adapter.fetch_info(), adapter.fetch_sequences()]
    told += [answer.result for answer in adapter.fetch_orders([one, two])]
    told += [type(answer.result) for answer in adapter.fetch_orders([absent])]
    for by_change in (False, True):
        page = adapter.fetch_page(None, datetime(2026, 1, 1, tzinfo=UTC), by_change)
        told += [page.total, *(answer.result for answer in page.answers)]
    shop.stock(*(str(6_000_000_000_000 + each) for each in range(200)))
    page = adapter.fetch_page(adapter.fetch_page(None, None).cursor, None)
    told += [answer.result for answer in page.answers]
    shop.poison = {poison}
    told += [answer.external_id for answer in adapter.fetch_page(None, None).answers]
    return told


def test_every_query_is_valid(shop: ShopifyShop, schema: GraphQLSchema) -> None:
    do_everything(shop)
    asked = {each.json["query"] for each in shop.server.asked}
    assert {query.split()[1].partition("(")[0] for query in asked} == {
        *("Info", "Access", "ByIds", "Absent", "FirstPage", "NextPage", "PageIds", "More")
    }
    for query in asked | {queries.BY_ID, *queries.MORE.values()}:
        document = parse(query)
        assert validate(schema, document) == []
        assert "mutation" not in query


def test_the_small_shop_answers_as_the_schema_says(
    server: WebServer, schema: GraphQLSchema
) -> None:
    """The same orders come out when a server executes the queries on Shopify's schema, which lets
    no field be null that must not be, nor a code be one that is not listed."""
    plain = do_everything(ShopifyShop(server))
    shop, seen = ShopifyShop(server), list[Any]()

    def executed(asked: Asked) -> Reply | None:
        if shop.poison:
            return None
        told = graphql_sync(
            schema,
            asked.json["query"],
            root_value=shop.roots(),
            variable_values=asked.json["variables"],
        )
        assert not told.errors, told.errors
        seen.append(told.data)
        return Reply({"data": told.data, "extensions": points(66)})

    shop.override = executed
    assert do_everything(shop) == plain
    assert len(seen) > 10


def values(schema: GraphQLSchema, name: str) -> set[str]:
    found = schema.type_map[name]
    assert isinstance(found, GraphQLEnumType)
    return set(found.values)


def test_every_status_of_the_schema_is_told_or_left_out_knowingly(schema: GraphQLSchema) -> None:
    axes = {
        "payment": "OrderDisplayFinancialStatus",
        "fulfillment": "OrderDisplayFulfillmentStatus",
        "return": "OrderReturnStatus",
    }
    listed = {(axis, code) for axis, name in axes.items() for code in values(schema, name)}
    known = {(status.axis, status.code) for status in STATUSES if status.axis != "order"}
    assert known | UNSAID == listed
    assert not known & UNSAID


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("OrderDisplayFinancialStatus", orders.PAID),
        ("FulfillmentStatus", orders.LOST),
        ("OrderTransactionStatus", orders.PAYING),
        ("OrderTransactionKind", orders.PAYMENTS),
        ("OrderSortKeys", {"CREATED_AT", "UPDATED_AT"}),
    ],
)
def test_the_codes_it_knows_are_in_the_schema(
    schema: GraphQLSchema, name: str, codes: set[str]
) -> None:
    assert codes and codes <= values(schema, name)


def test_the_tax_numbers_among_the_localized_fields(schema: GraphQLSchema) -> None:
    keys = values(schema, "LocalizedFieldKey")
    numbers = {key for key in keys if orders.TAX_ID.fullmatch(key)}
    assert {"TAX_CREDENTIAL_IT", "TAX_CREDENTIAL_ES", "TAX_CREDENTIAL_PT"} <= numbers
    assert {key for key in keys - numbers if key.startswith("TAX_CREDENTIAL")} == {
        *("TAX_CREDENTIAL_TYPE_CO", "TAX_CREDENTIAL_TYPE_MX", "TAX_CREDENTIAL_USE_MX")
    }
