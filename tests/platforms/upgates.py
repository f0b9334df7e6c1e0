import time
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from email.utils import formatdate
from typing import Any

from eshops.source import Metadatum, SourceAddress
from tests.harness.web import Asked, Reply
from tests.platforms.shop import LOGICAL, D, PlatformShop, lines

LOGIN, KEY = "12345678", "k0/ěF9+AbCdEfGhIj"
PLACED = "2026-11-02T10:30:00+01:00"
FILTERS = {
    "order_numbers",
    "creation_time_from",
    "last_update_time_from",
    "page",
    "order_by",
    "order_dir",
}
QUOTA = {
    "X-Rate-Limit-Hour": "10",
    "X-Rate-Limit-Hour-Remaining": "9",
    "X-Rate-Limit-Day": "100",
    "X-Rate-Limit-Day-Remaining": "100",
    "X-Rate-Limit-Total-Remaining": "109",
}


class UpgatesShop(PlatformShop):
    platform = "upgates"
    credentials = {"login": LOGIN, "api_key": KEY}
    differences = {
        "number": "O2500001",  # an order's id in the API is its number
        "status_code": "23",
        "payment_code": "3",
        "delivery_code": "5",
        "variable_symbol": "2500001",  # every order has one
        "refunded": D(0),  # Upgates keeps credit notes among the invoices and knows no refunds
        "items": lines(
            {
                # A voucher is not taken off the products but a line of its own.
                "11": {
                    "unit_price": D(10),
                    "net": D(20),
                    "tax": D("4.2"),
                    "gross": D("24.2"),
                    "metadata": (Metadatum("code_supplier", "ESP1"), Metadatum("weight", 1000)),
                },
                "14": {"external_id": "shipment"},
                "15": {"external_id": "payment", "name": "Kartou online"},  # the payment's fee
                "16": {
                    "external_id": "discount_voucher:1",
                    "tax_rate": D(21),
                    "in_total": True,
                },
                "17": None,
            },
        ),
        "metadata": (
            Metadatum("gift_wrap", "1"),
            Metadatum("card_text", {"cs": "Vše nejlepší", "sk": "Všetko najlepšie"}),
            Metadatum("internal_note", "Volat ráno"),
            Metadatum("language_id", "cs"),
            Metadatum("resolved_yn", False),
            Metadatum("admin_url", "https://shop.admin.s24.upgates.com/links/orders/u-1"),
            Metadatum("vat_payer_yn", True),
            Metadatum("packeta_carrier_id", 0),
        ),
    }

    def answer(self, asked: Asked) -> Reply:
        token = b64encode(f"{LOGIN}:{KEY}".encode()).decode()
        if asked.headers["Authorization"] != f"Basic {token}":
            return self.refusals()["key"]
        path = asked.path.removeprefix("/api/v2/")
        if path == "orders":
            return self._orders(asked.query)
        lists = {"languages": LANGUAGES, "order-statuses": STATUSES}
        if path in lists:
            assert not asked.query
            return Reply(lists[path], headers=QUOTA)
        if path in ("payments", "shipments"):
            assert asked.query.keys() <= {"page"}
            row = {"payments": PAYMENT, "shipments": SHIPMENT}[path]
            return Reply({**paging([row], [row], 1), path: [row]}, headers=QUOTA)
        return Reply(b"<h1>404</h1>", 404)

    def _orders(self, query: Mapping[str, str]) -> Reply:
        assert query.keys() <= FILTERS
        wanted = list(self.orders)
        if "order_numbers" in query:
            assert query["order_numbers"], "an empty filter is none: the whole shop"
            asked_for = query["order_numbers"].split(";")
            wanted = [each for each in wanted if each in asked_for]
        for key in ("creation_time", "last_update_time"):
            if f"{key}_from" in query:
                since = datetime.fromisoformat(query[f"{key}_from"])
                wanted = [each for each in wanted if self._time(each, key) > since]
        by, ascending = query.get("order_by"), query.get("order_dir") == "asc"
        wanted.sort(key=lambda each: self._time(each, by or "creation_time"), reverse=not ascending)
        page = int(query.get("page", 1))
        told = wanted[(page - 1) * 100 : page * 100]
        if self.poison & set(told):
            return Reply({"message": "Internal Server Error"}, 500, QUOTA)
        orders = [self.orders[each] for each in told]
        return Reply({**paging(told, wanted, page), "orders": orders}, headers=QUOTA)

    def _time(self, external_id: str, key: str) -> datetime:
        try:
            return datetime.fromisoformat(self.orders[external_id][key])
        except (KeyError, TypeError, ValueError):
            return datetime.fromisoformat(PLACED)

    def ids(self, count: int) -> list[str]:
        return [f"O{2500000 + each}" for each in range(1, count + 1)]

    def order(self, external_id: str) -> Any:
        return {
            "order_number": external_id,
            "order_id": 1,
            "currency_id": "EUR",
            "prices_with_vat_yn": True,
            "status_id": 1,
            "status": "Přijatá",
            "paid_date": None,
            "last_update_time": PLACED,
            "creation_time": PLACED,
            "order_total": 12.1,
            "order_total_before_round": 12.1,
            "order_total_rest": 0,
            "customer": {"email": None},
            "products": [line("1", "Káva", 1, 12.1, 10, 21)],
            "discount_voucher": None,
            "quantity_discount": None,
            "loyalty_points": None,
            "metas": [],
        }

    def logical(self, external_id: str) -> Any:
        customer = {
            "email": LOGICAL.customer_email,
            "phone": LOGICAL.customer_phone,
            **address(LOGICAL.billing, "invoice"),
            "postal_yn": True,
            **address(LOGICAL.shipping_address, "postal"),
            "company_postal": None,
            "company_yn": True,
            "company": LOGICAL.billing.company,
            "ico": LOGICAL.company_id,
            "dic": LOGICAL.vat_id,
            "vat_payer_yn": True,
            "customer_note": LOGICAL.customer_note,
            "agreements": [
                {"name": "Podmínky", "valid_to": {"date": "2027-03-01 14:24:49.000000"}}
            ],
        }
        return {
            **self.order(external_id),
            "uuid": "u-1",
            "external_order_number": None,
            "language_id": "cs",
            "status_id": 23,
            "status": "Připraveno k odeslání",
            "paid_date": "2026-11-02T10:31:00+01:00",
            "tracking_code": None,
            "tracking_url": None,
            "resolved_yn": False,
            "internal_note": "Volat ráno",
            "last_update_time": "2026-11-03T11:45:00+01:00",
            "variable_symbol": "2500001",
            "order_total": 78.51,
            "order_total_before_round": 78.51,
            "admin_url": "https://shop.admin.s24.upgates.com/links/orders/u-1",
            "customer": customer,
            "products": [
                line("11", "Espresso Ő 1 kg", 2, 24.2, 20, 21)
                | {"product_id": 501, "code": "COF-ESP", "ean": "8594001234567"}
                | {"code_supplier": "ESP1", "weight": 1000},
                line("12", "Tričko <b>Káva</b>", 1, 36.3, 30, 21)
                | {"product_id": 502, "option_set_id": 5021, "code": "TEE-M"}
                | {"parameters": [{"name": "Velikost", "value": "M"}]},
                line("13", "Čaj", 3, 16.8, 15, 12) | {"product_id": 503, "code": "TEA"},
            ],
            "discount_voucher": {
                "code": "PODZIM",
                "type": "price",
                "amount": 6.05,
                "discounts": [price(6.05, 5, 21)],
            },
            "shipment": {
                "id": 5,
                "code": "ZAS",
                "name": "Zásilkovna",
                **price(4.84, 4, 21),
                "affiliate_id": "1234",
                "affiliate_name": "Z-BOX Praha 1",
                "type": "zasilkovna",
                "packeta_carrier_id": 0,
            },
            "payment": {
                "id": 3,
                "code": None,
                "name": "Kartou online",
                **price(2.42, 2, 21),
                "type": "gopay",
            },
            "metas": [
                {"key": "gift_wrap", "type": "checkbox", "value": "1"},
                {
                    "key": "card_text",
                    "type": "input",
                    "values": [
                        {"language": "cs", "value": "Vše nejlepší"},
                        {"language": "sk", "value": "Všetko najlepšie"},
                    ],
                },
            ],
        }

    def spoiled(self, external_id: str) -> Any:
        return self.order(external_id) | {"order_total": "a lot"}

    def refusals(self) -> Mapping[str, Reply]:
        return {
            "key": Reply({"message": "Unauthorized"}, 401),
            "right": Reply({"message": "Forbidden"}, 403, QUOTA),
        }

    def slow_down(self) -> Reply:
        return Reply(b"", 429, {**QUOTA, "Retry-After": formatdate(time.time() + 31, usegmt=True)})


def paging(told: list[Any], wanted: list[Any], page: int) -> dict[str, int]:
    return {
        "current_page": page,
        "current_page_items": len(told),
        "number_of_pages": -(-len(wanted) // 100),
        "number_of_items": len(wanted),
    }


def address(told: SourceAddress, which: str) -> dict[str, Any]:
    return {
        f"firstname_{which}": told.first_name,
        f"surname_{which}": told.last_name,
        f"street_{which}": told.line1,
        f"city_{which}": told.city,
        f"state_{which}": None,
        f"zip_{which}": told.postcode,
        f"country_id_{which}": told.country.lower(),
    }


def price(gross: float, net: float, rate: int) -> dict[str, float]:
    return {"price": gross, "price_with_vat": gross, "price_without_vat": net, "vat": rate}


def line(
    uuid: str, title: str, quantity: int, gross: float, net: float, rate: int
) -> dict[str, Any]:
    return {
        "product_id": None,
        "option_set_id": None,
        "type": "product",
        "uuid": uuid,
        "parent_uuid": None,
        "code": None,
        "code_supplier": None,
        "ean": None,
        "title": title,
        "unit": "",
        "quantity": quantity,
        "price_per_unit": gross / quantity,
        "price_per_unit_with_vat": gross / quantity,
        "price_per_unit_without_vat": net / quantity,
        **price(gross, net, rate),
        "recycling_fee": None,
        "parameters": [],
        "configurations": [],
    }


LANGUAGES = {
    "languages": [
        {"language_id": "sk", "default_yn": False, "domain": "kava.test.sk"},
        {"language_id": "cs", "default_yn": True, "domain": "kava.test"},
    ]
}
STATUSES = {
    "order_statuses": [
        {
            "id": 1,
            "type": "Received",
            "color": "#ffcc00",
            "descriptions": [{"language_id": "cs", "name": "Přijatá"}],
            "mark_resolved_yn": False,
            "mark_paid_yn": False,
        },
        {
            "id": 23,
            "type": "Custom",
            "color": "#00cc00",
            "descriptions": [
                {"language_id": "sk", "name": "Pripravené"},
                {"language_id": "cs", "name": "Připraveno k odeslání"},
            ],
            "mark_resolved_yn": False,
            "mark_paid_yn": True,
        },
    ]
}
PAYMENT = {
    "id": "3",
    "code": None,
    "type": "gopay",
    "active_yn": True,
    "descriptions": [{"language_id": "cs", "name": "Kartou online"}],
}
SHIPMENT = {
    "id": "5",
    "code": "ZAS",
    "type": "zasilkovna",
    "active_yn": False,
    "affiliates": ["zasilkovna"],
    "descriptions": [{"language_id": "cs", "name": "Zásilkovna"}],
}
