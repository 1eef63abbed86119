"""Build `cdnow.parquet` from the public text file.

In: `CDNOW_master.txt`, or the wheel of `lifetimes` 0.11.3 that carries it. Out: one canonical `orders` frame on disk.
Invariant: nothing is dropped, merged or invented: a line of the text is a row of the frame, in the same order.

    pip download --no-deps lifetimes==0.11.3
    python -m rulecrm.demo.make_cdnow Lifetimes-0.11.3-py3-none-any.whl rulecrm/demo/cdnow.parquet
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

__all__ = ["main", "orders", "read_text"]

_MEMBER = "lifetimes/datasets/CDNOW_master.txt"
_ZONE = "America/New_York"


def read_text(path: Path) -> str:
    """The text of the data set, from the file itself or from inside the wheel."""
    if path.suffix != ".whl":
        return path.read_text("ascii")
    with zipfile.ZipFile(path) as wheel:
        return wheel.read(_MEMBER).decode("ascii")


def orders(text: str) -> pl.DataFrame:
    """The orders frame.

    The text has a heading, then `customer yyyymmdd CDs dollars` on each line, parted by blanks. It gives days and no
    hours: an order is put at the midnight that begins its day in New York, and numbered by its line.

    Returns:
        customer (text), order (text), paid_at (UTC), quantity (int), amount (decimal, US dollars).
    """
    import polars as pl

    lines = [line.split() for line in text.splitlines()[1:] if line.strip()]
    raw = pl.DataFrame(lines, schema=["customer", "day", "quantity", "amount"], orient="row")
    midnight = pl.col("day").str.to_datetime("%Y%m%d", time_unit="us").dt.replace_time_zone(_ZONE)
    number = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(5)
    return raw.select(
        "customer",
        order=number,
        paid_at=midnight.dt.convert_time_zone("UTC"),
        quantity=pl.col("quantity").cast(pl.Int64),
        amount=pl.col("amount").cast(pl.Decimal(10, 2)),
    )


def main(source: str, target: str) -> None:
    """Read `source`, write `target`."""
    orders(read_text(Path(source))).write_parquet(target, compression="zstd", compression_level=22)


if __name__ == "__main__":
    main(*sys.argv[1:])
