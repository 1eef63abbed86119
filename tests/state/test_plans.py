"""How PostgreSQL means to answer what an advance asks, before it has ever looked at its tables."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from rulecrm.state import Ledger, bulk
from tests.state.postgres import Server, running
from tests.state.rows import DAY, RULES, SETTINGS, T0, decision, decisions, journey, journeys

MANY = 3_000


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


def test_customers_are_looked_up_together_and_not_each_among_all(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop over all customers inside a loop over all decisions takes minutes for 10,000 of each."""
    entered = [journey(f"c{number}", entered=T0 + number) for number in range(MANY)]
    customers = pl.Series([f"c{number}" for number in range(MANY)])
    plans: list[str] = []
    plain = bulk.fetch

    def fetch(connection: sa.Connection, query: sa.Select[tuple[object, ...]], schema: pl.Schema) -> pl.DataFrame:
        asked = query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
        plans.append("\n".join(connection.exec_driver_sql(f"EXPLAIN DECLARE asked CURSOR FOR {asked}").scalars()))
        return plain(connection, query, schema)

    with server.schema() as url, Ledger.open(url) as ledger:
        server.run("ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()")
        ledger.claim(SETTINGS)
        with ledger.advance(T0 + DAY, expected_clock=T0) as advance:
            advance.write(journeys=journeys(entered), decisions=decisions(decision(row) for row in entered))
            advance.finish(RULES)
        monkeypatch.setattr(bulk, "fetch", fetch)
        with ledger.advance(T0 + 2 * DAY, expected_clock=T0 + DAY) as advance:
            assert advance.entries(customers).height == MANY
            assert advance.granted(0, customers).height == MANY
            advance.finish(RULES)
    assert len(plans) == 2
    assert all("Hash Join" in plan or "Merge Join" in plan for plan in plans), plans
