"""Messages as a dispatcher leaves them: handed over, answered, lost."""

from __future__ import annotations

import sqlalchemy as sa

from rulecrm.model.decisions import decision_id
from rulecrm.model.sending import key_of
from rulecrm.state import Ledger, tables
from tests.state.rows import DAY, T0, advance, decision, journey

ROUTE = "aliyun"


def send_to(ledger: Ledger, *customers: str, channel: str = "sms", **other: object) -> list[str]:
    """A queued message to each; the ids of the decisions."""
    made = [journey(customer) for customer in customers]
    rows = [decision(one, channel=channel, **other) for one in made]
    advance(ledger, T0 + DAY, new=made, made=rows)
    return [decision_id(str(one["journey"]), "1", "") for one in made]


def hand_over(
    ledger: Ledger, decision: str, *, provider_id: str | None = None, choice: int = 0, channel: str = "sms",
    route: str = ROUTE, number: int = 1, at: int = T0 + DAY,
) -> str:  # fmt: skip
    """A message handed to a channel, which has not answered; its key."""
    key = key_of(decision, choice)
    change(ledger, decision, state="sending", key=key, route=route, attempts=number, choice=choice, channel=channel)
    with ledger._transaction(write=True) as connection:
        connection.execute(
            sa.insert(tables.attempts).values(
                decision=decision,
                number=number,
                choice=choice,
                channel=channel,
                route=route,
                key=key,
                worker="w",
                begun=at,
            )
        )
    if provider_id is not None:
        answer(ledger, decision, provider_id)
    return key


def answer(
    ledger: Ledger, decision: str, provider_id: str | None, *, outcome: str = "sent", state: str = "done"
) -> None:
    """What the channel answered to the last attempt, as a dispatcher writes it if the message is still its own."""
    number = sa.select(sa.func.max(tables.attempts.c.number)).where(tables.attempts.c.decision == decision)
    with ledger._transaction(write=True) as connection:
        connection.execute(
            sa.update(tables.attempts)
            .where(tables.attempts.c.decision == decision, tables.attempts.c.number == number.scalar_subquery())
            .values(answered=T0 + DAY + 1, provider_id=provider_id)
        )
        held = sa.select(tables.outbox.c.state).where(tables.outbox.c.decision == decision)
        if connection.execute(held).scalar_one() != "sending":
            return
        sent_at = T0 + DAY + 1 if outcome in ("sent", "delivered") else None
        connection.execute(
            sa.update(tables.outbox)
            .where(tables.outbox.c.decision == decision)
            .values(state=state, provider_id=provider_id, sent_at=sent_at)
        )
        connection.execute(
            sa.update(tables.decisions).where(tables.decisions.c.decision == decision).values(outcome=outcome)
        )


def change(ledger: Ledger, decision: str, **values: object) -> None:
    """Set columns of the outbox."""
    with ledger._transaction(write=True) as connection:
        connection.execute(sa.update(tables.outbox).where(tables.outbox.c.decision == decision).values(**values))


def outcomes(ledger: Ledger) -> dict[str, tuple[str, str | None]]:
    """Outcome and reason by customer."""
    frame = ledger.decisions().select("customer", "outcome", "reason")
    return {customer: (outcome, reason) for customer, outcome, reason in frame.rows()}


def rows(ledger: Ledger) -> list[tuple[object, ...]]:
    """The table of receipts, save when they were learnt."""
    columns = [column for column in tables.receipts.c if column.name != "learnt"]
    with ledger._transaction(write=False) as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(tables.receipts.c.receipt))]
