"""No test reaches another machine, and none sends a message that nobody looks at."""

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from celery import Celery
from django.db import connection


class NotAllowed(RuntimeError):
    """A test did what no test may. No OSError, so that nothing takes it for an outage."""


class Message(NamedTuple):
    task: str
    args: tuple[Any, ...]
    queue: str | None
    countdown: float | None


class Sent(list[Message]):
    """The messages sent so far, oldest first."""

    def commit(self) -> "Sent":
        """What was sent once the test's own transaction is over: `on_commit` happens now."""
        waiting, connection.run_on_commit = connection.run_on_commit, []
        for entry in waiting:
            entry[1]()
        return self


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Every message to a worker is recorded here and goes nowhere."""
    messages = Sent()

    def record(
        app: Celery,
        name: str,
        args: Any = None,
        kwargs: dict[str, Any] | None = None,
        countdown: float | None = None,
        **options: Any,
    ) -> None:
        values = (*(args or ()), *(kwargs or {}).values())
        messages.append(Message(name, values, options.get("queue"), countdown))

    monkeypatch.setattr(Celery, "send_task", record)
    return messages


@pytest.fixture(autouse=True)
def _no_messages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sending without the fixture `sent` or a real worker fails the test, even if it is caught."""
    if {"sent", "live_stack"} & set(request.fixturenames):
        yield
        return
    attempts: list[str] = []

    def refuse(app: Celery, name: str, *args: Any, **options: Any) -> None:
        attempts.append(name)
        raise NotAllowed(f"{name} was sent; ask for the fixture `sent`.")

    monkeypatch.setattr(Celery, "send_task", refuse)
    yield
    assert not attempts, "Sent without the fixture `sent`."


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Going beyond this machine fails the test, even if it is caught. No name is resolved but
    localhost; those under .invalid do not exist, as everywhere."""
    attempts: list[str] = []
    connect, connect_ex, getaddrinfo = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def check(host: object) -> None:
        if not _is_here(host):
            attempts.append(str(host))
            raise NotAllowed(f"A test wanted to reach {host}.")

    def checked_connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            check(address[0])
        connect(self, address)

    def checked_connect_ex(self: socket.socket, address: Any) -> int:
        if self.family != socket.AF_UNIX:
            check(address[0])
        return connect_ex(self, address)

    def checked_getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        if isinstance(host, str) and host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        check(host)
        return getaddrinfo(host, *args, **options)

    monkeypatch.setattr(socket.socket, "connect", checked_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", checked_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", checked_getaddrinfo)
    yield
    assert not attempts, f"The test wanted to reach {', '.join(attempts)}."


def _is_here(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host if isinstance(host, str) else str(host)).is_loopback
    except ValueError:
        return False
