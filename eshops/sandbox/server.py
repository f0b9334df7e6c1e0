"""The sandbox shop as a running HTTP server, for a person (`serve`) and for tests (`running`)."""

import gzip
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from eshops.sandbox.api import RestApi, is_rest
from eshops.sandbox.auth import Gate
from eshops.sandbox.control import PREFIX, Control
from eshops.sandbox.exchange import Request, Response, json_response
from eshops.sandbox.faults import Faults
from eshops.sandbox.log import Entry, RequestLog
from eshops.sandbox.pages import STYLE_PATH, Pages
from eshops.sandbox.shop import Clock, Shop, utc_now

HOST = "127.0.0.1"
DEMO_KEYS = ("ck_sandbox", "cs_sandbox")
"""Consumer key and secret unless others are given; they open nothing but the sandbox."""
LARGEST_BODY = 10 * 2**20
SMALLEST_COMPRESSED = 500


class Sandbox:
    """The shop and everything that speaks for it."""

    def __init__(self, shop: Shop, consumer_key: str, consumer_secret: str) -> None:
        self.shop, self.faults, self.log = shop, Faults(), RequestLog()
        self.stopping = threading.Event()
        gate = Gate(consumer_key, consumer_secret)
        self._rest = RestApi(shop, self.faults, gate, pause=self.stopping.wait)
        self._control = Control(shop, self.faults, self.log)
        self._pages = Pages(shop, self.faults, self.log)

    def answer(self, request: Request) -> Response:
        if is_rest(request):
            response = self._rest.answer(request)
            self.log.add(request, response)
            return response
        if request.method != "GET" and _from_elsewhere(request):
            return json_response({"error": "Another site may not change this shop."}, 403)
        if request.path.startswith(PREFIX) and request.path != STYLE_PATH:
            return self._control.answer(request)
        return self._pages.answer(request)


class SandboxServer(ThreadingHTTPServer):
    request_queue_size = 64

    def __init__(self, port: int, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        super().__init__((HOST, port), Handler)


class Handler(BaseHTTPRequestHandler):
    """Turns a connection's requests into `Request` and writes each `Response` back."""

    server: SandboxServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 75

    def do_GET(self) -> None:
        sandbox = self.server.sandbox
        length = int(self.headers.get("Content-Length") or 0)
        if sandbox.stopping.is_set() or length > LARGEST_BODY:
            self.close_connection = True
            return
        response = sandbox.answer(self._read(length))
        try:
            self._write(response)
        except OSError:
            self.close_connection = True

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _read(self, length: int) -> Request:
        address = urlsplit(self.path)
        host, port = self.server.server_address[:2]
        return Request(
            method=self.command,
            path=unquote(address.path) or "/",
            query=address.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
            host=self.headers.get("Host") or f"{host!s}:{port}",
            https=self.headers.get("X-Forwarded-Proto", "").lower() == "https",
        )

    def _write(self, response: Response) -> None:
        headers = {"Date": self.date_time_string()} | response.headers
        body = response.body
        if response.chunks is not None:
            headers["Transfer-Encoding"] = "chunked"
        else:
            if self._compresses(response):
                body = gzip.compress(body, compresslevel=1)
                headers["Content-Encoding"] = "gzip"
            headers["Content-Length"] = str(len(body))
        self.send_response_only(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if response.chunks is not None:
            self._write_chunks(response.chunks)
        elif response.cut:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(body)

    def _write_chunks(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            if self.server.sandbox.stopping.is_set():
                self.close_connection = True
                return
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def _compresses(self, response: Response) -> bool:
        accepted = self.headers.get("Accept-Encoding", "")
        large = len(response.body) >= SMALLEST_COMPRESSED
        return "gzip" in accepted and large and not response.fault

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal: a request line may carry credentials."""


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox shop that answers at `url` while its `running` block lasts."""

    url: str
    consumer_key: str
    consumer_secret: str
    sandbox: Sandbox

    @property
    def shop(self) -> Shop:
        return self.sandbox.shop

    @property
    def faults(self) -> Faults:
        return self.sandbox.faults

    @property
    def log(self) -> list[Entry]:
        """What the REST API has been asked so far, the oldest first."""
        return self.sandbox.log.since()

    def clear_log(self) -> None:
        self.sandbox.log.clear()


@contextmanager
def running(
    *,
    orders: int = 250,
    port: int = 0,
    state_path: Path | str | None = None,
    consumer_key: str = DEMO_KEYS[0],
    consumer_secret: str = DEMO_KEYS[1],
    clock: Clock = utc_now,
) -> Iterator[RunningSandbox]:
    """Run a shop in a thread of this process, on a free port unless one is given."""
    shop = Shop(count=orders, state_path=state_path, clock=clock)
    sandbox = Sandbox(shop, consumer_key, consumer_secret)
    server = SandboxServer(port, sandbox)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        url = f"http://{HOST}:{server.server_port}"
        yield RunningSandbox(url, consumer_key, consumer_secret, sandbox)
    finally:
        sandbox.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def serve(
    port: int,
    state_path: Path | str | None = None,
    consumer_key: str = DEMO_KEYS[0],
    consumer_secret: str = DEMO_KEYS[1],
    orders: int = 250,
) -> None:
    """Run a shop until SIGTERM or SIGINT. To be called from the main thread."""
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    with running(
        orders=orders,
        port=port,
        state_path=state_path,
        consumer_key=consumer_key,
        consumer_secret=consumer_secret,
    ) as sandbox:
        sys.stdout.write(f"Sandbox shop at {sandbox.url}/\n")
        sys.stdout.flush()
        stop.wait()


def _from_elsewhere(request: Request) -> bool:
    origin = request.headers.get("origin")
    return bool(origin) and urlsplit(origin or "").netloc != request.host
