"""One small shop for each platform: the rows of the contract test, see `tests.platforms.shop`."""

from tests.platforms.medusa import MedusaShop
from tests.platforms.prestashop import PrestaShopShop
from tests.platforms.saleor import SaleorShop
from tests.platforms.shop import PlatformShop
from tests.platforms.shopify import ShopifyShop
from tests.platforms.shoptet import ShoptetShop
from tests.platforms.upgates import UpgatesShop
from tests.platforms.vendure import VendureShop
from tests.platforms.woocommerce import WooCommerceShop

SHOPS: dict[str, type[PlatformShop]] = {
    "medusa": MedusaShop,
    "prestashop": PrestaShopShop,
    "saleor": SaleorShop,
    "shopify": ShopifyShop,
    "shoptet": ShoptetShop,
    "upgates": UpgatesShop,
    "vendure": VendureShop,
    "woocommerce": WooCommerceShop,
}
