"""What `rulecrm plugins` draws on a terminal tells what its lines tell."""

from __future__ import annotations

import io

from rich.console import Console

from rulecrm.cli import offers
from rulecrm.plugin import Registry, registry_of
from tests.plugin.acme import Acme


class Broken:
    """No hook."""


def drawn(registry: Registry) -> list[str]:
    told = io.StringIO()
    Console(file=told, width=160, highlight=False).print(offers.table(offers.listed(registry)))
    return [line.rstrip() for line in told.getvalue().splitlines()]


def test_the_table_has_a_line_for_each_offer() -> None:
    registry = registry_of({"acme": Acme(), "broken": Broken()})
    table = drawn(registry)
    assert table[0].split() == ["plugin", "distribution", "offers"]
    offered = [line for line in table[1:] if line and "refused" not in line]
    assert len(offered) == len(registry.plugins[0].offers) == 8
    assert offered[0].split()[:3] == ["acme", "function", "double"]
    assert "twice the number" in offered[0]
    assert [line.split()[:3] for line in table if "refused" in line] == [["broken", "refused", "it"]]


def test_words_of_strangers_are_no_markup() -> None:
    class Loud:
        pass

    registry = registry_of({"[red]loud[/red]": Loud()})
    assert drawn(registry)[1].startswith("[red]loud[/red]")


def test_lines_say_the_same() -> None:
    registry = registry_of({"acme": Acme(), "broken": Broken()})
    lines = list(offers.told(offers.listed(registry)))
    assert lines[0] == "acme"
    assert lines[-2] == "broken"
    assert lines[-1].startswith("  refused: it implements no hook")
