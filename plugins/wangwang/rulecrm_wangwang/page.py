"""The open tasks as a page.

In: tasks. Out: HTML.
Invariant: the page runs no script, loads nothing, and holds no markup but its own, whatever the words.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html import escape
from types import MappingProxyType
from urllib.parse import urlsplit

from attrs import frozen

from rulecrm_wangwang.journal import MEANINGS, Task

__all__ = ["Hook", "page"]

_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "zh": {
            "title": "旺旺待发消息", "none": "没有待发的消息。", "until": "截止", "note": "备注（买家回复）",
            "done": "已发送", "failed": "联系不上", "stop": "不要再发", "reply": "已回复",
        },
        "en": {
            "title": "To be written on Wangwang", "none": "Nothing to write.", "until": "until", "note": "the answer",
            "done": "written", "failed": "not reached", "stop": "wants no more", "reply": "answered",
        },
    }
)  # fmt: skip

_STYLE = """body{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}
article{border:1px solid #999;border-radius:.4em;padding:.6em 1em;margin:1em 0}
h2{margin:0;font-size:1em}textarea{width:100%;box-sizing:border-box;font:inherit}
small{color:#555}form{display:flex;flex-wrap:wrap;gap:.5em;margin-top:.5em}input[name=note]{flex:1}"""


@frozen
class Hook:
    """Where ticks are posted, and what signs them, by the key of the task."""

    url: str
    tokens: Mapping[str, str]


def page(tasks: Iterable[Task], hook: Hook | None, language: str) -> bytes:
    """The page of these tasks.

    Args:
        tasks: those that are open.
        hook: where ticks go; without it there are no buttons.
        language: of the page's own words.
    """
    words = _WORDS[language]
    articles = "\n".join(_article(task, hook, words) for task in tasks)
    title = escape(words["title"])
    return f"""<!doctype html>
<html lang="{language}"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(_policy(hook))}">
<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{_STYLE}</style></head>
<body><h1>{title}</h1>
{articles or f"<p>{escape(words['none'])}</p>"}
</body></html>
""".encode(errors="replace")


def _policy(hook: Hook | None) -> str:
    style = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    parts = urlsplit(hook.url) if hook else None
    target = f"{parts.scheme}://{parts.netloc}" if parts else "'none'"
    return f"default-src 'none'; style-src 'sha256-{style}'; form-action {target}; base-uri 'none'"


def _article(task: Task, hook: Hook | None, words: Mapping[str, str]) -> str:
    until = f" · {escape(words['until'])} {escape(task.until[:16].replace('T', ' '))}" if task.until else ""
    lines = min(task.words.count("\n") + 1 + len(task.words) // 60, 12)
    return f"""<article id="{escape(task.key)}"><h2>{escape(task.to)}</h2><small>{escape(task.campaign)}{until}</small>
<textarea readonly rows="{lines}">
{escape(task.words)}</textarea>{_form(task, hook, words) if hook else ""}</article>"""


def _form(task: Task, hook: Hook, words: Mapping[str, str]) -> str:
    buttons = "".join(f'<button name="mark" value="{one}">{escape(words[one])}</button>' for one in MEANINGS)
    return f"""<form method="post" action="{escape(hook.url)}" accept-charset="utf-8">
<input type="hidden" name="key" value="{escape(task.key)}">
<input type="hidden" name="token" value="{escape(hook.tokens[task.key])}">
<input name="note" maxlength="1000" placeholder="{escape(words["note"])}">{buttons}</form>"""
