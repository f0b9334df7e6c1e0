"""What an order of Saleor's GraphQL API means. Pure: no network, no settings.

Facts this rests on, from Saleor's schema and orders recorded from 3.24: money is in whole units of
its currency, with net and tax beside the gross; times have their offset; a text that is not there
is null or "". An order has no company number and no VAT ID: shops keep them in the metadata, of
the order or of its addresses.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from eshops.adapters.amounts import currency
from eshops.adapters.reading import code, mapping, objects, plain, text, utc
from eshops.adapters.saleor import lines, payments
from eshops.adapters.saleor.sequences import STATUSES
from eshops.adapters.statuses import compose
from eshops.source import BadPayload, Metadatum, SourceAddress, SourceOrder

Data = Mapping[str, Any]

_ORDER = re.compile(r"Order:(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[1-9][0-9]{0,8})")
_URL = re.compile(r"https?://\S+")

FACTS = ("externalReference", "languageCodeEnum", "voucherCode")
"""What the platform has a field for and we have not."""


def parse_order(data: Any) -> SourceOrder:
    """The order that `data`, one decoded JSON object, describes; else raises `BadPayload`."""
    if not isinstance(data, dict):
        raise BadPayload("The e-shop's answer for this order is not an order.")
    placed_at = utc(data, "created")
    if placed_at is None:
        raise BadPayload("The e-shop's answer has no “created”.")
    figures = lines.taxed(data, "total")
    net, tax, total = figures
    if total is None or net is None or tax is None:
        raise BadPayload("The e-shop's answer has no “total”.")
    charged = lines.charged(data, figures)
    billing = address(mapping(data, "billingAddress"))
    delivery = mapping(data, "deliveryMethod")
    collection_point = text(data, "collectionPointName")
    is_collected = text(delivery, "__typename") == "Warehouse" or bool(collection_point)
    payment_code, payment_name = payments.method(data)
    is_paid, axes = payments.is_paid(data, total), statuses(data)
    tracking = tracking_numbers(data)
    return SourceOrder(
        external_id=identifier(data),
        number=code(data, "number") or identifier(data),
        placed_at=placed_at,
        source_modified_at=utc(data, "updatedAt"),
        status_code=compose(axes, STATUSES),
        axes=axes,
        payment_code=payment_code,
        payment_name=payment_name,
        delivery_code=code(delivery, "id"),
        delivery_name=(
            text(data, "shippingMethodName") or collection_point or text(delivery, "name")
        ),
        is_paid=is_paid,
        paid_at=payments.first_charge(data) if is_paid else None,
        currency=currency(mapping(mapping(data, "total"), "gross"), "currency"),
        total=total,
        net=net,
        tax=tax,
        shipping=payments.amount(mapping(data, "shippingPrice"), "gross"),
        discount=lines.discounted(data, charged),
        refunded=payments.amount(data, "totalRefunded"),
        customer_email=text(data, "userEmail"),
        customer_phone=billing.phone,
        customer_name=customer_name(data, billing),
        customer_note=text(data, "customerNote"),
        pickup_point_id=code(delivery, "id") if is_collected else "",
        pickup_point_name=(collection_point or text(delivery, "name")) if is_collected else "",
        tracking_number=", ".join(tracking),
        tracking_url=next((each for each in tracking if _URL.fullmatch(each)), ""),
        billing=billing,
        shipping_address=address(mapping(data, "shippingAddress")),
        items=(*charged, *lines.discounts(data, figures), *payments.refunds(data)),
        metadata=tuple(metadata(data)),
    )


def identifier(data: Data) -> str:
    found = code(data, "id")
    if not is_order_id(found):
        raise BadPayload("The e-shop's “id” cannot be understood.")
    return found


def is_order_id(external_id: str) -> bool:
    """Whether it is base64 of `Order:` and a UUID, or of a number as before Saleor 3.2.

    Anything else makes Saleor refuse the whole request (recorded).
    """
    try:
        told = b64decode(external_id, validate=True)
        return bool(_ORDER.fullmatch(told.decode())) and b64encode(told).decode() == external_id
    except ValueError:
        return False


def statuses(data: Data) -> dict[str, str]:
    """The fulfillment's is that of the last parcel that is not cancelled; the order's own comes
    last, to tell where `STATUSES` knows none of them."""
    parcels = [code(each, "status") for each in objects(data, "fulfillments")]
    axes = {
        "payment": "REFUNDED" if payments.is_refunded(data) else code(data, "chargeStatus"),
        "authorize": code(data, "authorizeStatus"),
        "fulfillment": next((each for each in reversed(parcels) if each != "CANCELED"), ""),
        "order": code(data, "status"),
    }
    return {axis: status for axis, status in axes.items() if status}


def address(data: Data) -> SourceAddress:
    return SourceAddress(
        first_name=text(data, "firstName"),
        last_name=text(data, "lastName"),
        company=text(data, "companyName"),
        line1=text(data, "streetAddress1"),
        line2=text(data, "streetAddress2"),
        city=text(data, "city"),
        region=text(data, "countryArea"),
        postcode=text(data, "postalCode"),
        country=text(mapping(data, "country"), "code").upper(),
        phone=text(data, "phone"),
    )


def customer_name(data: Data, billing: SourceAddress) -> str:
    """Of the billing address; an order that is not billed has at most a user."""
    user = mapping(data, "user")
    return (
        f"{billing.first_name} {billing.last_name}".strip()
        or f"{text(user, 'firstName')} {text(user, 'lastName')}".strip()
    )


def tracking_numbers(data: Data) -> list[str]:
    numbers = (
        text(each, "trackingNumber").strip()
        for each in objects(data, "fulfillments")
        if text(each, "status") != "CANCELED"
    )
    return list(dict.fromkeys(each for each in numbers if each))


def metadata(data: Data) -> Iterator[Metadatum]:
    """The order's own, its private ones, and facts under the names they have in the API."""
    yield from lines.metadata(data, "metadata")
    yield from lines.metadata(data, "privateMetadata")
    facts = {key: data.get(key) for key in FACTS}
    facts["channel"] = text(mapping(data, "channel"), "slug")
    facts["invoices"] = told(objects(data, "invoices"), "number")
    facts["pspReference"] = told(objects(data, "transactions"), "pspReference")
    for key in ("billingAddress", "shippingAddress"):
        about = lines.metadata(mapping(data, key), "metadata")
        facts[key] = {each.key: each.value for each in about}
    for key, value in facts.items():
        if value not in (None, "", [], {}):
            yield Metadatum(key, plain(value))


def told(rows: Iterable[Data], key: str) -> list[str]:
    return [found for row in rows if (found := text(row, key))]
