"""The settings of the channel.

In: a table of the settings file. Out: `Settings`.
Invariant: secrets are references.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from rulecrm.plugin import NO_SECRET, Secret

__all__ = ["Settings"]


@frozen
class Settings:
    """Which community writes.

    Attributes:
        token: the community's access token.
        group: the number of the community, without a minus; posts and webhooks need it.
        secret: the secret key of the Callback API; without it webhooks are refused.
        confirmation: what the Callback API wants to be answered to prove that the server is the community's.
        stop_words: messages that withdraw consent, whatever their case.
        per_second: most calls a second.
        version: of the API.
        timeout: seconds to wait for an answer.
        url: where the API is.
    """

    token: Secret
    group: int = field(default=0, validator=validators.ge(0))
    secret: Secret = NO_SECRET
    confirmation: str = ""
    stop_words: tuple[str, ...] = ("stop", "стоп", "отписаться")
    per_second: int = field(default=20, validator=validators.ge(1))
    version: str = "5.199"
    timeout: float = field(default=20.0, validator=validators.gt(0))
    url: str = "https://api.vk.com"
