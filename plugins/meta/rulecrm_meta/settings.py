"""The settings of the channels.

In: a table of the settings file. Out: `Settings`, `AudienceSettings`.
Invariant: secrets are references.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from rulecrm.plugin import NO_SECRET, Secret

__all__ = ["AudienceSettings", "Settings"]

_ID = validators.matches_re(r"[0-9]+|me")


@frozen
class Settings:
    """Whose page, or whose Instagram account, writes.

    Attributes:
        page: the number of the page, or of the Instagram account.
        token: its access token.
        app_secret: of the app; webhooks are signed with it, and without it they are refused.
        verify_token: the word that Meta repeats when the webhook is set up.
        tag: a message tag that allows a message outside the 24 hours, for what the tag is for alone; none otherwise.
        stop_words: messages that withdraw consent, whatever their case.
        per_second: most calls a second.
        version: of the Graph API.
        timeout: seconds to wait for an answer.
        url: where the API is.
    """

    page: str = field(validator=_ID)
    token: Secret
    app_secret: Secret = NO_SECRET
    verify_token: Secret = NO_SECRET
    tag: str | None = None
    stop_words: tuple[str, ...] = ("stop", "unsubscribe")
    per_second: int = field(default=100, validator=validators.ge(1))
    version: str = field(default="v23.0", validator=validators.matches_re(r"v[0-9]+\.[0-9]+"))
    timeout: float = field(default=20.0, validator=validators.gt(0))
    url: str = "https://graph.facebook.com"


@frozen
class AudienceSettings:
    """Which audience.

    Attributes:
        audience: the number of the Custom Audience.
        token: an access token with `ads_management`.
        match: what members are known by: `email` or `phone`.
        version: of the Graph API.
        timeout: seconds to wait for an answer.
        url: where the API is.
    """

    audience: str = field(validator=validators.matches_re(r"[0-9]+"))
    token: Secret
    match: str = field(default="email", validator=validators.in_(("email", "phone")))
    version: str = field(default="v23.0", validator=validators.matches_re(r"v[0-9]+\.[0-9]+"))
    timeout: float = field(default=60.0, validator=validators.gt(0))
    url: str = "https://graph.facebook.com"
