"""The platforms we can talk to."""

from eshops.adapters.shoptet.adapter import Shoptet
from eshops.adapters.upgates.adapter import Upgates
from eshops.adapters.woocommerce.adapter import WooCommerce
from eshops.source import AdapterFactory

ADAPTERS: dict[str, AdapterFactory] = {
    "shoptet": Shoptet,
    "upgates": Upgates,
    "woocommerce": WooCommerce,
}


def listed_kinds(platform: str) -> frozenset[str]:
    """The kinds of code lists the platform tells itself; the others are learnt from orders."""
    return ADAPTERS[platform].lists if platform in ADAPTERS else frozenset()
