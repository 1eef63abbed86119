"""What a run asks of SQLite: whatever waits or was sent before, nothing is looked through row by row for a few messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from tests.dispatch.world import HEAD, NOON, Channel, Clock, customers, engine

RULES = HEAD + "policy { at most 2 messages per 7d }\ncampaign care { enter on purchase  send sms hello }\n"


@contextmanager
def plans() -> Iterator[dict[str, list[str]]]:
    """How SQLite goes about each statement, by the statement."""
    found: dict[str, list[str]] = {}

    def explain(connection: sa.Connection, _: object, statement: str, values: object, __: object, many: bool) -> None:
        if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE")) and statement not in found:
            (first, *_rest) = values if many else (values,)  # type: ignore[misc, has-type]
            rows = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", first)
            found[statement] = [str(row[3]) for row in rows]

    sa.event.listen(sa.Engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", explain)


def test_no_table_is_looked_through(tmp_path: Path) -> None:
    channel = Channel("sms")
    state = f"sqlite:///{tmp_path}/crm.db"
    with engine(RULES, {"sms": channel}, people=customers(3), state=state) as made, plans() as found:
        made.dispatch(clock=Clock(NOON))
    assert len(channel.got) == 3
    assert found
    # An index over those that wait, or are under way, is as long as there are such messages.
    through = {
        statement: step
        for statement, steps in found.items()
        for step in steps
        if step.startswith("SCAN rulecrm_") and "INDEX" not in step and "rulecrm_meta" not in step
    }
    assert not through
