from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from eshops.mapping import MappingRule
from eshops.resolve import Entry, EshopSettings, resolve
from eshops.source import BadPayload, ItemKind, Metadatum, SourceAddress
from tests.sources import source_item, source_order

NAMED = EshopSettings(
    version=3,
    sequences={
        ("status", "processing"): Entry("Zpracovává se", "paid", "#1d5fbf"),
        ("payment", "cod"): Entry("Na dobírku", is_ours=True),
        ("delivery", "flat_rate:1"): Entry("PPL", is_ours=True),
    },
)
NO_SETTINGS = EshopSettings(version=1)


def test_codes_get_the_names_our_sequences_have() -> None:
    resolved = resolve(source_order(), NAMED).order
    assert (resolved.status_name, resolved.status_type, resolved.status_color) == (
        "Zpracovává se",
        "paid",
        "#1d5fbf",
    )
    assert (resolved.payment_name, resolved.delivery_name) == ("Na dobírku", "PPL")


@pytest.mark.parametrize(
    ("told", "expected"), [("Zásilkovna Z-BOX Olomouc", "Zásilkovna Z-BOX Olomouc"), ("", "PPL")]
)
def test_what_the_order_says_is_kept_where_staff_chose_no_name(told: str, expected: str) -> None:
    """The e-shop's code list tells how it calls the code now, the order how it was sold."""
    settings = EshopSettings(
        version=1,
        sequences={("payment", "cod"): Entry("PPL"), ("delivery", "flat_rate:1"): Entry("PPL")},
    )
    resolved = resolve(source_order(payment_name=told, delivery_name=told), settings).order
    assert (resolved.payment_name, resolved.delivery_name) == (expected, expected)


def test_a_code_that_no_sequence_knows_keeps_the_eshops_own_text() -> None:
    resolved = resolve(source_order(payment_name="", payment_code="gopay_card"), NO_SETTINGS).order
    assert resolved.status_name == "processing"
    assert resolved.payment_name == "gopay_card"
    assert resolved.delivery_name == "PPL domů"


@pytest.mark.parametrize(
    ("metadata", "rules", "expected"),
    [
        ({"_vat": "CZ1"}, [("_vat", "vat_id", "")], {"vat_id": "CZ1"}),
        ({"b": "2"}, [("a", "vat_id", ""), ("b", "vat_id", "")], {"vat_id": "2"}),
        ({"a": "", "b": "2"}, [("a", "vat_id", ""), ("b", "vat_id", "")], {"vat_id": "2"}),
        ({"a": "1", "b": "2"}, [("a", "vat_id", ""), ("b", "vat_id", "")], {"vat_id": "1"}),
        ({"gift": "yes"}, [("gift", "custom", "Gift")], {"custom": {"Gift": "yes"}}),
        ({"n": 7}, [("n", "company_id", "")], {"company_id": "7"}),
        ({"x": {"id": 5}}, [("x.id", "pickup_point_id", "")], {"pickup_point_id": "5"}),
        ({"d": "24.11.2026"}, [("d", "delivery_date", "")], {"delivery_date": date(2026, 11, 24)}),
        ({"d": "zítra"}, [("d", "delivery_date", "")], {"delivery_date": None}),
        ({}, [("c", "company", "")], {"company": "Dílna s.r.o."}),
        ({"c": "Jiná a.s."}, [("c", "company", "")], {"company": "Jiná a.s."}),
    ],
)
def test_mapped_metadata(
    metadata: dict[str, Any], rules: list[tuple[str, str, str]], expected: dict[str, Any]
) -> None:
    source = source_order(
        metadata=tuple(Metadatum(key, value) for key, value in metadata.items()),
        billing=SourceAddress(company="Dílna s.r.o."),
    )
    settings = EshopSettings(version=1, mappings=tuple(MappingRule(*rule) for rule in rules))
    resolved = resolve(source, settings).order
    assert {name: getattr(resolved, name) for name in expected} == expected


def test_two_lines_with_one_id_are_refused() -> None:
    with pytest.raises(BadPayload, match="same id"):
        resolve(source_order(items=(source_item("5"), source_item("5"))), NO_SETTINGS)


def test_a_refund_may_have_the_id_of_a_line() -> None:
    refund = source_item("5", kind=ItemKind.REFUND, gross=Decimal("-5"), in_total=False)
    assert (
        len(resolve(source_order(items=(source_item("5"), refund)), NO_SETTINGS).order.items) == 2
    )


def test_it_is_pure() -> None:
    assert resolve(source_order(), NAMED) == resolve(source_order(), NAMED)


NATIVE: dict[str, Any] = {
    "company_id": "12345678",
    "tax_id": "2020123456",
    "vat_id": "SK2020123456",
    "pickup_point_id": "77",
    "pickup_point_name": "Z-BOX",
    "tracking_number": "Z1, Z2",
    "tracking_url": "https://track.test/Z1",
    "variable_symbol": "2026001",
    "axes": {"order": "OPEN", "payment": "PAID"},
}


def test_what_the_platform_has_fields_for_is_taken_over() -> None:
    resolved = resolve(source_order(**NATIVE), NO_SETTINGS).order
    assert {name: getattr(resolved, name) for name in NATIVE} == NATIVE


def test_a_mapping_goes_before_the_platforms_own_field() -> None:
    rules = (MappingRule("vat", "vat_id"), MappingRule("symbol", "variable_symbol"))
    source = source_order(**NATIVE, metadata=(Metadatum("vat", "CZ1"), Metadatum("symbol", "x")))
    resolution = resolve(source, EshopSettings(version=1, mappings=rules))
    assert resolution.order.vat_id == "CZ1"
    assert resolution.order.variable_symbol == "2026001", "what does not fit leaves the e-shop's"
    assert [problem.field for problem in resolution.problems] == ["variable_symbol"]
