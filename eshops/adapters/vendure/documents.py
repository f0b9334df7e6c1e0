"""What is asked of Vendure's Admin API. Pure.

Every field is in the schema of @vendure/core 3.7 (`api/schema`), except the custom fields, which
differ from shop to shop: which there are, the shop tells in `serverConfig.entityCustomFields` and
with every order we ask for. Figures that Vendure rounds are asked for, not those it does not
(`ShippingLine.price`); and nothing that fails for an order whose product was deleted.
"""

import re
from collections.abc import Mapping
from typing import Any

from eshops.adapters.reading import mapping, objects, text

Custom = Mapping[str, str]
"""Entity → the selection of its custom fields, `erpNumber point{id city}`."""

ENTITIES = ("Order", "OrderLine", "ShippingLine", "Customer", "Address")
"""Those whose custom fields are told with an order."""

_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,99}")
_OF_RELATIONS = ("id", "code", "name")
"""What is told of an entity that a custom field refers to, of those that it has."""

LOGIN = """
mutation ($username: String!, $password: String!) {
  login(username: $username, password: $password) {
    __typename ... on CurrentUser { channels { code } }
  }
}
"""
SIGNED_IN = "{ globalSettings { id } }"
SETTINGS = """
globalSettings {
  serverConfig {
    moneyStrategyPrecision
    entityCustomFields {
      entityName
      customFields {
        ... on CustomField { name }
        ... on StructCustomFieldConfig { fields { ... on StructField { name } } }
        ... on RelationCustomFieldConfig { entity scalarFields }
      }
    }
  }
}
"""
INTRODUCTION = (
    "{ orders(options: {take: 1}) { totalItems } paymentMethods(options: {take: 1}) { totalItems } "
    "shippingMethods(options: {take: 1}) { totalItems } activeChannel { code } "
    f"{SETTINGS} }}"
)
"""Asks for something of all that the other documents need a right for."""
SEQUENCES = """
{
  globalSettings { serverConfig { orderProcess { name } } }
  shippingMethods { items { code name description } }
  paymentMethods { items { code name description enabled handler { code } } }
}
"""
LISTED_IDS = """
query ($options: OrderListOptions) { orders(options: $options) { totalItems items { id } } }
"""
_LISTED = """
query ($options: OrderListOptions) {
  orders(options: $options) { totalItems items { ...Order } }
"""
_SINGLE = """
query ($id: ID!) {
  order(id: $id) { ...Order }
"""
_ORDER = """
  paymentMethods { items { code name } }
}
fragment Order on Order {
  id code state type orderPlacedAt createdAt updatedAt
  currencyCode total totalWithTax shippingWithTax couponCodes
  customer { firstName lastName emailAddress phoneNumber %(Customer)s }
  billingAddress { ...Address }
  shippingAddress { ...Address }
  lines {
    id quantity orderPlacedQuantity taxRate
    proratedUnitPrice proratedLinePrice proratedLinePriceWithTax
    productVariant { id productId sku name options { name group { name } } }
    %(OrderLine)s
  }
  shippingLines {
    id discountedPrice discountedPriceWithTax
    shippingMethod { code name }
    %(ShippingLine)s
  }
  surcharges { id description sku price priceWithTax taxRate }
  discounts { adjustmentSource description amount amountWithTax }
  taxSummary { description taxRate }
  payments {
    id method state amount transactionId errorMessage createdAt updatedAt metadata
    refunds { id total state reason }
  }
  fulfillments { id state trackingCode lines { orderLineId quantity } }
  %(Order)s
}
fragment Address on OrderAddress {
  fullName company streetLine1 streetLine2 city province postalCode countryCode phoneNumber
  %(Address)s
}
"""


def listed(custom: Custom) -> str:
    """A list of orders, `$options` says which."""
    return _LISTED + SETTINGS + _ORDER % _custom_fields(custom)


def single(custom: Custom) -> str:
    """The order with that `$id`, null where there is none."""
    return _SINGLE + SETTINGS + _ORDER % _custom_fields(custom)


def _custom_fields(custom: Custom) -> dict[str, str]:
    chosen = {entity: custom.get(entity, "") for entity in ENTITIES}
    return {entity: f"customFields {{ {each} }}" if each else "" for entity, each in chosen.items()}


def custom_fields(server_config: Mapping[str, Any]) -> dict[str, str]:
    """The custom fields that the shop says it has."""
    found = {}
    for each in objects(server_config, "entityCustomFields"):
        fields = filter(None, map(_selected, objects(each, "customFields")))
        selection = " ".join(fields)
        if each.get("entityName") in ENTITIES and selection:
            found[text(each, "entityName")] = selection
    return found


def _selected(field: Mapping[str, Any]) -> str:
    """How the field is asked for; a structure and a relation have fields of their own."""
    name = _name(field)
    inner = list(filter(None, map(_name, objects(field, "fields"))))
    if field.get("entity"):
        scalars = field.get("scalarFields")
        inner = [each for each in _OF_RELATIONS if isinstance(scalars, list) and each in scalars]
        if not inner:
            return ""
    return f"{name}{{{' '.join(inner)}}}" if name and inner else name


def _name(field: Mapping[str, Any]) -> str:
    found = text(field, "name")
    return found if _NAME.fullmatch(found) else ""


def server_config(data: Mapping[str, Any]) -> dict[str, Any]:
    return mapping(mapping(data, "globalSettings"), "serverConfig")
