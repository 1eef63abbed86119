"""Orders from Amazon.

In: the settings of an account, of a route, or files. Out: the platform `amazon`, the channels `amazon-solicitations`
and `amazon-messaging`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rulecrm.plugin import Channel, ChannelType, Context, PlatformContext, PlatformType, Source, hookimpl
from rulecrm_amazon.contact import may_contact
from rulecrm_amazon.files import FORMATS
from rulecrm_amazon.settings import Outreach, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Outreach", "Settings", "rulecrm_channels", "rulecrm_platforms"]


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


def _solicitations(settings: Outreach, context: Context) -> Channel:
    from rulecrm_amazon.solicitations import Solicitations

    return Solicitations(settings, context)


def _messaging(settings: Outreach, context: Context) -> Channel:
    from rulecrm_amazon.messaging import Messaging

    return Messaging(settings, context)


_REACHING = """The application of the account in [Seller Central](https://developer-docs.amazon.com/sp-api/docs/\
registering-as-a-developer), with the role Buyer Solicitation or Buyer Communication.

Addresses are orders, with their marketplace: the attribute `amazon_order` of customers. See the README of
`rulecrm-amazon`."""


@hookimpl
def rulecrm_channels() -> Iterable[ChannelType]:
    """The channels."""
    asks, says = "Amazon's request for a review, once an order", "messages that an order at Amazon needs"
    return [
        ChannelType("amazon-solicitations", "im", Outreach, _solicitations, asks, _REACHING),
        ChannelType("amazon-messaging", "im", Outreach, _messaging, says, _REACHING),
    ]


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
