"""All frames at the door together.

In: frames by name, and the options they came with. Out: `Entry`: sources, rates, and what their columns tell.
Invariant: options are checked before any frame is looked at, and no row of a scan is read, rates excepted.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping

import polars as pl
from attrs import field, frozen

from rulecrm.diagnostics.model import Diagnostic, Severity
from rulecrm.diagnostics.suggest import nearest
from rulecrm.facts.door import Frame, admit, key_agreement
from rulecrm.facts.feeds import items_alone
from rulecrm.facts.findings import finding
from rulecrm.facts.rates import Rates, admit_rates
from rulecrm.facts.remarks import overridden
from rulecrm.facts.shapes import RATE_FRAME, shape_of
from rulecrm.facts.source import Source
from rulecrm.model.currencies import CURRENCIES
from rulecrm.model.schema import Schema

__all__ = ["Entry", "enter"]


@frozen(eq=False)
class Entry:
    """What came through the door: sources by name, rates, errors and warnings."""

    sources: Mapping[str, Source]
    rates: Rates
    found: list[Diagnostic] = field(factory=list)


def enter(
    frames: Mapping[str, Frame],
    schema: Schema,
    *,
    currency: str | None,
    zone: str | None,
    on_error: str,
    textual: frozenset[str],
    trusted: frozenset[str] = frozenset(),
) -> Entry:
    """Frames as sources; see `Facts.from_frames` for the options.

    `textual` names the frames that came as text, `trusted` those whose rows were checked when they were stored.

    Raises:
        TypeError: something given is no frame.
        ValueError: an option is none.
    """
    _check_options(frames, currency, zone, on_error)
    quarantine = on_error == "quarantine"
    sources: dict[str, Source] = {}
    found: list[Diagnostic] = []
    rates = Rates.none()
    for name, frame in frames.items():
        text = name in textual
        if name == RATE_FRAME:
            sources[name], rates, some = admit_rates(frame, quarantine=quarantine, textual=text)
        else:
            shape = shape_of(name, schema)
            sources[name], some = admit(
                name, frame, shape, zone=zone, currency=currency, quarantine=quarantine, textual=text,
                trusted=name in trusted,
            )  # fmt: skip
            if shape is None:
                some.append(_unknown(name, schema))
        found += some
    readable = {name: source for name, source in sources.items() if source.schema}
    found += key_agreement(readable, (*schema.subjects, "order"))
    found += items_alone(readable)
    found += overridden(sources, {name: kind.frame for name, kind in schema.kinds.items()})
    return Entry(sources, rates, found)


def _unknown(name: str, schema: Schema) -> Diagnostic:
    frames = {subject.frame for subject in schema.subjects.values() if subject.frame is not None}
    near = nearest(name, {*frames, *schema.kinds, *(kind.frame for kind in schema.kinds.values()), RATE_FRAME})
    fix = f"the nearest name is `{near}`" if near is not None else None
    message = f"it belongs to no kind that is known; only rules that declare `kind {name}` read it"
    return finding("R407", name, message, fix=fix, severity=Severity.WARNING if near is not None else Severity.HINT)


def _check_options(frames: Mapping[str, object], currency: str | None, zone: str | None, on_error: str) -> None:
    for name, frame in frames.items():
        if not isinstance(frame, pl.DataFrame | pl.LazyFrame):
            raise TypeError(f"`{name}` must be a Polars DataFrame or LazyFrame, not {type(frame).__name__}")
    if currency is not None and currency not in CURRENCIES:
        raise ValueError(f"currency must be an ISO 4217 code such as CNY, not {currency!r}")
    if on_error not in ("raise", "quarantine"):
        raise ValueError(f"on_error must be 'raise' or 'quarantine', not {on_error!r}")
    if zone is not None:
        try:
            zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"zone must be an IANA time zone such as Asia/Shanghai, not {zone!r}") from error
