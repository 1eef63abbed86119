"""The values of params.

In: what the embedding program, an importing file or the default says. Out: a typed constant.
Invariant: a param is read when it is needed, the program before the importing file before the default.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.model.currencies import CURRENCIES
from rulecrm.model.durations import Duration
from rulecrm.model.ir import Const, Expr, Value
from rulecrm.model.types import BOOL, DURATION, INT, MONEY, NUMBER, UNKNOWN, Type
from rulecrm.semantics.build import number
from rulecrm.semantics.checker import Checker, Context, article
from rulecrm.semantics.literals import LARGEST_INT, fits_duration, fits_money, instant_of, money
from rulecrm.semantics.report import Report
from rulecrm.semantics.scope import Entry
from rulecrm.syntax import ast
from rulecrm.syntax.declarations import Param

__all__ = ["given_value", "settle_param", "unknown_params"]

_DURATION = re.compile(r"(?:\d+(?:mo|us|[ywdhms]))+")
_PART = re.compile(r"(\d+)(mo|us|[ywdhms])")
_MONEY = re.compile(r"(-?\d+(?:\.\d+)?)\s+([A-Za-z]{3})")

_EXAMPLES = {
    "duration": '"30d", or a timedelta', "money": '"299 CNY"', "int": "3", "number": '0.8, or "80%"', "bool": "true",
    "date": '"2025-01-31"', "instant": '"2025-01-31T10:00"', "time": '"21:00"', "text": '"words"',
}  # fmt: skip


def unknown_params(scope: Mapping[str, Entry], given: Mapping[str, object], report: Report) -> None:
    """Report names that no param of the root file has."""
    known = [name for name, entry in scope.items() if entry.form == "param"]
    for name in given:
        entry = scope.get(name)
        if entry is None or entry.form not in ("param", "broken"):
            advice = did_you_mean(str(name), known) or (f"there are: {', '.join(known[:12])}" if known else None)
            report.error("R503", f"there is no param `{name}`", None, advice=advice)


def settle_param(checker: Checker, entry: Entry, given: Mapping[str, object]) -> None:
    """Find the value of a param; `given` are values of the program by symbol."""
    node, module = entry.node, entry.module
    assert isinstance(node, Param)
    assert module is not None
    if entry.stage == "checking":
        checker.report.error("R302", f"the param `{entry.name}` depends on itself", entry.span)
        return
    if entry.stage == "checked":
        return
    entry.stage = "checking"
    if entry.symbol in given and entry.type != UNKNOWN:
        value = given_value(checker, given[entry.symbol], entry.type)
        if value is None:
            shown = repr(given[entry.symbol])
            message = f"the param `{entry.name}` is {article(entry.type)}, and {shown[:60]} is none"
            advice = _EXAMPLES.get(entry.type.name)
            checker.report.error("R504", message, entry.span, advice=None if advice is None else f"such as {advice}")
        entry.value = value
    elif entry.name in module.overrides:
        written, importer = module.overrides[entry.name]
        entry.value = _written(checker, entry, written, Context(importer, constant=f"the param `{entry.name}`"))
    elif node.default is not None:
        entry.value = _written(checker, entry, node.default, Context(module, constant=f"the param `{entry.name}`"))
    else:
        advice = f"write `param {entry.name}: {entry.type} = …`, or set it from outside"
        checker.report.error("R505", f"the param `{entry.name}` has no value", entry.span, advice=advice)
    entry.may_miss = entry.value is not None and checker.may_miss(entry.value)
    entry.stage = "checked"


def given_value(checker: Checker, value: object, wanted: Type) -> Expr | None:
    """A value of Python as a typed constant; None where it is none of that type."""
    if wanted.name == "list" and wanted.item is not None:
        if isinstance(value, str):
            value = _items(value)
        if not isinstance(value, list | tuple):
            return None
        items = [given_value(checker, item, wanted.item) for item in value]
        if not all(isinstance(item, Const) for item in items):
            return None
        return Const(tuple(item.value for item in items if isinstance(item, Const)), wanted)
    if isinstance(value, str):
        return _from_text(checker, value, wanted)
    held = _held(checker, value, wanted)
    return None if held is None else Const(held, wanted)


def _items(text: str) -> list[object]:
    """The items of `A, B`, or of `["A", "B"]` as the file writes it."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        import json

        try:
            return list(json.loads(text))
        except (ValueError, RecursionError):  # what JSON does not know, such as `[2025-01-31, 2025-02-28]`
            text = text[1:-1]
    return [part.strip() for part in text.split(",") if part.strip()]


def _held(checker: Checker, value: object, wanted: Type) -> Value | None:
    match wanted.name:
        case "bool" if isinstance(value, bool):
            return value
        case "int" if isinstance(value, int) and not isinstance(value, bool):
            return value if abs(value) <= LARGEST_INT else None
        case "number" if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            try:
                held = float(value)
            except OverflowError:
                return None
            return held if held - held == 0 else None
        case "money" if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return Decimal(value) if fits_money(Decimal(value)) else None
        case "duration" if isinstance(value, dt.timedelta):
            length = Duration(days=value.days, micros=value.seconds * 1_000_000 + value.microseconds)
            return length if value > dt.timedelta() else None
        case "date" if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        case "instant" if isinstance(value, dt.datetime):
            return value.astimezone(dt.UTC) if value.tzinfo is not None else instant_of(value, checker.zone)
        case "time" if isinstance(value, dt.time):
            return value
    return None


def _from_text(checker: Checker, text: str, wanted: Type) -> Expr | None:
    text = text if wanted.name == "text" else text.strip()
    try:
        match wanted.name:
            case "text":
                return Const(text, wanted)
            case "bool" if text.lower() in ("true", "false", "yes", "no"):
                return Const(text.lower() in ("true", "yes"), BOOL)
            case "int":
                value = int(text)
                return Const(value, INT) if abs(value) <= LARGEST_INT else None
            case "number":
                held = Decimal(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
                return Const(float(held), NUMBER) if held.is_finite() else None
            case "money":
                found = _MONEY.fullmatch(text)
                if found is None or found[2].upper() not in CURRENCIES or not fits_money(Decimal(found[1])):
                    return None
                return money(checker, ast.Money(Decimal(found[1]), found[2].upper()))
            case "duration" if _DURATION.fullmatch(text):
                length = Duration.of(*((int(count), unit) for count, unit in _PART.findall(text)))
                return Const(length, DURATION) if fits_duration(length) else None
            case "date":
                return Const(dt.date.fromisoformat(text), wanted)
            case "instant":
                moment = dt.datetime.fromisoformat(text)
                held_instant = _held(checker, moment, wanted)
                return None if held_instant is None else Const(held_instant, wanted)
            case "time":
                return Const(dt.time.fromisoformat(text), wanted)
    except (ValueError, InvalidOperation):
        pass
    return None


def _written(checker: Checker, entry: Entry, node: ast.Expression, context: Context) -> Expr | None:
    value = checker.value(node, context)
    if UNKNOWN in (value.type, entry.type):
        return None
    if entry.type == NUMBER:
        value = number(value)
    if entry.type == MONEY and value.type == MONEY:
        return value
    if isinstance(value, Const) and value.value == () and entry.type.name == "list":
        return Const((), entry.type, span=node.span)
    if not isinstance(value, Const):
        checker.report.error("R210", f"the param `{entry.name}` wants a constant", node.span)
        return None
    if value.type != entry.type:
        advice = _EXAMPLES.get(entry.type.name)
        if entry.type == MONEY and isinstance(value.value, int | float):
            advice = f"`{value.value:g} {checker.currency}`"
        message = f"the param `{entry.name}` is {article(entry.type)}, and this is {article(value.type)}"
        checker.report.error("R504", message, node.span, advice=None if advice is None else f"such as {advice}")
        return None
    return value
