"""The demo's folder: its rules and its facts, copied out of the package so that they can be played with.

In: a folder. Out: `cdnow.rules` and `facts/orders.parquet` in it.
Invariant: a file of the folder that differs from ours is left alone: somebody has been playing.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from attrs import frozen

__all__ = ["Shop", "open_shop"]


@frozen
class Shop:
    """Where the demo's files lie."""

    folder: Path
    rules: Path
    facts: Path
    result: Path
    picture: Path


def open_shop(folder: Path) -> Shop:
    """Make the folder and write what it lacks.

    Raises:
        OSError: the folder cannot be written.
    """
    shop = Shop(
        folder=folder,
        rules=folder / "cdnow.rules",
        facts=folder / "facts",
        result=folder / "result.parquet",
        picture=folder / "migration.svg",
    )
    shop.facts.mkdir(parents=True, exist_ok=True)
    package = files("rulecrm.demo")
    for source, target in (("cdnow.rules", shop.rules), ("cdnow.parquet", shop.facts / "orders.parquet")):
        if not target.exists():
            target.write_bytes(package.joinpath(source).read_bytes())
    return shop
