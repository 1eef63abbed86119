"""A batch, in parts that DingTalk takes in one call.

In: messages. Out: parts of them that have the same words, each with every person once.
Invariant: every message is in exactly one part.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import frozen

from rulecrm.plugin import Message

__all__ = ["Part", "parts_of"]


@frozen
class Part:
    """Messages of one call.

    Attributes:
        body: what DingTalk gets of their words.
        places: where each stands in the batch.
        people: to whom each goes.
    """

    body: Mapping[str, object]
    places: tuple[int, ...]
    people: tuple[str, ...]


def parts_of(
    batch: Sequence[Message], places: Iterable[int], body: Callable[[Message], Mapping[str, object]]
) -> list[Part]:
    """The parts of a batch.

    Two messages to one person are in two parts: in one call DingTalk would deliver one of them.

    Args:
        batch: messages.
        places: those that are to be sent.
        body: what DingTalk gets of a message's words.
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
