"""Orders from Amazon.

In: the settings of an account, or files. Out: the platform `amazon`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rulecrm.plugin import PlatformContext, PlatformType, Source, hookimpl
from rulecrm_amazon.contact import may_contact
from rulecrm_amazon.files import FORMATS
from rulecrm_amazon.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Settings", "rulecrm_platforms"]


_GUIDE = """A developer's profile in [Seller Central](https://developer-docs.amazon.com/sp-api/docs/\
registering-as-a-developer) and a private application, which the seller authorises itself.

Roles: Inventory and Order Tracking; Direct-to-Consumer Delivery (restricted) for the aliases of buyers, without which
no order has a customer. The refresh token of the authorisation, the client id and its secret go into the settings.
What sellers download by hand needs none of this. See the README of `rulecrm-amazon`."""


def _open(settings: Settings, context: PlatformContext) -> Source:
    from rulecrm_amazon.opening import open_amazon

    return open_amazon(settings, context)


def _fake() -> object:
    from rulecrm.testing.clocks import FakeClock
    from rulecrm_amazon.fake import AmazonServer, amazon_market

    return AmazonServer(amazon_market(FakeClock()))


@hookimpl
def rulecrm_platforms() -> Iterable[PlatformType]:
    """The platform."""
    return [
        PlatformType(
            "amazon",
            may_contact,
            "Amazon, by its Selling Partner API",
            Settings,
            _open,
            FORMATS,
            keeps_personal=dt.timedelta(days=30),
            fake=_fake,
            guide=_GUIDE,
        )
    ]
