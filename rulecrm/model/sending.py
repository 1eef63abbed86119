"""What goes to a channel, what it answers, and what it reports later.

In: nothing. Out: `Message`, `Answer`, `Receipt`, and the `Traits` by which a channel says how it wants to be used.
Invariant: every message that was handed to a channel gets exactly one answer; what a provider tells afterwards is a
receipt. Nothing here shows an address or the words of a message in its repr.

All instants are aware; amounts are exact decimals with a currency.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID, uuid5

from attrs import field, frozen

__all__ = [
    "FACTS", "MARKETING", "Answer", "Answered", "Content", "Hours", "Message", "Price", "Rate", "Receipt",
    "Received", "Sent", "Traits", "key_of",
]  # fmt: skip

MARKETING = "marketing"
"""The purpose of a message of which nothing else is said; any other word is a purpose of the shop's own."""

_KEYS = UUID("6f0b8c0e-3d7c-5f0a-9a55-0f6d0c1f9f52")
"""The name space of idempotency keys (RFC 9562, version 5)."""


def key_of(decision: str, choice: int) -> str:
    """The idempotency key of one way of a decision: a UUID, the same whoever works it out and however often.

    Args:
        decision: the id of the decision (`model.decisions.decision_id`).
        choice: which of its messages, from 0.
    """
    return str(uuid5(_KEYS, f"{decision}#{choice}"))


# --- what is sent -------------------------------------------------------------------------------------------------


@frozen
class Content:
    """The words of one message, as they are for this customer.

    Attributes:
        text: the body as plain text; of an e-mail its text alternative.
        subject: the subject, where the template has one.
        html: the body as HTML, where the template has one.
        code: the provider's own name of a template that it has approved beforehand.
        parameters: what such a template is filled with, by name, in the order in which the template says them.
        extra: further parts of the template, by name (`title`, `picture`, `button`), for channels that know them.
    """

    text: str = field(repr=False)
    subject: str | None = field(default=None, repr=False)
    html: str | None = field(default=None, repr=False)
    code: str | None = None
    parameters: Mapping[str, str] = field(factory=lambda: MappingProxyType({}), repr=False)
    extra: Mapping[str, str] = field(factory=lambda: MappingProxyType({}), repr=False)


@frozen
class Message:
    """One message to one customer.

    Attributes:
        key: its idempotency key (`key_of`): a second message with this key is the same message.
        channel: the word of the rules, such as `sms`.
        customer: key of the customer.
        address: where it goes: a phone number (E.164), an e-mail address, a provider's id of the person.
        content: the words.
        campaign: symbol of the campaign.
        step: number of the step, such as `5.2`.
        wave: which of the campaign's sends, from 1; None for the staff.
        template: symbol of the template.
        purpose: `marketing`, or another purpose of the shop's own.
        language: language tag of the words, or None where the template has one text for all.
        unsubscribe: where a POST withdraws consent with one click (RFC 8058), if there is such a place.
        expires: the instant from which on it is of no use any more.
    """

    key: str
    channel: str
    customer: str = field(repr=False)
    address: str = field(repr=False)
    content: Content
    campaign: str = ""
    step: str = ""
    wave: int | None = None
    template: str = ""
    purpose: str = MARKETING
    language: str | None = None
    unsubscribe: str | None = field(default=None, repr=False)
    expires: dt.datetime | None = None

    @property
    def number(self) -> int:
        """The key as a number of 31 bits, for providers that de-duplicate by one; 0 is never given."""
        return (UUID(self.key).int % 0x7FFF_FFFF) + 1


@frozen
class Sent:
    """A message whose answer was lost, as it is asked about.

    Attributes:
        key: its idempotency key.
        address: where it went.
        at: when it was handed over.
        provider_id: the provider's own id, where one was answered.
    """

    key: str
    address: str = field(repr=False)
    at: dt.datetime
    provider_id: str | None = None


# --- what a channel answers ---------------------------------------------------------------------------------------


class Answered(StrEnum):
    """What became of a message at the provider."""

    ACCEPTED = "accepted"
    """Taken; whether it arrives is told by receipts."""
    DELIVERED = "delivered"
    """It has arrived already."""
    RETRY = "retry"
    """Not taken, for a reason that passes; never sooner than `not_before`."""
    WAIT_QUOTA = "wait quota"
    """Not taken, because the account or the recipient has had all it may have in a period."""
    DEAD_ADDRESS = "dead address"
    """Not taken, and it never will be: nobody is there."""
    OPTED_OUT = "opted out"
    """Not taken: the recipient has told the provider so."""
    POLICY = "policy"
    """Not taken: the words, the template, the window or the recipient's settings do not allow it."""
    CONFIG = "config"
    """Not taken, nor will any other be: credentials, permission, balance, or a setting of ours is wrong."""
    UNKNOWN = "unknown"
    """It may have been taken: the answer was lost."""


@frozen
class Price:
    """An exact amount."""

    amount: Decimal
    currency: str


@frozen
class Answer:
    """What a provider said of one message.

    Attributes:
        outcome: one of `Answered`.
        provider_id: the provider's id of the message, by which receipts will speak of it.
        not_before: of `retry` and `wait quota`: the earliest instant for another attempt, where the provider named one.
        code: the provider's own code.
        detail: in words; no address, no secret, nothing of the message.
        units: what the provider counts it as (segments of an SMS).
        price: what it costs, where the provider says so.
        route: of `retry` and `wait quota`: True where nothing goes through this account until then, False where it is
            only this recipient who has to wait.
    """

    outcome: Answered
    provider_id: str | None = None
    not_before: dt.datetime | None = None
    code: str | None = None
    detail: str | None = None
    units: int | None = None
    price: Price | None = None
    route: bool = False


# --- what a provider reports later --------------------------------------------------------------------------------


class Received(StrEnum):
    """What a receipt tells."""

    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    REPLIED = "replied"


FACTS: Mapping[Received, str] = MappingProxyType(
    {
        Received.DELIVERED: "message_delivered",
        Received.OPENED: "open",
        Received.CLICKED: "click",
        Received.BOUNCED: "bounce",
        Received.COMPLAINED: "complaint",
        Received.UNSUBSCRIBED: "unsubscribe",
        Received.REPLIED: "reply",
    }
)
"""The kind of fact that each becomes."""


@frozen
class Receipt:
    """What a provider, or a person, told after the answer.

    It belongs to the message with this `key` or this `provider_id`; where neither is given or known, to all customers
    who have this `address` on the channel (somebody answers an SMS with STOP).

    Attributes:
        id: the provider's id of the event, or one made of its parts: the same event told twice has the same id.
        what: one of `Received`.
        at: when it happened.
        key: the idempotency key of the message.
        provider_id: the provider's id of the message.
        address: of the person.
        reason: of a bounce `hard` or `soft`; otherwise the provider's code or words.
        text: of a reply the words; of a click the address that was followed.
    """

    id: str
    what: Received
    at: dt.datetime
    key: str | None = None
    provider_id: str | None = None
    address: str | None = field(default=None, repr=False)
    reason: str | None = None
    text: str | None = field(default=None, repr=False)


# --- what a channel is --------------------------------------------------------------------------------------------


@frozen
class Rate:
    """At most `count` messages in any `seconds`; of the whole account, or to one recipient."""

    count: int
    seconds: float
    recipient: bool = False


@frozen
class Hours:
    """Messages of the purpose `marketing` go from `start` to `end` of the wall clock of `zone` alone.

    `zone` None means the customer's own.
    """

    start: dt.time
    end: dt.time
    zone: str | None = None


@frozen
class Traits:
    """How a channel wants to be used.

    Attributes:
        channel: the word of the rules that it serves: `sms`, `email`, `im`, …
        provider: whose it is: `smtp`, `twilio`, …; the word after `via`, where nothing else was set.
        address: the attribute of the customer in which its addresses are (`phone`, `email`, …).
        batch: most messages of one call of `send`; they may differ in everything.
        together: whether messages of one call must have the same template and words' parameters (a provider that takes
            one text for many recipients).
        rates: limits the provider sets; all of them hold.
        concurrency: most calls of `send` under way at once.
        idempotent: whether a message sent again with the same key, within `remembers`, is not delivered again.
        remembers: for how long the provider knows a key.
        asks: whether `ask` can tell what became of a message whose answer was lost.
        preapproved: whether messages must be made from a template that the provider has approved (`Content.code`).
        html: whether it takes HTML.
        longest: most characters of a text, or None.
        segments: whether texts are counted in SMS segments.
        notice: what marketing texts must end with (`拒收请回复R`), or None.
        hours: when marketing may be sent at all, or None for always.
        day_zone: IANA name of the zone in whose midnight the provider's daily quota begins anew.
        price: what one unit costs about, for estimates.
    """

    channel: str
    provider: str
    address: str
    batch: int = 1
    together: bool = False
    rates: tuple[Rate, ...] = ()
    concurrency: int = 8
    idempotent: bool = False
    remembers: dt.timedelta = dt.timedelta(hours=24)
    asks: bool = False
    preapproved: bool = False
    html: bool = False
    longest: int | None = None
    segments: bool = False
    notice: str | None = None
    hours: Hours | None = None
    day_zone: str = "UTC"
    price: Price | None = None
