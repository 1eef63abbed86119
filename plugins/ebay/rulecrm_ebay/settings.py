"""What is to be set.

In: nothing. Out: `Settings`.
Invariant: secrets and tokens are references.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from rulecrm.plugin import NO_SECRET, Secret
from rulecrm.plugin.settings import a_day

__all__ = ["Settings"]


@frozen
class Settings:
    """Settings of a seller's account on eBay.

    Attributes:
        client_id: of the application (App ID), from the developer's page of its keys.
        client_secret: of the application (Cert ID).
        refresh_token: as the seller's consent gave it, with the scope `sell.fulfillment.readonly` or
            `sell.fulfillment`; it lives for 18 months.
        url: where the platform is: `https://api.sandbox.ebay.com`; a fake.
        since: the day (in UTC) from which on changes are read the first time; without it, 90 days back. eBay's orders
            go back two years.
        overlap_minutes: how much of what was read is read again, for changes that the platform shows late.
        shipments: whether `shipped_at` is read, which takes a call for each order that is shipped.
        personal: whether customers have `nick` (the name), `email` (an alias) and `phone`, while eBay tells them.
        timeout: seconds to wait for an answer.
        proxy: the URL of a proxy.
    """

    client_id: str = field(validator=validators.min_len(1))
    client_secret: Secret
    refresh_token: Secret
    url: str = field(default="https://api.ebay.com", validator=validators.matches_re(r"https?://\S+"))
    since: str = field(default="", validator=a_day)
    overlap_minutes: int = field(default=30, validator=validators.ge(5))
    shipments: bool = True
    personal: bool = False
    timeout: float = field(default=30.0, validator=validators.gt(0))
    proxy: Secret = NO_SECRET
