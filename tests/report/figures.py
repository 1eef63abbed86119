"""Figures of the shapes that insights have, made by hand."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import polars as pl

from rulecrm.diagnostics.span import Span
from rulecrm.insight import Figure, Origin, Remark, Words

MONEY = pl.Decimal(38, 4)


def figure(name: str, frame: pl.DataFrame, **more: object) -> Figure:
    columns = {
        column: Words(column.replace("_", " ").capitalize(), f"列{column}") for column in frame.columns
    }  # fmt: skip
    columns |= COLUMNS.get(name, {})
    return Figure(
        name,
        TITLES.get(name, Words(name.replace("_", " ").capitalize(), f"图{name}")),
        Words(f"The definition of {name}: what is counted, of whom, and until when.", f"{name} 的定义：统计口径。"),
        frame,
        columns,
        **more,  # type: ignore[arg-type]
    )


TITLES = {
    "second_purchase": Words("Second purchase within 45 days", "首购后45天内的二次购买"),
    "repurchase_curve": Words("When customers come back", "复购间隔曲线"),
    "cohorts": Words("Months of first purchase", "首购月份留存"),
    "order_shares": Words("Who brings the revenue", "按购买次数的销售构成"),
    "migration": Words("Where customers went", "客户迁移"),
    "rfm_grid": Words("Recency and frequency", "RFM 分布"),
    "campaign_effect": Words("What campaigns changed", "活动效果"),
    "kpi_values": Words("Figures of the week", "核心指标"),
    "kpi_parts": Words("What moved sales", "销售额变化分解"),
    "buying_times": Words("When customers buy", "购买时段"),
    "weekly_targets": Words("Targets and actual", "周目标达成"),
}
COLUMNS = {
    "cohorts": {"cohort": Words("First purchase", "首购月份"), "period": Words("Months later", "之后第几个月")},
    "rfm_grid": {
        "recency": Words("Recency, 5 is latest", "最近购买（5为最近）"),
        "frequency": Words("Frequency", "购买频次"),
    },
    "repurchase_curve": {
        "days": Words("Days since the first purchase", "距首购天数"),
        "share": Words("Have come back", "已复购占比"),
    },
    "migration": {"from": Words("Before", "之前"), "to": Words("Now", "现在")},
    "order_shares": {
        "customers": Words("Customers", "客户"),
        "orders": Words("Orders", "订单"),
        "revenue": Words("Revenue", "销售额"),
        "purchases": Words("Purchases", "购买次数"),
    },
    "weekly_targets": {"week": Words("Week of", "周"), "actual": Words("Reached", "实际")},
    "buying_times": {"weekday": Words("Weekday", "星期"), "hour": Words("Hour", "小时")},
}


def second_purchase() -> Figure:
    frame = pl.DataFrame(
        {
            "measure": ["first purchase 45 days ago or more", "two purchases in the last 45 days"],
            "base": [3210, 870],
            "repeated": [395, 41],
            "share": [395 / 3210, 41 / 870],
            "low": [0.112, 0.035],
            "high": [0.135, 0.063],
        }
    )
    return figure(
        "second_purchase", frame, remarks=(Remark("R820", Words("Few buyers.", "买家太少。"), {"measure": 1}),)
    )


def repurchase_curve(days: int = 365) -> Figure:
    rows = []
    for day in range(days + 1):
        share = 0.42 * (1 - math.exp(-day / 90))
        width = 0.004 + 0.00012 * day
        rows.append((day, share, max(share - width, 0.0), share + width, 4000 - 9 * day))
    frame = pl.DataFrame(rows, schema=["days", "share", "low", "high", "at_risk"], orient="row")
    return figure("repurchase_curve", frame)


def cohorts(months: int = 12) -> Figure:
    rows = []
    for start in range(months):
        first = dt.date(2024 + (start + 10) // 12, (start + 10) % 12 + 1, 1)
        size = 400 + 37 * start
        for period in range(months - start):
            over = period < months - start - 1 or period == 0
            kept = size if period == 0 else round(size * 0.3 / period**0.6)
            rows.append((first, size, period, kept if over else None, kept / size if over else None))
    frame = pl.DataFrame(rows, schema=["cohort", "size", "period", "retained", "share"], orient="row")
    return figure("cohorts", frame)


def order_shares() -> Figure:
    frame = pl.DataFrame(
        {
            "purchases": ["1", "2", "3", "4", "5+"],
            "customers": [6000, 2000, 900, 400, 700],
            "orders": [6000, 4000, 2700, 1600, 5600],
            "revenue": [Decimal(value) for value in ("600000.00", "420000.50", "310000.00", "190000.25", "820000.75")],
            "revenue_share": [0.2564, 0.1795, 0.1325, 0.0812, 0.3504],
            "order_value": [Decimal(value) for value in ("100", "105.0001", "114.8148", "118.7502", "146.4287")],
        },
        schema_overrides={"revenue": MONEY, "order_value": MONEY},
    )
    return figure("order_shares", frame, currency="CNY")


def migration() -> Figure:
    states = ["new", "active", "silent", "sleeping", "lost"]
    rows = []
    for i, left in enumerate(states):
        for j, right in enumerate(states):
            size = max(0, 900 - 260 * abs(i - j) - 40 * i) if not (j == 0 and i) else 0
            if size:
                way = "stay" if i == j else "up" if j < i else "down"
                rows.append((left, right, size, size / 8000, way))
    frame = pl.DataFrame(rows, schema=["from", "to", "customers", "share", "direction"], orient="row")
    return figure("migration", frame, origins=(Origin("relationship", Span("shop.rules", 40, 60)),))


def rfm_grid() -> Figure:
    rows = [
        (r, f, 120 * r + 900 // f + 35 * r * f, 0.0, Decimal(1000 * r * f)) for r in range(1, 6) for f in range(1, 6)
    ]
    frame = pl.DataFrame(
        rows,
        schema={
            "recency": pl.Int64,
            "frequency": pl.Int64,
            "customers": pl.Int64,
            "share": pl.Float64,
            "revenue": MONEY,
        },
        orient="row",
    )
    return figure("rfm_grid", frame.with_columns(share=pl.col("customers") / pl.col("customers").sum()), currency="CNY")


EFFECT = [
    "campaign", "wave", "window", "measure", "treated", "control", "treated_value", "control_value", "difference",
    "low", "high", "p", "p_adjusted", "method",
]  # fmt: skip


def campaign_effect() -> Figure:
    rows = []
    for campaign in ("double11", "spring_letters"):
        for wave in (None, 1, 2):
            for window in ("30d", "90d"):
                for measure, base, up in (
                    ("response", 0.1, 0.021),
                    ("repurchase", 0.2, -0.012),
                    ("revenue", 88.0, 9.5),
                ):
                    gap = up * (1 + 0.3 * (wave or 0)) * (0.1 if campaign == "spring_letters" else 1)
                    wide = abs(up) * 0.8
                    rows.append(
                        (
                            campaign,
                            wave,
                            window,
                            measure,
                            4000,
                            1000,
                            base + gap,
                            base,
                            gap,
                            gap - wide,
                            gap + wide,
                            0.01,
                            0.04,
                            "newcombe",
                        )
                    )
    frame = pl.DataFrame(rows, schema=EFFECT, orient="row")
    words = Words(
        "Campaign autumn has no control group: its effect cannot be told.", "活动 autumn 没有对照组，无法判断效果。"
    )
    return figure("campaign_effect", frame, remarks=(Remark("R801", words, {"campaign": "autumn"}),), currency="CNY")


def kpi_values(weeks: int = 12) -> Figure:
    rows = []
    for kpi, size in (("sales", 150_000.0), ("visitors", 9000.0), ("conversion", 0.031), ("order_value", 118.0)):
        for week in range(weeks):
            start = dt.date(2025, 8, 25) + dt.timedelta(weeks=week)
            value = size * (1 + 0.1 * math.sin(week) + (0.6 if week == 10 else 0))
            previous = None if week == 0 else size
            change = None if previous is None else value / previous - 1
            rows.append(
                (
                    kpi,
                    start,
                    start + dt.timedelta(weeks=1),
                    value,
                    previous,
                    change,
                    size * 0.85,
                    size * 1.18,
                    week == 10,
                )
            )
    names = ["kpi", "start", "end", "value", "previous", "change", "low", "high", "alert"]
    return figure("kpi_values", pl.DataFrame(rows, schema=names, orient="row"))


def kpi_parts() -> Figure:
    rows = [
        ("sales", "visitors", 9000.0, 9900.0, 14_000.0, 0.7),
        ("sales", "conversion", 0.031, 0.029, -9_000.0, -0.45),
        ("sales", "order_value", 118.0, 130.0, 15_000.0, 0.75),
        ("visitors", "paid visitors", 3000.0, 4200.0, 1200.0, 1.3333),
        ("visitors", "free visitors", 6000.0, 5700.0, -300.0, -0.3333),
    ]
    names = ["kpi", "factor", "before", "now", "contribution", "share"]
    return figure("kpi_parts", pl.DataFrame(rows, schema=names, orient="row"))


def buying_times() -> Figure:
    rows = [
        (weekday, hour, round(200 * (1 + math.sin(hour / 4)) + 25 * weekday))
        for weekday in range(1, 8)
        for hour in range(24)
    ]
    return figure("buying_times", pl.DataFrame(rows, schema=["weekday", "hour", "orders"], orient="row"))


def weekly_targets() -> Figure:
    rows = [
        (dt.date(2025, 9, 1) + dt.timedelta(weeks=week), 100_000.0, 90_000.0 + 4000 * week, 0.9 + 0.04 * week)
        for week in range(6)
    ]
    return figure("weekly_targets", pl.DataFrame(rows, schema=["week", "target", "actual", "share"], orient="row"))


ALL = (
    kpi_values, kpi_parts, weekly_targets, rfm_grid, migration, second_purchase, repurchase_curve, cohorts,
    order_shares, buying_times, campaign_effect,
)  # fmt: skip
