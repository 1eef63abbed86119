"""How many customers a comparison needs, asked before it starts.

In: what is expected, and how sure one wants to be. Out: `Sizes`.
Invariant: a smaller uplift, a higher level or a higher power never needs fewer.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight.statistics.asked import checked_level, checked_share, positive
from rulecrm.insight.statistics.normal import critical

__all__ = ["Sizes", "required_size", "required_size_of_means"]

_NORMAL = 10_000
"""Above so many customers Student's t is the normal distribution for the purpose."""


@frozen
class Sizes:
    """Customers that are needed.

    Attributes:
        treated: in the treated arm.
        control: in the control.
    """

    treated: int
    control: int

    @property
    def total(self) -> int:
        """In both."""
        return self.treated + self.control


def required_size(base: float, uplift: float, *, level: float = 0.95, power: float = 0.8, ratio: float = 1.0) -> Sizes:
    """Customers needed to see a difference of two shares.

    The two-sided score test with the pooled share: with p0 the base, p1 = p0 + uplift, k treated for each of the
    control and p the share of both together, the control needs
    (z_level √(p (1 - p) (1 + 1 / k)) + z_power √(p0 (1 - p0) + p1 (1 - p1) / k))² / uplift². Source: J. L. Fleiss,
    B. Levin, M. C. Paik, Statistical Methods for Rates and Proportions, 3rd edition, 2003, section 4.2, without
    continuity correction.

    Args:
        base: the share expected in the control, 0.02 for 2 %.
        uplift: the least difference worth seeing, as a difference of shares: 0.005 from 2 % to 2.5 %; below 0 a fall.
        level: confidence of the test that will be made.
        power: how often the uplift is to be found, if it is there.
        ratio: treated customers for each one of the control: 9 for a control of a tenth.

    Raises:
        RulesError: R819 a share, level or power that is not between 0 and 1, no uplift, one that leads out of 0 to 1,
            or a ratio not above 0.
    """
    checked_share(base, "base")
    if uplift == 0 or not 0 <= base + uplift <= 1:
        raise _uplift(uplift, f"the share goes from {base:g} to another one between 0 and 1, not to {base + uplift:g}")
    z, wanted = critical(checked_level(level)), NormalDist().inv_cdf(checked_level(power, "power"))
    positive(ratio, "ratio")
    reached = base + uplift
    pooled = (base + ratio * reached) / (1 + ratio)
    null = math.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio))
    other = math.sqrt(base * (1 - base) + reached * (1 - reached) / ratio)
    return _sizes((max(0.0, z * null + wanted * other) / uplift) ** 2, ratio)


def required_size_of_means(
    deviation: float,
    uplift: float,
    *,
    level: float = 0.95,
    power: float = 0.8,
    ratio: float = 1.0,
    correlation: float = 0.0,
) -> Sizes:
    """Customers needed to see a difference of two means.

    By the power of Student's two-sided t test, with arms of one deviation (noncentral t; J. Cohen, Statistical Power
    Analysis for the Behavioral Sciences, 2nd edition, 1988, chapter 2).

    Args:
        deviation: standard deviation of the value among customers, in its unit.
        uplift: the least difference of means worth seeing, in the same unit.
        level: confidence of the test that will be made.
        power: how often the uplift is to be found, if it is there.
        ratio: treated customers for each one of the control.
        correlation: of the value with the pre-period, where CUPED will be used: 1 - correlation² of the noise stays.

    Raises:
        RulesError: R819 a level or a power that is not between 0 and 1, a deviation or ratio not above 0, no uplift, a
            correlation that is not between -1 and 1.
    """
    positive(deviation, "deviation")
    positive(ratio, "ratio")
    if uplift == 0 or not math.isfinite(uplift):
        raise _uplift(uplift, "it is in the unit of the value, and not 0")
    if not -1 < correlation < 1:
        raise RulesError([Diagnostic("R819", f"correlation is {correlation:g}, not between -1 and 1")])
    checked_level(level)
    checked_level(power, "power")
    effect = abs(uplift) / (deviation * math.sqrt(1 - correlation**2))
    noise = (1 + 1 / ratio) * max(0.0, critical(level) + NormalDist().inv_cdf(power)) ** 2
    control = noise / effect**2
    if control > _NORMAL:
        return _sizes(control, ratio)
    sizes = _sizes(control, ratio)
    while _power(sizes, effect, level) < power:
        control = max(control, 1.0) + 0.1
        sizes = _sizes(control, ratio)
    return sizes


def _sizes(control: float, ratio: float) -> Sizes:
    # 1e-9: a whole number that rounding lifted is not lifted to the next.
    return Sizes(max(2, math.ceil(control * ratio - 1e-9)), max(2, math.ceil(control - 1e-9)))


def _power(sizes: Sizes, effect: float, level: float) -> float:
    """How often the test finds the effect, with its right sign."""
    from scipy.special import nctdtr, stdtrit

    freedom = sizes.total - 2
    shift = effect / math.sqrt(1 / sizes.treated + 1 / sizes.control)
    edge = float(stdtrit(freedom, (1 + level) / 2))
    return 1 - float(nctdtr(freedom, shift, edge))


def _uplift(uplift: float, help: str) -> RulesError:  # noqa: A002 - the diagnostic's own word
    return RulesError([Diagnostic("R819", f"an uplift of {uplift:g} cannot be asked for", help=help)])
