"""What a collection stands for: its kind, and all conditions from the bottom of its chain up.

In: the entry of a collection and the subject that asks. Out: a kind and conditions.
Invariant: chains of any length are followed without recursion.
"""

from __future__ import annotations

from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.model.ir import Expr
from rulecrm.model.schema import Kind
from rulecrm.semantics.build import conjuncts
from rulecrm.semantics.checker import Checker, Context
from rulecrm.semantics.scope import WORDS, Entry
from rulecrm.syntax.declarations import Collection

__all__ = ["filter_of"]


def filter_of(checker: Checker, entry: Entry, subject: str) -> tuple[Kind, tuple[Expr, ...]] | None:
    """The kind and the conditions of a collection, as `subject` sees it; None after a report."""
    chain: list[Entry] = []
    at: Entry | None = entry
    base: Kind | None = None
    conditions: tuple[Expr, ...] = ()
    seen: set[int] = set()
    while at is not None and at.form == "collection":
        if id(at) in seen:
            names = " → ".join([*(link.name for link in chain), at.name])
            checker.report.error("R302", f"collections refer to one another in a circle: {names}", chain[-1].span)
            checker.filters.update({(id(link), subject): None for link in chain})
            return None
        seen.add(id(at))
        chain.append(at)
        if (id(at), subject) in checker.filters:
            known = checker.filters[id(at), subject]
            if known is None:
                return None
            base, conditions = known
            chain.pop()
            break
        at = _below(checker, at)
    if base is None:
        base = at.kind if at is not None else None
    if base is None:
        return None
    for link in reversed(chain):
        assert isinstance(link.node, Collection)
        assert link.module is not None
        if link.node.where is not None:
            context = Context(link.module, subject, base, link.node.kind.text)
            conditions = (*conditions, *conjuncts(checker.predicate(link.node.where, context, of="`where`")))
        checker.filters[(id(link), subject)] = (base, conditions)
    return base, conditions


def _below(checker: Checker, entry: Entry) -> Entry | None:
    assert isinstance(entry.node, Collection)
    assert entry.module is not None
    word = entry.node.kind
    below = entry.module.scope.get(word.text)
    if below is None:
        names = [name for name, other in entry.module.scope.items() if other.form in ("kind", "collection")]
        checker.report.error("R103", f"unknown kind `{word.text}`", word.span, advice=did_you_mean(word.text, names))
    elif below.form == "broken":
        return None
    elif below.form not in ("kind", "collection"):
        message = f"a kind is wanted here, and `{below.name}` is {WORDS[below.form]}"
        checker.report.error("R109", message, word.span)
        return None
    return below
