"""Customer lifetime value: who is alive, what is to come, and how many new customers a target needs.

In: a `Shop`. Out: figures, and the fitted models that they share.
Invariant: what cannot be fitted is said in a remark, and is missing in the frames.
"""

from __future__ import annotations

from rulecrm.insight.lifetime.check import clv_check
from rulecrm.insight.lifetime.forecast import customers_needed, repeat_forecast
from rulecrm.insight.lifetime.model import Lifetime, fit_lifetime
from rulecrm.insight.lifetime.value import clv, clv_fit

__all__ = ["Lifetime", "clv", "clv_check", "clv_fit", "customers_needed", "fit_lifetime", "repeat_forecast"]
