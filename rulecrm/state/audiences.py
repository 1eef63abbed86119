"""Who is in which audience of a provider, as far as the ledger knows.

In: customers' tombstones, by route and audience. Out: who was put there.
Invariant: no key and no address is kept, only SHA-256(salt ␟ key), which goes with the customer. Before a provider is
called it is noted what may become of it: somebody who may be in an audience is in the table.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from attrs import field, frozen

from rulecrm.state.bulk import among
from rulecrm.state.connecting import Transaction
from rulecrm.state.privacy import Tombstones
from rulecrm.state.tables import members

__all__ = ["Audiences"]


@frozen(eq=False)
class Audiences:
    """The audiences of a ledger; every method is a transaction of its own."""

    transaction: Transaction = field(repr=False)

    def tombstones(self) -> Tombstones:
        """By what members are known, and who was erased."""
        with self.transaction(write=False) as connection:
            return Tombstones.read(connection)

    def members(self, route: str, audience: str) -> Mapping[str, bool]:
        """Who is in an audience, by tombstone: True where that is certain, False where it may be so."""
        columns = members.c
        query = sa.select(columns.member, columns.sure).where(columns.route == route, columns.audience == audience)
        with self.transaction(write=False) as connection:
            return {row[0]: bool(row[1]) for row in connection.execute(query)}

    def of(self, customer: str) -> list[dict[str, object]]:
        """In which audiences a customer is: `route`, `audience`, and whether that is certain."""
        columns = members.c
        with self.transaction(write=False) as connection:
            mine = columns.member == Tombstones.read(connection).of(customer)
            query = sa.select(columns.route, columns.audience, columns.sure).where(mine)
            found = connection.execute(query.order_by(columns.route, columns.audience)).all()
        return [{"route": one.route, "audience": one.audience, "sure": bool(one.sure)} for one in found]

    def doubt(self, route: str, audience: str, who: Collection[str]) -> None:
        """They may be in the audience: a provider is about to be asked to add them, or to take them out."""
        with self.transaction(write=True) as connection:
            self._settle(connection, route, audience, who, sure=0)

    def settle(self, route: str, audience: str, *, there: Collection[str], gone: Collection[str]) -> None:
        """What has become of them: they are there for certain, or certainly not."""
        columns = members.c
        with self.transaction(write=True) as connection:
            self._settle(connection, route, audience, there, sure=1)
            if gone:
                mine = (columns.route == route, columns.audience == audience)
                connection.execute(sa.delete(members).where(*mine, among(connection, columns.member, gone)))

    def _settle(self, connection: sa.Connection, route: str, audience: str, who: Collection[str], *, sure: int) -> None:
        if not who:
            return
        columns = members.c
        mine = (columns.route == route, columns.audience == audience, among(connection, columns.member, who))
        known = set(connection.execute(sa.select(columns.member).where(*mine)).scalars())
        if known:
            connection.execute(sa.update(members).where(*mine).values(sure=sure))
        rows = [{"route": route, "audience": audience, "member": one, "sure": sure} for one in who if one not in known]
        if rows:
            connection.execute(sa.insert(members), rows)
