"""Orders from Lazada.

In: nothing. Out: the platform `lazada`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import PlatformType, hookimpl
from rulecrm_lazada.contact import may_contact
from rulecrm_lazada.files import FORMATS
from rulecrm_lazada.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rulecrm.plugin.platforms import PlatformContext, Source

__all__ = ["rulecrm_platforms"]


_GUIDE = """Sign up as a developer at the [Lazada Open Platform](https://open.lazada.com), make an app, and let the shop
authorise it: that gives `access_token` (30 days) and `refresh_token` (180 days); `app_key` and `app_secret` are in the
app's console.

What its sellers download by hand needs no account of a developer's. See the README of `rulecrm-lazada`."""


def _open(settings: Settings, context: PlatformContext) -> Source:
    from rulecrm_lazada.source import open_lazada

    return open_lazada(settings, context)


def _fake() -> object:
    from rulecrm.testing.clocks import FakeClock
    from rulecrm.testing.markets import Market
    from rulecrm_lazada.fake import LazadaServer

    return LazadaServer(Market(FakeClock(), currency="SGD"))


@hookimpl
def rulecrm_platforms() -> Iterable[PlatformType]:
    """The platform."""
    return [
        PlatformType(
            "lazada",
            may_contact,
            "Lazada",
            settings=Settings,
            open=_open,
            files=FORMATS,
            fake=_fake,
            guide=_GUIDE,
        )
    ]
