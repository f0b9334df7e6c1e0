"""What the sandbox shop sells and how it charges for it: products, tax rates, shipping, payment.

All of it is made up. Prices are in EUR without tax.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Product:
    id: int
    """0 for a product that has been deleted since: its lines then have no SKU either."""
    name: str
    sku: str | None
    price: Decimal
    tax_class: str = ""
    variation_id: int = 0
    parent_name: str | None = None
    options: tuple[tuple[str, str, str, str], ...] = ()
    """Key, value, display key and display value of each chosen option."""
    virtual: bool = False
    image: tuple[int | str, str] = ("", "")
    ean: str = ""


def _sweater(variation_id: int, size: str, colour: str) -> Product:
    return Product(
        id=2040,
        name=f"Vlněný svetr - {size}, {colour}",
        sku=f"SVETR-{size}-{colour[:2].upper()}",
        price=Decimal("52.90"),
        variation_id=variation_id,
        parent_name="Vlněný svetr",
        options=(
            ("pa_velikost", size.lower(), "Velikost", size),
            ("barva", colour, "Barva", colour),
        ),
        image=(0, ""),
    )


PRODUCTS = (
    Product(2001, "Lněný ubrus 140 × 220", "UBRUS-140", Decimal("31.40"), ean="8591234500017"),
    Product(2002, "Svíčka z včelího vosku", "SVICKA-VV", Decimal("7.90")),
    Product(2003, "Keramická miska – kobalt", "MISKA/KB 1", Decimal("18.25")),
    Product(2004, "Proutěný košík ŐŰ", "KOSIK-02", Decimal("24.99")),
    Product(2005, "抹茶 30 g", "MATCHA-30", Decimal("16.90")),
    Product(2006, "Savon à l'huile d'olive", "SAVON-OL", Decimal("3.3333")),
    Product(2007, "Dřevěná lžíce", "", Decimal("4.10")),
    Product(2008, "Holzbrett Größe L", "BRETT-L", Decimal("28.07")),
    _sweater(2041, "M", "Šedá"),
    _sweater(2042, "L", "Modrá"),
    _sweater(2043, "XS", "Zelená"),
)
HONEY = Product(2010, "Med květový 500 g", "MED-500", Decimal("6.80"), "reduced-rate")
COOKBOOK = Product(2011, "Kuchařka našich babiček", "KNIHA-KB", Decimal("15.17"), "reduced-rate")
EBOOK = Product(2012, "E-kniha: Zahrada za rok", "EKNIHA-ZR", Decimal("5.75"), virtual=True)
SAMPLE = Product(2013, "Vzorek čaje zdarma", "VZOREK", Decimal("0"))
MARKUP = Product(2014, "Hrníček <em>Ráno</em> &amp; podšálek", "HRNEK/01 ž", Decimal("12.45"))
DELETED = Product(0, "Vyřazený podtácek", None, Decimal("2.77"), image=(0, ""))

EVERY_PRODUCT = (*PRODUCTS, HONEY, COOKBOOK, EBOOK, SAMPLE, MARKUP, DELETED)
VIRTUAL_IDS = frozenset(product.id for product in EVERY_PRODUCT if product.virtual)


def product_named(name: str) -> Product | None:
    return next((product for product in EVERY_PRODUCT if product.name == name), None)


@dataclass(frozen=True)
class Rate:
    id: int
    country: str
    code: str
    label: str
    percent: Decimal
    compound: bool = False
    tax_class: str = ""


RATES = {
    rate.id: rate
    for rate in (
        Rate(1, "CZ", "CZ-DPH 21 %-1", "DPH 21 %", Decimal(21)),
        Rate(2, "CZ", "CZ-DPH 12 %-1", "DPH 12 %", Decimal(12), tax_class="reduced-rate"),
        Rate(3, "SK", "SK-DPH 23 %-1", "DPH 23 %", Decimal(23)),
        Rate(4, "SK", "SK-DPH 5 %-1", "DPH 5 %", Decimal(5), tax_class="reduced-rate"),
        Rate(5, "HU", "HU-ÁFA 27 %-1", "ÁFA 27 %", Decimal(27)),
        Rate(6, "DE", "DE-MWST. 19 %-1", "MwSt. 19 %", Decimal(19)),
        Rate(7, "FR", "FR-TVA 20 %-1", "TVA 20 %", Decimal(20)),
        Rate(8, "JP", "JP-消費税-1", "消費税", Decimal(10)),
        Rate(11, "CA", "CA-GST-1", "GST", Decimal(5)),
        Rate(12, "CA", "CA-QST-2", "QST", Decimal("9.975"), compound=True),
    )
}


def rates_for(country: str, tax_class: str = "") -> tuple[Rate, ...]:
    """The rates a country charges on a tax class; one without its own rate pays the standard."""
    of_country = [rate for rate in RATES.values() if rate.country == country]
    wanted = tuple(rate for rate in of_country if rate.tax_class == tax_class)
    return wanted or tuple(rate for rate in of_country if rate.tax_class == "")


@dataclass(frozen=True)
class Method:
    instance_id: int
    method_id: str
    title: str
    cost: Decimal


@dataclass(frozen=True)
class Zone:
    id: int
    name: str
    methods: tuple[Method, ...]


PPL = Method(1, "flat_rate", "PPL na adresu", Decimal("4.50"))
PACKETA = Method(2, "flat_rate", "Zásilkovna – výdejní místo", Decimal("2.90"))
FREE = Method(3, "free_shipping", "Doprava zdarma", Decimal("0"))
COLLECT = Method(4, "local_pickup", "Osobní odběr Olomouc", Decimal("0"))
DPD = Method(5, "flat_rate", "DPD EU", Decimal("8.30"))
GLS = Method(6, "flat_rate", "GLS ParcelShop", Decimal("6.10"))
EMS = Method(7, "flat_rate", "EMS 国際スピード郵便", Decimal("19.80"))
POST = Method(8, "flat_rate", "World post", Decimal("14.00"))

ZONES = (
    Zone(0, "Locations not covered by your other zones", (POST,)),
    Zone(1, "Česko", (PPL, PACKETA, FREE, COLLECT)),
    Zone(2, "Evropská unie", (DPD, GLS)),
    Zone(3, "日本", (EMS,)),
)

METHOD_TITLES = {
    "flat_rate": "Flat rate",
    "free_shipping": "Free shipping",
    "local_pickup": "Local pickup",
}

GATEWAYS = (
    ("bacs", "Bankovní převod", "Direct bank transfer"),
    ("cheque", "Šek", "Check payments"),
    ("cod", "Dobírka", "Cash on delivery"),
)

STATUSES = {
    "pending": "Pending payment",
    "processing": "Processing",
    "on-hold": "On hold",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "failed": "Failed",
    "ready-pickup": "Připraveno k vyzvednutí",
    "checkout-draft": "Draft",
}
"""The registered order statuses, in the order the API lists them."""

CURRENCIES = {
    "EUR": ("€", Decimal(1)),
    "CZK": ("Kč", Decimal(25)),
    "HUF": ("Ft", Decimal(400)),
    "JPY": ("¥", Decimal(160)),
}
"""Symbol, and how much of the currency is one EUR."""
