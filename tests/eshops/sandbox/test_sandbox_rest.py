"""The REST API: lists, filters, single orders, code lists and credentials, quirk by quirk."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests_oauthlib import OAuth1

from eshops.sandbox.query import Invalid, read_query
from eshops.sandbox.server import RunningSandbox

Get = Callable[..., requests.Response]
Recorded = Callable[[str], Any]
ORDERS = "/wp-json/wc/v3/orders"


def ids(response: requests.Response) -> list[int]:
    assert response.status_code == 200, response.text
    return [order["id"] for order in response.json()]


def signed(sandbox: RunningSandbox, **options: Any) -> OAuth1:
    values = {"signature_method": "HMAC-SHA256", "signature_type": "query"} | options
    key = values.pop("key", sandbox.consumer_key)
    return OAuth1(key, values.pop("secret", sandbox.consumer_secret), **values)


# Lists


def test_a_page_has_ten_orders_newest_first_and_says_how_many_there_are(
    get_shared: Get, shared: RunningSandbox
) -> None:
    response = get_shared("/orders")
    assert ids(response) == sorted(shared.shop.orders, reverse=True)[:10]
    assert response.headers["X-WP-Total"] == "250"
    assert response.headers["X-WP-TotalPages"] == "25"
    assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert response.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    "form",
    [
        lambda wanted: {"include": ",".join(map(str, wanted))},
        lambda wanted: {"include": " ".join(map(str, wanted))},
        lambda wanted: {"include[]": wanted},
        lambda wanted: {f"include[{n}]": value for n, value in enumerate(wanted)},
    ],
    ids=["commas", "spaces", "brackets", "numbered"],
)
def test_include_in_every_form(get_shared: Get, shared: RunningSandbox, form: Any) -> None:
    wanted = sorted(shared.shop.orders)[20:23]
    asked = [wanted[1], wanted[0], wanted[2], wanted[1], 999_999]
    assert ids(get_shared("/orders", params=form(asked))) == wanted[::-1]
    by_include = get_shared("/orders", params=form(asked) | {"orderby": "include"})
    assert ids(by_include) == [wanted[1], wanted[0], wanted[2]]


@pytest.mark.parametrize(
    ("include", "total"), [("", "250"), ("0", "0"), ("abc", "0"), ("999999", "0")]
)
def test_include_that_names_no_order(get_shared: Get, include: str, total: str) -> None:
    response = get_shared("/orders", params={"include": include})
    assert response.status_code == 200
    assert response.headers["X-WP-Total"] == total


def test_twenty_ids_give_ten_orders_unless_per_page_says_more(
    get_shared: Get, shared: RunningSandbox
) -> None:
    wanted = ",".join(map(str, sorted(shared.shop.orders)[:20]))
    response = get_shared("/orders", params={"include": wanted})
    assert (len(response.json()), response.headers["X-WP-Total"]) == (10, "20")
    assert len(get_shared("/orders", params={"include": wanted, "per_page": 100}).json()) == 20


def test_more_than_100_ids_are_paged(get_shared: Get, shared: RunningSandbox) -> None:
    wanted = sorted(shared.shop.orders)[:130]
    params = {"include": ",".join(map(str, wanted)), "per_page": "100"}
    first = get_shared("/orders", params=params)
    second = get_shared("/orders", params=params | {"page": "2"})
    assert first.headers["X-WP-TotalPages"] == "2"
    assert sorted(ids(first) + ids(second)) == wanted


def test_links_lead_to_the_next_and_the_previous_page(get_shared: Get) -> None:
    assert (
        'rel="https://api.w.org/"'
        in get_shared("/orders", params={"per_page": 100, "after": "2099-01-01T00:00:00"}).headers[
            "Link"
        ]
    )
    links = get_shared("/orders", params={"per_page": 2, "page": 2}).links
    assert parse_qs(urlsplit(links["prev"]["url"]).query)["page"] == ["1"]
    following = parse_qs(urlsplit(links["next"]["url"]).query)
    assert (following["page"], following["per_page"]) == (["3"], ["2"])
    assert following["status[0]"] == ["any"] and following["dp"] == ["2"]
    assert set(get_shared("/orders", params={"per_page": 2}).links) == {"next"}


def test_a_page_beyond_the_end_says_there_is_nothing(get_shared: Get) -> None:
    response = get_shared("/orders", params={"page": 99})
    assert response.json() == []
    assert (response.headers["X-WP-Total"], response.headers["X-WP-TotalPages"]) == ("0", "0")


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"per_page": 0}, "orders_per_page_0"),
        ({"per_page": 101}, "orders_per_page_101"),
        ({"status": "wc-ready-pickup"}, "status_with_wc_prefix"),
    ],
)
def test_refused_parameters_as_recorded(
    get_shared: Get, recorded: Recorded, params: Any, name: str
) -> None:
    response, real = get_shared("/orders", params=params), recorded(name)
    assert (response.status_code, response.json()) == (real["status"], real["body"])
    assert_headers(response, real)


def assert_headers(response: requests.Response, real: dict[str, Any]) -> None:
    """All but the connection's own headers are as recorded."""
    of_the_host = {"Host", "Date", "Connection", "X-Powered-By", "Link"}
    expected = {k: v for k, v in real["headers"].items() if k not in of_the_host}
    assert {key: response.headers.get(key) for key in expected} == expected
    assert 'rel="https://api.w.org/"' in response.headers["Link"]


@pytest.mark.parametrize(
    "params",
    [
        {"per_page": "-1"}, {"per_page": "x"}, {"page": "0"}, {"orderby": "total"},
        {"order": "up"}, {"status": "shipped"}, {"dp": "two"}, {"modified_after": "2026-10-01"},
        {"modified_after": "10:00"}, {"after": "1790000000"}, {"after": "2026-13-01T00:00:00"},
    ],
    ids=str,
)  # fmt: skip
def test_other_refused_parameters(get_shared: Get, params: dict[str, str]) -> None:
    response = get_shared("/orders", params=params)
    assert response.status_code == 400
    assert response.json()["code"] == "rest_invalid_param"
    assert list(response.json()["data"]["params"]) == list(params)


def test_status(get: Get, sandbox: RunningSandbox) -> None:
    trashed, odd, *_ = sorted(sandbox.shop.orders)
    sandbox.shop.edit(trashed, {"trash": True})
    sandbox.shop.edit(odd, {"status": "shipped"})

    def total(**params: str) -> int:
        return int(get("/orders", params=params).headers["X-WP-Total"])

    assert total() == total(status="any") == total(status="any,trash") == 38
    assert ids(get("/orders", params={"status": "trash"})) == [trashed]
    assert total(status="auto-draft") == 0
    assert ids(get("/orders", params={"include": f"{trashed},{odd}"})) == []
    processing = [o for o in sandbox.shop.orders.values() if o["status"] == "processing"]
    assert total(status="processing") == len(processing)
    assert get(f"/orders/{trashed}").json()["status"] == "trash"
    assert get(f"/orders/{odd}").json()["status"] == "shipped"


@pytest.mark.parametrize("orderby", ["date", "id", "modified"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_sorting(get_shared: Get, orderby: str, order: str) -> None:
    rows = get_shared("/orders", params={"orderby": orderby, "order": order, "per_page": 100})
    key = {"date": "date_created_gmt", "id": "id", "modified": "date_modified_gmt"}[orderby]
    values = [(row[key], row["id"]) for row in rows.json()]
    assert values == sorted(values, reverse=order == "desc")


@pytest.mark.parametrize(
    ("text", "as_gmt", "utc"),
    [
        ("2026-10-01T10:00:00", False, "2026-10-01T08:00:00"),
        ("2026-10-01T10:00:00", True, "2026-10-01T10:00:00"),
        ("2026-10-01T10:00:00Z", False, "2026-10-01T10:00:00"),
        ("2026-10-01T12:00:00+02:00", False, "2026-10-01T10:00:00"),
        ("2026-10-01T10:00:00Z", True, "2026-10-01T12:00:00"),
        ("2026-10-01T10:00:00+00:00", True, "2026-10-01T12:00:00"),
        ("2026-10-01T10:00:00.000Z", False, "2026-10-01T08:00:00"),
        ("2026-10-01T10:00:00.123456+00:00", False, "2026-10-01T08:00:00"),
        ("2026-10-01T10:00:00.000Z", True, "2026-10-01T12:00:00"),
        ("2026-10-25T00:30:00Z", False, "2026-10-25T00:30:00"),
    ],
)
def test_what_a_date_means(text: str, as_gmt: bool, utc: str) -> None:
    pairs = [("modified_after", text), ("dates_are_gmt", "true" if as_gmt else "false")]
    moment = read_query(pairs).modified_after
    assert moment is not None
    assert moment.strftime("%Y-%m-%dT%H:%M:%S") == utc


@pytest.mark.parametrize("text", ["2026-10-01", "2026-10-01T10:00", "1790000000", "yesterday"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(Invalid, match="Invalid date"):
        read_query([("after", text)])


def test_modified_after_leaves_out_its_own_second(
    get: Get, sandbox: RunningSandbox, order_id: int
) -> None:
    assert sandbox.shop.orders[order_id]["date_modified_gmt"] == "2026-05-01T11:00:00"

    def found(**params: str) -> bool:
        return order_id in ids(get("/orders", params=params | {"per_page": "100"}))

    assert not found(modified_after="2026-05-01T11:00:00Z")
    assert found(modified_after="2026-05-01T10:59:59Z")
    assert not found(modified_after="2026-05-01T13:00:00")
    assert found(modified_after="2026-05-01T12:59:59")
    assert found(after="2026-05-01T09:59:59Z", before="2026-05-01T10:00:01Z")
    assert not found(before="2026-05-01T10:00:00Z")


@pytest.mark.parametrize(
    ("search", "found"),
    [("Řeháčková", True), ("žofie řeháčková", True), ("customer1@example", True),
     ("2026-CZ/00005", False), ("nobody at all", False)],
)  # fmt: skip
def test_search(get_shared: Get, search: str, found: bool) -> None:
    assert bool(ids(get_shared("/orders", params={"search": search}))) is found


def test_fields(get_shared: Get) -> None:
    rows = get_shared("/orders", params={"_fields": "id,number,date_modified_gmt"}).json()
    assert {tuple(row) for row in rows} == {("id", "date_modified_gmt", "number")} or all(
        set(row) == {"id", "number", "date_modified_gmt"} for row in rows
    )


# Money


@pytest.mark.parametrize(
    ("dp", "total", "tax"), [(None, "30.25", "4.20"), (0, "30", "4"), (4, "30.2500", "4.2000")]
)
def test_dp_pads_and_rounds(get: Get, order_id: int, dp: int | None, total: str, tax: str) -> None:
    order = get(f"/orders/{order_id}", params={} if dp is None else {"dp": dp}).json()
    assert order["total"] == total
    assert order["line_items"][0]["total_tax"] == tax
    assert order["line_items"][0]["taxes"][0]["total"] == tax
    assert order["line_items"][0]["price"] == 10


def test_the_json_is_as_php_writes_it(get: Get, order_id: int) -> None:
    text = get(f"/orders/{order_id}").text
    assert text.isascii() and '"price":10,' in text and "orders\\/" in text
    assert '": ' not in text


# Single orders and refunds


@pytest.mark.parametrize(
    ("path", "name"),
    [("/orders/999999", "err_404_order"), ("/orders/0", "err_404_order"),
     ("/orders/abc", "err_malformed_id"), ("/ordersx", "err_malformed_id"),
     ("/orders/batch", "err_malformed_id")],
)  # fmt: skip
def test_what_does_not_exist(get_shared: Get, recorded: Recorded, path: str, name: str) -> None:
    response, real = get_shared(path), recorded(name)
    assert (response.status_code, response.json()) == (real["status"], real["body"])
    assert_headers(response, real)


def test_a_deleted_order_and_a_refund_are_no_orders(
    get: Get, sandbox: RunningSandbox, order_id: int
) -> None:
    sandbox.shop.edit(order_id, {"refund": "1"})
    refund_id = sandbox.shop.orders[order_id]["refunds"][0]["id"]
    assert get(f"/orders/{refund_id}").status_code == 404
    sandbox.shop.edit(order_id, {"delete": True})
    assert get(f"/orders/{order_id}").status_code == 404
    assert ids(get("/orders", params={"include": str(order_id)})) == []


def test_refunds(get: Get, sandbox: RunningSandbox, order_id: int) -> None:
    for amount, reason in (("10.00", ""), ("0.5", "poškozeno")):
        sandbox.shop.edit(order_id, {"refund": amount, "reason": reason})
    newest, oldest = get(f"/orders/{order_id}/refunds").json()
    assert (newest["amount"], newest["reason"], oldest["amount"]) == ("0.50", "poškozeno", "10.00")
    order = get(f"/orders/{order_id}").json()
    assert [refund["total"] for refund in order["refunds"]] == ["-0.50", "-10.00"]
    assert order["total"] == "30.25"
    assert get("/orders/999999/refunds").json() == []


def test_refund_bodies_have_the_recorded_keys(
    get_shared: Get, shared: RunningSandbox, recorded: Recorded
) -> None:
    with_line = next(
        o["id"]
        for o in shared.shop.orders.values()
        if o["refunds"] and o["refunds"][0]["line_items"]
    )
    ours = get_shared(f"/orders/{with_line}/refunds").json()[0]
    real = recorded("refunds_partial_line")["body"][0]
    assert list(ours) == list(real)
    assert list(ours["line_items"][0]) == list(real["line_items"][0])
    assert ours["line_items"][0]["quantity"] == -1
    assert ours["line_items"][0]["total"].startswith("-")


# Code lists


def test_the_index_needs_no_credentials(shared: RunningSandbox) -> None:
    index = requests.get(f"{shared.url}/wp-json/", timeout=10).json()
    assert index["timezone_string"] == "Europe/Prague"
    assert index["gmt_offset"] in (1, 2) and index["name"]


def test_statuses(get_shared: Get) -> None:
    statuses = get_shared("/orders/statuses").json()
    assert [row["slug"] for row in statuses] == [
        "pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed",
        "ready-pickup", "checkout-draft",
    ]  # fmt: skip
    totals = get_shared("/reports/orders/totals").json()
    assert [row["slug"] for row in totals] == [row["slug"] for row in statuses]
    assert sum(row["total"] for row in totals) == 250


@pytest.mark.parametrize(
    ("path", "name"),
    [("/payment_gateways", "payment_gateways"), ("/shipping/zones", "shipping_zones"),
     ("/shipping/zones/1/methods", "shipping_zone_1_methods")],
)  # fmt: skip
def test_code_lists_have_the_recorded_keys(
    get_shared: Get, recorded: Recorded, path: str, name: str
) -> None:
    response, real = get_shared(path), recorded(name)
    assert list(response.json()[0]) == list(real["body"][0])
    assert response.headers["X-WP-Total"] == str(len(response.json()))


def test_every_shipping_method_of_an_order_is_in_a_zone(
    get_shared: Get, shared: RunningSandbox
) -> None:
    known = {
        f"{method['method_id']}:{method['instance_id']}"
        for zone in get_shared("/shipping/zones").json()
        for method in get_shared(f"/shipping/zones/{zone['id']}/methods").json()
    }
    used = {
        f"{line['method_id']}:{line['instance_id']}"
        for order in shared.shop.orders.values()
        for line in order["shipping_lines"]
    }
    assert used <= known
    assert get_shared("/shipping/zones/77/methods").status_code == 404


# Credentials


@pytest.mark.parametrize("options", [
    {}, {"signature_method": "HMAC-SHA1"}, {"signature_type": "auth_header"},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("params", [{"include": "1,2"}, {"include[]": [1, 2]}, {"search": "ř + &"}])
def test_signed_requests_are_admitted(shared: RunningSandbox, options: Any, params: Any) -> None:
    auth = signed(shared, **options)
    assert requests.get(shared.url + ORDERS, params=params, auth=auth, timeout=10).ok


def test_raw_brackets_can_be_signed(shared: RunningSandbox) -> None:
    url = f"{shared.url}{ORDERS}?include%5B%5D=1&per_page=5"
    assert requests.get(url, auth=signed(shared), timeout=10).ok


def test_keys_are_admitted_over_https_only(shared: RunningSandbox, recorded: Recorded) -> None:
    url, pair = shared.url + ORDERS, (shared.consumer_key, shared.consumer_secret)
    https = {"X-Forwarded-Proto": "https"}
    query = dict(zip(("consumer_key", "consumer_secret"), pair, strict=True))
    assert requests.get(url, auth=pair, headers=https, timeout=10).ok
    assert requests.get(url, params=query, headers=https, timeout=10).ok
    real = recorded("err_401_no_auth")
    for refused in (
        requests.get(url, auth=pair, timeout=10),
        requests.get(url, params=query, timeout=10),
        requests.get(url, timeout=10),
        requests.get(url, auth=("ck_wrong", pair[1]), headers=https, timeout=10),
    ):
        assert (refused.status_code, refused.json()) == (401, real["body"])
        assert_headers(refused, real)


def test_a_wrong_secret(shared: RunningSandbox, recorded: Recorded) -> None:
    auth, https = (shared.consumer_key, "cs_wrong"), {"X-Forwarded-Proto": "https"}
    response = requests.get(shared.url + ORDERS, auth=auth, headers=https, timeout=10)
    real = recorded("err_401_bad_secret")
    assert (response.status_code, response.json()) == (401, real["body"])
    assert_headers(response, real)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"secret": "cs_wrong"}, "Invalid signature - provided signature does not match."),
        ({"key": "ck_wrong"}, "Consumer key is invalid."),
        ({"timestamp": "1500000000"}, "Invalid timestamp."),
        ({"signature_method": "PLAINTEXT"}, "Invalid signature - signature method is invalid."),
    ],
)
def test_a_wrong_signature(shared: RunningSandbox, options: Any, message: str) -> None:
    response = requests.get(shared.url + ORDERS, auth=signed(shared, **options), timeout=10)
    assert response.status_code == 401
    assert response.json()["code"] == "woocommerce_rest_authentication_error"
    assert response.json()["message"] == message


def test_a_nonce_works_once(shared: RunningSandbox) -> None:
    auth = signed(shared, nonce="only-once")
    assert requests.get(shared.url + ORDERS, auth=auth, timeout=10).ok
    again = requests.get(shared.url + ORDERS, auth=auth, timeout=10)
    assert again.status_code == 401
    assert again.json()["message"] == "Invalid nonce - nonce has already been used."


def test_a_changed_query_breaks_the_signature(shared: RunningSandbox) -> None:
    url = requests.Request("GET", shared.url + ORDERS, auth=signed(shared)).prepare().url
    assert url
    assert requests.get(f"{url}&per_page=50", timeout=10).status_code == 401


def test_without_credentials_a_missing_order_is_401(shared: RunningSandbox) -> None:
    assert requests.get(f"{shared.url}{ORDERS}/999999", timeout=10).status_code == 401
    assert requests.get(f"{shared.url}{ORDERS}/999999/refunds", timeout=10).status_code == 401
    assert (
        requests.get(f"{shared.url}/wp-json/wc/v3/payment_gateways", timeout=10).status_code == 401
    )


def test_the_plain_address_forms(shared: RunningSandbox) -> None:
    long = f"{shared.url}/index.php{ORDERS}"
    assert requests.get(long, auth=signed(shared), timeout=10).ok
    plain = requests.get(f"{shared.url}/?rest_route=/wc/v3/orders", auth=signed(shared), timeout=10)
    assert plain.status_code == 401


# Writing


def test_writing_works_and_is_in_the_log(get: Get, sandbox: RunningSandbox, order_id: int) -> None:
    before = get(f"/orders/{order_id}").json()
    changed = get(f"/orders/{order_id}", "PUT", json={"status": "completed"}).json()
    assert (before["status"], changed["status"]) == ("pending", "completed")
    assert get(f"/orders/{order_id}", "PUT", json={"status": "wc-x"}).status_code == 400
    assert get(f"/orders/{order_id}", "DELETE").status_code == 200
    assert get(f"/orders/{order_id}", "DELETE").status_code == 410
    assert get(f"/orders/{order_id}", "DELETE", params={"force": "true"}).status_code == 200
    assert get(f"/orders/{order_id}", "PUT", json={}).status_code == 404
    methods = [entry["method"] for entry in sandbox.log]
    assert methods == ["GET", "PUT", "PUT", "DELETE", "DELETE", "DELETE", "PUT"]
    url = f"{sandbox.url}{ORDERS}/1"
    assert requests.put(url, data=json.dumps({}), timeout=10).status_code == 401
    assert requests.delete(url, timeout=10).status_code == 401
    assert get("/orders", "POST", json={}).status_code == 404
