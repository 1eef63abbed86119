"""The channel `amazon-solicitations`: one request for a review and for feedback an order, in Amazon's words.

In: messages of the purpose `review`, addressed to orders. Out: answers.
Invariant: nobody is asked before five days after the earliest day of delivery, nor after thirty days after the latest,
nor twice: `getSolicitationActionsForOrder` is asked first, and what it does not offer is not sent.

The words of a message are not sent: Amazon has its own, in the buyer's language. The window and the rate (1 a second, 5
at once): the model of 2026-08-05, and developer-docs.amazon.com/sp-api/docs/solicitations-api.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from rulecrm.plugin import Answer, Answered, Context, Message, Rate, Traits
from rulecrm.plugin.wire import FailedError
from rulecrm_amazon.documents import dictionaries, dictionary, instant, text
from rulecrm_amazon.outreach import Line, Recipient
from rulecrm_amazon.settings import Outreach

__all__ = ["AFTER", "REVIEW", "UNTIL", "Solicitations", "offered"]

REVIEW = "review"
"""The purpose that such messages have."""
AFTER, UNTIL = dt.timedelta(days=5), dt.timedelta(days=30)

_ACTION = "productReviewAndSellerFeedback"


class Solicitations:
    """A route through the Solicitations API v1."""

    def __init__(self, settings: Outreach, context: Context) -> None:
        self.traits = Traits(
            channel="im", provider="amazon", address="amazon_order", rates=(Rate(1, 1.0),), concurrency=4
        )
        self._context = context
        self._line = Line(settings, context)

    def __repr__(self) -> str:
        return f"Solicitations({self._context.name!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Ask for reviews, order by order."""
        return [await self._send(one) for one in batch]

    async def close(self) -> None:
        """Let go of connections."""
        await self._line.close()

    async def _send(self, message: Message) -> Answer:
        if message.purpose != REVIEW:
            return Answer(Answered.POLICY, detail=f"Amazon asks for reviews alone: messages of the purpose `{REVIEW}`")
        try:
            to = self._line.recipient(message.address)
            early = await self._outside(to)
            if early is not None:
                return early
            where = {"marketplaceIds": to.marketplace}
            path = f"/solicitations/v1/orders/{to.order}"
            if _ACTION not in offered(await self._line.look(path, where)):
                return Answer(Answered.POLICY, detail="Amazon offers no request for this order; it may have had one")
            return await self._line.send(f"{path}/solicitations/{_ACTION}", where, None)
        except FailedError as error:
            return error.answer

    async def _outside(self, to: Recipient) -> Answer | None:
        """What is wrong with the time; None where it is right, or where Amazon tells no day of delivery."""
        found = await self._line.look(f"/orders/2026-01-01/orders/{to.order}", {"includedData": "FULFILLMENT"})
        try:
            fulfilment = dictionary(dictionary(found, "order"), "fulfillment")
            window = dictionary(fulfilment, "deliverByWindow")
            earliest, latest = instant(window, "earliestDateTime"), instant(window, "latestDateTime")
        except ValueError:
            return Answer(Answered.RETRY, detail="the answer makes no sense")
        now = self._context.now()
        if earliest is not None and now < earliest + AFTER:
            return Answer(Answered.RETRY, not_before=earliest + AFTER, detail="it is too early to ask for a review")
        if latest is not None and now > latest + UNTIL:
            return Answer(Answered.POLICY, detail="it is too late to ask for a review")
        return None


def offered(actions: Mapping[str, object]) -> frozenset[str]:
    """The names of the actions that Amazon offers for an order.

    Raises:
        FailedError: the answer makes no sense; nothing was sent.
    """
    try:
        links = dictionaries(dictionary(actions, "_links"), "actions")
        return frozenset(name for one in links if (name := text(one, "name")) is not None)
    except ValueError:
        raise FailedError(Answer(Answered.RETRY, detail="the answer makes no sense")) from None
