"""Two channels through DingTalk (钉钉), both for the staff: a group's robot, and work notices.

In: nothing. Out: the channels `dingtalk-robot` and `dingtalk`.
Invariant: loading this loads no HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.plugin import Channel, ChannelType, Context, hookimpl
from rulecrm_dingtalk.settings import NoticeSettings, RobotSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NoticeSettings", "RobotSettings", "rulecrm_channels"]


def _open_robot(settings: RobotSettings, context: Context) -> Channel:
    from rulecrm_dingtalk.robot import Robot

    return Robot(settings, context)


def _open_notices(settings: NoticeSettings, context: Context) -> Channel:
    from rulecrm_dingtalk.notices import Notices

    return Notices(settings, context)


_ROBOT = """Add a [custom robot](https://open.dingtalk.com/document/robots/custom-robot-access) to a DingTalk group.

Needed are the `access_token` of its webhook and, where 加签 is its safeguard, the secret that begins with SEC. See the
README of `rulecrm-dingtalk`."""

_NOTICES = """Make an app in DingTalk's [developer console](https://open-dev.dingtalk.com).

Needed are its AgentId, AppKey and AppSecret, and the ids of colleagues. See the README of `rulecrm-dingtalk`."""


@hookimpl
def rulecrm_channels() -> Iterable[ChannelType]:
    """A group's robot, and work notices."""
    return [
        ChannelType("dingtalk-robot", "staff", RobotSettings, _open_robot, "DingTalk: a robot in a group", _ROBOT),
        ChannelType("dingtalk", "staff", NoticeSettings, _open_notices, "DingTalk: work notices", _NOTICES),
    ]
