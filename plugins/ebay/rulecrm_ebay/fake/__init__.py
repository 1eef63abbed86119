"""A local fake of eBay's Sell Fulfillment API, for development without an account and for tests.

In: a `Market`. Out: `EbayServer`, on loopback.
Invariant: it knows nothing of the code that reads it.
"""

from rulecrm_ebay.fake.server import EbayServer
from rulecrm_ebay.fake.telling import ebay_market

__all__ = ["EbayServer", "ebay_market"]
