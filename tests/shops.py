"""An e-shop as a value: what it answers is said by the test. For the engine's own rules; how real
answers come about is tested with the sandbox shop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from eshops.source import (
    Answer,
    OrderNotFound,
    Page,
    SequenceEntry,
    ShopInfo,
    SourceError,
    SourceOrder,
)


@dataclass
class ScriptedShop:
    orders: dict[str, SourceOrder | SourceError] = field(default_factory=dict)
    error: SourceError | None = None
    """Raised by every request while it is set."""
    info: ShopInfo = field(default_factory=ShopInfo)
    sequences: list[SequenceEntry] = field(default_factory=list)
    sent_at: datetime | None = None
    kills: str = ""
    """The order that ends the worker whenever it is asked for."""
    batch_size: int = 100
    asked: list[list[str]] = field(default_factory=list)
    since: list[tuple[datetime | None, bool]] = field(default_factory=list)
    before_answer: list[Callable[[], object]] = field(default_factory=list)
    """Functions called once each, while a request is under way."""

    def put(self, *orders: SourceOrder) -> None:
        self.orders |= {order.external_id: order for order in orders}

    def fetch_orders(self, external_ids: Sequence[str]) -> list[Answer]:
        sent_at = self.sent_at or datetime.now(UTC)
        self.asked.append(list(external_ids))
        self._happen()
        if self.kills in external_ids:
            raise SystemExit
        missing = OrderNotFound("The e-shop has no such order.")
        return [Answer(pk, sent_at, self.orders.get(pk, missing)) for pk in external_ids]

    def fetch_page(
        self, cursor: str | None, since: datetime | None, by_change: bool = False
    ) -> Page:
        self.since.append((since, by_change))
        start = int(cursor or 0)
        self.asked.append([f"page {start}"])
        self._happen()
        keys = list(self.orders)
        chosen = keys[start : start + self.batch_size]
        end = start + self.batch_size
        return Page(
            answers=tuple(Answer(key, datetime.now(UTC), self.orders[key]) for key in chosen),
            cursor=str(end) if end < len(keys) else None,
            total=len(keys),
        )

    def _happen(self) -> None:
        if self.before_answer:
            self.before_answer.pop(0)()
        if self.error:
            raise self.error

    def fetch_info(self) -> ShopInfo:
        return self.info

    def fetch_sequences(self) -> list[SequenceEntry]:
        self._happen()
        return self.sequences

    def order_url(self, external_id: str) -> str:
        return ""


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedShop:
    """Every e-shop answers like this one."""
    shop = ScriptedShop()
    for module in ("engine", "loading", "imports"):
        monkeypatch.setattr(f"sync.{module}.adapter_of", lambda eshop: shop)
    return shop
