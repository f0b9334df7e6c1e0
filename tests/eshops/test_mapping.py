from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eshops.mapping import (
    DoesNotFit,
    Mapped,
    MappingRule,
    Problem,
    fit,
    is_path,
    lookup,
    map_metadata,
)
from eshops.resolve import EshopSettings, resolve
from eshops.source import ItemKind, Metadatum
from tests.sources import source_item, source_order

METADATA = (
    Metadatum("_vat", " cz12345678 "),
    Metadatum("point", {"id": 7, "name": "Z-BOX Brno", "open": [{"day": "Po"}, {"day": "Út"}]}),
    Metadatum("a.b", "exactly"),
    Metadatum("a", {"b": "inside"}),
    Metadatum("json", '{"ids": [31, 32]}'),
    Metadatum("twice", ""),
    Metadatum("twice", "second"),
    Metadatum("list", ["x", "y"]),
    Metadatum("empty", []),
)


@pytest.mark.parametrize(
    ("source_key", "values"),
    [
        ("_vat", [" cz12345678 "]),
        ("point.id", [7]),
        ("point.open[1].day", ["Út"]),
        ("point.open[9].day", [None]),
        ("point.nothing.day", [None]),
        ("a.b", ["exactly"]),
        ("json.ids[0]", [31]),
        ("twice", ["", "second"]),
        ("nobody", []),
        ("poin", []),
    ],
)
def test_a_source_key_leads_to_its_value(source_key: str, values: list[Any]) -> None:
    assert list(lookup(METADATA, source_key)) == values


@pytest.mark.parametrize(
    ("source_key", "possible"),
    [
        ("_billing_ic", True),
        ("a.b[0].c", True),
        ("a.b", True),
        ("a..b", False),
        ("a[", False),
        ("a[x]", False),
        ("a.", False),
        ("", False),
        ("[0]", False),
    ],
)
def test_a_path_that_cannot_lead_anywhere(source_key: str, possible: bool) -> None:
    assert is_path(source_key) is possible


@pytest.mark.parametrize(
    ("value", "target", "transforms", "expected"),
    [
        (" CZ 1 ", "vat_id", [], " CZ 1 "),
        ("  CZ   1 ", "vat_id", ["trim"], "CZ 1"),
        ("cz ř", "vat_id", ["upper"], "CZ Ř"),
        ("IČO: 123 456", "company_id", ["digits"], "123456"),
        ("  ab 1", "custom", ["trim", "upper"], "AB 1"),
        (["x", "y"], "custom", ["first"], "x"),
        ([], "custom", ["first"], ""),
        ('["první","druhý"]', "custom", ["first"], "první"),
        (' ["první"]', "custom", ["first"], "první"),
        ("[]", "custom", [], ""),
        ("{}", "custom", [], ""),
        ("[1] see below", "customer_note", [], "[1] see below"),
        ("[" * 5000, "customer_note", [], "[" * 5000),
        (7, "pickup_point_id", [], "7"),
        (1.5, "custom", [], "1.5"),
        (True, "custom", [], "true"),
        (None, "company", [], ""),
        ("   ", "company", [], ""),
        ("2026-11-24", "delivery_date", [], date(2026, 11, 24)),
        ("24.11.2026", "delivery_date", [], date(2026, 11, 24)),
        ("24. 11. 2026", "delivery_date", [], date(2026, 11, 24)),
        ("20261124", "delivery_date", [], date(2026, 11, 24)),
        ("2026-11-24T10:00:00+01:00", "delivery_date", [], date(2026, 11, 24)),
        ("1795478400", "delivery_date", [], date(2026, 11, 24)),
        ("24/11/2026", "custom", ["date"], "2026-11-24"),
        ("https://track.example/1", "tracking_url", [], "https://track.example/1"),
        ("0012345678", "variable_symbol", [], "0012345678"),
    ],
)
def test_a_value_is_made_to_fit(
    value: Any, target: str, transforms: list[str], expected: Any
) -> None:
    assert fit(value, target, transforms) == expected


@pytest.mark.parametrize(
    ("value", "target", "transforms", "reason"),
    [
        ({"id": 7}, "pickup_point_id", [], "holds several values"),
        ('{"id": 7}', "pickup_point_id", [], "holds several values"),
        ('\n {"id": 7}', "customer_note", [], "holds several values"),
        ('["a","b"]', "company", ["trim"], "holds several values"),
        (['{"id": 1}', "y"], "custom", ["first"], "holds several values"),
        (["a"], "company", ["trim"], "holds several values"),
        ("zítra", "delivery_date", [], "not a date"),
        ("31.2.2026", "delivery_date", [], "not a date"),
        ("soon", "custom", ["date"], "not a date"),
        ("javascript:alert(1)", "tracking_url", [], "not a web address"),
        ("VS 12", "variable_symbol", [], "up to ten digits"),
    ],
)
def test_a_value_that_does_not_fit_says_why(
    value: Any, target: str, transforms: list[str], reason: str
) -> None:
    with pytest.raises(DoesNotFit, match=reason):
        fit(value, target, transforms)


def test_the_first_rule_with_a_value_that_fits_counts() -> None:
    rules = [
        MappingRule("nobody", "vat_id"),
        MappingRule("point", "vat_id"),
        MappingRule("_vat", "vat_id", transforms=("trim", "upper")),
        MappingRule("list", "vat_id", transforms=("first",)),
        MappingRule("point.name", "custom", "Box"),
    ]
    mapped = map_metadata(source_order(metadata=METADATA), rules)
    assert mapped.fields == {"vat_id": "CZ12345678"}
    assert mapped.custom == {"Box": "Z-BOX Brno"}
    assert [(each.field, each.source_key) for each in mapped.problems] == [("vat_id", "point")]


def test_a_problem_tells_the_value() -> None:
    source = source_order(metadata=(Metadatum("when", "zítra"),))
    mapped = map_metadata(source, [MappingRule("when", "delivery_date")])
    assert mapped.problems == (Problem("delivery_date", "when", "zítra", "it is not a date"),)
    assert not mapped.fields


def test_lines_and_shipping_lines_have_metadata_too() -> None:
    source = source_order(
        items=(
            source_item("1", metadata=(Metadatum("engraving", ""),)),
            source_item("2", metadata=(Metadatum("engraving", "Pro Žofii"),)),
            source_item("3", kind=ItemKind.SHIPPING, metadata=(Metadatum("point", {"id": "Z9"}),)),
        )
    )
    rules = [
        MappingRule("engraving", "custom", "Engraving", scope="line"),
        MappingRule("point.id", "pickup_point_id", scope="shipping"),
        MappingRule("point.id", "company_id"),
    ]
    mapped = map_metadata(source, rules)
    assert mapped.custom == {"Engraving": "Pro Žofii"}
    assert mapped.fields == {"pickup_point_id": "Z9"}


def test_json_as_text_is_looked_into_whatever_stands_before_it() -> None:
    metadata = (Metadatum("point", ' \n{"id": "Z9", "open": "[1, 2]"}'),)
    assert list(lookup(metadata, "point.id")) == ["Z9"]
    assert list(lookup(metadata, "point.open[1]")) == [2]


@pytest.mark.parametrize(
    ("value", "timezone", "expected"),
    [
        (1782856800, "Europe/Prague", date(2026, 7, 1)),
        ("1782856800", "UTC", date(2026, 6, 30)),
        (1782856800000, "Europe/Prague", date(2026, 7, 1)),
        ("1782856799999", "Europe/Prague", date(2026, 6, 30)),
        ("2026-06-30T23:30:00Z", "Europe/Prague", date(2026, 7, 1)),
        ("2026-06-30T23:30:00Z", "America/New_York", date(2026, 6, 30)),
        ("2026-07-01T00:30:00+02:00", "Europe/Prague", date(2026, 7, 1)),
        ("2026-06-30T23:30:00", "Europe/Prague", date(2026, 6, 30)),
        ("2026-06-30", "Pacific/Auckland", date(2026, 6, 30)),
    ],
)
def test_a_moment_is_on_the_eshops_day(value: Any, timezone: str, expected: date) -> None:
    source = source_order(metadata=(Metadatum("when", value),))
    rules = (
        MappingRule("when", "delivery_date"),
        MappingRule("when", "custom", "When", transforms=("date",)),
    )
    settings = EshopSettings(version=1, mappings=rules, timezone=timezone)
    order = resolve(source, settings).order
    assert (order.delivery_date, order.custom) == (expected, {"When": expected.isoformat()})


@pytest.mark.parametrize("first", ["  ", "asap", '{"a": 1}', None])
def test_one_lines_value_does_not_hide_anothers(first: Any) -> None:
    lines = [first, "2026-01-02", "2026-03-04"]
    items = [
        source_item(str(n), metadata=(Metadatum("d", value),)) for n, value in enumerate(lines)
    ]
    source = source_order(items=tuple(items))
    rules = [MappingRule("d", "delivery_date", scope="line")]
    assert map_metadata(source, rules) == Mapped({"delivery_date": date(2026, 1, 2)}, {}, ())


def test_of_values_that_do_not_fit_the_first_is_told() -> None:
    items = [source_item(str(n), metadata=(Metadatum("d", f"asap {n}"),)) for n in range(2)]
    rules = [MappingRule("d", "delivery_date", scope="line")]
    mapped = map_metadata(source_order(items=tuple(items)), rules)
    assert [each.value for each in mapped.problems] == ["asap 0"]
    assert not mapped.fields


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(value=JSON, path=st.text(alphabet="ab.[]01", max_size=8), target=st.sampled_from(
    ["company", "delivery_date", "tracking_url", "variable_symbol", "custom"]
))  # fmt: skip
def test_no_value_and_no_path_breaks_it(value: Any, path: str, target: str) -> None:
    rules = [MappingRule(f"k{path}", target, "L", transforms=("first", "trim", "date"))]
    map_metadata(source_order(metadata=(Metadatum("k", value),)), rules)
