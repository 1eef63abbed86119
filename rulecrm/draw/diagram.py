"""What a picture shows: boxes and arrows, with counts where there are any.

In: an automaton, the text that it was written in, counts. Out: a `Diagram`.
Invariant: every node that an instance can be at is a box, every move an arrow; arrows between the same two are one.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, frozen

from rulecrm.diagnostics.span import Span
from rulecrm.model.durations import Duration
from rulecrm.model.machine import (
    Act,
    Automaton,
    Campaign,
    Choose,
    Event,
    Lifecycle,
    Loop,
    Measure,
    Node,
    Part,
    Rest,
    Send,
    Staff,
    Stop,
    Timer,
)

__all__ = ["Arrow", "Box", "Diagram", "Inlet", "cut", "of_campaign", "of_lifecycle", "span_of"]

_NO_COUNTS: Mapping[str, int] = {}
_MANY = 4
"""So many states, left by one move as it is written, are drawn as one inlet."""
_MOST = 44
"""Letters of a label; what is longer is cut, and whole in the tooltip."""


@frozen
class Box:
    """A place to be.

    Attributes:
        name: short name, unique in the diagram.
        title: a line beneath it, or none.
        shape: `state`, `wait`, `act`, `choice` or `end`.
        count: how many are there now; None where nobody counted.
        start: whether instances begin here.
    """

    name: str
    title: str | None = None
    shape: str = "state"
    count: int | None = None
    start: bool = False


@frozen
class Arrow:
    """A move: numbers of two boxes, its words line by line, and how many made it (None where nobody counted)."""

    source: int
    target: int
    labels: tuple[str, ...] = ()
    count: int | None = None


@frozen
class Inlet:
    """One move that leads here from many boxes, drawn once: the box, its words, the names of those it comes from."""

    target: int
    label: str
    sources: tuple[str, ...]
    count: int | None = None


@frozen
class Diagram:
    """A picture's content; `column` puts the boxes one beneath the other."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    inlets: tuple[Inlet, ...] = ()
    column: bool = False


def of_lifecycle(
    lifecycle: Lifecycle,
    sources: Mapping[str, str],
    *,
    counts: Mapping[str, int] | None = None,
    moves: Mapping[tuple[str, str], int] | None = None,
) -> Diagram:
    """The states of a lifecycle and their moves.

    Args:
        lifecycle: from a program.
        sources: texts by name, for the words of the moves.
        counts: how many customers are in each state.
        moves: how many moves were made from one state to another.
    """
    nodes = lifecycle.automaton.nodes
    states = lifecycle.states
    boxes = tuple(
        Box(
            node.name,
            node.title,
            count=None if counts is None else counts.get(node.name, 0),
            start=number == lifecycle.automaton.start,
        )
        for number, node in enumerate(nodes)
        if isinstance(node, Rest)
    )
    written: dict[tuple[int, int], list[int]] = {}
    for number, node in enumerate(nodes):
        for move in in_order(node) if isinstance(node, Rest) else ():
            written.setdefault((move.span.start, move.target), []).append(number)
    arrows: list[Arrow] = []
    inlets: list[Inlet] = []

    def count(source: int, target: int) -> int | None:
        return None if moves is None else moves.get((states[source], states[target]), 0)

    for number, node in enumerate(nodes):
        for move in in_order(node) if isinstance(node, Rest) else ():
            froms = written[move.span.start, move.target]
            words = _words(move, sources)
            if len(froms) < _MANY:
                arrows.append(Arrow(number, move.target, (words,), count(number, move.target)))
            elif number == froms[0]:
                counts_ = [count(one, move.target) for one in froms]
                total = None if moves is None else sum(one or 0 for one in counts_)
                inlets.append(Inlet(move.target, words, tuple(states[one] for one in froms), total))
    return Diagram(lifecycle.title or lifecycle.symbol, boxes, _joined(arrows), tuple(inlets), column=True)


def of_campaign(campaign: Campaign, sources: Mapping[str, str], *, counts: Mapping[str, int] | None = None) -> Diagram:
    """The steps of a campaign; `counts` says how many journeys rest at each step, by its name."""
    automaton = campaign.automaton
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    place: dict[int, int] = {}
    for number in _reached(automaton):
        node = automaton.nodes[number]
        if isinstance(node, Loop) and not node.first:
            continue
        place[number] = len(boxes)
        boxes.append(_box(node, sources, counts, start=number == automaton.start))
    heads = {node.loop: place[at] for at, node in enumerate(automaton.nodes) if isinstance(node, Loop) and at in place}
    for number, node in enumerate(automaton.nodes):
        if isinstance(node, Loop) and node.loop in heads:
            place[number] = heads[node.loop]
    for number, here in place.items():
        for target, words in _leaving(automaton.nodes[number]):
            if here != place[target]:
                arrows.append(Arrow(here, place[target], (words,) if words else ()))
    return Diagram(campaign.title or campaign.symbol, tuple(boxes), _joined(arrows))


def in_order(node: Rest) -> tuple[Event | Timer, ...]:
    """The moves of a rest, as they are written."""
    return tuple(sorted((*node.events, *node.timers), key=lambda move: move.span.start))


def span_of(span: Span, sources: Mapping[str, str]) -> str:
    """The text of a place, in one line."""
    return " ".join(sources.get(span.source, "")[span.start : span.end].split())


def _words(move: Event | Timer, sources: Mapping[str, str]) -> str:
    """`on purchase when …`, `after 30d without purchase`: as it is written, params by their value."""
    text = span_of(move.span, sources)
    said = text.partition("->")[2].split(None, 1)
    words = said[1] if len(said) == 2 else ""
    if isinstance(move, Timer) and isinstance(move.due, Duration):
        rest = next((words[words.index(word) :] for word in (" without ", " when ") if word in words), "")
        return f"after {move.due.written()}{rest}"
    return words or (f"on {move.rows.kind}" if isinstance(move, Event) else "in time")


def _box(node: Node, sources: Mapping[str, str], counts: Mapping[str, int] | None, *, start: bool) -> Box:
    match node:
        case Rest(name=name):
            words = " or ".join(_wait(move) for move in in_order(node))
            count = None if counts is None else counts.get(name, 0)
            return Box(f"{name}  wait", words, "wait", count, start)
        case Act(name=name, action=action):
            return Box(f"{name}  {_verb(action)}", _object(action), "act", None, start)
        case Choose(name=name, condition=condition):
            return Box(f"{name}  if", span_of(condition.span, sources), "choice", None, start)
        case Part(name=name):
            return Box(f"{name}  split", None, "choice", None, start)
        case Loop(name=name, times=times, every=every):
            return Box(f"{name}  repeat", f"up to {times} times every {every.written()}", "choice", None, start)
        case Stop(reason=reason):
            return Box(reason, None, "end", None, start)
    raise AssertionError(node)


def _wait(move: Event | Timer) -> str:
    if isinstance(move, Event):
        return f"until {move.rows.kind}"
    if isinstance(move.due, Duration):
        return move.due.written()
    if move.due is None:
        return "until the next round"
    if move.due.instant is not None:
        return f"until {move.due.instant:%Y-%m-%d %H:%M} UTC"
    return f"until {move.due.time:%H:%M}"


def _verb(action: object) -> str:
    return {Send: "send", Measure: "measure", Staff: "notify"}.get(type(action), "tag")


def _object(action: object) -> str:
    match action:
        case Send(messages=messages):
            return ", else ".join(f"{message.channel} {message.template}" for message in messages)
        case Measure(after=after):
            return f"after {after.written()}"
        case _:
            return f"“{getattr(action, 'text', '')}”"


def _leaving(node: Node) -> list[tuple[int, str]]:
    match node:
        case Rest():
            return [(move.target, _wait(move).removeprefix("until ")) for move in in_order(node)]
        case Act(target=target):
            return [(target, "")]
        case Choose(yes=yes, no=no):
            return [(yes, "yes"), (no, "no")]
        case Part(branches=branches, rest=rest):
            below = [0, *(branch.below for branch in branches)]
            shares = [
                (branch.target, f"{(branch.below - low) / 100:g}% {branch.name}")
                for branch, low in zip(branches, below, strict=False)
            ]
            return shares if below[-1] >= 10_000 else [*shares, (rest, f"{(10_000 - below[-1]) / 100:g}%")]
        case Loop(body=body, done=done, between=between, first=first):
            return [(body, "each round"), (done, "after the last")] if first else [(between, "")]
        case Stop():
            return []
    raise AssertionError(node)


def _reached(automaton: Automaton) -> list[int]:
    """Numbers of the nodes that can be reached, in the order of a first walk through them."""
    found: list[int] = []
    stack = [automaton.start]
    while stack:
        number = stack.pop()
        if number in found:
            continue
        found.append(number)
        targets = [target for target, _ in _leaving(automaton.nodes[number])]
        stack.extend(target for target in reversed(targets) if target not in found)
    return found


def _joined(arrows: list[Arrow]) -> tuple[Arrow, ...]:
    """Arrows between the same two boxes become one."""
    merged: dict[tuple[int, int], Arrow] = {}
    for arrow in arrows:
        known = merged.get((arrow.source, arrow.target))
        if known is None:
            merged[arrow.source, arrow.target] = arrow
        else:
            labels = dict.fromkeys((*known.labels, *arrow.labels))
            merged[arrow.source, arrow.target] = evolve(known, labels=tuple(labels))
    return tuple(merged.values())


def cut(label: str) -> str:
    """A label that fits."""
    return label if len(label) <= _MOST else label[: _MOST - 1].rstrip() + "…"
