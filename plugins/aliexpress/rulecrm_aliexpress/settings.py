"""What is to be set.

In: nothing. Out: `Settings`.
Invariant: secrets and tokens are references.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from rulecrm.plugin import NO_SECRET, Secret
from rulecrm.plugin.settings import a_day

__all__ = ["GATEWAYS", "Settings"]

GATEWAYS = ("open", "legacy")


@frozen
class Settings:
    """Settings of an account of AliExpress.

    Attributes:
        app_key: of the app, from its console.
        app_secret: of the app; it signs every call.
        access_token: as the authorisation gave it; it may be left out where there is a refresh token.
        refresh_token: as the authorisation gave it; without one the account stops when the access token runs out.
        gateway: `open` (the Open Platform, api-sg.aliexpress.com) or `legacy` (TOP, for apps made there).
        url: where the gateway is; a fake.
        auth_url: where tokens of the legacy gateway are renewed.
        since: the day (in UTC) from which on changes are read the first time; without it, 90 days back.
        overlap_minutes: how much of what was read is read again, for changes that the platform shows late.
        page_size: orders on a page of the list; the platform does not tell the most, of a sibling call it is 50.
        personal: whether names and phone numbers of buyers are kept.
        parallel: most calls at once.
        timeout: seconds to wait for an answer.
        proxy: the URL of a proxy.
    """

    app_key: str = field(validator=validators.min_len(1))
    app_secret: Secret
    access_token: Secret = NO_SECRET
    refresh_token: Secret = NO_SECRET
    gateway: str = field(default="open", validator=validators.in_(GATEWAYS))
    url: str = field(default="", validator=validators.matches_re(r"(https?://\S+)?"))
    auth_url: str = field(default="https://oauth.aliexpress.com", validator=validators.matches_re(r"https?://\S+"))
    since: str = field(default="", validator=a_day)
    overlap_minutes: int = field(default=60, validator=validators.ge(5))
    page_size: int = field(default=50, validator=[validators.ge(1), validators.le(100)])
    personal: bool = False
    parallel: int = field(default=4, validator=[validators.ge(1), validators.le(20)])
    timeout: float = field(default=30.0, validator=validators.gt(0))
    proxy: Secret = NO_SECRET

    def __attrs_post_init__(self) -> None:
        if not self.access_token and not self.refresh_token:
            raise ValueError("give `access_token`, `refresh_token`, or both")
