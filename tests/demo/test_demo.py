"""The demo tells the truth about its data, in 80 columns, and leaves behind what it says."""

from __future__ import annotations

import datetime as dt
import io
import xml.etree.ElementTree as ET
from collections import Counter
from contextlib import nullcontext
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from rich.console import Console

import rulecrm
from rulecrm.demo.make_cdnow import orders
from rulecrm.demo.shop import open_shop
from rulecrm.demo.show import BEFORE, NOW, migration, segments, show
from rulecrm.demo.terminal import draw_flow
from rulecrm.draw.flow import flow_of
from rulecrm.draw.sankey import to_sankey

ZONE = ZoneInfo("America/New_York")
COLOURS = {"a": "#ff0000", "b": "#00ff00", "c": "#0000ff"}


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(files("rulecrm.demo").joinpath("cdnow.parquet").read_bytes()))


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo")
    text = io.StringIO()
    show(folder, console=Console(file=text, width=80, highlight=False), progress=nullcontext)
    return folder, text.getvalue()


def test_the_data_set_is_whole(frame: pl.DataFrame) -> None:
    # the figures that the data set is published with
    assert frame.height == 69_659
    assert frame["customer"].n_unique() == 23_570
    assert frame["quantity"].sum() == 167_881
    assert frame["amount"].sum() == Decimal("2500315.63")
    assert frame["paid_at"].min() == dt.datetime(1997, 1, 1, tzinfo=ZONE)
    assert frame["paid_at"].max() == dt.datetime(1998, 6, 30, tzinfo=ZONE)
    assert frame.group_by("customer").agg(pl.col("paid_at").min())["paid_at"].max() == dt.datetime(
        1997, 3, 25, tzinfo=ZONE
    )


def test_a_line_of_the_text_is_a_row() -> None:
    text = (
        " customer_id  date number_of_cds  dollar_value\r\n 00001 19970101  1   11.77\r\n 00002 19970712  5   77.00\r\n"
    )
    assert orders(text).rows() == [
        ("00001", "00001", dt.datetime(1997, 1, 1, 5, tzinfo=dt.UTC), 1, Decimal("11.77")),
        ("00002", "00002", dt.datetime(1997, 7, 12, 4, tzinfo=dt.UTC), 5, Decimal("77.00")),
    ]


def test_its_rules_are_laid_out_and_its_tests_hold() -> None:
    text = files("rulecrm.demo").joinpath("cdnow.rules").read_text("utf-8")
    assert rulecrm.format_text(text) == text
    outcomes = rulecrm.loads(text).run_tests()
    assert len(outcomes) == 7
    assert all(outcome.passed for outcome in outcomes)


def test_segments_are_those_that_plain_python_finds(frame: pl.DataFrame, tmp_path: Path) -> None:
    shop = open_shop(tmp_path)
    rules, facts = rulecrm.load(shop.rules), rulecrm.Facts.open(shop.facts)
    before, now = (rules.evaluate(facts, as_of=instant) for instant in (BEFORE, NOW))

    days: dict[str, list[dt.date]] = {}
    spent: Counter[str] = Counter()
    for customer, at, amount in frame.select("customer", "paid_at", "amount").iter_rows():
        days.setdefault(customer, []).append(at.astimezone(ZONE).date())
        spent[customer] += int(amount * 100)

    def label(customer: str, today: dt.date) -> str:
        last = max(day for day in days[customer] if day <= today)
        idle = (today - last).days  # both are midnights in New York, and days are calendar days
        return "active" if idle <= 60 else "silent" if idle <= 120 else "sleeping" if idle <= 240 else "lost"

    january, july = dt.date(1998, 1, 1), dt.date(1998, 7, 1)
    assert migration(before, now) == Counter((label(one, january), label(one, july)) for one in days)

    found = {row["segment"]: row for row in segments(before, now).iter_rows(named=True)}
    once = {one for one in days if len(days[one]) == 1 and (july - days[one][0]).days > 60}
    assert found["one_and_done"]["size"] == len(once)
    assert found["one_and_done"]["revenue"] * 100 == sum(spent[one] for one in once)
    loyal = {one for one in days if len(days[one]) >= 4 and label(one, july) in ("active", "silent")}
    assert set(now.segment("loyal")["customer"]) == loyal - set(now.segment("champions")["customer"])


def test_it_fits_in_80_columns(said: tuple[Path, str]) -> None:
    tall = [line for line in said[1].splitlines() if "rulecrm e" not in line and str(said[0]) not in line]
    assert max(map(len, tall)) <= 80


def test_it_leaves_what_it_says(said: tuple[Path, str]) -> None:
    folder, text = said
    for name in ("result.parquet", "migration.svg", "cdnow.rules"):
        assert str(folder / name) in text
    assert pl.read_parquet(folder / "result.parquet").height == 23_570
    ET.parse(folder / "migration.svg")


def test_a_file_that_was_changed_is_kept(tmp_path: Path) -> None:
    shop = open_shop(tmp_path)
    shop.rules.write_text("segment mine = count(purchase) >= 1\n", "utf-8")
    assert open_shop(tmp_path).rules.read_text("utf-8") == "segment mine = count(purchase) >= 1\n"


def test_nodes_and_ribbons_are_as_high_as_they_count() -> None:
    flow = flow_of(["a", "b"], {("a", "a"): 1, ("a", "b"): 2, ("b", "b"): 5}, gap=0.2)
    # eight customers share 0.8 of the height
    assert [(node.label, node.size, round(node.top, 9), round(node.bottom, 9)) for node in flow.left] == [
        ("a", 3, 0.0, 0.3),
        ("b", 5, 0.5, 1.0),
    ]
    assert [(node.size, round(node.top, 9), round(node.bottom, 9)) for node in flow.right] == [
        (1, 0.0, 0.1),
        (7, 0.3, 1.0),
    ]
    assert [(ribbon.origin, ribbon.target, ribbon.size) for ribbon in flow.ribbons] == [
        ("b", "b", 5),
        ("a", "b", 2),
        ("a", "a", 1),
    ]
    down = flow.ribbons[1]
    assert [round(y, 9) for y in (*down.left, *down.right)] == [0.1, 0.3, 0.3, 0.5]
    assert down.at(0) == down.left
    assert [round(y, 9) for y in down.at(0.5)] == [0.2, 0.4]


@pytest.mark.parametrize("coloured", [True, False])
def test_a_drawing_keeps_to_its_frame_and_shows_even_one_customer(coloured: bool) -> None:
    flow = flow_of(["a", "b", "c"], {("a", "a"): 10_000, ("b", "c"): 1})
    lines = draw_flow(flow, COLOURS, width=60, height=12, coloured=coloured)
    assert len(lines) == 12
    assert max(line.cell_len for line in lines) <= 60
    text = "\n".join(line.plain for line in lines)
    assert "a 10,000" in text
    assert "b      1" in text
    if not coloured:
        assert "▓" in text


def test_a_picture_is_well_formed_and_says_its_numbers() -> None:
    flow = flow_of(["a", "b"], {("a", "b"): 1_234, ("b", "b"): 5})
    picture = to_sankey(flow, COLOURS, title="Here & there", ends=("then", "now"))
    root = ET.fromstring(picture)
    assert len(root.findall("{*}path")) == 2
    assert "1,234 customers: a → b" in picture
    assert picture == to_sankey(flow, COLOURS, title="Here & there", ends=("then", "now"))
