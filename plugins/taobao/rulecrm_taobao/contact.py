"""Whether buyers on Taobao and Tmall may be written to.

In: a channel and a purpose. Out: `Permission`, with the reason where it is no.
Invariant: what Taobao lets a shop do (SMS about an order by OAID, and Wangwang by hand), and no more; what is not named
here is forbidden.
"""

from __future__ import annotations

from rulecrm.plugin import MARKETING
from rulecrm.plugin.platforms import by_rules

__all__ = ["may_contact"]

_ABOUT_ORDERS = "by the platform's own SMS to the OAID of an order, with a signature and a template it has approved"
_WITHIN = {
    ("im", MARKETING): "written by the staff in Qianniu, to the shop's own buyers",
    ("im", "order"): "written by the staff in Qianniu",
    ("im", "support"): "written by the staff in Qianniu",
    ("sms", "order"): _ABOUT_ORDERS,
    ("sms", "support"): _ABOUT_ORDERS,
}
"""What may be done, and how: there is no call by which a shop writes to a buyer on Wangwang, so people do."""

_OUTSIDE = "Taobao forbids using what it tells of a buyer to serve that buyer outside Taobao"
_WHY = {
    "sms": "the OAID of an order serves messages about that order, not advertising; numbers in orders are masked",
}

may_contact = by_rules(_WITHIN, why=_WHY, otherwise=_OUTSIDE)
