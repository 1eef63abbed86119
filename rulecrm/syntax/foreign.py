"""What people write who come from other languages: SQL, Python, plain English.

In: the tokens of a declaration, where the parser stopped, and what could have come. Out: one diagnostic that says how
it is written here, and the tokens that were meant, to go on with; None where nothing foreign is recognised.
Invariant: nothing here is right anywhere else in the language, for the parser has stopped at it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.diagnostics.span import Span
from rulecrm.syntax.attach import AGGREGATES
from rulecrm.syntax.lexer import apart
from rulecrm.syntax.reach import (
    begin_of_comparison,
    begin_of_operand,
    closing_of,
    end_of_operand,
    end_of_window,
    opening_before,
)
from rulecrm.syntax.scan import Token

__all__ = ["Mistake", "foreign"]

SHOUTED = frozenset({"AND", "OR", "NOT", "IN", "IS", "And", "Or", "Not"})

COMPARED = {"=>": ">=", "=<": "<=", "===": "==", "!==": "!=", "~=": "matches"}

EQUAL = frozenset({"equals", "equal", "eq"})

WINDOWS = frozenset({"last", "next", "this", "since", "before", "from", "today", "yesterday"})

DATED = {"before": "<", "after": ">", "since": ">=", "until": "<="}

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


@frozen
class Mistake:
    """A diagnostic, and the tokens to go on with in place of all (None: it is not clear what was meant)."""

    diagnostic: Diagnostic
    mended: list[Token] | None = None


@frozen
class _Place:
    """Where the parser stopped, and the text around it."""

    tokens: Sequence[Token]
    position: int
    wanted: frozenset[str]
    text: str

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def before(self, steps: int = 1) -> Token | None:
        return self.tokens[self.position - steps] if self.position >= steps else None

    def after(self, steps: int = 1) -> Token | None:
        return self.tokens[self.position + steps] if self.position + steps < len(self.tokens) else None

    def written(self, start: int, end: int) -> str:
        """The text of the tokens from `start` up to `end`, in one line."""
        return " ".join(self.text[self.tokens[start].start : self.tokens[end - 1].end].split()) if start < end else ""

    def span(self, start: int, end: int) -> Span:
        return Span(self.token.source, self.tokens[start].start, self.tokens[end - 1].end)

    def with_(self, start: int, end: int, *meant: Token) -> list[Token]:
        """All tokens, those from `start` up to `end` replaced."""
        return [*self.tokens[:start], *meant, *self.tokens[end:]]


def foreign(tokens: Sequence[Token], position: int, wanted: frozenset[str], text: str) -> Mistake | None:
    """What is foreign about the token at `position`; `wanted` is how all that could stand there is written."""
    at = _Place(tokens, position, wanted, text)
    for recognise in (
        _sign, _shouted, _late_window, _compared_window, _between, _dated, _bare_window, _like, _list, _article,
        _else_if,
    ):  # fmt: skip
        found = recognise(at)
        if found is not None:
            return found
    return None


def _sign(at: _Place) -> Mistake | None:
    """`=>`, `=<`, `===`, `equals`: a comparison, written another way."""
    token, before, after = at.token, at.before(), at.after()
    if token.kind == "NAME" and token.value in EQUAL and "==" in at.wanted:
        meant = Token("MARK", "==", token.source, token.start, token.end)
        return Mistake(_wrong("R008", f"`{token.value}` is not part of the language", token.span, "write `==`"),
                       at.with_(at.position, at.position + 1, meant))  # fmt: skip
    for first, second, start in ((token, after, at.position), (before, token, at.position - 1)):
        if first is None or second is None or first.end != second.start or {first.kind, second.kind} != {"MARK"}:
            continue
        sign = first.value + second.value
        right = COMPARED.get(sign)
        if right is not None:
            meant = Token("MARK", right, token.source, first.start, second.end)
            advice = f"write `{right}`"
            return Mistake(_wrong("R008", f"`{sign}` is not part of the language", meant.span, advice),
                           at.with_(start, start + 2, meant))  # fmt: skip
    return None


def _shouted(at: _Place) -> Mistake | None:
    """`AND`, `OR`, `NOT`: words are written small."""
    for steps in (0, 1):
        token = at.before(steps)
        if token is None:
            return None
        place = at.position - steps
        if token.kind == "NAME" and token.value in SHOUTED and (steps or token.value.lower() in at.wanted):
            meant = token.meaning(token.value.lower())
            diagnostic = _wrong("R008", f"`{token.value}` is written small", token.span, f"write `{meant.value}`")
            return Mistake(diagnostic, at.with_(place, place + 1, meant))
        if token.kind == "MONEY" and token.value.endswith(" AND"):  # `>= 3 AND …` reads like an amount
            number, word = apart(token)
            diagnostic = _wrong("R008", "`AND` is written small", word.span, "write `and`")
            return Mistake(diagnostic, at.with_(place, place + 1, number, word.meaning("and")))
    return None


def _between(at: _Place) -> Mistake | None:
    """`x between 3 and 5`, `x is between 3 and 5`."""
    start = at.position
    before = at.before()
    if at.token.value != "between" and before is not None and before.value == "between":
        start -= 1
    word = at.tokens[start]
    is_first = start == at.position and "in" in at.wanted
    is_label = start < at.position and start > 0 and at.tokens[start - 1].value in ("is", "not")
    if word.kind != "NAME" or word.value != "between" or not (is_first or is_label):
        return None
    begin = start
    while begin > 0 and at.tokens[begin - 1].value in ("is", "not") and is_label:
        begin -= 1
    middle = end_of_operand(at.tokens, start + 1)
    if middle >= len(at.tokens) or at.tokens[middle].value != "and" or middle == start + 1:
        diagnostic = _wrong("R008", "`between` is a window of facts and compares nothing", word.span, "write `in 3..5`")
        return Mistake(diagnostic)
    end = end_of_operand(at.tokens, middle + 1)
    low, high = at.written(start + 1, middle), at.written(middle + 1, end)
    negated = any(token.value == "not" for token in at.tokens[begin:start])
    left = at.written(begin_of_operand(at.tokens, begin), begin)
    if left.endswith(" not"):
        left, negated = left[: -len(" not")], True
    if not left:
        return None
    advice = f"write `{left} {'not in' if negated else 'in'} {low}..{high}`"
    dots = Token("MARK", "..", word.source, at.tokens[middle].start, at.tokens[middle].end)
    words = [word.meaning(text) for text in (["not", "in"] if negated and begin < start else ["in"])]
    mended = [*at.tokens[:begin], *words, *at.tokens[start + 1 : middle], dots, *at.tokens[middle + 1 :]]
    message = "`between` is a window of facts and compares nothing"
    return Mistake(_wrong("R008", message, at.span(start, end), advice), mended)


def _dated(at: _Place) -> Mistake | None:
    """`joined_at before 2025-01-01`, `joined_at is after 2025-01-01`, `joined_at since 30d ago`."""
    word, before = at.token, at.before()
    sign = DATED.get(word.value)
    if sign is None or "<" not in at.wanted or before is None or at.after() is None:
        return None
    message = f"`{word.value}` compares nothing"
    return Mistake(
        _wrong("R008", message, word.span, f"write `{sign}`"),
        at.with_(at.position, at.position + 1, Token("MARK", sign, word.source, word.start, word.end)),
    )


def _bare_window(at: _Place) -> Mistake | None:
    """`joined_at last 30d`, `joined_at this month`: the word between the two is left out."""
    token, after = at.token, at.after()
    if token.value not in ("last", "next", "this") or "in" not in at.wanted or after is None:
        return None
    begin = begin_of_operand(at.tokens, at.position)
    end = end_of_window(at.tokens, at.position)
    left, window = at.written(begin, at.position), at.written(at.position, end)
    diagnostic = _wrong(
        "R008", "a window is no comparison by itself", at.span(at.position, end), f"write `{left} in {window}`"
    )
    return Mistake(diagnostic, at.with_(at.position, at.position, token.meaning("in")))


def _like(at: _Place) -> Mistake | None:
    """`x like "A%"`, `x not like "%A%"`, `x ilike "%a"`."""
    token, after = at.token, at.after()
    if token.kind != "NAME" or token.value.lower() not in ("like", "ilike") or not {"contains", "starts"} & at.wanted:
        return None
    message = f"`{token.value}` is not part of the language"
    if after is None or after.kind != "STRING":
        advice = "write `contains`, `starts with`, `ends with` or `matches`"
        mended = at.with_(at.position, at.position + 1, token.meaning("contains"))
        return Mistake(_wrong("R008", message, token.span, advice), mended)
    pattern = after.value
    inner = pattern.strip("%")
    words = {
        (True, True): "contains", (False, True): "starts with", (True, False): "ends with", (False, False): "matches",
    }[pattern.startswith("%") and pattern != "", pattern.endswith("%")]  # fmt: skip
    if "%" in inner or "_" in inner or words == "matches":
        wild = {"%": ".*", "_": "."}
        words, inner = "matches", f"^{''.join(wild.get(letter) or re.escape(letter) for letter in pattern)}$"
    case = " ignoring case" if token.value.lower() == "ilike" else ""
    meant = [token.meaning(word) for word in words.split()]
    meant.append(after.meaning(inner))
    meant += [token.meaning(word) for word in case.split()]
    begin = at.position
    if (before := at.before()) is not None and before.value == "not":
        begin, words = begin - 1, f"not {words}"
    shown = inner.replace("\\", "\\\\").replace('"', '\\"')
    advice = f'write `{words} "{shown}"{case}`'
    place = at.span(begin, at.position + 2)
    return Mistake(_wrong("R008", message, place, advice), at.with_(at.position, at.position + 2, *meant))


def _late_window(at: _Place) -> Mistake | None:
    """`count(purchase) last 30d`: a window behind the bracket of what it narrows."""
    token, before = at.token, at.before()
    dated = (following := at.after()) is not None and following.kind in ("DATE", "DATETIME")
    if before is None or before.value != ")" or not (token.value in WINDOWS or (token.value == "between" and dated)):
        return None
    opening = opening_before(at.tokens, at.position - 1)
    if not opening or at.tokens[opening - 1].value not in AGGREGATES:
        return None
    return _moved(at, opening, at.position, end_of_window(at.tokens, at.position))


def _compared_window(at: _Place) -> Mistake | None:
    """`count(purchase) in last 30d > 3`: the same, read as a comparison that another one follows."""
    if at.token.value not in COMPARISONS:
        return None
    start = begin_of_comparison(at.tokens, at.position)
    if start is None or at.tokens[start - 1].value != ")":
        return None
    opening = opening_before(at.tokens, start - 1)
    if not opening or at.tokens[opening - 1].value not in AGGREGATES:
        return None
    return _moved(at, opening, start, at.position)


def _moved(at: _Place, opening: int, start: int, end: int) -> Mistake:
    """The window from `start` to `end`, moved into the brackets before it."""
    advice = f"write `{at.written(opening - 1, start - 1)} {at.written(start, end)})`"
    diagnostic = _wrong("R018", "a window stands inside the brackets of what it narrows", at.span(start, end), advice)
    mended = [*at.tokens[: start - 1], *at.tokens[start:end], at.tokens[start - 1], *at.tokens[end:]]
    return Mistake(diagnostic, mended)


def _list(at: _Place) -> Mistake | None:
    """`x in ("a", "b")`: a list in parentheses."""
    opening = opening_before(at.tokens, at.position) if at.token.value == "," else None
    if not opening or at.tokens[opening - 1].value not in ("in", "contains", "any", "all", "none"):
        return None
    closing = closing_of(at.tokens, opening)
    if closing is None:
        return None
    first, last = at.tokens[opening], at.tokens[closing]
    inner = at.written(opening + 1, closing)
    shown = inner if len(inner) <= 40 else f"{inner[:39]}…"
    brackets = [
        Token("MARK", mark, token.source, token.start, token.end) for mark, token in (("[", first), ("]", last))
    ]
    mended = [
        *at.tokens[:opening],
        brackets[0],
        *at.tokens[opening + 1 : closing],
        brackets[1],
        *at.tokens[closing + 1 :],
    ]
    diagnostic = _wrong("R019", "a list stands in brackets", at.span(opening, closing + 1), f"write `[{shown}]`")
    return Mistake(diagnostic, mended)


def _article(at: _Place) -> Mistake | None:
    """`the spent`, `the count(purchase)`: no word goes before a name."""
    before = at.before()
    if (
        before is None
        or before.kind != "NAME"
        or before.value not in ("the", "The")
        or at.token.kind not in ("NAME", "MARK")
    ):
        return None
    place = at.position - 1
    diagnostic = _wrong("R020", "no word goes before a name", before.span, f"leave out `{before.value}`")
    return Mistake(diagnostic, at.with_(place, place + 1))


def _else_if(at: _Place) -> Mistake | None:
    """`elif`, `elseif`."""
    token = at.token
    if token.value.lower() not in ("elif", "elseif", "elsif") or token.kind != "NAME" or "else" not in at.wanted:
        return None
    diagnostic = _wrong("R008", f"`{token.value}` is not part of the language", token.span, "write `else if`")
    return Mistake(diagnostic, at.with_(at.position, at.position + 1, token.meaning("else"), token.meaning("if")))


def _wrong(code: str, message: str, span: Span, advice: str) -> Diagnostic:
    return Diagnostic(code, message, span, advice)
