from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from eshops.source import Metadatum, SourceAddress
from tests.harness.web import Asked, Reply
from tests.platforms.shop import LOGICAL, D, PlatformShop, lines

KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SIGNED = {"PSWS-Version": "9.1.0", "X-Powered-By": "PrestaShop Webservice"}
ZERO = "0000-00-00 00:00:00"
PARTS = {
    "order_details": "id_order",
    "addresses": "id",
    "customers": "id",
    "order_carriers": "id_order",
    "order_payments": "order_reference",
    "order_cart_rules": "id_order",
    "order_slip": "id_order",
    "messages": "id_order",
}
"""What belongs to one order, and the field it is asked for by."""


class PrestaShopShop(PlatformShop):
    """Its orders are {resource: rows}: an order of PrestaShop names its parts by their ids."""

    platform = "prestashop"
    credentials = {"key": KEY}
    # The orders and seven of the resources above, as there is no discount; currencies, countries,
    # carriers, order statuses and taxes are learnt when it is connected.
    requests = {1: 8, 100: 8}
    differences = {
        "number": "REF000001",
        "status_code": "3",
        "payment_code": "ps_cardpayment",
        "delivery_code": "7",
        # Modules keep these in tables of their own, which the webservice does not tell.
        "pickup_point_id": "",
        "pickup_point_name": "",
        "items": lines(
            {
                # A voucher is not taken off the products but a line of its own.
                "11": {
                    "unit_price": D(10),
                    "net": D(20),
                    "tax": D("4.2"),
                    "gross": D("24.2"),
                    "metadata": (Metadatum("product_weight", "1.000000"),),
                },
                "14": {"external_id": "shipping"},
                # There are no payment fees; the gift wrapping stands for it, without a rate.
                "15": {"external_id": "wrapping", "name": "Gift wrapping", "tax_rate": None},
                "16": {"in_total": True},
                # A credit slip has no reason, but the lines it is for.
                "17": {
                    "name": "",
                    "net": D(-5),
                    "tax": D("-0.60"),
                    "metadata": (
                        Metadatum(
                            "order_slip_details",
                            [{"id": 17, "id_order_detail": 13, "product_quantity": 1}],
                        ),
                    ),
                },
            }
        ),
        "metadata": (
            Metadatum("note", "Volat ráno"),
            Metadatum("gift", "1"),
            Metadatum("invoice_number", 5),
            Metadatum("delivery_other", "2. patro"),
            Metadatum("transaction_id", "T-1"),
        ),
    }

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.rights = {*PARTS, *LISTS, "orders"}
        """The resources that the key may read."""

    def answer(self, asked: Asked) -> Reply:
        assert asked.method == "GET"
        authorization = asked.headers["Authorization"]
        assert "ws_key" not in asked.query
        if authorization != f"Basic {b64encode(f'{KEY}:'.encode()).decode()}":
            return self.refusals()["key"]
        resource = asked.path.removeprefix("/api/")
        if resource not in {*PARTS, *LISTS, "orders"}:
            message = f'Resource of type "{resource}" does not exists'
            return Reply({"errors": [{"code": 27, "message": message}]}, 400, SIGNED)
        if resource not in self.rights:
            return not_allowed(resource)
        assert asked.query["output_format"] == "JSON", "XML comes otherwise"
        assert "display" in asked.query, "only ids come otherwise"
        rows = self._rows(resource, asked.query)
        if rows is None:
            return Reply(b"", 500, SIGNED)
        name = {"order_slip": "order_slips"}.get(resource, resource)
        return Reply({name: rows} if rows else [], headers=SIGNED)

    def _rows(self, resource: str, query: Mapping[str, str]) -> list[Any] | None:
        """None where an order makes PrestaShop fail."""
        filters = {
            name.removeprefix("filter[").removesuffix("]"): value
            for name, value in query.items()
            if name.startswith("filter[")
        }
        assert query.keys() <= {*(f"filter[{each}]" for each in filters), *PARAMETERS}
        if resource == "orders":
            return self._orders(filters, query)
        limit = int(query.get("limit", 10**9))
        display = query["display"]
        if resource in LISTS:
            assert {*fields(display), *filters} <= {*LISTS[resource][0]}, "400, no such field"
            told = [row for row in LISTS[resource] if matches(row, filters)]
        else:
            assert filters.keys() <= {PARTS[resource]}
            told = self._parts(resource, filters)
        return [shown(row, display) for row in told][:limit]

    def _parts(self, resource: str, filters: Mapping[str, str]) -> list[Any]:
        told = []
        for external_id, order in self.orders.items():
            rows = order.get(resource)
            for row in rows if isinstance(rows, list) else [rows]:
                # What an order of a test has in the place of a row or its id counts as its own.
                mine = external_id if PARTS[resource] == "id_order" else ident(row, resource)
                if mine is None or not filters or mine in listed(filters[PARTS[resource]]):
                    told.append(row)
        return told

    def _orders(self, filters: Mapping[str, str], query: Mapping[str, str]) -> list[Any] | None:
        wanted = sorted(self.orders, key=int, reverse=query.get("sort") == "[id_DESC]")
        later = {"date_add": "2026-11-02 10:30:00", "date_upd": "2026-11-03 11:45:00"}
        for field, value in filters.items():
            if field in later:
                assert query["date"] == "1", "400, This filter does not exist"
                wanted = [each for each in wanted if later[field] > value[2:-1]]
            elif value.startswith(">"):
                assert field == "id" and query["sort"] == "[id_ASC]"
                wanted = [each for each in wanted if int(each) > int(value[2:-1])]
            else:
                assert field == "id"
                wanted = [each for each in wanted if each in listed(value)]
        told = wanted[: int(query.get("limit", 10**9))]
        if query["display"] == "full" and self.poison & set(told):
            return None
        return [shown(self.orders[each].get("orders"), query["display"]) for each in told]

    def ids(self, count: int) -> list[str]:
        return [str(each) for each in range(1, count + 1)]

    def order(self, external_id: str) -> Any:
        mine = int(external_id)
        return {
            "orders": {
                "id": mine,
                "id_address_delivery": 2 * mine,
                "id_address_invoice": 2 * mine,
                "id_cart": mine,
                "id_currency": 2,
                "id_lang": 2,
                "id_customer": mine,
                "id_carrier": 9,
                "current_state": 10,
                "module": "ps_wirepayment",
                "invoice_number": 0,
                "invoice_date": ZERO,
                "delivery_number": 0,
                "delivery_date": ZERO,
                "valid": "0",
                "date_add": "2026-11-02 10:30:00",
                "date_upd": "2026-11-02 10:30:00",
                "shipping_number": "",
                "note": "",
                "id_shop_group": 1,
                "id_shop": 1,
                "payment": "Bankovní převod",
                "recyclable": "0",
                "gift": "0",
                "gift_message": "",
                **amounts("total_discounts", "0.000000", "0.000000"),
                **amounts("total_paid", "14.100000", "12.000000"),
                "total_paid_real": "0.000000",
                "total_products": "10.000000",
                "total_products_wt": "12.100000",
                **amounts("total_shipping", "2.000000", "2.000000"),
                "carrier_tax_rate": "0.000",
                **amounts("total_wrapping", "0.000000", "0.000000"),
                "round_mode": 2,
                "round_type": 2,
                "conversion_rate": "1.000000",
                "reference": f"REF{mine:06}",
                "associations": {"order_rows": [{"id": 10 * mine + 1, "product_quantity": 1}]},
            },
            "order_details": [detail(mine, 10 * mine + 1, "Káva", 1, ("10.000000", "12.100000"))],
            "addresses": [location(2 * mine, LOGICAL.billing)],
            "customers": [customer(mine)],
            "order_carriers": [
                {"id": mine, "id_order": mine, "id_carrier": 9, "tracking_number": ""}
            ],
            "order_payments": [],
            "order_cart_rules": [],
            "order_slip": [],
            "messages": [],
        }

    def logical(self, external_id: str) -> Any:
        mine = int(external_id)
        more = 100 * (mine - 1)
        bare = self.order(external_id)
        espresso = {"product_reference": "COF-ESP", "product_ean13": "8594001234567"}
        tea = {"product_reference": "TEA", "associations": {"taxes": [{"id": 2}]}}
        return {
            "orders": bare["orders"]
            | {
                "id_address_delivery": 2 * mine + 1,
                "current_state": 3,
                "module": "ps_cardpayment",
                "payment": "Kartou online",
                "invoice_number": 5,
                "valid": "1",
                "date_upd": "2026-11-03 11:45:00",
                "note": "Volat ráno",
                "gift": "1",
                **amounts("total_discounts", "6.050000", "5.000000"),
                **amounts("total_paid", "78.510000", "66.000000"),
                "total_paid_real": "78.510000",
                "total_products": "65.000000",
                "total_products_wt": "77.300000",
                **amounts("total_shipping", "4.840000", "4.000000"),
                "carrier_tax_rate": "21.000",
                **amounts("total_wrapping", "2.420000", "2.000000"),
                "associations": {"order_rows": [{"id": more + each} for each in (11, 12, 13)]},
            },
            "order_details": [
                detail(mine, more + 11, "Espresso Ő 1 kg", 2, ("10.000000", "12.100000"))
                | {"product_id": 501, "product_weight": "1.000000", **espresso},
                detail(
                    mine,
                    more + 12,
                    "Tričko <b>Káva</b> (Velikost:M)",
                    1,
                    ("30.000000", "36.300000"),
                )
                | {"product_id": 502, "product_attribute_id": 5021, "product_reference": "TEE-M"},
                detail(mine, more + 13, "Čaj", 3, ("5.000000", "5.600000"))
                | {"product_id": 503, **tea},
            ],
            "addresses": [
                location(2 * mine, LOGICAL.billing)
                | {"vat_number": LOGICAL.vat_id, "dni": LOGICAL.company_id},
                location(2 * mine + 1, LOGICAL.shipping_address) | {"other": "2. patro"},
            ],
            "customers": [customer(mine)],
            "order_carriers": bare["order_carriers"],
            "order_payments": [
                {
                    "id": mine,
                    "order_reference": f"REF{mine:06}",
                    "id_currency": 2,
                    "amount": "78.510000",
                    "payment_method": "Kartou online",
                    "conversion_rate": "1.000000",
                    "transaction_id": "T-1",
                    "date_add": "2026-11-02 10:31:00",
                }
            ],
            "order_cart_rules": [
                {
                    "id": more + 16,
                    "id_order": mine,
                    "id_cart_rule": 3,
                    "name": "PODZIM",
                    "value": "6.050000",
                    "value_tax_excl": "5.000000",
                    "free_shipping": "0",
                    "deleted": "0",
                }
            ],
            "order_slip": [
                {
                    "id": more + 17,
                    "id_order": mine,
                    "total_products_tax_excl": "5.000000",
                    "total_products_tax_incl": "5.600000",
                    "total_shipping_tax_excl": "0.000000",
                    "total_shipping_tax_incl": "0.000000",
                    "amount": "5.600000",
                    "shipping_cost_amount": "0.000000",
                    "order_slip_type": "0",
                    "associations": {
                        "order_slip_details": [
                            {"id": 17, "id_order_detail": 13, "product_quantity": 1}
                        ]
                    },
                }
            ],
            "messages": [
                message(mine, 1, LOGICAL.customer_note),
                message(mine, 2, "Interní") | {"id_employee": 1, "private": "1"},
            ],
        }

    def spoiled(self, external_id: str) -> Any:
        order = self.order(external_id)
        order["orders"]["total_paid_tax_incl"] = "a lot"
        return order

    def refusals(self) -> Mapping[str, Reply]:
        wrong = [
            {"code": 20, "message": "Authentification key is not active"},
            {"code": 21, "message": "No permission for this authentication key"},
        ]
        return {"key": Reply({"errors": wrong}, 401), "right": not_allowed("orders")}

    def slow_down(self) -> Reply:
        """The web server in front of PrestaShop, which knows no limits itself."""
        return Reply(b"", 429, {"Retry-After": "30"})


PARAMETERS = ("output_format", "display", "limit", "sort", "date")


def not_allowed(resource: str) -> Reply:
    message = f'Resource of type "{resource}" is not allowed with this authentication key'
    return Reply({"errors": [{"code": 26, "message": message}]}, 401, SIGNED)


def listed(value: str) -> list[str]:
    assert value[0] == "[" and value[-1] == "]" and "," not in value, "a range, or not a list"
    return value[1:-1].split("|")


def matches(row: Mapping[str, Any], filters: Mapping[str, str]) -> bool:
    return all(str(row[field]) in listed(value) for field, value in filters.items())


def ident(row: Any, resource: str) -> str | None:
    found = row.get(PARTS[resource]) if isinstance(row, dict) else None
    return None if found is None else str(found)


def fields(display: str) -> list[str]:
    if display == "full":
        return []
    assert display[0] == "[" and display[-1] == "]"
    return display[1:-1].split(",")


def shown(row: Any, display: str) -> Any:
    """The fields asked for; what an order of a test has in the place of a row is told as it is."""
    if display == "full" or not isinstance(row, dict):
        return row
    return {field: row[field] for field in fields(display) if field in row}


def amounts(name: str, gross: str, net: str) -> dict[str, str]:
    return {name: gross, f"{name}_tax_incl": gross, f"{name}_tax_excl": net}


def detail(
    order: int, line: int, name: str, quantity: int, price: tuple[str, str]
) -> dict[str, Any]:
    net, gross = price
    return {
        "id": line,
        "id_order": order,
        "product_id": 500,
        "product_attribute_id": 0,
        "id_customization": 0,
        "product_name": name,
        "product_quantity": quantity,
        "product_quantity_return": 0,
        "product_quantity_refunded": 0,
        "product_price": net,
        "reduction_percent": "0.00",
        "product_ean13": "",
        "product_isbn": "",
        "product_upc": "",
        "product_mpn": None,
        "product_reference": "",
        "product_supplier_reference": "",
        "product_weight": "0.000000",
        "tax_computation_method": 0,
        "ecotax": "0.000000",
        "unit_price_tax_incl": gross,
        "unit_price_tax_excl": net,
        "total_price_tax_incl": f"{quantity * D(gross):.6f}",
        "total_price_tax_excl": f"{quantity * D(net):.6f}",
        "associations": {"taxes": [{"id": 1}]},
    }


def location(address: int, told: SourceAddress) -> dict[str, Any]:
    return {
        "id": address,
        "id_country": 16,
        "id_state": 0,
        "company": told.company,
        "lastname": told.last_name,
        "firstname": told.first_name,
        "vat_number": "",
        "address1": told.line1,
        "address2": told.line2,
        "postcode": told.postcode,
        "city": told.city,
        "other": "",
        "phone": told.phone,
        "phone_mobile": "",
        "dni": "",
        "deleted": "0",
    }


def customer(mine: int) -> dict[str, Any]:
    return {
        "id": mine,
        "passwd": "$2y$10$hash",
        "lastname": "Nováková",
        "firstname": "Žofie",
        "email": LOGICAL.customer_email,
        "siret": None,
        "is_guest": "0",
    }


def message(order: int, number: int, words: str) -> dict[str, Any]:
    return {
        "id": 10 * order + number,
        "id_cart": order,
        "id_order": order,
        "id_customer": order,
        "id_employee": 0,
        "message": words,
        "private": "0",
        "date_add": "2026-11-02 10:30:00",
    }


def in_languages(english: str, czech: str) -> list[dict[str, Any]]:
    return [{"id": 1, "value": english}, {"id": 2, "value": czech}]


def status(number: int, names: tuple[str, str], template: str, **marks: str) -> dict[str, Any]:
    return {
        "id": number,
        "unremovable": "1",
        "color": "#3498D8",
        "shipped": "0",
        "paid": "0",
        "deleted": "0",
        "name": in_languages(*names),
        "template": in_languages(template, template),
        **marks,
    }


def carrier(number: int, reference: int, name: str, **more: str) -> dict[str, Any]:
    return {
        "id": number,
        "deleted": "0",
        "id_reference": reference,
        "name": name,
        "active": "1",
        "url": "https://tracking.example.test/?p=@",
        "delay": in_languages("2-3 days", "2-3 dny"),
        **more,
    }


def setting(number: int, name: str, value: str, shop: str | None = None) -> dict[str, Any]:
    return {"id": number, "name": name, "value": value, "id_shop": shop, "id_shop_group": None}


LISTS: dict[str, list[dict[str, Any]]] = {
    "currencies": [{"id": 1, "iso_code": "CZK"}, {"id": 2, "iso_code": "EUR"}],
    "countries": [{"id": 16, "iso_code": "CZ"}, {"id": 21, "iso_code": "US"}],
    "states": [{"id": 8, "iso_code": "CA", "name": "California"}],
    "taxes": [{"id": 1, "rate": "21.000"}, {"id": 2, "rate": "12.000"}],
    "carriers": [
        carrier(7, 7, "Zásilkovna (stará)", deleted="1"),
        carrier(9, 7, "Zásilkovna"),
        carrier(8, 8, "Osobní odběr", active="0"),
    ],
    "order_states": [
        status(3, ("Processing in progress", "Připravuje se"), "preparation", paid="1"),
        status(10, ("Awaiting bank wire payment", "Čeká na převod"), "bankwire"),
    ],
    "configurations": [
        setting(1, "PS_TIMEZONE", "Europe/Prague"),
        setting(2, "PS_SHOP_NAME", "Káva"),
        setting(3, "PS_LANG_DEFAULT", "2"),
    ],
}
