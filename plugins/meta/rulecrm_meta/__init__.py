"""Channels of Meta: Messenger, Instagram, Custom Audiences.

In: the entry point `meta` of the group `rulecrm`. Out: the channel types `messenger`, `instagram`, `meta-audience`.
Invariant: loading this loads no HTTP client.
"""

from __future__ import annotations

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_meta.settings import AudienceSettings, Settings

__all__ = ["AudienceSettings", "Settings", "rulecrm_channels"]


def _messenger(settings: Settings, context: Context) -> Channel:
    from rulecrm_meta.messages import MetaMessages

    return MetaMessages(settings, context, "messenger")


def _instagram(settings: Settings, context: Context) -> Channel:
    from rulecrm_meta.messages import MetaMessages

    return MetaMessages(settings, context, "instagram")


def _audience(settings: AudienceSettings, context: Context) -> Channel:
    from rulecrm_meta.audiences import MetaAudience

    return MetaAudience(settings, context)


_GUIDE = """A page (and, for Instagram, a professional account linked to it) and an app with the
[Messenger Platform](https://developers.facebook.com/docs/messenger-platform); the page's access token, and the app's
secret for webhooks.

People have to write first; then the shop may answer for 24 hours."""

_AUDIENCES = """An ad account that has accepted the terms of
[Custom Audiences](https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences), an audience of
customers made there, and a token with `ads_management`."""


@hookimpl
def rulecrm_channels() -> list[ChannelType]:
    """Three ways."""
    return [
        ChannelType("messenger", "social", Settings, _messenger, "Messenger, within its 24 hours; page posts", _GUIDE),
        ChannelType("instagram", "social", Settings, _instagram, "Instagram messages, within their 24 hours", _GUIDE),
        ChannelType(
            "meta-audience", "audience", AudienceSettings, _audience, "members of a Custom Audience", _AUDIENCES
        ),
    ]
