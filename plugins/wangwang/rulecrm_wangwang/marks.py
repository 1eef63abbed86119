"""What the staff write beside a task, and what it means.

In: a mark, a tick, a post of the page. Out: meanings, receipts.
Invariant: a mark that is not known means nothing; a post counts only with the token that was made for its task.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from types import MappingProxyType

from rulecrm.plugin import Receipt, Received
from rulecrm_wangwang.journal import Tick, instant

__all__ = ["MARKS", "meaning_of", "receipts_of", "token_of"]

MARKS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("done", "1", "x", "y", "yes", "ok", "√", "✓", "✔", "是", "完成", "已发", "已发送", "true"), "done")
    | dict.fromkeys(("failed", "fail", "0", "n", "no", "×", "✗", "否", "失败", "无效", "false"), "failed")
    | dict.fromkeys(("stop", "unsubscribe", "退订", "拒收", "勿扰"), "stop")
    | dict.fromkeys(("reply", "replied", "回复", "已回复"), "reply")
)
"""What a mark means, whatever its case; `TRUE` is what a spreadsheet makes of a ticked box."""

_RECEIPTS: Mapping[str, tuple[tuple[Received, str | None], ...]] = MappingProxyType(
    {
        "done": ((Received.DELIVERED, None),),
        "failed": ((Received.BOUNCED, "hard"),),
        "stop": ((Received.UNSUBSCRIBED, "told the staff"),),
        "reply": ((Received.DELIVERED, None), (Received.REPLIED, None)),
    }
)


def meaning_of(mark: str) -> str | None:
    """What a mark means, or None."""
    return MARKS.get(mark.strip().strip("'").casefold())


def receipts_of(tick: Tick) -> list[Receipt]:
    """The receipts of a tick; the same, whether it came by the sheet or by the page."""
    return [
        Receipt(
            f"{tick.key}/{what}",
            what,
            instant(tick.at),
            key=tick.key,
            reason=reason,
            text=tick.note or None if what is Received.REPLIED else None,
        )
        for what, reason in _RECEIPTS[tick.what]
    ]


def token_of(secret: str, route: str, key: str) -> str:
    """What signs the buttons of a task."""
    return hmac.new(secret.encode(), f"wangwang\n{route}\n{key}".encode(), hashlib.sha256).hexdigest()
