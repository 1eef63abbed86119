"""A dry run: what would be sent now, as files that can be opened and read.

In: an outbox, routes, a gate, a writer, a folder. Out: a file or two for each message, `index.html` and `index.csv`.
Invariant: nothing is claimed, drawn or sent; the ledger is only read. No name of a file comes from facts unchanged.
"""

from __future__ import annotations

import csv
import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from rulecrm.dispatch.builtin import line_of
from rulecrm.dispatch.gate import Gate, Passed
from rulecrm.dispatch.routes import Route, Routes
from rulecrm.dispatch.writing import Ready, Writer, written
from rulecrm.state import Ledger, Outcome, Ways

__all__ = ["Rehearsed", "rehearse"]

_MOST = 10_000
"""Messages that are written where nothing else is said."""

_COLUMNS = ("file", "route", "channel", "customer", "address", "campaign", "step", "template", "outcome", "reason")

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>What would be sent</title>
<style>body{{font:14px sans-serif;margin:2em}}table{{border-collapse:collapse}}td,th{{padding:.2em .8em;text-align:left;
border-bottom:1px solid #ddd}}</style></head><body><h1>What would be sent</h1><p>{summary}</p>
<table><tr>{head}</tr>
{rows}
</table></body></html>
"""


@frozen
class Rehearsed:
    """A dry run.

    Attributes:
        folder: where the files are; `index.html` lists them.
        outcomes: how many messages would be handed over (`would be sent`), wait (`waiting`), or end with which outcome.
    """

    folder: Path
    outcomes: Mapping[str, int]


def rehearse(
    ledger: Ledger, routes: Routes, gate: Gate, writer: Writer, folder: Path, *, now: int, limit: int | None = None
) -> Rehearsed:
    """Write what would be sent.

    Args:
        ledger: whose outbox.
        routes: by which messages would go.
        gate: asked for every message.
        writer: finds the words.
        folder: made where it is not there.
        now: the instant, microseconds.
        limit: at most so many messages of each route.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    rows: list[dict[str, str]] = []
    for route in routes.routes:
        problem = gate.problem(route)
        if problem is not None:
            rows.append(
                {"route": route.name, "channel": route.channel, "outcome": "stopped", "reason": problem.message}
            )
            continue
        claimed = ledger.outbox.peek(now, ways=Ways(routes.pairs(route)), limit=_MOST if limit is None else limit)
        verdicts = gate.ask(route, claimed, now)
        passed = [one for one in verdicts if isinstance(one, Passed)]
        ready, ended = written(passed, writer.write(passed, route, now), route, gate.expires)
        for one in ready:
            rows.append(_write(folder, len(rows) + 1, route, one))
            counts["would be sent"] += 1
        for over in (*(one for one in verdicts if isinstance(one, Outcome)), *ended):
            rows.append(_not_sent(route, over))
            counts[rows[-1]["outcome"]] += 1
    _index(folder, rows, counts)
    return Rehearsed(folder, dict(sorted(counts.items())))


def _write(folder: Path, number: int, route: Route, one: Ready) -> dict[str, str]:
    message, content = one.message, one.message.content
    name = f"{number:06}-{_safe(message.channel)}-{_safe(message.customer)}"
    text = content.text if content.subject is None else f"{content.subject}\n\n{content.text}"
    (folder / f"{name}.txt").write_text(f"{text}\n", "utf-8")
    if content.html is not None:
        (folder / f"{name}.html").write_text(content.html, "utf-8")
    whole = json.dumps(json.loads(line_of(message)), ensure_ascii=False, indent=2)
    (folder / f"{name}.json").write_text(f"{whole}\n", "utf-8")
    return {
        "file": f"{name}.{'html' if content.html is not None else 'txt'}", "route": route.name,
        "channel": message.channel, "customer": message.customer, "address": message.address,
        "campaign": message.campaign, "step": message.step, "template": message.template, "outcome": "would be sent",
    }  # fmt: skip


def _not_sent(route: Route, over: Outcome) -> dict[str, str]:
    claimed = over.claimed
    outcome = over.outcome or ("next message" if over.way != claimed.way else "waiting")
    return {
        "route": route.name, "channel": claimed.way.channel, "customer": claimed.customer, "campaign": claimed.campaign,
        "step": claimed.step, "template": claimed.way.template or "", "outcome": outcome, "reason": over.reason or "",
    }  # fmt: skip


def _index(folder: Path, rows: Sequence[Mapping[str, str]], counts: Mapping[str, int]) -> None:
    with (folder / "index.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        table.writerows([_cell(row.get(name, "")) for name in _COLUMNS] for row in rows)
    summary = ", ".join(f"{outcome}: {count:,}" for outcome, count in sorted(counts.items())) or "nothing is due"
    head = "".join(f"<th>{name}</th>" for name in _COLUMNS)
    page = _PAGE.format(summary=html.escape(summary), head=head, rows="\n".join(_rows(rows)))
    (folder / "index.html").write_text(page, "utf-8")


def _rows(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    for row in rows:
        cells = [html.escape(row.get(name, "")) for name in _COLUMNS]
        if cells[0]:
            cells[0] = f'<a href="{cells[0]}">{cells[0]}</a>'
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _cell(text: str) -> str:
    """A spreadsheet takes for a formula what begins like one; a phone number is none."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not re.fullmatch(r"\+\d+", text) else text


def _safe(text: str) -> str:
    """A part of a file's name."""
    return re.sub(r"[^0-9A-Za-z_-]+", "_", text)[:40] or "_"
