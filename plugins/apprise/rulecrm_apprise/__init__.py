"""Notices to the staff, by whatever apprise speaks to.

In: the entry point `apprise` of the group `rulecrm`. Out: the channel type `apprise`, which serves `staff`.
Invariant: loading this loads no apprise; the first notice does.
"""

from __future__ import annotations

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_apprise.settings import Settings

__all__ = ["Settings", "rulecrm_channels"]


def _open(settings: Settings, context: Context) -> Channel:
    from rulecrm_apprise.channel import Notices

    del context
    return Notices(settings)


_GUIDE = """Whatever the service asks for; [apprise](https://appriseit.com/services/) says for each how its URL is made
of that.

A URL holds passwords and tokens, so it is kept in an environment variable or the keyring, and settings name it."""


@hookimpl
def rulecrm_channels() -> list[ChannelType]:
    """The notices."""
    return [ChannelType("apprise", "staff", Settings, _open, "notices to the staff, by URLs of apprise", _GUIDE)]
