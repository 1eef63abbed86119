"""SMS through Tencent Cloud (腾讯云短信), as a plugin of rulecrm.

In: the settings of a route with `use = "tencent-sms"`. Out: a channel that sends, and hears or pulls what became of it.
Invariant: loading the plugin loads no HTTP client and reads no secret; opening the channel opens no connection.
"""

from __future__ import annotations

from collections.abc import Iterable

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_tencent.settings import Settings

__all__ = ["Settings", "rulecrm_channels"]


def _open(settings: Settings, context: Context) -> Channel:
    from rulecrm_tencent.channel import PullingTencentSms, TencentSms

    return (PullingTencentSms if settings.pulls else TencentSms)(settings, context)


_GUIDE = """An account at [cloud.tencent.com](https://cloud.tencent.com/product/sms) of a company (persons may not \
send marketing), with an SMS application; its SdkAppId, and an API key with QcloudSMSFullAccess, go into the settings.

Apply for a signature (签名) and for each template (正文模板). A template for marketing ends with 拒收请回复R, and is
sent from 08:00 to 22:00 only. Have reports and replies posted to this route's address for webhooks, with `?token=…`
behind it (应用管理 → 事件回调配置), or ask Tencent to let you pull them."""


@hookimpl
def rulecrm_channels() -> Iterable[ChannelType]:
    """The channel `tencent-sms`."""
    return [ChannelType("tencent-sms", "sms", Settings, _open, "SMS through Tencent Cloud", _GUIDE)]
