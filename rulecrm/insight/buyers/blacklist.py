"""Whom the shop is better off leaving alone, and the clause of the rule that says so.

In: a `Shop`, a segment. Out: `blacklist`.
Invariant: whoever is listed is in the segment, and each reason is a clause that holds; clauses that the facts cannot
tell are left out and named.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from attrs import evolve, frozen

from rulecrm.api.rules import Rules
from rulecrm.diagnostics.model import RulesError
from rulecrm.explain.explanation import Node
from rulecrm.explain.wording import detail
from rulecrm.insight.buyers.reading import segment_of
from rulecrm.insight.buyers.standard import standard
from rulecrm.insight.buyers.wording import nothing, weak
from rulecrm.insight.figure import Figure, Remark, Words
from rulecrm.insight.shop import Shop
from rulecrm.model import ir
from rulecrm.model.types import BOOL
from rulecrm.model.walk import walk

__all__ = ["blacklist"]

_LACKS = frozenset({"R401", "R402"})
"""Codes of columns and frames that facts do not have."""


def blacklist(shop: Shop, *, segment: str | None = None, explained: int = 20) -> Figure:
    """Who is on the blacklist, and why: each clause of the rule that holds of the customer.

    Args:
        shop: a shop.
        segment: the segment that is the blacklist; left out, the shop's own `blacklist`, or that of
            `std/service.rules`. The parts between its `or` are the reasons.
        explained: of how many customers the evidence is told; it takes an explanation each.

    Returns:
        A row for each customer and reason, by customer: `customer` (String), `reason` (the name of the segment that the
        clause is, or its words), `title` String, `clause` (as written), `evidence` (what was compared with what;
        missing beyond the first `explained` customers).

    Raises:
        RulesError: R120 no segment of customers is called so; facts that cannot be read.
    """
    ruled, symbol = _rule(shop, segment)
    clauses = tuple(_clauses(ruled, symbol))
    judged = evolve(ruled, rules=_apart(ruled, symbol))
    told, left_out = _judged(judged, clauses)
    rows = [
        pl.DataFrame({"customer": table.get_column("customer").cast(pl.String)}).with_columns(
            pl.lit(clause.reason).alias("reason"),
            pl.lit(clause.title, pl.String).alias("title"),
            pl.lit(clause.text).alias("clause"),
            pl.lit(place, pl.Int64).alias("place"),
        )
        for place, (clause, table) in enumerate(told)
    ]
    found = pl.concat([pl.DataFrame(schema=_SCHEMA), *rows]).sort("customer", "place")
    frame = _with_evidence(judged, found, clauses, explained)
    remarks = [_untold(clause, why) for clause, why in left_out] + _never_happened(judged, clauses)
    if frame.is_empty():
        remarks.append(nothing(Words("nobody is on the blacklist", "没有客户在黑名单中")))
    elif found.get_column("customer").n_unique() > explained:
        said = Words(
            f"The evidence is told of the first {explained} customers; `explain` tells it of any.",
            f"仅列出前 {explained} 位客户的依据，其余可用 `explain` 查看。",
        )
        remarks.append(weak(said))
    parts = [f"`{clause.reason}`" for clause in clauses]
    english, chinese = " or ".join(parts), "、".join(parts)
    names = [symbol, *(clause.reason for clause in clauses)]
    origins = (judged.origin(name) for name in names)
    return Figure(
        "blacklist",
        Words("Blacklist", "黑名单"),
        Words(
            f"Customers in the segment {symbol}: those of whom {english} holds. The evidence is what the clause "
            "compared.",
            f"属于人群 {symbol} 的客户，即满足以下任一条件：{chinese}。依据为该条件所比较的数值。",
        ),
        frame,
        {
            "customer": Words("Customer", "客户"),
            "reason": Words("Reason", "原因"),
            "title": Words("In words", "原因说明"),
            "clause": Words("Clause of the rule", "规则条件"),
            "evidence": Words("Evidence", "依据"),
        },
        tuple(remarks),
        tuple(one for one in origins if one is not None),
    )


_SCHEMA = {"customer": pl.String, "reason": pl.String, "title": pl.String, "clause": pl.String, "place": pl.Int64}


@frozen
class _Clause:
    """A part of the rule, as a segment of its own."""

    symbol: str
    reason: str
    title: str | None
    text: str


def _rule(shop: Shop, segment: str | None) -> tuple[Shop, str]:
    """A shop whose rules have the segment, and its symbol."""
    if segment is not None:
        return shop, segment_of(shop, segment)
    for one in shop.rules.program.definitions:
        if (one.symbol, one.form, one.subject) == ("blacklist", "segment", "customer"):
            return shop, one.symbol
    module = standard(shop, "std/service.rules", "blacklist")
    return module.shop, module.symbol("blacklist")


def _clauses(shop: Shop, symbol: str) -> Iterator[_Clause]:
    program = shop.rules.program
    for number, part in enumerate(_parts(program.definition(symbol).value)):
        named = program.definition(part.symbol) if isinstance(part, ir.Ref) else None
        span = part.span if named is None else named.value.span
        text = " ".join(program.sources.get(span.source, "")[span.start : span.end].split())
        reason = text if named is None else named.symbol
        yield _Clause(f"{symbol}#{number}", reason, None if named is None else named.title, text or reason)


def _parts(value: ir.Expr) -> tuple[ir.Expr, ...]:
    if isinstance(value, ir.Apply) and value.op == "or":
        return tuple(part for arg in value.args for part in _parts(arg))
    return (value,)


def _apart(shop: Shop, symbol: str) -> Rules:
    """The rules, with each part of a segment as a segment of its own."""
    program = shop.rules.program
    own = program.definition(symbol)
    parts = tuple(
        ir.Definition(f"{symbol}#{number}", "segment", own.subject, part, BOOL, span=part.span)
        for number, part in enumerate(_parts(own.value))
    )
    return Rules(evolve(program, definitions=(*program.definitions, *parts)), (), shop.rules.plugins)


def _judged(
    shop: Shop, clauses: tuple[_Clause, ...]
) -> tuple[list[tuple[_Clause, pl.DataFrame]], list[tuple[_Clause, RulesError]]]:
    """The customers of each clause, and the clauses that the facts cannot tell."""
    told: list[tuple[_Clause, pl.DataFrame]] = []
    left_out: list[tuple[_Clause, RulesError]] = []
    for clause in clauses:
        try:
            told.append((clause, shop.result([clause.symbol]).segment(clause.symbol)))
        except RulesError as error:
            if not {one.code for one in error.diagnostics} <= _LACKS:
                raise
            left_out.append((clause, error))
    return told, left_out


def _with_evidence(shop: Shop, found: pl.DataFrame, clauses: tuple[_Clause, ...], explained: int) -> pl.DataFrame:
    first = found.get_column("customer").unique(maintain_order=True).head(max(explained, 0))
    words = [
        (customer, place, _evidence(shop, clauses[place].symbol, customer))
        for customer, place in found.filter(pl.col("customer").is_in(first.implode()))
        .select("customer", "place")
        .iter_rows()
    ]
    schema = {"customer": pl.String, "place": pl.Int64, "evidence": pl.String}
    told = pl.DataFrame(words, schema=schema, orient="row")
    return found.join(told, on=["customer", "place"], how="left", maintain_order="left").drop("place")


def _evidence(shop: Shop, symbol: str, customer: str) -> str:
    """What the clause compared, as `explain` shows it."""
    root = shop.rules.explain(shop.facts, segment=symbol, as_of=shop.as_of, customer=customer).root
    return "; ".join(f"{node.clause}: {detail(node)}" for node in _leaves(root))


def _leaves(node: Node) -> Iterator[Node]:
    """The predicates at the ends of a tree that hold, and so make it hold; of a `not` the `not` itself."""
    below = [child for child in node.children if child.verdict is not None]
    if node.form in ("compare", "exists", "none", "sequence", "yes", "not") or not below:
        yield node
        return
    for child in below:
        if child.verdict:
            yield from _leaves(child)


def _untold(clause: _Clause, error: RulesError) -> Remark:
    why = error.diagnostics[0].message
    return Remark(
        "R836",
        Words(
            f"The clause `{clause.reason}` is left out: {why}.",
            f"规则条件 `{clause.reason}` 未参与判断，因为数据不足：{why}。",
        ),
        {"reason": clause.reason},
    )


def _never_happened(shop: Shop, clauses: tuple[_Clause, ...]) -> list[Remark]:
    """Kinds that the clauses count and the facts have no row of."""
    program, there = shop.rules.program, shop.facts.kinds()
    kinds: dict[str, None] = {}
    seen: set[str] = set()
    stack = [clause.symbol for clause in clauses]
    while stack:
        symbol = stack.pop(0)
        if symbol in seen:
            continue
        seen.add(symbol)
        # What a lifecycle reads is its own affair.
        value = program.definition(symbol).value if symbol in {one.symbol for one in program.definitions} else None
        for part in walk(value) if value is not None else ():
            if isinstance(part, ir.Ref):
                stack.append(part.symbol)
            elif isinstance(part, ir.Aggregate):
                kinds[part.scan.kind] = None
            elif isinstance(part, ir.SequenceOf):
                kinds.update(dict.fromkeys(step.kind for step in part.steps))
    lacking = [kind for kind in kinds if kind not in there]
    return [
        Remark(
            "R836",
            Words(
                f"The facts have no rows of `{kind}`: clauses that count them see none.",
                f"数据中没有 `{kind}` 记录：统计它的条件视为从未发生。",
            ),
            {"kind": kind},
        )
        for kind in lacking
    ]
