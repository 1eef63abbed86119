"""A whole shop against the fake: sync, evaluate, advance, send to a file."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import rulecrm_shopee
from rich.console import Console

from rulecrm.demo.platform import show_platform
from rulecrm.lake import FactStore
from rulecrm.plugin import registry_of


def test_a_shop_lives_on_the_fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEY", "TOKEN", "REFRESH"):
        monkeypatch.setenv(f"RULECRM_FAKE_SHOPEE_{name}", "")  # the demo sets them; they are put back after the test
    said = io.StringIO()
    registry = registry_of({"shopee": rulecrm_shopee})
    show_platform("shopee", tmp_path / "out", console=Console(file=said, width=100), days=3, registry=registry)
    orders = FactStore.open(tmp_path / "out" / "shop").scan("orders")
    assert orders is not None
    assert orders.collect().height > 20
    assert (tmp_path / "out" / "messages.jsonl").read_text("utf-8").strip()
