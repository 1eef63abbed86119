"""The order of things that refer to one another.

In: a graph as a mapping from each node to those it needs. Out: an order in which each comes after what it needs.
Invariant: no recursion, linear in the size of the graph, and the given order is kept where there is a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

__all__ = ["sort"]

Node = TypeVar("Node", bound=Hashable)


def sort(
    nodes: Iterable[Node], needs: Callable[[Node], Iterable[Node]], on_cycle: Callable[[list[Node]], None] | None = None
) -> list[Node]:
    """Each node after those it needs.

    A reference that closes a circle is left out of account, and the circle is handed to `on_cycle`: its nodes in the
    order in which they refer to one another.
    """
    done: list[Node] = []
    state: dict[Node, bool] = {}
    for start in nodes:
        if start in state:
            continue
        state[start] = False
        path: list[Node] = [start]
        walks: list[Iterator[Node]] = [iter(needs(start))]
        while walks:
            step = next(walks[-1], None)
            if step is None:
                walks.pop()
                node = path.pop()
                state[node] = True
                done.append(node)
            elif step not in state:
                state[step] = False
                path.append(step)
                walks.append(iter(needs(step)))
            elif not state[step] and on_cycle is not None:
                on_cycle(path[path.index(step) :])
    return done
