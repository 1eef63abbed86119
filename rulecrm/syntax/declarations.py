"""The abstract syntax of a whole file: declarations that name things.

In: what `syntax.build` makes of a parsed text. Out: a `Rules` node holding declarations in source order.
Invariant: as in `syntax.ast`; every declaration has the span of the whole declaration, and its name its own span.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from attrs import field, frozen

from rulecrm.diagnostics.span import NOWHERE, Span
from rulecrm.model.node import Node
from rulecrm.syntax.ast import Date, DateTime, Expression, Identifier, Text

if TYPE_CHECKING:
    from rulecrm.syntax import journeys

__all__ = [
    "Arm", "Attribute", "Classify", "Collection", "CurrencyIs", "CustomerFacts", "Declaration", "Expectation",
    "FactRow",
    "FieldType", "Import", "Kind", "KindField", "Kpi", "Metric", "Override", "Param", "Rules", "Segment", "Test",
    "TimezoneIs",
]  # fmt: skip


def _span() -> Span:
    return field(default=NOWHERE, eq=False, repr=False, kw_only=True)


@frozen(eq=False, repr=False)
class Override(Node):
    """`name: value` in an import's braces, in a fact row, in a send's `with`."""

    name: Identifier
    value: Expression
    span: Span = _span()


@frozen(eq=False, repr=False)
class Import(Node):
    """`import "path" [as prefix] [with { param: value, … }]`."""

    path: Text
    prefix: Identifier | None = None
    overrides: tuple[Override, ...] = ()
    doc: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class TimezoneIs(Node):
    """`timezone "Asia/Shanghai"`."""

    zone: Text
    doc: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class CurrencyIs(Node):
    """`currency CNY`."""

    code: Identifier
    doc: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class FieldType(Node):
    """A written type.

    One of `text`, `int`, `number`, `money`, `bool`, `date`, `instant`, `duration`, `time`, `list of T` and
    `record { name: T, … }`. `name` is that word (`list` and `record` included); `item` is the T of a list; `fields`
    are those of a record.
    """

    name: str
    item: FieldType | None = None
    fields: tuple[KindField, ...] = ()
    span: Span = _span()


@frozen(eq=False, repr=False)
class KindField(Node):
    """`name: type` in a kind or a record."""

    name: Identifier
    type: FieldType
    span: Span = _span()


@frozen(eq=False, repr=False)
class Kind(Node):
    """`kind live_watch { room: text, minutes: int }`."""

    name: Identifier
    fields: tuple[KindField, ...]
    title: str | None = None
    doc: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Attribute(Node):
    """`attribute shoe_size: int [of SUBJECT]`: a column of the subject's own frame beyond the canonical ones."""

    name: Identifier
    type: FieldType
    subject: Identifier | None = None
    title: str | None = None
    doc: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Param(Node):
    """`param active_within: duration = 30d`; without `= value` it must be set from outside."""

    name: Identifier
    type: FieldType
    default: Expression | None = None
    title: str | None = None
    doc: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Collection(Node):
    """`collection dress = purchase where P`."""

    name: Identifier
    kind: Identifier
    where: Expression | None = None
    title: str | None = None
    doc: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Metric(Node):
    """`metric name [title] [of SUBJECT] = expression`; the subject is the customer where none is named."""

    name: Identifier
    value: Expression
    subject: Identifier | None = None
    title: str | None = None
    doc: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Segment(Node):
    """`segment name [title] [of SUBJECT] = predicate`."""

    name: Identifier
    predicate: Expression
    subject: Identifier | None = None
    title: str | None = None
    doc: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Arm(Node):
    """`label [title] when predicate`, or `label [title] otherwise` (then `when` is None)."""

    label: Identifier
    when: Expression | None
    title: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Classify(Node):
    """`classify name [title] [of SUBJECT] { arm … }`; the first arm that fits gives the label."""

    name: Identifier
    arms: tuple[Arm, ...]
    subject: Identifier | None = None
    title: str | None = None
    doc: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Kpi(Node):
    """`kpi name [title] = expression [every PERIOD] [alert when predicate]`.

    `every` is day, week, month, quarter or year.
    """

    name: Identifier
    value: Expression
    every: Identifier | None = None
    alert: Expression | None = None
    title: str | None = None
    doc: str | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class FactRow(Node):
    """`KIND at DATE { field: value, … }` in a test: one row of a kind."""

    kind: Identifier
    at: Date | DateTime
    values: tuple[Override, ...] = ()
    span: Span = _span()


@frozen(eq=False, repr=False)
class CustomerFacts(Node):
    """`customer "c1" { attribute: value …  KIND at DATE { … } … }` in a test.

    `subject` is the word before the key (`customer`, `product`, …); `values` are its own attributes.
    """

    subject: Identifier
    key: Text
    values: tuple[Override, ...]
    rows: tuple[FactRow, ...]
    span: Span = _span()


@frozen(eq=False, repr=False)
class Expectation(Node):
    """`at DATE expect [of "c1"] predicate`; `of` names the subject where a test has several."""

    at: Date | DateTime
    predicate: Expression
    of: Text | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class Test(Node):
    """`test "name" { customer "c1" { … }  at DATE expect predicate … }`."""

    __test__ = False  # pytest would take the name for a test class

    name: Text
    subjects: tuple[CustomerFacts, ...]
    expectations: tuple[Expectation, ...]
    doc: str | None = None
    span: Span = _span()


Declaration: TypeAlias = (
    "Import | TimezoneIs | CurrencyIs | Kind | Attribute | Param | Collection | Metric | Segment | Classify | Kpi"
    " | Test | journeys.Lifecycle | journeys.Template | journeys.Campaign | journeys.Policy"
)
"""Any declaration; a text, so that the nodes of journeys are not imported to say it."""


@frozen(eq=False, repr=False)
class Rules(Node):
    """One file: its docstring (the string before the first declaration and a blank line) and its declarations."""

    declarations: tuple[Declaration, ...]
    doc: str | None = None
    comments: tuple[tuple[int, str], ...] = field(default=(), eq=False, repr=False)
    """Comments as (offset, text with its `#`), kept for the formatter."""
    trailing: tuple[int, ...] = field(default=(), eq=False, repr=False)
    """Offsets of those comments that stand behind something in their line."""
    apart: tuple[int, ...] = field(default=(), eq=False, repr=False)
    """Offsets of those comments that a blank line follows."""
    span: Span = _span()
