"""Sending: messages through gate, template and a channel without latency; memory; a rate that is the provider's.

In: the setup. Out: a table. As a program: `python -m tests.benchmarks.sending FOLDER COUNT` sends so many of what waits in
`FOLDER/crm.db`, and prints JSON.
Invariant: every message is due, passes consent, suppression, quiet hours, a cap and the address, and is filled from facts
before it goes; a run that lost one, or sent one twice, has no time.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import polars as pl

import rulecrm
from rulecrm.model.sending import Answer, Answered, Message, Rate, Traits
from tests.benchmarks.setup import Setup
from tests.benchmarks.table import OURS, Line, Table
from tests.benchmarks.timing import in_child

__all__ = ["RULES", "prepare", "rate", "run", "send"]

_STATUS = Path("/proc/self/status")
_START = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
_NOON = _START + dt.timedelta(days=1, hours=12)
_RATE = 500

RULES = """
timezone "UTC"
currency CNY
metric orders = count(purchase)
metric spent = sum(purchase.amount)
template hello for sms "{{ nick }}, {{ orders }} orders, {{ spent }} CNY: {% if orders > 1 %}thank you{% else %}welcome{% endif %}"
policy { quiet 21:00..09:00  at most 2 messages per 7d }
campaign care { enter on purchase  send sms hello }
"""


def run(setup: Setup) -> Table:
    """How long, how much memory, how near to the rate."""
    count = setup.messages
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), count)
        first = in_child("sending", folder, str(count // 5))
        rest = in_child("sending", folder, str(count - count // 5))
    seconds = first["seconds"] + rest["seconds"]
    found = [Line(f"{count:,} messages", OURS, seconds, note=f"{count / seconds:,.0f} a second, SQLite in a file")]
    if _STATUS.exists():
        found += [
            Line("peak memory", f"{part:,} messages", one["megabytes"], "MB", "of the process, facts included")
            for part, one in ((count // 5, first), (count - count // 5, rest))
        ]
    held = rate(min(count, 5_000))
    found.append(Line("a provider's rate", OURS, held, "messages/s", f"{_RATE} allowed"))
    return Table("sending", "messages through gate, template and channel", tuple(found))


def prepare(folder: Path, count: int) -> None:
    """Write facts, and a ledger in which so many messages are due."""
    keys = pl.Series("customer", [f"c{number}" for number in range(count)])
    numbers = pl.int_range(count, eager=True)
    customers = pl.DataFrame(
        {
            "customer": keys,
            "nick": keys,
            "phone": "+86" + numbers.cast(pl.String).str.zfill(11),
            "accepts_sms": [True] * count,
        }
    )
    bought = pl.DataFrame(
        {
            "customer": keys,
            "at": [_START + dt.timedelta(days=1)] * count,
            "amount": (numbers % 900 + 100).cast(pl.Decimal(38, 2)),
        }
    )
    customers.write_parquet(folder / "customers.parquet")
    bought.write_parquet(folder / "purchase.parquet")
    with _engine(folder) as engine:
        engine.advance(_NOON)


def send(folder: Path, count: int, *, rates: tuple[Rate, ...] = ()) -> tuple[float, float]:
    """Send so many; the seconds it took, and those between the first call of the channel and the last."""
    channel = _Counting(rates, pl.scan_parquet(folder / "customers.parquet").select(pl.len()).collect().item())
    with _engine(folder, channel) as engine:
        began = perf_counter()
        done = engine.dispatch(_NOON, limit=count)
        seconds = perf_counter() - began
    if done.outcomes != {"sent": count} or sum(channel.seen) != count or channel.count != count:
        raise AssertionError(f"{count} were due: {done}, {channel.count} calls, {sum(channel.seen)} messages")
    return seconds, channel.last - channel.first


def rate(count: int) -> float:
    """Messages a second of a channel that takes 500."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), count)
        _, between = send(Path(folder), count, rates=(Rate(_RATE, 1.0),))
    return (count - 1) / between


class _Counting:
    """Takes every message at once, and remembers who got one; that takes the same room whoever did."""

    def __init__(self, rates: tuple[Rate, ...], people: int) -> None:
        self.traits = Traits(channel="sms", provider="counting", address="phone", rates=rates)
        self.seen = bytearray(people)
        self.count = 0
        self.first = self.last = 0.0

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        self.last = perf_counter()
        self.first = self.first or self.last
        self.count += len(batch)
        for message in batch:
            self.seen[int(message.customer.removeprefix("c"))] = 1
        return [Answer(Answered.ACCEPTED, provider_id=message.key) for message in batch]

    async def close(self) -> None:
        pass


def _engine(folder: Path, channel: _Counting | None = None) -> rulecrm.Engine:
    facts = rulecrm.Facts.from_frames(
        customers=pl.read_parquet(folder / "customers.parquet"),
        purchase=pl.read_parquet(folder / "purchase.parquet"),
        currency="CNY",
    )
    channels = {} if channel is None else {"sms": channel}
    state = f"sqlite:///{folder}/crm.db"
    return rulecrm.Engine(rulecrm.loads(RULES), facts, state=state, start=_START, channels=channels)


def main() -> None:
    """Send, and print how long it took and the peak."""
    seconds, _ = send(Path(sys.argv[1]), int(sys.argv[2]))
    peak = 0.0
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        peak = int(line.split()[1]) / 1024
    sys.stdout.write(json.dumps({"seconds": seconds, "megabytes": peak}) + "\n")


if __name__ == "__main__":
    main()
