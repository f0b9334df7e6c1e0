"""The orders the sandbox shop opens with: made up, varied, and the same every time.

`build_orders` gives kept orders (see `wire`): every key of a WooCommerce order, money at six
decimal places, refunds whole.
"""

from datetime import UTC, datetime, timedelta
from random import Random

from eshops.sandbox import stock
from eshops.sandbox.clock import stamp
from eshops.sandbox.drafts import PECULIARITIES, WHOLESALE_AT, Draft, wholesale
from eshops.sandbox.ids import Ids
from eshops.sandbox.lines import coupon_lines, draft_rates, fee_line, product_line, shipping_line
from eshops.sandbox.money import Order, price_line, settle
from eshops.sandbox.people import PEOPLE
from eshops.sandbox.refunds import add_planned_refund
from eshops.sandbox.stock import Method

SPAN = timedelta(days=120)
STATUSES = (
    ("processing", 38), ("completed", 34), ("on-hold", 9), ("pending", 7), ("cancelled", 6),
    ("failed", 3), ("ready-pickup", 3),
)  # fmt: skip
PAYMENTS = (
    ("bacs", "Bankovní převod"),
    ("cod", "Dobírka"),
    ("stripe", "Credit Card (Stripe)"),
    ("gopay_card", "Platební karta (GoPay)"),
    ("cheque", "Šek"),
)
PAID = frozenset({"processing", "completed", "ready-pickup", "refunded"})
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def build_orders(
    count: int = 250, now: datetime | None = None, ids: Ids | None = None
) -> list[Order]:
    """`count` orders placed over the last 120 days before `now`, the oldest first.

    The same count and moment give the same orders. `ids`, if given, is left at the last numbers
    used.
    """
    now = now or datetime.now(UTC)
    ids = ids if ids is not None else Ids()
    step = SPAN / max(count, 1)
    return [
        build_order(number, placed=now - step * (count - 1 - number) - step / 9, now=now, ids=ids)
        for number in range(count)
    ]


def build_order(number: int, *, placed: datetime, now: datetime, ids: Ids) -> Order:
    """The `number`-th order of the shop, priced and settled."""
    rng = Random(f"sandbox-{number}")
    draft = _draft(number, rng)
    order = _blank(draft, ids, rng, number)
    order["line_items"] = [product_line(item, draft, ids) for item in draft.items]
    order["coupon_lines"] = list(coupon_lines(draft, order, ids))
    for line in order["line_items"]:
        price_line(line, draft_rates(draft, line["tax_class"]), inclusive=draft.inclusive)
    order["shipping_lines"] = [shipping_line(m, draft, order, ids) for m in draft.shipping]
    order["fee_lines"] = [fee_line(name, amount, draft, ids) for name, amount in draft.fees]
    settle(order, ids)
    _date(order, placed.replace(microsecond=0), now, rng)
    for plan in draft.refunds:
        add_planned_refund(order, plan, draft, ids)
    return order


def _draft(number: int, rng: Random) -> Draft:
    person = PEOPLE[(number * 5 + number // len(PEOPLE)) % len(PEOPLE)]
    names, weights = zip(*STATUSES, strict=True)
    draft = Draft(
        person=person,
        items=[(rng.choice(stock.PRODUCTS), rng.choice((1, 1, 2, 3))) for _ in range(_few(rng))],
        shipping=[_usual_method(person.country)],
        status=rng.choices(names, weights)[0],
        payment=rng.choice(PAYMENTS),
    )
    if number == WHOLESALE_AT:
        wholesale(draft, rng)
    else:
        PECULIARITIES[number % len(PECULIARITIES)](draft, rng)
    # A compound rate cannot be taken back out of a gross price here.
    draft.inclusive = draft.inclusive and person.country != "CA"
    return draft


def _few(rng: Random) -> int:
    return rng.choice((1, 1, 2, 2, 3, 4))


def _usual_method(country: str) -> Method:
    if country == "CZ":
        return stock.PPL
    if country == "JP":
        return stock.EMS
    return stock.DPD if country in {"SK", "HU", "DE", "FR"} else stock.POST


def _blank(draft: Draft, ids: Ids, rng: Random, number: int) -> Order:
    """An order with everything but its lines, sums and dates, its keys in the usual sequence."""
    order_id = ids.next_post(rng.choice((1, 1, 2, 3, 7)))
    key = "wc_order_" + "".join(rng.choices("abcdefghjkmnpqrstuvwxyzABCDEFGH23456789", k=13))
    person, (payment, payment_title) = draft.person, draft.payment
    billing, shipping = _addresses(draft, number)
    card_payment = payment in {"stripe", "gopay_card"} and draft.status in PAID
    return {
        "id": order_id,
        "parent_id": 0,
        "status": draft.status,
        "currency": person.currency,
        "version": "10.5.2",
        "prices_include_tax": draft.inclusive,
        "date_created": "",
        "date_modified": "",
        "discount_total": "0",
        "discount_tax": "0",
        "shipping_total": "0",
        "shipping_tax": "0",
        "cart_tax": "0",
        "total": "0",
        "total_tax": "0",
        "customer_id": 0 if number % 3 else 20 + PEOPLE.index(person),
        "order_key": key,
        "billing": billing,
        "shipping": shipping,
        "payment_method": payment,
        "payment_method_title": payment_title,
        "transaction_id": f"sandbox_{rng.randrange(10**12):012d}" if card_payment else "",
        "customer_ip_address": f"203.0.113.{number % 250 + 1}",
        "customer_user_agent": BROWSER,
        "created_via": "checkout" if number % 5 else "store-api",
        "customer_note": draft.note,
        "date_completed": None,
        "date_paid": None,
        "cart_hash": f"{rng.getrandbits(128):032x}",
        "number": f"2026-CZ/{number + 1:05d}" if number % 9 == 4 else str(order_id),
        "meta_data": [
            {"id": ids.next_meta(), "key": key, "value": value} for key, value in draft.meta.items()
        ],
        "line_items": [],
        "tax_lines": [],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
        "payment_url": f"https://127.0.0.1/checkout/order-pay/{order_id}/?pay_for_order=true&key={key}",
        "is_editable": False,
        "needs_payment": False,
        "needs_processing": True,
        "date_created_gmt": "",
        "date_modified_gmt": "",
        "date_completed_gmt": None,
        "date_paid_gmt": None,
        "currency_symbol": stock.CURRENCIES[person.currency][0],
        "_links": {},
    }


def _addresses(draft: Draft, number: int) -> tuple[dict[str, str], dict[str, str]]:
    address = draft.person.address() | ({"company": draft.company[0]} if draft.company else {})
    phone = address.pop("phone")
    billing = address | {"email": f"customer{number + 1}@example.com", "phone": phone}
    if not draft.shipping:
        return billing, dict.fromkeys((*address, "phone"), "")
    shipping = address | {"phone": phone}
    if not draft.same_address:
        shipping |= {"first_name": "Recepce", "address_2": "2. patro, dveře č. 4", "phone": ""}
    return billing, shipping


def _date(order: Order, placed: datetime, now: datetime, rng: Random) -> None:
    """Stamp the order as placed, paid, completed and last changed, none of it after `now`."""

    def later(moment: datetime, most: timedelta) -> datetime:
        return min(moment + most * rng.random(), now).replace(microsecond=0)

    paid = order["status"] in PAID and (
        order["payment_method"] != "cod" or order["status"] == "completed"
    )
    completed = order["status"] == "completed"
    paid_at = later(placed, timedelta(hours=6))
    completed_at = later(paid_at, timedelta(days=4))
    stamp(order, "created", placed)
    stamp(order, "paid", paid_at if paid else None)
    stamp(order, "completed", completed_at if completed else None)
    stamp(order, "modified", completed_at if completed else paid_at)
