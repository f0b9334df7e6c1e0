"""The routes of the REST API that are about orders, each a function of one call."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any
from urllib.parse import urlencode

from eshops.sandbox.exchange import Refused, Request, Response, json_response
from eshops.sandbox.faults import Faults, critical_error, error
from eshops.sandbox.money import Order
from eshops.sandbox.query import read_dp, read_fields, read_query, with_defaults
from eshops.sandbox.shop import Shop
from eshops.sandbox.wire import API, broken_answer, order_answer, refund_answer

ANY_METHOD = "GET, POST, PUT, PATCH, DELETE"


@dataclass
class Call:
    """One admitted or anonymous call of a route."""

    request: Request
    shop: Shop
    faults: Faults
    admitted: bool
    fault: str = ""
    """The fault that shaped the orders of this answer."""

    def orders(self) -> Mapping[int, Order]:
        """The orders to answer with: the shop's, or older ones while `stale` is on."""
        stale = self.faults.take("stale")
        if stale is None or stale.orders is None:
            return self.shop.orders
        self.fault = "stale"
        return stale.orders

    def show(self, orders: list[Order], meta_by: str = "key") -> list[dict[str, Any]]:
        """The orders as the query wants them shown."""
        pairs, base_url = self.request.parameters, self.request.base_url
        dp, fields = read_dp(pairs), read_fields(pairs)
        shown = [order_answer(order, dp=dp, base_url=base_url, meta_by=meta_by) for order in orders]
        broken = self.faults.peek("broken")
        if broken and any(order["id"] == broken.order_id for order in orders):
            self.faults.take("broken")
            self.fault = "broken"
            shown = [broken_answer(o) if o["id"] == broken.order_id else o for o in shown]
        if fields is None:
            return shown
        return [{key: value for key, value in order.items() if key in fields} for order in shown]

    def is_fatal(self, order_ids: set[int]) -> bool:
        fatal = self.faults.peek("fatal")
        return bool(fatal and fatal.order_id in order_ids and self.faults.take("fatal"))


def list_orders(call: Call) -> Response:
    pairs = call.request.parameters
    query = read_query(pairs)
    read_dp(pairs)
    if not call.admitted:
        return cannot_list()
    found = query.select(call.orders().values())
    start = (query.page - 1) * query.per_page
    shown = found[start : start + query.per_page]
    if call.is_fatal({*query.include, *(order["id"] for order in shown)}):
        return critical_error()
    response = json_response(call.show(shown, "key" if query.include else "id"))
    response.orders = len(shown)
    response.headers |= {"Allow": "GET, POST"}
    response.headers |= _paging(call.request, len(found) if shown else 0, query.per_page)
    return response


def read_order(call: Call, order_id: int) -> Response:
    read_dp(call.request.parameters)
    if not call.admitted:
        return error(401, "woocommerce_rest_cannot_view", "Sorry, you cannot view this resource.")
    if call.is_fatal({order_id}):
        return critical_error()
    order = call.orders().get(order_id)
    if order is None:
        return _no_order()
    response = json_response(call.show([order])[0], Allow=ANY_METHOD)
    response.orders = 1
    return response


def list_refunds(call: Call, order_id: int) -> Response:
    """Of an order that does not exist: an empty list, as observed."""
    dp = read_dp(call.request.parameters)
    if not call.admitted:
        return cannot_list()
    order = call.orders().get(order_id)
    base_url = call.request.base_url
    shown = [
        refund_answer(refund, order_id, dp=dp, base_url=base_url)
        for refund in (order["refunds"] if order else ())
    ]
    total = str(len(shown))
    response = json_response(shown, Allow="GET, POST")
    response.headers |= {"X-WP-Total": total, "X-WP-TotalPages": "1" if shown else "0"}
    return response


def write_order(call: Call, order_id: int) -> Response:
    """Only the status can be written; a test proves with the log that nobody does."""
    if not call.admitted:
        message = "Sorry, you are not allowed to edit this resource."
        return error(401, "woocommerce_rest_cannot_edit", message)
    if order_id not in call.shop.orders:
        return _no_order()
    try:
        status = call.request.json_object().get("status")
        call.shop.edit(order_id, {} if status is None else {"status": status})
    except Refused as problem:
        return error(400, "rest_invalid_param", str(problem))
    return json_response(call.show([call.shop.orders[order_id]])[0], Allow=ANY_METHOD)


def delete_order(call: Call, order_id: int) -> Response:
    """To the trash, or with `force=true` for good."""
    if not call.admitted:
        message = "Sorry, you are not allowed to delete this resource."
        return error(401, "woocommerce_rest_cannot_delete", message)
    if order_id not in call.shop.orders:
        return _no_order()
    order = call.shop.orders[order_id]
    force = dict(call.request.parameters).get("force") in {"1", "true"}
    try:
        call.shop.edit(order_id, {"delete": True} if force else {"trash": True})
    except Refused:
        return error(410, "woocommerce_rest_already_trashed", "The order has already been deleted.")
    return json_response(call.show([order])[0], Allow=ANY_METHOD)


def _paging(request: Request, total: int, per_page: int) -> dict[str, str]:
    """The totals and links of a page; a page beyond the end says there is nothing at all."""
    pages = ceil(total / per_page)
    headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
    page = int(dict(request.parameters).get("page", "1"))
    links = []
    if page > 1:
        links.append(f'<{_page_url(request, min(page - 1, max(pages, 1)))}>; rel="prev"')
    if page < pages:
        links.append(f'<{_page_url(request, page + 1)}>; rel="next"')
    return headers | ({"Link": ", ".join(links)} if links else {})


def _page_url(request: Request, page: int) -> str:
    pairs = with_defaults(request.parameters)
    if any(name == "page" for name, _ in pairs):
        pairs = [(name, str(page) if name == "page" else value) for name, value in pairs]
    else:
        pairs.append(("page", str(page)))
    return f"{request.base_url}{API}/orders?{urlencode(pairs)}"


def cannot_list() -> Response:
    return error(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")


def _no_order() -> Response:
    response = error(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
    response.headers["Allow"] = ANY_METHOD
    return response
