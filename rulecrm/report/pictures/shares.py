"""Pictures of shares: points with their intervals, and bars side by side.

In: `second_purchase`, `repurchase_rate`, `order_shares`. Out: `Drawn`, or None where there is nothing to draw.
Invariant: an axis of shares begins at nothing.
"""

from __future__ import annotations

import polars as pl

from rulecrm.insight.figure import Figure, Language
from rulecrm.report.numbers import count, percent
from rulecrm.report.palette import placeholder
from rulecrm.report.pictures.charts import colours, drawn, fitted, percent_axis
from rulecrm.report.pictures.picture import Drawn
from rulecrm.report.terms import term

__all__ = ["order_shares", "rates"]


def rates(figure: Figure, language: Language) -> Drawn | None:
    """A point a measure, with its interval."""
    import altair as alt

    frame = figure.frame.filter(pl.col("share").is_not_null())
    if frame.is_empty():
        return None
    rows = pl.DataFrame(
        [
            {
                "what": term(row["measure"], language),
                "share": row["share"],
                "low": row["low"],
                "high": row["high"],
                "said": f"{percent(row['share'])}   {count(row['repeated'])} / {count(row['base'])}",
            }
            for row in frame.iter_rows(named=True)
        ],
        schema={"what": pl.String, "share": pl.Float64, "low": pl.Float64, "high": pl.Float64, "said": pl.String},
    )
    y = alt.Y("what:N", title=None, sort=None)
    top = max(float(rows.select(pl.max_horizontal("share", "high").max()).item()) * 1.45, 0.01)
    x = alt.X("share:Q").axis(percent_axis(figure.shown(language)["share"])).scale(domain=[0, min(top, 1.3)])
    base = alt.Chart(rows).encode(y=y, description="said:N")
    interval = base.mark_rule(strokeWidth=3, opacity=0.45, color=placeholder("accent")).encode(
        x=alt.X("low:Q"), x2="high:Q"
    )
    point = base.mark_point(filled=True, size=110, opacity=1).encode(x=x)
    words = base.mark_text(align="left", dx=12).encode(x=alt.X("end:Q"), text="said:N")
    words = words.transform_calculate(end="isValid(datum.high) ? datum.high : datum.share")
    return drawn(fitted([interval, point, words], 46 * rows.height + 10), language)


def order_shares(figure: Figure, language: Language) -> Drawn | None:
    """Customers, orders and revenue by how often somebody bought."""
    import altair as alt

    titles = figure.shown(language)
    counted = [name for name in ("customers", "orders") if int(figure.frame.get_column(name).sum() or 0) > 0]
    if not counted:
        return None
    parts = [
        figure.frame.select(
            "purchases",
            pl.lit(titles[name]).alias("of"),
            (pl.col(name) / pl.col(name).sum()).cast(pl.Float64).alias("share"),
        )
        for name in counted
    ]
    if figure.frame.get_column("revenue_share").null_count() < figure.frame.height:
        of = titles.get("revenue", titles["revenue_share"])
        parts.append(figure.frame.select("purchases", pl.lit(of).alias("of"), pl.col("revenue_share").alias("share")))
    rows = pl.concat(parts).drop_nulls("share")
    rows = rows.with_columns(pl.col("share").map_elements(percent, pl.String).alias("said"))
    kinds = rows.get_column("of").unique(maintain_order=True).to_list()
    y = alt.Y("purchases:N", title=titles["purchases"], sort=None).scale(paddingInner=0.25)
    offset = alt.YOffset("of:N", sort=kinds).scale(paddingInner=0.12)
    base = alt.Chart(rows).encode(y=y, yOffset=offset, description="said:N")
    top = min(float(rows.select(pl.col("share").max()).item()) * 1.12, 1.12)
    x = alt.X("share:Q").axis(percent_axis("")).scale(domain=[0, max(top, 0.01)])
    scale = alt.Scale(domain=kinds, range=colours(len(kinds)))
    bars = base.mark_bar(cornerRadiusEnd=2).encode(x=x, color=alt.Color("of:N", scale=scale))
    words = base.mark_text(align="left", dx=5, fontSize=11).encode(x=x, text="said:N")
    purchases = rows.get_column("purchases").n_unique()
    return drawn(fitted([bars, words], purchases * (24 * len(kinds) + 8)), language)
