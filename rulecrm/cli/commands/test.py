"""`rulecrm test`: run the `test` blocks of files."""

from __future__ import annotations

from pathlib import Path

import click

from rulecrm.cli import options
from rulecrm.cli.report import reporting

__all__ = ["command"]


@click.command("test")
@options.rules_files
@options.settings
@click.option("--verbose", "-v", is_flag=True, help="Name the tests that hold, too.")
def command(*, files: tuple[Path, ...], settings: dict[str, str], verbose: bool) -> int:
    """Run the tests written in rules files. Status 1 where one does not hold."""
    import rulecrm
    from rulecrm.testing.verdicts import verdicts

    held = failed = 0
    for path in files:
        with reporting():
            found = verdicts(rulecrm.load(path, params=settings))
        for verdict in found:
            if verdict.failures:
                failed += 1
                click.secho(f"✗ {path}: {verdict.name}", fg="red")
                for failure in verdict.failures:
                    click.echo("    " + failure.replace("\n", "\n    "))
            else:
                held += 1
                if verbose:
                    click.secho(f"✓ {path}: {verdict.name}", fg="green")
    parts = [f"{held} held", *([f"{failed} failed"] if failed else [])]
    click.echo(", ".join(parts) if held + failed else "no tests found")
    return int(failed > 0)
