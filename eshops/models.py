from typing import Any

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from eshops.credentials import CredentialsField


class Eshop(models.Model):
    """One connected shop or marketplace account."""

    class Kind(models.TextChoices):
        ESHOP = "eshop", "E-shop"
        MARKETPLACE = "marketplace", "Marketplace"

    class ImportMode(models.TextChoices):
        FYNODE = "fynode", "Into Fynode"
        DIRECT = "direct", "Directly into an e-shop"

    name = models.CharField(max_length=100, unique=True)
    platform = models.CharField(max_length=30)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.ESHOP)
    base_url = models.URLField("address")
    credentials = CredentialsField(editable=False)
    is_active = models.BooleanField("active", default=True)
    timezone = models.CharField(max_length=60, default="UTC")
    learned = models.JSONField(default=dict, editable=False)
    """What the adapter found out about the e-shop when it was connected or its data were loaded."""
    settings_version = models.PositiveIntegerField(default=1, editable=False)
    """Grows with every change to the sequences and mappings that orders are resolved with."""
    data_loaded_at = models.DateTimeField(null=True, editable=False)
    """When the sequences were last read from the e-shop."""
    import_every = models.PositiveSmallIntegerField(
        "automatic import every (minutes)", null=True, blank=True, validators=[MinValueValidator(5)]
    )
    """None: orders are imported by hand only."""
    imported_until = models.DateTimeField(null=True, editable=False)
    """All that had changed in the e-shop by then has been imported, by its own stamps."""
    rules = models.JSONField(default=dict, blank=True)
    """Group of fields → what a synchronization does with it, where that is not to overwrite."""
    import_mode = models.CharField(max_length=10, choices=ImportMode, default=ImportMode.FYNODE)
    direct_eshop = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="marketplaces"
    )
    """Where a marketplace's orders go directly; they are synchronized from there."""
    connection_error = models.TextField(blank=True, editable=False)
    """Why the e-shop does not let us in, in words; empty while it does."""
    wait_until = models.DateTimeField(null=True, editable=False)
    """The e-shop asked for a pause, or could not answer: nothing is asked before then."""
    wait_reason = models.TextField(blank=True, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(import_mode="fynode", direct_eshop=None)
                | Q(
                    import_mode="direct",
                    kind="marketplace",
                    direct_eshop__isnull=False,
                    import_every=None,
                ),
                name="eshop_one_import_mode",
                violation_error_message=(
                    "Orders are imported into Fynode or directly into an e-shop, not both."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_waiting(self) -> bool:
        return self.wait_until is not None and self.wait_until > timezone.now()


class Sequence(models.Model):
    """One entry of an e-shop's code lists: what one of its codes is called and means here.

    What the e-shop says is kept beside what staff made of it. A field that staff left as the
    e-shop had it follows the e-shop; one they edited stays theirs.
    """

    TOLD = ("name", "type", "color", "description", "price")
    """What the e-shop may tell of an entry; each has a `source_` beside it."""

    class Kind(models.TextChoices):
        STATUS = "status", "Order status"
        DELIVERY = "delivery", "Delivery type"
        PAYMENT = "payment", "Payment method"

    class StatusType(models.TextChoices):
        NEW = "new", "New"
        PAID = "paid", "Paid"
        PACKED = "packed", "Packed"
        SHIPPED = "shipped", "Shipped"
        DELIVERED = "delivered", "Delivered"
        CANCELLED = "cancelled", "Cancelled"
        RETURNED = "returned", "Returned"

    class DeliveryType(models.TextChoices):
        COURIER = "courier", "Courier"
        POST = "post", "Post"
        PICKUP_POINT = "pickup_point", "Pickup point"
        COLLECTION = "collection", "Collected in person"
        ELECTRONIC = "electronic", "Electronic"
        OTHER = "other", "Other"

    class PaymentType(models.TextChoices):
        CASH_ON_DELIVERY = "cash_on_delivery", "Cash on delivery"
        TRANSFER = "transfer", "Bank transfer"
        CARD = "card", "Card"
        ONLINE = "online", "Online payment"
        CASH = "cash", "Cash"
        OTHER = "other", "Other"

    eshop = models.ForeignKey(Eshop, models.CASCADE, related_name="sequences")
    kind = models.CharField(max_length=10, choices=Kind)
    code = models.CharField(max_length=191)
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=30, blank=True)
    color = models.CharField(
        max_length=7,
        blank=True,
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", "A colour is written as #1d5fbf.")],
    )
    description = models.TextField(blank=True)
    price = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    in_eshop = models.BooleanField("exists in the e-shop", default=True)
    is_active = models.BooleanField("active", default=True)
    """Whether the e-shop's code lists still have it, or staff added it."""
    source_name = models.CharField(max_length=200, blank=True, editable=False)
    source_type = models.CharField(max_length=30, blank=True, editable=False)
    source_color = models.CharField(max_length=7, blank=True, editable=False)
    source_description = models.TextField(blank=True, editable=False)
    source_price = models.DecimalField(
        max_digits=20, decimal_places=6, null=True, blank=True, editable=False
    )

    class Meta:
        ordering = ["kind", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["eshop", "kind", "code"],
                name="sequence_code_once",
                violation_error_message="This e-shop has an entry with this code already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @classmethod
    def types(cls, kind: str) -> list[tuple[str, str]]:
        """The types that entries of this kind may have, with their labels."""
        choices = {
            cls.Kind.STATUS: cls.StatusType.choices,
            cls.Kind.DELIVERY: cls.DeliveryType.choices,
            cls.Kind.PAYMENT: cls.PaymentType.choices,
        }
        return [(value, str(label)) for value, label in choices[cls.Kind(kind)]]

    @property
    def theirs(self) -> dict[str, Any]:
        """What the e-shop tells otherwise than staff made it: field → the e-shop's value."""
        told = {name: getattr(self, f"source_{name}") for name in self.TOLD}
        return {
            name: value
            for name, value in told.items()
            if value not in ("", None) and value != getattr(self, name)
        }

    @property
    def is_edited(self) -> bool:
        return bool(self.theirs)


class MarketplaceMapping(models.Model):
    """Which of an e-shop's delivery types or payment methods a marketplace's code stands for."""

    eshop = models.ForeignKey(Eshop, models.CASCADE, related_name="marketplace_mappings")
    kind = models.CharField(
        max_length=10, choices=[c for c in Sequence.Kind.choices if c[0] != "status"]
    )
    code = models.CharField(max_length=191)
    target = models.ForeignKey(Sequence, models.CASCADE, related_name="+")

    class Meta:
        default_permissions = []
        constraints = [
            models.UniqueConstraint(
                fields=["eshop", "kind", "code"],
                name="marketplace_code_once",
                violation_error_message="This code is mapped already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} → {self.target}"


class DataLoad(models.Model):
    """One reading of an e-shop's code lists, and what it changed in ours."""

    eshop = models.ForeignKey(Eshop, models.CASCADE, related_name="data_loads")
    requested_at = models.DateTimeField()
    requested_by = models.CharField(max_length=150)
    finished_at = models.DateTimeField(null=True)
    changes = models.JSONField(default=dict)
    """added, renamed, changed, gone, returned → entries as [kind, code, name, former name]."""
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = []
        constraints = [
            models.UniqueConstraint(
                fields=["eshop"], condition=Q(finished_at=None), name="data_load_once_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.eshop_id} at {self.requested_at:%Y-%m-%d %H:%M}"


class MetadataMapping(models.Model):
    """The value under this source key of an order goes into that field of it; `eshops.mapping`
    says what source keys and transforms mean."""

    class Scope(models.TextChoices):
        ORDER = "order", "Order"
        LINE = "line", "Lines"
        SHIPPING = "shipping", "Shipping lines"

    class Transform(models.TextChoices):
        TRIM = "trim", "Trim spaces"
        UPPER = "upper", "Upper case"
        DIGITS = "digits", "Digits only"
        DATE = "date", "Date"
        FIRST = "first", "First of list"

    class Target(models.TextChoices):
        COMPANY = "company", "Company"
        COMPANY_ID = "company_id", "Company ID"
        TAX_ID = "tax_id", "Tax ID"
        VAT_ID = "vat_id", "VAT ID"
        DELIVERY_NOTE = "delivery_note", "Delivery note"
        DELIVERY_PHONE = "delivery_phone", "Delivery phone"
        PICKUP_POINT_ID = "pickup_point_id", "Pickup point ID"
        PICKUP_POINT_NAME = "pickup_point_name", "Pickup point name"
        TRACKING_NUMBER = "tracking_number", "Tracking number"
        TRACKING_URL = "tracking_url", "Tracking address"
        VARIABLE_SYMBOL = "variable_symbol", "Variable symbol"
        DELIVERY_DATE = "delivery_date", "Delivery date"
        CUSTOMER_NOTE = "customer_note", "Customer note"
        CUSTOM = "custom", "A field of our own"

    eshop = models.ForeignKey(Eshop, models.CASCADE, related_name="mappings")
    scope = models.CharField("of", max_length=10, choices=Scope, default=Scope.ORDER)
    source_key = models.CharField(
        max_length=191,
        help_text="A metadata key, or a path into its value: point.id, stops[0].name",
    )
    transforms = models.JSONField(default=list, blank=True)
    target = models.CharField(max_length=30, choices=Target)
    label = models.CharField(
        max_length=100, blank=True, help_text="What our own field is called; for that target only."
    )
    position = models.PositiveSmallIntegerField(
        default=0, help_text="Of several keys for one field the first with a value counts."
    )

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(target="custom", label__gt="") | (~Q(target="custom") & Q(label="")),
                name="mapping_label_for_custom_only",
                violation_error_message="A field of our own needs a label, and only such a field.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_key} → {self.label or self.get_target_display()}"
