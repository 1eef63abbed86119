"""Tracked HTML.

In: HTML, and what becomes of a target. Out: HTML.
Invariant: nothing changes but the values of `href` in anchors; a pixel is added. What is not HTML of ours to judge
(comments, scripts, styles, broken tags) stays as it is.

The standard library's parser says where start tags are; inside one, attributes are found as browsers find them
(HTML Living Standard, 13.2.5.32 to 13.2.5.40), and a value changes only where both agree on what it is.
"""

from __future__ import annotations

import html as escaping
import re
from collections.abc import Callable
from html.parser import HTMLParser

__all__ = ["track"]

_ATTRIBUTE = re.compile(
    r"""[\s/]*                                           # between attributes
        (?P<name>[^\s/>][^\s/>=]*)                       # a name may even begin with =
        (?:\s*=\s*(?P<value>"[^"]*"|'[^']*'|[^\s>"'][^\s>]*))?""",
    re.VERBOSE | re.ASCII,
)
_TAG_NAME = re.compile(r"<[A-Za-z][^\s/>]*", re.ASCII)
_SPACES = "\t\n\f\r "


def track(html: str, tracked: Callable[[str], str | None], pixel: str, is_pixel: Callable[[str], bool]) -> str:
    """HTML with tracked links and a pixel.

    Args:
        html: a document, or a part of one.
        tracked: the address in the place of a target; None where it stays.
        pixel: address of the picture.
        is_pixel: whether an address is that of such a picture; where there is one, none is added.
    """
    found = _Finder(html)
    parts: list[str] = []
    at = 0
    for start, end, target in found.links:
        address = tracked(target)
        if address is None:
            continue
        parts += [html[at:start], f'"{escaping.escape(address)}"']
        at = end
    end = len(html) if found.body_end is None else found.body_end
    if any(is_pixel(source) for source in found.pictures):
        return "".join([*parts, html[at:]])
    picture = f'<img src="{escaping.escape(pixel)}" width="1" height="1" alt="" style="border:0">'
    return "".join([*parts, html[at:end], picture, html[end:]])


class _Finder(HTMLParser):
    """Where things are in a text.

    Attributes:
        links: of each anchor's `href` from where to where its value stands, quotes included, and the target.
        pictures: addresses of pictures.
        body_end: where the last `</body>` begins.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.links: list[tuple[int, int, str]] = []
        self.pictures: list[str] = []
        self.body_end: int | None = None
        self._lines = [0, *(number + 1 for number, character in enumerate(html) if character == "\n")]
        try:
            self.feed(html)
            self.close()
        except AssertionError:  # so Python 3.11 says that a declaration is broken; what follows it stays as it is
            return

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.pictures += [value for name, value in attrs if name == "src" and value]
        if tag != "a":
            return
        value = next((value for name, value in attrs if name == "href"), None)  # of two, browsers take the first
        place = _value_of("href", self.get_starttag_text() or "")
        if value is None or place is None:
            return
        start, end, raw = place
        if escaping.unescape(raw) == value:
            here = self._here()
            self.links.append((here + start, here + end, value.strip(_SPACES)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "body":
            self.body_end = self._here()

    def _here(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column


def _value_of(wanted: str, tag: str) -> tuple[int, int, str] | None:
    """Where the value of an attribute stands in a start tag, quotes included, and the value as it is written."""
    name = _TAG_NAME.match(tag)
    at = name.end() if name else len(tag)
    while found := _ATTRIBUTE.match(tag, at):
        if found["name"].lower() == wanted:
            if found["value"] is None:
                return None
            raw = found["value"]
            quoted = raw[0] in "\"'"
            return found.start("value"), found.end("value"), raw[1:-1] if quoted else raw
        at = found.end()
    return None
