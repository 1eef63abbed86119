"""Where everybody went between two instants, as shapes.

In: how many moved from each label to each label. Out: two columns of nodes and the ribbons between them.
Invariant: heights are proportional to the number of customers on either side, and nothing overlaps at the ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

__all__ = ["Flow", "Node", "Ribbon", "flow_of"]


@frozen
class Node:
    """A label on one side: from `top` to `bottom`, 0 to 1 of the picture's height."""

    label: str
    size: int
    top: float
    bottom: float


@frozen
class Ribbon:
    """`size` customers going from one node to another; each end is (top, bottom), 0 to 1."""

    origin: str
    target: str
    size: int
    left: tuple[float, float]
    right: tuple[float, float]

    def at(self, x: float) -> tuple[float, float]:
        """Top and bottom at `x`, 0 the left and 1 the right end: a curve that leaves and arrives level."""
        ease = x * x * (3 - 2 * x)
        top, bottom = (a + (b - a) * ease for a, b in zip(self.left, self.right, strict=True))
        return top, bottom


@frozen
class Flow:
    """The whole picture. Ribbons come widest first, so that who draws them in order leaves the narrow ones on top."""

    left: tuple[Node, ...]
    right: tuple[Node, ...]
    ribbons: tuple[Ribbon, ...]


def flow_of(labels: Sequence[str], moved: Mapping[tuple[str, str], int], *, gap: float = 0.04) -> Flow:
    """Nodes and ribbons in their places.

    Args:
        labels: from top to bottom; a label that nobody has keeps its place with no height.
        moved: number of customers by (label before, label after).
        gap: free height between two nodes, as a share of the picture.
    """
    total = sum(moved.values())
    scale = (1 - gap * (len(labels) - 1)) / total if total else 0.0
    left = _nodes(labels, [sum(moved.get((one, other), 0) for other in labels) for one in labels], scale, gap)
    right = _nodes(labels, [sum(moved.get((other, one), 0) for other in labels) for one in labels], scale, gap)
    leaving = {node.label: node.top for node in left}
    arriving = {node.label: node.top for node in right}
    ribbons = []
    for origin in labels:
        for target in labels:
            size = moved.get((origin, target), 0)
            if size:
                start, end, height = leaving[origin], arriving[target], size * scale
                ribbons.append(Ribbon(origin, target, size, (start, start + height), (end, end + height)))
                leaving[origin], arriving[target] = start + height, end + height
    return Flow(left, right, tuple(sorted(ribbons, key=lambda ribbon: -ribbon.size)))


def _nodes(labels: Sequence[str], sizes: Sequence[int], scale: float, gap: float) -> tuple[Node, ...]:
    nodes = []
    top = 0.0
    for label, size in zip(labels, sizes, strict=True):
        nodes.append(Node(label, size, top, top + size * scale))
        top += size * scale + gap
    return tuple(nodes)
