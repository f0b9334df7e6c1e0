"""The supervisor, with children that do as they are told."""

import os
import subprocess
import sys
import time
from pathlib import Path
from signal import SIGKILL

import pytest

from fynode.demo import processes
from fynode.demo.processes import ChildDied, Supervisor


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(tmp_path, os.environ)


def check_until_it_ends(supervisor: Supervisor, child: processes.Child) -> None:
    child.process.wait()
    supervisor.check()


def test_what_ended_is_started_again_and_said_in_a_line(
    supervisor: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    child = supervisor.start("shop", ["sleep", "1000"])
    first = child.process
    try:
        supervisor.check()
        assert child.process is first
        first.kill()
        check_until_it_ends(supervisor, child)
        assert child.process is not first and child.process.poll() is None
        told = "shop ended with exit code -9 and is started again.\n"
        assert capsys.readouterr().err == told
    finally:
        supervisor.stop()
    assert child.process.poll() is not None


def test_what_ends_right_after_its_start_is_given_up(
    supervisor: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    child = supervisor.start("web", [sys.executable, "-c", "exit('no such module')"])
    check_until_it_ends(supervisor, child)
    check_until_it_ends(supervisor, child)
    with pytest.raises(ChildDied) as error:
        check_until_it_ends(supervisor, child)
    told = f"web ended with exit code 1; the end of {child.log}:"
    assert str(error.value).splitlines() == [told, *["no such module"] * 3]
    assert capsys.readouterr().err.count("is started again") == 2
    supervisor.stop()


def test_what_had_worked_for_a_while_may_end_as_often_as_it_likes(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "EARLY", 0.0)
    child = supervisor.start("web", ["true"])
    for _ in range(processes.TRIES + 1):
        check_until_it_ends(supervisor, child)
    supervisor.stop()


def test_a_task_that_fails_is_not_started_again(supervisor: Supervisor) -> None:
    with pytest.raises(ChildDied, match="import ended with exit code 1"):
        supervisor.run("import", ["false"])
    supervisor.run("import", ["true"])


def test_a_stop_leaves_time_of_its_five_seconds_when_nobody_wants_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is the sum of what is waited for: a loaded machine needs more than that."""
    supervisor = Supervisor(tmp_path, os.environ, foundation=("valkey", "sandbox"))
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); "
    stubborn += "time.sleep(1000)"
    for name in ("valkey", "sandbox", "worker", "beat", "web"):
        child = supervisor.start(name, [sys.executable, "-c", stubborn], orphaned=SIGKILL)
        while not child.log.read_text():
            time.sleep(0.01)
    now = 0.0

    def wait(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        nonlocal now
        if timeout is None:
            return really_wait(process)
        now += timeout
        raise subprocess.TimeoutExpired(process.args, timeout)

    really_wait = subprocess.Popen.wait
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(subprocess.Popen, "wait", wait)
    supervisor.stop()
    assert now <= 3
