import json
import time
from collections.abc import Mapping
from datetime import datetime
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote

from msgspec import structs

from eshops.source import Metadatum, SourceAddress
from tests.harness.web import Asked, Reply
from tests.platforms.shop import LOGICAL, D, PlatformShop, lines

TOKEN = "123456-p-789-k0Qe7ZbW2mX9cV4nB8aL1sD5fG3hJ6"
PLACED = "2026-11-02T10:30:00+0100"
CARD = {"guid": "b57f91bb-e920-11e0-baa3-7dc668b75ca8", "name": "Kartou online"}
PACKETA = {"guid": "7878c138-578d-11e9-beb1-002590dad85e", "name": "Zásilkovna"}
HEAD = (
    *("code", "guid", "creationTime", "changeTime", "email", "phone", "customerGuid"),
    *("cashDeskOrder", "adminUrl", "status", "source", "shipping", "paymentMethod", "price"),
    "paid",
)
"""What the list tells of an order, besides some of its addresses and notes."""
ON_DEMAND = {"notes", "shippingDetails", "paymentTransactions"}
FILTERS = {"creationTimeFrom", "creationTimeTo", "changeTimeFrom", "changeTimeTo"}
DETAILS = {
    "branchId": "1234",
    "name": "Z-BOX Praha 1",
    "note": None,
    "place": None,
    "street": "Na Poříčí 7",
    "city": "Praha",
    "zipCode": "11000",
    "countryCode": "CZ",
    "link": None,
    "latitude": "50.09",
    "longitude": "14.43",
    "carrierId": None,
    "shippingCompanyCode": "zasilkovna",
    "shippingServiceCode": "zasilkovna-pickup",
}
TRANSACTION = {
    "transactionId": "018myestp7sjopi9zs5obatbhwcor33e",
    "price": "78.51",
    "status": "OK",
    "creationTime": "2026-11-02T10:30:20+0100",
    "changeTime": "2026-11-02T10:31:00+0100",
}


def product(number: int) -> str:
    return f"{number:08}-d978-11e0-b04f-57a43310b768"


def whole_name(address: SourceAddress) -> SourceAddress:
    return structs.replace(
        address, first_name="", last_name=f"{address.first_name} {address.last_name}"
    )


class ShoptetShop(PlatformShop):
    platform = "shoptet"
    credentials = {"token": TOKEN}
    requests = {1: 1, 100: 100}  # of orders that we were not told before; else 2, see its tests
    differences = {
        "number": "2026000001",  # an order's id in the API is its number
        "status_code": "-2",
        "payment_code": CARD["guid"],
        "delivery_code": PACKETA["guid"],
        "refunded": D(0),  # credit notes are documents of their own
        # A name is one field, and nobody knows which part of it is the family's.
        "billing": whole_name(LOGICAL.billing),
        "shipping_address": whole_name(LOGICAL.shipping_address),
        "items": lines(
            {
                # A coupon is not taken off the products but a line of its own.
                "11": {
                    "product_id": product(501),
                    "unit_price": D(10),
                    "net": D(20),
                    "tax": D("4.2"),
                    "gross": D("24.2"),
                    "metadata": (Metadatum("brand", "Káva"), Metadatum("weight", "1.000")),
                },
                # A variant has no id but its code.
                "12": {"product_id": product(502), "variant_id": ""},
                "13": {"product_id": product(503)},
                "14": {"metadata": (Metadatum("itemType", "shipping"),)},
                "15": {"metadata": (Metadatum("itemType", "billing"),)},
                "16": {
                    "tax_rate": D(21),
                    "in_total": True,
                    "metadata": (Metadatum("itemType", "discount-coupon"),),
                },
                "17": None,
            },
        ),
        "metadata": (
            Metadatum("Balit jako dárek", "ano"),
            Metadatum("additionalField2", "17"),
            Metadatum("eshopRemark", "Volat ráno"),
            Metadatum("guid", "c5012051-d7ca-11e0-9a5c-feab5ed617ed"),
            Metadatum("adminUrl", "https://www.kava.test/admin/objednavky-detail?id=2"),
            Metadatum("source", {"id": -1, "name": "E-Shop"}),
            Metadatum("cashDeskOrder", False),
            Metadatum("stockId", 1),
            Metadatum("vatPayer", True),
            Metadatum("vatMode", "Normal"),
            Metadatum("billingMethod", {"id": 4, "name": "Kartou"}),
            Metadatum("shippingDetails", DETAILS),
            Metadatum("paymentTransactions", [TRANSACTION]),
            Metadatum("exchangeRate", "1.00000000"),
            Metadatum("billingAddress.district", "Brno-město"),
            Metadatum("billingAddress.vatIdValidationStatus", "verified"),
        ),
    }

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.newest_first = True
        self.sorts_by_change = False
        """In which order it lists is not documented."""
        self.filling = 4

    def answer(self, asked: Asked) -> Reply:
        assert asked.method == "GET"
        assert asked.headers["Content-Type"] == "application/json"
        if asked.headers["Shoptet-Private-API-Token"] != TOKEN:
            return self.refusals()["key"]
        path = asked.path.removeprefix("/api/")
        if path == "orders":
            return self._listed(asked.query)
        if path in LISTS:
            assert not asked.query
            return self.enveloped(LISTS[path])
        return self._single(unquote(path.removeprefix("orders/")), asked.query)

    def enveloped(self, data: Any) -> Reply:
        """As the real one's a success: with how full the bucket is now."""
        headers = {"X-RateLimit-Bucket-Filling": f"{self.filling}/200"}
        body = {"data": data, "errors": None, "metadata": {"requestId": "019c8c34-64f3"}}
        return Reply(body, headers=headers)

    def _listed(self, query: Mapping[str, str]) -> Reply:
        if not query.keys() <= {"orderCodes", "itemsPerPage", "page", *FILTERS}:
            return failed(400, "invalid-parameter", "Unsupported query parameters")
        told = list(self.orders)
        if "orderCodes" in query:
            codes = [code for code in query["orderCodes"].split(",") if code]
            if not codes:
                return failed(400, "missing-parameter", "orderCodes")
            if len(codes) > 50:
                return failed(400, "invalid-parameter", "orderCodes")
            told = [each for each in told if each in codes]
        else:
            told = [each for each in told if self._is_within(self.orders[each], query)]
        if self.sorts_by_change:
            told.sort(key=lambda each: str(self.orders[each]["changeTime"]))
        if self.newest_first:
            told.reverse()
        size, page = min(int(query["itemsPerPage"]), 50), int(query["page"])
        shown = told[(page - 1) * size : page * size]
        if self.poison & set(shown):
            return Reply(b"", 500)
        paginator = {
            "totalCount": len(told),
            "page": page,
            "pageCount": -(-len(told) // size),
            "itemsOnPage": len(shown),
            "itemsPerPage": size,
        }
        heads = [head(self.orders[each]) for each in shown]
        return self.enveloped({"orders": heads, "paginator": paginator})

    def _is_within(self, order: Any, query: Mapping[str, str]) -> bool:
        for key in FILTERS & query.keys():
            moment, limit = (
                datetime.strptime(each, "%Y-%m-%dT%H:%M:%S%z")
                for each in (order[key.removesuffix("From").removesuffix("To")], query[key])
            )
            if moment <= limit if key.endswith("From") else moment >= limit:
                return False
        return True

    def _single(self, code: str, query: Mapping[str, str]) -> Reply:
        assert query.keys() == {"include"}
        sections = set(query["include"].split(","))
        assert sections <= {*ON_DEMAND, "surchargeParameters", "stockLocation", "images"}
        if code in self.poison:
            return Reply(b"", 500)
        if code not in self.orders:
            return failed(404, "order-not-found", f'Order "{code}" not found.', code)
        left_out = ON_DEMAND - sections
        order = {key: each for key, each in self.orders[code].items() if key not in left_out}
        return self.enveloped({"order": order})

    def ids(self, count: int) -> list[str]:
        return [str(2026000000 + each) for each in range(1, count + 1)]

    def order(self, external_id: str) -> Any:
        return {
            "code": external_id,
            "guid": None,
            "externalCode": None,
            "creationTime": PLACED,
            "changeTime": PLACED,
            "email": None,
            "phone": None,
            "birthDate": None,
            "clientIPAddress": "127.0.0.1",
            "customerGuid": None,
            "cashDeskOrder": False,
            "stockId": 1,
            "addressesEqual": True,
            "vatPayer": False,
            "vatMode": None,
            "billingMethod": None,
            "paymentMethod": None,
            "shipping": None,
            "adminUrl": "https://www.kava.test/admin/objednavky-detail?id=1",
            "status": {"id": -1, "name": "Nevyřízená"},
            "source": {"id": -1, "name": "E-Shop"},
            "price": price("12.10", "10.00", "2.10"),
            "paid": None,
            "billingAddress": billing_address(SourceAddress()),
            "deliveryAddress": None,
            "onlinePaymentLink": None,
            "referer": None,
            "paymentMethods": [],
            "shippings": [],
            "items": [line(1, "product", "Káva", "1.000", "12.10", "10.00", "2.10", "21.00")],
            "notes": notes(),
            "shippingDetails": None,
            "paymentTransactions": [],
            "completion": [],
        }

    def logical(self, external_id: str) -> Any:
        told = {
            **self.order(external_id),
            "guid": "c5012051-d7ca-11e0-9a5c-feab5ed617ed",
            "changeTime": "2026-11-03T11:45:00+0100",
            "email": LOGICAL.customer_email,
            "phone": LOGICAL.customer_phone,
            "addressesEqual": False,
            "vatPayer": True,
            "vatMode": "Normal",
            "billingMethod": {"id": 4, "name": "Kartou"},
            "paymentMethod": CARD,
            "paymentMethods": [{"paymentMethod": CARD, "itemId": 15}],
            "shipping": PACKETA,
            "shippings": [{"shipping": PACKETA, "itemId": 14}],
            "adminUrl": "https://www.kava.test/admin/objednavky-detail?id=2",
            "status": {"id": -2, "name": "Vyřizuje se"},
            "price": price("78.51", "66.00", "12.51"),
            "paid": True,
            "billingAddress": billing_address(LOGICAL.billing)
            | {"houseNumber": "2/5", "street": "Krátká", "district": "Brno-město"}
            | {"companyId": "12345678", "vatId": "CZ12345678", "taxId": "CZ12345678"}
            | {"vatIdValidationStatus": "verified"},
            "deliveryAddress": address(LOGICAL.shipping_address),
            "items": [
                each | {"status": {"id": -2, "name": "Vyřizuje se"}}
                for each in (
                    line(
                        11, "product", "Espresso Ő 1 kg", "2.000", "24.20", "20.00", "4.20", "21.00"
                    )
                    | {
                        "unitPrice": item_price("12.10", "10.00", "2.10", "21.00"),
                        "code": "COF-ESP",
                    }
                    | {"productGuid": product(501), "brand": "Káva"}
                    | {"ean": "8594001234567", "weight": "1.000"},
                    line(
                        12,
                        "product",
                        LOGICAL.items[1].name,
                        "1.000",
                        "36.30",
                        "30.00",
                        "6.30",
                        "21.00",
                    )
                    | {"productGuid": product(502), "code": "TEE-M", "variantName": "Velikost: M"},
                    line(13, "product", "Čaj", "3.000", "16.80", "15.00", "1.80", "12.00")
                    | {"unitPrice": item_price("5.60", "5.00", "0.60", "12.00"), "code": "TEA"}
                    | {"productGuid": product(503)},
                    line(14, "shipping", "Zásilkovna", "1.000", "4.84", "4.00", "0.84", "21.00"),
                    line(15, "billing", "Dobírka", "1.000", "2.42", "2.00", "0.42", "21.00"),
                    line(
                        16, "discount-coupon", "PODZIM", "1.000", "-6.05", "-5.00", "-1.05", "21.00"
                    ),
                )
            ],
            "notes": notes(
                customerRemark=LOGICAL.customer_note,
                eshopRemark="Volat ráno",
                additionalFields=[
                    {"index": 1, "label": "Balit jako dárek", "text": "ano"},
                    {"index": 2, "label": "", "text": "17"},
                    {"index": 3, "label": "3. pole", "text": None},
                ],
            ),
            "shippingDetails": DETAILS,
            "paymentTransactions": [TRANSACTION],
        }
        return json.loads(json.dumps(told))  # nothing in it is in it twice, or in another order

    def spoiled(self, external_id: str) -> Any:
        return self.order(external_id) | {"price": price("a lot", "10.00", "2.10")}

    def refusals(self) -> Mapping[str, Reply]:
        return {
            "key": failed(401, "invalid-token", "Invalid access token."),
            "right": failed(
                403,
                "invalid-token-no-rights",
                'Your access token "123..3hJ6" has no defined rights for this resource.',
            ),
        }

    def slow_down(self) -> Reply:
        headers = {
            "X-RateLimit-Bucket-Filling": "200/200",
            "Retry-After": formatdate(time.time() + 31, usegmt=True),
        }
        return Reply(b"", 429, headers)


def failed(status: int, code: str, message: str, instance: str = "unknown") -> Reply:
    error = {"errorCode": code, "message": message, "instance": instance}
    body = {"data": None, "errors": [error], "metadata": {"requestId": "019c8c34-64f3"}}
    return Reply(body, status, {"X-RateLimit-Bucket-Filling": "5/200"})


def head(order: Any) -> Any:
    """The order as the list tells it."""
    told = {key: order[key] for key in HEAD if key in order}
    billing, remarks = order["billingAddress"], order["notes"]
    names = {"fullName": billing["fullName"], "company": billing["company"]}
    return told | names | {"remark": remarks["customerRemark"]}


def price(gross: str, net: str, tax: str) -> dict[str, str]:
    return {
        "vat": tax,
        "toPay": gross,
        "currencyCode": "EUR",
        "withoutVat": net,
        "withVat": gross,
        "exchangeRate": "1.00000000",
    }


def item_price(gross: str, net: str, tax: str, rate: str) -> dict[str, str]:
    return {"withVat": gross, "withoutVat": net, "vat": tax, "vatRate": rate}


def address(told: SourceAddress) -> dict[str, Any]:
    return {
        "company": told.company or None,
        "fullName": f"{told.first_name} {told.last_name}".strip() or None,
        "street": told.line1 or None,
        "houseNumber": None,
        "city": told.city or None,
        "district": None,
        "additional": None,
        "zip": told.postcode or None,
        "countryCode": told.country or None,
        "regionName": None,
        "regionShortcut": None,
    }


def billing_address(told: SourceAddress) -> dict[str, Any]:
    ids = {"companyId": None, "vatId": None, "taxId": None, "vatIdValidationStatus": None}
    return address(told) | ids


def notes(**told: Any) -> dict[str, Any]:
    return {
        "customerRemark": None,
        "eshopRemark": None,
        "trackingNumber": None,
        "trackingUrl": None,
        "additionalFields": [],
        **told,
    }


def line(
    item_id: int, type_: str, name: str, amount: str, gross: str, net: str, tax: str, rate: str
) -> dict[str, Any]:
    stated = item_price(gross, net, tax, rate)
    return {
        "productGuid": None,
        "code": None,
        "ean": None,
        "itemType": type_,
        "name": name,
        "variantName": None,
        "brand": None,
        "remark": None,
        "weight": "0.000",
        "additionalField": None,
        "amount": amount,
        "amountUnit": None,
        "priceRatio": "1.0000",
        "status": {"id": -1, "name": "Nevyřízená"},
        "itemPrice": stated,
        "unitPrice": stated,
        "displayPrices": [stated],
        "purchasePrice": None,
        "recyclingFee": None,
        "supplierName": None,
        "itemId": item_id,
        "warrantyDescription": None,
        "amountCompleted": "0.000",
        "surchargeParametersTexts": [],
        "itemPriceVatBreakdown": None,
    }


ESHOP = {
    "contactInformation": {"eshopName": "Káva", "url": "https://www.kava.test/"},
    "settings": {"timezone": "Europe/Bratislava", "internals": "cs"},
    "urls": [
        {"ident": "oauth", "url": "https://www.kava.test/action/OAuthServer/"},
        {"ident": "admin-orders-list", "url": "https://www.kava.test/admin/prehled-objednavek"},
    ],
}
STATUSES = {
    "defaultStatus": -1,
    "statuses": [
        {
            "id": id_,
            "name": name,
            "system": id_ < 0,
            "order": order,
            "markAsPaid": id_ == 26,
            "color": color,
            "backgroundColor": None,
            "changeOrderItems": False,
            "stockClaimResolved": False,
            "documents": {
                "generateProformaInvoice": False,
                "generateInvoice": False,
                "generateDeliveryNote": False,
                "generateProofPayment": None,
            },
        }
        for order, (id_, name, color) in enumerate(
            [(-1, "Nevyřízená", "#cc0000"), (-2, "Vyřizuje se", None), (26, "Balí se", None)], 1
        )
    ],
}
PAYMENT_METHODS = {
    "paymentMethods": [
        {
            **CARD,
            "description": None,
            "submethod": None,
            "paymentType": {"id": 2, "code": "gopay", "name": "GoPay"},
            "visible": True,
            "priority": 1,
            "wholesale": False,
            "logoUrl": None,
        }
    ],
    "wholesaleActive": False,
    "wholesaleSplitActive": False,
    "defaultRetailMethod": CARD["guid"],
    "defaultWholesaleMethod": None,
}
SHIPPING_METHODS = {
    "shippingMethods": [
        {
            **PACKETA,
            "description": None,
            "shippingCompany": {"id": 21, "code": "zasilkovna", "name": "Zásilkovna"},
            "trackingUrl": None,
            "visible": False,
            "priority": 1,
            "wholesale": False,
            "logoUrl": None,
        }
    ],
    "wholesaleActive": False,
    "wholesaleSplitActive": False,
    "defaultRetailMethod": PACKETA["guid"],
    "defaultWholesaleMethod": None,
}
LISTS = {
    "eshop": ESHOP,
    "orders/statuses": STATUSES,
    "payment-methods": PAYMENT_METHODS,
    "shipping-methods": SHIPPING_METHODS,
}
