"""Orders from Shopify.

In: nothing. Out: the platform `shopify`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import PlatformType, hookimpl
from rulecrm_shopify.contact import may_contact
from rulecrm_shopify.files import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["rulecrm_platforms"]


_GUIDE = """See [Shopify](https://shopify.dev) for sellers and developers.

What its sellers download by hand needs no account of a developer's. See the README of `rulecrm-shopify`."""


@hookimpl
def rulecrm_platforms() -> Iterable[PlatformType]:
    """The platform."""
    return [
        PlatformType(
            "shopify",
            may_contact,
            "Shopify",
            files=FORMATS,
            guide=_GUIDE,
        )
    ]
