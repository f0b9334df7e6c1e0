"""Plain functions that make what an e-shop would tell."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from eshops.source import ItemKind, SourceAddress, SourceItem, SourceOrder

PLACED = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def source_item(external_id: str = "11", **values: Any) -> SourceItem:
    defaults: dict[str, Any] = {
        "kind": ItemKind.PRODUCT,
        "name": "Espresso Ő 1 kg",
        "sku": "COF-ESP",
        "quantity": Decimal(2),
        "unit_price": Decimal("10"),
        "tax_rate": Decimal("21"),
        "net": Decimal("20"),
        "tax": Decimal("4.2"),
        "gross": Decimal("24.2"),
    }
    return SourceItem(external_id=external_id, **(defaults | values))


def source_order(external_id: str = "1", **values: Any) -> SourceOrder:
    billing = SourceAddress(
        first_name="Žofie", last_name="Nováková", line1="Krátká 2", city="Brno", country="CZ"
    )
    defaults: dict[str, Any] = {
        "number": f"2026-{external_id}",
        "placed_at": PLACED,
        "source_modified_at": PLACED,
        "status_code": "processing",
        "payment_code": "cod",
        "payment_name": "Dobírka",
        "delivery_code": "flat_rate:1",
        "delivery_name": "PPL domů",
        "currency": "EUR",
        "total": Decimal("24.2"),
        "net": Decimal("20"),
        "tax": Decimal("4.2"),
        "shipping": Decimal(0),
        "discount": Decimal(0),
        "refunded": Decimal(0),
        "customer_name": "Žofie Nováková",
        "customer_email": "zofie@example.test",
        "billing": billing,
        "shipping_address": billing,
        "items": (source_item(),),
    }
    return SourceOrder(external_id=external_id, **(defaults | values))
