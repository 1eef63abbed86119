"""SMS through Alibaba Cloud (阿里云短信服务), as a plugin of rulecrm.

In: the settings of a route with `use = "aliyun-sms"`. Out: a channel that sends, asks, and hears reports and replies.
Invariant: loading the plugin loads no HTTP client and reads no secret; opening the channel opens no connection.
"""

from __future__ import annotations

from collections.abc import Iterable

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_aliyun.settings import Settings

__all__ = ["Settings", "rulecrm_channels"]


def _open(settings: Settings, context: Context) -> Channel:
    from rulecrm_aliyun.channel import AliyunSms

    return AliyunSms(settings, context)


_GUIDE = """An account at [aliyun.com](https://www.aliyun.com/product/sms) with the SMS service switched on, and a RAM \
user with AliyunDysmsFullAccess whose access key goes into the settings.

Apply for a signature (签名) and for each template (模板); both are looked at by people, and the carriers want the
signature filed under the company's real name, which takes 5 to 10 working days. A template for marketing (推广短信)
ends with 拒收请回复R. Under 通用设置, have SmsReport and SmsUp posted to this route's address for webhooks, with
`?token=…` behind it."""


@hookimpl
def rulecrm_channels() -> Iterable[ChannelType]:
    """The channel `aliyun-sms`."""
    return [ChannelType("aliyun-sms", "sms", Settings, _open, "SMS through Alibaba Cloud", _GUIDE)]
