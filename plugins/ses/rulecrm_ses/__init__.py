"""E-mail through Amazon SES.

In: the entry point `ses` of the group `rulecrm`. Out: the channel type `ses`, which serves `email`.
Invariant: boto3 is imported when a channel is opened, and not before.
"""

from __future__ import annotations

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_ses.settings import Settings

__all__ = ["Settings", "rulecrm_channels"]


def _open(settings: Settings, context: Context) -> Channel:
    from rulecrm_ses.channel import SesChannel

    return SesChannel(settings, context)


_GUIDE = """An AWS account with Amazon SES (https://docs.aws.amazon.com/ses/): verify the sender's domain, and ask to be
let out of the sandbox, in which only verified addresses get mail.

Bounces, complaints, deliveries, opens and clicks come through a configuration set with an event destination on SNS,
subscribed over HTTPS to `/hooks/NAME` of the web app of rulecrm."""


@hookimpl
def rulecrm_channels() -> list[ChannelType]:
    """The channel `ses`."""
    return [ChannelType("ses", "email", Settings, _open, "e-mail through Amazon SES", _GUIDE)]
