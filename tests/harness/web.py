"""A web server on loopback that answers as a test tells it."""

import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Asked:
    method: str
    target: str
    """Path and query as they were on the wire."""
    headers: Any
    body: bytes
    connection: int

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def json(self) -> Any:
        """The body, decoded; of GraphQL {"query": …, "variables": …}."""
        return json.loads(self.body)

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass
class Reply:
    body: Any = b""
    """Bytes, or anything that is sent as JSON."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: Callable[[Any], None] | None = None
    """Writes the whole answer to the socket itself and then hangs up."""


class WebServer:
    """`answer` is called for each request; `asked` remembers them all."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Reply] = lambda asked: Reply({})
        self.connections = 0
        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._httpd.daemon_threads = True
        self.port = self._httpd.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._httpd.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._httpd.shutdown()
        self._thread.join()
        self._httpd.socket.close()

    def encrypt(self, certificate: Path) -> None:
        """Speak TLS from now on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._httpd.socket = context.wrap_socket(self._httpd.socket, server_side=True)

    def script(self, *replies: Reply) -> None:
        """Answer with these, one after the other; the last one for ever."""
        waiting = list(replies)
        self.answer = lambda asked: waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else the body waits 40 ms for the headers' receipt

            def setup(self) -> None:
                super().setup()
                server.connections += 1
                self.number = server.connections

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Asked(self.command, self.path, self.headers, body, self.number)
                server.asked.append(asked)
                reply = server.answer(asked)
                try:
                    self._send(reply)
                except OSError:
                    self.close_connection = True

            do_POST = do_GET

            def _send(self, reply: Reply) -> None:
                if reply.raw is not None:
                    reply.raw(self.connection)
                    self.close_connection = True
                    return
                body = reply.body
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


@pytest.fixture
def server() -> Iterator[WebServer]:
    running = WebServer()
    yield running
    running.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1, with its key, that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "shop.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(
        signed.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file
