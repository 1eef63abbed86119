"""The settings of the channel.

In: a table of the settings file. Out: `Settings`.
Invariant: the four keys are references; together they are the account.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from rulecrm.plugin import Secret

__all__ = ["Settings"]


@frozen
class Settings:
    """Whose account writes.

    Attributes:
        api_key: of the app (consumer key).
        api_secret: of the app (consumer secret); webhooks are signed with it.
        access_token: of the account.
        access_secret: of the account.
        per_quarter_hour: most direct messages in 15 minutes.
        per_day: most direct messages in 24 hours.
        stop_words: messages that withdraw consent, whatever their case.
        timeout: seconds to wait for an answer.
        url: where the API is.
    """

    api_key: Secret
    api_secret: Secret
    access_token: Secret
    access_secret: Secret
    per_quarter_hour: int = field(default=200, validator=validators.ge(1))
    per_day: int = field(default=1_000, validator=validators.ge(1))
    stop_words: tuple[str, ...] = ("stop", "unsubscribe")
    timeout: float = field(default=20.0, validator=validators.gt(0))
    url: str = "https://api.x.com"
