"""The text of the rules as a part of the page, every line with its own anchor.

In: texts by name, origins of figures. Out: HTML, and the anchor of an origin.
Invariant: a password that somebody wrote into a text is not shown; folders of the machine are not named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import PurePath

from attrs import field, frozen

from rulecrm.insight.figure import Origin

__all__ = ["Sources"]

_ADDRESS = re.compile(r"(\w+://[^\s:/@\"]*:)[^\s@\"]+(@)")
_WORD = re.compile(r"((?:password|passwd|secret|token|api_?key)\"?\s*[:=]\s*\")[^\"]*(\")", re.IGNORECASE)
_HIDDEN = "••••"


@frozen
class Sources:
    """The texts of a program that are shown.

    Attributes:
        texts: by name of the source.
    """

    texts: Mapping[str, str]
    _names: Mapping[str, str] = field(init=False)

    @_names.default
    def _short(self) -> Mapping[str, str]:
        """The last part of each path; the whole where two would be called the same."""
        short = {name: name if name.startswith("std/") else PurePath(name).name for name in self.texts}
        seen = list(short.values())
        return {
            name: brief if seen.count(brief) == 1 else f"{brief} ({place})"
            for place, (name, brief) in enumerate(short.items(), 1)
        }

    def line(self, origin: Origin) -> int:
        """The line of an origin, counted from 1."""
        return self.texts[origin.span.source].count("\n", 0, origin.span.start) + 1

    def anchor(self, origin: Origin) -> str | None:
        """The id of the line of an origin; None where its text is not shown."""
        if origin.span.source not in self.texts:
            return None
        return f"rules-{list(self.texts).index(origin.span.source)}-{self.line(origin)}"

    def name(self, origin: Origin) -> str:
        """What its file is called in the page."""
        return self._names[origin.span.source]

    def html(self) -> str:
        """A box a file."""
        return "".join(self._file(place, name, text) for place, (name, text) in enumerate(self.texts.items()))

    def _file(self, place: int, name: str, text: str) -> str:
        lines = "".join(
            f'<li id="rules-{place}-{number}" value="{number}"><code>{escape(line) or "&#8203;"}</code></li>'
            for number, line in enumerate(_without_secrets(text).splitlines(), 1)
        )
        heading = f'<h3 id="rules-{place}">{escape(self._names[name])}</h3>'
        box = f'<div class="source" tabindex="0" role="group" aria-labelledby="rules-{place}">'
        return f"{heading}{box}<ol>{lines}</ol></div>"


def _without_secrets(text: str) -> str:
    return _WORD.sub(rf"\g<1>{_HIDDEN}\g<2>", _ADDRESS.sub(rf"\g<1>{_HIDDEN}\g<2>", text))
