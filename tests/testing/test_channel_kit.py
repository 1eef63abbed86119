"""The kit holds for the channel in memory, and fails for channels that break it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from attrs import evolve

from rulecrm.model.sending import Answer, Answered, Message, Sent
from rulecrm.plugin.channels import Channel
from rulecrm.testing.channels import ChannelContract, run_and_close, send_and_close
from rulecrm.testing.faults import Fault
from rulecrm.testing.memory import TRAITS, MemoryChannel


class TestMemory(ChannelContract):
    @pytest.fixture
    def provider(self) -> MemoryChannel:
        return MemoryChannel(evolve(TRAITS, asks=True, idempotent=True))

    @pytest.fixture
    def opened(self, provider: MemoryChannel) -> Channel:
        return provider


class Eager(MemoryChannel):
    """It sends again when an answer is lost."""

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        answers = await super().send(batch)
        if any(one.outcome is Answered.UNKNOWN for one in answers):
            return await super().send(batch)
        return answers


class Optimist(MemoryChannel):
    """It takes a lost answer for a refusal."""

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        answers = await super().send(batch)
        return [evolve(one, outcome=Answered.RETRY) if one.outcome is Answered.UNKNOWN else one for one in answers]


class Muddled(MemoryChannel):
    """It answers in another order."""

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        return list(reversed(await super().send(batch)))


class Forgetful(MemoryChannel):
    """It answers for one message fewer."""

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        return list(await super().send(batch))[1:]


class Gullible(MemoryChannel):
    """It says of every message that it was taken when asked."""

    async def ask(self, lost: Sequence[Sent]) -> Sequence[Answer]:
        return [Answer(Answered.ACCEPTED) for _ in lost]


@pytest.mark.parametrize(
    ("cls", "test", "arguments"),
    [
        (Eager, "test_a_lost_answer_is_unknown_and_nothing_is_sent_again", (Fault.LOST,)),
        (Optimist, "test_a_lost_answer_is_unknown_and_nothing_is_sent_again", (Fault.SLOW,)),
        (Muddled, "test_half_a_batch_refused_is_told_apart", ()),
        (Forgetful, "test_each_message_has_one_answer_in_order", ()),
        (Gullible, "test_it_finds_out_what_became_of_a_message", ()),
        (MemoryChannel, "test_a_key_makes_two_messages_one", ()),
    ],
)
def test_a_channel_that_breaks_the_contract_fails(
    cls: type[MemoryChannel], test: str, arguments: tuple[Fault, ...]
) -> None:
    lying = evolve(TRAITS, asks=True, idempotent=True)
    channel = cls(lying)
    if cls is MemoryChannel:  # it says that it minds keys, and does not
        channel._ids = _Amnesia()
    with asyncio.Runner() as loop, pytest.raises((AssertionError, ValueError)):
        getattr(ChannelContract(), test)(channel, channel, loop, *arguments)


class _Amnesia(dict[str, str]):
    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        return default


class Closing(MemoryChannel):
    """It counts how often it is closed."""

    closed = 0

    async def close(self) -> None:
        self.closed += 1
        await super().close()


def test_a_channel_is_closed_once_it_has_sent() -> None:
    channel = Closing(TRAITS)
    batch = TestMemory().messages(TRAITS, 2)
    assert [one.outcome for one in send_and_close(channel, *batch)] == [Answered.ACCEPTED] * 2
    assert [one.address for one in channel.taken()] == [one.address for one in batch]
    assert channel.closed == 1


def test_a_channel_is_closed_whatever_happens() -> None:
    channel = Closing(TRAITS)

    async def fails() -> None:
        raise LookupError("it is not there")

    with pytest.raises(LookupError, match="not there"):
        run_and_close(channel, fails())
    assert channel.closed == 1
