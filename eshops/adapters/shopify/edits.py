"""What an order of Shopify amounts to that was edited, refunded or cancelled. Pure.

As the schema of 2026-10 describes its figures, `currentTotalPriceSet` is what is left after edits
and refunds, `totalPriceSet` is before both, and a line has all its units for ever. What an edit
removed is kept as a refund without money (a published connector takes such refunds off the total).

So the customer owes the former as long as there are no other refunds, else the latter without what
edits removed. Lines that edits removed are no lines here; returned and refunded ones are.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from eshops.adapters.amounts import NOTHING
from eshops.adapters.reading import integer, mapping, objects, text, utc
from eshops.adapters.shopify.values import Data, amount, identifier, nodes, with_tax


class Removed(NamedTuple):
    """Units of a line that the order was edited to have no longer, and what they amounted to."""

    quantity: int = 0
    price: Decimal = NOTHING
    tax: Decimal = NOTHING

    def with_more(self, other: "Removed") -> "Removed":
        return Removed(
            self.quantity + other.quantity, self.price + other.price, self.tax + other.tax
        )


def totals(data: Data, removed: Mapping[str, Removed]) -> tuple[Decimal, Decimal]:
    """What the customer owes, with tax and before refunds, and the tax in it."""
    total, tax = amount(data, "totalPriceSet"), amount(data, "totalTaxSet", NOTHING)
    if not data.get("cancelledAt") and all(is_edit(data, e) for e in objects(data, "refunds")):
        return amount(data, "currentTotalPriceSet"), amount(data, "currentTotalTaxSet", NOTHING)
    gone_tax = sum((each.tax for each in removed.values()), NOTHING)
    return total - worth(removed, with_tax(data)), tax - gone_tax


def removals(data: Data) -> dict[str, Removed]:
    """What the order was edited to have no longer: line id → how much of it.

    Where the customer had paid for it and got the money back by a refund without lines, it was not
    removed but refunded.
    """
    edits = [removed_lines(each) for each in objects(data, "refunds") if is_edit(data, each)]
    if not edits:
        return {}
    worths = [worth(lines, with_tax(data)) for lines in edits]
    paid_back = min(money_without_lines(data), overpaid(data, sum(worths, NOTHING)))
    together: dict[str, Removed] = {}
    for lines, value in zip(edits, worths, strict=True):
        if 0 < value <= paid_back:
            paid_back -= value
            continue
        for line, gone in lines.items():
            together[line] = together.get(line, Removed()).with_more(gone)
    return together


def is_edit(data: Data, refund: Data) -> bool:
    """Whether it stands for what was taken out of the order, and not for a return of goods, for
    money given back or for the order's cancellation."""
    if amount(refund, "totalRefundedSet"):
        return False
    if any(text(line, "restockType") == "RETURN" for line in nodes(refund, "refundLineItems")):
        return False
    cancelled_at = utc(data, "cancelledAt")
    at = utc(refund, "createdAt") if cancelled_at else None
    return not (cancelled_at and at and at > cancelled_at - timedelta(minutes=1))


def removed_lines(refund: Data) -> dict[str, Removed]:
    together: dict[str, Removed] = {}
    for each in nodes(refund, "refundLineItems"):
        gone = Removed(
            integer(each, "quantity"), amount(each, "subtotalSet"), amount(each, "totalTaxSet")
        )
        line = identifier(mapping(each, "lineItem"))
        together[line] = together.get(line, Removed()).with_more(gone)
    return together


def worth(lines: Mapping[str, Removed], included: bool) -> Decimal:
    """With tax."""
    prices = sum((each.price for each in lines.values()), NOTHING)
    return prices if included else prices + sum((each.tax for each in lines.values()), NOTHING)


def money_without_lines(data: Data) -> Decimal:
    refunds = objects(data, "refunds")
    money = (
        amount(each, "totalRefundedSet") for each in refunds if not nodes(each, "refundLineItems")
    )
    return sum(money, NOTHING)


def overpaid(data: Data, removed: Decimal) -> Decimal:
    """What the customer had paid beyond the order as it was edited."""
    left = amount(data, "totalPriceSet") - removed
    return max(NOTHING, amount(data, "totalReceivedSet", NOTHING) - left)
