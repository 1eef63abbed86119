"""A whole shop against the fake: sync, evaluate, advance, send to a file."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import rulecrm_shopify
from rich.console import Console

from rulecrm.demo.platform import show_platform
from rulecrm.lake import FactStore
from rulecrm.plugin import registry_of


def test_a_shop_lives_on_the_fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET", "TOKEN"):
        monkeypatch.setenv(f"RULECRM_FAKE_SHOPIFY_{name}", "")  # the demo sets them; they are put back after the test
    said, registry = io.StringIO(), registry_of({"shopify": rulecrm_shopify})
    show_platform("shopify", tmp_path, console=Console(file=said, width=100), days=3, registry=registry)
    orders = FactStore.open(tmp_path / "shop").scan("orders")
    assert orders is not None
    assert orders.collect().height > 20
    lines = (tmp_path / "messages.jsonl").read_text("utf-8").splitlines()
    assert len({json.loads(line)["address"] for line in lines}) == len(lines) > 0
    assert "quarantined" in said.getvalue()
