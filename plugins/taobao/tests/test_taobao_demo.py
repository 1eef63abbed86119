"""A whole shop against the fake: sync, evaluate, advance, send to a file."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import rulecrm_taobao
from rich.console import Console

from rulecrm.demo.platform import show_platform
from rulecrm.lake import FactStore
from rulecrm.plugin import registry_of


def test_a_shop_lives_on_the_fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET", "SESSION", "REFRESH"):
        monkeypatch.setenv(f"RULECRM_FAKE_TAOBAO_{name}", "")  # the demo sets them; they are put back after the test
    registry, said = registry_of({"taobao": rulecrm_taobao}), io.StringIO()
    show_platform("taobao", tmp_path / "out", console=Console(file=said, width=100), days=3, registry=registry)
    orders = FactStore.open(tmp_path / "out" / "shop").scan("orders")
    assert orders is not None
    assert orders.collect().height > 20
    lines = (tmp_path / "out" / "messages.jsonl").read_text("utf-8").splitlines()
    assert len({json.loads(line)["address"] for line in lines}) == len(lines) > 0
    assert "quarantined" in said.getvalue()
