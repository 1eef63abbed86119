"""`rulecrm plugin new` writes plugins whose tests hold as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.conftest import Started


@pytest.mark.parametrize(("what", "name"), [("channel", "acme-push"), ("functions", "shop2")])
def test_a_new_plugin_holds(what: str, name: str, started: Started, tmp_path: Path) -> None:
    done = started("-m", "rulecrm", "plugin", "new", what, name, "--into", tmp_path / "mine")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "mine" / f"rulecrm-{name}"
    written = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    assert sorted(done.stdout.split()) == sorted(str(folder / path) for path in written)
    assert {"pyproject.toml", "README.md", f"rulecrm_{name.replace('-', '_')}/__init__.py"} < set(written)
    texts = {path: (folder / path).read_text("utf-8") for path in written}
    assert [path for path, text in texts.items() if "@name@" in text or "@package@" in text or "@Class@" in text] == []
    tests = started(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, "-c", folder / "pyproject.toml"
    )
    assert tests.returncode == 0, tests.stdout
    assert "passed" in tests.stdout


def test_a_channel_serves_what_it_is_told(started: Started, tmp_path: Path) -> None:
    done = started("-m", "rulecrm", "plugin", "new", "channel", "acme", "--channel", "push")
    assert done.returncode == 0
    assert '"acme", "push", Settings' in (tmp_path / "rulecrm-acme" / "rulecrm_acme" / "__init__.py").read_text("utf-8")


def test_nothing_is_written_over(started: Started, tmp_path: Path) -> None:
    (tmp_path / "rulecrm-acme").mkdir()
    done = started("-m", "rulecrm", "plugin", "new", "channel", "acme")
    assert done.returncode == 2
    assert "rulecrm-acme is there already" in done.stderr
    assert list((tmp_path / "rulecrm-acme").iterdir()) == []


@pytest.mark.parametrize("name", ["Acme", "acme_push", "../acme", "acme/push", "-acme", ""])
def test_a_name_is_a_name(name: str, started: Started, tmp_path: Path) -> None:
    done = started("-m", "rulecrm", "plugin", "new", "channel", "--", name)
    assert done.returncode == 2
    assert "is no name of a plugin" in done.stderr
    assert list(tmp_path.iterdir()) == []
