"""Orders from Lazada.

In: nothing. Out: the platform `lazada`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import PlatformType, hookimpl
from rulecrm_lazada.contact import may_contact
from rulecrm_lazada.files import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["rulecrm_platforms"]


_GUIDE = """See [Lazada](https://open.lazada.com) for sellers and developers.

What its sellers download by hand needs no account of a developer's. See the README of `rulecrm-lazada`."""


@hookimpl
def rulecrm_platforms() -> Iterable[PlatformType]:
    """The platform."""
    return [
        PlatformType(
            "lazada",
            may_contact,
            "Lazada",
            files=FORMATS,
            guide=_GUIDE,
        )
    ]
