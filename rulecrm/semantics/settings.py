"""The zone and the currency of a program.

In: the `timezone` and `currency` lines of all files. Out: one zone, one currency.
Invariant: what the root file says holds; what an imported file says is a default.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from rulecrm.diagnostics.model import Note
from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.model.currencies import CURRENCIES, instead_of
from rulecrm.semantics.load import Loaded
from rulecrm.semantics.report import Report
from rulecrm.semantics.walk_syntax import currencies
from rulecrm.syntax.declarations import CurrencyIs, Test, TimezoneIs

__all__ = ["NO_CURRENCY", "currency_of", "zone_of"]

NO_CURRENCY = "XXX"
"""ISO 4217 for "no currency": of a program in which no amount is written."""


def zone_of(loaded: Loaded, report: Report) -> str:
    """IANA name of the zone; UTC where no file names one."""
    found: str | None = None
    for module in loaded.modules:
        first: TimezoneIs | None = None
        for node in module.rules.declarations:
            if not isinstance(node, TimezoneIs):
                continue
            if first is not None:
                notes = (Note("first here", first.span),)
                report.error("R306", "a file has one timezone", node.span, notes=notes)
                continue
            first = node
            if not _is_zone(node.zone.value):
                advice = did_you_mean(node.zone.value, available_timezones()) or "an IANA name, such as `Asia/Shanghai`"
                report.error("R507", f'unknown time zone "{node.zone.value}"', node.zone.span, advice=advice)
            elif found is None:
                found = node.zone.value
            elif found != node.zone.value:
                message = f'the time zone "{node.zone.value}" of this file gives way to "{found}"'
                report.warning("R508", message, node.zone.span, advice="one program has one zone")
    return found or "UTC"


def currency_of(loaded: Loaded, report: Report) -> str:
    """The reporting currency: as declared, or else the only one that is written, in the root file or in its imports."""
    found: str | None = None
    for module in loaded.modules:
        first: CurrencyIs | None = None
        for node in module.rules.declarations:
            if not isinstance(node, CurrencyIs):
                continue
            if first is not None:
                notes = (Note("first here", first.span),)
                report.error("R306", "a file has one currency", node.span, notes=notes)
                continue
            first = node
            code = node.code.text
            if code not in CURRENCIES and code != NO_CURRENCY:
                report.error("R507", f"`{code}` is no currency", node.code.span, advice=instead_of(code))
            elif found is None:
                found = code
            elif found != code:
                message = f"the currency {code} of this file gives way to {found}"
                report.warning("R508", message, node.code.span, advice="amounts are reported in one currency")
    if found is not None:
        return found
    own = loaded.root.rules.declarations
    imported = (node for module in loaded.modules for node in module.rules.declarations if not isinstance(node, Test))
    every = currencies(own) or currencies(imported)
    written = {code: span for code, span in every.items() if code in CURRENCIES}  # others are told where they stand
    if len(written) > 1:
        (first_code, _), (second_code, span), *_ = written.items()
        message = f"amounts are written in {first_code} and in {second_code}, and no currency is declared"
        report.error("R509", message, span, advice=f"add `currency {first_code}`")
    return next(iter(written), NO_CURRENCY)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return bool(name)
