"""How an order of Saleor was paid, and what of it was paid back. Pure.

Money comes in two ways: as `transactions`, which apps report with their events, or as `payments`
of the older plugins and of orders that staff mark as paid (gateway "manual"). Both are listed with
every order, and most orders have one kind only. What was refunded is taken off what was charged.
An app that corrects its amounts makes an event of the difference, which may be negative (source of
3.22: `create_manual_adjustment_events`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from eshops.adapters.amounts import NOTHING
from eshops.adapters.reading import code, mapping, money, objects, short, text, utc
from eshops.source import ItemKind, SourceItem

Data = Mapping[str, Any]

CHARGES = ("CAPTURE", "EXTERNAL", "CONFIRM")
"""Kinds of a payment's transaction that bring money."""


def amount(data: Data, key: str) -> Decimal:
    return money(mapping(data, key), "amount", NOTHING)


def method(data: Data) -> tuple[str, str]:
    """Code and name of the way the order was, or is to be, paid: of the transaction with money, or
    else of the payment in force.

    A transaction is named by the app that made it; where it is not, the app's own identifier and
    name tell. A payment has a gateway, which has no other name.
    """
    transactions, payments = objects(data, "transactions"), objects(data, "payments")
    with_money = (each for each in transactions if has_money(each))
    active = (each for each in payments if each.get("isActive") is True)
    transaction = next(with_money, None)
    payment = next(active, payments[-1] if payments else None)
    if transaction is None and payment is not None:
        gateway = code(payment, "gateway")
        return gateway, gateway
    if transaction is None:
        transaction = transactions[0] if transactions else {}
    app, name = mapping(transaction, "createdBy"), text(transaction, "name")
    return (
        short(name, "name") or code(app, "identifier"),
        name or text(app, "name") or text(app, "identifier"),
    )


def has_money(transaction: Data) -> bool:
    keys = ("chargedAmount", "authorizedAmount", "refundedAmount")
    return any(amount(transaction, key) for key in keys)


def is_paid(data: Data, total: Decimal) -> bool:
    """Whether the order was paid, before refunds as its total is: of one that was paid and refunded
    in part Saleor says that it is not paid."""
    refunded = amount(data, "totalRefunded")
    covered = amount(data, "totalCharged") + refunded
    return data.get("isPaid") is True or (refunded > 0 and covered >= total)


def is_refunded(data: Data) -> bool:
    """Whether all the money that came was given back."""
    return amount(data, "totalRefunded") > 0 and amount(data, "totalCharged") == 0


def first_charge(data: Data) -> datetime | None:
    """When money first came: by the events, or else by what holds money."""
    told = [*_charges(data)] or [*_charged(data)]
    return min((moment for moment in told if moment), default=None)


def _charges(data: Data) -> Iterator[datetime | None]:
    for transaction in objects(data, "transactions"):
        for event in objects(transaction, "events"):
            if text(event, "type") == "CHARGE_SUCCESS" and amount(event, "amount") > 0:
                yield utc(event, "createdAt")
    for payment in objects(data, "payments"):
        for step in objects(payment, "transactions"):
            if text(step, "kind") in CHARGES and step.get("isSuccess") is True:
                yield utc(step, "created")


def _charged(data: Data) -> Iterator[datetime | None]:
    for transaction in objects(data, "transactions"):
        if amount(transaction, "chargedAmount"):
            yield utc(transaction, "createdAt")
    for payment in objects(data, "payments"):
        if amount(payment, "capturedAmount"):
            yield utc(payment, "created")


def refunds(data: Data) -> Iterator[SourceItem]:
    """What was paid back. What was granted only is not: its reason names the refund it led to."""
    reasons = {
        text(event, "id"): text(granted, "reason")
        for granted in objects(data, "grantedRefunds")
        for event in objects(granted, "transactionEvents")
    }
    for transaction in objects(data, "transactions"):
        refunded = amount(transaction, "refundedAmount")
        if refunded:
            yield from _refunds_of(transaction, refunded, reasons)
    for payment in objects(data, "payments"):
        for step in objects(payment, "transactions"):
            if text(step, "kind") == "REFUND" and step.get("isSuccess") is True:
                yield refund(code(step, "id"), "", amount(step, "amount"))


def _refunds_of(
    transaction: Data, refunded: Decimal, reasons: Mapping[str, str]
) -> Iterator[SourceItem]:
    """Its events, if they tell the amount and none of them takes a part of it back."""
    events = [
        each for each in objects(transaction, "events") if text(each, "type") == "REFUND_SUCCESS"
    ]
    told = [amount(each, "amount") for each in events]
    if sum(told, NOTHING) != refunded or min(told) <= 0:
        yield refund(code(transaction, "id"), text(transaction, "message"), refunded)
        return
    for event in events:
        name = reasons.get(text(event, "id")) or text(event, "message")
        yield refund(code(event, "id"), name, amount(event, "amount"))


def refund(external_id: str, name: str, refunded: Decimal) -> SourceItem:
    return SourceItem(
        external_id=external_id,
        kind=ItemKind.REFUND,
        name=name,
        gross=-refunded,
        in_total=False,
    )
