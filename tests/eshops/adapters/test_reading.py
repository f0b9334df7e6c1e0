"""What is understood of other people's JSON, and what is not."""

import json
import math
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eshops.adapters import reading
from eshops.adapters.reading import NotJson, decode, plain
from eshops.source import BadPayload

BAD = "bad"


def read(function: Any, value: Any, *arguments: Any) -> Any:
    """What `function` reads of `value`; BAD when refused, naming the key and not the value."""
    try:
        return function({"the_key": value}, "the_key", *arguments)
    except BadPayload as error:
        assert "the_key" in str(error)
        if isinstance(value, str) and value:
            assert value not in str(error)
        return BAD


def same(found: Any, expected: Any) -> None:
    assert found == expected and type(found) is type(expected) and str(found) == str(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("", ""),
        (" Jan\n ", " Jan\n "),
        ("a\x00b", "ab"),
        ("a\ud800b😀", "ab😀"),
        (5, "5"),
        (Decimal("1.50"), "1.50"),
        (False, ""),
        (True, "1"),
        ([], BAD),
        ({}, BAD),
        (["x"], BAD),
    ],
)
def test_text(value: Any, expected: str) -> None:
    assert read(reading.text, value) == expected


def test_absent_keys() -> None:
    assert reading.text({}, "x") == ""
    assert reading.objects({}, "x") == []
    assert reading.mapping({}, "x") == {}
    assert reading.utc({}, "x") is None
    assert reading.money({}, "x", None) is None
    with pytest.raises(BadPayload, match="x"):
        reading.money({}, "x")


def test_codes_have_a_length() -> None:
    assert read(reading.code, "x" * 191) == "x" * 191
    assert read(reading.code, "x" * 192) == BAD


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.30", Decimal("12.300000")),
        (" 12 ", Decimal("12.000000")),
        ("-0.00", Decimal("0.000000")),
        ("-5", Decimal("-5.000000")),
        (".5", Decimal("0.500000")),
        ("1e2", Decimal("100.000000")),
        (7, Decimal("7.000000")),
        (16.900000000000002, Decimal("16.900000")),
        (Decimal("3.3333333333333335"), Decimal("3.333333")),
        (Decimal("0.0000005"), Decimal("0.000000")),
        (Decimal("0.0000015"), Decimal("0.000002")),
        (Decimal("1e-99999"), Decimal("0.000000")),
        ("999999999999.999999", Decimal("999999999999.999999")),
        ("", Decimal("0.000000")),
        (None, Decimal("0.000000")),
        ("1000000000000", BAD),
        (Decimal("-1e12"), BAD),
        (Decimal("1e999999"), BAD),
        (Decimal("NaN"), BAD),
        (Decimal("sNaN"), BAD),
        (Decimal("-Infinity"), BAD),
        (math.inf, BAD),
        ("NaN", BAD),
        ("Infinity", BAD),
        ("1e99999999999999999999", BAD),
        ("12,30", BAD),
        ("1_000", BAD),
        ("١٢", BAD),
        ("12 Kč", BAD),
        ("9" * 5000, BAD),
        (True, BAD),
        (False, BAD),
        ([], BAD),
        ({}, BAD),
    ],
)
def test_money(value: Any, expected: Any) -> None:
    same(read(reading.money, value, Decimal(0)), expected)


@given(
    st.one_of(
        st.text(), st.decimals(), st.integers(), st.booleans(), st.none(), st.floats(), st.just([])
    )
)
def test_money_is_money_or_refused(value: Any) -> None:
    try:
        found = reading.money({"k": value}, "k", Decimal(0))
    except BadPayload:
        return
    assert found.is_finite() and found.as_tuple().exponent == -6
    assert abs(found) <= 10**12


@given(st.decimals(-(10**11), 10**11, places=6))
def test_money_of_six_places_is_kept(value: Decimal) -> None:
    assert reading.money({"k": str(value)}, "k") == value
    assert reading.money({"k": value}, "k") == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("0.375"), Decimal("0.375")),
        ("2", Decimal("2")),
        (3, Decimal("3")),
        (Decimal("1E+2"), Decimal("100.000000")),
        (Decimal("0.33333333333"), Decimal("0.333333")),
        (None, Decimal(1)),
        ("many", BAD),
    ],
)
def test_number(value: Any, expected: Any) -> None:
    same(read(reading.number, value, Decimal(1)), expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("38.81856540084388", Decimal("38.81856540084388")),
        (Decimal("0.3333333333333333"), Decimal("0.3333333333333333")),
        (None, Decimal(0)),
        ("many", BAD),
    ],
)
def test_exact(value: Any, expected: Any) -> None:
    same(read(reading.exact, value, Decimal(0)), expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(5, 5), ("5", 5), (Decimal("5.0"), 5), ("", 0), ("5.5", BAD), ("x", BAD), (True, BAD)],
)
def test_integer(value: Any, expected: Any) -> None:
    same(read(reading.integer, value, 0), expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ([], []),
        ({}, []),
        ([{"a": 1}], [{"a": 1}]),
        ({"1": {"a": 1}, "3": {"a": 2}}, [{"a": 1}, {"a": 2}]),
        ({"a": {}}, BAD),
        ({"1": 5}, BAD),
        ([{}, None], BAD),
        (["x"], BAD),
        ("", BAD),
        (5, BAD),
        (False, BAD),
    ],
)
def test_objects(value: Any, expected: Any) -> None:
    same(read(reading.objects, value), expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, {}), ([], {}), ({"a": 1}, {"a": 1}), ([1], BAD), ("", BAD), (5, BAD)],
)
def test_mapping(value: Any, expected: Any) -> None:
    same(read(reading.mapping, value), expected)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-23T06:33:03", at(2026, 11, 23, 6, 33, 3)),
        ("2026-11-23 06:33:03", at(2026, 11, 23, 6, 33, 3)),
        ("2026-11-23T06:33:03Z", at(2026, 11, 23, 6, 33, 3)),
        ("2026-11-23T06:33:03+02:00", at(2026, 11, 23, 4, 33, 3)),
        ("2026-11-23T06:33:03+0200", at(2026, 11, 23, 4, 33, 3)),
        ("2026-11-23T06:33:03.5-01:00", at(2026, 11, 23, 7, 33, 3, 500_000)),
        (None, None),
        ("", None),
        (False, None),
        ("0000-00-00 00:00:00", None),
        ("-0001-11-30T00:00:00", None),
        ("0001-01-01T00:00:00+14:00", BAD),
        ("9999-12-31T23:59:59-14:00", BAD),
        ("2026-02-30T00:00:00", BAD),
        ("yesterday", BAD),
        (1763879583, BAD),
        ([], BAD),
    ],
)
def test_utc(value: Any, expected: Any) -> None:
    found = read(reading.utc, value)
    same(found, expected)
    if isinstance(found, datetime):
        assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-07-01T12:00:00", at(2026, 7, 1, 10)),
        ("2026-12-01T12:00:00", at(2026, 12, 1, 11)),
        ("2025-10-26T02:30:00", at(2025, 10, 26, 0, 30)),  # happens twice: the first
        ("2026-03-29T02:30:00", at(2026, 3, 29, 1, 30)),  # left out: 03:30
        ("2026-07-01T12:00:00Z", at(2026, 7, 1, 12)),
    ],
)
def test_local(value: str, expected: datetime) -> None:
    same(read(reading.local, value, "Europe/Prague"), expected)


zones = st.sampled_from(["Europe/Prague", "America/New_York", "Australia/Lord_Howe", "UTC"])
moments = st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


@given(moments, zones)
def test_a_local_time_is_read_back(moment: datetime, zone: str) -> None:
    """Also on the days when the clocks change; of an hour that happens twice the first is meant."""
    there = moment.astimezone(ZoneInfo(zone))
    written = there.replace(tzinfo=None).isoformat()
    first = there.replace(fold=0).astimezone(UTC)
    same(read(reading.local, written, zone), first)
    assert there.fold or first == moment


@given(moments, zones)
def test_a_time_with_its_offset_needs_no_zone(moment: datetime, zone: str) -> None:
    written = moment.astimezone(ZoneInfo(zone))
    for form in (written.isoformat(), written.strftime("%Y-%m-%d %H:%M:%S%z")):
        same(read(reading.local, form, "Asia/Tokyo"), moment)
        same(read(reading.utc, form), moment)
    same(read(reading.utc, format_datetime(written)), moment)


@given(st.datetimes(datetime(2026, 3, 29, 1, 59), datetime(2026, 3, 29, 3, 1)))
def test_an_hour_that_is_left_out_loses_no_order(naive: datetime) -> None:
    """A later local time is never read as an earlier moment than the one before the gap."""
    found = read(reading.local, naive.isoformat(), "Europe/Prague")
    assert at(2026, 3, 29, 0, 59) <= found < at(2026, 3, 29, 2)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1.10"), 1.1),
        (Decimal("0.1"), 0.1),
        (Decimal("0.12345678901234567890123"), "0.12345678901234567890123"),
        (Decimal("1e400"), "1E+400"),
        ("a\x00\udfff", "a"),
        ({"k\x00": [Decimal("1.5"), None, True, 2]}, {"k": [1.5, None, True, 2]}),
    ],
)
def test_plain(value: Any, expected: Any) -> None:
    same(plain(value), expected)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_plain_is_storable_and_stays_so(value: Any) -> None:
    found = plain(value)
    written = json.dumps(found, ensure_ascii=False, allow_nan=False)
    assert "\\u0000" not in written
    written.encode()
    assert plain(json.loads(written)) == found


def test_plain_refuses_bottomless_values() -> None:
    value: Any = []
    for _ in range(400):
        value = [value]
    with pytest.raises(BadPayload):
        plain(value)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"[]", []),
        (b' \r\n{"a": 1.10}\n', {"a": Decimal("1.10")}),
        (b"\xef\xbb\xbf[1]", [1]),
        (b"5", 5),
        (b"null", None),
        (b"<br />\n<b>Warning</b>: x\n[1]", [1]),
        (b'<br />{"a": "<b>"}', {"a": "<b>"}),
        (b"PHP Notice: [x] {y}\n  \n[2]\n", [2]),
        (b"[23-Nov-2026 06:00:00 UTC] PHP Warning: x\n{}", {}),
        (b"\n".join([b"[no]"] * 19) + b"\n[3]", [3]),
        (b'["\\ud800", "\\ud83d\\ude00"]', ["\ud800", "😀"]),
        (b'["a\xffb"]', ["a\ufffdb"]),
        (b'["a\nb"]', ["a\nb"]),
        (b"[1e99999999999999999999]", ["1e99999999999999999999"]),
        (b"[" + b"9" * 5000 + b"]", ["9" * 5000]),
    ],
)
def test_decode(body: bytes, expected: Any) -> None:
    assert decode(body) == expected


@pytest.mark.parametrize(
    ("body", "cut_off"),
    [
        (b"[1, 2", True),
        (b'{"a": "x', True),
        (b"Warning\n[\n{},\n{}", True),
        (b"", True),
        (b"<html>\n[1]\n</html>", False),
        (b"[1] trailing", False),
        (b"[NaN]", False),
        (b"[" * 100_000, False),
        (b"\n".join([b"x [no]", *[b"[no]"] * 500]) + b"\n[3]", False),
    ],
)
def test_decode_refuses(body: bytes, cut_off: bool) -> None:
    with pytest.raises(NotJson) as raised:
        decode(body)
    assert raised.value.cut_off is cut_off


@given(st.binary() | st.text(alphabet='[]{}",:1 \n<>x').map(str.encode))
def test_decode_gives_a_document_or_not_json(body: bytes) -> None:
    with suppress(NotJson):
        decode(body)


@given(json_values.filter(lambda value: isinstance(value, list | dict)), st.data())
def test_no_prefix_of_a_document_is_taken_for_one(value: Any, data: st.DataObject) -> None:
    body = json.dumps(plain(value), indent=1).encode()
    cut = data.draw(st.integers(1, len(body)))
    if body[:-cut].strip():
        with pytest.raises(NotJson):
            decode(b"Warning: x\n" + body[:-cut])
