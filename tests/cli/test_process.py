"""What only a process of its own shows: what is imported, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def python(*words: object, **more: Any) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"PYTHONPATH": path},
        **more,
    )


@pytest.mark.parametrize("command", ["check", "fmt --check"])
def test_the_engine_is_not_imported_to_check(rules: Path, command: str) -> None:
    script = (
        "import sys; from rulecrm.cli import main; "
        f"status = main({[*command.split(), str(rules)]!r}); "
        "heavy = {'polars', 'numpy', 'rich', 'pytest'} & set(sys.modules); "
        "sys.exit(status or sorted(heavy) or None)"
    )
    done = python("-c", script)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_small_check_waits_for_nothing_it_does_not_need(rules: Path) -> None:
    script = (
        "import sys; from rulecrm.cli import main; "
        f"status = main(['check', {str(rules)!r}]); "
        "needless = ['click', 'pathlib', 'rulecrm.syntax.journeys', 'rulecrm.model.machine', 'rulecrm.semantics.journeys']; "
        "sys.exit(status or [name for name in needless if name in sys.modules] or None)"
    )
    done = python("-c", script)
    assert (done.returncode, done.stderr) == (0, "")


def test_importing_rulecrm_imports_nothing_heavy() -> None:
    script = "import rulecrm, sys; sys.exit(sorted({'polars', 'numpy', 'lark', 'click'} & set(sys.modules)) or None)"
    done = python("-c", script)
    assert (done.returncode, done.stderr) == (0, "")


def test_python_m_is_the_same(wrong: Path) -> None:
    done = python("-m", "rulecrm", "check", wrong)
    assert done.returncode == 1
    assert done.stdout == f"{wrong}: 1 error\n"
    assert "\x1b" not in done.stderr


def test_nobody_reads_any_more() -> None:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, "-m", "rulecrm", "codes"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (141, b"")


def test_an_interrupt_is_quiet() -> None:
    script = (
        "import sys\n"
        "class Interrupted:\n"
        "    def read(self): raise KeyboardInterrupt\n"
        "sys.stdin = Interrupted()\n"
        "from rulecrm.cli import main\n"
        "sys.exit(main(['fmt', '-']))\n"
    )
    done = python("-c", script)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_bug_of_ours_says_so(rules: Path) -> None:
    script = (
        "import sys, rulecrm.api.checking as checking\n"
        "def broken(*_, **__): raise ZeroDivisionError('inside')\n"
        "checking.compile_file = broken\n"
        "from rulecrm.cli import main\n"
        f"sys.exit(main(['check', {str(rules)!r}]))\n"
    )
    done = python("-c", script)
    assert done.returncode == 70
    assert "ZeroDivisionError: inside" in done.stderr
    assert "This is a bug of rulecrm" in done.stderr
