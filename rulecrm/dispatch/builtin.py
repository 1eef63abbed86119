"""Channels for development: messages on the console, or in a file.

In: messages. Out: lines.
Invariant: what is written is one JSON object a line, so that nothing in a message can pretend to be another one.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from attrs import field, frozen

from rulecrm.model.sending import Answer, Answered, Message, Traits
from rulecrm.plugin.channels import ChannelType, Context

__all__ = ["BUILTIN", "ConsoleSettings", "FileSettings", "Lines", "line_of"]


@frozen
class ConsoleSettings:
    """Settings of the channel `console`: none."""


@frozen
class FileSettings:
    """Settings of the channel `file`.

    Attributes:
        path: of the file that lines are appended to; relative to the settings file.
    """

    path: str = "messages.jsonl"


@frozen(eq=False)
class Lines:
    """A channel that writes every message as a line of JSON, and takes all of them.

    Attributes:
        traits: how it wants to be used.
        path: of the file; None for the standard output.
    """

    traits: Traits
    path: Path | None = None
    _lock: asyncio.Lock = field(factory=asyncio.Lock, repr=False)

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        """Write each; the file is on disk when this returns."""
        text = "".join(f"{line_of(message)}\n" for message in batch)
        async with self._lock:
            if self.path is None:
                sys.stdout.write(text)
                sys.stdout.flush()
            else:
                await asyncio.to_thread(_append, self.path, text)
        return [Answer(Answered.ACCEPTED, provider_id=message.key) for message in batch]

    async def close(self) -> None:
        """Nothing is held open."""


def line_of(message: Message) -> str:
    """A message as JSON, empty parts left out."""
    content = message.content
    parts = {
        "key": message.key,
        "channel": message.channel,
        "customer": message.customer,
        "address": message.address,
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
        "code": content.code,
        "parameters": dict(content.parameters),
        "extra": dict(content.extra),
        "campaign": message.campaign,
        "step": message.step,
        "template": message.template,
        "purpose": message.purpose,
        "language": message.language,
        "unsubscribe": message.unsubscribe,
        "expires": None if message.expires is None else message.expires.isoformat(),
    }
    return json.dumps({name: value for name, value in parts.items() if value not in (None, "", {})}, ensure_ascii=False)


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def _console(settings: ConsoleSettings, context: Context) -> Lines:
    del settings, context
    return Lines(Traits(channel="sms", provider="console", address="phone", batch=100, html=True))


def _file(settings: FileSettings, context: Context) -> Lines:
    path = Path(context.folder or ".") / settings.path
    return Lines(Traits(channel="sms", provider="file", address="phone", batch=100, html=True), path)


BUILTIN: Mapping[str, ChannelType] = MappingProxyType(
    {
        "console": ChannelType(
            "console", "sms", ConsoleSettings, _console, "Writes each message to the standard output as JSON."
        ),
        "file": ChannelType("file", "sms", FileSettings, _file, "Appends each message to a file as a line of JSON."),
    }
)
"""By the name that settings ask for."""
