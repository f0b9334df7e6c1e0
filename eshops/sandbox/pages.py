"""The pages a person uses: the orders, the faults and the requests, without any script."""

import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from eshops.sandbox.control import switch_on
from eshops.sandbox.exchange import Refused, Request, Response, redirect
from eshops.sandbox.faults import KINDS, Fault, Faults
from eshops.sandbox.log import Entry, RequestLog
from eshops.sandbox.markup import STYLE_PATH, field, form, page, select, table
from eshops.sandbox.money import Order
from eshops.sandbox.order_page import edits_of, money, order_body, status_badge
from eshops.sandbox.shop import Shop

PER_PAGE = 50
NEWEST_REQUESTS = 200
STYLE = Path(__file__).with_name("style.css")

__all__ = ["STYLE_PATH", "Pages"]


class Pages:
    def __init__(self, shop: Shop, faults: Faults, log: RequestLog) -> None:
        self.shop, self.faults, self.log = shop, faults, log

    def answer(self, request: Request) -> Response:
        """A page, or after a form a redirect to one; a refused form comes back with the reason."""
        if match := re.fullmatch(r"/orders/(\d{1,18})", request.path):
            return self._order(request, int(match[1]))
        routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/"): self._list,
            ("GET", STYLE_PATH): _style,
            ("POST", "/orders"): self._create,
            ("GET", "/faults"): self._faults,
            ("POST", "/faults"): self._switch,
            ("GET", "/requests"): self._requests,
            ("POST", "/requests"): self._clear_log,
        }
        view = routes.get((request.method, request.path))
        return view(request) if view else page("Not found", "", status=404)

    def _list(self, request: Request) -> Response:
        asked = dict(request.parameters)
        search = asked.get("q", "").strip()
        number = asked.get("page", "1")
        current = max(int(number), 1) if number.isdecimal() and len(number) < 7 else 1
        found = [o for o in self.shop.snapshot().values() if _is_found(o, search.casefold())]
        found.sort(key=lambda order: (order["date_created_gmt"], order["id"]), reverse=True)
        start = (current - 1) * PER_PAGE
        body = (
            _search_form(search)
            + form("/orders", "Place a new order", css="inline")
            + _order_table(found[start : start + PER_PAGE])
            + _pager(search, current, len(found))
        )
        return page("Orders", body, here="/")

    def _order(self, request: Request, order_id: int) -> Response:
        error = ""
        if request.method == "POST":
            try:
                self.shop.edit(order_id, edits_of(request.form()))
                return redirect(f"/orders/{order_id}" if order_id in self.shop.orders else "/")
            except Refused as problem:
                error = str(problem)
        order = self.shop.orders.get(order_id)
        if order is None:
            return page("There is no such order", "", status=404)
        status = 400 if error else 200
        return page(f"Order {order['number']}", order_body(order), error=error, status=status)

    def _create(self, request: Request) -> Response:
        return redirect(f"/orders/{self.shop.create(1)[0]['id']}")

    def _faults(self, request: Request, error: str = "") -> Response:
        on = {fault.kind: fault for fault in self.faults.active()}
        rows = ([escape(kind), escape(KINDS[kind]), _state(on.get(kind))] for kind in KINDS)
        body = _switch_form() + table(("Fault", "What it does", "Now"), rows, "Faults")
        all_off = form("/faults", "Switch all off", hidden={"off": ""}, css="inline")
        status = 400 if error else 200
        return page("Faults", body + all_off, here="/faults", error=error, status=status)

    def _switch(self, request: Request) -> Response:
        asked = request.form()
        if "off" in asked:
            self.faults.switch_off(asked["off"] or None)
            return redirect("/faults")
        try:
            switch_on(self.faults, self.shop, dict(asked))
        except Refused as problem:
            return self._faults(request, str(problem))
        return redirect("/faults")

    def _requests(self, request: Request) -> Response:
        entries = self.log.since()[-NEWEST_REQUESTS:][::-1]
        headings = ("#", "Time", "Request", "Status#", "Orders#", "Fault")
        body = form("/requests", "Clear", css="inline") + (
            table(headings, (_request_row(entry) for entry in entries), "Requests")
            if entries
            else "<p>Nobody has asked the API for anything yet.</p>"
        )
        return page("Requests", body, here="/requests")

    def _clear_log(self, request: Request) -> Response:
        self.log.clear()
        return redirect("/requests")


def _style(request: Request) -> Response:
    headers = {"Content-Type": "text/css; charset=UTF-8", "X-Content-Type-Options": "nosniff"}
    return Response(headers=headers, body=STYLE.read_bytes())


def _is_found(order: Order, search: str) -> bool:
    who = order["billing"]
    text = f"{order['number']}\n{order['id']}\n{who['first_name']} {who['last_name']}"
    return search in f"{text}\n{who['company']}\n{who['email']}".casefold()


def _search_form(search: str) -> str:
    inner = field("q", "Number or name", search, kind="search")
    return f'<form class="inline" role="search">{inner}<button>Search</button></form>'


def _order_table(orders: list[Order]) -> str:
    if not orders:
        return "<p>No order matches.</p>"
    rows = (
        [
            f'<a href="/orders/{order["id"]}">{escape(order["number"])}</a>',
            escape(order["date_created"].replace("T", " ")),
            escape(f"{order['billing']['first_name']} {order['billing']['last_name']}"),
            status_badge(order),
            escape(order["payment_method_title"]),
            money(order, order["total"]),
        ]
        for order in orders
    )
    return table(("Order", "Placed", "Customer", "Status", "Payment", "Total#"), rows, "Orders")


def _pager(search: str, current: int, total: int) -> str:
    last = max((total + PER_PAGE - 1) // PER_PAGE, 1)

    def link(number: int, text: str) -> str:
        query = urlencode({"q": search, "page": number} if search else {"page": number})
        return f'<a href="/?{escape(query)}">{text}</a>'

    newer = link(current - 1, "Newer") if current > 1 else ""
    older = link(current + 1, "Older") if current < last else ""
    return f'<p class="pager">{total} orders, page {current} of {last} {newer} {older}</p>'


def _switch_form() -> str:
    inner = (
        select("kind", "Fault", {kind: kind for kind in KINDS}, "")
        + field("times", "Times (empty: until off)", kind="number", more='min="1" class="short"')
        + field("value", "Value", kind="number", more='min="0" step="any" class="short"')
        + field("order_id", "Order id", kind="number", more='min="1" class="short"')
    )
    return form("/faults", "Switch on", inner)


def _state(fault: Fault | None) -> str:
    if fault is None:
        return "off"
    times = "until switched off" if fault.times is None else f"requests left: {fault.times}"
    value = "" if fault.value is None else f", value {fault.value:g}"
    order = "" if fault.order_id is None else f", order {fault.order_id}"
    off = form("/faults", "Switch off", hidden={"off": fault.kind}, css="inline")
    return f"<strong>on</strong>, {escape(times + value + order)} {off}"


def _request_row(entry: Entry) -> list[str]:
    query = f"?{entry['query']}" if entry["query"] else ""
    return [
        str(entry["n"]),
        escape(entry["time"]),
        f"<code>{escape(entry['method'] + ' ' + entry['path'] + query)}</code>",
        str(entry["status"]),
        "" if entry["orders"] is None else str(entry["orders"]),
        escape(entry["fault"]),
    ]
