"""Models over metrics: who will buy, who will not, who is like whom. Needs `rulecrm[models]`.

In: a `Shop`, names of metrics. Out: trained models, clusters, lookalikes, and how good they are.
Invariant: features are metrics as of an instant, and what is learnt lies before what is judged.
"""

from __future__ import annotations

from rulecrm.insight.models.groups import Clusters, clusters, similar
from rulecrm.insight.models.learning import Trained, churn, train
from rulecrm.insight.models.model import Model

__all__ = ["Clusters", "Model", "Trained", "churn", "clusters", "similar", "train"]
