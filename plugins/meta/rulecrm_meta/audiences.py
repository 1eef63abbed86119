"""Members of a Custom Audience.

In: messages, whose addresses become members, or addresses to add and remove. Out: answers.
Invariant: nothing but SHA-256 of normalised addresses leaves; adding a member twice is adding it once.

https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences says how addresses are normalised.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from hashlib import sha256

from rulecrm.plugin import Answer, Answered, Context, Message, Traits
from rulecrm.plugin.wire import Wire
from rulecrm_meta.answers import refused
from rulecrm_meta.settings import AudienceSettings

__all__ = ["MetaAudience", "hashed"]

_MOST = 10_000


class MetaAudience:
    """A Custom Audience of customers: to send somebody a message is to make them a member."""

    def __init__(self, settings: AudienceSettings, context: Context) -> None:
        self._settings = settings
        self._now = context.now
        self._wire = Wire("Meta", settings.url, settings.timeout, agent="rulecrm-meta")
        self.traits = Traits(
            channel="audience", provider="meta-audience", address=settings.match, batch=_MOST, concurrency=2,
            idempotent=True, remembers=dt.timedelta(days=30),
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"MetaAudience({self._settings.audience!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Make the customers members; the words of the messages go nowhere."""
        return await self._change("POST", self._settings.audience, [message.address for message in batch])

    async def sync(self, audience: str, addresses: Sequence[str], *, remove: Sequence[str] = ()) -> Sequence[Answer]:
        """Add members to an audience, by its number (empty: that of the settings), and take others out."""
        number = audience or self._settings.audience
        if not number.isascii() or not number.isdecimal():
            return [Answer(Answered.CONFIG, detail="the audience is no number")] * (len(addresses) + len(remove))
        answers: list[Answer] = []
        for method, members in (("POST", addresses), ("DELETE", remove)):
            for start in range(0, len(members), _MOST):
                answers += await self._change(method, number, members[start : start + _MOST])
        return answers

    def _headers(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self._settings.token.reveal()}"}

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _change(self, method: str, audience: str, addresses: Sequence[str]) -> list[Answer]:
        hashes = [hashed(address, self._settings.match) for address in addresses]
        known = [one for one in hashes if one is not None]
        bad = Answer(Answered.DEAD_ADDRESS, detail=f"the address is no {self._settings.match}")
        if not known:
            return [bad for _ in addresses]
        payload = {"schema": f"{self._settings.match.upper()}_SHA256", "data": known}
        path = f"/{self._settings.version}/{audience}/users"
        reply = await self._wire.ask(method, path, document={"payload": payload}, headers=self._headers)
        answer = reply if isinstance(reply, Answer) else refused(reply, self._now())
        if answer is not None:
            return [bad if one is None else answer for one in hashes]
        assert not isinstance(reply, Answer)
        document = reply.document or {}
        if not isinstance(document.get("num_received"), int):
            return [bad if one is None else Answer(Answered.UNKNOWN, detail="no members are told") for one in hashes]
        session = str(document.get("session_id", "")) or None
        wrong = document.get("invalid_entry_samples")
        refused_ = {_plain(one) for one in wrong} if isinstance(wrong, Mapping | list) else set()
        taken = Answer(Answered.ACCEPTED, provider_id=session)
        return [bad if one is None or one in refused_ else taken for one in hashes]


def hashed(address: str, match: str) -> str | None:
    """SHA-256 (hex) of the normalised address; None where it is none."""
    if match == "email":
        normal = address.strip().lower()
        name, at, domain = normal.rpartition("@")
        good = bool(name and at and domain) and not any(letter.isspace() for letter in normal)
    else:
        normal = "".join(letter for letter in address if letter.isascii() and letter.isdecimal()).lstrip("0")
        good = 7 <= len(normal) <= 15  # E.164
    return sha256(normal.encode("utf-8", "replace")).hexdigest() if good else None


def _plain(entry: object) -> str:
    """An invalid entry as the answer repeats it: the hash, or a list of one."""
    return str(entry).strip("[]\"' ")
