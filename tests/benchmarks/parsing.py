"""How long each adapter takes for what it was told: `python -m tests.benchmarks.parsing`.

100 orders with the lines of the contract test's order (three products, shipping, a fee, a coupon, a
refund) are fetched once over loopback; then the same answers are given again without any network.
What is told of each platform is the milliseconds for decoding and parsing them, and their ratio to
decoding alone, which is the figure to compare between machines.
"""

import statistics
import time
from collections.abc import Callable
from threading import Lock
from typing import Any
from unittest.mock import patch

from eshops.adapters.http import HttpClient, Response
from eshops.adapters.reading import decode
from tests.harness.web import WebServer
from tests.platforms import SHOPS
from tests.platforms.shop import PlatformShop

COUNT = 100
ROUNDS = 15
Bodies = dict[str, tuple[bytes, Response]]


def main() -> None:
    print(f"{'platform':<14}{'decode ms':>10}{'decode+parse ms':>17}{'ratio':>8}{'kB':>7}")
    for platform, shop_type in sorted(SHOPS.items()):
        server = WebServer()
        try:
            told = recorded(shop_type(server))
        finally:
            server.close()
        print(f"{platform:<14}{told}")


def recorded(shop: PlatformShop) -> str:
    ids = shop.ids(COUNT)
    shop.orders = {each: shop.logical(each) for each in ids}
    bodies: Bodies = {}
    with patch.object(HttpClient, "_exchange", remembering(bodies)):
        fetch_all(shop, ids)
    decoding = median(lambda: [decode(content) for content, _ in bodies.values()])
    with patch.object(HttpClient, "_exchange", replaying(bodies)):
        whole = median(lambda: fetch_all(shop, ids))
    size = sum(len(content) for content, _ in bodies.values()) / 1000
    return f"{decoding:10.1f}{whole:17.1f}{whole / decoding:8.1f}{size:7.0f}"


def fetch_all(shop: PlatformShop, ids: list[str]) -> None:
    adapter = shop.adapter()
    for start in range(0, len(ids), adapter.batch_size):
        adapter.fetch_orders(ids[start : start + adapter.batch_size])


def remembering(bodies: Bodies) -> Callable[..., Response]:
    exchange, read = HttpClient._exchange, HttpClient._content
    contents: list[bytes] = []
    one_at_a_time = Lock()

    def content(client: HttpClient, answer: Any) -> bytes:
        contents.append(read(client, answer))
        return contents[-1]

    def ask(client: HttpClient, method: str, path: str, **request: Any) -> Response:
        with one_at_a_time, patch.object(HttpClient, "_content", content):
            response = exchange(client, method, path, **request)
            bodies[repr((method, path, request))] = (contents[-1], response)
        return response

    return ask


def replaying(bodies: Bodies) -> Callable[..., Response]:
    def ask(client: HttpClient, method: str, path: str, **request: Any) -> Response:
        content, told = bodies[repr((method, path, request))]
        return Response(told.status, told.headers, decode(content), told.sent_at)

    return ask


def median(function: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


if __name__ == "__main__":
    main()
