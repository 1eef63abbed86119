"""Lengths, instants and counts in the words of a definition.

In: durations, instants, a zone. Out: `Words`, text.
Invariant: what is said can be computed with: no rounding, and the zone is named.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from rulecrm.insight.figure import Remark, Words
from rulecrm.model.durations import Duration

__all__ = ["COLUMNS", "counted", "instant_said", "length_said", "nobody", "without_amounts"]

_UNITS = {
    "mo": ("month", "个月"),
    "d": ("day", "天"),
    "h": ("hour", "小时"),
    "m": ("minute", "分钟"),
    "s": ("second", "秒"),
    "us": ("microsecond", "微秒"),
}

COLUMNS = {
    "measure": Words("Measure", "指标"),
    "base": Words("Customers counted", "统计人数"),
    "repeated": Words("Bought again", "复购人数"),
    "share": Words("Share", "占比"),
    "low": Words("At least (95%)", "下限（95%）"),
    "high": Words("At most (95%)", "上限（95%）"),
    "customers": Words("Customers", "客户数"),
    "orders": Words("Orders", "订单数"),
    "revenue": Words("Revenue", "销售额"),
    "purchases": Words("Purchases", "购买次数"),
    "cohort": Words("First purchase in", "首购周期"),
    "size": Words("Customers won", "新客数"),
    "period": Words("Periods later", "第几期"),
    "retained": Words("Bought in it", "留存人数"),
    "days": Words("Days since", "天数"),
    "at_risk": Words("Observed", "观察数"),
    "cost": Words("Cost", "成本"),
    "week": Words("Week from", "周（起始日）"),
    "source": Words("Source", "来源"),
}
"""Headings that several figures share."""


def length_said(length: Duration) -> Words:
    """`45d` as `45 days`, and in Chinese."""
    parts = length.parts
    english = [f"{count} {_UNITS[unit][0]}{'' if count == 1 else 's'}" for count, unit in parts]
    return Words(" ".join(english), "".join(f"{count}{_UNITS[unit][1]}" for count, unit in parts))


def instant_said(instant: dt.datetime, zone: str) -> Words:
    """An instant on the wall clock of the zone; a midnight without its hour."""
    wall = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    spec = "auto" if wall.microsecond or wall.second else "minutes"
    text = wall.date().isoformat() if wall.time() == dt.time() else wall.isoformat(" ", spec)
    return Words(f"{text} ({zone})", f"{text}（{zone}）")


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 customer`, `2,000 customers`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def nobody(shop_at: Words) -> Remark:
    """Nobody has bought."""
    return Remark("R820", Words(f"Nobody has bought up to {shop_at.en}.", f"截至{shop_at.zh}还没有人购买。"))


def without_amounts(orders: int, missing: int) -> tuple[Remark, ...]:
    """What is said of purchases that have no amount."""
    if not missing:
        return ()
    if missing == orders:
        words = Words("The purchases have no amounts, so there is no revenue.", "购买记录没有金额，因此没有销售额。")
    else:
        words = Words(
            f"{missing:,} of {orders:,} purchases have no amount; they count as orders and add no revenue.",
            f"{orders:,} 笔购买中有 {missing:,} 笔没有金额：计入订单数，不计入销售额。",
        )
    return (Remark("R825", words),)
