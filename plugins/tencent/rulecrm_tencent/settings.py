"""The settings of a route through Tencent Cloud's SMS service.

In: a table of the settings file. Out: `Settings`.
Invariant: settings that cannot work never become a channel.
"""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlsplit

from attrs import frozen

from rulecrm.plugin import NO_SECRET, Secret

__all__ = ["Settings"]


@frozen
class Settings:
    """What a route through Tencent Cloud is set up with.

    Attributes:
        key: the id of the API key (SecretId).
        secret: its secret (SecretKey).
        app: the SdkAppId of the SMS application.
        sign: the approved signature (签名); mainland China wants one.
        sender: the sender id of messages abroad, where one was given.
        region: which region answers.
        hook: the secret word that reports and replies carry as `?token=`; without one none is believed.
        pulls: whether Tencent lets this application pull reports and replies, with the session context in them.
        batch: most numbers of one call, up to 200; of more than 170 a lost answer cannot be asked about.
        per_second: most messages a second.
        per_half_minute: most messages to one number in 30 seconds.
        per_hour: most messages to one number an hour.
        per_day: most messages to one number a day.
        mainland: whether messages go to mainland China, where marketing is sent from 08:00 to 22:00 and ends with
            拒收请回复R.
        endpoint: where the API is: the domestic one, `https://sms.intl.tencentcloudapi.com`, or a test server.
        proxy: the URL of a proxy, where the service is not reached directly.
        timeout: seconds to wait, for a connection and for each part of an answer.
        concurrency: most calls at once.
        price: about what one segment costs, for estimates.
        currency: of `price`.

    Raises:
        ValueError: a number is out of its range, a signature is missing, or the endpoint has no TLS and is elsewhere.
    """

    key: str
    secret: Secret
    app: str
    sign: str | None = None
    sender: str | None = None
    region: str = "ap-guangzhou"
    hook: Secret = NO_SECRET
    pulls: bool = False
    batch: int = 170
    per_second: int = 3000
    per_half_minute: int = 1
    per_hour: int = 5
    per_day: int = 10
    mainland: bool = True
    endpoint: str = "https://sms.tencentcloudapi.com"
    proxy: Secret = NO_SECRET
    timeout: float = 10.0
    concurrency: int = 8
    price: Decimal | None = None
    currency: str = "CNY"

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        if not 1 <= self.batch <= 200:
            raise ValueError("`batch` is from 1 to 200")
        if self.mainland and not self.sign:
            raise ValueError("`sign` is required where messages go to mainland China")
        if min(self.timeout, self.concurrency, self.per_second) <= 0:
            raise ValueError("`timeout`, `concurrency` and `per_second` are greater than 0")
        if min(self.per_half_minute, self.per_hour, self.per_day) <= 0:
            raise ValueError("`per_half_minute`, `per_hour` and `per_day` are greater than 0")
        at = urlsplit(self.endpoint)
        if at.scheme != "https" and at.hostname not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("`endpoint` begins with https://")
