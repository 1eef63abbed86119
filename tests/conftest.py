"""Hypothesis profiles: `fast` (the default: few examples, the same every time, shown as they were drawn), and `deep`
(many, different every time, shrunk to the smallest) by `RULECRM_PROFILE=deep`.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

SLOW_DRAWS = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

settings.register_profile(
    "fast",
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    print_blob=True,
    suppress_health_check=SLOW_DRAWS,
)
settings.register_profile(
    "deep",
    parent=settings.get_profile("fast"),
    max_examples=3_000,
    phases=tuple(Phase),
    derandomize=False,
)
settings.load_profile(os.environ.get("RULECRM_PROFILE", "fast"))
