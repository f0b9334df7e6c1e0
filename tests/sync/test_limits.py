import threading
import time

import pytest
from pytest_django.fixtures import Settings

from sync import limits

pytestmark = pytest.mark.usefixtures("valkey")


def test_a_lease_has_one_holder() -> None:
    with limits.lease("a") as first, limits.lease("a") as second, limits.lease("b") as other:
        assert (first, second, other) == (True, False, True)
        assert limits.is_leased("a")
    assert not limits.is_leased("a")
    with limits.lease("a") as again:
        assert again


def test_a_lease_that_is_held_does_not_run_out(settings: Settings) -> None:
    settings.LANE_LEASE_SECONDS = 0.3
    with limits.lease("a"):
        time.sleep(0.8)
        assert limits.is_leased("a")


def test_a_lease_ends_with_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), limits.lease("a"):
        _ = 1 / 0
    assert not limits.is_leased("a")


def test_only_the_first_within_the_time() -> None:
    assert limits.first_in(60, "x")
    assert not limits.first_in(60, "x")
    assert limits.first_in(60, "y")


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each wait was; none of them happens."""
    waited: list[float] = []
    monkeypatch.setattr("sync.limits.time.sleep", waited.append)
    return waited


def test_a_burst_goes_through_at_once_and_then_all_wait_together(waited: list[float]) -> None:
    one, other = limits.turn(1, 5), limits.turn(1, 5)
    for _ in range(limits.BURST // 2):
        for turn in (one, other):
            with turn():
                pass
    assert not waited
    with one():
        pass
    assert waited
    assert all(0 < seconds <= 1 / limits.REQUESTS_PER_SECOND for seconds in waited)
    waited.clear()
    with limits.turn(2, 5)():
        pass
    assert not waited, "another e-shop has a turn of its own"


def test_no_more_requests_are_under_way_than_the_e_shop_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turn, under_way, most = limits.turn(1, 2), [0], [0]

    def ask() -> None:
        with turn():
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
            time.sleep(0.05)
            under_way[0] -= 1

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [2]


def test_a_request_whose_worker_died_is_over_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "LONGEST_REQUEST", 1)
    turn = limits.turn(1, 1)
    lost = turn()
    lost.__enter__()
    began = time.monotonic()
    with turn():
        assert time.monotonic() - began >= 0.9


def test_a_request_that_fails_is_over(waited: list[float]) -> None:
    turn = limits.turn(1, 1)
    with pytest.raises(ZeroDivisionError), turn():
        _ = 1 / 0
    with turn():
        assert not waited
