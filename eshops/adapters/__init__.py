"""The platforms we can talk to."""

from eshops.adapters.medusa.adapter import Medusa
from eshops.adapters.prestashop.adapter import PrestaShop
from eshops.adapters.saleor.adapter import Saleor
from eshops.adapters.shopify.adapter import Shopify
from eshops.adapters.shoptet.adapter import Shoptet
from eshops.adapters.upgates.adapter import Upgates
from eshops.adapters.vendure.adapter import Vendure
from eshops.adapters.woocommerce.adapter import WooCommerce
from eshops.source import AdapterFactory

ADAPTERS: dict[str, AdapterFactory] = {
    "medusa": Medusa,
    "prestashop": PrestaShop,
    "saleor": Saleor,
    "shopify": Shopify,
    "shoptet": Shoptet,
    "upgates": Upgates,
    "vendure": Vendure,
    "woocommerce": WooCommerce,
}


def listed_kinds(platform: str) -> frozenset[str]:
    """The kinds of code lists the platform tells itself; the others are learnt from orders."""
    return ADAPTERS[platform].lists if platform in ADAPTERS else frozenset()
