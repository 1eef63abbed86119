"""The plugins of this repository are admitted, all of them, beside one another."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

from tests.plugin.conftest import ROOT, Started

PROJECTS = {path.parent: tomllib.loads(path.read_text("utf-8")) for path in sorted((ROOT / "plugins").glob("*/pyproject.toml"))}  # fmt: skip


def test_each_is_admitted(started: Started, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    for project in PROJECTS.values():
        name, points = project["project"]["name"], project["project"]["entry-points"]["rulecrm"]
        info = site / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
        lines = "".join(f"{point} = {target}\n" for point, target in points.items())
        (info / "entry_points.txt").write_text(f"[rulecrm]\n{lines}", "utf-8")
    path = os.pathsep.join(map(str, [site, ROOT, *PROJECTS]))
    done = started("-m", "rulecrm", "plugins", "--format", "json", PYTHONPATH=path)
    found = {one["distribution"]: one for one in json.loads(done.stdout) if one["name"] != "built-in"}
    assert set(found) == {project["project"]["name"] for project in PROJECTS.values()}
    assert {name: one["refused"] for name, one in found.items() if one["refused"]} == {}
    assert [name for name, one in found.items() if not one["offers"]] == []


def test_each_says_what_it_is() -> None:
    for folder, project in PROJECTS.items():
        assert project["project"]["name"].startswith("rulecrm-"), folder
        assert (folder / "README.md").exists(), folder
        assert [one for one in project["project"]["dependencies"] if one.startswith("rulecrm")], folder
