"""An explanation, as data.

In: made by `explain`. Out: `Explanation`, and its faces as text, JSON and HTML.
Invariant: frozen and JSON-ready; the verdict of every node follows from those of its children by its form.

| form | verdict |
| --- | --- |
| `and` `or` `not` | all, any, none of its children |
| `segment` | that of its one child (unless `again`: it is unfolded elsewhere under the same id; or `folded`) |
| `as of` | that of its one child; false without a child, where the instant is missing |
| `arm` | that of its one child; true without a child (`otherwise`) |
| `compare` | that of its `comparison`; its children only say where the values come from |
| `exists` `none` | whether its `evidence` holds a row, or none |
| `sequence` `yes` `constant` | its own |
| `metric` `classify` `lifecycle` `state` | no verdict: they have a value |
| `aggregate` `attribute` `population` `standing` | no verdict: they have a value |

A `classify` has its arms as children, in order; its value is the label of the first that fits.
"""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from rulecrm.explain.shown import Shown

__all__ = ["Comparison", "Distance", "Evidence", "Explanation", "FactShown", "Node", "Stay", "Steps", "Window"]


@frozen
class Window:
    """A stretch of time that was looked through; an end that is None is open (and T the last instant there is)."""

    start: Shown | None
    end: Shown | None
    start_included: bool
    end_included: bool


@frozen
class FactShown:
    """One fact: when, which, and the fields that the clause reads."""

    at: Shown
    key: str | None
    fields: tuple[tuple[str, Shown], ...]


@frozen
class Evidence:
    """The facts behind an aggregate.

    Attributes:
        function: `count`, `sum`, `last`, …
        kind: what was counted.
        rows: how many facts fit.
        facts: up to five of them in order; of more, the first three and the last two.
        window: where it looked.
    """

    function: str
    kind: str
    rows: int
    facts: tuple[FactShown, ...]
    window: Window | None


@frozen
class Comparison:
    """`left operator right`, all as values.

    Attributes:
        left: the value compared.
        operator: `==`, `<`, `in`, `contains`, `is missing`, …
        right: one value, the items of a list, or (of a `range`) the two ends, of which either may be None.
        range: whether `right` are the ends of a stretch, and which of them belong to it.
        negated: whether the clause says `not`; its verdict is then the opposite of the comparison's.
    """

    left: Shown
    operator: str
    right: tuple[Shown | None, ...]
    range: tuple[bool, bool] | None = None
    negated: bool = False


@frozen
class Distance:
    """How far a clause is from the other verdict.

    Attributes:
        amount: by how much the left value would have to change; None where that is no number (or a value is missing).
        text: `2 short of 4`, `18 d short`, `CNY 12.50 below`, `2 from failing`, …
    """

    amount: Shown | None
    text: str


@frozen
class Steps:
    """How far a sequence came: the steps as words, how many were reached, the latest match where all were."""

    steps: tuple[str, ...]
    reached: int
    first: Shown | None = None
    last: Shown | None = None


@frozen
class Stay:
    """Where the subject is in a lifecycle.

    Attributes:
        lifecycle: its name.
        state: the state.
        since: when the subject came there; missing where no beginning is known.
        previous: the state before; missing before the first move.
        moves: how many moves there have been.
        move: the move that led there, as written; None before the first.
    """

    lifecycle: str
    state: Shown
    since: Shown
    previous: Shown
    moves: int
    move: str | None


@frozen
class Node:
    """One clause.

    Attributes:
        id: the same for the same question at the same instant.
        form: see the module's docstring.
        clause: as written, on one line.
        verdict: of a predicate.
        value: of everything that is no predicate.
        name, title: of a definition or an arm.
        comparison, distance, evidence, steps: what the verdict rests on.
        stay: of a `state`, where the subject is and how it came there.
        at: the earlier instant of an `as of`.
        over: how many subjects a number of the population is over.
        again: the definition is unfolded elsewhere in the tree.
        folded: the definition lies too deep to be unfolded.
        passed: an arm after the one that fits.
        fixed: nothing about this subject alone could change the verdict.
        children: what it is made of.
    """

    id: int
    form: str
    clause: str
    verdict: bool | None = None
    value: Shown | None = None
    name: str | None = None
    title: str | None = None
    comparison: Comparison | None = None
    distance: Distance | None = None
    evidence: Evidence | None = None
    steps: Steps | None = None
    stay: Stay | None = None
    at: Shown | None = None
    over: int | None = None
    again: bool = False
    folded: bool = False
    passed: bool = False
    fixed: bool = False
    children: tuple[Node, ...] = ()


@frozen(repr=False)
class Explanation:
    """Why one subject has one verdict, label or value at one instant.

    Attributes:
        symbol: name of the definition.
        form: `segment`, `classify`, `metric` or `lifecycle`.
        subject, key: of whom.
        as_of: T, aware, in the rules' zone.
        zone: IANA name of that zone.
        exists: whether the subject was there at T; tables leave out those that were not.
        root: the tree; its root is the definition.
        failed: of a non-member the clauses that keep it out; of a label the clauses for which earlier arms did not fit.
        to_flip: a smallest set of clauses that, were each the opposite, would turn the verdict (or change the label);
            empty where there is none.
    """

    symbol: str
    form: str
    subject: str
    key: str
    as_of: dt.datetime
    zone: str
    exists: bool
    root: Node
    failed: tuple[Node, ...]
    to_flip: tuple[Node, ...]

    @property
    def title(self) -> str | None:
        """The definition's title."""
        return self.root.title

    @property
    def verdict(self) -> bool | None:
        """Whether the subject is in the segment; None for metrics and classifications."""
        return self.root.verdict

    @property
    def value(self) -> object:
        """The verdict, the label or the value at the door (see `Shown.value`)."""
        return self.root.verdict if self.root.value is None else self.root.value.value

    def text(self, *, color: bool = False, width: int = 100) -> str:
        """A tree for a terminal, without a newline at its end; lines break at `width` columns where they can."""
        from rulecrm.explain.as_text import as_text

        return as_text(self, color=color, width=width)

    def to_json(self) -> str:
        """One JSON object, keys in a fixed order, absent where there is nothing to say.

        Amounts are text, instants ISO 8601 with their offset, durations seconds.
        """
        from rulecrm.explain.as_json import as_json

        return as_json(self)

    def html(self) -> str:
        """A fragment that stands by itself: a tree of `<details>`, light or dark as the reader's system, no script."""
        from rulecrm.explain.as_html import as_html

        return as_html(self)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        said = self.root.verdict if self.root.value is None else self.root.value.text
        return f"<Explanation: {self.symbol} of {self.subject} {self.key}: {said}>"

    def _repr_html_(self) -> str:
        return self.html()
