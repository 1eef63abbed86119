"""A channel through WhatsApp's Cloud API.

In: nothing. Out: the channel `whatsapp`.
Invariant: loading this loads no HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_whatsapp.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Settings", "rulecrm_channels"]


def _open(settings: Settings, context: Context) -> Channel:
    from rulecrm_whatsapp.channel import WhatsApp

    return WhatsApp(settings, context)


_GUIDE = """Sign up for WhatsApp's [Cloud API](https://developers.facebook.com/docs/whatsapp/cloud-api/get-started).

Needed are a business account, a phone number with its id, a system user's token with `whatsapp_business_messaging`, and
templates that Meta has approved. See the README of `rulecrm-whatsapp`."""


@hookimpl
def rulecrm_channels() -> Iterable[ChannelType]:
    """One phone number of the business."""
    return [ChannelType("whatsapp", "im", Settings, _open, "WhatsApp, through Meta's Cloud API", _GUIDE)]
