"""Whether buyers on Taobao and Tmall may be written to.

In: a channel and a purpose. Out: `Permission`, with the reason where it is no.
Invariant: what Taobao lets a shop do (SMS about an order by OAID, and Wangwang by hand), and no more; what is not named
here is forbidden.
"""

from __future__ import annotations

from rulecrm.plugin import MARKETING, Permission

__all__ = ["may_contact"]

_WITHIN = {
    ("im", MARKETING): "written by the staff in Qianniu, to the shop's own buyers",
    ("im", "order"): "written by the staff in Qianniu",
    ("im", "support"): "written by the staff in Qianniu",
    (
        "sms",
        "order",
    ): "by the platform's own SMS to the OAID of an order, with a signature and a template it has approved",
    (
        "sms",
        "support",
    ): "by the platform's own SMS to the OAID of an order, with a signature and a template it has approved",
}
"""What may be done, and how: there is no call by which a shop writes to a buyer on Wangwang, so people do."""

_OUTSIDE = "Taobao forbids using what it tells of a buyer to serve that buyer outside Taobao"
_WHY = {
    "sms": "the OAID of an order serves messages about that order, not advertising; numbers in orders are masked",
}


def may_contact(channel: str, purpose: str) -> Permission:
    """Whether a buyer may be written to, by channel and purpose.

    Args:
        channel: a word of the rules: `sms`, `email`, `im`, …
        purpose: of the message: `marketing`, `order`, `support`, …
    """
    how = _WITHIN.get((channel, purpose))
    if how is not None:
        return Permission(True, how)
    return Permission(False, _WHY.get(channel, _OUTSIDE))
