"""Orders from AliExpress.

In: nothing. Out: the platform `aliexpress`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import PlatformType, hookimpl
from rulecrm_aliexpress.contact import may_contact
from rulecrm_aliexpress.files import FORMATS
from rulecrm_aliexpress.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rulecrm.plugin.platforms import PlatformContext, Source

__all__ = ["rulecrm_platforms"]


_GUIDE = """Sign up as a developer at the [Open Platform](https://openservice.aliexpress.com), make an app, and let the
shop authorise it: that gives `access_token` and `refresh_token`; `app_key` and `app_secret` are in the app's console.

What its sellers download by hand needs no account of a developer's. See the README of `rulecrm-aliexpress`."""


def _open(settings: Settings, context: PlatformContext) -> Source:
    from rulecrm_aliexpress.source import open_aliexpress

    return open_aliexpress(settings, context)


def _fake() -> object:
    from rulecrm.testing.clocks import FakeClock
    from rulecrm.testing.markets import Market
    from rulecrm_aliexpress.fake import AliExpressServer

    return AliExpressServer(Market(FakeClock(), currency="USD"))


@hookimpl
def rulecrm_platforms() -> Iterable[PlatformType]:
    """The platform."""
    return [
        PlatformType(
            "aliexpress",
            may_contact,
            "AliExpress",
            settings=Settings,
            open=_open,
            files=FORMATS,
            fake=_fake,
            guide=_GUIDE,
        )
    ]
