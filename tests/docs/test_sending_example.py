"""The example that sends runs as a program of its own, prints what stands beside it, and keeps its promises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import rulecrm
from rulecrm import Routes
from rulecrm.plugin import Context, key_of
from rulecrm.state import Ledger
from tests.docs.pages import ROOT

EXAMPLE = ROOT / "examples" / "sending"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What it printed, and the folder that it filled."""
    folder = tmp_path_factory.mktemp("sending")
    known = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "RULECRM_LINKS": "0123456789abcdef"}
    words = [sys.executable, "-W", "error", str(EXAMPLE / "run.py"), str(folder)]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", env=known, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout, folder


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_it_prints_what_stands_beside_it(ran: tuple[str, Path]) -> None:
    assert ran[0] == (EXAMPLE / "run.txt").read_text("utf-8")


def test_each_message_is_sent_once_and_none_to_who_said_no(ran: tuple[str, Path]) -> None:
    _, folder = ran
    mail, sms = lines(folder / "mail.jsonl"), lines(folder / "sms.jsonl")
    keys = [one["key"] for one in (*mail, *sms)]
    assert len(keys) == len(set(keys)) > 100
    with Ledger.open(f"sqlite:///{folder / 'crm.db'}") as ledger:
        told = ledger.receipts.frame()
        decisions = ledger.decisions().filter(action="send")
        left = dict(told.filter(kind="unsubscribe").select("customer", "at").iter_rows())
        tried = {customer: ledger.export(customer)["attempts"] for customer in left}
    for customer, at in left.items():
        mails = [one["begun"] for one in tried[customer] if one["channel"] == "email"]
        assert mails
        assert max(mails) < f"{at:%Y-%m-%dT%H:%M:%S}", "who has unsubscribed got another mail"
    assert {one["customer"] for one in sms} & set(left), "they agreed to SMS still"
    silent = decisions.filter(decisions["outcome"].is_in(["control", "holdout", "no consent", "suppressed"]))
    assert silent.height > 20
    assert not {key_of(decision, choice) for decision in silent["decision"] for choice in (0, 1)} & set(keys)
    clicked, staff = (
        set(told.filter(kind="click")["customer"]),
        {one["customer"] for one in lines(folder / "staff.jsonl")},
    )
    assert staff <= clicked
    assert staff


def test_languages_and_links(ran: tuple[str, Path]) -> None:
    mail = [one for one in lines(ran[1] / "mail.jsonl") if one["template"] == "thanks"]
    assert {one.get("language") for one in mail} == {"zh", None}
    for one in mail:
        assert ("谢谢" in one["subject"]) == (one.get("language") == "zh")
        assert "https://crm.example.com/r/c/" in one["html"]
        assert one["unsubscribe"].startswith("https://crm.example.com/r/u/")


def test_its_rules_are_tidy_and_its_settings_are_read(tmp_path: Path) -> None:
    path = EXAMPLE / "shop.rules"
    assert rulecrm.format_text(path.read_text("utf-8")) == path.read_text("utf-8")
    rules = rulecrm.load(path)
    assert rules.warnings == ()
    routes = Routes.load(EXAMPLE / "sending.toml", context=Context(folder=str(tmp_path)))
    assert routes.check(rules.program) == []
    assert [one.name for one in routes.routes] == ["mail", "sms", "staff"]
