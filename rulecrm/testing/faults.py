"""What goes wrong at providers.

In: nothing. Out: `Fault`, and `Provider`, which is how the contract kit steers a local fake.
Invariant: a fault says whether the provider has taken the message, for that is what the answer has to be judged by.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from attrs import field, frozen

__all__ = ["Fault", "Provider", "Taken"]


class Fault(StrEnum):
    """One thing that goes wrong with a call."""

    THROTTLED = "throttled"
    """Refused for its rate, in the provider's own way; nothing is taken."""
    CREDENTIALS = "credentials"
    """Refused for its credentials; nothing is taken."""
    HALF = "half"
    """Of the call's messages the second, fourth, … are refused, the others taken. (A call of one message is taken.)"""
    BROKEN = "broken"
    """The provider answers that it has an error of its own; nothing is taken."""
    LOST = "lost"
    """Taken; then the connection is cut before the answer."""
    SLOW = "slow"
    """Taken; the answer comes later than the channel waits."""
    MALFORMED = "malformed"
    """Taken; the answer is no answer (HTML, half a document)."""
    UNREACHABLE = "unreachable"
    """Nobody listens; nothing can have been taken."""


@frozen
class Taken:
    """A message that a provider has taken, as far as it can tell: address, words, and the key where it was told one."""

    address: str
    text: str = field(repr=False)
    key: str | None = None


class Provider(Protocol):
    """A local fake of a provider.

    Attributes:
        dead: an address at which it says that nobody is there; None where it cannot tell when asked to send.
        opted_out: an address whose person has told the provider so; None where there is no such thing.
        secrets: what must never be seen in a repr or a log.
    """

    dead: str | None
    opted_out: str | None
    secrets: Sequence[str]

    def fail(self, fault: Fault, *, calls: int = 1) -> None:
        """Let the next calls go wrong."""

    def taken(self) -> Sequence[Taken]:
        """Every message taken so far, in order; one that a key made the same as another is there once."""
