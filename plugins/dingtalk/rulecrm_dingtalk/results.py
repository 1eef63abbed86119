"""What became of work notices.

In: tasks as they are made, and a cursor. Out: receipts, and the next cursor.
Invariant: a receipt is made of the task, the colleague and the result, so however often it is read it is the same one.
DingTalk has no list of tasks, so the cursor is one: it holds each task until it is a day old, when DingTalk forgets it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping

from rulecrm.plugin import Answered, Receipt, Received
from rulecrm.plugin.tokens import TokenApi
from rulecrm.plugin.wire import FailedError
from rulecrm_dingtalk.answers import answer_of, code_of

__all__ = ["Results", "name_of"]

_LOG = logging.getLogger(__name__)

_KEPT = dt.timedelta(hours=24)
_FINISHED = 2

_WHAT: Mapping[str, tuple[tuple[Received, str | None], ...]] = {
    "read_user_id_list": ((Received.DELIVERED, None), (Received.OPENED, None)),
    "unread_user_id_list": ((Received.DELIVERED, None),),
    "invalid_user_id_list": ((Received.BOUNCED, "hard"),),
    "failed_user_id_list": ((Received.BOUNCED, "soft"),),
    "forbidden_user_id_list": ((Received.BOUNCED, "soft"),),
}


def name_of(task: int, colleague: str) -> str:
    """The name of one colleague's notice of a task."""
    return f"{task}/{hashlib.sha256(colleague.encode()).hexdigest()[:16]}"


class Results:
    """The results of an app's tasks."""

    def __init__(self, api: TokenApi, agent_id: int, now: Callable[[], dt.datetime]) -> None:
        self._api = api
        self._agent_id = agent_id
        self._now = now
        self._made: dict[int, int] = {}

    def watch(self, task: int) -> None:
        """Look after a task that was just made."""
        self._made[task] = int(self._now().timestamp())

    async def since(self, cursor: str | None) -> tuple[list[Receipt], str]:
        """Receipts of all tasks that are looked after, and the cursor to go on from.

        Raises:
            FailedError: DingTalk did not answer, or refused.
        """
        now = self._now()
        before = int((now - _KEPT).timestamp())
        kept = _read(cursor)
        # What has come back in a cursor is safe there; another process may go on from it.
        self._made = {task: made for task, made in self._made.items() if task not in kept and made > before}
        tasks = {task: made for task, made in (kept | self._made).items() if made > before}
        receipts: list[Receipt] = []
        for task in tuple(tasks):
            try:
                receipts += await self._results(task, now)
            except FailedError as error:
                if error.answer.outcome is not Answered.POLICY:
                    raise
                # A task that DingTalk does not want to speak of must not stand in the way of the others.
                _LOG.warning("DingTalk tells nothing of a task: %s", error)
                del tasks[task]
        return receipts, json.dumps({str(task): made for task, made in tasks.items()})

    async def _results(self, task: int, now: dt.datetime) -> Iterator[Receipt]:
        progress = await self._asked("getsendprogress", task, "progress")
        if progress.get("status") != _FINISHED:
            return iter(())
        found = await self._asked("getsendresult", task, "send_result")
        return _receipts(task, found, now)

    async def _asked(self, method: str, task: int, name: str) -> Mapping[str, object]:
        document = {"agent_id": self._agent_id, "task_id": task}
        found = await self._api.post(f"/topapi/message/corpconversation/{method}", document)
        if code_of(found) != 0:
            raise FailedError(answer_of(found, self._now()))
        part = found.get(name)
        return part if isinstance(part, Mapping) else {}


def _receipts(task: int, found: Mapping[str, object], now: dt.datetime) -> Iterator[Receipt]:
    for group, told in _WHAT.items():
        people = found.get(group)
        for person in people if isinstance(people, list) else []:
            name = name_of(task, str(person))
            for what, reason in told:
                # DingTalk does not say when; it is known from now on.
                yield Receipt(f"{name}/{what}", what, now, provider_id=name, address=str(person), reason=reason)


def _read(cursor: str | None) -> dict[int, int]:
    return {int(task): int(made) for task, made in json.loads(cursor).items()} if cursor else {}
