"""AliExpress, played locally, for development without an account.

In: a market. Out: a server; its `url` goes into the settings.
Invariant: it is made from the published models, not from the source that reads it.
"""

from __future__ import annotations

from rulecrm_aliexpress.fake.legacy import LegacyServer
from rulecrm_aliexpress.fake.server import AliExpressServer

__all__ = ["AliExpressServer", "LegacyServer"]
