"""The real things: Valkey, Celery workers and a shop, each as a process or a server of the test."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from signal import SIGKILL
from urllib.parse import quote, urlsplit

import pytest
from celery import current_app
from django.db import connection
from pytest_django.fixtures import Settings
from redis import Redis

from eshops.sandbox.server import RunningSandbox, running
from fynode.demo import valkey as broker
from fynode.demo.environment import free_port
from fynode.demo.processes import kill_group, spawn
from fynode.demo.stack import WORKER

LEASE_SECONDS = 2.0


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Valkey of this test run."""
    data = tmp_path_factory.mktemp("valkey")
    url = f"redis://:only-for-tests@127.0.0.1:{free_port()}/0"
    process = spawn(
        broker.command(),
        env=os.environ,
        log=data / "log",
        stdin=broker.configuration(url, data),
        orphaned=SIGKILL,
    )
    _wait_until(lambda: broker.answers(url), process, data / "log")
    yield url
    kill_group(process)


@pytest.fixture
def valkey(valkey_url: str, settings: Settings) -> Iterator[str]:
    """The Valkey of this test run, empty; Fynode uses it during the test."""
    with Redis.from_url(valkey_url) as client:
        client.flushall()
    settings.REDIS_URL = settings.CELERY_BROKER_URL = valkey_url
    yield valkey_url


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """A sandbox shop of the test, as it is on its first day."""
    with running() as shop:
        yield shop


class LiveStack:
    """Celery workers that work on the test's database and get what the test sends."""

    def __init__(self, env: Mapping[str, str], log_dir: Path) -> None:
        self._env, self._log_dir = env, log_dir
        self._workers: list[subprocess.Popen[bytes]] = []

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker as the demo does, with more options if wanted; it is ready on return."""
        name = f"worker{len(self.logs)}@fynode"
        log = self._log_dir / f"{name}.log"
        argv = [sys.executable, "-m", "celery", "-A", "fynode", *WORKER, "-n", name, *options]
        process = spawn(argv, env=self._env, log=log, orphaned=SIGKILL)
        self._workers.append(process)
        ping = partial(current_app.control.ping, destination=[name], timeout=0.5, limit=1)
        _wait_until(lambda: bool(ping()), process, log)
        return process

    def kill_worker(self, worker: subprocess.Popen[bytes] | None = None) -> None:
        """SIGKILL for a worker and all it started; for the last one started unless named."""
        worker = worker or self._workers[-1]
        kill_group(worker)
        self._workers.remove(worker)

    def stop(self) -> None:
        """No worker is left afterwards; what they were doing stays undone."""
        while self._workers:
            self.kill_worker()
        if connection.vendor == "postgresql":
            # It notices only at a statement's end that nobody wants the result any more.
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    @property
    def logs(self) -> list[Path]:
        return sorted(self._log_dir.glob("worker*.log"))


@pytest.fixture
def live_stack(
    transactional_db: None, valkey: str, settings: Settings, tmp_path: Path
) -> Iterator[LiveStack]:
    """Real workers for the test, once it starts them; what is sent goes to them through Valkey.

    Leases are short, so that the end of a killed worker's lease can be waited for.
    """
    settings.LANE_LEASE_SECONDS = LEASE_SECONDS
    stack = LiveStack(
        {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "fynode.settings",
            "DATABASE_URL": _test_database_url(),
            "FYNODE_REDIS_URL": valkey,
            "FYNODE_LANE_LEASE_SECONDS": str(LEASE_SECONDS),
        },
        tmp_path,
    )
    yield stack
    stack.stop()
    for log in stack.logs:  # pytest shows this for a test that failed
        print(f"{log.name}:\n{log.read_text()}")


def _test_database_url() -> str:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(name)}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def _wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float = 30
) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            kill_group(process)
            pytest.fail(f"{'It ended' if ended else 'It does not answer'}:\n{log.read_text()}")
        time.sleep(0.02)
