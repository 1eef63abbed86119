"""Orders from eBay.

In: nothing. Out: the platform `ebay`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import PlatformType, hookimpl
from rulecrm_ebay.contact import may_contact
from rulecrm_ebay.files import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["rulecrm_platforms"]


_GUIDE = """See [eBay](https://developer.ebay.com) for sellers and developers.

What its sellers download by hand needs no account of a developer's. See the README of `rulecrm-ebay`."""


@hookimpl
def rulecrm_platforms() -> Iterable[PlatformType]:
    """The platform."""
    return [
        PlatformType(
            "ebay",
            may_contact,
            "eBay",
            files=FORMATS,
            guide=_GUIDE,
        )
    ]
