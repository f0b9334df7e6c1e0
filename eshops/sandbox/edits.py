"""What a person can change in an order, in the shop's administration or through a test.

`EDITS` maps the name of each edit to a function that changes the order in place and raises
`Refused`, with a sentence, when it cannot. Sums and dates are the business of `Shop.edit`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from eshops.sandbox import stock
from eshops.sandbox.clock import stamp
from eshops.sandbox.exchange import Refused
from eshops.sandbox.ids import Ids
from eshops.sandbox.lines import blank_line
from eshops.sandbox.money import Line, Order, cents, kept, price_line, rates_of
from eshops.sandbox.refunds import FULLY, add_refund, refundable

BEFORE_TRASH = "_status_before_trash"
SILENT = frozenset({"delete_refund"})
"""The edits that leave `date_modified` as it was, as the real one does."""


@dataclass
class Change:
    order: Order
    ids: Ids
    now: datetime
    reason: str = ""
    """Why money is given back; goes with a refund."""


Edit = Callable[[Change, Any], None]


def set_status(change: Change, value: Any) -> None:
    """Also sets the dates and makes the refund that go with the status.

    A status nobody registered is allowed: a removed plugin leaves such orders behind.
    """
    status = _text(value, "A status")
    if not re.fullmatch(r"[a-z0-9-]{1,20}", status) or status.startswith("wc-"):
        raise Refused("A status is a short name such as completed, without wc-.")
    if status == "trash":
        raise Refused('To put an order in the trash, use {"trash": true}.')
    order = change.order
    order.pop(BEFORE_TRASH, None)
    order["status"] = status
    if status in {"processing", "completed"} and not order["date_paid"]:
        stamp(order, "paid", change.now)
    if status == "completed":
        stamp(order, "completed", change.now)
    if status == "refunded" and refundable(order) > 0:
        _refund(change, refundable(order), FULLY)


def set_address(kind: str) -> Edit:
    def set_fields(change: Change, value: Any) -> None:
        address = change.order[kind]
        if not isinstance(value, Mapping):
            raise Refused(f"The {kind} address is an object of fields.")
        for field, text in value.items():
            if field not in address:
                raise Refused(f"The {kind} address has no field {field}.")
            address[field] = _text(text, f"The field {field}")

    return set_fields


def add_line(change: Change, value: Any) -> None:
    """Add a product by its name, or a line typed in by hand; the price is without tax."""
    if not isinstance(value, Mapping) or not {"name", "price"} <= set(value):
        raise Refused("A new line needs a name and a price, and may have a quantity.")
    name, order = _text(value["name"], "A name"), change.order
    price, quantity = _amount(value["price"]), _quantity(value.get("quantity", 1))
    line = blank_line(name, quantity, stock.product_named(name), change.ids)
    line["subtotal"] = line["total"] = kept(cents(price * quantity))
    price_line(line, _rates_for(order, line), inclusive=order["prices_include_tax"])
    order["line_items"].append(line)


def set_quantity(change: Change, value: Any) -> None:
    if not isinstance(value, Mapping) or set(value) != {"line_id", "quantity"}:
        raise Refused("A change of quantity needs line_id and quantity.")
    line = _line(change.order, ("line_items",), value["line_id"])
    quantity, before = _quantity(value["quantity"]), line["quantity"]
    inclusive = change.order["prices_include_tax"]
    for key in ("subtotal", "total"):
        amount = Decimal(line[key]) * quantity / before
        line[key] = kept(amount if inclusive else cents(amount))
    line["quantity"] = quantity
    price_line(line, rates_of(line), inclusive=inclusive)


def remove_line(change: Change, value: Any) -> None:
    """Remove a product, shipping or fee line."""
    kinds = ("line_items", "shipping_lines", "fee_lines")
    line = _line(change.order, kinds, value)
    for kind in kinds:
        change.order[kind] = [kept_line for kept_line in change.order[kind] if kept_line != line]


def refund(change: Change, value: Any) -> None:
    """Give an amount back; giving back all that is left makes the order refunded."""
    amount, left = cents(_amount(value)), refundable(change.order)
    if not 0 < amount <= left:
        raise Refused(f"At most {left} can be refunded, and more than nothing.")
    _refund(change, amount, change.reason)
    if amount == left:
        change.order["status"] = "refunded"


def delete_refund(change: Change, value: Any) -> None:
    refunds = change.order["refunds"]
    left = [entry for entry in refunds if str(entry["id"]) != str(value)]
    if len(left) == len(refunds):
        raise Refused(f"The order has no refund {value}.")
    change.order["refunds"] = left


def set_text(key: str) -> Edit:
    def set_value(change: Change, value: Any) -> None:
        change.order[key] = _text(value, f"The {key}")

    return set_value


def mark_paid(change: Change, value: Any) -> None:
    """The payment has arrived: an order that waited for it is now processed."""
    if value is not True:
        raise Refused("An order can only be marked as paid, with true.")
    stamp(change.order, "paid", change.now)
    if change.order["status"] in {"pending", "on-hold", "failed"}:
        change.order["status"] = "processing"


def set_meta(change: Change, value: Any) -> None:
    """Set each key; null removes it, and numbers and booleans turn to text as in WooCommerce."""
    if not isinstance(value, Mapping):
        raise Refused("The metadata is an object of keys and values.")
    for key, new in value.items():
        entries = change.order["meta_data"]
        entry = next((entry for entry in entries if entry["key"] == key), None)
        if new is None:
            change.order["meta_data"] = [other for other in entries if other is not entry]
        elif entry:
            entry["value"] = _as_stored(new)
        else:
            number = change.ids.next_meta()
            entries.append({"id": number, "key": key, "value": _as_stored(new)})


def trash(change: Change, value: Any) -> None:
    if change.order["status"] == "trash":
        raise Refused("The order is in the trash already.")
    change.order[BEFORE_TRASH] = change.order["status"]
    change.order["status"] = "trash"


def restore(change: Change, value: Any) -> None:
    if change.order["status"] != "trash":
        raise Refused("The order is not in the trash.")
    change.order["status"] = change.order.pop(BEFORE_TRASH, "pending")


EDITS: dict[str, Edit] = {
    "status": set_status,
    "billing": set_address("billing"),
    "shipping": set_address("shipping"),
    "add_line": add_line,
    "set_quantity": set_quantity,
    "remove_line": remove_line,
    "refund": refund,
    "delete_refund": delete_refund,
    "payment_method": set_text("payment_method"),
    "payment_method_title": set_text("payment_method_title"),
    "paid": mark_paid,
    "customer_note": set_text("customer_note"),
    "meta_data": set_meta,
    "number": set_text("number"),
    "trash": trash,
    "restore": restore,
}


def _refund(change: Change, amount: Decimal, reason: str) -> None:
    add_refund(change.order, amount, reason, at=change.now, ids=change.ids, lines=[])


def _rates_for(order: Order, line: Line) -> tuple[stock.Rate, ...]:
    """Where the order goes decides its tax, unless the customer is exempt from it."""
    meta = {entry["key"]: entry["value"] for entry in order["meta_data"]}
    if meta.get("is_vat_exempt") == "yes":
        return ()
    country = order["shipping"]["country"] or order["billing"]["country"]
    return stock.rates_for(country, line["tax_class"])


def _line(order: Order, kinds: tuple[str, ...], line_id: Any) -> Line:
    for kind in kinds:
        lines: list[Line] = order[kind]
        for line in lines:
            if str(line["id"]) == str(line_id):
                return line
    raise Refused(f"The order has no line {line_id}.")


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise Refused(f"{what} is text.")
    return value


def _amount(value: Any) -> Decimal:
    try:
        amount = Decimal(str(value).strip().replace(",", "."))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) >= 10**9:
        raise Refused("An amount is a number such as 10.00.")
    return amount


def _quantity(value: Any) -> int:
    text = str(value).strip()
    if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) < 1:
        raise Refused("A quantity is a whole number, at least 1.")
    return int(text)


def _as_stored(value: Any) -> Any:
    if isinstance(value, str | list | dict):
        return value
    return str(value) if value is not False else ""
