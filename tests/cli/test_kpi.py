"""`rulecrm kpi` prints the kpis of the shop of three customers, period by period."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

KPIS = """\
timezone "Asia/Shanghai"
currency CNY
kpi buyers = population count(exists(purchase in period))
kpi turnover "Turnover" = population sum(sum(purchase.amount in period)) every month alert when change > 100%
kpi each = turnover / buyers
"""
SHOWN = ["2025-01-01 2025-01-31", "2025-02-01 2025-02-28", "2025-03-01 2025-03-31"]


@pytest.fixture
def kpis(tmp_path: Path) -> Path:
    path = tmp_path / "kpi.rules"
    path.write_text(KPIS, "utf-8")
    return path


def test_the_table_has_a_line_for_each_period(run: Any, kpis: Path, facts: Path) -> None:
    said = run("kpi", kpis, "--facts", facts, "--as-of", "2025-03-15", "--periods", 2, "--only", "turnover")
    assert (said.status, said.err) == (0, "")
    head, blank, *rest = said.out.splitlines()
    assert (head, blank) == ("kpi.rules as of 2025-03-15 00:00 Asia/Shanghai", "")
    lines = [line.split() for line in rest]
    assert lines[0] == ["turnover", "—", "Turnover"]
    assert lines[1] == ["from", "to", "value", "before", "change"]
    # Nobody bought in December; 10 + 20, then 30 + 40; in March 50 + 60 so far.
    assert lines[2] == [*SHOWN[0].split(), "30.00", "CNY", "–", "–"]
    assert lines[3] == [*SHOWN[1].split(), "70.00", "CNY", "30.00", "CNY", "+133.3%", "alarm"]
    assert lines[4] == [*SHOWN[2].split(), "110.00", "CNY", "–", "–", "not", "over", "yet"]


def test_json_holds_every_column(run: Any, kpis: Path, facts: Path) -> None:
    said = run("kpi", kpis, "--facts", facts, "--as-of", "2025-04-01", "--periods", 1, "--format", "json")
    found = {row["kpi"]: row for row in json.loads(said.out) if row["complete"]}
    assert {name: row["value"] for name, row in found.items()} == {"buyers": 2.0, "turnover": 110.0, "each": 55.0}
    assert found["each"]["amount"] == "55.0000"
    assert found["turnover"]["previous"] == 70.0


def test_csv_has_a_heading(run: Any, kpis: Path, facts: Path) -> None:
    said = run("kpi", kpis, "--facts", facts, "--as-of", "2025-04-01", "--periods", 1, "--format", "csv")
    assert said.out.splitlines()[0].split(",")[:6] == ["kpi", "type", "start", "end", "complete", "value"]


def test_alarms_alone_and_a_status_for_them(run: Any, kpis: Path, facts: Path) -> None:
    words = ("kpi", kpis, "--facts", facts, "--alerts", "--format", "csv")
    said = run(*words, "--as-of", "2025-03-15", "--periods", 2)
    assert said.status == 1
    assert [line.split(",")[:3] for line in said.out.splitlines()[1:]] == [["turnover", "money", "2025-02-01"]]
    assert run(*words, "--as-of", "2025-04-01", "--periods", 1).status == 0


def test_another_unit_and_a_range(run: Any, kpis: Path, facts: Path) -> None:
    words = ("kpi", kpis, "--facts", facts, "--as-of", "2025-04-01", "--only", "turnover", "--format", "json")
    said = run(*words, "--every", "quarter", "--start", "2025-01-01", "--end", "2025-04-01")
    assert [(row["start"], row["end"], row["value"]) for row in json.loads(said.out)] == [
        ("2025-01-01", "2025-04-01", 210.0)
    ]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--only", "turnovr"), "R120"),
        (("--periods", "0"), "R855"),
        (("--start", "2025-03-01", "--end", "2025-01-01"), "R855"),
        (("--start", "2025-01-01", "--end", "2025-03-01", "--periods", "1"), "R855"),
    ],
)
def test_a_mistake_is_told(run: Any, kpis: Path, facts: Path, words: tuple[str, ...], code: str) -> None:
    said = run("kpi", kpis, "--facts", facts, "--as-of", "2025-04-01", *words)
    assert said.status == 1
    assert code in said.err


def test_a_file_without_kpis_has_nothing_to_show(run: Any, rules: Path, facts: Path) -> None:
    said = run("kpi", rules, "--facts", facts, "--as-of", "2025-04-01")
    assert said.status == 0
    assert said.out.splitlines()[1].startswith("nothing to show")
