"""Orders from Taobao and Tmall.

In: nothing. Out: the platform `taobao`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import PlatformType, hookimpl
from rulecrm_taobao.contact import may_contact
from rulecrm_taobao.files import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["rulecrm_platforms"]


_GUIDE = """See [Taobao and Tmall](https://open.taobao.com) for sellers and developers.

What its sellers download by hand needs no account of a developer's. See the README of `rulecrm-taobao`."""


@hookimpl
def rulecrm_platforms() -> Iterable[PlatformType]:
    """The platform."""
    return [
        PlatformType(
            "taobao",
            may_contact,
            "Taobao and Tmall",
            files=FORMATS,
            guide=_GUIDE,
        )
    ]
