"""The arithmetic that several platforms need: exact, and never more than was said."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eshops.adapters.amounts import Amounts, amounts, currency, minor, net_of, percent
from eshops.source import BadPayload

D = Decimal
figures = st.decimals(-(10**9), 10**9, places=6)
rates = st.decimals(0, 1000, places=4)


@given(figures, figures)
def test_the_third_figure_follows_from_any_two(net: Decimal, tax: Decimal) -> None:
    whole = Amounts(net, tax, net + tax)
    assert amounts(net=net, tax=tax) == whole
    assert amounts(net=net, gross=net + tax) == whole
    assert amounts(tax=tax, gross=net + tax) == whole


@given(figures, figures, figures)
def test_what_is_stated_is_never_computed_anew(net: Decimal, tax: Decimal, gross: Decimal) -> None:
    assert amounts(net=net, tax=tax, gross=gross) == (net, tax, gross)


@given(figures)
def test_of_one_figure_nothing_follows(figure: Decimal) -> None:
    assert amounts(net=figure) == (figure, None, None)
    assert amounts(tax=figure) == (None, figure, None)
    assert amounts(gross=figure) == (None, None, figure)


@given(st.decimals(-(10**6), 10**6, places=2), rates)
def test_the_net_inside_a_gross_amount(net: Decimal, rate: Decimal) -> None:
    """Right to the sixth place, whatever the rate."""
    gross = net * (1 + rate / 100)
    assert abs(net_of(gross, rate) - net) <= D("0.000001")
    assert int(net_of(gross, rate).as_tuple().exponent) >= -6


def test_a_rate_that_leaves_nothing_gives_no_net() -> None:
    assert net_of(D(5), D(-100)) == 5


@given(st.decimals(1, 10**6, places=2), rates)
def test_the_rate_that_figures_amount_to(net: Decimal, rate: Decimal) -> None:
    tax = net * rate / 100
    assert percent(net, tax) == rate
    assert percent(-net, -tax) == rate


@pytest.mark.parametrize(
    ("net", "tax"), [(None, D(1)), (D(1), None), (D(0), D(1)), (D("0.000001"), D(10**6))]
)
def test_figures_that_tell_no_rate(net: Any, tax: Any) -> None:
    assert percent(net, tax) is None


@pytest.mark.parametrize(
    ("written", "places", "expected"),
    [
        (329600, 2, D("3296.00")),
        (-1, 2, D("-0.01")),
        (1234, 0, D(1234)),  # JPY
        (1234, 3, D("1.234")),  # KWD
        ("329600", 2, D("3296.00")),
        (0, 2, D(0)),
    ],
)
def test_minor_units(written: Any, places: int, expected: Decimal) -> None:
    assert minor({"total": written}, "total", places) == expected


@given(st.integers(-(10**11), 10**11), st.integers(0, 3))
def test_minor_units_are_exact(written: int, places: int) -> None:
    assert minor({"total": written}, "total", places) * 10**places == written


@pytest.mark.parametrize("written", [1.5, "1.5", "a lot", None, True, [], 10**12])
def test_minor_units_are_whole(written: Any) -> None:
    with pytest.raises(BadPayload, match="total") as raised:
        minor({"total": written}, "total", 2)
    assert "a lot" not in str(raised.value)


@pytest.mark.parametrize(("written", "expected"), [("EUR", "EUR"), ("czk", "CZK")])
def test_currency(written: str, expected: str) -> None:
    assert currency({"currency": written}, "currency") == expected


@pytest.mark.parametrize("written", ["", None, "EURO", "€€€", "12A", 978, []])
def test_what_is_no_currency(written: Any) -> None:
    with pytest.raises(BadPayload, match="currency"):
        currency({"currency": written}, "currency")
