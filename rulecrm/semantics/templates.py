"""Templates: the words of messages.

In: the syntax of templates, and the door through which imports are read. Out: `machine.Template` by symbol.
Invariant: a file of a template is read once, when the rules are loaded, and is among the sources of the program.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from rulecrm.diagnostics.model import Note
from rulecrm.diagnostics.suggest import nearest
from rulecrm.model import machine
from rulecrm.model.sending import MARKETING
from rulecrm.semantics.load import Loaded
from rulecrm.semantics.report import Report
from rulecrm.semantics.scope import Entry
from rulecrm.semantics.sources import Read, neighbours
from rulecrm.syntax import journeys as j

__all__ = ["lower_template"]

_NOT_IN_SMS = frozenset({"html", "subject"})


def lower_template(report: Report, entry: Entry, loaded: Loaded, read: Read) -> machine.Template:
    """One template with the text of all its files."""
    node, module = entry.node, entry.module
    assert isinstance(node, j.Template)
    assert module is not None
    seen: dict[tuple[str, str | None], j.TemplateBody] = {}
    parts: list[machine.TemplatePart] = []
    for part in node.parts:
        key = (part.part.text, part.locale)
        if key in seen:
            notes = (Note("first here", seen[key].span),)
            report.error("R307", f"the template says its `{part.part.text}` twice", part.span, notes=notes)
        seen.setdefault(key, part)
        parts.append(_part(report, part, module.source, loaded, read))
    _shape(report, node)
    purpose = MARKETING if node.purpose is None else node.purpose.text
    return machine.Template(
        entry.symbol, node.channel.text, tuple(parts), node.title, node.doc, purpose=purpose, span=node.span
    )


def _shape(report: Report, node: j.Template) -> None:
    """Whether it has something to say, and nothing that its channel cannot carry."""
    names = {part.part.text for part in node.parts}
    carried = names - _NOT_IN_SMS if node.channel.text == "sms" else names
    if not carried & {"body", "html"}:
        advice = "`body` holds the words" if names else None
        report.error("R225", f"the template `{node.name.text}` has no body", node.name.span, advice=advice)
    if node.channel.text == "email" and carried & {"body", "html"}:
        _subject(report, node)
    for part in node.parts:
        if part.part.text in names - carried:
            report.error("R226", f"an SMS has no `{part.part.text}`", part.part.span, advice="its `body` is all it has")


def _subject(report: Report, node: j.Template) -> None:
    """Whether an e-mail has a subject; where that of a language is missing, another one is taken."""
    if not any(part.part.text == "subject" for part in node.parts):
        message = f"the template `{node.name.text}` is for e-mail and has no subject"
        report.warning("R228", message, node.name.span, advice='add `subject "…"`')


def _part(report: Report, part: j.TemplateBody, source: str, loaded: Loaded, read: Read) -> machine.TemplatePart:
    text, file = part.value.value, None
    if part.file:
        found = _read(report, part, source, read)
        file, text = (part.value.value, "") if found is None else found
        if found is not None:
            loaded.sources.setdefault(file, text)
    return machine.TemplatePart(part.part.text, text, part.locale, file, span=part.span)


def _read(report: Report, part: j.TemplateBody, source: str, read: Read) -> tuple[str, str] | None:
    path, span = part.value.value, part.value.span
    try:
        return read(source, path)
    except FileNotFoundError:
        near = nearest(path, neighbours(source, path, suffix=PurePosixPath(path).suffix))
        advice = None if near is None else f'did you mean "{near}"?'
        report.error("R510", f'there is no file "{path}"', span, advice=advice)
    except UnicodeDecodeError:
        report.error("R510", f'"{path}" is no text in UTF-8', span)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        report.error("R510", f'"{path}" cannot be read: {reason}', span)
    return None
