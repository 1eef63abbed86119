"""Bounces and complaints, read from the mailbox they arrive in.

In: letters of mail servers, in a Maildir. Out: receipts.
Invariant: a letter that is neither a bounce nor a complaint brings nothing; the same letter read twice brings the same
receipts, by id.

Delivery status notifications are RFC 3464, complaints RFC 5965; what other servers write instead is left to
flufl.bounce.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path

from rulecrm.plugin import Receipt, Received

__all__ = ["poll", "receipts_of"]

_KEY = re.compile(r"<([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@[^>\s]+>")
_OVERLAP = 3600
"""Seconds before the cursor that are read again, for letters that came late; ids keep them from counting twice."""


def poll(maildir: str, cursor: str | None) -> tuple[Sequence[Receipt], str | None]:
    """Receipts of the letters that came since the cursor (seconds since 1970, by the names that a Maildir gives)."""
    since = int(cursor) - _OVERLAP if cursor else 0
    latest = int(cursor) if cursor else 0
    found: list[Receipt] = []
    for folder in ("new", "cur"):
        place = Path(maildir, folder)
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            stamp = path.name.partition(".")[0]
            at = int(stamp) if stamp.isdecimal() else int(path.stat().st_mtime)
            if at >= since:
                latest = max(latest, at)
                found += receipts_of(path.read_bytes(), dt.datetime.fromtimestamp(at, dt.UTC))
    return found, str(latest) if latest else cursor


def receipts_of(raw: bytes, arrived: dt.datetime) -> list[Receipt]:
    """What a letter tells.

    Args:
        raw: its bytes.
        arrived: when it arrived, aware; counts where the letter says no time of its own.
    """
    mail = message_from_bytes(raw)  # headers as they came: what is no Message-ID or date must not end the reading
    at = _date(mail, arrived)
    name = hashlib.sha256(raw).hexdigest()[:24]
    key = _key(mail)
    if mail.get_content_type() == "multipart/report":
        kind = str(mail.get_param("report-type", "")).lower()
        if kind == "feedback-report":
            return [Receipt(f"arf-{name}", Received.COMPLAINED, at, key=key)]
        if kind == "delivery-status":
            return list(_by_standard(mail, name, at, key))
    return list(_by_guess(raw, name, at, key))


def _by_standard(mail: Message, name: str, at: dt.datetime, key: str | None) -> Iterator[Receipt]:
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for number, block in enumerate(_blocks(part)):
            action, status = str(block.get("Action", "")).strip().lower(), str(block.get("Status", "")).strip()
            if action in {"delivered", "relayed", "expanded"}:
                yield Receipt(f"dsn-{name}-{number}", Received.DELIVERED, at, key=key)
            elif action == "failed":
                yield Receipt(
                    f"dsn-{name}-{number}", Received.BOUNCED, at, key=key, address=None if key else _recipient(block),
                    reason="hard" if _hard(status) else "soft",
                )  # fmt: skip


def _blocks(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _hard(status: str) -> bool:
    """Whether nobody will ever be there: 5.1.x, a disabled mailbox (5.2.1), or a 5 without more (RFC 3463)."""
    parts = status.split(".")
    if parts[0] != "5":
        return False
    return len(parts) < 3 or parts[1] in {"0", "1"} or parts[1:3] == ["2", "1"]


def _recipient(block: Message) -> str | None:
    for header in ("Original-Recipient", "Final-Recipient"):
        kind, _, address = str(block.get(header, "")).partition(";")
        if kind.strip().lower() == "rfc822" and "@" in address:
            return address.strip()
    return None


def _by_guess(raw: bytes, name: str, at: dt.datetime, key: str | None) -> Iterator[Receipt]:
    from flufl.bounce import all_failures

    try:
        soft, hard = all_failures(message_from_bytes(raw))
    except Exception:  # noqa: BLE001 - a guess about a stranger's letter: whatever goes wrong, it is no bounce
        return
    for number, address in enumerate(sorted({*soft, *hard})):
        text = address.decode("utf-8", "replace")
        yield Receipt(
            f"bounce-{name}-{number}", Received.BOUNCED, at, key=key, address=None if key else text,
            reason="hard" if address in hard else "soft",
        )  # fmt: skip


def _key(mail: Message) -> str | None:
    """The key of the letter that came back: the Message-ID of the part that repeats it, or one that it answers."""
    for part in mail.walk():
        if part is not mail and (found := _KEY.search(str(part.get("Message-ID", "")))):
            return found[1]
        if part.get_content_type() == "text/rfc822-headers":
            text = part.get_payload(decode=True)
            if isinstance(text, bytes) and (found := _KEY.search(text.decode("utf-8", "replace"))):
                return found[1]
    for header in ("In-Reply-To", "References"):
        if found := _KEY.search(str(mail.get(header, ""))):
            return found[1]
    return None


def _date(mail: Message, otherwise: dt.datetime) -> dt.datetime:
    try:
        at = parsedate_to_datetime(str(mail.get("Date", "")))
        return min(at.astimezone(dt.UTC), otherwise) if at.tzinfo is not None else otherwise
    except (ValueError, OverflowError):
        return otherwise
