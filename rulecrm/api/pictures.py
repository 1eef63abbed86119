"""A lifecycle or a campaign as a diagram, with counts from the facts or a ledger.

In: rules, a name, perhaps facts and a ledger. Out: a `Diagram`.
Invariant: a count says how many are there as of one instant; without facts or ledger there are no counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.draw import Diagram, of_campaign, of_lifecycle
from rulecrm.model.instants import Instant

if TYPE_CHECKING:
    from rulecrm.api.rules import Rules
    from rulecrm.facts import Facts

__all__ = ["diagram_of"]


def diagram_of(
    rules: Rules, name: str | None, facts: Facts | None, as_of: Instant | None, state: str | None
) -> Diagram:
    """See `Rules.diagram`."""
    program = rules.program
    lifecycles = {one.symbol: one for one in program.lifecycles}
    campaigns = {one.symbol: one for one in program.journeys}
    names = [*lifecycles, *campaigns]
    if name is None and names:
        name = names[0]
    if name in lifecycles:
        if facts is None or as_of is None:
            return of_lifecycle(lifecycles[name], program.sources)
        counted = rules.evaluate(facts, as_of, only=[name]).states(name)
        moved = rules.moves(facts, name, until=as_of).group_by("from", "to").len()
        return of_lifecycle(
            lifecycles[name],
            program.sources,
            counts=dict(counted.select("state", "size").iter_rows()),
            moves={(left, to): count for left, to, count in moved.iter_rows()},
        )
    if name in campaigns:
        return of_campaign(campaigns[name], program.sources, counts=None if state is None else _resting(state, name))
    message = f"no lifecycle or campaign is called `{name}`" if names else "the file has no lifecycle and no campaign"
    raise RulesError([Diagnostic("R120", message, help=did_you_mean(name or "", names))], program.sources)


def _resting(state: str, campaign: str) -> dict[str, int]:
    """How many journeys rest at each step of a campaign."""
    from rulecrm.state import Ledger

    with Ledger.open(state, create=False) as ledger:
        live = ledger.journeys(campaign=campaign, live=True)
    return dict(live.group_by("step").len().iter_rows())
