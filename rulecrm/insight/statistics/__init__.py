"""Tests, intervals and sizes: plain numbers in, plain numbers out.

Nothing here knows of shops or frames. Where something cannot be said, it is None and a short key says why; no answer is
a NaN, and no number of customers, however small, is an error.
"""

from __future__ import annotations

from rulecrm.insight.statistics.cuped import Adjusted, cuped
from rulecrm.insight.statistics.means import compare_means
from rulecrm.insight.statistics.multiplicity import Correction, adjust
from rulecrm.insight.statistics.proportions import compare_proportions, proportion
from rulecrm.insight.statistics.ratio import Mismatch, sample_ratio
from rulecrm.insight.statistics.results import Compared, Interval, Method, Why
from rulecrm.insight.statistics.sequential import always_valid, always_valid_means, always_valid_proportions
from rulecrm.insight.statistics.sizes import Sizes, required_size, required_size_of_means

__all__ = [
    "Compared",
    "Interval",
    "Method",
    "Why",
    "proportion",
    "compare_proportions",
    "compare_means",
    "Adjusted",
    "cuped",
    "always_valid",
    "always_valid_proportions",
    "always_valid_means",
    "Mismatch",
    "sample_ratio",
    "Correction",
    "adjust",
    "Sizes",
    "required_size",
    "required_size_of_means",
]
