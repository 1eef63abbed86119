"""What is installed, and what of it can be used.

In: entry points of the group `rulecrm`, or plugins as objects. Out: a frozen `Registry`.
Invariant: what does not fit is refused as a whole, with the reason, and everything else works; the first to offer a
name has it, in the order of the plugins' names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pluggy
from attrs import field, frozen

from rulecrm.model.schema import Kind, Schema, canonical
from rulecrm.plugin.channels import ChannelType
from rulecrm.plugin.discovery import any_installed
from rulecrm.plugin.fit import CHECKS, WHAT
from rulecrm.plugin.functions import Function, Provided
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


@frozen(eq=False)
class Registry:
    """All that plugins offer, by name; `Registry()` is one of no plugins.

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

    def owner(self, what: str, name: str) -> Standing | None:
        """The plugin that offers something, such as `function` or `channel`, of this name."""
        for one in self.plugins:
            if any(offer.what == what and offer.name == name for offer in one.offers):
                return one
        return None

    def provided(self) -> Mapping[str, Provided]:
        """The functions by name, each with the plugin that offers it."""
        found: dict[str, Provided] = {}
        for name, function in self.functions.items():
            owner = self.owner("function", name) or Standing("")
            found[name] = Provided(function, owner.name, owner.wheel)
        return MappingProxyType(found)

    def makings(self) -> tuple[str, ...]:
        """All of it that a checked file may depend on, as texts; imported rules aside, which are read as files are."""
        if not self.functions and not self.kinds:
            return ()
        functions = [
            (name, [(one.type, one.constant) for one in function.arguments], function.gives)
            for name, function in self.functions.items()
        ]
        wheels = [one.wheel for one in self.plugins if {offer.what for offer in one.offers} & {"function", "kind"}]
        return (*wheels, *map(repr, functions), *map(repr, self.kinds.values()))


@cache
def installed() -> Registry:
    """What is installed in this environment; looked up once a process."""
    return registry_of(entry_points(group=GROUP)) if any_installed() else Registry()


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


_WORDS = ("rulecrm_functions", "rulecrm_kinds")
"""Hooks whose offers are words of the rules: one word means one thing."""


def _admit(name: str, wheel: str, load: Callable[[], object], taken: dict[str, dict[str, Any]]) -> Standing:
    try:
        offered = _offered(load())
    except _RefusedError as error:
        return Standing(name, wheel, refused=str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a stranger's code raises, the others go on
        said = str(error).strip()
        return Standing(name, wheel, refused=f"{type(error).__name__}: {said}" if said else type(error).__name__)
    for hook, named in offered.items():
        for word in named:
            for other in _WORDS if hook in _WORDS else (hook,):
                if word in taken[other]:
                    reason = f"the {WHAT[other]} `{word}` is offered by another plugin already"
                    return Standing(name, wheel, refused=reason)
    offers: list[Offer] = []
    for hook, named in offered.items():
        taken[hook].update(named)
        offers += [Offer(WHAT[hook], word, _doc(one)) for word, one in sorted(named.items())]
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
            for word, one in _items(hook, given):
                problem = CHECKS[hook](word, one)
                if problem:
                    raise _RefusedError(f"the {WHAT[hook]} `{word}` {problem}")
                if any(word in offered.get(other, ()) for other in (_WORDS if hook in _WORDS else (hook,))):
                    raise _RefusedError(f"it offers `{word}` twice")
                offered.setdefault(hook, {})[word] = one
    return offered


def _items(hook: str, given: object) -> Iterable[tuple[str, object]]:
    """What a hook gives, by name."""
    named = hook == "rulecrm_standard_rules"
    if isinstance(given, Mapping) is not named or not isinstance(given, Iterable) or isinstance(given, str):
        wanted = "a mapping of texts by name" if named else f"a list of {WHAT[hook]}s"
        raise _RefusedError(f"`{hook}` gives a {type(given).__name__}, not {wanted}")
    if isinstance(given, Mapping):
        return [(str(name), one) for name, one in given.items()]
    return [(_name(one), one) for one in given]


def _name(one: object) -> str:
    name = getattr(one, "name", None)
    if not isinstance(name, str) or not name:
        raise _RefusedError(f"it offers a {type(one).__name__}, which has no name")
    return name


def _doc(one: object) -> str:
    for attribute in ("doc", "short_help", "help"):
        doc = getattr(one, attribute, None)
        if isinstance(doc, str) and doc.strip():
            return doc.strip().splitlines()[0]
    return ""
