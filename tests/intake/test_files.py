"""Files of sellers into a store: seen for what they are, summed up, kept once, under the keys of the account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from attrs import evolve
from click.testing import CliRunner

from rulecrm import RulesError
from rulecrm.intake.files import import_files, open_file
from rulecrm.lake import FactStore
from rulecrm.plugin import ALLOWED, Batch, FileFormat, PlatformType, Recognised, Registry, Sample
from rulecrm.sheets import by_columns, frames, identifier, instant, latest, money, take, text

NOW = dt.datetime(2025, 11, 11, tzinfo=dt.UTC)
COLUMNS = ("Order no", "Buyer", "Total", "State", "Ordered")


def _recognise(sample: Sample) -> Recognised | None:
    found = by_columns(sample, COLUMNS, {"the only generation": COLUMNS})
    return None if found is None else evolve(found, asks=("currency",))


def _read(sample: Sample, said: Mapping[str, str]) -> Iterator[Batch]:
    import polars as pl

    for chunk in frames(sample, of="orders"):
        cells = {
            "order": identifier("Order no", needed=True), "customer": text("Buyer"), "amount": money("Total"),
            "status": text("State"), "placed_at": instant("Ordered", ("%Y-%m-%d %H:%M",), said.get("zone", "UTC")),
        }  # fmt: skip
        rows, refused = take(chunk.frame, "orders", cells, sample)
        rows = latest(rows, ["placed_at"]).with_columns(currency=pl.lit(said["currency"]))
        yield Batch({"orders": rows.select(pl.exclude("^#.*$"))}, refused=[*chunk.refused, *refused])


FORMAT = FileFormat("mall-orders", "Orders → Export", _recognise, _read, (COLUMNS,))
MALL = PlatformType("mall", lambda channel, purpose: ALLOWED, "a mall", files=(FORMAT,))
REGISTRY = Registry(platforms={"mall": MALL})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    rows = [
        ",".join(COLUMNS),
        "001,ann,12.50,paid,2025-11-01 10:00",
        "002,ben,x,paid,2025-11-02 10:00",
        "003,ann,3,open,2025-11-03 10:00",
    ]
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def test_a_file_is_kept_under_the_keys_of_its_account(tmp_path: Path, file: Path) -> None:
    opened = open_file(file, currency="EUR", shop="north", registry=REGISTRY)
    (done,) = import_files([opened], tmp_path / "shop", now=NOW, registry=REGISTRY)
    assert done.form == "mall-orders"
    tally = done.tallies["orders"]
    assert (tally.received, tally.stored, tally.unchanged, tally.quarantined) == (3, 2, 0, 1)
    scan = FactStore.open(tmp_path / "shop").scan("orders")
    assert scan is not None
    rows = scan.sort("order").collect()
    assert rows["order"].to_list() == ["north:001", "north:003"]
    assert set(rows["customer"]) == {"north:ann"}
    away = FactStore.open(tmp_path / "shop").quarantine().collect()
    assert away["place"].to_list() == ["orders.csv, line 3"]
    assert "ben" in away["original"][0]
    assert (done.summary.orders, done.summary.buyers) == (2, 1)


def test_the_same_file_again_stores_nothing(tmp_path: Path, file: Path) -> None:
    opened = open_file(file, currency="EUR", registry=REGISTRY)
    import_files([opened], tmp_path / "shop", now=NOW, registry=REGISTRY)
    version = FactStore.open(tmp_path / "shop").version
    (done,) = import_files([opened], tmp_path / "shop", now=NOW + dt.timedelta(days=1), registry=REGISTRY)
    assert (done.tallies["orders"].stored, done.tallies["orders"].unchanged) == (0, 2)
    assert FactStore.open(tmp_path / "shop").version == version


def test_what_the_file_does_not_tell_is_asked_for(file: Path) -> None:
    with pytest.raises(RulesError, match=r"(?s)R727.*does not tell its currency.*--currency"):
        open_file(file, registry=REGISTRY)


@pytest.mark.parametrize(
    ("said", "help_"),
    [({"zone": "Asia/Bangkog"}, "Asia/Bangkok"), ({"currency": "thb"}, "THB"), ({"shop": "a:b"}, "letters, digits")],
)
def test_what_is_said_of_a_file_must_be_so(file: Path, said: dict[str, str], help_: str) -> None:
    with pytest.raises(RulesError, match=rf"(?s)R728.*{help_}"):
        open_file(file, registry=REGISTRY, **said)


def test_a_file_that_nobody_knows_is_told_what_it_is_nearest_to(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("Order no,Buyer,Sum\n1,ann,2\n", "utf-8")
    with pytest.raises(RulesError, match=r"(?s)R721.*mall-orders"):
        open_file(path, registry=REGISTRY)


def test_the_command_wants_to_know_where_to(file: Path) -> None:
    from rulecrm.cli.app import commands

    found = CliRunner().invoke(commands, ["import", str(file)])
    assert found.exit_code == 2
    assert "--into DIR, or --dry-run" in found.output
