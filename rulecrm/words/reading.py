"""A part of a template, read once.

In: Liquid. Out: `Read`: the names that it takes from outside with their places, its outputs, and what fills it.
Invariant: a text is read in time that grows with its length; what the template itself has named further up (`assign`,
`capture`, `for`, counters) is no name from outside.

python-liquid finds tags by regular expressions that go back and forth over what is never closed; what they are given is
looked over first, so that every tag is closed and short.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import takewhile

from attrs import evolve, field, frozen
from liquid.ast import Node
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.output import OutputNode
from liquid.context import RenderContext
from liquid.exceptions import BlockNestingError, LiquidError, UnknownFilterError
from liquid.expression import Expression

from rulecrm.words.errors import ReadingError
from rulecrm.words.light import steps_of
from rulecrm.words.sandbox import BoundedRange, Filled, Sandbox
from rulecrm.words.used import LONGEST, Used

__all__ = ["Output", "Read", "read"]

_EXPRESSION = 4_000
"""Most characters of one tag."""
_SPACE = 50
"""Most spaces in a row inside a tag."""


@frozen
class Output:
    """A `{{ … }}`: its offset, and the last segment of the name it begins with (None where it begins with none)."""

    start: int
    name: str | None


@frozen(eq=False)
class Read:
    """A part that was read.

    Attributes:
        filled: what fills it.
        used: every use of a name from outside, in the order of the text.
        outputs: every `{{ … }}`, in the order of the text.
    """

    filled: Filled = field(repr=False)
    used: tuple[Used, ...]
    outputs: tuple[Output, ...]


def read(text: str, sandbox: Sandbox) -> Read:
    """Read a part.

    Raises:
        ReadingError: it is no Liquid, or more of it than is allowed.
    """
    _look_over(text)
    try:
        filled = sandbox.from_string(text)
        assert isinstance(filled, Filled)
        walk = _Walk(text, filled)
        walk.nodes(filled.nodes, frozenset())
    except RecursionError:
        raise ReadingError("it is nested too deep", 0, min(len(text), 1)) from None
    except LiquidError as error:
        raise _fault(error, text, sandbox) from None
    filled.pieces, filled.own, filled.steps = walk.pieces, frozenset(walk.own), steps_of(filled.nodes)
    used = (evolve(one, own=True) if one.path[0] in walk.own else one for one in walk.used.values())
    outputs = sorted(walk.outputs, key=lambda one: one.start)
    return Read(filled, tuple(sorted(used, key=lambda one: one.start)), tuple(outputs))


# --- before it is read --------------------------------------------------------------------------------------------

_OPENING = re.compile(r"\{\{|\{%-?\s{0,50}(raw|doc)\s{0,50}-?%\}|\{%")
_LONG_SPACE = re.compile(rf"\s{{{_SPACE},}}")


def _look_over(text: str) -> None:
    """Whether every tag is closed, and short."""
    if len(text) > LONGEST:
        raise ReadingError(f"it is longer than {LONGEST} characters", 0, 1)
    at = 0
    while (opening := _OPENING.search(text, at)) is not None:
        start, tag = opening.start(), opening[1]
        if tag is not None:
            closing = re.compile(rf"\{{%-?\s{{0,{_SPACE}}}end{tag}\s{{0,{_SPACE}}}-?%\}}").search(text, opening.end())
            if closing is None:
                raise ReadingError(f"`{tag}` is never closed", start, opening.end(), f"`{{% end{tag} %}}` closes it")
            at = closing.end()
            continue
        ending = "}}" if opening[0] == "{{" else "%}"
        at = text.find(ending, opening.end()) + 2
        if at == 1:
            raise ReadingError(f"`{opening[0]}` is never closed", start, start + 2, f"`{ending}` closes it")
        if at - start > _EXPRESSION:
            raise ReadingError(f"a tag is longer than {_EXPRESSION} characters", start, start + 2)
        if _LONG_SPACE.search(text, start, at):
            raise ReadingError(f"a tag has more than {_SPACE} spaces in a row", start, start + 2)


_OTHER = frozenset({"include", "render", "extends", "block", "macro", "call", "layout", "section"})


def _fault(error: LiquidError, text: str, sandbox: Sandbox) -> ReadingError:
    """What python-liquid says, in our words where we have some."""
    token = error.token
    start = 0
    if token is not None:  # the end of the text is nowhere in it
        start = min(token.start_index if token.start_index >= 0 else len(text.rstrip()) - 1, max(len(text) - 1, 0))
    end = min(start + max(len(token.value), 1), len(text)) if token is not None else min(1, len(text))
    problem, advice = str(error.args[0]) if error.args else "it is no Liquid", None
    if isinstance(error, BlockNestingError) or problem.startswith("unexpected liquid parsing error"):
        return ReadingError("it is nested too deep", start, end)
    if found := re.match(r"expected tag end(\w+), found end of", problem):
        start, end = _unclosed(text, found[1]) or (start, end)
        return ReadingError(f"`{found[1]}` is never closed", start, end, f"`{{% end{found[1]} %}}` closes it")
    if found := re.fullmatch(r"unknown filter '(.*)'", problem, re.DOTALL):
        near = get_close_matches(found[1], sandbox.filters, 1)
        return ReadingError(
            f"unknown filter `{found[1][:60]}`", start, end, f"did you mean `{near[0]}`?" if near else None
        )
    if found := re.fullmatch(r"unexpected tag '(.*)'", problem, re.DOTALL):
        name = found[1][:60]
        if name in _OTHER:
            return ReadingError(f"`{name}` is not done here: a template stands by itself", start, end)
        near = get_close_matches(name, [tag for tag in sandbox.tags if tag.isalpha()], 1)
        advice = f"did you mean `{near[0]}`?" if near else None
        return ReadingError(f"`{name}` is no tag that can stand here", start, end, advice)
    return ReadingError(problem[:200], start, end, advice)


def _unclosed(text: str, tag: str) -> tuple[int, int] | None:
    """Where the last tag of this name stands that nothing closes."""
    open_: list[tuple[int, int]] = []
    for one in re.finditer(rf"\{{%-?\s{{0,{_SPACE}}}(end)?({tag})\b", text):
        if one[1] is None:
            open_.append(one.span(2))
        elif open_:
            open_.pop()
    return open_[-1] if open_ else None


# --- after it was read --------------------------------------------------------------------------------------------

_PATH = re.compile(
    r"""(?:[^\W\d][\w-]*\??|\[\s*(?:"[^"\]]*"|'[^'\]]*')\s*\])(?:\s*\.\s*[^\W\d][\w-]*\??|\[\s*(?:"[^"\]]*"|'[^'\]]*')\s*\])*"""
)


class _Walk:
    """Everything in a part: its names, its outputs, how many pieces it has."""

    def __init__(self, text: str, filled: Filled) -> None:
        self.text = text
        self.sandbox = filled.env
        self.context = RenderContext(filled)
        self.used: dict[tuple[int, tuple[str, ...]], Used] = {}
        self.outputs: list[Output] = []
        self.own: set[str] = set()
        self.pieces = 0

    def nodes(self, nodes: Iterable[Node], scope: frozenset[str]) -> None:
        for node in nodes:
            self.pieces += 1
            for expression in node.expressions():
                self.expression(expression, scope)
            if isinstance(node, OutputNode):
                self.outputs.append(Output(node.token.start_index, _name(node.expression)))
            self.own.update(str(name) for name in node.template_scope())
            self.nodes(node.children(self.context), scope | {str(name) for name in node.block_scope()})

    def expression(self, expression: Expression, scope: frozenset[str]) -> None:
        self.pieces += 1
        if isinstance(expression, FilteredExpression):
            for each in expression.filters or ():
                self.pieces += 1
                if each.name not in self.sandbox.filters:
                    raise UnknownFilterError(f"unknown filter '{each.name}'", token=each.token)
        if type(expression) is RangeLiteral:
            expression.__class__ = BoundedRange  # python-liquid makes ranges by name: there is no other way in
        if isinstance(expression, Path):
            self._path(expression, scope)
        for child in expression.children():
            self.expression(child, scope)

    def _path(self, path: Path, scope: frozenset[str]) -> None:
        fixed = tuple(str(each) for each in takewhile(lambda each: isinstance(each, str), path.path))
        if not fixed or fixed[0] in scope or fixed[0] in self.own:
            return
        start = path.token.start_index
        shown = _PATH.match(self.text, start)
        end = start + len(fixed[0]) if shown is None else shown.end()
        later = len(fixed) < len(path.path) and not isinstance(path.path[len(fixed)], int)
        self.used.setdefault((start, fixed), Used(fixed, start, end, later))


def _name(expression: Expression) -> str | None:
    """The last word of the name that an output begins with."""
    left = expression.left if isinstance(expression, FilteredExpression) else expression
    words = [each for each in left.path if isinstance(each, str)] if isinstance(left, Path) else []
    return words[-1] if words else None
