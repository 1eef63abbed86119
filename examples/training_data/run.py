"""Features for a model that guesses who will buy again: the same rules at many instants, none of which sees the future.

What the model is to guess is the same metric, sixty days later.
"""

import datetime as dt
from importlib.resources import as_file, files
from pathlib import Path

import polars as pl

import rulecrm

HERE = Path(__file__).parent

rules = rulecrm.load(HERE / "training_data.rules")
with as_file(files("rulecrm.demo") / "cdnow.parquet") as path:
    facts = rulecrm.Facts.from_frames(orders=pl.read_parquet(path))

customers = pl.DataFrame({"customer": [f"{number:05}" for number in range(1, 23_571, 10)]})
months = pl.DataFrame({"at": [dt.datetime(1997, month, 1, 5, tzinfo=dt.UTC) for month in (7, 8, 9, 10)]})
points = customers.join(months, how="cross")

features = rules.evaluate_at(facts, points)
later = rules.evaluate_at(facts, points.with_columns(pl.col("at").dt.offset_by("60d")), only=["purchases"])
data = features.with_columns(again=later["purchases"] > features["purchases"])

print(data.columns)
print(f"{data.height:,} rows, {data['again'].mean():.1%} bought again within sixty days")
by_recent = (
    data.group_by(recent=pl.col("recent").clip(upper_bound=3)).agg(pl.len(), pl.col("again").mean()).sort("recent")
)
for recent, rows, share in by_recent.iter_rows():
    print(
        f"{recent}{'+' if recent == 3 else ' '} purchases in the last 90 days: {rows:5,} rows, {share:.1%} bought again"
    )
