"""One small shop for each platform: the rows of the contract test, see `tests.platforms.shop`."""

from tests.platforms.shop import PlatformShop
from tests.platforms.shoptet import ShoptetShop
from tests.platforms.upgates import UpgatesShop
from tests.platforms.woocommerce import WooCommerceShop

SHOPS: dict[str, type[PlatformShop]] = {
    "shoptet": ShoptetShop,
    "upgates": UpgatesShop,
    "woocommerce": WooCommerceShop,
}
