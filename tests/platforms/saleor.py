from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from msgspec import structs

from eshops.source import ItemKind, Metadatum, SourceAddress
from tests.harness.web import Asked, Reply
from tests.platforms.graphql import execute
from tests.platforms.shop import LOGICAL, D, PlatformShop, lines

TOKEN = "tOkEn0123456789aBcDeFgHiJkLmNo"
PLACED = "2026-11-02T09:30:00.000000+00:00"
CHANGED = "2026-11-03T10:45:00.000000+00:00"


def gid(kind: str, number: int | str) -> str:
    """A global id; of what Saleor keeps under a UUID with one."""
    if kind in ("Order", "OrderLine", "OrderDiscount", "TransactionItem"):
        number = str(UUID(int=int(number)))
    return b64encode(f"{kind}:{number}".encode()).decode()


def variant_of(number: str, product: int, variant: int) -> dict[str, Any]:
    return {
        "external_id": gid("OrderLine", number),
        "product_id": gid("Product", product),
        "variant_id": gid("ProductVariant", variant),  # every product has at least one
        "ean": "",  # a variant has no barcode
    }


TOLD = lines(
    {
        "11": variant_of("11", 501, 5011),
        "12": variant_of("12", 502, 5021),
        "13": variant_of("13", 503, 5031),
        "14": {"external_id": "shipping"},
        # Saleor knows no fees: shops sell them as products.
        "15": variant_of("15", 504, 5041)
        | {"kind": ItemKind.PRODUCT, "sku": "COD", "unit_price": D(2)},
        # A discount is told as one amount, with tax where the prices are.
        "16": {"external_id": gid("OrderDiscount", 16), "net": None, "tax": None},
        "17": {"external_id": gid("TransactionEvent", 17)},
    }
)


class SaleorShop(PlatformShop):
    platform = "saleor"
    credentials = {"token": TOKEN}
    wait = None  # a sandbox of Saleor Cloud takes 120 requests a minute and says no more than 429
    differences = {
        "status_code": "payment:FULL",
        "axes": {"payment": "FULL", "authorize": "FULL", "order": "UNFULFILLED"},
        "payment_code": "Kartou online",  # a transaction has a name alone
        "delivery_code": gid("ShippingMethod", 5),
        # Shops keep these in the metadata, and mappings bring them.
        "company_id": "",
        "vat_id": "",
        "pickup_point_id": "",
        "pickup_point_name": "",
        "billing": structs.replace(LOGICAL.billing, email=""),  # an address has none
        "items": (*TOLD[:3], TOLD[4], TOLD[3], *TOLD[5:]),
        "metadata": (
            Metadatum("packeta_point_id", "1234"),
            Metadatum("erp", "77"),
            Metadatum("languageCodeEnum", "CS"),
            Metadatum("channel", "cz"),
            Metadatum("invoices", ["FV/1"]),
            Metadatum("pspReference", ["psp-1"]),
            Metadatum("billingAddress", {"ico": "12345678", "vat": "CZ12345678"}),
        ),
    }

    def answer(self, asked: Asked) -> Reply:
        assert (asked.method, asked.target) == ("POST", "/graphql/")
        assert asked.headers["Content-Type"] == "application/json"
        if asked.headers["Authorization"] != f"Bearer {TOKEN}":
            return self.refusals()["key"]
        roots = {
            "shop": lambda arguments: {"name": "Káva"},
            "app": lambda arguments: {"id": gid("App", 1)},
            "me": lambda arguments: None,
            "orders": self._orders,
            "order": self._order,
            "shippingZones": lambda arguments: connection({"1": ZONE}, arguments),
            "warehouses": lambda arguments: connection({e["id"]: e for e in WAREHOUSES}, arguments),
        }
        self.told: set[str] = set()
        try:
            data = execute(asked.json, roots)
        except Refusal as refusal:
            return error(str(refusal), "GraphQLError", refusal.root)
        if self.poison & self.told and " status" in asked.json["query"]:
            root = next(iter(data))
            message = 'Expected a value of type "OrderStatus" but received: '
            return error(message, "GraphQLError", root)
        return Reply({"data": data, "extensions": COST})

    def _orders(self, arguments: dict[str, Any]) -> Any:
        if not 1 <= arguments["first"] <= 100:
            raise Refusal("orders", "Requesting 101 records on the `orders` connection exceeds …")
        wanted = dict(sorted(self.orders.items(), key=lambda each: b64decode(each[0])))
        filters = arguments.get("filter") or {}
        if "ids" in filters:
            if not all(is_global_id(each) for each in filters["ids"]):
                raise Refusal("orders", '{"ids":[{"message":"Invalid ID specified.","code":""}]}')
            wanted = {each: wanted[each] for each in reversed(wanted) if each in filters["ids"]}
        else:
            assert arguments.get("sortBy", LAST_MODIFIED_AT) == LAST_MODIFIED_AT
            wanted = dict(sorted(wanted.items(), key=lambda each: str(each[1].get("updatedAt"))))
        if "created" in filters:
            day = date.fromisoformat(filters["created"]["gte"])  # a time is refused
            wanted = since(wanted, "created", datetime.combine(day, time(), UTC))
        if "updatedAt" in filters:
            moment = datetime.fromisoformat(filters["updatedAt"]["gte"])
            wanted = since(wanted, "updatedAt", moment)
        told = connection(wanted, arguments)
        told_rows = [edge["node"] for edge in told["edges"]]
        self.told = {each for each, row in wanted.items() if row in told_rows}
        return told

    def _order(self, arguments: dict[str, Any]) -> Any:
        if not is_global_id(arguments["id"]):
            raise Refusal("order", f"Invalid ID: {arguments['id']}. Expected: Order.")
        self.told = {arguments["id"]}
        return self.orders.get(arguments["id"])

    def ids(self, count: int) -> list[str]:
        return [gid("Order", each) for each in range(1, count + 1)]

    def order(self, external_id: str) -> Any:
        return {
            "id": external_id,
            "number": "1",
            "created": PLACED,
            "updatedAt": PLACED,
            "status": "UNFULFILLED",
            "chargeStatus": "NONE",
            "authorizeStatus": "NONE",
            "isPaid": False,
            "languageCodeEnum": "CS",
            "customerNote": "",
            "channel": {"slug": "cz", "taxConfiguration": {"pricesEnteredWithTax": True}},
            "total": price(12.1, 10),
            "shippingPrice": price(0, 0),
            "undiscountedShippingPrice": {"amount": 0.0},
            "shippingTaxRate": 0.0,
            "totalCharged": {"amount": 0.0},
            "totalRefunded": {"amount": 0.0},
            "lines": [line(1, "Káva", 1, 0.21, price(12.1, 10), 10)],
            "discounts": [],
            "giftCards": [],
            "transactions": [],
            "payments": [],
            "grantedRefunds": [],
            "fulfillments": [],
            "invoices": [],
            "metadata": [],
            "privateMetadata": [],
        }

    def logical(self, external_id: str) -> Any:
        note = LOGICAL.customer_note
        billing = [{"key": "ico", "value": "12345678"}, {"key": "vat", "value": "CZ12345678"}]
        return self.order(external_id) | {
            "updatedAt": CHANGED,
            "chargeStatus": "FULL",  # what was granted to be refunded need not be charged
            "authorizeStatus": "FULL",
            "userEmail": LOGICAL.customer_email,
            "user": {"firstName": "Ž.", "lastName": "N."},
            "customerNote": note,
            "billingAddress": address(LOGICAL.billing) | {"metadata": billing},
            "shippingAddress": address(LOGICAL.shipping_address),
            "shippingMethodName": "Zásilkovna",
            "deliveryMethod": {
                "__typename": "ShippingMethod",
                "id": gid("ShippingMethod", 5),
                "name": "Packeta",
            },
            "total": price(78.51, 66),
            "shippingPrice": price(4.84, 4),
            "undiscountedShippingPrice": {"amount": 4.84},
            "shippingTaxRate": 0.21,
            "totalCharged": {"amount": 72.91},
            "totalRefunded": {"amount": 5.6},
            "lines": [
                line(11, "Espresso Ő 1 kg", 2, 0.21, price(18.15, 15), 7.5, 24.2)
                | goods(501, 5011, "COF-ESP"),
                line(12, "Tričko <b>Káva</b>", 1, 0.21, price(36.3, 30), 30)
                | goods(502, 5021, "TEE-M")
                | {"variantName": "Velikost: M"},
                line(13, "Čaj", 3, 0.12, price(16.8, 15), 5) | goods(503, 5031, "TEA"),
                line(15, "Dobírka", 1, 0.21, price(2.42, 2), 2) | goods(504, 5041, "COD"),
            ],
            "discounts": [
                {
                    "id": gid("OrderDiscount", 16),
                    "name": "PODZIM",
                    "reason": None,
                    "total": {"amount": 6.05},
                }
            ],
            "transactions": [
                {
                    "id": gid("TransactionItem", 1),
                    "name": "Kartou online",
                    "message": "",
                    "pspReference": "psp-1",
                    "createdAt": "2026-11-02T09:29:00.000000+00:00",
                    "authorizedAmount": {"amount": 0.0},
                    "chargedAmount": {"amount": 72.91},
                    "refundedAmount": {"amount": 5.6},
                    "createdBy": {"__typename": "App", "identifier": "pay", "name": "Pay"},
                    "events": [
                        event(16, "CHARGE_SUCCESS", "2026-11-02T09:31:00.000000+00:00", 78.51),
                        event(17, "REFUND_SUCCESS", CHANGED, 5.6),
                    ],
                }
            ],
            "grantedRefunds": [
                {"reason": "Poškozené", "transactionEvents": [{"id": gid("TransactionEvent", 17)}]}
            ],
            "fulfillments": [{"status": "CANCELED", "trackingNumber": "OLD"}],
            "invoices": [{"number": "FV/1"}],
            "metadata": [{"key": "packeta_point_id", "value": "1234"}],
            "privateMetadata": [{"key": "erp", "value": "77"}],
        }

    def spoiled(self, external_id: str) -> Any:
        return self.order(external_id) | {"total": {"gross": {"amount": "a lot"}}}

    def refusals(self) -> Mapping[str, Reply]:
        message = "To access this path, you need one of the following permissions: MANAGE_ORDERS"
        known = {"shop": {"name": "Káva"}, "app": {"id": gid("App", 1)}, "me": None}
        return {
            "key": error(message, "PermissionDenied", "orders"),
            "right": error(message, "PermissionDenied", "orders", known),
        }

    def slow_down(self) -> Reply:
        return Reply(b"", 429)


class Refusal(Exception):
    def __init__(self, root: str, message: str) -> None:
        super().__init__(message)
        self.root = root


COST = {"cost": {"requestedQueryCost": 100, "maximumAvailable": 50000}}


def error(message: str, kind: str, root: str, data: Mapping[str, Any] | None = None) -> Reply:
    told = {
        "message": message,
        "locations": [{"line": 1, "column": 2}],
        "path": [root],
        "extensions": {"exception": {"code": kind}},
    }
    return Reply({"errors": [told], "data": {**(data or {}), root: None}, "extensions": COST})


def is_global_id(external_id: str) -> bool:
    try:
        return b64decode(external_id, validate=True).startswith(b"Order:")
    except ValueError:
        return False


LAST_MODIFIED_AT = {"field": "LAST_MODIFIED_AT", "direction": "ASC"}


def since(rows: Mapping[str, Any], key: str, moment: datetime) -> dict[str, Any]:
    return {each: row for each, row in rows.items() if datetime.fromisoformat(row[key]) >= moment}


def connection(rows: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A page; the cursor is of the last row, not of its place."""
    ids = list(rows)
    start = ids.index(arguments["after"]) + 1 if arguments.get("after") else 0
    told = ids[start : start + arguments["first"]]
    return {
        "totalCount": len(rows),
        "pageInfo": {
            "hasNextPage": start + len(told) < len(ids),
            "endCursor": told[-1] if told else None,
        },
        "edges": [{"node": rows[each]} for each in told],
    }


def price(gross: float, net: float) -> dict[str, Any]:
    return {
        "gross": {"amount": float(gross), "currency": "EUR"},
        "net": {"amount": float(net)},
    }


def line(
    number: int,
    name: str,
    quantity: int,
    rate: float,
    total: dict[str, Any],
    unit: float,
    before: float | None = None,
) -> dict[str, Any]:
    return {
        "id": gid("OrderLine", number),
        "productName": name,
        "variantName": gid("ProductVariant", 9),  # as Saleor calls a variant without a name
        "productSku": None,
        "productVariantId": gid("ProductVariant", 9),
        "variant": None,
        "quantity": quantity,
        "taxRate": rate,
        "unitPrice": {"net": {"amount": float(unit)}},
        "totalPrice": total,
        "undiscountedTotalPrice": {"gross": {"amount": before or total["gross"]["amount"]}},
        "discounts": [],
        "metadata": [],
    }


def goods(product: int, variant: int, sku: str) -> dict[str, Any]:
    found = gid("ProductVariant", variant)
    return {
        "variantName": found,
        "productSku": sku,
        "productVariantId": found,
        "variant": {"id": found, "product": {"id": gid("Product", product)}},
    }


def event(number: int, kind: str, at: str, amount: float) -> dict[str, Any]:
    return {
        "id": gid("TransactionEvent", number),
        "type": kind,
        "message": "",
        "createdAt": at,
        "amount": {"amount": amount},
    }


def address(told: SourceAddress) -> dict[str, Any]:
    return {
        "firstName": told.first_name,
        "lastName": told.last_name,
        "companyName": told.company,
        "streetAddress1": told.line1,
        "streetAddress2": "",
        "city": told.city,
        "postalCode": told.postcode,
        "countryArea": "",
        "phone": told.phone,
        "country": {"code": told.country},
        "metadata": [],
    }


ZONE = {
    "id": gid("ShippingZone", 1),
    "name": "Evropa",
    "shippingMethods": [{"id": gid("ShippingMethodType", 5), "name": "Zásilkovna"}],
}
WAREHOUSES = [
    {"id": gid("Warehouse", "a"), "name": "Sklad", "clickAndCollectOption": "DISABLED"},
    {"id": gid("Warehouse", "b"), "name": "Prodejna Brno", "clickAndCollectOption": "LOCAL"},
]
