"""SMS over SMPP 3.4, as a plugin of rulecrm.

In: the settings of a route with `use = "smpp"`. Out: a channel that sends over a session with a message centre.
Invariant: loading the plugin reads no secret; opening the channel opens no connection.
"""

from __future__ import annotations

from collections.abc import Iterable

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_smpp.settings import Settings

__all__ = ["Settings", "rulecrm_channels"]


def _open(settings: Settings, context: Context) -> Channel:
    from rulecrm_smpp.channel import Smpp

    return Smpp(settings, context)


_GUIDE = """A contract with a carrier or an aggregator that offers SMPP 3.4, which
[smpp.org](https://smpp.org) describes.

Ask for: host and port, and whether with TLS; system_id, password and system_type; which sender may be used; how many
messages a second and how many unanswered (the window); which alphabet data_coding 0 is; whether long messages are
joined by a header (UDH) or sent as message_payload; and in what form receipts name messages."""


@hookimpl
def rulecrm_channels() -> Iterable[ChannelType]:
    """The channel `smpp`."""
    return [ChannelType("smpp", "sms", Settings, _open, "SMS over SMPP 3.4", _GUIDE)]
