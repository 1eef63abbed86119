"""The settings of an account of Taobao or Tmall, and of a route through its SMS.

In: a table of a settings file. Out: `Settings`, `SmsSettings`.
Invariant: settings that cannot work never become a source or a channel.
"""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlsplit

from attrs import frozen

from rulecrm.plugin import NO_SECRET, Secret
from rulecrm.plugin.signing import WAYS

__all__ = ["ROUTER", "Settings", "SmsSettings", "checked_url"]

ROUTER = "https://gw.api.taobao.com/router/rest"
"""The gateway in China; overseas it is `https://api.taobao.com/router/rest` (articleId=101617)."""


def checked_url(name: str, url: str) -> None:
    """Refuse an address without TLS that is not on this machine.

    Raises:
        ValueError: it is one.
    """
    at = urlsplit(url)
    if at.scheme != "https" and at.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise ValueError(f"`{name}` begins with https://")


@frozen
class Settings:
    """What an account is set up with; the README says what to sign up for.

    Attributes:
        app_key: the App Key of the application.
        app_secret: its App Secret.
        session: the session key (access token) that the seller gave the application.
        refresh_token: the one that came with it; without one a session that has run out ends the syncing.
        access: which calls the application may make: `crm` (`taobao.trades.simple.sold.…`, whose buyers are told by
            `ouid`) or `trade` (`taobao.trades.sold.…`, whose buyers are told by `buyer_open_uid`).
        days: how far back the first run goes; the platform lists three months, which may be 89 days.
        refunds, ratings, members: whether they are read; members only where `access` is `crm`.
        personal: whether nicks are read.
        oaid: whether customers get the attribute `taobao_sms`, by which the channel `taobao-sms` reaches them.
        types: types of trades besides those that the program knows.
        lag: seconds: how long after a change it is certain to be listed.
        overlap: minutes that a run reads again of what the one before has read.
        page_size: rows of a page; the platform advises 40 to 50.
        per_second: most calls a second.
        sign_method: `md5`, `hmac` or `hmac-sha256`.
        url: the gateway.
        timeout: seconds to wait for an answer.

    Raises:
        ValueError: a number or a word is out of its range, or the gateway has no TLS and is elsewhere.
    """

    app_key: str
    app_secret: Secret
    session: Secret
    refresh_token: Secret = NO_SECRET
    access: str = "crm"
    days: int = 89
    refunds: bool = True
    ratings: bool = True
    members: bool = True
    personal: bool = False
    oaid: bool = False
    types: tuple[str, ...] = ()
    lag: int = 60
    overlap: int = 15
    page_size: int = 50
    per_second: float = 10.0
    sign_method: str = "hmac-sha256"
    url: str = ROUTER
    timeout: float = 20.0

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        if not self.app_key or not self.app_secret or not self.session:
            raise ValueError("`app_key`, `app_secret` and `session` are not empty")
        if self.access not in {"crm", "trade"}:
            raise ValueError("`access` is crm or trade")
        if self.oaid and self.access != "trade":
            raise ValueError('`oaid` needs access = "trade": the calls of the CRM\'s tell no OAID')
        if not 1 <= self.days <= 89:
            raise ValueError("`days` is from 1 to 89: the platform lists orders of three months")
        if self.lag < 0 or not 1 <= self.overlap <= 1440:
            raise ValueError("`lag` is not negative, and `overlap` from 1 to 1440")
        if not 2 <= self.page_size <= 100:
            raise ValueError("`page_size` is from 2 to 100")
        if min(self.per_second, self.timeout) <= 0:
            raise ValueError("`per_second` and `timeout` are greater than 0")
        if self.sign_method not in WAYS:
            raise ValueError(f"`sign_method` is one of {', '.join(WAYS)}")
        checked_url("url", self.url)


@frozen
class SmsSettings:
    """What a route through Taobao's SMS to OAIDs is set up with.

    Attributes:
        app_key, app_secret, session, refresh_token: as those of the account.
        sign: the approved signature (签名), without its brackets.
        tokens: the file in which syncing keeps the session it has renewed (`tokens/NAME.json` beside the settings of
            the account); empty: none is renewed.
        per_second: most messages a second.
        concurrency: most calls at once.
        sign_method: `md5`, `hmac` or `hmac-sha256`.
        url: the gateway.
        timeout: seconds to wait for an answer.
        price: about what one segment costs, in CNY, for estimates.

    Raises:
        ValueError: a number or a word is out of its range, or the gateway has no TLS and is elsewhere.
    """

    app_key: str
    app_secret: Secret
    session: Secret
    sign: str
    refresh_token: Secret = NO_SECRET
    tokens: str = ""
    per_second: int = 10
    concurrency: int = 4
    sign_method: str = "hmac-sha256"
    url: str = ROUTER
    timeout: float = 10.0
    price: Decimal | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        if not self.app_key or not self.app_secret or not self.session or not self.sign.strip("【】 "):
            raise ValueError("`app_key`, `app_secret`, `session` and `sign` are not empty")
        if min(self.per_second, self.concurrency, self.timeout) <= 0:
            raise ValueError("`per_second`, `concurrency` and `timeout` are greater than 0")
        if self.sign_method not in WAYS:
            raise ValueError(f"`sign_method` is one of {', '.join(WAYS)}")
        checked_url("url", self.url)
