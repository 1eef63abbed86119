"""From messages that may go to messages with words.

In: what has passed the gate, and the route. Out: `Message`s, or what becomes of those that cannot be written.
Invariant: a message is written by the template of the version that its decision was made with; a coupon belongs to one
decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import field, frozen

from rulecrm.dispatch.gate import Passed
from rulecrm.dispatch.routes import Route
from rulecrm.model.sending import Content, Message, key_of
from rulecrm.state import Claimed, Outcome

__all__ = ["Ready", "Writer", "written"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@frozen
class Ready:
    """A message that can be handed over."""

    claimed: Claimed
    message: Message


@frozen
class Words:
    """The words of one message, and the language they are in."""

    content: Content
    language: str | None = None
    unsubscribe: str | None = field(default=None, repr=False)


class Writer(Protocol):
    """Finds the words."""

    def purpose(self, claimed: Claimed) -> str:
        """What a message is for."""
        ...

    def write(self, passed: Sequence[Passed], route: Route, now: int) -> Sequence[Words | Outcome]:
        """The words of each message, in order, or what becomes of it."""
        ...


def written(
    passed: Sequence[Passed], words: Sequence[Words | Outcome], route: Route, expires: int
) -> tuple[list[Ready], list[Outcome]]:
    """Messages, and what becomes of those without words.

    Args:
        passed: what may go.
        words: of each.
        route: through which they go.
        expires: how long after its due instant a message is of use, microseconds.
    """
    ready: list[Ready] = []
    ended: list[Outcome] = []
    for one, said in zip(passed, words, strict=True):
        if isinstance(said, Outcome):
            ended.append(said)
            continue
        claimed = one.claimed
        message = Message(
            key=key_of(claimed.decision, claimed.way.choice),
            channel=route.channel,
            customer=claimed.customer,
            address=one.address,
            content=said.content,
            campaign=claimed.campaign,
            step=claimed.step,
            wave=claimed.wave,
            template=claimed.way.template or "",
            purpose=one.purpose,
            language=said.language,
            unsubscribe=said.unsubscribe,
            expires=_EPOCH + dt.timedelta(microseconds=claimed.due + expires),
        )
        ready.append(Ready(claimed, message))
    return ready, ended
