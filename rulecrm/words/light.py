"""Filling a part that has nothing but texts, values and choices, without what bounds loops and keeps names.

In: the nodes of a part that was read; names. Out: what comes out, the same as python-liquid gives.
Invariant: whatever is out of the ordinary (an unknown name, too much output, an error of any kind) is given up here,
and left to the whole machinery, which says what is wrong.

Most parts are such, and are filled for every customer. Expressions are python-liquid's own, filters among them with all
that they may use up; what is left out is what stands around them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import define, field, frozen
from liquid.ast import BlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.context import RenderContext
from liquid.expression import Expression
from liquid.stringify import to_liquid_string

__all__ = ["GivenUp", "Step", "fill", "steps_of"]


class GivenUp(Exception):  # noqa: N818 - nothing is wrong yet
    """This is not as simple as it looked."""


@frozen
class Said:
    """A `{{ … }}`: its offset, what it says, and the name that it is, where it is no more than a name."""

    start: int
    expression: Expression
    name: str | None


@frozen
class Choice:
    """`if … elsif … else`: the conditions with what follows from each, and what is said where none holds."""

    branches: tuple[tuple[Expression, tuple[Step, ...]], ...]
    otherwise: tuple[Step, ...]


Step = str | Said | Choice


def steps_of(nodes: Sequence[Node]) -> tuple[Step, ...] | None:
    """What a part does, step by step; None where it does more than can be done here."""
    steps: list[Step] = []
    for node in nodes:
        step = _step(node)
        if step is None:
            return None
        steps.append(step)
    return tuple(steps)


def _step(node: Node) -> Step | None:
    if type(node) is ContentNode:
        return node.text
    if isinstance(node, OutputNode):
        return Said(node.token.start_index, node.expression, _name(node.expression))
    if type(node) is not IfNode:
        return None
    blocks = [(node.condition, node.consequence), *((one.expression, one.block) for one in node.alternatives)]
    branches = [(condition, _block(block)) for condition, block in blocks]
    otherwise = () if node.default is None else _block(node.default)
    known = tuple((condition, steps) for condition, steps in branches if steps is not None)
    return Choice(known, otherwise) if len(known) == len(branches) and otherwise is not None else None


def _block(block: BlockNode) -> tuple[Step, ...] | None:
    """A block of blanks says nothing, but is gone through."""
    return None if block.blank else steps_of(block.nodes)


def _name(expression: Expression) -> str | None:
    if type(expression) is not FilteredExpression or expression.filters or type(expression.left) is not Path:
        return None
    path = expression.left.path
    return path[0] if len(path) == 1 and isinstance(path[0], str) else None


def fill(
    steps: Sequence[Step], names: Mapping[str, object], make: Callable[[], RenderContext], *, html: bool, most: int
) -> tuple[str, dict[int, str]]:
    """The text, and what came out of each `{{ … }}`, by its offset.

    Args:
        steps: of the part.
        names: what it is filled with.
        make: makes what expressions are worked out in.
        html: whether values are escaped for HTML.
        most: bytes that may come out.

    Raises:
        GivenUp: it is not that simple. Expressions raise what they raise.
    """
    filling = _Filling(names, make, html, most)
    filling.go(steps)
    text = "".join(filling.pieces)
    if not text.isascii() and len(text.encode("utf-8")) > most:
        raise GivenUp
    return text, filling.said


_UNKNOWN = object()


@define(eq=False)
class _Filling:
    """What has come out so far."""

    names: Mapping[str, object]
    make: Callable[[], RenderContext]
    html: bool
    left: int
    pieces: list[str] = field(factory=list, init=False)
    said: dict[int, str] = field(factory=dict, init=False)
    context: RenderContext | None = field(default=None, init=False)

    def go(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if type(step) is str:
                self.out(step)
            elif type(step) is Said:
                value = self.names.get(step.name, _UNKNOWN) if step.name is not None else _UNKNOWN
                if value is _UNKNOWN:
                    value = self.worked_out(step.expression)
                text = value if type(value) is str and not self.html else to_liquid_string(value, self.html)
                self.said[step.start] = text
                self.out(text)
            elif type(step) is Choice:
                self.choose(step)

    def choose(self, choice: Choice) -> None:
        for condition, steps in choice.branches:
            if self.worked_out(condition):
                self.go(steps)
                return
        self.go(choice.otherwise)

    def worked_out(self, expression: Expression) -> object:
        if self.context is None:
            self.context = self.make()
        return expression.evaluate(self.context)

    def out(self, text: str) -> None:
        self.left -= len(text)
        if self.left < 0:
            raise GivenUp
        self.pieces.append(text)
