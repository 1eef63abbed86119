"""Orders from Amazon.

In: nothing. Out: the platform `amazon`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rulecrm.plugin import PlatformType, hookimpl
from rulecrm_amazon.contact import may_contact
from rulecrm_amazon.files import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["rulecrm_platforms"]


_GUIDE = """See [Amazon](https://developer-docs.amazon.com/sp-api/) for sellers and developers.

What its sellers download by hand needs no account of a developer's. See the README of `rulecrm-amazon`."""


@hookimpl
def rulecrm_platforms() -> Iterable[PlatformType]:
    """The platform."""
    return [
        PlatformType(
            "amazon",
            may_contact,
            "Amazon",
            files=FORMATS,
            guide=_GUIDE,
            keeps_personal=dt.timedelta(days=30),
        )
    ]
