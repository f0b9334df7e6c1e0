"""The REST API: the part of WooCommerce REST v3 that order synchronization needs."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eshops.sandbox import code_lists
from eshops.sandbox.auth import Gate, Unauthorized
from eshops.sandbox.clock import ZONE
from eshops.sandbox.exchange import Request, Response, json_response
from eshops.sandbox.faults import INSTEAD, Faults, answer_instead, error, no_route, with_warning
from eshops.sandbox.order_routes import (
    Call,
    cannot_list,
    delete_order,
    list_orders,
    list_refunds,
    read_order,
    write_order,
)
from eshops.sandbox.query import Invalid
from eshops.sandbox.shop import Shop
from eshops.sandbox.wire import API

ROOT = "/wp-json"
COMMON = {
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
    "Access-Control-Allow-Headers": (
        "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type"
    ),
}
UNCACHED = {
    "Expires": "Wed, 11 Jan 1984 05:00:00 GMT",
    "Cache-Control": "no-cache, must-revalidate, max-age=0, no-store, private",
}


def is_rest(request: Request) -> bool:
    """Whether the request is for the REST API, in the plain `?rest_route=` form too."""
    return is_rest_path(request.path) or "rest_route" in dict(request.parameters)


def is_rest_path(path: str) -> bool:
    return f"{path}/".removeprefix("/index.php").startswith(f"{ROOT}/")


@dataclass(frozen=True)
class RestApi:
    """Answers requests under /wp-json from a shop, failing where a fault is switched on."""

    shop: Shop
    faults: Faults
    gate: Gate
    pause: Callable[[float], Any]
    """Waits some seconds, or less when the server is stopping."""

    def answer(self, request: Request) -> Response:
        slow = self.faults.take("slow")
        if slow:
            self.pause(5 if slow.value is None else slow.value)
        response = self._answer_or_fail(request)
        response.fault = response.fault or ("slow" if slow else "")
        return response

    def _answer_or_fail(self, request: Request) -> Response:
        for kind in INSTEAD:
            if fault := self.faults.take(kind):
                return answer_instead(fault)
        response = self._answer(request)
        if self.faults.take("warning"):
            response = with_warning(response)
        if self.faults.take("cut"):
            response.cut, response.fault = True, "cut"
        return response

    def _answer(self, request: Request) -> Response:
        admitted = False
        try:
            if _route_of(request) == ROOT:
                return _finish(_index(request), request, admitted=False)
            admitted = self.gate.admits(request)
            response = self._route(request, admitted)
        except Unauthorized as refusal:
            response = error(401, "woocommerce_rest_authentication_error", str(refusal))
        except Invalid as problem:
            response = _invalid(problem)
        return _finish(response, request, admitted=admitted)

    def _route(self, request: Request, admitted: bool) -> Response:
        if not is_rest_path(request.path):
            return cannot_list()
        path = _route_of(request).removeprefix(API)
        for pattern, methods in ROUTES:
            if match := pattern.fullmatch(path):
                view = methods.get(request.method)
                if view is None:
                    return no_route()
                call = Call(request, self.shop, self.faults, admitted)
                with self.shop.lock:
                    response = view(call, *(int(group) for group in match.groups()))
                response.fault = response.fault or call.fault
                return response
        return no_route()


def plain_list(read: Callable[..., list[dict[str, Any]]], *, counted: bool) -> Callable[..., Any]:
    """A route that answers with the list `read` gives for the shop and the base URL."""

    def view(call: Call, *numbers: int) -> Response:
        if not call.admitted:
            return cannot_list()
        rows = read(call.shop, call.request.base_url, *numbers)
        response = json_response(rows, Allow="GET")
        if counted:
            response.headers |= {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": "1"}
        return response

    return view


def zone_methods(call: Call, zone_id: int) -> Response:
    if call.admitted and not code_lists.has_zone(zone_id):
        message = "Resource does not exist."
        return error(404, "woocommerce_rest_shipping_zone_invalid", message)
    read = plain_list(code_lists.methods, counted=True)
    response: Response = read(call, zone_id)
    return response


View = Callable[..., Response]
ROUTES: tuple[tuple[re.Pattern[str], dict[str, View]], ...] = (
    (re.compile(r"/orders"), {"GET": list_orders}),
    (
        re.compile(r"/orders/statuses"),
        {"GET": plain_list(code_lists.statuses, counted=False)},
    ),
    (
        re.compile(r"/orders/(\d{1,18})"),
        {
            "GET": read_order,
            "POST": write_order,
            "PUT": write_order,
            "PATCH": write_order,
            "DELETE": delete_order,
        },
    ),
    (re.compile(r"/orders/(\d{1,18})/refunds"), {"GET": list_refunds}),
    (
        re.compile(r"/reports/orders/totals"),
        {"GET": plain_list(code_lists.totals, counted=False)},
    ),
    (re.compile(r"/payment_gateways"), {"GET": plain_list(code_lists.gateways, counted=True)}),
    (re.compile(r"/shipping/zones"), {"GET": plain_list(code_lists.zones, counted=True)}),
    (re.compile(r"/shipping/zones/(\d{1,9})/methods"), {"GET": zone_methods}),
)


def _route_of(request: Request) -> str:
    return request.path.removeprefix("/index.php").rstrip("/")


def _index(request: Request) -> Response:
    """What anybody may know of the site; the only place that tells its time zone."""
    return json_response(
        {
            "name": "Sandbox shop",
            "description": "",
            "url": request.base_url,
            "home": request.base_url,
            "gmt_offset": code_lists.gmt_offset(),
            "timezone_string": str(ZONE),
            "namespaces": ["oembed/1.0", "wc/v3", "wp/v2"],
            "authentication": [],
            "routes": {},
        }
    )


def _finish(response: Response, request: Request, *, admitted: bool) -> Response:
    """Add the headers every answer has."""
    link = f'<{request.base_url}{ROOT}/>; rel="https://api.w.org/"'
    rest = UNCACHED if admitted else {"Vary": "Origin"}
    response.headers = {"Link": link} | COMMON | rest | response.headers
    return response


def _invalid(problem: Invalid) -> Response:
    name, message = problem.parameter, problem.message
    details = {name: {"code": problem.code, "message": message, "data": None}}
    response = error(
        400,
        "rest_invalid_param",
        f"Invalid parameter(s): {name}",
        params={name: message},
        details=details,
    )
    response.headers["Allow"] = "GET, POST"
    return response
