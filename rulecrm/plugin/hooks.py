"""The hooks that a plugin may implement.

In: nothing. Out: their specifications for pluggy, and the mark of an implementation.
Invariant: a hook takes nothing and gives objects; whoever wants to use one of them calls the object, not the hook.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pluggy

from rulecrm.model.schema import Kind
from rulecrm.plugin.channels import ChannelType
from rulecrm.plugin.functions import Function
from rulecrm.plugin.platforms import PlatformType

if TYPE_CHECKING:
    import click

__all__ = ["GROUP", "HOOKS", "Hooks", "hookimpl"]

GROUP = "rulecrm"
"""The entry-point group, and pluggy's name of the project."""

hookimpl = pluggy.HookimplMarker(GROUP)
"""Marks a function of a plugin as the implementation of the hook of the same name."""

_hookspec = pluggy.HookspecMarker(GROUP)


class Hooks:
    """The specifications."""

    @_hookspec
    def rulecrm_channels(self) -> Iterable[ChannelType]:
        """Ways to reach people."""
        raise NotImplementedError

    @_hookspec
    def rulecrm_platforms(self) -> Iterable[PlatformType]:
        """Where orders come from."""
        raise NotImplementedError

    @_hookspec
    def rulecrm_functions(self) -> Iterable[Function]:
        """Functions that rules may call."""
        raise NotImplementedError

    @_hookspec
    def rulecrm_kinds(self) -> Iterable[Kind]:
        """Kinds of facts that rules may speak of."""
        raise NotImplementedError

    @_hookspec
    def rulecrm_standard_rules(self) -> Mapping[str, str]:
        """Texts that rules may import, by the name they import: `acme/loyalty.rules`."""
        raise NotImplementedError

    @_hookspec
    def rulecrm_commands(self) -> Iterable[click.Command]:
        """Commands of `rulecrm`."""
        raise NotImplementedError


HOOKS = (
    "rulecrm_channels",
    "rulecrm_platforms",
    "rulecrm_functions",
    "rulecrm_kinds",
    "rulecrm_standard_rules",
    "rulecrm_commands",
)
