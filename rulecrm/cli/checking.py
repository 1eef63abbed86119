"""`rulecrm check`, whether click has read the command line or nobody needed to.

In: paths of rules files, params. Out: findings, drawn or as JSON, and the exit status.
Invariant: both ways find and say the same. `rulecrm check FILE…`, which editors and hooks run all day, does without
click, whose import takes longer than the checking of a small file.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["check_files", "check_quickly", "is_plain"]


def is_plain(words: Sequence[str]) -> bool:
    """Whether the command line is `check` and files that are there, without options."""
    files = words[1:]
    return words[:1] == ["check"] and bool(files) and all(map(_is_file, files))


def check_quickly(files: Sequence[str]) -> int:
    """Check them, the garbage collector held back: it would walk what lives to the end of the process anyway."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        return check_files(files, {}, form="text")
    finally:
        if was_on:
            gc.enable()


def check_files(files: Iterable[str | os.PathLike[str]], settings: Mapping[str, str], *, form: str) -> int:
    """Say what is wrong with each file, as `text` or as `json`; 1 where there is an error, else 0."""
    from rulecrm.api.checking import compile_file
    from rulecrm.cli.report import as_json, count, draw
    from rulecrm.diagnostics.model import Diagnostic, Severity

    found: list[Diagnostic] = []
    sources: dict[str, str] = {}
    for path in files:
        compiled = compile_file(os.fspath(path), params=settings)
        found += compiled.diagnostics
        sources |= compiled.sources
        if form == "text":
            draw(compiled.diagnostics, compiled.sources)
            sys.stdout.write(f"{path}: {count(compiled.diagnostics)}\n")
            sys.stdout.flush()
    if form == "json":
        sys.stdout.write(as_json(found, sources))
    return int(any(one.severity is Severity.ERROR for one in found))


def _is_file(word: str) -> bool:
    # not pathlib, which would be imported for nothing where the answer is no
    return not word.startswith("-") and os.path.isfile(word) and os.access(word, os.R_OK)  # noqa: PTH113
