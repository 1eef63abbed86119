"""A batch, in parts that a provider takes in one call.

In: messages. Out: parts of them that have the same words, each with every person once; their answers, in order.
Invariant: every message is in exactly one part, and has exactly one answer.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from attrs import frozen

from rulecrm.model.sending import Answer, Message

__all__ = ["Part", "parts_of", "send_in_parts"]

Body = Callable[[Message], Mapping[str, object]]


@frozen
class Part:
    """Messages of one call.

    Attributes:
        body: what the provider gets of their words.
        places: where each stands in the batch.
        people: to whom each goes.
    """

    body: Mapping[str, object]
    places: tuple[int, ...]
    people: tuple[str, ...]


def parts_of(batch: Sequence[Message], places: Iterable[int], body: Body) -> list[Part]:
    """The parts of a batch, in the order of their first messages.

    Two messages to one person, whatever the case of the address, are in two parts: in one call a provider would deliver
    one of them.

    Args:
        batch: messages.
        places: those that are to be sent.
        body: what the provider gets of a message's words, in values of JSON.
    """
    parts: dict[tuple[str, int], tuple[Mapping[str, object], list[int], list[str]]] = {}
    times: dict[tuple[str, str], int] = {}
    for place in places:
        message = batch[place]
        words = body(message)
        said = json.dumps(words, sort_keys=True)
        person = (said, message.address.casefold())
        times[person] = times.get(person, 0) + 1
        part = parts.setdefault((said, times[person]), (words, [], []))
        part[1].append(place)
        part[2].append(message.address)
    return [Part(words, tuple(where), tuple(people)) for words, where, people in parts.values()]


async def send_in_parts(
    batch: Sequence[Message],
    refuse: Callable[[Message], Answer | None],
    body: Body,
    send: Callable[[Part], Awaitable[Sequence[Answer]]],
) -> list[Answer]:
    """Send a batch, one part after the other; one answer each, in the order of the batch.

    Args:
        batch: messages.
        refuse: the answer to a message that is not to be sent; None for one that is.
        body: as in `parts_of`.
        send: makes a call of a part; one answer for each of its people.
    """
    refused = {place: answer for place, message in enumerate(batch) if (answer := refuse(message)) is not None}
    answers = dict(refused)
    for part in parts_of(batch, (place for place in range(len(batch)) if place not in refused), body):
        answers.update(zip(part.places, await send(part), strict=True))
    return [answers[place] for place in range(len(batch))]
