"""Shopify's points: what a request may cost, and how long to wait until it may be asked.

Each app has a bucket of points for each shop, which fills at a steady rate. A request has to find
what it may cost at most (`requestedQueryCost`) in the bucket, and what it did not need is put back;
no single request may cost more than 1,000 (https://shopify.dev/docs/api/usage/limits). What there
is of points stands in each answer, under `extensions.cost`.
"""

import math
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from eshops.adapters.http import LONGEST_WAIT, Response
from eshops.adapters.reading import mapping, number
from eshops.source import BadPayload, Unavailable

LIMIT = 1000
ORDER_COST = 72
"""What one order costs before Shopify has told: see `queries` for how that is reckoned."""
PATIENCE = 20
"""So many seconds we wait for points before we ask; when it takes longer, Shopify says so."""


class TooCostly(Unavailable):
    """The request may not cost so much, however long we wait."""

    def __init__(self, cost: float, limit: float) -> None:
        super().__init__("Shopify finds what we ask for at once too much. Try again later.")
        self.cost = cost
        """Of the whole request; 0 where Shopify does not say."""
        self.limit = limit


class Points:
    """What Shopify told of our points. `order_cost` is what an order costs in a list of ids."""

    def __init__(self) -> None:
        self.order_cost: float = ORDER_COST
        self._limit: float = LIMIT
        self._most = LIMIT
        self._available: float = math.inf
        self._rate: float = 0
        self._told_at: float = 0

    @property
    def orders_at_once(self) -> int:
        return max(1, min(self._most, int(self._limit / self.order_cost)))

    def note(self, response: Response, orders: int = 0) -> None:
        """Remember what an answer, to a request for so many orders by their ids, says."""
        cost = costs(response)
        maximum, rate = cost["maximumAvailable"], cost["restoreRate"]
        if maximum and rate:
            self._limit = min(LIMIT, maximum)
            self._available, self._rate = cost["currentlyAvailable"], rate
            self._told_at = time.monotonic()
        if orders and cost["requestedQueryCost"]:
            self.order_cost = min(self.order_cost, cost["requestedQueryCost"] / orders)

    def exceeded(self, orders: int, error: TooCostly) -> None:
        """So many orders were too many: ask for no more than Shopify's figures say, or for half."""
        fewer = int(orders * error.limit / error.cost) if error.cost else 0
        self._most = fewer if 0 < fewer < orders else orders // 2

    def wait_for(self, cost: float) -> None:
        """Wait until there should be so many points, within `PATIENCE`."""
        if not self._rate:
            return
        passed = time.monotonic() - self._told_at
        lacking = cost - (self._available + passed * self._rate)
        if lacking > 0:
            time.sleep(min(lacking / self._rate, PATIENCE))


def costs(response: Response) -> Mapping[str, float]:
    """What an answer says of points; 0 for what it does not say."""
    body = response.body if isinstance(response.body, dict) else {}
    told: dict[str, Any] = {}
    try:
        told = mapping(mapping(body, "extensions"), "cost")
        told = mapping(told, "throttleStatus") | told
    except BadPayload:
        pass
    keys = ("requestedQueryCost", "maximumAvailable", "currentlyAvailable", "restoreRate")
    return {key: _positive(told, key) for key in keys}


def throttled(response: Response) -> Unavailable:
    """What is to be said of a request that found too few points in the bucket."""
    cost = costs(response)
    requested, maximum = cost["requestedQueryCost"], cost["maximumAvailable"]
    if maximum and requested > maximum:
        return TooCostly(requested, maximum)
    wait = None
    if cost["restoreRate"]:
        seconds = (requested - cost["currentlyAvailable"]) / cost["restoreRate"]
        wait = min(timedelta(seconds=max(1, math.ceil(seconds))), LONGEST_WAIT)
    return Unavailable("Shopify asks us to slow down (THROTTLED). Try again later.", wait)


def too_costly(errors: Sequence[Mapping[str, Any]]) -> TooCostly:
    """What is to be said of MAX_COST_EXCEEDED, which names the cost and the limit."""
    told = [each for error in errors if isinstance(each := error.get("extensions"), dict)]
    cost, limit = ([_positive(each, key) for each in told] for key in ("cost", "maxCost"))
    return TooCostly(max(cost, default=0), max(limit, default=0))


def _positive(told: Mapping[str, Any], key: str) -> float:
    try:
        return max(0.0, float(number(told, key, 0)))
    except BadPayload:
        return 0
