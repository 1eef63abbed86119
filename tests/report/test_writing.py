"""`write_report` and `rulecrm report`: what is impossible is said, what is asked wrongly is a diagnostic."""

from __future__ import annotations

from html import escape
from pathlib import Path

import polars as pl
import pytest

import rulecrm
from rulecrm import RulesError
from rulecrm.cli import main
from rulecrm.insight import Figure, Shop, Words, campaign_effect, kpi_values
from rulecrm.report import write_report
from rulecrm.report.tables import table
from rulecrm.testing.shops import make_shop

RULES = """timezone "Asia/Shanghai"
currency CNY
segment bought = exists(purchase)
template hello for sms "hello"
campaign care {
  enter on purchase
  send sms hello
}
"""
ORDERS = """order,customer,paid_at,amount,currency
1,a,2025-01-01T10:00:00+08:00,10.00,CNY
2,b,2025-01-05T10:00:00+08:00,20.00,CNY
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts" / "orders.csv").write_text(ORDERS, "utf-8")
    (tmp_path / "shop.rules").write_text(RULES, "utf-8")
    return tmp_path


def test_a_command_writes_the_page_and_its_pictures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["report", folder / "shop.rules", "--facts", folder / "facts", "--as-of", "2025-02-01", "--language", "zh"]
    words += ["--out", folder / "monday.html", "--pictures", folder / "pictures"]
    assert main([str(word) for word in words]) == 0
    assert "wrote" in capsys.readouterr().err
    text = (folder / "monday.html").read_text("utf-8")
    assert '<html lang="zh-CN" data-show="zh">' in text
    assert "2025年2月1日 00:00" in text
    assert str(folder) not in text
    assert {one.suffix for one in (folder / "pictures").iterdir()} == {".svg", ".png"}


def test_a_ledger_that_is_not_there_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{folder / 'none.db'}"
    words = ["report", folder / "shop.rules", "--facts", folder / "facts", "--state", url, "--out", folder / "x.html"]
    assert main([str(word) for word in words]) == 1
    assert "error[" in capsys.readouterr().err
    assert not (folder / "none.db").exists()
    assert not (folder / "x.html").exists()


def shop_of(**columns: object) -> Shop:
    orders = pl.DataFrame(
        {"order": ["1", "2"], "customer": ["a", "b"], "paid_at": ["2025-01-01", "2025-01-05"]} | columns
    )
    orders = orders.with_columns(pl.col("paid_at").str.to_datetime().dt.replace_time_zone("UTC"))
    return Shop.of(rulecrm.loads(RULES), rulecrm.Facts.from_frames(orders=orders), as_of="2025-02-01")


def test_what_is_asked_wrongly_is_a_diagnostic(tmp_path: Path) -> None:
    shop = shop_of()
    for asked, code in (({"campaigns": ["cari"]}, "R120"), ({"campaigns": ["care"]}, "R871"), ({"since": "x"}, "R800")):
        with pytest.raises(RulesError) as error:
            write_report(shop, tmp_path / "x.html", **asked)  # type: ignore[arg-type]
        assert error.value.diagnostics[0].code == code
    assert not (tmp_path / "x.html").exists()


def test_facts_without_amounts_are_said_in_words(tmp_path: Path) -> None:
    text = write_report(shop_of(), tmp_path / "x.html").read_text("utf-8")
    assert 'class="remarks"' in text
    assert "NaN" not in text
    assert "Traceback" not in text


def test_amounts_in_two_currencies_without_a_rate_are_said(tmp_path: Path) -> None:
    shop = shop_of(amount=["1.00", "2.00"], currency=["CNY", "USD"])
    try:
        text = write_report(shop, tmp_path / "x.html").read_text("utf-8")
    except RulesError as error:
        text = str(error)
    assert "USD" in text


KPIS = """
kpi buyers "Buyers" = population count(exists(purchase in period)) every month
kpi orders "Orders" = population sum(count(purchase in period)) every month
kpi frequency "Orders per buyer" = orders / buyers
"""


def test_every_remark_is_there_and_campaigns_and_kpis_are_drawn(tmp_path: Path) -> None:
    facts = make_shop(customers=200, days=150)
    rules = rulecrm.loads(RULES.replace("send sms hello", "control 30%\n  send sms hello") + KPIS)
    with rulecrm.Engine(rules, facts, state="sqlite://", start="2025-03-01") as engine:
        engine.advance(to="2025-05-15")
        shop = Shop.of(rules, facts, as_of="2025-05-15", engine=engine)
        text = write_report(shop, tmp_path / "x.html").read_text("utf-8")
        remarks = kpi_values(shop).remarks + campaign_effect(shop, "care").remarks
    assert remarks
    assert all(f"{escape(one.words.en)}" in text and escape(one.words.zh) in text for one in remarks)
    assert 'id="campaigns"' in text
    assert "Orders per buyer" in text


def test_labels_of_the_shop_stay_as_they_are() -> None:
    """`potential` is a role of products in our words, and here a label of customers."""
    words = Words("Moves", "流转")
    frame = pl.DataFrame({"from": ["potential"], "direction": ["up"], "customers": [3]})
    shown = table(Figure("migration", words, words, frame), "UTC", "t")
    assert "<td>potential</td>" in shown
    assert "潜力款" not in shown
    assert "向上" in shown
