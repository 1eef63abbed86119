"""The settings of a route through Alibaba Cloud's SMS service.

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
    """What a route through Alibaba Cloud is set up with.

    Attributes:
        key: the id of the access key.
        secret: its secret.
        sign: the approved signature (签名), without its brackets.
        hook: the secret word that reports and replies carry as `?token=`; without one none is believed.
        batch: most messages of one call; up to 80, so that a lost answer can still be asked about.
        per_second: most messages a second.
        per_recipient: most messages to one number a day.
        settles: minutes after which a message that the service does not list was certainly not taken.
        mainland: whether messages go to mainland China, where marketing is sent from 08:00 to 22:00 and ends with
            拒收请回复R.
        endpoint: where the API is: the domestic one, `https://dysmsapi.ap-southeast-1.aliyuncs.com`, or a test server.
        timeout: seconds to wait, for a connection and for each part of an answer.
        concurrency: most calls at once.
        price: about what one segment costs, for estimates.
        currency: of `price`.

    Raises:
        ValueError: a number is out of its range, or the endpoint has no TLS and is elsewhere.
    """

    key: str
    secret: Secret
    sign: str
    hook: Secret = NO_SECRET
    batch: int = 80
    per_second: int = 5000
    per_recipient: int = 50
    settles: float = 15.0
    mainland: bool = True
    endpoint: str = "https://dysmsapi.aliyuncs.com"
    timeout: float = 10.0
    concurrency: int = 8
    price: Decimal | None = None
    currency: str = "CNY"

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        if not 1 <= self.batch <= 80:
            raise ValueError("`batch` is from 1 to 80")
        if min(self.timeout, self.concurrency, self.per_second, self.per_recipient, self.settles) <= 0:
            raise ValueError("`timeout`, `concurrency`, `per_second`, `per_recipient` and `settles` are greater than 0")
        at = urlsplit(self.endpoint)
        if at.scheme != "https" and at.hostname not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("`endpoint` begins with https://")
