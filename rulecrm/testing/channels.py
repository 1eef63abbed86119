"""The tests that every channel must pass.

In: a channel and a local fake of its provider, from a subclass. Out: pytest tests.
Invariant: what is tested is what the dispatcher relies on: one answer for each message, in order; `unknown` whenever
the message may have been taken; nothing that is sent twice by the channel itself; nothing secret that shows.

A plugin's tests inherit `ChannelContract` and give two fixtures:

    class TestShout(ChannelContract):
        @pytest.fixture
        def provider(self) -> Iterator[ShoutServer]:
            with ShoutServer() as server:
                yield server

        @pytest.fixture
        def opened(self, provider: ShoutServer) -> Channel:
            return open_shout(Settings(url=provider.url, timeout=0.3), Context())

and, where the defaults do not fit, `address`, `content`, `genuine`, `signed`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from rulecrm.model.sending import Answer, Answered, Content, Message, Sent, Traits, key_of
from rulecrm.plugin.channels import Asks, Channel, Forged, Hears, Request
from rulecrm.testing.faults import Fault, Provider

__all__ = ["ChannelContract", "Run", "run_and_close", "send_and_close"]

T = TypeVar("T")

Run = Callable[[Awaitable[T]], T]

_TAKEN = frozenset({Answered.ACCEPTED, Answered.DELIVERED})
_LATER = frozenset({Answered.RETRY, Answered.WAIT_QUOTA})
_DEEP = 100_000
"""How deep a hostile body is nested: beyond what a parser that calls itself can follow."""


def run_and_close(channel: Channel, work: Awaitable[T]) -> T:
    """What something done with a channel comes to, in a loop of its own; the channel is closed whatever happens."""

    async def both() -> T:
        try:
            return await work
        finally:
            await channel.close()

    return asyncio.run(both())


def send_and_close(channel: Channel, *messages: Message) -> list[Answer]:
    """What a channel answers to messages, sent in a loop of their own; it is closed then."""
    return list(run_and_close(channel, channel.send(messages)))


class ChannelContract:
    """Inherit it; each test says in its name what a channel must do."""

    # --- what a subclass says -------------------------------------------------------------------------------------

    signed_bodies: bool = True
    """Whether the provider signs what it posts; False where all it offers is a secret word in the address."""

    @pytest.fixture
    def provider(self) -> Provider:
        """A running local fake of the provider."""
        raise NotImplementedError

    @pytest.fixture
    def opened(self, provider: Provider) -> Channel:
        """The channel, set up for that fake, waiting for an answer for at most a second."""
        raise NotImplementedError

    def address(self, number: int) -> str:
        """Addresses that the provider knows, each another."""
        return f"+4915112345{number:03}"

    def content(self, text: str) -> Content:
        """Words for a message."""
        return Content(text)

    def genuine(self) -> Request | None:
        """A webhook that the provider would have made for `opened`, where there are any; its body is not empty."""
        return None

    def unsigned(self, genuine: Request) -> Request:
        """That webhook without its signature; most providers put it into a header or the address."""
        kept = {"content-type": genuine.headers.get("content-type", "")}
        return evolve(genuine, headers=kept, query={}, url="https://x/")

    def signed(self, genuine: Request, body: bytes) -> Request:
        """That webhook with another body, signed as the provider would sign it.

        Say it where the provider signs bodies: without a signature a channel looks no further.
        """
        return evolve(genuine, body=body)

    def shown(self, text: str) -> str:
        """What the provider gets to see of a text, where the channel has to change it."""
        return text

    # --- what the tests share -------------------------------------------------------------------------------------

    @pytest.fixture
    def loop(self) -> Iterator[asyncio.Runner]:
        """One event loop for a test, so that a channel may keep its connections."""
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture
    def channel(self, opened: Channel, loop: asyncio.Runner) -> Iterator[Channel]:
        """The channel; it is closed when the test ends."""
        yield opened
        loop.run(opened.close())

    def messages(self, traits: Traits, count: int) -> list[Message]:
        """Messages to as many people; where a call takes one text for all, they have one."""
        return [self.message(traits, number) for number in range(count)]

    def message(self, traits: Traits, number: int, text: str | None = None, address: str | None = None) -> Message:
        """One message."""
        words = text or ("Your parcel is on its way." if traits.together else f"Parcel {number} is on its way.")
        return Message(
            key_of(f"contract|c{number}#1@", 0),
            traits.channel,
            f"c{number}",
            self.address(number) if address is None else address,
            self.content(words),
            campaign="contract",
            step="1",
            wave=1,
            template="shipped",
        )

    # --- what it is -----------------------------------------------------------------------------------------------

    def test_it_says_what_it_is(self, channel: Channel) -> None:
        assert isinstance(channel, Channel)
        traits = channel.traits
        assert traits == channel.traits
        assert traits.channel.isidentifier()
        assert traits.provider
        assert traits.address.isidentifier()
        assert traits.batch >= 1
        assert traits.concurrency >= 1
        assert all(rate.count > 0 and rate.seconds > 0 for rate in traits.rates)
        ZoneInfo(traits.day_zone)
        if traits.hours is not None and traits.hours.zone is not None:
            ZoneInfo(traits.hours.zone)
        assert traits.remembers > dt.timedelta(0)

    def test_it_can_ask_exactly_if_it_says_so(self, channel: Channel) -> None:
        assert channel.traits.asks == isinstance(channel, Asks)

    # --- when all goes well ---------------------------------------------------------------------------------------

    def test_nothing_to_send_is_no_call(self, channel: Channel, provider: Provider, loop: asyncio.Runner) -> None:
        assert list(loop.run(_send(channel, []))) == []
        assert not provider.taken()

    def test_each_message_has_one_answer_in_order(
        self, channel: Channel, provider: Provider, loop: asyncio.Runner
    ) -> None:
        batch = self.messages(channel.traits, min(channel.traits.batch, 3))
        answers = loop.run(_send(channel, batch))
        self._judged(answers, batch)
        assert [one.outcome in _TAKEN for one in answers] == [True] * len(batch)
        assert sorted(one.address for one in provider.taken()) == sorted(one.address for one in batch)
        assert sorted(one.text for one in provider.taken()) == sorted(self.shown(one.content.text) for one in batch)

    def test_it_takes_as_many_as_it_says(self, channel: Channel, provider: Provider, loop: asyncio.Runner) -> None:
        batch = self.messages(channel.traits, min(channel.traits.batch, 999))
        answers = loop.run(_send(channel, batch))
        self._judged(answers, batch)
        assert all(one.outcome in _TAKEN for one in answers)
        assert len(provider.taken()) == len(batch)

    def test_calls_may_be_under_way_at_once(self, channel: Channel, provider: Provider, loop: asyncio.Runner) -> None:
        batch = self.messages(channel.traits, 4)

        async def at_once() -> list[Sequence[Answer]]:
            return list(await asyncio.gather(*(channel.send([one]) for one in batch)))

        answers = [one for answered in loop.run(at_once()) for one in answered]
        assert [one.outcome in _TAKEN for one in answers] == [True] * 4
        assert len(provider.taken()) == 4

    def test_it_may_be_closed_twice(self, channel: Channel, loop: asyncio.Runner) -> None:
        loop.run(_send(channel, self.messages(channel.traits, 1)))
        loop.run(_done(channel.close()))
        loop.run(_done(channel.close()))

    # --- when the provider says no --------------------------------------------------------------------------------

    def test_throttled_it_asks_for_another_time(
        self, channel: Channel, provider: Provider, loop: asyncio.Runner
    ) -> None:
        provider.fail(Fault.THROTTLED)
        (answer,) = loop.run(_send(channel, self.messages(channel.traits, 1)))
        assert answer.outcome in _LATER
        assert answer.not_before is None or answer.not_before.tzinfo is not None
        assert not provider.taken()

    def test_wrong_credentials_are_no_fault_of_the_messages(
        self, channel: Channel, provider: Provider, loop: asyncio.Runner
    ) -> None:
        batch = self.messages(channel.traits, min(channel.traits.batch, 2))
        provider.fail(Fault.CREDENTIALS, calls=len(batch))
        answers = loop.run(_send(channel, batch))
        self._judged(answers, batch)
        assert {one.outcome for one in answers} == {Answered.CONFIG}
        assert not provider.taken()

    def test_half_a_batch_refused_is_told_apart(
        self, channel: Channel, provider: Provider, loop: asyncio.Runner
    ) -> None:
        batch = self.messages(channel.traits, min(channel.traits.batch, 4))
        provider.fail(Fault.HALF)
        answers = loop.run(_send(channel, batch))
        self._judged(answers, batch)
        taken = {one.address for one in provider.taken()}
        assert taken
        for message, answer in zip(batch, answers, strict=True):
            assert (answer.outcome in _TAKEN) == (message.address in taken), answer

    def test_an_error_of_the_providers_is_not_the_end(
        self, channel: Channel, provider: Provider, loop: asyncio.Runner
    ) -> None:
        provider.fail(Fault.BROKEN)
        (answer,) = loop.run(_send(channel, self.messages(channel.traits, 1)))
        assert answer.outcome in _LATER | {Answered.UNKNOWN}
        assert not provider.taken()

    def test_a_dead_address_is_told(self, channel: Channel, provider: Provider, loop: asyncio.Runner) -> None:
        if provider.dead is None:
            pytest.skip("runs where the provider tells dead addresses when asked to send")
        message = self.message(channel.traits, 1, address=provider.dead)
        (answer,) = loop.run(_send(channel, [message]))
        assert answer.outcome is Answered.DEAD_ADDRESS
        assert not provider.taken()

    def test_who_has_opted_out_is_told(self, channel: Channel, provider: Provider, loop: asyncio.Runner) -> None:
        if provider.opted_out is None:
            pytest.skip("runs where people can opt out at the provider")
        message = self.message(channel.traits, 1, address=provider.opted_out)
        (answer,) = loop.run(_send(channel, [message]))
        assert answer.outcome is Answered.OPTED_OUT
        assert not provider.taken()

    # --- when the answer is lost ----------------------------------------------------------------------------------

    @pytest.mark.parametrize("fault", [Fault.LOST, Fault.SLOW, Fault.MALFORMED])
    def test_a_lost_answer_is_unknown_and_nothing_is_sent_again(
        self, channel: Channel, provider: Provider, loop: asyncio.Runner, fault: Fault
    ) -> None:
        message = self.message(channel.traits, 1)
        provider.fail(fault)
        (answer,) = loop.run(_send(channel, [message]))
        assert answer.outcome is Answered.UNKNOWN
        assert len(provider.taken()) == 1

    def test_where_nobody_listens_nothing_was_taken(
        self, channel: Channel, provider: Provider, loop: asyncio.Runner
    ) -> None:
        provider.fail(Fault.UNREACHABLE)
        (answer,) = loop.run(_send(channel, self.messages(channel.traits, 1)))
        assert answer.outcome is Answered.RETRY
        assert not provider.taken()

    def test_a_key_makes_two_messages_one(self, channel: Channel, provider: Provider, loop: asyncio.Runner) -> None:
        if not channel.traits.idempotent:
            pytest.skip("runs where the provider minds idempotency keys")
        message = self.message(channel.traits, 1)
        provider.fail(Fault.LOST)
        loop.run(_send(channel, [message]))
        (answer,) = loop.run(_send(channel, [message]))
        assert answer.outcome in _TAKEN
        assert len(provider.taken()) == 1

    def test_it_finds_out_what_became_of_a_message(
        self, channel: Channel, provider: Provider, loop: asyncio.Runner
    ) -> None:
        if not isinstance(channel, Asks):
            pytest.skip("runs where the provider can be asked what became of a message")
        message, never = self.messages(channel.traits, 2)
        provider.fail(Fault.LOST)
        (answer,) = loop.run(_send(channel, [message]))
        now = dt.datetime.now(dt.UTC)
        lost = [Sent(message.key, message.address, now, answer.provider_id), Sent(never.key, never.address, now)]
        found = list(loop.run(_done(channel.ask(lost))))
        assert found[0].outcome in _TAKEN
        assert found[1].outcome in {Answered.RETRY, Answered.UNKNOWN}
        assert len(provider.taken()) == 1

    # --- what must not happen -------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "text",
        [
            "a\r\nBcc: all@example.com\r\n\r\nb",
            "\x00\x07\x1b[2J",
            "🛍️ 双十一 \u202eabc",
            "<script>alert(1)</script>",
            "a" * 5_000,
        ],
        ids=["lines", "controls", "letters", "markup", "long"],
    )
    def test_no_words_break_it(self, channel: Channel, provider: Provider, loop: asyncio.Runner, text: str) -> None:
        message = self.message(channel.traits, 1, text=text)
        content = evolve(message.content, subject=text if message.content.subject is not None else None)
        batch = [evolve(message, content=content)]
        self._judged(loop.run(_send(channel, batch)), batch)
        assert {one.address for one in provider.taken()} <= {message.address}

    def test_nothing_secret_is_shown(
        self,
        channel: Channel,
        provider: Provider,
        loop: asyncio.Runner,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        message = self.message(channel.traits, 1)
        answers = list(loop.run(_send(channel, [message])))
        provider.fail(Fault.CREDENTIALS)
        answers += loop.run(_send(channel, [self.message(channel.traits, 2)]))
        shown = "\n".join([repr(channel), repr(message), *map(repr, answers), caplog.text])
        for secret in provider.secrets:
            assert secret not in shown
        assert message.address not in "\n".join([repr(message), *map(repr, answers)])

    def test_a_forged_webhook_is_refused(self, channel: Channel) -> None:
        genuine = self.genuine()
        if not isinstance(channel, Hears):
            assert genuine is None, "a channel that does not hear has no webhooks"
            pytest.skip("runs where the provider calls back")
        assert genuine is not None, "say in `genuine` what a webhook of this provider is like"
        assert channel.hear(genuine).status < 300
        changed = genuine.body[:-1] + bytes([genuine.body[-1] ^ 1]) if genuine.body else b"x"
        with pytest.raises(Forged):
            channel.hear(self.unsigned(genuine))
        with pytest.raises(Forged if self.signed_bodies else (Forged, ValueError)):
            channel.hear(evolve(genuine, body=changed))

    @pytest.mark.parametrize(
        "body",
        [b"", b"\xff\x00", b"null", b"[" * _DEEP, b"[" * _DEEP + b"]" * _DEEP, b'{"a":' * _DEEP, b"<a>" * _DEEP],
        ids=["empty", "bytes", "null", "open", "deep", "objects", "markup"],
    )
    def test_a_webhook_that_makes_no_sense_is_refused(self, channel: Channel, body: bytes) -> None:
        genuine = self.genuine()
        if not isinstance(channel, Hears) or genuine is None:
            pytest.skip("runs where the provider calls back")
        with pytest.raises((Forged, ValueError)):
            channel.hear(self.signed(genuine, body))

    def _judged(self, answers: Sequence[Answer], batch: Sequence[Message]) -> None:
        assert len(answers) == len(batch)
        assert all(isinstance(one, Answer) for one in answers)
        assert all(one.not_before is None or one.not_before.tzinfo is not None for one in answers)
        assert all(one.outcome is not Answered.UNKNOWN or one.provider_id is None for one in answers)


async def _send(channel: Channel, batch: Sequence[Message]) -> Sequence[Answer]:
    return await channel.send(batch)


async def _done(awaitable: Awaitable[T]) -> T:
    return await awaitable
