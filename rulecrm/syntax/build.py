"""The AST from what the parser has recognised.

In: the parts of each rule of `rules.lark`, by position, every token included and None for what was left out.
Out: nodes of `syntax.ast`, `syntax.declarations` and `syntax.journeys`. Invariant: a node's span covers exactly its
text, and building never fails but by `RefusedError`, which carries its diagnostic.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from rulecrm.syntax.build_declarations import DeclarationRules
from rulecrm.syntax.build_expressions import ExpressionRules
from rulecrm.syntax.build_windows import WindowRules
from rulecrm.syntax.parts import Children

__all__ = ["Builder"]


class Builder(DeclarationRules, ExpressionRules, WindowRules):
    """One method for each rule of the grammar, by its name or its alias.

    Those of journeys are in a class apart, which is imported when the first of them is called: a file without journeys
    does not wait for their nodes.
    """

    def __getattr__(self, name: str) -> Callable[[Children], object]:
        if name.startswith("_") or not name.islower():  # a part of rules, or a terminal: lark asks for those too
            raise AttributeError(name)
        return partial(_of_journeys, name)


def _of_journeys(name: str, parts: Children) -> object:
    build: Callable[[Children], object] = getattr(_journeys(), name)
    return build(parts)


@cache
def _journeys() -> object:
    from rulecrm.syntax.build_journeys import JourneyRules

    return JourneyRules()
