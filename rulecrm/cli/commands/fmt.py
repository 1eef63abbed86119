"""`rulecrm fmt`: lay files out in the one way."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

import click

from rulecrm.api.checking import read_text
from rulecrm.cli.report import draw
from rulecrm.diagnostics.model import RulesError

__all__ = ["command"]


@click.command("fmt")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option("--check", is_flag=True, help="Write nothing; status 1 where a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
def command(*, files: tuple[Path, ...], check: bool, diff: bool) -> int:
    """Lay rules files out in the one way; `-` reads stdin and writes stdout."""
    status = 0
    for path in files:
        name = "<stdin>" if str(path) == "-" else str(path)
        old = sys.stdin.read() if name == "<stdin>" else read_text(path).replace("\r\n", "\n")
        new = _formatted(old, name)
        if new is None:
            status = 1
            continue
        if diff:
            click.echo("".join(_difference(old, new, name)), nl=False)
        if check:
            if new != old:
                click.echo(f"{name}: would change", err=True)
                status = 1
        elif diff:
            continue
        elif name == "<stdin>":
            click.echo(new, nl=False)
        elif new != old:
            path.write_text(new, "utf-8")
            click.echo(f"{name}: laid out", err=True)
    return status


def _formatted(text: str, name: str) -> str | None:
    from rulecrm.syntax import format_text

    try:
        return format_text(text, name)
    except RulesError as error:
        draw(error.diagnostics, error.sources)
        return None


def _difference(old: str, new: str, name: str) -> list[str]:
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), name, f"{name} (laid out)"
    )
    return [line if line.endswith("\n") else f"{line}\n\\ no newline at the end\n" for line in lines]
