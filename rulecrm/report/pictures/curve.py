"""The curve of coming back, with its band.

In: `repurchase_curve`. Out: `Drawn`, or None where there is nothing to draw.
Invariant: a curve is drawn in steps, for nobody buys between two days.
"""

from __future__ import annotations

import polars as pl

from rulecrm.insight.figure import Figure, Language
from rulecrm.report.palette import placeholder
from rulecrm.report.pictures.charts import drawn, fitted, percent_axis
from rulecrm.report.pictures.picture import Drawn

__all__ = ["repurchase_curve"]

_MOST = 800
"""Steps of a curve; a longer one is drawn at every n-th of its days."""


def repurchase_curve(figure: Figure, language: Language) -> Drawn | None:
    """The share that has come back, by days."""
    import altair as alt

    frame = figure.frame.drop_nulls("share").select(
        pl.col("days").cast(pl.Int64), *(pl.col(name).cast(pl.Float64) for name in ("share", "low", "high"))
    )
    if frame.height < 2:
        return None
    step = -(-frame.height // _MOST)
    if step > 1:
        frame = frame.gather_every(step)
    titles = figure.shown(language)
    x = alt.X("days:Q", title=titles["days"]).axis(grid=False, tickMinStep=1, tickCount=8)
    x = x.scale(nice=False)
    axis = percent_axis(titles["share"])
    top = max(float(frame.select(pl.max_horizontal("share", "high").max()).item()), 0.01)
    scale = alt.Scale(domain=[0, min(top * 1.06, 1)])
    base = alt.Chart(frame).encode(x=x)
    band = base.mark_area(interpolate="step-after", opacity=0.24, color=placeholder("accent")).encode(
        y=alt.Y("low:Q").axis(axis).scale(scale), y2="high:Q"
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=2.2, color=placeholder("accent")).encode(
        y=alt.Y("share:Q").axis(axis).scale(scale)
    )
    has_band = frame.get_column("low").null_count() < frame.height
    return drawn(fitted([band, line] if has_band else [line], 260), language)
