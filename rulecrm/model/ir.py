"""The typed model: what a checked file means, ready to be planned.

In: built by `semantics`. Out: read by `planning`, `runtime` and `explain`.
Invariant: every name is settled and every operand has the type its operator wants (coercions are explicit nodes), so
nothing below asks the user anything again. Nodes are frozen and hash by meaning, spans left out: equal work is equal.

An expression is evaluated at a *point*, a pair (subject, instant T); inside the `where` and the value of a `Scan` it is
evaluated for a row of a kind *seen from* a point: `Column` then reads the row, and all else still reads the point.
Inside the `where` of `Elements` it is evaluated for one record of a list: `Item` then reads the record.

Truth is two-valued. A comparison (and `in`, `contains`, …) with a missing operand is false; a missing bool read as a
predicate is false. Every expression of type BOOL that is no `Column`/`Attribute`/`Aggregate("first"…)` is therefore
never missing, and those are wrapped in `Apply("true", …)` where they are used as predicates.

## Operators of `Apply`

`p` stands for a predicate; constants among the arguments are `Const`. Missing arguments give missing, but for the
operators marked *, which never do.

| op | arguments → result |
| --- | --- |
| `and`* `or`* | p, p, … → bool |
| `not`* | p → bool |
| `true`* | bool → bool, missing becomes false |
| `eq ne lt le gt ge`* | two of one type (int, number, text, money, duration, instant, date, time, bool, label) → bool |
| `missing`* | any → bool |
| `in`* | any scalar, Const list of the same type → bool |
| `has`* | list, scalar → bool: the list holds it |
| `has_any has_all has_none`* | list, Const list → bool (a missing list: false, `has_none` too) |
| `contains starts_with ends_with`* | text, text → bool |
| `matches`* | text, Const text (regular expression of Rust's `regex` crate, found anywhere) → bool |
| `if` | p, a, a → a (never looks at missing p) |
| `choose`* | p, Const label, p, Const label, …, Const label → label: the first whose p holds, else the last |
| `coalesce` | a, a → a: the first unless it is missing |
| `add sub` | int int → int; number number → number; money money → money; duration duration → duration |
| `sub` | instant, instant → duration; date, date → int (days) |
| `mul` | int int → int; number number → number; money number → money; duration number → duration |
| `div` | number number → number; money number → money; money money → number; duration number → duration; duration duration → number. Division by zero is missing |
| `neg abs` | int, number, money, duration → same |
| `round` | number, Const int digits → number; money, Const int digits → money (halves to even) |
| `floor ceil` | number → int |
| `sqrt ln` | number → number; missing outside the domain |
| `least greatest` | a, a → a (int, number, money, duration, instant, date); missing if either is |
| `number` | int → number |
| `shift` | instant, Const Duration → instant, by the calendar in the zone |
| `shift_date` | date, Const Duration (months and days only) → date |
| `start_of` | Const text unit (day week month quarter year), instant → instant, in the zone |
| `start_of_day` | date → instant, in the zone |
| `date_of` `time_of` | instant → date, time, in the zone |
| `hour minute` | instant or time → int |
| `weekday day month quarter year week` | date → int (weekday 1 Monday … 7 Sunday; week by ISO 8601) |
| `anniversary` | date, date today → date: the first return on or after today; 29 February falls on 1 March |
| `years` | date, date today → int: whole years from the first to the second; 29 February counts on 1 March |
| `age` | instant → age (the same number) |
| `origin` | age → instant (the same number) |
| `elapsed` | age → duration: T minus it |
| `lower upper trim domain` | text → text (`domain`: what follows the last @, in lower case; missing without @) |
| `length` | text or list → int |
| `join` | list of text, Const text → text |
| `concat` | text, text → text |
| `distance_km` | number lat, number lon, number lat, number lon → number (great circle, mean radius 6371.0088 km) |
| `bucket` | text key, Const text seed → int 0..9999: first 8 bytes, big-endian, of SHA-256(seed + 0x1F + key), mod 10000 |
| `member` | record, Const text name → type of that field |
| `kpi` | Const text symbol → the value of another kpi over the period that is reported; missing where it is |
| `convert` | money amount (units of another currency), Const text currency → money at the rate of T's day |

A plugin's function appears as `Apply` with the op `plugin.NAME`.

Money that results from a multiplication, division, mean or quantile is rounded to 4 decimals, halves to even.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from attrs import field, frozen

from rulecrm.diagnostics.span import NOWHERE, Span
from rulecrm.model.durations import Duration
from rulecrm.model.node import HashedNode, Node
from rulecrm.model.types import BOOL, INSTANT, TEXT, Type

__all__ = [
    "Aggregate", "Apply", "AsOf", "Attribute", "Bound", "Column", "Const", "Definition", "Elements", "Expr",
    "HeldSince", "Item", "Key",
    "Local", "Now", "Period", "PopulationOf", "Ref", "Scan", "SequenceOf", "Standing", "State", "StepOf", "Value",
]  # fmt: skip

Value = bool | int | float | Decimal | str | Duration | dt.date | dt.datetime | dt.time | tuple["Value", ...]
"""What a constant holds: Decimal for money (units of the reporting currency), float for number, aware UTC datetimes
for instants, `Duration` for durations written in the text."""


def _span() -> Span:
    return field(default=NOWHERE, eq=False, repr=False, kw_only=True)


# --- leaves -------------------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class Const(HashedNode):
    """A constant. A literal, a param that has been set, or a label."""

    value: Value
    type: Type
    span: Span = _span()


@frozen(eq=False, repr=False)
class Now(HashedNode):
    """T itself."""

    type: Type = INSTANT
    span: Span = _span()


@frozen(eq=False, repr=False)
class Key(HashedNode):
    """The key of the subject, as text."""

    type: Type = TEXT
    span: Span = _span()


@frozen(eq=False, repr=False)
class Period(HashedNode):
    """An end (`start` or `end`) of the period that a kpi reports."""

    end: str
    type: Type = INSTANT
    span: Span = _span()


@frozen(eq=False, repr=False)
class Local(HashedNode):
    """A value that the journey at whose point this is evaluated brings along.

    `entry` is the instant at which it was entered, `entry.FIELD` a field of the row that it was entered on (missing
    where it was entered by no row). A journey's values never change.
    """

    name: str
    type: Type
    span: Span = _span()


@frozen(eq=False, repr=False)
class Attribute(HashedNode):
    """An attribute of the subject."""

    subject: str
    name: str
    type: Type
    span: Span = _span()


@frozen(eq=False, repr=False)
class Column(HashedNode):
    """A field of the row: `at`, a subject's key, or a field of the kind (stages as of T, see `schema.Column.stage`)."""

    kind: str
    name: str
    type: Type
    span: Span = _span()


@frozen(eq=False, repr=False)
class Item(HashedNode):
    """A field of the record that the innermost `Elements` around it looks at."""

    name: str
    type: Type
    span: Span = _span()


@frozen(eq=False, repr=False)
class Ref(HashedNode):
    """The value of another definition (by its symbol) for the same subject at the same T."""

    symbol: str
    type: Type
    span: Span = _span()


@frozen(eq=False, repr=False)
class State(HashedNode):
    """The state of a lifecycle, by docs/machine.md.

    `part` is `state` (label), `since` (the instant at which it was entered), `previous` (label, the state before it;
    missing before the first move) or `moves` (int, how many moves there have been).
    """

    lifecycle: str
    type: Type
    part: str = "state"
    span: Span = _span()


# --- what reads facts ---------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class Bound(HashedNode):
    """An end of a window: an instant, in (`closed`) or out."""

    at: Expr
    closed: bool


@frozen(eq=False, repr=False)
class Scan(HashedNode):
    """Rows of a kind that belong to the point's subject, lie not after T, in the window, and fit every `where`.

    `where` holds the conjuncts, flattened, collections included. Rows are in the order of `at`, and at one instant in
    the order of their natural key, then of their other fields.
    """

    kind: str
    subject: str
    where: tuple[Expr, ...] = ()
    lower: Bound | None = None
    upper: Bound | None = None


@frozen(eq=False, repr=False)
class Aggregate(HashedNode):
    """One value from the rows of a scan.

    | function | value, arguments | result; over no rows |
    | --- | --- | --- |
    | `count` | none, or a value: rows where it is not missing | int; 0 |
    | `exists` `none` | none | bool; false, true |
    | `sum` | int, number, money, duration | same; missing |
    | `mean` | int, number, money, duration | number, money, duration; missing |
    | `min` `max` | int, number, money, duration, instant, date, time, text | same; missing |
    | `median` | as quantile 0.5 | |
    | `quantile` | int, number, money, duration; Const number q | linear between ranks (n−1)·q; number, money, duration; missing |
    | `stddev` | int, number, money, duration | of a sample (n−1); number, money, duration; missing below 2 rows |
    | `distinct` | any scalar | int, values that are not missing; 0 |
    | `mode` | any scalar | most frequent value, of equals the one seen last; missing |
    | `first` `last` | any | value in the first, last row, which may be missing; missing |
    | `nth` | any; Const int n, 1 the first, −1 the last | missing where there are fewer |
    | `share` | p | number: rows where p holds by rows; missing |
    | `mean_gap` `median_gap` `max_gap` | none | duration between one row and the next; missing below 2 rows |
    | `periods` | none; Const text unit | int: calendar units (in the zone) that have a row; 0 |
    | `streak` | none; Const text unit | int: calendar units in a row, each with a row, up to the one of T (or the one before it); 0 |

    Missing values are left out of all but `first`, `last`, `nth`.
    """

    function: str
    scan: Scan
    value: Expr | None
    args: tuple[Const, ...]
    type: Type
    span: Span = _span()


@frozen(eq=False, repr=False)
class StepOf(HashedNode):
    """One step. `where` is row-level; `at_least` is 1 where nothing is said."""

    kind: str
    negated: bool = False
    where: tuple[Expr, ...] = ()
    at_least: int = 1
    within: Duration | None = None


@frozen(eq=False, repr=False)
class SequenceOf(HashedNode):
    """Whether rows t1 < t2 < … exist, one for each step, all of one value of `by`, all inside the window, all ≤ T.

    * A step is reached at an instant: that of its row; of its `at_least`-th row; of a `no … within D`: the end of D.
    * `within D`: a step is reached not after (the instant of the step before) + D, and all its `at_least` rows lie
      after the step before. On the first step: its `at_least` rows lie within D of one another (last ≤ first + D).
    * `no K within D`: no K in (t, t + D] where t is the instant of the step before, and T ≥ t + D.
    * `no K` without `within`: between two steps none strictly between their instants; as the last step, none in (t, T].
    * Instants of steps grow strictly. After `no K within D` the next step lies strictly after t + D.
    * `total`: last instant ≤ first instant + total. The window holds the first and the last instant (the first row of
      the first step and the instant at which the last step is reached).
    """

    subject: str
    steps: tuple[StepOf, ...]
    by: str | None = None
    total: Duration | None = None
    lower: Bound | None = None
    upper: Bound | None = None
    type: Type = BOOL
    span: Span = _span()


# --- what reads other points --------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class PopulationOf(HashedNode):
    """One number over all subjects that exist at T (and fit `among`): `function` of `value`, missing values left out.

    Functions: `count sum mean min max median quantile stddev share distinct mode` (`mode`: of equals the smallest);
    `share` and a `count` of a predicate count the subjects where it holds. Over none: count 0, others missing.
    """

    function: str
    value: Expr
    among: Expr | None
    args: tuple[Const, ...]
    type: Type
    span: Span = _span()


@frozen(eq=False, repr=False)
class Standing(HashedNode):
    """The place of the subject among all that exist at T (and fit `among`) and have a value; missing without a value.

    With n such subjects and `below` of them smaller, `above` of them greater:
    `percentile` = below / n (number), `ntile` k = floor(below · k / n) + 1 (int), `rank` = above + 1 (int).
    A subject outside `among` is missing.
    """

    function: str
    value: Expr
    among: Expr | None
    args: tuple[Const, ...]
    type: Type
    span: Span = _span()


@frozen(eq=False, repr=False)
class AsOf(HashedNode):
    """`value` at (the same subject, `instant`); where the instant is missing, missing (a predicate: false).

    The checker makes sure that `instant` is never after T (it is clipped to T at run time all the same), and that a
    `value` that asks for the population has an `instant` that is the same for all subjects.
    """

    value: Expr
    instant: Expr
    type: Type
    span: Span = _span()


@frozen(eq=False, repr=False)
class HeldSince(HashedNode):
    """Since when the predicate `value` holds without a break; missing where it does not hold at T.

    It is judged at the local midnights of the zone that are not after T. With m the last of them: the first midnight
    such that the predicate holds at it, at every midnight from there up to m, and at T; T itself where it holds at T
    and not at m. At a midnight before the subject exists nothing holds. `limit` (months and days) says how far back is
    looked from the day of m: what holds at every midnight up to there is said to hold since the first of those.
    """

    value: Expr
    limit: Duration
    type: Type = INSTANT
    span: Span = _span()


@frozen(eq=False, repr=False)
class Apply(HashedNode):
    """An operator on values; see the table in the module's docstring."""

    op: str
    args: tuple[Expr, ...]
    type: Type
    span: Span = _span()


@frozen(eq=False, repr=False)
class Elements(HashedNode):
    """One value from the records of a list that fit every `where`: `exists`, `none` (bool) or `count` (int).

    A missing list has no records, and a missing record in a list is none. Never missing. In `where` the fields of the
    record are `Item`; whatever asks for facts or for another instant in there reads no `Item`.
    """

    function: str
    items: Expr
    where: tuple[Expr, ...]
    type: Type
    span: Span = _span()


Expr = (
    Const | Now | Key | Local | Period | Attribute | Column | Item | Ref | State
    | Aggregate | SequenceOf | PopulationOf | Standing | AsOf | HeldSince | Apply | Elements
)  # fmt: skip


# --- the whole ----------------------------------------------------------------------------------------------------


@frozen(eq=False, repr=False)
class Definition(Node):
    """A named value for each subject.

    Attributes:
        symbol: unique name; for the file's own definitions the name in the text, for imported ones with a prefix
            `prefix.name`.
        form: `metric`, `segment` or `classify`.
        value: the expression; of a classification one `choose`, of a segment a predicate.
        arms: of a classification (label, predicate) in order, for reports and explanations; `None` is otherwise.
        type: BOOL for segments, `label` for classifications.
    """

    symbol: str
    form: str
    subject: str
    value: Expr
    type: Type
    title: str | None = None
    doc: str | None = None
    arms: tuple[tuple[str, Expr | None], ...] = ()
    titles: Mapping[str, str] = field(factory=dict, hash=False)
    """Titles of a classification's labels."""
    span: Span = _span()
