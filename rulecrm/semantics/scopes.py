"""The names visible in each file, and the symbol of each definition.

In: loaded files and what each declares. Out: scopes, and symbols that are unique in the program.
Invariant: a file's own declaration stands before an imported one of its name, in that file and in all that import it;
the imported file's own references keep meaning its own. Kinds are no file's own: the world has one of each name.
"""

from __future__ import annotations

import posixpath
from collections import deque
from collections.abc import Iterator, Sequence

from rulecrm.diagnostics.model import Note
from rulecrm.model import schema
from rulecrm.semantics.report import Report
from rulecrm.semantics.scope import WORDS, Entry, Module
from rulecrm.syntax.declarations import Import

__all__ = ["fill_scopes"]


def fill_scopes(
    modules: Sequence[Module],
    world: schema.Schema,
    base_kinds: frozenset[str],
    reserved: frozenset[str],
    report: Report,
) -> None:
    """Make every name visible where it is, and give out symbols; the first module is the root.

    `base_kinds` are the built-in kinds, `reserved` the names of functions, which no declaration may take. A kind of a
    plugin gives way to whatever a file calls so: no plugin that is installed spoils a file.
    """
    declared = {entry.name for module in modules for entry in module.own.values()}
    builtin = {
        name: Entry(name, "kind", kind=kind, symbol=name, stage="checked")
        for name, kind in world.kinds.items()
        if name not in declared or name in base_kinds
    }
    for module in _imported_first(modules[0]):
        module.scope.update(builtin)
        for declaration, imported in module.imports:
            _merge(module, declaration, imported, report)
        for entry in module.own.values():
            _declare(module, entry, world, reserved, report)
    _give_prefixes(modules[0])
    _give_symbols(modules)


def _merge(module: Module, declaration: Import, imported: Module, report: Report) -> None:
    """Make the names of an imported file visible; those that the importing file declares itself stay its own."""
    prefix = declaration.prefix
    lead = ""
    if prefix is not None:
        lead = f"{prefix.text}."
        if prefix.text in module.scope and prefix.text not in module.prefixes:
            report.error("R301", f"`{prefix.text}` is taken already", prefix.span)
        module.prefixes.add(prefix.text)
        module.prefixes.update(lead + inner for inner in imported.prefixes)
        module.scope[prefix.text] = Entry(prefix.text, "prefix", module, declaration, prefix.span, stage="checked")
    else:
        module.prefixes.update(imported.prefixes)
    for name, entry in imported.scope.items():
        if entry.module is None:
            continue
        visible = lead + name
        if _shadows(module.own.get(visible), entry):
            continue
        other = module.scope.get(visible)
        if other is None:
            module.scope[visible] = entry
        elif other is not entry and entry.form != "broken" and not _both_kinds(other, entry):
            notes = (Note("here", other.span), Note("and here", entry.span))
            report.error(
                "R301",
                f'the import of "{declaration.path.value}" brings a second `{visible}`',
                declaration.span,
                advice="give the import a prefix: `import … as p`",
                notes=notes,
            )


def _declare(module: Module, entry: Entry, world: schema.Schema, reserved: frozenset[str], report: Report) -> None:
    name = entry.name
    other = module.scope.get(name)
    if other is not None and other is not entry:
        if entry.form != "broken":
            _twice(entry, other, report)
        return
    if entry.form != "broken":
        taken = _taken(entry, world, reserved)
        if taken is not None:
            report.error("R301", f"`{name}` is the name of {taken}", entry.span, advice="choose another name")
            return
    module.scope[name] = entry


def _taken(entry: Entry, world: schema.Schema, reserved: frozenset[str]) -> str | None:
    name = entry.name
    if name in world.subjects:
        return WORDS["subject"]
    if name in reserved:
        return WORDS["function"]
    if entry.form in ("kpi", "test", "template", "campaign"):
        return None
    subject = world.subjects.get(entry.subject)
    if subject is not None and name in subject.columns and entry.form != "kind":
        return f"an attribute of the {subject.name}"
    return None


def _twice(entry: Entry, other: Entry, report: Report) -> None:
    name = entry.name
    if _both_kinds(entry, other):
        return
    if other.module is None:
        report.error("R301", f"`{name}` is the name of a built-in kind", entry.span, advice="choose another name")
        return
    report.error("R301", f"`{name}` is defined twice", entry.span, notes=(Note("first here", other.span),))


def _shadows(own: Entry | None, imported: Entry) -> bool:
    return own is not None and own is not imported and "kind" not in (own.form, imported.form)


def _both_kinds(left: Entry, right: Entry) -> bool:
    """Whether both are kinds that files declare: they are one and the same, or have been reported as they differ."""
    return left.form == right.form == "kind" and None not in (left.module, right.module)


def _give_prefixes(root: Module) -> None:
    """Give each file the shortest prefix by which the root reaches it."""
    best: dict[int, int] = {id(root): 0}
    queue = deque([root])
    while queue:
        module = queue.popleft()
        for declaration, imported in module.imports:
            extra = 0 if declaration.prefix is None else 1
            depth = best[id(module)] + extra
            if depth < best.get(id(imported), 1 << 30):
                best[id(imported)] = depth
                name = "" if declaration.prefix is None else f"{declaration.prefix.text}."
                imported.prefix = module.prefix + name
                (queue.append if extra else queue.appendleft)(imported)


def _give_symbols(modules: Sequence[Module]) -> None:
    """The symbol of an entry is its name in the root file; one that is shadowed there gets `FILE.NAME` for itself."""
    visible: dict[int, str] = {}
    names = modules[0].scope
    for name, entry in names.items():
        shortest = visible.setdefault(id(entry), name)
        if name.count(".") < shortest.count("."):
            visible[id(entry)] = name
    used = set(names)
    for module in modules:
        for name, entry in module.own.items():
            symbol = module.prefix + name
            if names.get(symbol) is not entry:
                symbol = visible.get(id(entry)) or _private(module.source, name, used)
            used.add(symbol)
            entry.symbol = symbol


def _private(source: str, name: str, used: set[str]) -> str:
    """A symbol that nothing has yet, and no rules file can write where the file's prefix is another."""
    stem, _ = posixpath.splitext(posixpath.basename(source))
    symbol, count = f"{stem}.{name}", 1
    while symbol in used:
        count += 1
        symbol = f"{stem}{count}.{name}"
    return symbol


def _imported_first(root: Module) -> Iterator[Module]:
    done: set[int] = set()
    stack: list[tuple[Module, bool]] = [(root, False)]
    while stack:
        module, ready = stack.pop()
        if ready:
            yield module
        elif id(module) not in done:
            done.add(id(module))
            stack.append((module, True))
            stack.extend((imported, False) for _, imported in reversed(module.imports) if id(imported) not in done)
