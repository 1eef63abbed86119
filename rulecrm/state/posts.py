"""What was posted where everybody reads.

In: posts by route and key. Out: what has become of each.
Invariant: a post is noted before the provider is called, and is not made again unless the provider is known not to have
taken it, or somebody says so.
"""

from __future__ import annotations

import sqlalchemy as sa
from attrs import field, frozen

from rulecrm.model.sending import Answer, Answered
from rulecrm.state.connecting import Transaction
from rulecrm.state.tables import posts

__all__ = ["Posts"]

_NEVER = frozenset({"retry", "wait quota", "dead address", "opted out", "policy", "config"})
"""Outcomes after which the provider has nothing."""


@frozen(eq=False)
class Posts:
    """The posts of a ledger; every method is a transaction of its own."""

    transaction: Transaction = field(repr=False)

    def begin(self, route: str, key: str, template: str, now: int, *, again: bool) -> Answer | None:
        """Note a post that is about to be made; or what has become of it, where it is not to be made.

        Args:
            route: by which it goes.
            key: of the post.
            template: its words.
            now: the instant, microseconds.
            again: make it even where it may have been made before.

        Returns:
            None where it is to be made now: `end` says what became of it.
        """
        columns = posts.c
        mine = (columns.route == route, columns.key == key)
        given = {"template": template, "begun": now, "answered": None, "outcome": None, "provider_id": None}
        with self.transaction(write=True) as connection:
            found = connection.execute(sa.select(posts).where(*mine)).one_or_none()
            if found is None:
                connection.execute(sa.insert(posts).values(route=route, key=key, **given))
            elif again or found.outcome in _NEVER:
                connection.execute(sa.update(posts).where(*mine).values(**given, code=None, detail=None))
            elif found.outcome is None:
                return Answer(Answered.UNKNOWN, detail="it was begun, and nobody knows what became of it")
            else:
                return Answer(Answered(found.outcome), found.provider_id, code=found.code, detail=found.detail)
        return None

    def end(self, route: str, key: str, answer: Answer, now: int) -> None:
        """Note what became of a post."""
        columns = posts.c
        values = {
            "answered": now, "outcome": answer.outcome.value, "provider_id": answer.provider_id, "code": answer.code,
            "detail": answer.detail,
        }  # fmt: skip
        with self.transaction(write=True) as connection:
            connection.execute(sa.update(posts).where(columns.route == route, columns.key == key).values(values))
