"""Carrying out answers: from what an e-shop said to rows, in one short transaction a batch.

The number of statements does not depend on the number of orders. Correctness lives here and needs
no lease: an item that is no longer pending is left alone, and an answer older than the one we hold
changes nothing, so the same work done twice has one effect.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format

from eshops.mapping import Problem
from eshops.models import Eshop
from eshops.resolve import EshopSettings, ResolvedOrder, resolve
from eshops.source import Answer, OrderNotFound, SourceError, SourceOrder, SourceState
from orders import bulk
from orders.filters import searchable
from orders.models import Movement, Order, OrderAddress, OrderItem, SyncState
from sync import payloads
from sync.models import SyncItem, SyncRun
from sync.plan import (
    ADDRESS_FIELDS,
    ADDRESSES,
    ITEM_FIELDS,
    ORDER_FIELDS,
    Plan,
    compare,
    held,
    to_builtins,
    without_order,
)

logger = logging.getLogger(__name__)

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING_NEW = "Already up to date."
NO_CHANGE = Plan()
Outcome = SyncItem.Outcome

ITEM_RESULT = [
    "order", "outcome", "attempts", "error_kind", "message", "asked_at", "finished_at", "movement"
]  # fmt: skip
STATE_RESULT = [
    "eshop_id", "asked_at", "source_modified_at", "settings_version", "synced_at", "outcome",
    "message", "problems",
]  # fmt: skip


@dataclass
class Copy:
    """Our copy of one order, with all its rows."""

    order: Order
    state: SyncState
    addresses: list[OrderAddress] = field(default_factory=list)
    items: list[OrderItem] = field(default_factory=list)


@dataclass
class Decision:
    """What one answer does to one order. `after` is what the order shall hold, None for no write
    beyond the plan's `source_state`."""

    item: SyncItem
    copy: Copy
    outcome: str
    answer: Answer
    plan: Plan = NO_CHANGE
    after: ResolvedOrder | None = None
    error_kind: str = ""
    message: str = ""
    is_new: bool = False
    is_stored: bool = False
    """Whether the answer is what we kept of an earlier one: the e-shop was not asked."""
    problems: tuple[Problem, ...] = ()


Pair = tuple[SyncItem, Answer]


class OlderAnswer(SourceError):
    """The e-shop answered with an older state than it had told us before."""

    kind = "older_answer"


def apply(run: SyncRun, eshop: Eshop, settings: EshopSettings, pairs: Sequence[Pair]) -> None:
    """Overwrite the orders by their answers and finish their items.

    All or nothing for the batch; if that fails the orders are taken one by one, and one that fails
    alone is reported as failed and logged: it costs only itself.
    """
    try:
        _apply_together(run, eshop, settings, pairs)
    except Exception:
        logger.exception("run %s: a batch failed, its orders are tried one by one", run.pk)
        for pair in pairs:
            _apply_alone(run, eshop, settings, pair)


def fail(items: Sequence[SyncItem], error_kind: str, message: str) -> None:
    """Finish pending items as failed, and say so on their orders. Nothing else changes."""
    with transaction.atomic():
        pending = _lock_pending(items)
        now = timezone.now()
        for item in pending:
            item.outcome, item.finished_at = Outcome.FAILED, now
            item.error_kind, item.message = error_kind, message
        bulk.update(pending, ITEM_RESULT)
        states = SyncState.objects.filter(order__in=[item.order_id for item in pending])
        states.update(outcome=SyncState.Outcome.FAILED, message=message)


def _apply_alone(run: SyncRun, eshop: Eshop, settings: EshopSettings, pair: Pair) -> None:
    try:
        _apply_together(run, eshop, settings, [pair])
    except Exception as error:
        logger.exception("run %s: order %s failed", run.pk, pair[0].external_id)
        message = (
            f"Fynode could not store this order ({type(error).__name__}). Nothing of it was "
            "changed. This is a fault in Fynode: its log has the details."
        )
        item = pair[0]
        if item.pk:
            fail([item], "internal", message)
        else:
            item.outcome, item.error_kind, item.message = Outcome.FAILED, "internal", message
            item.finished_at = timezone.now()
            bulk.insert([item], ignore_conflicts=True)


@transaction.atomic
def _apply_together(
    run: SyncRun, eshop: Eshop, settings: EshopSettings, pairs: Sequence[Pair]
) -> None:
    answers = {item.external_id: answer for item, answer in pairs}
    items = _lock_pending([item for item, _ in pairs])
    copies = _lock_copies(eshop, [item.external_id for item in items])
    decisions = [
        _decide(eshop, settings, item, copies.get(item.external_id), answers[item.external_id])
        for item in items
    ]
    _write(run, settings, decisions)


def _lock_pending(items: Sequence[SyncItem]) -> list[SyncItem]:
    """The items nobody has finished meanwhile, locked. Those of an import are not stored yet."""
    stored = [item.pk for item in items if item.pk]
    if not stored:
        return list(items)
    pending = SyncItem.objects.filter(pk__in=stored, outcome=Outcome.PENDING)
    return list(pending.order_by("pk").select_for_update(of=("self",)).select_related("run"))


def _lock_copies(eshop: Eshop, external_ids: Sequence[str]) -> dict[str, Copy]:
    orders = list(
        Order.objects.filter(eshop=eshop, external_id__in=external_ids)
        .order_by("pk")
        .select_for_update()
    )
    states = SyncState.objects.in_bulk([order.pk for order in orders])
    copies = {
        order.pk: Copy(order, states.get(order.pk) or _fresh_state(eshop, order))
        for order in orders
    }
    for address in OrderAddress.objects.filter(order__in=orders):
        copies[address.order_id].addresses.append(address)
    for item in OrderItem.objects.filter(order__in=orders):
        copies[item.order_id].items.append(item)
    return {copy.order.external_id: copy for copy in copies.values()}


def _fresh_state(eshop: Eshop, order: Order) -> SyncState:
    return SyncState(order=order, eshop=eshop, asked_at=NEVER, settings_version=0)


def _decide(
    eshop: Eshop, settings: EshopSettings, item: SyncItem, copy: Copy | None, answer: Answer
) -> Decision:
    is_new = copy is None
    if copy is None:
        order = Order(eshop=eshop, external_id=item.external_id)
        copy = Copy(order, _fresh_state(eshop, order))
    is_stored = item.run.trigger == SyncRun.Trigger.REAPPLY
    decision = Decision(item, copy, Outcome.FAILED, answer, is_new=is_new, is_stored=is_stored)
    try:
        _judge(decision, settings)
    except SourceError as error:
        decision.error_kind, decision.message = error.kind, str(error)
    return decision


def _judge(decision: Decision, settings: EshopSettings) -> None:
    """Fill in outcome and plan. Raises the `SourceError` the order fails with."""
    copy, answer = decision.copy, decision.answer
    if copy.state.asked_at > answer.sent_at:
        decision.outcome = Outcome.SKIPPED
        decision.message = (
            "Nothing was overwritten: a newer answer of the e-shop is already stored, asked for "
            f"at {_clock(copy.state.asked_at)}; this one was asked for at {_clock(answer.sent_at)}."
        )
    elif isinstance(answer.result, OrderNotFound) and not decision.is_new:
        _mark(decision, SourceState.MISSING, "The e-shop no longer has this order.")
    elif isinstance(answer.result, SourceError):
        raise answer.result
    elif decision.is_stored:
        _overwrite(decision, answer.result, settings)
    elif answer.result.state is SourceState.TRASHED and not decision.is_new:
        _mark(decision, SourceState.TRASHED, "The order is in the e-shop's trash.")
    elif _is_older(answer.result, copy.state, answer.sent_at):
        raise OlderAnswer(
            "Nothing was overwritten: the e-shop sent an older state of this order "
            f"({_clock(answer.result.source_modified_at)}) than the one we hold "
            f"({_clock(copy.state.source_modified_at)}). A cache in front of the e-shop is the "
            "usual reason; try again when it has been emptied."
        )
    else:
        _overwrite(decision, answer.result, settings)


def _mark(decision: Decision, state: SourceState, message: str) -> None:
    decision.outcome = Outcome.MISSING
    decision.message = f"{message} Our copy keeps its data."
    decision.plan = without_order(decision.copy.order.source_state, state.value)


def _is_older(source: SourceOrder, state: SyncState, sent_at: datetime) -> bool:
    """By the e-shop's own stamps; one that lies in the future says nothing."""
    ours, theirs = state.source_modified_at, source.source_modified_at
    return ours is not None and theirs is not None and theirs < ours <= sent_at


def _overwrite(decision: Decision, source: SourceOrder, settings: EshopSettings) -> None:
    resolution = resolve(source, settings)
    decision.problems = resolution.problems
    after = resolution.order
    if decision.is_stored:  # it says nothing about whether the e-shop still has the order
        state = decision.copy.order.source_state
        after = msgspec.structs.replace(after, source_state=state)
    decision.after = after
    if decision.is_new:
        decision.outcome = Outcome.IMPORTED
        return
    copy = decision.copy
    decision.plan = compare(held(copy.order, copy.addresses, copy.items), after)
    decision.outcome = Outcome.UPDATED if decision.plan else Outcome.UNCHANGED


def _write(run: SyncRun, settings: EshopSettings, decisions: Sequence[Decision]) -> None:
    now = timezone.now()
    new = [d for d in decisions if d.outcome == Outcome.IMPORTED]
    changed = [d for d in decisions if d.plan]
    for decision in (*new, *changed):
        _set_order(decision)
    keys = bulk.insert([d.copy.order for d in new], ignore_conflicts=True, returning="external_id")
    for decision in new:
        decision.copy.order.pk = keys.get(decision.item.external_id)
    # An order that another import has stored meanwhile is that import's.
    decisions = [d for d in decisions if d.copy.order.pk or d.outcome == Outcome.FAILED]
    new = [d for d in new if d.copy.order.pk]
    bulk.update([d.copy.order for d in changed], (*ORDER_FIELDS, "search_text"))
    _write_addresses([*new, *(d for d in changed if _touches_addresses(d.plan))])
    _write_items([*new, *(d for d in changed if _touches_lines(d.plan))])
    _write_movements(run, decisions, now)
    _write_states(settings, decisions, now)
    payloads.keep(
        [
            (d.copy.order, d.answer.result, d.answer.sent_at)
            for d in decisions
            if d.after and isinstance(d.answer.result, SourceOrder) and not d.is_stored
        ]
    )
    _finish_items(decisions, now)


def _set_order(decision: Decision) -> None:
    order, after = decision.copy.order, decision.after
    if after is None:
        order.source_state = str(decision.plan.fields[0].new)
        return
    for name in ORDER_FIELDS:
        setattr(order, name, getattr(after, name))
    order.metadata = [{"key": datum.key, "value": datum.value} for datum in after.metadata]
    order.search_text = searchable(order)


def _touches_addresses(plan: Plan) -> bool:
    return any("." in change.field for change in plan.fields)


def _touches_lines(plan: Plan) -> bool:
    return bool(plan.lines) or any(change.field == "line_order" for change in plan.fields)


def _write_addresses(decisions: Iterable[Decision]) -> None:
    rows = [
        OrderAddress(
            order=d.copy.order, kind=kind, **_values(getattr(d.after, name), ADDRESS_FIELDS)
        )
        for d in decisions
        for kind, name in ADDRESSES.items()
    ]
    bulk.upsert(rows, unique=("order_id", "kind"), update=ADDRESS_FIELDS)


def _write_items(decisions: Sequence[Decision]) -> None:
    rows, gone = [], []
    for decision in decisions:
        assert decision.after is not None
        stay = {(item.kind.value, item.external_id) for item in decision.after.items}
        gone += [i.pk for i in decision.copy.items if (i.kind, i.external_id) not in stay]
        for position, item in enumerate(decision.after.items):
            values = _values(item, ITEM_FIELDS)
            values["metadata"] = [{"key": m.key, "value": m.value} for m in item.metadata]
            rows.append(
                OrderItem(
                    order=decision.copy.order,
                    kind=item.kind.value,
                    external_id=item.external_id,
                    position=position,
                    **values,
                )
            )
    bulk.delete(OrderItem, gone)
    bulk.upsert(rows, unique=("order_id", "kind", "external_id"), update=(*ITEM_FIELDS, "position"))


def _write_movements(run: SyncRun, decisions: Sequence[Decision], now: datetime) -> None:
    told: dict[int, Decision] = {
        d.copy.order.pk: d
        for d in decisions
        if d.outcome in (Outcome.IMPORTED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.MISSING)
    }
    rows = [
        Movement(
            order=d.copy.order,
            at=now,
            actor_id=run.created_by_id,
            actor_name=run.created_by_name,
            kind=_kind(d),
            message=d.message or (NOTHING_NEW if d.outcome == Outcome.UNCHANGED else ""),
            changes=to_builtins(d.plan),
        )
        for d in told.values()
    ]
    for order_id, movement_id in bulk.insert(rows, returning="order_id").items():
        told[order_id].item.movement_id = movement_id


def _kind(decision: Decision) -> str:
    if decision.is_stored:
        return Movement.Kind.REAPPLIED
    is_new = decision.outcome == Outcome.IMPORTED
    return Movement.Kind.IMPORTED if is_new else Movement.Kind.SYNCHRONIZED


def _write_states(settings: EshopSettings, decisions: Sequence[Decision], now: datetime) -> None:
    rows = []
    for d in decisions:
        state, source = d.copy.state, d.answer.result
        if d.outcome == Outcome.SKIPPED or d.copy.order.pk is None:
            continue
        state.order_id = d.copy.order.pk
        if d.after is not None:
            state.settings_version = settings.version
            state.problems = [msgspec.to_builtins(problem) for problem in d.problems]
        if d.outcome == Outcome.MISSING:  # there is nothing that the settings could be applied to
            state.settings_version = settings.version
        if not d.is_stored:
            _note_answer(state, d, source, now)
        rows.append(state)
    bulk.upsert(rows, unique=["order_id"], update=STATE_RESULT)


def _note_answer(
    state: SyncState, decision: Decision, source: SourceOrder | SourceError, now: datetime
) -> None:
    """What the e-shop said, and when, about the order."""
    state.message = decision.message
    state.outcome = "" if decision.outcome == Outcome.IMPORTED else decision.outcome
    if decision.outcome != Outcome.FAILED:
        state.asked_at = decision.answer.sent_at
    if decision.outcome in (Outcome.UPDATED, Outcome.UNCHANGED, Outcome.MISSING):
        state.synced_at = now
    if decision.after is not None and isinstance(source, SourceOrder):
        state.source_modified_at = source.source_modified_at


def _finish_items(decisions: Sequence[Decision], now: datetime) -> None:
    for d in decisions:
        item = d.item
        item.order_id = d.copy.order.pk
        item.outcome, item.error_kind, item.message = d.outcome, d.error_kind, d.message
        item.asked_at, item.finished_at = d.answer.sent_at, now
    bulk.update([d.item for d in decisions if d.item.pk], ITEM_RESULT)
    bulk.insert([d.item for d in decisions if not d.item.pk], ignore_conflicts=True)


def _values(source: object, names: Iterable[str]) -> dict[str, object]:
    return {name: getattr(source, name) for name in names}


def _clock(moment: datetime | None) -> str:
    if moment is None:
        return "never"
    return date_format(timezone.localtime(moment), "Y-m-d H:i:s")
