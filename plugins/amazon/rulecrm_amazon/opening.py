"""An account of Amazon, opened.

In: its settings, and where it runs. Out: a source.
Invariant: no connection is opened and no secret read.
"""

from __future__ import annotations

from rulecrm.plugin import PlatformContext
from rulecrm_amazon.api import Api
from rulecrm_amazon.orders import Orders
from rulecrm_amazon.orders_v0 import OldOrders
from rulecrm_amazon.settings import Settings
from rulecrm_amazon.source import AmazonSource

__all__ = ["open_amazon"]


def open_amazon(settings: Settings, context: PlatformContext) -> AmazonSource:
    """The account's source."""
    api = Api(settings, context)
    shelf = OldOrders(settings, api) if settings.orders_api == "v0" else Orders(settings, api)
    return AmazonSource(settings, context, api, shelf)
