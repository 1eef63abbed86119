"""Whether buyers on Shopee may be written to.

In: a channel and a purpose. Out: `Permission`, with the reason where it is no.
Invariant: what Shopee lets a seller do, and no more; what is not named here is forbidden.
"""

from __future__ import annotations

from rulecrm.plugin import MARKETING
from rulecrm.plugin.platforms import by_rules

__all__ = ["may_contact"]

_WITHIN = {
    ("im", "order"): "in Shopee's chat, about an order",
    ("im", "support"): "in Shopee's chat, to answer a question",
}
"""What may be done, and how."""

_OUTSIDE = "Shopee masks how its buyers can be reached, and counts leading them off the platform as a violation"
_WHY = {MARKETING: "Shopee counts promotion outside its own tools, and chat in bulk, as violations"}

may_contact = by_rules(_WITHIN, why=_WHY, otherwise=_OUTSIDE)
