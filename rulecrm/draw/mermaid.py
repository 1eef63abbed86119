"""A diagram as Mermaid text, for READMEs and wikis that draw it themselves.

In: a `Diagram`. Out: a `stateDiagram-v2`.
Invariant: names and labels are quoted so that no text of a rules file is read as Mermaid.
"""

from __future__ import annotations

from rulecrm.draw.diagram import Box, Diagram

__all__ = ["to_mermaid"]


def to_mermaid(diagram: Diagram) -> str:
    """The text, a line for each box and each arrow."""
    lines = ["stateDiagram-v2", "  direction TB"]
    for number, box in enumerate(diagram.boxes):
        lines.append(f'  state "{_words(box)}" as s{number}')
    for number, box in enumerate(diagram.boxes):
        if box.start:
            lines.append(f"  [*] --> s{number}")
        if box.shape == "end":
            lines.append(f"  s{number} --> [*]")
    for arrow in diagram.arrows:
        label = " / ".join(arrow.labels)
        if arrow.count is not None:
            label = f"{label} ({arrow.count})" if label else str(arrow.count)
        lines.append(f"  s{arrow.source} --> s{arrow.target}" + (f" : {_safe(label)}" if label else ""))
    for inlet in diagram.inlets:
        for number, box in enumerate(diagram.boxes):
            if box.name in inlet.sources:
                lines.append(f"  s{number} --> s{inlet.target} : {_safe(inlet.label)}")
    return "\n".join(lines) + "\n"


def _words(box: Box) -> str:
    parts = [box.name, *([box.title] if box.title else []), *([] if box.count is None else [str(box.count)])]
    return "<br/>".join(_safe(part) for part in parts)


def _safe(text: str) -> str:
    """Entities for what Mermaid would read itself."""
    return "".join(f"#{ord(letter)};" if letter in '"#;:<>{}[]|%`' else letter for letter in text)
