"""What is public is documented, named on the page, and costs little to import."""

from __future__ import annotations

import inspect
import subprocess
import sys

from rulecrm import insight
from tests.docs.pages import ROOT


def test_every_question_is_on_the_page() -> None:
    page = (ROOT / "docs" / "insight.md").read_text("utf-8")
    asked = [name for name in insight.__all__ if inspect.isfunction(getattr(insight, name))]
    assert len(asked) > 40
    assert [name for name in asked if f"`{name}`" not in page] == []
    told = [name for name in insight.__all__ if name != "Language" and not getattr(insight, name).__doc__]
    assert told == []


def test_asking_waits_for_no_library_that_it_does_not_need() -> None:
    heavy = "{'scipy', 'sklearn', 'altair', 'pandas', 'statsmodels', 'vl_convert'}"
    program = f"import sys, rulecrm.insight; sys.exit(sorted({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
