"""The channel `amazon-messaging`: messages that an order needs, by the Messaging API v1.

In: messages about orders, of a kind that Amazon knows. Out: answers.
Invariant: no marketing; nothing that `getMessagingActionsForOrder` does not offer for the order; no HTML, no address of
e-mail, no text longer than the kind's.

The kind is the code of the message's template (`templates` of the route), or the setting `kind`. Kinds, lengths and the
rate (1 a second, 5 at once): the model of 2026-08-05. Links may be in a text only where the order needs them, which
nobody here can tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from rulecrm.plugin import Answer, Answered, Context, Message, Rate, Traits
from rulecrm.plugin.wire import FailedError
from rulecrm_amazon.contact import may_contact
from rulecrm_amazon.outreach import Line
from rulecrm_amazon.settings import Outreach
from rulecrm_amazon.solicitations import REVIEW, offered

__all__ = ["KINDS", "Messaging"]

KINDS: Mapping[str, int] = MappingProxyType(
    {
        "confirmCustomizationDetails": 800,
        "confirmDeliveryDetails": 2000,
        "confirmOrderDetails": 2000,
        "confirmServiceDetails": 2000,
        "unexpectedProblem": 2000,
    }
)
"""Kinds of messages that have words of the seller's own, and how many characters at most. The others (warranty, legal
disclosure, digital access key, invoice) are made of attachments."""

_MARKUP = re.compile(r"<[A-Za-z/!?]")
_MAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]")
_CONTROL = re.compile(r"[^\S \t\r\n]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Messaging:
    """A route through the Messaging API v1."""

    def __init__(self, settings: Outreach, context: Context) -> None:
        self.traits = Traits(
            channel="im", provider="amazon", address="amazon_order", rates=(Rate(1, 1.0),), concurrency=4,
            longest=max(KINDS.values()),
        )  # fmt: skip
        self._kind = settings.kind
        self._context = context
        self._line = Line(settings, context)

    def __repr__(self) -> str:
        return f"Messaging({self._context.name!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Send, message by message."""
        return [await self._send(one) for one in batch]

    async def close(self) -> None:
        """Let go of connections."""
        await self._line.close()

    async def _send(self, message: Message) -> Answer:
        kind, words = message.content.code or self._kind, message.content.text
        wrong = _purpose(message.purpose) or _unknown(kind) or _words(words, kind)
        if wrong is not None:
            return wrong
        try:
            to = self._line.recipient(message.address)
            where, path = {"marketplaceIds": to.marketplace}, f"/messaging/v1/orders/{to.order}"
            if kind not in offered(await self._line.look(path, where)):
                return Answer(Answered.POLICY, detail=f"Amazon offers no `{kind}` for this order now")
            return await self._line.send(f"{path}/messages/{kind}", where, {"text": words})
        except FailedError as error:
            return error.answer


def _purpose(purpose: str) -> Answer | None:
    permission = may_contact("im", purpose)
    if permission.allowed and purpose != REVIEW:
        return None
    why = permission.reason if not permission.allowed else "reviews are asked for by `amazon-solicitations`"
    return Answer(Answered.POLICY, detail=why)


def _unknown(kind: str) -> Answer | None:
    if kind in KINDS:
        return None
    said = f"`{kind}` is none of {', '.join(KINDS)}" if kind else "neither the template nor the route names a kind"
    return Answer(Answered.CONFIG, detail=said)


def _words(words: str, kind: str) -> Answer | None:
    """What Amazon would not take."""
    wrong = None
    if not words.strip():
        wrong = "there are no words"
    elif len(words) > KINDS[kind]:
        wrong = f"`{kind}` has at most {KINDS[kind]} characters"
    elif _MARKUP.search(words):
        wrong = "Amazon takes no HTML"
    elif _MAIL.search(words):
        wrong = "Amazon takes no address of e-mail"
    elif _CONTROL.search(words):
        wrong = "there are control characters in it"
    return None if wrong is None else Answer(Answered.POLICY, detail=wrong)
