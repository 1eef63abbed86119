"""The page in a real browser: it draws, asks for nothing, is readable, sorts, and is accessible."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rulecrm
from rulecrm.insight import Shop
from rulecrm.report import write_report
from rulecrm.testing.shops import make_shop
from tests.report import figures
from tests.report.browser import browser, watched

RULES = """timezone "Asia/Shanghai"
currency CNY
lifecycle bond "<b>Bond</b> & co" {
  start prospect "Not yet"
  state active "Active"
  prospect -> active on purchase
  active -> silent after 30d without purchase
  silent -> active on purchase
}
param feed: text = "sftp://shop:hunter2@example.com/orders"
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = Shop.of(
        rulecrm.loads(RULES, source="/home/somebody/shop.rules"), make_shop(customers=300, days=200), as_of="2025-07-01"
    )
    made = [make() for make in figures.ALL]
    return write_report(shop, tmp_path_factory.mktemp("report") / "monday.html", figures=made)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as made:
        yield made


@pytest.fixture
def opened(chromium: Any, page: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Any, list[str]]]:
    asked = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"} | getattr(request, "param", {})
    context = chromium.new_context(**asked)
    yield watched(context, page)
    context.close()


def test_it_draws_and_asks_for_nothing(opened: Any) -> None:
    tab, heard = opened
    drawn = tab.evaluate(
        """() => [...document.querySelectorAll('.picture svg')].filter((one) => one.checkVisibility()).map((svg) => {
            const box = svg.getBoundingClientRect();
            return [box.width, box.height, svg.querySelectorAll('path,rect,line,circle').length,
                svg.getAttribute('role'), svg.querySelector('title').textContent.length];
        })"""
    )
    assert len(drawn) >= len(figures.ALL) + 1
    for width, height, marks, role, title in drawn:
        assert min(width, height) > 50
        assert marks >= 2
        assert role == "img"
        assert title > 0
    assert heard == []


def test_the_policy_lets_no_other_script_run(opened: Any) -> None:
    tab, _ = opened
    tab.evaluate(
        """() => { const bad = document.createElement('script'); bad.textContent = 'window.bad = 1';
        document.body.append(bad); }"""
    )
    assert tab.evaluate("window.bad") is None


@pytest.mark.parametrize("opened", [{"viewport": {"width": 360, "height": 780}}], indirect=True)
def test_a_phone_shows_it_without_scrolling_sideways(opened: Any) -> None:
    tab, _ = opened
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    tab.select_option("#language", "zh")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    sizes = tab.evaluate(
        """() => [...document.querySelectorAll('.picture svg')].filter((one) => one.checkVisibility())
        .map((svg) => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width * 11)"""
    )
    assert min(sizes) > 6.5


def test_tables_sort_by_click_and_by_key(opened: Any) -> None:
    tab, _ = opened
    card = tab.locator("article", has=tab.locator("h3", has_text="Who brings the revenue")).first
    card.locator("summary").click()
    head = card.locator("th", has_text="Customers")

    def column() -> list[str]:
        return card.locator("tbody tr").evaluate_all("rows => rows.map((row) => row.cells[1].textContent)")

    assert column() == ["6,000", "2,000", "900", "400", "700"]
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column() == ["400", "700", "900", "2,000", "6,000"]
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert column() == ["6,000", "2,000", "900", "700", "400"]


def test_what_is_missing_comes_last_whichever_way(opened: Any) -> None:
    tab, _ = opened
    card = tab.locator("article", has=tab.locator("h3", has_text="Months of first purchase")).first
    card.locator("summary").click()
    button = card.locator("th", has_text="Share").locator("button")
    for _ in range(2):
        button.click()
        shown = card.locator("tbody tr").evaluate_all("rows => rows.map((row) => row.cells[4].textContent)")
        missing = [text == "–" for text in shown]
        assert any(missing)
        assert missing == sorted(missing)


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_dark_is_dark_and_can_be_read(opened: Any) -> None:
    tab, _ = opened
    colours = (
        "() => [document.querySelector('.card'), document.querySelector('h3'), document.querySelector('svg text')]"
    )
    colours += ".map((one, at) => getComputedStyle(one)[['backgroundColor', 'color', 'fill'][at]])"
    light = tab.evaluate(colours)
    tab.select_option("#appearance", "dark")
    dark = tab.evaluate(colours)
    assert all(a != b for a, b in zip(light, dark, strict=True))
    for paper, *inks in (light, dark):
        assert all(_contrast(paper, ink) >= 4.5 for ink in inks)
    tab.select_option("#appearance", "system")
    tab.emulate_media(color_scheme="dark")
    assert tab.evaluate(colours) == dark


def test_on_paper_there_are_definitions_and_no_switches(opened: Any) -> None:
    tab, _ = opened
    assert not tab.locator(".tip").first.is_visible()
    tab.emulate_media(media="print", color_scheme="dark")
    assert tab.locator(".tip").first.is_visible()
    assert not tab.locator(".switches").is_visible()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_a_definition_is_shown_on_focus_and_shut_by_escape(opened: Any) -> None:
    tab, _ = opened
    button = tab.locator(".define button").first
    button.focus()
    assert tab.locator(".tip").first.is_visible()
    button.press("Escape")
    assert not tab.locator(".tip").first.is_visible()


def test_chinese_is_chinese(opened: Any) -> None:
    tab, _ = opened
    tab.select_option("#language", "zh")
    assert tab.evaluate("document.documentElement.lang") == "zh-CN"
    assert "店铺报告" in tab.title()
    seen = tab.locator("main").inner_text()
    assert "2025年" in seen
    assert "How it is defined" not in seen
    assert "The definition of" not in seen


def test_a_figure_leads_to_its_rule(opened: Any) -> None:
    tab, _ = opened
    link = tab.locator("article", has=tab.locator("h3", has_text="Bond")).locator(".origin a").first
    target = tab.locator(str(link.get_attribute("href")))
    assert target.inner_text().startswith("lifecycle bond")


@pytest.mark.parametrize(
    "opened",
    [{"color_scheme": "light"}, {"color_scheme": "dark", "viewport": {"width": 360, "height": 780}}],
    indirect=True,
)
def test_nothing_stands_in_the_way_of_anybody(opened: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    tab, heard = opened
    if tab.viewport_size["width"] < 400:
        tab.select_option("#language", "zh")
    found = axe.Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    assert heard == []


def test_the_text_holds_no_secret_no_folder_and_no_markup_of_others(page: Path) -> None:
    text = page.read_text("utf-8")
    assert "hunter2" not in text
    assert "/home/somebody" not in text
    assert "<b>Bond</b>" not in text
    assert not re.search(r"(?:src|href)=\"(?!#)", text)
    assert "url(" not in text.replace("url(#", "")
    assert not re.search(r"\sstyle=\"", text)
    ids = re.findall(r"\bid=\"([^\"]+)\"", text)
    assert len(ids) == len(set(ids))
    assert "NaN" not in text
