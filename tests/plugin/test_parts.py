"""A batch in parts: the same words together, each person once, every message answered in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from rulecrm.plugin import Answer, Answered, Content, Message, key_of
from rulecrm.plugin.parts import Part, parts_of, send_in_parts


def batch(*given: tuple[str, str]) -> list[Message]:
    return [
        Message(
            key_of(f"parts|c{number}#1@", 0), "staff", f"c{number}", address, Content(text),
            campaign="parts", step="1", wave=1, template="told",
        )
        for number, (address, text) in enumerate(given)
    ]  # fmt: skip


def body(message: Message) -> Mapping[str, object]:
    return {"text": message.content.text}


def test_the_same_words_are_together_and_nobody_twice() -> None:
    messages = batch(("ann", "Hi"), ("bob", "Ho"), ("cem", "Hi"), ("Ann", "Hi"), ("dot", "Hi"), ("bob", "Hi"))
    assert parts_of(messages, range(6), body) == [
        Part({"text": "Hi"}, (0, 2, 4, 5), ("ann", "cem", "dot", "bob")),
        Part({"text": "Ho"}, (1,), ("bob",)),
        Part({"text": "Hi"}, (3,), ("Ann",)),
    ]


def test_only_places_that_are_named_are_in_a_part() -> None:
    messages = batch(("ann", "Hi"), ("bob", "Hi"), ("cem", "Hi"))
    assert parts_of(messages, (2, 0), body) == [Part({"text": "Hi"}, (2, 0), ("cem", "ann"))]
    assert parts_of(messages, (), body) == []


def test_bodies_are_the_same_whatever_the_order_of_their_names() -> None:
    messages = batch(("ann", "Hi"), ("bob", "Hi"))
    turned = {"ann": {"a": 1, "b": 2}, "bob": {"b": 2, "a": 1}}
    (part,) = parts_of(messages, range(2), lambda message: turned[message.address])
    assert part.people == ("ann", "bob")


def test_each_message_has_its_own_answer() -> None:
    messages = batch(("ann", "Hi"), ("", "Hi"), ("bob", "Ho"), ("cem", "Hi"))
    calls: list[tuple[str, ...]] = []

    async def send(part: Part) -> Sequence[Answer]:
        calls.append(part.people)
        return [Answer(Answered.ACCEPTED, provider_id=person) for person in part.people]

    def refuse(message: Message) -> Answer | None:
        return None if message.address else Answer(Answered.DEAD_ADDRESS)

    answers = asyncio.run(send_in_parts(messages, refuse, body, send))
    assert [answer.provider_id for answer in answers] == ["ann", None, "bob", "cem"]
    assert answers[1].outcome is Answered.DEAD_ADDRESS
    assert calls == [("ann", "cem"), ("bob",)]


def test_a_part_with_an_answer_too_few_is_a_mistake_of_the_plugins() -> None:
    async def send(part: Part) -> Sequence[Answer]:
        return [Answer(Answered.ACCEPTED)] * (len(part.people) - 1)

    with pytest.raises(ValueError, match="zip"):
        asyncio.run(send_in_parts(batch(("ann", "Hi"), ("bob", "Hi")), lambda _: None, body, send))
