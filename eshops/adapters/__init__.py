"""The platforms we can talk to."""

from eshops.adapters.prestashop.adapter import PrestaShop
from eshops.adapters.upgates.adapter import Upgates
from eshops.adapters.woocommerce.adapter import WooCommerce
from eshops.source import AdapterFactory

ADAPTERS: dict[str, AdapterFactory] = {
    "prestashop": PrestaShop,
    "upgates": Upgates,
    "woocommerce": WooCommerce,
}


def listed_kinds(platform: str) -> frozenset[str]:
    """The kinds of code lists the platform tells itself; the others are learnt from orders."""
    return ADAPTERS[platform].lists if platform in ADAPTERS else frozenset()
