"""What moves and what is said: lifecycles, templates, campaigns and the policy.

In: a loaded program whose definitions are checked. Out: `Journeys`, their part of the program; findings.
Invariant: all of a program's machines ask for the population by the same definitions, see `guards`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from attrs import evolve, field, frozen

from rulecrm.model import ir, machine
from rulecrm.semantics.channels import known_channels
from rulecrm.semantics.checker import Checker
from rulecrm.semantics.clauses import lower_campaign
from rulecrm.semantics.definitions import Settling, check_earlier
from rulecrm.semantics.guards import Guards
from rulecrm.semantics.lifecycles import in_order, lower_lifecycle
from rulecrm.semantics.load import Loaded
from rulecrm.semantics.policies import lower_policies
from rulecrm.semantics.scope import Entry
from rulecrm.semantics.sources import Read
from rulecrm.semantics.templates import lower_template
from rulecrm.semantics.versions import Versions
from rulecrm.semantics.wording import check_wording

__all__ = ["Journeys", "lower_journeys"]


@frozen
class Journeys:
    """As in `Program`; `definitions` are those that only the machines refer to."""

    definitions: tuple[ir.Definition, ...] = ()
    lifecycles: tuple[machine.Lifecycle, ...] = ()
    templates: Mapping[str, machine.Template] = field(factory=dict)
    campaigns: tuple[machine.Campaign, ...] = ()
    policy: machine.Policy | None = None


def lower_journeys(checker: Checker, loaded: Loaded, settling: Settling, read: Read, zone: str) -> Journeys:
    """Every lifecycle, template and campaign of every file, and the policy of the root file."""
    report, words, asked_before = checker.report, list(_entries(loaded, "template")), len(checker.earlier)
    guards = Guards(checker, settling.definitions, known_channels(checker.schema, words, report))
    templates = {entry.symbol: lower_template(report, entry, loaded, read) for entry in words}
    lifecycles = [lower_lifecycle(guards, entry) for entry in _entries(loaded, "lifecycle")]
    visible = {id(entry) for entry in loaded.root.scope.values()}
    written = [(entry, lower_campaign(guards, entry)) for entry in _entries(loaded, "campaign")]
    policy = lower_policies(guards, loaded)
    ordered = in_order(guards, lifecycles, {entry.symbol: entry.span for entry in _entries(loaded, "lifecycle")})
    if len(checker.earlier) > asked_before:
        check_earlier(checker, settling)
    journeys = [*(campaign for _, campaign in written), *(block for one in lifecycles for block in one.entering)]
    templates = check_wording(
        report, checker.schema, [(entry, templates[entry.symbol]) for entry in words], journeys, loaded.sources
    )
    if report.failed:
        return Journeys()
    versions = Versions(
        {**settling.definitions, **guards.copies},
        {one.symbol: one for one in ordered},
        templates,
        (zone, checker.currency),
    )

    def versioned(campaign: machine.Campaign) -> machine.Campaign:
        return evolve(campaign, version=versions.of(campaign))

    return Journeys(
        tuple(guards.copies.values()),
        tuple(evolve(one, entering=tuple(map(versioned, one.entering))) for one in ordered),
        MappingProxyType(templates),
        # one that the root file replaces by one of its own is checked, and not run
        tuple(versioned(campaign) for entry, campaign in written if id(entry) in visible),
        policy,
    )


def _entries(loaded: Loaded, form: str) -> Iterator[Entry]:
    return (entry for module in loaded.modules for entry in module.own.values() if entry.form == form)
