"""What is asked of the GraphQL Admin API.

In: what the settings want. Out: the texts of queries.
Invariant: nothing personal is asked for that nobody wants; lists that are no connections (`transactions`, `refunds`,
`fulfillments`) are asked for whole, without `first`, and so are never cut short.

Names: shopify.dev/docs/api/admin-graphql, 2026-10. What a customer has agreed to is asked of `defaultEmailAddress` and
`defaultPhoneNumber`, which took the place of `emailMarketingConsent` and `smsMarketingConsent`.
"""

from __future__ import annotations

__all__ = ["LINES", "SCOPES", "customers_query", "lines_query", "orders_query"]

LINES = 10
"""Lines that come with an order; further ones are asked for by themselves."""

SCOPES = "query Scopes { currentAppInstallation { accessScopes { handle } } }"

_MONEY = "{ shopMoney { amount currencyCode } }"
_PLACE = "{ countryCodeV2 province city }"
_PAGE = "pageInfo { hasNextPage endCursor }"
_LINE = f"""id title sku quantity product {{ id }}
        originalUnitPriceSet {_MONEY} originalTotalSet {_MONEY}
        discountedTotalSet(withCodeDiscounts: true) {_MONEY}"""


def orders_query() -> str:
    """A page of orders; variables `first`, `after`, `query`, `lines`."""
    return f"""query Orders($first: Int!, $after: String, $query: String, $lines: Int!) {{
  orders(first: $first, after: $after, sortKey: UPDATED_AT, query: $query) {{
    {_PAGE}
    nodes {{
      id updatedAt createdAt processedAt cancelledAt closedAt test
      displayFinancialStatus displayFulfillmentStatus sourceName paymentGatewayNames discountCodes
      totalPriceSet {_MONEY} totalDiscountsSet {_MONEY} totalShippingPriceSet {_MONEY}
      customer {{ id }}
      shippingAddress {_PLACE}
      transactions {{ kind status processedAt amountSet {_MONEY} }}
      refunds {{ createdAt totalRefundedSet {_MONEY} }}
      fulfillments {{ createdAt deliveredAt status }}
      lineItems(first: $lines) {{ {_PAGE} nodes {{ {_LINE} }} }}
    }}
  }}
}}"""


def lines_query() -> str:
    """Further lines of an order; variables `id`, `first`, `after`."""
    return f"""query Lines($id: ID!, $first: Int!, $after: String) {{
  order(id: $id) {{
    lineItems(first: $first, after: $after) {{ {_PAGE} nodes {{ {_LINE} }} }}
  }}
}}"""


def customers_query(*, consent: bool, personal: bool) -> str:
    """A page of customers; variables `first`, `after`, `query`.

    Args:
        consent: whether to ask for what they have agreed to.
        personal: whether to ask for their names and addresses.
    """
    agreed = ["marketingState", "marketingUpdatedAt"] if consent or personal else []
    email, phone = [*agreed], [*agreed]
    if personal:
        email.append("emailAddress")
        phone.append("phoneNumber")
    more = f"defaultEmailAddress {{ {' '.join(email)} }} defaultPhoneNumber {{ {' '.join(phone)} }}" if agreed else ""
    return f"""query Customers($first: Int!, $after: String, $query: String) {{
  customers(first: $first, after: $after, sortKey: UPDATED_AT, query: $query) {{
    {_PAGE}
    nodes {{
      id createdAt updatedAt locale tags defaultAddress {_PLACE} {"firstName" if personal else ""} {more}
    }}
  }}
}}"""
