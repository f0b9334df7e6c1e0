"""Plain functions that make rows for tests."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.auth.models import Permission, User

from eshops.credentials import Credentials
from eshops.models import Eshop
from orders.filters import searchable
from orders.models import Order, SyncState

PLACED = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
_users = count(1)


def eshop(**fields: Any) -> Eshop:
    defaults: dict[str, Any] = {
        "name": "Shop",
        "platform": "woocommerce",
        "base_url": "http://127.0.0.1:9",
        "credentials": {"consumer_key": "ck", "consumer_secret": "cs"},
    }
    values = defaults | fields
    return Eshop.objects.create(**values | {"credentials": Credentials(values["credentials"])})


def order(eshop: Eshop, external_id: str = "1", **fields: Any) -> Order:
    """An order as an import leaves it, with its `SyncState`; `sync_state` overrides its fields."""
    defaults: dict[str, Any] = {
        "number": f"2026-{external_id}",
        "placed_at": PLACED,
        "status_code": "processing",
        "status_name": "Processing",
        "status_color": "#1d5fbf",
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
    }
    state: dict[str, Any] = {
        "asked_at": PLACED,
        "settings_version": eshop.settings_version,
        **fields.pop("sync_state", {}),
    }
    row = Order(eshop=eshop, external_id=external_id, **(defaults | fields))
    row.search_text = searchable(row)
    row.save()
    SyncState.objects.create(order=row, eshop=eshop, **state)
    return row


def user(*permissions: str, **fields: Any) -> User:
    """A user who may do what the permissions ("orders.view_order") say and nothing else."""
    created = User.objects.create_user(
        **({"username": f"staff{next(_users)}", "password": "a password"} | fields)
    )
    for permission in permissions:
        app_label, codename = permission.split(".")
        created.user_permissions.add(
            Permission.objects.get(content_type__app_label=app_label, codename=codename)
        )
    return created
