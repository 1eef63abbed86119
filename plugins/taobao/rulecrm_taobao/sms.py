"""The channel `taobao-sms`: SMS to the OAID of an order, by the platform (`taobao.jst.sms.oaid.message.send`).

In: messages made from approved templates. Out: answers.
Invariant: a call is made once; it says that nothing was taken only where the platform has refused it before looking, or
says what is wrong with it.

No telephone number is seen on either side. An address is `ORDER:OAID`, as the attribute `taobao_sms` of customers has
it: an OAID belongs to one order and one application, and the platform sends about that order alone. Which sub-codes
refuse an OAID is not published; those that speak of it, of the order or of its number are taken for a dead address, and
the rest for words that are not allowed.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rulecrm import RulesError
from rulecrm.plugin import Answer, Answered, Context, Message, Price, Rate, StoppedError, Traits
from rulecrm.plugin.renewing import RenewedToken, Tokens
from rulecrm.plugin.wire import Reply, Wire
from rulecrm_taobao.envelope import CHINA, Means, Said, form_of, root_of, said_in
from rulecrm_taobao.settings import SmsSettings

__all__ = ["TaobaoSms"]

_METHOD = "taobao.jst.sms.oaid.message.send"
_ARGUMENT = "param_send_message_by_o_a_i_d_request"
_ADDRESS = re.compile(r"(\d{5,25}):([0-9A-Za-z+/=_.~*-]{16,512})", re.ASCII)
_LONG = dt.timedelta(hours=1)
_DEAD = ("oaid", "order", "mobile", "phone")
_OUT = ("black", "customer_refused")


class TaobaoSms:
    """A route through Taobao.

    Args:
        settings: of the route.
        context: its clock.
    """

    def __init__(self, settings: SmsSettings, context: Context) -> None:
        self.traits = Traits(
            channel="sms",
            provider="taobao",
            address="taobao_sms",
            rates=(Rate(settings.per_second, 1.0),),
            concurrency=settings.concurrency,
            preapproved=True,
            longest=500,
            segments=True,
            day_zone=CHINA.key,
            price=Price(settings.price, "CNY") if settings.price is not None else None,
        )
        self._settings = settings
        self._context = context
        self._wire = Wire(
            "Taobao", settings.url, settings.timeout, agent="rulecrm-taobao", connections=settings.concurrency
        )

    def __repr__(self) -> str:
        return f"TaobaoSms({self._settings.app_key!r}, {self._context.name!r})"

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Hand messages over, each in a call of its own."""
        return [await self._send(message) for message in batch]

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _send(self, message: Message) -> Answer:
        found = _ADDRESS.fullmatch(message.address)
        if found is None:
            return Answer(Answered.DEAD_ADDRESS, detail="that is no order and OAID")
        if not message.content.code:
            detail = f"the template {message.template} has no code of an approved template in the settings"
            return Answer(Answered.CONFIG, detail=detail)
        request = self._request(message.content.code, message.content.parameters, found.groups())
        try:
            reply = await self._session().used(lambda session: self._post(request, session))
        except (RulesError, StoppedError) as error:
            said = error.diagnostics[0].message if isinstance(error, RulesError) else str(error)
            return Answer(Answered.CONFIG, detail=said)
        if isinstance(reply, Answer):
            return reply
        document = said_in(reply.body)
        told = None if document is None else root_of(document, _METHOD)
        if isinstance(told, Said):
            return _answer(told, self._context.now())
        if told is None or reply.status >= 400 or not told.get("module"):
            return Answer(Answered.UNKNOWN, detail=f"an answer that makes no sense, HTTP {reply.status}")
        return Answer(Answered.ACCEPTED, provider_id=str(told["module"]))

    def _request(self, code: str, parameters: Mapping[str, str], address: Sequence[str]) -> str:
        return json.dumps(
            {"order_id": address[0], "oaid": address[1], "sms_free_sign_name": self._settings.sign.strip("【】 "),
             "template_code": code, "params": dict(parameters)}
        )  # fmt: skip

    def _session(self) -> RenewedToken:
        """The session that syncing has renewed last; it is looked up anew, for syncing goes on beside."""
        given = self._settings
        return RenewedToken(given.session, given.refresh_token, Path(given.tokens) if given.tokens else None, _none)

    async def _post(self, request: str, session: str) -> Reply | Answer:
        given = self._settings
        form = form_of(
            _METHOD, {_ARGUMENT: request}, key=given.app_key, secret=given.app_secret.reveal(), session=session,
            way=given.sign_method, now=self._context.now(),
        )  # fmt: skip
        return await self._wire.ask("POST", "", form=form)


async def _none(_: str) -> Tokens:
    raise StoppedError("syncing renews sessions, and sending does not")


def _answer(said: Said, now: dt.datetime) -> Answer:
    """What an error means for the message; its words go no further, for they may repeat the address."""
    code, about = said.sub_code or str(said.code), said.sub_code.lower()
    if said.limit:
        wait = dt.timedelta(seconds=said.ban or 1.0)
        outcome = Answered.WAIT_QUOTA if wait > _LONG else Answered.RETRY
        return Answer(outcome, not_before=now + wait, code=code, detail="too many calls", route=True)
    match said.means:
        case Means.LATER:
            return Answer(Answered.UNKNOWN, code=code, detail="the service behind the gateway did not answer")
        case Means.SESSION:
            return Answer(Answered.CONFIG, code=code, detail="the session has run out, or is none")
        case Means.STOP:
            return Answer(Answered.CONFIG, code=code, detail="keys, permissions or clock of the application")
    if "limit" in about:
        tomorrow = now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
        return Answer(Answered.WAIT_QUOTA, not_before=tomorrow, code=code, detail="a limit of messages")
    if any(one in about for one in ("amount_not_enough", "signature", "sign_name")):
        return Answer(Answered.CONFIG, code=code, detail="the signature, or the balance")
    if any(one in about for one in _OUT):
        return Answer(Answered.OPTED_OUT, code=code, detail="the receiver wants no messages")
    if any(one in about for one in _DEAD):
        return Answer(Answered.DEAD_ADDRESS, code=code, detail="the order, or its OAID, is not good any more")
    return Answer(Answered.POLICY, code=code, detail="refused")
