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
@click.option("--platform", metavar="NAME", help="Run a shop on a local fake of a platform: taobao, say.")
def command(*, folder: Path, platform: str | None) -> None:
    """Run the rules of a music shop over its 23,570 customers, at two instants.

    The data set (CDNOW, 1997-1998) is part of the package; nothing is downloaded. With --platform, a made-up shop is
    run for three weeks instead: every day what has changed is synced, everybody is moved, messages go to a file.
    """
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    with reporting():
        if platform is not None:
            from rulecrm.demo.platform import show_platform

            show_platform(platform, folder, console=console)
            return
        from rulecrm.demo.show import show

        show(folder, console=console, progress=progress)
