"""Whether buyers on AliExpress may be written to.

In: a channel and a purpose. Out: `Permission`, with the reason where it is no.
Invariant: what AliExpress lets a seller do, and no more; what is not named here is forbidden.
"""

from __future__ import annotations

from rulecrm.plugin import MARKETING
from rulecrm.plugin.platforms import by_rules

__all__ = ["may_contact"]

_WITHIN = {
    ("im", "order"): "written by the staff in the message centre",
    ("im", "support"): "written by the staff in the message centre",
}
"""What may be done, and how: no call is known by which a seller writes to a buyer, so people do."""

_OUTSIDE = "AliExpress gives a buyer's phone number and address for delivery alone"
_WHY = {MARKETING: "AliExpress counts unwanted messages and inducement among violations; promote with its own tools"}

may_contact = by_rules(_WITHIN, why=_WHY, otherwise=_OUTSIDE)
