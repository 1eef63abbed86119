"""Whether buyers on eBay may be written to.

In: a channel and a purpose. Out: `Permission`, with the reason where it is no.
Invariant: what eBay lets a seller do, and no more; what is not named here is forbidden.
"""

from __future__ import annotations

from rulecrm.plugin import MARKETING
from rulecrm.plugin.platforms import by_rules

__all__ = ["may_contact"]

_WITHIN = {
    ("im", "order"): "by eBay's messages, to the other side of an order, within 90 days of it",
    ("im", "support"): "by eBay's messages, to the other side of an order, within 90 days of it",
    ("email", "order"): "to the alias that eBay gives the buyer, about an order",
    ("email", "support"): "to the alias that eBay gives the buyer, about an order",
}
"""What may be done, and how; the window is kept by the channel."""

_OUTSIDE = "eBay gives a buyer's name, number and address to complete an order, and for a time alone"
_WHY = {MARKETING: "nothing that eBay publishes lets a seller advertise to its buyers except by its own tools"}

may_contact = by_rules(_WITHIN, why=_WHY, otherwise=_OUTSIDE)
