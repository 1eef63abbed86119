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
    """Settings of a shop on Shopee.

    Attributes:
        partner_id: of the app, from the console of the Open Platform.
        partner_key: of the app; it signs every call.
        shop_id: of the shop that has authorised the app.
        access_token: as the authorisation gave it; it lives for 4 hours, and may be left out.
        refresh_token: as the authorisation gave it; it lives for 30 days and is used up when tokens are renewed.
        url: where the platform is: `https://openplatform.shopee.cn` for apps of the mainland,
            `https://openplatform.shopee.com.br` for those of Brazil; a sandbox; a fake.
        since: the day (in UTC) from which on changes are read the first time; without it, 90 days back.
        overlap_minutes: how much of what was read is read again, for changes that the platform shows late.
        estimate: whether `cancelled_at` and `completed_at`, which Shopee does not tell, are taken from the last change
            of an order that is cancelled or completed.
        personal: whether customers have `nick` and `phone`, where Shopee does not mask them.
        timeout: seconds to wait for an answer.
        proxy: the URL of a proxy.
    """

    partner_id: int = field(validator=[validators.instance_of(int), validators.ge(1)])
    partner_key: Secret
    shop_id: int = field(validator=[validators.instance_of(int), validators.ge(1)])
    access_token: Secret = NO_SECRET
    refresh_token: Secret = NO_SECRET
    url: str = field(default="https://partner.shopeemobile.com", validator=validators.matches_re(r"https?://\S+"))
    since: str = field(default="", validator=a_day)
    overlap_minutes: int = field(default=30, validator=validators.ge(5))
    estimate: bool = False
    personal: bool = False
    timeout: float = field(default=30.0, validator=validators.gt(0))
    proxy: Secret = NO_SECRET

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        if not self.access_token and not self.refresh_token:
            raise ValueError("give `refresh_token`, `access_token`, or both")
