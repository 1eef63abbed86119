"""Definitions of the standard library, as a shop has them.

In: a `Shop`, a module, perhaps params. Out: `Standard`.
Invariant: a shop that imports the module is asked by its own import, with the params that it sets there; any other by
the module as it is shipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from attrs import evolve, frozen

from rulecrm.api.rules import Rules, loads
from rulecrm.insight.figure import Origin
from rulecrm.insight.shop import Shop
from rulecrm.model.ir import Value

__all__ = ["Standard", "standard"]


@frozen
class Standard:
    """A module of the standard library over the facts of a shop.

    Attributes:
        shop: the facts, and rules that have the module's definitions.
        prefix: what stands before the names of the module.
    """

    shop: Shop
    prefix: str

    def symbol(self, name: str) -> str:
        """The symbol of a definition of the module."""
        return f"{self.prefix}{name}"

    def param(self, name: str) -> Value:
        """The value of a param of the module."""
        return self.shop.rules.program.params[self.symbol(name)].value

    def origins(self, *names: str) -> tuple[Origin, ...]:
        """Where definitions of the module are written."""
        found = (self.shop.origin(self.symbol(name)) for name in names)
        return tuple(one for one in found if one is not None)


def standard(shop: Shop, module: str, name: str, *, params: Mapping[str, str] | None = None) -> Standard:
    """A module over the facts of a shop.

    Args:
        shop: a shop.
        module: such as `std/rfm.rules`.
        name: a definition of the module, by which an import of it is recognised.
        params: values of params of the module; with them the shop's own import is not asked.

    Raises:
        RulesError: a value that a param does not take.
    """
    own = None if params else _imported(shop, module, name)
    if own is not None:
        return Standard(shop, own)
    currency = f"currency {shop.currency}\n" if len(shop.currency) == 3 else ""
    text = f'timezone "{shop.zone}"\n{currency}import "{module}"\n'
    return Standard(evolve(shop, rules=_loaded(text, tuple(sorted((params or {}).items())))), "")


@lru_cache(maxsize=32)
def _loaded(text: str, params: tuple[tuple[str, str], ...]) -> Rules:
    """Rules that depend on these words alone; a report asks for the same ones again and again."""
    return loads(text, source="<insight>", params=dict(params))


def _imported(shop: Shop, module: str, name: str) -> str | None:
    """The prefix under which the shop's own rules import a module; None where they do not."""
    for one in shop.rules.program.definitions:
        if one.span.source == module and one.symbol.rpartition(".")[2] == name:
            return one.symbol.removesuffix(name)
    return None
