"""The words of a message for one customer.

In: templates of checked rules; plain values by name. Out: `Content`.
Invariant: the same template and the same values give the same words; a subject is one line, no control character goes
out, and in HTML every value is escaped that was not marked `safe` by the one who wrote the template.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from html import unescape
from types import MappingProxyType
from zoneinfo import ZoneInfo

from attrs import field, frozen
from liquid.exceptions import LiquidError

from rulecrm.model.machine import Template, TemplatePart
from rulecrm.model.sending import Content
from rulecrm.words.errors import ReadingError, WordingError
from rulecrm.words.html import is_html, text_of
from rulecrm.words.locales import choose
from rulecrm.words.reading import Read, read
from rulecrm.words.sandbox import FAILS, Sandbox
from rulecrm.words.used import LONGEST
from rulecrm.words.values import Plain, names

__all__ = ["Wording", "prepare"]

_PARTS = ("body", "text", "html", "subject")


@frozen(eq=False)
class _Part:
    """A part that was read, where it had anything to read."""

    written: TemplatePart
    html: bool
    read: Read | None


@frozen(eq=False, repr=False)
class Wording:
    """All templates of some rules, each part read once. Filling them keeps nothing: threads may share it.

    Attributes:
        templates: by symbol.
        zone: the zone on whose wall clock instants are shown.
        currency: ISO 4217 code of amounts.
    """

    templates: Mapping[str, Template]
    zone: ZoneInfo
    currency: str
    _read: Mapping[str, Mapping[str, Mapping[str | None, _Part]]] = field(alias="read")

    def render(
        self,
        symbol: str,
        values: Mapping[str, Plain],
        *,
        language: str | None = None,
        html_channel: bool = False,
        at: dt.datetime | None = None,
        zone: str | None = None,
    ) -> Content:
        """The words of a template for one customer.

        Args:
            symbol: of the template.
            values: by dotted name, at least those of `needs(symbol)`: `nick`, `customer.nick`, `walk.since`,
                `coupon.SPRING`. A `Decimal` is money in the rules' currency, a `timedelta` a duration, an instant is
                aware. What is None shows as nothing.
            language: the customer's (`zh-CN`). Of each part the variant of exactly this tag is taken, else that of a
                shorter one (`zh`), else the words for all languages, else those that are written first.
            html_channel: whether the channel takes HTML (`Traits.html`).
            at: what `now` and `today` are; where it is None, they are unknown.
            zone: IANA name of the zone on whose wall clock instants are shown, in place of the rules'.

        Returns:
            `text` is the part `text`, else the body, else what the HTML says; `html` the part `html`, else a body that
            is HTML, and None where the channel takes none. `parameters` are what came out of the `{{ … }}` of the body
            first, by the last segment of their names.

        Raises:
            KeyError: there is no such template.
            WordingError: a name is unknown, or the text uses up more than it may.
        """
        parts = self._read[symbol]
        local = self.zone if zone is None else ZoneInfo(zone)
        clock: dict[str, Plain] = {} if at is None else {"now": at, "today": at.astimezone(local).date()}
        seen = names({**clock, **values}, zone=local, currency=self.currency)
        made: dict[str, str] = {}
        parameters: Mapping[str, str] = {}
        chosen = {name: variants[choose(tuple(variants), language)] for name, variants in parts.items()}
        for name, part in _wanted(chosen, html_channel=html_channel).items():
            text, said = self._fill(symbol, part, seen)
            made[name] = clean(text)
            if name == "body":
                parameters = _parameters(part, said)
        if "body" in chosen and chosen["body"].html:
            html, plain = made.get("html", made["body"]), made.get("text")
        else:
            html, plain = made.get("html", ""), made.get("text", made.get("body"))
        return Content(
            text=plain if plain is not None else text_of(html),
            subject=one_line(made["subject"]) if "subject" in made else None,
            html=html if html and html_channel else None,
            parameters=MappingProxyType(parameters),
            extra=MappingProxyType({name: words for name, words in made.items() if name not in _PARTS}),
        )

    def needs(self, symbol: str) -> frozenset[str]:
        """Dotted names of what a template is filled with, in all its variants; `now` and `today` are not among them."""
        parts = (part for variants in self._read[symbol].values() for part in variants.values())
        used = {".".join(one.path) for part in parts if part.read is not None for one in part.read.used}
        return frozenset(used - {"now", "today"})

    def language(self, symbol: str, language: str | None) -> str | None:
        """The locale of the words that a customer of this language gets; None where they are for all languages."""
        parts = self._read[symbol]
        main = next((name for name in ("body", "html", "text") if name in parts), None)
        return None if main is None else choose(tuple(parts[main]), language)

    def _fill(self, symbol: str, part: _Part, seen: Mapping[str, object]) -> tuple[str, Mapping[int, str]]:
        if part.read is None:
            return part.written.text, {}
        try:
            return part.read.filled.fill(seen)
        except FAILS as error:
            raise _failed(symbol, part.written, error) from None


def _parameters(part: _Part, said: Mapping[int, str]) -> dict[str, str]:
    """What came out of the `{{ … }}` of a part first, by the last segment of their names."""
    first: dict[str, str] = {}
    for one in () if part.read is None else part.read.outputs:
        if one.name is not None and not first.get(one.name):
            value = said.get(one.start, "")
            first[one.name] = clean(unescape(value) if part.html else value)
    return first


def _wanted(chosen: Mapping[str, _Part], *, html_channel: bool) -> dict[str, _Part]:
    """The parts to fill: no HTML for a channel that takes none, no text in another language than the words."""
    wanted = dict(chosen)
    main = chosen.get("body", chosen.get("html"))
    if not html_channel and {"body", "text"} & set(chosen):
        wanted.pop("html", None)
    if main is not None and "text" in chosen and chosen["text"].written.locale != main.written.locale and main.html:
        del wanted["text"]
    return wanted


def prepare(templates: Mapping[str, Template], *, zone: str = "UTC", currency: str = "XXX") -> Wording:
    """Read all templates.

    Args:
        templates: by symbol, of checked rules (`Program.templates`).
        zone: IANA name of the rules' zone.
        currency: ISO 4217 code of the rules' currency.

    Raises:
        WordingError: a part is no Liquid (checked rules have none of those).
    """
    plain, escaping = Sandbox(html=False), Sandbox(html=True)
    found: dict[str, dict[str, dict[str | None, _Part]]] = {}
    for symbol, template in templates.items():
        parts = found.setdefault(symbol, {})
        for written in template.parts:
            html = written.part == "html" or (written.part == "body" and _looks_html(template, written))
            done: Read | None = None
            if "{{" in written.text or "{%" in written.text or len(written.text) > LONGEST:
                try:
                    done = read(written.text, escaping if html else plain)
                except ReadingError as fault:
                    line = written.text.count("\n", 0, fault.start) + 1
                    raise WordingError(symbol, written, line, fault.problem, fault.advice) from None
            parts.setdefault(written.part, {}).setdefault(written.locale, _Part(written, html, done))
    return Wording(dict(templates), ZoneInfo(zone), currency, read=found)


def _looks_html(template: Template, part: TemplatePart) -> bool:
    """A body is HTML where its file says so, or it has a tag of HTML; never in an SMS."""
    if template.channel == "sms":
        return False
    return (part.file or "").lower().endswith((".html", ".htm")) or is_html(part.text)


def _failed(symbol: str, part: TemplatePart, error: BaseException) -> WordingError:
    token = error.token if isinstance(error, LiquidError) else None
    place = token.start_index if token is not None and token.start_index > 0 else 0
    line = part.text.count("\n", 0, place) + 1
    if isinstance(error, LiquidError):
        return WordingError(symbol, part, line, str(error.args[0])[:200] if error.args else "it cannot be filled")
    return WordingError(symbol, part, line, f"it cannot be filled ({type(error).__name__})")


# --- what goes out ------------------------------------------------------------------------------------------------

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufff9-\ufffb\ud800-\udfff]")


def clean(text: str) -> str:
    """A text without control characters (tab and line feed stay) and halves of surrogate pairs; lines end in LF."""
    if text.isprintable():
        return text
    return _CONTROL.sub("", re.sub(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]", "\n", text))


def one_line(text: str) -> str:
    """A text on one line, as a header wants it: whatever breaks or spaces words is one space."""
    return re.sub(r"\s+", " ", text).strip()
