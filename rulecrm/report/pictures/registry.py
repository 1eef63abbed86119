"""Which figure has which picture.

In: a `Figure`. Out: its `Picture`, or None where there is nothing to be drawn.
Invariant: a figure of which nothing could be concluded has words and no picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rulecrm.insight.figure import Figure, Language
from rulecrm.report.pictures.campaigns import campaign_effect
from rulecrm.report.pictures.charts import library
from rulecrm.report.pictures.curve import repurchase_curve
from rulecrm.report.pictures.grids import buying_times, cohorts, rfm_grid
from rulecrm.report.pictures.kpis import kpi_values, weekly_targets
from rulecrm.report.pictures.own import kpi_tree, migration
from rulecrm.report.pictures.picture import Drawn, Picture
from rulecrm.report.pictures.shares import order_shares, rates

__all__ = ["NAMES", "picture"]

_DRAW: Mapping[str, Callable[[Figure, Language], Drawn | None]] = {
    "buying_times": buying_times,
    "campaign_effect": campaign_effect,
    "cohorts": cohorts,
    "kpi_parts": kpi_tree,
    "kpi_values": kpi_values,
    "migration": migration,
    "order_shares": order_shares,
    "repurchase_curve": repurchase_curve,
    "repurchase_rate": rates,
    "rfm_grid": rfm_grid,
    "second_purchase": rates,
    "weekly_targets": weekly_targets,
}
NAMES = tuple(_DRAW)
"""Names of figures that have a picture."""


def picture(figure: Figure, *, language: Language = "en", dark: bool = False) -> Picture | None:
    """The picture of a figure; None where it has none, or there is nothing to draw.

    Args:
        figure: any; `NAMES` are those that have a picture.
        language: of titles, axes and numbers.
        dark: for a dark ground.

    Raises:
        RulesError: R870 the extra `rulecrm[report]` is not installed.
    """
    draw = _DRAW.get(figure.name)
    if draw is None or figure.frame.is_empty():
        return None
    library()
    made = draw(figure, language)
    if made is None:
        return None
    return Picture(figure.name, figure.title.of(language), figure.definition.of(language), made, dark)
