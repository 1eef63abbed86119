"""A list of tasks for the staff, for Wangwang (Qianniu), which has no call that sends.

In: nothing. Out: the channel `wangwang`.
Invariant: nothing is sent to anybody; people write, and tick off what they have written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_wangwang.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Settings", "rulecrm_channels"]


def _open(settings: Settings, context: Context) -> Channel:
    from rulecrm_wangwang.channel import Wangwang

    return Wangwang(settings, context)


_GUIDE = """Nothing to sign up for: [Qianniu](https://work.taobao.com) offers shops no call that writes to a buyer.

The channel keeps a list of whom to write to and what, as a sheet and as a page. The staff copy, paste, and tick. See
the README of `rulecrm-wangwang`."""


@hookimpl
def rulecrm_channels() -> Iterable[ChannelType]:
    """The list."""
    return [ChannelType("wangwang", "im", Settings, _open, "Wangwang: a list of what the staff are to write", _GUIDE)]
