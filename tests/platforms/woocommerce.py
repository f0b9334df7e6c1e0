from collections.abc import Mapping
from typing import Any

from eshops.source import Metadatum
from tests.harness.web import Asked, Reply
from tests.platforms.shop import LOGICAL, PlatformShop, lines

META = {"_billing_ic": "12345678", "_billing_dic": "CZ12345678", "_packeta_point_id": "1234"}


class WooCommerceShop(PlatformShop):
    platform = "woocommerce"
    credentials = {"consumer_key": "ck_0123456789abcdef", "consumer_secret": "cs_fedcba9876543210"}
    differences = {
        "status_code": "processing",
        "payment_code": "stripe",
        "delivery_code": "packeta:3",
        # Plugins keep these in the metadata, and mappings bring them.
        "company_id": "",
        "vat_id": "",
        "pickup_point_id": "",
        "pickup_point_name": "",
        "items": lines({"12": {"metadata": (Metadatum("velikost", "M"),)}}),
        "metadata": tuple(Metadatum(key, value) for key, value in META.items()),
    }

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/wp-json/":
            return Reply({"name": "Shop", "namespaces": ["wc/v3"], "routes": {}})
        assert "oauth_signature" in asked.query
        name = asked.path.removeprefix("/wp-json/wc/v3/")
        if name == "orders":
            return self._listed(asked)
        if name.startswith("orders/") and name != "orders/statuses":
            return self._single(name.removeprefix("orders/"))
        lists = {"orders/statuses": [{"slug": "processing", "name": "Zpracovává se"}]}
        return Reply(lists.get(name, []))

    def _listed(self, asked: Asked) -> Reply:
        query = asked.query
        wanted = sorted(self.orders, key=int)
        is_later = query.get("after", "") >= "2026-11-02T09:30:00Z"
        if is_later or query.get("modified_after", "") >= "2026-11-03T10:45:00Z":
            wanted = []
        if "include" in query:
            assert query["include"] and query["status"] == "any"
            wanted = [each for each in query["include"].split(",") if each in self.orders]
        size, page = int(query["per_page"]), int(query.get("page", 1))
        told = wanted[(page - 1) * size : page * size]
        if self.poison & set(told) and "_fields" not in query:
            return Reply(b"<p>There has been a critical error</p>", 500)
        pages = str(-(-len(wanted) // size))
        headers = {"X-WP-Total": str(len(wanted)), "X-WP-TotalPages": pages}
        return Reply([self.orders[each] for each in told], headers=headers)

    def _single(self, external_id: str) -> Reply:
        if external_id in self.poison:
            return Reply(b"<p>There has been a critical error</p>", 500)
        if external_id in self.orders:
            return Reply(self.orders[external_id])
        return Reply({"code": "woocommerce_rest_shop_order_invalid_id"}, 404)

    def ids(self, count: int) -> list[str]:
        return [str(each) for each in range(1, count + 1)]

    def order(self, external_id: str) -> Any:
        return {
            "id": int(external_id),
            "number": external_id,
            "status": "pending",
            "currency": "EUR",
            "date_created_gmt": "2026-11-02T09:30:00",
            "total": "12.100000",
            "total_tax": "2.100000",
        }

    def logical(self, external_id: str) -> Any:
        billing, shipping = LOGICAL.billing, LOGICAL.shipping_address
        taxes = [{"rate_id": 1, "rate_percent": 21}, {"rate_id": 2, "rate_percent": 12}]
        return {
            **self.order(external_id),
            "status": "processing",
            "date_created": "2026-11-02T10:30:00",
            "date_modified": "2026-11-03T11:45:00",
            "date_modified_gmt": "2026-11-03T10:45:00",
            "date_paid_gmt": "2026-11-02T09:31:00",
            "total": "78.510000",
            "total_tax": "12.510000",
            "shipping_total": "4.000000",
            "shipping_tax": "0.840000",
            "discount_total": "5.000000",
            "discount_tax": "1.050000",
            "payment_method": "stripe",
            "payment_method_title": "Kartou online",
            "customer_note": LOGICAL.customer_note,
            "billing": self._address(billing),
            "shipping": self._address(shipping),
            "meta_data": [{"id": 9, "key": key, "value": META[key]} for key in META],
            "line_items": [
                self._line(11, 1, "15.000000", "3.150000", "Espresso Ő 1 kg", 2)
                | {"product_id": 501, "sku": "COF-ESP", "global_unique_id": "8594001234567"}
                | {"price": 7.5, "subtotal": "20.000000", "subtotal_tax": "4.200000"},
                self._line(12, 1, "30.000000", "6.300000", "Tričko <b>Káva</b>", 1)
                | {"product_id": 502, "variation_id": 5021, "sku": "TEE-M", "price": 30}
                | {"meta_data": [self._variant("velikost", "Velikost", "M")]},
                self._line(13, 2, "15.000000", "1.800000", "Čaj", 3)
                | {"product_id": 503, "sku": "TEA", "price": 5, "global_unique_id": None},
            ],
            "tax_lines": taxes,
            "shipping_lines": [
                self._line(14, 1, "4.000000", "0.840000", "")
                | {"method_id": "packeta", "instance_id": "3", "method_title": "Zásilkovna"}
            ],
            "fee_lines": [self._line(15, 1, "2.000000", "0.420000", "Dobírka") | {"amount": ""}],
            "coupon_lines": [{"id": 16, "code": "PODZIM", "discount": "5", "discount_tax": "1.05"}],
            "refunds": [{"id": 17, "reason": "Poškozené", "total": "-5.60"}],
        }

    def spoiled(self, external_id: str) -> Any:
        return self.order(external_id) | {"total": "a lot"}

    def refusals(self) -> Mapping[str, Reply]:
        code = "woocommerce_rest_cannot_view"
        return {"key": Reply({"code": code}, 401), "right": Reply({"code": code}, 403)}

    def slow_down(self) -> Reply:
        return Reply(b"", 429, {"Retry-After": "30"})

    def _address(self, address: Any) -> dict[str, str]:
        return {
            "first_name": address.first_name,
            "last_name": address.last_name,
            "company": address.company,
            "address_1": address.line1,
            "address_2": "",
            "city": address.city,
            "state": "",
            "postcode": address.postcode,
            "country": address.country,
            "phone": address.phone,
            "email": address.email,
        }

    def _line(
        self, external_id: int, rate: int, net: str, tax: str, name: str, quantity: int = 1
    ) -> dict[str, Any]:
        taxes = [{"id": 1, "total": ""}, {"id": 2, "total": ""}]
        taxes[rate - 1]["total"] = tax
        line = {"id": external_id, "name": name, "total": net, "total_tax": tax, "taxes": taxes}
        return line | {"quantity": quantity}

    def _variant(self, key: str, name: str, value: str) -> dict[str, Any]:
        return {"id": 1, "key": key, "value": value, "display_key": name, "display_value": value}
