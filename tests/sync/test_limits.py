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


def test_a_burst_goes_through_at_once_and_then_all_wait_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("sync.limits.time.sleep", lambda seconds: waited.append(seconds))
    one, other = limits.turn(1), limits.turn(1)
    for _ in range(limits.BURST // 2):
        one()
        other()
    assert not waited
    one()
    assert waited
    assert all(0 < seconds <= 1 / limits.REQUESTS_PER_SECOND for seconds in waited)
    waited.clear()
    limits.turn(2)()
    assert not waited, "another e-shop has a turn of its own"
