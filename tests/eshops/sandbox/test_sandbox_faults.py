"""Each way the shop can be told to fail."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from eshops.sandbox.server import RunningSandbox

Get = Callable[..., requests.Response]


def switch(sandbox: RunningSandbox, **fault: Any) -> None:
    url = f"{sandbox.url}/_sandbox/faults"
    response = requests.post(url, json=fault, timeout=10)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("401", 401, "woocommerce_rest_cannot_view"),
        ("403", 403, "rest_forbidden"),
        ("404", 404, "rest_no_route"),
        ("429", 429, "too_many_requests"),
        ("500", 500, "internal_server_error"),
    ],
)
def test_refusals(get: Get, sandbox: RunningSandbox, kind: str, status: int, code: str) -> None:
    switch(sandbox, kind=kind)
    for _ in range(2):
        response = get("/orders")
        assert (response.status_code, response.json()["code"]) == (status, code)
    requests.delete(f"{sandbox.url}/_sandbox/faults", timeout=10)
    assert get("/orders").status_code == 200


def test_a_fault_applies_as_often_as_asked(get: Get, sandbox: RunningSandbox) -> None:
    switch(sandbox, kind="500", times=2)
    assert [get("/orders").status_code for _ in range(3)] == [500, 500, 200]
    assert [entry["fault"] for entry in sandbox.log] == ["500", "500", ""]


def test_429_and_503_say_how_long_to_wait(get: Get, sandbox: RunningSandbox) -> None:
    switch(sandbox, kind="429", times=1)
    assert get("/orders").headers["Retry-After"] == "2"
    switch(sandbox, kind="429", times=1, value=77)
    assert get("/orders").headers["Retry-After"] == "77"
    switch(sandbox, kind="503", times=1)
    response = get("/orders")
    assert response.status_code == 503 and "Retry-After" not in response.headers
    switch(sandbox, kind="503", times=1, value=5)
    assert get("/orders").headers["Retry-After"] == "5"


def test_slow(get: Get, sandbox: RunningSandbox) -> None:
    switch(sandbox, kind="slow", times=1, value=0.3)
    started = time.monotonic()
    assert get("/orders").status_code == 200
    assert 0.3 <= time.monotonic() - started < 2


def test_cut(get: Get, sandbox: RunningSandbox) -> None:
    switch(sandbox, kind="cut", times=1)
    with pytest.raises(requests.exceptions.RequestException):
        get("/orders")
    assert get("/orders").status_code == 200
    assert sandbox.log[0]["fault"] == "cut"


def test_html(get: Get, sandbox: RunningSandbox) -> None:
    switch(sandbox, kind="html", times=1)
    response = get("/orders")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert "maintenance" in response.text


def test_warning_as_recorded(get: Get, sandbox: RunningSandbox, recorded: Any) -> None:
    switch(sandbox, kind="warning", times=1)
    response, real = get("/orders"), recorded("err_php_warning_before_json")
    assert response.headers["Content-Type"] == real["headers"]["Content-type"]
    ours, theirs = (text.split("in <b>")[0] for text in (response.text, real["body"]))
    assert ours.startswith("<br />\n<b>Warning</b>:  Undefined variable $")
    assert theirs.startswith("<br />\n<b>Warning</b>:  Undefined variable $")
    with pytest.raises(ValueError):
        response.json()


def test_huge(get: Get, sandbox: RunningSandbox) -> None:
    switch(sandbox, kind="huge", times=1)
    response = get("/orders", stream=True)
    assert "Content-Length" not in response.headers
    size = sum(len(chunk) for chunk in response.iter_content(2**16))
    assert 30 * 2**20 <= size < 31 * 2**20
    switch(sandbox, kind="huge", times=1, value=1)
    assert len(get("/orders").json()) > 10


def test_a_client_may_hang_up_in_the_middle(get: Get, sandbox: RunningSandbox) -> None:
    switch(sandbox, kind="huge", times=1)
    with get("/orders", stream=True) as response:
        next(response.iter_content(1000))
    assert get("/orders").status_code == 200


def test_broken_order_among_good_ones(get: Get, sandbox: RunningSandbox) -> None:
    bad, good = sorted(sandbox.shop.orders)[:2]
    switch(sandbox, kind="broken", order_id=bad, times=1)
    assert isinstance(get(f"/orders/{good}").json()["line_items"], list)
    rows = {row["id"]: row for row in get("/orders", params={"include": f"{bad},{good}"}).json()}
    assert (rows[bad]["total"], rows[bad]["line_items"]) == ("abc", "oops")
    assert isinstance(rows[good]["line_items"], list)
    assert isinstance(get(f"/orders/{bad}").json()["line_items"], list)


def test_fatal_order(get: Get, sandbox: RunningSandbox) -> None:
    bad, good, other = sorted(sandbox.shop.orders)[:3]
    switch(sandbox, kind="fatal", order_id=bad)
    asked = {
        f"/orders?include={bad},{good}": 500,
        f"/orders?include={good},{other}": 200,
        f"/orders/{bad}": 500,
        f"/orders/{good}": 200,
        "/orders?per_page=100": 500,
        "/orders?per_page=5": 200,
    }
    assert {path: get(path).status_code for path in asked} == asked


def test_stale(get: Get, sandbox: RunningSandbox, order_id: int) -> None:
    switch(sandbox, kind="stale", times=2)
    sandbox.shop.edit(order_id, {"status": "completed"})
    sandbox.shop.create(1)
    assert get(f"/orders/{order_id}").json()["status"] == "pending"
    assert get("/orders").headers["X-WP-Total"] == "41"
    assert get(f"/orders/{order_id}").json()["status"] == "completed"
    assert get("/orders").headers["X-WP-Total"] == "42"


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "boom"}, {}, {"kind": "broken"}, {"kind": "fatal"}, {"kind": "500", "times": 0},
        {"kind": "slow", "value": -1}, {"kind": "slow", "value": "x"}, {"kind": "500", "often": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_switch_is_refused(sandbox: RunningSandbox, fault: dict[str, Any]) -> None:
    url = f"{sandbox.url}/_sandbox/faults"
    response = requests.post(url, json=fault, timeout=10)
    assert response.status_code == 400 and response.json()["error"].endswith(".")
    assert requests.get(url, timeout=10).json() == []


def test_faulty_answers_are_not_compressed(get: Get, sandbox: RunningSandbox) -> None:
    assert get("/orders").headers["Content-Encoding"] == "gzip"
    switch(sandbox, kind="warning", times=1)
    assert "Content-Encoding" not in get("/orders").headers
