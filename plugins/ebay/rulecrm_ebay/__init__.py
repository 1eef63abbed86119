"""Orders from eBay.

In: the settings of an account, or files. Out: the platform `ebay`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import PlatformType, hookimpl
from rulecrm_ebay.contact import may_contact
from rulecrm_ebay.files import FORMATS
from rulecrm_ebay.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rulecrm.plugin import PlatformContext, Source

__all__ = ["Settings", "rulecrm_platforms"]


_GUIDE = """Sign up at the [eBay Developers Program](https://developer.ebay.com), make a keyset for production, and let
the seller consent with the scope `sell.fulfillment.readonly`: that gives `refresh_token`. `client_id` (App ID) and
`client_secret` (Cert ID) are on the page of the keys.

What its sellers download by hand needs no account of a developer's. See the README of `rulecrm-ebay`."""


def _open(settings: Settings, context: PlatformContext) -> Source:
    from rulecrm_ebay.source import open_ebay

    return open_ebay(settings, context)


def _fake() -> object:
    from rulecrm.testing.clocks import FakeClock
    from rulecrm_ebay.fake import EbayServer, ebay_market

    return EbayServer(ebay_market(FakeClock()))


@hookimpl
def rulecrm_platforms() -> Iterable[PlatformType]:
    """The platform."""
    return [
        PlatformType(
            "ebay",
            may_contact,
            "eBay",
            settings=Settings,
            open=_open,
            files=FORMATS,
            fake=_fake,
            guide=_GUIDE,
        )
    ]
