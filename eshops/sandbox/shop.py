"""The shop's orders: kept in memory and, when asked, in a file; changed one order at a time."""

import json
import threading
from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eshops.sandbox.catalog import build_order, build_orders
from eshops.sandbox.clock import from_gmt, stamp
from eshops.sandbox.edits import EDITS, SILENT, Change
from eshops.sandbox.exchange import Refused
from eshops.sandbox.ids import Ids
from eshops.sandbox.money import Order, settle

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Shop:
    """Orders by id. Hold `lock` while reading more than one of them.

    With a `state_path` every change is on disk before it is answered, and an existing file is
    loaded instead of building new orders. An edit that is refused changes nothing.
    """

    def __init__(
        self, *, count: int = 250, state_path: Path | str | None = None, clock: Clock = utc_now
    ) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.ids = Ids()
        self.orders: dict[int, Order] = {}
        self._made = 0
        self._path = Path(state_path) if state_path else None
        if self._path and self._path.exists():
            self._load(self._path)
        else:
            self._keep(build_orders(count, clock(), self.ids))
            self._made = count
            self._save()

    def order(self, order_id: int) -> Order:
        """The kept order itself, not to be changed; `Refused` when there is none."""
        if order_id not in self.orders:
            raise Refused(f"There is no order {order_id}.")
        return self.orders[order_id]

    def edit(self, order_id: int, changes: dict[str, Any]) -> Order | None:
        """Apply the changes, all or none of them, and give the order back; None once deleted."""
        with self.lock:
            order = deepcopy(self.order(order_id))
            if changes.get("delete") is True:
                self.orders = {key: kept for key, kept in self.orders.items() if key != order_id}
                self._save()
                return None
            changes = dict(changes)
            change = Change(order, self.ids, self.clock(), reason=str(changes.pop("reason", "")))
            _apply(change, changes)
            self.orders[order_id] = order
            self._save()
            return order

    def create(self, count: int) -> list[Order]:
        """New orders, placed now."""
        if not 1 <= count <= 1000:
            raise Refused("Between 1 and 1000 orders can be created at once.")
        with self.lock:
            made = [self._build() for _ in range(count)]
            self._keep(made)
            self._save()
            return made

    def create_like(self, wanted: dict[str, Any]) -> Order:
        """A new order, placed now, with these values in place of its own.

        An address may be given in part, and a date by its `_gmt` key alone. Lines are taken as they
        are, and the sums follow from them.
        """
        with self.lock:
            order = self._build()
            unknown = sorted(set(wanted) - set(order))
            if unknown:
                raise Refused(f"An order has no {unknown[0]}.")
            if wanted.get("id") in self.orders:
                raise Refused(f"There is an order {wanted['id']} already.")
            try:
                _put_values(order, wanted)
                settle(order, self.ids)
            except (KeyError, TypeError, ValueError, ArithmeticError) as error:
                raise Refused("The values do not make an order.") from error
            self._keep([order])
            self._save()
            return order

    def snapshot(self) -> dict[int, Order]:
        """The orders as they are now, untouched by later changes."""
        with self.lock:
            return dict(self.orders)

    def _build(self) -> Order:
        now = self.clock()
        self._made += 1
        return build_order(self._made - 1, placed=now, now=now, ids=self.ids)

    def _keep(self, orders: Iterable[Order]) -> None:
        self.orders |= {order["id"]: order for order in orders}

    def _load(self, path: Path) -> None:
        try:
            state = json.loads(path.read_text("utf-8"))
            self.ids = Ids(**state["ids"])
            self._made = int(state["made"])
            self._keep(state["orders"])
        except (ValueError, KeyError, TypeError) as error:
            raise SystemExit(f"{path} is not a sandbox shop's state; move it away.") from error

    def _save(self) -> None:
        if self._path is None:
            return
        state = {
            "made": self._made,
            "ids": self.ids.as_json(),
            "orders": list(self.orders.values()),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(self._path.name + ".new")
        draft.write_text(json.dumps(state, ensure_ascii=False), "utf-8")
        draft.replace(self._path)


def _put_values(order: Order, wanted: dict[str, Any]) -> None:
    for key, value in wanted.items():
        own = deepcopy(value)
        order[key] = {**order[key], **own} if key in {"billing", "shipping"} else own
    for name in ("created", "modified", "paid", "completed"):
        gmt = wanted.get(f"date_{name}_gmt")
        if gmt is not None:
            stamp(order, name, from_gmt(gmt))


def _apply(change: Change, changes: dict[str, Any]) -> None:
    unknown = [key for key in changes if key not in EDITS]
    if unknown:
        known = ", ".join([*EDITS, "delete", "reason"])
        raise Refused(f"Nobody can change {unknown[0]} of an order. What can be: {known}.")
    for key, value in changes.items():
        EDITS[key](change, value)
    settle(change.order, change.ids)
    if set(changes) - SILENT or not changes:
        stamp(change.order, "modified", change.now)
