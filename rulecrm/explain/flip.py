"""Which clauses keep a verdict as it is, and the fewest that would turn it.

In: a tree of nodes. Out: leaves of it.
Invariant: with the verdicts of the leaves of `smallest_change` turned, and those of all others kept, the verdicts of
their parents follow to the opposite at the root; no smaller set of leaves does that, unless the tree has more ways to
turn than are looked at (`_WAYS`), and then the set still turns it.

A leaf that stands in several places is one leaf. A classification compared with a label goes through its arms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce

from attrs import define, field

from rulecrm.explain.explanation import Node

__all__ = ["culprits", "label_change", "smallest_change"]

_WAYS = 60
"""Ways to reach a verdict that are kept at each node; far more than rules that people write have."""

Way = Mapping[int, bool]
"""Verdicts of leaves (by id) that suffice for a verdict, whatever the other leaves say."""


def smallest_change(root: Node) -> tuple[Node, ...]:
    """The fewest leaves to turn so that the root's verdict turns, in the order of the tree; none if there is no way."""
    assert root.verdict is not None
    ways = _Ways(root)
    return ways.cheapest(ways.to(root, wanted=not root.verdict))


def label_change(root: Node) -> tuple[Node, ...]:
    """The fewest leaves to turn so that a classification gives another label."""
    ways = _Ways(root)
    label = None if root.value is None else root.value.value
    return ways.cheapest(ways.labelled(root, lambda name: name != label))


def culprits(root: Node, node: Node, *, wanted: bool) -> tuple[Node, ...]:
    """The leaves for which a node of the tree has not the verdict that is wanted, each once."""
    unfolded = _unfolded(root)
    found: dict[int, Node] = {}
    seen: set[tuple[int, bool]] = set()

    def collect(node: Node, *, wanted: bool) -> None:
        if node.verdict is None or node.verdict == wanted or (node.id, wanted) in seen:
            return
        seen.add((node.id, wanted))
        node = unfolded.get(node.id, node)
        if node.form in _THROUGH and node.children:
            for child in node.children:
                collect(child, wanted=wanted != (node.form == "not"))
        else:
            found[node.id] = node

    collect(node, wanted=wanted)
    return tuple(found.values())


_THROUGH = frozenset({"and", "or", "not", "segment", "as of", "arm"})


def _unfolded(root: Node) -> dict[int, Node]:
    """The nodes of a tree by id, each where it is unfolded."""
    found: dict[int, Node] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if not node.again:
            found.setdefault(node.id, node)
        stack.extend(reversed(node.children))
    return found


@define(eq=False)
class _Ways:
    """The ways of one tree."""

    root: Node
    leaves: dict[int, Node] = field(factory=dict)
    _unfolded: Mapping[int, Node] = field(init=False)
    _known: dict[tuple[int, bool], list[Way]] = field(factory=dict)

    @_unfolded.default
    def _unfold(self) -> Mapping[int, Node]:
        return _unfolded(self.root)

    def cheapest(self, ways: list[Way]) -> tuple[Node, ...]:
        """The leaves to turn of the way that turns fewest; of equals those that stand first in the tree."""
        if not ways:
            return ()
        places = {leaf: place for place, leaf in enumerate(self.leaves)}
        turned = [sorted(places[leaf] for leaf in way if self.leaves[leaf].verdict != way[leaf]) for way in ways]
        nodes = tuple(self.leaves.values())
        return tuple(nodes[place] for place in min(turned, key=lambda some: (len(some), some)))

    def _cost(self, way: Way) -> int:
        return sum(self.leaves[leaf].verdict != verdict for leaf, verdict in way.items())

    def to(self, node: Node, *, wanted: bool) -> list[Way]:
        """Ways for a node to have a verdict."""
        place = (node.id, wanted)
        if place not in self._known:
            self._known[place] = self._to(self._unfolded.get(node.id, node), wanted=wanted)
        return self._known[place]

    def _to(self, node: Node, *, wanted: bool) -> list[Way]:
        match node.form:
            case "not":
                return self.to(node.children[0], wanted=not wanted)
            case "and" | "or":
                each = [self.to(child, wanted=wanted) for child in node.children]
                return (
                    self._all(each)
                    if (node.form == "and") == wanted
                    else self._fewest(way for ways in each for way in ways)
                )
            case "segment" | "as of" | "arm" if node.children:
                return self.to(node.children[0], wanted=wanted)
            case "compare" if node.comparison is not None and (arms := _arms(node)) is not None:
                labels = {shown.value for shown in node.comparison.right if shown is not None}
                turned = node.comparison.negated != (node.comparison.operator == "is not")
                arms = self._unfolded.get(arms.id, arms)
                if arms.children:
                    return self.labelled(arms, lambda name: ((name in labels) != turned) == wanted)
        if node.fixed:
            return [{}] if node.verdict == wanted else []
        self.leaves.setdefault(node.id, node)
        return [{node.id: wanted}]

    def labelled(self, node: Node, fits: Callable[[object], bool]) -> list[Way]:
        """Ways for a classification to have a label that `fits`."""
        found: list[Way] = []
        before: list[list[Way]] = []
        for arm in node.children:
            if fits(arm.name):
                found += self._all([*before, *([self.to(arm, wanted=True)] if arm.children else [])])
            if arm.children:
                before.append(self.to(arm, wanted=False))
        return self._fewest(found)

    def _all(self, each: list[list[Way]]) -> list[Way]:
        """Ways for all to be reached together."""
        return reduce(lambda some, more: self._fewest(_both(some, more)), each, [{}])

    def _fewest(self, ways: Iterable[Way]) -> list[Way]:
        """The cheapest ways, those left out that hold another whole."""
        kept: list[Way] = []
        for way in sorted(
            {tuple(sorted(way.items())): way for way in ways}.values(), key=lambda way: (self._cost(way), len(way))
        ):
            if len(kept) == _WAYS:
                break
            if not any(other.items() <= way.items() for other in kept):
                kept.append(way)
        return kept


def _both(some: list[Way], more: list[Way]) -> Iterator[Way]:
    for one in some:
        for other in more:
            if all(one.get(leaf, verdict) == verdict for leaf, verdict in other.items()):
                yield {**one, **other}


def _arms(node: Node) -> Node | None:
    """The classification that a comparison asks for its label."""
    comparison = node.comparison
    assert comparison is not None
    if comparison.left.type != "label" or comparison.operator not in ("is", "is not", "in") or len(node.children) != 1:
        return None
    child = node.children[0]
    while child.form == "as of" and len(child.children) == 1:
        child = child.children[0]
    return child if child.form == "classify" else None
