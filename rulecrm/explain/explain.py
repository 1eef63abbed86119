"""The explanation of one verdict, one label or one value.

In: a program, facts, a key, the name of a definition, an instant. Out: `Explanation`.
Invariant: the verdict at the root is the one that an evaluation of everybody gives.
"""

from __future__ import annotations

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import did_you_mean
from rulecrm.explain.asking import ask_about
from rulecrm.explain.explanation import Explanation, Node
from rulecrm.explain.flip import culprits, label_change, smallest_change
from rulecrm.explain.shown import Door
from rulecrm.explain.tree import Tree
from rulecrm.facts import Facts
from rulecrm.machine import lives
from rulecrm.model import ir
from rulecrm.model.program import Program
from rulecrm.planning import definition_of, make_plan
from rulecrm.runtime.evaluate import start_run

__all__ = ["explain"]


def explain(program: Program, facts: Facts, *, key: object, symbol: str, instant: int) -> Explanation:
    """Why a subject is in a segment or not, or has its label, or its value, as of an instant.

    Args:
        program: the rules.
        facts: the shop's facts.
        key: the subject's key, text or integer.
        symbol: a segment, a classification, a metric or a lifecycle.
        instant: T, microseconds since 1970-01-01 UTC.

    Raises:
        RulesError: R120 for a name that is not there, R432 for a key that no fact knows; and what the facts have
            against being read.
    """
    definition = _definition(program, symbol)
    # The definitions as they were written: no pass may turn a clause into another.
    run = start_run(program, facts, make_plan(program, [symbol], passes=()), lender=lives)
    asker = ask_about(run, definition.subject, key)
    ref = ir.Ref(symbol, definition.type)
    asker.prepare(ref, instant)
    door = Door(program.zone, program.currency)
    root = Tree(asker, door).definition(ref, instant)
    as_of = door.wall_clock(instant)
    return Explanation(
        symbol, definition.form, definition.subject, str(asker.key), as_of, program.zone, asker.exists(instant), root,
        failed=_failed(root), to_flip=_to_flip(root),
    )  # fmt: skip


def _failed(root: Node) -> tuple[Node, ...]:
    if root.form == "segment":
        return culprits(root, root, wanted=True)
    found: dict[int, Node] = {}
    if root.form == "classify":
        for arm in root.children:
            if arm.verdict is not False:
                break
            found.update((node.id, node) for node in culprits(root, arm, wanted=True))
    return tuple(found.values())


def _to_flip(root: Node) -> tuple[Node, ...]:
    match root.form:
        case "segment":
            return smallest_change(root)
        case "classify":
            return label_change(root)
    return ()


def _definition(program: Program, symbol: str) -> ir.Definition:
    names = [*(one.symbol for one in program.definitions), *(one.symbol for one in program.lifecycles)]
    if symbol in names:
        return definition_of(program, symbol)
    help_ = did_you_mean(symbol, names)
    raise RulesError([Diagnostic("R120", f"no definition is called `{symbol}`", help=help_)], program.sources)
