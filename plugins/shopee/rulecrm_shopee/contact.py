"""Whether buyers on Shopee may be written to.

In: a channel and a purpose. Out: `Permission`, with the reason where it is no.
Invariant: what Shopee lets a seller do, and no more; what is not named here is forbidden.
"""

from __future__ import annotations

from rulecrm.plugin import MARKETING, Permission

__all__ = ["may_contact"]

_WITHIN = {
    ("im", "order"): "in Shopee's chat, about an order",
    ("im", "support"): "in Shopee's chat, to answer a question",
}
"""What may be done, and how."""

_OUTSIDE = "Shopee masks how its buyers can be reached, and counts leading them off the platform as a violation"
_WHY = {MARKETING: "Shopee counts promotion outside its own tools, and chat in bulk, as violations"}


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
