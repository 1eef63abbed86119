"""The channel: one connection a batch, one letter a recipient.

In: messages. Out: answers; bounces and complaints as receipts.
Invariant: until the server has been given the end of a letter nothing can have been taken, so that what fails before
is `retry`; what fails after, and before the reply, is `unknown`.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from functools import cached_property

import aiosmtplib
from aiosmtplib import SMTP

from rulecrm import RulesError
from rulecrm.plugin import Answer, Answered, Context, Message, Rate, Receipt, Traits
from rulecrm_smtp.answers import refused
from rulecrm_smtp.bounces import poll
from rulecrm_smtp.letters import AddressError, letter, mailbox, message_id
from rulecrm_smtp.settings import Settings

__all__ = ["SmtpChannel"]


class SmtpChannel:
    """E-mail over SMTP."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._context = context

    def __repr__(self) -> str:
        return f"<SmtpChannel {self._settings.host}:{self._settings.port}>"

    @cached_property
    def traits(self) -> Traits:
        """How it wants to be used."""
        settings = self._settings
        rates = (Rate(settings.per_second, 1.0),) if settings.per_second else ()
        return Traits(
            channel="email", provider="smtp", address="email", batch=settings.batch, rates=rates,
            concurrency=settings.connections, html=True,
        )  # fmt: skip

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Send each message as a letter of its own."""
        if not batch:
            return []
        client = self._client()
        problem = await self._connected(client)
        if problem is not None:
            return [problem for _ in batch]
        answers: list[Answer] = []
        try:
            for message in batch:
                if not client.is_connected:
                    answers.append(Answer(Answered.RETRY, detail="the server has closed the connection"))
                else:
                    answers.append(await self._one(client, message))
        finally:
            await _leave(client)
        return answers

    async def poll(self, cursor: str | None) -> tuple[Sequence[Receipt], str | None]:
        """Bounces and complaints that have arrived in the Maildir, if one is set."""
        if self._settings.maildir is None:
            return (), cursor
        return await asyncio.to_thread(poll, self._settings.maildir, cursor)

    async def close(self) -> None:
        """Each call has closed its own connection."""

    def _client(self) -> SMTP:
        settings = self._settings
        tls = ssl.create_default_context(cafile=settings.trust) if settings.tls != "none" else None
        return SMTP(
            hostname=settings.host, port=settings.port, timeout=settings.timeout, use_tls=settings.tls == "tls",
            start_tls=False, tls_context=tls,
        )  # fmt: skip

    async def _connected(self, client: SMTP) -> Answer | None:
        """Connect and log in; why nothing can be sent now, or None. Nothing was sent up to here, whatever happens."""
        settings = self._settings
        try:
            await client.connect()
            await client.ehlo()
            if settings.tls == "starttls":
                if not client.supports_extension("starttls"):
                    client.close()
                    return Answer(
                        Answered.CONFIG, detail="the server offers no STARTTLS, and nothing goes in the clear"
                    )
                await client.starttls()
            if settings.username is not None:
                await client.login(settings.username, settings.password.reveal())
        except aiosmtplib.SMTPAuthenticationError as error:
            client.close()
            outcome = Answered.RETRY if 400 <= error.code < 500 else Answered.CONFIG
            return Answer(outcome, code=str(error.code), detail="the server refused the login")
        except RulesError as error:  # a secret that is not there
            client.close()
            return Answer(Answered.CONFIG, detail=error.diagnostics[0].message)
        except ssl.SSLCertVerificationError as error:
            client.close()
            return Answer(Answered.CONFIG, detail=f"the server's certificate cannot be trusted: {error.verify_message}")
        except aiosmtplib.SMTPNotSupported as error:
            client.close()
            return Answer(Answered.CONFIG, detail=str(error))
        except aiosmtplib.SMTPResponseException as error:
            client.close()
            return refused(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            client.close()
            if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                return Answer(Answered.CONFIG, detail="the server's certificate cannot be trusted")
            return Answer(Answered.RETRY, detail=f"no connection to the server: {type(error).__name__}")
        return None

    async def _one(self, client: SMTP, message: Message) -> Answer:
        settings = self._settings
        try:
            to, raw = mailbox(message.address), letter(message, settings, self._context.now())
        except RulesError as error:
            return Answer(Answered.CONFIG, detail=error.diagnostics[0].message)
        except AddressError as error:
            return Answer(Answered.DEAD_ADDRESS, detail=f"no address: {error}".replace(message.address, "…"))
        if not to.isascii() and not client.supports_extension("smtputf8"):
            return Answer(Answered.DEAD_ADDRESS, detail="the server takes no address beyond ASCII")
        options = ["SMTPUTF8"] if not to.isascii() else []
        encoding = "utf-8" if options else "ascii"
        try:
            await client.mail(settings.envelope, options=options, encoding=encoding)
            await client.rcpt(to, encoding=encoding)
        except aiosmtplib.SMTPRecipientRefused as error:
            await _reset(client)
            return refused(error.code, error.message, recipient=True)
        except aiosmtplib.SMTPResponseException as error:
            await _reset(client)
            return refused(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError, UnicodeError) as error:
            client.close()
            return Answer(Answered.RETRY, detail=f"the connection was lost before the letter: {type(error).__name__}")
        try:
            reply = await client.data(raw)
        except aiosmtplib.SMTPDataError as error:
            await _reset(client)
            return refused(error.code, error.message) if error.code >= 400 else _lost("the server's reply is none")
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            return _lost(f"the server's reply was lost: {type(error).__name__}")
        return Answer(Answered.ACCEPTED, provider_id=message_id(message, settings), code=str(reply.code))


def _lost(why: str) -> Answer:
    return Answer(Answered.UNKNOWN, detail=why)


async def _reset(client: SMTP) -> None:
    """Begin anew after a refusal; a server that does not even take that is left."""
    try:
        await client.rset()
    except (aiosmtplib.SMTPException, OSError):
        client.close()


async def _leave(client: SMTP) -> None:
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        if client.is_connected:
            await client.quit(timeout=2)
    client.close()
