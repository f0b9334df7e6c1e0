"""What an answer means for an order: overwrite, leave alone, mark, or fail it. Writes nothing."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from django.utils import timezone
from django.utils.formats import date_format

from eshops.mapping import Problem
from eshops.models import Eshop
from eshops.resolve import EshopSettings, ResolvedOrder, resolve
from eshops.source import Answer, OrderNotFound, SourceError, SourceOrder, SourceState
from orders.models import Order, OrderAddress, OrderItem, SyncState
from sync.models import SyncItem, SyncRun
from sync.plan import Plan, compare, held, without_order
from sync.rules import Rule, carry_out, combined, told

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
NO_CHANGE = Plan()
Outcome = SyncItem.Outcome


@dataclass
class Copy:
    """Our copy of one order, with all its rows."""

    order: Order
    state: SyncState
    payload: str = ""
    """The digest of what is kept of the e-shop's last answer."""
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


class OlderAnswer(SourceError):
    """The e-shop answered with an older state than it had told us before."""

    kind = "older_answer"


def fresh_state(eshop: Eshop, order: Order) -> SyncState:
    """The state of an order whose e-shop has not been asked yet."""
    return SyncState(order=order, eshop=eshop, asked_at=NEVER, settings_version=0)


def decide(
    eshop: Eshop, settings: EshopSettings, item: SyncItem, copy: Copy | None, answer: Answer
) -> Decision:
    """What the answer does to the order, of which `copy` is None when we do not have it yet."""
    is_new = copy is None
    if copy is None:
        order = Order(eshop=eshop, external_id=item.external_id)
        copy = Copy(order, fresh_state(eshop, order))
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
    if decision.is_new:
        decision.after, decision.outcome = after, Outcome.IMPORTED
        return
    copy = decision.copy
    before = held(copy.order, copy.addresses, copy.items)
    decision.after, kept = carry_out(before, after, rules_for(copy.order, settings))
    decision.plan = msgspec.structs.replace(compare(before, decision.after), kept=kept)
    decision.outcome = Outcome.UPDATED if decision.plan else Outcome.UNCHANGED
    decision.message = told(kept)


def rules_for(order: Order, settings: EshopSettings) -> dict[str, Rule]:
    """The rules that hold for this order now. `order.handover` is loaded, with its warehouse."""
    sources = [(settings.rules, f"so {settings.name} is set up")]
    handover = order.handover
    if handover and handover.warehouse.is_active:
        since = timezone.localtime(handover.at)
        today = since.date() == timezone.localdate()
        when = date_format(since, "H:i" if today else "j M Y H:i")
        sources.append((handover.warehouse.rules, f"the warehouse has this order since {when}"))
    return combined(*sources)


def _clock(moment: datetime | None) -> str:
    if moment is None:
        return "never"
    return date_format(timezone.localtime(moment), "Y-m-d H:i:s")
