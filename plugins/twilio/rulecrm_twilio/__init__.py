"""SMS through Twilio, as a plugin of rulecrm.

In: the settings of a route with `use = "twilio"`. Out: a channel that sends, and hears what Twilio calls back.
Invariant: loading the plugin loads no HTTP client and reads no secret; opening the channel opens no connection.
"""

from __future__ import annotations

from collections.abc import Iterable

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_twilio.settings import Settings

__all__ = ["Settings", "rulecrm_channels"]


def _open(settings: Settings, context: Context) -> Channel:
    from rulecrm_twilio.channel import Twilio

    return Twilio(settings, context)


_GUIDE = """An account at [twilio.com](https://www.twilio.com/try-twilio); its SID and its auth token are on the first \
page of the console.

Buy a number, or set up a Messaging Service with numbers in it, and switch on each country you send to under Geo
permissions. To send to the United States from a ten-digit number, register a brand and a campaign (A2P 10DLC) first:
carriers block what comes without. Give the number, or the service, this route's address for webhooks, so that replies
and STOP come in."""


@hookimpl
def rulecrm_channels() -> Iterable[ChannelType]:
    """The channel `twilio`."""
    return [ChannelType("twilio", "sms", Settings, _open, "SMS through Twilio", _GUIDE)]
