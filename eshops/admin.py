from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from eshops.models import Eshop, MetadataMapping, Sequence
from eshops.sequences import changing


class SequenceInline(admin.TabularInline):
    model = Sequence
    fields = ["kind", "code", "name", "type", "color", "is_active"]
    extra = 0


class MappingInline(admin.TabularInline):
    model = MetadataMapping
    extra = 0


@admin.register(Eshop)
class EshopAdmin(admin.ModelAdmin):
    """Connections are made by `connect_eshop`; here are the settings orders are resolved with."""

    list_display = ["name", "platform", "base_url", "is_active", "settings_version"]
    fields = [
        "name", "kind", "is_active", "platform", "base_url", "timezone", "settings_version",
        "data_loaded_at", "connection_error",
    ]  # fmt: skip
    readonly_fields = [
        "platform", "base_url", "timezone", "settings_version", "data_loaded_at",
        "connection_error",
    ]  # fmt: skip
    inlines = [SequenceInline, MappingInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Eshop | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Eshop, form: Any, change: bool) -> None:
        """Write what was edited and no other column: settings may be changing meanwhile."""
        obj.save(update_fields=form.changed_data)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        with changing(form.instance):
            super().save_related(request, form, formsets, change)
