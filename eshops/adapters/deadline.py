"""A time after which an exchange with an e-shop is over, however slowly its answer drips.

The timeouts of requests are for each read from the socket: a server that sends a byte now and then
would hold a worker for ever. So the socket is cut from another thread when the time is up.
"""

import contextlib
import socket
import threading
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection


class Deadline:
    """Cuts the connection when the time for one exchange is up, however slowly it drips."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._sock: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._token = _deadline.set(self)
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        _deadline.reset(self._token)

    def watch(self, sock: socket.socket | None) -> None:
        self._sock = sock
        if self.passed:
            self._cut()

    def _cut(self) -> None:
        self.passed = True
        if self._sock is not None:
            with contextlib.suppress(OSError):  # it is closed already
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)


_deadline: ContextVar[Deadline] = ContextVar("deadline")


class _Connection(HTTPConnection):
    def getresponse(self) -> Any:
        _deadline.get().watch(self.sock)
        return super().getresponse()


class _TlsConnection(HTTPSConnection):
    def getresponse(self) -> Any:
        _deadline.get().watch(self.sock)
        return super().getresponse()


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class DeadlineAdapter(HTTPAdapter):
    """Hands each connection to the deadline of the exchange that uses it."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
