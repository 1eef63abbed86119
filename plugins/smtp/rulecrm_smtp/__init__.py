"""E-mail over SMTP.

In: the entry point `smtp` of the group `rulecrm`. Out: the channel type `smtp`, which serves `email`.
Invariant: what speaks SMTP is imported when a channel is opened, and not before.
"""

from __future__ import annotations

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_smtp.settings import Settings

__all__ = ["Settings", "rulecrm_channels"]


def _open(settings: Settings, context: Context) -> Channel:
    from rulecrm_smtp.channel import SmtpChannel

    return SmtpChannel(settings, context)


_GUIDE = """Any server that takes mail by SMTP with a login: the one of your provider or your own.

Give it a name of your domain as sender, and let the domain publish SPF, DKIM and DMARC records: the large mailbox
providers put marketing without them into the junk folder."""


@hookimpl
def rulecrm_channels() -> list[ChannelType]:
    """The channel `smtp`."""
    return [ChannelType("smtp", "email", Settings, _open, "e-mail over any SMTP server", _GUIDE)]
