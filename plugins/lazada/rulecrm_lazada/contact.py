"""Whether buyers on Lazada may be written to.

In: a channel and a purpose. Out: `Permission`, with the reason where it is no.
Invariant: what Lazada lets a seller do, and no more; what is not named here is forbidden.
"""

from __future__ import annotations

from rulecrm.plugin import MARKETING
from rulecrm.plugin.platforms import by_rules

__all__ = ["may_contact"]

_WITHIN = {
    ("im", "order"): "in Lazada's chat, about an order",
    ("im", "support"): "in Lazada's chat, to answer a question",
}
"""What may be done, and how."""

_OUTSIDE = "Lazada masks its buyers' names and numbers, and gives them for delivery alone"
_WHY = {MARKETING: "nothing that Lazada publishes lets a seller advertise to its buyers except by its own tools"}

may_contact = by_rules(_WITHIN, why=_WHY, otherwise=_OUTSIDE)
