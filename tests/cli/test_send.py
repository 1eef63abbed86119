"""`send`, `letters`, `coupons`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Said
from tests.docs.pages import ROOT

RULES = """\
timezone "UTC"
template hello for sms "Hello {{ nick }}"
campaign care { enter on purchase  send sms hello }
"""
NOW = "2025-03-02T12:00Z"


@pytest.fixture
def shop(run: Any, tmp_path: Path) -> list[object]:
    (tmp_path / "care.rules").write_text(RULES, "utf-8")
    facts = tmp_path / "facts"
    facts.mkdir()
    (facts / "customers.csv").write_text("customer,nick,phone\na,Li,+491\nb,Wang,\n", "utf-8")
    (facts / "purchase.csv").write_text("customer,at\na,2025-03-02T10:00:00Z\nb,2025-03-02T10:00:00Z\n", "utf-8")
    (tmp_path / "sending.toml").write_text('[routes.sms]\nuse = "file"\n', "utf-8")
    ledger = f"sqlite:///{tmp_path}/crm.db"
    said = run(
        "advance", tmp_path / "care.rules", "--facts", facts, "--state", ledger, "--to", NOW, "--start", "2025-03-01"
    )
    assert said.status == 0, said.err
    return [tmp_path / "care.rules", "--shop", facts, "--ledger", ledger, "--settings", tmp_path / "sending.toml"]


def test_what_is_due_is_sent_once(run: Any, shop: list[object], tmp_path: Path) -> None:
    said = run("send", *shop, "--now", NOW)
    assert (said.status, said.out) == (0, "no address: 1\nsent: 1\n")
    (line,) = (tmp_path / "messages.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["text"] == "Hello Li"
    assert run("send", *shop, "--now", NOW).out == "nothing was due\n"
    history = run("history", "a", "--state", shop[4]).out
    assert "attempt 1: sms through sms: accepted" in history


def test_as_json(run: Any, shop: list[object]) -> None:
    said = run("send", *shop, "--now", NOW, "--format", "json")
    assert json.loads(said.out)["outcomes"] == {"no address": 1, "sent": 1}


def test_a_dry_run_changes_nothing(run: Any, shop: list[object], tmp_path: Path) -> None:
    said = run("send", *shop, "--now", NOW, "--dry-run", tmp_path / "out")
    assert said.status == 0
    assert "would be sent: 1" in said.out
    assert (tmp_path / "out" / "index.html").exists()
    assert not (tmp_path / "messages.jsonl").exists()
    assert run("send", *shop, "--now", NOW).out == "no address: 1\nsent: 1\n"


def test_settings_that_do_not_fit(run: Any, shop: list[object], tmp_path: Path) -> None:
    (tmp_path / "sending.toml").write_text('[routes.sms]\nuse = "fil"\n', "utf-8")
    said = run("send", *shop)
    assert said.status == 1
    assert "did you mean `file`?" in said.err


def test_a_channel_without_a_route_is_told(run: Any, shop: list[object], tmp_path: Path) -> None:
    (tmp_path / "sending.toml").write_text(
        '[routes.mail]\nuse = "file"\nchannel = "email"\naddress = "phone"\n', "utf-8"
    )
    said = run("send", *shop, "--now", NOW)
    assert said.status == 0
    assert "R483" in said.err
    assert said.out.splitlines()[-1].startswith("waiting: 2")


POLLED = """
import datetime as dt

from attrs import frozen

from rulecrm.plugin import Answer, Answered, ChannelType, Receipt, Received, Traits, hookimpl


@frozen
class Settings:
    broken: bool = False


class Push:
    traits = Traits(channel="sms", provider="push", address="phone")

    def __init__(self, settings, context):
        self.settings = settings

    async def send(self, batch):
        return [Answer(Answered.ACCEPTED, "p-" + message.customer) for message in batch]

    async def poll(self, cursor):
        if self.settings.broken:
            raise OSError("nobody is there")
        at = dt.datetime(2025, 3, 2, 13, tzinfo=dt.UTC)
        return [Receipt("r1", Received.DELIVERED, at, provider_id="p-a")], cursor

    async def close(self):
        pass


@hookimpl
def rulecrm_channels():
    return [ChannelType("push", "sms", Settings, Push, "pushes")]
"""


def test_providers_that_do_not_call_are_asked_first(shop: list[object], tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "push-1.0.dist-info").mkdir(parents=True)
    (site / "push.py").write_text(POLLED, "utf-8")
    (site / "push-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: push\nVersion: 1.0\n", "utf-8")
    (site / "push-1.0.dist-info" / "entry_points.txt").write_text("[rulecrm]\npush = push\n", "utf-8")

    def send(*more: str, settings: str = "") -> Said:
        (tmp_path / "sending.toml").write_text(f'[routes.sms]\nuse = "push"\n{settings}', "utf-8")
        words = [sys.executable, "-m", "rulecrm", "send", *map(str, shop), "--now", NOW, *more]
        path = os.pathsep.join([str(site), str(ROOT)])
        env = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(words, check=False, env=env, capture_output=True, text=True)
        return Said(done.returncode, done.stdout, done.stderr)

    first = send("--no-poll")
    assert (first.err, first.out) == ("", "no address: 1\nsent: 1\n")
    broken = send(settings="broken = true\n")
    assert (broken.status, broken.out) == (0, "nothing was due\n")
    assert "warning[R497]: while the route `sms` was asked: OSError: nobody is there" in broken.err
    assert "Traceback" not in broken.err
    assert send() == Said(0, "new receipts: 1\nnothing was due\n", "")
    assert json.loads(send("--format", "json").out)["receipts"] == 0


def test_letters_are_listed_explained_and_settled(run: Any, shop: list[object], tmp_path: Path) -> None:
    from rulecrm.state import Ledger

    ledger = str(shop[4])
    assert run("letters", "list", "--ledger", ledger).out == "no message was lost, and none has failed\n"
    (tmp_path / "sending.toml").write_text('[routes.sms]\nuse = "file"\npath = "no/such/folder/x"\n', "utf-8")
    said = run("send", *shop, "--now", NOW)
    assert "R487" in said.err
    assert "unknown: 1" in said.out
    (letter,) = json.loads(run("letters", "list", "--ledger", ledger, "--format", "json").out)
    told = run("letters", "explain", letter["decision"], "--ledger", ledger).out
    assert "through sms" in told
    assert "It may have been sent." in told
    assert run("letters", "resolve", letter["decision"], "--as", "failed", "--ledger", ledger).out == "failed: 1\n"
    assert run("letters", "retry", letter["decision"], "--ledger", ledger).status == 0
    with Ledger.open(ledger) as opened:
        assert opened.outbox.counts() == {"done": 1, "waiting": 1}
    assert run("letters", "retry", "nonsense", "--ledger", ledger).status == 1


def test_coupons_are_counted(run: Any, shop: list[object], tmp_path: Path) -> None:
    (tmp_path / "codes.txt").write_text("A1\nA2\n\nA1\n", "utf-8")
    assert run("coupons", "add", "SPRING", tmp_path / "codes.txt", "--ledger", shop[4]).out == "new: 2 of 3\n"
    assert run("coupons", "list", "--ledger", shop[4]).out == "SPRING: 2\n"
