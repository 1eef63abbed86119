"""`rulecrm check`: find mistakes without reading data."""

from __future__ import annotations

from pathlib import Path

import click

from rulecrm.cli import options
from rulecrm.cli.checking import check_files

__all__ = ["command"]


@click.command("check")
@options.rules_files
@options.settings
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, files: tuple[Path, ...], settings: dict[str, str], form: str) -> int:
    """Find mistakes in rules files; no data is read.

    Status 0 where there is no error (warnings and hints there may be), 1 where there is one.
    """
    return check_files(files, settings, form=form)
