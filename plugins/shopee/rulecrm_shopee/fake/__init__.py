"""A local fake of Shopee's Open API, for development without an account and for tests.

In: a `Market`. Out: `ShopeeServer`, on loopback.
Invariant: it knows nothing of the code that reads it.
"""

from rulecrm_shopee.fake.server import ShopeeServer
from rulecrm_shopee.fake.telling import shopee_market

__all__ = ["ShopeeServer", "shopee_market"]
