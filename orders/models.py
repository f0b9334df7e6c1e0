from decimal import Decimal

from django.conf import settings
from django.db import models

from eshops.models import Eshop
from eshops.source import ItemKind, SourceState


def money(null: bool = False) -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=20, decimal_places=6, null=null)


class Warehouse(models.Model):
    """The connection to a warehouse: which orders it gets, and what a synchronization may still
    change about an order while the warehouse has it."""

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        JSON = "json", "JSON"

    class MatchBy(models.TextChoices):
        SKU = "sku", "Product number"
        EAN = "ean", "EAN"

    name = models.CharField(max_length=100)
    is_active = models.BooleanField("active", default=False)
    status_types = models.JSONField(default=list, blank=True)
    """The types of status (`Sequence.StatusType`) whose orders are handed over."""
    automatic = models.BooleanField("hand over by itself", default=False)
    format = models.CharField(max_length=10, choices=Format, default=Format.CSV)
    match_by = models.CharField(
        "products are known by", max_length=10, choices=MatchBy, default=MatchBy.SKU
    )
    rules = models.JSONField(default=dict, blank=True)
    """Group of fields → what a synchronization does with it, as `Eshop.rules`."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"],
                condition=models.Q(is_active=True),
                name="one_active_warehouse",
                violation_error_message="Another warehouse is active; there can be one only.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key_name(self) -> str:
        """What products are known by, inside a sentence."""
        return "EAN" if self.match_by == self.MatchBy.EAN else "product number"


class Handover(models.Model):
    """Orders handed over to a warehouse together, and the file it got."""

    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="handovers")
    at = models.DateTimeField()
    actor_name = models.CharField(max_length=150)
    format = models.CharField(max_length=10, choices=Warehouse.Format)
    content = models.TextField()

    class Meta:
        ordering = ["-id"]
        default_permissions = ["add", "view"]

    def __str__(self) -> str:
        return f"Handover {self.pk} to {self.warehouse}"


class Order(models.Model):
    """An order of an e-shop, as it was when it was last loaded from there.

    All but the internal note, the tags and the handover is overwritten by a synchronization, if
    no rule keeps it. Names and colours of the codes are those our sequences had at that time.
    """

    class SourceState(models.TextChoices):
        PRESENT = SourceState.PRESENT.value, "In the e-shop"
        TRASHED = SourceState.TRASHED.value, "In the e-shop's trash"
        MISSING = SourceState.MISSING.value, "Missing in the e-shop"

    eshop = models.ForeignKey(Eshop, models.PROTECT, related_name="orders")
    external_id = models.CharField(max_length=191)
    number = models.CharField(max_length=191, db_index=True)
    placed_at = models.DateTimeField()
    source_state = models.CharField(max_length=10, choices=SourceState, default=SourceState.PRESENT)

    status_code = models.CharField(max_length=191, blank=True)
    status_name = models.TextField(blank=True)
    status_type = models.CharField(max_length=30, blank=True)
    status_color = models.CharField(max_length=7, blank=True)
    axes = models.JSONField("statuses of the e-shop", default=dict)
    """Where the e-shop has several statuses for an order, each one's code: axis → code."""
    payment_code = models.CharField(max_length=191, blank=True)
    payment_name = models.TextField(blank=True)
    delivery_code = models.CharField(max_length=191, blank=True)
    delivery_name = models.TextField(blank=True)
    is_paid = models.BooleanField("paid", default=False)
    paid_at = models.DateTimeField(null=True)

    currency = models.CharField(max_length=3)
    total = money()
    net = money()
    tax = money()
    shipping = money()
    discount = money()
    refunded = money()

    customer_name = models.TextField(blank=True)
    customer_email = models.TextField("e-mail", blank=True)
    customer_phone = models.TextField("phone", blank=True)
    company = models.TextField(blank=True)
    company_id = models.TextField("company ID", blank=True)
    tax_id = models.TextField("tax ID", blank=True)
    vat_id = models.TextField("VAT ID", blank=True)
    pickup_point_id = models.TextField("pickup point ID", blank=True)
    pickup_point_name = models.TextField("pickup point", blank=True)
    tracking_number = models.TextField(blank=True)
    tracking_url = models.TextField("tracking address", blank=True)
    customer_note = models.TextField(blank=True)
    delivery_note = models.TextField(blank=True)
    delivery_phone = models.TextField(blank=True)
    delivery_date = models.DateField(null=True)
    variable_symbol = models.TextField(blank=True)
    metadata = models.JSONField(default=list)
    """The e-shop's own keys and values, unmapped: [{"key": …, "value": …}, …]."""
    custom = models.JSONField("own fields", default=dict)
    """Label → value of the mappings to fields of our own."""

    internal_note = models.TextField(blank=True)
    tags = models.JSONField(default=list)
    handover = models.ForeignKey(
        Handover, models.SET_NULL, null=True, related_name="orders", editable=False
    )
    """How the warehouse got the order; None while it does not have it."""

    search_text = models.TextField(editable=False)
    """What the search looks at, made by `orders.filters.searchable`."""

    class Meta:
        ordering = ["-placed_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["eshop", "external_id"], name="order_once"),
        ]
        indexes = [
            models.Index(fields=["-placed_at", "-id"], name="order_newest"),
            models.Index(fields=["eshop", "-placed_at", "-id"], name="order_eshop_newest"),
            models.Index(fields=["status_code", "-placed_at", "-id"], name="order_status_newest"),
            models.Index(fields=["payment_code", "-placed_at", "-id"], name="order_payment_newest"),
            models.Index(
                fields=["delivery_code", "-placed_at", "-id"], name="order_delivery_newest"
            ),
            models.Index(fields=["is_paid", "-placed_at", "-id"], name="order_paid_newest"),
            models.Index(
                fields=["source_state", "-placed_at", "-id"], name="order_source_state_newest"
            ),
            models.Index(
                fields=["status_type", "-placed_at", "-id"],
                condition=models.Q(handover=None),
                name="order_due",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class OrderAddress(models.Model):
    class Kind(models.TextChoices):
        BILLING = "billing", "Billing address"
        SHIPPING = "shipping", "Shipping address"

    order = models.ForeignKey(Order, models.CASCADE, related_name="addresses")
    kind = models.CharField(max_length=10, choices=Kind)
    first_name = models.TextField(blank=True)
    last_name = models.TextField(blank=True)
    company = models.TextField(blank=True)
    line1 = models.TextField("street", blank=True)
    line2 = models.TextField("street, second line", blank=True)
    city = models.TextField(blank=True)
    region = models.TextField(blank=True)
    postcode = models.TextField(blank=True)
    country = models.TextField(blank=True)
    phone = models.TextField(blank=True)
    email = models.TextField("e-mail", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "kind"], name="address_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.order_id}"


class OrderItem(models.Model):
    """A line of an order. It keeps its row for as long as the e-shop's line keeps its id."""

    class Kind(models.TextChoices):
        PRODUCT = ItemKind.PRODUCT.value, "Product"
        SHIPPING = ItemKind.SHIPPING.value, "Shipping"
        FEE = ItemKind.FEE.value, "Fee"
        DISCOUNT = ItemKind.DISCOUNT.value, "Discount"
        REFUND = ItemKind.REFUND.value, "Refund"

    order = models.ForeignKey(Order, models.CASCADE, related_name="items")
    kind = models.CharField(max_length=10, choices=Kind)
    external_id = models.CharField(max_length=191)
    position = models.PositiveIntegerField()
    name = models.TextField(blank=True)
    variant = models.TextField(blank=True)
    product_id = models.TextField("product ID", blank=True)
    variant_id = models.TextField("variant ID", blank=True)
    sku = models.TextField("SKU", blank=True)
    ean = models.TextField("EAN", blank=True)
    quantity = money()
    unit = models.TextField(blank=True)
    unit_price = money(null=True)
    tax_rate = models.DecimalField(max_digits=9, decimal_places=4, null=True)
    net = money(null=True)
    tax = money(null=True)
    gross = money(null=True)
    in_total = models.BooleanField("counts towards the total", default=True)
    metadata = models.JSONField(default=list)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "kind", "external_id"], name="item_once"),
        ]

    def __str__(self) -> str:
        return self.name


class SyncState(models.Model):
    """How fresh our copy of an order is. Apart from the order, so that asking an e-shop that has
    nothing new to say leaves the order's own row untouched."""

    class Outcome(models.TextChoices):
        UPDATED = "updated", "Updated"
        UNCHANGED = "unchanged", "Already up to date"
        MISSING = "missing", "Missing in the e-shop"
        FAILED = "failed", "Failed"

    order = models.OneToOneField(Order, models.CASCADE, primary_key=True, related_name="sync_state")
    eshop = models.ForeignKey(Eshop, models.CASCADE, related_name="sync_states", db_index=False)
    asked_at = models.DateTimeField()
    """When the request was sent whose answer we hold; no older answer may replace it."""
    source_modified_at = models.DateTimeField(null=True)
    """The e-shop's own stamp of that answer."""
    settings_version = models.PositiveIntegerField()
    """The e-shop's settings the order was resolved with."""
    synced_at = models.DateTimeField(null=True)
    """The last synchronization that succeeded; None while the order is as it was imported."""
    tried_at = models.DateTimeField(null=True)
    """When the last synchronization ended, however it did."""
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    """How the last synchronization ended."""
    message = models.TextField(blank=True)
    problems = models.JSONField(default=list)
    """Metadata that did not fit the fields they are mapped to: `eshops.mapping.Problem`s."""
    kept = models.JSONField(default=list)
    """What a rule kept from the last synchronization: `sync.plan.Kept`s, the e-shop's values
    as `new`."""

    class Meta:
        indexes = [
            models.Index(fields=["outcome", "order"], name="sync_state_outcome"),
            models.Index(fields=["eshop", "settings_version"], name="sync_state_version"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.outcome or 'imported'}"


class Payload(models.Model):
    """What the e-shop last said about an order, so that changed settings can be applied without
    asking it again. Compressed and encrypted; `sync.payloads` writes and reads it."""

    order = models.OneToOneField(Order, models.CASCADE, primary_key=True, related_name="payload")
    asked_at = models.DateTimeField()
    """When the request was sent that was answered so."""
    stored_at = models.DateTimeField(db_index=True)
    digest = models.CharField(max_length=32)
    content = models.TextField(editable=False)

    class Meta:
        default_permissions = []

    def __str__(self) -> str:
        return f"of order {self.order_id}"


class Movement(models.Model):
    """One entry of an order's history. Never changed and never deleted while the order is there."""

    class Kind(models.TextChoices):
        IMPORTED = "imported", "Imported from the e-shop"
        SYNCHRONIZED = "synchronized", "Synchronized with the e-shop"
        REAPPLIED = "reapplied", "Settings applied again"
        NOTE = "note", "Internal note changed"
        HANDED_OVER = "handed_over", "Handed over to the warehouse"
        TAKEN_BACK = "taken_back", "Taken back from the warehouse"

    order = models.ForeignKey(Order, models.CASCADE, related_name="movements")
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    actor_name = models.CharField(max_length=150)
    """Who did it, also after the user is gone."""
    kind = models.CharField(max_length=20, choices=Kind)
    message = models.TextField(blank=True)
    changes = models.JSONField(default=dict)
    """The `sync.plan.Plan` that was carried out; empty when nothing was."""

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["order", "id"], name="movement_of_order")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.at:%Y-%m-%d %H:%M}"
