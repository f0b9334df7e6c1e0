from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from eshops.source import ItemKind, Metadatum, SourceAddress
from tests.harness.web import Asked, Reply
from tests.platforms.shop import LOGICAL, PlatformShop, lines

KEY = "sk_0123456789abcdef0123456789abcdef"
PLACED = "2026-11-02T09:30:00.000Z"
HEAD = 16_000
"""Node takes no longer head of a request, nor does this shop take a longer target."""
FILTERS = {"id[]", "id[$gt]", "updated_at[$gte]"}
ALWAYS = (
    *("id", "status", "version", "customer_id", "payment_status", "fulfillment_status"),
    *("payment_collections.status", "fulfillments.canceled_at"),
)
RELATIONS = ("tax_lines", "adjustments", "detail", "variant")
META = {"ico": "12345678", "dic": "CZ12345678", "note": LOGICAL.customer_note}
VARIANT = {"variant": "Default variant"}


class MedusaShop(PlatformShop):
    platform = "medusa"
    credentials = {"api_key": KEY}
    differences = {
        "number": "1001",
        "status_code": "payment:partially_refunded",
        "axes": {
            "order": "pending",
            "payment": "partially_refunded",
            "fulfillment": "not_fulfilled",
        },
        "payment_code": "pp_stripe_stripe",
        "payment_name": "Stripe (STRIPE)",  # providers have no names; this is how they are shown
        "delivery_code": "so_packeta",
        # There are no fields for these: shops keep them in the metadata, and mappings bring them.
        "customer_note": "",
        "company_id": "",
        "vat_id": "",
        "pickup_point_id": "",
        "pickup_point_name": "",
        "metadata": (
            *(Metadatum(key, value) for key, value in META.items()),
            Metadatum("billing_address.floor", 2),
        ),
        # A product without variants has one all the same.
        "items": tuple(
            sorted(
                lines(
                    {
                        "11": VARIANT | {"external_id": "ordli_11", "variant_id": "5011"},
                        "12": {
                            "external_id": "ordli_12",
                            "variant": "M",  # the option is not told with its value
                            "metadata": (Metadatum("engraving", "Ž & B"),),
                        },
                        "13": VARIANT | {"external_id": "ordli_13", "variant_id": "5031"},
                        "14": {
                            "external_id": "ordsm_14",
                            "metadata": (Metadatum("data", {"point": "1234"}),),
                        },
                        # There are no fees: what is charged beside the products is an item too.
                        "15": {
                            "external_id": "ordli_15",
                            "kind": ItemKind.PRODUCT,
                            "unit_price": LOGICAL.items[4].net,
                        },
                        "16": {"external_id": "promo_16"},
                        "17": {"external_id": "ref_17"},
                    }
                ),
                key=lambda item: list(ItemKind).index(item.kind),
            )
        ),
    }

    def answer(self, asked: Asked) -> Reply:
        if len(asked.target) > HEAD:
            return Reply(b"", 431)
        if asked.headers["Authorization"] != "Basic " + b64encode(f"{KEY}:".encode()).decode():
            return self.refusals()["key"]
        assert asked.method == "GET"
        query = parse_qs(urlsplit(asked.target).query)
        if asked.path == "/admin/orders":
            return self._listed(query)
        if asked.path.startswith("/admin/orders/"):
            return self._single(asked.path.removeprefix("/admin/orders/"), query)
        if asked.path not in LISTS:
            return Reply(b"<!DOCTYPE html><pre>Cannot GET " + asked.path.encode(), 404)
        assert query.keys() <= {"fields", "limit", "offset"}
        return paged(asked.path.rpartition("/")[2].replace("-", "_"), LISTS[asked.path], query)

    def _listed(self, query: Mapping[str, Sequence[str]]) -> Reply:
        """Parameters it does not know are ignored, which may be all orders instead of a few."""
        assert query.keys() <= FILTERS | {"fields", "limit", "offset", "order"}
        assert query.get("order", ["id"]) == ["id"]
        wanted = sorted(self.orders)
        if "id[]" in query:
            wanted = [each for each in wanted if each in query["id[]"]]
        if "id[$gt]" in query:
            wanted = [each for each in wanted if each > query["id[$gt]"][0]]
        if "updated_at[$gte]" in query:
            since = datetime.fromisoformat(query["updated_at[$gte]"][0])
            assert since.tzinfo
            wanted = [each for each in wanted if self._changed(each) >= since]
        told = wanted[: int(query.get("limit", ["15"])[0])]
        fields = query["fields"][0].split(",")
        if self.poison & set(told) and "total" in fields:
            return UNKNOWN_ERROR
        rows = [chosen(self.orders[each], fields, (*ALWAYS, "*items")) for each in told]
        return paged("orders", wanted, query, rows)

    def _single(self, external_id: str, query: Mapping[str, Sequence[str]]) -> Reply:
        if external_id in self.poison:
            return UNKNOWN_ERROR
        if external_id in self.orders:
            fields = query["fields"][0].split(",")
            return Reply({"order": chosen(self.orders[external_id], fields, ALWAYS)})
        message = f"Order id not found: {external_id}"
        return Reply({"type": "not_found", "message": message}, 404)

    def _changed(self, external_id: str) -> datetime:
        try:
            return datetime.fromisoformat(self.orders[external_id]["updated_at"])
        except (KeyError, TypeError, ValueError):
            return datetime(2026, 11, 2, 9, 30, tzinfo=UTC)

    def ids(self, count: int) -> list[str]:
        return [f"order_01M8ADK3MZRVCK8ENTHWQR{each:04}" for each in range(1, count + 1)]

    def order(self, external_id: str) -> Any:
        return order(external_id)

    def logical(self, external_id: str) -> Any:
        return {
            **self.order(external_id),
            "email": LOGICAL.customer_email,
            "updated_at": "2026-11-03T10:45:00.000Z",
            "metadata": META,
            # A refund that was not owed makes a credit line and is off the total.
            **money("total", "72.91"),
            **money("tax_total", "12.51"),
            **money("shipping_total", "4.84"),
            **money("discount_total", "6.05"),
            **money("credit_line_total", "5.6"),
            "credit_lines": [
                {"reference": "payment_collection", "reference_id": "pay_col_1"}
                | money("amount", "5.6")
            ],
            "items": [
                line("ordli_11", "Espresso Ő 1 kg", 2, "10", "15", "21")
                | {"product_id": "501", "variant_id": "5011", "variant_title": "Default variant"}
                | {"variant_sku": "COF-ESP", "variant": {"ean": "8594001234567"}}
                | {"adjustments": [adjustment("promo_16", "PODZIM", "5", "6.05")]},
                line("ordli_12", "Tričko <b>Káva</b>", 1, "30", "30", "21")
                | {"product_id": "502", "variant_id": "5021", "variant_title": "M"}
                | {"variant_sku": "TEE-M", "metadata": {"engraving": "Ž & B"}},
                line("ordli_13", "Čaj", 3, "5", "15", "12")
                | {"product_id": "503", "variant_id": "5031", "variant_title": "Default variant"}
                | {"variant_sku": "TEA"},
                line("ordli_15", "Dobírka", 1, "2", "2", "21"),
            ],
            "shipping_methods": [
                {
                    "id": "ordsm_14",
                    "name": "Zásilkovna",
                    "shipping_option_id": "so_packeta",
                    "data": {"point": "1234"},
                    "metadata": None,
                    "tax_lines": [{"rate": 21}],
                    "adjustments": [],
                    "detail": {"return_id": None, "claim_id": None, "exchange_id": None},
                    **money("total", "4.84"),
                    **money("tax_total", "0.84"),
                }
            ],
            "payment_collections": [
                {"id": "pay_col_1", "status": "completed", "payments": [self._payment()]}
            ],
            "billing_address": address(LOGICAL.billing) | {"metadata": {"floor": 2}},
            "shipping_address": address(LOGICAL.shipping_address),
            "payment_status": "partially_refunded",
        }

    def _payment(self) -> Any:
        return {
            "provider_id": "pp_stripe_stripe",
            "created_at": PLACED,
            "captured_at": "2026-11-02T09:31:00.000Z",
            "canceled_at": None,
            "refunds": [
                {
                    "id": "ref_17",
                    "created_at": "2026-11-03T10:45:00.000Z",
                    "note": "Poškozené",
                    "refund_reason": None,
                    **money("amount", "5.6"),
                }
            ],
        }

    def spoiled(self, external_id: str) -> Any:
        return self.order(external_id) | {"total": "a lot", "raw_total": {"value": "a lot"}}

    def refusals(self) -> Mapping[str, Reply]:
        missing = "Insufficient permissions. Required policies: order:read"
        return {
            "key": Reply({"message": "Unauthorized"}, 401),
            "right": Reply({"type": "forbidden", "message": missing}, 403),
        }

    def slow_down(self) -> Reply:
        """Medusa has no limit of its own; what stands in front of it may have one."""
        return Reply(b"", 429, {"Retry-After": "30"})


def chosen(order: Any, fields: Sequence[str], always: Sequence[str]) -> Any:
    """The order with what it was asked for, as Medusa heeds that."""
    tree: dict[str, Any] = {}
    for name in (*fields, *always):
        place = tree
        for part in name.removeprefix("*").split("."):
            place = place.setdefault(part, {})
        if name.startswith("*"):
            place["*"] = {}
    told = pruned(order, tree)
    if "total" not in fields:  # nor are there any other totals then, exact or not, nor lines'
        told = {key: value for key, value in told.items() if not key.endswith("_total")}
        told["items"] = []
    if "items.detail.raw_fulfilled_quantity" not in fields:
        told["fulfillment_status"] = str(told["fulfillment_status"]).replace("partially_", "")
    return told


def pruned(value: Any, tree: Mapping[str, Any]) -> Any:
    """Of each object its id and what is asked for; with * all but its relations."""
    if not tree:
        return value
    if isinstance(value, list):
        return [pruned(each, tree) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: pruned(inner, tree.get(key, {}))
        for key, inner in value.items()
        if key in tree or key == "id" or ("*" in tree and key not in RELATIONS)
    }


def paged(
    key: str, wanted: Sequence[Any], query: Mapping[str, Sequence[str]], rows: Any = None
) -> Reply:
    limit, offset = (int(query.get(name, ["0"])[0]) for name in ("limit", "offset"))
    told = wanted[offset : offset + limit] if rows is None else rows
    return Reply({key: told, "count": len(wanted), "offset": offset, "limit": limit})


def money(key: str, value: str) -> dict[str, Any]:
    """An amount as a number of JavaScript, and exactly."""
    number = float(value)
    plain = int(number) if number.is_integer() else number
    return {key: plain, f"raw_{key}": {"value": value, "precision": 20}}


def order(external_id: str) -> dict[str, Any]:
    return {
        "id": external_id,
        "display_id": 1001,
        "custom_display_id": None,
        "status": "pending",
        "version": 1,
        "customer_id": "cus_1",
        "email": None,
        "currency_code": "eur",
        "created_at": PLACED,
        "updated_at": PLACED,
        "metadata": None,
        **money("total", "12.1"),
        **money("tax_total", "2.1"),
        **money("shipping_total", "0"),
        **money("discount_total", "0"),
        **money("credit_line_total", "0"),
        "items": [line("ordli_1", "Káva", 1, "10", "10", "21")],
        "shipping_methods": [],
        "credit_lines": [],
        "payment_collections": [],
        "fulfillments": [],
        "billing_address": None,
        "shipping_address": None,
        "payment_status": "not_paid",
        "fulfillment_status": "not_fulfilled",
    }


def line(
    external_id: str, title: str, quantity: int, price: str, net: str, rate: str
) -> dict[str, Any]:
    tax = Decimal(net) * Decimal(rate) / 100
    told = {
        "id": external_id,
        "title": title,
        "subtitle": None,
        "thumbnail": None,
        "variant_id": None,
        "product_id": None,
        "product_title": title,
        "product_description": None,
        "variant_sku": None,
        "variant_barcode": None,
        "variant_title": None,
        "variant_option_values": None,
        "requires_shipping": True,
        "is_giftcard": False,
        "is_tax_inclusive": False,
        "is_custom_price": False,
        "metadata": {},
        "created_at": PLACED,
        "updated_at": PLACED,
        "deleted_at": None,
        "tax_lines": [{"rate": int(rate)}],
        "adjustments": [],
        "detail": {
            **money("fulfilled_quantity", "0"),
            **money("return_received_quantity", "0"),
            **money("return_dismissed_quantity", "0"),
        },
        **money("quantity", str(quantity)),
        **money("unit_price", price),
        **money("subtotal", str(Decimal(price) * quantity)),
        **money("total", str(Decimal(net) + tax)),
        **money("tax_total", str(tax)),
    }
    for name in IDLE:
        told |= money(name, "0")
    return told


def adjustment(promotion: str, code: str, net: str, gross: str) -> dict[str, Any]:
    return {
        "id": f"ordliadj_{promotion}",
        "promotion_id": promotion,
        "code": code,
        "description": None,
        **money("amount", net),
        **money("subtotal", net),
        **money("total", gross),
    }


def address(told: SourceAddress) -> dict[str, Any]:
    return {
        "id": "ordaddr_1",
        "first_name": told.first_name,
        "last_name": told.last_name,
        "company": told.company or None,
        "address_1": told.line1,
        "address_2": None,
        "city": told.city,
        "province": None,
        "postal_code": told.postcode,
        "country_code": told.country.lower(),
        "phone": told.phone or None,
        "metadata": None,
    }


IDLE = (
    *("original_subtotal", "original_total", "original_tax_total"),
    *("discount_subtotal", "discount_tax_total", "discount_total"),
    *("refundable_total_per_unit", "refundable_total", "fulfilled_total", "shipped_total"),
    *("return_requested_total", "return_received_total", "return_dismissed_total"),
    "write_off_total",
)
"""Figures of a line that only make the answer as large as the real one's."""
UNKNOWN_ERROR = Reply({"code": "unknown_error", "type": "unknown_error", "message": "…"}, 500)
LISTS: dict[str, list[Any]] = {
    "/admin/stores": [{"id": "store_1", "name": "Káva"}],
    "/admin/shipping-options": [
        {
            "id": "so_packeta",
            "name": "Zásilkovna",
            "rules": [{"attribute": "enabled_in_store", "value": "true"}],
            "service_zone": {"name": "Česko", "fulfillment_set": {"type": "shipping"}},
        }
    ],
    "/admin/payments/payment-providers": [
        {"id": "pp_system_default", "is_enabled": True},
        {"id": "pp_stripe_stripe", "is_enabled": True},
    ],
}
