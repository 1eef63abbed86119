"""A whole shop against the fake: sync, evaluate, advance, send to a file."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import rulecrm_amazon
from rich.console import Console

from rulecrm import RulesError
from rulecrm.demo.platform import show_platform
from rulecrm.lake import FactStore
from rulecrm.plugin import Registry, registry_of


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    for name in ("SECRET", "REFRESH"):
        monkeypatch.setenv(f"RULECRM_FAKE_AMAZON_{name}", "")  # the demo sets them; they are put back after the test
    return registry_of({"amazon": rulecrm_amazon})


def test_a_shop_lives_on_the_fake(tmp_path: Path, registry: Registry) -> None:
    said = io.StringIO()
    show_platform("amazon", tmp_path / "out", console=Console(file=said, width=100), days=3, registry=registry)
    orders = FactStore.open(tmp_path / "out" / "shop").scan("orders")
    assert orders is not None
    assert orders.collect().height > 20
    lines = (tmp_path / "out" / "messages.jsonl").read_text("utf-8").splitlines()
    assert len({json.loads(line)["address"] for line in lines}) == len(lines) > 0
    assert "quarantined" in said.getvalue()


def test_a_second_shop_is_not_put_into_the_folder_of_the_first(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "shop").mkdir()
    with pytest.raises(RulesError, match=r"R712.*already"):
        show_platform("amazon", tmp_path, console=Console(file=io.StringIO()), registry=registry)


def test_a_platform_that_is_not_there_is_named_with_those_that_are(tmp_path: Path, registry: Registry) -> None:
    with pytest.raises(RulesError, match=r"(?s)R712.*amazn.*amazon"):
        show_platform("amazn", tmp_path, console=Console(file=io.StringIO()), registry=registry)
