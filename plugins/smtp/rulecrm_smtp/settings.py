"""The settings of the channel.

In: a table of the settings file. Out: `Settings`.
Invariant: what cannot work is refused here, with words; secrets are references.
"""

from __future__ import annotations

from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr

from attrs import field, frozen, validators

from rulecrm.plugin import NO_SECRET, Secret

__all__ = ["Settings"]


def _mailbox(_: object, attribute: object, value: str) -> None:
    named = getattr(attribute, "name", "it")
    if any(ord(letter) < 32 for letter in value) or "@" not in parseaddr(value)[1]:
        raise ValueError(f"`{named}` is no mailbox such as Shop <shop@example.com>")
    try:
        Address(addr_spec=parseaddr(value)[1])
    except (MessageError, ValueError, IndexError) as error:
        raise ValueError(f"`{named}` is no mailbox: {error}") from None


@frozen
class Settings:
    """How to reach the server, and who writes.

    Attributes:
        host: the server's name.
        port: its port; 587 with `starttls`, 465 with `tls`.
        tls: `starttls`, `tls` (from the first byte), or `none` (a server on this machine).
        sender: who writes: `Shop <shop@example.com>`.
        username: for the login; none where nothing is said.
        password: for the login.
        reply_to: where answers go, if not to the sender.
        bounces_to: the envelope's sender, to whom the servers on the way send bounces; otherwise the sender's.
        unsubscribe_mailto: a mailbox that takes wishes to unsubscribe by mail, beside the link.
        timeout: seconds to wait for each answer of the server.
        batch: most messages of one connection.
        connections: most connections at once.
        per_second: most messages a second; 0 for no limit.
        dkim_domain: the domain to sign for; the server signs where nothing is said.
        dkim_selector: the selector under which the public key is published.
        dkim_key: the private key, PEM.
        maildir: the folder (Maildir) in which bounces and complaints arrive, to be read.
        trust: a file of certificates to trust instead of the system's.
    """

    host: str
    sender: str = field(validator=_mailbox)
    port: int = 587
    tls: str = field(default="starttls", validator=validators.in_(("starttls", "tls", "none")))
    username: str | None = None
    password: Secret = NO_SECRET
    reply_to: str | None = field(default=None, validator=validators.optional(_mailbox))
    bounces_to: str | None = field(default=None, validator=validators.optional(_mailbox))
    unsubscribe_mailto: str | None = field(default=None, validator=validators.optional(_mailbox))
    timeout: float = field(default=30.0, validator=validators.gt(0))
    batch: int = field(default=50, validator=validators.ge(1))
    connections: int = field(default=4, validator=validators.ge(1))
    per_second: int = field(default=0, validator=validators.ge(0))
    dkim_domain: str | None = None
    dkim_selector: str | None = None
    dkim_key: Secret = NO_SECRET
    maildir: str | None = None
    trust: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what does not go together."""
        if (self.username is None) != (not self.password):
            raise ValueError("`username` and `password` are given together, or neither is")
        signing = (self.dkim_domain, self.dkim_selector, self.dkim_key)
        if any(signing) and not all(signing):
            raise ValueError("`dkim_domain`, `dkim_selector` and `dkim_key` are given together, or none is")

    @property
    def domain(self) -> str:
        """The domain of the sender."""
        return parseaddr(self.sender)[1].rpartition("@")[2]

    @property
    def envelope(self) -> str:
        """The envelope's sender."""
        return parseaddr(self.bounces_to or self.sender)[1]
