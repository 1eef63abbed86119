"""Runs the `test` blocks of rules files under pytest, beside the Python tests of the program that embeds them.

In: files named `test_*.rules` or `*_test.rules` wherever pytest looks for tests, and any `.rules` file that is named on
the command line. Out: one pytest item for each `test` block.
Invariant: other `.rules` files are left alone, and rulecrm itself is imported only where one is collected.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rulecrm.testing.verdicts import Verdict

__all__ = ["RulesFailure", "RulesFile", "RulesTest", "pytest_collect_file"]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take a rules file that is a test file, or that somebody asked for by name."""
    if file_path.suffix != ".rules":
        return None
    named_so = file_path.name.startswith("test_") or file_path.stem.endswith("_test")
    if not named_so and not parent.session.isinitpath(file_path):
        return None
    return RulesFile.from_parent(parent, path=file_path)


class RulesFailure(Exception):  # noqa: N818 (a test that does not hold, no error)
    """Expectations that do not hold, ready to be printed."""


class RulesFile(pytest.File):
    """A rules file: loaded when it is collected, run once when the first of its tests is."""

    def collect(self) -> Iterator[RulesTest]:
        """An item for each `test` block.

        Raises:
            CollectError: the file is wrong; holds the drawn diagnostics.
        """
        import rulecrm
        from rulecrm.diagnostics.model import RulesError

        try:
            self._rules = rulecrm.load(self.path)
        except RulesError as error:
            raise self.CollectError(str(error)) from None
        self._verdicts: dict[str, Verdict] | None = None
        for test in self._rules.program.tests:
            yield RulesTest.from_parent(self, name=test.name)

    def verdict(self, name: str) -> Verdict:
        """What became of the block of that name."""
        from rulecrm.testing.verdicts import verdicts

        if self._verdicts is None:
            self._verdicts = {verdict.name: verdict for verdict in verdicts(self._rules)}
        return self._verdicts[name]

    def line(self, name: str) -> int | None:
        """Where the block of that name begins, counted from 0."""
        for test in self._rules.program.tests:
            if test.name == name:
                text = self._rules.program.sources.get(test.span.source, "")
                return text.count("\n", 0, test.span.start)
        return None


class RulesTest(pytest.Item):
    """One `test` block."""

    def runtest(self) -> None:
        """Look up the verdict; the whole file is run at the first call.

        Raises:
            RulesFailure: an expectation does not hold.
        """
        assert isinstance(self.parent, RulesFile)
        verdict = self.parent.verdict(self.name)
        if verdict.failures:
            raise RulesFailure("\n\n".join(verdict.failures))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The expected predicate and the values found, without a traceback into the engine."""
        if isinstance(excinfo.value, RulesFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str], int | None, str]:
        """File, line and name, for the heading of a report."""
        assert isinstance(self.parent, RulesFile)
        return self.path, self.parent.line(self.name), f"test {self.name!r}"
