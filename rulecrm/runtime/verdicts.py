"""Verdicts: predicates of points, put together from comparisons with constants.

In: predicates, and the points they are asked of. Out: Boolean columns without missing values.
Invariant: a verdict is what `lower` would give for the same predicate; what is no `and`, `or`, `not` or comparison of a
number with a constant is left to it.

A thousand segments over a handful of metrics cost next to nothing if each comparison is cheap: it is done at once on
the column, without a plan of Polars' own, and predicates that several segments share are done once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl
from attrs import define, field

from rulecrm.model import ir
from rulecrm.planning import Parts, Predicate, Predicates, Threshold, parts_of
from rulecrm.runtime.bands import NOTHING
from rulecrm.runtime.lower import fold
from rulecrm.runtime.operands import Number, Operand, make_operand
from rulecrm.runtime.values import Fixed, Value

if TYPE_CHECKING:
    from rulecrm.runtime.points import Points  # noqa: TC004 - points have verdicts, and verdicts only name their points

__all__ = ["Verdicts"]

_MANY_WINDOWS = 4
"""Totals over windows of the same rows from which on they are judged in one sweep."""

Verdict = pl.Series | bool
"""A column, or one answer for all points."""


@define(eq=False)
class Verdicts:
    """Predicates of some points.

    Attributes:
        points: the points.
        predicates: those of the plan, taken apart.
    """

    points: Points
    predicates: Predicates
    _operands: dict[ir.Expr, Operand | None] = field(factory=dict)
    _constants: dict[ir.Expr, Number | None] = field(factory=dict)
    _shared: dict[Predicate, Verdict] = field(factory=dict)
    _single: bool = field(init=False)
    """Whether all points have the same instant."""

    @_single.default
    def _one_instant(self) -> bool:
        return isinstance(self.points.instant, int)

    def judges(self, expr: ir.Expr) -> bool:
        """Whether a predicate is looked into here."""
        if not isinstance(expr, ir.Apply):
            return False
        predicate = self.predicates.known(expr)
        if predicate.threshold is not None:
            return self._has_one_constant(predicate.threshold)
        return predicate.op != "other"

    def needs(self, exprs: Sequence[ir.Expr]) -> list[ir.Expr]:
        """What has to be computed before predicates can be judged: all that is no operator of ours."""
        if not exprs:
            return []
        parts = self._sweep(exprs, self.predicates.parts(tuple(exprs)))
        wanted = [operand for operand in parts.operands if operand not in self._operands]
        if self._single:
            wanted += [one for one in parts.constants if one not in self._constants and self._plain(one) is None]
        return [*wanted, *parts.others]

    def judge(self, exprs: Sequence[ir.Expr]) -> list[Value]:
        """The verdict on each; what they need has been computed."""
        found = [self._verdict(self.predicates.known(expr)) for expr in exprs]
        return [Fixed(one, pl.Boolean()) if isinstance(one, bool) else one for one in found]

    def _has_one_constant(self, threshold: Threshold) -> bool:
        """What is one number at one instant is a column where each point has its own."""
        return self._single or isinstance(threshold.constant, ir.Const)

    def _verdict(self, predicate: Predicate) -> Verdict:
        known = self._shared.get(predicate)
        if known is None:
            known = self._work_out(predicate)
            if predicate.uses > 1:
                self._shared[predicate] = known
        return known

    def _sweep(self, exprs: Sequence[ir.Expr], parts: Parts) -> Parts:
        """Judge totals over many windows that end at T in one go, where there are many over the same rows.

        Returns what is left to be done.
        """
        if not self.points.everyone:
            return parts
        groups: dict[ir.Aggregate, list[Predicate]] = {}
        for node in parts.thresholds:
            whole = self._total(node)
            if whole is not None:
                groups.setdefault(whole, []).append(node)
        swept: set[Predicate] = set()
        for whole, asked in groups.items():
            if len(asked) >= _MANY_WINDOWS:
                found = self.points.rows.bands(whole, [self._band(one) for one in asked])
                if found is not None:
                    self._shared.update(zip(asked, found, strict=True))
                    swept.update(asked)
        return parts_of(map(self.predicates.known, exprs), swept) if swept else parts

    def _total(self, predicate: Predicate) -> ir.Aggregate | None:
        """The total that is compared, if it can be swept and is not known already."""
        threshold = predicate.threshold
        if predicate.total is None or threshold is None or predicate in self._shared:
            return None
        constant = self._constant(threshold.constant)
        most = NOTHING if predicate.total.function == "sum" else 2**31
        if not isinstance(constant, int) or abs(constant) >= most or self.points.knows(threshold.operand):
            return None
        return predicate.total

    def _band(self, predicate: Predicate) -> tuple[ir.Bound, str, int]:
        threshold = predicate.threshold
        assert threshold is not None
        assert isinstance(threshold.operand, ir.Aggregate)
        lower, constant = threshold.operand.scan.lower, self._constant(threshold.constant)
        assert lower is not None
        assert isinstance(constant, int)
        return lower, threshold.op, constant

    def _work_out(self, predicate: Predicate) -> Verdict:
        match predicate.op:
            case "and":
                return self._together(predicate.parts, decides=False)
            case "or":
                return self._together(predicate.parts, decides=True)
            case "not":
                inner = self._verdict(predicate.parts[0])
                return not inner if isinstance(inner, bool) else ~inner
            case "threshold":
                assert predicate.threshold is not None
                compared = self._compared(predicate.threshold)
                if compared is not None:
                    return compared
                value = self.points.lowered(predicate.expr)
            case _:
                value = self.points.value(predicate.expr)
        if isinstance(value, Fixed):
            return bool(value.value)
        return value.fill_null(False) if value.null_count() else value

    def _together(self, parts: Sequence[Predicate], *, decides: bool) -> Verdict:
        column: pl.Series | None = None
        for part in parts:
            verdict = self._verdict(part)
            if isinstance(verdict, bool):
                if verdict is decides:
                    return decides
            elif column is None:
                column = verdict
            else:
                column = column | verdict if decides else column & verdict
        return column if column is not None else not decides

    def _compared(self, threshold: Threshold) -> Verdict | None:
        """The verdict; None where it has to be found in another way."""
        if not self._has_one_constant(threshold):
            return None
        operand = self._operands.get(threshold.operand)
        if operand is None:
            if threshold.operand not in self._operands:
                operand = self._operands[threshold.operand] = self._operand(threshold.operand)
            if operand is None:
                return None
        constant = self._constant(threshold.constant)
        return False if constant is None else operand.compare(threshold.op, constant)

    def _operand(self, expr: ir.Expr) -> Operand | None:
        value = self.points.value(expr)
        if isinstance(value, Fixed):
            return None
        pairs = [
            (one.op, self._constant(one.constant))
            for one in self.predicates.thresholds(expr)
            if self._has_one_constant(one)
        ]  # fmt: skip
        return make_operand(value, [(op, constant) for op, constant in pairs if constant is not None])

    def _constant(self, expr: ir.Expr) -> Number | None:
        known = self._constants.get(expr)
        if known is not None:
            return known
        value = self._plain(expr)
        if value is None:
            fixed = self.points.value(expr)
            assert isinstance(fixed, Fixed)
            assert fixed.value is None or isinstance(fixed.value, int | float)
            value = self._constants[expr] = fixed.value
        return value

    def _plain(self, expr: ir.Expr) -> Number | None:
        """A constant that needs nothing to be computed."""
        if isinstance(expr, ir.Const):
            value = self.points.run.constant(expr)
        else:
            instant = self.points.instant
            value = fold(expr, instant, self.points.run.zone) if isinstance(instant, int) else None
        if value is not None:
            assert isinstance(value, int | float)
            self._constants[expr] = value
        return value
