"""What is to be set.

In: nothing. Out: `AppSettings`, `CustomerSettings`.
Invariant: everything secret is a reference.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from rulecrm.plugin import NO_SECRET, Secret

__all__ = ["AppSettings", "CustomerSettings"]

_STOP = ("stop", "unsubscribe", "td", "退订")


@frozen
class AppSettings:
    """Settings of the channel `wecom`.

    Attributes:
        corp_id: of the company, `ww…`.
        agent_id: of the app.
        secret: of the app.
        staff: ids of the members who get what names nobody (a notice to the staff).
        callback_token: the token of 接收消息, where the app calls back.
        callback_key: its EncodingAESKey.
        url: where the API is.
        proxy: the URL of a proxy, such as one whose address is trusted.
        timeout: seconds to wait for an answer.
        duplicate_check: seconds in which WeCom drops a message that is the same as another; 0 for none, 14400 at most.
        confidential: whether messages may not be shared, and are shown with a watermark.
        stop_words: what a member writes to get nothing any more.
    """

    corp_id: str
    agent_id: int
    secret: Secret
    staff: tuple[str, ...] = ()
    callback_token: Secret = NO_SECRET
    callback_key: Secret = NO_SECRET
    url: str = field(default="https://qyapi.weixin.qq.com", validator=validators.matches_re(r"https?://\S+"))
    proxy: Secret = NO_SECRET
    timeout: float = field(default=10.0, validator=validators.gt(0))
    duplicate_check: int = field(default=0, validator=[validators.ge(0), validators.le(14_400)])
    confidential: bool = False
    stop_words: tuple[str, ...] = _STOP


@frozen
class CustomerSettings:
    """Settings of the channel `wecom-customers`.

    Attributes:
        corp_id: of the company, `ww…`.
        secret: of 客户联系, or of an app that may call it.
        sender: id of the member who sends; empty for whichever member has the customer.
        callback_token: the token of 接收事件服务器, where 客户联系 calls back.
        callback_key: its EncodingAESKey.
        url: where the API is.
        proxy: the URL of a proxy, such as one whose address is trusted.
        timeout: seconds to wait for an answer.
        watch_days: for how many days a task is looked after; members may confirm it late.
    """

    corp_id: str
    secret: Secret
    sender: str = ""
    callback_token: Secret = NO_SECRET
    callback_key: Secret = NO_SECRET
    url: str = field(default="https://qyapi.weixin.qq.com", validator=validators.matches_re(r"https?://\S+"))
    proxy: Secret = NO_SECRET
    timeout: float = field(default=10.0, validator=validators.gt(0))
    watch_days: int = field(default=7, validator=[validators.ge(1), validators.le(30)])
