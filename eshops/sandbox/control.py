"""The control surface under /_sandbox: how a test arranges the shop. JSON, no credentials."""

import re
from typing import Any, TypeVar

from eshops.sandbox.exchange import Refused, Request, Response, json_response
from eshops.sandbox.faults import Fault, Faults
from eshops.sandbox.log import RequestLog
from eshops.sandbox.shop import Shop

PREFIX = "/_sandbox/"
N = TypeVar("N", int, float)


class Control:
    def __init__(self, shop: Shop, faults: Faults, log: RequestLog) -> None:
        self.shop, self.faults, self.log = shop, faults, log

    def answer(self, request: Request) -> Response:
        """What was asked as JSON; 400 or 404 with `{"error": sentence}` when it cannot be done."""
        name, _, rest = request.path.removeprefix(PREFIX).partition("/")
        try:
            match request.method, name, rest:
                case "GET", "ids", "":
                    return json_response(sorted(self.shop.snapshot()))
                case "GET", "log", "":
                    return json_response(self.log.since(_since(request)))
                case "DELETE", "log", "":
                    self.log.clear()
                    return json_response([])
                case (("GET" | "POST" | "DELETE"), "faults", ""):
                    return self._faults(request)
                case "POST", "orders", "":
                    return self._create(request.json_object())
                case (("GET" | "POST"), "orders", _) if re.fullmatch(r"\d{1,18}", rest):
                    return self._order(request, int(rest))
        except Refused as problem:
            return json_response({"error": str(problem)}, 400)
        return json_response({"error": "There is nothing at this address."}, 404)

    def _order(self, request: Request, order_id: int) -> Response:
        if order_id not in self.shop.orders:
            return json_response({"error": f"There is no order {order_id}."}, 404)
        if request.method == "GET":
            return json_response(self.shop.order(order_id))
        return json_response(self.shop.edit(order_id, request.json_object()))

    def _create(self, asked: dict[str, Any]) -> Response:
        match asked:
            case {"count": int(count), **rest} if not rest:
                made = self.shop.create(count)
            case {"order": dict(order), **rest} if not rest:
                made = [self.shop.create_like(order)]
            case _:
                raise Refused('Ask for {"count": 3} or {"order": {…}}.')
        return json_response(made, 201)

    def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.faults.switch_off()
        if request.method == "POST":
            switch_on(self.faults, self.shop, request.json_object())
        return json_response([fault.as_json() for fault in self.faults.active()])


def switch_on(faults: Faults, shop: Shop, asked: dict[str, Any]) -> Fault:
    """Switch on what is asked for by `kind`, `times`, `value` and `order_id`."""
    unknown = sorted(set(asked) - {"kind", "times", "value", "order_id"})
    if unknown:
        raise Refused(f"A fault has no {unknown[0]}; it has kind, times, value and order_id.")
    kind = str(asked.get("kind", ""))
    try:
        return faults.switch_on(
            kind,
            times=_number(asked, "times", int),
            value=_number(asked, "value", float),
            order_id=_number(asked, "order_id", int),
            orders=shop.snapshot() if kind == "stale" else None,
        )
    except ValueError as error:
        raise Refused("Times, value and order_id are numbers.") from error


def _number(asked: dict[str, Any], key: str, number: type[N]) -> N | None:
    value = asked.get(key)
    return None if value in (None, "") else number(str(value))


def _since(request: Request) -> int:
    text = dict(request.parameters).get("since", "0")
    return int(text) if text.isdecimal() else 0
