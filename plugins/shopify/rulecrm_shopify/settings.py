"""What is to be set.

In: nothing. Out: `Settings`.
Invariant: secrets are references; settings that cannot work never become a source.
"""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlsplit

from attrs import field, frozen, validators

from rulecrm.plugin import NO_SECRET, Secret

__all__ = ["VERSION", "Settings"]

VERSION = "2026-10"
"""The version of the API that this was written from."""

_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
_LONGEST = 30 * 24 * 60


@frozen
class Settings:
    """Settings of a shop on Shopify.

    Attributes:
        shop: the name in the shop's address, `NAME` or `NAME.myshopify.com`; not the shop's own domain.
        access_token: of an app that was installed with one (`shpat_…`); it does not run out by itself.
        client_id: of an app of the Dev Dashboard; with its secret, access tokens are fetched, each good for a day.
        client_secret: of that app.
        version: of the API, `YYYY-MM`; each is served for a year, and afterwards the oldest that there is answers.
        url: where the API is; empty: the shop's own address. For a fake.
        since: the day (in UTC) or instant from which on changes are read the first time; empty: everything that Shopify
            shows, which is the orders of the last 60 days unless the app has the scope `read_all_orders`.
        customers: whether customers are read; it needs the scope `read_customers`.
        consent: whether customers have `accepts_email` and `accepts_sms`, and when consent was given.
        personal: whether customers have `email`, `phone` and `nick`; consent comes with them.
        overlap_minutes: how much of what was read is read again, for changes that the search shows late.
        page_size: orders of a page (customers: ten times as many); fewer are asked for where that costs too much.
        timeout: seconds to wait for an answer.
        proxy: the URL of a proxy.

    Raises:
        ValueError: no credentials, half of them, an address without TLS that is elsewhere, no day and no instant.
    """

    shop: str = field(validator=validators.matches_re(r"[a-zA-Z0-9][a-zA-Z0-9-]*(\.myshopify\.com)?"))
    access_token: Secret = NO_SECRET
    client_id: str = ""
    client_secret: Secret = NO_SECRET
    version: str = field(default=VERSION, validator=validators.matches_re(r"\d{4}-\d{2}|unstable"))
    url: str = ""
    since: str = ""
    customers: bool = True
    consent: bool = False
    personal: bool = False
    overlap_minutes: int = field(default=15, validator=[validators.ge(0), validators.le(_LONGEST)])
    page_size: int = field(default=10, validator=[validators.ge(1), validators.le(250)])
    timeout: float = field(default=30.0, validator=validators.gt(0))
    proxy: Secret = NO_SECRET

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        if bool(self.client_id) != bool(self.client_secret):
            raise ValueError("`client_id` and `client_secret` go together")
        if bool(self.access_token) == bool(self.client_id):
            raise ValueError("give `access_token`, or `client_id` and `client_secret`")
        if (self.consent or self.personal) and not self.customers:
            raise ValueError("`consent` and `personal` need `customers`")
        at = urlsplit(self.endpoint)
        if at.scheme != "https" and at.hostname not in _LOCAL:
            raise ValueError("`url` begins with https://")
        self.begin()

    @property
    def endpoint(self) -> str:
        """The address in front of `/admin`."""
        return self.url or f"https://{self.shop.removesuffix('.myshopify.com').lower()}.myshopify.com"

    def begin(self) -> dt.datetime | None:
        """From when on changes are read the first time, in UTC; None: from the beginning.

        Raises:
            ValueError: `since` is no day and no instant with its zone.
        """
        if not self.since:
            return None
        try:
            told = dt.datetime.fromisoformat(self.since)
        except ValueError:
            raise ValueError("`since` is a day such as 2025-01-31, or an instant with its zone") from None
        if told.tzinfo is None and len(self.since) > len("2025-01-31"):
            raise ValueError("`since` is an instant without its zone")
        return told.replace(tzinfo=dt.UTC) if told.tzinfo is None else told.astimezone(dt.UTC)
