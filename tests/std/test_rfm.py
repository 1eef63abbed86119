"""The square of recency against loyalty, cell by cell: twenty-five customers, one for each pair of scores."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

import rulecrm

AS_OF = dt.datetime(2025, 2, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def groups() -> dict[str, str]:
    """Groups by customer. `r4l2` last bought on the fourth of five days, twice, for 20 in all.

    Five customers share each day and five each count, so that both scores are the numbers in the name: with 25 buyers
    and 5·(k−1) of them below, the score is 5·(k−1)·5 // 25 + 1 = k.
    """
    rows = [
        {
            "order": f"r{recency}l{loyalty}-{number}",
            "customer": f"r{recency}l{loyalty}",
            "at": dt.datetime(2025, 1, recency, hour=number, tzinfo=dt.UTC)
            if number == 5
            else dt.datetime(2024, 12, number, tzinfo=dt.UTC),
        }
        for recency in range(1, 6)
        for loyalty in range(1, 6)
        for number in range(6 - loyalty, 6)
    ]
    orders = pl.DataFrame(rows).select(
        "order", "customer", placed_at="at", paid_at="at", amount=pl.lit(Decimal(10), pl.Decimal(10, 2))
    )
    facts = rulecrm.Facts.from_frames(orders=orders, customers=pl.DataFrame({"customer": ["nobody"]}))
    rules = rulecrm.loads('import "std/rfm.rules"')
    table = rules.evaluate(facts, as_of=AS_OF).table()
    return dict(zip(table.get_column("customer"), table.get_column("rfm_group").cast(pl.String), strict=True))


SQUARE = {
    5: ("new", "potential_loyalist", "loyal", "champions", "champions"),
    4: ("promising", "potential_loyalist", "loyal", "champions", "champions"),
    3: ("about_to_sleep", "about_to_sleep", "needs_attention", "loyal", "loyal"),
    2: ("hibernating", "hibernating", "at_risk", "at_risk", "at_risk"),
    1: ("lost", "hibernating", "at_risk", "cannot_lose", "cannot_lose"),
}
"""By recency score, for loyalty scores 1 to 5."""


@pytest.mark.parametrize("recency", SQUARE)
@pytest.mark.parametrize("loyalty", range(1, 6))
def test_each_cell_is_one_group(recency: int, loyalty: int, groups: dict[str, str]) -> None:
    assert groups[f"r{recency}l{loyalty}"] == SQUARE[recency][loyalty - 1]


def test_one_who_never_bought_is_a_prospect_and_moves_no_fifth(groups: dict[str, str]) -> None:
    assert groups["nobody"] == "prospect"
    assert len(groups) == 26
