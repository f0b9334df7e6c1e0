"""How much of an order of Vendure was sent, out of what its parcels hold. Pure.

The order's own state does not tell: the default process has no way from PaymentAuthorized to
Shipped or Delivered, so an order that is paid on delivery never comes there, and only its parcels
do.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from eshops.adapters.amounts import NOTHING
from eshops.adapters.reading import code, number, objects, text
from eshops.adapters.vendure.lines import identifier

Data = Mapping[str, Any]

DELIVERED, SHIPPED, CANCELLED = "Delivered", "Shipped", "Cancelled"
STATES = ("Created", "Pending", SHIPPED, DELIVERED)
"""States of a parcel, in the order in which it has them."""


def fulfillment(lines: Sequence[Data], parcels: Sequence[Data]) -> str:
    """How far the order's `lines` are with all its parcels together; "" where there are none.

    Delivered or Shipped (which a delivered parcel was) where that holds for all that is to be
    sent, PartiallyDelivered or PartiallyShipped where it holds for some. Else the state of the
    parcel that is furthest behind; one that a shop has added to Vendure's is before all. What was
    cancelled is in no line's quantity and need not be sent; a cancelled parcel holds nothing, and
    tells where there is no other.
    """
    wanted = {identifier(line): number(line, "quantity") for line in lines}
    going = [each for each in parcels if code(each, "state") != CANCELLED]
    for state, states in ((DELIVERED, [DELIVERED]), (SHIPPED, [SHIPPED, DELIVERED])):
        sent = quantities([each for each in going if code(each, "state") in states])
        if any(sent.get(each) for each in wanted):
            is_all = all(sent.get(each, NOTHING) >= wanted[each] for each in wanted)
            return state if is_all else f"Partially{state}"
    told = [code(each, "state") for each in going or parcels]
    return min(told, key=lambda state: state in STATES and 1 + STATES.index(state), default="")


def quantities(parcels: Sequence[Data]) -> dict[str, Decimal]:
    """Line → how many of it are in these parcels. Lines of other orders may be among them."""
    found: dict[str, Decimal] = {}
    for parcel in parcels:
        for row in objects(parcel, "lines"):
            line = identifier(row, "orderLineId")
            found[line] = found.get(line, NOTHING) + number(row, "quantity")
    return found


def tracking(parcels: Sequence[Data]) -> str:
    told = [text(each, "trackingCode") for each in parcels if text(each, "state") != CANCELLED]
    return ", ".join(dict.fromkeys(filter(None, told)))
