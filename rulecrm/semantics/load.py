"""From one text to all files it imports, and the names visible in each.

In: the text of the root file and a way to read others. Out: `Loaded`: modules with their scopes, and the schema.
Invariant: a file is loaded once for each set of values its importers give to its params; files are walked with a
queue, so that no chain of imports is too long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from types import MappingProxyType

from attrs import define, evolve, field

from rulecrm.diagnostics.model import Note
from rulecrm.diagnostics.suggest import did_you_mean, near_or_all, nearest
from rulecrm.model import schema
from rulecrm.semantics.declared import column, own_entries, type_of
from rulecrm.semantics.report import Report
from rulecrm.semantics.scope import Entry, Module
from rulecrm.semantics.scopes import fill_scopes
from rulecrm.semantics.sources import Read, neighbours
from rulecrm.syntax.declarations import Attribute, Import, Kind, Override
from rulecrm.syntax.parse import parse

__all__ = ["Loaded", "load"]


@define(eq=False)
class Loaded:
    """All files of one program; `modules` has the root first, then in the order in which they were met."""

    root: Module
    modules: list[Module] = field(factory=list)
    sources: dict[str, str] = field(factory=dict)
    schema: schema.Schema = field(factory=schema.canonical)
    base_kinds: frozenset[str] = frozenset()


def load(
    text: str,
    source: str,
    read: Read,
    *,
    base: schema.Schema,
    reserved: frozenset[str],
    report: Report,
    library: tuple[str, ...] = (),
) -> Loaded:
    """Parse the root and all it imports, then fill the scopes.

    `reserved` are the names of functions and aggregates, which no declaration may take; `library` those of rules that
    plugins bring, which may have been meant by an import.
    """
    root = _module(text, source, report)
    loaded = Loaded(root, [root], {source: text}, base, frozenset(base.kinds) - base.declared)
    _follow_imports(loaded, read, library, report)
    for module in loaded.modules:
        module.own.update(own_entries(module, report))
    _check_overrides(loaded, report)
    loaded.schema = _world(loaded, report)
    fill_scopes(loaded.modules, loaded.schema, loaded.base_kinds, reserved, report)
    return loaded


def _module(text: str, source: str, report: Report) -> Module:
    parsed = parse(text, source)
    report.extend(parsed.diagnostics)
    return Module(source, parsed.rules, broken=parsed.broken)


def _follow_imports(loaded: Loaded, read: Read, library: tuple[str, ...], report: Report) -> None:
    known: dict[tuple[str, tuple[Override, ...]], Module] = {(loaded.root.source, ()): loaded.root}
    texts: dict[str, Module] = {loaded.root.source: loaded.root}
    queue = deque([loaded.root])
    while queue:
        importer = queue.popleft()
        for declaration in importer.rules.declarations:
            if not isinstance(declaration, Import):
                continue
            found = _read(importer, declaration, read, library, report)
            if found is None:
                continue
            name, text = found
            overrides = tuple(sorted(declaration.overrides, key=lambda override: override.name.text))
            module = known.get((name, overrides))
            if module is None:
                twin = texts.get(name)
                module = Module(name, twin.rules, broken=twin.broken) if twin else _module(text, name, report)
                texts.setdefault(name, module)
                for override in overrides:
                    module.overrides[override.name.text] = (override.value, importer)
                known[name, overrides] = module
                loaded.modules.append(module)
                loaded.sources[name] = text
                queue.append(module)
            importer.imports.append((declaration, module))
    _find_cycles(loaded, report)


def _read(
    importer: Module, declaration: Import, read: Read, library: tuple[str, ...], report: Report
) -> tuple[str, str] | None:
    path = declaration.path
    try:
        return read(importer.source, path.value)
    except FileNotFoundError:
        there = neighbours(importer.source, path.value, library=library)
        whole = f"{path.value}.rules"
        near = whole if whole in there else nearest(path.value, there)
        advice = None if near is None else f'did you mean "{near}"?'
        report.error("R501", f'there is no file "{path.value}"', path.span, advice=advice)
    except UnicodeDecodeError:
        report.error("R501", f'"{path.value}" is no text in UTF-8', path.span)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        report.error("R501", f'"{path.value}" cannot be read: {reason}', path.span)
    return None


def _check_overrides(loaded: Loaded, report: Report) -> None:
    """Report values for params that the imported file does not have, and second values for one param."""
    for module in loaded.modules:
        for declaration, imported in module.imports:
            params = [name for name, entry in imported.own.items() if entry.form == "param"]
            seen: set[str] = set()
            for override in declaration.overrides:
                name = override.name.text
                if name in seen:
                    report.error("R301", f"`{name}` is set twice", override.name.span)
                seen.add(name)
                if name not in params and name not in imported.broken:
                    message = f'"{declaration.path.value}" has no param `{name}`'
                    report.error("R503", message, override.name.span, advice=did_you_mean(name, params))


def _find_cycles(loaded: Loaded, report: Report) -> None:
    """Report each import that leads back to a file on its own path, by an iterative walk."""
    state: dict[int, str] = {}
    path: list[Module] = [loaded.root]
    walks: list[Iterator[tuple[Import, Module]]] = [iter(loaded.root.imports)]
    state[id(loaded.root)] = "open"
    closing: list[tuple[Module, Import]] = []
    while walks:
        step = next(walks[-1], None)
        if step is None:
            walks.pop()
            state[id(path.pop())] = "done"
            continue
        declaration, module = step
        found = state.get(id(module))
        on_path = next((at for at, other in enumerate(path) if other.source == module.source), None)
        if on_path is not None:
            chain = " → ".join([*(other.source for other in path[on_path:]), module.source])
            report.error("R502", f"files import one another in a circle: {chain}", declaration.path.span)
            closing.append((path[-1], declaration))
        elif found is None:
            state[id(module)] = "open"
            path.append(module)
            walks.append(iter(module.imports))
    for importer, declaration in closing:
        importer.imports[:] = [step for step in importer.imports if step[0] is not declaration]


def _world(loaded: Loaded, report: Report) -> schema.Schema:
    """The schema with all declared kinds and attributes; these have one name in the whole program."""
    base = loaded.schema
    kinds: dict[str, schema.Kind] = {}
    first: dict[str, Entry] = {}
    columns: dict[str, dict[str, schema.Column]] = {}
    for module in loaded.modules:
        for entry in module.own.values():
            if isinstance(entry.node, Kind):
                kind = _kind(entry.node, base, report)
                entry.kind = kind
                other = kinds.get(kind.name)
                if other is not None and other != kind:
                    notes = (Note("declared otherwise here", first[kind.name].span),)
                    report.error("R301", f"the kind `{kind.name}` is declared twice", entry.span, notes=notes)
                elif other is not None:
                    entry.kind = other
                kinds.setdefault(kind.name, kind)
                first.setdefault(kind.name, entry)
        for declaration in module.rules.declarations:
            if isinstance(declaration, Attribute):
                _attribute(declaration, base, columns, report)
    subjects = {
        name: evolve(subject, columns=MappingProxyType({**subject.columns, **columns[name]}))
        if name in columns
        else subject
        for name, subject in base.subjects.items()
    }
    return schema.Schema(
        MappingProxyType(subjects), MappingProxyType({**base.kinds, **kinds}), base.declared | frozenset(kinds)
    )


def _kind(node: Kind, base: schema.Schema, report: Report) -> schema.Kind:
    columns: dict[str, schema.Column] = {}
    for part in node.fields:
        name = part.name.text
        if name == "at" or name in base.subjects:
            report.error("R301", f"every kind has `{name}` already", part.name.span)
        elif name in columns:
            report.error("R301", f"the field `{name}` is there twice", part.name.span)
        else:
            columns[name] = column(name, part.type, report)
    doc = node.doc or node.title or ""
    return schema.Kind(node.name.text, node.name.text, "at", MappingProxyType(columns), doc=doc)


def _attribute(
    node: Attribute, base: schema.Schema, columns: dict[str, dict[str, schema.Column]], report: Report
) -> None:
    subject = "customer" if node.subject is None else node.subject.text
    if subject not in base.subjects:
        advice = near_or_all(subject, base.subjects)
        report.error(
            "R107", f"unknown subject `{subject}`", node.subject.span if node.subject else node.span, advice=advice
        )
        return
    name = node.name.text
    own = columns.setdefault(subject, {})
    new = schema.Column(name, type_of(node.type, report), node.doc or node.title or "")
    if name in base.subjects[subject].columns or name == subject or own.get(name, new) != new:
        report.error("R301", f"a {subject} has the attribute `{name}` already", node.name.span)
    else:
        own[name] = new
