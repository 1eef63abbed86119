"""What is to be set.

In: nothing. Out: `Settings`, and what each country's Lazada has.
Invariant: secrets and tokens are references.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from zoneinfo import ZoneInfo

from attrs import field, frozen, validators

from rulecrm.plugin import NO_SECRET, Secret
from rulecrm.plugin.settings import a_day

__all__ = ["COUNTRIES", "Country", "Settings"]


@frozen
class Country:
    """A country's Lazada.

    Attributes:
        host: of its gateway.
        names: of the country, as addresses have it, in lower case.
        zone: by whose wall clock it goes.
    """

    host: str
    names: tuple[str, ...]
    zone: ZoneInfo


COUNTRIES: Mapping[str, Country] = MappingProxyType(
    {
        "sg": Country("api.lazada.sg", ("singapore",), ZoneInfo("Asia/Singapore")),
        "my": Country("api.lazada.com.my", ("malaysia",), ZoneInfo("Asia/Kuala_Lumpur")),
        "vn": Country("api.lazada.vn", ("vietnam", "viet nam"), ZoneInfo("Asia/Ho_Chi_Minh")),
        "th": Country("api.lazada.co.th", ("thailand",), ZoneInfo("Asia/Bangkok")),
        "ph": Country("api.lazada.com.ph", ("philippines",), ZoneInfo("Asia/Manila")),
        "id": Country("api.lazada.co.id", ("indonesia",), ZoneInfo("Asia/Jakarta")),
    }
)
"""By code. Hosts: those of the page of `/orders/items/get` on open.lazada.com."""


@frozen
class Settings:
    """Settings of an account of Lazada: one seller in one country.

    Attributes:
        country: `sg`, `my`, `vn`, `th`, `ph` or `id`; it says which gateway is asked.
        app_key: of the app, from its console.
        app_secret: of the app; it signs every call.
        access_token: as the authorisation gave it; it may be left out where there is a refresh token.
        refresh_token: as the authorisation gave it; without one the account stops after 30 days.
        url: where the gateway is; a fake.
        auth_url: where tokens are renewed.
        since: the day (in the country) from which on changes are read the first time; without it, 90 days back.
        overlap_minutes: how much of what was read is read again, for changes that the platform shows late.
        refunds: whether reverse orders are read, too; that is a group of APIs of its own in the app's permissions.
        personal: whether names and phone numbers of buyers are kept, where Lazada shows them.
        page_size: orders on a page.
        timeout: seconds to wait for an answer.
        proxy: the URL of a proxy.
    """

    country: str = field(validator=validators.in_(tuple(COUNTRIES)))
    app_key: str = field(validator=validators.min_len(1))
    app_secret: Secret
    access_token: Secret = NO_SECRET
    refresh_token: Secret = NO_SECRET
    url: str = field(default="", validator=validators.matches_re(r"(https?://\S+)?"))
    auth_url: str = field(default="https://auth.lazada.com", validator=validators.matches_re(r"https?://\S+"))
    since: str = field(default="", validator=a_day)
    overlap_minutes: int = field(default=60, validator=validators.ge(5))
    refunds: bool = True
    personal: bool = False
    page_size: int = field(default=100, validator=[validators.ge(5), validators.le(100)])
    timeout: float = field(default=30.0, validator=validators.gt(0))
    proxy: Secret = NO_SECRET

    def __attrs_post_init__(self) -> None:
        if not self.access_token and not self.refresh_token:
            raise ValueError("give `access_token`, `refresh_token`, or both")
