"""Lifecycles, templates, campaigns and policies from their parts.

In: parts of the rules under "journeys" of `rules.lark`. Out: nodes of `syntax.journeys`.
Invariant: the order of clauses, and of steps, is that of the text.
"""
# ruff: noqa: D102, RUF059
# A method is named for its rule and does what the rule says; it names every part of the rule, used or not.

from __future__ import annotations

import datetime as dt

from attrs import evolve

from rulecrm.diagnostics.model import Diagnostic
from rulecrm.diagnostics.span import Span
from rulecrm.syntax import ast, declarations
from rulecrm.syntax import journeys as node
from rulecrm.syntax.attach import split_within
from rulecrm.syntax.build_declarations import day_of
from rulecrm.syntax.build_expressions import number_of, percent_of
from rulecrm.syntax.parts import Children, RefusedError, declared, identifier, optional, text, title, whole
from rulecrm.syntax.scan import Token

__all__ = ["JourneyRules"]

STEPS = (
    node.Send, node.Wait, node.WaitUntilFact, node.WaitUntilTime, node.If, node.Split, node.Repeat, node.Measure,
    node.Tag, node.NotifyStaff, node.Exit,
)  # fmt: skip

CLAUSES = (
    node.Enter, node.EnterDaily, node.EnterAt, node.EnterOnState, node.Reenter, node.ExitOn, node.Goal, node.Control,
    node.Priority, node.Budget,
)  # fmt: skip


class JourneyRules:
    """The rules of journeys."""

    # --- lifecycles ---

    def lifecycle(self, c: Children) -> node.Lifecycle:
        word, name, words, brace, *body, end = c
        return node.Lifecycle(declared(name), tuple(body), title(words), span=whole(c))

    def state(self, c: Children) -> node.State:
        return node.State(declared(c[1]), c[0].value == "start", title(c[2]), span=whole(c))

    def any_source(self, c: Children) -> Children:
        return [c[0], ()]

    def sources(self, c: Children) -> Children:
        return [c[0], tuple(identifier(token) for token in c if token.type == "NAME")]

    def move(self, c: Children) -> node.Move:
        (first, names), arrow, target, trigger = c
        span = Span(target.source, first.start, trigger.span.end)
        return node.Move(names, declared(target), trigger, span=span)

    def entering(self, c: Children) -> node.Entering:
        return node.Entering(identifier(c[1]), _steps(c[2]), span=whole(c))

    def on_fact(self, c: Children) -> node.OnFact:
        on_word, kind, where, when = c
        return node.OnFact(kind, where, when, span=whole(c))

    def after_silence(self, c: Children) -> node.AfterSilence:
        after_word, duration, without_word, kind, where, when = c
        return node.AfterSilence(duration, kind, where, when, span=whole(c))

    def where(self, c: Children) -> ast.Expression:
        condition: ast.Expression = c[1]
        return condition

    def when(self, c: Children) -> ast.Expression:
        condition: ast.Expression = c[1]
        return condition

    # --- templates ---

    def template(self, c: Children) -> node.Template:
        word, name, words, for_word, channel, as_word, purpose, content = c
        if isinstance(content, Token):
            body = ast.Identifier("body", span=content.span)
            parts: tuple[node.TemplateBody, ...] = (node.TemplateBody(body, text(content), span=content.span),)
        else:
            parts = tuple(_bodies(content))
        named = None if purpose is None else identifier(purpose)
        return node.Template(declared(name), identifier(channel), parts, named, title(words), span=whole(c))

    def template_parts(self, c: Children) -> Children:
        return c

    def localized(self, c: Children) -> Children:
        locale = c[1].value
        return [evolve(part, locale=locale) for part in c if isinstance(part, node.TemplateBody)]

    def template_part(self, c: Children) -> node.TemplateBody:
        part, file, words = c
        return node.TemplateBody(identifier(part), text(words), file is not None, span=whole(c))

    # --- campaigns: clauses ---

    def campaign(self, c: Children) -> node.Campaign:
        word, name, words, brace, *body, end = c
        clauses = tuple(part for part in body if isinstance(part, CLAUSES))
        steps = tuple(part for part in body if isinstance(part, STEPS))
        return node.Campaign(declared(name), clauses, steps, title(words), span=whole(c))

    def enter(self, c: Children) -> node.Enter:
        return node.Enter(c[1], span=whole(c))

    def enter_daily(self, c: Children) -> node.EnterDaily:
        enter_word, every_word, every, at_word, time, when = c
        at = ast.Time(dt.time.fromisoformat(time.value), span=time.span)
        return node.EnterDaily(identifier(every), at, when, span=whole(c))

    def enter_at(self, c: Children) -> node.EnterAt:
        enter_word, at_word, day, when = c
        return node.EnterAt(_instant(day), when, span=whole(c))

    def enter_on_state(self, c: Children) -> node.EnterOnState:
        enter_word, on_word, lifecycle, arrow, state, when = c
        return node.EnterOnState(lifecycle, identifier(state), when, span=whole(c))

    def reenter(self, c: Children) -> node.Reenter:
        reenter_word, how, *after, by_word, by = c
        return node.Reenter(how.value, after[0] if after else None, optional(by), span=whole(c))

    def exit_on(self, c: Children) -> node.ExitOn:
        return node.ExitOn(c[1], span=whole(c))

    def goal(self, c: Children) -> node.Goal:
        goal_word, kind, where, within_word, within = c
        if where is not None and within is None:
            where, within = split_within(where)
        if within is None:
            advice = "as in `goal purchase within 45d`"
            raise RefusedError(Diagnostic("R012", "a goal says within what time it counts", whole(c), advice))
        return node.Goal(kind, within, where, span=whole(c))

    def control(self, c: Children) -> node.Control:
        return node.Control(percent_of(c[1]), span=whole(c))

    def priority(self, c: Children) -> node.Priority:
        return node.Priority(number_of(c[1]), span=whole(c))

    def budget(self, c: Children) -> node.Budget:
        budget_word, count, what, per_word, per = c
        return node.Budget(int(count.value), identifier(what), per, span=whole(c))

    # --- campaigns: steps ---

    def block(self, c: Children) -> Children:
        return c

    def send(self, c: Children) -> node.Send:
        return node.Send(tuple(part for part in c if isinstance(part, node.Message)), span=whole(c))

    def message(self, c: Children) -> node.Message:
        channel, template, with_word, values, via_word, via = c
        pairs = tuple(
            node.With(pair.name, pair.value, span=pair.span)
            for pair in values or ()
            if isinstance(pair, declarations.Override)
        )
        return node.Message(identifier(channel), template, pairs, optional(via), span=whole(c))

    def wait(self, c: Children) -> node.Wait:
        return node.Wait(c[1], span=whole(c))

    def wait_until_fact(self, c: Children) -> node.WaitUntilFact:
        wait_word, until_word, kind, where, up_word, to_word, up_to = c
        return node.WaitUntilFact(kind, where, up_to, span=whole(c))

    def wait_until_time(self, c: Children) -> node.WaitUntilTime:
        token = c[2]
        if token.type == "TIME":
            return node.WaitUntilTime(ast.Time(dt.time.fromisoformat(token.value), span=token.span), span=whole(c))
        return node.WaitUntilTime(_instant(token), span=whole(c))

    def if_(self, c: Children) -> node.If:
        if_word, condition, then, else_word, otherwise = c
        steps = (otherwise,) if isinstance(otherwise, node.If) else _steps(otherwise)
        return node.If(condition, _steps(then), steps, span=whole(c))

    def split(self, c: Children) -> node.Split:
        return node.Split(tuple(part for part in c if isinstance(part, node.Branch)), span=whole(c))

    def branch(self, c: Children) -> node.Branch:
        return node.Branch(percent_of(c[0]).value, identifier(c[1]), _steps(c[2]), span=whole(c))

    def repeat(self, c: Children) -> node.Repeat:
        repeat_word, up_word, to_word, times, times_word, every_word, every, until_word, until, where, steps = c
        return node.Repeat(int(times.value), every, _steps(steps), until, where, span=whole(c))

    def measure(self, c: Children) -> node.Measure:
        return node.Measure(c[2], span=whole(c))

    def tag(self, c: Children) -> node.Tag:
        return node.Tag(text(c[1]), span=whole(c))

    def notify(self, c: Children) -> node.NotifyStaff:
        return node.NotifyStaff(text(c[2]), span=whole(c))

    def exit_(self, c: Children) -> node.Exit:
        return node.Exit(span=whole(c))

    # --- policy ---

    def policy(self, c: Children) -> node.Policy:
        return node.Policy(tuple(part for part in c if not isinstance(part, Token)), span=whole(c))

    def quiet(self, c: Children) -> node.Quiet:
        start, end = (ast.Time(dt.time.fromisoformat(token.value), span=token.span) for token in (c[1], c[3]))
        return node.Quiet(start, end, span=whole(c))

    def cap(self, c: Children) -> node.Cap:
        at_word, most_word, count, what, per_word, per = c
        return node.Cap(int(count.value), identifier(what), per, span=whole(c))

    def holdout(self, c: Children) -> node.Holdout:
        return node.Holdout(percent_of(c[1]), span=whole(c))

    def require(self, c: Children) -> node.Require:
        return node.Require(identifier(c[1]), span=whole(c))

    def priority_order(self, c: Children) -> node.PriorityOrder:
        campaigns = tuple(identifier(token) for token in c[1:] if token.type == "NAME")
        return node.PriorityOrder(campaigns, span=whole(c))


def _steps(block: Children | None) -> tuple[node.Step, ...]:
    return tuple(part for part in block or () if isinstance(part, STEPS))


def _bodies(parts: Children) -> list[node.TemplateBody]:
    found: list[node.TemplateBody] = []
    for part in parts:
        if isinstance(part, list):
            found.extend(part)
        elif isinstance(part, node.TemplateBody):
            found.append(part)
    return found


def _instant(token: Token) -> ast.DateTime:
    """The instant of an `enter at` or `wait until`; a bare date is its 00:00."""
    day = day_of(token)
    if isinstance(day, ast.DateTime):
        return day
    return ast.DateTime(dt.datetime.combine(day.value, dt.time()), span=day.span)
