"""What must be known before the effect of a campaign is believed, in words.

In: a trial and what was compared. Out: `Remark`s.
Invariant: every number that is missing from a figure has a remark that says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rulecrm.insight.effect.comparing import Line, Way
from rulecrm.insight.effect.outcomes import Outcomes
from rulecrm.insight.effect.trial import Trial
from rulecrm.insight.figure import Remark, Words
from rulecrm.insight.statistics import sample_ratio

__all__ = ["about_arms", "about_lines", "about_measures", "about_waves", "remark", "repeated"]

_ARM = {"control": Words("control group", "对照组"), "holdout": Words("holdout", "全局保留组")}


def remark(code: str, en: str, zh: str, **about: object) -> Remark:
    """A remark."""
    return Remark(code, Words(en, zh), about)


def about_arms(trial: Trial, other: str | None, asked: str | None) -> list[Remark]:
    """What is wrong with who was assigned to which arm; `asked` is the arm that was asked for, if one was."""
    found, name, whole = [], trial.campaign.symbol, trial.whole
    if not len(whole):
        text = f"nobody has entered `{name}` by then, so that nothing can be said of it"
        return [remark("R804", text, f"到该时点为止没有人进入活动“{name}”，无法得出任何结论")]
    if other is None:
        none = {
            None: Words(f"`{name}` has no control group, and there is no holdout", "没有对照组，也没有全局保留组"),
            "control": Words(f"`{name}` has no control group", "没有对照组"),
            "holdout": Words("there is no holdout", "没有全局保留组"),
        }[asked]
        en = f"{none.en}: the difference cannot be told from what would have happened anyway"
        found.append(remark("R802", en, f"活动“{name}”{none.zh}：无法区分活动的效果与本来就会发生的购买"))
    else:
        found += _empty(trial, other)
    if other == "holdout":
        en = (
            f"`{name}` is compared with the holdout, which gets no message of any campaign: the difference is that of "
            "all campaigns together"
        )
        found.append(
            remark("R803", en, f"“{name}”与全局保留组比较，该组不接收任何活动的消息：差异是所有活动合计的效果")
        )
    return [*found, *_ratio(trial), *repeated(trial), *_left_out(trial)]


def _empty(trial: Trial, other: str) -> list[Remark]:
    found = []
    for arm, words in (("treated", Words("treated customers", "干预组")), (other, _ARM[other])):
        if not trial.whole.of_arm(arm):
            en = (
                f"of {len(trial.whole)} customers who have entered, none is in the arm `{arm}`: there is nothing to "
                "compare"
            )
            found.append(
                remark("R805", en, f"已进入的 {len(trial.whole)} 位顾客中，{words.zh}里一个人也没有：无从比较", arm=arm)
            )
    return found


def _ratio(trial: Trial) -> list[Remark]:
    """Whether the arms are as large as was declared; only customers of the present version are counted."""
    control, holdout = trial.campaign.control / 10_000, trial.holdout / 10_000
    declared = {"treated": (1 - control) * (1 - holdout), "control": control, "holdout": (1 - control) * holdout}
    arms = [arm for arm, share in declared.items() if share > 0]
    counts = [trial.arms[arm] for arm in arms]
    total = sum(counts)
    if len(arms) < 2 or not total:
        return []
    found = sample_ratio(counts, [declared[arm] for arm in arms])
    if not found.suspicious:
        return []
    en = ", ".join(f"{trial.arms[arm]} in `{arm}` where {declared[arm] * total:.0f} are expected" for arm in arms)
    zh = "，".join(f"“{arm}”有 {trial.arms[arm]} 人，应约为 {declared[arm] * total:.0f} 人" for arm in arms)
    chance = "" if found.p is None else f" (p = {found.p:.2g})"
    return [
        remark(
            "R806",
            f"the arms are not as large as was declared: of {total} customers {en}{chance}; do not believe "
            "differences before the cause is known",
            f"各组人数与声明的比例不符：共 {total} 位顾客，{zh}{chance}；查明原因之前不要相信差异",
        )
    ]


def repeated(trial: Trial) -> list[Remark]:
    """Whether customers have entered several times."""
    if not trial.again:
        return []
    en = f"{trial.again} customers have entered more than once; each counts once, from the first entry on"
    return [remark("R810", en, f"{trial.again} 位顾客多次进入；每人只从首次进入起计一次")]


def _left_out(trial: Trial) -> list[Remark]:
    found = []
    if trial.older:
        en = f"{trial.older} customers entered with another version of the campaign; they count like all others"
        found.append(remark("R811", en, f"{trial.older} 位顾客是以活动的其他版本进入的；照常计入"))
    if trial.erased:
        en = f"{trial.erased} journeys are of customers who were erased, and count nowhere"
        found.append(remark("R812", en, f"{trial.erased} 次旅程属于已被删除的顾客，不计入"))
    return found


def about_measures(outcomes: Outcomes, measures: Iterable[str]) -> list[Remark]:
    """What the facts do not have."""
    name = outcomes.trial.campaign.symbol
    words = {
        "goal": Words(f"`{name}` declares no goal", f"活动“{name}”没有声明目标"),
        "purchases": Words("the facts have no purchases: there is no repurchase rate", "没有购买记录：无法计算复购率"),
        "amounts": Words("purchases have no amounts: there is no revenue", "购买记录没有金额：无法计算收入"),
        "costs": Words("items have no amounts or no costs: there is no margin", "商品明细没有金额或成本：无法计算毛利"),
    }
    found = []
    for measure in measures:
        lacking = outcomes.lacking(measure)
        if lacking is not None:
            found.append(Remark("R808", words[lacking], {"measure": measure}))
        elif unknown := outcomes.unknown.get(measure):
            rows = Words("purchases have no amount", "笔购买没有金额") if measure == "revenue" else Words(
                "items have no amount or no cost", "条商品明细没有金额或成本"
            )  # fmt: skip
            found.append(
                remark(
                    "R808",
                    f"{unknown} {rows.en}, and count as nothing",
                    f"{unknown} {rows.zh}，按 0 计",
                    measure=measure,
                )
            )
    return found


def about_lines(lines: Sequence[Line], way: Way) -> list[Remark]:
    """Windows that are still open, and comparisons that cannot be made."""
    found = _open(lines)
    unsaid = {"too_few": list[Line](), "no_variance": list[Line]()}
    for line in lines:
        if line.compared is not None and line.compared.why in unsaid:
            unsaid[line.compared.why].append(line)
    if unsaid["too_few"]:
        places = _places(unsaid["too_few"])
        found.append(
            remark("R807", f"too few customers for an interval: {places.en}", f"顾客太少，给不出区间：{places.zh}")
        )
    if unsaid["no_variance"]:
        places = _places(unsaid["no_variance"])
        found.append(
            remark(
                "R807",
                f"all customers are alike, so that nothing can be said of chance: {places.en}",
                f"所有顾客都一样，无法判断偶然性：{places.zh}",
            )
        )
    thin = [line for line in lines if _thin(line)] if way.planned is None else []
    if thin:
        places = _places(thin)
        found.append(
            remark(
                "R807",
                f"fewer than {_PAYING} customers of an arm came to any amount, and chance makes more of it than the "
                f"interval says; ask with `peeking=True` for a careful one: {places.en}",
                f"有一组产生金额的顾客不足 {_PAYING} 人，实际的偶然波动大于区间所示；用 `peeking=True` 可得更稳妥的"
                f"区间：{places.zh}",
            )
        )
    if way.other is not None and any(line.measure == "response" for line in lines):
        en = (
            "only the treated were sent anything that they could respond to: response has no counterpart in the control"
        )
        found.append(remark("R813", en, "只有干预组收到过可以回应的消息：响应率没有可比的对照", measure="response"))
    return found


_PAYING = 50
"""In A/A tests of 4,000 customers, of whom 5 % buy, Welch's p of revenue is below 0.05 in 5 % of them with halves (100
who buy in an arm), in 9 % with a control of a tenth (20), in 15 % with one of a twentieth (10)."""


def _thin(line: Line) -> bool:
    """Whether an interval of amounts stands on few customers who came to any."""
    there = line.compared is not None and line.compared.low is not None
    return there and line.paying is not None and line.paying < _PAYING


def _open(lines: Sequence[Line]) -> list[Remark]:
    """Windows that have not passed for everybody, of the whole campaign and of each wave."""
    found = []
    for wave in dict.fromkeys(line.wave for line in lines):
        mine = {line.window: line for line in lines if line.wave == wave and line.open}
        if not mine:
            continue
        en = ", ".join(f"{window} for {line.open} customers" for window, line in mine.items())
        zh = "、".join(f"{window}（{line.open} 人）" for window, line in mine.items())
        none = ", ".join(window for window, line in mine.items() if not line.treated.customers + line.control.customers)
        of, zh_of = ("", "") if wave is None else (f" of wave {wave}", f"第 {wave} 波")
        told = Words(f"; nobody has passed {none} yet", f"；{none} 还没有任何人结束") if none else Words("", "")
        found.append(
            remark(
                "R809",
                f"windows{of} are still open, and those customers do not count in them yet: {en}{told.en}",
                f"{zh_of}窗口尚未全部结束，未结束者暂不计入：{zh}{told.zh}",
                **({} if wave is None else {"wave": wave}),
            )
        )
    return found


def _places(lines: Sequence[Line]) -> Words:
    en, zh = [], []
    for line in lines:
        en.append(f"{line.measure} in {line.window}" + ("" if line.wave is None else f" of wave {line.wave}"))
        zh.append(("" if line.wave is None else f"第 {line.wave} 波 ") + f"{line.window} {line.measure}")
    return Words(", ".join(en), "、".join(zh))


def about_waves(trial: Trial, waves: Iterable[int]) -> list[Remark]:
    """Waves whose customers were chosen by what the campaign itself had done."""
    found = []
    for wave in waves:
        if wave in trial.chosen:
            en = (
                f"who comes to wave {wave} turns on what customers did after an earlier message: its arms are no "
                "longer alike by lot, and their difference is no effect of the wave"
            )
            zh = f"能否到达第 {wave} 波取决于顾客收到先前消息后的行为：两组不再随机可比，差异不是该波的效果"
            found.append(remark("R814", en, zh, wave=wave))
    return found
