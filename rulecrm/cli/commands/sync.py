"""`rulecrm sync`: what has changed at platforms, into the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rulecrm.cli.report import reporting
from rulecrm.cli.tallies import tally_lines
from rulecrm.diagnostics.model import Diagnostic, RulesError

if TYPE_CHECKING:
    import datetime as dt

    from rulecrm.intake import Synced
    from rulecrm.intake.accounts import Account
    from rulecrm.intake.syncing import Progress

__all__ = ["command"]


@click.command("sync")
@click.argument("names", nargs=-1, metavar="[ACCOUNT]...")
@click.option("--into", "store", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The fact store.")
@click.option(
    "--settings",
    "file",
    default="platforms.toml",
    show_default=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Which accounts there are: a table [accounts.NAME] each.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, names: tuple[str, ...], store: Path, file: Path, form: str) -> int:
    """Bring what has changed at platforms into the store.

    ACCOUNT is a table of the settings, or a platform that one account uses; all accounts where none is named. A run
    that was broken off, or killed, goes on where it was. The status is 1 where somebody has to do something first.
    """
    from rulecrm.intake import Accounts, sync
    from rulecrm.plugin import PlatformContext

    with reporting(json=form == "json"):
        accounts = Accounts.load(file)
        if not accounts.accounts:
            fix = "write [accounts.NAME] for each; `rulecrm plugins NAME` lists its settings"
            raise RulesError([Diagnostic("R711", f"there is no account in {file.name}", help=fix)])
        chosen = [accounts.one(name) for name in names] or accounts.accounts

        def context(account: Account) -> PlatformContext:
            return PlatformContext(name=account.name, tokens=accounts.tokens(account.name))

        with _progress() as progress:
            found = sync(chosen, store, context=context, progress=progress)
    if form == "json":
        click.echo(json.dumps([_plain(one) for one in found], ensure_ascii=False, indent=2))
    else:
        for one in found:
            _report(one)
    return 1 if any(one.stopped for one in found) else 0


def _report(done: Synced) -> None:
    click.echo(f"{done.account}" + (f": everything until {done.until:%Y-%m-%d %H:%M:%S} UTC" if done.until else ""))
    for line in tally_lines(done.tallies):
        click.echo(f"  {line}")
    if not done.tallies:
        click.echo("  nothing new")
    for remark, count in sorted(done.remarks.items()):
        click.echo(f"  {count:,} times: {remark}")
    if done.erased:
        click.echo(f"  contacts of {done.erased:,} customers erased: the platform lets them be kept no longer")
    if done.later:
        when = f"; again after {done.after:%Y-%m-%d %H:%M:%S} UTC" if done.after else ""
        click.echo(f"  not finished: {done.later}{when}")
    if done.stopped:
        click.echo(f"  stopped: {done.stopped}")


def _plain(done: Synced) -> dict[str, object]:
    return {
        "account": done.account,
        "frames": {
            frame: {
                "received": tally.received,
                "stored": tally.stored,
                "unchanged": tally.unchanged,
                "quarantined": tally.quarantined,
            }
            for frame, tally in done.tallies.items()
        },
        "remarks": dict(done.remarks),
        "until": None if done.until is None else done.until.isoformat(),
        "stopped": done.stopped,
        "later": done.later,
        "erased": done.erased,
        "after": None if done.after is None else done.after.isoformat(),
    }


@contextmanager
def _progress() -> Iterator[Progress | None]:
    from rulecrm.cli.progress import progress

    with progress() as move:
        if move is None:
            yield None
            return

        def told(account: str, rows: int, until: dt.datetime | None) -> None:
            known = f", until {until:%Y-%m-%d %H:%M}" if until else ""
            move(rows, rows, f"{account}{known}")

        yield told
