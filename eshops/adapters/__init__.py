"""The platforms we can talk to."""

from eshops.adapters.woocommerce import WooCommerce
from eshops.source import AdapterFactory

ADAPTERS: dict[str, AdapterFactory] = {"woocommerce": WooCommerce}
