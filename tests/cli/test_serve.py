"""`rulecrm serve`: a process that answers, and refuses to start where it could not."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from rulecrm.links import Links
from rulecrm.plugin import Secret
from rulecrm.state import Ledger
from tests.state.outbox import hand_over, send_to
from tests.state.rows import SETTINGS

WEB = '[web]\nurl = "https://crm.example.com/r"\nsecret = "env:LINKS"\nold_secret = "env:OLD"\n'


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "crm.db"
    Ledger.open(f"sqlite:///{path}").close()
    return path


def settings(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sending.toml"
    path.write_text(text, "utf-8")
    return path


def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


def test_it_serves_what_the_settings_say(tmp_path: Path, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKS", "0123456789abcdef")
    monkeypatch.setenv("OLD", "fedcba9876543210")
    url, number = f"sqlite:///{ledger}", port()
    with Ledger.open(url) as opened:
        opened.claim(SETTINGS)
        (decision,) = send_to(opened, "li")
        key = hand_over(opened, decision, provider_id="p1")
    link = Links.open("https://crm.example.com/r", Secret("env:OLD")).unsubscribe_url(key, "sms")
    words = ["serve", "--settings", settings(tmp_path, WEB), "--ledger", url, "--port", str(number)]
    with subprocess.Popen([sys.executable, "-m", "rulecrm", *words], env=os.environ, stderr=subprocess.PIPE) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{number}") as client:
                until = time.monotonic() + 60
                while time.monotonic() < until:
                    try:
                        assert client.get("/healthz").text == "ok"
                        break
                    except httpx.TransportError:
                        time.sleep(0.1)
                path = link.removeprefix("https://crm.example.com/r")
                assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
        finally:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
    assert f"listening at http://127.0.0.1:{number}".encode() in said
    assert key.encode() not in said
    with Ledger.open(url) as opened:
        assert opened.receipts.frame("li").get_column("kind").to_list() == ["message", "unsubscribe"]


@pytest.mark.parametrize(
    ("text", "secret", "code"),
    [("", "0123456789abcdef", "R491"), (WEB, None, "R480"), (WEB, "short", "R488"), (WEB.replace("https://crm", "crm"), "0123456789abcdef", "R489")],
)  # fmt: skip
def test_settings_that_cannot_be_served_are_told(
    run: Any, tmp_path: Path, ledger: Path, monkeypatch: pytest.MonkeyPatch, text: str, secret: str | None, code: str
) -> None:
    monkeypatch.setenv("OLD", "fedcba9876543210")
    monkeypatch.delenv("LINKS", raising=False)
    if secret is not None:
        monkeypatch.setenv("LINKS", secret)
    done = run("serve", "--settings", settings(tmp_path, text), "--state", f"sqlite:///{ledger}")
    assert done.status == 1
    assert code in done.err
    assert "Traceback" not in done.err


def test_a_ledger_that_is_not_there_is_not_made(run: Any, tmp_path: Path) -> None:
    done = run("serve", "--settings", settings(tmp_path, WEB), "--state", f"sqlite:///{tmp_path}/none.db")
    assert done.status == 1
    assert "R460" in done.err
    assert not (tmp_path / "none.db").exists()
