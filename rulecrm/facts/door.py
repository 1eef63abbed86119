"""From a frame as it was given to a `Source`.

In: a frame, its name and the schema. Out: a `Source` that knows how its columns are read and which rules its rows must
keep, with diagnostics about its columns. Invariant: only the names and dtypes of a scan are looked at, never its rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from rulecrm.diagnostics.model import Diagnostic, Severity
from rulecrm.diagnostics.suggest import nearest
from rulecrm.facts.findings import Problem, finding, missing, warning
from rulecrm.facts.parsing import convert_text
from rulecrm.facts.reading import Reading, is_key, is_text, read
from rulecrm.facts.shapes import NEVER_NEGATIVE, Shape
from rulecrm.facts.source import Source, first_line
from rulecrm.model.currencies import CURRENCIES
from rulecrm.model.schema import Column
from rulecrm.model.types import MONEY

__all__ = ["Frame", "admit", "key_agreement", "key_findings", "read_columns", "row_rules", "structure"]

Frame = pl.DataFrame | pl.LazyFrame


def admit(
    name: str,
    frame: Frame,
    shape: Shape | None,
    *,
    zone: str | None,
    currency: str | None,
    quarantine: bool,
    textual: bool,
    trusted: bool = False,
) -> tuple[Source, list[Diagnostic]]:
    """A source, and what its columns tell: errors and warnings.

    A frame of no known shape (of a kind that no rules have declared yet) is taken as it is. Of a `trusted` one, whose
    rows were checked when they were stored, nothing is remarked: it has columns of the store's own.
    """
    eager = isinstance(frame, pl.DataFrame)
    source = Source(
        name, frame.lazy(), pl.Schema(), {}, (), None, eager=eager, quarantine=quarantine, textual=textual,
        trusted=trusted,
    )  # fmt: skip
    try:
        source.schema = source.rows.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        return source, [finding("R430", name, f"cannot be read: {first_line(error)}")]
    if shape is None:
        return source, []
    found = convert_text(source, shape.columns, zone)
    if found:
        return source, found
    schema = source.schema
    readings, found = read_columns(name, shape.columns, schema, zone)
    found += [one for one in structure(shape, schema) if not trusted or one.severity is Severity.ERROR]
    found += key_findings(name, shape, schema)
    source.readings, source.rules = readings, row_rules(shape, schema, readings, currency)
    if shape.unique is not None and shape.unique in schema and is_key(schema[shape.unique]):
        source.unique = shape.unique
    return source, found


def row_rules(
    shape: Shape, schema: pl.Schema, readings: Mapping[str, Reading], currency: str | None
) -> tuple[Problem, ...]:
    """The rules that the rows of a frame must keep, one by one; `currency` is that of rows that name none, if any."""
    rules = [*_presence(shape, schema)]
    if "currency" in shape.doors and "currency" in schema:
        amounts = [reading.value for name, reading in readings.items() if shape.columns[name].type == MONEY]
        rules += _currency_rules(amounts if currency is None else [])
    for column, reading in readings.items():
        rules += reading.problems
        if column in NEVER_NEGATIVE and shape.columns[column].type.name in ("money", "int"):
            rules.append(Problem("R412", column, f"`{column}` is negative", reading.value < 0))
    return tuple(rules)


def key_agreement(sources: Mapping[str, Source], keys: Iterable[str]) -> list[Diagnostic]:
    """Keys that are text in one frame and integers in another, and so would never meet."""
    found: list[Diagnostic] = []
    for key in keys:
        numeric = [n for n, s in sources.items() if key in s.schema and s.schema[key].is_integer()]
        text = [n for n, s in sources.items() if key in s.schema and is_text(s.schema[key])]
        if numeric and text:
            message = f"column `{key}` holds integers here and text in `{'`, `'.join(text)}`"
            fix = f'`pl.col("{key}").cast(pl.String)`'
            found.append(finding("R406", numeric[0], message, column=key, fix=fix))
    return found


def read_columns(
    frame: str, columns: Mapping[str, Column], schema: pl.Schema, zone: str | None
) -> tuple[dict[str, Reading], list[Diagnostic]]:
    """How those of the columns that the frame has are read, and what cannot be."""
    readings: dict[str, Reading] = {}
    found: list[Diagnostic] = []
    for name, column in columns.items():
        if name not in schema:
            continue
        dtype = schema[name]
        if column.type.name == "text" and name in _IDENTIFIERS and dtype.is_integer():
            readings[name] = Reading(pl.col(name).cast(pl.String))
            continue
        if column.type.name == "text" and name in _IDENTIFIERS and dtype.is_float():
            message = f"column `{name}` is {dtype}; text is wanted"
            found.append(finding("R403", frame, message, column=name, fix=_as_text(name, dtype)))
            continue
        reading = read(frame, name, column.type, dtype, zone=zone)
        if isinstance(reading, Diagnostic):
            found.append(reading)
        else:
            readings[name] = reading
    return readings, found


_IDENTIFIERS = frozenset({"order", "event"})
"""Text columns that may be integers: nobody calculates with the number of an order."""


def key_findings(frame: str, shape: Shape, schema: pl.Schema) -> list[Diagnostic]:
    """Keys that can be no keys, and door columns that are no text."""
    found: list[Diagnostic] = []
    for name in shape.keys:
        empty = name in schema and isinstance(schema[name], pl.Null) and name not in shape.present
        if name in schema and not empty and not is_key(schema[name]):
            message = f"column `{name}` is {schema[name]}; a key is text or an integer"
            found.append(finding("R403", frame, message, column=name, fix=_as_text(name, schema[name])))
    for name in shape.doors:
        if name in schema and not is_text(schema[name]) and not isinstance(schema[name], pl.Null):
            message = f"column `{name}` is {schema[name]}; text is wanted"
            found.append(finding("R403", frame, message, column=name, fix=f'`pl.col("{name}").cast(pl.String)`'))
    return found


def _as_text(name: str, dtype: pl.DataType) -> str:
    """How a column becomes a key; `1.0` would be none that another frame or file has."""
    whole = ".cast(pl.Int64)" if dtype.is_float() else ""
    return f'`pl.col("{name}"){whole}.cast(pl.String)`'


def structure(shape: Shape, schema: pl.Schema) -> list[Diagnostic]:
    """What a frame lacks, and what looks misspelled."""
    found = [
        missing("R401", shape.frame, name, set(schema) - shape.names, "which the frame must have")
        for name in shape.required
        if name not in schema
    ]
    if shape.one_of and not any(name in schema for name in shape.one_of):
        names = ", ".join(f"`{name}`" for name in shape.one_of)
        near = next((close for name in shape.one_of if (close := nearest(name, set(schema) - shape.names))), None)
        fix = None if near is None else f"the nearest column is `{near}`"
        found.append(finding("R401", shape.frame, f"none of the columns {names}, of which it must have one", fix=fix))
    found += [
        warning("R423", shape.frame, f"column `{name}` is not read: it follows from `{name}_at`", column=name)
        for name in sorted(shape.flags)
        if name in schema
    ]
    return found + _misspelled(shape, schema)


def _misspelled(shape: Shape, schema: pl.Schema) -> list[Diagnostic]:
    absent = shape.names - set(schema)
    found = []
    for name in schema:
        near = None if name in shape.names else nearest(name, absent)
        if near is not None:
            fix = f"rename it to `{near}` if that is what it holds"
            found.append(warning("R420", shape.frame, f"column `{name}` is not known", column=name, fix=fix))
    return found


def _presence(shape: Shape, schema: pl.Schema) -> list[Problem]:
    return [
        Problem("R410", name, f"`{name}` is missing", pl.col(name).is_null())
        for name in shape.present
        if name in schema
    ]


def _currency_rules(amounts: list[pl.Expr]) -> list[Problem]:
    code = pl.col("currency").cast(pl.String)
    unknown = code.is_not_null() & ~code.is_in(sorted(CURRENCIES))
    rules = [Problem("R414", "currency", "`currency` is no ISO 4217 code", unknown)]
    if amounts:
        bare = code.is_null() & pl.any_horizontal(amount.is_not_null() for amount in amounts)
        fix = "fill it, or pass `currency=`, the currency of rows that name none"
        rules.append(Problem("R414", "currency", "`currency` is missing beside an amount", bare, fix=fix))
    return rules
