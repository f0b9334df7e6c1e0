"""What is said of one order, or of one row of a list, the same way for every platform."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from eshops.source import Answer, BadPayload, OrderNotFound, SequenceEntry, SourceOrder

Row = Mapping[str, Any]
ParseOrder = Callable[[Any], SourceOrder]
Identify = Callable[[Row], str]


def answered(
    rows: Iterable[Any], parse: ParseOrder, identify: Identify, sent_at: datetime
) -> list[Answer]:
    """The orders of a list, each parsed by itself; "" for the id of one that has none."""
    return [Answer(identified(row, identify), sent_at, parsed(row, parse)) for row in rows]


def parsed(row: Any, parse: ParseOrder) -> SourceOrder | BadPayload:
    try:
        return parse(row)
    except BadPayload as error:
        return error


def single(external_id: str, row: Any, parse: ParseOrder) -> SourceOrder | BadPayload:
    """What the e-shop told when it was asked for this order alone."""
    result = parsed(row, parse)
    if isinstance(result, SourceOrder) and result.external_id != external_id:
        return another()
    return result


def identified(row: Any, identify: Identify) -> str:
    """The order's id in the API; "" where it cannot be told."""
    try:
        return identify(row) if isinstance(row, dict) else ""
    except BadPayload:
        return ""


def impossible(external_id: str, what_ids_are: str) -> Answer:
    """For an id that no order of the platform can have, which is not even asked for."""
    error = OrderNotFound(f"The e-shop has no such order: its {what_ids_are}.")
    return Answer(external_id, datetime.now(UTC), error)


def gone() -> OrderNotFound:
    return OrderNotFound("The e-shop does not have this order any more.")


def another() -> BadPayload:
    return BadPayload("The e-shop answered with another order than we asked for.")


def readable(rows: Iterable[Any], parse: Callable[[Row], SequenceEntry]) -> Iterator[SequenceEntry]:
    """The entries of a code list that can be read; an odd one does not keep us from the others."""
    for row in rows:
        try:
            entry = parse(row) if isinstance(row, dict) else None
        except BadPayload:
            continue
        if entry is not None and entry.code:
            yield entry
