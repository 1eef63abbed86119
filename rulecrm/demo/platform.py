"""What `rulecrm demo --platform NAME` does: a whole shop against a local fake of a platform.

In: the name of an installed platform, a folder. Out: a store, a ledger, messages in a file, and what came of them.
Invariant: nothing leaves this machine, and the shop's days pass by a clock of its own.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from rulecrm import Synced
    from rulecrm.plugin import Registry
    from rulecrm.testing.fakes import PlatformFake

__all__ = ["show_platform"]

DAYS = 21
_ACCOUNT = "demo"

_SENDING = """\
[routes.im]
use = "file"
channel = "im"
address = "platform_key"
path = "messages.jsonl"
"""


@frozen
class _Place:
    """Where the demo's files lie."""

    folder: Path

    @property
    def rules(self) -> Path:
        return self.folder / "shop.rules"

    @property
    def accounts(self) -> Path:
        return self.folder / "platforms.toml"

    @property
    def sending(self) -> Path:
        return self.folder / "sending.toml"

    @property
    def messages(self) -> Path:
        return self.folder / "messages.jsonl"

    @property
    def store(self) -> Path:
        return self.folder / "shop"

    @property
    def ledger(self) -> Path:
        return self.folder / "crm.db"


def show_platform(
    name: str, folder: Path, *, console: Console, days: int = DAYS, registry: Registry | None = None
) -> None:
    """Run a shop on a fake of a platform for some weeks: every day sync, advance and send; at the end say who is who.

    Args:
        name: of the platform.
        folder: where settings, rules, store, ledger and messages go.
        console: where the words go.
        days: how long the shop is open.
        registry: what is installed.

    Raises:
        RulesError: R712, no such platform is installed, it has no fake, or the folder has a shop already.
    """
    from rulecrm.plugin import installed
    from rulecrm.testing.fakes import fake_of

    registry = registry or installed()
    fake = fake_of(name, registry)
    place = _Place(folder)
    if place.store.exists() or place.ledger.exists():
        message = f"there is a shop in {folder} already"
        raise RulesError([Diagnostic("R712", message, help="name another folder with --out, or remove that one")])
    folder.mkdir(parents=True, exist_ok=True)
    with fake:
        _write(place, fake)
        os.environ.update(fake.environment())
        console.print(f"{name}: a fake of it listens at {fake.url}, and nothing leaves this machine")
        synced, outcomes = _live(place, fake, days, registry)
    console.print(_read(name, synced))
    console.print(_customers(place, fake.market.clock.now()))
    console.print(_messages(outcomes))
    for one in (place.rules, place.accounts, place.store, place.ledger, place.messages):
        console.print(f"  {one}")
    for stopped in [one.stopped for one in synced if one.stopped]:
        console.print(f"stopped: {stopped}")


def _write(place: _Place, fake: PlatformFake) -> None:
    text = files("rulecrm.demo").joinpath("platform.rules").read_text("utf-8")
    place.rules.write_text(text.replace("currency CNY", f"currency {fake.market.currency}"), "utf-8")
    place.sending.write_text(_SENDING, "utf-8")
    place.accounts.write_text(_toml(fake.settings()), "utf-8")


def _toml(settings: Mapping[str, object]) -> str:
    lines = [f"[accounts.{_ACCOUNT}]"]
    # JSON's texts, numbers, lists of texts and true/false are TOML's, too.
    lines += [
        f"{key} = {json.dumps(list(value) if isinstance(value, tuple) else value)}" for key, value in settings.items()
    ]
    return "\n".join(lines) + "\n"


def _live(place: _Place, fake: PlatformFake, days: int, registry: Registry) -> tuple[list[Synced], Counter[str]]:
    from rulecrm import Accounts, Engine, Facts, Routes, load, sync
    from rulecrm.plugin import PlatformContext

    rules = load(place.rules)
    account = Accounts.load(place.accounts, registry=registry).one(_ACCOUNT)
    clock = fake.market.clock
    context = PlatformContext(clock.now, clock.sleep, tokens=place.folder / "tokens" / f"{_ACCOUNT}.json")
    synced, outcomes = [], Counter[str]()
    for _ in range(days):
        fake.market.live(1)
        (done,) = sync(account, place.store, context=context)
        synced.append(done)
        if done.stopped:
            break
        facts = Facts.open(place.store, schema=rules.program.schema)
        state = f"sqlite:///{place.ledger}"
        with Engine(rules, facts, state=state, routes=Routes.load(place.sending)) as engine:
            engine.advance(to=clock.now())
            outcomes.update(engine.dispatch(now=clock.now()).outcomes)
    return synced, outcomes


def _read(name: str, synced: list[Synced]) -> Table:
    table = _table(f"read from {name} in {len(synced)} days", "frame", "received", "stored", "unchanged", "quarantined")
    for frame in dict.fromkeys(frame for one in synced for frame in one.tallies):
        tallies = [one.tallies[frame] for one in synced if frame in one.tallies]
        total = sum(tallies[1:], tallies[0])
        table.add_row(frame, *(f"{n:,}" for n in (total.received, total.stored, total.unchanged, total.quarantined)))
    return table


def _customers(place: _Place, now: dt.datetime) -> Table:
    from rulecrm import Facts, load

    rules = load(place.rules)
    result = rules.evaluate(Facts.open(place.store, schema=rules.program.schema), as_of=now)
    table = _table(f"customers on {now:%Y-%m-%d %H:%M} UTC", "who", "how many")
    for name in rules.names("segment"):
        table.add_row(name, f"{result.segment(name).height:,}")
    return table


def _messages(outcomes: Mapping[str, int]) -> Table:
    table = _table("messages", "outcome", "how many")
    for outcome, count in sorted(outcomes.items()):
        table.add_row(outcome, f"{count:,}")
    return table


def _table(title: str, first: str, *others: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify="right")
    return table
