"""What an order object of WooCommerce's REST API v3 means. Pure: no network, no settings.

Facts of WooCommerce this rests on, seen on a real shop (10.5): money is text without tax, its tax
beside it; times come twice, in the shop's time without saying so and in UTC; a refund is listed
with the order but not taken off its total; a coupon is listed but already taken off the lines.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from eshops.adapters.amounts import NOTHING, RATE_PLACES, currency
from eshops.adapters.reading import (
    code,
    integer,
    local,
    mapping,
    money,
    number,
    objects,
    plain,
    round_to,
    short,
    text,
    utc,
)
from eshops.source import (
    BadPayload,
    ItemKind,
    Metadatum,
    SourceAddress,
    SourceItem,
    SourceOrder,
    SourceState,
)

Data = Mapping[str, Any]


def parse_order(data: Any, timezone: str) -> SourceOrder:
    """The order that `data`, one decoded JSON object, describes; else raises `BadPayload`.

    `timezone` is the e-shop's own, for times that come without their UTC twin. What the payload
    has beyond our shape (order key, payment link, IP address) is left behind.
    """
    if not isinstance(data, dict):
        raise BadPayload("The e-shop's answer for this order is not an order.")
    placed_at = moment(data, "date_created", timezone)
    if placed_at is None:
        raise BadPayload("The e-shop's answer has no “date_created”.")
    paid_at = moment(data, "date_paid", timezone)
    total, tax = money(data, "total"), money(data, "total_tax", NOTHING)
    status = code(data, "status")
    billing, delivery = mapping(data, "billing"), delivery_line(data)
    refunds = objects(data, "refunds")
    return SourceOrder(
        external_id=identifier(data),
        number=code(data, "number") or identifier(data),
        state=SourceState.TRASHED if status == "trash" else SourceState.PRESENT,
        placed_at=placed_at,
        source_modified_at=moment(data, "date_modified", timezone),
        status_code=status,
        payment_code=code(data, "payment_method"),
        payment_name=text(data, "payment_method_title"),
        delivery_code=delivery_code(delivery),
        delivery_name=text(delivery, "method_title"),
        is_paid=paid_at is not None,
        paid_at=paid_at,
        currency=currency(data, "currency"),
        total=total,
        net=total - tax,
        tax=tax,
        shipping=both(data, "shipping_total", "shipping_tax"),
        discount=both(data, "discount_total", "discount_tax"),
        refunded=-sum((money(refund, "total") for refund in refunds), NOTHING),
        customer_email=text(billing, "email"),
        customer_phone=text(billing, "phone"),
        customer_name=f"{text(billing, 'first_name')} {text(billing, 'last_name')}".strip(),
        customer_note=text(data, "customer_note"),
        billing=address(billing),
        shipping_address=address(mapping(data, "shipping")),
        items=tuple(items(data)),
        metadata=(*metadata(data), *payment_reference(data)),
    )


def payment_reference(data: Data) -> Iterator[Metadatum]:
    """What the gateway calls the payment, under the key that WooCommerce keeps it under."""
    if found := text(data, "transaction_id"):
        yield Metadatum("_transaction_id", found)


def identifier(data: Data) -> str:
    """The id of an order, a line or a refund: a whole number above zero, as text."""
    number = integer(data, "id")
    if number <= 0:
        raise BadPayload("The e-shop's “id” cannot be understood.")
    return str(number)


def moment(data: Data, key: str, timezone: str) -> datetime | None:
    return utc(data, f"{key}_gmt") or local(data, key, timezone)


def both(data: Data, net: str, tax: str) -> Decimal:
    return money(data, net, NOTHING) + money(data, tax, NOTHING)


def address(data: Data) -> SourceAddress:
    return SourceAddress(
        first_name=text(data, "first_name"),
        last_name=text(data, "last_name"),
        company=text(data, "company"),
        line1=text(data, "address_1"),
        line2=text(data, "address_2"),
        city=text(data, "city"),
        region=text(data, "state"),
        postcode=text(data, "postcode"),
        country=text(data, "country"),
        phone=text(data, "phone"),
        email=text(data, "email"),
    )


def metadata(data: Data) -> tuple[Metadatum, ...]:
    """By their ids: a list of orders tells the same entries in another order than one of them."""
    entries = sorted(objects(data, "meta_data"), key=lambda entry: integer(entry, "id", 0))
    return tuple(Metadatum(text(entry, "key"), plain(entry.get("value"))) for entry in entries)


def delivery_line(data: Data) -> Data:
    """The shipping line that says how the order travels: the first with a method."""
    lines = objects(data, "shipping_lines")
    with_method = (line for line in lines if text(line, "method_id"))
    return next(with_method, lines[0] if lines else {})


def delivery_code(line: Data) -> str:
    """`method_id:instance_id`, for one method serves several zones under different names."""
    method, instance = text(line, "method_id"), text(line, "instance_id")
    return short(f"{method}:{instance}" if method and instance else method, "method_id")


def items(data: Data) -> Iterable[SourceItem]:
    """All lines of the order, in the order in which WooCommerce shows them."""
    rates = tax_rates(data)
    readers: tuple[tuple[str, Callable[[Data, TaxRates], SourceItem]], ...] = (
        ("line_items", product),
        ("shipping_lines", shipping),
        ("fee_lines", fee),
        ("coupon_lines", coupon),
        ("refunds", refund),
    )
    for key, read in readers:
        seen = set[str]()
        for line in objects(data, key):
            item = read(line, rates)
            if item.external_id in seen:
                raise BadPayload(f"Two of the e-shop's “{key}” have the same id.")
            seen.add(item.external_id)
            yield item


def product(line: Data, rates: "TaxRates") -> SourceItem:
    price = money(line, "price", None)
    net, tax, gross = amounts(line, "total", "total_tax")
    return SourceItem(
        external_id=identifier(line),
        kind=ItemKind.PRODUCT,
        name=text(line, "name"),
        variant=variant(line),
        product_id=reference(line, "product_id"),
        variant_id=reference(line, "variation_id"),
        sku=text(line, "sku"),
        ean=text(line, "global_unique_id"),
        quantity=number(line, "quantity", Decimal(1)),
        unit_price=price,
        tax_rate=tax_rate(line, rates),
        net=net,
        tax=tax,
        gross=gross,
        metadata=metadata(line),
    )


def shipping(line: Data, rates: "TaxRates") -> SourceItem:
    return charge(line, rates, ItemKind.SHIPPING, text(line, "method_title"))


def fee(line: Data, rates: "TaxRates") -> SourceItem:
    return charge(line, rates, ItemKind.FEE, text(line, "name"))


def charge(line: Data, rates: "TaxRates", kind: ItemKind, name: str) -> SourceItem:
    net, tax, gross = amounts(line, "total", "total_tax")
    return SourceItem(
        external_id=identifier(line),
        kind=kind,
        name=name,
        tax_rate=tax_rate(line, rates),
        net=net,
        tax=tax,
        gross=gross,
        metadata=metadata(line),
    )


def coupon(line: Data, rates: "TaxRates") -> SourceItem:
    net, tax, gross = amounts(line, "discount", "discount_tax")
    return SourceItem(
        external_id=identifier(line),
        kind=ItemKind.DISCOUNT,
        name=text(line, "code"),
        net=None if net is None else -net,
        tax=None if tax is None else -tax,
        gross=None if gross is None else -gross,
        in_total=False,
        metadata=metadata(line),
    )


def refund(line: Data, rates: "TaxRates") -> SourceItem:
    return SourceItem(
        external_id=identifier(line),
        kind=ItemKind.REFUND,
        name=text(line, "reason"),
        gross=money(line, "total"),
        in_total=False,
    )


def amounts(line: Data, net_key: str, tax_key: str) -> tuple[Decimal | None, ...]:
    """Net, tax and gross of a line; no gross where one of the two is unknown."""
    net, tax = money(line, net_key, None), money(line, tax_key, None)
    return net, tax, None if net is None or tax is None else net + tax


def reference(line: Data, key: str) -> str:
    """The id of something the line refers to; WooCommerce writes 0 for nothing."""
    found = code(line, key)
    return "" if found == "0" else found


def variant(line: Data) -> str:
    """“Velikost: M, Barva: Modrá”, from what a customer sees of the line's metadata."""
    chosen = (
        (text(entry, "display_key") or text(entry, "key"), entry.get("display_value"))
        for entry in objects(line, "meta_data")
        if not text(entry, "key").startswith("_") and isinstance(entry.get("value"), str)
    )
    return ", ".join(
        f"{name}: {text({name: value}, name)}" for name, value in chosen if isinstance(value, str)
    )


TaxRates = Mapping[str, tuple[Decimal, bool]]
"""Rate id → per cent, and whether it is charged on top of the taxes before it."""


def tax_rates(data: Data) -> TaxRates:
    return {
        code(line, "rate_id"): (
            number(line, "rate_percent"),
            text(line, "compound") in ("1", "true"),
        )
        for line in objects(data, "tax_lines")
        if line.get("rate_percent") not in (None, "")
    }


def tax_rate(line: Data, rates: TaxRates) -> Decimal | None:
    """The per cent that the line's taxes amount to together, None when it has none.

    WooCommerce lists a tax that does not apply to the line with "" for its total.
    """
    ids = [code(tax, "id") for tax in objects(line, "taxes") if text(tax, "total")]
    found = [rates[each] for each in ids if each in rates]
    if not found:
        return None
    together = sum((percent for percent, compound in found if not compound), NOTHING)
    for percent in (percent for percent, compound in found if compound):
        together += percent * (1 + together / 100)
    if abs(together) >= 10**6:
        raise BadPayload("The e-shop's “rate_percent” cannot be understood.")
    return round_to(together, RATE_PLACES)
