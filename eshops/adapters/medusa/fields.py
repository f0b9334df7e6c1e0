"""What an order of Medusa 2 is asked for.

Seen on Medusa 2.21: the list's own choice of fields has no currency, e-mail or address, so all are
named. A list has all of `items` whatever is asked for, a single order has not. `raw_…` is an amount
exactly; the plain one is a JavaScript number, and anything up to 0.0001 is told as 0. Without the
plain `total` there are no totals, nor of the lines. Without `items.detail.raw_fulfilled_quantity`,
which is not read here, Medusa says "fulfilled" of what was fulfilled in part, and "delivered"
likewise.
"""

_SHIPPING = "shipping_methods"
_PAYMENTS = "payment_collections.payments"


def _of(relation: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{relation}.{name}" for name in names)


_ADJUSTMENT = ("id", "promotion_id", "code", "description", "raw_subtotal", "raw_total")
_ADDRESS = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "province",
    "postal_code",
    "country_code",
    "phone",
    "metadata",
)

FIELDS = ",".join(
    (
        "id,display_id,custom_display_id,status,email,currency_code,metadata",
        "created_at,updated_at,canceled_at",
        "total,raw_total,raw_tax_total,raw_shipping_total,raw_discount_total,raw_credit_line_total",
        *_of("customer", "first_name", "last_name", "phone", "company_name", "metadata"),
        *_of("billing_address", *_ADDRESS),
        *_of("shipping_address", *_ADDRESS),
        "*items,items.detail.raw_fulfilled_quantity",
        *_of("items.detail", "raw_return_received_quantity", "raw_return_dismissed_quantity"),
        "items.variant.ean,items.tax_lines.rate",
        *_of("items.adjustments", *_ADJUSTMENT),
        *_of(_SHIPPING, "id", "created_at", "name", "shipping_option_id", "data", "metadata"),
        *_of(_SHIPPING, "raw_total", "raw_tax_total", "tax_lines.rate"),
        *_of(f"{_SHIPPING}.detail", "return_id", "claim_id", "exchange_id"),
        *_of(f"{_SHIPPING}.adjustments", *_ADJUSTMENT),
        *_of("credit_lines", "reference", "reference_id", "raw_amount", "metadata"),
        *_of("transactions", "reference_id", "version"),
        *_of(_PAYMENTS, "provider_id", "created_at", "captured_at", "canceled_at"),
        *_of(f"{_PAYMENTS}.refunds", "id", "created_at", "note", "raw_amount", "refund_reason_id"),
        *_of(f"{_PAYMENTS}.refunds.refund_reason", "label", "code"),
        *_of("fulfillments", "created_at", "labels.tracking_number", "labels.tracking_url"),
    )
)
