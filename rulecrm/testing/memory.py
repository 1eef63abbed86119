"""A channel in memory, with everything that goes wrong at real ones.

In: traits, messages. Out: answers; what was taken is kept.
Invariant: `taken` holds what a recipient would have seen: a message that was taken twice is there twice, unless the
channel is idempotent.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from attrs import evolve

from rulecrm.model.sending import Answer, Answered, Content, Message, Sent, Traits
from rulecrm.testing.faults import Fault, Taken

__all__ = ["MemoryAudience", "MemoryChannel", "MemoryWall"]

TRAITS = Traits(channel="sms", provider="memory", address="phone", batch=100, idempotent=False, asks=False)

_LOST = frozenset({Fault.LOST, Fault.SLOW, Fault.MALFORMED})
_REFUSED: Mapping[Fault, Answer] = MappingProxyType(
    {
        Fault.THROTTLED: Answer(Answered.RETRY, code="429", detail="too many"),
        Fault.CREDENTIALS: Answer(Answered.CONFIG, code="401", detail="unknown account"),
        Fault.BROKEN: Answer(Answered.RETRY, code="503", detail="try again"),
        Fault.UNREACHABLE: Answer(Answered.RETRY, detail="nobody listens"),
    }
)


class MemoryChannel:
    """A channel and its provider in one.

    Attributes:
        dead: an address where nobody is.
        opted_out: an address whose person wants nothing.
        calls: how many messages each call of `send` had.
        asked: how often it was asked about lost messages.
    """

    def __init__(
        self,
        traits: Traits = TRAITS,
        *,
        dead: str | None = "+10000000000",
        opted_out: str | None = "+10000000001",
    ) -> None:
        self.traits = traits
        self.dead = dead
        self.opted_out = opted_out
        self.secrets: Sequence[str] = ()
        self.calls: list[int] = []
        self.asked = 0
        self._faults: deque[Fault] = deque()
        self._taken: list[Taken] = []
        self._ids: dict[str, str] = {}

    def fail(self, fault: Fault, *, calls: int = 1) -> None:
        """Let the next calls go wrong."""
        self._faults.extend([fault] * calls)

    def taken(self) -> Sequence[Taken]:
        """Every message taken so far, in order."""
        return tuple(self._taken)

    def times(self) -> Counter[str]:
        """How often the message of each key was taken."""
        return Counter(one.key for one in self._taken if one.key is not None)

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Take messages, or not."""
        if len(batch) > self.traits.batch:
            raise ValueError(f"{len(batch)} messages, where {self.traits.batch} are the most")
        fault = self._faults.popleft() if self._faults else None
        self.calls.append(len(batch))
        await asyncio.sleep(0)
        refused = _REFUSED.get(fault) if fault else None
        if refused is not None:
            return [refused for _ in batch]
        half = Answer(Answered.RETRY, code="half")
        answers = [
            half if fault is Fault.HALF and number % 2 else self._take(message) for number, message in enumerate(batch)
        ]
        if fault in _LOST:
            return [evolve(one, outcome=Answered.UNKNOWN, provider_id=None, detail=fault) for one in answers]
        return answers

    async def ask(self, lost: Sequence[Sent]) -> Sequence[Answer]:
        """What became of messages."""
        self.asked += len(lost)
        return [
            Answer(Answered.ACCEPTED, provider_id=self._ids[one.key])
            if one.key in self._ids
            else Answer(Answered.RETRY)
            for one in lost
        ]

    async def close(self) -> None:
        """Nothing is open."""

    def _take(self, message: Message) -> Answer:
        if message.address == self.dead:
            return Answer(Answered.DEAD_ADDRESS, code="nobody")
        if message.address == self.opted_out:
            return Answer(Answered.OPTED_OUT, code="stop")
        known = self._ids.get(message.key)
        if known is None or not self.traits.idempotent:
            self._taken.append(Taken(message.address, message.content.text, message.key))
        self._ids.setdefault(message.key, f"memory-{len(self._ids) + 1}")
        return Answer(Answered.ACCEPTED, provider_id=self._ids[message.key])


class MemoryAudience(MemoryChannel):
    """A channel that keeps audiences, too.

    Attributes:
        audiences: who is in which, by the audience's name.
        changes: how many each call of `sync` added and took out.
    """

    def __init__(self, traits: Traits = TRAITS, *, dead: str | None = None) -> None:
        super().__init__(traits, dead=dead)
        self.audiences: dict[str, set[str]] = {}
        self.changes: list[tuple[int, int]] = []

    async def sync(self, audience: str, addresses: Sequence[str], *, remove: Sequence[str] = ()) -> Sequence[Answer]:
        """Add addresses and take others out, or go wrong."""
        fault = self._faults.popleft() if self._faults else None
        self.changes.append((len(addresses), len(remove)))
        await asyncio.sleep(0)
        refused = _REFUSED.get(fault) if fault else None
        if refused is not None:
            return [refused for _ in (*addresses, *remove)]
        there = self.audiences.setdefault(audience, set())
        there |= {one for one in addresses if one != self.dead}
        there -= set(remove)
        if fault in _LOST:
            return [Answer(Answered.UNKNOWN, detail=fault) for _ in (*addresses, *remove)]
        answers = [Answer(Answered.DEAD_ADDRESS if one == self.dead else Answered.ACCEPTED) for one in addresses]
        return [*answers, *(Answer(Answered.ACCEPTED) for _ in remove)]


class MemoryWall(MemoryChannel):
    """A channel that posts, too.

    Attributes:
        posts: everything that was posted, in order.
        keys: by which it was.
    """

    def __init__(self, traits: Traits = TRAITS) -> None:
        super().__init__(traits)
        self.posts: list[Content] = []
        self.keys: list[str] = []

    async def post(self, content: Content, key: str) -> Answer:
        """Post, or go wrong."""
        fault = self._faults.popleft() if self._faults else None
        await asyncio.sleep(0)
        refused = _REFUSED.get(fault) if fault else None
        if refused is not None:
            return refused
        self.posts.append(content)
        self.keys.append(key)
        if fault in _LOST:
            return Answer(Answered.UNKNOWN, detail=fault)
        return Answer(Answered.ACCEPTED, provider_id=f"post-{len(self.posts)}")
