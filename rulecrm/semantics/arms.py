"""The arms of a classification: each can be reached, and one of them always is.

In: labels and typed predicates in order. Out: findings R303 to R305.
Invariant: an arm is called unreachable only where an earlier arm holds whenever it does.
"""

from __future__ import annotations

from decimal import Decimal

from rulecrm.diagnostics.model import Note
from rulecrm.model.durations import Duration
from rulecrm.model.ir import Apply, Const, Expr, Now
from rulecrm.semantics.build import conjuncts, decimal_of
from rulecrm.semantics.checker import Checker
from rulecrm.syntax.declarations import Classify

__all__ = ["check_arms", "implies"]

_MOST = 200
"""Arms compared pair by pair; beyond, equal predicates only."""

Limit = tuple[Expr, str, str, Decimal]


def check_arms(checker: Checker, node: Classify, arms: list[tuple[str, Expr | None]]) -> bool:
    """Report what is wrong with the order of arms; whether there is an `otherwise` to close it."""
    report = checker.report
    otherwise = [at for at, (_, when) in enumerate(arms) if when is None]
    if not otherwise:
        report.error(
            "R304",
            f"`{node.name.text}` leaves subjects without a label",
            node.name.span,
            advice="add `LABEL otherwise`",
        )
        return False
    for at in range(otherwise[0] + 1, len(arms)):
        what = "a second `otherwise`" if arms[at][1] is None else "an arm after `otherwise`"
        report.error(
            "R305",
            f"{what} is never reached",
            node.arms[at].span,
            advice="`otherwise` comes once, as the last arm",
            notes=(Note("`otherwise` is here", node.arms[otherwise[0]].span),),
        )
    if otherwise[0] < len(arms) - 1:
        return False
    predicates = [when for _, when in arms if when is not None]
    seen: dict[Expr, int] = {}
    for at, predicate in enumerate(predicates):
        earlier = seen.setdefault(predicate, at)
        if earlier == at and len(predicates) <= _MOST:
            earlier = next((before for before in range(at) if implies(predicate, predicates[before])), at)
        if earlier != at and not _is_unknown(predicate):
            report.error(
                "R303",
                f"the arm `{node.arms[at].label.text}` is never reached",
                node.arms[at].span,
                advice="put the narrower arm first",
                notes=(Note("this arm holds whenever it does", node.arms[earlier].span),),
            )
    return True


def implies(narrow: Expr, wide: Expr) -> bool:
    """Whether `wide` surely holds wherever `narrow` does."""
    if isinstance(wide, Const):
        return wide.value is True
    parts = conjuncts(narrow)
    return all(any(_implies_one(part, wanted) for part in parts) for wanted in conjuncts(wide))


def _implies_one(narrow: Expr, wide: Expr) -> bool:
    if narrow == wide:
        return True
    if isinstance(wide, Apply) and wide.op == "or" and any(implies(narrow, part) for part in wide.args):
        return True
    a, b = _limit(narrow), _limit(wide)
    if a is None or b is None or a[0] != b[0] or a[1] != b[1]:
        return False
    _, _, op, limit = a
    _, _, wide_op, wide_limit = b
    match wide_op:
        case "ge":
            return op in ("ge", "gt", "eq") and limit >= wide_limit
        case "gt":
            return (op == "gt" and limit >= wide_limit) or (op in ("ge", "eq") and limit > wide_limit)
        case "le":
            return op in ("le", "lt", "eq") and limit <= wide_limit
        case "lt":
            return (op == "lt" and limit <= wide_limit) or (op in ("le", "eq") and limit < wide_limit)
    return False


def _limit(predicate: Expr) -> Limit | None:
    """What is compared, the unit, the operator and the limit of a comparison with a constant.

    The limit of an instant is its distance before T, negated, so that greater is later.
    """
    if not isinstance(predicate, Apply) or predicate.op not in ("eq", "lt", "le", "gt", "ge"):
        return None
    left, right = predicate.args
    if isinstance(right, Const):
        if isinstance(right.value, Duration):
            return (left, "elapsed", predicate.op, Decimal(right.value.elapsed or 0))
        number = decimal_of(right.value)
        return None if number is None else (left, "", predicate.op, number)
    if isinstance(right, Apply) and right.op == "shift" and isinstance(right.args[0], Now):
        moved = right.args[1]
        if isinstance(moved, Const) and isinstance(moved.value, Duration):
            value = moved.value
            if not value.months and not (value.days and value.micros):
                unit = "days" if value.days else "micros"
                return (left, unit, predicate.op, Decimal(value.days or value.micros))
            if not value.days and not value.micros:
                return (left, "months", predicate.op, Decimal(value.months))
    return None


def _is_unknown(predicate: Expr) -> bool:
    """Whether a predicate stands for one that was reported as wrong."""
    return isinstance(predicate, Const) and predicate.value is False
