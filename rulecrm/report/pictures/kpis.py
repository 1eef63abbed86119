"""KPIs over time with the range that was to be expected, and weekly targets with what was reached.

In: `kpi_values`, `weekly_targets`. Out: `Drawn`, or None where there is nothing to draw.
Invariant: each KPI has its own axis; nothing is drawn of a KPI of which one period is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from rulecrm.insight.figure import Figure, Language
from rulecrm.report.numbers import day, number
from rulecrm.report.palette import placeholder
from rulecrm.report.pictures.charts import drawn, fitted, layered, money_axis
from rulecrm.report.pictures.picture import Drawn

if TYPE_CHECKING:
    import altair as alt

__all__ = ["kpi_values", "weekly_targets"]

_PERIODS = 60


def kpi_values(figure: Figure, language: Language) -> Drawn | None:
    """A small line a KPI, two beside each other."""
    import altair as alt

    frame = figure.frame.drop_nulls("value")
    panels = []
    for (kpi,), rows in frame.group_by(["kpi"], maintain_order=True):
        if rows.height > 1:
            panels.append(_panel(str(kpi), rows.sort("start").tail(_PERIODS), language))
    if not panels:
        return None
    return drawn(alt.concat(*panels, columns=2, spacing=24), language)


def _panel(kpi: str, rows: pl.DataFrame, language: Language) -> alt.LayerChart:
    import altair as alt

    frame = rows.select(
        pl.col("start"),
        *(pl.col(name).cast(pl.Float64) for name in ("value", "low", "high")),
        pl.col("alert").fill_null(value=False),
        over=_over(rows),
        said=pl.struct("start", "value").map_elements(
            lambda row: f"{day(row['start'], language)}: {number(row['value'])}", pl.String
        ),
    )
    base = alt.Chart(frame).encode(
        x=alt.X("start:T", title=None).axis(tickCount=4, grid=False, format="%-d %b" if language == "en" else "%-m/%-d")
    )
    axis = money_axis(language)
    axis.tickCount, axis.minExtent = 4, 46
    band = base.transform_filter("isValid(datum.low) && isValid(datum.high)").mark_area(
        opacity=0.2, color=placeholder("accent")
    ).encode(y=alt.Y("low:Q", title=None).axis(axis).scale(zero=False), y2="high:Q")  # fmt: skip
    value = alt.Y("value:Q").axis(axis)
    line = base.transform_filter("datum.over").mark_line(strokeWidth=2, color=placeholder("accent")).encode(y=value)
    dots = base.transform_filter("datum.over").mark_point(filled=True, size=26, opacity=1).encode(
        y=value, description="said:N"
    )  # fmt: skip
    # What a period has come to so far is no fall: it is drawn apart, open and dashed.
    tail = frame.with_row_index().filter(pl.col("index") >= frame.get_column("over").sum() - 1)
    apart = alt.Chart(tail).encode(x=base.encoding.x)
    dashed = apart.mark_line(strokeWidth=1.5, strokeDash=[3, 3], color=placeholder("accent")).encode(y=value)
    running = apart.transform_filter("!datum.over").mark_point(size=40, opacity=1, color=placeholder("accent")).encode(
        y=value, description="said:N"
    )  # fmt: skip
    alerts = base.transform_filter("datum.alert").mark_point(
        filled=True, size=130, shape="diamond", opacity=1, color=placeholder("down")
    ).encode(y=alt.Y("value:Q").axis(axis), description="said:N")  # fmt: skip
    open_ = [dashed, running] if not frame.get_column("over").all() else []
    return layered([band, line, dots, *open_, alerts]).properties(width=250, height=120, title=_title(kpi, rows))


def _over(rows: pl.DataFrame) -> pl.Expr:
    """Which periods are over."""
    return pl.col("complete").fill_null(value=True) if "complete" in rows.columns else pl.lit(value=True)


def _title(kpi: str, rows: pl.DataFrame) -> str:
    """What the rules call it, or else its name."""
    titled = rows.get_column("title").drop_nulls() if "title" in rows.columns else pl.Series([], dtype=pl.String)
    return str(titled.item(0)) if titled.len() else kpi


def weekly_targets(figure: Figure, language: Language) -> Drawn | None:
    """A bar a week, and a line across it where the target is."""
    import altair as alt

    frame = figure.frame.drop_nulls("actual").sort("week").tail(26)
    if frame.is_empty():
        return None
    rows = frame.select(
        pl.col("week").map_elements(lambda week: day(week, language), pl.String).alias("label"),
        pl.col("actual").cast(pl.Float64),
        pl.col("target").cast(pl.Float64),
    ).with_columns(reached=(pl.col("actual") >= pl.col("target")).fill_null(value=False))
    titles = figure.shown(language)
    base = alt.Chart(rows).encode(y=alt.Y("label:N", sort=None, title=titles["week"]))
    axis = money_axis(language, titles["actual"])
    bars = base.mark_bar(cornerRadiusEnd=2, size=16).encode(
        x=alt.X("actual:Q").axis(axis),
        color=alt.condition("datum.reached", alt.value(placeholder("up")), alt.value(placeholder("c0"))),
    )
    ticks = base.transform_filter("isValid(datum.target)").mark_tick(
        thickness=3, size=24, color=placeholder("ink")
    ).encode(x=alt.X("target:Q").axis(axis))  # fmt: skip
    return drawn(fitted([bars, ticks], 28 * rows.height + 8), language)
