"""A small shop that sends: facts, rules, channels that do as they are told, and a clock that takes no time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import polars as pl

import rulecrm
from rulecrm.model.sending import Answer, Answered, Message, Sent, Traits
from rulecrm.testing.clocks import FakeClock

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
START = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
BOUGHT = START + DAY
NOON = START + DAY + 12 * HOUR

HEAD = """
timezone "UTC"
template hello for sms "Hello"
template letter for email { subject "Hello"  body "Hello" }
"""

SMS = HEAD + "campaign care { enter on purchase  send sms hello }\n"
EITHER = HEAD + "campaign care { enter on purchase  send sms hello else email letter }\n"

ACCEPTED = Answer(Answered.ACCEPTED)

Script = Callable[[Message, int], Answer]
"""What is answered to a message, by how often it was seen before."""


def Clock(at: dt.datetime = NOON) -> FakeClock:  # noqa: N802 - it stands where a class would
    """A clock that only moves when somebody waits."""
    return FakeClock(at)


class Channel:
    """Answers as the script says, and remembers everything that it was handed."""

    def __init__(
        self, word: str, script: Script | None = None, clock: FakeClock | None = None, **traits: object
    ) -> None:
        address = {"sms": "phone", "email": "email"}.get(word, "")
        given: dict[str, object] = {"channel": word, "provider": f"fake-{word}", "address": address, **traits}
        self.traits = Traits(**given)  # type: ignore[arg-type]
        self.script = script or (lambda _, __: ACCEPTED)
        self.calls: list[list[Message]] = []
        self.times: list[dt.datetime] = []
        self.seen: dict[str, int] = {}
        self.clock = clock

    @property
    def got(self) -> list[Message]:
        return [message for call in self.calls for message in call]

    @property
    def whom(self) -> list[str]:
        return [message.customer for message in self.got]

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        self.calls.append(list(batch))
        if self.clock is not None:
            self.times += [self.clock.now()] * len(batch)
        answers = []
        for message in batch:
            answers.append(self.script(message, self.seen.get(message.key, 0)))
            self.seen[message.key] = self.seen.get(message.key, 0) + 1
        return answers

    async def close(self) -> None:
        pass


class Asked(Channel):
    """A channel that can be asked about lost messages."""

    def __init__(self, word: str, script: Script | None = None, answer: Answer = ACCEPTED, **traits: object) -> None:
        super().__init__(word, script, asks=True, **traits)
        self.answer = answer
        self.asked: list[Sent] = []

    async def ask(self, lost: Sequence[Sent]) -> Sequence[Answer]:
        self.asked += lost
        return [self.answer] * len(lost)


def customers(count: int = 1, **columns: Sequence[object]) -> pl.DataFrame:
    """`c0`, `c1`, … with a phone and an e-mail address; other columns as given."""
    keys = [f"c{number}" for number in range(count)]
    frame = pl.DataFrame(
        {
            "customer": keys,
            "phone": [f"+4912{number:08}" for number in range(count)],
            "email": [f"{key}@x.test" for key in keys],
        }
    )
    return frame.with_columns(**{name: pl.Series(values) for name, values in columns.items()})


def facts(people: pl.DataFrame | None = None, **frames: pl.DataFrame) -> rulecrm.Facts:
    """Every customer has bought once, a day after the start."""
    people = customers() if people is None else people
    bought = people.select("customer", at=pl.lit(BOUGHT))
    return rulecrm.Facts.from_frames(customers=people, purchase=bought, **frames)


def engine(
    rules: str,
    channels: Mapping[str, Channel],
    *,
    people: pl.DataFrame | None = None,
    to: dt.datetime = NOON,
    state: str = "sqlite://",
    **frames: pl.DataFrame,
) -> rulecrm.Engine:
    """An engine that has advanced to noon of the day of the purchases."""
    made = rulecrm.Engine(rulecrm.loads(rules), facts(people, **frames), state=state, start=START, channels=channels)
    made.advance(to)
    return made


def outcomes(made: rulecrm.Engine) -> dict[str, str]:
    return dict(made.decisions().filter(pl.col("action") == "send").select("customer", "outcome").iter_rows())


def states(made: rulecrm.Engine) -> Mapping[str, int]:
    return made._ledger.outbox.counts()
