"""Orders from Shopee.

In: nothing. Out: the platform `shopee`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import PlatformType, hookimpl
from rulecrm_shopee.contact import may_contact
from rulecrm_shopee.files import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["rulecrm_platforms"]


_GUIDE = """See [Shopee](https://open.shopee.com) for sellers and developers.

What its sellers download by hand needs no account of a developer's. See the README of `rulecrm-shopee`."""


@hookimpl
def rulecrm_platforms() -> Iterable[PlatformType]:
    """The platform."""
    return [
        PlatformType(
            "shopee",
            may_contact,
            "Shopee",
            files=FORMATS,
            guide=_GUIDE,
        )
    ]
