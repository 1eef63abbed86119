"""Places in a source text.

In: offsets counted by the parser. Out: spans that every node and every diagnostic carries.
Invariant: a span never reads its source; line and column are worked out at the edge, when something is drawn.
"""

from __future__ import annotations

from attrs import frozen

__all__ = ["NOWHERE", "Span"]


@frozen
class Span:
    """A stretch of one source text.

    Attributes:
        source: name of the source (a path as it was given, `<text>`, or `std/…`).
        start: offset of the first character, counted in code points from 0.
        end: offset just past the last character.
    """

    source: str
    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of `other` (both of one source)."""
        return Span(self.source, min(self.start, other.start), max(self.end, other.end))


NOWHERE = Span("<nowhere>", 0, 0)
"""The span of a node that no text wrote."""
