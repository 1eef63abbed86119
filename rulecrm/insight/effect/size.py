"""How many customers a campaign needs before it can show anything, asked before it starts.

In: a shop, an uplift worth seeing. Out: `Figure`.
Invariant: what is taken for natural is what happened in the facts up to T, whoever had entered then.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Literal

import numpy as np
import polars as pl
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import Length, duration_of, known
from rulecrm.insight.effect.courses import Course
from rulecrm.insight.effect.defining import instant_words
from rulecrm.insight.effect.outcomes import bought
from rulecrm.insight.effect.telling import remark
from rulecrm.insight.effect.trial import campaign_of
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.shop import Shop
from rulecrm.insight.statistics import Sizes, required_size, required_size_of_means
from rulecrm.insight.statistics.asked import checked_level, checked_share
from rulecrm.model.durations import Duration
from rulecrm.model.instants import from_microseconds, to_microseconds
from rulecrm.model.machine import Campaign
from rulecrm.model.types import MONEY_SCALE
from rulecrm.runtime import calendar
from rulecrm.runtime.arrays import Ints

__all__ = ["campaign_size"]

_UNIT = 10**MONEY_SCALE
_DAY = 86_400_000_000
_HALF = 0.5
"""The control that is reckoned with where none is declared."""

_SCHEMA = {
    "campaign": pl.String, "measure": pl.String, "window": pl.String, "base": pl.Float64, "deviation": pl.Float64,
    "uplift": pl.Float64, "observed": pl.Int64, "control_share": pl.Float64, "treated": pl.Int64, "control": pl.Int64,
    "customers": pl.Int64, "per_day": pl.Float64, "days": pl.Int64,
}  # fmt: skip

_COLUMNS = {
    "campaign": Words("Campaign", "活动"),
    "measure": Words("Measure", "指标"),
    "window": Words("Window", "窗口"),
    "base": Words("Natural value", "自然水平"),
    "deviation": Words("Standard deviation", "标准差"),
    "uplift": Words("Uplift to be seen", "要检出的提升"),
    "observed": Words("Customers observed", "观察人数"),
    "control_share": Words("Control", "对照比例"),
    "treated": Words("Treated needed", "所需干预人数"),
    "control": Words("Control needed", "所需对照人数"),
    "customers": Words("Customers needed", "所需总人数"),
    "per_day": Words("Entries a day", "日均进入人数"),
    "days": Words("Days needed", "所需天数"),
}


@frozen
class _Asked:
    """What is to be seen, how surely, with how large a control."""

    measure: str
    uplift: float
    control: float
    level: float
    power: float


@frozen
class _Natural:
    """What happens anyway: of how many customers, mean and deviation; how many of them came a day (None: not known)."""

    observed: int
    base: float | None
    deviation: float | None
    per_day: float | None
    remarks: tuple[Remark, ...] = ()


def campaign_size(
    shop: Shop,
    campaign: str,
    *,
    uplift: float,
    window: Length = "30d",
    measure: Literal["repurchase", "revenue"] = "repurchase",
    base: float | None = None,
    control: float | None = None,
    lookback: Length = "90d",
    level: float = 0.95,
    power: float = 0.8,
) -> Figure:
    """How many customers a campaign needs, so that an uplift worth seeing is seen.

    Args:
        shop: as of T; no engine is needed.
        campaign: its name.
        uplift: the least difference worth seeing: of `repurchase` as a difference of shares (0.02: from 10 % to 12 %),
            of `revenue` in the reporting currency, a customer.
        window: how long customers will be followed.
        measure: `repurchase` or `revenue`.
        base: the natural repurchase rate, where it is known better than from the facts.
        control: the share of the control; that of the rules where nothing is said.
        lookback: how long a time is looked at for who would have entered.
        level: of the test that will be made.
        power: how often the uplift is to be found, if it is there.

    Returns:
        `campaign_size`: one row. `base` is what happens anyway, seen in `observed` customers who would have entered;
        `treated`, `control` and `customers` are how many have to enter, in `days` at the rate seen.

    Raises:
        RulesError: R120 an unknown campaign or measure; R800; R818 a base for revenue; R819 an uplift, a share, a level
            or a power that is none.
    """
    known(measure, ("repurchase", "revenue"), "measure to size a campaign by")
    followed, back = duration_of(window), duration_of(lookback)
    one = campaign_of(shop, campaign)
    checked_level(level)
    checked_level(power, "power")
    share, remarks = _control(one, control)
    if not (math.isfinite(uplift) and uplift != 0):
        raise RulesError([Diagnostic("R819", f"an uplift of {uplift:g} cannot be asked for", help="it is not 0")])
    natural = _natural(shop, one, measure, followed, back) if base is None else _given(base, measure)
    remarks += natural.remarks
    asked = _Asked(measure, float(uplift), share, level, power)
    sizes = _sizes(natural, asked)
    if sizes is None and not natural.remarks:
        en = f"those observed are all alike in their {measure}: no number of customers follows from that; give a `base`"
        remarks.append(remark("R807", en, f"观察到的顾客在 {measure} 上都一样：无法推算所需人数；请给出 `base`"))
    origin = shop.origin(campaign)
    title = one.title or campaign
    days = None if sizes is None or not natural.per_day else math.ceil(sizes.total / natural.per_day)
    row = (
        campaign, measure, followed.written(), natural.base, natural.deviation, float(uplift), natural.observed, share,
        *((None,) * 3 if sizes is None else (sizes.treated, sizes.control, sizes.total)), natural.per_day, days,
    )  # fmt: skip
    return Figure(
        "campaign_size",
        Words(f"Customers that {title} needs", f"活动所需人数：{title}"),
        _defined(shop, campaign, asked, followed, back),
        pl.DataFrame([row], schema=_SCHEMA, orient="row"),
        _COLUMNS,
        tuple(remarks),
        () if origin is None else (origin,),
        shop.currency,
    )


def _control(campaign: Campaign, asked: float | None) -> tuple[float, list[Remark]]:
    if asked is not None:
        return checked_share(asked, "control"), []
    if 0 < campaign.control < 10_000:
        return campaign.control / 10_000, []
    en = f"`{campaign.symbol}` declares no control group: the numbers are those of a control of one half"
    return _HALF, [remark("R802", en, f"活动“{campaign.symbol}”没有声明对照组：人数按一半对照推算")]


def _given(base: float, measure: str) -> _Natural:
    if measure != "repurchase":
        raise RulesError([Diagnostic("R818", "a base is a repurchase rate, and revenue is asked for")])
    return _Natural(0, checked_share(base, "base"), None, None)


def _natural(shop: Shop, campaign: Campaign, measure: str, window: Duration, back: Duration) -> _Natural:
    """What those who would have entered, in a time that lies a window back, did without being asked."""
    name = campaign.symbol
    if measure == "revenue" and not shop.has("purchase", "amount"):
        words = Words("purchases have no amounts: there is no revenue", "购买记录没有金额：无法计算销售额")
        return _Natural(0, None, None, None, (Remark("R808", words),))
    if not shop.has("purchase"):
        words = Words("the facts have no purchases: give a `base`", "没有购买记录：请给出 `base`")
        return _Natural(0, None, None, None, (Remark("R808", words),))
    end = shop.before(window)
    start = from_microseconds(calendar.shift_scalar(to_microseconds(end), -back, shop.zone))
    entered = _would_enter(shop, name, start, end)
    if entered.height:
        days = (end - start) / dt.timedelta(days=1)
        return _seen(shop, entered, measure, window, entered.height / days)
    buyers = bought(shop).filter(pl.col("at") <= end).select(pl.col("customer").cast(pl.String)).unique()
    if not buyers.height:
        words = Words(
            f"nobody has bought anything up to {window.written()} before that instant: there is no natural rate; give "
            "a `base`",
            f"该时点 {window.written()} 之前没有任何购买：没有自然复购率；请给出 `base`",
        )
        return _Natural(0, None, None, None, (Remark("R804", words),))
    found = _seen(shop, buyers.with_columns(entered=pl.lit(end)), measure, window, None)
    en = (
        f"nobody would have entered `{name}` in the {back.written()} looked at: the natural value is that of all who "
        "had ever bought"
    )
    told = remark("R817", en, f"所看的 {back.written()} 内没有人会进入“{name}”：自然水平取自所有曾购买的顾客")
    return _Natural(found.observed, found.base, found.deviation, None, (told,))


def _would_enter(shop: Shop, name: str, start: dt.datetime, end: dt.datetime) -> pl.DataFrame:
    """`customer` String and `entered`: the first entry of everybody who would have entered in (start, end]."""
    journeys = shop.rules.backtest(shop.facts, start, end).journeys.filter(pl.col("campaign").cast(pl.String) == name)
    first = journeys.sort("entered").unique("customer", keep="first", maintain_order=True)
    return first.select(pl.col("customer").cast(pl.String), "entered")


def _seen(shop: Shop, entered: pl.DataFrame, measure: str, window: Duration, per_day: float | None) -> _Natural:
    units = entered.sort("customer").with_row_index("code")
    course = Course.of(bought(shop), units.select("customer", "code"))
    start: Ints = units.get_column("entered").cast(pl.Int64).to_numpy()
    until = np.minimum(calendar.later(start, window, shop.zone), to_microseconds(shop.as_of))
    count, total = course.within(np.arange(len(start)), start, until)
    n = len(start)
    if measure == "repurchase":
        return _Natural(n, int(np.count_nonzero(count)) / n, None, per_day)
    deviation = float(np.std(total / _UNIT, ddof=1)) if n > 1 else None
    return _Natural(n, int(total.sum()) / (n * _UNIT), deviation, per_day)


def _sizes(natural: _Natural, asked: _Asked) -> Sizes | None:
    ratio = (1 - asked.control) / asked.control
    if asked.measure == "revenue":
        if not natural.deviation:
            return None
        return required_size_of_means(
            natural.deviation, asked.uplift, level=asked.level, power=asked.power, ratio=ratio
        )  # fmt: skip
    if natural.base is None or not 0 < natural.base < 1:
        return None
    return required_size(natural.base, asked.uplift, level=asked.level, power=asked.power, ratio=ratio)


def _defined(shop: Shop, name: str, asked: _Asked, window: Duration, back: Duration) -> Words:
    measure, level, power = asked.measure, asked.level, asked.power
    followed, length, now = window.written(), back.written(), instant_words(shop)
    what = Words("share of them who bought within", "在其后") if measure == "repurchase" else Words(
        "mean of what they paid within", "在其后"
    )  # fmt: skip
    done = "内购买的占比" if measure == "repurchase" else "内的人均支付金额"
    en = (
        f"The campaign `{name}` is replayed over the {length} that end {followed} before {now}; base is, of the "
        f"customers who would have entered, each from the first entry on, the {what.en} {followed} (or what the "
        f"caller gave). Needed are as many customers as make the uplift seen in {power * 100:g} % of campaigns that "
        f"have it, at a level of {level * 100:g} % (two-sided), the control being the share shown. days: customers "
        "needed by those who would have entered a day; the window itself comes on top."
    )
    zh = (
        f"在截至 {now} 之前 {followed} 的 {length} 内重放活动“{name}”；base 为会进入的顾客（每人自首次进入起）"
        f"{what.zh} {followed} {done}（或由调用方给出）。所需人数使得确有该提升的活动中有 {power * 100:g} % 能检出（双"
        f"侧，水平 {level * 100:g} %），对照比例如所示。days 为所需人数除以日均进入人数，窗口时长另计。"
    )
    return Words(en, zh)
