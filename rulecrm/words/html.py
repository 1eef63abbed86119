"""HTML and the plain text that says the same.

In: HTML as a template made it. Out: whether a text is HTML at all; its words as plain text, links with their
addresses.
Invariant: what is not shown (`head`, `style`, `script`, comments) is not in the text; a link's address is.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

__all__ = ["is_html", "text_of"]

_TAGS = (
    "html|head|body|p|div|span|table|tr|td|th|a|br|img|h[1-6]|strong|em|b|i|u|ul|ol|li|center|font|hr|style|section|"
    "blockquote|pre|button|small"
)
_HTML = re.compile(rf"<!doctype\b|</?(?:{_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE)

_UNSEEN = frozenset({"head", "style", "script", "title", "template", "noscript", "svg"})
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "hr"})
_LINES = frozenset({"div", "tr", "li", "section", "article", "header", "footer", "center", "address", "dt", "dd"})
_VOID = frozenset({"br", "hr", "img", "meta", "link", "input", "area", "base", "col", "embed", "source", "wbr"})


def is_html(text: str) -> bool:
    """Whether a text has a tag of HTML in it."""
    return _HTML.search(text) is not None


def text_of(html: str) -> str:
    """What a reader of the HTML sees, as plain text; a link is followed by its address in brackets."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [re.sub(r"[ \t\f\v\xa0]+", " ", line).strip() for line in "".join(reader.out).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.hidden: list[str] = []
        self.links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self.hidden.append(tag)
        elif tag == "br":
            self._write("\n")
        elif tag == "img":
            self._write(dict(attrs).get("alt") or "")
        elif tag == "li":
            self._write("\n- ")
        elif tag == "a":
            self.links.append((dict(attrs).get("href") or "", len(self.out)))
        elif tag in ("td", "th"):
            self._write(" ")
        else:
            self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.hidden:
            while self.hidden.pop() != tag:
                pass
        elif tag == "a" and self.links:
            address, start = self.links.pop()
            words = "".join(self.out[start:]).strip()
            if address and not address.startswith("#") and address not in (words, f"mailto:{words}"):
                self._write(f" ({address})" if words else address)
        elif tag not in _VOID:
            self._break(tag)

    def handle_data(self, data: str) -> None:
        self._write(re.sub(r"\s+", " ", data))

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._write("\n\n")
        elif tag in _LINES:
            self._write("\n")

    def _write(self, text: str) -> None:
        if not self.hidden and text:
            self.out.append(text)
