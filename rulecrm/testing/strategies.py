"""Hypothesis strategies for what goes to channels and comes back.

In: nothing. Out: strategies of `Content`, `Message`, `Receipt`.
Invariant: everything they draw is allowed; what is hostile in it may stand in a real template or a real webhook.
"""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

from rulecrm.model.sending import MARKETING, Content, Message, Receipt, Received, key_of

__all__ = ["contents", "instants", "messages", "phones", "receipts"]


def phones() -> st.SearchStrategy[str]:
    """Phone numbers as E.164 writes them, of several countries."""
    prefixes = st.sampled_from(["+86138", "+861990", "+49151", "+4479", "+1415", "+7916"])
    return st.builds(lambda prefix, rest: f"{prefix}{rest:08}"[:16], prefixes, st.integers(0, 99_999_999))


def instants() -> st.SearchStrategy[dt.datetime]:
    """Instants in UTC, to the microsecond."""
    return st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001 - Hypothesis adds the zone


def contents(*, html: bool = False) -> st.SearchStrategy[Content]:
    """Words, with all that people and attackers write; subject and HTML where `html` is True."""
    words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)
    if not html:
        return st.builds(Content, words)
    return st.builds(Content, words, subject=words, html=words.map(lambda text: f"<p>{text}</p>"))


def messages(
    channel: str = "sms",
    addresses: st.SearchStrategy[str] | None = None,
    words: st.SearchStrategy[Content] | None = None,
) -> st.SearchStrategy[Message]:
    """Messages of one channel, each with a key of its own."""
    return st.builds(
        lambda number, address, content, wave: Message(
            key_of(f"drawn|{number}#{wave}@", 0), channel, f"c{number}", address, content,
            campaign="drawn", step=str(wave), wave=wave, template="drawn", purpose=MARKETING,
        ),
        st.integers(0, 2**63), addresses or phones(), words or contents(), st.integers(1, 9),
    )  # fmt: skip


def receipts(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Receipt]:
    """Receipts of messages with these keys."""
    return st.builds(
        lambda number, what, at, key, hard: Receipt(
            f"r{number}", what, at, key=key,
            reason=("hard" if hard else "soft") if what is Received.BOUNCED else None,
        ),
        st.integers(0, 2**31), st.sampled_from(Received), instants(), keys, st.booleans(),
    )  # fmt: skip
