"""Grids of cells, the darker the more: cohorts, RFM, hours of the week.

In: `cohorts`, `rfm_grid`, `buying_times`. Out: `Drawn`, or None where there is nothing to draw.
Invariant: what is written on a cell can be read on its colour, in light and in dark; a cell with nothing known is bare.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from rulecrm.insight.figure import Figure, Language
from rulecrm.report.numbers import count, month, percent
from rulecrm.report.palette import HEAT, placeholder
from rulecrm.report.pictures.charts import drawn, fitted
from rulecrm.report.pictures.picture import Drawn
from rulecrm.report.terms import term

if TYPE_CHECKING:
    import altair as alt

__all__ = ["buying_times", "cohorts", "rfm_grid"]

_COHORTS = 24
_WRITTEN = 13
"""Columns of cells that have room for a number."""


def cohorts(figure: Figure, language: Language) -> Drawn | None:
    """One line a month of first purchases, one column a month since."""
    frame = figure.frame.drop_nulls("share").sort("cohort", "period")
    if frame.is_empty():
        return None
    months = frame.get_column("cohort").unique().sort()
    kept = months.tail(_COHORTS)
    frame = frame.filter(pl.col("cohort").is_in(kept.implode()), pl.col("period") < _COHORTS)
    later = frame.filter(pl.col("period") > 0)
    most = float(later.select(pl.col("share").max()).item() or 1.0) if later.height else 1.0
    names = {one: f"{month(one, language)}" for one in kept.to_list()}
    rows = [
        {
            "down": names[row["cohort"]],
            "across": row["period"],
            "value": min(row["share"], most),
            "text": percent(row["share"]) if row["share"] < 0.9995 else "100%",
            "said": f"{names[row['cohort']]}, +{row['period']}: {percent(row['share'])} "
            f"({count(row['retained'])} / {count(row['size'])})",
        }
        for row in frame.iter_rows(named=True)
    ]
    titles = figure.shown(language)
    note = None
    if months.len() > kept.len() or int(figure.frame.get_column("period").max() or 0) >= _COHORTS:  # type: ignore[arg-type]
        note = f"{kept.len()} / {months.len()}"
    axes = (titles["cohort"], titles["period"])
    return _grid(
        rows, list(names.values()), sorted({row["across"] for row in rows}), axes, most, language=language, note=note
    )


def rfm_grid(figure: Figure, language: Language) -> Drawn | None:
    """Recency down, frequency across: the best customers are above on the right."""
    frame = figure.frame.filter(pl.col("customers") > 0)
    if frame.is_empty():
        return None
    most = float(frame.select(pl.col("share").max()).item() or 1.0)
    titles = figure.shown(language)
    rows = [
        {
            "down": str(row["recency"]),
            "across": row["frequency"],
            "value": row["share"] or 0.0,
            "text": count(row["customers"]),
            "said": f"R{row['recency']} F{row['frequency']}: {count(row['customers'])}, {percent(row['share'] or 0.0)}",
        }
        for row in frame.iter_rows(named=True)
    ]
    axes = (titles["recency"], titles["frequency"])
    return _grid(rows, ["5", "4", "3", "2", "1"], [1, 2, 3, 4, 5], axes, most, language=language, tall=44)


def buying_times(figure: Figure, language: Language) -> Drawn | None:
    """Weekdays down, hours across."""
    measure = next(name for name in ("orders", "purchases", "customers") if name in figure.frame.columns)
    frame = figure.frame.filter(pl.col(measure) > 0)
    if frame.is_empty():
        return None
    most = float(frame.select(pl.col(measure).max()).item())
    days = [_DAYS[number] for number in range(7)]
    rows = [
        {
            "down": term(_weekday(row["weekday"]), language),
            "across": row["hour"],
            "value": float(row[measure]),
            "text": "",
            "said": f"{term(_weekday(row['weekday']), language)} {row['hour']}:00: {count(row[measure])}",
        }
        for row in frame.iter_rows(named=True)
    ]
    titles = figure.shown(language)
    axes = (titles["weekday"], titles["hour"])
    return _grid(rows, [term(one, language) for one in days], list(range(24)), axes, most, language=language)


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _weekday(value: object) -> str:
    """1 is Monday (ISO 8601)."""
    return _DAYS[value - 1] if isinstance(value, int) else str(value).lower()


def _grid(
    rows: Sequence[dict[str, object]],
    down: Sequence[str],
    across: Sequence[int],
    axes: tuple[str, str],
    most: float,
    *,
    language: Language,
    tall: int = 26,
    note: str | None = None,
) -> Drawn:
    import altair as alt

    top = most if most > 0 else 1.0
    frame = pl.DataFrame(list(rows)).with_columns(
        (pl.col("value") / top * HEAT).floor().clip(0, HEAT - 1).cast(pl.Int64).alias("step")
    )
    base = alt.Chart(frame).encode(
        y=alt.Y("down:N", sort=list(down), title=axes[0]).scale(domain=list(down)),
        x=alt.X("across:O", title=axes[1]).axis(labelAngle=0, orient="top").scale(domain=list(across)),
        description="said:N",
    )
    cells = base.mark_rect(stroke=placeholder("paper"), strokeWidth=2).encode(color=_steps("heat"))
    layers: list[alt.Chart] = [cells]
    if len(across) <= _WRITTEN:
        size = 12 if len(across) <= 9 else 10.5
        layers.append(base.mark_text(fontSize=size).encode(text="text:N", color=_steps("on")))
    chart = fitted(layers, tall * len(down)).resolve_scale(color="independent")
    return drawn(chart, language, note=note)


def _steps(role: str) -> alt.Color:
    import altair as alt

    scale = alt.Scale(domain=list(range(HEAT)), range=[placeholder(f"{role}{step}") for step in range(HEAT)])
    return alt.Color("step:O", scale=scale, legend=None)
