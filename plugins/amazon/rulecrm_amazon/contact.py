"""Whether buyers on Amazon may be written to.

In: a channel and a purpose. Out: `Permission`, with the reason where it is no.
Invariant: what Amazon's rules on communication let a seller do, and no more; what is not named here is forbidden.
"""

from __future__ import annotations

from rulecrm.plugin import MARKETING
from rulecrm.plugin.platforms import by_rules

__all__ = ["may_contact"]

_WITHIN = {
    ("im", "order"): "by the Messaging API, to complete an order, as far as that order's actions allow it",
    ("im", "support"): "by the Messaging API, to answer a question about an order",
    ("im", "review"): "by one call of the Solicitations API an order, in words of Amazon's own",
    ("email", "order"): "to the alias that Amazon gives the buyer, to complete an order",
    ("email", "support"): "to the alias that Amazon gives the buyer, to answer a question about an order",
}
"""What may be done, and how; the windows of each are kept by the channel."""

_OUTSIDE = (
    "Amazon lets sellers write to buyers to complete orders and to answer questions, and by its own messages alone"
)
_WHY = {MARKETING: "Amazon forbids marketing to its buyers by any medium"}

may_contact = by_rules(_WITHIN, why=_WHY, otherwise=_OUTSIDE)
