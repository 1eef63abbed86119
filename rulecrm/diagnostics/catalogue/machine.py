"""Codes of advancing: the engine, its policy, and what they are given."""

from __future__ import annotations

from rulecrm.diagnostics.codes import Code

__all__ = ["CODES"]

CODES: tuple[Code, ...] = (
    Code(
        "R471",
        "nothing says who gave consent",
        """The policy says `require consent`, a campaign sends by a channel, and the facts have no column
`accepts_CHANNEL` of customers. Nobody could be sent anything, which is hardly what is meant. Give the frame
`customers` that column (yes, no, or missing where nobody asked); for a channel that is not built in, declare it
first: `attribute accepts_wechat: bool`. Or leave `require consent` out: then only a refusal counts.""",
    ),
    Code(
        "R472",
        "backtest that ends before it starts",
        """A backtest replays history from `start` to `end`, and the end given is the earlier. A bare date is the first
instant of that day in the rules' zone.""",
    ),
    Code(
        "R473",
        "journeys that cannot be taken over",
        """`Engine.migrate` takes journeys of older versions of a campaign over to the current one, from the step at
which they rest to one of its own. That step has to be a wait, it may lie inside a `repeat` only if theirs did, and the
campaign may read no `entry.FIELD` that they did not keep. Where it does not fit, journeys finish on the version that
they were entered with.""",
    ),
)
