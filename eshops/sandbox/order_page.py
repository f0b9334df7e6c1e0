"""The page of one order: what is in it, and a plain form for each thing a person can change."""

from html import escape

from eshops.sandbox import stock
from eshops.sandbox.exchange import Refused
from eshops.sandbox.markup import badge, field, form, section, select, table, text_area
from eshops.sandbox.money import Line, Order
from eshops.sandbox.wire import Places

ADDRESS_LABELS = {
    "first_name": "First name",
    "last_name": "Last name",
    "company": "Company",
    "address_1": "Street",
    "address_2": "Street, second line",
    "city": "City",
    "state": "State",
    "postcode": "Postcode",
    "country": "Country",
    "email": "Email",
    "phone": "Phone",
}
STATUS_NAMES = stock.STATUSES | {"trash": "Trash"}
two_places = Places(2)


def order_body(order: Order) -> str:
    """The forms post to the order's own address; `edits_of` reads them."""
    if order["status"] == "trash":
        return _summary(order) + section("Trash", _restore_or_delete(order))
    columns = (
        _summary(order)
        + section("Status", _status(order))
        + section("Items", _items(order) + _add_line(order))
        + section("Charges and totals", _charges(order))
        + section("Refunds", _refunds(order))
        + '<div class="columns">'
        + section("Billing address", _address(order, "billing"))
        + section("Shipping address", _address(order, "shipping"))
        + "</div>"
    )
    return columns + section("Customer note", _note(order)) + section("Trash", _trash(order))


def edits_of(form_fields: dict[str, str]) -> dict[str, object]:
    """What a submitted form asks `Shop.edit` for."""
    given = dict(form_fields)
    name = given.pop("edit", "")
    match name:
        case "status" | "customer_note":
            return {name: given.get(name, "").replace("\r\n", "\n")}
        case "billing" | "shipping" | "set_quantity" | "add_line":
            return {name: given}
        case "remove_line" | "delete_refund":
            return {name: given.get("id", "")}
        case "refund":
            return {"refund": given.get("amount", ""), "reason": given.get("reason", "")}
        case "paid" | "trash" | "restore" | "delete":
            return {name: True}
    raise Refused("The form is incomplete.")


def status_badge(order: Order) -> str:
    status: str = order["status"]
    return badge(status, STATUS_NAMES.get(status, status))


def money(order: Order, amount: str) -> str:
    return escape(f"{two_places(amount)} {order['currency']}")


def _form(order: Order, edit: str, button: str, inner: str = "", **hidden: object) -> str:
    css = "inline" if not inner else ""
    return form(f"/orders/{order['id']}", button, inner, {"edit": edit, **hidden}, css)


def _summary(order: Order) -> str:
    method = order["payment_method_title"] or order["payment_method"] or "no payment method"
    paid = f"paid {_when(order['date_paid'])}" if order["date_paid"] else "not paid"
    return (
        f'<p class="summary">{status_badge(order)} <strong>{money(order, order["total"])}</strong> '
        f"placed {_when(order['date_created'])}, changed {_when(order['date_modified'])}, "
        f"{escape(method)}, {paid}</p>"
    )


def _when(local: str) -> str:
    return f'<time datetime="{escape(local)}">{escape(local.replace("T", " "))}</time>'


def _status(order: Order) -> str:
    chosen = select("status", "Status", stock.STATUSES, order["status"])
    pay = "" if order["date_paid"] else _form(order, "paid", "Mark as paid")
    return _form(order, "status", "Change status", chosen) + pay


def _items(order: Order) -> str:
    headings = ("Item", "SKU", "Price#", "Quantity#", "Net#", "Tax#", "")
    rows = (_item(order, line) for line in order["line_items"])
    return table(headings, rows, "Items")


def _item(order: Order, line: Line) -> list[str]:
    quantity = field(
        "quantity", "Quantity", line["quantity"], kind="number", more='min="1" class="short"'
    )
    return [
        escape(line["name"]),
        escape(line["sku"] or ""),
        f"{line['price']:.2f}",
        _form(order, "set_quantity", "Change", quantity, line_id=line["id"]),
        two_places(line["total"]),
        two_places(line["total_tax"]),
        _form(order, "remove_line", "Remove", id=line["id"]),
    ]


def _add_line(order: Order) -> str:
    inner = (
        field("name", "Name", more="required")
        + field("price", "Price without tax", more='required inputmode="decimal" class="short"')
        + field("quantity", "Quantity", 1, kind="number", more='min="1" class="short"')
    )
    return _form(order, "add_line", "Add item", inner)


def _charges(order: Order) -> str:
    coupons = [
        [f"Coupon {escape(line['code'])}", f"-{line['discount']}", f"-{line['discount_tax']}", ""]
        for line in order["coupon_lines"]
    ]
    charges = [
        [
            escape(line.get("method_title") or line.get("name") or ""),
            two_places(line["total"]),
            two_places(line["total_tax"]),
            _form(order, "remove_line", "Remove", id=line["id"]),
        ]
        for kind in ("shipping_lines", "fee_lines")
        for line in order[kind]
    ]
    total = [
        "<strong>Total with tax</strong>",
        f"<strong>{two_places(order['total'])}</strong>",
        two_places(order["total_tax"]),
        "",
    ]
    return table(("Charge", "Net#", "Tax#", ""), [*coupons, *charges, total], "Charges")


def _refunds(order: Order) -> str:
    rows = [
        [
            _when(refund["date_created"]),
            two_places(refund["amount"]),
            escape(refund["reason"]),
            _form(order, "delete_refund", "Delete", id=refund["id"]),
        ]
        for refund in order["refunds"]
    ]
    given = table(("Refunded", "Amount#", "Reason", ""), rows, "Refunds") if rows else ""
    inner = field("amount", "Amount", more='required inputmode="decimal" class="short"') + field(
        "reason", "Reason"
    )
    return given + _form(order, "refund", "Refund", inner)


def _address(order: Order, kind: str) -> str:
    inner = "".join(
        field(name, ADDRESS_LABELS.get(name, name), value) for name, value in order[kind].items()
    )
    return _form(order, kind, f"Save {kind} address", f'<div class="stack">{inner}</div>')


def _note(order: Order) -> str:
    inner = text_area("customer_note", "What the customer wrote", order["customer_note"])
    return _form(order, "customer_note", "Save note", inner)


def _trash(order: Order) -> str:
    return _form(order, "trash", "Move to trash")


def _restore_or_delete(order: Order) -> str:
    return _form(order, "restore", "Restore") + _form(order, "delete", "Delete permanently")
