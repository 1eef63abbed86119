"""The settings of an account of Amazon's Selling Partner API.

In: a table of the settings file. Out: `Settings` of the platform, `Outreach` of its two channels.
Invariant: settings that cannot work never become a source or a channel.
"""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlsplit

from attrs import frozen

from rulecrm.plugin import Secret
from rulecrm_amazon.marketplaces import ENDPOINTS, marketplace_id, region_of

__all__ = ["Account", "Outreach", "Settings"]

_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
_DAY = 24 * 60.0


@frozen
class Account:
    """What every call needs.

    Attributes:
        client_id, client_secret: of the application, from Seller Central; the secret is renewed every 180 days.
        refresh_token: what the seller authorised the application with.
        marketplaces: country codes (`DE`) or ids (`A1PA6795UKMFR9`), all of one region.
        url: of the API; empty: the region's own. `https://sandbox.sellingpartnerapi-…`, or a local fake.
        auth_url: where access tokens come from.
        timeout: seconds to wait for a connection and for each part of an answer.

    Raises:
        ValueError: no marketplace, an unknown one, or several regions; an address without TLS that is elsewhere.
    """

    client_id: str
    client_secret: Secret
    refresh_token: Secret
    marketplaces: tuple[str, ...]
    url: str = ""
    auth_url: str = "https://api.amazon.com"
    timeout: float = 30.0

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        if not self.marketplaces or len(self.ids) > 50:
            raise ValueError("`marketplaces` names from 1 to 50 marketplaces")
        region_of(self.ids)
        if self.timeout <= 0:
            raise ValueError("`timeout` is greater than 0")
        for name, address in (("url", self.endpoint), ("auth_url", self.auth_url)):
            at = urlsplit(address)
            if at.scheme != "https" and at.hostname not in _LOCAL:
                raise ValueError(f"`{name}` begins with https://")

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the marketplaces, each once."""
        return tuple(dict.fromkeys(marketplace_id(one) for one in self.marketplaces))

    @property
    def endpoint(self) -> str:
        """Where the API is."""
        return self.url or ENDPOINTS[region_of(self.ids)]


@frozen
class Settings(Account):
    """What an account's orders are read with.

    Attributes:
        orders_api: `2026-01-01`, or `v0`, which Amazon removes on 2027-03-27.
        since: how far back the first run goes: a date (of UTC) or an instant; empty: two years, which is as far as
            Amazon's orders go outside Japan, Australia and Singapore.
        history: `orders`, or `reports`, by which the first run gets what has been from a few large files.
        buyers: whether to ask for the buyer's alias, of whose hash the key `customer` is made.
        personal: whether customers have `email` (the alias), `nick` and `phone`, to be forgotten 30 days after
            delivery.
        estimate: whether `paid_at` and `cancelled_at`, which Amazon does not tell, are taken from the instants next to
            them: when it was placed, when it last changed.
        page: most orders of a page.
        overlap: minutes that are read again each time.

    Raises:
        ValueError: a word or a number is none of those.
    """

    orders_api: str = "2026-01-01"
    since: str = ""
    history: str = "orders"
    buyers: bool = True
    personal: bool = False
    estimate: bool = False
    page: int = 100
    overlap: float = 15.0

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        Account.__attrs_post_init__(self)
        if self.orders_api not in {"2026-01-01", "v0"}:
            raise ValueError("`orders_api` is `2026-01-01` or `v0`")
        if self.history not in {"orders", "reports"}:
            raise ValueError("`history` is `orders` or `reports`")
        if self.personal and not self.buyers:
            raise ValueError("`personal` needs `buyers`")
        if not 1 <= self.page <= 100:
            raise ValueError("`page` is from 1 to 100")
        if not 0 <= self.overlap <= _DAY:
            raise ValueError("`overlap` is from 0 minutes to a day")
        self.begin(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))

    def begin(self, now: dt.datetime) -> dt.datetime:
        """How far back the first run goes.

        Raises:
            ValueError: `since` is no date and no instant.
        """
        if not self.since:
            return now.astimezone(dt.UTC) - dt.timedelta(days=730)
        try:
            told = dt.datetime.fromisoformat(self.since)
        except ValueError:
            raise ValueError("`since` is a date such as 2025-01-31, or an instant with its zone") from None
        if told.tzinfo is None and len(self.since) > len("2025-01-31"):
            raise ValueError("`since` is an instant without its zone")
        return told.replace(tzinfo=dt.UTC) if told.tzinfo is None else told.astimezone(dt.UTC)


@frozen
class Outreach(Account):
    """What the channels are set up with.

    Attributes:
        kind: of the Messaging API: what a message is whose template has no code in the route's `templates`. One of
            `confirmOrderDetails`, `confirmDeliveryDetails`, `confirmServiceDetails`, `confirmCustomizationDetails`,
            `unexpectedProblem`; empty: such a message is refused.
    """

    kind: str = ""
