"""An account of Amazon, opened.

In: its settings, and where it runs. Out: a source.
Invariant: no connection is opened and no secret read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from rulecrm.plugin import Batch, PlatformContext
from rulecrm_amazon.api import Api
from rulecrm_amazon.history import Reports, read_report
from rulecrm_amazon.orders import Orders
from rulecrm_amazon.orders_v0 import OldOrders
from rulecrm_amazon.settings import Settings
from rulecrm_amazon.source import AmazonSource

__all__ = ["open_amazon"]


def open_amazon(
    settings: Settings, context: PlatformContext, read: Callable[[Path], Iterator[Batch]] = read_report
) -> AmazonSource:
    """The account's source; `read` gives the batches of a report's file."""
    api = Api(settings, context)
    shelf = OldOrders(settings, api) if settings.orders_api == "v0" else Orders(settings, api)
    return AmazonSource(settings, context, api, shelf, Reports(settings, context, api, read))
