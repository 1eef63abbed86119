"""Posts: the words of a template where everybody reads them.

In: a template that asks for no customer, values, a route. Out: `Posted`.
Invariant: a key is posted once by a route. Where the answer was lost it is posted again only if somebody says so.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from attrs import evolve, field, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.dispatch.routes import Route
from rulecrm.dispatch.shared import problem_of
from rulecrm.model.instants import from_microseconds
from rulecrm.model.program import Program
from rulecrm.model.sending import Answer, Answered, Content, key_of
from rulecrm.plugin import Posts
from rulecrm.state import Ledger
from rulecrm.words import Plain, prepare

__all__ = ["Posted", "post", "words_of"]

_OF_CUSTOMERS = {
    "definition": "what is worked out for a customer", "lifecycle": "where a customer is",
    "attribute": "an attribute of customers", "customer": "a customer", "coupon": "a coupon, which is somebody's",
}  # fmt: skip


@frozen
class Posted:
    """What became of a post.

    Attributes:
        route: by which it went.
        key: by which it is posted once.
        template: its words.
        outcome: `accepted`, `retry`, …: see `rulecrm.plugin.Answered`; `not done` of a dry run.
        before: whether it was posted before this call, and not now.
        provider_id: the provider's id of it.
        detail: the provider's code and words.
        content: as it was written for this call.
    """

    route: str
    key: str
    template: str
    outcome: str
    before: bool = False
    provider_id: str | None = None
    detail: str | None = None
    content: Content = field(default=Content(""), repr=False)


def words_of(
    program: Program, template: str, values: Mapping[str, Plain], *, html: bool, language: str | None, now: int
) -> Content:
    """The words of a template that asks for no customer.

    Args:
        program: the rules; their params have a value by their names.
        template: symbol of the template.
        values: what else it asks for, by name; they come before params.
        html: whether the channel takes HTML.
        language: tag of the language; the words for all where nothing is said.
        now: the instant, microseconds.

    Raises:
        RulesError: R120, no such template; R495, it asks for a customer, or for what nobody gives; it cannot be filled.
    """
    found = program.templates.get(template)
    if found is None:
        help_ = did_you_mean(template, program.templates)
        raise RulesError([Diagnostic("R120", f"no template is called `{template}`", help=help_)])
    wording = prepare({template: found}, zone=program.zone, currency=program.currency)
    params = {name: one.value for name, one in program.params.items() if isinstance(one.value, _PLAIN)}
    given: dict[str, Plain] = {**params, **values}
    theirs = [use for use in found.uses if use.what in _OF_CUSTOMERS]
    wrong = [f"`{use.name}`, {_OF_CUSTOMERS[use.what]}" for use in theirs if use.name not in given]
    asked = {use.name for use in theirs}
    wrong += [
        f"`{name}`, which nobody gives"
        for name in sorted(wording.needs(template) - asked)
        if name not in given and name.partition(".")[0] not in given
    ]
    if wrong:
        message = f"a post is written for nobody, and `{template}` asks for {'; '.join(wrong)}"
        raise RulesError([Diagnostic("R495", message, help="give it as a value, or leave it out of the template")])
    at = from_microseconds(now)
    return wording.render(template, given, language=language, html_channel=html, at=at)


_PLAIN = (str, bool, int, float, Decimal, dt.date, dt.time)


async def post(
    ledger: Ledger, route: Route, *, template: str, content: Content, key: str, now: int, patience: float, again: bool
) -> Posted:
    """Post once.

    Args:
        ledger: knows what was posted before.
        route: its channel posts.
        template: symbol of the template.
        content: its words.
        key: by which it is posted once.
        now: the instant, microseconds.
        patience: seconds that the call may take.
        again: post even where it was, or may have been, posted before.

    Raises:
        RulesError: R494, the channel does not post.
    """
    sender, most = route.sender, route.traits.longest
    if not isinstance(sender, Posts):
        message = f"the route `{route.name}` (`{route.traits.provider}`) does not post"
        raise RulesError([Diagnostic("R494", message, help="`rulecrm plugins` tells what a plugin offers")])
    content = evolve(content, code=route.templates.get(template))
    before = ledger.posts.begin(route.name, key, template, now, again=again)
    if before is not None:
        return _posted(route, key, template, before, content, before=True)
    if most is not None and len(content.text) > most:
        answer = Answer(Answered.POLICY, detail=f"the text has {len(content.text)} characters, {most} at most go")
    else:
        answer = await _answer(sender, content, key_of(f"post|{route.name}|{key}", 0), patience)
    ledger.posts.end(route.name, key, answer, now)
    return _posted(route, key, template, answer, content, before=False)


async def _answer(sender: Posts, content: Content, key: str, patience: float) -> Answer:
    try:
        async with asyncio.timeout(patience):
            answer = await sender.post(content, key)
        problem = problem_of([answer], 1)
    except TimeoutError:
        problem = f"gave no answer within {patience:g} s"
    except Exception as error:  # noqa: BLE001 - a stranger's code
        problem = f"raised {type(error).__name__}"
    return Answer(Answered.UNKNOWN, detail=f"the channel {problem}") if problem else answer


def _posted(route: Route, key: str, template: str, answer: Answer, content: Content, *, before: bool) -> Posted:
    detail = ": ".join(part for part in (answer.code, answer.detail) if part) or None
    return Posted(
        route.name, key, template, answer.outcome.value, before, answer.provider_id, detail, content
    )  # fmt: skip
