"""Many definitions together say what each says alone: what is shared, swept and placed changes no answer."""

from __future__ import annotations

import datetime as dt
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

import rulecrm
from rulecrm.syntax.parse import parse
from tests.oracle.interpreter import evaluate
from tests.oracle.world import World
from tests.strategies import fewer
from tests.strategies.cases import differences, facts_of, points_frame, possible, table_answers
from tests.strategies.clocks import Focus
from tests.strategies.worlds import CUSTOMERS, worlds

NOW = dt.datetime(2025, 3, 31, 12, tzinfo=dt.UTC)
ZONE = "Europe/Berlin"  # a clock change lies within the windows
OPS = (">=", ">", "<", "<=", "==", "!=")
DAYS = (1, 2, 7, 30, 31)


def lines() -> list[str]:
    conditions = [
        *(f"count(purchase last {days}d) {op} {k}" for days, op, k in product(DAYS, OPS, (0, 1, 2))),
        *(f"{word}(purchase last {days}d)" for word, days in product(("exists", "none"), DAYS)),
        *(f"sum(purchase.amount last {days}d) {op} 20 CNY" for days, op in product(DAYS, OPS)),
        *(f"count(purchase last {days}d) {op} 9" for days, op in product(DAYS, (">=", "<"))),
        *(f"spent {op} {amount} CNY" for op, amount in product(OPS, range(0, 80, 10))),
        *(f"idle {op} {days}d" for op, days in product(("<=", ">"), range(40))),
        *(
            f"basket >= {amount} CNY and not (spent < {amount + 5} CNY or idle > {amount}d)"
            for amount in range(0, 60, 9)
        ),
        "spent >= 20 CNY and spent >= 20 CNY and idle <= 3d",
        "spent > population mean(spent) or spent >= 20 CNY",
        "population count(spent > 0 CNY) >= 2 and idle <= 9d",
        "spent * 2 > basket * 3",
        "spent * 3 >= 60 CNY",
    ]
    head = (f'timezone "{ZONE}"', "currency CNY")
    metrics = ("spent = sum(purchase.amount)", "basket = mean(purchase.amount)", "idle = age(last(purchase).at)")
    return [
        *head, *(f"metric {one}" for one in metrics),
        *(f"segment s{number} = {one}" for number, one in enumerate(conditions)),
    ]  # fmt: skip


LINES = possible(lines())
RULES = rulecrm.loads("\n".join(LINES))
worlds_of_march = worlds(ZONE, NOW, Focus(("1d", "30d"), ("view", "cart")), most=16)


@given(worlds_of_march, st.integers(0, 22))
@fewer(8)
def test_all_at_once_is_one_by_one(world: World, first: int) -> None:
    together = RULES.evaluate(facts_of(world), as_of=NOW).table()
    alone = [RULES.evaluate(facts_of(world), as_of=NOW, only=[name]).table() for name in RULES.names()[first::23]]
    for table in alone:
        assert together.select(table.columns).equals(table)


@given(worlds_of_march)
@fewer(8)
def test_all_at_once_is_what_the_oracle_says(world: World) -> None:
    found = table_answers(RULES.evaluate(facts_of(world), as_of=NOW), ["customer"])
    expected = evaluate(parse("\n".join(LINES)).rules, world, NOW)["customer"]
    # Kinds that these rules do not declare make nobody known to the engine.
    assert not differences({"customer": {key: expected[key] for key in found["customer"]}}, found)


@given(worlds_of_march)
@fewer(8)
def test_all_at_once_is_what_points_say(world: World) -> None:
    table = RULES.evaluate(facts_of(world), as_of=NOW).table()
    points = points_frame([(key, NOW) for key in CUSTOMERS])
    seen = RULES.evaluate_at(facts_of(world), points).drop("at")
    assert (
        seen.join(table.select("customer"), on="customer", how="semi").sort("customer").equals(table.sort("customer"))
    )
