"""The settings of the channel.

In: a table of the settings file. Out: `Settings`.
Invariant: what cannot work is refused here, with words; secrets are references.
"""

from __future__ import annotations

from email.utils import parseaddr

from attrs import field, frozen, validators

from rulecrm.plugin import NO_SECRET, Secret

__all__ = ["Settings"]


def _mailbox(_: object, attribute: object, value: str) -> None:
    if any(ord(letter) < 32 for letter in value) or "@" not in parseaddr(value)[1]:
        raise ValueError(f"`{getattr(attribute, 'name', 'it')}` is no mailbox such as Shop <shop@example.com>")


@frozen
class Settings:
    """Which account writes, and as whom.

    Attributes:
        region: of SES: `eu-central-1`.
        sender: who writes: `Shop <shop@example.com>`; its domain or address is verified.
        access_key: the id of the access key; without it boto3 looks where it always does (the role of the machine, …).
        secret_key: the secret of the access key.
        session_token: of temporary credentials.
        reply_to: where answers go, if not to the sender.
        configuration_set: by which events are published.
        topics: ARNs of the SNS topics whose notifications are believed; without any, webhooks are refused.
        per_second: most messages a second; `GetAccount` tells what the account may send.
        per_day: most messages in 24 hours; 0 for no limit of ours.
        connections: most calls at once.
        timeout: seconds to wait for an answer.
        endpoint: another server than AWS's own, for tests.
    """

    region: str
    sender: str = field(validator=_mailbox)
    access_key: str | None = None
    secret_key: Secret = NO_SECRET
    session_token: Secret = NO_SECRET
    reply_to: str | None = field(default=None, validator=validators.optional(_mailbox))
    configuration_set: str | None = None
    topics: tuple[str, ...] = ()
    per_second: int = field(default=14, validator=validators.ge(1))
    per_day: int = field(default=0, validator=validators.ge(0))
    connections: int = field(default=14, validator=validators.ge(1))
    timeout: float = field(default=20.0, validator=validators.gt(0))
    endpoint: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse half a key."""
        if (self.access_key is None) != (not self.secret_key):
            raise ValueError("`access_key` and `secret_key` are given together, or neither is")
