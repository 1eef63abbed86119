"""A shop of three customers, small enough to work out by hand.

a bought on 1 January, 1 February and 1 March; b on 5 January; c on 10 February and 10 March.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import frozen

from rulecrm.cli import main

RULES = """\
timezone "Asia/Shanghai"

currency CNY

param many: int = 2

metric purchases "Purchases" = count(purchase)

segment repeat "Buys again" = purchases >= many
segment lapsed = age(last(purchase).at) > 60d

classify size "Size" {
  big "Three and more" when purchases >= 3
  small otherwise
}

test "two purchases make a repeat buyer" {
  customer "x" {
    purchase at 2025-01-01
    purchase at 2025-01-02
  }
  at 2025-01-01 expect not repeat
  at 2025-01-02 expect repeat
}
"""

ORDERS = """\
order,customer,paid_at,amount
1,a,2025-01-01T10:00:00+08:00,10.00
2,b,2025-01-05T10:00:00+08:00,20.00
3,a,2025-02-01T10:00:00+08:00,30.00
4,c,2025-02-10T10:00:00+08:00,40.00
5,a,2025-03-01T10:00:00+08:00,50.00
6,c,2025-03-10T10:00:00+08:00,60.00
"""


@frozen
class Said:
    status: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> Said:
        status = main([str(word) for word in words])
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return call


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "shop.rules"
    path.write_text(RULES, "utf-8")
    return path


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.rules"
    path.write_text("metric purchases = count(purchase)\nsegment vip = purchase_count >= 4\n", "utf-8")
    return path


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    folder = tmp_path / "facts"
    folder.mkdir()
    (folder / "orders.csv").write_text(ORDERS, "utf-8")
    return folder
