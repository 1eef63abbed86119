"""Messages as the Cloud API takes them.

In: a message. Out: the document to post.
Invariant: a message with a `code` is that template, every other one is a text; a text is not changed, and parameters
only where Meta would refuse them (line breaks, tabs, runs of spaces).
"""

from __future__ import annotations

import re

from rulecrm.plugin import Message
from rulecrm_whatsapp.settings import Settings

__all__ = ["body_of", "number_of"]

_SPACES = re.compile(r"[\n\r\t]+| {5,}")


def number_of(address: str) -> str:
    """A phone number as WhatsApp names people: its digits."""
    return re.sub(r"\D", "", address, flags=re.ASCII)


def body_of(message: Message, settings: Settings) -> dict[str, object]:
    """The document of `POST …/messages`."""
    document: dict[str, object] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": number_of(message.address),
    }
    if message.content.code is None:
        document |= {"type": "text", "text": {"body": message.content.text, "preview_url": settings.preview}}
    else:
        document |= {"type": "template", "template": _template(message, message.content.code, settings)}
    wanted = "all" if message.content.code is None else "templates"
    if settings.callback_data in {"all", wanted}:
        document["biz_opaque_callback_data"] = message.key
    return document


def _template(message: Message, code: str, settings: Settings) -> dict[str, object]:
    tag = message.language or settings.language
    language = settings.languages.get(tag, tag.replace("-", "_"))
    template: dict[str, object] = {"name": code, "language": {"policy": "deterministic", "code": language}}
    components = [*_header(message), *_parameters(message, settings), *_button(message)]
    if components:
        template["components"] = components
    return template


def _header(message: Message) -> list[dict[str, object]]:
    extra = message.content.extra
    if "picture" in extra:
        return [{"type": "header", "parameters": [{"type": "image", "image": {"link": extra["picture"]}}]}]
    if "header" in extra:
        return [{"type": "header", "parameters": [{"type": "text", "text": _plain(extra["header"])}]}]
    return []


def _parameters(message: Message, settings: Settings) -> list[dict[str, object]]:
    parameters: list[dict[str, str]] = []
    for name, value in message.content.parameters.items():
        parameter = {"type": "text", "text": _plain(value)}
        if settings.named_parameters:
            parameter["parameter_name"] = name
        parameters.append(parameter)
    return [{"type": "body", "parameters": parameters}] if parameters else []


def _button(message: Message) -> list[dict[str, object]]:
    """What the URL of the template's first button ends with."""
    end = message.content.extra.get("button")
    if end is None:
        return []
    return [{"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": end}]}]


def _plain(value: str) -> str:
    return _SPACES.sub(" ", value)
