"""`rulecrm preview`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

WORDS = """
template thanks for sms "Thanks, {{ customer }}: {{ purchases }} {{ gift }} {{ coupon.SPRING }}"
template letter for email {
  subject "For {{ customer }}"
  body "<p>Hi {{ customer }}</p>"
}
campaign one {
  enter on purchase
  send sms thanks with { gift: "M10" }
}
"""


@pytest.fixture
def words(rules: Path) -> Path:
    rules.write_text(rules.read_text("utf-8") + WORDS, "utf-8")
    return rules


def test_an_sms_with_its_cost_and_its_values(run: Any, words: Path, facts: Path) -> None:
    said = run(
        "preview", words, "thanks", "--facts", facts, "--customer", "a", "--as-of", "2025-02-15", "--price", "0.045"
    )
    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines() == [
        "thanks for sms, marketing, to a",
        "",
        "text:",
        "  Thanks, a: 2 M10 ‹coupon of SPRING›",
        "",
        "25 characters of GSM-7: 1 part, 0.045 CNY",
        "",
        "filled with:",
        "  coupon.SPRING = ‹coupon of SPRING›",
        "  customer = a",
        "  gift = M10",
        "  purchases = 2",
    ]


def test_values_signature_and_notice(run: Any, words: Path, facts: Path) -> None:
    said = run(
        "preview", words, "thanks", "--facts", facts, "--customer", "a", "--as-of", "2025-02-15",
        "--with", "gift=8折", "--with", "coupon.SPRING=AB12", "--signature", "【店】", "--notice", "拒收请回复R",
    )  # fmt: skip
    assert "  【店】Thanks, a: 2 8折 AB12拒收请回复R" in said.out.splitlines()
    assert "UCS-2 because of 【 店 】 折 拒 收 请 回 复: 1 part" in said.out


def test_what_messages_give_is_worked_out_or_written_as_params_are(run: Any, rules: Path, facts: Path) -> None:
    more = """
template due for sms "{{ price | money }} {{ since | date: '%H:%M' }} {{ idle | hours }} {{ code }} {{ wish }}"
campaign two {
  enter on purchase
  send sms due with {
    price: sum(purchase.amount), since: last(purchase).at, idle: age(last(purchase).at), code: entry.order,
    wish: entry.amount
  }
}
"""
    rules.write_text(rules.read_text("utf-8") + more, "utf-8")
    words = ("preview", rules, "due", "--facts", facts, "--customer", "a", "--as-of", "2025-02-01T12:00")
    said = run(*words)
    assert said.err == ""
    assert said.out.splitlines()[3] == "  40.00 CNY 10:00 2 ‹code›"
    assert said.out.splitlines()[7:] == [
        "filled with:",
        "  code = ‹code›",
        "  idle = 2:00:00",
        "  price = 40.00 CNY",
        "  since = 2025-02-01 10:00 Asia/Shanghai",
        "  wish = (missing)",
    ]
    given = ("--with", "price=19.9 CNY", "--with", "since=2025-01-01T07:30", "--with", "idle=3h", "--with", "code=7")
    assert run(*words, *given).out.splitlines()[3] == "  19.90 CNY 07:30 3 7"
    wrong = run(*words, "--with", "price=cheap")
    assert (wrong.status, wrong.out) == (1, "")
    assert "error[R504]: `price` is of the type money, and `cheap` is none" in wrong.err


def test_a_letter_can_be_looked_at(run: Any, words: Path, facts: Path, tmp_path: Path) -> None:
    page = tmp_path / "letter.html"
    said = run("preview", words, "letter", "--facts", facts, "--customer", "b", "--html", page)
    assert said.status == 0
    assert page.read_text("utf-8") == "<p>Hi b</p>"
    assert "subject:\n  For b\n\ntext:\n  Hi b\n\nhtml:\n  <p>Hi b</p>\n" in said.out
    said = run("preview", words, "thanks", "--facts", facts, "--customer", "b", "--html", tmp_path / "no.html")
    assert "thanks has no HTML" in said.err
    assert not (tmp_path / "no.html").exists()


@pytest.mark.parametrize(
    ("asked", "status", "message"),
    [
        (("thank", "--customer", "a"), 1, "did you mean `thanks`?"),
        (("thanks", "--customer", "z"), 1, "no customer has the key `z`"),
        (("thanks", "--customer", "a", "--with", "gft=1"), 1, "did you mean `gift`?"),
        (("thanks", "--customer", "a", "--with", "gift"), 2, "is not NAME=VALUE"),
        (("thanks", "--customer", "a", "--price", "cheap"), 2, "'cheap' is no amount"),
        (("thanks",), 2, "--customer"),
    ],
)
def test_what_is_wrong(run: Any, words: Path, facts: Path, asked: tuple[str, ...], status: int, message: str) -> None:
    said = run("preview", words, asked[0], "--facts", facts, *asked[1:])
    assert said.status == status
    assert message in said.err
