"""A local fake of Shopify's GraphQL Admin API, for development without an account and for tests.

In: a `Market`. Out: `ShopifyServer`, on loopback.
Invariant: what it asks of a query is what Shopify's reference says (shopify.dev/docs/api/admin-graphql, 2026-10).
"""

from __future__ import annotations

from rulecrm_shopify.fake.server import ShopifyServer, shopify_market

__all__ = ["ShopifyServer", "shopify_market"]
