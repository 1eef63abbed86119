"""`rulecrm send`: what waits in the outbox goes out."""

from __future__ import annotations

import datetime as dt
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rulecrm.cli import options
from rulecrm.cli.progress import progress
from rulecrm.cli.report import draw, reporting
from rulecrm.cli.shop import open_shop
from rulecrm.diagnostics.model import Diagnostic, RulesError, Severity

if TYPE_CHECKING:
    from rulecrm import Engine, Rules
    from rulecrm.dispatch import Dispatched
    from rulecrm.state.waiting import Waiting

__all__ = ["command"]

_PAUSE = 5.0
"""Seconds between two looks at the outbox."""

_ASKING = 60.0
"""Seconds between two times that providers are asked what became of messages."""


@click.command("send")
@options.rules_file
@options.facts
@options.state
@click.option(
    "--settings",
    "file_of_routes",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="By which routes messages go: sending.toml.",
)
@options.settings
@click.option(
    "--dry-run",
    "dry",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Send nothing; write there what would be sent, as files to be opened and read.",
)
@click.option("--once/--follow", "once", default=True, help="Send what is due (as it is), or go on until interrupted.")
@click.option(
    "--poll/--no-poll",
    "poll",
    default=True,
    help="Ask providers first what became of earlier messages, where they do not call (as it is), or ask nobody.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Hand over at most so many messages.")
@click.option("--worker", metavar="NAME", help="What this worker is called; two that work at one time differ.")
@click.option(
    "--now",
    callback=options.instant_or_none,
    metavar="INSTANT",
    help="The instant to begin at; the present if not given.",
)
@click.option("--seed", default="rulecrm", show_default=True, help="The ledger's seed.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    *,
    file: Path,
    folder: Path,
    url: str,
    file_of_routes: Path,
    settings: dict[str, str],
    dry: Path | None,
    once: bool,
    poll: bool,
    limit: int | None,
    worker: str | None,
    now: dt.date | None,
    seed: str,
    form: str,
) -> int:
    """Send what waits in the outbox, each message once, if it may go at this moment.

    The status is 1 where a route stopped because it is set up wrongly.
    """
    from rulecrm import Engine
    from rulecrm.dispatch import Routes
    from rulecrm.model.instants import instant_of, to_microseconds
    from rulecrm.state import Ledger

    with reporting(json=form == "json"):
        rules, facts = open_shop(file, folder, settings)
        routes = Routes.load(file_of_routes)
        draw(routes.warnings, {})
        Ledger.open(url, create=False).close()  # a misspelled one would be made, and have nothing to send
        with Engine(rules, facts, state=url, seed=seed, routes=routes) as engine:
            if dry is not None:
                return _rehearse(engine, dry, now, limit, form)
            if not once:
                return _follow(engine, rules, folder, worker, poll=poll)
            heard = _poll(engine) if poll else 0
            try:
                with progress() as moved:
                    done = engine.dispatch(now, limit=limit, worker=worker, progress=moved)
            except KeyboardInterrupt:
                click.echo("interrupted: what was under way is recorded, the rest waits", err=True)
                raise
        present = dt.datetime.now(dt.UTC) if now is None else now
        _report(done, heard, to_microseconds(instant_of(present, rules.program.zone)), form)
    return 1 if done.stopped else 0


def _rehearse(engine: Engine, folder: Path, now: dt.date | None, limit: int | None, form: str) -> int:
    told = engine.rehearse(folder, now, limit=limit)
    if form == "json":
        click.echo(json.dumps({"folder": str(told.folder), "outcomes": dict(told.outcomes)}, indent=2))
        return 0
    for outcome, count in told.outcomes.items():
        click.echo(f"{outcome}: {count:,}")
    click.echo(f"nothing was sent; look at {told.folder / 'index.html'}")
    return 0


def _poll(engine: Engine) -> int:
    """How many new receipts there are. A provider that cannot be asked keeps nobody from sending."""
    try:
        return engine.poll()
    except ExceptionGroup as group:
        found: list[Diagnostic] = []
        for error in group.exceptions:
            if isinstance(error, RulesError):
                found += error.diagnostics
                continue
            what = f"{type(error).__name__}: {error}".rstrip(": ")
            where = "; ".join(getattr(error, "__notes__", ())) or "while routes were asked"
            help_ = "what it has to tell is asked for again with the next run; messages are sent all the same"
            found.append(Diagnostic("R497", f"{where}: {what}", severity=Severity.WARNING, help=help_))
        draw(found, {})
        return 0


def _follow(engine: Engine, rules: Rules, folder: Path, worker: str | None, *, poll: bool) -> int:
    """Until somebody interrupts it; facts that have changed meanwhile are read again."""
    import rulecrm

    read, told = _changed(folder), frozenset[Diagnostic]()
    asked = float("-inf")
    while True:
        if poll and time.monotonic() - asked >= _ASKING:
            if heard := _poll(engine):
                click.echo(f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S} UTC  new receipts: {heard:,}")
            asked = time.monotonic()
        if _changed(folder) != read:
            read = _changed(folder)
            engine.facts = rulecrm.Facts.open(folder, schema=rules.program.schema, zone=rules.program.zone)
        with progress() as moved:
            done = engine.dispatch(worker=worker, progress=moved)
        if done.outcomes:
            counts = ", ".join(f"{outcome}: {count:,}" for outcome, count in done.outcomes.items())
            click.echo(f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S} UTC  {counts}; waiting: {done.waiting:,}")
        draw([one for one in done.diagnostics if one.message not in {old.message for old in told}], {})
        told = frozenset(done.diagnostics)
        left = _PAUSE if done.until is None else (done.until - dt.datetime.now(dt.UTC)).total_seconds()
        time.sleep(min(_PAUSE, max(0.5, left)))


def _changed(folder: Path) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir() if path.is_file()))


def _report(done: Dispatched, heard: int, now: int, form: str) -> None:
    if form == "json":
        report = {
            "receipts": heard,
            "outcomes": dict(done.outcomes),
            "waiting": done.waiting,
            "until": None if done.until is None else done.until.isoformat(),
            "unknown": done.unknown,
            "stopped": dict(done.stopped),
        }
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
        return
    draw(done.diagnostics, {})
    if heard:
        click.echo(f"new receipts: {heard:,}")
    for outcome, count in done.outcomes.items():
        click.echo(f"{outcome}: {count:,}")
    if not done.outcomes:
        click.echo("nothing was sent" if any(_overdue(one, now) for one in done.reasons) else "nothing was due")
    for one in done.reasons:
        if one.reason is None and _overdue(one, now):
            click.echo(f"waiting: {one.count:,}, due")
            continue
        until = "" if one.until is None else f" (from {_shown(one.until)} on)"
        click.echo(f"waiting: {one.count:,}, {one.reason or 'not due yet'}{until}")
    if done.unknown:
        click.echo(f"nobody knows what became of {done.unknown:,}: `rulecrm letters list`")


def _overdue(one: Waiting, now: int) -> bool:
    """Whether something waits though its instant has come: nobody takes it, or there were more than the limit."""
    return one.until is not None and one.until <= now


def _shown(micros: int) -> str:
    from rulecrm.model.instants import from_microseconds

    return f"{from_microseconds(micros):%Y-%m-%d %H:%M:%S} UTC"
