"""Whether buyers on AliExpress may be written to.

In: a channel and a purpose. Out: `Permission`, with the reason where it is no.
Invariant: what AliExpress lets a seller do, and no more; what is not named here is forbidden.
"""

from __future__ import annotations

from rulecrm.plugin import MARKETING, Permission

__all__ = ["may_contact"]

_WITHIN = {
    ("im", "order"): "written by the staff in the message centre",
    ("im", "support"): "written by the staff in the message centre",
}
"""What may be done, and how: no call is known by which a seller writes to a buyer, so people do."""

_OUTSIDE = "AliExpress gives a buyer's phone number and address for delivery alone"
_WHY = {MARKETING: "AliExpress counts unwanted messages and inducement among violations; promote with its own tools"}


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
