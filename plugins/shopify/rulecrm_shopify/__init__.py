"""Orders from Shopify.

In: nothing. Out: the platform `shopify`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import PlatformType, hookimpl
from rulecrm_shopify.contact import may_contact
from rulecrm_shopify.files import FORMATS
from rulecrm_shopify.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rulecrm.plugin.platforms import PlatformContext, Source

__all__ = ["rulecrm_platforms"]


_GUIDE = """Make an app for the shop in the [Dev Dashboard](https://dev.shopify.com/dashboard), give it the scopes
`read_orders`, `read_all_orders` and `read_customers`, and install it; `client_id` and `client_secret` are in its
settings. An app that was made in the shop's own admin has an access token instead.

What its sellers download by hand needs no account of a developer's. See the README of `rulecrm-shopify`."""


def _open(settings: Settings, context: PlatformContext) -> Source:
    from rulecrm_shopify.source import open_shopify

    return open_shopify(settings, context)


def _fake() -> object:
    from rulecrm_shopify.fake import ShopifyServer, shopify_market

    return ShopifyServer(shopify_market())


@hookimpl
def rulecrm_platforms() -> Iterable[PlatformType]:
    """The platform."""
    return [
        PlatformType(
            "shopify",
            may_contact,
            "Shopify",
            settings=Settings,
            open=_open,
            files=FORMATS,
            fake=_fake,
            guide=_GUIDE,
        )
    ]
