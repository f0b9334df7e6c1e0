from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from eshops.resolve import EshopSettings, ResolvedOrder, resolve
from eshops.source import ItemKind, Metadatum, SourceAddress
from sync.plan import Change, Plan, compare, from_builtins, plain_decimal, to_builtins
from tests.sources import source_item, source_order

SETTINGS = EshopSettings(version=1)


def resolved(**values: Any) -> ResolvedOrder:
    return resolve(source_order(**values), SETTINGS).order


def test_the_same_order_needs_no_change() -> None:
    assert not compare(resolved(), resolved())


def test_figures_that_only_look_different_are_the_same() -> None:
    assert not compare(resolved(total=Decimal("24.2")), resolved(total=Decimal("24.200000")))


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ({}, {"status_code": "completed"}, ("status_code", "processing", "completed")),
        ({}, {"total": Decimal("25.50")}, ("total", "24.2", "25.5")),
        ({"is_paid": False}, {"is_paid": True}, ("is_paid", False, True)),
        (
            {"paid_at": None},
            {"paid_at": datetime(2026, 11, 3, 8, tzinfo=UTC)},
            ("paid_at", None, "2026-11-03T08:00:00Z"),
        ),
        ({"customer_note": "Zvonit 2×"}, {"customer_note": ""}, ("customer_note", "Zvonit 2×", "")),
        (
            {"billing": SourceAddress(city="Brno")},
            {"billing": SourceAddress(city="Plzeň")},
            ("billing.city", "Brno", "Plzeň"),
        ),
        (
            {"shipping_address": SourceAddress(line1="Krátká 2")},
            {"shipping_address": SourceAddress()},
            ("shipping.line1", "Krátká 2", ""),
        ),
        (
            {"metadata": ()},
            {"metadata": (Metadatum("point", {"id": 7}),)},
            ("metadata", "[]", '[{"key":"point","value":{"id":7}}]'),
        ),
        (
            {"axes": {"order": "open", "payment": "PENDING"}},
            {"axes": {"order": "open", "payment": "PAID"}},
            ("axes.payment", "PENDING", "PAID"),
        ),
        ({"axes": {"return": "REQUESTED"}}, {"axes": {}}, ("axes.return", "REQUESTED", "")),
    ],
)
def test_a_field_tells_old_and_new(
    before: dict[str, Any], after: dict[str, Any], change: tuple[str, Any, Any]
) -> None:
    plan = compare(resolved(**before), resolved(**after))
    assert Change(*change) in plan.fields
    assert not plan.lines


@dataclass
class Lines:
    before: list[str]
    after: list[str]
    told: list[tuple[str, str]]
    moved: bool = False


@pytest.mark.parametrize(
    "case",
    [
        Lines(["1"], ["1", "2"], [("added", "2")]),
        Lines(["1", "2"], ["2"], [("removed", "1")]),
        Lines(["1", "2"], ["3", "2"], [("added", "3"), ("removed", "1")]),
        Lines(["1", "2"], ["2", "1"], [], moved=True),
        Lines(["1", "2", "3"], ["3"], [("removed", "1"), ("removed", "2")]),
        Lines(["1"], [], [("removed", "1")]),
    ],
)
def test_lines_are_a_set_told_apart_by_their_ids(case: Lines) -> None:
    plan = compare(
        resolved(items=tuple(source_item(i) for i in case.before)),
        resolved(items=tuple(source_item(i) for i in case.after)),
    )
    assert [(line.action, line.external_id) for line in plan.lines] == case.told
    assert [change.field for change in plan.fields] == (["line_order"] if case.moved else [])


def test_two_lines_with_the_same_sku_are_two_lines() -> None:
    twice = resolved(items=(source_item("1"), source_item("2")))
    once = resolved(items=(source_item("1"),))
    assert [line.action for line in compare(twice, once).lines] == ["removed"]


def test_a_changed_line_tells_what_changed_in_it() -> None:
    plan = compare(
        resolved(), resolved(items=(source_item(quantity=Decimal(3), gross=Decimal("36.3")),))
    )
    (line,) = plan.lines
    assert (line.action, line.kind, line.name) == ("changed", "product", "Espresso Ő 1 kg")
    assert line.changes == (Change("quantity", "2", "3"), Change("gross", "24.2", "36.3"))


def test_a_plan_is_a_value() -> None:
    refund = source_item("9", kind=ItemKind.REFUND, gross=Decimal("-5"), net=None, tax=None)
    after = resolved(total=Decimal("30"), items=(source_item(), refund))
    plan, again = compare(resolved(), after), compare(resolved(), after)
    assert plan == again
    assert hash(plan) == hash(again)
    stored = msgspec.json.decode(msgspec.json.encode(to_builtins(plan)))
    assert from_builtins(stored) == plan


def test_an_empty_plan_is_stored_as_nothing() -> None:
    assert to_builtins(Plan()) == {}
    assert from_builtins({}) == Plan()


@pytest.mark.parametrize(
    ("value", "text"),
    [("0", "0"), ("100", "100"), ("1E+3", "1000"), ("1250.500000", "1250.5"), ("-0.10", "-0.1")],
)
def test_decimals_are_told_plainly(value: str, text: str) -> None:
    assert plain_decimal(Decimal(value)) == text
