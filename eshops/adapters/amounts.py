"""What several platforms need to say an amount: minor units, and what follows from what they say.

Nothing is rounded to the currency and nothing that the e-shop states is computed anew.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from eshops.adapters.reading import MONEY_PLACES, integer, round_to, text
from eshops.source import BadPayload

RATE_PLACES = Decimal("0.0001")
NOTHING = Decimal(0)


class Amounts(NamedTuple):
    """A line's figures as `SourceItem` takes them; None for one that is not known."""

    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None


def amounts(
    *, net: Decimal | None = None, tax: Decimal | None = None, gross: Decimal | None = None
) -> Amounts:
    """The three figures out of two of them."""
    if gross is None and net is not None and tax is not None:
        gross = net + tax
    elif tax is None and net is not None and gross is not None:
        tax = gross - net
    elif net is None and tax is not None and gross is not None:
        net = gross - tax
    return Amounts(net, tax, gross)


def net_of(gross: Decimal, rate: Decimal) -> Decimal:
    """The net amount inside a gross one, at so many per cent, rounded at the sixth place."""
    return gross if rate == -100 else round_to(gross / (1 + rate / 100), MONEY_PLACES)


def percent(net: Decimal | None, tax: Decimal | None) -> Decimal | None:
    """The rate that these figures amount to, where the e-shop states none; None where they do not
    say. Figures that were rounded give a rate that is off by as much."""
    if net is None or tax is None or net == 0:
        return None
    rate = tax / net * 100
    return round_to(rate, RATE_PLACES) if abs(rate) < 10**5 else None


def minor(data: Mapping[str, Any], key: str, places: int) -> Decimal:
    """The amount under `key`, a whole number of the currency's 10⁻ᵖˡᵃᶜᵉˢ; raises `BadPayload`."""
    return Decimal(integer(data, key)).scaleb(-places)


def currency(data: Mapping[str, Any], key: str) -> str:
    """The ISO 4217 code under `key`, in capitals; raises `BadPayload`."""
    letters = text(data, key)
    if len(letters) != 3 or not (letters.isascii() and letters.isalpha()):
        raise BadPayload(f"The e-shop's “{key}” is not a code of three letters.")
    return letters.upper()
