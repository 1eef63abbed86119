"""How long it takes until the next purchase: the repurchase curve.

In: a shop. Out: a `Figure` with a row a day.
Invariant: a pause that is still going on counts for as many whole days as have been seen of it, and for no more.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from attrs import frozen
from numpy.typing import NDArray

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import known, numeric, whole
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.repurchase.spoken import COLUMNS, instant_said, nobody
from rulecrm.insight.repurchase.survival import Survival, kaplan_meier, kaplan_meier_grouped
from rulecrm.insight.shop import Shop
from rulecrm.model.instants import to_microseconds
from rulecrm.runtime import calendar
from rulecrm.runtime.clock import clock_of

__all__ = ["After", "repurchase_curve"]

After = Literal["first", "any"]

Ints = NDArray[np.int64]

_DAY = 86_400_000_000
_GROUPS = 100
"""Into so many groups customers are dealt where each counts more than once; more give the same interval."""
_THIN = 30
"""Below so many observed, a point of the curve stands on few customers."""


def repurchase_curve(shop: Shop, *, after: After = "first", days: int = 365, level: float = 0.95) -> Figure:
    """The share of buyers who have bought again by each day, after Kaplan and Meier.

    Args:
        shop: a shop as of T.
        after: `first`: from the first purchase to the second; `any`: from every purchase to the next.
        days: how far the curve goes.
        level: of the intervals, between 0 and 1.

    Returns:
        `days` Int64 from 0 on (as far as anybody was observed), `share` Float64 who have bought again no later than so
        many days after, `low` and `high` Float64, `at_risk` Int64 (pauses that were observed on that day and had not
        ended before it), `again` Int64 (those that ended on it).

    Raises:
        RulesError: R120 neither `first` nor `any`; R823 fewer days than one, a level that is none.
    """
    known(after, ("first", "any"), "kind of repurchase curve")
    sure = numeric(level) and 0 < level < 1
    if not whole(days, 1) or not sure:
        wrong = f"a level of {level}" if whole(days, 1) else f"{days} days"
        raise RulesError([Diagnostic("R823", f"a repurchase curve cannot have {wrong}")])
    pauses = _pauses(shop, first=after == "first")
    horizon = min(days, int(pauses.lasted.max()) if len(pauses.lasted) else 0)
    found = _estimate(pauses, horizon, level=level, repeated=after == "any")
    frame = _frame(found)
    instant = instant_said(shop.as_of, shop.zone)
    return Figure(
        "repurchase_curve" if after == "first" else "repurchase_curve_any",
        Words("Time to the second purchase", "首购到第二次购买的间隔")
        if after == "first"
        else Words("Time from one purchase to the next", "相邻两次购买的间隔"),
        _definition(after, instant, level),
        frame,
        _headings(level),
        _remarks(frame, len(pauses.code), instant),
    )


@frozen(eq=False)
class _Pauses:
    """A pause after each purchase.

    Attributes:
        code: whose, UInt32.
        lasted: how many days, or of how many whole days it has been seen, Int64.
        again: whether it has ended.
    """

    code: NDArray[np.uint32]
    lasted: Ints
    again: NDArray[np.bool_]


def _pauses(shop: Shop, *, first: bool) -> _Pauses:
    bought = shop.purchases()
    code, at = bought.get_column("code").to_numpy(), bought.get_column("at").cast(pl.Int64).to_numpy()
    now = to_microseconds(shop.as_of)
    # Of the last purchase of a customer the pause goes on.
    follows = np.append(code[1:] == code[:-1], False)[: len(code)]
    following = np.where(follows, np.append(at[1:], now)[: len(at)], now)
    if first:
        chosen = bought.get_column("number").to_numpy() == 1
        code, at, follows, following = code[chosen], at[chosen], follows[chosen], following[chosen]
    seen = _whole_days(at, np.full(len(at), now), shop.zone)
    # A pause of four days and an hour is over by the fifth day after, so that the curve agrees with `within 5d`.
    took = np.where(following == at, 0, _whole_days(at, following - 1, shop.zone) + 1)
    # What ended on a day that T has cut short is left open: of those who did not end it that day we cannot say so yet.
    again = follows & (took <= seen)
    return _Pauses(code, np.where(again, took, seen), again)


def _whole_days(since: Ints, until: Ints, zone: str) -> Ints:
    """The greatest n such that `since`, n days later on the zone's clock, is not after `until`."""
    if not len(since):
        return since
    first, last = int(since.min()), int(until.max())
    wall = _wall(since, zone, first, last)
    guess = (_wall(until, zone, first, last) - wall) // _DAY
    # Around a clock change the wall clock may mislead by an hour, hence by one day.
    more = _read(wall + (guess + 1) * _DAY, zone, first, last) <= until
    less = (guess > 0) & (_read(wall + guess * _DAY, zone, first, last) > until)
    return guess + more - less


def _wall(instants: Ints, zone: str, first: int, last: int) -> Ints:
    clock = clock_of(zone, first, last)
    if clock is not None:
        return clock.wall(instants)
    return pl.select(calendar.local(pl.lit(pl.Series(instants)), zone).cast(pl.Int64)).to_series().to_numpy()


def _read(walls: Ints, zone: str, first: int, last: int) -> Ints:
    clock = clock_of(zone, first, last)
    if clock is not None:
        return clock.read(walls)
    written = pl.lit(pl.Series(walls)).cast(pl.Datetime("us"))
    return pl.select(calendar.from_local(written, zone)).to_series().to_numpy()


def _estimate(pauses: _Pauses, horizon: int, *, level: float, repeated: bool) -> Survival:
    # Whoever is observed beyond the horizon ends there, without an event.
    open_ = ~pauses.again | (pauses.lasted > horizon)
    day = np.minimum(pauses.lasted, horizon)
    width = horizon + 1
    if not repeated:
        return kaplan_meier(_counts(day[~open_], width), _counts(day[open_], width), level=level)
    groups = min(_GROUPS, int(pauses.code.max()) + 1) if len(pauses.code) else 0
    place = (pauses.code % max(groups, 1)).astype(np.int64) * width + day
    events, ended = (
        _counts(place[chosen], groups * width).reshape(groups, width) for chosen in (~open_, open_)
    )  # fmt: skip
    return kaplan_meier_grouped(events, ended, level=level)


def _counts(places: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    return np.bincount(places, minlength=width).astype(np.int64)


def _frame(found: Survival) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "days": pl.Series(np.arange(len(found.alive)), dtype=pl.Int64),
            "share": 1.0 - found.alive,
            "low": 1.0 - found.high,
            "high": 1.0 - found.low,
            "at_risk": found.at_risk,
            "again": found.events,
        }
    ).with_columns(pl.col("low", "high").fill_nan(None)).filter(pl.col("at_risk") > 0)  # fmt: skip


def _headings(level: float) -> dict[str, Words]:
    percent = f"{level * 100:.10g}%"
    return {
        "days": COLUMNS["days"],
        "share": Words("Have bought again", "已复购占比"),
        "low": Words(f"At least ({percent})", f"下限（{percent}）"),
        "high": Words(f"At most ({percent})", f"上限（{percent}）"),
        "at_risk": COLUMNS["at_risk"],
        "again": Words("Bought again that day", "当日复购"),
    }


def _definition(after: After, instant: Words, level: float) -> Words:
    percent = f"{level * 100:.10g}%"
    if after == "first":
        what = Words("from a customer's first purchase to the second", "从首购到第二次购买")
        how = Words(
            f"Greenwood's, on the log(-log) scale, {percent}", f"{percent} 的格林伍德区间（log(-log) 尺度）"
        )  # fmt: skip
    else:
        what = Words("from every purchase to the customer's next one", "从每次购买到该客户的下一次购买")
        how = Words(
            f"on the log(-log) scale, {percent}, by a jackknife over groups of customers, as the pauses of one "
            "customer "
            "are alike",
            f"{percent}，log(-log) 尺度，按客户分组的刀切法（同一客户的多次间隔彼此相关）",
        )
    return Words(
        f"As of {instant.en}: Kaplan and Meier's estimate of the time {what.en}. `share` is the share of pauses "
        "that end "
        "no later than so many calendar days after they began. A pause that is still going on is counted for the whole "
        "days that have been seen of it, so nobody who bought lately is taken for one who does not come back. "
        "`at_risk` "
        f"is how many pauses were seen on that day. The interval is {how.en}; it is missing where nobody has, or "
        "everybody has, bought again.",
        f"截至{instant.zh}：{what.zh}所需时间的卡普兰–迈耶估计。`share` 为间隔不超过该天数（日历日）的占比。"
        "尚未结束的间隔只按已观察到的整天数计入，因此近期购买者不会被当作流失。`at_risk` 为当天仍被观察的间隔数。"
        f"区间为{how.zh}；无人复购或全部复购时区间缺失。",
    )


def _remarks(frame: pl.DataFrame, pauses: int, instant: Words) -> tuple[Remark, ...]:
    if not pauses:
        return (nobody(instant),)
    thin = frame.filter(pl.col("at_risk") < _THIN)
    if not thin.height:
        return ()
    day = int(thin.item(0, "days"))
    words = Words(
        f"From day {day} on the curve stands on fewer than {_THIN} pauses.",
        f"第 {day} 天起，曲线依据的间隔不足 {_THIN} 个。",
    )
    return (Remark("R821", words, {"days": day}),)
