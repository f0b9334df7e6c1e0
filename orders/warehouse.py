"""Handing orders over to the warehouse: which are due, the file it gets, and taking one back.

While the warehouse has an order its rules say what a synchronization may still change about it
(see `sync.rules`). It gets each order once: the rows are locked while that is decided.
"""

import csv
import html
import io
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Trim
from django.utils import timezone

from orders import bulk
from orders.models import Handover, Movement, Order, OrderAddress, OrderItem, Warehouse

LIMIT = 100
"""How many orders one handover may have."""

Row = dict[str, str]
_NUMBER = re.compile(r"[+-][0-9][0-9 \u00a0]*([.,][0-9]+)?")
"""A signed number or a phone number: no formula, though it begins as one."""
_ADDRESS = (
    "first_name", "last_name", "company", "line1", "line2", "city", "region", "postcode",
    "country", "phone", "email",
)  # fmt: skip


class NotHandedOver(Exception):
    """Nothing was handed over, or taken back; the message says why."""


@dataclass
class Parcel:
    """An order with what the file says of it."""

    order: Order
    addresses: dict[str, OrderAddress] = field(default_factory=dict)
    lines: list[OrderItem] = field(default_factory=list)
    """Its products only."""


@dataclass(frozen=True)
class HandedOver:
    """What became of the orders: `handover` is None when none of them could be handed over."""

    handover: Handover | None
    count: int
    refused: list[tuple[Order, str]]
    """Orders that stay, each with the reason in words."""


@dataclass(frozen=True)
class Due:
    """How many orders the warehouse waits for, and how many of them cannot go, and why."""

    number: int
    without_products: int
    with_unknown_products: int
    """Those with products that lack what the warehouse knows them by."""

    @property
    def stuck(self) -> int:
        return self.without_products + self.with_unknown_products


def active_warehouse() -> Warehouse | None:
    return Warehouse.objects.filter(is_active=True).first()


def may_hand_over(user: User | AnonymousUser) -> bool:
    """Whether the user can hand orders over now: there has to be somebody who takes them."""
    return user.has_perm("orders.add_handover") and active_warehouse() is not None


def due(warehouse: Warehouse) -> QuerySet[Order]:
    """The orders this warehouse is waiting for, the newest first."""
    return Order.objects.filter(
        handover=None,
        source_state=Order.SourceState.PRESENT,
        status_type__in=warehouse.status_types,
    )


def can_go(warehouse: Warehouse) -> Q:
    """Whether an order that is due lacks nothing, as `refusal` has it."""
    return Q(Exists(_products()), ~Exists(_unknown_products(warehouse)))


def count_due(warehouse: Warehouse) -> Due:
    return Due(
        **due(warehouse).aggregate(
            number=Count("pk"),
            without_products=Count("pk", filter=~Exists(_products())),
            with_unknown_products=Count("pk", filter=Exists(_unknown_products(warehouse))),
        )
    )


def refusal(parcel: Parcel, warehouse: Warehouse) -> str:
    """Why the order cannot be handed over to the warehouse, as a sentence; "" when it can.

    Without a query, given that `parcel` is complete.
    """
    order = parcel.order
    if order.handover_id:
        return "The warehouse has it already."
    if order.source_state != Order.SourceState.PRESENT:
        return f"It is not handed over while it is: {order.get_source_state_display().lower()}."
    if order.status_type not in warehouse.status_types:
        status = order.status_name or "none"
        return f"Its status is {status}, and orders with that are not handed over."
    if not parcel.lines:
        return "It has no products."
    lacking = [line for line in parcel.lines if not _match_key(line, warehouse.match_by)]
    if lacking:
        named = ", ".join(f"“{_plain(line.name) or line.external_id}”" for line in lacking[:3])
        more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        key = warehouse.key_name
        return f"The warehouse knows products by {key}, which is missing on {named}{more}."
    return ""


@transaction.atomic
def hand_over(
    orders: QuerySet[Order], actor: AbstractBaseUser | None, name: str = ""
) -> HandedOver:
    """Hand these orders over to the active warehouse, in a number of statements that does not
    depend on theirs.

    An order that cannot be handed over stays and does not hold up the others. Raises
    `NotHandedOver` without an active warehouse, for no order and for more than `LIMIT`.
    """
    warehouse = Warehouse.objects.select_for_update().filter(is_active=True).first()
    if warehouse is None:
        raise NotHandedOver("No warehouse is active, so there is nobody to hand orders over to.")
    keys = list(orders.order_by("pk").values_list("pk", flat=True)[: LIMIT + 1])
    if not keys:
        raise NotHandedOver("No order was selected.")
    if len(keys) > LIMIT:
        raise NotHandedOver(
            f"Up to {LIMIT} orders are handed over at once; {orders.count()} are selected. "
            "Nothing was handed over."
        )
    parcels = parcels_of(
        Order.objects.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",))
    )
    refused = [(each.order, refusal(each, warehouse)) for each in parcels]
    stays = {order.pk for order, reason in refused if reason}
    going = [each for each in parcels if each.order.pk not in stays]
    return HandedOver(
        _write(warehouse, going, actor, name) if going else None,
        len(going),
        [(order, reason) for order, reason in refused if reason],
    )


def parcels_of(orders: QuerySet[Order]) -> list[Parcel]:
    """The orders with all that the file says of them, in three queries."""
    chosen = orders.select_related("eshop").defer(
        "eshop__credentials", "metadata", "custom", "search_text"
    )
    parcels = {order.pk: Parcel(order) for order in chosen}
    for address in OrderAddress.objects.filter(order__in=list(parcels)):
        parcels[address.order_id].addresses[address.kind] = address
    products = OrderItem.objects.filter(order__in=list(parcels), kind=OrderItem.Kind.PRODUCT)
    for line in products.defer("metadata").order_by("position"):
        parcels[line.order_id].lines.append(line)
    return list(parcels.values())


@transaction.atomic
def take_back(order_id: int, actor: AbstractBaseUser) -> None:
    """The warehouse no longer has the order: its rules do not hold any more, and it is handed over
    again by hand only. Raises `NotHandedOver` when the warehouse does not have it."""
    order = Order.objects.only("handover_id").select_for_update().get(pk=order_id)
    if order.handover_id is None:
        raise NotHandedOver("The warehouse does not have this order.")
    handover = Handover.objects.select_related("warehouse").defer("content").get(
        pk=order.handover_id
    )  # fmt: skip
    order.handover = None
    order.save(update_fields=["handover"])
    Movement.objects.create(
        order=order,
        at=timezone.now(),
        actor_id=actor.pk,
        actor_name=actor.get_username(),
        kind=Movement.Kind.TAKEN_BACK,
        message=f"It was with {handover.warehouse} by handover {handover.pk}.",
    )


def hand_over_due() -> int:
    """Hand over what is due when the active warehouse wants that by itself; how many orders.

    Left to people are orders that lack what their products are known by, and those that were
    taken back once.
    """
    warehouse = active_warehouse()
    if warehouse is None or not warehouse.automatic:
        return 0
    taken_back = Movement.objects.filter(order=OuterRef("pk"), kind=Movement.Kind.TAKEN_BACK)
    wanted = due(warehouse).filter(can_go(warehouse), ~Exists(taken_back))
    count, last = 0, 0
    while keys := list(
        wanted.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:LIMIT]
    ):
        last = keys[-1]
        with suppress(NotHandedOver):  # it was switched off just now
            count += hand_over(Order.objects.filter(pk__in=keys), None, name="schedule").count
    return count


def file_of(parcels: Sequence[Parcel], format: str, match_by: str) -> str:
    """The file the warehouse gets. Pure, and the same for the same orders."""
    rows = [row for parcel in parcels for row in rows_of(parcel, match_by)]
    return json_text(rows) if format == Warehouse.Format.JSON else csv_text(rows)


def rows_of(parcel: Parcel, match_by: str) -> list[Row]:
    """A row for each product of the order, all values as text, decimals in plain notation."""
    order = parcel.order
    keys = [match_by, *({"sku", "ean"} - {match_by})]
    head = {
        "order_number": order.number,
        "eshop": order.eshop.name,
        "placed_at": order.placed_at.isoformat(timespec="seconds"),
        "status": order.status_name,
        "customer_name": order.customer_name,
        "company": order.company,
        "customer_email": order.customer_email,
        "customer_phone": order.customer_phone,
        **_shipping_address(parcel.addresses),
        "delivery": _plain(order.delivery_name),
        "pickup_point_id": order.pickup_point_id,
        "pickup_point": order.pickup_point_name,
        "delivery_note": order.delivery_note,
        "note": order.customer_note,
    }
    return [
        head
        | {key: getattr(line, key).strip() for key in keys}
        | {
            "name": _plain(line.name),
            "variant": _plain(line.variant),
            "quantity": _decimal(line.quantity),
            "unit_price": _decimal(line.unit_price),
            "currency": order.currency,
        }
        for line in parcel.lines
    ]


def csv_text(rows: Sequence[Row]) -> str:
    """With a header row. No cell is one that a spreadsheet would take for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(rows[0] if rows else [])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return text.getvalue()


def json_text(rows: Sequence[Row]) -> str:
    return json.dumps(rows, ensure_ascii=False, indent=1)


def _write(
    warehouse: Warehouse,
    parcels: Sequence[Parcel],
    actor: AbstractBaseUser | None,
    name: str,
) -> Handover:
    now = timezone.now()
    actor_name = name or (actor.get_username() if actor else "system")
    handover = Handover.objects.create(
        warehouse=warehouse,
        at=now,
        actor_name=actor_name,
        format=warehouse.format,
        content=file_of(parcels, warehouse.format, warehouse.match_by),
    )
    Order.objects.filter(pk__in=[each.order.pk for each in parcels]).update(handover=handover)
    bulk.insert(
        [
            Movement(
                order=each.order,
                at=now,
                actor_id=actor.pk if actor else None,
                actor_name=actor_name,
                kind=Movement.Kind.HANDED_OVER,
                message=f"Handover {handover.pk} to {warehouse}.",
            )
            for each in parcels
        ]
    )
    return handover


def _shipping_address(addresses: Mapping[str, OrderAddress]) -> Row:
    """The address goods go to: that of the bill where the order has no other."""
    kinds = OrderAddress.Kind
    for kind in (kinds.SHIPPING, kinds.BILLING):
        address = addresses.get(kind)
        values = {name: getattr(address, name, "") for name in _ADDRESS}
        if any(value for name, value in values.items() if name not in ("country", "region")):
            break
    return {f"shipping_{name}": value for name, value in values.items()}


def _products() -> QuerySet[OrderItem]:
    return OrderItem.objects.filter(order=OuterRef("pk"), kind=OrderItem.Kind.PRODUCT)


def _unknown_products(warehouse: Warehouse) -> QuerySet[OrderItem]:
    return _products().alias(key=Trim(warehouse.match_by)).filter(key="")


def _match_key(line: OrderItem, match_by: str) -> str:
    return str(getattr(line, match_by)).strip()


def _plain(text: str) -> str:
    """Names come with HTML entities from some e-shops."""
    return html.unescape(text)


def _decimal(value: Any) -> str:
    if value is None:
        return ""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _cell(value: str) -> str:
    """Text that begins as a formula does gets an apostrophe before it, unless it is a number."""
    if value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value
