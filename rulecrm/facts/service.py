"""Rows and attributes, served from sources that keep their rules.

In: sources, and what the engine asks for. Out: lazy frames in the physical form of `model.types`, or a `RulesError`.
Invariant: no row of a source is served before its rules were applied, and they are applied once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import polars as pl
from attrs import evolve, field, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError, Severity
from rulecrm.facts.door import key_findings, read_columns, row_rules, structure
from rulecrm.facts.exchange import Exchange
from rulecrm.facts.feeds import (
    UNKNOWN_ORDER,
    Feed,
    borrow_products,
    columns_for,
    feed_of,
    needs_orders,
    not_given,
    source_of,
    unknown_orders,
)
from rulecrm.facts.findings import Problem, finding, missing, warning
from rulecrm.facts.further import FURTHER, together
from rulecrm.facts.parsing import convert_text
from rulecrm.facts.remarks import stage_remarks, tally, unknown_kinds
from rulecrm.facts.shapes import EVENT_FRAME, ITEM_FRAME, ORDER_FRAME, PRODUCT_FRAME, RATE_FRAME, shape_of_kind
from rulecrm.facts.source import Source
from rulecrm.model.schema import Kind, Schema, Subject
from rulecrm.model.types import MONEY

__all__ = ["Service", "raise_errors"]


@frozen(eq=False)
class Service:
    """Sources behind the door, and what was found out about them so far."""

    sources: Mapping[str, Source]
    schema: Schema
    exchange: Exchange
    zone: str | None
    warnings: list[Diagnostic]
    further: Mapping[str, pl.DataFrame] = field(factory=dict)
    """Events beside those of the sources, by kind; see `further.admitted`."""
    _tally: dict[str, Mapping[str, int]] = field(factory=dict)
    _remarked: set[str] = field(factory=set)

    def settle(self) -> None:
        """Apply the rules of all that is in memory.

        Raises:
            RulesError: rows break a rule and are not put away.
        """
        present = [source for source in self.sources.values() if source.eager and source.frame != RATE_FRAME]
        raise_errors([found for source in present for found in source.settle()])
        items, orders = self.sources.get(ITEM_FRAME), self.sources.get(ORDER_FRAME)
        if items is not None and items.eager and (orders is None or orders.eager):
            raise_errors(self._settle_items(items))
        for source in present:
            self._remark(source)

    def kinds(self) -> frozenset[str]:
        """Names of the kinds that have rows to read; see `Facts.kinds`."""
        names = set(self.sources) - {subject.frame for subject in self.schema.subjects.values()}
        names -= {ORDER_FRAME, ITEM_FRAME, EVENT_FRAME, RATE_FRAME}
        for name, kind in self.schema.kinds.items():
            source = self.sources.get(kind.frame)
            if source is None or kind.frame == EVENT_FRAME:
                continue
            if kind.at in source.schema or kind.frame != ORDER_FRAME:
                names.add(name)
        events = self.sources.get(EVENT_FRAME)
        if events is not None:
            raise_errors(events.settle())
            self._remark(events)
            names |= {name for name, rows in self._tally[EVENT_FRAME].items() if rows and self._may_be_event(name)}
        return frozenset(names | set(self.further))

    def rows(self, kind: Kind, columns: Collection[str], *, currency: str, zone: str) -> pl.LazyFrame:
        """The rows of a kind; see `Facts.rows`."""
        source = source_of(kind, self.sources)
        further = self.further.get(kind.name)
        if further is None:
            return self._rows(kind, source, columns, currency, zone)
        own = None if source is None else self._rows(kind, source, self._had(kind, columns), currency, zone)
        return together(own, further, kind, columns_for(kind, columns), self.sources)

    def _rows(
        self, kind: Kind, source: Source | None, columns: Collection[str], currency: str, zone: str
    ) -> pl.LazyFrame:
        if source is None:
            raise RulesError([_not_given(kind.frame, f"`{kind.name}` is read from it")])
        raise_errors(self._settle(kind, source))
        wanted = columns_for(kind, columns)
        feed = self._feed(kind, source)
        raise_errors(not_given(feed, columns))
        raise_errors(source.settle(p for name in wanted if name in feed.fields for p in feed.fields[name].problems))
        feed = self._feed(kind, source)  # over the rows that are left
        feed, found = self.exchange.apply(feed, wanted, currency, zone)
        raise_errors(found)
        feed = self._with_products(feed, wanted, currency)
        chosen = {"at": feed.at, **feed.keys, **{name: pl.col(name) for name in kind.key if name in source.schema}}
        chosen.update({name: feed.fields[name].value for name in wanted if name in feed.fields})
        rows = feed.rows if feed.where is None else feed.rows.filter(feed.where)
        return rows.filter(feed.at.is_not_null()).select(value.alias(name) for name, value in chosen.items())

    def subjects(
        self,
        subject: Subject,
        columns: Collection[str],
        *,
        currency: str,
        zone: str,  # noqa: ARG002  (attributes have no day; kept beside that of `rows`)
    ) -> pl.LazyFrame | None:
        """The subjects of the subject's own frame; see `Facts.subjects`."""
        source = self.sources.get(subject.frame) if subject.frame is not None else None
        if source is None:
            return None
        wanted = [name for name in columns if name != subject.name]
        if subject.since is not None and subject.since in source.schema:
            wanted.append(subject.since)
        raise_errors(_attributes_not_given(subject, source, wanted))
        attributes = {name: subject.columns[name] for name in wanted}
        raise_errors(convert_text(source, attributes, self.zone))
        readings, found = read_columns(source.frame, attributes, source.schema, self.zone)
        raise_errors(found)
        raise_errors(source.settle(problem for reading in readings.values() for problem in reading.problems))
        amounts = [name for name, column in attributes.items() if column.type == MONEY]
        raise_errors(self.exchange.catalogue(source, amounts, currency))
        chosen = {subject.name: pl.col(subject.name), **{name: reading.value for name, reading in readings.items()}}
        return source.rows.select(value.alias(name) for name, value in chosen.items())

    def check(
        self,
        kinds: Iterable[tuple[Kind, Collection[str]]],
        subjects: Iterable[tuple[Subject, Collection[str]]] = (),
    ) -> tuple[Diagnostic, ...]:
        """What keeps columns from being served; see `Facts.check`."""
        found: list[Diagnostic] = []
        for kind, columns in kinds:
            source = source_of(kind, self.sources)
            further = kind.name in self.further
            if source is None:
                if further:
                    continue
                found.append(warning("R425", kind.frame, f"it was not given; `{kind.name}` counts as never happened"))
                continue
            if source.textual:  # it is in memory, and has its types only once it was parsed
                raise_errors(self._settle(kind, source))
            feed = feed_of(kind, source, self.sources, self.zone)
            asked = [name for name in columns if name not in FURTHER] if further else columns
            found += not_given(feed, asked) if isinstance(feed, Feed) else feed
        for subject, columns in subjects:
            own = self.sources.get(subject.frame) if subject.frame is not None else None
            wanted = [name for name in columns if name != subject.name]
            if own is not None:
                found += _attributes_not_given(subject, own, wanted)
            elif wanted:
                what = f"the rules ask for `{wanted[0]}` of {subject.name}"
                found.append(_not_given(subject.frame if subject.frame is not None else subject.name, what))
        return tuple(found)

    def _had(self, kind: Kind, columns: Collection[str]) -> list[str]:
        """Those of the columns that the source has, or that further events have not either."""

        def lacks(name: str) -> bool:
            alone = evolve(self, further={})
            return name in FURTHER and any(one.severity is Severity.ERROR for one in alone.check([(kind, [name])]))

        return [name for name in columns if not lacks(name)]

    def _feed(self, kind: Kind, source: Source) -> Feed:
        feed = feed_of(kind, source, self.sources, self.zone)
        if isinstance(feed, Feed):
            return feed
        raise RulesError(feed)

    def _with_products(self, feed: Feed, wanted: Collection[str], currency: str) -> Feed:
        borrowed = [name for name in feed.borrowed if name in wanted]
        if not borrowed:
            return feed
        products = self.sources[PRODUCT_FRAME]
        raise_errors(products.settle())  # a product listed twice would double the rows that borrow from it
        amounts = [name for name in borrowed if feed.kind.columns[name].type == MONEY]
        raise_errors(self.exchange.catalogue(products, amounts, currency))
        return borrow_products(feed, borrowed, self.sources, self.zone)

    def _may_be_event(self, name: str) -> bool:
        kind = self.schema.kinds.get(name)
        return kind is None or kind.frame in (EVENT_FRAME, name)

    def _settle(self, kind: Kind, source: Source) -> list[Diagnostic]:
        """Apply the rules of a source, and those that only the kind tells, before its rows are used."""
        if source.frame == ITEM_FRAME:
            return self._settle_items(source)
        rules: tuple[Problem, ...] = ()
        if kind.name not in self.schema.kinds:
            shape = shape_of_kind(kind, declared=True)
            found = convert_text(source, shape.columns, self.zone)
            readings, unread = read_columns(source.frame, shape.columns, source.schema, self.zone)
            if found or unread:
                return found or unread
            if source.frame == kind.name:
                found = [*structure(shape, source.schema), *key_findings(source.frame, shape, source.schema)]
                rules = row_rules(shape, source.schema, readings, self.exchange.default)
                if any(one.severity is Severity.ERROR for one in found):
                    return found
        found = source.settle(rules)
        if not found:
            self._remark(source)
        return found

    def _settle_items(self, items: Source) -> list[Diagnostic]:
        orders = self.sources.get(ORDER_FRAME)
        rules: list[Problem] = []
        if orders is not None and "order" in items.schema and "order" in orders.schema and needs_orders(items, orders):
            found = orders.settle()
            if found:
                return found
            if UNKNOWN_ORDER not in items.settled and not items.trusted:
                rules.append(unknown_orders(items, orders))
        return items.settle(rules)

    def _remark(self, source: Source) -> None:
        """Note what is odd about a source, once."""
        if source.frame in self._remarked:
            return
        self._remarked.add(source.frame)
        if source.frame == ORDER_FRAME and not source.trusted:
            self.warnings.extend(stage_remarks(source))
        if source.frame == EVENT_FRAME:
            self._tally[EVENT_FRAME] = tally(source)
            known = [name for name, kind in self.schema.kinds.items() if kind.frame in (EVENT_FRAME, name)]
            self.warnings.extend(unknown_kinds(self._tally[EVENT_FRAME], known))


def raise_errors(found: Iterable[Diagnostic]) -> None:
    """Raise all of them if one is an error."""
    found = tuple(found)
    if any(diagnostic.severity is Severity.ERROR for diagnostic in found):
        raise RulesError(found)


def _not_given(frame: str, what: str) -> Diagnostic:
    return finding("R402", frame, f"it was not given, and {what}")


def _attributes_not_given(subject: Subject, source: Source, columns: Iterable[str]) -> list[Diagnostic]:
    names = set(source.schema) - set(subject.columns)
    fix = "add it; a column of nulls says that none has it"
    return [
        missing("R402", source.frame, name, names, f"which the rules ask of {subject.name}", fix=fix)
        for name in columns
        if name not in source.schema or name not in subject.columns
    ]
