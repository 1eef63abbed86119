"""Liquid, as far as a template may go.

In: nothing. Out: the environment in which templates are read and filled, and what each of them may use up.
Invariant: whoever wrote a template, filling it ends soon, uses little memory, opens no file, reads no clock, and sees
the values that it was handed and nothing behind them.

Every limit counts something (characters, rounds, pieces), never seconds: a text that is within them here is within them
everywhere. What they come to is a second at the very worst, and a hundredth of a millisecond for what people write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized
from contextlib import suppress
from functools import partial
from typing import Any, TextIO

import liquid
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.output import Output, OutputNode
from liquid.context import RenderContext
from liquid.exceptions import FilterArgumentError, LiquidError, LoopIterationLimitError, ResourceLimitError
from liquid.stringify import to_liquid_string
from liquid.template import BoundTemplate
from liquid.token import Token
from liquid.undefined import UNDEFINED, StrictUndefined
from liquid.utils import ReadOnlyChainMap

from rulecrm.words import light
from rulecrm.words.filters import FILTERS
from rulecrm.words.used import BORROWED
from rulecrm.words.values import Word

__all__ = ["FAILS", "BoundedRange", "Filled", "Sandbox"]

FAILS = (
    LiquidError, ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RecursionError, TypeError,
    ValueError,
)  # fmt: skip
"""What python-liquid and the functions behind its filters raise, whatever a template does."""

OUTPUT = 400_000
"""Most bytes of a part: four times what Gmail shows of a letter."""
LOCALS = 400_000
"""Most bytes of what a template gives names to."""
TEXT = 50_000
"""Most characters, or members of a list, that a filter takes or gives."""
WORK = 5_000_000
"""Most characters and members that all filters of a part take and give together."""
ROUNDS = 10_000
"""Most rounds of all loops of a part together …"""
PIECES = 300_000
"""… and most rounds times the pieces (texts, tags, values) of the part."""

_TAGS = frozenset({"include", "render"})
"""The tags of Liquid that would read another template."""

_TEXTUAL = frozenset(
    {
        "append", "join", "prepend", "remove", "remove_first", "remove_last", "replace", "replace_first",
        "replace_last", "split",
    }
)  # fmt: skip
"""Filters for which a missing argument is an empty text."""

_SQUARE = frozenset({"uniq", "sort", "sort_natural"})
"""Filters that compare the members of a list with one another."""


class BoundedRange(RangeLiteral):
    """`(1..n)`, which has no more members than a loop may have rounds."""

    __slots__ = ()

    def _make_range(self, start: Any, stop: Any) -> range:
        found = super()._make_range(start, stop)
        if found.stop - found.start > ROUNDS:
            raise ResourceLimitError(f"a range has more than {ROUNDS} members", token=self.token)
        return found


class _Context(RenderContext):
    """What one filling of one part sees and has used up."""

    __slots__ = ("recorded", "rounds", "work")
    recorded: dict[int, str]

    def __init__(self, template: BoundTemplate, **options: Any) -> None:
        super().__init__(template, **options)
        own = template.own if isinstance(template, Filled) else frozenset()
        unset = dict.fromkeys(own)  # what it will name, and has not named yet, is missing; the rest is unknown
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters, unset)  # without Liquid's own `now`
        self.recorded = {}
        self.rounds = 0
        self.work = 0

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        """The value of a path; of what is missing every part is missing too."""
        try:
            found = self.scope[path[0]] if isinstance(path[0], str) else self._unknown(path, token)
            for segment in path[1:]:
                if found is None:
                    return None
                found = self.get_item(found, segment)
        except (LookupError, TypeError):
            if default is not UNDEFINED:
                return default
            return self._unknown(path, token)
        return found

    def _unknown(self, path: list[object], token: Token | None) -> StrictUndefined:
        name = ".".join(str(segment) for segment in path)[:100]
        return StrictUndefined(name, hint=f"nothing is known of `{name}`", token=token)

    def get_item(self, obj: Any, key: Any) -> Any:
        """A member: of a mapping or a list, and of a text that has parts; never an attribute of anything."""
        if isinstance(obj, Word):
            return obj.parts[key]
        if isinstance(obj, str) and key != "size":
            raise TypeError("a text has no members")
        if isinstance(obj, Mapping) and key in obj:
            return obj[key]
        if isinstance(obj, Mapping) and key == "first" and not obj:
            return None
        if isinstance(obj, Sequence) and key in ("first", "last") and not obj:
            return None
        return super().get_item(obj, key)

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Rounds are counted over all loops, nested or not."""
        self.rounds += length
        template = self.template
        pieces = template.pieces if isinstance(template, Filled) else 1
        if self.rounds > ROUNDS or self.rounds * pieces > PIECES:
            raise LoopIterationLimitError("its loops go too many rounds", token=None)

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        """A filter that counts what it takes and gives."""
        return partial(self._filtered, name, super().filter(name, token))

    def _filtered(
        self, name: str, function: Callable[..., object], left: object, *rest: object, **named: object
    ) -> object:
        if name in _TEXTUAL:
            rest = tuple("" if each is None else each for each in rest)
        sizes = [_size(each) for each in (left, *rest, *named.values())]
        if max(sizes) > TEXT:
            raise FilterArgumentError(f"{name}: what it is given is too long", token=None)
        work = sum(sizes) + 1
        if name in ("replace", "replace_first", "replace_last", "join") and _grown(name, left, *rest, **named) > TEXT:
            raise FilterArgumentError(f"{name}: what comes out is too long", token=None)
        if name in _SQUARE and not isinstance(left, str):
            work += sizes[0] ** 2 // 10
        self._spend(work)
        found = function(left, *rest, **named)
        if (size := _size(found)) > TEXT:
            raise FilterArgumentError(f"{name}: what comes out is too long", token=None)
        self._spend(size)
        return found

    def _spend(self, work: int) -> None:
        self.work += work
        if self.work > WORK:
            raise ResourceLimitError("its filters have too much to do", token=None)


def _size(value: object) -> int:
    """Characters of a text; of a list and a mapping their members and what is in them."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list | tuple):
        return len(value) + sum(_size(each) for each in value)
    if isinstance(value, Mapping):
        return len(value) + sum(_size(each) for each in value.values())
    return len(value) if isinstance(value, Sized) and isinstance(value, range) else 1


def _grown(name: str, left: object, *rest: object, **_: object) -> int:
    """How long a text becomes at most, before it is made."""
    first = str(rest[0]) if rest else " "
    if name == "join":
        return _size(left) * (1 + len(first))
    text, new = str(left), str(rest[1]) if len(rest) > 1 else ""
    return len(text) + text.count(first) * len(new)


class _OutputNode(OutputNode):
    """A `{{ … }}` that remembers what came out of it first."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        text = to_liquid_string(self.expression.evaluate(context), context.autoescape)
        if isinstance(context, _Context):
            context.recorded.setdefault(self.token.start_index, text)
        return buffer.write(text)


class _Output(Output):
    node_class = _OutputNode


class Filled(BoundTemplate):
    """A part that was read.

    Attributes:
        pieces: how many texts, tags and values it has.
        own: what it gives names to.
        steps: what it does, where that is simple.
    """

    context_class = _Context
    pieces: int = 1
    own: frozenset[str] = frozenset()
    steps: tuple[light.Step, ...] | None = None

    def fill(self, names: Mapping[str, object]) -> tuple[str, Mapping[int, str]]:
        """The text, and what came out of each `{{ … }}` first, by its offset; one that was not reached is not there."""
        if self.steps is not None:
            make = partial(_Context, self, globals=names)
            with suppress(light.GivenUp, *FAILS):
                return light.fill(self.steps, names, make, html=self.env.autoescape, most=OUTPUT)
        return self.fill_whole(names)

    def fill_whole(self, names: Mapping[str, object]) -> tuple[str, Mapping[int, str]]:
        """The same, by the whole of python-liquid, which says what is wrong where something is."""
        context = _Context(self, globals=names)
        buffer = self._get_buffer()
        self.render_with_context(context, buffer)
        return buffer.getvalue(), context.recorded


class Sandbox(liquid.Environment):
    """The tags and filters there are.

    Args:
        html: whether values are escaped for HTML.
    """

    template_class = Filled
    block_nesting_limit = 30
    context_depth_limit = 40
    output_stream_limit = OUTPUT
    local_namespace_limit = LOCALS

    def __init__(self, *, html: bool) -> None:
        super().__init__(undefined=StrictUndefined, strict_filters=True, autoescape=html)

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Liquid's own tags save those that read other templates; filters that are borrowed, and ours."""
        assert not extra
        super().setup_tags_and_filters(extra=False)
        for tag in _TAGS:
            del self.tags[tag]
        self.add_tag(_Output)
        for name in set(self.filters) - BORROWED:
            del self.filters[name]
        self.filters.update(FILTERS)
