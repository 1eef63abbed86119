"""Did a campaign work: the treated against the control, whole and wave by wave, in several windows at once.

In: a shop with an engine. Out: `Figure`.
Invariant: everybody counts in the arm of the draw; no window counts before it has passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import polars as pl

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.asking import Length, duration_of, known
from rulecrm.insight.effect.comparing import Line, Way, compared
from rulecrm.insight.effect.defining import Asked, defined
from rulecrm.insight.effect.outcomes import MEASURES, Outcomes
from rulecrm.insight.effect.telling import about_arms, about_lines, about_measures, about_waves
from rulecrm.insight.effect.trial import Trial, campaign_of, trial_of
from rulecrm.insight.figure import Figure, Words
from rulecrm.insight.shop import Shop
from rulecrm.insight.statistics import Correction, adjust
from rulecrm.model.durations import Duration

__all__ = ["WINDOWS", "Against", "arm_beside", "campaign_effect", "read_windows"]

WINDOWS: tuple[Length, ...] = ("10d", "30d", "45d", "90d")
"""How long customers are followed, where nothing is said."""

Against = Literal["control", "holdout"]
"""An arm that was sent nothing: by the campaign, or by any campaign."""

_SCHEMA = {
    "campaign": pl.String, "wave": pl.Int64, "channel": pl.String, "window": pl.String, "measure": pl.String,
    "against": pl.String, "treated": pl.Int64, "control": pl.Int64, "treated_value": pl.Float64,
    "treated_low": pl.Float64, "treated_high": pl.Float64, "control_value": pl.Float64, "control_low": pl.Float64,
    "control_high": pl.Float64, "difference": pl.Float64, "low": pl.Float64, "high": pl.Float64, "p": pl.Float64,
    "p_adjusted": pl.Float64, "method": pl.String, "open": pl.Int64,
}  # fmt: skip

_COLUMNS = {
    "campaign": Words("Campaign", "活动"),
    "wave": Words("Wave", "波次"),
    "channel": Words("Channel", "渠道"),
    "window": Words("Window", "窗口"),
    "measure": Words("Measure", "指标"),
    "against": Words("Compared with", "对比组"),
    "treated": Words("Treated", "干预人数"),
    "control": Words("Control", "对照人数"),
    "treated_value": Words("Value, treated", "干预组数值"),
    "treated_low": Words("from", "下限"),
    "treated_high": Words("to", "上限"),
    "control_value": Words("Value, control", "对照组数值"),
    "control_low": Words("from", "下限"),
    "control_high": Words("to", "上限"),
    "difference": Words("Difference", "差异"),
    "low": Words("Difference from", "差异下限"),
    "high": Words("Difference to", "差异上限"),
    "p": Words("p", "p 值"),
    "p_adjusted": Words("p, corrected", "校正 p 值"),
    "method": Words("Method", "方法"),
    "open": Words("Still open", "窗口未结束"),
}


def campaign_effect(
    shop: Shop,
    campaign: str,
    *,
    windows: Sequence[Length] = WINDOWS,
    measures: Sequence[str] | None = None,
    waves: bool = True,
    against: Against | None = None,
    level: float = 0.95,
    correction: Correction = "holm",
    peeking: bool = False,
    planned: int = 10_000,
    cuped: bool = False,
    before: Length = "90d",
) -> Figure:
    """The treated against the control, by measure and window.

    Args:
        shop: as of T, with the engine whose ledger the campaign is in.
        campaign: its name; an `entering` block of a lifecycle is `LIFECYCLE.STATE`.
        windows: how long customers are followed.
        measures: some of `response`, `repurchase`, `goal`, `revenue`, `margin`; without it all that the rules and the
            facts have.
        waves: whether there are rows of each wave, too.
        against: `control` or `holdout`; without it the control group where there is one, else the holdout.
        level: of intervals.
        correction: of p over all rows shown.
        peeking: whether one looks again and again, and stops when one likes: intervals hold at every look then.
        planned: with `peeking`, how many customers of both arms are to be counted in the end; intervals are narrowest
            there, and hold anywhere. It is settled before the first look and left as it is.
        cuped: whether differences of amounts are adjusted for what customers came to before their entry.
        before: with `cuped`, how long before.

    Returns:
        `campaign_effect`: a row for each wave (missing: the whole campaign), window and measure. `treated` and
        `control` count the customers whose window has passed, `open` those whose window has not yet. Shares are 0 to 1;
        revenue and margin are Float64, a customer, in the reporting currency. `difference` is treated less control with
        its interval `low` to `high`; `p_adjusted` is `p` corrected for how many rows there are. The window of `goal` is
        the campaign's own.

    Raises:
        RulesError: R120 an unknown campaign or measure; R800 a window that is none; R801 no engine; R818 nothing is
            asked; R819 a level that is none.
    """
    asked = tuple(dict.fromkeys(known(one, MEASURES, "measure") for one in measures or ()))
    lengths = read_windows(windows)
    earlier = duration_of(before) if cuped else None
    if not planned > 0:
        raise RulesError([Diagnostic("R818", f"{planned} customers are planned", help="more than none")])
    campaign_of(shop, campaign)
    adjust([], correction)
    trial = trial_of(shop, campaign)
    outcomes = Outcomes(shop, trial)
    way = Way(level, planned if peeking else None, arm_beside(trial, against))
    wanted = asked or tuple(one for one in MEASURES if one != "goal" or trial.campaign.goal is not None)
    shown = tuple(one for one in wanted if outcomes.lacking(one) is None)
    showing = Asked(shown, lengths, earlier, correction, tuple(trial.waves) if waves else ())
    lines = _lines(outcomes, way, showing)
    corrected = adjust([None if one.compared is None else one.compared.p for one in lines], correction)
    remarks = about_arms(trial, way.other, against)
    if len(trial.whole):
        remarks += [*about_measures(outcomes, wanted), *about_lines(lines, way)]
        remarks += about_waves(trial, showing.waves)
    origin = shop.origin(campaign)
    title = trial.campaign.title or campaign
    return Figure(
        "campaign_effect",
        Words(f"Effect of {title}", f"活动效果：{title}"),
        defined(trial, shop, way, showing),
        _frame(trial, way, lines, corrected),
        _COLUMNS,
        tuple(remarks),
        () if origin is None else (origin,),
        shop.currency,
    )


def read_windows(windows: Sequence[Length]) -> tuple[Duration, ...]:
    """Windows, each once, in the order asked for.

    Raises:
        RulesError: R800 one is no length of time; R818 there is none.
    """
    lengths = tuple(dict.fromkeys(map(duration_of, (windows,) if isinstance(windows, str) else windows)))
    if not lengths:
        raise RulesError([Diagnostic("R818", "no window is asked for", help='write `windows=["30d"]`')])
    return lengths


def arm_beside(trial: Trial, against: Against | None) -> str | None:
    """The arm that the treated are compared with.

    Raises:
        RulesError: R120, no arm is called so.
    """
    if against is None:
        return trial.other
    known(against, ("control", "holdout"), "arm to compare with")
    declared = {"control": trial.campaign.control, "holdout": trial.holdout}
    return against if declared[against] or trial.whole.of_arm(against) else None


def _lines(outcomes: Outcomes, way: Way, asked: Asked) -> list[Line]:
    trial, found = outcomes.trial, list[Line]()
    for wave in (None, *asked.waves):
        units = trial.whole if wave is None else trial.waves[wave]
        for window in asked.windows:
            for measure in asked.measures:
                if measure != "goal":
                    seen = outcomes.seen(measure, window, units, wave=wave, before=asked.before)
                    found.append(compared(seen, measure, window.written(), wave, way))
        if wave is None and "goal" in asked.measures and trial.campaign.goal is not None:
            within = trial.campaign.goal.within
            seen = outcomes.seen("goal", within, units, wave=None)
            found.append(compared(seen, "goal", within.written(), None, way))
    return found


def _frame(trial: Trial, way: Way, lines: Sequence[Line], corrected: Sequence[float | None]) -> pl.DataFrame:
    rows = []
    for line, p_adjusted in zip(lines, corrected, strict=True):
        found = line.compared
        one, other = line.treated, line.control
        rows.append(
            (
                trial.campaign.symbol, line.wave, None if line.wave is None else trial.channels.get(line.wave),
                line.window, line.measure, way.other, one.customers, other.customers, one.value, one.interval.low,
                one.interval.high, other.value, other.interval.low, other.interval.high,
                *((None,) * 4 if found is None else (found.difference, found.low, found.high, found.p)),
                p_adjusted, None if found is None or found.p is None else found.method, line.open,
            )
        )  # fmt: skip
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
