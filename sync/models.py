from django.conf import settings
from django.db import models
from django.db.models import Q

from eshops.models import Eshop
from orders.models import Movement, Order


class CatchUp(models.Model):
    """Working off the orders whose settings have changed since, newest first, in runs of at most
    `runs.LIMIT`. Where it stands is counted from its runs."""

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_by_name = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    eshop = models.ForeignKey(Eshop, models.CASCADE, null=True, related_name="+")
    """Only this e-shop's orders; all when None."""
    offline = models.BooleanField(default=False)
    """Whether the settings are applied to the stored answers instead of asking the e-shops."""
    paused_at = models.DateTimeField(null=True)
    pause_reason = models.TextField(blank=True)
    resumed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = []

    def __str__(self) -> str:
        return f"Catch-up {self.pk}"


class SyncRun(models.Model):
    """One press of a button: up to 100 orders, or an import. Its items say how each one went."""

    class Trigger(models.TextChoices):
        ROW = "row", "Button in the list"
        DETAIL = "detail", "Button on the order"
        BULK = "bulk", "Bulk action"
        COMMAND = "command", "Command"
        RETRY = "retry", "Retry"
        IMPORT = "import", "Import"
        CATCH_UP = "catch_up", "Catch up"
        REAPPLY = "reapply", "Re-apply settings"
        RECHECK = "recheck", "Schedule"

    trigger = models.CharField(max_length=10, choices=Trigger)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_by_name = models.CharField(max_length=150)
    created_at = models.DateTimeField(db_index=True)
    cancelled_at = models.DateTimeField(null=True)
    catch_up = models.ForeignKey(CatchUp, models.CASCADE, null=True, related_name="runs")

    # An import works for one e-shop and finds its orders as it goes.
    eshop = models.ForeignKey(Eshop, models.CASCADE, null=True, related_name="+")
    since = models.DateTimeField(null=True)
    by_change = models.BooleanField(default=False)
    """Whether `since` means when orders were changed, not when they were placed."""
    seen_until = models.DateTimeField(null=True)
    """The newest stamp of a change among the orders that were told and stored."""
    cursor = models.TextField(blank=True)
    """Where the import goes on, committed with what was loaded up to there."""
    expected = models.PositiveIntegerField(null=True)
    """How many orders the e-shop said the import has."""
    attempts = models.PositiveSmallIntegerField(default=0)
    """How often in a row the same page could not be loaded."""
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ["view"]
        constraints = [
            models.UniqueConstraint(
                fields=["eshop"],
                condition=Q(trigger="import", finished_at=None),
                name="import_once_at_a_time",
            ),
        ]
        permissions = [
            ("synchronize", "Can synchronize an order with its e-shop"),
            ("synchronize_in_bulk", "Can synchronize up to 100 orders at once"),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk}"


class SyncItem(models.Model):
    """One order in a run. While its outcome is pending it waits or is being worked on."""

    class Outcome(models.TextChoices):
        PENDING = "pending", "Waiting"
        IMPORTED = "imported", "Imported"
        UPDATED = "updated", "Updated"
        UNCHANGED = "unchanged", "Already up to date"
        MISSING = "missing", "Missing in the e-shop"
        SKIPPED = "skipped", "Skipped"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="items")
    eshop = models.ForeignKey(Eshop, models.CASCADE, related_name="+", db_index=False)
    order = models.ForeignKey(Order, models.SET_NULL, null=True, related_name="sync_items")
    """None for an order that an import could not load."""
    external_id = models.CharField(max_length=191)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    """How often the e-shop was asked, counted before asking."""
    settings_version = models.PositiveIntegerField(null=True)
    """In a catch-up: the e-shop's settings when the order was taken up. They are read later, so
    what was done with the order is done with these or newer ones."""
    error_kind = models.CharField(max_length=20, blank=True)
    message = models.TextField(blank=True)
    asked_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    movement = models.OneToOneField(Movement, models.SET_NULL, null=True, related_name="sync_item")

    class Meta:
        ordering = ["id"]
        default_permissions = []
        constraints = [
            models.UniqueConstraint(
                fields=["run", "eshop", "external_id"], name="sync_item_once_in_run"
            ),
            models.UniqueConstraint(
                fields=["order"], condition=Q(outcome="pending"), name="sync_item_pending_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["eshop", "run"], condition=Q(outcome="pending"), name="sync_item_lanes"
            ),
            models.Index(fields=["run", "outcome"], name="sync_item_outcomes"),
        ]

    def __str__(self) -> str:
        return f"{self.external_id} in run {self.run_id}: {self.outcome}"

    @property
    def can_be_retried(self) -> bool:
        """See `sync.progress.RETRIABLE`."""
        is_skipped = self.outcome == self.Outcome.SKIPPED and bool(self.error_kind)
        return bool(self.external_id) and (self.outcome == self.Outcome.FAILED or is_skipped)
