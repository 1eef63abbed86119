"""From a definition to the tree that explains it.

In: a definition, and whom and when to ask. Out: a `Node`.
Invariant: every verdict and value in the tree is the engine's; a definition is unfolded once for each instant.
"""

from __future__ import annotations

from attrs import define, evolve, field

from rulecrm.explain import comparing
from rulecrm.explain.asking import Asker
from rulecrm.explain.chains import steps_of
from rulecrm.explain.evidence import evidence_of
from rulecrm.explain.explanation import Distance, Node
from rulecrm.explain.shown import Door, Shown
from rulecrm.explain.staying import stay_of
from rulecrm.model import ir
from rulecrm.model.types import BOOL, INT
from rulecrm.planning.walk import children, is_point_constant

__all__ = ["Tree"]

_DEEPEST = 24
"""Definitions unfolded inside one another; those further down show their value alone."""


@define(eq=False)
class Tree:
    """Makes nodes; remembers what it has unfolded."""

    asker: Asker
    door: Door
    _ids: dict[tuple[ir.Expr, int], int] = field(factory=dict)
    _unfolded: set[tuple[str, int]] = field(factory=set)
    _depth: int = 0

    # --- definitions ----------------------------------------------------------------------------------------------

    def definition(self, ref: ir.Ref, instant: int, clause: str | None = None) -> Node:
        """A definition with what it rests on."""
        definition = self.asker.run.definition(ref.symbol)
        value = self.asker.value(ref, instant)
        node = Node(
            self._id(ref, instant),
            definition.form,
            clause if clause is not None else ref.symbol,
            verdict=bool(value) if definition.form == "segment" else None,
            value=None if definition.form == "segment" else self.door.of(value, definition.type, instant),
            name=definition.symbol,
            title=definition.title,
        )
        place = (definition.symbol, instant)
        if place in self._unfolded:
            return evolve(node, again=True)
        if self._depth == _DEEPEST:
            return evolve(node, folded=True)
        self._unfolded.add(place)
        self._depth += 1
        below = self._below(definition, instant)
        self._depth -= 1
        return evolve(node, children=below)

    def _below(self, definition: ir.Definition, instant: int) -> tuple[Node, ...]:
        match definition.form:
            case "segment":
                return (self.predicate(definition.value, instant),)
            case "classify":
                return self._arms(definition, instant)
        return self.values(definition.value, instant)

    def _arms(self, definition: ir.Definition, instant: int) -> tuple[Node, ...]:
        arms: list[Node] = []
        for label, when in definition.arms:
            arm = self._arm(definition, label, when, instant)
            arms.append(evolve(arm, passed=any(before.verdict for before in arms)))
        return tuple(arms)

    def _arm(self, definition: ir.Definition, label: str, when: ir.Expr | None, instant: int) -> Node:
        title = definition.titles.get(label)
        if when is None:
            number = self._id(ir.Const(label, definition.type), instant)
            return Node(number, "arm", "otherwise", verdict=True, name=label, title=title)
        child = self.predicate(when, instant)
        number = self._id(ir.Apply("arm", (ir.Ref(definition.symbol, definition.type), when), BOOL), instant)
        return Node(number, "arm", child.clause, verdict=child.verdict, name=label, title=title, children=(child,))

    # --- predicates -----------------------------------------------------------------------------------------------

    def predicate(self, expr: ir.Expr, instant: int) -> Node:
        """A predicate as a tree by `and`, `or` and `not`, down to clauses."""
        match expr:
            case ir.Apply(op="and" | "or", args=args):
                groups = comparing.grouped(args) if expr.op == "and" else [(arg,) for arg in args]
                if len(groups) == 1:
                    return self._clause(expr, instant)
                parts = tuple(self.predicate(comparing.together(group), instant) for group in groups)
                return self._plain(expr, instant, expr.op, children=parts)
            case ir.Apply(op="not", args=(inner,)):
                if comparing.is_negated_clause(expr):
                    return self._clause(inner, instant, outer=expr)
                return self._plain(expr, instant, "not", children=(self.predicate(inner, instant),))
            case ir.Ref():
                return self.definition(expr, instant, self.written(expr))
            case ir.AsOf():
                return self._as_of(expr, instant)
            case ir.Aggregate(function="exists" | "none"):
                return self._existing(expr, instant)
            case ir.SequenceOf():
                return self._sequence(expr, instant)
        return self._clause(expr, instant)

    def _plain(self, expr: ir.Expr, instant: int, form: str, *, children: tuple[Node, ...] = ()) -> Node:
        verdict = bool(self._value(expr, instant))
        fixed = is_point_constant(expr)
        return Node(self._id(expr, instant), form, self.written(expr), verdict=verdict, fixed=fixed, children=children)

    def _clause(self, expr: ir.Expr, instant: int, outer: ir.Expr | None = None) -> Node:
        """A comparison, a test or a yes/no value; `outer` is the `not` that is part of its words."""
        whole = expr if outer is None else outer
        node = self._plain(whole, instant, "constant" if isinstance(expr, ir.Const) else "yes")
        found = comparing.compare(expr, self.asker, self.door, instant, self.written)
        if found is None:
            return evolve(node, children=self.values(expr, instant))
        comparison, distance = found
        comparison = evolve(comparison, negated=outer is not None)
        below = tuple(part for arg in comparing.sides(expr) for part in self.values(arg, instant))
        return evolve(node, form="compare", comparison=comparison, distance=distance, children=below)

    def _existing(self, expr: ir.Aggregate, instant: int) -> Node:
        node = self._plain(expr, instant, expr.function)
        evidence = evidence_of(expr, self.asker, self.door, instant)
        rows = max(evidence.rows, 1)
        if node.verdict:
            words = f"{rows:,} from failing"
        else:
            words = f"{rows:,} too many" if expr.function == "none" else "there is none"
        distance = Distance(self.door.of(rows, INT, instant), words)
        return evolve(node, evidence=evidence, distance=distance, children=self._inside(expr, instant))

    def _sequence(self, expr: ir.SequenceOf, instant: int) -> Node:
        node = self._plain(expr, instant, "sequence")
        steps = steps_of(expr, self.asker, self.door, instant, holds=bool(node.verdict))
        words = "" if node.verdict else f"{steps.reached} of {len(steps.steps)} steps"
        return evolve(node, steps=steps, distance=Distance(None, words), children=self._inside(expr, instant))

    def _as_of(self, expr: ir.AsOf, instant: int) -> Node:
        then = self.asker.value(expr.instant, instant)
        verdict, value = None, None
        if expr.type == BOOL:
            verdict = bool(self.asker.value(expr, instant))
        else:
            value = self.door.of(self.asker.value(expr, instant), expr.type, instant)
        node = Node(self._id(expr, instant), "as of", self.written(expr), verdict=verdict, value=value)
        if not isinstance(then, int):
            return evolve(node, at=Shown("instant", None, "missing"))
        then = min(then, instant)
        below = (self.predicate(expr.value, then),) if expr.type == BOOL else self.values(expr.value, then)
        return evolve(node, at=self.door.instant(then), children=below)

    # --- values ---------------------------------------------------------------------------------------------------

    def values(self, expr: ir.Expr, instant: int) -> tuple[Node, ...]:
        """What the value of an expression comes from, each source once."""
        found: dict[int, Node] = {}
        for node in self._sources(expr, instant):
            found.setdefault(node.id, node)
        return tuple(found.values())

    def _sources(self, expr: ir.Expr, instant: int) -> tuple[Node, ...]:
        match expr:
            case ir.Ref():
                return (self.definition(expr, instant, self.written(expr)),)
            case ir.Aggregate(function="exists" | "none") | ir.SequenceOf():
                return (self.predicate(expr, instant),)
            case ir.Aggregate():
                evidence = evidence_of(expr, self.asker, self.door, instant)
                node = self._valued(expr, instant, "aggregate")
                return (evolve(node, evidence=evidence, children=self._inside(expr, instant)),)
            case ir.Elements(function="count"):
                return (evolve(self._valued(expr, instant, "attribute"), children=self._inside(expr, instant)),)
            case ir.Elements():
                return self._inside(expr, instant)
            case ir.Attribute() | ir.Key() | ir.Apply(op="bucket"):  # a bucket is known by its seed, not by the key
                return (self._valued(expr, instant, "attribute"),)
            case ir.PopulationOf():
                over = ir.PopulationOf("count", ir.Const(value=True, type=BOOL), expr.among, (), INT)
                return (evolve(self._valued(expr, instant, "population"), over=self._count(over, instant)),)
            case ir.Standing():
                value = ir.Apply("not", (ir.Apply("missing", (expr.value,), BOOL),), BOOL)
                over = ir.PopulationOf("count", value, expr.among, (), INT)
                node = evolve(self._valued(expr, instant, "standing"), over=self._count(over, instant))
                return (evolve(node, children=self.values(expr.value, instant)),)
            case ir.State():
                node = self._valued(expr, instant, "state")
                return (evolve(node, stay=stay_of(expr, self.asker, self.door, instant)),)
            case ir.AsOf():
                return (self._as_of(expr, instant),)
            case ir.HeldSince(value=value):
                node = self._valued(expr, instant, "since")
                return (evolve(node, children=(self.predicate(value, instant),)),)
            case ir.Apply(op="and" | "or" | "not"):
                return (self.predicate(expr, instant),)
            case ir.Apply(args=args):
                return tuple(part for arg in args for part in self._sources(arg, instant))
        return ()

    def _inside(self, expr: ir.Expr, instant: int) -> tuple[Node, ...]:
        """What a `where` or a window takes from elsewhere."""
        found: dict[int, Node] = {}
        stack = list(reversed(children(expr)))
        while stack:
            part = stack.pop()
            if isinstance(part, ir.Apply | ir.Elements):
                stack.extend(reversed(children(part)))
            else:
                for node in self._sources(part, instant):
                    found.setdefault(node.id, node)
        return tuple(found.values())

    def _valued(self, expr: ir.Expr, instant: int, form: str) -> Node:
        value = self.door.of(self.asker.value(expr, instant), expr.type, instant)
        return Node(self._id(expr, instant), form, self.written(expr), value=value)

    def _count(self, expr: ir.Expr, instant: int) -> int:
        value = self.asker.value(expr, instant)
        assert isinstance(value, int)
        return value

    # --- words ----------------------------------------------------------------------------------------------------

    def written(self, expr: ir.Expr) -> str:
        """An expression as it stands in the source, on one line."""
        text = self.asker.run.program.sources.get(expr.span.source, "")[expr.span.start : expr.span.end]
        return _unwrapped(" ".join(text.split())) or comparing.unwritten(expr)

    def _value(self, expr: ir.Expr, instant: int) -> object:
        return expr.value if isinstance(expr, ir.Const) else self.asker.value(expr, instant)

    def _id(self, expr: ir.Expr, instant: int) -> int:
        return self._ids.setdefault((expr, instant), len(self._ids))


def _unwrapped(text: str) -> str:
    """Words without the parentheses around all of them."""
    while text.startswith("(") and text.endswith(")"):
        depth = 0
        for place, letter in enumerate(text):
            depth += (letter == "(") - (letter == ")")
            if depth == 0 and place < len(text) - 1:
                return text
        if depth:
            return text
        text = text[1:-1].strip()
    return text
