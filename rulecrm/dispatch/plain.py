"""Words as they stand in the template, until templates are filled."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define

from rulecrm.dispatch.gate import Passed
from rulecrm.dispatch.routes import Route
from rulecrm.dispatch.writing import Words
from rulecrm.model.program import Program
from rulecrm.model.sending import Content
from rulecrm.state import Claimed, Outcome

__all__ = ["PlainWriter"]


@define(eq=False)
class PlainWriter:
    """Fills nothing in."""

    program: Program
    older: Callable[[str, str], Program | None]

    def purpose(self, claimed: Claimed) -> str:
        """Marketing."""
        del claimed
        return "marketing"

    def write(self, passed: Sequence[Passed], route: Route, now: int) -> Sequence[Words | Outcome]:
        """The body."""
        del route, now
        return [
            Words(Content(text=one.claimed.text or self.program.templates[one.claimed.way.template or ""].parts[0].text))
            for one in passed
        ]
