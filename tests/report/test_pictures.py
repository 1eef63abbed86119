"""Pictures: every mark in a colour that has a role, nothing loaded, and none where nothing can be said."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from rulecrm import RulesError
from rulecrm.insight import Figure, Words
from rulecrm.report import NAMES, picture
from rulecrm.report.numbers import number
from rulecrm.report.page import _tiles
from rulecrm.report.palette import HEAT, ROLES, in_page
from rulecrm.report.pictures.charts import library
from tests.report import figures
from tests.report.test_page import _contrast

COLOUR = re.compile(r"(?:fill|stroke)=\"([^\"]*)\"")


def test_every_picture_is_tried() -> None:
    assert sorted({make().name for make in figures.ALL} | {"repurchase_rate"}) == sorted(
        set(NAMES) | {"second_purchase"}
    )


@pytest.mark.parametrize("make", figures.ALL, ids=lambda make: make.__name__)
def test_it_is_drawn_in_colours_that_have_roles(make: Callable[[], Figure]) -> None:
    figure = make()
    drawn = picture(figure)
    assert drawn is not None
    root = ET.fromstring(drawn.svg)
    size = {"{http://www.w3.org/2000/svg}" + name for name in ("path", "rect", "line", "text")}
    assert sum(one.tag in size for one in root.iter()) > 5
    assert figure.title.en in drawn.svg
    for word in ("<style", "<script", "<image", "http://", "https://"):
        assert word not in drawn.svg.replace("http://www.w3.org/2000/svg", "")
    inside = drawn.inline("k")
    colours = set(COLOUR.findall(inside)) - {"none", "transparent"}
    assert colours
    assert all(re.fullmatch(r"var\(--\w+\)", one) for one in colours), colours
    assert in_page(inside) == inside
    light = {one for one, _ in ROLES.values()}
    assert set(COLOUR.findall(drawn.svg)) - {"none", "transparent"} <= light
    assert set(COLOUR.findall(drawn.darkened().svg)) - {"none", "transparent"} <= {one for _, one in ROLES.values()}


def test_it_speaks_the_language() -> None:
    drawn = picture(figures.kpi_values(), language="zh", dark=True)
    assert drawn is not None
    assert "核心指标" in drawn.svg
    assert "万" in drawn.svg
    assert drawn.png.startswith(b"\x89PNG")
    assert drawn._repr_mimebundle_()["image/svg+xml"] == drawn._repr_svg_() == drawn.svg


@pytest.mark.parametrize("make", figures.ALL, ids=lambda make: make.__name__)
def test_what_cannot_be_concluded_has_no_picture(make: Callable[[], Figure]) -> None:
    figure = make()
    assert picture(figures.figure(figure.name, figure.frame.clear())) is None
    numbers = [name for name, dtype in figure.frame.schema.items() if dtype.is_float()]
    unknown = figure.frame.with_columns(pl.lit(None, pl.Float64).alias(name) for name in numbers)
    drawn = picture(figures.figure(figure.name, unknown))
    if figure.name not in ("migration", "rfm_grid", "buying_times", "order_shares"):  # counts are known
        assert drawn is None


def test_a_figure_of_another_name_has_no_picture() -> None:
    words = Words("a", "b")
    assert picture(Figure("stranger", words, words, pl.DataFrame({"a": [1]}))) is None


@pytest.mark.parametrize("dark", [False, True])
def test_what_is_written_can_be_read(dark: bool) -> None:
    def rgb(role: str) -> str:
        code = ROLES[role][dark]
        return ",".join(str(int(code[at : at + 2], 16)) for at in (1, 3, 5))

    for step in range(HEAT):
        assert _contrast(rgb(f"heat{step}"), rgb(f"on{step}")) >= 4.5, step
    for role in ("ink", "dim", "accent", "up", "down"):
        assert _contrast(rgb("paper"), rgb(role)) >= 4.5, role
        assert _contrast(rgb("heat0"), rgb(role)) >= 4.5, role
    for place in range(8):
        assert _contrast(rgb("paper"), rgb(f"c{place}")) >= 3, place


@pytest.mark.parametrize("module", ["altair", "vl_convert"])
def test_a_missing_extra_is_said(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(RulesError, match=r"rulecrm\[report\]") as error:
        library()
    assert error.value.diagnostics[0].code == "R870"


def test_the_same_figure_gives_the_same_picture() -> None:
    made = [picture(figures.order_shares()) for _ in range(2)]
    assert made[0] is not None
    assert made[1] is not None
    assert made[0].svg == made[1].svg


def test_a_whole_is_not_among_its_own_factors() -> None:
    rows = [
        ("sales", "sales", 100.0, 130.0, 30.0, 1.0),
        ("sales", "buyers", 10.0, 12.0, 20.0, 0.6667),
        ("sales", "value", 10.0, 10.8, 10.0, 0.3333),
    ]
    names = ["kpi", "factor", "before", "now", "contribution", "share"]
    drawn = picture(figures.figure("kpi_parts", pl.DataFrame(rows, schema=names, orient="row")))
    assert drawn is not None
    assert drawn.drawn.marks.count("<rect") == 3
    assert "100 → 130" in drawn.svg
    assert "+60" not in drawn.svg


def test_what_a_period_has_come_to_so_far_is_no_fall() -> None:
    """It is drawn dashed, and the large number is that of the last period that is over."""
    over = figures.kpi_values()
    last = pl.col("start") == pl.col("start").max()
    running = over.frame.with_columns(
        ~last.alias("complete"), pl.when(last).then(pl.col("value") / 1_000).otherwise("value").alias("value")
    )
    drawn, whole = picture(figures.figure("kpi_values", running)), picture(over)
    assert drawn is not None
    assert whole is not None
    assert "stroke-dasharray" in drawn.svg
    assert "stroke-dasharray" not in whole.svg
    tiles = _tiles(figures.figure("kpi_values", running))
    before = running.filter(pl.col("kpi") == "sales", ~last).get_column("value").item(-1)
    assert f"<b>{number(before)}</b>" in tiles
    so_far = running.filter(pl.col("kpi") == "sales").get_column("value").item(-1)
    assert f"so far {number(so_far)}" in tiles
