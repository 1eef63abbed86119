"""The settings of a route through Twilio.

In: a table of the settings file. Out: `Settings`.
Invariant: settings that contradict each other never become a channel.
"""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlsplit

from attrs import frozen

from rulecrm.plugin import NO_SECRET, Secret

__all__ = ["Settings"]


@frozen
class Settings:
    """What a route through Twilio is set up with.

    Attributes:
        account: the account's SID, `AC…`.
        token: the account's auth token; it signs Twilio's webhooks, and requests too unless there is a `key`.
        key: SID of an API key, `SK…`, for requests.
        key_secret: the secret of that key.
        sender: the number, short code or name that messages come from.
        service: SID of a Messaging Service, `MG…`, that picks the sender; instead of `sender`.
        callback: where Twilio is to report what becomes of messages; without it no receipts come.
        webhook_secret: the secret of a shared key, where webhooks are signed with one (HMAC-SHA256).
        endpoint: where the API is; another for a region (`https://api.dublin.ie1.twilio.com`) or a test server.
        proxy: the URL of a proxy, where Twilio is not reached directly.
        timeout: seconds to wait, for a connection and for each part of an answer.
        per_second: most messages a second; None leaves it to Twilio, which queues what a number cannot send yet.
        concurrency: most requests at once.
        longest: most characters of a text.
        price: about what one segment costs, for estimates.
        currency: of `price`.

    Raises:
        ValueError: there is no sender or two, a key without its secret, or an endpoint without TLS elsewhere than here.
    """

    account: str
    token: Secret
    key: str | None = None
    key_secret: Secret = NO_SECRET
    sender: str | None = None
    service: str | None = None
    callback: str | None = None
    webhook_secret: Secret = NO_SECRET
    endpoint: str = "https://api.twilio.com"
    proxy: Secret = NO_SECRET
    timeout: float = 10.0
    per_second: int | None = None
    concurrency: int = 20
    longest: int = 1600
    price: Decimal | None = None
    currency: str = "USD"

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        if not self.account.isalnum():
            raise ValueError("`account` is the account's SID: AC and 32 digits")
        if bool(self.sender) == bool(self.service):
            raise ValueError("either `sender` or `service` says whom messages come from")
        if bool(self.key) != bool(self.key_secret):
            raise ValueError("`key` and `key_secret` belong together")
        at = urlsplit(self.endpoint)
        if at.scheme != "https" and at.hostname not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("`endpoint` begins with https://")
        if self.timeout <= 0 or self.concurrency < 1 or (self.per_second is not None and self.per_second < 1):
            raise ValueError("`timeout`, `concurrency` and `per_second` are greater than 0")
