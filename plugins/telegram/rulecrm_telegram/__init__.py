"""A channel through a bot of Telegram's.

In: nothing. Out: the channel `telegram`.
Invariant: loading this loads no HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_telegram.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Settings", "rulecrm_channels"]


def _open(settings: Settings, context: Context) -> Channel:
    from rulecrm_telegram.channel import Telegram

    return Telegram(settings, context)


_GUIDE = """Make a bot with [@BotFather](https://core.telegram.org/bots#how-do-i-create-a-bot) and keep its token.

People have to write to the bot first (a link such as `https://t.me/YOUR_BOT?start=…` on the order's page); the id of
that chat is the address. See the README of `rulecrm-telegram`."""


@hookimpl
def rulecrm_channels() -> Iterable[ChannelType]:
    """The bot."""
    return [ChannelType("telegram", "im", Settings, _open, "Telegram, through a bot", _GUIDE)]
