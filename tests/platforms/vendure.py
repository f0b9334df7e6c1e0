import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from eshops.source import Adapter, Metadatum, SourceAddress
from tests.harness.web import Asked, Reply
from tests.platforms.graphql import execute
from tests.platforms.shop import LOGICAL, PlatformShop, lines

USERNAME, PASSWORD = "fynode@kava.test", "h3slo/ěF9 +AbC"
TOKEN = "6a4f0e6b1f2d45d8a5b1c9f1a2b3c4d5e6f7"
API_KEY = "af3a19f7d2b4daadc9425b46:db1c7c70a9f2428b3c5c90ff8f793658"
CUSTOM_FIELDS = re.compile(r"customFields \{ (.*?) \}\n")

SORTED_BY = ("id", "createdAt", "updatedAt", "orderPlacedAt", "code")
"""The keys of a list in the order in which it is sorted by them: that of the schema."""

CONFIG = {
    "moneyStrategyPrecision": 2,
    "entityCustomFields": [
        {"entityName": "Address", "customFields": [{"name": "companyId"}]},
        {
            "entityName": "Order",
            "customFields": [
                {"name": "note"},
                {"name": "gift"},
                {"name": "point", "fields": [{"name": "id"}, {"name": "name"}]},
                {"name": "agent", "entity": "Seller", "scalarFields": ["id", "name", "createdAt"]},
            ],
        },
        {"entityName": "OrderLine", "customFields": [{"name": "engraving"}]},
        {"entityName": "Product", "customFields": [{"name": "producer"}]},
    ],
    "orderProcess": [
        {"name": "AddingItems"},
        {"name": "PaymentSettled"},
        {"name": "ReadyForPickup"},
        {"name": "Cancelled"},
    ],
}
LEARNED = {
    "Address": "companyId",
    "Order": "note gift point{id name} agent{id name}",
    "OrderLine": "engraving",
}
PAYMENT_METHODS = [
    {
        "code": "card",
        "name": "Kartou online",
        "description": "<p>Visa &amp; Mastercard</p>",
        "enabled": True,
        "handler": {"code": "stripe"},
    },
    {
        "code": "bank-transfer",
        "name": "Převodem",
        "description": "",
        "enabled": False,
        "handler": {"code": "dummy-payment-handler"},
    },
]
SHIPPING_METHODS = [{"code": "packeta", "name": "Zásilkovna", "description": ""}]


class VendureShop(PlatformShop):
    """On PostgreSQL, where an id that is no number fails a whole list."""

    platform = "vendure"
    credentials = {"username": USERNAME, "password": PASSWORD}
    requests = {1: 2, 100: 2}  # one of them signs in
    channels: tuple[str, ...] = ("__default_channel__", "japan")
    """Where the user has a role."""
    differences = {
        "number": "T7GPXB4S9JNXPZG1",
        "status_code": "order:PaymentSettled",
        "axes": {"payment": "Settled", "order": "PaymentSettled"},
        "payment_code": "card",
        "delivery_code": "packeta",
        # Vendure has no fields for these; a shop adds custom fields, and mappings bring them.
        "customer_note": "",
        "company_id": "",
        "vat_id": "",
        "pickup_point_id": "",
        "pickup_point_name": "",
        "items": lines(
            {
                # Every product has a variant, and none an EAN.
                "11": {
                    "variant_id": "5011",
                    "ean": "",
                    "metadata": (Metadatum("engraving", "Pro Žofii"),),
                },
                "13": {"variant_id": "5031"},
                "16": {"external_id": "PROMOTION:16"},
                "17": {"metadata": (Metadatum("state", "Settled"),)},
            }
        ),
        "metadata": (
            Metadatum("note", LOGICAL.customer_note),
            Metadatum("gift", False),
            Metadatum("point", {"id": "1234", "name": "Z-BOX Praha 1"}),
            Metadatum("billingAddress", {"companyId": "12345678"}),
            Metadatum("couponCodes", ["PODZIM"]),
            Metadatum(
                "payments",
                [
                    {
                        "method": "card",
                        "state": "Settled",
                        "transactionId": "pi_3",
                        "metadata": {"card": {"last4": "4242"}},
                    }
                ],
            ),
        ),
    }

    def adapter(self, **how: Any) -> Adapter:
        """With what it learnt when it was connected."""
        return super().adapter(**{"learned": LEARNED} | how)

    def answer(self, asked: Asked) -> Reply:
        if (asked.method, asked.path) != ("POST", "/admin-api"):
            message = f"Cannot {asked.method} {asked.path}"
            return Reply({"message": message, "error": "Not Found", "statusCode": 404}, 404)
        request = asked.json
        if "mutation" in request["query"]:
            return self._sign_in(request["variables"])
        token, key = asked.headers["Authorization"], asked.headers["vendure-api-key"]
        is_elsewhere = "__default_channel__" not in self.channels
        if (token != f"Bearer {TOKEN}" or is_elsewhere) and key != API_KEY:
            return self.refusals()["right"]
        known = set(LEARNED.values()) | {""}
        if not set(CUSTOM_FIELDS.findall(request["query"])) <= known:
            return failed("GRAPHQL_VALIDATION_FAILED", 400)
        try:
            roots = {
                "order": self._order,
                "orders": lambda arguments: self._orders(request["query"], arguments["options"]),
                "globalSettings": lambda arguments: {"id": "1", "serverConfig": CONFIG},
                "activeChannel": lambda arguments: {"code": "__default_channel__"},
                "paymentMethods": lambda arguments: {"items": PAYMENT_METHODS},
                "shippingMethods": lambda arguments: {"items": SHIPPING_METHODS},
            }
            return Reply({"data": execute(request, roots)})
        except Fault as fault:
            return failed(str(fault))

    def _sign_in(self, variables: Mapping[str, str]) -> Reply:
        if variables != {"username": USERNAME, "password": PASSWORD}:
            return self.refusals()["key"]
        channels = [{"code": each} for each in self.channels]
        told = {"data": {"login": {"__typename": "CurrentUser", "channels": channels}}}
        return Reply(told, headers={"vendure-auth-token": TOKEN})

    def _order(self, arguments: Mapping[str, str]) -> Any:
        if arguments["id"] in self.poison:
            raise Fault("INTERNAL_SERVER_ERROR")
        return self.orders.get(arguments["id"])

    def _orders(self, query: str, options: Mapping[str, Any]) -> Any:
        wanted = sorted(self.orders, key=int)
        conditions = options.get("filter", {})
        if "id" in conditions:
            assert conditions.keys() == {"id"}
            if not all(re.fullmatch(r"-?\d+", each) for each in conditions["id"]["in"]):
                raise Fault("")
            wanted = [each for each in wanted if each in conditions["id"]["in"]]
        elif conditions:
            assert conditions["orderPlacedAt"]["isNull"] is False
            (key,) = options["sort"].keys() & {"orderPlacedAt", "updatedAt"}
            assert set(options["sort"].values()) == {"ASC"}
            after = conditions.get(key, {}).get("after", "1970-01-01T00:00:00+00:00")
            moment = datetime.fromisoformat(after)
            wanted = [each for each in wanted if self._is_later(each, key, moment)]
            for each in sorted(options["sort"], key=SORTED_BY.index, reverse=True):
                wanted.sort(key=lambda found: sortable(self.orders[found][each]))
        skip, take = options.get("skip", 0), options.get("take", 1000)
        if take > 1000:
            raise Fault("USER_INPUT_ERROR")
        told = wanted[skip : skip + take]
        if self.poison & set(told) and "...Order" in query:
            raise Fault("INTERNAL_SERVER_ERROR")
        return {"totalItems": len(wanted), "items": [self.orders[each] for each in told]}

    def _is_later(self, external_id: str, key: str, moment: datetime) -> bool:
        order = self.orders[external_id]
        return bool(order["orderPlacedAt"]) and datetime.fromisoformat(order[key]) > moment

    def ids(self, count: int) -> list[str]:
        return [str(each) for each in range(1, count + 1)]

    def order(self, external_id: str) -> Any:
        return {
            "id": external_id,
            "code": "T7GPXB4S9JNXPZG1",
            "state": "PaymentAuthorized",
            "type": "Regular",
            "orderPlacedAt": "2026-11-02T09:30:00.000Z",
            "createdAt": "2026-11-02T09:20:00.000Z",
            "updatedAt": "2026-11-02T09:30:00.000Z",
            "currencyCode": "EUR",
            "total": 1000,
            "totalWithTax": 1210,
            "shippingWithTax": 0,
            "couponCodes": [],
            "customer": None,
            "billingAddress": dict.fromkeys([*address(LOGICAL.billing), "customFields"]),
            "shippingAddress": dict.fromkeys([*address(LOGICAL.billing), "customFields"]),
            "lines": [line("1", 1, 1000, 1210, 21)],
            "shippingLines": [],
            "surcharges": [],
            "discounts": [],
            "taxSummary": [],
            "payments": [],
            "fulfillments": [],
            "customFields": {
                "note": None,
                "gift": None,
                "point": {"id": None, "name": None},
                "agent": None,
            },
        }

    def logical(self, external_id: str) -> Any:
        return {
            **self.order(external_id),
            "state": "PaymentSettled",
            "updatedAt": "2026-11-03T10:45:00.000Z",
            "total": 6600,
            "totalWithTax": 7851,
            "shippingWithTax": 484,
            "couponCodes": ["PODZIM"],
            "customer": {
                "firstName": "Žofie",
                "lastName": "Nováková",
                "emailAddress": LOGICAL.customer_email,
                "phoneNumber": LOGICAL.customer_phone,
            },
            "billingAddress": address(LOGICAL.billing)
            | {"customFields": {"companyId": LOGICAL.company_id}},
            "shippingAddress": address(LOGICAL.shipping_address)
            | {"customFields": {"companyId": None}},
            "lines": [
                line("13", 3, 1500, 1680, 12) | variant("503", "5031", "TEA", "Čaj"),
                line("11", 2, 1500, 1815, 21)
                | variant("501", "5011", "COF-ESP", "Espresso Ő 1 kg")
                | {"customFields": {"engraving": "Pro Žofii"}},
                line("12", 1, 3000, 3630, 21)
                | variant("502", "5021", "TEE-M", "Tričko <b>Káva</b>", {"Velikost": "M"}),
            ],
            "shippingLines": [
                {
                    "id": "14",
                    "discountedPrice": 400,
                    "discountedPriceWithTax": 484,
                    "shippingMethod": {"code": "packeta", "name": "Zásilkovna"},
                }
            ],
            "surcharges": [
                {
                    "id": "15",
                    "description": "Dobírka",
                    "sku": "",
                    "price": 200,
                    "priceWithTax": 242,
                    "taxRate": 21,
                }
            ],
            "discounts": [
                {
                    "adjustmentSource": "PROMOTION:16",
                    "description": "PODZIM",
                    "amount": -500,
                    "amountWithTax": -605,
                }
            ],
            "taxSummary": [
                {"description": "Reduced Europe", "taxRate": 12},
                {"description": "Standard Europe", "taxRate": 21},
                {"description": "shipping tax", "taxRate": 21},
            ],
            "payments": [
                {
                    "id": "9",
                    "method": "card",
                    "state": "Settled",
                    "amount": 7851,
                    "transactionId": "pi_3",
                    "errorMessage": None,
                    "createdAt": "2026-11-02T09:30:00.000Z",
                    "updatedAt": "2026-11-02T09:31:00.000Z",
                    "metadata": {"card": {"last4": "4242"}},
                    "refunds": [
                        {"id": "17", "total": 560, "state": "Settled", "reason": "Poškozené"}
                    ],
                }
            ],
            "customFields": {
                "note": LOGICAL.customer_note,
                "gift": False,
                "point": {"id": "1234", "name": "Z-BOX Praha 1"},
                "agent": None,
            },
        }

    def spoiled(self, external_id: str) -> Any:
        return self.order(external_id) | {"totalWithTax": "a lot"}

    def refusals(self) -> Mapping[str, Reply]:
        unknown = {
            "__typename": "InvalidCredentialsError",
            "errorCode": "INVALID_CREDENTIALS_ERROR",
            "message": "The provided credentials are invalid",
        }
        return {"key": Reply({"data": {"login": unknown}}), "right": failed("FORBIDDEN")}

    def slow_down(self) -> Reply:
        """Vendure itself never does; what stands before it may."""
        return Reply(b"", 429, {"Retry-After": "30"})


def sortable(value: str) -> Any:
    return int(value) if value.isdecimal() else value


class Fault(Exception):
    """The code of a GraphQL error; "" for an error of the database, which comes without any."""


def failed(code: str, status: int = 200) -> Reply:
    error: dict[str, Any] = {"message": "It failed.", "path": ["orders"]}
    if code:
        error["extensions"] = {"code": code}
    return Reply({"errors": [error], **({"data": None} if status == 200 else {})}, status)


def address(told: SourceAddress) -> dict[str, str | None]:
    return {
        "fullName": f"{told.first_name} {told.last_name}",
        "company": told.company or None,
        "streetLine1": told.line1,
        "streetLine2": told.line2 or None,
        "city": told.city,
        "province": None,
        "postalCode": told.postcode,
        "countryCode": told.country,
        "phoneNumber": told.phone or None,
    }


def line(external_id: str, quantity: int, net: int, gross: int, rate: int) -> dict[str, Any]:
    return {
        "id": external_id,
        "quantity": quantity,
        "orderPlacedQuantity": quantity,
        "taxRate": rate,
        "proratedUnitPrice": net // quantity,
        "proratedLinePrice": net,
        "proratedLinePriceWithTax": gross,
        "customFields": {"engraving": None},
        **variant("1", "1", "X", "Krabice"),
    }


def variant(
    product_id: str, variant_id: str, sku: str, name: str, options: Mapping[str, str] | None = None
) -> dict[str, Any]:
    return {
        "productVariant": {
            "id": variant_id,
            "productId": product_id,
            "sku": sku,
            "name": name,
            "options": [
                {"name": value, "group": {"name": group}}
                for group, value in (options or {}).items()
            ],
        }
    }
