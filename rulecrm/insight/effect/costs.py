"""What a campaign cost, and what it brought back: over short windows and long ones.

In: a shop with an engine, prices. Out: `Figure`.
Invariant: what it brought is the difference to the control, never all that the treated bought.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import polars as pl

from rulecrm.insight.asking import Length
from rulecrm.insight.effect.charges import about_prices, checked_prices, sent_with_costs
from rulecrm.insight.effect.comparing import Line, Way, compared
from rulecrm.insight.effect.defining import arms_words, margin_words
from rulecrm.insight.effect.effect import WINDOWS, Against, arm_beside, read_windows
from rulecrm.insight.effect.outcomes import Outcomes
from rulecrm.insight.effect.telling import about_arms, about_lines, about_measures, remark
from rulecrm.insight.effect.trial import Trial, trial_of
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.shop import Shop
from rulecrm.insight.statistics.asked import checked_level
from rulecrm.model.durations import Duration
from rulecrm.model.types import MONEY_SCALE
from rulecrm.runtime import calendar

__all__ = ["campaign_cost"]

_MONEY = pl.Decimal(38, MONEY_SCALE)
_PLACES = Decimal(1).scaleb(-MONEY_SCALE)

_SCHEMA: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "campaign": pl.String, "window": pl.String, "base": pl.String, "treated": pl.Int64, "control": pl.Int64,
    "messages": pl.Int64, "cost": _MONEY, "cost_per_customer": _MONEY, "gain": _MONEY, "gain_low": _MONEY,
    "gain_high": _MONEY, "profit": _MONEY, "profit_low": _MONEY, "profit_high": _MONEY, "roi": pl.Float64,
    "roi_low": pl.Float64, "roi_high": pl.Float64, "open": pl.Int64,
}  # fmt: skip

_COLUMNS = {
    "campaign": Words("Campaign", "活动"),
    "window": Words("Window", "窗口"),
    "base": Words("Reckoned from", "计算口径"),
    "treated": Words("Treated", "干预人数"),
    "control": Words("Control", "对照人数"),
    "messages": Words("Messages", "消息数"),
    "cost": Words("Cost", "成本"),
    "cost_per_customer": Words("Cost a customer", "人均成本"),
    "gain": Words("Gain over the control", "相对对照的增量"),
    "gain_low": Words("from", "下限"),
    "gain_high": Words("to", "上限"),
    "profit": Words("Profit", "净收益"),
    "profit_low": Words("from", "下限"),
    "profit_high": Words("to", "上限"),
    "roi": Words("ROI", "投资回报率"),
    "roi_low": Words("from", "下限"),
    "roi_high": Words("to", "上限"),
    "open": Words("Still open", "窗口未结束"),
}


def campaign_cost(
    shop: Shop,
    campaign: str,
    *,
    windows: Sequence[Length] = WINDOWS,
    prices: Mapping[str, Decimal] | None = None,
    fixed: Decimal = Decimal(0),
    against: Against | None = None,
    level: float = 0.95,
) -> Figure:
    """What a campaign cost and brought back, in each window.

    Args:
        shop: as of T, with the engine whose ledger the campaign is in.
        campaign: its name.
        windows: how long customers are followed.
        prices: what one message costs in the reporting currency, by channel; of other channels what providers charged.
        fixed: what the campaign cost besides, in the reporting currency: shared out evenly among the treated.
        against: as in `campaign_effect`.
        level: of intervals.

    Returns:
        `campaign_cost`: a row for each window. `messages` sent to the treated within their windows, and their `cost`
        with their part of `fixed`; `gain`: the difference of margin (of revenue, where items have no costs; `base` says
        which) to the control, of all treated together; `profit`: gain less cost; `roi`: profit by cost. Money is
        Decimal(38, 4) in the reporting currency.

    Raises:
        RulesError: R120 an unknown campaign; R800 a window that is none; R801 no engine; R818 a price that is none.
    """
    said = checked_prices(prices, fixed)
    lengths = read_windows(windows)
    checked_level(level)
    trial = trial_of(shop, campaign)
    outcomes = Outcomes(shop, trial)
    base = "margin" if outcomes.lacking("margin") is None else "revenue"
    measured = outcomes.lacking(base) is None
    way = Way(level, None, arm_beside(trial, against))
    sent = sent_with_costs(trial, shop, said)
    mine = sent.filter(pl.col("arm") == "treated")
    lines, rows = [], []
    for window in lengths:
        line = compared(outcomes.seen(base, window, trial.whole, wave=None), base, window.written(), None, way)
        lines.append(line)
        messages, cost = _spent(mine, trial, shop, window, Decimal(fixed))
        rows.append(_row(trial, line, base if measured else None, messages, cost))
    remarks = about_arms(trial, way.other, against)
    if len(trial.whole):
        remarks += [*about_measures(outcomes, ("margin", base)), *about_lines(lines, way)]
        remarks += [*about_prices(mine, shop.currency), *_free(rows)]
    origin = shop.origin(campaign)
    title = trial.campaign.title or campaign
    return Figure(
        "campaign_cost",
        Words(f"Cost and return of {title}", f"活动成本与回报：{title}"),
        _defined(trial, shop, way, base, lengths),
        pl.DataFrame(rows, schema=_SCHEMA, orient="row"),
        _COLUMNS,
        tuple(dict.fromkeys(remarks)),
        () if origin is None else (origin,),
        shop.currency,
    )


def _spent(
    sent: pl.DataFrame, trial: Trial, shop: Shop, window: Duration, fixed: Decimal
) -> tuple[int, Decimal | None]:
    """Messages to the treated, sent within windows that have passed, and what they cost with their part of the rest."""
    units = trial.whole
    until = calendar.later(units.start, window, shop.zone)
    over = pl.DataFrame({"code": units.code, "until": until}).filter(pl.Series((until <= trial.now) & (units.arm == 0)))
    mine = sent.with_columns(pl.col("code").cast(pl.Int64)).join(over, on="code")
    mine = mine.filter(pl.col("sent_at").cast(pl.Int64) <= pl.col("until"))
    part = Decimal(0)
    if fixed and over.height:
        part = fixed * over.height / int(np.count_nonzero(units.arm == 0))
    if mine.get_column("cost").null_count():
        return mine.height, None
    total = mine.get_column("cost").sum()
    return mine.height, (Decimal(total or 0) + part).quantize(_PLACES)


def _row(trial: Trial, line: Line, base: str | None, messages: int, cost: Decimal | None) -> tuple[object, ...]:
    """A window; there is no gain without a control, and no return without a cost."""
    one, other, found = line.treated, line.control, line.compared
    gain, low, high = None, None, None
    if base is not None and found is not None and found.difference is not None:
        # The difference of the means is a fraction of whole units; so is what it comes to for all treated.
        unit = Decimal(10**MONEY_SCALE)
        gain = ((Decimal(one.total) - Decimal(other.total) * one.customers / other.customers) / unit).quantize(_PLACES)
        low, high = _times(found.low, one.customers), _times(found.high, one.customers)
    profits = [None if part is None or cost is None else part - cost for part in (gain, low, high)]
    returns = [None if part is None or not cost else float(part / cost) for part in profits]
    per_customer = None if cost is None or not one.customers else (cost / one.customers).quantize(_PLACES)
    customers, spent = (one.customers, other.customers), (messages, cost, per_customer)
    return (
        trial.campaign.symbol,
        line.window,
        base,
        *customers,
        *spent,
        gain,
        low,
        high,
        *profits,
        *returns,
        line.open,
    )


def _times(each: float | None, customers: int) -> Decimal | None:
    return None if each is None else (Decimal(each) * customers).quantize(_PLACES)


def _free(rows: Sequence[tuple[object, ...]]) -> list[Remark]:
    """A return on nothing is no number."""
    place = list(_SCHEMA).index("cost")
    windows = [str(row[1]) for row in rows if row[place] == 0]
    if not windows:
        return []
    names = ", ".join(windows)
    return [
        remark("R815", f"nothing was spent in {names}: there is no return on it", f"{names} 内没有花费：不存在回报率")
    ]


def _defined(trial: Trial, shop: Shop, way: Way, base: str, windows: Sequence[Duration]) -> Words:
    names, arms, kind = (
        ", ".join(one.written() for one in windows),
        arms_words(trial, way.other, shop),
        margin_words(base),
    )
    en = (
        f"{arms.en} In each window D ({names}) only customers count whose window (entry, entry + D] has wholly "
        "passed. cost: what the messages sent to the treated in their windows cost, by the caller's prices or by "
        f"what providers charged, and their part of the fixed cost. gain: the mean of {kind.en} of the treated less "
        f"that of the control, times the number of treated, with its {way.level * 100:g} % interval (Welch). profit: "
        "gain less cost. ROI: profit divided by cost."
    )
    zh = (
        f"{arms.zh}每个窗口 D（{names}）只计窗口（进入时刻, 进入时刻 + D] 已完全结束的顾客。cost：窗口内发给干预组的消"
        f"息成本（按给定价格或服务商收费）加固定成本的分摊。gain：干预组与对照组人均{kind.zh}之差乘以干预人数，附 "
        f"{way.level * 100:g} % 区间（Welch）。profit：gain 减 cost。ROI：profit 除以 cost。"
    )
    return Words(en, zh)
