"""A form in which a manager writes a segment: what is wrong comes back as data, for the form to show where it is."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl

import rulecrm

BASE = (Path(__file__).parent / "back_office.rules").read_text("utf-8")

facts = rulecrm.Facts.from_frames(
    orders=pl.DataFrame(
        {
            "order": ["1", "2", "3"],
            "customer": ["ann", "ann", "bob"],
            "paid_at": [dt.datetime(2025, 3, day, tzinfo=dt.UTC) for day in (1, 20, 5)],
            "amount": [Decimal(200), Decimal(150), Decimal(90)],
        }
    )
)


def submit(condition: str) -> str:
    """What the form answers: how many there are, or what to mend and at which letter."""
    head = f"{BASE}\nsegment draft = "
    try:
        rules = rulecrm.loads(head + condition + "\n", source="form")
    except rulecrm.RulesError as error:
        first = error.diagnostics[0]
        letter = first.span.start - len(head) + 1 if first.span else 0
        return f"letter {letter}: {first.message}" + (f"; {first.help}" if first.help else "")
    (size,) = rules.evaluate(facts, as_of="2025-04-01", only=["draft"]).sizes()["size"]
    return f"customers: {size}"


for written in (
    "spent >= 100 CNY",
    "spent >= 100",
    "purchases >= 2 and spnet > 300 CNY",
    "idle > 20",
    "idle > 20d and spent < 100 CNY",
):
    print(f"{written:40} {submit(written)}")
