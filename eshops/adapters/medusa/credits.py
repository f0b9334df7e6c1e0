"""Which credits of an order of Medusa are refunds. Pure.

Facts this rests on, seen on Medusa 2.21: what of a refund was not owed makes a credit line, so that
a refund has one credit or none, which may be less than the refund. The credit refers to the payment
collection or, by the label and the code it had then, to the refund's reason, both of which can be
changed and the reason deleted since. A credit makes a new version of the order and keeps its number
in the metadata, and the refund's transaction has the number of the version before it.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from eshops.adapters.amounts import NOTHING
from eshops.adapters.medusa.lines import Credit, amount, identifier
from eshops.adapters.reading import code, mapping, objects, text

Data = Mapping[str, Any]


def credit_lines(data: Data, payments: Sequence[Data]) -> tuple[list[Credit], Decimal]:
    """The credits that are no refunds, and what the refunds among them amount to.

    Medusa counts none of them where they amount to next to nothing together.
    """
    if not amount(data, "credit_line_total", NOTHING):
        return [], NOTHING
    refunds = [each for payment in payments for each in objects(payment, "refunds")]
    of_refunds = refunds_of(data, refunds)
    found, refunded = list[Credit](), NOTHING
    for position, line in enumerate(objects(data, "credit_lines")):
        if position in of_refunds:
            refunded += amount(line, "amount")
        else:
            name = " ".join(filter(None, (text(line, "reference"), text(line, "reference_id"))))
            found.append(Credit(name, amount(line, "amount")))
    return found, refunded


def refunds_of(data: Data, refunds: Sequence[Data]) -> set[int]:
    """The positions of the credits that refunds made.

    A credit that does not say so, where a refund's reason is not called as it was, is known by the
    order's version; where that is not told, by its amount, the last ones first: a gift card is used
    before anything is refunded.
    """
    lines = objects(data, "credit_lines")
    waiting = [refund for refund in refunds if code(refund, "refund_reason_id")]
    versions = {
        text(each, "reference_id"): each.get("version") for each in objects(data, "transactions")
    }
    found = set[int]()
    for position, line in enumerate(lines):
        namesakes = [refund for refund in refunds if names(line, refund)]
        if namesakes or text(line, "reference") == "payment_collection":
            found.add(position)
            take(waiting, [each for each in namesakes if is_as_much(line, each)])
    for position, line in reversed([*enumerate(lines)]):
        makers = [each for each in waiting if is_made_by(line, each, versions)]
        if position not in found and makers:
            found.add(position)
            take(waiting, makers)
    return found


def take(waiting: list[Data], refunds: Sequence[Data]) -> None:
    """The first of the refunds that still waits for its credit does so no longer."""
    for refund in refunds:
        if refund in waiting:
            waiting.remove(refund)
            return


def names(line: Data, refund: Data) -> bool:
    """Whether the credit has the label or the code of the refund's reason."""
    reason = mapping(refund, "refund_reason")
    label, short = text(reason, "label"), text(reason, "code")
    return bool(label and text(line, "reference") == label) or bool(
        short and text(line, "reference_id") == short
    )


def is_made_by(line: Data, refund: Data, versions: Mapping[str, Any]) -> bool:
    before = versions.get(identifier(refund))
    version = mapping(line, "metadata").get("created_in_version")
    if isinstance(before, int) and isinstance(version, int):
        return version == before + 1 and amount(line, "amount") <= amount(refund, "amount")
    return is_as_much(line, refund)


def is_as_much(line: Data, refund: Data) -> bool:
    return amount(line, "amount") == amount(refund, "amount")
