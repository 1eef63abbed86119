"""What to say of a token that cannot stand where it stands.

In: the tokens of a declaration, where the parser stopped, and the terminals that could have come. Out: one diagnostic,
and the tokens that were meant where that is beyond doubt. Invariant: messages speak the language of the rules file;
no name of a terminal appears.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.diagnostics.span import Span
from rulecrm.diagnostics.suggest import nearest
from rulecrm.syntax.foreign import Mistake, foreign
from rulecrm.syntax.grammar import END
from rulecrm.syntax.reach import begin_of_operand
from rulecrm.syntax.scan import Token
from rulecrm.syntax.spelling import UNIT_WORDS

__all__ = ["Mistake", "mistake"]

MOST = 5
"""Choices that one message offers."""

JOINING = frozenset({"and", "or", "=", "when", "where"})

COMPARING = frozenset({"==", "!=", "<", "<=", ">", ">=", "is", "in", "matches", "contains", "on", "within"})

# Words of which one stands for all; the first whose members can all come is taken, and its members are used up.
GROUPS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"metric", "segment", "campaign"}), "a declaration, such as `metric` or `segment`"),
    (frozenset({"NAME", "INT", "(", "not"}), "a value or a condition"),
    (frozenset({"NAME", "INT", "("}), "a value"),
    (frozenset({"enter", "goal"}), "a clause, such as `enter` or `goal`"),
    (frozenset({"send", "wait"}), "a step, such as `send` or `wait`"),
    (frozenset({"quiet", "holdout"}), "a rule, such as `quiet` or `at most`"),
    (frozenset({"last", "since"}), "a window, such as `last 30d`"),
    (frozenset({"==", "<"}), "a comparison"),
    (frozenset({"*", "+"}), "an operator"),
    (frozenset({"and", "or"}), "`and`, `or`"),
    (frozenset({"day", "month"}), "a unit, such as `month`"),
    (frozenset({"today", "tomorrow"}), "a day, such as `today`"),
)

# What each group uses up besides its own words.
COVERED: Mapping[str, frozenset[str]] = {
    "a declaration, such as `metric` or `segment`": frozenset(
        [
            "import",
            "timezone",
            "currency",
            "kind",
            "attribute",
            "param",
            "collection",
            "classify",
            "kpi",
            "lifecycle",
            "template",
            "policy",
            "test",
        ]
    ),
    "a value": frozenset(
        [
            "DECIMAL",
            "PERCENT",
            "MONEY",
            "DURATION",
            "DATE",
            "DATETIME",
            "TIME",
            "STRING",
            "true",
            "false",
            "[",
            "-",
            "population",
            "sequence",
        ]
    ),
    "a clause, such as `enter` or `goal`": frozenset(["reenter", "exit", "control", "priority", "budget"]),
    "a step, such as `send` or `wait`": frozenset(["if", "split", "repeat", "measure", "tag", "notify", "exit"]),
    "a rule, such as `quiet` or `at most`": frozenset(["at", "require", "priority"]),
    "a window, such as `last 30d`": frozenset(
        ["next", "this", "today", "yesterday", "tomorrow", "from", "before", "between", "in", "on", "within", "period"]
    ),
    "a comparison": COMPARING | frozenset(["starts", "ends", "not"]),
    "an operator": frozenset(["-", "/", "??", "..", ".", "(", "as", "ago", "among"]),
    "a unit, such as `month`": frozenset(["week", "quarter", "year"]),
    "a day, such as `today`": frozenset({"yesterday"}),
}

PLAIN = {
    "NAME": "a name", "INT": "a whole number", "DECIMAL": "a number", "PERCENT": "a percentage, such as `10%`",
    "MONEY": "an amount, such as `299 CNY`", "DURATION": "a duration, such as `30d`", "STRING": "a text in quotes",
    "DATE": "a date, such as `2025-11-11`", "DATETIME": "a date with a time, such as `2025-11-06T10:00`",
    "TIME": "a time, such as `21:00`", "DOC": "a text in three quotes",
}  # fmt: skip


def mistake(  # noqa: C901 - one arm for each mistake
    tokens: Sequence[Token], position: int, expected: frozenset[str], spellings: Mapping[str, str], text: str
) -> Mistake:
    """What is wrong with the token at `position` (with the end, where that is the number of tokens).

    Args:
        tokens: those of the declaration.
        position: where the parser stopped.
        expected: terminals that could come there.
        spellings: how each keyword and mark is written, by terminal.
        text: the whole source.
    """
    wanted = frozenset(spellings.get(terminal, terminal) for terminal in expected)
    choices = _choices(wanted)
    if position == len(tokens):
        last = tokens[-1]
        place = Span(last.source, last.end, last.end)
        return Mistake(Diagnostic("R001", f"something is missing after {_shown(last, text)}", place, _expects(choices)))
    token = tokens[position]
    before = tokens[position - 1] if position else None
    found = _shown(token, text)
    recognised = foreign(tokens, position, wanted, text)
    if recognised is not None:
        return recognised
    if token.kind == "MARK":
        if token.value == "=" and "==" in wanted:
            message = "`=` gives a value its name and compares nothing"
            return Mistake(
                Diagnostic("R008", message, token.span, "write `==`"), _with(tokens, position, token.meaning("=="))
            )
        if token.value == "==" and "=" in wanted:
            message = "`==` compares and gives nothing its name"
            return Mistake(
                Diagnostic("R008", message, token.span, "write `=`"), _with(tokens, position, token.meaning("="))
            )
        if token.value in ")]}" and not _is_open(tokens[:position]):
            return Mistake(Diagnostic("R016", f"{found} closes nothing", token.span, "take it away"))
    if token.value in COMPARING and token.kind in ("MARK", "NAME") and {"and", "or"} <= wanted:
        asked = _asked_as_of(tokens, position, text)
        if asked is not None:
            message = f"`as of` takes in the whole comparison: {found} cannot follow it"
            return Mistake(Diagnostic("R001", message, token.span, f"write `({asked}) {token.value} …`"))
        advice = "join two comparisons with `and`"
        return Mistake(Diagnostic("R001", f"comparisons are not chained: {found} follows one", token.span, advice))
    if token.kind == "NAME" and before is not None and before.kind == "INT":
        unit = UNIT_WORDS.get(token.value.lower().rstrip("s"))
        if unit is not None:
            place = Span(token.source, before.start, token.end)
            written = f"{before.value}{unit}"
            message = f"a duration is one word: `{text[place.start : place.end]}`"
            return Mistake(Diagnostic("R007", message, place, f"write `{written}`"))
    if token.kind == "NAME" and "NAME" not in wanted:
        meant = nearest(token.value, sorted(word for word in wanted if word.isalpha() and word.islower()))
        if meant is not None:
            return Mistake(Diagnostic("R001", f"unexpected {found}", token.span, f"did you mean `{meant}`?"))
    if position == 0:
        advice = "a file is made of declarations, such as `metric` or `segment`"
        if token.kind == "NAME":
            return Mistake(Diagnostic("R002", f"unknown declaration {found}", token.span, advice))
        return Mistake(Diagnostic("R001", f"unexpected {found}", token.span, advice))
    return Mistake(Diagnostic("R001", f"unexpected {found}", token.span, _expects(choices)))


def _asked_as_of(tokens: Sequence[Token], position: int, text: str) -> str | None:
    """The `VALUE as of INSTANT` that ends before `position`, as it is written; None where there is none."""
    for middle in range(position - 2, 0, -1):
        if (tokens[middle].value, tokens[middle + 1].value) == ("as", "of"):
            start = begin_of_operand(tokens, middle)
            is_value = not any(token.value in COMPARING for token in tokens[start:middle])
            return " ".join(text[tokens[start].start : tokens[position - 1].end].split()) if is_value else None
        if tokens[middle].value in JOINING:
            return None
    return None


def _with(tokens: Sequence[Token], position: int, meant: Token) -> list[Token]:
    return [*tokens[:position], meant, *tokens[position + 1 :]]


def _choices(wanted: frozenset[str]) -> list[str]:
    """What could stand there, in plain words, the most telling first."""
    left = set(wanted)
    grouped: list[str] = []
    for members, words in GROUPS:
        if members <= left:
            grouped.append(words)
            left -= members | COVERED.get("a value" if words == "a value or a condition" else words, frozenset())
    ended = END in left
    left.discard(END)
    literal = sorted(f"`{word}`" for word in left if word not in PLAIN)
    plain = [PLAIN[word] for word in PLAIN if word in left]
    marks = [word for word in literal if not word[1].isalpha()]
    others = [word for word in literal if word[1].isalpha()]
    return [*marks, *plain, *others, *grouped, *(["the end of the declaration"] if ended else [])]


def _expects(choices: list[str]) -> str | None:
    """One sentence with the choices; where there are too many, the first of them."""
    shown = choices[:MOST]
    if not shown:
        return None
    if len(choices) > MOST:
        return f"expected one of {', '.join(shown)}, …"
    return "expected " + (f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else shown[0])


def _shown(token: Token, text: str) -> str:
    written = text[token.start : token.end]
    if token.kind == "DOC":
        return "a docstring"
    if len(written) > 30:
        written = written[:29] + "…"
    return f"`{written}`"


def _is_open(tokens: Sequence[Token]) -> bool:
    """Whether any bracket of these tokens is still open."""
    marks = [token.value for token in tokens if token.kind == "MARK"]
    return sum(mark in "([{" for mark in marks) > sum(mark in ")]}" for mark in marks)
