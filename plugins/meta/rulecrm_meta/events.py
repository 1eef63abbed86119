"""What people do with messages of a page.

In: a webhook. Out: receipts.
Invariant: an event told twice gives receipts with the same ids; what is of no interest gives none.

The fields are those of https://developers.facebook.com/docs/messenger-platform/reference/webhook-events.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from rulecrm.plugin import Receipt, Received

__all__ = ["receipts_of"]


class SenselessError(ValueError):
    """What was posted is no webhook of Meta's."""


def receipts_of(document: Mapping[str, object], stop_words: Sequence[str]) -> list[Receipt]:
    """The receipts of a webhook."""
    stops = {word.casefold() for word in stop_words}
    return [receipt for event in _events(document) for receipt in _event(event, stops)]


def _events(document: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    entries = document.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        events = entry.get("messaging") if isinstance(entry, Mapping) else None
        for event in events if isinstance(events, list) else ():
            if isinstance(event, Mapping):
                yield event


def _event(event: Mapping[str, object], stops: set[str]) -> Iterator[Receipt]:
    sender, at = _person(event), _at(event.get("timestamp"))
    message, delivery, read = (event.get(name) for name in ("message", "delivery", "read"))
    if isinstance(message, Mapping):
        if message.get("is_echo") is True or message.get("is_deleted") is True:
            return
        mid, text = str(message.get("mid", "")), str(message.get("text", ""))
        said = Received.UNSUBSCRIBED if text.strip().casefold() in stops else Received.REPLIED
        yield Receipt(f"message-{mid}", said, at, address=sender, text=text or None)
    elif isinstance(delivery, Mapping):
        mids = delivery.get("mids")
        for mid in mids if isinstance(mids, list) else ():
            yield Receipt(
                f"delivery-{mid}", Received.DELIVERED, _at(delivery.get("watermark"), at), provider_id=str(mid)
            )
    elif isinstance(read, Mapping):
        of = read.get("mid")  # Instagram says which; Messenger says up to when, so that only the person is known
        if isinstance(of, str):
            yield Receipt(f"read-{of}", Received.OPENED, at, provider_id=of)
        else:
            until = _at(read.get("watermark"), at)
            yield Receipt(f"read-{sender}-{until.timestamp():.3f}", Received.OPENED, until, address=sender)


def _person(event: Mapping[str, object]) -> str:
    sender = event.get("sender")
    number = sender.get("id") if isinstance(sender, Mapping) else None
    if not isinstance(number, str) or not number.isdecimal():
        raise SenselessError("an event names no sender")
    return number


def _at(milliseconds: object, otherwise: dt.datetime | None = None) -> dt.datetime:
    if isinstance(milliseconds, int) and 0 < milliseconds < 2**43:
        return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    if otherwise is None:
        raise SenselessError("an event says no time")
    return otherwise
