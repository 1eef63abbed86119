"""The abstract syntax of expressions and of the declarations that define values.

In: what `syntax.build` makes of a parsed text. Out: frozen nodes, named with the words of the language.
Invariant: a node carries its span and no behaviour; spans (and other layout) are left out of equality, so that equal
expressions are equal wherever they stand. Journeys (lifecycles, campaigns, policies) are in `syntax.journeys`.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from attrs import field, frozen

from rulecrm.diagnostics.span import NOWHERE, Span
from rulecrm.model.node import Node

__all__ = [
    "Ago", "AllOf", "AnyOf", "Argument", "AsOf", "Between", "Boolean", "Calendar", "Call", "Compare", "Date",
    "DateTime", "Duration", "Expression", "Field", "From", "Identifier", "InPeriod", "Last", "List", "Money", "Name",
    "Negate", "Next", "Not", "Number", "On", "Operate", "Percent", "Population", "Range", "Sequence", "Since",
    "Step", "Text", "Time", "Until", "Window", "WithinAfter", "WithinBefore",
]  # fmt: skip


def _span() -> Span:
    return field(default=NOWHERE, eq=False, repr=False, kw_only=True)


@frozen(eq=False, repr=False)
class Identifier(Node):
    """A name where it is written, so that a diagnostic can point at the name alone."""

    text: str
    span: Span = _span()


# --- literals -----------------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class Number(Node):
    """`3`, `2.5`. `value` is an int where the text has no point, else an exact Decimal."""

    value: int | Decimal
    span: Span = _span()


@frozen(eq=False, repr=False)
class Percent(Node):
    """`80%`; `value` is the fraction, 0.8, exactly."""

    value: Decimal
    span: Span = _span()


@frozen(eq=False, repr=False)
class Text(Node):
    """`"words"`, after its escapes are undone."""

    value: str
    span: Span = _span()


@frozen(eq=False, repr=False)
class Boolean(Node):
    """`true`, `false`."""

    value: bool
    span: Span = _span()


@frozen(eq=False, repr=False)
class Money(Node):
    """`299 CNY`; `currency` is an ISO 4217 code in upper case."""

    amount: Decimal
    currency: str
    span: Span = _span()


@frozen(eq=False, repr=False)
class Duration(Node):
    """`30d`, `1mo`, `1h30m`. `parts` are (count, unit) as written; units are `y mo w d h m s`."""

    parts: tuple[tuple[int, str], ...]
    span: Span = _span()


@frozen(eq=False, repr=False)
class Date(Node):
    """`2025-11-11`: a calendar day in the zone of the file."""

    value: dt.date
    span: Span = _span()


@frozen(eq=False, repr=False)
class DateTime(Node):
    """`2025-11-06T10:00`: an instant, written as wall clock in the zone of the file."""

    value: dt.datetime
    span: Span = _span()


@frozen(eq=False, repr=False)
class Time(Node):
    """`21:00`: a time of day."""

    value: dt.time
    span: Span = _span()


@frozen(eq=False, repr=False)
class List(Node):
    """`[a, b, c]`."""

    items: tuple[Expression, ...]
    span: Span = _span()


@frozen(eq=False, repr=False)
class Range(Node):
    """`1h..24h`, both ends included. Either end may be absent in no literal: write a comparison instead."""

    low: Expression
    high: Expression
    span: Span = _span()


# --- names and calls ----------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class Name(Node):
    """A name whose meaning the checker finds: a metric, a kind, a field, a label, a param, …"""

    text: str
    span: Span = _span()


@frozen(eq=False, repr=False)
class Field(Node):
    """`base.name`: a field of a row (`last(purchase).at`), of a kind (`purchase.amount`), of a record."""

    base: Expression
    name: Identifier
    span: Span = _span()


@frozen(eq=False, repr=False)
class Argument(Node):
    """One argument of a call: a value, for an aggregate with its `by UNIT`, `where` and window.

    `count(purchase by month where P last 30d)` has value `purchase`, by `month`, where `P`, window `Last(30d)`.
    """

    value: Expression
    where: Expression | None = None
    window: Window | None = None
    by: Identifier | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Call(Node):
    """`function(argument, …)`: an aggregate, or a plain function; the checker knows which.

    `among` is the segment of `percentile(spent) among vip`.
    """

    function: Identifier
    arguments: tuple[Argument, ...]
    among: Expression | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Population(Node):
    """`population mean(spent) among vip`: one number over all subjects.

    `function` is the aggregate, `arguments` its arguments (the first is the value for each subject).
    """

    function: Identifier
    arguments: tuple[Expression, ...]
    among: Expression | None = None
    span: Span = _span()


# --- operators ----------------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class Negate(Node):
    """Unary minus."""

    operand: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class Operate(Node):
    """`left operator right` with an operator of `* / + - ??`."""

    operator: str
    left: Expression
    right: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class Compare(Node):
    """`left operator right`, one comparison, never chained.

    `operator` is one of `== != < <= > >=`, `in`, `is`, `is missing`, `on`, `matches`, `contains`, `contains any`,
    `contains all`, `contains none`, `starts with`, `ends with`, `within`. `negated` is True for the spellings with
    `not` (`not in`, `is not`, `is not missing`, `not contains`, …). `ignoring_case` is True for `… ignoring case`.
    `right` is None for `is missing`, a `Window` for `in last 30d`, `on today`, `within last 45d`,
    `within 30d after X`, and an expression otherwise.
    """

    operator: str
    left: Expression
    right: Expression | Window | None
    negated: bool = False
    ignoring_case: bool = False
    span: Span = _span()


@frozen(eq=False, repr=False)
class AsOf(Node):
    """`expression as of instant`: the same expression at an earlier instant."""

    operand: Expression
    instant: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class Not(Node):
    """`not P`."""

    operand: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class AllOf(Node):
    """`P and Q and …`, flattened; at least two operands."""

    operands: tuple[Expression, ...]
    span: Span = _span()


@frozen(eq=False, repr=False)
class AnyOf(Node):
    """`P or Q or …`, flattened; at least two operands."""

    operands: tuple[Expression, ...]
    span: Span = _span()


@frozen(eq=False, repr=False)
class Ago(Node):
    """`30d ago`: the instant that lies a duration before T. `duration` is a `Duration` or the name of a param."""

    duration: Expression
    span: Span = _span()


# --- sequences ----------------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class Step(Node):
    """`[no] KIND [where P] [>= N times] [within D]`."""

    kind: Identifier
    negated: bool = False
    where: Expression | None = None
    at_least: int | None = None
    within: Expression | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Sequence(Node):
    """`sequence [by FIELD] (step then step …) [within D] [window]`; `total` is that `within`."""

    steps: tuple[Step, ...]
    by: Identifier | None = None
    total: Expression | None = None
    window: Window | None = None
    span: Span = _span()


# --- windows (as of T; each sees only what is not after T) ---------------------------------------------------------


@frozen(eq=False, repr=False)
class Last(Node):
    """`last D`: (T − D, T]."""

    duration: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class From(Node):
    """`from D1 to D2 ago`: (T − D1, T − D2], D1 > D2."""

    older: Expression
    newer: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class Since(Node):
    """`since X`: [X, T]."""

    start: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class Until(Node):
    """`before X`: (−∞, X)."""

    end: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class Between(Node):
    """`between X and Y`: [X, Y)."""

    start: Expression
    end: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class WithinAfter(Node):
    """`within D after X`: (X, X + D]."""

    duration: Expression
    anchor: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class WithinBefore(Node):
    """`within D before X`: [X − D, X)."""

    duration: Expression
    anchor: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class On(Node):
    """`on 2025-11-11`: that calendar day."""

    day: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class Calendar(Node):
    """`today`, `yesterday`, `tomorrow`, `this month`, `last week`, `next quarter`, ….

    `which` is `this`, `last` or `next`; `unit` is `day`, `week` (from Monday), `month`, `quarter` or `year`.
    `today` is this day, `yesterday` last day, `tomorrow` next day.
    """

    which: str
    unit: str
    span: Span = _span()


@frozen(eq=False, repr=False)
class InPeriod(Node):
    """`in period`: the period that a kpi reports."""

    span: Span = _span()


@frozen(eq=False, repr=False)
class Next(Node):
    """`next D`: [T, T + D), for dates that lie ahead."""

    duration: Expression
    span: Span = _span()


Window = (
    Last | From | Since | Until | Between | WithinAfter | WithinBefore | On | Calendar | InPeriod | Next
)  # fmt: skip

Expression = (
    Number | Percent | Text | Boolean | Money | Duration | Date | DateTime | Time | List | Range
    | Name | Field | Call | Population | Negate | Operate | Compare | AsOf | Not | AllOf | AnyOf | Ago | Sequence
)  # fmt: skip
