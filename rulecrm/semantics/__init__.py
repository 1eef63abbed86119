"""From syntax to the typed model: every name and every type settled, no data needed."""

from rulecrm.semantics.compile import Compiled, compile_rules

__all__ = ["Compiled", "compile_rules"]
