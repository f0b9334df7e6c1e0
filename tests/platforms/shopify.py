"""A small shop on Shopify: what it tells are the fields that were asked for, of each connection as
many nodes as were asked for, and nothing where that would cost more than 1,000 points."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from graphql import parse
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from graphql.utilities import value_from_ast_untyped

from eshops.source import Metadatum, SourceAddress
from tests.harness.web import Asked, Reply
from tests.platforms import graphql
from tests.platforms.shop import LOGICAL, PlatformShop, lines

TOKEN = "shpat_0123456789abcdef0123456789abcdef"
CLIENT = {"client_id": "0a1b2c3d4e5f", "client_secret": "shpss_fedcba9876543210"}
PATH = "/admin/api/2026-10/graphql.json"
LIMIT = 1000
RIGHTS = ("read_orders", "read_all_orders", "read_customers", "read_products")
PLACED = "2026-11-02T09:30:00Z"
BILLED = {"billingAddress", "pageInfo", "presentmentMoney", "price"}
"""Fields with an object that costs nothing; all whose names end in Set, which is money, are too."""


class ShopifyShop(PlatformShop):
    platform = "shopify"
    credentials = {"access_token": TOKEN}
    # An order may cost 66 points of the 1,000 that a request may, so that 15 orders are one. Should
    # a list of ids cost as little as other lists do, which is not documented, it is 2 for 100.
    requests = {1: 1, 100: 7}
    differences = {
        "number": "#1001",
        "status_code": "payment:PARTIALLY_REFUNDED",
        "axes": {
            "order": "OPEN",
            "payment": "PARTIALLY_REFUNDED",
            "fulfillment": "UNFULFILLED",
            "return": "NO_RETURN",
        },
        "payment_code": "shopify_payments",
        "delivery_code": "packeta",
        # A company has a number of the merchant's own choice, which goes to the metadata. Shopify
        # tells no pickup point of an order: apps that have some write them into its attributes.
        "company_id": "",
        "pickup_point_id": "",
        "pickup_point_name": "",
        "items": lines(
            {
                "11": {"variant_id": "5011"},  # every product has a variant, if only one
                # A variant is told as “M”, without what it is of.
                "12": {"variant": "M", "metadata": (Metadatum("Věnování", "Pro Janu"),)},
                "16": {"external_id": "0"},  # a discount has a position and no id
            }
        ),
        "metadata": (
            Metadatum("packeta_point_id", "1234"),
            Metadatum("custom.gift_wrap", "true"),
            Metadatum("confirmationNumber", "XPAV284CT"),
            Metadatum("sourceName", "web"),
            Metadatum("tags", ["VIP"]),
            Metadatum("companyExternalId", "12345678"),
        ),
    }

    def __init__(self, *given: Any) -> None:
        self.rights: tuple[str, ...] = RIGHTS
        self.cost: Callable[[DocumentNode, Mapping[str, Any]], int] = requested_cost
        self.too_costly: Callable[[int], Any] = too_costly
        super().__init__(*given)

    def answer(self, asked: Asked) -> Reply:
        assert asked.method == "POST" and asked.headers["Content-Type"] == "application/json"
        if asked.path == "/admin/oauth/access_token":
            return self._sign_in(asked.json)
        assert asked.path == PATH
        if asked.headers["X-Shopify-Access-Token"] != TOKEN:
            return self.refusals()["key"]
        cost = self.cost(parse(asked.json["query"]), asked.json["variables"])
        if cost > LIMIT:
            return Reply(self.too_costly(cost))
        roots = {name: partial(call, value) for name, value in self.roots().items()}
        try:
            data = graphql.execute(asked.json, roots)
        except Poisoned:
            return Reply({**failure("INTERNAL_SERVER_ERROR"), "extensions": points(cost)})
        return Reply({"data": data, "extensions": points(cost)})

    def _sign_in(self, given: Any) -> Reply:
        assert given.pop("grant_type") == "client_credentials"
        if given == CLIENT:
            return Reply({"access_token": TOKEN, "scope": "read_orders", "expires_in": 86399})
        return Reply({"error": "invalid_client", "error_description": "No."}, 400)

    def roots(self) -> dict[str, Any]:
        """The fields of the query: values, and functions of None and the arguments."""
        return {
            "shop": {
                "id": "gid://shopify/Shop/1",
                "name": "Káva",
                "ianaTimezone": "Europe/Prague",
                "myshopifyDomain": "kava.myshopify.com",
            },
            "currentAppInstallation": {
                "id": "gid://shopify/AppInstallation/1",
                "accessScopes": [{"handle": right} for right in self.rights],
            },
            "order": lambda info, id: self._order(id),
            "node": lambda info, id: self._node(id),
            "nodes": lambda info, ids: self._nodes(ids),
            "orders": self._orders,
            "ordersCount": lambda info, query=None, limit=10_000: {
                "count": len(self._matching(query)),
                "precision": "EXACT",
            },
        }

    def _order(self, gid: str) -> Any:
        found = re.fullmatch(r"gid://shopify/Order/([1-9][0-9]*)", gid)
        assert found, "Shopify refuses the whole request for an id of another form"
        return self._told(found[1]) if found[1] in self.orders else None

    def _node(self, gid: str) -> Any:
        if "/Refund/" not in gid:
            return self._order(gid)
        refunds = [each for order in self.orders.values() for each in order.get("refunds", [])]
        return paged(next(each for each in refunds if each["id"] == gid)) | {"__typename": "Refund"}

    def _nodes(self, gids: list[str]) -> list[Any]:
        assert 0 < len(gids) <= 250
        return [self._order(gid) for gid in gids]

    def _told(self, external_id: str) -> Any:
        """The order, with its connections as functions of how much of them is asked for. One that
        cannot be put into words fails when it is looked into."""
        told = paged(self.orders[external_id]) | {"__typename": "Order"}
        told["refunds"] = [
            paged(each) if isinstance(each, dict) else each for each in listed(told.get("refunds"))
        ] or told.get("refunds")
        if external_id in self.poison:
            told["name"] = poisoned
        return told

    def _matching(self, query: str | None) -> list[str]:
        wanted = sorted(self.orders, key=int)
        if query is None:
            return wanted
        found = re.fullmatch(r"(created|updated)_at:>='(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)'", query)
        assert found
        key = f"{found[1]}At"
        return [each for each in wanted if self.orders[each][key] >= found[2]]

    def _orders(
        self,
        info: Any,
        first: int,
        after: str | None = None,
        query: str | None = None,
        sortKey: str = "PROCESSED_AT",
        reverse: bool = False,
    ) -> Any:
        assert 0 < first <= 250
        if query or after:
            by_change = query and query.startswith("updated")
            assert sortKey == ("UPDATED_AT" if by_change else "CREATED_AT")
        wanted = self._matching(query)[:: -1 if reverse else 1]
        if after is not None:
            wanted = [each for each in wanted if int(each) > int(after)]
        told = wanted[:first]
        return {
            "nodes": [self._told(each) for each in told],
            "pageInfo": {
                "hasNextPage": len(wanted) > first,
                "endCursor": told[-1] if told else None,
            },
        }

    def ids(self, count: int) -> list[str]:
        return [str(5_000_000_000_000 + each) for each in range(1, count + 1)]

    def order(self, external_id: str) -> Any:
        return small_order(external_id)

    def logical(self, external_id: str) -> Any:
        billing = LOGICAL.billing
        return self.order(external_id) | {
            "name": "#1001",
            "updatedAt": "2026-11-03T10:45:00Z",
            "displayFinancialStatus": "PARTIALLY_REFUNDED",
            "fullyPaid": True,
            "email": billing.email,
            "note": LOGICAL.customer_note,
            "confirmationNumber": "XPAV284CT",
            "sourceName": "web",
            "tags": ["VIP"],
            "paymentGatewayNames": ["shopify_payments"],
            **bags(
                totalPriceSet="78.51",
                currentTotalPriceSet="72.91",
                totalTaxSet="12.51",
                currentTotalTaxSet="11.91",
                totalReceivedSet="78.51",
                totalRefundedSet="5.6",
            ),
            "additionalFees": [
                {
                    "id": "gid://shopify/AdditionalFee/15",
                    "name": "Dobírka",
                    "price": money("2.42"),
                    "taxLines": [tax("0.42", 21.0)],
                }
            ],
            "transactions": [
                transaction("AUTHORIZATION", "2026-11-02T09:30:05Z"),
                transaction("CAPTURE", "2026-11-02T09:31:00Z"),
                transaction("REFUND", "2026-11-03T10:45:00Z"),
            ],
            "customer": {
                "firstName": "Žofie",
                "lastName": "Nováková",
                "defaultEmailAddress": {"emailAddress": billing.email},
                "defaultPhoneNumber": {"phoneNumber": LOGICAL.customer_phone},
            },
            "purchasingEntity": {
                "__typename": "PurchasingCompany",
                "company": {"name": "Káva s.r.o.", "externalId": "12345678"},
                "location": {"taxSettings": {"taxRegistrationId": LOGICAL.vat_id}},
            },
            "billingAddress": address(billing),
            "shippingAddress": address(LOGICAL.shipping_address),
            "refunds": [
                {
                    "id": "gid://shopify/Refund/17",
                    "note": "Poškozené",
                    "createdAt": "2026-11-03T10:45:00Z",
                    "totalRefundedSet": money("5.6"),
                    "refundLineItems": connection(refunded("13", 1, "5.6", "0.6")),
                }
            ],
            "customAttributes": [{"key": "packeta_point_id", "value": "1234"}],
            "metafields": connection({"namespace": "custom", "key": "gift_wrap", "value": "true"}),
            "shippingLines": connection(
                {
                    "id": "gid://shopify/ShippingLine/14",
                    "title": "Zásilkovna",
                    "code": "packeta",
                    "discountedPriceSet": money("4.84"),
                    "discountAllocations": [],
                    "taxLines": [tax("0.84", 21.0)],
                }
            ),
            "lineItems": connection(
                line("11", "Espresso Ő 1 kg", 2, "24.2", "3.15")
                | {
                    "sku": "COF-ESP",
                    "product": {"id": "gid://shopify/Product/501"},
                    "variant": {
                        "id": "gid://shopify/ProductVariant/5011",
                        "barcode": "8594001234567",
                    },
                    "discountAllocations": [allocation("6.05", "PODZIM")],
                },
                line("12", "Tričko <b>Káva</b>", 1, "36.3", "6.3")
                | {
                    "sku": "TEE-M",
                    "variantTitle": "M",
                    "product": {"id": "gid://shopify/Product/502"},
                    "variant": {"id": "gid://shopify/ProductVariant/5021", "barcode": None},
                    "customAttributes": [{"key": "Věnování", "value": "Pro Janu"}],
                },
                line("13", "Čaj", 3, "16.8", "1.8", 12.0)
                | {"sku": "TEA", "product": {"id": "gid://shopify/Product/503"}},
            ),
        }

    def spoiled(self, external_id: str) -> Any:
        return self.order(external_id) | {"currentTotalPriceSet": money("a lot")}

    def refusals(self) -> Mapping[str, Reply]:
        key = "[API] Invalid API key or access token (unrecognized login or wrong password)"
        return {"key": Reply({"errors": key}, 401), "right": Reply(denied("orders", "read_orders"))}

    def slow_down(self) -> Reply:
        """1,000 points are wanted, 400 are there and 20 come each second."""
        cost = points(1000, available=400, rate=20)
        return Reply({**failure("THROTTLED"), "extensions": cost})


class Poisoned(Exception):
    """An order cannot be put into words."""


def poisoned(info: Any) -> Any:
    raise Poisoned


def call(value: Any, given: Mapping[str, Any]) -> Any:
    return value(None, **given) if callable(value) else value


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


# what it says


def small_order(external_id: str) -> Any:
    return {
        "id": f"gid://shopify/Order/{external_id}",
        "name": f"#{external_id}",
        "createdAt": PLACED,
        "updatedAt": PLACED,
        "cancelledAt": None,
        "closedAt": None,
        "cancelReason": None,
        "displayFinancialStatus": "PENDING",
        "displayFulfillmentStatus": "UNFULFILLED",
        "returnStatus": "NO_RETURN",
        "fullyPaid": False,
        "presentmentCurrencyCode": "EUR",
        "taxesIncluded": True,
        "dutiesIncluded": False,
        "email": None,
        "phone": None,
        "note": None,
        "poNumber": None,
        "confirmationNumber": None,
        "sourceName": None,
        "tags": [],
        "test": False,
        "paymentGatewayNames": [],
        **bags(
            totalPriceSet="12.1",
            currentTotalPriceSet="12.1",
            totalTaxSet="2.1",
            currentTotalTaxSet="2.1",
            totalReceivedSet="0.0",
            totalRefundedSet="0.0",
            totalTipReceivedSet="0.0",
        ),
        "originalTotalDutiesSet": None,
        "currentTotalDutiesSet": None,
        "totalCashRoundingAdjustment": bags(paymentSet="0.0"),
        "additionalFees": [],
        "transactions": [],
        "customer": None,
        "purchasingEntity": None,
        "billingAddress": None,
        "shippingAddress": None,
        "fulfillments": [],
        "refunds": [],
        "customAttributes": [],
        "localizedFields": connection(),
        "shippingLines": connection(),
        "metafields": connection(),
        "lineItems": connection(line("1", "Káva", 1, "12.1", "2.1")),
    }


def money(amount: str) -> dict[str, Any]:
    return {"presentmentMoney": {"amount": amount}}


def bags(**amounts: str) -> dict[str, Any]:
    return {key: money(amount) for key, amount in amounts.items()}


def tax(amount: str, rate: float) -> dict[str, Any]:
    return {"ratePercentage": rate, "priceSet": money(amount)}


def line(
    number: str, title: str, quantity: int, total: str, tax_in_it: str, rate: float = 21.0
) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{number}",
        "title": title,
        "variantTitle": None,
        "sku": None,
        "quantity": quantity,
        "product": None,
        "variant": None,
        "customAttributes": [],
        "originalTotalSet": money(total),
        "discountAllocations": [],
        "taxLines": [tax(tax_in_it, rate)],
    }


def allocation(amount: str, code: str, index: int = 0) -> dict[str, Any]:
    source = {"__typename": "DiscountCodeApplication", "index": index, "code": code}
    return {"allocatedAmountSet": money(amount), "discountApplication": source}


def refunded(
    number: str, quantity: int, subtotal: str, tax_in_it: str, restock: str = "NO_RESTOCK"
) -> dict[str, Any]:
    return {
        "quantity": quantity,
        "restockType": restock,
        "lineItem": {"id": f"gid://shopify/LineItem/{number}"},
        **bags(subtotalSet=subtotal, totalTaxSet=tax_in_it),
    }


def transaction(kind: str, at: str, **other: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "status": "SUCCESS",
        "gateway": "shopify_payments",
        "formattedGateway": LOGICAL.payment_name,
        "processedAt": at,
        **other,
    }


def address(told: SourceAddress) -> dict[str, Any]:
    return {
        "firstName": told.first_name,
        "lastName": told.last_name,
        "company": told.company or None,
        "address1": told.line1,
        "address2": None,
        "city": told.city,
        "province": None,
        "provinceCode": None,
        "zip": told.postcode,
        "countryCodeV2": told.country,
        "phone": told.phone or None,
    }


def connection(*nodes: Any) -> dict[str, Any]:
    return {"nodes": list(nodes), "pageInfo": {"hasNextPage": False, "endCursor": None}}


def paged(owner: Mapping[str, Any]) -> dict[str, Any]:
    """`owner` with its connections as functions, which tell so many nodes behind a cursor."""
    return {
        key: page_of(value) if isinstance(value, dict) and "nodes" in value else value
        for key, value in owner.items()
    }


def page_of(whole: Mapping[str, Any]) -> Callable[..., Any]:
    def page(info: Any, first: int, after: str | None = None, **defaults: bool) -> Any:
        assert 0 < first <= 250 and not any(defaults.values())
        nodes, start = whole["nodes"], int(after or 0)
        if not isinstance(nodes, list) or (start == 0 and len(nodes) <= first):
            return whole
        end = start + first
        paging = {"hasNextPage": end < len(nodes), "endCursor": str(end)}
        return {"nodes": nodes[start:end], "pageInfo": paging}

    return page


# errors


def failure(code: str, **more: Any) -> dict[str, Any]:
    return {"errors": [{"message": code.capitalize(), "extensions": {"code": code, **more}}]}


def too_costly(cost: int) -> dict[str, Any]:
    return failure("MAX_COST_EXCEEDED", cost=cost, maxCost=LIMIT)


def denied(field: str, right: str) -> dict[str, Any]:
    """Shopify tells what may be read and leaves the rest out."""
    access = f"`{right}` access scope."
    error = {
        "message": f"Access denied for {field} field. Required access: {access}",
        "extensions": {"code": "ACCESS_DENIED", "requiredAccess": access},
        "path": [field],
    }
    return {"data": {"shop": {"name": "Káva"}, field: None}, "errors": [error]}


# points


def points(requested: int, available: int = 2000, rate: float = 100) -> dict[str, Any]:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": requested, "throttleStatus": status}}


def requested_cost(document: DocumentNode, variables: Mapping[str, Any]) -> int:
    """What the document may cost at most, by the rules in `eshops.adapters.shopify.queries`."""
    fragments = {
        each.name.value: each.selection_set
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    (operation,) = [e for e in document.definitions if isinstance(e, OperationDefinitionNode)]

    def fields(chosen: SelectionSetNode) -> Iterator[FieldNode]:
        for each in chosen.selections:
            if isinstance(each, FieldNode):
                yield each
            elif isinstance(each, FragmentSpreadNode):
                yield from fields(fragments[each.name.value])
            else:
                yield from fields(each.selection_set)  # type: ignore[attr-defined]

    def cost(field: FieldNode) -> int:
        name = field.name.value
        if field.selection_set is None or name in BILLED or name.endswith("Set"):
            return 0
        inside = sum(cost(each) for each in fields(field.selection_set))
        arguments = {
            each.name.value: value_from_ast_untyped(each.value, dict(variables))
            for each in field.arguments or ()
        }
        if name == "nodes" and "ids" in arguments:
            return len(arguments["ids"]) * (1 + inside)
        if "first" in arguments:
            return 2 + inside * math.floor(2 * math.log(max(2, arguments["first"])))
        return 1 + inside

    return sum(cost(each) for each in fields(operation.selection_set))
