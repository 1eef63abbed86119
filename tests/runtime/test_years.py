"""`years(d)`: whole years by the calendar, up to T's local day."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import rulecrm

RULES = rulecrm.loads('timezone "Asia/Shanghai"\nmetric full = years(birthday)\nmetric since = years(joined_at)')


def years(birthday: dt.date | None, as_of: str) -> int | None:
    customers = pl.DataFrame({"customer": ["c1"], "birthday": pl.Series([birthday], dtype=pl.Date)})
    (value,) = RULES.evaluate(rulecrm.Facts.from_frames(customers=customers), as_of, only=["full"]).table()["full"]
    return value


@pytest.mark.parametrize(
    ("birthday", "as_of", "expected"),
    [
        ("2000-06-15", "2025-06-14T23:59", 24),
        ("2000-06-15", "2025-06-15", 25),
        ("2000-12-31", "2025-01-01", 24),
        ("2000-01-31", "2025-02-01", 25),
        ("2000-02-29", "2025-02-28", 24),
        ("2000-02-29", "2025-03-01", 25),
        ("2000-02-29", "2024-02-29", 24),
        ("2025-06-15", "2025-06-15", 0),
        (None, "2025-06-15", None),
    ],
)
def test_whole_years(birthday: str | None, as_of: str, expected: int | None) -> None:
    assert years(None if birthday is None else dt.date.fromisoformat(birthday), as_of) == expected


def test_an_instant_counts_from_its_local_day() -> None:
    joined = dt.datetime(2020, 3, 9, 16, 0, tzinfo=dt.UTC)  # 10 March in Shanghai
    facts = rulecrm.Facts.from_frames(customers=pl.DataFrame({"customer": ["c1"], "joined_at": [joined]}))
    for day, expected in (("2025-03-09", 4), ("2025-03-10", 5)):
        (value,) = RULES.evaluate(facts, day, only=["since"]).table()["since"]
        assert value == expected
