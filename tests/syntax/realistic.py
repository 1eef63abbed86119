"""A generator of rules files as long as wanted, in the proportions of a real shop's file."""

from __future__ import annotations

import random

__all__ = ["realistic"]

KINDS = ("purchase", "order", "view", "cart", "open", "click", "review", "refund")
FIELDS = ("amount", "quantity", "discount")
CHANNELS = ("sms", "email", "im")


def realistic(lines: int, seed: int = 0) -> str:
    """A valid file of at least this many lines; equal arguments give equal texts."""
    pick = random.Random(seed)
    made = ['"""A shop, for measuring."""', "", 'timezone "Asia/Shanghai"', "currency CNY", ""]
    names = ["start"]
    made += ["metric start = count(purchase)", ""]
    while len(made) < lines:
        number = len(names)
        form = pick.choices(("metric", "segment", "classify", "campaign", "lifecycle", "test"), (30, 50, 6, 6, 4, 4))[0]
        made += _FORMS[form](pick, number, names)
        names.append(f"{form}_{number}" if form in ("metric", "segment") else "start")
    return "\n".join(made) + "\n"


def _metric(pick: random.Random, number: int, names: list[str]) -> list[str]:
    kind, field = pick.choice(KINDS), pick.choice(FIELDS)
    value = pick.choice(
        (
            f"count({kind})",
            f"sum({kind}.{field} last {pick.randint(7, 365)}d) ?? 0 CNY",
            f"age(last({kind}).at)",
            f'mean({kind}.{field} where channel == "{pick.choice(CHANNELS)}" last {pick.randint(1, 24)}mo)',
            f"share({kind} where hour(at) >= {pick.randint(0, 23)})",
            f"periods({kind} by month last 6mo)",
        )
    )
    return [f"metric metric_{number} = {value}"]


def _segment(pick: random.Random, number: int, names: list[str]) -> list[str]:
    return [f'segment segment_{number} "Segment {number}" = {_predicate(pick, names)}']


def _predicate(pick: random.Random, names: list[str]) -> str:
    clauses = (
        f"{pick.choice(names)} >= {pick.randint(1, 900)} CNY",
        f"{pick.choice(names)} == {pick.randint(1, 9)}",
        f'exists({pick.choice(KINDS)} where channel == "{pick.choice(CHANNELS)}" last {pick.randint(1, 60)}d)',
        f"none({pick.choice(KINDS)} last {pick.randint(1, 60)}d)",
        f"not {pick.choice(names)}",
        f"first(purchase).at in last {pick.randint(1, 60)}d",
        f"percentile({pick.choice(names)}) >= {pick.randint(1, 99)}%",
        f"{pick.choice(names)} < population mean({pick.choice(names)})",
    )
    return f" {pick.choice(('and', 'or'))} ".join(pick.sample(clauses, pick.randint(1, 3)))


def _classify(pick: random.Random, number: int, names: list[str]) -> list[str]:
    arms = [f"  label_{arm} when {_predicate(pick, names)}" for arm in range(pick.randint(2, 5))]
    return ["", f"classify classify_{number} {{", *arms, "  rest otherwise", "}", ""]


def _campaign(pick: random.Random, number: int, names: list[str]) -> list[str]:
    return [
        "",
        f'campaign campaign_{number} "Campaign {number}" {{',
        f"  enter on purchase when {pick.choice(names)}",
        "  reenter after 90d",
        "  control 10%",
        "  goal purchase within 45d",
        "",
        f"  send {pick.choice(CHANNELS)} template_{number}  # the first wave",
        "  wait until purchase up to 16d",
        f"  if {_predicate(pick, names)} {{",
        f'    send sms thanks with {{ coupon: "M{number}" }} else im thanks',
        "    exit",
        "  }",
        "}",
        "",
    ]


def _lifecycle(pick: random.Random, number: int, names: list[str]) -> list[str]:
    return [
        "",
        '"""How customers come and go."""',
        f"lifecycle lifecycle_{number} {{",
        "  start prospect",
        f"  prospect -> new on purchase when {_predicate(pick, names)}",
        "  new -> silent after 30d without purchase",
        "  silent, new -> lost after 90d",
        "}",
        "",
    ]


def _test(pick: random.Random, number: int, names: list[str]) -> list[str]:
    return [
        f'test "test {number}" {{',
        f'  customer "c{number}" {{',
        f"    purchase at 2025-01-{pick.randint(10, 28)} {{ amount: {pick.randint(1, 900)} CNY }}",
        "  }",
        f"  at 2025-03-15 expect {pick.choice(names)} > 3",
        "}",
    ]


_FORMS = {
    "metric": _metric,
    "segment": _segment,
    "classify": _classify,
    "campaign": _campaign,
    "lifecycle": _lifecycle,
    "test": _test,
}
