"""The channels that messages go through.

In: words that name one. Out: the channel, None for all of them.
Invariant: channels come from outside (plugins bring them), so that a template may be for any; a limit on a channel that
nothing goes through is a slip.
"""

from __future__ import annotations

from collections.abc import Iterable

from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.model.schema import Schema
from rulecrm.semantics.report import Report
from rulecrm.semantics.scope import Entry
from rulecrm.syntax.ast import Identifier
from rulecrm.syntax.journeys import Template

__all__ = ["channel_of", "known_channels"]

_CONSENT = "accepts_"


def known_channels(schema: Schema, templates: Iterable[Entry], report: Report) -> frozenset[str]:
    """Channels that templates are for, and those that customers can consent to; likely slips are pointed at."""
    consented = {
        name.removeprefix(_CONSENT) for name in schema.subjects["customer"].columns if name.startswith(_CONSENT)
    }
    used: set[str] = set()
    for entry in templates:
        if isinstance(entry.node, Template):
            word = entry.node.channel
            advice = None if word.text in consented else did_you_mean(word.text, consented)
            if advice is not None:
                report.warning("R223", f"customers cannot consent to a channel `{word.text}`", word.span, advice=advice)
            used.add(word.text)
    return frozenset(_without_purposes(consented, used) | used)


def _without_purposes(consented: set[str], used: set[str]) -> set[str]:
    """Without what customers consent to for a purpose: `accepts_sms_service` is about `sms`."""
    known = consented | used
    return {name for name in consented if not any(name.startswith(f"{channel}_") for channel in known - {name})}


def channel_of(word: Identifier, known: frozenset[str], report: Report) -> str | None:
    """The channel of `at most N CHANNEL` and `budget N CHANNEL`; None for messages of any."""
    if word.text in ("message", "messages"):
        return None
    if word.text not in known:
        message = f"nothing is sent through a channel `{word.text}`"
        near = did_you_mean(word.text, {*known, "messages"})
        if near is not None:
            report.error("R223", message, word.span, advice=near)
        else:
            report.warning("R223", message, word.span, advice=f"there are: messages, {', '.join(sorted(known))}")
    return word.text
