"""Whether buyers on Lazada may be written to.

In: a channel and a purpose. Out: `Permission`, with the reason where it is no.
Invariant: what Lazada lets a seller do, and no more; what is not named here is forbidden.
"""

from __future__ import annotations

from rulecrm.plugin import MARKETING, Permission

__all__ = ["may_contact"]

_WITHIN = {
    ("im", "order"): "in Lazada's chat, about an order",
    ("im", "support"): "in Lazada's chat, to answer a question",
}
"""What may be done, and how."""

_OUTSIDE = "Lazada masks its buyers' names and numbers, and gives them for delivery alone"
_WHY = {MARKETING: "nothing that Lazada publishes lets a seller advertise to its buyers except by its own tools"}


def may_contact(channel: str, purpose: str) -> Permission:
    """Whether a buyer may be written to, by channel and purpose.

    Args:
        channel: a word of the rules: `sms`, `email`, `im`, …
        purpose: of the message: `marketing`, `order`, `support`, …
    """
    how = _WITHIN.get((channel, purpose))
    if how is not None:
        return Permission(True, how)
    return Permission(False, _WHY.get(purpose, _OUTSIDE))
