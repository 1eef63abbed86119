"""What a name stands for.

In: filled by `load`, then by the checking of each definition. Out: entries that the checker looks up by name.
Invariant: an entry is one declaration; the same entry may be visible in several files and under several prefixes.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import define, field

from rulecrm.diagnostics.span import NOWHERE, Span
from rulecrm.model import ir, schema
from rulecrm.model.types import UNKNOWN, Type
from rulecrm.syntax.ast import Expression
from rulecrm.syntax.declarations import Declaration, Import, Rules

__all__ = ["DEFINING", "WORDS", "Entry", "Module"]

DEFINING = frozenset({"metric", "segment", "classify"})
"""Forms that give a value for each subject."""

WORDS = {
    "kind": "a kind of fact",
    "collection": "a collection",
    "param": "a param",
    "metric": "a metric",
    "segment": "a segment",
    "classify": "a classification",
    "lifecycle": "a lifecycle",
    "template": "a template",
    "campaign": "a campaign",
    "kpi": "a kpi",
    "attribute": "an attribute",
    "prefix": "the prefix of an import",
    "subject": "a subject",
    "function": "a function",
    "broken": "a declaration with a mistake in it",
}
"""How a message names each form of entry."""


@define(eq=False)
class Module:
    """One loaded file.

    Attributes:
        source: its name.
        rules: its syntax.
        own: entries it declares, by name.
        scope: entries visible in it, imports included, by visible name (`name` or `prefix.name`).
        prefixes: prefixes of its imports.
        imports: what it imports, in text order.
        overrides: values for its params that importing files give, with the file in whose scope each is read.
        prefix: what stands before the names of its definitions in symbols: empty, or `prefix.`.
        broken: names of declarations that the parser could not read.
    """

    source: str
    rules: Rules
    own: dict[str, Entry] = field(factory=dict)
    scope: dict[str, Entry] = field(factory=dict)
    prefixes: set[str] = field(factory=set)
    imports: list[tuple[Import, Module]] = field(factory=list)
    overrides: dict[str, tuple[Expression, Module]] = field(factory=dict)
    prefix: str = ""
    broken: tuple[str, ...] = ()


@define(eq=False)
class Entry:
    """One declared name.

    Attributes:
        name: as declared.
        form: a key of `WORDS`.
        module: the file that declares it; None for what is built in.
        node: the declaration.
        span: where its name stands.
        symbol: its unique name in the program.
        subject: of what it speaks.
        type: of its value; UNKNOWN until known.
        stage: `new`, `checking` or `checked`.
        value: of a checked metric, segment, classification or param.
        may_miss: whether the value may be missing.
        reach: the least and the greatest number the value can be, None where there is no limit.
        kind: of a kind: the kind itself.
    """

    name: str
    form: str
    module: Module | None = None
    node: Declaration | None = None
    span: Span = NOWHERE
    symbol: str = ""
    subject: str = "customer"
    type: Type = UNKNOWN
    stage: str = "new"
    value: ir.Expr | None = None
    may_miss: bool = True
    reach: tuple[Decimal | None, Decimal | None] = (None, None)
    kind: schema.Kind | None = None

    @property
    def words(self) -> str:
        """How a message names it: "the metric `spent`"."""
        article, _, rest = WORDS[self.form].partition(" ")
        return f"{'the' if article in ('a', 'an', 'the') else article} {rest} `{self.name}`"
