"""The shop's own lists as the REST API tells them: statuses, payment gateways, shipping."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from eshops.sandbox import stock
from eshops.sandbox.clock import ZONE
from eshops.sandbox.shop import Shop
from eshops.sandbox.stock import Method
from eshops.sandbox.wire import ANY_METHOD, API

Row = dict[str, Any]


def gmt_offset() -> int:
    offset = datetime.now(UTC).astimezone(ZONE).utcoffset() or timedelta()
    return int(offset.total_seconds() // 3600)


def has_zone(zone_id: int) -> bool:
    return any(zone.id == zone_id for zone in stock.ZONES)


def statuses(shop: Shop, base_url: str) -> list[Row]:
    return [{"slug": slug, "name": name} for slug, name in stock.STATUSES.items()]


def totals(shop: Shop, base_url: str) -> list[Row]:
    counts = Counter(order["status"] for order in shop.orders.values())
    return [
        {"slug": slug, "name": name, "total": counts[slug]} for slug, name in stock.STATUSES.items()
    ]


def gateways(shop: Shop, base_url: str) -> list[Row]:
    return [
        {
            "id": gateway_id,
            "title": title,
            "description": "",
            "order": "",
            "enabled": True,
            "method_title": method_title,
            "method_description": "",
            "method_supports": ["products"],
            "settings": {"title": _setting("title", "Title", title, method_title)},
            "needs_setup": False,
            "post_install_scripts": [],
            "settings_url": f"{base_url}/",
            "connection_url": None,
            "setup_help_text": None,
            "required_settings_keys": [],
            "_links": _links(f"{base_url}{API}/payment_gateways", gateway_id),
        }
        for gateway_id, title, method_title in stock.GATEWAYS
    ]


def zones(shop: Shop, base_url: str) -> list[Row]:
    collection = f"{base_url}{API}/shipping/zones"
    return [
        {
            "id": zone.id,
            "name": zone.name,
            "order": 0,
            "_links": _links(collection, zone.id)
            | {"describedby": [{"href": f"{collection}/{zone.id}/locations"}]},
        }
        for zone in stock.ZONES
    ]


def methods(shop: Shop, base_url: str, zone_id: int) -> list[Row]:
    zone = next(zone for zone in stock.ZONES if zone.id == zone_id)
    zone_url = f"{base_url}{API}/shipping/zones/{zone_id}"
    return [
        {
            "id": method.instance_id,
            "instance_id": method.instance_id,
            "title": method.title,
            "order": order,
            "enabled": True,
            "method_id": method.method_id,
            "method_title": stock.METHOD_TITLES[method.method_id],
            "method_description": "",
            "settings": _method_settings(method),
            "_links": _links(f"{zone_url}/methods", method.instance_id)
            | {"describes": [{"href": zone_url}]},
        }
        for order, method in enumerate(zone.methods, start=1)
    ]


def _method_settings(method: Method) -> Row:
    default = stock.METHOD_TITLES[method.method_id]
    settings = {"title": _setting("title", "Name", method.title, default)}
    if method.method_id != "free_shipping":
        settings["cost"] = _setting("cost", "Cost", f"{method.cost:.2f}", "")
    return settings


def _setting(setting_id: str, label: str, value: str, default: str) -> Row:
    return {
        "id": setting_id,
        "label": label,
        "description": "",
        "type": "text",
        "value": value,
        "default": default,
        "tip": "",
        "placeholder": "",
    }


def _links(collection: str, key: str | int) -> Row:
    itself = {"href": f"{collection}/{key}", "targetHints": {"allow": ANY_METHOD}}
    return {"self": [itself], "collection": [{"href": collection}]}
