"""Two channels through WeCom (企业微信): messages of an app to members, and broadcasts to customers.

In: nothing. Out: the channels `wecom` and `wecom-customers`.
Invariant: loading this loads no HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_wecom.settings import AppSettings, CustomerSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["AppSettings", "CustomerSettings", "rulecrm_channels"]


def _open_app(settings: AppSettings, context: Context) -> Channel:
    from rulecrm_wecom.app import App

    return App(settings, context)


def _open_customers(settings: CustomerSettings, context: Context) -> Channel:
    from rulecrm_wecom.customers import Customers

    return Customers(settings, context)


_APP = """Make an app in the [admin console](https://work.weixin.qq.com/wework_admin/frame#apps) of WeCom.

Needed are the id of the company, the id and the secret of the app, and this machine among its trusted addresses. See
the README of `rulecrm-wecom`."""

_CUSTOMERS = """Turn on 客户联系 in WeCom's [admin console](https://work.weixin.qq.com/wework_admin/frame#customer).

Needed are the id of the company and a secret that may call 客户联系 (its own, or an app's on its list). A broadcast is
a task: members confirm it in their WeCom before customers get it. See the README of `rulecrm-wecom`."""


@hookimpl
def rulecrm_channels() -> Iterable[ChannelType]:
    """An app's messages, and broadcasts."""
    return [
        ChannelType("wecom", "staff", AppSettings, _open_app, "WeCom: messages of an app to members", _APP),
        ChannelType(
            "wecom-customers", "im", CustomerSettings, _open_customers,
            "WeCom: broadcasts to customers, which members confirm", _CUSTOMERS,
        ),
    ]  # fmt: skip
