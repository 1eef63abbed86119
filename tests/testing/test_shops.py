"""The made-up shop: the same each time, and as a shop is."""

from __future__ import annotations

import datetime as dt

import polars as pl
from polars.testing import assert_frame_equal

import rulecrm
from rulecrm.testing.shops import make_shop, make_shop_frames


def test_the_same_arguments_give_the_same_shop_and_another_seed_another() -> None:
    one, again, other = (make_shop_frames(customers=200, seed=seed) for seed in (3, 3, 4))
    for name in one:
        assert_frame_equal(one[name], again[name])
    assert not one["orders"].equals(other["orders"])


def test_nothing_lies_outside_its_days_and_no_order_goes_backwards() -> None:
    frames = make_shop_frames(customers=500, start=dt.date(2025, 6, 1), days=100, zone="Europe/Berlin")
    first, end = dt.datetime(2025, 5, 31, 22, tzinfo=dt.UTC), dt.datetime(2025, 9, 8, 22, tzinfo=dt.UTC)
    for frame, name in (
        ("orders", "placed_at"),
        ("orders", "refunded_at"),
        ("events", "at"),
        ("customers", "joined_at"),
    ):
        assert frames[frame].get_column(name).drop_nulls().is_between(first, end, closed="left").all()
    assert frames["orders"].select((pl.col("placed_at") <= pl.col("paid_at")).all()).item()
    assert frames["orders"].select((pl.col("paid_at") < pl.col("delivered_at")).all()).item()


def test_some_never_buy_some_once_some_again() -> None:
    rules = rulecrm.loads(
        "classify often {\n never when count(purchase) == 0\n once when count(purchase) == 1\n again otherwise\n}"
    )
    labels = rules.evaluate(make_shop(customers=2_000), "2026-01-01").classification("often").get_column("label")
    shares = {label: (labels == label).mean() for label in ("never", "once", "again")}
    assert all(0.2 < share < 0.5 for share in shares.values()), shares
