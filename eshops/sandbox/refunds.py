"""What has been given back of an order."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from eshops.sandbox.clock import from_gmt, stamp
from eshops.sandbox.drafts import Draft
from eshops.sandbox.ids import Ids
from eshops.sandbox.lines import in_currency, line_meta
from eshops.sandbox.money import Line, Order, cents, kept, refunded

FULLY = "Order fully refunded."


def refundable(order: Order) -> Decimal:
    return cents(Decimal(order["total"]) - refunded(order))


def add_refund(
    order: Order, amount: Decimal, reason: str, *, at: datetime, ids: Ids, lines: list[Line]
) -> None:
    """Put a refund at the head of the order's refunds, where WooCommerce shows the newest."""
    remaining = refundable(order)
    refund: dict[str, Any] = {
        "id": ids.next_post(),
        "date_created": "",
        "date_created_gmt": "",
        "amount": kept(amount),
        "reason": reason,
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [
            {
                "id": ids.next_meta(),
                "key": "_refund_type",
                "value": "full" if amount >= remaining else "partial",
            }
        ],
        "line_items": lines,
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
    }
    stamp(refund, "created", at)
    order["refunds"].insert(0, refund)


def add_planned_refund(order: Order, plan: str, draft: Draft, ids: Ids) -> None:
    at = from_gmt(order["date_modified_gmt"])
    if plan == "all":
        left = refundable(order)
        add_refund(order, left, FULLY, at=at, ids=ids, lines=[])
    elif plan == "line":
        line = _returned_piece(order["line_items"][0], ids)
        amount = -cents(Decimal(line["total"]) + Decimal(line["total_tax"]))
        add_refund(order, amount, "Vráceno – <i>rozbité</i>", at=at, ids=ids, lines=[line])
    else:
        amount = in_currency(Decimal(plan), draft)
        add_refund(order, amount, "", at=at, ids=ids, lines=[])


def _returned_piece(line: Line, ids: Ids) -> Line:
    """One piece of the line given back, as a line of a refund."""
    pieces = Decimal(line["quantity"])

    def back(amount: str) -> str:
        return kept(-cents(Decimal(amount) / pieces))

    return {
        **line,
        "id": ids.next_item(),
        "quantity": -1,
        **{key: back(line[key]) for key in ("subtotal", "subtotal_tax", "total", "total_tax")},
        "taxes": [
            {"id": tax["id"], "total": back(tax["total"]), "subtotal": back(tax["subtotal"])}
            for tax in line["taxes"]
        ],
        "meta_data": [line_meta(ids, "_refunded_item_id", str(line["id"]))],
    }
