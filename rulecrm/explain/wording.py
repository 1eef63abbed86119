"""The words of an explanation, shared by its faces.

In: nodes. Out: one-line texts.
Invariant: says nothing that is not in the node.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulecrm.explain.explanation import Comparison, Evidence, Explanation, Node, Stay, Window
from rulecrm.explain.shown import Shown, plural

__all__ = ["change_of", "detail", "heading", "notes", "subtitle", "subtree", "tick"]

_COUNTING = frozenset({"count", "exists", "none"})


def tick(node: Node) -> str:
    """✓ or ✗; of what has no verdict, and of arms that were not asked, a dot."""
    return "·" if node.verdict is None or node.passed else "✓" if node.verdict else "✗"


def heading(node: Node) -> str:
    """The clause, with its title where it is a definition of another name."""
    if node.form == "arm":
        name = f'{node.name} "{node.title}"' if node.title else str(node.name)
        return f"{name} otherwise" if not node.children else name
    return f'{node.clause} "{node.title}"' if node.title else node.clause


def detail(node: Node) -> str:
    """The values, and by how much it failed."""
    parts = []
    if node.comparison is not None:
        parts.append(_compared(node.comparison))
    elif node.form in ("exists", "none") and node.evidence is not None:
        parts.append(plural(node.evidence.kind, node.evidence.rows))
    elif node.form == "yes":
        parts.append("yes" if node.verdict else "no, or missing")
    elif node.form == "sequence" and node.steps is not None:
        parts.append(_chained(node))
    elif node.form == "or" or (node.form == "segment" and len(node.children) == 1 and node.children[0].form == "or"):
        parts.append("any of")
    elif node.form == "as of" and node.at is not None:
        parts.append(f"as of {node.at.text}")
    elif node.value is not None and node.form != "arm":
        parts.append(node.value.text)
    if node.passed:
        parts.append("comes later")
    if node.folded:
        parts.append("not unfolded")
    failed = node.verdict is False and node.distance is not None and node.form in ("compare", "none")
    if failed and node.distance is not None and node.distance.text and node.distance.text != "missing":
        return " ".join(parts) + f": {node.distance.text}"
    return ", ".join(parts)


def change_of(node: Node) -> str:
    """A clause to turn, and how far that is."""
    text = node.distance.text if node.distance is not None else ""
    return f"{heading(node)} ({text})" if text else heading(node)


def notes(node: Node) -> Iterator[str]:
    """Lines about where the values come from."""
    if node.form in ("exists", "none") and node.evidence is not None and node.evidence.rows:
        yield _counted(node.evidence)
    elif node.form in ("exists", "none") and node.evidence is not None and node.evidence.window is not None:
        yield _looked(node.evidence.window)
    shown = _sides(node)
    for child in node.children:
        if child.verdict is None and child.form != "arm":
            yield from _sourced(child, shown)


def subtree(node: Node) -> list[Node]:
    """The nodes below that are drawn as branches: predicates and arms; a lone `and` or `or` gives way to its parts."""
    if node.passed:
        return []
    below: list[Node] = []
    for child in node.children:
        if child.form == "arm" or child.verdict is not None:
            below.append(child)
        else:
            below.extend(subtree(child))
    if node.form in ("segment", "arm") and len(below) == 1 and below[0].form in ("and", "or"):
        return subtree(below[0])
    return below


def _sides(node: Node) -> set[str]:
    """Values that the line of the node itself tells."""
    comparison = node.comparison
    if comparison is None:
        return {node.value.text} if node.value is not None else set()
    return {comparison.left.text, *(one.text for one in comparison.right if one is not None)}


def _sourced(node: Node, shown: set[str]) -> Iterator[str]:
    """Lines about one value; a line is left out where the value stands above already and nothing is added."""
    assert node.value is not None
    told = node.value.text in shown
    match node.form:
        case "aggregate":
            assert node.evidence is not None
            yield (f"{node.clause} = {node.value.text}: " if not told else "") + _counted(node.evidence)
        case "population":
            yield f"{node.clause} = {node.value.text}, over {node.over:,}"
        case "standing":
            yield f"{node.clause} = {node.value.text}, among {node.over:,}"
        case "as of":
            assert node.at is not None
            yield f"{node.clause} = {node.value.text}, as of {node.at.text}"
        case "state":
            assert node.stay is not None
            yield (f"{node.clause} = {node.value.text}: " if not told else "") + _stayed(node.stay)
        case _ if node.folded or not told:
            yield f"{heading(node)} = {node.value.text}" + (", not unfolded" if node.folded else "")
    inside = {*shown, node.value.text}
    for child in node.children:
        if child.verdict is None and child.form != "arm":
            yield from _sourced(child, inside)


def _compared(comparison: Comparison) -> str:
    operator = comparison.operator
    if comparison.negated:
        operator = {"is missing": "is not missing"}.get(operator, f"not {operator}")
    if not comparison.right:
        return "missing" if comparison.left.value is None else f"is {comparison.left.text}"
    if comparison.range is not None:
        low, high = comparison.right
        opens, closes = "[" if comparison.range[0] else "(", "]" if comparison.range[1] else ")"
        return f"{comparison.left.text} {operator} {opens}{_end(low)}, {_end(high)}{closes}"
    right = ", ".join(_end(one) for one in comparison.right)
    listed = comparison.operator in ("in", "contains any", "contains all", "contains none")
    return f"{comparison.left.text} {operator} {f'[{right}]' if listed else right}"


def _end(shown: Shown | None) -> str:
    return "…" if shown is None else shown.text


def _chained(node: Node) -> str:
    steps = node.steps
    assert steps is not None
    if node.verdict:
        return "" if steps.first is None or steps.last is None else f"{steps.first.text} … {steps.last.text}"
    if steps.reached == len(steps.steps) - 1:
        return f"all but the last step: {steps.steps[-1]}"
    return f"{steps.reached} of {len(steps.steps)} steps, then wanted: {steps.steps[steps.reached]}"


def _counted(evidence: Evidence) -> str:
    count = plural(evidence.kind, evidence.rows)
    said = count if evidence.function in _COUNTING else f"{evidence.function} of {count}"
    facts = {"first": evidence.facts[:1], "last": evidence.facts[-1:]}.get(evidence.function, evidence.facts)
    if facts:
        said += f", {_day(facts[0].at)}" + (f" … {_day(facts[-1].at)}" if len(facts) > 1 else "")
    told = [_fact(fact.key, [shown.text for _, shown in fact.fields]) for fact in facts]
    if evidence.rows > len(told) > 1:
        told.insert(3, "…")
    named = [one for one in told if one]
    if named and named != ["…"]:
        said += f" ({', '.join(named)})"
    return said + (f"; {_looked(evidence.window)}" if evidence.window is not None else "")


def _stayed(stay: Stay) -> str:
    """Where the subject is, since when, and by which move it came there."""
    said = f"{stay.lifecycle} is {stay.state.text}"
    if stay.since.value is not None:
        said += f" since {_day(stay.since)}"
    if stay.move is None:
        return f"{said}, where it began"
    return f"{said}, before that {stay.previous.text}, by {plural('move', stay.moves)}, the last: {stay.move}"


def _fact(key: str | None, fields: list[str]) -> str:
    return " ".join([*([key] if key is not None else []), *fields])


def _looked(window: Window) -> str:
    parts = []
    if window.start is not None:
        parts.append(f"{'from' if window.start_included else 'after'} {_day(window.start)}")
    if window.end is not None:
        parts.append(f"{'up to' if window.end_included else 'before'} {_day(window.end)}")
    return "window: " + " ".join(parts)


def _day(instant: Shown) -> str:
    """An instant; of midnight the day alone."""
    return instant.text.removesuffix(" 00:00")


def subtitle(explanation: Explanation) -> str:
    """Of whom and when."""
    as_of = f"{explanation.as_of:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
    there = "" if explanation.exists else ", who was not there yet"
    return f"{explanation.subject} {explanation.key}, as of {as_of} {explanation.zone}{there}"
