"""A plugin of a shop called Acme, and plugins installed as pip would leave them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from rulecrm.plugin import Registry, registry_of
from tests.plugin.acme import Acme

ROOT = Path(__file__).parents[2]


@pytest.fixture
def acme() -> Registry:
    return registry_of({"acme": Acme()})


Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Put a distribution into the folder `site`: its entry points, by name, and its modules, by file name."""
    site = tmp_path / "site"
    site.mkdir()

    def put(wheel: str, points: Mapping[str, str], version: str = "1.0", **modules: str) -> None:
        info = site / f"{wheel.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {wheel}\nVersion: {version}\n", "utf-8")
        told = "".join(f"{name} = {target}\n" for name, target in points.items())
        (info / "entry_points.txt").write_text(f"[rulecrm]\n{told}", "utf-8")
        for name, text in modules.items():
            (site / f"{name}.py").write_text(text, "utf-8")

    return put


Started = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def started(tmp_path: Path) -> Started:
    """Run Python in a process of its own, which finds what was installed."""

    def run(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(tmp_path / "site"), str(ROOT)])
        own = {**os.environ, "PYTHONPATH": path, "COLUMNS": "200", "RULECRM_CACHE_DIR": "", **environment}
        command = [sys.executable, *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, env=own, cwd=tmp_path, check=False, timeout=120)

    return run
