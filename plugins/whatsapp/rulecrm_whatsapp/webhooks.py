"""What WhatsApp tells by webhook.

In: a webhook. Out: receipts.
Invariant: only what is signed with the app's secret is read, and of that only what is about our number. The same event
has the same id, however often it is told.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from uuid import UUID

from rulecrm.plugin import Forged, Receipt, Received, Request
from rulecrm_whatsapp.answers import DEAD, OPTED_OUT
from rulecrm_whatsapp.settings import Settings

__all__ = ["SenselessError", "challenge_of", "receipts_of", "signature"]


class SenselessError(ValueError):
    """What was posted is no webhook of WhatsApp's."""


def signature(secret: str, body: bytes) -> str:
    """The header `X-Hub-Signature-256` of a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def challenge_of(request: Request, settings: Settings) -> bytes:
    """What a handshake is answered with.

    Raises:
        Forged: it does not show our token.
    """
    shown = request.query.get("hub.verify_token", "")
    if not settings.verify_token or request.query.get("hub.mode") != "subscribe":
        raise Forged("this is no handshake, or no verify_token is set")
    if not hmac.compare_digest(shown.encode(), settings.verify_token.reveal().encode()):
        raise Forged("the verify token is wrong")
    return request.query.get("hub.challenge", "").encode()


def receipts_of(request: Request, settings: Settings) -> list[Receipt]:
    """The receipts of a webhook.

    Raises:
        Forged: the signature is missing or wrong, or no app_secret is set.
        ValueError: it is signed, and makes no sense.
    """
    if not settings.app_secret:
        raise Forged("no app_secret is set, so no webhook can be Meta's")
    expected = signature(settings.app_secret.reveal(), request.body)
    if not hmac.compare_digest(request.headers.get("x-hub-signature-256", "").encode(), expected.encode()):
        raise Forged("the signature is missing or wrong")
    document = request.document()
    stop_words = {word.casefold() for word in settings.stop_words}
    receipts: list[Receipt] = []
    for entry in _objects(document, "entry"):
        for change in _objects(entry, "changes"):
            value = change.get("value")
            if not isinstance(value, Mapping) or not _ours(value, settings):
                continue
            receipts += [one for status in _objects(value, "statuses") for one in _status(status)]
            receipts += [one for message in _objects(value, "messages") for one in _message(message, stop_words)]
            receipts += [one for wish in _objects(value, "user_preferences") for one in _preference(wish)]
    return receipts


def _ours(value: Mapping[str, object], settings: Settings) -> bool:
    """Whether it is about our number: all numbers of an account call the same URL."""
    metadata = value.get("metadata")
    number = metadata.get("phone_number_id") if isinstance(metadata, Mapping) else None
    return number is None or str(number) == settings.phone_number_id


def _status(status: Mapping[str, object]) -> Iterator[Receipt]:
    what, reason = {"delivered": Received.DELIVERED, "read": Received.OPENED}.get(str(status.get("status"))), None
    if status.get("status") == "failed":
        codes = {code for error in _objects(status, "errors") if isinstance(code := error.get("code"), int)}
        what = Received.UNSUBSCRIBED if codes & OPTED_OUT else Received.BOUNCED
        reason = "opted out" if codes & OPTED_OUT else "hard" if codes & DEAD else "soft"
    if what is None:
        return
    name = _text(status, "id")
    yield Receipt(
        f"{name}/{status.get('status')}",
        what,
        _at(status),
        key=_key(status.get("biz_opaque_callback_data")),
        provider_id=name,
        address=f"+{_text(status, 'recipient_id')}" if "recipient_id" in status else None,
        reason=reason,
    )


def _message(message: Mapping[str, object], stop_words: set[str]) -> Iterator[Receipt]:
    if message.get("type") in {"reaction", "system", "unsupported", "unknown"}:
        return
    words = _words(message)
    stops = words is not None and words.strip().casefold() in stop_words
    context = message.get("context")
    of = context.get("id") if isinstance(context, Mapping) else None
    yield Receipt(
        _text(message, "id"),
        Received.UNSUBSCRIBED if stops else Received.REPLIED,
        _at(message),
        # Whoever says stop says it to the business, whatever message that was an answer to.
        provider_id=of if isinstance(of, str) and not stops else None,
        address=f"+{_text(message, 'from')}",
        text=words,
    )


def _words(message: Mapping[str, object]) -> str | None:
    """What a message says: its text, a caption, the words of the button that was pressed."""
    kind = str(message.get("type"))
    part = message.get(kind)
    if kind == "interactive" and isinstance(part, Mapping):
        part = part.get(str(part.get("type")))
    for name in ("body", "text", "title", "caption"):
        found = part.get(name) if isinstance(part, Mapping) else None
        if isinstance(found, str):
            return found
    return None


def _preference(wish: Mapping[str, object]) -> Iterator[Receipt]:
    """A person's own switch for the business's marketing."""
    if wish.get("category") == "marketing_messages" and wish.get("value") == "stop":
        person, at = _text(wish, "wa_id"), _at(wish)
        covered = hashlib.sha256(person.encode()).hexdigest()[:16]
        name = f"preference/{covered}/{at.timestamp():.0f}"
        yield Receipt(name, Received.UNSUBSCRIBED, at, address=f"+{person}", reason="stop")


def _key(given: object) -> str | None:
    """A key of ours; another program may have put another thing there."""
    try:
        return str(UUID(str(given)))
    except ValueError:
        return None


def _objects(document: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    found = document.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise SenselessError(f"`{name}` is no list of objects")
    return found


def _text(document: Mapping[str, object], name: str) -> str:
    found = document.get(name)
    if not isinstance(found, str) or not found:
        raise SenselessError(f"`{name}` is missing")
    return found


def _at(document: Mapping[str, object]) -> dt.datetime:
    try:
        return dt.datetime.fromtimestamp(int(str(document.get("timestamp"))), dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise SenselessError("`timestamp` is no instant") from None
