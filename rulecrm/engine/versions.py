"""Versions of the rules: what they are known by, and how an older one is loaded again.

In: a program, or what a ledger kept of one. Out: a hash, texts, or the program.
Invariant: the same texts and params give the same hash on every machine, and load as what they were.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from rulecrm.model.durations import Duration
from rulecrm.model.ir import Const
from rulecrm.model.program import Program
from rulecrm.semantics import compile_rules
from rulecrm.semantics.sources import plugin_names, source_name

if TYPE_CHECKING:
    from rulecrm.plugin import Registry

__all__ = ["load_kept", "params_of", "rules_hash"]


def rules_hash(program: Program) -> str:
    """SHA-256 (hex) of the texts in the order of their names, params, zone, currency, names of plugins' functions."""
    parts: list[object] = [
        sorted(program.sources.values()), sorted(params_of(program).items()), program.zone, program.currency,
    ]  # fmt: skip
    if program.functions:
        parts.append(sorted(program.functions))
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def params_of(program: Program) -> dict[str, str]:
    """What params are set to, by name: JSON, a string as one would write it in the file or a list of such."""
    return {name: json.dumps(_written(const, program.currency)) for name, const in program.params.items()}


def load_kept(sources: Mapping[str, str], params: Mapping[str, str], plugins: Registry | None = None) -> Program | None:
    """The program that these texts were; None where they no longer load in this version of rulecrm.

    Args:
        sources: text by name, the file itself first.
        params: as `params_of` gave them.
        plugins: whose functions and kinds they use; all that is installed where it is left out.
    """
    root = next(iter(sources))

    def read(importer: str, path: str) -> tuple[str, str]:
        for name in (*plugin_names(importer, path), source_name(importer, path)):
            if name in sources:
                return name, sources[name]
        raise FileNotFoundError(path)

    given = {name: json.loads(value) for name, value in params.items()}
    return compile_rules(sources[root], source=root, params=given, read=read, plugins=plugins).program


def _written(const: Const, currency: str) -> str | list[str]:
    value = const.value
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            assert const.type.item is not None
            items = [_written(Const(item, const.type.item), currency) for item in value]
            return [item for item in items if isinstance(item, str)]
        case Duration():
            return value.written()
        case Decimal() if const.type.name == "money":
            return f"{value} {currency}"
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
    return repr(value) if isinstance(value, float) else str(value)
