"""From messages that may go to messages with words.

In: what has passed the gate, and the route. Out: `Message`s, or what becomes of those that cannot be written.
Invariant: a message is written by the template of the version that its decision was made with, and says what is so at
the moment of sending; a coupon belongs to one decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, cast

from attrs import define, evolve, field, frozen

from rulecrm.dispatch.gate import Passed
from rulecrm.dispatch.retries import later
from rulecrm.dispatch.routes import Route
from rulecrm.facts import Facts
from rulecrm.links import Links
from rulecrm.model.instants import from_microseconds
from rulecrm.model.machine import Template, Use
from rulecrm.model.program import Program
from rulecrm.model.sending import MARKETING, Content, Message, key_of
from rulecrm.policy import Filling, open_filling
from rulecrm.state import Claimed, Coupons, Outcome
from rulecrm.words import Plain, Wording, WordingError, finish, given, prepare, types_given

__all__ = ["Ready", "Templates", "Words", "Writer", "written"]

_MINUTE = 60_000_000
_LATER = 15 * _MINUTE
"""When a message asks again for a coupon of a pool that was empty."""


@define(eq=False)
class Ready:
    """A message that can be handed over.

    Attributes:
        passed: what the gate has said last.
        message: what the channel gets.
    """

    passed: Passed
    message: Message

    @property
    def claimed(self) -> Claimed:
        """The message as it was claimed."""
        return self.passed.claimed


@frozen
class Words:
    """The words of one message, and the language they are in."""

    content: Content
    language: str | None = None
    unsubscribe: str | None = field(default=None, repr=False)


class Writer(Protocol):
    """Finds the words."""

    def purpose(self, claimed: Claimed) -> str:
        """What a message is for."""
        ...

    def write(self, passed: Sequence[Passed], route: Route, now: int) -> Sequence[Words | Outcome]:
        """The words of each message, in order, or what becomes of it."""
        ...


def written(
    passed: Sequence[Passed], words: Sequence[Words | Outcome], route: Route, expires: int
) -> tuple[list[Ready], list[Outcome]]:
    """Messages, and what becomes of those without words.

    Args:
        passed: what may go.
        words: of each.
        route: through which they go.
        expires: how long after its due instant a message is of use, microseconds.
    """
    ready: list[Ready] = []
    ended: list[Outcome] = []
    for one, said in zip(passed, words, strict=True):
        if isinstance(said, Outcome):
            ended.append(said)
            continue
        claimed = one.claimed
        message = Message(
            key=key_of(claimed.decision, claimed.way.choice),
            channel=route.channel,
            customer=claimed.customer,
            address=one.address,
            content=said.content,
            campaign=claimed.campaign,
            step=claimed.step,
            wave=claimed.wave,
            template=claimed.way.template or "",
            purpose=one.purpose,
            language=said.language,
            unsubscribe=said.unsubscribe,
            expires=from_microseconds(claimed.due + expires),
        )
        ready.append(Ready(one, message))
    return ready, ended


@define(eq=False)
class Templates:
    """Writes messages from templates.

    Attributes:
        program: the rules as they are now.
        facts: what the templates of a program are filled from.
        coupons: of the ledger; None where none may be drawn, and `‹coupon of POOL›` stands in their place.
        links: makes links for unsubscribing, opening and clicking; None where nothing answers them.
        older: loads the rules of an older version of a campaign; None where it is lost.
    """

    program: Program
    facts: Callable[[Program], Facts]
    coupons: Coupons | None
    links: Links | None
    older: Callable[[str, str], Program | None]
    _versions: Mapping[str, str] = field(init=False)
    _books: dict[int, _Book] = field(factory=dict, init=False)
    _instant: int = field(default=0, init=False)

    @_versions.default
    def _current(self) -> Mapping[str, str]:
        return {one.symbol: one.version for one in self.program.journeys}

    def purpose(self, claimed: Claimed) -> str:
        """See `Writer.purpose`."""
        book = self._book(claimed)
        template = None if book is None else book.program.templates.get(claimed.way.template or "")
        return MARKETING if template is None else template.purpose

    def write(self, passed: Sequence[Passed], route: Route, now: int) -> Sequence[Words | Outcome]:
        """See `Writer.write`."""
        if now - self._instant > _MINUTE or now < self._instant:
            self._instant = now  # what is asked of the whole population is asked once a minute
        made: list[Words | Outcome | None] = [None] * len(passed)
        groups: dict[tuple[int, str], list[int]] = {}
        for number, one in enumerate(passed):
            claimed, book = one.claimed, self._book(one.claimed)
            if claimed.action != "send":
                made[number] = Words(Content(text=claimed.text or ""))
            elif book is None or (symbol := claimed.way.template or "") not in book.program.templates:
                made[number] = _failed(claimed, f"the template `{claimed.way.template}` is lost")
            else:
                groups.setdefault((id(book), symbol), []).append(number)
        for (_, symbol), numbers in groups.items():
            book = self._book(passed[numbers[0]].claimed)
            assert book is not None
            found = self._of_template(book, symbol, [passed[number] for number in numbers], route, now)
            for number, words in zip(numbers, found, strict=True):
                made[number] = words
        return [words for words in made if words is not None]

    def _of_template(
        self, book: _Book, symbol: str, passed: Sequence[Passed], route: Route, now: int
    ) -> list[Words | Outcome]:
        template = book.program.templates[symbol]
        customers = [one.claimed.customer for one in passed]
        instants = [self._instant] * len(passed)
        filled = book.filling.values(symbol, customers, instants)
        languages = book.filling.languages(customers, instants)
        zones = book.filling.zones(customers, instants)
        types = types_given(book.program.journeys, symbol)
        codes = self._draw(template, passed, now)
        at = from_microseconds(now)
        found: list[Words | Outcome] = []
        spoken: dict[str | None, str | None] = {}
        for number, one in enumerate(passed):
            drawn = codes[number]
            if isinstance(drawn, str):
                found.append(later(one.claimed, now + _LATER, drawn))
                continue
            said = given(one.claimed.way.values, types) if one.claimed.way.values else {}
            values = cast("dict[str, Plain]", {**filled[number], **said, **drawn})
            try:
                content = book.wording.render(
                    symbol, values, language=languages[number], html_channel=route.traits.html, at=at,
                    zone=zones[number],
                )  # fmt: skip
            except WordingError as error:
                found.append(_failed(one.claimed, error.diagnostics[0].message))
                continue
            tag = languages[number]
            if tag not in spoken:
                spoken[tag] = book.wording.language(symbol, tag)
            found.append(self._finished(one, template, content, spoken[tag], route))
        return found

    def _finished(
        self, one: Passed, template: Template, content: Content, language: str | None, route: Route
    ) -> Words | Outcome:
        """What channels and the law want of a text besides its words."""
        traits = route.traits
        marketing = template.purpose == MARKETING
        if traits.notice is not None and marketing:
            content = evolve(content, text=finish(content.text, notice=traits.notice))
        code = route.templates.get(template.symbol)
        if traits.preapproved and code is None:
            return _failed(one.claimed, f"`{route.name}` has no approved template for `{template.symbol}`")
        if code is not None:
            content = evolve(content, code=code)
        if traits.longest is not None and len(content.text) > traits.longest:
            return _failed(one.claimed, f"the text has {len(content.text)} characters, {traits.longest} at most go")
        unsubscribe = None
        if self.links is not None:
            key = key_of(one.claimed.decision, one.claimed.way.choice)
            unsubscribe = self.links.unsubscribe_url(key, route.channel) if marketing else None
            if content.html is not None:
                content = evolve(content, html=self.links.track_html(content.html, key))
        return Words(content, language, unsubscribe)

    def _draw(self, template: Template, passed: Sequence[Passed], now: int) -> list[dict[str, str] | str]:
        """The coupons of each message by name; or, in words, that there are none left."""
        uses: list[Use] = [use for use in template.uses if use.what == "coupon"]
        found: list[dict[str, str] | str] = [{} for _ in passed]
        for use in uses:
            codes: Mapping[str, str]
            if self.coupons is None:
                codes = {one.claimed.decision: f"‹coupon of {use.symbol}›" for one in passed}
            else:
                codes = self.coupons.draw(use.symbol, [one.claimed.decision for one in passed], now)
            for number, one in enumerate(passed):
                drawn, code = found[number], codes.get(one.claimed.decision)
                if code is None:
                    found[number] = f"the pool of coupons `{use.symbol}` is empty"
                elif isinstance(drawn, dict):
                    drawn[use.name] = code
        return found

    def _book(self, claimed: Claimed) -> _Book | None:
        """The rules of the version that a decision was made with."""
        current = self._versions.get(claimed.campaign) == claimed.version
        program = self.program if current else self.older(claimed.campaign, claimed.version)
        if program is None:
            return None
        if id(program) not in self._books:
            wording = prepare(program.templates, zone=program.zone, currency=program.currency)
            self._books[id(program)] = _Book(program, wording, open_filling(program, self.facts(program)))
        return self._books[id(program)]


@frozen(eq=False)
class _Book:
    """Templates of one version of the rules, read, and what they are filled with."""

    program: Program
    wording: Wording
    filling: Filling


def _failed(claimed: Claimed, reason: str) -> Outcome:
    return Outcome(claimed, "done", claimed.way, "failed", reason, refused=claimed.refused)
