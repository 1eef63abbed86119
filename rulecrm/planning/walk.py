"""What the value of an expression depends on.

In: an `ir.Expr`. Out: whether it is the same from every point, or for every subject.
Invariant: an answer of yes is certain; no may be said where the truth is hidden in a definition.
"""

from __future__ import annotations

from rulecrm.model import ir
from rulecrm.model.schema import Schema
from rulecrm.model.walk import children, refs, walk

__all__ = ["children", "is_point_constant", "is_row_static", "refs", "walk"]


def is_row_static(expr: ir.Expr, schema: Schema) -> bool:
    """Whether a row-level expression has one value for its row, from whatever point it is seen.

    False as soon as T, the subject, another definition or a stage that time may still bring plays a part.
    """
    match expr:
        case ir.Const():
            return True
        case ir.Column(kind=kind, name=name):
            kind_schema = schema.kinds[kind]
            column = kind_schema.columns.get(name)
            return column is None or column.stage is None or column.stage == kind_schema.at
        case ir.Apply(op=op, args=args):
            return op not in ("elapsed", "convert") and all(is_row_static(arg, schema) for arg in args)
    return False


def is_point_constant(expr: ir.Expr) -> bool:
    """Whether a point-level expression has one value for all subjects at one T."""
    match expr:
        case ir.Const() | ir.Now() | ir.Period() | ir.PopulationOf():
            return True
        case ir.Apply(args=args):
            return all(is_point_constant(arg) for arg in args)
        case ir.AsOf(value=value, instant=instant):
            return is_point_constant(value) and is_point_constant(instant)
    return False
