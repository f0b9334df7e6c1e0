"""A poison order costs itself only; an outage is recognised."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eshops.adapters.batch import bisect
from eshops.adapters.http import ServerError, TooLarge, TooSlow
from eshops.source import Answer, BadPayload, OrderNotFound, Refused, Unavailable

AT = datetime(2026, 11, 23, tzinfo=UTC)
TOLD = OrderNotFound("stands for any result")


def shop(poison: Sequence[str], asked: list[list[str]]) -> Callable[[Sequence[str]], list[Answer]]:
    def fetch(ids: Sequence[str]) -> list[Answer]:
        asked.append(list(ids))
        if set(ids) & set(poison):
            raise ServerError("500")
        return [Answer(each, AT, TOLD) for each in reversed(ids)]

    return fetch


def ids(count: int) -> list[str]:
    return [str(each) for each in range(1, count + 1)]


@pytest.mark.parametrize(("count", "requests"), [(0, 0), (1, 1), (100, 1)])
def test_nothing_wrong(count: int, requests: int) -> None:
    asked: list[list[str]] = []
    answers = bisect(ids(count), shop([], asked))
    assert [answer.external_id for answer in answers] == ids(count)
    assert len(asked) == requests


@pytest.mark.parametrize("poison", ids(100))
def test_one_poison_order_of_100(poison: str) -> None:
    asked: list[list[str]] = []
    answers = bisect(ids(100), shop([poison], asked))
    assert [answer.external_id for answer in answers] == ids(100)
    wrong = [answer for answer in answers if answer.result is not TOLD]
    assert [answer.external_id for answer in wrong] == [poison]
    assert type(wrong[0].result) is BadPayload
    assert wrong[0].sent_at > AT
    assert len(asked) <= 15


@given(st.sets(st.integers(1, 100), max_size=3))
def test_a_few_poison_orders(poison: set[int]) -> None:
    wrong = [str(each) for each in sorted(poison)]
    answers = bisect(ids(100), shop(wrong, []))
    assert [a.external_id for a in answers if a.result is not TOLD] == wrong
    assert [a.external_id for a in answers if a.result is TOLD] == [
        each for each in ids(100) if each not in wrong
    ]


def test_an_outage_is_given_up() -> None:
    asked: list[list[str]] = []
    with pytest.raises(ServerError):
        bisect(ids(100), shop(ids(100), asked))
    assert [len(each) for each in asked] == [100, 50, 50, 25, 25, 25, 25, 12]


def test_eight_failures_after_a_success_are_no_outage() -> None:
    asked: list[list[str]] = []
    poison = ids(100)[50:]
    answers = bisect(ids(100), shop(poison, asked))
    assert [a.external_id for a in answers if a.result is not TOLD] == poison


def test_few_orders_all_poison() -> None:
    with pytest.raises(ServerError):
        bisect(["1", "2"], shop(["1", "2"], []))


def test_one_order_alone_cannot_be_told_from_an_outage() -> None:
    with pytest.raises(ServerError):
        bisect(["1"], shop(["1"], []))


def test_one_order_too_large_is_its_own_fault() -> None:
    def fetch(batch: Sequence[str]) -> list[Answer]:
        raise TooLarge("20 MB")

    assert [type(answer.result) for answer in bisect(["1"], fetch)] == [TooLarge]


def test_too_large_is_halved() -> None:
    def fetch(batch: Sequence[str]) -> list[Answer]:
        if len(batch) > 2:
            raise TooLarge("20 MB")
        return [Answer(each, AT, TOLD) for each in batch]

    assert [a.result for a in bisect(ids(5), fetch)] == [TOLD] * 5


def slow_shop(most: int, asked: list[int], never: str = "") -> Callable[..., list[Answer]]:
    """A shop that tells at most so many orders in time, and one of them never."""

    def fetch(batch: Sequence[str]) -> list[Answer]:
        asked.append(len(batch))
        if len(batch) > most or never in batch:
            raise TooSlow("30 s")
        return [Answer(each, AT, TOLD) for each in batch]

    return fetch


@pytest.mark.parametrize(
    ("most", "sizes"), [(100, [100]), (50, [100, 50, 50]), (25, [100, 50, 25, 25, 50, 25, 25])]
)
def test_a_shop_too_slow_for_many_is_asked_for_fewer(most: int, sizes: list[int]) -> None:
    asked: list[int] = []
    answers = bisect(ids(100), slow_shop(most, asked))
    assert [a.external_id for a in answers] == ids(100)
    assert all(a.result is TOLD for a in answers)
    assert asked == sizes


def test_a_shop_that_never_answers_is_given_up_soon() -> None:
    asked: list[int] = []
    with pytest.raises(TooSlow):
        bisect(ids(100), slow_shop(0, asked))
    assert asked == [100, 50, 25]


def test_one_order_too_slow_to_be_told_waits_alone() -> None:
    answers = bisect(ids(8), slow_shop(4, [], never="7"))
    assert {a.external_id for a in answers if a.result is not TOLD} == {"7"}
    assert isinstance(answers[6].result, Unavailable)


def test_one_order_alone_that_is_too_slow_may_be_an_outage() -> None:
    with pytest.raises(TooSlow):
        bisect(["1"], slow_shop(0, []))


@pytest.mark.parametrize("error", [Refused("no"), Unavailable("no"), BadPayload("no")])
def test_other_errors_are_raised_at_once(error: Exception) -> None:
    asked: list[Sequence[str]] = []

    def fetch(batch: Sequence[str]) -> list[Answer]:
        asked.append(batch)
        raise error

    with pytest.raises(type(error)):
        bisect(ids(4), fetch)
    assert len(asked) == 1
