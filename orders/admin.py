"""The back office looks at orders; only a synchronization and the order's own page change them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from orders.models import Movement, Order, OrderAddress, OrderItem, SyncState


class LookOnly(admin.ModelAdmin):
    """Nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StateInline(admin.StackedInline):
    model = SyncState
    fields = ["asked_at", "synced_at", "outcome", "message", "settings_version"]


class AddressInline(admin.StackedInline):
    model = OrderAddress


class ItemInline(admin.TabularInline):
    model = OrderItem
    fields = ["kind", "external_id", "name", "quantity", "net", "tax", "gross", "in_total"]


@admin.register(Order)
class OrderAdmin(LookOnly):
    list_display = ["number", "eshop", "placed_at", "status_name", "total", "currency"]
    list_select_related = ["eshop"]
    search_fields = ["number", "external_id"]
    show_full_result_count = False
    inlines = [StateInline, AddressInline, ItemInline]


@admin.register(Movement)
class MovementAdmin(LookOnly):
    list_display = ["id", "order", "at", "kind", "actor_name"]
    list_select_related = ["order"]
    show_full_result_count = False
