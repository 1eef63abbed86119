"""Which factor moved a kpi: against the period before, the same period last year, or figures of the industry.

In: a shop, a kpi. Out: `KpiTree`, the tree with what each factor contributes, and the figure `kpi_parts`.
Invariant: contributions add up exactly: as fractions in the tree, and as Float64 in the frame, in any order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Literal

import polars as pl
from attrs import frozen

from rulecrm.api.kpis import as_float
from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import known
from rulecrm.insight.figure import Figure, Origin, Remark, Words
from rulecrm.insight.kpis.asked import (
    chosen,
    empty_periods,
    measures_of,
    missing_remarks,
    text_of,
)
from rulecrm.insight.kpis.tree import Factor, Node, Sides, factors_of, grow
from rulecrm.insight.kpis.words import (
    compared_so_far,
    empty,
    no_kpi_made,
    not_made,
    otherwise,
    parts_definition,
    stuck,
    unused_figure,
    without_figure,
)
from rulecrm.insight.shop import Shop
from rulecrm.model.instants import Instant, instant_of, to_microseconds
from rulecrm.model.kpi import Kpi
from rulecrm.runtime.formula import Exact, Reading, evaluate
from rulecrm.runtime.kpis import Measures, is_over
from rulecrm.runtime.periods import CalendarPeriod, period_at

__all__ = ["Against", "KpiTree", "kpi_parts", "kpi_tree"]

Against = Literal["previous", "year"] | Mapping[str, float | int | str | Decimal]
"""`previous`: the period before; `year`: the same period a year earlier; else figures by kpi."""

_SCHEMA = {
    "kpi": pl.String, "factor": pl.String, "title": pl.String, "level": pl.Int64, "start": pl.Date, "end": pl.Date,
    "type": pl.String, "before": pl.Float64, "now": pl.Float64, "change": pl.Float64, "contribution": pl.Float64,
    "share": pl.Float64, "total": pl.Float64,
}  # fmt: skip

_BITS = 49
"""Of the 53 bits of a Float64, those that a contribution keeps: the sum of up to sixteen of them is exact."""


@frozen(eq=False)
class KpiTree:
    """A kpi in a period and its factors, compared.

    Attributes:
        kpi: which.
        period: when.
        against: the other period; None where it is compared with figures that were given.
        root: the kpi; below it its factors, theirs, and so on.
        remarks: what could not be concluded.
    """

    kpi: Kpi
    period: CalendarPeriod
    against: CalendarPeriod | None
    root: Node
    remarks: tuple[Remark, ...]

    def as_data(self) -> dict[str, object]:
        """The tree for a picture or for JSON.

        Returns:
            `name`, `title`, `type`, `before`, `now`, `change`, `contribution`, `share`, `total` and `children`; money
            in units of the reporting currency, durations in seconds.
        """
        return _data(self.root, self.root)


def kpi_tree(
    shop: Shop, kpi: str, *, period: Instant | None = None, every: str | None = None, against: Against = "previous"
) -> KpiTree:
    """A kpi taken apart into its factors, and these into theirs.

    Args:
        shop: the shop as of T.
        kpi: its name.
        period: an instant in the period to look at; the last period that is over at T where it is left out.
        every: `day`, `week`, `month`, `quarter` or `year`; the kpi's own unit where it is left out.
        against: `previous` (the period before), `year` (the same period a year earlier; of days and weeks 52 weeks
            earlier), or figures of the industry by kpi, money in units of the reporting currency.

    Raises:
        RulesError: R120 a name that is no kpi, R855 a unit that is none, R856 figures that are none or of none of its
            factors, facts that cannot be read.
    """
    (one,) = chosen(shop, [kpi])
    return _tree(shop, measures_of(shop), one, _period(shop, one, period, every), against)


def kpi_parts(
    shop: Shop,
    kpi: str | Sequence[str] | None = None,
    *,
    period: Instant | None = None,
    every: str | None = None,
    against: Against = "previous",
) -> Figure:
    """Which factor moved a kpi, and by how much.

    Args:
        shop: the shop as of T.
        kpi: its name, or several; every kpi of the file that is made of others, and that none is made of, where it is
            left out.
        period: an instant in the period to look at; the last period that is over at T where it is left out.
        every: `day`, `week`, `month`, `quarter` or `year`; the kpi's own unit where it is left out.
        against: as in `kpi_tree`.

    Returns:
        The figure `kpi_parts`, a row for each kpi and below it one for each factor: `kpi` (of a factor the kpi that it
        is a factor of), `factor`, `title` String; `level` Int64 (0 the kpi itself); `start`, `end` Date of the period
        (the end not included); `type` String; `before`, `now`, `change`, `contribution` (to the change of `kpi`, in its
        unit), `share` (of that change), `total` (contribution to the change of the kpi at level 0) Float64; money in
        units of the reporting currency, durations in seconds. Contributions to a kpi add up to its `change` exactly.

    Raises:
        RulesError: as in `kpi_tree`.
    """
    kpis = chosen(shop, [kpi] if isinstance(kpi, str) else kpi) if kpi is not None else _roots(shop)
    measures = measures_of(shop)
    trees = [_tree(shop, measures, one, _period(shop, one, period, every), against) for one in kpis]
    remarks = [remark for tree in trees for remark in tree.remarks]
    if not trees:
        remarks.append(no_kpi_made(shop))
    rows = [row for tree in trees for row in _rows(tree)]
    origins = (Origin(one.symbol, one.span) for one in kpis)
    return Figure(
        "kpi_parts",
        Words("What moved the kpis", "指标变化的来源"),
        parts_definition(
            [(tree.period, tree.against) for tree in trees], None if isinstance(against, str) else against
        ),
        pl.DataFrame(rows, schema=_SCHEMA, orient="row"),
        _COLUMNS,
        tuple(remarks),
        tuple(origins),
        shop.currency,
    )


def _roots(shop: Shop) -> tuple[Kpi, ...]:
    inside = {part for one in shop.rules.program.kpis for part in one.parts}
    return tuple(one for one in chosen(shop, None) if factors_of(one) and one.symbol not in inside)


def _period(shop: Shop, kpi: Kpi, instant: Instant | None, every: str | None) -> CalendarPeriod:
    unit = kpi.every if every is None else known(every, ("day", "week", "month", "quarter", "year"), "calendar unit")
    now = to_microseconds(shop.as_of)
    if instant is not None:
        return period_at(unit, min(now, to_microseconds(instant_of(instant, shop.zone))), shop.zone)
    running = period_at(unit, now, shop.zone)
    return running if is_over(running, now) else running.moved(-1)


# --- the tree -----------------------------------------------------------------------------------------------------


def _tree(shop: Shop, measures: Measures, kpi: Kpi, period: CalendarPeriod, against: Against) -> KpiTree:
    kpis = {one.symbol: one for one in shop.rules.program.kpis}
    remarks: list[Remark] = []
    about = {"kpi": kpi.symbol}
    if isinstance(against, str):
        other = (
            period.moved(-1)
            if known(against, ("previous", "year"), "comparison") == "previous"
            else period.year_before()
        )
        needed = [period, other]
    else:
        other, needed = None, [period]
    measures.prepare([kpi.symbol], needed)
    now = _measured(measures, period)
    if other is not None:
        sides = Sides(_measured(measures, other), now)
    else:
        assert not isinstance(against, str)
        sides = _industry(kpi, kpis, now, _figures(against, kpis), remarks)
    root = grow(kpi, kpis, sides, lambda expr: text_of(shop, expr))
    lacking = [one for one in needed if measures.value(kpi.symbol, one) is None]
    remarks += missing_remarks(shop, measures, kpi, lacking)
    without = empty_periods(shop, kpi, sorted(needed, key=lambda one: one.first))
    if without:
        remarks.append(empty(kpi, without))
    if not is_over(period, measures.now):
        remarks.append(compared_so_far(kpi, period))
    if not factors_of(kpi):
        remarks.append(not_made(kpi))
    remarks += [stuck(node, about) for _, node in root.walk() if node.stuck]
    return KpiTree(kpi, period, other, root, tuple(remarks))


def _measured(measures: Measures, period: CalendarPeriod) -> Callable[[Factor], Exact]:
    """Values of factors in a period."""
    reading = measures.reading(period)

    def value(factor: Factor) -> Exact:
        return reading.leaf(factor.expr) if factor.symbol is None else measures.value(factor.symbol, period)

    return value


def _figures(given: Mapping[str, float | int | str | Decimal], kpis: Mapping[str, Kpi]) -> dict[str, Fraction]:
    """Figures by kpi, exactly.

    Raises:
        RulesError: R120 a name that is no kpi, R856 a figure that is no number.
    """
    found = {}
    for name, figure in given.items():
        try:
            found[known(name, kpis, "kpi")] = Fraction(Decimal(str(figure).rstrip("%"))) / (
                100 if str(figure).endswith("%") else 1
            )
        except (InvalidOperation, ValueError, OverflowError):
            message = f"the figure of `{name}`, `{figure}`, is no number"
            raise RulesError([Diagnostic("R856", message, help="write 12.5, or 12.5%")]) from None
        if kpis[name].type.name == "duration":
            found[name] *= 1_000_000
    return found


def _industry(
    kpi: Kpi,
    kpis: Mapping[str, Kpi],
    now: Callable[[Factor], Exact],
    given: Mapping[str, Fraction],
    remarks: list[Remark],
) -> Sides:
    """The industry as the other side: a kpi is what its factors make it, where figures of all of them are known."""
    inside = set(_inside(kpi, kpis))
    made: dict[str, Exact] = {}
    opened: set[str] = set()
    sure: set[str] = set()
    used: set[str] = set()
    for one in (one for symbol, one in kpis.items() if symbol in inside):  # each after its parts
        symbols = [factor.symbol for factor in factors_of(one)]
        if symbols and (one is kpi or all(symbol in sure for symbol in symbols)):
            opened.add(one.symbol)
            sure.add(one.symbol)
            used |= sure.intersection(one.parts)
            made[one.symbol] = evaluate(one.value, _reading(now, made))
            if one.symbol in given and made[one.symbol] != given[one.symbol]:
                remarks.append(otherwise(kpi, one))
        elif one.symbol in given:
            sure.add(one.symbol)
            made[one.symbol] = given[one.symbol]
        else:
            made[one.symbol] = now(Factor(one.value, one.symbol, one.type))
    if not used:
        advice = f"of {', '.join(f'`{part}`' for part in kpi.parts)}" if kpi.parts else None
        message = f"no figure is given for what `{kpi.symbol}` is made of"
        raise RulesError([Diagnostic("R856", message, help=advice)])
    parts = dict.fromkeys(part for one in kpis.values() if one.symbol in opened for part in one.parts)
    remarks += [without_figure(kpi, kpis[symbol]) for symbol in parts if symbol not in sure]
    remarks += [unused_figure(kpi, kpis[symbol]) for symbol in given if symbol not in used and symbol != kpi.symbol]
    return Sides(lambda factor: now(factor) if factor.symbol is None else made[factor.symbol], now, opened.__contains__)


def _reading(now: Callable[[Factor], Exact], made: Mapping[str, Exact]) -> Reading:
    return Reading(lambda leaf: now(Factor(leaf, None, leaf.type)), made.__getitem__, {})


def _inside(kpi: Kpi, kpis: Mapping[str, Kpi]) -> list[str]:
    """The kpi and all that it is made of."""
    found: dict[str, None] = {}
    stack = [kpi.symbol]
    while stack:
        symbol = stack.pop()
        if symbol not in found:
            found[symbol] = None
            stack.extend(kpis[symbol].parts)
    return list(found)


# --- the frame ----------------------------------------------------------------------------------------------------


def _rows(tree: KpiTree) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []

    def told(node: Node, above: Node, level: int, contribution: float | None, share: float | None) -> None:
        contributions = _in_floats(node)
        change = contributions[0] if contributions else _plain(node.change, node)
        if level == 0:
            contribution, share = change, None if not node.change else 1.0
        found.append((
            above.name, node.name, node.title, level, tree.period.first, tree.period.after, node.type.name,
            _plain(node.before, node), _plain(node.now, node), change, contribution, share,
            _plain(node.total, tree.root),
        ))  # fmt: skip
        for child, part in zip(node.children, contributions[1:], strict=False):
            told(child, node, level + 1, part, _share(child, node))

    told(tree.root, tree.root, 0, None, None)
    return found


def _in_floats(node: Node) -> list[float]:
    """The change of a node and what each of its factors contributes, rounded so that they add up in Float64.

    All are multiples of one power of two, small enough that their sums need no rounding; what rounding leaves over goes
    to those that lost most by it.
    """
    parts = [child.contribution for child in node.children]
    if not parts or node.change is None or any(part is None for part in parts):
        return []
    unit = 1_000_000 if node.type.name == "duration" else 1
    exact = [Fraction(part or 0) / unit for part in parts]
    change = node.change / unit
    largest = max(abs(one) for one in (change, *exact))
    if not largest:
        return [0.0] * (1 + len(exact))
    step = Fraction(2) ** (_exponent(largest) - _BITS)
    whole = [math.floor(one / step) for one in exact]
    rest = round(change / step) - sum(whole)
    lost = sorted(range(len(exact)), key=lambda index: whole[index] - exact[index] / step)
    for index in (lost * 2)[: max(rest, 0)]:
        whole[index] += 1
    return [float(round(change / step) * step), *(float(one * step) for one in whole)]


def _exponent(value: Fraction) -> int:
    """The power of two that is just above a positive number, or just as large."""
    return value.numerator.bit_length() - value.denominator.bit_length() + 1


def _share(child: Node, node: Node) -> float | None:
    if child.contribution is None or not node.change:
        return None
    return float(child.contribution / node.change)


def _plain(value: Fraction | None, node: Node) -> float | None:
    """A value as it is shown, money not rounded to its decimals."""
    if value is None:
        return None
    return float(value / 1_000_000) if node.type.name == "duration" else float(value)


def _data(node: Node, root: Node) -> dict[str, object]:
    return {
        "name": node.name,
        "title": node.title,
        "type": node.type.name,
        "before": as_float(node.before, node.type),
        "now": as_float(node.now, node.type),
        "change": _plain(node.change, node),
        "contribution": _plain(node.contribution, node),
        "total": _plain(node.total, root),
        "children": [
            {**_data(child, root), "contribution": _plain(child.contribution, node), "share": _share(child, node)}
            for child in node.children
        ],
    }


_COLUMNS = {
    "kpi": Words("Kpi", "指标"),
    "factor": Words("Factor", "因素"),
    "title": Words("Title", "名称"),
    "level": Words("Level", "层级"),
    "start": Words("From", "起"),
    "end": Words("Up to", "止（不含）"),
    "type": Words("Type", "类型"),
    "before": Words("Before", "之前"),
    "now": Words("Now", "现在"),
    "change": Words("Change", "变化"),
    "contribution": Words("Contribution", "贡献"),
    "share": Words("Share of the change", "占变化的比例"),
    "total": Words("Contribution to the whole", "对总体的贡献"),
}
