"""`rulecrm audience` and `rulecrm post`: what the words of a command line come to. (Channels are tested with the engine.)"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

RULES = """\
param store: text = "Tea & Co"

segment buyers = count(purchase) >= 1

template news for social "{{ store }}: {{ what }}"
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "shop.rules"
    path.write_text(RULES, "utf-8")
    (tmp_path / "sending.toml").write_text('[routes.wall]\nuse = "console"\nchannel = "social"\naddress = "phone"\n')
    return path


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    return ["--state", f"sqlite:///{tmp_path}/crm.db", "--settings", str(tmp_path / "sending.toml")]


def test_a_dry_post_shows_the_words(run: Run, rules: Path, words: list[str]) -> None:
    said = run("post", rules, "news", *words, "--route", "wall", "--with", "what=New tea", "--dry-run")
    assert (said.status, said.out) == (0, "news by wall: not done\nTea & Co: New tea\n")
    said = run("post", rules, "news", *words, "--route", "wall", "--with", "what=x", "--dry-run", "--format", "json")
    assert json.loads(said.out)["text"] == "Tea & Co: x"


def test_a_route_that_cannot_post_is_named(run: Run, rules: Path, words: list[str]) -> None:
    said = run("post", rules, "news", *words, "--route", "wall", "--with", "what=x")
    assert said.status == 1
    assert "R494" in said.err
    assert "the route `wall` (`console`) does not post" in said.err


def test_what_the_post_lacks_is_named(run: Run, rules: Path, words: list[str]) -> None:
    said = run("post", rules, "news", *words, "--route", "wall")
    assert said.status == 1
    assert "R495" in said.err
    assert "`what`, which nobody gives" in said.err


def test_a_route_that_keeps_no_audiences_is_named(run: Run, rules: Path, facts: Path, words: list[str]) -> None:
    said = run("audience", rules, "buyers", "--facts", facts, *words, "--route", "wall")
    assert said.status == 1
    assert "R494" in said.err
    said = run("audience", rules, "buyer", "--facts", facts, *words, "--route", "wall")
    assert "did you mean `buyers`?" in said.err
