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
