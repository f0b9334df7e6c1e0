"""What Saleor's GraphQL API is asked for.

Every field may be read with the permission MANAGE_ORDERS (said by the schema of 3.22), but for the
shipping zones, which need MANAGE_SHIPPING. The discounts of lines came with Saleor 3.21. Of
enumerations no more are asked for than are needed: a value that the schema does not know, as an
empty `origin` (observed), makes the whole list null.
"""

ORDER = """
fragment Taxed on TaxedMoney { gross { amount currency } net { amount } }
fragment Postal on Address {
  firstName lastName companyName streetAddress1 streetAddress2 city postalCode countryArea phone
  country { code } metadata { key value }
}
fragment Whole on Order {
  id number created updatedAt status chargeStatus authorizeStatus isPaid
  externalReference languageCodeEnum voucherCode customerNote
  channel { slug taxConfiguration { pricesEnteredWithTax } }
  userEmail user { firstName lastName }
  billingAddress { ...Postal }
  shippingAddress { ...Postal }
  total { ...Taxed }
  totalCharged { amount }
  totalRefunded { amount }
  shippingMethodName collectionPointName
  deliveryMethod { __typename ... on ShippingMethod { id name } ... on Warehouse { id name } }
  shippingPrice { ...Taxed }
  undiscountedShippingPrice { amount }
  shippingTaxRate
  lines {
    id productName variantName productSku productVariantId variant { id product { id } }
    quantity taxRate
    unitPrice { net { amount } }
    totalPrice { ...Taxed }
    undiscountedTotalPrice { gross { amount } }
    discounts { id name reason total { amount } }
    metadata { key value }
  }
  discounts { id name reason total { amount } }
  giftCards { last4CodeChars }
  transactions {
    id name message pspReference createdAt
    authorizedAmount { amount } chargedAmount { amount } refundedAmount { amount }
    createdBy { __typename ... on App { identifier name } }
    events { id type message createdAt amount { amount } }
  }
  payments {
    id gateway isActive created capturedAmount { amount }
    transactions { id kind isSuccess created amount { amount } }
  }
  grantedRefunds { reason transactionEvents { id } }
  fulfillments { status trackingNumber }
  invoices { number }
  metadata { key value }
  privateMetadata { key value }
}
"""

BY_IDS = (
    """
query orders($ids: [ID!]!, $first: Int!) {
  orders(first: $first, filter: {ids: $ids}) { edges { node { ...Whole } } }
}
"""
    + ORDER
)

SINGLE = "query order($id: ID!) { order(id: $id) { ...Whole } }" + ORDER

_PAGE = """
query page($first: Int!, $after: String, $filter: OrderFilterInput) {
  orders(
    first: $first, after: $after, filter: $filter
    sortBy: {field: LAST_MODIFIED_AT, direction: ASC}
  ) { totalCount pageInfo { hasNextPage endCursor } edges { node { %s } } }
}
"""
PAGE = _PAGE % "...Whole" + ORDER
PAGE_OF_IDS = _PAGE % "id"

INFO = "{ shop { name } app { id } me { id } orders(first: 1) { edges { node { id } } } }"

SIGN_IN = """
mutation login($email: String!, $password: String!) {
  tokenCreate(email: $email, password: $password) { token errors { code message } }
}
"""

ZONES = """
query zones($after: String) {
  shippingZones(first: 100, after: $after) {
    pageInfo { hasNextPage endCursor } edges { node { name shippingMethods { id name } } }
  }
}
"""

WAREHOUSES = """
query warehouses($after: String) {
  warehouses(first: 100, after: $after) {
    pageInfo { hasNextPage endCursor } edges { node { id name clickAndCollectOption } }
  }
}
"""
