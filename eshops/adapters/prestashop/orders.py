"""What a PrestaShop order means, with its parts from the other resources. Pure.

Facts from answers of a PrestaShop 9.1 and its source code: `total_paid_tax_incl` is what the
customer owes (`total_paid` is the same, but not in the orders of the demonstration data, where it
does not contain the tax on the shipping); times are in the shop's own zone and do not say so;
several orders of one cart share their `reference`, and with it their payments.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from eshops.adapters.amounts import NOTHING, currency
from eshops.adapters.prestashop.lines import items, totals
from eshops.adapters.prestashop.resources import OPTIONAL, Tables
from eshops.adapters.prestashop.rows import Row, identifier, in_order, metadata, reference
from eshops.adapters.reading import code, local, money, text
from eshops.source import (
    BadPayload,
    ItemKind,
    Metadatum,
    SourceAddress,
    SourceItem,
    SourceOrder,
)

ORDER_METADATA = (
    "note",
    "gift",
    "gift_message",
    "recyclable",
    "invoice_number",
    "delivery_number",
)
"""`note` is the employees' own."""


def parse_order(data: Any, tables: Tables, timezone: str) -> SourceOrder:
    """The order that `data` describes, one object of the resource `orders`; else `BadPayload`.

    `tables` has the rows it names, and `timezone` is the shop's. Of a resource that the key may not
    read the order tells nothing, and says so in its metadata (“not_allowed”).
    """
    if not isinstance(data, dict):
        raise BadPayload("The e-shop's answer for this order is not an order.")
    placed_at = local(data, "date_add", timezone)
    if placed_at is None:
        raise BadPayload("The e-shop's answer has no “date_add”.")
    mine = identifier(data)
    total, net = money(data, "total_paid_tax_incl"), money(data, "total_paid_tax_excl")
    payments = in_order(tables.get("order_payments", {}).get(reference(data, "reference"), []))
    parcels = in_order(tables.get("order_carriers", {}).get(mine, []))
    customer, carrier = named(data, "id_customer", tables, "customers"), carrier_of(data, tables)
    invoice = named(data, "id_address_invoice", tables, "addresses")
    delivery = named(data, "id_address_delivery", tables, "addresses")
    email = text(customer, "email")
    billing = address(invoice, tables, email)
    shipping_address = address(delivery, tables)
    lines = tuple(items(data, tables, carrier))
    is_paid = paid(data, tables, total)
    tracking_number, tracking_url = tracking(data, parcels, tables)
    return SourceOrder(
        external_id=mine,
        number=code(data, "reference") or mine,
        placed_at=placed_at,
        source_modified_at=local(data, "date_upd", timezone),
        status_code=reference(data, "current_state"),
        payment_code=code(data, "module"),
        payment_name=text(data, "payment"),
        delivery_code=delivery_code(carrier),
        delivery_name=text(carrier, "name"),
        is_paid=is_paid,
        paid_at=paid_at(data, payments, total, timezone) if is_paid else None,
        currency=currency(named(data, "id_currency", tables, "currencies"), "iso_code"),
        total=total,
        net=net,
        tax=total - net,
        shipping=totals(data, "shipping")[1],
        discount=totals(data, "discounts")[1],
        refunded=-sum((each.gross or NOTHING for each in refunds(lines)), NOTHING),
        customer_email=email,
        customer_phone=billing.phone or shipping_address.phone,
        customer_name=full_name(customer) or full_name(invoice),
        customer_note=customer_note(tables.get("messages", {}).get(mine, [])),
        company_id=text(invoice, "dni") or text(customer, "siret"),
        vat_id=text(invoice, "vat_number"),
        tracking_number=tracking_number,
        tracking_url=tracking_url,
        billing=billing,
        shipping_address=shipping_address,
        items=lines,
        metadata=(
            *metadata(data, ORDER_METADATA),
            *address_metadata("invoice", invoice),
            *address_metadata("delivery", delivery),
            *transactions(payments),
            *not_allowed(tables),
        ),
    )


def named(data: Row, field: str, tables: Tables, resource: str) -> Row:
    """The row that the order names; empty where it names none or that is deleted."""
    rows = tables.get(resource, {}).get(reference(data, field))
    return rows[0] if rows else {}


def carrier_of(data: Row, tables: Tables) -> Row:
    return named(data, "id_carrier", tables, "carriers")


def delivery_code(carrier: Row) -> str:
    """What all versions of a carrier have in common, for each edit of it makes another carrier."""
    return reference(carrier, "id_reference") or reference(carrier, "id")


def full_name(row: Row) -> str:
    return f"{text(row, 'firstname')} {text(row, 'lastname')}".strip()


def address(data: Row, tables: Tables, email: str = "") -> SourceAddress:
    country = named(data, "id_country", tables, "countries")
    return SourceAddress(
        first_name=text(data, "firstname"),
        last_name=text(data, "lastname"),
        company=text(data, "company"),
        line1=text(data, "address1"),
        line2=text(data, "address2"),
        city=text(data, "city"),
        region=text(named(data, "id_state", tables, "states"), "iso_code"),
        postcode=text(data, "postcode"),
        country=text(country, "iso_code").upper(),
        phone=text(data, "phone") or text(data, "phone_mobile"),
        email=email,
    )


def address_metadata(which: str, data: Row) -> Iterator[Metadatum]:
    """What an address has beyond ours: its remark, and a second phone number."""
    keys = ("other", "phone_mobile") if text(data, "phone") else ("other",)
    for each in metadata(data, keys):
        yield Metadatum(f"{which}_{each.key}", each.value)


# payment


def paid(data: Row, tables: Tables, total: Decimal) -> bool:
    """Whether its status says so, or all of it has been received: an order that was paid and then
    cancelled or refunded has been paid."""
    received = money(data, "total_paid_real", NOTHING)
    state = named(data, "current_state", tables, "order_states")
    return text(state, "paid") == "1" or (total > 0 and received >= total)


def paid_at(data: Row, payments: Sequence[Row], total: Decimal, timezone: str) -> datetime | None:
    """When the payments reached the total, else the last one; a currency of its own does not count
    towards the total."""
    dated = [(local(each, "date_add", timezone), each) for each in payments]
    told = sorted(((moment, each) for moment, each in dated if moment), key=lambda pair: pair[0])
    received = NOTHING
    for moment, each in told:
        if reference(each, "id_currency") == reference(data, "id_currency"):
            received += money(each, "amount", NOTHING)
        if received >= total:
            return moment
    return told[-1][0] if told else None


def transactions(payments: Iterable[Row]) -> Iterator[Metadatum]:
    found = dict.fromkeys(filter(None, (text(each, "transaction_id") for each in payments)))
    if found:
        yield Metadatum("transaction_id", ", ".join(found))


# delivery


def tracking(data: Row, parcels: Sequence[Row], tables: Tables) -> tuple[str, str]:
    """The numbers of all parcels, and the address of the first; where the parcels cannot be read
    the order has the number of one."""
    sent = [each for each in parcels if text(each, "tracking_number")]
    if "order_carriers" not in tables and text(data, "shipping_number"):
        sent = [{**data, "tracking_number": data["shipping_number"]}]
    if not sent:
        return "", ""
    first = text(sent[0], "tracking_number")
    url = text(carrier_of(sent[0], tables) or carrier_of(data, tables), "url")
    numbers = dict.fromkeys(text(each, "tracking_number") for each in sent)
    return ", ".join(numbers), url.replace("@", first)


# the rest


def customer_note(messages: Iterable[Row]) -> str:
    """The customer's own words. What they write at the checkout is not private; a private message
    by no employee may be theirs as well (where a module made the order), or a payment module's."""
    others = [row for row in in_order(messages) if not reference(row, "id_employee")]
    public = [row for row in others if text(row, "private") != "1"]
    return "\n".join(dict.fromkeys(text(row, "message").strip() for row in public or others))


def refunds(lines: Iterable[SourceItem]) -> Iterator[SourceItem]:
    return (line for line in lines if line.kind == ItemKind.REFUND)


def not_allowed(tables: Tables) -> Iterator[Metadatum]:
    """That the order tells less than it could, for want of rights."""
    lacking = [each for each in OPTIONAL if each not in tables]
    if lacking:
        yield Metadatum("not_allowed", lacking)
