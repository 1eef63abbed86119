"""A channel through a VK community.

In: the entry point `vk` of the group `rulecrm`. Out: the channel type `vk`, which serves `social`.
Invariant: loading this loads no HTTP client.
"""

from __future__ import annotations

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_vk.settings import Settings

__all__ = ["Settings", "rulecrm_channels"]


def _open(settings: Settings, context: Context) -> Channel:
    from rulecrm_vk.channel import Vk

    return Vk(settings, context)


_GUIDE = """A [VK community](https://dev.vk.com/ru/api/community-messages/getting-started) with messages
switched on, and an access token of it with the rights `messages` (and `wall` for posts).

People have to write to the community, or allow its messages, first. The number of their profile is the address."""


@hookimpl
def rulecrm_channels() -> list[ChannelType]:
    """The community."""
    return [ChannelType("vk", "social", Settings, _open, "messages and posts of a VK community", _GUIDE)]
