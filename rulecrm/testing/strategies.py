"""Hypothesis strategies for facts, and for what goes to channels and comes back.

In: nothing. Out: strategies of frames and `Facts`, of `Content`, `Message`, `Receipt`.
Invariant: everything they draw is allowed; what is hostile in it may stand in a real shop, template or webhook.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from rulecrm.model.sending import MARKETING, Content, Message, Receipt, Received, key_of

if TYPE_CHECKING:
    import polars as pl

    from rulecrm.facts import Facts

__all__ = ["contents", "facts", "frames", "instants", "messages", "phones", "receipts"]


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


# --- facts --------------------------------------------------------------------------------------------------------

_KINDS = ("visit", "view", "cart", "open", "click", "reply", "review", "unsubscribe")
_MONEY = st.decimals(Decimal(0), Decimal(100_000), places=2)


def facts(*, customers: int = 5, currency: str = "CNY") -> st.SearchStrategy[Facts]:
    """Facts of a shop that is small and odd: ties in time, customers without orders, orders of nobody known.

    Args:
        customers: how many there are at most.
        currency: of all amounts.
    """
    from rulecrm.facts import Facts

    return frames(customers=customers).map(
        lambda drawn: Facts.from_frames(
            customers=drawn["customers"], orders=drawn["orders"], events=drawn["events"], currency=currency
        )
    )


def frames(*, customers: int = 5) -> st.SearchStrategy[dict[str, pl.DataFrame]]:
    """The frames `customers`, `orders` and `events` of such a shop, as `Facts.from_frames` takes them."""
    # A few instants that are drawn again and again: what happens at once is where mistakes are.
    moments = st.lists(instants(), min_size=1, max_size=8)
    return moments.flatmap(lambda drawn: _frames([f"c{number}" for number in range(customers)], st.sampled_from(drawn)))


def _frames(keys: list[str], moments: st.SearchStrategy[dt.datetime]) -> st.SearchStrategy[dict[str, pl.DataFrame]]:
    known = st.lists(st.sampled_from(keys), unique=True).flatmap(
        lambda chosen: st.tuples(*(_customer(key, moments) for key in chosen)).map(list)
    )
    orders = st.lists(_order(keys, moments), max_size=12).map(
        lambda rows: [{**row, "order": f"o{number}"} for number, row in enumerate(rows)]
    )
    events = st.lists(_event(keys, moments), max_size=20).map(
        lambda rows: [{**row, "event": f"e{number}"} for number, row in enumerate(rows)]
    )
    return st.builds(_made, known, orders, events)


def _customer(key: str, moments: st.SearchStrategy[dt.datetime]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "customer": st.just(key), "joined_at": st.none() | moments, "nick": st.none() | st.text(max_size=8),
            "language": st.sampled_from([None, "zh-CN", "en", "de"]),
            "email": st.sampled_from([None, f"{key}@example.com"]),
            "phone": st.none() | phones(), "accepts_sms": st.none() | st.booleans(),
            "accepts_email": st.none() | st.booleans(), "blocked": st.none() | st.booleans(),
        }
    )  # fmt: skip


def _order(keys: list[str], moments: st.SearchStrategy[dt.datetime]) -> st.SearchStrategy[dict[str, Any]]:
    # The stages of an order follow one another.
    stages = st.lists(moments, min_size=1, max_size=3).map(sorted)
    return st.builds(
        lambda customer, at, amount, category: {
            "customer": customer, "placed_at": at[0], "paid_at": at[1] if len(at) > 1 else None,
            "shipped_at": at[2] if len(at) > 2 else None, "amount": amount, "category": category,
        },
        st.sampled_from(keys), stages, _MONEY, st.sampled_from([None, "dress", "shoes", "连衣裙"]),
    )  # fmt: skip


def _event(keys: list[str], moments: st.SearchStrategy[dt.datetime]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "customer": st.sampled_from(keys), "kind": st.sampled_from(_KINDS), "at": moments,
            "channel": st.sampled_from([None, "sms", "email"]), "rating": st.none() | st.integers(1, 5),
        }
    )  # fmt: skip


def _made(
    customers: list[dict[str, Any]], orders: list[dict[str, Any]], events: list[dict[str, Any]]
) -> dict[str, pl.DataFrame]:
    import polars as pl

    text, instant, yes = pl.String(), pl.Datetime("us", "UTC"), pl.Boolean()
    shapes: dict[str, dict[str, pl.DataType]] = {
        "customers": {
            "customer": text, "joined_at": instant, "nick": text, "language": text, "email": text, "phone": text,
            "accepts_sms": yes, "accepts_email": yes, "blocked": yes,
        },
        "orders": {
            "order": text, "customer": text, "placed_at": instant, "paid_at": instant, "shipped_at": instant,
            "amount": pl.Decimal(18, 2), "category": text,
        },
        "events": {
            "event": text, "customer": text, "kind": text, "at": instant, "channel": text, "rating": pl.Int64(),
        },
    }  # fmt: skip
    rows = {"customers": customers, "orders": orders, "events": events}
    return {name: pl.DataFrame(rows[name], schema=shape, orient="row") for name, shape in shapes.items()}
