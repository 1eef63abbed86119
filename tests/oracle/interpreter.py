"""The reference interpreter: one subject at a time, one fact at a time, straight from the syntax tree.

In: parsed rules, a `World`, an instant. Out: the value of each definition for each subject that exists then.
Invariant: it shares nothing with the engine but the AST; where it is slow and the definition is plain, it is right.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from fractions import Fraction

from attrs import evolve

from rulecrm.syntax import ast, declarations, journeys
from tests.oracle import aggregates, functions, sequences, windows
from tests.oracle.machine.lifecycles import Stay, stays
from tests.oracle.point import Point
from tests.oracle.values import Age, Value, compare, operate, texts
from tests.oracle.world import EVENT_KINDS, ORDER_KINDS, SUBJECTS, Row, World
from tests.oracle.zone import Shift, Zone, shift_date

__all__ = ["Oracle", "Point", "evaluate", "measured"]

COUNTING = frozenset({"exists", "none", "share", "count"})
GAPS = frozenset({"mean_gap", "median_gap", "max_gap"})
AGGREGATES = COUNTING | GAPS | {
    "sum", "mean", "min", "max", "median", "quantile", "stddev", "distinct", "mode", "first", "last", "nth",
    "periods", "streak",
}  # fmt: skip
DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
STANDINGS = frozenset({"percentile", "ntile", "rank"})

Definition = declarations.Metric | declarations.Segment | declarations.Classify | journeys.Lifecycle
Parameters = Mapping[str, ast.Expression]


def evaluate(
    rules: declarations.Rules, world: World, as_of: dt.datetime, params: Parameters | None = None
) -> dict[str, dict[str, dict[str, Value]]]:
    """subject → key → definition → value, for the subjects that exist as of the instant."""
    oracle = Oracle(rules, world, params)
    return {
        subject: {
            key: {
                name: oracle.answer(name, subject, key, as_of) for name in oracle.names(subject)
            }
            for key in world.keys(subject, as_of)
        }
        for subject in oracle.subjects()
    }  # fmt: skip


class Oracle:
    """Answers questions about one file of rules and one world."""

    def __init__(self, rules: declarations.Rules, world: World, params: Parameters | None = None) -> None:
        self._world = world
        self._zone = Zone("UTC")
        self._definitions: dict[str, Definition] = {}
        self._params: dict[str, ast.Expression] = {}
        self._collections: dict[str, declarations.Collection] = {}
        self._fields: dict[str, frozenset[str]] = {}
        for declaration in rules.declarations:
            match declaration:
                case declarations.TimezoneIs():
                    self._zone = Zone(declaration.zone.value)
                case declarations.Param(name=name, default=default) if default is not None:
                    self._params[name.text] = default
                case declarations.Collection(name=name):
                    self._collections[name.text] = declaration
                case declarations.Kind(name=name, fields=fields):
                    self._fields[name.text] = frozenset(field.name.text for field in fields)
                case declarations.Metric() | declarations.Segment() | declarations.Classify() | journeys.Lifecycle():
                    self._definitions[declaration.name.text] = declaration
        self._params.update(params or {})
        self._known: dict[tuple[str, Point], Value] = {}
        self._figures: dict[tuple[object, ...], Value] = {}
        self._stays: dict[tuple[str, str], tuple[dt.datetime, list[Stay]]] = {}
        self.horizon = world.latest()
        """How far the stays of lifecycles are worked out at once; what is asked beyond is worked out anew."""

    @property
    def world(self) -> World:
        """The facts."""
        return self._world

    @property
    def zone(self) -> Zone:
        """The zone of the rules."""
        return self._zone

    def subjects(self) -> list[str]:
        """Subjects that a definition speaks of."""
        return sorted({_subject_of(definition) for definition in self._definitions.values()})

    def names(self, subject: str) -> list[str]:
        """Definitions of one subject, in source order."""
        return [name for name, definition in self._definitions.items() if _subject_of(definition) == subject]

    def answer(self, name: str, subject: str, key: str, now: dt.datetime) -> Value:
        """The value of a definition as a host sees it."""
        return measured(self.value(name, Point(subject, key, now)), now)

    def value(self, name: str, point: Point) -> Value:
        """The value of a definition at a point."""
        point = evolve(point, row=None, word="", record=None, list="", entry=None)
        if (name, point) not in self._known:
            self._known[name, point] = self._define(self._definitions[name], point)
        return self._known[name, point]

    def _define(self, definition: Definition, point: Point) -> Value:
        match definition:
            case declarations.Metric(value=value):
                return self.evaluate(value, point)
            case declarations.Segment(predicate=predicate):
                return self.holds(predicate, point)
            case declarations.Classify(arms=arms):
                return next(arm.label.text for arm in arms if arm.when is None or self.holds(arm.when, point))
            case journeys.Lifecycle(name=name):
                return self.stay(name.text, point.key, point.now)[-1].state
        raise TypeError(definition)

    def holds(self, predicate: ast.Expression, point: Point) -> bool:
        """The truth of a predicate; missing is false."""
        return self.evaluate(predicate, point) is True

    def evaluate(self, node: ast.Expression, point: Point) -> Value:
        """The value of an expression at a point."""
        match node:
            case ast.Number(value) | ast.Percent(value):
                return value if isinstance(value, int) else Fraction(value)
            case ast.Text(value) | ast.Boolean(value) | ast.Date(value) | ast.Time(value):
                return value
            case ast.Money(amount, currency):
                return self._world.convert(amount, currency, self._zone.day(point.now))
            case ast.Duration(parts):
                return Shift.of(parts)
            case ast.DateTime(value):
                return self._zone.instant(value)
            case ast.List(items):
                return tuple(self.evaluate(item, point) for item in items)
            case ast.Name(text):
                return self._name(text, point)
            case ast.Field(base, name):
                return self._field(base, name.text, point)
            case ast.Call(function=function, arguments=arguments):
                return self._call(node, function.text, arguments, point)
            case ast.Population(function, arguments, _):
                return self._population(node, point)
            case ast.Negate(operand):
                return self._negate(self.evaluate(operand, point))
            case ast.Operate("??", left, right):
                value = self.evaluate(left, point)
                return self._default(left, right, point) if value is None else value
            case ast.Operate(operator, left, right):
                return operate(
                    operator, self.evaluate(left, point), self.evaluate(right, point), point.now, self._zone
                )  # fmt: skip
            case ast.Compare():
                return self._compare(node, point) != node.negated
            case ast.AsOf(operand, instant):
                return self._as_of(operand, self.evaluate(instant, point), point)
            case ast.Not(operand):
                return not self.holds(operand, point)
            case ast.AllOf(operands):
                return all(self.holds(operand, point) for operand in operands)
            case ast.AnyOf(operands):
                return any(self.holds(operand, point) for operand in operands)
            case ast.Ago(duration):
                shift = self.evaluate(duration, point)
                assert isinstance(shift, Shift)
                return self._zone.shift(point.now, -shift)
            case ast.Sequence():
                return self._sequence(node, point)
        raise TypeError(node)

    # --- names ----------------------------------------------------------------------------------------------------

    def _name(self, text: str, point: Point) -> Value:
        if point.record is not None and text in point.record:
            return point.record[text]
        if point.row is not None and point.row.has(text, self._fields.get(point.row.kind, frozenset())):
            return point.row.read(text)
        if text in self._definitions:
            return self.value(text, point)
        if text in self._params:
            return self.evaluate(self._params[text], point)
        if text == "now":
            return point.now
        if text == "entry" and point.entry is not None:
            return point.entry.at
        if text in DAYS:
            return self._zone.day(point.now) + dt.timedelta(days=DAYS[text])
        if text == point.subject:
            return point.key
        return self._world.attribute(point.subject, point.key, text)

    def _field(self, base: ast.Expression, name: str, point: Point) -> Value:
        match base:
            case ast.Name(text) if point.record is not None and text == point.list:
                return point.record[name]
            case ast.Name(text) if point.row is not None and text in (point.word, point.row.kind):
                return point.row.read(name)
            case ast.Name(text) if text == point.subject:
                return self._world.attribute(point.subject, point.key, name)
            case ast.Name("entry") if point.entry is not None:
                return None if point.entry.row is None else point.entry.row.read(name)
            case ast.Name(text) if isinstance(self._definitions.get(text), journeys.Lifecycle):
                return self._of_lifecycle(text, name, point)
        value = self._row_or_value(base, point)
        if isinstance(value, Row):
            return value.read(name)
        return value.get(name) if isinstance(value, dict) else None

    def _of_lifecycle(self, lifecycle: str, name: str, point: Point) -> Value:
        known = self.stay(lifecycle, point.key, point.now)
        match name:
            case "since":
                return known[-1].since
            case "previous":
                return known[-2].state if len(known) > 1 else None
            case "moves":
                return len(known) - 1
        raise NotImplementedError(name)

    def stay(self, lifecycle: str, key: str, now: dt.datetime) -> list[Stay]:
        """The stays of a customer in a lifecycle that have begun by an instant, the latest last."""
        memo = lifecycle, key
        if memo not in self._stays or self._stays[memo][0] < now:
            until = max(now, self.horizon)
            declaration = self._definitions[lifecycle]
            assert isinstance(declaration, journeys.Lifecycle)
            self._stays[memo] = until, stays(self, declaration, key, until)
        known = self._stays[memo][1]
        begun = [one for one in known if one.since is not None and one.since <= now]
        return begun or [Stay(known[0].state, None)]

    def _row_or_value(self, base: ast.Expression, point: Point) -> Row | Value:
        match base:
            case ast.Call(function=ast.Identifier("first" | "last" | "nth" as function), arguments=arguments):
                argument, number = self._split(arguments, point)
                if isinstance(argument.value, ast.Name) and self._is_kind(argument.value.text):
                    rows = self._rows(argument, point)
                    return aggregates.reduce(function, rows, number)  # type: ignore[arg-type]
            case ast.AsOf(operand, instant):
                earlier = self._earlier(self.evaluate(instant, point), point)
                return None if earlier is None else self._row_or_value(operand, earlier)
        return self.evaluate(base, point)

    def _is_kind(self, text: str) -> bool:
        return text in ORDER_KINDS or text in EVENT_KINDS or text in (*self._fields, *self._collections, "item")

    def _default(self, left: ast.Expression, right: ast.Expression, point: Point) -> Value:
        value = self.evaluate(right, point)
        if isinstance(value, Shift):
            if self._is_age(left):  # `idle ?? 30d` is an age too: that of the instant 30 days ago
                return Age(self._zone.shift(point.now, -value))
            return value.as_elapsed()
        return value

    def _is_age(self, node: ast.Expression) -> bool:
        match node:
            case ast.Call(function=ast.Identifier("age")):
                return True
            case ast.Operate("??", left, _):
                return self._is_age(left)
            case ast.Name(text):
                definition = self._definitions.get(text)
                return isinstance(definition, declarations.Metric) and self._is_age(definition.value)
        return False

    # --- operators ------------------------------------------------------------------------------------------------

    def _negate(self, value: Value) -> Value:
        return None if value is None else -value  # type: ignore[operator]

    def _compare(self, node: ast.Compare, point: Point) -> bool:
        operator, right = node.operator, node.right
        if operator == "is missing":
            return self._row_or_value(node.left, point) is None
        left = self.evaluate(node.left, point)
        if left is None:
            return False
        if right is None or isinstance(right, ast.Window):
            assert right is not None
            return self._in_window(right, left, point)
        match operator, right:
            case "on", _:
                return self._in_window(ast.On(right), left, point)
            case "in", ast.Range(low, high):
                bounds = self.evaluate(low, point), self.evaluate(high, point)
                return all(
                    compare(sign, left, bound, point.now, self._zone)
                    for sign, bound in zip((">=", "<="), bounds, strict=True)
                )
            case "in", ast.List(items) if self._label(node.left):
                return left in [item.text for item in items if isinstance(item, ast.Name)]
            case "is" | "==" | "!=", ast.Name(text) if self._label(node.left) and text not in self._definitions:
                return (left == text) == (operator != "!=")
        value = self.evaluate(right, point)
        if operator in ("==", "!=") and node.ignoring_case:
            return texts(operator, left, value, ignoring_case=True)
        if operator in ("==", "!=", "<", "<=", ">", ">="):
            return compare(operator, left, value, point.now, self._zone)
        if operator == "is":
            return compare("==", left, value, point.now, self._zone)
        if operator == "in" and isinstance(value, tuple):
            if isinstance(left, str):
                return texts("in", left, value, ignoring_case=node.ignoring_case)
            return any(compare("==", left, item, point.now, self._zone) for item in value)
        return texts(operator, left, value, ignoring_case=node.ignoring_case)

    def _label(self, node: ast.Expression) -> bool:
        match node:
            case ast.Name(text):
                return isinstance(self._definitions.get(text), declarations.Classify | journeys.Lifecycle)
            case ast.Field(ast.Name(text), ast.Identifier("previous")):
                return isinstance(self._definitions.get(text), journeys.Lifecycle)
        return False

    def _in_window(self, window: ast.Window, value: Value, point: Point) -> bool:
        evaluate = lambda node: self.evaluate(node, point)  # noqa: E731
        if isinstance(value, Age):
            value = value.origin
        if isinstance(window, ast.InPeriod):
            assert point.period is not None
            start, end = point.period
            if isinstance(value, dt.datetime):
                return start <= value < end
            assert isinstance(value, dt.date), value
            return self._zone.day(start) <= value < self._zone.day(end)
        if isinstance(value, dt.datetime):
            return windows.holds_instant(window, value, point.now, self._zone, evaluate)
        assert isinstance(value, dt.date), value
        return windows.holds_date(window, value, point.now, self._zone, evaluate)

    def _earlier(self, instant: Value, point: Point) -> Point | None:
        if instant is None:
            return None
        if not isinstance(instant, dt.datetime):
            assert isinstance(instant, dt.date)
            instant = self._zone.start_of_day(instant)
        return evolve(point, now=min(instant, point.now))

    def _as_of(self, operand: ast.Expression, instant: Value, point: Point) -> Value:
        earlier = self._earlier(instant, point)
        if earlier is None:
            return False if self._is_predicate(operand) else None
        return measured(self.evaluate(operand, earlier), earlier.now)

    def _held_since(self, arguments: tuple[ast.Argument, ...], point: Point) -> Value:
        """One midnight after another, from the last one back, until one at which the predicate does not hold."""
        predicate = arguments[0].value
        if not self.holds(predicate, point):
            return None
        limit = self.evaluate(arguments[1].value, point) if len(arguments) > 1 else Shift(days=400)
        assert isinstance(limit, Shift)
        day = self._zone.day(point.now) + dt.timedelta(days=1)  # a clock put back over midnight shows the day before
        while self._zone.start_of_day(day) > point.now:
            day -= dt.timedelta(days=1)
        oldest, since = shift_date(day, -limit), point.now
        while day >= oldest:
            midnight = self._zone.start_of_day(day)
            exists = point.key in self._world.keys(point.subject, midnight)
            if not exists or not self.holds(predicate, evolve(point, now=midnight)):
                break
            since, day = midnight, day - dt.timedelta(days=1)
        return since

    def _is_predicate(self, node: ast.Expression) -> bool:
        match node:
            case ast.Compare() | ast.Not() | ast.AllOf() | ast.AnyOf() | ast.Sequence() | ast.Boolean():
                return True
            case ast.Call(function=ast.Identifier("exists" | "none")):
                return True
            case ast.AsOf(operand):
                return self._is_predicate(operand)
            case ast.Name(text):
                definition = self._definitions.get(text)
                if isinstance(definition, declarations.Metric):
                    return self._is_predicate(definition.value)
                return isinstance(definition, declarations.Segment)
        return False

    # --- what reads rows ------------------------------------------------------------------------------------------

    def _split(self, arguments: Iterable[ast.Argument], point: Point) -> tuple[ast.Argument, Value]:
        """The argument that speaks of rows, and the constant beside it."""
        rows = next(argument for argument in arguments if self._kind_in(argument.value) is not None)
        constant = next((argument.value for argument in arguments if argument is not rows), None)
        return rows, None if constant is None else self.evaluate(constant, point)

    def _kind_in(self, node: ast.Expression) -> str | None:
        """The kind or collection whose rows an expression speaks of, aggregates inside it left out."""
        match node:
            case ast.Name(text) | ast.Field(ast.Name(text)) if self._is_kind(text):
                return text
            case ast.Field(base) | ast.Negate(base) | ast.Not(base) | ast.Compare(left=base, right=None):
                return self._kind_in(base)
            case ast.Operate(left=left, right=right) | ast.Compare(left=left, right=right):
                found = self._kind_in(left)
                return self._kind_in(right) if found is None and not isinstance(right, ast.Window) else found  # type: ignore[arg-type]
            case ast.AllOf(operands) | ast.AnyOf(operands) | ast.List(operands):
                return next(filter(None, map(self._kind_in, operands)), None)
            case ast.Call(function=function, arguments=arguments) if function.text not in AGGREGATES:
                return next(filter(None, (self._kind_in(argument.value) for argument in arguments)), None)
        return None

    def _base(self, word: str) -> tuple[str, list[tuple[str, ast.Expression]]]:
        """The kind behind a word, and the conditions of the collections on the way."""
        conditions: list[tuple[str, ast.Expression]] = []
        while word in self._collections:
            collection = self._collections[word]
            if collection.where is not None:
                conditions.append((collection.kind.text, collection.where))
            word = collection.kind.text
        return word, conditions

    def _seen_from(self, word: str, row: Row, point: Point) -> Point:
        return evolve(point, row=row, word=word, record=None, list="")

    def _rows_of(self, word: str, where: ast.Expression | None, point: Point) -> list[Row]:
        kind, conditions = self._base(word)
        if where is not None:
            conditions = [*conditions, (word, where)]
        return [
            row
            for row in self._world.rows(kind, point.subject, point.key, point.now, self._zone)
            if all(self.holds(condition, self._seen_from(name, row, point)) for name, condition in conditions)
        ]

    def base(self, word: str) -> str:
        """The kind that a word of the rules stands for: itself, or the kind that a collection narrows."""
        return self._base(word)[0]

    def occurrences(self, word: str, key: str, until: dt.datetime) -> list[Row]:
        """Rows of the kind behind a word that name a customer, in their order, each seen at its own instant."""
        rows = self._world.rows(self.base(word), "customer", key, until, self._zone)
        return [evolve(row, now=row.at) for row in rows]

    def fits(self, row: Row, word: str, where: ast.Expression | None, point: Point) -> bool:
        """Whether a row is one of `word where P`, seen at its own instant."""
        conditions = self._base(word)[1] if where is None else [*self._base(word)[1], (word, where)]
        point = evolve(point, now=row.at)
        return all(self.holds(condition, self._seen_from(name, row, point)) for name, condition in conditions)

    def _rows(self, argument: ast.Argument, point: Point, *, where: bool = True) -> list[Row]:
        point = evolve(point, row=None, word="", record=None, list="")
        word = self._kind_in(argument.value)
        assert word is not None
        rows = self._rows_of(word, argument.where if where else None, point)
        if argument.window is None:
            return rows
        return [row for row in rows if self._in_window(argument.window, row.at, point)]

    def _call(self, node: ast.Call, name: str, arguments: tuple[ast.Argument, ...], point: Point) -> Value:
        if name in STANDINGS:
            return self._standing(node, point)
        if name == "if":
            chosen = arguments[1] if self.holds(arguments[0].value, point) else arguments[2]
            return self.evaluate(chosen.value, point)
        if name in AGGREGATES and any(self._kind_in(argument.value) for argument in arguments):
            return self._aggregate(name, arguments, point)
        if name in ("exists", "none", "count"):
            count = len(self._records(arguments[0], point))
            return count if name == "count" else (count > 0) == (name == "exists")
        if name == "now":
            return point.now
        if name == "since":
            return self._held_since(arguments, point)
        values = self._values(name, arguments, point)
        if name != "age":
            values = [measured(value, point.now) for value in values]
        return functions.call(name, values, point.now, self._zone)

    def _values(self, name: str, arguments: tuple[ast.Argument, ...], point: Point) -> list[Value]:
        values = [
            argument.value.text
            if name == "start_of" and isinstance(argument.value, ast.Name) and index == 0
            else self.evaluate(argument.value, point)
            for index, argument in enumerate(arguments)
        ]
        if name == "bucket":
            return [point.key, *values]
        if name == "distance_km" and len(values) == 2:
            place = [self._world.attribute(point.subject, point.key, word) for word in ("latitude", "longitude")]
            return [*place, *values]
        return values

    def _aggregate(self, name: str, arguments: tuple[ast.Argument, ...], point: Point) -> Value:
        argument, constant = self._split(arguments, point)
        outer = evolve(point, row=None, word="", record=None, list="")
        word = self._kind_in(argument.value)
        assert word is not None
        bare = isinstance(argument.value, ast.Name)
        if name == "share" and bare:
            rows = self._rows(argument, outer, where=False)
            assert argument.where is not None
            holding = [row for row in rows if self.holds(argument.where, self._seen_from(word, row, outer))]
            return Fraction(len(holding), len(rows)) if rows else None
        rows = self._rows(argument, outer)
        instants = [row.at for row in rows]
        if name in ("exists", "none"):
            return bool(rows) == (name == "exists")
        if name in GAPS:
            return aggregates.gap(name, instants)
        if name in ("periods", "streak"):
            assert argument.by is not None
            if name == "streak":
                return aggregates.streak(argument.by.text, instants, outer.now, self._zone)
            return aggregates.periods(argument.by.text, instants, self._zone)
        if name == "count" and bare:
            return len(rows)
        values = [measured(self.evaluate(argument.value, self._seen_from(word, row, outer)), outer.now) for row in rows]
        if name == "share":
            return Fraction(sum(value is True for value in values), len(values)) if values else None
        return aggregates.reduce(name, values, constant)

    def _records(self, argument: ast.Argument, point: Point) -> list[dict[str, Value]]:
        """The records of a list that fit; one that is missing is none."""
        items = self.evaluate(argument.value, point) or ()
        name = argument.value.text if isinstance(argument.value, ast.Name) else ""
        where = argument.where
        return [
            record
            for record in items  # type: ignore[union-attr]
            if isinstance(record, dict)
            and (where is None or self.holds(where, evolve(point, record=record, list=name)))
        ]

    def _sequence(self, node: ast.Sequence, point: Point) -> bool:
        point = evolve(point, row=None, word="", record=None, list="")
        rows = [self._rows_of(step.kind.text, step.where, point) for step in node.steps]
        groups: set[Value] = {None}
        if node.by is not None:
            groups = {row.read(node.by.text) for step in rows for row in step} - {None}
        total = None if node.total is None else self._shift(node.total, point)
        window = node.window
        return any(
            sequences.matches(
                [
                    sequences.Stage(
                        [row.at for row in fitting if node.by is None or row.read(node.by.text) == group],
                        step.negated,
                        step.at_least or 1,
                        None if step.within is None else self._shift(step.within, point),
                    )
                    for step, fitting in zip(node.steps, rows, strict=True)
                ],
                point.now,
                self._zone,
                total,
                lambda instant: window is None or self._in_window(window, instant, point),
            )
            for group in groups
        )

    def _shift(self, node: ast.Expression, point: Point) -> Shift:
        shift = self.evaluate(node, point)
        assert isinstance(shift, Shift)
        return shift

    # --- what reads other subjects --------------------------------------------------------------------------------

    def _counted(self, point: Point) -> Point:
        """From where a population is seen: in a guard, the last local midnight."""
        if not point.guard:
            return point
        return evolve(point, now=self._zone.start_of_day(self._zone.day(point.now)))

    def _everybody(self, point: Point, among: ast.Expression | None) -> list[Point]:
        everybody = [
            Point(point.subject, key, point.now, guard=point.guard, period=point.period)
            for key in self._world.keys(point.subject, point.now)
        ]
        return [other for other in everybody if among is None or self.holds(among, other)]

    def _population(self, node: ast.Population, point: Point) -> Value:
        point = self._counted(point)
        memo = node, point.subject, point.now, point.guard, point.period
        if memo not in self._figures:
            self._figures[memo] = self._figure(node, point)
        return self._figures[memo]

    def _figure(self, node: ast.Population, point: Point) -> Value:
        everybody = self._everybody(point, node.among)
        function = node.function.text
        if not node.arguments:
            return len(everybody)
        value, *constants = node.arguments
        values = [measured(self.evaluate(value, other), point.now) for other in everybody]
        if function == "share":
            return Fraction(sum(value is True for value in values), len(values)) if values else None
        if function == "count":
            return sum(value is not None and value is not False for value in values)
        if function == "mode":
            present = sorted(value for value in values if value is not None)  # type: ignore[type-var]
            return max(present, key=lambda one: (present.count(one), -present.index(one)), default=None)
        return aggregates.reduce(function, values, self.evaluate(constants[0], point) if constants else None)

    def _standing(self, node: ast.Call, point: Point) -> Value:
        *constants, argument = node.arguments  # `ntile(5, m)`: the value comes last
        point = self._counted(point)
        everybody = self._everybody(point, node.among)
        placed = {other.key: measured(self.evaluate(argument.value, other), point.now) for other in everybody}
        placed = {key: value for key, value in placed.items() if value is not None}
        if point.key not in placed:
            return None
        own = placed[point.key]
        below = sum(compare("<", value, own, point.now, self._zone) for value in placed.values())
        above = sum(compare(">", value, own, point.now, self._zone) for value in placed.values())
        match node.function.text:
            case "percentile":
                return Fraction(below, len(placed))
            case "rank":
                return above + 1
        tiles = self.evaluate(constants[0].value, point)
        assert isinstance(tiles, int)
        return below * tiles // len(placed) + 1


def measured(value: Value, now: dt.datetime) -> Value:
    """An age as the time gone by; any other value as it is."""
    return now - value.origin if isinstance(value, Age) else value


def _subject_of(definition: Definition) -> str:
    if isinstance(definition, journeys.Lifecycle):
        return "customer"
    subject = "customer" if definition.subject is None else definition.subject.text
    assert subject in SUBJECTS, subject
    return subject
