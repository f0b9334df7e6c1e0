"""`bin/demo` as somebody meets it: a real start, a real sign-in, and every way it can end."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from django.conf import settings

from fynode.demo.environment import free_port, read
from fynode.demo.stack import status

pytestmark = [pytest.mark.worker, pytest.mark.timeout(240)]


class Demo:
    """`manage.py demo` on a directory of its own."""

    def __init__(self, var_dir: Path, port: int, **variables: str) -> None:
        self.var_dir, self.port = var_dir, port
        self.address = f"http://127.0.0.1:{port}"
        env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        for name in [name for name in env if name.startswith(("FYNODE_", "DJANGO_"))]:
            del env[name]
        self.process = subprocess.Popen(
            [sys.executable, settings.BASE_DIR / "manage.py", "demo", "--port", str(port)],
            env={**env, **variables, "FYNODE_VAR_DIR": str(var_dir)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready_line(self) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("READY"):
                return line
        assert self.process.stderr
        pytest.fail(f"It ended before it was ready:\n{self.process.stderr.read()}")

    def ended(self, seconds: float = 30) -> tuple[int, str]:
        """Its exit code and what it said on stderr, once it has ended by itself."""
        _, stderr = self.process.communicate(timeout=seconds)
        return self.process.returncode, stderr

    def sign_in(self, ready_line: str) -> requests.Response:
        with requests.Session() as session:
            return self.enter(session, ready_line)

    def enter(self, session: requests.Session, ready_line: str) -> requests.Response:
        """Sign in, and stay signed in during the session."""
        found = re.search(r"user (\S+)  password (\S+)", ready_line)
        assert found
        session.get(f"{self.address}/sign-in/", timeout=10)
        return session.post(
            f"{self.address}/sign-in/",
            {
                "username": found[1],
                "password": found[2],
                "csrfmiddlewaretoken": session.cookies["csrftoken"],
            },
            timeout=10,
        )

    def synchronize(self, session: requests.Session) -> None:
        """Press the bar's button for 100 orders."""
        form = {
            "order": ",".join(str(key) for key in range(1, 101)),
            "trigger": "bulk",
            "csrfmiddlewaretoken": session.cookies["csrftoken"],
        }
        response = session.post(f"{self.address}/sync/", form, timeout=10)
        assert response.status_code == 200

    def shop_waits(self, seconds: float) -> None:
        """Make the shop slow, or not slow any more."""
        shop = f"http://127.0.0.1:{read(self.var_dir / 'env')['FYNODE_DEMO_SANDBOX_PORT']}"
        requests.delete(f"{shop}/_sandbox/faults", timeout=10)
        if seconds:
            fault = {"kind": "slow", "value": seconds}
            requests.post(f"{shop}/_sandbox/faults", json=fault, timeout=10)

    def processes(self) -> dict[str, int]:
        """Name → process id of what the demo's supervisor has started."""
        marks = {
            "worker": b"\0worker\0", "beat": b"\0beat\0", "web": b"\0gunicorn\0",
            "sandbox": b"\0eshops.sandbox\0", "valkey": b"valkey",
        }  # fmt: skip
        return {
            name: int(process.parent.name)
            for process in Path("/proc").glob("[0-9]*/cmdline")
            for name, mark in marks.items()
            if mark in _text(process) and self.process.pid == _parent(process.parent)
        }

    def count(self, table: str) -> int:
        with sqlite3.connect(self.var_dir / "db.sqlite3") as database:
            (count,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
        database.close()
        return int(count)

    def left(self) -> list[str]:
        """The processes that belong to this demo: those that know its directory."""
        mark = f"FYNODE_VAR_DIR={self.var_dir}\0".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes() + b"\0":
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue  # it has ended, or is not ours
        return found


@pytest.fixture
def var_dir(tmp_path: Path) -> Path:
    return tmp_path / "var of a demo"


@contextmanager
def demo(var_dir: Path, port: int | None = None, **variables: str) -> Iterator[Demo]:
    running = Demo(var_dir, port or free_port(), **variables)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()
        _wait_until_none_is_left(running)


def _wait_until_none_is_left(running: Demo, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while running.left() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running.left() == []


def test_first_and_second_start(var_dir: Path) -> None:
    with demo(var_dir) as first:
        line = first.ready_line()
        assert line.startswith(f"READY {first.address} ")
        response = first.sign_in(line)
        assert (response.status_code, response.url) == (200, f"{first.address}/orders/")
        assert response.headers["Cache-Control"] == "private, no-store"
        style = re.search(r'href="(/static/\S+\.css)"', response.text)
        assert style
        static = requests.get(first.address + style[1], timeout=10)
        assert "immutable" in static.headers["Cache-Control"]
        assert first.count("orders_order") == 250
        assert (var_dir / "env").stat().st_mode & 0o777 == 0o600
        assert len(first.left()) >= 6

        asked = time.monotonic()
        first.process.send_signal(signal.SIGINT)
        returncode, stderr = first.ended()
        assert time.monotonic() - asked < 5
        assert (returncode, stderr) == (0, "")
        assert first.left() == []

    with demo(var_dir) as second:
        started = time.monotonic()
        again = second.ready_line()
        assert time.monotonic() - started < 30
        assert line.split("password")[1].split()[0] == again.split("password")[1].split()[0]
        assert second.sign_in(again).url == f"{second.address}/orders/"
        assert second.count("orders_order") == 250
        assert second.count("sync_syncrun") == 1

        third = Demo(var_dir, free_port())
        returncode, stderr = third.ended()
        assert returncode == 1
        assert f"A demo already runs on {var_dir}, or is about to end." in stderr

        second.process.terminate()
        assert second.ended()[0] == 0


def test_killed(var_dir: Path) -> None:
    with demo(var_dir) as running:
        running.ready_line()
        assert len(running.left()) >= 6
        running.process.kill()
        running.process.wait()
        _wait_until_none_is_left(running, seconds=10)


def test_whatever_is_killed_is_started_again(var_dir: Path) -> None:
    """A run that its worker left half done is finished, and nobody has to do anything for it."""
    with (
        demo(var_dir, FYNODE_LANE_LEASE_SECONDS="2") as running,
        requests.Session() as session,
    ):
        running.enter(session, running.ready_line())
        first = running.processes()
        assert set(first) == {"worker", "beat", "web", "sandbox", "valkey"}
        running.shop_waits(120)
        running.synchronize(session)
        asks = re.compile(r"synchronize_lane\S* received")
        eventually(lambda: asks.search((var_dir / "log" / "worker.log").read_text()))
        assert running.count("sync_syncitem WHERE outcome = 'pending'") == 100
        os.kill(first["worker"], signal.SIGKILL)
        running.shop_waits(0)
        eventually(lambda: running.count("sync_syncitem WHERE outcome = 'unchanged'") == 100)
        second = running.processes()
        assert {name for name in first if first[name] != second[name]} == {"worker"}

        for name in ("beat", "web", "sandbox", "valkey"):
            os.kill(second[name], signal.SIGKILL)
        eventually(lambda: set(running.processes()) == set(first))
        eventually(lambda: status(running.port, "/healthz") == 200)
        running.synchronize(session)
        eventually(lambda: running.count("sync_syncitem WHERE outcome = 'unchanged'") == 200)
        third = running.processes()
        assert {name for name in first if second[name] == third[name]} == {"worker"}

        running.process.send_signal(signal.SIGINT)
        returncode, stderr = running.ended()
        assert returncode == 0
        for name in first:
            assert stderr.count(f"{name} ended with exit code -9 and is started again.\n") == 1
        assert running.left() == []


def test_taken_port(var_dir: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with demo(var_dir, port) as running:
            assert running.ended() == (
                1,
                f"CommandError: Port {port} cannot be had; choose another one with --port.\n",
            )
            assert not (var_dir / "env").exists()


def eventually(happens: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _parent(process: Path) -> int:
    return int(_text(process / "stat").rpartition(b")")[2].split()[1] or 0)
