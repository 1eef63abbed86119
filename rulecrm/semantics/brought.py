"""What plugins bring to the language.

In: a registry, or None for what is installed. Out: functions as the checker knows them, kinds, rules to import.
Invariant: where no plugin is installed nothing is imported to find that out, and nothing is brought.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from rulecrm.model.schema import Schema, canonical
from rulecrm.plugin.discovery import any_installed
from rulecrm.semantics.functions import Function, Overload
from rulecrm.semantics.sources import Read, reader

if TYPE_CHECKING:
    from rulecrm.plugin import Provided, Registry

__all__ = ["functions_of", "known_plugins", "provided_by", "read_with", "refused_of", "rules_of", "world_with"]


def known_plugins(plugins: Registry | None) -> Registry | None:
    """The registry that counts: the one given, else the installed one; None where nothing is installed."""
    if plugins is not None or not any_installed():
        return plugins
    from rulecrm.plugin.registry import installed

    return installed()


def world_with(plugins: Registry | None) -> Schema:
    """The built-in world and the kinds of plugins."""
    return canonical() if plugins is None else plugins.schema()


def rules_of(plugins: Registry | None) -> Mapping[str, str]:
    """Texts that can be imported by name."""
    return MappingProxyType({}) if plugins is None else plugins.standard_rules


def read_with(plugins: Registry | None) -> Read:
    """How imports are read: rules of plugins, the standard library, files."""
    return reader(rules_of(plugins))


def provided_by(plugins: Registry | None) -> Mapping[str, Provided]:
    """Functions by name, each with its plugin."""
    return MappingProxyType({}) if plugins is None else plugins.provided()


def refused_of(plugins: Registry | None) -> tuple[str, ...]:
    """Names of plugins that were refused: what they bring is missed."""
    return () if plugins is None else tuple(one.name for one in plugins.plugins if one.refused is not None)


def functions_of(provided: Mapping[str, Provided]) -> dict[str, Function]:
    """Functions of plugins as the checker knows those of the language."""
    return {name: _function(name, one) for name, one in provided.items()}


def _function(name: str, provided: Provided) -> Function:
    own = provided.function
    takes = tuple(argument.type for argument in own.arguments)
    written = frozenset(place for place, argument in enumerate(own.arguments) if argument.constant)
    return Function(name, (Overload(takes, own.gives, f"plugin.{name}", written=written),), own.doc, own.example)
