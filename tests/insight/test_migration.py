"""Where customers went: against plain Python, one customer at a time, and the demo's own matrix."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings

import rulecrm
from rulecrm import RulesError
from rulecrm.demo.show import migration as matrix_of_the_demo
from rulecrm.insight import Shop, migration, migration_balance
from tests.insight.bought import World, cdnow, cents, worlds

OFTEN = ("more", "twice", "once")
LATELY = ("now", "then")
Moves = dict[tuple[str | None, str | None], tuple[int, int]]


def often(world: World, at: dt.datetime) -> dict[str, str]:
    return {
        customer: OFTEN[max(0, 3 - len(bought))] for customer, bought in world.seen(at).items()
    }  # fmt: skip


def lately(world: World, at: dt.datetime) -> dict[str, str]:
    start = world.later(at, -10)
    return {customer: "now" if bought[-1].at > start else "then" for customer, bought in world.seen(at).items()}


def stay(world: World, at: dt.datetime) -> dict[str, str]:
    """The lifecycle, replayed: away thirty days after the last purchase, and back by the next."""
    states = {}
    for customer, bought in world.seen(at).items():
        state, last = "new", bought[0].at
        for one in bought[1:]:
            state, last = "back", one.at
        states[customer] = "away" if world.later(last, 30) <= at else state
    return states


def expected(before: dict[str, str], after: dict[str, str], paid: dict[str, int]) -> Moves:
    moves: Moves = {}
    for customer in before.keys() | after.keys():
        pair = before.get(customer), after.get(customer)
        size, revenue = moves.get(pair, (0, 0))
        moves[pair] = size + 1, revenue + paid.get(customer, 0)
    return moves


def found(frame: pl.DataFrame) -> Moves:
    rows = frame.filter(pl.col("customers") > 0).iter_rows(named=True)
    return {(row["from"], row["to"]): (row["customers"], cents(row["revenue"]) or 0) for row in rows}


def paid(world: World, since: dt.datetime | None = None) -> dict[str, int]:
    return {
        customer: sum(one.cents or 0 for one in bought if since is None or one.at > since)
        for customer, bought in world.seen().items()
    }


def halfway(world: World) -> dt.datetime:
    """The instant of a purchase before T, where there is one: it belongs to what was before."""
    earlier = sorted(one.at for one in world.purchases if one.at < world.now)
    return earlier[len(earlier) // 2] if earlier else world.now - dt.timedelta(days=20)


@given(world=worlds())
@settings(max_examples=15)
@pytest.mark.parametrize("name", ["often", "stay"])
def test_moves_are_those_that_plain_python_finds(world: World, name: str) -> None:
    before = halfway(world)
    label = {"often": often, "stay": stay}[name]
    figure = migration(world.shop, name, before=before)
    moves = expected(label(world, before), label(world, world.now), paid(world, before))
    assert found(figure.frame) == moves
    newcomers = sum(size for (start, _), (size, _) in moves.items() if start is None)
    assert [one.code for one in figure.remarks if one.code == "R828"] == ["R828"] * bool(newcomers)
    begun = Counter[str | None]()
    for (start, _), (size, _) in moves.items():
        begun[start] += size
    for row in figure.frame.iter_rows(named=True):
        whole = begun[row["from"]]
        assert row["share"] == (row["customers"] / whole if whole else None)
    balance = migration_balance(world.shop, name, before=before).frame
    assert balance["customers"].sum() == sum(begun.values())


@given(world=worlds())
@settings(max_examples=10)
def test_two_classifications_are_set_side_by_side(world: World) -> None:
    figure = migration(world.shop, "often", to="lately")
    assert found(figure.frame) == expected(often(world, world.now), lately(world, world.now), paid(world))
    assert set(figure.frame["direction"]) <= {"none"}
    assert figure.frame.height == 6
    before = halfway(world)
    both = migration(world.shop, "often", to="lately", before=before)
    assert found(both.frame) == expected(often(world, before), lately(world, world.now), paid(world, before))


def test_the_matrix_of_the_demo() -> None:
    shop = cdnow("1998-07-01")
    figure = migration(shop, "recency", before="1998-01-01")
    before, now = (shop.rules.evaluate(shop.facts, as_of=instant) for instant in ("1998-01-01", "1998-07-01"))
    assert {pair: size for pair, (size, _) in found(figure.frame).items()} == matrix_of_the_demo(before, now)
    # The rows of a label are together, in the order of the rules; each has all labels.
    labels = ["prospect", "active", "silent", "sleeping", "lost"]
    assert figure.frame["from"].to_list() == [label for label in labels for _ in labels]
    assert figure.frame["to"].to_list() == labels * 5
    assert [one.name for one in figure.origins] == ["recency"]


def test_a_move_is_up_or_down_by_the_order_of_the_labels() -> None:
    shop = cdnow("1998-07-01")
    frame = migration(shop, "recency", before="1998-01-01").frame
    ranks = {label: rank for rank, label in enumerate(["prospect", "active", "silent", "sleeping", "lost"])}
    for start, end, direction in frame.select("from", "to", "direction").iter_rows():
        step = ranks[end] - ranks[start]
        assert direction == ("stay" if step == 0 else "down" if step > 0 else "up")
    given_ = migration(shop, "recency", before="1998-01-01", best_first=["sleeping", "active"])
    directions = {(start, end): way for start, end, way in given_.frame.select("from", "to", "direction").iter_rows()}
    assert directions["active", "sleeping"] == "up"
    assert directions["sleeping", "active"] == "down"
    assert directions["lost", "lost"] == "stay"
    assert directions["lost", "active"] == directions["active", "silent"] == "none"
    assert "sleeping, active" in given_.definition.en
    assert "sleeping、active" in given_.definition.zh
    balance = migration_balance(shop, "recency", before="1998-01-01").frame
    sums = frame.group_by("direction").agg(pl.col("customers", "revenue").sum())
    assert {row[0]: row[1:] for row in balance.select("direction", "customers", "revenue").iter_rows()} == {
        "none": (0, 0),
        **{row[0]: row[1:] for row in sums.iter_rows()},
    }


def test_subjects_other_than_customers_have_no_revenue() -> None:
    items = pl.DataFrame(
        {
            "order": ["1", "1", "2"],
            "product": ["p", "q", "p"],
            "customer": ["a", "a", "a"],
            "paid_at": [dt.datetime(2025, 1, day, tzinfo=dt.UTC) for day in (1, 1, 9)],
        }
    )
    orders = items.select("order", "customer", "paid_at").unique()
    rules = rulecrm.loads(
        'timezone "UTC"\ncurrency CNY\nclassify sold of product { well when count(item) >= 2 little otherwise }\n'
        "classify often { often when count(purchase) >= 2 once otherwise }"
    )
    shop = Shop.of(rules, rulecrm.Facts.from_frames(orders=orders, items=items), as_of="2025-02-01")
    figure = migration(shop, "sold", before="2025-01-05")
    assert found(figure.frame) == {("little", "well"): (1, 0), ("little", "little"): (1, 0)}
    assert figure.frame["revenue"].null_count() == 4
    assert figure.currency is None
    assert figure.definition.en.startswith("How many products")
    with pytest.raises(RulesError, match="nobody can move between them") as error:
        migration(shop, "sold", to="often")
    assert error.value.diagnostics[0].code == "R826"
