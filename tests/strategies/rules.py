"""Rules as text, made by a small typed writer so that they read like the language.

In: a zone and the instant T of the world they will be asked about. Out: texts of `.rules` files.
Invariant: every expression has the type that its place wants. `number` is what sums and quotients make exactly or with
one rounding, and may stand beside a threshold; what rounds more often (`inexact`) is only shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from attrs import define, field
from hypothesis import strategies as st

from tests.oracle.zone import Zone
from tests.strategies.clocks import DAY_LENGTHS, Focus
from tests.strategies.vocabulary import ATTRIBUTES, FIELDS, LITERALS, PREAMBLE, SUBJECT_KINDS, UNITS, WORDS
from tests.strategies.worlds import GENERATED_EVENTS

__all__ = ["Defined", "rules_texts"]

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
FAR_AND_NEAR = (
    ("45d", "7d"),
    ("60d", "30d"),
    ("2mo", "1mo"),
    ("2d", "1d"),
    ("3d", "24h"),
    ("1y", "1mo"),
    ("36h", "1h"),
    ("30d", "1d"),
    ("3mo", "30d"),
    ("2w", "36h"),
)
ASKING_ALL = ("population ", "percentile(", "ntile(", "rank(")


@define
class Defined:
    """A definition written so far."""

    name: str
    type: str
    subject: str
    asks_all: bool
    """Whether it asks about the whole population, directly or through another."""
    labels: tuple[str, ...] = ()


@define
class Writer:
    """Writes expressions of a wanted type."""

    draw: Callable[[st.SearchStrategy[object]], object]
    zone: str
    now: dt.datetime
    focus: Focus
    subject: str = "customer"
    defined: list[Defined] = field(factory=list)
    kind: str | None = None
    """The kind of the row spoken of, inside a `where`."""

    # --- choices --------------------------------------------------------------------------------------------------

    def pick(self, options: Sequence[str]) -> str:
        return str(self.draw(st.sampled_from(options)))

    def chance(self, percent: int) -> bool:
        return int(str(self.draw(st.integers(0, 99)))) < percent

    def either(self, *ways: Callable[[], str]) -> str:
        index = self.draw(st.integers(0, len(ways) - 1))
        assert isinstance(index, int)
        return ways[index]()

    # --- names and literals ---------------------------------------------------------------------------------------

    def names(self, type: str) -> list[str]:
        return [one.name for one in self.defined if one.type == type and one.subject == self.subject]

    def asks_all(self, text: str) -> bool:
        if any(word in text for word in ASKING_ALL):
            return True
        words = set(text.replace("(", " ").replace(")", " ").replace(",", " ").split())
        return any(one.asks_all and one.name in words for one in self.defined)

    def fields(self, type: str) -> tuple[str, ...]:
        if self.kind is None:
            return ATTRIBUTES[self.subject].get(type, ())
        return FIELDS[self.kind].get(type, ())

    def length(self) -> str:
        return self.pick((*self.focus.lengths, *self.focus.lengths, "some_days", "1y"))

    def date(self) -> str:
        today = Zone(self.zone).day(self.now)
        days = int(self.pick(("0", "1", "7", "30", "60", "400", "-1")))
        return (today - dt.timedelta(days=days)).isoformat()

    def datetime(self) -> str:
        wall = Zone(self.zone).wall(self.now) - dt.timedelta(days=int(self.pick(("0", "1", "7", "30"))))
        return wall.strftime("%Y-%m-%dT%H:%M")

    def known(self, type: str) -> list[Callable[[], str]]:
        """Ways to write what is there already: fields or attributes, definitions, literals."""
        ways: list[Callable[[], str]] = []
        if self.fields(type):
            ways.append(lambda: self.pick(self.fields(type)))
        if self.names(type):
            ways.append(lambda: self.pick(self.names(type)))
        if type in LITERALS and not (self.kind is None and type == "bool"):
            ways.append(lambda: self.pick(LITERALS[type]))
        return ways

    # --- rows -----------------------------------------------------------------------------------------------------

    def a_kind(self, *types: str) -> str:
        """A kind or collection that has fields of these types."""
        return self.pick([kind for kind in self.kinds() if all(FIELDS[kind].get(type) for type in types)])

    def kinds(self) -> list[str]:
        """Kinds that the example is about, the paid ones most."""
        others = set(GENERATED_EVENTS) - set(self.focus.events)
        known = [kind for kind in SUBJECT_KINDS[self.subject] if kind not in others]
        return ["purchase", "purchase", *self.focus.events, *known]

    def narrowed(self, kind: str, depth: int) -> str:
        """`where P` and a window, each perhaps."""
        where = f" where {self.row_predicate(kind, depth - 1)}" if self.chance(40) else ""
        return where + (f" {self.window(depth - 1, after_where=bool(where))}" if self.chance(55) else "")

    def rows(self, depth: int, kind: str | None = None) -> str:
        kind = kind or self.a_kind()
        return kind + self.narrowed(kind, depth)

    def values(self, type: str, depth: int) -> str:
        """A field of rows, narrowed."""
        kind = self.a_kind(type)
        return f"{kind}.{self.pick(FIELDS[kind][type])}{self.narrowed(kind, depth)}"

    def value_in_row(self, type: str, depth: int) -> str:
        """A field of one row: `last(purchase where …).amount`."""
        kind = self.a_kind(type)
        name = self.pick(FIELDS[kind][type])
        rows = self.rows(depth, kind)
        if self.chance(30):
            return f"nth({rows}, {self.pick(('2', '-2', '3', '1', '-1'))}).{name}"
        return f"{self.pick(('first', 'last'))}({rows}).{name}"

    def window(self, depth: int, *, after_where: bool = False) -> str:
        """A window on facts; after `where paid` an `on …` or a `within …` would be read as a comparison of `paid`."""
        on_or_within = [
            lambda: f"within {self.length()} {self.pick(('after', 'before'))} {self.anchor(depth)}",
            lambda: f"on {self.date()}",
        ]
        return self.either(
            lambda: f"last {self.length()}",
            lambda: f"last {self.length()}",
            lambda: f"last {self.length()}",
            lambda: f"last {self.length()}",
            lambda: "from {} to {} ago".format(*self.far_and_near()),
            lambda: f"since {self.anchor(depth)}",
            lambda: f"before {self.anchor(depth)}",
            self.between,
            lambda: self.pick(("today", "yesterday")),
            lambda: f"{self.pick(('this', 'last'))} {self.pick(UNITS[1:])}",
            *([] if after_where else on_or_within),
        )

    def far_and_near(self) -> tuple[str, str]:
        index = self.draw(st.integers(0, len(FAR_AND_NEAR) - 1))
        assert isinstance(index, int)
        return FAR_AND_NEAR[index]

    def between(self) -> str:
        today = Zone(self.zone).day(self.now)
        days = [int(self.pick(("30", "60", "400"))), int(self.pick(("0", "1", "7", "-1")))]
        start, end = (today - dt.timedelta(days=back) for back in days)
        return f"between {start} and {end}"

    def anchor(self, depth: int) -> str:
        """An instant or a date that a window hangs on; it never speaks of a row."""
        outside = Writer(self.draw, self.zone, self.now, self.focus, self.subject, self.defined)
        return outside.either(
            outside.date, outside.datetime, lambda: f"{outside.length()} ago", lambda: outside.instant(depth)
        )

    # --- values ---------------------------------------------------------------------------------------------------

    def value(self, type: str, depth: int) -> str:
        """An expression of a type; parentheses where they may be needed."""
        known = self.known(type)
        if known and (depth <= 0 or self.chance(35)):
            return self.either(*known)
        if self.kind is not None and known and self.chance(60):
            return self.either(*known)
        return self.made(type, max(depth, 1))

    def made(self, type: str, depth: int) -> str:
        if depth > 1 and self.kind is None and type != "age" and self.chance(8):
            return self.as_of(type, depth)
        if depth > 1 and self.chance(8) and type != "inexact":
            condition = self.predicate(1)
            return f"if({condition}, {self.value(type, depth - 1)}, {self.value(type, depth - 1)})"
        if self.kind is None and type != "inexact" and self.chance(65):
            return self.from_rows(type, depth)
        match type:
            case "int":
                return self.int(depth)
            case "number":
                return self.number(depth)
            case "inexact":
                return self.inexact(depth)
            case "money":
                return self.money(depth)
            case "text":
                return self.text(depth)
            case "instant":
                return self.instant(depth)
            case "date":
                return self.a_date(depth)
            case "duration":
                return self.duration(depth)
            case "age":
                return f"age({self.instant(depth - 1)})"
            case "bool":
                return self.predicate(depth)
            case "list":
                return self.value_in_row("list", depth - 1)
        raise ValueError(type)

    def from_rows(self, type: str, depth: int) -> str:
        """The plainest ways to get a value of a type from facts."""
        match type:
            case "int":
                return self.either(
                    lambda: f"count({self.rows(depth)})",
                    lambda: f"count({self.rows(depth)})",
                    lambda: f"distinct({self.values('text', depth)})",
                    lambda: f"sum({self.values('int', depth)})",
                    lambda: self.value_in_row("int", depth),
                    self.periods,
                )
            case "number":
                return self.either(
                    lambda: f"share({self.shared(depth)})",
                    lambda: f"{self.pick(('mean', 'median'))}({self.values('int', depth)})",
                )
            case "money":
                function = self.pick(("sum", "sum", "mean", "min", "max", "median"))
                return f"{function}({self.values('money', depth)})"
            case "text":
                return self.either(
                    lambda: f"mode({self.values('text', depth)})", lambda: self.value_in_row("text", depth)
                )
            case "date":
                return f"date_of({self.value_in_row('instant', depth)})"
            case "duration":
                return f"{self.pick(('mean_gap', 'max_gap'))}({self.rows(depth)})"
            case "age":
                return f"age({self.value_in_row('instant', depth)})"
            case "bool":
                return self.either(
                    lambda: f"{self.pick(('exists', 'none'))}({self.rows(depth)})",
                    lambda: f"{self.pick(('exists', 'none'))}({self.rows(depth)})",
                    lambda: self.sequence(depth),
                    lambda: f"({self.from_rows('int', depth)} {self.pick(COMPARISONS)} {self.pick(('1', '2', '3'))})",
                    lambda: f"({self.from_rows('money', depth)} {self.pick(COMPARISONS)} {self.value('money', 0)})",
                    lambda: f"({self.from_rows('age', depth)} {self.pick(COMPARISONS[2:])} {self.length()})",
                )
        return self.value_in_row(type, depth)

    def as_of(self, type: str, depth: int) -> str:
        operand = self.value(type, depth - 1)
        instants = [lambda: f"{self.length()} ago", lambda: f"{self.length()} ago"]
        if not self.asks_all(operand):
            instants += [lambda: self.value_in_row("instant", 0)]
        return f"(({operand}) as of {self.either(*instants)})"

    def int(self, depth: int) -> str:
        below = depth - 1
        return self.either(
            lambda: f"count({self.rows(depth)})",
            lambda: f"count({self.rows(depth)})",
            lambda: f"count({self.values(self.pick(('text', 'int')), depth)})",
            lambda: f"distinct({self.values(self.pick(('text', 'int', 'instant')), depth)})",
            lambda: f"{self.pick(('sum', 'min', 'max', 'mode'))}({self.values('int', depth)})",
            lambda: f"({self.pick(('sum', 'min', 'max'))}({self.values('int', depth)}) ?? 0)",
            lambda: self.value_in_row("int", depth),
            self.periods,
            lambda: f"({self.value('int', below)} {self.pick(('+', '-', '*'))} {self.value('int', below)})",
            lambda: (
                f"{self.pick(('hour', 'minute', 'weekday', 'day', 'month', 'quarter', 'year', 'week'))}"
                f"({self.value('instant', below)})"
            ),
            lambda: f"length({self.value(self.pick(('text', 'list')), below)})",
            lambda: self.standing("rank", depth),
            lambda: self.standing("ntile", depth),
            lambda: self.population("count", depth),
            lambda: (
                f"population {self.pick(('sum', 'min', 'max', 'mode', 'distinct'))}({self.outside().value('int', below)})"
            ),
            lambda: f"{self.pick(('floor', 'ceil'))}({self.value('number', below)})",
            lambda: f"{self.pick(('least', 'greatest'))}({self.value('int', below)}, {self.value('int', below)})",
            lambda: f'bucket("{self.pick(("a", "b"))}")',
            lambda: f"abs({self.value('int', below)})",
            lambda: f"({self.value('date', below)} - {self.value('date', below)})",
            lambda: f"({self.value('int', below)} ?? {self.pick(('0', '3'))})",
        )

    def shared(self, depth: int) -> str:
        """Rows and the condition that a share of them fits."""
        kind = self.a_kind()
        window = f" {self.window(depth - 1, after_where=True)}" if self.chance(50) else ""
        return f"{kind} where {self.row_predicate(kind, depth - 1)}{window}"

    def periods(self) -> str:
        kind = self.a_kind()
        name, units = self.pick(("periods", "streak")), self.pick(UNITS)
        return f"{name}({kind} by {units}{self.narrowed(kind, 1)})"

    def number(self, depth: int) -> str:
        below = depth - 1
        ways = [
            lambda: f"mean({self.values('int', depth)})",
            lambda: f"share({self.shared(depth)})",
            lambda: f"({self.value('int', below)} / {self.value('int', below)})",
            lambda: f"({self.value('money', below)} / {self.value('money', below)})",
            lambda: self.standing("percentile", depth),
            lambda: self.population("share", depth),
            lambda: f"population {self.pick(('mean', 'median'))}({self.outside().value('int', below)})",
            lambda: f"population quantile({self.outside().value('int', below)}, 25%)",
            lambda: f"quantile({self.values('int', depth)}, {self.pick(('0.25', '75%', '0.5'))})",
            lambda: f"median({self.values('int', depth)})",
            lambda: f"round({self.value('int', below)} / 4, 1)",
            lambda: f"({self.value('duration', below)} / {self.value('duration', below)})",
        ]
        if self.subject == "customer":
            ways.append(
                lambda: f"{self.pick(('sum', 'min', 'max', 'mean', 'median', 'mode'))}({self.values('number', depth)})"
            )
        return self.either(*ways)

    def inexact(self, depth: int) -> str:
        below = depth - 1
        return self.either(
            lambda: f"stddev({self.values('int', depth)})",
            lambda: f"({self.value('number', below)} {self.pick(('+', '-', '*', '/'))} {self.value('number', below)})",
            lambda: f"{self.pick(('sqrt', 'ln'))}({self.value('int', below)})",
            lambda: f"population {self.pick(('mean', 'sum', 'stddev'))}({self.outside().value('number', below)})",
            lambda: "distance_km(31.2, 121.5, member_level, points)" if self.subject == "customer" else "sqrt(2)",
        )

    def money(self, depth: int) -> str:
        below = depth - 1
        return self.either(
            lambda: f"{self.pick(('sum', 'mean', 'min', 'max', 'median', 'mode'))}({self.values('money', depth)})",
            lambda: f"(sum({self.values('money', depth)}) ?? 0 CNY)",
            lambda: f"quantile({self.values('money', depth)}, {self.pick(('25%', '0.9', '1'))})",
            lambda: self.value_in_row("money", depth),
            lambda: f"({self.value('money', below)} {self.pick(('+', '-'))} {self.value('money', below)})",
            lambda: f"({self.value('money', below)} * {self.pick(('2', '0.5', '0.25', '1.5', '3'))})",
            lambda: f"({self.value('money', below)} / {self.pick(('2', '3', '4', '0.5'))})",
            lambda: (
                f"population {self.pick(('mean', 'sum', 'median', 'max', 'min', 'mode'))}({self.outside().value('money', below)})"
            ),
            lambda: f"sum({self.money_of_row(depth)})",
            lambda: f"{self.pick(('abs', 'round'))}({self.value('money', below)})",
            lambda: f"{self.pick(('least', 'greatest'))}({self.value('money', below)}, some_amount)",
            lambda: f"stddev({self.values('money', depth)})",
        )

    def money_of_row(self, depth: int) -> str:
        kind = self.a_kind("money")
        left, right = (f"{kind}.{self.pick(FIELDS[kind]['money'])}" for _ in range(2))
        way = self.pick(("-", "+", "times"))
        value = f"{left} * {kind}.{self.pick(FIELDS[kind]['int'])}" if way == "times" else f"{left} {way} {right}"
        return value + self.narrowed(kind, depth)

    def text(self, depth: int) -> str:
        below = depth - 1
        return self.either(
            lambda: f"mode({self.values('text', depth)})",
            lambda: self.value_in_row("text", depth),
            lambda: f"{self.pick(('min', 'max'))}({self.values('text', depth)})",
            lambda: f"{self.pick(('lower', 'upper', 'trim', 'domain'))}({self.value('text', below)})",
            lambda: f'({self.value("text", below)} ?? "none")',
            lambda: f"concat({self.value('text', below)}, {self.value('text', below)})",
            lambda: f'join({self.value("list", below)}, "-")',
        )

    def instant(self, depth: int) -> str:
        below = depth - 1
        known = self.known("instant")
        if depth <= 0 and known:
            return self.either(*known)
        return self.either(
            lambda: self.value_in_row("instant", max(depth, 0)),
            lambda: f"{self.pick(('min', 'max'))}({self.values('instant', depth)})",
            lambda: f"({self.value('instant', below)} {self.pick(('+', '-'))} {self.length()})",
            *([lambda: f"since({self.predicate(1)}, {self.pick(('1d', '3d', '1w'))})"] if self.kind is None else []),
            *known,
        )

    def a_date(self, depth: int) -> str:
        below = depth - 1
        return self.either(
            lambda: f"date_of({self.value('instant', below)})",
            lambda: f"anniversary({self.value('date', below)})",
            lambda: f"({self.value('date', below)} {self.pick(('+', '-'))} {self.pick(tuple(DAY_LENGTHS))})",
            self.date,
        )

    def duration(self, depth: int) -> str:
        below = depth - 1
        return self.either(
            lambda: f"{self.pick(('mean_gap', 'median_gap', 'max_gap'))}({self.rows(depth)})",
            lambda: f"({self.value('instant', below)} - {self.value('instant', below)})",
            lambda: f"({self.value('duration', below)} * {self.pick(('2', '3'))})" if depth > 1 else "max_gap(view)",
            lambda: f"abs({self.value('age', below)})",
        )

    # --- everybody ------------------------------------------------------------------------------------------------

    def among(self) -> str:
        names = self.names("bool")
        return f" among {self.pick(names)}" if names and self.chance(40) else ""

    def standing(self, function: str, depth: int) -> str:
        measured = self.outside().value(self.pick(("int", "money", "number", "age")), depth - 1)
        first = f"{self.pick(('2', '5', '3'))}, " if function == "ntile" else ""
        return f"({function}({first}{measured}){self.among()})"

    def population(self, function: str, depth: int) -> str:
        return f"(population {function}({self.outside().predicate(depth - 1)}){self.among()})"

    def outside(self) -> Writer:
        return Writer(self.draw, self.zone, self.now, self.focus, self.subject, self.defined)

    # --- predicates -----------------------------------------------------------------------------------------------

    def predicate(self, depth: int) -> str:
        """A predicate in parentheses, or one that needs none."""
        simple = [
            self.compared, self.compared, self.compared, self.windowed, self.aged, self.of_text,
            lambda: f"({self.value(self.pick(('int', 'text', 'instant', 'money')), depth - 1)} is {self.pick(('missing', 'not missing'))})",
            self.of_list,
        ]  # fmt: skip
        if self.fields("bool"):
            simple.append(lambda: self.pick(self.fields("bool")))
        if self.names("bool"):
            simple.append(lambda: self.pick(self.names("bool")))
        if self.kind is None:
            simple += [
                lambda: f"{self.pick(('exists', 'none'))}({self.rows(depth)})",
                lambda: f"{self.pick(('exists', 'none'))}({self.rows(depth)})",
                lambda: self.sequence(depth),
            ]
            if any(one.labels and one.subject == self.subject for one in self.defined):
                simple.append(self.labelled)
        if self.kind is None and depth > 0 and self.chance(50):
            return self.from_rows("bool", depth)
        if depth <= 0 or self.chance(60):
            return self.either(*simple)
        return self.either(
            lambda: f"(not {self.predicate(depth - 1)})",
            lambda: f"({self.predicate(depth - 1)} and {self.predicate(depth - 1)})",
            lambda: f"({self.predicate(depth - 1)} or {self.predicate(depth - 1)})",
            *([] if self.kind is not None else [lambda: self.as_of("bool", depth)]),
        )

    def row_predicate(self, kind: str, depth: int) -> str:
        """A predicate on a row of a kind."""
        inside = Writer(self.draw, self.zone, self.now, self.focus, self.subject, self.defined, kind)
        if self.chance(50):
            return inside.plain()
        return inside.predicate(min(depth, 1))

    def plain(self) -> str:
        """A field against a literal, or a stage."""
        type = self.pick([type for type in ("int", "money", "text", "bool", "instant") if self.fields(type)])
        name = self.pick(self.fields(type))
        match type:
            case "bool":
                return self.pick((name, f"not {name}"))
            case "text":
                return f'{name} {self.pick(("==", "!="))} "{self.pick(WORDS[name])}"'
            case "instant":
                return f"age({name}) {self.pick(COMPARISONS[2:])} {self.length()}"
        return f"{name} {self.pick(COMPARISONS)} {self.pick(LITERALS[type])}"

    def compared(self) -> str:
        type = self.pick(("int", "money", "number", "instant", "text", "date", "duration"))
        return self.comparison(type, 1)

    def comparison(self, type: str, depth: int) -> str:
        left = self.value(type, depth)
        if type in ("int", "money") and self.chance(25):
            low, high = {"int": ("1", "3"), "money": ("5 CNY", "299 CNY")}[type]
            if self.chance(50):
                return f"({left} {self.pick(('in', 'not in'))} {low}..{high})"
            return f"({left} {self.pick(('in', 'not in'))} [{low}, {high}])"
        operator = self.pick(COMPARISONS)
        if type == "instant" and self.chance(50):
            return f"({left} {self.pick(COMPARISONS[2:])} {self.date()})"
        if type == "duration" and self.chance(60):
            return f"({left} {self.pick(COMPARISONS[2:])} {self.pick(('24h', '7d', '36h', '30d'))})"
        if type in LITERALS and self.chance(50):
            return f"({left} {operator} {self.pick(LITERALS[type])})"
        return f"({left} {operator} {self.value(type, depth - 1)})"

    def windowed(self) -> str:
        """An instant or a date in a window."""
        left = self.value(self.pick(("instant", "instant", "date")), 1)
        window = self.either(
            lambda: f"{self.pick(('in', 'within', 'not in'))} last {self.length()}",
            lambda: f"in next {self.length()}",
            lambda: f"on {self.date()}",
            lambda: f"{self.pick(('in', 'on'))} {self.pick(('today', 'yesterday', 'tomorrow'))}",
            lambda: f"in {self.pick(('this', 'last', 'next'))} {self.pick(UNITS[1:])}",
            lambda: f"within {self.length()} {self.pick(('after', 'before'))} {self.anchor(0)}",
        )
        return f"({left} {window})"

    def aged(self) -> str:
        age = self.value("age", 1)
        if self.chance(30):
            return f"({age} in {self.pick(('1h..24h', '1d..30d', '7d..1mo'))})"
        right = self.either(self.length, self.length, lambda: self.value("duration", 0) if self.kind is None else "30d")
        return f"({age} {self.pick(COMPARISONS)} {right})"

    def of_text(self) -> str:
        name = self.pick(self.fields("text")) if self.fields("text") else "nick"
        words = WORDS[name]
        left = name if self.chance(70) else self.value("text", 1)
        negated = self.pick(("", "not "))
        case = self.pick(("", "", " ignoring case"))
        word = '"' + self.pick(words) + '"'
        return self.either(
            lambda: f"({left} {self.pick(('==', '!='))} {word}{case})",
            lambda: f'({left} {negated}in [{word}, "{self.pick(words)}"]{case})',
            lambda: f"({left} {negated}{self.pick(('contains', 'starts with', 'ends with'))} {word}{case})",
            lambda: f'({left} {negated}matches "{self.pick(("^d", "e$", "[a-m]", "衣", "o+"))}"{case})',
        )

    def of_list(self) -> str:
        left = self.value("list", 0) if self.fields("list") or self.kind is None else "tags"
        words = '["vip", "new"]' if self.chance(70) else '["Old", "none"]'
        return self.either(
            lambda: f'({left} {self.pick(("", "not "))}contains "{self.pick(("vip", "Old"))}")',
            lambda: f"({left} {self.pick(('', 'not '))}contains {self.pick(('any', 'all', 'none'))} {words})",
        )

    def labelled(self) -> str:
        names = [one for one in self.defined if one.labels and one.subject == self.subject]
        index = self.draw(st.integers(0, len(names) - 1))
        assert isinstance(index, int)
        one = names[index]
        label, other = self.pick(one.labels), self.pick(one.labels)
        return self.either(
            lambda: f"({one.name} {self.pick(('is', 'is not'))} {label})",
            lambda: f"({one.name} {self.pick(('in', 'not in'))} [{label}, {other}])",
            lambda: f"({one.name} is {label} as of {self.length()} ago)",
        )

    def sequence(self, depth: int) -> str:
        by = self.pick(("", "", "by product "))
        kinds = [kind for kind in self.kinds() if not by or "product" in FIELDS[kind]["text"]]
        steps = [self.step(kinds, depth, first=True)]
        count = self.draw(st.integers(1, 3))
        assert isinstance(count, int)
        steps += [self.step(kinds, depth, first=False) for _ in range(count)]
        total = f" within {self.length()}" if self.chance(25) else ""
        window = f" {self.window(0)}" if self.chance(30) else ""
        return f"(sequence {by}({' then '.join(steps)}){total}{window})"

    def step(self, kinds: Sequence[str], depth: int, *, first: bool) -> str:
        kind = self.pick(kinds)
        negated = not first and self.chance(35)
        where = f" where {self.row_predicate(kind, 0)}" if self.chance(25) else ""
        times = f" >= {self.pick(('2', '3'))} times" if not negated and self.chance(25) else ""
        within = f" within {self.length()}" if self.chance(40 if not first or times else 0) else ""
        return f"{'no ' if negated else ''}{kind}{where}{times}{within}"

    # --- definitions ----------------------------------------------------------------------------------------------

    def metric(self, name: str, type: str, depth: int) -> str:
        text = self.made(type, depth)
        self.define(name, type, text)
        return f"metric {name}{self.of()} = {text}"

    def segment(self, name: str, depth: int) -> str:
        text = self.predicate(depth)
        self.define(name, "bool", text)
        return f"segment {name}{self.of()} = {text}"

    def classify(self, name: str, depth: int) -> str:
        labels = tuple(f"{name}_{letter}" for letter in "abc"[: int(self.pick(("2", "3", "1")))])
        arms = [f"{label} when {self.predicate(depth)}" for label in labels]
        last = f"{name}_rest"
        self.defined.append(Defined(name, "label", self.subject, self.asks_all(" ".join(arms)), (*labels, last)))
        return f"classify {name}{self.of()} {{ {'  '.join(arms)}  {last} otherwise }}"

    def of(self) -> str:
        return "" if self.subject == "customer" else f" of {self.subject}"

    def define(self, name: str, type: str, text: str) -> None:
        self.defined.append(Defined(name, type, self.subject, self.asks_all(text)))


TYPES = ("int", "money", "number", "inexact", "text", "instant", "date", "duration", "age")


@st.composite
def rules_texts(
    draw: st.DrawFn, zone: str, now: dt.datetime, focus: Focus, *, most: int = 14, depth: int = 2
) -> list[str]:
    """A file as its preamble and then one definition a line, each of which refers only to lines above."""
    writer = Writer(draw, zone, now, focus)  # type: ignore[arg-type]
    lines = [PREAMBLE.format(zone=zone)]
    for number in range(draw(st.integers(min(4, most), most))):
        writer.subject = draw(st.sampled_from(("customer",) * 5 + ("product",)))
        form = draw(st.sampled_from(("metric", "metric", "segment", "segment", "classify")))
        if form == "metric":
            lines.append(writer.metric(f"m{number}", draw(st.sampled_from(TYPES)), depth))
        elif form == "segment":
            lines.append(writer.segment(f"s{number}", depth))
        else:
            lines.append(writer.classify(f"k{number}", depth - 1))
    return lines
