"""What a command about data works on: loaded rules and opened facts.

In: a rules file, params, a folder. Out: `Rules` and `Facts`.
Invariant: what the checker or the facts remark on is drawn on stderr before anything is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rulecrm.cli.report import draw
from rulecrm.diagnostics.model import Diagnostic, Severity

if TYPE_CHECKING:
    from rulecrm import Facts, Rules

__all__ = ["open_shop"]


def open_shop(file: Path, folder: Path, settings: Mapping[str, str]) -> tuple[Rules, Facts]:
    """Load the rules, and open the facts in the world and the zone of the rules.

    Raises:
        RulesError: the rules or the facts are wrong.
    """
    import rulecrm

    rules = rulecrm.load(file, params=settings)
    warnings = [one for one in rules.warnings if one.severity is Severity.WARNING]
    draw(warnings, rules.program.sources)
    facts = rulecrm.Facts.open(folder, schema=rules.program.schema, zone=rules.program.zone)
    draw((*facts.warnings, *_lacking(rules, facts)), {})
    return rules, facts


def _lacking(rules: Rules, facts: Facts) -> list[Diagnostic]:
    """Kinds that the rules ask for and no file brings: a program may mean it, on a command line it seldom is meant."""
    from rulecrm.planning import make_plan

    schema = rules.program.schema
    needs = make_plan(rules.program, (*rules.names(), *rules.lifecycles)).needs
    found = facts.check((schema.kinds[name], fields) for name, fields in needs.kinds.items())
    return [one for one in found if one.severity is Severity.WARNING]
