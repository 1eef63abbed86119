"""Pages as programs: their blocks run one after another, in one folder, and what they print is compared.

| block | |
| --- | --- |
| `rules NAME` | written to the folder under that name |
| `rules` | checked: it has no mistakes |
| `rules error CODE` | checked: it has this one mistake |
| `python NAME` | written to the folder under that name, to be imported by what follows |
| `toml NAME`, `csv NAME` | written to the folder under that name |
| `python` | run, in one namespace a page; a `text` block right after it is what it prints |
| `console` | each `$ rulecrm …`, also behind `echo … |`, is run, and prints on stdout, then stderr, the lines below |
| `sh` | each `rulecrm …` is run; the page does not show what it prints |

`python -m tests.docs.pages` writes what is printed now into the pages.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

import rulecrm
from rulecrm.cli import main

ROOT = Path(__file__).parents[2]
NAMES = (
    "README.md",
    "docs/cli.md",
    "docs/embedding.md",
    "docs/files.md",
    "docs/how-it-works.md",
    "docs/index.md",
    "docs/insight.md",
    "docs/insight-buyers.md",
    "docs/insight-effect.md",
    "docs/insight-kpi.md",
    "docs/insight-lifetime.md",
    "docs/insight-products.md",
    "docs/insight-repurchase.md",
    "docs/insight-statistics.md",
    "docs/plugins.md",
    "docs/report.md",
    "docs/sending.md",
    "docs/store.md",
    "docs/templates.md",
    "docs/tutorial.md",
)

_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@frozen
class Block:
    """One block of code: where its text lies in the page, and what it is."""

    language: str
    words: tuple[str, ...]
    start: int
    end: int
    text: str


@frozen
class Said:
    """What a block printed, and what the page says it prints; `start` and `end` are the place of the latter."""

    place: str
    start: int
    end: int
    expected: str
    found: str


def blocks(page: str) -> tuple[Block, ...]:
    return tuple(
        Block(found[1], tuple(found[2].split()), found.start(3), found.end(3), found[3])
        for found in _BLOCK.finditer(page)
    )


def run(name: str) -> Iterator[Said]:
    """Run a page in the current folder, and yield everything it says that it prints."""
    with _importing():
        yield from _run(name)


@contextlib.contextmanager
def _importing() -> Iterator[None]:
    """Modules of the current folder can be imported, and are forgotten in the end."""
    folder, before = str(Path.cwd()), set(sys.modules)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        for module in set(sys.modules) - before:
            if str(getattr(sys.modules[module], "__file__", "")).startswith(folder):
                del sys.modules[module]


def _run(name: str) -> Iterator[Said]:
    page = (ROOT / name).read_text("utf-8")
    names: dict[str, object] = {"__name__": "page"}
    found = blocks(page)
    for index, block in enumerate(found):
        place = f"{name}:{page.count(chr(10), 0, block.start)}"
        if block.language == "rules" and block.words[:1] == ("error",):
            yield Said(place, block.start, block.start, block.words[1], _mistake(block.text, place))
        elif block.language in ("rules", "python", "toml", "csv") and block.words:
            Path(block.words[0]).parent.mkdir(exist_ok=True)
            Path(block.words[0]).write_text(block.text, "utf-8")
        elif block.language == "rules":
            rulecrm.loads(block.text, source=place)
        elif block.language == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(block.text, place, "exec", dont_inherit=True), names)
            after = found[index + 1] if index + 1 < len(found) else None
            if after is not None and after.language == "text" and not page[block.end + 3 : after.start - 8].strip():
                yield Said(place, after.start, after.end, after.text, printed.getvalue())
            else:
                assert not printed.getvalue(), f"{place} prints, and the page does not say what"
        elif block.language == "console":
            yield from _console(block, place)
        elif block.language == "sh":
            for line in block.text.splitlines():
                _printed(line)


def _mistake(text: str, place: str) -> str:
    """The code of the one mistake in some rules."""
    try:
        rulecrm.loads(text, source=place)
    except rulecrm.RulesError as error:
        return ", ".join(one.code for one in error.diagnostics)
    return ""


def _console(block: Block, place: str) -> Iterator[Said]:
    at = block.start
    for command, expected in re.findall(r"^(\$ .*\n)((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
        start = at + len(command)
        at = start + len(expected)
        printed = _printed(command[2:])
        if printed is not None:
            yield Said(f"{place}: {command.strip()}", start, at, expected, printed)


def _printed(line: str) -> str | None:
    """What a line of shell prints; of `pip … && rulecrm …` the second half is run, and what is not ours is not."""
    words = shlex.split(line)
    if "&&" in words:
        words = words[words.index("&&") + 1 :]
    typed = ""
    if words[0] == "echo" and words[2] == "|":
        typed, words = f"{words[1]}\n", words[3:]
    if words[0] != "rulecrm":
        return None
    out, err = io.StringIO(), io.StringIO()
    stdin, sys.stdin = sys.stdin, io.StringIO(typed)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main(words[1:])
    finally:
        sys.stdin = stdin
    return "".join(f"{line.rstrip()}\n" for line in (out.getvalue() + err.getvalue()).splitlines())


def write(name: str) -> None:
    """Put what is printed now into a page."""
    page = (ROOT / name).read_text("utf-8")
    for said in reversed([one for one in run(name) if one.start < one.end or not one.expected]):
        page = page[: said.start] + said.found + page[said.end :]
    (ROOT / name).write_text(page, "utf-8")


if __name__ == "__main__":
    os.environ["COLUMNS"] = "80"
    for each in NAMES:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            write(each)
