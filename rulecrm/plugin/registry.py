"""What is installed, and what of it can be used.

In: entry points of the group `rulecrm`, or plugins as objects. Out: a frozen `Registry`.
Invariant: what does not fit is refused as a whole, with the reason, and everything else works; the first to offer a
name has it, in the order of the plugins' names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs
import pluggy
from attrs import field, frozen

from rulecrm.model.schema import Kind, Schema, canonical
from rulecrm.plugin.channels import ChannelType
from rulecrm.plugin.functions import Function
from rulecrm.plugin.hooks import GROUP, HOOKS, Hooks
from rulecrm.plugin.platforms import PlatformType

if TYPE_CHECKING:
    import click  # noqa: TC004 - the annotation is never evaluated

__all__ = ["Offer", "Registry", "Standing", "installed", "registry_of"]


@frozen
class Offer:
    """One thing that a plugin offers: `what` is `channel`, `platform`, `function`, `kind`, `rules` or `command`."""

    what: str
    name: str
    doc: str = ""


@frozen
class Standing:
    """How a plugin stands.

    Attributes:
        name: of its entry point.
        wheel: the distribution it came in, and its version; empty for an object that was handed over.
        offers: what it offers and may be used.
        refused: why it was refused as a whole, or None.
    """

    name: str
    wheel: str = ""
    offers: tuple[Offer, ...] = ()
    refused: str | None = None


def _none() -> Mapping[str, Any]:
    return MappingProxyType({})


@frozen
class Registry:
    """All that plugins offer, by name.

    Attributes:
        channels: by the name that settings ask for.
        platforms: by name.
        functions: by the word of the rules.
        kinds: by the word of the rules.
        standard_rules: texts by the name they are imported by.
        commands: by name.
        plugins: how each plugin stands, by name.
    """

    channels: Mapping[str, ChannelType] = field(factory=_none)
    platforms: Mapping[str, PlatformType] = field(factory=_none)
    functions: Mapping[str, Function] = field(factory=_none)
    kinds: Mapping[str, Kind] = field(factory=_none)
    standard_rules: Mapping[str, str] = field(factory=_none, repr=False)
    commands: Mapping[str, click.Command] = field(factory=_none, repr=False)
    plugins: tuple[Standing, ...] = ()

    def schema(self) -> Schema:
        """The built-in world and the kinds of plugins."""
        world = canonical()
        for kind in self.kinds.values():
            world = world.with_kind(kind)
        return world


@cache
def installed() -> Registry:
    """What is installed in this environment; looked up once a process."""
    return registry_of(entry_points(group=GROUP))


def registry_of(plugins: Iterable[EntryPoint] | Mapping[str, object]) -> Registry:
    """The registry of these plugins.

    Args:
        plugins: entry points, or objects that implement hooks, by name.
    """
    given: list[tuple[str, str, Callable[[], object]]]
    if isinstance(plugins, Mapping):
        given = [(name, "", partial(_itself, plugin)) for name, plugin in plugins.items()]
    else:
        given = [(point.name, _wheel(point), point.load) for point in plugins]
    taken: dict[str, dict[str, Any]] = {hook: {} for hook in HOOKS}
    standings = [_admit(name, wheel, load, taken) for name, wheel, load in sorted(given, key=lambda one: one[:2])]
    sections = {
        hook.removeprefix("rulecrm_"): MappingProxyType(dict(sorted(named.items()))) for hook, named in taken.items()
    }
    return Registry(**sections, plugins=tuple(standings))


def _itself(plugin: object) -> object:
    return plugin


def _wheel(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else ""


class _RefusedError(Exception):
    """Why a plugin cannot be used."""


def _admit(name: str, wheel: str, load: Callable[[], object], taken: dict[str, dict[str, Any]]) -> Standing:
    try:
        offered = _offered(load())
    except _RefusedError as error:
        return Standing(name, wheel, refused=str(error))
    except Exception as error:  # noqa: BLE001 - whatever a stranger's code raises, the others go on
        return Standing(name, wheel, refused=f"{type(error).__name__}: {error}")
    for hook, named in offered.items():
        for word in named:
            if word in taken[hook]:
                reason = f"the {_WHAT[hook]} `{word}` is offered by another plugin already"
                return Standing(name, wheel, refused=reason)
    offers: list[Offer] = []
    for hook, named in offered.items():
        taken[hook].update(named)
        offers += [Offer(_WHAT[hook], word, _doc(one)) for word, one in sorted(named.items())]
    return Standing(name, wheel, tuple(offers))


def _offered(plugin: object) -> dict[str, dict[str, Any]]:
    """What the plugin's hooks give, checked; pluggy sees to it that hooks are called as they are specified."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(Hooks)
    manager.register(plugin)
    manager.check_pending()
    if not manager.get_hookcallers(plugin):
        raise _RefusedError("it implements no hook; a hook is a function marked with `rulecrm.plugin.hookimpl`")
    offered: dict[str, dict[str, Any]] = {}
    for hook in HOOKS:
        for given in getattr(manager.hook, hook)():
            items = given.items() if isinstance(given, Mapping) else ((_name(one), one) for one in given)
            for word, one in items:
                problem = _CHECKS[hook](word, one)
                if problem:
                    raise _RefusedError(f"the {_WHAT[hook]} `{word}` {problem}")
                if word in offered.setdefault(hook, {}):
                    raise _RefusedError(f"it offers the {_WHAT[hook]} `{word}` twice")
                offered[hook][word] = one
    return offered


def _name(one: object) -> str:
    name = getattr(one, "name", None)
    if not isinstance(name, str):
        raise _RefusedError(f"it offers a {type(one).__name__}, which has no name")
    return name


def _doc(one: object) -> str:
    doc = getattr(one, "doc", None) or getattr(one, "short_help", None) or getattr(one, "help", None)
    return doc.strip().splitlines()[0] if isinstance(doc, str) and doc.strip() else ""


# --- what each thing must be --------------------------------------------------------------------------------------

_WHAT = {
    "rulecrm_channels": "channel",
    "rulecrm_platforms": "platform",
    "rulecrm_functions": "function",
    "rulecrm_kinds": "kind",
    "rulecrm_standard_rules": "rules",
    "rulecrm_commands": "command",
}

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_IMPORTED = re.compile(r"[a-z][a-z0-9_-]*(/[a-z0-9_-]+)+\.rules\Z")


def _channel(name: str, one: object) -> str | None:
    if not isinstance(one, ChannelType):
        return f"is a {type(one).__name__}, no ChannelType"
    if not _SLUG.match(name):
        return "is not named in lower-case letters, digits and hyphens"
    return None if attrs.has(one.settings) else "has settings that are no attrs class"


def _platform(name: str, one: object) -> str | None:
    if not isinstance(one, PlatformType):
        return f"is a {type(one).__name__}, no PlatformType"
    return None if _SLUG.match(name) else "is not named in lower-case letters, digits and hyphens"


def _function(name: str, one: object) -> str | None:
    if not isinstance(one, Function):
        return f"is a {type(one).__name__}, no Function"
    if not name.isidentifier():
        return "is not a word that rules could write"
    return None if one.doc else "has no doc: a line that says what it gives, with units"


def _kind(name: str, one: object) -> str | None:
    if not isinstance(one, Kind):
        return f"is a {type(one).__name__}, no Kind"
    if not name.isidentifier():
        return "is not a word that rules could write"
    return "is built in" if name in canonical().kinds else None


def _rules(name: str, one: object) -> str | None:
    if not _IMPORTED.match(name) or name.startswith("std/"):
        return "is not named as rules import it: `acme/loyalty.rules`"
    return None if isinstance(one, str) else f"is a {type(one).__name__}, no text"


def _command(_: str, one: object) -> str | None:
    return None if callable(getattr(one, "main", None)) else f"is a {type(one).__name__}, no command of click"


_CHECKS: Mapping[str, Callable[[str, object], str | None]] = MappingProxyType(
    {
        "rulecrm_channels": _channel,
        "rulecrm_platforms": _platform,
        "rulecrm_functions": _function,
        "rulecrm_kinds": _kind,
        "rulecrm_standard_rules": _rules,
        "rulecrm_commands": _command,
    }
)
