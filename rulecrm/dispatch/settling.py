"""Messages whose answer was lost: what became of them is found out, or a person is asked.

In: a route, and its messages in the state `unknown`. Out: outcomes, messages that wait again, messages held.
Invariant: a message is sent again only where the provider says that it does not have it, or knows its key.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence

from rulecrm.diagnostics.model import Diagnostic, Severity
from rulecrm.dispatch.routes import Route
from rulecrm.dispatch.shared import Shared, clean, problem_of
from rulecrm.model.instants import from_microseconds
from rulecrm.model.sending import Answered, Sent
from rulecrm.plugin import Asks
from rulecrm.state import Claimed

__all__ = ["settle_lost"]

_MOST = 1000
_GIVE_UP = dt.timedelta(hours=24)
"""How long a provider is asked, over and over, before a person is."""


async def settle_lost(route: Route, shared: Shared) -> None:
    """Settle what was lost on a route, as far as can be."""
    outbox, traits, now = shared.ledger.outbox, route.traits, shared.clock.now()
    lost = await shared.booked(outbox.lost, route.name, _MOST)
    if not lost:
        return
    addresses = await shared.aside(shared.gate.addresses, route, [one.customer for one, *_ in lost], shared.now())
    open_ = [
        (one, Sent(key, address, from_microseconds(begun), provider))
        for (one, key, begun, provider), address in zip(lost, addresses, strict=True)
    ]
    if traits.asks and isinstance(route.sender, Asks):
        open_ = await _ask(route, route.sender, open_, shared)
    held, again = [], []
    for claimed, sent in open_:
        remembered = traits.idempotent and now < sent.at + traits.remembers
        if remembered and claimed.tries + 1 < shared.judge.sending.attempts:
            again.append(claimed.decision)
        elif not (traits.asks and isinstance(route.sender, Asks)) or now >= sent.at + _GIVE_UP:
            held.append(claimed.decision)
    if again:
        await shared.booked(outbox.resend, again, shared.now(), "the answer was lost; sent again with the same key")
    if held:
        reason = f"the answer of `{route.name}` was lost, and nobody can be asked; a person has to look"
        await shared.booked(outbox.hold, held, reason)


async def _ask(
    route: Route, sender: Asks, lost: Sequence[tuple[Claimed, Sent]], shared: Shared
) -> list[tuple[Claimed, Sent]]:
    """Ask the provider; what it cannot tell either is given back."""
    try:
        async with asyncio.timeout(shared.timeout):
            answers = list(await sender.ask([sent for _, sent in lost]))
        problem = problem_of(answers, len(lost))
    except Exception as error:  # noqa: BLE001 - a stranger's code; nothing is known of these then, as before
        problem = f"raised {type(error).__name__}"
    if problem:
        message = f"the route `{route.name}` could not be asked about lost messages: it {problem}"
        shared.tell(Diagnostic("R487", message, severity=Severity.WARNING))
        return list(lost)
    now, left, outcomes = shared.clock.now(), [], []
    for (claimed, sent), answer in zip(lost, answers, strict=True):
        if answer.outcome is Answered.UNKNOWN:
            left.append((claimed, sent))
        else:
            outcomes.append(shared.judge.outcome(claimed, route, clean(answer), now))
    if outcomes:
        turn = shared.ledger.outbox.turn
        await shared.booked(
            turn, shared.worker, outcomes, (), route=route.name, now=shared.now(), lease=shared.call_lease
        )
        shared.count(outcomes)
    return left
