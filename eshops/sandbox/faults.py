"""Switches that make the REST API fail the way real e-shops and their hosts fail."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eshops.sandbox.exchange import Refused, Response, html_response, json_response
from eshops.sandbox.money import Order

KINDS = {
    "401": "Refuses the API key.",
    "403": "Forbids, as a firewall does.",
    "404": "Has no such route, as when permalinks are off.",
    "429": "Asks to come back after some seconds (value, 2 unless set).",
    "500": "Fails with WordPress's critical error.",
    "503": "Is unavailable; names the seconds to wait if a value is set.",
    "slow": "Waits before it answers (value in seconds, 5 unless set).",
    "cut": "Closes the connection in the middle of the answer.",
    "html": "Answers 200 with a maintenance page instead of JSON.",
    "warning": "Puts a PHP warning before the JSON.",
    "huge": "Streams an endless-looking answer (value in MB, 30 unless set).",
    "broken": "Answers one order (order_id) with values of the wrong types.",
    "fatal": "Fails with 500 whenever one order (order_id) is asked for.",
    "stale": "Answers with the orders as they were when this was switched on.",
}
NEED_ORDER = frozenset({"broken", "fatal"})
INSTEAD = ("401", "403", "404", "429", "500", "503", "html", "huge")
"""The kinds that answer instead of the shop, in the order they take precedence."""
MEGABYTE = 2**20

WARNING = (
    "<br />\n<b>Warning</b>:  Undefined variable $rate in "
    "<b>/wp-content/plugins/exchange-rates/rates.php</b> on line <b>41</b><br />\n"
)
MAINTENANCE = (
    '<!DOCTYPE html>\n<html lang="en"><head><title>Maintenance</title></head>\n'
    "<body><h1>Briefly unavailable for scheduled maintenance. Check back in a minute.</h1>"
    "</body></html>\n"
)


@dataclass
class Fault:
    kind: str
    times: int | None = None
    """How many more requests it applies to; None until it is switched off."""
    value: float | None = None
    order_id: int | None = None
    orders: dict[int, Order] | None = None
    """For `stale`: the orders when it was switched on."""

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "times": self.times,
            "value": self.value,
            "order_id": self.order_id,
        }


class Faults:
    """What is switched on; at most one fault of each kind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on: dict[str, Fault] = {}

    def switch_on(
        self,
        kind: str,
        *,
        times: int | None = None,
        value: float | None = None,
        order_id: int | None = None,
        orders: dict[int, Order] | None = None,
    ) -> Fault:
        if kind not in KINDS:
            raise Refused(f"There is no fault {kind}. There are: {', '.join(KINDS)}.")
        if kind in NEED_ORDER and order_id is None:
            raise Refused(f"The fault {kind} needs an order_id.")
        if (times is not None and times < 1) or (value is not None and value < 0):
            raise Refused("Times is at least 1 and value at least 0.")
        with self._lock:
            self._on[kind] = Fault(kind, times, value, order_id, orders)
            return self._on[kind]

    def switch_off(self, kind: str | None = None) -> None:
        """Switch one kind off, or all of them."""
        with self._lock:
            if kind is None:
                self._on.clear()
            else:
                self._on.pop(kind, None)

    def active(self) -> list[Fault]:
        with self._lock:
            return list(self._on.values())

    def peek(self, kind: str) -> Fault | None:
        with self._lock:
            return self._on.get(kind)

    def take(self, kind: str) -> Fault | None:
        """The fault if it is on, used up by one request."""
        with self._lock:
            fault = self._on.get(kind)
            if fault and fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    del self._on[kind]
            return fault


def answer_instead(fault: Fault) -> Response:
    """The answer of a fault of the kinds `INSTEAD`."""
    value = fault.value
    match fault.kind:
        case "401":
            code, message = "woocommerce_rest_cannot_view", "Sorry, you cannot list resources."
            response = error(401, code, message)
        case "403":
            response = error(403, "rest_forbidden", "Sorry, you are not allowed to do that.")
        case "404":
            response = no_route()
        case "429":
            response = error(429, "too_many_requests", "Too many requests.")
            response.headers["Retry-After"] = f"{2 if value is None else value:g}"
        case "500":
            response = critical_error()
        case "503":
            response = html_response(MAINTENANCE, 503)
            if value is not None:
                response.headers["Retry-After"] = f"{value:g}"
        case "html":
            response = html_response(MAINTENANCE)
        case _:
            size = int((30 if value is None else value) * MEGABYTE)
            response = json_response(None)
            response.chunks = _endless(size)
    response.fault = fault.kind
    return response


def error(status: int, code: str, message: str, **data: Any) -> Response:
    """An error the way the REST API words it."""
    body = {"code": code, "message": message, "data": {"status": status, **data}}
    return json_response(body, status)


def no_route() -> Response:
    message = "No route was found matching the URL and request method."
    return error(404, "rest_no_route", message)


def critical_error() -> Response:
    message = (
        "<p>There has been a critical error on this website.</p><p>"
        '<a href="https://wordpress.org/documentation/article/faq-troubleshooting/">'
        "Learn more about troubleshooting WordPress.</a></p>"
    )
    response = error(500, "internal_server_error", message)
    response.fault = "fatal"
    return response


def with_warning(response: Response) -> Response:
    response.headers["Content-Type"] = "text/html; charset=UTF-8"
    response.body = WARNING.encode() + response.body
    response.fault = "warning"
    return response


def _endless(size: int) -> Iterator[bytes]:
    """A JSON list of about `size` bytes, piece by piece."""
    piece = b'{"id":1,"padding":"' + b"x" * 65_000 + b'"}'
    yield b"[" + piece
    for _ in range(size // len(piece)):
        yield b"," + piece
    yield b"]"
