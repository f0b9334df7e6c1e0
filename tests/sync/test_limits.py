import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest
from pytest_django.fixtures import Settings

from sync import limits

ROOT = Path(__file__).parents[2]

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


def test_so_many_places_and_no_more() -> None:
    a, b = partial(limits.one_of, 2, "a"), partial(limits.one_of, 2, "b")
    with a() as first, a() as second, a() as third, b() as other:
        assert (first, second, third, other) == (True, True, False, True)
    with limits.one_of(1, "a") as again:
        assert again


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


ASKING = """
import time
from sync import limits

with limits.turn(1, 1)():
    print("asking", flush=True)
    time.sleep(60)
"""


def test_a_request_whose_worker_died_is_over_after_the_lease(valkey: str) -> None:
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "fynode.settings",
        "FYNODE_REDIS_URL": valkey,
        "FYNODE_LANE_LEASE_SECONDS": "1",
    }
    argv = [sys.executable, "-c", ASKING]
    with subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE) as worker:
        assert worker.stdout and worker.stdout.readline() == b"asking\n"
        worker.kill()
    began = time.monotonic()
    with limits.turn(1, 1)():
        assert time.monotonic() - began < 30


def test_a_request_that_takes_long_is_under_way_until_it_is_over(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LANE_LEASE_SECONDS = 0.3
    turn = limits.turn(1, 1)
    with turn():
        time.sleep(0.8)
        monkeypatch.setattr("sync.limits.time.sleep", Mock(side_effect=TimeoutError))
        with pytest.raises(TimeoutError), turn():
            pass
    with turn():
        pass


def test_a_request_that_fails_is_over(waited: list[float]) -> None:
    turn = limits.turn(1, 1)
    with pytest.raises(ZeroDivisionError), turn():
        _ = 1 / 0
    with turn():
        assert not waited
