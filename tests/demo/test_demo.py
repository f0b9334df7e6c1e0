"""`bin/demo` as somebody meets it: a real start, a real sign-in, and every way it can end."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from django.conf import settings

from fynode.demo.environment import free_port

pytestmark = [pytest.mark.worker, pytest.mark.timeout(240)]


class Demo:
    """`manage.py demo` on a directory of its own."""

    def __init__(self, var_dir: Path, port: int) -> None:
        self.var_dir, self.port = var_dir, port
        self.address = f"http://127.0.0.1:{port}"
        env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        for name in [name for name in env if name.startswith(("FYNODE_", "DJANGO_"))]:
            del env[name]
        self.process = subprocess.Popen(
            [sys.executable, settings.BASE_DIR / "manage.py", "demo", "--port", str(port)],
            env={**env, "FYNODE_VAR_DIR": str(var_dir)},
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
        found = re.search(r"user (\S+)  password (\S+)", ready_line)
        assert found
        with requests.Session() as session:
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
def demo(var_dir: Path, port: int | None = None) -> Iterator[Demo]:
    running = Demo(var_dir, port or free_port())
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


def test_a_process_dies(var_dir: Path) -> None:
    with demo(var_dir) as running:
        running.ready_line()
        (worker,) = (
            int(process.parent.name)
            for process in Path("/proc").glob("[0-9]*/cmdline")
            if b"\0worker\0" in _text(process) and running.process.pid == _parent(process.parent)
        )
        os.kill(worker, signal.SIGKILL)
        returncode, stderr = running.ended()
        assert returncode == 1
        assert f"worker ended with exit code -9; the end of {var_dir}/log/worker.log" in stderr
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


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _parent(process: Path) -> int:
    return int(_text(process / "stat").rpartition(b")")[2].split()[1] or 0)
