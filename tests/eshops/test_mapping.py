from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eshops.mapping import DoesNotFit, MappingRule, Problem, fit, is_path, lookup, map_metadata
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
