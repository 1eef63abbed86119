"""Orders from Taobao and Tmall, and SMS about them.

In: nothing. Out: the platform `taobao`, the channel `taobao-sms`.
Invariant: loading this loads neither Polars nor an HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import ChannelType, PlatformType, hookimpl
from rulecrm_taobao.contact import may_contact
from rulecrm_taobao.files import FORMATS
from rulecrm_taobao.settings import Settings, SmsSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rulecrm.plugin import Channel, Context, PlatformContext, Source

__all__ = ["Settings", "SmsSettings", "rulecrm_channels", "rulecrm_platforms"]


_GUIDE = """See [Taobao's open platform](https://open.taobao.com) for sellers and developers.

An application there (a merchant's own, or a CRM of the service market) that may call the trades, refunds, ratings and \
members of a shop; its App Key and App Secret, and the session key that the seller's authorisation gives. What its \
sellers download by hand needs no account of a developer's. See the README of `rulecrm-taobao`."""

_SMS_GUIDE = """See [Taobao's open platform](https://open.taobao.com): an application that may call \
taobao.jst.sms.oaid.message.send.

A signature (签名) and a template (模板) for each of yours, created, approved and reported with jst.sms.signname.* and \
jst.sms.template.*. Addresses come with `oaid = true` of the account (`access = "trade"`), and rules declare \
`attribute taobao_sms: text`."""


def _open(settings: Settings, context: PlatformContext) -> Source:
    from rulecrm_taobao.source import TaobaoSource

    return TaobaoSource(settings, context)


def _open_sms(settings: SmsSettings, context: Context) -> Channel:
    from rulecrm_taobao.sms import TaobaoSms

    return TaobaoSms(settings, context)


def _fake() -> object:
    from rulecrm.testing.clocks import FakeClock
    from rulecrm.testing.markets import Market
    from rulecrm_taobao.fake import TaobaoServer

    return TaobaoServer(Market(FakeClock()))


@hookimpl
def rulecrm_platforms() -> Iterable[PlatformType]:
    """The platform."""
    return [
        PlatformType(
            "taobao",
            may_contact,
            "Taobao and Tmall",
            settings=Settings,
            open=_open,
            files=FORMATS,
            fake=_fake,
            guide=_GUIDE,
        )
    ]


@hookimpl
def rulecrm_channels() -> Iterable[ChannelType]:
    """The channel."""
    return [ChannelType("taobao-sms", "sms", SmsSettings, _open_sms, "SMS about an order, by Taobao", _SMS_GUIDE)]
