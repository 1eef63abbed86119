"""Orders from Shopee.

In: the settings of a shop, or files. Out: the platform `shopee`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import PlatformType, hookimpl
from rulecrm_shopee.contact import may_contact
from rulecrm_shopee.files import FORMATS
from rulecrm_shopee.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rulecrm.plugin import PlatformContext, Source

__all__ = ["Settings", "rulecrm_platforms"]


_GUIDE = """Sign up as a developer at the [Open Platform](https://open.shopee.com), make an app for orders and returns,
and let the shop authorise it: that gives `shop_id`, `access_token` and `refresh_token`. `partner_id` and `partner_key`
are in the app's console, where the addresses of machines that call have to be declared, too.

What its sellers download by hand needs no account of a developer's. See the README of `rulecrm-shopee`."""


def _open(settings: Settings, context: PlatformContext) -> Source:
    from rulecrm_shopee.source import open_shopee

    return open_shopee(settings, context)


def _fake() -> object:
    from rulecrm.testing.clocks import FakeClock
    from rulecrm_shopee.fake import ShopeeServer, shopee_market

    return ShopeeServer(shopee_market(FakeClock()))


@hookimpl
def rulecrm_platforms() -> Iterable[PlatformType]:
    """The platform."""
    return [
        PlatformType(
            "shopee",
            may_contact,
            "Shopee",
            settings=Settings,
            open=_open,
            files=FORMATS,
            fake=_fake,
            guide=_GUIDE,
        )
    ]
