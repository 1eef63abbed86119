"""Templates that mean harm: they reach nothing, and they end soon."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable

import pytest

from rulecrm.words import WordingError

Fill = Callable[..., str]

SECONDS = 5.0
"""Far above what any of these takes (the worst a good second), far below what an unbounded one would."""

VALUES = {"nick": "Ann", "customer": "7", "customer.nick": "Ann", "tags": ["a", "b"], "n": 3, "at": None}


@pytest.mark.parametrize(
    "text",
    [
        "{{ customer.__class__ }}",
        "{{ nick.__class__.__mro__ }}",
        "{{ nick['__class__'] }}",
        "{{ tags.__class__ }}",
        "{{ tags['append'] }}",
        "{{ n.real }}",
        "{{ nick.upper }}",
        "{{ nick.format }}",
        "{{ customer.parts }}",
        "{{ customer.of }}",
        "{% for i in tags %}{{ forloop.it }}{% endfor %}",
        "{% for i in tags %}{{ forloop.__init__ }}{% endfor %}",
        "{% for i in tags %}{{ forloop.parentloop.x }}{% endfor %}",
        "{{ forloop }}",
        "{{ self }}",
        "{{ globals }}",
        "{{ environment }}",
        "{{ context }}",
        "{{ partial.__class__ }}",
        "{{ now }}",
        "{{ tags | map: '__class__' }}",
        "{{ tags | where: '__class__' }}",
        "{{ tags | sort: '__class__' }}",
    ],
)
def test_nothing_of_python_is_reached(fill: Fill, text: str) -> None:
    try:
        found = fill(text, VALUES)
    except WordingError:
        return
    for word in ("class", "object", "method", "function", "<", "liquid", "rulecrm", "iter"):
        assert word not in found


@pytest.mark.parametrize(
    "tag", ["include", "render", "extends", "block", "macro", "call", "layout", "import", "python", "load"]
)
def test_no_other_text_is_read(fill: Fill, tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(builtins, "open", lambda *words, **_: opened.append(words))
    for name in ("'/etc/passwd'", "'../secrets.toml'", "'t'", "nick"):
        with pytest.raises(WordingError):
            fill(f"{{% {tag} {name} %}}", VALUES)
    assert not opened


RANGE = "(1..1000000000000)"

HOSTILE = {
    "giant range": "{% for i in " + RANGE + " %}x{% endfor %}",
    "giant range, backwards": "{% for i in " + RANGE + " reversed %}x{% endfor %}",
    "giant range, in a table": "{% tablerow i in " + RANGE + " cols: 3 %}x{% endtablerow %}",
    "giant range, by a name": "{% assign n = 1000000000000 %}{% for i in (1..n) %}x{% endfor %}",
    "giant range, limited": "{% for i in " + RANGE + " limit: 2 reversed %}x{% endfor %}",
    "giant range, joined": "{{ " + RANGE + " | join: ',' }}",
    "giant range, assigned": "{% assign r = " + RANGE + " %}{{ r | size }}{% for i in r reversed %}{% endfor %}",
    "giant range, asked": "{% if " + RANGE + " contains 'x' %}{% endif %}",
    "giant range, cased": "{% case 'x' %}{% when " + RANGE + " %}{% endcase %}{% for i in " + RANGE + " %}{% endfor %}",
    "giant range, cycled": "{% cycle " + RANGE + ", 'a' %}",
    "giant range, echoed": "{% echo " + RANGE + " | last %}",
    "giant range, in liquid": "{% liquid for i in " + RANGE + "\n echo i\n endfor %}",
    "giant range, as an argument": "{{ tags | concat: " + RANGE + " }}",
    "giant limit": "{% for i in (1..9) limit: 99999999999999999999999 %}x{% endfor %}{% for i in " + RANGE + " %}{% endfor %}",
    "loops in loops": "{% for a in (1..9999) %}" * 4 + "x" + "{% endfor %}" * 4,
    "loops after loops": "{% for a in (1..9999) %}x{% endfor %}" * 2000,
    "much in a loop": "{% for a in (1..9999) %}" + "{% if a %}{% endif %}" * 5000 + "{% endfor %}",
    "comments in a loop": "{% for a in (1..9999) %}" + "{% # %}" * 9000 + "{% endfor %}",
    "a text that doubles": "{% assign a = 'xxxxxxxxxxxxxxxx' %}{% for i in (1..99) %}{% assign a = a | append: a %}{% endfor %}",
    "a text that is replaced by itself": "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | replace: 'x', a %}" * 9,
    "a text between all letters": "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | replace: '', a %}" * 9,
    "a capture that doubles": "{% assign a = 'xxxxxxxxxxxxxxxx' %}{% for i in (1..99) %}{% capture a %}{{ a }}{{ a }}{% endcapture %}{% endfor %}",
    "a list that doubles": "{% assign a = 'x,x,x' | split: ',' %}{% for i in (1..99) %}{% assign a = a | concat: a %}{% endfor %}",
    "a list that is joined by itself": "{% assign a = 'xxxxxxxxxx' %}" + "{% assign l = a | split: '' %}{% assign a = l | join: a %}" * 9,
    "many names": "".join(f"{{% assign a{n} = nick | append: '{'x' * 900}' %}}" for n in range(200))
    + "{% for i in (1..9999) %}{% capture x %}" + "y" * 900 + "{% endcapture %}{{ x }}{% endfor %}",
    "much output": "{% for i in (1..9999) %}" + "x" * 900 + "{% endfor %}",
    "a number that grows": "{% assign a = 9999999999 %}{% for i in (1..999) %}{% assign a = a | times: a %}{% endfor %}",
    "a number of a million digits": "{{ " + "9" * 3900 + " | times: 1 }}",
    "a number to many places": "{{ 1.5 | round: 1000000000000 }}{{ 1e400 }}",
    "slicing far away": "{{ nick | slice: 99999999999999999999, 99999999999999999999 }}{{ x }}",
    "truncating to much": "{{ nick | truncate: 99999999999999 }}{{ x }}",
    "a pattern of dates": "{{ '2025-01-01' | date: '" + "%c" * 3000 + "' }}",
    "a wide date": "{{ '2025-01-01' | date: '%999999999d' }}{{ x }}",
    "blocks in blocks": "{% if nick %}" * 6000 + "{% endif %}" * 6000,
    "blocks never closed": "{% if nick %}" * 14000,
    "cases in cases": "{% case n %}{% when 3 %}" * 4000,
    "captures in captures": "{% capture a %}" * 9000,
    "brackets in brackets": "{{ " + "tags[" * 700 + "0" + "]" * 700 + " }}",
    "open brackets": "{{ " + "(" * 3900 + " }}",
    "a long condition": "{% if " + " and ".join(["nick"] * 480) + " %}x{% endif %}{{ x }}",
    "liquid in liquid": "{% liquid " + "liquid " * 500 + " %}",
    "filters upon filters": "{{ nick " + "| append: 'xxxxxxxxxx' | upcase " * 120 + "}}{{ x }}",
    "never closed": "{{ " * 60000,
    "never closed, with spaces": "{{" + " " * 150000,
    "tags never closed": "{% " * 60000,
    "raws never closed": "{% raw %}" * 20000,
    "comments never closed": "{% comment %}" * 15000,
    "many raws and one end": "{% raw %}" * 10000 + "{% endraw %}" + "{% raw %}" * 10000,
    "spaces in a tag": "{{ nick" + " " * 3000 + "}}",
    "spaces in many tags": ("{% break" + " " * 49 + "%}") * 3300,
    "a megabyte": "x" * 1_000_001,
    "a megabyte of tags": "{{ nick }}" * 100_001,
    "a megabyte of nested tags": "{% for i in tags %}" * 60_000,
    "sorting": "{% assign l = '" + "x," * 1500 + "' | split: ',' %}" + "{% assign m = l | uniq | sort | sort_natural %}" * 2000 + "{{ x }}",
    "searching": "{% assign a = '" + "x" * 3500 + "' %}{% for i in (1..4) %}{% assign a = a | append: a %}{% endfor %}"
    + "{% for i in (1..9999) %}{% if a contains 'xxxxxxxy' %}{% endif %}{% endfor %}{{ x }}",
    "tags of html": "{% assign a = '" + "<" * 3500 + "' %}" + "{{ a | append: a | append: a | strip_html }}" * 200 + "{{ x }}",
    "decoding": "{{ '" + "=" * 3000 + "' | base64_decode }}",
    "escaping over and over": "{% assign a = '<<<<<<<<<<' %}" + "{% assign a = a | escape %}" * 2000 + "{{ x }}",
    "counters": "{% for i in (1..9999) %}{% increment a %}{% endfor %}{{ x }}",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_it_ends_soon(fill: Fill, name: str) -> None:
    began = time.process_time()
    with pytest.raises(WordingError):
        fill(HOSTILE[name], VALUES)
    assert time.process_time() - began < SECONDS


def test_a_letter_is_well_within_all_limits(fill: Fill) -> None:
    rows = "{% for line in lines %}<tr><td>{{ line.title | escape }}</td><td>{{ line.price | times: 2 | round: 2 }}</td></tr>{% endfor %}"
    lines = [{"title": f"dress {number}", "price": 19.9} for number in range(300)]
    text = "x" * 60_000 + rows + "{% if nick %}{{ nick }}{% endif %}" * 50
    assert fill(text, {**VALUES, "lines": lines}, channel="im").count("39.8") == 300
