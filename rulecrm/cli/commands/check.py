"""`rulecrm check`: find mistakes without reading data."""

from __future__ import annotations

from pathlib import Path

import click

from rulecrm.api.checking import compile_file
from rulecrm.cli import options
from rulecrm.cli.report import count, draw
from rulecrm.diagnostics.model import Diagnostic, Severity

__all__ = ["command"]


@click.command("check")
@options.rules_files
@options.settings
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, files: tuple[Path, ...], settings: dict[str, str], form: str) -> int:
    """Find mistakes in rules files; no data is read.

    Status 0 where there is no error (warnings and hints there may be), 1 where there is one.
    """
    found: list[Diagnostic] = []
    sources: dict[str, str] = {}
    for path in files:
        compiled = compile_file(path, params=settings)
        found += compiled.diagnostics
        sources |= compiled.sources
        if form == "text":
            draw(compiled.diagnostics, compiled.sources)
            click.echo(f"{path}: {count(compiled.diagnostics)}")
    if form == "json":
        from rulecrm.diagnostics.render import to_json

        click.echo(to_json(found, sources, indent=2))
    return int(any(one.severity is Severity.ERROR for one in found))
