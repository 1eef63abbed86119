"""Weekly targets against what came of them, and how far the running week is on its way.

In: a shop, targets by week and measure. Out: a `Figure` with a row for each target.
Invariant: what a week has so far is never compared with the target as if the week were over: how much of it has passed
stands beside it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction

import polars as pl

from rulecrm.diagnostics.suggest import near_or_all
from rulecrm.insight.asking import known
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.repurchase.given import Amount, amount_of, day_of, halves_up, unusable
from rulecrm.insight.repurchase.spoken import COLUMNS, counted, instant_said, without_amounts
from rulecrm.insight.shop import Shop
from rulecrm.model.instants import to_microseconds
from rulecrm.model.types import MONEY_SCALE
from rulecrm.runtime import calendar

__all__ = ["Targets", "weekly_targets"]

Targets = pl.DataFrame | Mapping[str, Amount | Mapping[str | dt.date, Amount]]
"""A frame with `week` (a Monday) and a column for each measure; or measure → target of the running week; or measure →
week → target."""

_MEASURES = {
    "orders": Words("Orders", "订单数"),
    "revenue": Words("Revenue", "销售额"),
    "new_customers": Words("New customers", "新客数"),
    "repurchases": Words("Repurchases", "复购单数"),
}
_WEEK = dt.timedelta(days=7)
_BEFORE = 8
"""So many whole weeks before the running one say how much of a week has usually come by now."""
_UNIT = 10**MONEY_SCALE
_SCHEMA = {
    "week": pl.Date, "measure": pl.String, "target": pl.Int64, "actual": pl.Int64, "share": pl.Float64,
    "passed": pl.Float64, "usual": pl.Float64, "projected": pl.Int64, "reached": pl.Boolean,
}  # fmt: skip

Asked = list[tuple[dt.date, str, int]]
"""Week, measure, target in 1/10,000."""


def weekly_targets(shop: Shop, targets: Targets) -> Figure:
    """Targets of weeks against what was reached.

    Measures are `orders` (purchases), `revenue`, `new_customers` (first purchases) and `repurchases` (purchases of
    customers who had bought before).

    Args:
        shop: a shop as of T.
        targets: a frame with `week` (Date, a Monday) and a column for each measure, a missing target being none; or a
            mapping: `{"revenue": 20_000}` for the running week, `{"orders": {"2025-11-10": 300}}` for several.

    Returns:
        `week` Date, `measure` String, `target` Decimal, `actual` Decimal up to T (missing: the week has not begun),
        `share` Float64 of the target (missing: the target is 0), `passed` Float64 of the week at T, `usual` Float64 (of
        the running week: what share of a week had come by this point in the eight weeks before), `projected` Decimal
        (actual by usual; of a week that is over, the actual), `reached` Boolean (missing while the week runs and has
        not reached it). By week, then measure.

    Raises:
        RulesError: R120 a measure that is none; R827 targets that cannot be read, a week that is no Monday.
    """
    asked = _asked(shop, targets)
    micros = to_microseconds(shop.as_of)
    running = shop.today
    running -= dt.timedelta(days=running.weekday())
    priced = shop.purchases().get_column("amount").count() > 0 or not shop.purchases().height
    sums = _by_week(shop)
    usual = _usual(shop, running, micros)
    rows = []
    for week, measure, target in sorted(asked, key=lambda one: (one[0], list(_MEASURES).index(one[1]))):
        passed = _passed(week, micros, shop.zone)
        actual = None if week > running or (measure == "revenue" and not priced) else sums.get(week, {}).get(measure, 0)
        rows.append((week, measure, target, *_compared(actual, target, passed, usual[measure], now=week == running)))
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row").with_columns(
        Shop.paid(pl.col(one)).alias(one) for one in ("target", "actual", "projected")
    )
    return Figure(
        "weekly_targets",
        Words("Weekly targets", "周目标达成"),
        _definition(shop),
        frame,
        {
            "week": COLUMNS["week"],
            "measure": COLUMNS["measure"],
            "target": Words("Target", "目标"),
            "actual": Words("Reached", "实际"),
            "share": Words("Share of the target", "达成率"),
            "passed": Words("Share of the week passed", "时间进度"),
            "usual": Words("Usually there by now", "往常进度"),
            "projected": Words("On course for", "预计"),
            "reached": Words("Target reached", "是否达成"),
        },
        _remarks(shop, frame, running),
        currency=shop.currency,
    )


# --- what is asked ------------------------------------------------------------------------------------------------


def _asked(shop: Shop, targets: Targets) -> Asked:
    if isinstance(targets, pl.DataFrame):
        found = _of_frame(targets)
    else:
        running = shop.today
        running -= dt.timedelta(days=running.weekday())
        found = []
        for measure, given in targets.items():
            known(measure, _MEASURES, "measure of a weekly target")
            weeks = given if isinstance(given, Mapping) else {running: given}
            found += [(_monday(week), measure, amount_of(one, f"the target of {week}")) for week, one in weeks.items()]
    places = [(week, measure) for week, measure, _ in found]
    for week, measure in places:
        if places.count((week, measure)) > 1:
            raise unusable(f"the week of {week} has two targets for `{measure}`")
    return found


def _of_frame(targets: pl.DataFrame) -> Asked:
    if "week" not in targets.columns:
        raise unusable("targets lack the column `week`", near_or_all("week", targets.columns or ["week"]))
    measures = [known(one, _MEASURES, "measure of a weekly target") for one in targets.columns if one != "week"]
    return [
        (_monday(row["week"]), measure, amount_of(row[measure], f"the target of {row['week']}"))
        for row in targets.iter_rows(named=True)
        for measure in measures
        if row[measure] is not None
    ]


def _monday(week: object) -> dt.date:
    day = day_of(week, "a week")
    if day.weekday():
        raise unusable(
            f"{day} is no Monday", f"the week that holds it begins on {day - dt.timedelta(days=day.weekday())}"
        )
    return day


# --- what came of it ----------------------------------------------------------------------------------------------


def _sums() -> list[pl.Expr]:
    """Each measure in 1/10,000."""
    first = pl.col("number") == 1
    counts = {"orders": pl.len(), "new_customers": first.sum(), "repurchases": (~first).sum()}
    return [
        *((one.cast(pl.Int64) * _UNIT).alias(name) for name, one in counts.items()),
        pl.col("amount").sum().alias("revenue"),
    ]  # fmt: skip


def _by_week(shop: Shop) -> dict[dt.date, dict[str, int]]:
    found = shop.purchases().lazy().group_by(pl.col("day").dt.truncate("1w").alias("week")).agg(_sums())
    return {row["week"]: row for row in found.collect(engine="in-memory").iter_rows(named=True)}


def _usual(shop: Shop, running: dt.date, now: int) -> dict[str, Fraction | None]:
    """By measure, the share of the eight weeks before that had come by this point of each; None where nothing came."""
    clock = now - calendar.start_of_day_scalar(running, shop.zone)
    weeks = [running - turn * _WEEK for turn in range(1, _BEFORE + 1)]
    at = pl.col("at").cast(pl.Int64)
    early = pl.any_horizontal(
        at.is_between(start := calendar.start_of_day_scalar(week, shop.zone), start + clock) for week in weeks
    )
    past = shop.purchases().filter(pl.col("day").is_between(weeks[-1], running, closed="left"))
    whole, part = past.select(_sums()).row(0, named=True), past.filter(early).select(_sums()).row(0, named=True)
    return {
        name: Fraction(int(part[name]), int(whole[name])) if int(whole[name] or 0) > 0 else None for name in _MEASURES
    }  # fmt: skip


def _passed(week: dt.date, now: int, zone: str) -> float:
    start, end = (calendar.start_of_day_scalar(day, zone) for day in (week, week + _WEEK))
    return min(max((now - start) / (end - start), 0.0), 1.0)


def _compared(
    actual: int | None, target: int, passed: float, usual: Fraction | None, *, now: bool
) -> tuple[int | None, float | None, float, float | None, int | None, bool | None]:
    """Actual, share, passed, usual, projected, reached."""
    if actual is None:
        return None, None, passed, None, None, None
    share = actual / target if target else None
    if not now:
        return actual, share, passed, None, actual, actual >= target
    projected = halves_up(actual / usual) if usual else None
    return actual, share, passed, None if usual is None else float(usual), projected, True if actual >= target else None


def _definition(shop: Shop) -> Words:
    instant = instant_said(shop.as_of, shop.zone)
    return Words(
        f"Weeks begin on Monday in {shop.zone}; `actual` is what there was from then to {instant.en}. `orders` are "
        "purchases, `revenue` what was paid for them, refunds not taken off, `new_customers` first purchases, "
        "`repurchases` all others. `share` is actual by target. Of the running week `passed` says how much of it is "
        "over, "
        f"`usual` how much of all that the {_BEFORE} weeks before it brought had come by the same point of the "
        "week, and "
        "`projected` is actual by usual.",
        f"周从 {shop.zone} 时区的周一开始；`actual` 为该周起至{instant.zh}的实际值。`orders` 为购买笔数，`revenue` "
        "为支付金额"
        "（未扣退款），`new_customers` 为首购人数，`repurchases` 为其余购买笔数。`share` 为实际除以目标。"
        f"对进行中的周，`passed` 为时间进度，`usual` 为此前 {_BEFORE} 周到同一时点的累计占比，`projected` "
        "为实际除以 `usual`。",
    )


def _remarks(shop: Shop, frame: pl.DataFrame, running: dt.date) -> tuple[Remark, ...]:
    told = []
    if not frame.height:
        told.append(Remark("R829", Words("No targets are given.", "没有给出目标。")))
    if (frame["week"] == running).any():
        words = Words(f"The week from {running} is not over.", f"{running} 起的一周尚未结束。")
        told.append(Remark("R824", words, {"week": running}))
    blank = frame.filter((pl.col("week") == running) & pl.col("projected").is_null() & pl.col("actual").is_not_null())
    for measure in blank["measure"]:
        words = Words(
            f"The {_BEFORE} weeks before had no `{measure}` by this point of the week, so nothing is projected.",
            f"此前 {_BEFORE} 周到同一时点没有 `{measure}`，无法预计。",
        )
        told.append(Remark("R822", words, {"week": running, "measure": measure}))
    if later := frame.filter(pl.col("week") > running).height:
        words = Words(
            f"{counted(later, 'target is', 'targets are')} of weeks that have not begun.",
            f"有 {later:,} 个目标所在的周尚未开始。",
        )
        told.append(Remark("R829", words))
    if zero := frame.filter(pl.col("target") == 0).height:
        words = Words(
            f"{counted(zero, 'target is', 'targets are')} 0, so there is no share of it.",
            f"有 {zero:,} 个目标为 0，没有达成率。",
        )
        told.append(Remark("R822", words))
    bought = shop.purchases()
    if (frame["measure"] == "revenue").any():
        told += without_amounts(bought.height, bought.get_column("amount").null_count())
    return tuple(told)
