from django.contrib import admin

from orders.admin import LookOnly
from sync.models import SyncItem, SyncRun


class ItemInline(admin.TabularInline):
    model = SyncItem
    fields = ["external_id", "outcome", "attempts", "error_kind", "message", "finished_at"]


@admin.register(SyncRun)
class RunAdmin(LookOnly):
    list_display = ["id", "trigger", "created_by_name", "created_at", "finished_at"]
    list_filter = ["trigger"]
    show_full_result_count = False
    inlines = [ItemInline]
