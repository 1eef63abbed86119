"""`rulecrm demo`: the rules of a real shop over its customers."""

from __future__ import annotations

from pathlib import Path

import click

from rulecrm.cli.progress import progress
from rulecrm.cli.report import reporting

__all__ = ["command"]


@click.command("demo")
@click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("rulecrm-demo"),
    show_default=True,
    metavar="DIR",
    help="Folder to write rules, facts, result and picture to.",
)
def command(*, folder: Path) -> None:
    """Run the rules of a music shop over its 23,570 customers, at two instants.

    The data set (CDNOW, 1997-1998) is part of the package; nothing is downloaded.
    """
    from rich.console import Console

    from rulecrm.demo.show import show

    with reporting():
        show(folder, console=Console(highlight=False, soft_wrap=True), progress=progress)
