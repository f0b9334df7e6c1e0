"""Carrying out answers: from what an e-shop said to rows, in one short transaction a batch.

The number of statements does not depend on the number of orders. Correctness lives here and needs
no lease: an item that is no longer pending is left alone, and an answer older than the one we hold
changes nothing, so the same work done twice has one effect.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from django.db import transaction
from django.db.models import F, Prefetch
from django.utils import timezone

from eshops.models import Eshop
from eshops.resolve import EshopSettings
from eshops.source import Answer, SourceError, SourceOrder
from orders import bulk
from orders.filters import searchable
from orders.models import (
    Handover,
    Movement,
    Order,
    OrderAddress,
    OrderItem,
    SyncState,
)
from sync import payloads
from sync.decide import Copy, Decision, decide, fresh_state
from sync.models import SyncItem, SyncRun
from sync.plan import (
    ADDRESS_FIELDS,
    ADDRESSES,
    ITEM_FIELDS,
    ORDER_FIELDS,
    Plan,
    to_builtins,
)

logger = logging.getLogger(__name__)

NOTHING_NEW = "Already up to date."
Outcome = SyncItem.Outcome

ITEM_RESULT = [
    "order", "outcome", "attempts", "error_kind", "message", "asked_at", "finished_at", "movement"
]  # fmt: skip
STATE_RESULT = [
    "eshop_id", "asked_at", "source_modified_at", "settings_version", "synced_at", "tried_at",
    "outcome", "message", "problems", "kept",
]  # fmt: skip


Pair = tuple[SyncItem, Answer]


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
        states.update(outcome=SyncState.Outcome.FAILED, message=message, tried_at=now)


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
        decide(eshop, settings, item, copies.get(item.external_id), answers[item.external_id])
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
    """Our copies of these orders, their rows locked.

    What belongs to an order is read once its row is locked: whoever had to wait for the lock is
    given the row as it is now, but what a join brings along as it was before the wait.
    """
    handovers = Handover.objects.select_related("warehouse").defer("content")
    orders = list(
        Order.objects.filter(eshop=eshop, external_id__in=external_ids)
        .order_by("pk")
        .select_for_update()
        .prefetch_related(Prefetch("handover", handovers))
    )
    copies = {order.pk: Copy(order, fresh_state(eshop, order)) for order in orders}
    states = SyncState.objects.filter(order__in=orders)
    for state in states.annotate(payload_digest=F("order__payload__digest")):
        copies[state.order_id].state = state
        copies[state.order_id].payload = state.payload_digest or ""
    for address in OrderAddress.objects.filter(order__in=orders):
        copies[address.order_id].addresses.append(address)
    for item in OrderItem.objects.filter(order__in=orders):
        copies[item.order_id].items.append(item)
    return {copy.order.external_id: copy for copy in copies.values()}


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
            payloads.Told(d.copy.order, d.answer.result, d.answer.sent_at, d.copy.payload)
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
    kinds = tuple(f"{kind}." for kind in ADDRESSES)
    return any(change.field.startswith(kinds) for change in plan.fields)


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
    by_order: dict[int, Decision] = {
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
            message=" ".join(
                part
                for part in (NOTHING_NEW if d.outcome == Outcome.UNCHANGED else "", d.message)
                if part
            ),
            changes=to_builtins(d.plan),
        )
        for d in by_order.values()
    ]
    for order_id, movement_id in bulk.insert(rows, returning="order_id").items():
        by_order[order_id].item.movement_id = movement_id


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
            state.kept = [msgspec.to_builtins(kept) for kept in d.plan.kept]
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
    state.message, state.tried_at = decision.message, now
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
