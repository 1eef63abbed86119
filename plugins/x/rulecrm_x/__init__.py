"""A channel through an account on X.

In: the entry point `x` of the group `rulecrm`. Out: the channel type `x`, which serves `social`.
Invariant: loading this loads no HTTP client.
"""

from __future__ import annotations

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_x.settings import Settings

__all__ = ["Settings", "rulecrm_channels"]


def _open(settings: Settings, context: Context) -> Channel:
    from rulecrm_x.channel import X

    return X(settings, context)


_GUIDE = """An app in the [developer portal of X](https://docs.x.com/x-api) with the permission to read, write and
send direct messages, and the four keys of OAuth 1.0a for the shop's account.

Direct messages go only to people whose settings allow them; the number of their account is the address."""


@hookimpl
def rulecrm_channels() -> list[ChannelType]:
    """The account."""
    return [ChannelType("x", "social", Settings, _open, "direct messages and posts on X", _GUIDE)]
