"""A secret is told to whoever asks for it, and shows nowhere else."""

from __future__ import annotations

import pickle
import subprocess
import traceback
from pathlib import Path

import attrs
import pytest

from rulecrm.diagnostics.model import RulesError
from rulecrm.plugin import NO_SECRET, Secret, read_settings
from tests.plugin.conftest import Started

WORD = "s3cr3t-of-the-shop"


@attrs.frozen
class Settings:
    token: Secret


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SHOP_TOKEN", WORD)
    return read_settings({"token": "env:SHOP_TOKEN"}, Settings, where="[a]")


def test_it_is_told_when_it_is_used(settings: Settings) -> None:
    assert settings.token.reveal() == WORD


def test_it_shows_nowhere(settings: Settings) -> None:
    settings.token.reveal()
    shown = [
        repr(settings), str(settings.token), f"{settings.token!r:>60}", repr(attrs.asdict(settings)),
        repr(attrs.astuple(settings)), repr(pickle.dumps(settings)), repr(hash(settings.token)),
    ]  # fmt: skip
    assert [text for text in shown if WORD in text] == []
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_what_is_no_reference_is_not_repeated() -> None:
    for given in (WORD, f"env {WORD}", f"env:{WORD}", "keyring:x", "keyring:/me", "keyring:shop/", "http://a/b"):
        with pytest.raises(ValueError, match="never as itself") as caught:
            Secret(given)
        assert given not in "".join(traceback.format_exception(caught.value)).replace("Secret(given)", "")
        with pytest.raises(RulesError) as told:
            read_settings({"token": given}, Settings, where="[a]")
        assert given not in str(told.value)
        assert given not in "".join(traceback.format_exception(told.value))


def test_a_variable_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    for value in (None, ""):
        if value is not None:
            monkeypatch.setenv("SHOP_TOKEN", value)
        with pytest.raises(RulesError) as caught:
            Secret("env:SHOP_TOKEN").reveal()
        (one,) = caught.value.diagnostics
        assert (one.code, one.message) == ("R480", "there is no secret under env:SHOP_TOKEN")
        assert one.help == "set the environment variable"


def test_a_secret_that_was_left_out() -> None:
    assert not NO_SECRET
    assert Secret("env:A")
    with pytest.raises(RulesError, match="a secret was not set"):
        NO_SECRET.reveal()


KEYRING = """
def get_password(service, user):
    if service == "locked":
        raise RuntimeError("the password is hunter2")
    return {("shop", "me"): "s3cr3t", ("https://a", "b/c"): "other"}.get((service, user))
"""

ASKS = """
import sys
from rulecrm.plugin import Secret
from rulecrm.diagnostics.model import RulesError
try:
    print(Secret(sys.argv[1]).reveal())
except RulesError as error:
    print([(one.code, one.message) for one in error.diagnostics])
"""


def asked(started: Started, reference: str) -> str:
    done: subprocess.CompletedProcess[str] = started("-c", ASKS, reference)
    assert done.stderr == ""
    return done.stdout.strip()


def test_the_keyring_is_asked(started: Started, tmp_path: Path) -> None:
    package = tmp_path / "site" / "keyring"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(KEYRING, "utf-8")
    assert asked(started, "keyring:shop/me") == "s3cr3t"
    assert asked(started, "keyring:shop/you") == "[('R480', 'there is no secret under keyring:shop/you')]"
    told = asked(started, "keyring:locked/me")
    assert told == "[('R480', 'the keyring could not be asked for locked/me: RuntimeError')]"


def test_without_a_keyring(started: Started, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "keyring.py").write_text("raise ImportError('not here')", "utf-8")
    assert asked(started, "keyring:shop/me") == "[('R480', 'secrets in the keyring need the package `keyring`')]"
