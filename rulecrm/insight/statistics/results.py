"""What a comparison answers.

In: numbers. Out: `Interval`, `Compared`.
Invariant: no number is a NaN or infinite; what cannot be said is None, and `why` names the reason.
"""

from __future__ import annotations

from typing import Literal

from attrs import frozen

__all__ = ["Compared", "Interval", "Method", "Why"]

Why = Literal["no_control", "empty_arm", "too_few", "no_variance"]
"""`no_control`: the control has nobody. `empty_arm`: the treated (or the whole base of a share) are nobody. `too_few`:
there are some, but fewer than the method needs. `no_variance`: all values are alike, so that nothing can be said of
chance."""

Method = Literal["score", "fisher", "welch", "cuped", "always_valid"]
"""Where p comes from: the score test of two proportions or Fisher's exact test (both with Newcombe's interval), Welch's
t test (also of adjusted values: `cuped`), or a confidence sequence."""


@frozen
class Interval:
    """A confidence interval of one quantity.

    Attributes:
        low: its lower end; None where nothing can be said.
        high: its upper end; None where nothing can be said.
        level: the confidence, 0.95 for 95 %.
        why: why there is none; None where there is one.
    """

    low: float | None
    high: float | None
    level: float
    why: Why | None = None


@frozen
class Compared:
    """The treated against the control.

    Attributes:
        difference: treated less control; None where an arm is empty.
        low: lower end of its confidence interval; None where nothing can be said of chance.
        high: upper end.
        p: two-sided: how often chance alone would show a difference as large, were there none.
        level: the confidence, 0.95 for 95 %.
        method: where `p` and the interval come from.
        why: why something above is None; None where all is said.
        standard_error: of the difference, where the interval is made from one.
    """

    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    level: float
    method: Method
    why: Why | None = None
    standard_error: float | None = None

    @classmethod
    def unsaid(cls, why: Why, *, level: float, method: Method, difference: float | None = None) -> Compared:
        """A comparison that cannot be made, with the difference where at least that is known."""
        return cls(difference, None, None, None, level, method, why)
