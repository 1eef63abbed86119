"""The AST from what the parser has recognised.

In: the parts of each rule of `rules.lark`, by position, every token included and None for what was left out.
Out: nodes of `syntax.ast`, `syntax.declarations` and `syntax.journeys`. Invariant: a node's span covers exactly its
text, and building never fails but by `RefusedError`, which carries its diagnostic.
"""

from __future__ import annotations

from rulecrm.syntax.build_declarations import DeclarationRules
from rulecrm.syntax.build_expressions import ExpressionRules
from rulecrm.syntax.build_journeys import JourneyRules
from rulecrm.syntax.build_windows import WindowRules

__all__ = ["Builder"]


class Builder(DeclarationRules, JourneyRules, ExpressionRules, WindowRules):
    """One method for each rule of the grammar, by its name or its alias."""
