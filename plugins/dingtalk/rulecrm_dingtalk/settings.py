"""What is to be set.

In: nothing. Out: `RobotSettings`, `NoticeSettings`.
Invariant: everything secret is a reference.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from rulecrm.plugin import NO_SECRET, Secret

__all__ = ["NoticeSettings", "RobotSettings"]


@frozen
class RobotSettings:
    """Settings of the channel `dingtalk-robot`.

    Attributes:
        token: the `access_token` in the robot's webhook.
        secret: what it is signed with (`SEC…`), where 加签 is the robot's safeguard.
        keyword: a word that every text must have, where 自定义关键词 is; put before those that lack it.
        url: where the API is.
        proxy: the URL of a proxy, such as one whose address is trusted.
        timeout: seconds to wait for an answer.
    """

    token: Secret
    secret: Secret = NO_SECRET
    keyword: str = ""
    url: str = field(default="https://oapi.dingtalk.com", validator=validators.matches_re(r"https?://\S+"))
    proxy: Secret = NO_SECRET
    timeout: float = field(default=10.0, validator=validators.gt(0))


@frozen
class NoticeSettings:
    """Settings of the channel `dingtalk`.

    Attributes:
        app_key: of the app (Client ID).
        secret: its AppSecret (Client Secret).
        agent_id: of the app.
        staff: ids of the colleagues who get what names nobody.
        url: where the API is.
        proxy: the URL of a proxy, such as one whose address is trusted.
        timeout: seconds to wait for an answer.
    """

    app_key: str
    secret: Secret
    agent_id: int
    staff: tuple[str, ...] = ()
    url: str = field(default="https://oapi.dingtalk.com", validator=validators.matches_re(r"https?://\S+"))
    proxy: Secret = NO_SECRET
    timeout: float = field(default=10.0, validator=validators.gt(0))
