"""What Shopify is asked, in the words of its Admin GraphQL API 2026-10.

A request costs points before it is carried out, and no more than 1,000 of them. Objects cost one
each, lists of objects one, amounts of money and the billing address none; a connection costs two
and what is inside times ⌊2·ln(first)⌋ (Shopify's staff in its developer community, "How to
calculate GraphQL cost estimates"; a published connector's measured queries agree). So the sizes of
the connections here are the last that cost no more, and orders that have more are asked for the
rest: lists that are no connections (refunds, transactions, fulfillments, taxes) come whole.
"""

_MONEY = "{ presentmentMoney { amount } }"
_PAGE_INFO = "pageInfo { hasNextPage endCursor }"

_ALLOCATIONS = f"""discountAllocations {{ allocatedAmountSet {_MONEY} discountApplication {{
  index
  ... on DiscountCodeApplication {{ code }}
  ... on ManualDiscountApplication {{ title }}
  ... on AutomaticDiscountApplication {{ title }}
  ... on ScriptDiscountApplication {{ title }}
}} }}"""
_TAXES = f"taxLines {{ ratePercentage priceSet {_MONEY} }}"
_ADDRESS = """{ firstName lastName company address1 address2 city province provinceCode zip
  countryCodeV2 phone }"""

_PARTS = {
    "lineItems": f"""
      id title variantTitle sku quantity
      product {{ id }} variant {{ id barcode }} customAttributes {{ key value }}
      originalTotalSet {_MONEY} {_ALLOCATIONS} {_TAXES}""",
    "shippingLines": f"id title code discountedPriceSet {_MONEY} {_ALLOCATIONS} {_TAXES}",
    "localizedFields": "key value",
    "metafields": "namespace key value",
    "refundLineItems": f"""
      quantity restockType subtotalSet {_MONEY} totalTaxSet {_MONEY} lineItem {{ id }}""",
}
"""The connections inside an order and what each of their nodes is asked for."""
_SIZES = {
    "lineItems": 12,
    "shippingLines": 2,
    "localizedFields": 2,
    "metafields": 12,
    "refundLineItems": 2,
}


def _connection(name: str, arguments: str) -> str:
    return f"{name}({arguments}) {{ {_PAGE_INFO} nodes {{ {_PARTS[name]} }} }}"


_FIRST = {name: _connection(name, f"first: {size}") for name, size in _SIZES.items()}

ORDER = f"""
fragment OrderParts on Order {{
  id name createdAt updatedAt cancelledAt closedAt cancelReason
  displayFinancialStatus displayFulfillmentStatus returnStatus fullyPaid
  presentmentCurrencyCode taxesIncluded dutiesIncluded
  email phone note poNumber confirmationNumber sourceName tags test paymentGatewayNames
  totalPriceSet {_MONEY} totalTaxSet {_MONEY}
  currentTotalPriceSet {_MONEY} currentTotalTaxSet {_MONEY}
  totalReceivedSet {_MONEY} totalRefundedSet {_MONEY} totalTipReceivedSet {_MONEY}
  originalTotalDutiesSet {_MONEY} currentTotalDutiesSet {_MONEY}
  totalCashRoundingAdjustment {{ paymentSet {_MONEY} }}
  additionalFees {{ id name price {_MONEY} {_TAXES} }}
  transactions {{ kind status gateway formattedGateway processedAt }}
  customer {{
    firstName lastName defaultEmailAddress {{ emailAddress }} defaultPhoneNumber {{ phoneNumber }}
  }}
  purchasingEntity {{ ... on PurchasingCompany {{
    company {{ name externalId }} location {{ taxSettings {{ taxRegistrationId }} }}
  }} }}
  billingAddress {_ADDRESS}
  shippingAddress {_ADDRESS}
  fulfillments {{ status trackingInfo {{ number url }} }}
  refunds {{ id note createdAt totalRefundedSet {_MONEY} {_FIRST["refundLineItems"]} }}
  customAttributes {{ key value }}
  {_FIRST["localizedFields"]}
  {_FIRST["shippingLines"]}
  {_FIRST["metafields"]}
  {_FIRST["lineItems"]}
}}"""

INFO = f"""query Info {{
  shop {{ name ianaTimezone myshopifyDomain }}
  currentAppInstallation {{ accessScopes {{ handle }} }}
  orders(first: 1, reverse: true, sortKey: CREATED_AT) {{ nodes {{ ...OrderParts }} }}
}}{ORDER}"""

ACCESS = "query Access { shop { name } orders(first: 1) { nodes { id } } }"

BY_IDS = f"query ByIds($ids: [ID!]!) {{ nodes(ids: $ids) {{ ...OrderParts }} }}{ORDER}"

BY_ID = f"query ById($id: ID!) {{ order(id: $id) {{ ...OrderParts }} }}{ORDER}"

_LISTED = "$first: Int!, $after: String, $query: String, $sortKey: OrderSortKeys!"
_PAGE = "orders(first: $first, after: $after, query: $query, sortKey: $sortKey)"

FIRST_PAGE = f"""query FirstPage({_LISTED}) {{
  {_PAGE} {{ {_PAGE_INFO} nodes {{ ...OrderParts }} }}
  ordersCount(query: $query) {{ count precision }}
}}{ORDER}"""

NEXT_PAGE = f"""query NextPage({_LISTED}) {{
  {_PAGE} {{ {_PAGE_INFO} nodes {{ ...OrderParts }} }}
}}{ORDER}"""

PAGE_IDS = f"query PageIds({_LISTED}) {{ {_PAGE} {{ {_PAGE_INFO} nodes {{ id }} }} }}"


def _more(name: str) -> str:
    inside = _connection(name, "first: 50, after: $after")
    owner = f"Refund {{ {inside}" if name == "refundLineItems" else f"Order {{ updatedAt {inside}"
    return f"query More($id: ID!, $after: String!) {{ node(id: $id) {{ ... on {owner} }} }} }}"


MORE = {name: _more(name) for name in _PARTS}
"""The next nodes of a connection, and when its order was changed."""


def absent(gids: list[str]) -> str:
    """Whether these orders are there, each asked for by itself, and what our key may read."""
    orders = " ".join(f'o{at}: order(id: "{gid}") {{ id }}' for at, gid in enumerate(gids))
    return f"query Absent {{ currentAppInstallation {{ accessScopes {{ handle }} }} {orders} }}"
