"""The names that are public, all of them."""

from __future__ import annotations

import subprocess
import sys

import rulecrm


def test_the_public_names_are_these() -> None:
    assert sorted(rulecrm.__all__) == [
        "Accounts", "Advanced", "Backtest", "Diagnostic", "Dispatched", "Engine", "Explanation", "FactStore", "Facts",
        "Imported", "Result", "Routes", "Rules", "RulesError", "Severity", "Synced", "__version__", "check", "format_text",
        "import_files", "instant_of", "load", "loads", "sync",
    ]  # fmt: skip
    for name in rulecrm.__all__:
        assert getattr(rulecrm, name) is not None
        assert name in dir(rulecrm)


def test_every_public_name_is_documented() -> None:
    for name in rulecrm.__all__:
        assert getattr(rulecrm, name).__doc__


def test_checking_needs_no_engine() -> None:
    program = (
        "import sys, tempfile, pathlib, rulecrm\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    path = pathlib.Path(folder, 'a.rules'); path.write_text('segment s = count(purchase) > 1')\n"
        "    assert rulecrm.check(path) == ()\n"
        "assert not {'polars', 'numpy'} & set(sys.modules), 'the engine was imported'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
