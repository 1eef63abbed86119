"""What `rulecrm plugins` tells: how each plugin stands, and what it offers.

In: a registry. Out: plain data, lines, a table.
Invariant: every form tells the same; nothing is opened, no secret is read.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from attrs import evolve

from rulecrm.dispatch.builtin import BUILTIN
from rulecrm.plugin import ChannelType, Function, Kind, Offer, Registry, Secret, Setting, Standing, settings_of

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["described", "listed", "one_told", "table", "told", "with_builtin"]

Data = dict[str, object]


def with_builtin(registry: Registry) -> Registry:
    """The registry with the channels that need no plugin, offered by what is called `built-in`."""
    offers = tuple(Offer("channel", one.name, one.doc) for one in BUILTIN.values())
    plugins = (*registry.plugins, Standing("built-in", offers=offers))
    return evolve(registry, plugins=plugins, channels={**registry.channels, **BUILTIN})


def listed(registry: Registry) -> list[Data]:
    """Every plugin, JSON-ready: `name`, `distribution`, `version`, `refused`, `offers` (`what`, `name`, `doc`)."""
    return [_standing(one) for one in registry.plugins]


def described(registry: Registry, plugin: Standing) -> Data:
    """One plugin in full: as in `listed`, each offer with all that there is to know of it."""
    offers = [
        {"what": offer.what, "name": offer.name, "doc": offer.doc, **_more(registry, offer.what, offer.name)}
        for offer in plugin.offers
    ]
    return {**_standing(plugin), "offers": offers}


def _standing(one: Standing) -> Data:
    name, _, version = one.wheel.rpartition(" ")
    offers = [{"what": offer.what, "name": offer.name, "doc": offer.doc} for offer in one.offers]
    return {
        "name": one.name,
        "distribution": name or None,
        "version": version or None,
        "refused": one.refused,
        "offers": offers,
    }


def _more(registry: Registry, what: str, name: str) -> Data:
    found = {
        "channel": registry.channels, "function": registry.functions, "kind": registry.kinds,
    }.get(what, {}).get(name)  # fmt: skip
    match found:
        case ChannelType():
            settings = [_setting(one) for one in settings_of(found.settings)]
            return {"channel": found.channel, "settings": settings, "guide": inspect.cleandoc(found.guide)}
        case Function():
            arguments = [{"name": one.name, "type": str(one.type), "constant": one.constant} for one in found.arguments]
            return {"arguments": arguments, "gives": str(found.gives), "example": found.example}
        case Kind():
            columns = [{"name": one.name, "type": str(one.type), "doc": one.doc} for one in found.columns.values()]
            return {"columns": columns, "subjects": list(found.subjects)}
    return {}


def _setting(one: Setting) -> Data:
    default = one.default
    if isinstance(default, Secret | Mapping) or default in ((), ""):
        default = None
    shown = default if default is None or isinstance(default, bool | int | float | str) else str(default)
    return {"name": one.name, "type": one.kind, "required": one.required, "default": shown, "secret": one.secret}


# --- lines --------------------------------------------------------------------------------------------------------


def told(plugins: list[Data]) -> Iterator[str]:
    """Lines about plugins, as `listed` gives them."""
    for plugin in plugins:
        yield _heading(plugin)
        if plugin["refused"] is not None:
            yield f"  refused: {plugin['refused']}"
        offers = _list(plugin["offers"])
        widths = [max((len(str(one[key])) for one in offers), default=0) for key in ("what", "name")]
        for one in offers:
            yield f"  {one['what']:{widths[0]}}  {one['name']:{widths[1]}}  {one['doc']}".rstrip()


def table(plugins: list[Data]) -> Table:
    """The same as a table of rich."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table("plugin", "distribution", "offers", "", box=None, pad_edge=False, header_style="bold")
    for plugin in plugins:
        wheel = " ".join(str(plugin[key]) for key in ("distribution", "version") if plugin[key])
        rows = [(f"{one['what']} {one['name']}", Text(str(one["doc"]))) for one in _list(plugin["offers"])]
        if plugin["refused"] is not None:
            rows = [("refused", Text(str(plugin["refused"]), "red"))]
        for number, (offer, doc) in enumerate(rows or [("nothing", Text(""))]):
            first = number == 0
            drawn.add_row(Text(str(plugin["name"]) if first else ""), Text(wheel if first else ""), Text(offer), doc)
    return drawn


def one_told(plugin: Data) -> Iterator[str]:
    """Lines about one plugin, as `described` gives it."""
    yield _heading(plugin)
    if plugin["refused"] is not None:
        yield f"refused: {plugin['refused']}"
    for one in _list(plugin["offers"]):
        yield ""
        yield f"{one['what']} {one['name']}" + (f": {one['doc']}" if one["doc"] else "")
        yield from _LINES.get(str(one["what"]), _nothing)(one)


def _heading(plugin: Data) -> str:
    wheel = " ".join(str(plugin[key]) for key in ("distribution", "version") if plugin[key])
    return f"{plugin['name']}  {wheel}".rstrip()


def _channel(one: Data) -> Iterator[str]:
    yield f"  serves `{one['channel']}`; set up in sending.toml as"
    yield ""
    yield "  [routes.NAME]"
    yield f'  use = "{one["name"]}"'
    settings = _list(one["settings"])
    width = max((len(str(setting["name"])) for setting in settings), default=0)
    for setting in settings:
        if setting["required"]:
            said = "required"
        else:
            said = "may be left out" if setting["default"] is None else f"{setting['default']!r} where it is left out"
        secret = "; secret" if setting["secret"] else ""
        yield f"  {setting['name']:{width}}  {setting['type']}; {said}{secret}"
    if one["guide"]:
        yield ""
        yield textwrap.indent(str(one["guide"]), "  ", lambda line: bool(line.strip()))


def _function(one: Data) -> Iterator[str]:
    takes = ", ".join(
        f"{argument['name']}: {'constant ' if argument['constant'] else ''}{argument['type']}"
        for argument in _list(one["arguments"])
    )
    yield f"  {one['name']}({takes}) gives {one['gives']}"
    if one["example"]:
        yield f"  such as {one['example']}"


def _kind(one: Data) -> Iterator[str]:
    columns = _list(one["columns"])
    width = max((len(str(column["name"])) for column in columns), default=0)
    for column in columns:
        yield f"  {column['name']:{width}}  {column['type']}; {column['doc']}".rstrip("; ")


def _rules(one: Data) -> Iterator[str]:
    yield f'  import "{one["name"]}"'


def _command(one: Data) -> Iterator[str]:
    yield f"  rulecrm {one['name']} --help"


def _nothing(_: Data) -> Iterator[str]:
    yield from ()


_LINES: Mapping[str, Callable[[Data], Iterator[str]]] = {
    "channel": _channel,
    "function": _function,
    "kind": _kind,
    "rules": _rules,
    "command": _command,
}


def _list(value: object) -> list[Data]:
    assert isinstance(value, list)
    return value
