"""Every rule of the HTTP client, against a real server on loopback."""

import gzip
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest
import urllib3

from eshops.adapters.http import (
    HttpClient,
    NotData,
    Response,
    ServerError,
    TooLarge,
    TooSlow,
    Unauthorized,
    retry_after,
)
from eshops.source import BadPayload, Refused, SourceError, Unavailable

KEY, SECRET = "ck_0123456789abcdef", "cs_fedcba9876543210"


def failure(client: HttpClient, path: str = "orders", **params: Any) -> SourceError:
    with pytest.raises(SourceError) as raised:
        client.get(path, params or {"consumer_secret": SECRET})
    error = raised.value
    assert error.__cause__ is None and error.__context__ is None
    assert SECRET not in str(error) and KEY not in str(error) and "?" not in str(error)
    return error


def test_an_answer(server: Any, reply: Any) -> None:
    server.script(reply(b'{"a": 1.10, "n": [1]}', headers={"X-WP-Total": "7"}))
    before = datetime.now(UTC)
    answer = HttpClient(server.url + "/shop/").get("/orders", {"include": "1,2"})
    assert isinstance(answer, Response)
    assert answer.status == 200
    assert answer.body == {"a": Decimal("1.10"), "n": [1]}
    assert type(answer.body["a"]) is Decimal and str(answer.body["a"]) == "1.10"
    assert answer.headers["x-wp-total"] == "7"
    assert before <= answer.sent_at <= datetime.now(UTC)
    assert server.asked[0].target == "/shop/orders?include=1%2C2"
    assert server.asked[0].headers["Accept-Encoding"] == "gzip"


def test_post(server: Any, reply: Any) -> None:
    server.script(reply({"data": 1}))
    assert HttpClient(server.url).post("graphql", {"query": "{ž}"}).body == {"data": 1}
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/graphql", b'{"query":"{\xc5\xbe}"}')
    assert asked.headers["Content-Type"] == "application/json"


def test_basic_authentication_in_utf8(server: Any, reply: Any) -> None:
    server.script(reply({}))
    HttpClient(server.url, auth=("ž", "s")).get("orders")
    assert server.asked[0].headers["Authorization"] == "Basic xb46cw=="


def test_connections_are_kept_alive(server: Any, reply: Any) -> None:
    server.script(reply([1]), reply(gzip.compress(b"[2]"), headers={"Content-Encoding": "gzip"}))
    client = HttpClient(server.url)
    assert [client.get("x").body for _ in range(4)] == [[1], [2], [2], [2]]
    assert server.connections == 1


def test_cookies_are_not_kept(server: Any, reply: Any) -> None:
    server.script(reply([], headers={"Set-Cookie": "session=1; Path=/"}))
    client = HttpClient(server.url)
    client.get("x")
    client.get("x")
    assert server.asked[1].headers["Cookie"] is None


def test_each_request_waits_for_its_turn_and_ends_it(server: Any, reply: Any) -> None:
    turns: list[datetime] = []

    @contextmanager
    def turn() -> Iterator[None]:
        turns.append(datetime.now(UTC))
        yield
        turns.append(datetime.now(UTC))

    client = HttpClient(server.url, turn=turn)
    first, second = [client.get("x"), client.get("x")]
    assert len(turns) == 4
    assert turns[0] <= first.sent_at <= turns[1] <= turns[2] <= second.sent_at <= turns[3]


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://www.shop.test/wp-json/?key=abc", "https://www.shop.test."),
        ("https://user:pw@shop.test:8443/", "https://shop.test:8443."),
        ("//other.test/x", "http://other.test."),
        ("http://[::1", "another address."),
        ("", "http://127.0.0.1:{port}."),
    ],
)
def test_redirects_are_not_followed(server: Any, reply: Any, location: str, target: str) -> None:
    server.script(reply(b"", status=301, headers={"Location": location}))
    error = failure(HttpClient(server.url, auth=(KEY, SECRET)))
    assert type(error) is Refused
    assert str(error) == (
        f"127.0.0.1 redirects to {target.format(port=server.port)} Correct the e-shop's address."
    )
    assert len(server.asked) == 1


@pytest.mark.parametrize("location", ["/login?next=/x", "http://127.0.0.1:{port}/sign-in/", "?a=b"])
def test_a_redirect_to_itself(server: Any, reply: Any, location: str) -> None:
    """Another application's address: the one it redirects to is what staff entered."""
    target = location.format(port=server.port)
    server.script(reply(b"", status=302, headers={"Location": target}))
    error = failure(HttpClient(server.url, auth=(KEY, SECRET)))
    assert type(error) is Refused
    assert str(error) == (
        "127.0.0.1 answers with a redirect to another page of itself, so this is probably not the "
        "API's address. Correct the e-shop's address."
    )
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("address", "location", "is_itself"),
    [
        ("https://shop.test", "https://SHOP.test:443/login", True),
        ("https://shop.test/api", "https://shop.test/login", True),
        ("https://shop.test:8443", "https://shop.test/login", False),
        ("http://shop.test", "https://shop.test/", False),
        ("https://shop.test", "https://www.shop.test/", False),
        ("https://shop.test", "https://shop.test:99999/", False),
        ("http://[::1]:9000", "http://[::1]:9000/login", True),
    ],
)
def test_which_address_is_the_same(address: str, location: str, is_itself: bool) -> None:
    with pytest.raises(Refused) as refusal:
        HttpClient(address)._response(302, {"Location": location}, b"", datetime.now(UTC))
    assert ("another page of itself" in str(refusal.value)) is is_itself


@pytest.mark.parametrize(
    ("body", "target"),
    [
        (b'{"api_url": "https://x.s2.test/api/v2?key=1"}', "https://x.s2.test"),
        (b'{"api_url": 7}', "http://127.0.0.1:{port}"),
        (b"<p>Moved</p>", "http://127.0.0.1:{port}"),
    ],
)
def test_a_new_address_in_the_body(server: Any, reply: Any, body: bytes, target: str) -> None:
    """Upgates sends a 301 without a Location."""
    server.script(reply(body, status=301))
    told = str(failure(HttpClient(server.url, auth=(KEY, SECRET))))
    assert told == (
        f"127.0.0.1 redirects to {target.format(port=server.port)}. Correct the e-shop's address."
    )
    assert len(server.asked) == 1


def test_401_tells_the_shops_own_words(server: Any, replay: Any) -> None:
    server.script(replay("woocommerce/err_401_bad_secret"))
    error = failure(HttpClient(server.url))
    assert type(error) is Unauthorized
    assert str(error) == (
        "127.0.0.1 does not let us in (401), saying “Consumer secret is invalid”. "
        "Check whether the e-shop's credentials are right, still valid and allowed to read orders."
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>Forbidden</html>", ""),
        (b'{"message": ["x"]}', ""),
        (b'{"message": "  "}', ""),
        (b"[]", ""),
        (b'{"message": "Key <b>' + KEY.encode() + b'</b> is bad."}', ", saying “Key *** is bad”"),
        (b'{"message": "Basic Y2tfMDEyMzQ1Njc4OWFiY2RlZjpjc18="}', ", saying “Basic ***”"),
        (b'{"message": "' + b"no " * 200 + b'"}', ", saying “" + ("no " * 67)[:200].strip() + "”"),
    ],
)
def test_403_excerpts(server: Any, reply: Any, body: bytes, words: str) -> None:
    server.script(reply(body, status=403))
    error = failure(HttpClient(server.url, auth=(KEY, SECRET), secrets=(KEY, SECRET)))
    assert type(error) is Refused
    assert str(error).startswith(f"127.0.0.1 does not let us in (403){words}. Check")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, Unavailable), (500, ServerError), (502, Unavailable), (503, Unavailable)],
)
def test_trouble_on_their_side(server: Any, reply: Any, status: int, kind: type) -> None:
    server.script(reply(b"<html>oh</html>", status=status, headers={"Retry-After": "120"}))
    error = failure(HttpClient(server.url))
    assert type(error) is kind
    assert isinstance(error, Unavailable) and error.retry_after == timedelta(minutes=2)
    assert str(status) in str(error)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("", None),
        ("0", timedelta(0)),
        (" 90 ", timedelta(seconds=90)),
        ("2.0", timedelta(seconds=2)),
        ("0.5", timedelta(seconds=0.5)),
        ("1.", None),
        ("999999999", timedelta(hours=1)),
        ("99999999999999999999", None),
        ("-5", None),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", timedelta(0)),
        ("Wed, 21 Oct 2215 07:28:00 GMT", timedelta(hours=1)),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
    ],
)
def test_retry_after(value: str, wait: timedelta | None) -> None:
    assert retry_after(value) == wait


def test_retry_after_a_date() -> None:
    wait = retry_after(format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True))
    assert wait is not None
    assert timedelta(minutes=4, seconds=55) < wait <= timedelta(minutes=5)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"off": True}, Refused),
        (503, {"off": True}, Refused),
        (503, {"off": False}, Unavailable),
        (401, b"{", Unauthorized),
        (404, {"off": True}, Refused),
    ],
)
def test_an_adapter_may_know_what_an_error_means(
    server: Any, reply: Any, status: int, body: Any, kind: type
) -> None:
    def explain(status: int, body: Any) -> SourceError | None:
        return Refused(f"It is off ({status}).") if body and body["off"] else None

    server.script(reply(body, status))
    error = failure(HttpClient(server.url, explain=explain))
    assert type(error) is kind
    assert (str(error) == f"It is off ({status}).") is (kind is Refused)


def test_what_is_no_error_is_not_explained(server: Any, reply: Any) -> None:
    server.script(reply({"off": True}))
    client = HttpClient(server.url, explain=lambda status, body: Refused("It is off."))
    assert client.get("x").body == {"off": True}


def test_other_4xx_are_the_adapters_business(server: Any, reply: Any) -> None:
    server.script(reply({"code": "x"}, status=404), reply(b"<html>", status=400))
    client = HttpClient(server.url)
    assert (client.get("x").status, client.get("x").body) == (404, None)


HTML = b"<!doctype html>\n<html><script>\n{ var a = [1]; }\n</script></html>"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (HTML, "a web page instead of data: usually maintenance or a firewall"),
        (b"<br />Fatal error", "a web page instead of data: usually maintenance or a firewall"),
        (b"hello", "something that is not data"),
        (b"", "nothing"),
        (b" \n", "nothing"),
        (b"[" * 50_000 + b"]" * 50_000, "something that is not data"),
    ],
)
def test_no_data(server: Any, reply: Any, body: bytes, said: str) -> None:
    server.script(reply(body))
    error = failure(HttpClient(server.url))
    assert type(error) is NotData
    assert str(error) == f"127.0.0.1 answered with {said}. Try again later."


BROKEN_OFF = "127.0.0.1 broke off in the middle of its answer. Try again later."


@pytest.mark.parametrize("body", [b'[{"id": 1}, {"id"', b"Warning: x\n[\n{},\n{}", b'{"a": "\xc5'])
def test_cut_off_json(server: Any, reply: Any, body: bytes) -> None:
    server.script(reply(body))
    error = failure(HttpClient(server.url))
    assert (type(error), str(error)) == (Unavailable, BROKEN_OFF)


def test_a_php_warning_before_the_data(server: Any, replay: Any) -> None:
    server.script(replay("woocommerce/err_php_warning_before_json"))
    assert HttpClient(server.url).get("x").body["id"] == 379


def http(body: bytes, *headers: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode() + body


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"nonsense\r\n\r\n",
        http(b"[1", "Content-Length: 500"),
        http(b"[1]", "Content-Length: 500"),
        http(b"3\r\n[1]\r\n", "Transfer-Encoding: chunked"),
        http(b"zz\r\n", "Transfer-Encoding: chunked"),
        http(gzip.compress(b"[1]")[:-12], "Content-Encoding: gzip"),
        http(b"not gzip", "Content-Encoding: gzip", "Content-Length: 8"),
    ],
)
def test_an_answer_that_breaks_off(server: Any, reply: Any, sent: bytes) -> None:
    server.script(reply(raw=lambda sock: sock.sendall(sent)))
    error = failure(HttpClient(server.url))
    assert isinstance(error, Unavailable)
    assert str(error) in (BROKEN_OFF, "127.0.0.1 answered with nothing. Try again later.")


def test_a_reset_connection(server: Any, reply: Any) -> None:
    def reset(sock: socket.socket) -> None:
        sock.sendall(http(b"[1", "Content-Length: 500"))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()

    server.script(reply(raw=reset))
    assert str(failure(HttpClient(server.url))) == BROKEN_OFF


def test_the_status_counts_though_the_body_breaks_off(server: Any, reply: Any) -> None:
    cut = b"HTTP/1.1 500 Oh\r\nContent-Length: 500\r\n\r\n<html"
    server.script(reply(raw=lambda sock: sock.sendall(cut)))
    assert type(failure(HttpClient(server.url))) is ServerError


def drip(start: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    def write(sock: socket.socket) -> None:
        sock.sendall(start)
        for _ in range(200):
            time.sleep(0.02)
            sock.sendall(piece)

    return write


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (http(b"[", "Content-Length: 5000"), b" "),
        (http(b"", "Transfer-Encoding: chunked"), b"1\r\n \r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-A: ", b"b"),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 5000\r\n\r\n", b"b"),
    ],
)
def test_a_dripping_server_does_not_hold_us(
    server: Any, reply: Any, start: bytes, piece: bytes
) -> None:
    server.script(reply(raw=drip(start, piece)))
    began = time.monotonic()
    error = failure(HttpClient(server.url, deadline=0.4))
    assert 0.35 < time.monotonic() - began < 1.5
    assert type(error) is TooSlow
    assert str(error) == (
        "127.0.0.1 did not finish its answer within 0.4 seconds. Try again later."
    )


def test_a_silent_server(server: Any, reply: Any) -> None:
    server.script(reply(raw=lambda sock: time.sleep(1)))
    error = failure(HttpClient(server.url, read_timeout=0.2))
    assert type(error) is TooSlow
    assert str(error) == "127.0.0.1 did not answer within 0.2 seconds. Try again later."


def test_silence_in_the_middle_of_the_body(server: Any, reply: Any) -> None:
    def stop(sock: socket.socket) -> None:
        sock.sendall(http(b"[", "Content-Length: 50"))
        time.sleep(1)

    server.script(reply(raw=stop))
    error = failure(HttpClient(server.url, read_timeout=0.2))
    assert type(error) is TooSlow
    assert str(error) == "127.0.0.1 did not answer within 0.2 seconds. Try again later."


def test_no_deadline_thread_is_left_behind(server: Any, reply: Any) -> None:
    HttpClient(server.url).get("x")
    for each in threading.enumerate():
        if isinstance(each, threading.Timer):
            each.join(1)
            assert not each.is_alive()


def test_too_large(server: Any, reply: Any) -> None:
    server.script(reply(b"[" + b" " * 3_000_000 + b"]"))
    error = failure(HttpClient(server.url, max_bytes=2_500_000))
    assert type(error) is TooLarge and isinstance(error, BadPayload)
    assert str(error) == "The answer of 127.0.0.1 is larger than 2.5 MB, the most we accept."


def test_a_gzip_bomb_is_counted_decoded(server: Any, reply: Any) -> None:
    bomb = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    assert len(bomb) < 100_000
    server.script(reply(bomb, headers={"Content-Encoding": "gzip"}))
    assert type(failure(HttpClient(server.url, max_bytes=1_000_000))) is TooLarge


def test_the_limit_itself_is_allowed(server: Any, reply: Any) -> None:
    server.script(reply(b"[" + b" " * 998 + b"]"))
    assert HttpClient(server.url, max_bytes=1000).get("x").body == []


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = failure(HttpClient(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert type(error) is Unavailable
    assert "does not accept connections" in str(error)


def test_a_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = failure(HttpClient("https://shop.test"))
    assert type(error) is Unavailable
    assert "shop.test was not found in the DNS" in str(error)


def test_no_way_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*args: Any, **kwargs: Any) -> Any:
        raise TimeoutError

    monkeypatch.setattr(urllib3.util.connection, "create_connection", slow)
    error = failure(HttpClient("http://shop.test", connect_timeout=7))
    assert type(error) is Unavailable
    assert str(error) == "shop.test could not be reached within 7 seconds. Try again later."


@pytest.mark.parametrize("url", ["ftp://shop.test", "http://", "http://[::1", "http://a..b/"])
def test_addresses_that_are_none(url: str) -> None:
    error = failure(HttpClient(url))
    assert type(error) is Refused
    assert str(error) == "The e-shop's address is not a valid web address. Correct it."


def test_a_certificate_we_cannot_trust(server: Any, certificate: Any) -> None:
    server.encrypt(certificate)
    error = failure(HttpClient(f"https://127.0.0.1:{server.port}", auth=(KEY, SECRET)))
    assert type(error) is Refused
    assert str(error) == (
        "The certificate of 127.0.0.1 is not valid (self-signed certificate). "
        "Renew it, or correct the e-shop's address."
    )


def test_an_authority_of_ones_own_can_be_trusted(
    server: Any, reply: Any, certificate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.encrypt(certificate)
    server.script(reply([1]))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    client = HttpClient(f"https://127.0.0.1:{server.port}", auth=(KEY, SECRET))
    assert client.get("orders").body == [1]


def test_tls_where_there_is_none(server: Any) -> None:
    error = failure(HttpClient(f"https://127.0.0.1:{server.port}"))
    assert type(error) is Unavailable
    assert "No encrypted connection to 127.0.0.1 could be made" in str(error)


def test_secrets_stay_out_of_repr_and_log(
    server: Any, reply: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    server.script(
        reply([]),
        reply(raw=lambda sock: sock.sendall(b"HTTP/1.1 200 OK\r\nbad\r\nA: b\r\n\r\n[]")),
        reply([]),
    )
    client = HttpClient(server.url, auth=(KEY, SECRET), secrets=(KEY, SECRET))
    for _ in range(3):
        client.get("orders", {"consumer_secret": SECRET, "oauth_signature": "U2lnbmF0dXJl"})
    assert "GET /orders?…" in caplog.text
    everything = caplog.text + repr(client) + str(vars(client).keys())
    for secret in (KEY, SECRET, "U2lnbmF0dXJl", "consumer_secret"):
        assert secret not in everything
    assert repr(client) == "HttpClient('127.0.0.1')"
