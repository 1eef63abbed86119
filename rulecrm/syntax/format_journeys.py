"""Lifecycles, templates, campaigns and policies as canonical text.

In: their nodes, and the pen that writes the file. Out: nothing; the pen has written them.
Invariant: as in `syntax.format`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from rulecrm.syntax import ast
from rulecrm.syntax import journeys as node
from rulecrm.syntax.format_comments import Pen
from rulecrm.syntax.format_expressions import WIDTH, wrapped
from rulecrm.syntax.format_lines import OR, SUM, expression, guarded
from rulecrm.syntax.format_literals import quoted

__all__ = ["campaign", "lifecycle", "pairs", "policy", "template"]


def lifecycle(declaration: node.Lifecycle, pen: Pen) -> None:
    """Write a lifecycle."""

    def body(indent: int) -> None:
        for part in declaration.body:
            match part:
                case node.State(name, start, title):
                    pen.line(part, indent, f"{'start' if start else 'state'} {name.text}{_title(title)}")
                case node.Move(sources, target, trigger):
                    names = ", ".join(source.text for source in sources) or "any"
                    pen.line(part, indent, f"{names} -> {target.text} {_trigger(trigger, indent)}")
                case node.Entering(state, steps):
                    pen.block(part, indent, f"entering {state.text}", partial(_steps, steps, pen))

    pen.block(declaration, 0, f"lifecycle {declaration.name.text}{_title(declaration.title)}", body)


def template(declaration: node.Template, pen: Pen) -> None:
    """Write a template; one that has only a body stands on one line."""
    purpose = "" if declaration.purpose is None else f" as {declaration.purpose.text}"
    head = f"template {declaration.name.text}{_title(declaration.title)} for {declaration.channel.text}{purpose}"
    parts = declaration.parts
    if len(parts) == 1 and parts[0].part.text == "body" and not parts[0].file and parts[0].locale is None:
        pen.line(declaration, 0, f"{head} {quoted(parts[0].value.value)}")
        return

    def body(indent: int) -> None:
        for locale, group in groupby(parts, lambda part: part.locale):
            inner = indent
            if locale is not None:
                pen.lines.append(f"{' ' * indent}locale {quoted(locale)} {{")
                inner += 2
            for part in group:
                pen.line(part, inner, f"{part.part.text} {'file ' if part.file else ''}{quoted(part.value.value)}")
            if locale is not None:
                pen.lines.append(" " * indent + "}")

    pen.block(declaration, 0, head, body)


def campaign(declaration: node.Campaign, pen: Pen) -> None:
    """Write a campaign: its clauses, a blank line, its steps."""

    def body(indent: int) -> None:
        for clause in declaration.clauses:
            pen.line(clause, indent, _clause(clause, indent))
        if declaration.clauses and declaration.steps:
            pen.lines.append("")
        _steps(declaration.steps, pen, indent)

    pen.block(declaration, 0, f"campaign {declaration.name.text}{_title(declaration.title)}", body)


def policy(declaration: node.Policy, pen: Pen) -> None:
    """Write a policy."""

    def body(indent: int) -> None:
        for rule in declaration.rules:
            pen.line(rule, indent, _rule(rule))

    pen.block(declaration, 0, "policy", body)


def pairs(values: Sequence[tuple[str, ast.Expression]], indent: int, column: int) -> str:
    """`{ name: value, … }`, one pair a line where they do not fit."""
    flat = f"{{ {', '.join(f'{name}: {expression(value)}' for name, value in values)} }}" if values else "{}"
    if column + len(flat) <= WIDTH:
        return flat
    pad = "\n" + " " * (indent + 2)
    parts = [f"{name}: {wrapped(value, indent + 2, indent + 4 + len(name))}" for name, value in values]
    return "{" + pad + ("," + pad).join(parts) + "\n" + " " * indent + "}"


def _title(title: str | None) -> str:
    return f" {quoted(title)}" if title is not None else ""


def _trigger(trigger: node.OnFact | node.AfterSilence, indent: int) -> str:
    if isinstance(trigger, node.OnFact):
        text = f"on {trigger.kind.text}"
    else:
        text = f"after {expression(trigger.duration, SUM)}"
        if trigger.without is not None:
            text += f" without {trigger.without.text}"
    return text + _where(trigger.where, indent) + _when(trigger.when, indent)


def _where(where: ast.Expression | None, indent: int) -> str:
    return "" if where is None else f" where {wrapped(where, indent, indent + 30)}"


def _when(when: ast.Expression | None, indent: int) -> str:
    return "" if when is None else f" when {wrapped(when, indent, indent + 30)}"


def _clause(clause: node.Clause, indent: int) -> str:
    match clause:
        case node.Enter(trigger):
            return f"enter {_trigger(trigger, indent)}"
        case node.EnterDaily(every, at, when):
            return f"enter every {every.text} at {expression(at)}{_when(when, indent)}"
        case node.EnterAt(at, when):
            return f"enter at {expression(at)}{_when(when, indent)}"
        case node.EnterOnState(machine, state, when):
            return f"enter on {machine.text} -> {state.text}{_when(when, indent)}"
        case node.Reenter(how, after, by):
            length = f" {expression(after, SUM)}" if after is not None else ""
            return f"reenter {how}{length}" + (f" by {by.text}" if by is not None else "")
        case node.ExitOn(trigger):
            return f"exit {_trigger(trigger, indent)}"
        case node.Goal(kind, within, where):
            condition = f" where {guarded(where)}" if where is not None else ""
            return f"goal {kind.text}{condition} within {expression(within, SUM)}"
        case node.Control(share):
            return f"control {expression(share)}"
        case node.Priority(value):
            return f"priority {expression(value)}"
        case node.Budget(count, what, per):
            return f"budget {count} {what.text} per {expression(per, SUM)}"


def _steps(steps: Sequence[node.Step], pen: Pen, indent: int) -> None:
    for step in steps:
        _step(step, pen, indent)


def _step(step: node.Step, pen: Pen, indent: int) -> None:
    match step:
        case node.If():
            _if(step, pen, indent)
        case node.Split(branches):
            pen.block(step, indent, "split", lambda deeper: _branches(branches, pen, deeper))
        case node.Repeat(times, every, inner, until, where):
            head = f"repeat up to {times} times every {expression(every, SUM)}"
            if until is not None:
                head += f" until {until.text}{_where(where, indent)}"
            pen.block(step, indent, head, lambda deeper: _steps(inner, pen, deeper))
        case _:
            pen.line(step, indent, _plain(step, indent))


def _if(step: node.If, pen: Pen, indent: int) -> None:
    """Write an `if`; one that is all of an `else` goes on in the line of that."""

    def body(deeper: int) -> None:
        _steps(step.then, pen, deeper)
        if not step.otherwise:
            return
        only = step.otherwise[0]
        if len(step.otherwise) == 1 and isinstance(only, node.If):
            pen.comments(only.span.start, deeper)
            pen.lines.append(f"{' ' * indent}}} else if {_condition(only, indent)} {{")
            _chain(only, deeper)
        else:
            pen.lines.append(" " * indent + "} else {")
            _steps(step.otherwise, pen, deeper)

    def _chain(link: node.If, deeper: int) -> None:
        _steps(link.then, pen, deeper)
        if link.otherwise:
            only = link.otherwise[0]
            if len(link.otherwise) == 1 and isinstance(only, node.If):
                pen.lines.append(f"{' ' * indent}}} else if {_condition(only, indent)} {{")
                _chain(only, deeper)
            else:
                pen.lines.append(" " * indent + "} else {")
                _steps(link.otherwise, pen, deeper)

    pen.block(step, indent, f"if {_condition(step, indent)}", body)


def _condition(step: node.If, indent: int) -> str:
    return wrapped(step.condition, indent, indent + 12, OR)


def _branches(branches: Sequence[node.Branch], pen: Pen, indent: int) -> None:
    for branch in branches:
        head = f"{expression(ast.Percent(branch.share))} {branch.name.text}"
        pen.block(branch, indent, head, partial(_steps, branch.steps, pen))


def _plain(step: node.Step, indent: int) -> str:
    match step:
        case node.Send(messages):
            return "send " + " else ".join(_message(message, indent) for message in messages)
        case node.Wait(duration):
            return f"wait {expression(duration, SUM)}"
        case node.WaitUntilFact(kind, where, up_to):
            limit = f" up to {expression(up_to, SUM)}" if up_to is not None else ""
            return f"wait until {kind.text}{_where(where, indent)}{limit}"
        case node.WaitUntilTime(time):
            return f"wait until {expression(time)}"
        case node.Measure(after):
            return f"measure after {expression(after, SUM)}"
        case node.Tag(text):
            return f"tag {quoted(text.value)}"
        case node.NotifyStaff(text):
            return f"notify staff {quoted(text.value)}"
        case node.Exit():
            return "exit"
    raise AssertionError(f"no text for {type(step).__name__}")


def _message(message: node.Message, indent: int) -> str:
    text = f"{message.channel.text} {message.template.text}"
    if message.values:
        values = [(value.name.text, value.value) for value in message.values]
        text += f" with {pairs(values, indent, indent + len(text) + 11)}"
    return text + (f" via {message.via.text}" if message.via is not None else "")


def _rule(rule: node.PolicyRule) -> str:
    match rule:
        case node.Quiet(start, end):
            return f"quiet {expression(start)}..{expression(end)}"
        case node.Cap(count, what, per):
            return f"at most {count} {what.text} per {expression(per, SUM)}"
        case node.Holdout(share):
            return f"holdout {expression(share)}"
        case node.Require(what):
            return f"require {what.text}"
        case node.PriorityOrder(campaigns):
            return f"priority {', '.join(name.text for name in campaigns)}"
