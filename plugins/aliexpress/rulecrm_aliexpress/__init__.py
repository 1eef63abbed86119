"""Orders from AliExpress.

In: nothing. Out: the platform `aliexpress`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import PlatformType, hookimpl
from rulecrm_aliexpress.contact import may_contact
from rulecrm_aliexpress.files import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["rulecrm_platforms"]


_GUIDE = """See [AliExpress](https://openservice.aliexpress.com) for sellers and developers.

What its sellers download by hand needs no account of a developer's. See the README of `rulecrm-aliexpress`."""


@hookimpl
def rulecrm_platforms() -> Iterable[PlatformType]:
    """The platform."""
    return [
        PlatformType(
            "aliexpress",
            may_contact,
            "AliExpress",
            files=FORMATS,
            guide=_GUIDE,
        )
    ]
