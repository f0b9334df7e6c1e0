"""What a customer ordered, before it is priced, and the ways one order is unlike another."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from eshops.sandbox import stock
from eshops.sandbox.people import COMPANIES, Person
from eshops.sandbox.stock import Method, Product

PICKUP_POINT = {"id": "7714", "name": "Z-BOX Olomouc, Tržnice", "opening": None}


@dataclass(frozen=True)
class Coupon:
    id: int
    code: str
    kind: str
    """`percent` or `fixed_cart`; the amount of the latter is in EUR."""
    amount: int


PERCENT = Coupon(301, "leto10", "percent", 10)
FIXED = Coupon(302, "dekujeme5", "fixed_cart", 5)
EVERYTHING = Coupon(303, "vše-zdarma", "percent", 100)


@dataclass(kw_only=True)
class Draft:
    person: Person
    items: list[tuple[Product, int]]
    shipping: list[Method]
    status: str
    payment: tuple[str, str]
    inclusive: bool = False
    company: tuple[str, str, str] | None = None
    fees: list[tuple[str, Decimal]] = field(default_factory=list)
    """Name and amount in EUR without tax."""
    coupons: list[Coupon] = field(default_factory=list)
    refunds: tuple[str, ...] = ()
    """Each is `line` (one piece of the first line), `all` (what is left) or an amount in EUR."""
    pickup: dict[str, Any] | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    exempt: bool = False
    same_address: bool = True


Peculiarity = Callable[[Draft, Random], None]


def plain(draft: Draft, rng: Random) -> None:
    """An ordinary order."""


def packeta(draft: Draft, rng: Random) -> None:
    draft.shipping = [stock.PACKETA]
    draft.pickup = PICKUP_POINT
    draft.meta |= {
        "_packeta_point_id": "7714",
        "_packeta_carrier_id": "zpoint",
        "packetery_point": {
            "id": 7714,
            "name": PICKUP_POINT["name"],
            "place": None,
            "url": "https://example.com/point?id=7714&lang=cs",
            "gps": [49.59, 17.25],
        },
    }


def company(draft: Draft, rng: Random) -> None:
    draft.company = rng.choice(COMPANIES)
    _, company_id, vat_id = draft.company
    draft.meta |= {"billing_ic": company_id, "billing_dic": vat_id, "billing_dic_dph": ""}


def company_of_another_plugin(draft: Draft, rng: Random) -> None:
    draft.company = rng.choice(COMPANIES)
    _, company_id, vat_id = draft.company
    draft.meta |= {"_billing_vat_id": vat_id, "_billing_company_id": company_id}


def vat_exempt(draft: Draft, rng: Random) -> None:
    company_of_another_plugin(draft, rng)
    draft.exempt = True
    draft.meta |= {"is_vat_exempt": "yes"}


def packing_fee(draft: Draft, rng: Random) -> None:
    draft.fees = [("Balné", Decimal("1.50"))]


def cash_on_delivery(draft: Draft, rng: Random) -> None:
    draft.payment = ("cod", "Dobírka")
    draft.fees = [("Příplatek za dobírku", Decimal("1.20")), ("Balné", Decimal("0.90"))]


def negative_fee(draft: Draft, rng: Random) -> None:
    draft.fees = [("Sleva za osobní odběr", Decimal("-2.00"))]
    draft.shipping = [stock.COLLECT]


def percent_coupon(draft: Draft, rng: Random) -> None:
    draft.coupons = [PERCENT]


def fixed_coupon(draft: Draft, rng: Random) -> None:
    draft.coupons = [FIXED]


def two_coupons(draft: Draft, rng: Random) -> None:
    draft.coupons = [PERCENT, FIXED]


def free_of_charge(draft: Draft, rng: Random) -> None:
    draft.coupons = [EVERYTHING]
    draft.shipping = [stock.FREE]


def two_parcels(draft: Draft, rng: Random) -> None:
    draft.shipping = [stock.PPL, stock.POST]


def free_shipping(draft: Draft, rng: Random) -> None:
    draft.shipping = [stock.FREE]


def virtual(draft: Draft, rng: Random) -> None:
    draft.items = [(stock.EBOOK, 1)]
    draft.shipping = []
    draft.payment = ("gopay_card", "Platební karta (GoPay)")


def two_vat_rates(draft: Draft, rng: Random) -> None:
    draft.items += [(stock.HONEY, 3), (stock.COOKBOOK, 1)]


def gift(draft: Draft, rng: Random) -> None:
    draft.items.append((stock.SAMPLE, 2))
    draft.note = "Dárek 🎁 – prosím bez účtenky.\nDěkuji, „Ž.“"


def deleted_product(draft: Draft, rng: Random) -> None:
    draft.items.append((stock.DELETED, 4))


def html_everywhere(draft: Draft, rng: Random) -> None:
    draft.items.append((stock.MARKUP, 1))
    draft.note = '<b>Zvoňte</b> 2× <script>alert(1)</script> & "počkejte"\n<img src=x onerror=a>'


def no_payment_method(draft: Draft, rng: Random) -> None:
    draft.payment = ("", "")
    draft.status = "pending"


def card(draft: Draft, rng: Random) -> None:
    draft.payment = ("stripe", "Credit Card (Stripe)")
    draft.status = "processing"


def collected(draft: Draft, rng: Random) -> None:
    draft.status = "ready-pickup"
    draft.shipping = [stock.COLLECT]


def refunded_in_part(draft: Draft, rng: Random) -> None:
    draft.status = "completed"
    draft.refunds = ("line",)


def refunded_twice(draft: Draft, rng: Random) -> None:
    draft.status = "processing"
    draft.refunds = ("1.00", "0.40")


def refunded_in_full(draft: Draft, rng: Random) -> None:
    draft.status = "refunded"
    draft.refunds = ("all",)


def other_address(draft: Draft, rng: Random) -> None:
    draft.same_address = False


def tax_included(draft: Draft, rng: Random) -> None:
    draft.inclusive = True
    draft.coupons = [PERCENT] if rng.random() < 0.4 else []


def wholesale(draft: Draft, rng: Random) -> None:
    """The one order with 120 lines."""
    products = (*stock.PRODUCTS, stock.HONEY, stock.COOKBOOK)
    draft.items = [(products[n % len(products)], 1 + n % 5) for n in range(120)]
    draft.note = "Velkoobchod: 120 položek."


PECULIARITIES: tuple[Peculiarity, ...] = (
    plain, packeta, company, card, cash_on_delivery, percent_coupon, tax_included, plain,
    two_vat_rates, gift, refunded_in_part, html_everywhere, collected, virtual, fixed_coupon, plain,
    company_of_another_plugin, free_shipping, deleted_product, refunded_twice, two_parcels,
    no_payment_method, packing_fee, tax_included, two_coupons, negative_fee, refunded_in_full,
    other_address, vat_exempt, plain, free_of_charge,
)  # fmt: skip
WHOLESALE_AT = 7
"""Which of the orders, counted from 0, is the one with 120 lines."""
