"""Routes: by which channel object which messages go.

In: a settings file (`sending.toml`), or channels that are open already. Out: `Routes`.
Invariant: every message has one route at most, whoever asks: the one that `via` names, or else its channel's default.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import attrs
from attrs import field, frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError, Severity
from rulecrm.diagnostics.suggest import near_or_all, nearest
from rulecrm.dispatch.builtin import BUILTIN
from rulecrm.model.machine import Act, Send, Staff
from rulecrm.model.program import Program
from rulecrm.plugin import NO_SECRET, Channel, ChannelType, Context, Registry, Secret, Traits, installed, read_settings

__all__ = ["ADDRESSES", "STAFF", "Route", "Routes", "Sending", "Web"]

STAFF = "staff"
"""The channel of `notify staff`."""

ADDRESSES: Mapping[str, str] = MappingProxyType({"sms": "phone", "email": "email"})
"""By channel the attribute of a customer that addresses are in, where neither settings nor the channel name another."""

T = TypeVar("T")

_OWN = ("use", "channel", "address", "default", "templates")


@frozen(eq=False)
class Route:
    """A channel that is set up.

    Attributes:
        name: of its table in the settings.
        channel: the word of the rules that it serves.
        sender: the channel.
        address: the customer's attribute in which its addresses are; of the staff's route the address itself.
        default: whether it serves its channel where a send says no `via`.
        templates: the provider's own names of templates, by the rules' name.
        kind: what it was made from, where it was made from settings.
        secrets: the references that its settings hold, by name.
    """

    name: str
    channel: str
    sender: Channel = field(repr=False)
    address: str
    default: bool = False
    templates: Mapping[str, str] = field(factory=lambda: MappingProxyType({}))
    kind: ChannelType | None = field(default=None, repr=False)
    secrets: Mapping[str, Secret] = field(factory=lambda: MappingProxyType({}), repr=False)

    def problem(self) -> Diagnostic | None:
        """A secret that is not where the settings say; None where all are there."""
        for name, secret in self.secrets.items():
            try:
                secret.reveal()
            except RulesError as error:
                (first, *_) = error.diagnostics
                return attrs.evolve(first, message=f"[routes.{self.name}]: `{name}`: {first.message}")
        return None

    @property
    def traits(self) -> Traits:
        """How the channel wants to be used."""
        return self.sender.traits


@frozen
class Web:
    """Where links of messages lead.

    Attributes:
        url: the address of the mounted app, as the world calls it.
        secret: what links are signed with.
        old_secret: what they were signed with before; links that are out there still work.
    """

    url: str
    secret: Secret
    old_secret: Secret = NO_SECRET


@frozen
class Sending:
    """How patiently messages are sent.

    Attributes:
        attempts: how often a message is tried by one route before it has failed.
        expires_hours: how long after its due instant a message is still of use.
        retry_seconds: about how long after the first attempt the second is made; twice as long before each other one.
        timeout_seconds: how long one call of a channel may take.
        lease_seconds: how long a worker may keep a message that it has claimed.
    """

    attempts: int = field(default=6, validator=attrs.validators.ge(1))
    expires_hours: float = field(default=72.0, validator=attrs.validators.gt(0))
    retry_seconds: float = field(default=30.0, validator=attrs.validators.ge(0))
    timeout_seconds: float = field(default=120.0, validator=attrs.validators.gt(0))
    lease_seconds: float = field(default=600.0, validator=attrs.validators.gt(0))


@frozen(eq=False)
class Routes:
    """All routes, and what they have in common.

    Attributes:
        routes: in the order of the file.
        sending: how patiently.
        web: where links lead; None where nothing is mounted.
        warnings: what was odd.
    """

    routes: tuple[Route, ...]
    sending: Sending = Sending()
    web: Web | None = None
    warnings: tuple[Diagnostic, ...] = ()

    @classmethod
    def of(cls, channels: Mapping[str, Channel], *, sending: Sending | None = None) -> Routes:
        """Routes over channels that are open already, by the word of the rules that each serves."""
        found = []
        given: Mapping[str, object] = channels
        for word, sender in given.items():
            if not isinstance(sender, Channel):
                message = f"what was given for `{word}` is a {type(sender).__name__}, no channel"
                raise RulesError([Diagnostic("R482", message, help="a channel has `traits`, `send` and `close`")])
            found.append(Route(word, word, sender, sender.traits.address if word != STAFF else "", default=True))
        return cls(tuple(found), sending or Sending())

    @classmethod
    def load(cls, path: str | Path, *, registry: Registry | None = None, context: Context | None = None) -> Routes:
        """Read a settings file.

        Args:
            path: of the file.
            registry: what is installed, where nothing else is said.
            context: what channels are told of where they run.

        Raises:
            RulesError: R480 to R483, everything that is wrong.
        """
        path = Path(path)
        try:
            given = tomllib.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise _error("R482", f"{path.name} cannot be read: {error}") from None
        except tomllib.TOMLDecodeError as error:
            raise _error("R482", f"{path.name} is no TOML: {error}") from None
        folder = str(path.parent)
        return cls.read(given, registry=registry, context=context or Context(folder=folder))

    @classmethod
    def read(
        cls, given: Mapping[str, object], *, registry: Registry | None = None, context: Context | None = None
    ) -> Routes:
        """Routes as settings say; see `load`."""
        found: list[Diagnostic] = []
        registry = registry or installed()
        known = {**registry.channels, **BUILTIN}
        tables = {"routes", "sending", "web"}
        for name in sorted(set(given) - tables):
            found += [
                Diagnostic("R482", f"settings of sending know no `{name}`", help=near_or_all(name, sorted(tables)))
            ]
        sending = _settings(given.get("sending", {}), Sending, "[sending]", found) or Sending()
        web = _settings(given["web"], Web, "[web]", found) if "web" in given else None
        tables_ = given.get("routes", {})
        routes: list[Route] = []
        if not isinstance(tables_, Mapping):
            found.append(Diagnostic("R482", "`routes` is no table", help="write [routes.NAME] for each"))
            tables_ = {}
        for name, table in tables_.items():
            try:
                routes.append(_route(name, table, known, registry, context or Context()))
            except RulesError as error:
                found += error.diagnostics
        found += _twice(routes)
        if any(one.severity is Severity.ERROR for one in found):
            raise RulesError(found)
        return cls(tuple(routes), sending, web, tuple(found))

    def serving(self, channel: str, via: str | None) -> Route | None:
        """The route of a message; None where there is none."""
        return next((one for one in self.routes if (channel, via) in self.pairs(one)), None)

    def pairs(self, route: Route) -> frozenset[tuple[str, str | None]]:
        """What a route serves: its channel, by `via`; None for messages that say none."""
        mine = [one for one in self.routes if one.channel == route.channel]
        default = next((one for one in mine if one.default), mine[0])
        names: list[str | None] = [route.name]
        provider = route.traits.provider
        if next(one for one in mine if one.traits.provider == provider) is route and provider not in {
            one.name for one in mine
        }:
            names.append(provider)
        return frozenset((route.channel, via) for via in (*names, *([None] if route is default else [])))

    def check(self, program: Program) -> list[Diagnostic]:
        """What does not fit the rules, as warnings.

        What they want to send and no route serves waits until it expires; a provider's name of a template that they do
        not have is never used.
        """
        wanted: dict[tuple[str, str | None], str] = {}
        for campaign in program.journeys:
            for node in campaign.automaton.nodes:
                if isinstance(node, Act) and isinstance(node.action, Send):
                    for message in node.action.messages:
                        wanted.setdefault((message.channel, message.via), campaign.symbol)
                elif isinstance(node, Act) and isinstance(node.action, Staff):
                    wanted.setdefault((STAFF, None), campaign.symbol)
        found = []
        for (channel, via), sender in wanted.items():
            if self.serving(channel, via) is not None:
                continue
            mine = [one.name for one in self.routes if one.channel == channel]
            how = f"`{channel}` via `{via}`" if via else f"`{channel}`"
            help_ = (
                near_or_all(via, sorted(mine))
                if via and mine
                else f"write a table [routes.{channel}], or `channel` in another"
            )
            text = f"no route serves {how}, by which `{sender}` sends; such messages wait until they expire"
            found.append(Diagnostic("R483", text, severity=Severity.WARNING, help=help_))
        for one in self.routes:
            for name in sorted(set(one.templates) - set(program.templates)):
                text = f"[routes.{one.name}]: `templates` names `{name}`, which is no template of the rules"
                near = near_or_all(name, sorted(program.templates)) if program.templates else None
                found.append(Diagnostic("R482", text, severity=Severity.WARNING, help=near))
        return found

    async def close(self) -> None:
        """Close every channel that was made from settings; those that were handed over are their owners'."""
        for one in self.routes:
            if one.kind is not None:
                await one.sender.close()


def _route(name: str, table: object, known: Mapping[str, ChannelType], registry: Registry, context: Context) -> Route:
    where = f"[routes.{name}]"
    if not isinstance(table, Mapping):
        raise _error("R482", f"{where} is no table")
    use = table.get("use")
    if not isinstance(use, str):
        raise _error("R482", f"{where} does not say what it uses", f"use = one of: {', '.join(sorted(known))}")
    if use not in known:
        raise _not_there(where, use, known, registry)
    kind, found = known[use], list[Diagnostic]()
    words = {key: table[key] for key in ("channel", "address") if key in table}
    wrong = [key for key, value in words.items() if not isinstance(value, str) or not value]
    found += [Diagnostic("R482", f"{where}: `{key}` is a text") for key in wrong]
    default, templates = table.get("default", False), table.get("templates", {})
    if not isinstance(default, bool):
        found.append(Diagnostic("R482", f"{where}: `default` is true or false"))
    if not isinstance(templates, Mapping) or not all(isinstance(code, str) for code in templates.values()):
        found.append(Diagnostic("R482", f"{where}: `templates` is a table: the rules' name = the provider's name"))
        templates = {}
    settings = None
    try:
        own = {key: value for key, value in table.items() if key not in _OWN}
        settings = read_settings(own, kind.settings, where=where)
    except RulesError as error:
        found += error.diagnostics
    if found:
        raise RulesError(found)
    try:
        sender = kind.open(settings, attrs.evolve(context, name=name))
    except RulesError:
        raise
    except Exception as error:  # noqa: BLE001 - a stranger's code
        raise _error("R482", f"{where}: `{use}` cannot be set up: {type(error).__name__}: {error}") from None
    channel = str(words.get("channel", kind.channel))
    usual = sender.traits.address if channel == kind.channel else ADDRESSES.get(channel, sender.traits.address)
    address = str(words.get("address", "" if channel == STAFF else usual))
    codes, secrets = MappingProxyType(dict(templates)), MappingProxyType(_secrets(settings))
    return Route(name, channel, sender, address, default is True, codes, kind, secrets)


def _secrets(settings: object) -> dict[str, Secret]:
    cls: type = type(settings)
    values = {one.name: getattr(settings, one.name) for one in attrs.fields(cls)} if attrs.has(cls) else {}
    return {name: value for name, value in values.items() if isinstance(value, Secret) and value}


def _not_there(where: str, use: str, known: Mapping[str, ChannelType], registry: Registry) -> RulesError:
    """No channel of this name: misspelled, not installed, or of a plugin that was refused."""
    near = nearest(use, known)
    refused = [one for one in registry.plugins if one.refused is not None]
    theirs = next((one for one in refused if use in (one.name, one.wheel.split(" ")[0].removeprefix("rulecrm-"))), None)
    if theirs is not None:
        return _error("R482", f"{where} uses `{use}`, whose plugin was refused: {theirs.refused}", "rulecrm plugins")
    help_ = f"did you mean `{near}`?" if near else f"there are: {', '.join(sorted(known))}; pip install rulecrm-{use}"
    if refused and not near:
        help_ += f"; refused: {', '.join(one.name for one in refused)} (`rulecrm plugins` says why)"
    return _error("R482", f"{where} uses `{use}`, which is not installed", help_)


def _settings(given: object, cls: type[T], where: str, found: list[Diagnostic]) -> T | None:
    if not isinstance(given, Mapping):
        found.append(Diagnostic("R482", f"{where} is no table"))
        return None
    try:
        return read_settings(given, cls, where=where)
    except RulesError as error:
        found += error.diagnostics
        return None


def _twice(routes: Sequence[Route]) -> list[Diagnostic]:
    found = []
    for channel in dict.fromkeys(one.channel for one in routes):
        names = [one.name for one in routes if one.channel == channel and one.default]
        if len(names) > 1:
            message = f"the channel `{channel}` has two defaults: {' and '.join(f'[routes.{name}]' for name in names)}"
            found.append(Diagnostic("R482", message, help="leave `default = true` to one of them"))
    return found


def _error(code: str, message: str, help_: str | None = None) -> RulesError:
    return RulesError([Diagnostic(code, message, help=help_)])
