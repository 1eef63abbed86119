"""What goes wrong with the words of a message.

In: a template, the place in it, what is wrong. Out: `ReadingError` while a text is read, `WordingError` while one
is filled.
Invariant: a message names the template, the part and the line, and never a value that was filled in.
"""

from __future__ import annotations

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.model.machine import TemplatePart

__all__ = ["ReadingError", "WordingError"]


class ReadingError(Exception):
    """A text that is no Liquid, or more of it than is allowed.

    Attributes:
        problem: what is wrong, in words.
        start, end: offsets of the place in the text.
        advice: what would be right, or None.
    """

    def __init__(self, problem: str, start: int, end: int, advice: str | None = None) -> None:
        super().__init__(problem)
        self.problem, self.start, self.end, self.advice = problem, start, end, advice


class WordingError(RulesError):
    """A message whose words cannot be made: R229.

    Attributes:
        template: symbol of the template.
        part: name of the part.
        line: line in the text of that part, from 1.
        problem: what is wrong, in words.
    """

    def __init__(self, template: str, part: TemplatePart, line: int, problem: str, advice: str | None = None) -> None:
        self.template, self.part, self.line, self.problem = template, part.part, line, problem
        text = f"the template `{template}`, `{part.part}`, line {line}: {problem}"
        data: dict[str, object] = {"template": template, "part": part.part, "line": line}
        super().__init__([Diagnostic("R229", text, part.span, advice, data=data)])
