"""From a message to the bytes of a letter.

In: a `Message` and the settings. Out: RFC 5322 bytes with CRLF, signed where a key is set.
Invariant: no word of a customer's or a template's becomes a header: what ends a line is taken out of subjects, and
addresses that are none are refused.
"""

from __future__ import annotations

import datetime as dt
import re
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr

from rulecrm.plugin import MARKETING, Message
from rulecrm_smtp.settings import Settings

__all__ = ["AddressError", "letter", "mailbox", "message_id"]

_SIGNED = (
    b"from", b"to", b"reply-to", b"subject", b"date", b"message-id", b"mime-version", b"content-type",
    b"content-transfer-encoding", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
"""RFC 8058 asks for the last two."""


_NAME = re.compile(
    r"""[^\s\x00-\x20\x7f\ud800-\udfff"(),:;<>@\[\\\].]+(?:\.[^\s\x00-\x20\x7f\ud800-\udfff"(),:;<>@\[\\\].]+)*"""
)
"""A dot-atom (RFC 5322), in any script (RFC 6531)."""

_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}))*")


class _Lines(EmailPolicy):
    """Writes headers for the wire.

    A long word is otherwise written as encoded words (RFC 2047), which have no place in an address: no mailbox provider
    would find the link for leaving there.
    """

    _PLAIN = frozenset({"list-unsubscribe", "message-id"})

    def fold_binary(self, name: str, value: str) -> bytes:
        """A header as it goes over the wire; of a list of addresses each on a line of its own."""
        if name.lower() in self._PLAIN:
            return f"{name}: {str(value).replace(', ', f',{self.linesep} ')}{self.linesep}".encode("ascii")
        if name.lower() == "subject" and "=?" in value:
            return f"{name}: {_encoded(str(value)).encode(linesep=self.linesep)}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_ASCII = _Lines(linesep="\r\n")
_UTF8 = _Lines(linesep="\r\n", utf8=True)


class AddressError(ValueError):
    """No letter can go to such an address."""


def message_id(message: Message, settings: Settings) -> str:
    """The Message-ID: made of the idempotency key, so that a bounce leads back to the message."""
    return f"<{message.key}@{settings.domain}>"


def letter(message: Message, settings: Settings, now: dt.datetime) -> bytes:
    """The letter.

    Raises:
        AddressError: the address is none.
        RulesError: R480, the key to sign with is not there.
    """
    to = mailbox(message.address)
    mail = EmailMessage(policy=_ASCII if to.isascii() else _UTF8)
    mail["Message-ID"] = message_id(message, settings)
    mail["Date"] = format_datetime(now)
    mail["From"] = settings.sender
    mail["To"] = to
    if settings.reply_to:
        mail["Reply-To"] = settings.reply_to
    subject = " ".join(_printable(message.content.subject or "").split())
    mail["Subject"] = _encoded(subject).encode(maxlinelen=0) if "=?" in subject else subject
    if message.purpose == MARKETING:
        _leaving(mail, message, settings)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: holiday notices do not answer it
    mail.set_content(_printable(message.content.text), cte="base64")
    if message.content.html is not None:
        mail.add_alternative(_printable(message.content.html), subtype="html", cte="base64")
    return _signed(mail.as_bytes(), settings)


def _leaving(mail: EmailMessage, message: Message, settings: Settings) -> None:
    ways = []
    if message.unsubscribe and all(32 < ord(letter) < 127 and letter not in "<>," for letter in message.unsubscribe):
        ways.append(f"<{message.unsubscribe}>")
    if settings.unsubscribe_mailto:
        ways.append(f"<mailto:{parseaddr(settings.unsubscribe_mailto)[1]}?subject=unsubscribe%20{message.key}>")
    if ways:
        mail["List-Unsubscribe"] = ", ".join(ways)
    if ways and message.unsubscribe and message.unsubscribe.startswith("https://"):
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _printable(text: str) -> str:
    """Without control characters and halves of surrogate pairs; lines end as Python's do."""
    lines = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter for letter in lines if letter in "\n\t" or (ord(letter) >= 32 and ord(letter) != 127))


def _encoded(subject: str) -> Header:
    """A subject in encoded words. One that looks like such words itself would be decoded, line ends and all."""
    return Header(subject, "utf-8", header_name="Subject")


def mailbox(address: str) -> str:
    """The address as it goes over the wire: its domain in ASCII, what stands before the @ as it is.

    Raises:
        AddressError: it is none.
    """
    name, at, domain = address.rpartition("@")
    if not at or not _NAME.fullmatch(name) or len(name.encode(errors="replace")) > 64:
        raise AddressError("what stands before the @ is no name of a mailbox")
    try:
        there = domain.encode("idna").decode("ascii")
    except UnicodeError:
        there = ""
    if not _DOMAIN.fullmatch(there):
        raise AddressError("what stands after the @ is no domain")
    return f"{name}@{there}"


def _signed(raw: bytes, settings: Settings) -> bytes:
    if not settings.dkim_key:
        return raw
    import dkim

    assert settings.dkim_domain is not None
    assert settings.dkim_selector is not None
    head = raw.partition(b"\r\n\r\n")[0].lower()
    there = {line.partition(b":")[0] for line in head.split(b"\r\n")}
    signature: bytes = dkim.sign(
        raw,
        settings.dkim_selector.encode(),
        settings.dkim_domain.encode(),
        settings.dkim_key.reveal().encode(),
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=[name for name in _SIGNED if name in there],
    )
    return signature + raw
