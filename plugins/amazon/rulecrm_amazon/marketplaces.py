"""Marketplaces of Amazon and the regions whose endpoints serve them.

In: a country's code or a marketplace's id. Out: the id, its region, its endpoint.
Invariant: an account belongs to one region; a marketplace is known by one id whatever it was called.

Ids and endpoints: developer-docs.amazon.com/sp-api/docs, pages `marketplace-ids` and `sp-api-endpoints`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

__all__ = ["ENDPOINTS", "MARKETPLACES", "marketplace_id", "region_of"]

_IN_REGION = {
    "na": {"CA": "A2EUQ1WTGCTBG2", "US": "ATVPDKIKX0DER", "MX": "A1AM78C64UM0Y8", "BR": "A2Q3Y263D00KWC"},
    "eu": {
        "IE": "A28R8C7NBKEWEA", "ES": "A1RKKUPIHCS9HS", "GB": "A1F83G8C2ARO7P", "FR": "A13V1IB3VIYZZH",
        "BE": "AMEN7PMS3EDWL", "NL": "A1805IZSGTT6HS", "DE": "A1PA6795UKMFR9", "IT": "APJ6JRA9NG5V4",
        "SE": "A2NODRKZP88ZB9", "ZA": "AE08WJ6YKNBMC", "PL": "A1C3SOZRARQ6R3", "EG": "ARBP9OOSHTCHU",
        "TR": "A33AVAJ2PDY3EV", "SA": "A17E79C6D8DWNP", "AE": "A2VIGQ35RCS4UG", "IN": "A21TJRUUN4KGV",
    },
    "fe": {"SG": "A19VAU5U5O7RUS", "AU": "A39IBJ37TRP1C6", "JP": "A1VC38T7YXB528"},
}  # fmt: skip

MARKETPLACES: Mapping[str, str] = MappingProxyType(
    {country: one for countries in _IN_REGION.values() for country, one in countries.items()}
)
"""Ids by the code of the country (ISO 3166-1)."""

_REGION_OF = {one: region for region, countries in _IN_REGION.items() for one in countries.values()}

ENDPOINTS: Mapping[str, str] = MappingProxyType(
    {region: f"https://sellingpartnerapi-{region}.amazon.com" for region in _IN_REGION}
)
"""Addresses by region."""


def marketplace_id(told: str) -> str:
    """The id of a marketplace, given by its country's code or by the id itself.

    Raises:
        ValueError: there is none.
    """
    word = told.strip().upper()
    word = MARKETPLACES.get("GB" if word == "UK" else word, word)
    if word in _REGION_OF:
        return word
    raise ValueError(f"there is no marketplace `{told}`; there are: {', '.join(sorted(MARKETPLACES))}")


def region_of(ids: Sequence[str]) -> str:
    """The region of marketplaces: `na`, `eu` or `fe`.

    Raises:
        ValueError: they are in several, each of which has endpoints and an authorisation of its own.
    """
    regions = {_REGION_OF[one] for one in ids}
    if len(regions) != 1:
        raise ValueError(f"marketplaces of one region make an account; these are in {', '.join(sorted(regions))}")
    return regions.pop()
