"""What became of broadcasts.

In: a cursor. Out: receipts of what members have confirmed since, and the next cursor.
Invariant: a receipt is made of the task, the customer and the result, so however often it is read it is the same one.
Tasks that people made by hand are not looked at: only those made through the API have no creator.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping

from rulecrm.plugin import Receipt, Received
from rulecrm.plugin.tokens import TokenApi
from rulecrm.plugin.wire import FailedError
from rulecrm_wecom.answers import answer_of, code_of

__all__ = ["Results", "name_of"]

_OVERLAP = dt.timedelta(minutes=30)
"""How far back before the cursor is read again: results follow a confirmation with some delay."""

_DONE = 2
"""The status of a member's task that he or she has confirmed."""

_WHAT: Mapping[int, tuple[Received, str | None]] = {
    1: (Received.DELIVERED, None),
    2: (Received.BOUNCED, "hard"),  # no friend any more
    3: (Received.BOUNCED, "soft"),  # has got another broadcast
}


def name_of(task: str, customer: str) -> str:
    """The name of one customer's message of a task."""
    return f"{task}/{hashlib.sha256(customer.encode()).hexdigest()[:16]}"


class Results:
    """The results of the tasks of the last days."""

    def __init__(self, api: TokenApi, watch: dt.timedelta, now: Callable[[], dt.datetime]) -> None:
        self._api = api
        self._watch = watch
        self._now = now

    async def since(self, cursor: str | None) -> tuple[list[Receipt], str]:
        """Receipts, and the cursor to go on from.

        Args:
            cursor: seconds since 1970 up to which confirmations have been read; None for all that is watched.

        Raises:
            FailedError: WeCom did not answer, or refused.
        """
        now = self._now()
        after = int(cursor) - int(_OVERLAP.total_seconds()) if cursor else 0
        receipts: list[Receipt] = []
        async for task in self._tasks(now):
            async for member in self._pages("get_groupmsg_task", {"msgid": task, "limit": 1_000}, "task_list"):
                if member.get("status") == _DONE and _seconds(member) >= after:
                    receipts += [receipt async for receipt in self._results(task, str(member.get("userid", "")))]
        return receipts, str(int(now.timestamp()))

    async def _tasks(self, now: dt.datetime) -> AsyncIterator[str]:
        document = {
            "chat_type": "single",
            "start_time": int((now - self._watch).timestamp()),
            "end_time": int(now.timestamp()),
            "filter_type": 0,
            "limit": 100,
        }
        async for task in self._pages("get_groupmsg_list_v2", document, "group_msg_list"):
            name = task.get("msgid")
            if isinstance(name, str) and not task.get("creator"):
                yield name

    async def _results(self, task: str, member: str) -> AsyncIterator[Receipt]:
        document = {"msgid": task, "userid": member, "limit": 1_000}
        async for sent in self._pages("get_groupmsg_send_result", document, "send_list"):
            customer, status = sent.get("external_userid"), sent.get("status")
            if not isinstance(customer, str) or not isinstance(status, int) or status not in _WHAT:
                continue
            what, reason = _WHAT[status]
            name = name_of(task, customer)
            at = dt.datetime.fromtimestamp(_seconds(sent), dt.UTC)
            yield Receipt(f"{name}/{status}", what, at, provider_id=name, address=customer, reason=reason)

    async def _pages(
        self, method: str, document: Mapping[str, object], name: str
    ) -> AsyncIterator[Mapping[str, object]]:
        """All rows of a list, page by page."""
        cursor = ""
        while True:
            asked = {**document, "cursor": cursor} if cursor else document
            found = await self._api.post(f"/cgi-bin/externalcontact/{method}", asked)
            if code_of(found) != 0:
                raise FailedError(answer_of(found, self._now()))
            rows = found.get(name)
            for row in rows if isinstance(rows, list) else []:
                if isinstance(row, Mapping):
                    yield row
            following = found.get("next_cursor")
            if not isinstance(following, str) or following in {"", cursor}:
                return
            cursor = following


def _seconds(row: Mapping[str, object]) -> int:
    at = row.get("send_time")
    return at if isinstance(at, int) and 0 <= at < 32_503_680_000 else 0
