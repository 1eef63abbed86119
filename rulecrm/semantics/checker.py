"""What every part of the checker shares while it turns syntax into the typed model.

In: a loaded program, the functions it may call, and the lowering of expressions (handed in, so that its parts need not
import one another). Out: `Checker`, with `value` and `predicate` for any expression, and `Context`, where it stands.
Invariant: a mistake is reported once and its value has the type UNKNOWN, which agrees with everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from attrs import define, evolve, field, frozen

from rulecrm.diagnostics.span import Span
from rulecrm.model.durations import Duration
from rulecrm.model.ir import AsOf, Const, Expr
from rulecrm.model.schema import Kind, Schema
from rulecrm.model.types import BOOL, DURATION, INT, UNKNOWN, Type
from rulecrm.semantics.build import apply, predicate_of, unknown
from rulecrm.semantics.functions import Function
from rulecrm.semantics.missing import may_miss
from rulecrm.semantics.report import Report
from rulecrm.semantics.scope import Entry, Module
from rulecrm.syntax.ast import Expression

if TYPE_CHECKING:
    from rulecrm.plugin import Provided  # noqa: TC004 - a field type, which attrs leaves as the text it is

__all__ = ["Checker", "Context", "article"]


_NOTHING: Mapping[str, Type] = MappingProxyType({})


@frozen(eq=False)
class Context:
    """Where an expression stands.

    Attributes:
        module: the file whose names it sees.
        subject: of what it speaks.
        row: the kind of the row it speaks of, or None at a point.
        alias: the name under which the row was asked for: its kind, or a collection.
        in_kpi: whether `in period` means something.
        local: names that mean something here alone, such as `entry` in a campaign, and their types.
        constant: whether only constants and params are allowed, and what is being given a value.
        record: the type of the record of a list that it speaks of, if it does.
        records: the name under which the list was asked for.
    """

    module: Module
    subject: str = "customer"
    row: Kind | None = None
    alias: str = ""
    in_kpi: bool = False
    local: Mapping[str, Type] = _NOTHING
    constant: str | None = None
    record: Type | None = None
    records: str = ""

    @property
    def is_point(self) -> bool:
        """Whether it speaks of neither a row nor a record."""
        return self.row is None and self.record is None

    def at_point(self) -> Context:
        """The same place without its row and its record."""
        if self.is_point:
            return self
        return Context(self.module, self.subject, None, "", self.in_kpi, self.local, self.constant)

    def at_row(self, kind: Kind, alias: str) -> Context:
        """The same place, seen from a row of `kind`."""
        return Context(self.module, self.subject, kind, alias, self.in_kpi, self.local, self.constant)

    def at_record(self, record: Type, records: str) -> Context:
        """The same place, its row included, seen from a record of a list."""
        return evolve(self, record=record, records=records)


@define(eq=False)
class Checker:
    """The state of one run.

    Attributes:
        report: takes the findings.
        schema: the canonical schema and what the files declare.
        zone: of calendar words.
        currency: the reporting currency, an ISO 4217 code.
        functions: by name.
        lower: turns one expression into typed nodes.
        settle: makes sure that a metric, collection or param has been checked, so that its type is known.
        provided: those of plugins, by name.
        called: those of plugins that have been called.
        refused: names of plugins whose functions are missed.
        by_symbol: entries of definitions by symbol.
        earlier: every `as of`, for the checks that need all definitions.
        referred: symbols that the definition being checked refers to, in order, each once.
        unsettled: references whose type was not known in time, by symbol, with their place.
    """

    report: Report
    schema: Schema
    zone: ZoneInfo
    currency: str
    functions: Mapping[str, Function]
    lower: Callable[[Checker, Expression, Context], Expr]
    settle: Callable[[Checker, Entry], None]
    provided: Mapping[str, Provided] = field(factory=dict)
    called: dict[str, Provided] = field(factory=dict)
    refused: tuple[str, ...] = ()
    by_symbol: dict[str, Entry] = field(factory=dict)
    earlier: list[AsOf] = field(factory=list)
    referred: dict[str, None] = field(factory=dict)
    unsettled: dict[str, Span] = field(factory=dict)
    filters: dict[tuple[int, str], tuple[Kind, tuple[Expr, ...]] | None] = field(factory=dict)
    """What collections stand for, by (identity of the entry, subject)."""

    def value(self, node: Expression, context: Context) -> Expr:
        """The typed model of an expression."""
        return self.lower(self, node, context)

    def predicate(self, node: Expression, context: Context, *, of: str = "this") -> Expr:
        """The typed model of a predicate, never missing; `of` names what wants it, for the message."""
        return self.as_predicate(self.value(node, context), node.span, of=of)

    def as_predicate(self, value: Expr, span: Span, *, of: str = "this") -> Expr:
        """A value of type bool as a predicate: where it may be missing, missing counts as false."""
        if value.type == UNKNOWN:
            return predicate_of(False, span)
        if value.type != BOOL:
            self.report.error(
                "R202",
                f"{of} wants yes or no, and this is {article(value.type)}",
                span,
                advice=_make_predicate(value.type),
            )
            return predicate_of(False, span)
        return apply("true", value, span=span) if self.may_miss(value) else value

    def may_miss(self, value: Expr) -> bool:
        """Whether a value may be missing."""
        return may_miss(value, self.by_symbol)

    def constant(self, node: Expression, context: Context, wanted: Type, *, of: str) -> Const | None:
        """A constant of one type, or None after a report; `of` names what wants it."""
        value = self.value(node, context.at_point())
        if value.type == UNKNOWN:
            return None
        if not isinstance(value, Const):
            self.report.error("R210", f"{of} wants a constant or a param", node.span)
            return None
        if value.type != wanted:
            message = f"{of} wants {article(wanted)}, and this is {article(value.type)}"
            advice = f"write the unit: `{value.value}d`" if (wanted, value.type) == (DURATION, INT) else None
            self.report.error("R204", message, node.span, advice=advice)
            return None
        return value

    def duration(self, node: Expression, context: Context, *, of: str) -> Duration | None:
        """A constant duration longer than nothing, or None after a report."""
        value = self.constant(node, context, DURATION, of=of)
        if value is None or not isinstance(value.value, Duration):
            return None
        length = value.value
        if min(length.months, length.days, length.micros) < 0 or length == Duration():
            self.report.error("R208", f"{of} wants a duration longer than nothing", node.span)
            return None
        return length

    def wrong(self, code: str, message: str, span: Span, *, advice: str | None = None) -> Const:
        """Report, and go on with an unknown value."""
        self.report.error(code, message, span, advice=advice)
        return unknown(span)


def article(of: Type) -> str:
    """A type as a message names it: "a number", "an instant", "money"."""
    if of.name == "label":
        return f"a label ({', '.join(of.names)})" if len(of.names) <= 6 else "a label"
    if of.name in ("text", "money"):
        return of.name
    if of.name == "int":
        return "a whole number"
    if of.name == "bool":
        return "yes or no"
    return f"{'an' if str(of)[0] in 'aeiou' else 'a'} {of}"


def _make_predicate(of: Type) -> str | None:
    if of.name in ("int", "number", "money", "duration", "age"):
        return "compare it: `… >= …`"
    return "compare it with `is`" if of.name == "label" else "ask `is not missing`, or compare it"
