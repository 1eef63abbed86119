"""The two pages that people see.

In: the languages that a browser asks for. Out: HTML.
Invariant: a page loads nothing from anywhere, runs no script, and repeats nothing of what was asked for.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from types import MappingProxyType

from attrs import frozen

__all__ = ["page"]


@frozen
class _Words:
    title: str
    question: str
    button: str
    done: str


_WORDS: Mapping[str, _Words] = MappingProxyType(
    {
        "en": _Words("Unsubscribe", "No more messages like this one?", "Unsubscribe", "Done: no more of them."),
        "zh": _Words("退订", "不再接收此类消息？", "退订", "已退订，您将不再收到此类消息。"),
        "ru": _Words("Отписка", "Больше не присылать таких сообщений?", "Отписаться", "Готово: больше их не будет."),
        "de": _Words(
            "Abbestellen", "Keine solchen Nachrichten mehr?", "Abbestellen", "Erledigt: es kommen keine mehr."
        ),
        "es": _Words("Baja", "¿No recibir más mensajes como este?", "Darse de baja", "Hecho: no recibirá más."),
        "fr": _Words("Se désabonner", "Ne plus recevoir de tels messages ?", "Se désabonner", "C’est fait."),
    }
)

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:1.1em/1.5 system-ui,sans-serif;max-width:30em;margin:15vh auto;padding:0 1em}}
button{{font:inherit;padding:.5em 1.5em}}</style></head>
<body>{sender}<p>{said}</p>{form}</body></html>
"""
_FORM = """<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
<button>{button}</button></form>"""


def page(accepted: str, sender: str, *, asked: bool) -> str:
    """The page that asks, or the one that says it is done.

    Args:
        accepted: the header `Accept-Language`; the first language of it that the pages have is theirs.
        sender: who the messages are from; empty to leave it out.
        asked: which page.
    """
    language = next((tag for tag in _tags(accepted) if tag in _WORDS), "en")
    words = _WORDS[language]
    return _PAGE.format(
        language=language,
        title=words.title,
        sender=f"<h1>{html.escape(sender)}</h1>" if sender else "",
        said=words.question if asked else words.done,
        form=_FORM.format(button=words.button) if asked else "",
    )


def _tags(accepted: str) -> list[str]:
    """Languages in the order of the header, which browsers sort by preference."""
    return [part.partition(";")[0].strip().partition("-")[0].lower() for part in accepted.split(",")[:20]]
