"""A local fake of Amazon's Selling Partner API, for development without an account and for tests.

In: a `Market`. Out: `AmazonServer`, on loopback.
Invariant: what it asks of a call is what the published models ask (github.com/amzn/selling-partner-api-models, snapshot
of 2026-08-05); nothing in it was made from the source that is tested against it.
"""

from __future__ import annotations

from rulecrm_amazon.fake.server import AmazonServer, amazon_market

__all__ = ["AmazonServer", "amazon_market"]
