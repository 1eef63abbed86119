"""What is wrong with a file as a whole.

In: what was found. Out: `RulesError` with one diagnostic, R720 to R726.
Invariant: each says which file, and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rulecrm.diagnostics import Diagnostic, RulesError

__all__ = ["fault"]


def fault(code: str, path: Path, message: str, *, fix: str | None = None, **data: object) -> RulesError:
    """The error that says `message` of a file."""
    told: Mapping[str, object] = {"file": str(path), **data}
    return RulesError([Diagnostic(code, f"{path.name}: {message}", help=fix, data=told)])
