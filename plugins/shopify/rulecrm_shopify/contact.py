"""Whether customers of a shop on Shopify may be written to.

In: a channel and a purpose. Out: `Permission`, with the reason where it is no.
Invariant: the customers are the shop's own, so the platform forbids no channel that is known here; whether a customer
has agreed to marketing is on the customer, and is the policy's to ask. A channel that is not named here is forbidden.
"""

from __future__ import annotations

from rulecrm.plugin import ALLOWED, Permission

__all__ = ["may_contact"]

_CHANNELS = frozenset({"sms", "email", "im", "push", "call", "letter", "social", "audience"})
_UNKNOWN = Permission(False, "nothing is known of what Shopify says to writing to customers on this channel")


def may_contact(channel: str, purpose: str) -> Permission:
    """Whether a customer may be written to, by channel and purpose.

    Args:
        channel: a word of the rules: `sms`, `email`, `im`, …
        purpose: of the message: `marketing`, `order`, `support`, …; Shopify forbids none.
    """
    del purpose
    return ALLOWED if channel in _CHANNELS else _UNKNOWN
