"""How values are written in the answers of Shopify's Admin GraphQL API. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from eshops.adapters.reading import code, mapping, money, objects, plain, text
from eshops.source import BadPayload, Metadatum

Data = Mapping[str, Any]


def amount(data: Data, key: str, default: Decimal | None = None) -> Decimal:
    """The amount in the customer's currency; raises `BadPayload` where there is none."""
    bag = data.get(key)
    if bag is None and default is not None:
        return default
    return money(mapping(mapping(data, key), "presentmentMoney"), "amount")


def nodes(data: Data, key: str) -> list[dict[str, Any]]:
    return objects(mapping(data, key), "nodes")


def identifier(data: Data, key: str = "id") -> str:
    """The number in a global id: 123 of gid://shopify/Order/123; the text after the last slash."""
    found = optional_identifier(data, key)
    if not found:
        raise BadPayload(f"The e-shop's answer has no “{key}”.")
    return found


def optional_identifier(data: Data, key: str = "id") -> str:
    return code(data, key).partition("?")[0].rpartition("/")[2]


def with_tax(data: Data) -> bool:
    included = data.get("taxesIncluded")
    if not isinstance(included, bool):
        raise BadPayload("The e-shop's “taxesIncluded” cannot be understood.")
    return included


def attributes(data: Data) -> tuple[Metadatum, ...]:
    return tuple(
        Metadatum(text(each, "key"), plain(each.get("value")))
        for each in objects(data, "customAttributes")
    )
