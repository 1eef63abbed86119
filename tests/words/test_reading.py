"""What a part of a template says of itself: its names, its outputs, its mistakes."""

from __future__ import annotations

import pytest

from rulecrm.words.reading import Used, read
from rulecrm.words.sandbox import Sandbox


def used(text: str) -> list[Used]:
    return [one for one in read(text, Sandbox(html=False)).used if not one.own]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello {{ nick }}, {{customer.nick}}!", ["nick", "customer.nick"]),
        ('{{ customer["nick"] }} {{ a . b.c }}', ["customer.nick", "a.b.c"]),
        ("{{- nick -}} {{ nick_name-}}", ["nick", "nick_name"]),
        ('{{ nick | default: "b | c" | append: other }}', ["nick", "other"]),
        ("{{ at | date: format: pattern, zone: zone }}", ["at", "pattern", "zone"]),
        ("{{ nick | money }} {{ 3 | plus: 4.5 }} {{ 'x' }} {{ true }}", ["nick"]),
        ("{{ 顾客名 }}", ["顾客名"]),
        ("nick {nick} %nick%", []),
        # tags
        ("{% if spent > 3 and nick contains 'a' %}{{ a }}{% elsif b == empty %}{% else %}{% endif %}", ["spent", "nick", "a", "b"]),
        ("{% case level %}{% when 1, gold %}{% endcase %}", ["level", "gold"]),
        ("{% assign x = spent | times: rate %}{{ x }}{{ x.y }}", ["spent", "rate"]),
        ("{% capture words %}{{ nick }}{% endcapture %}{{ words }}", ["nick"]),
        ("{% for tag in tags limit: most reversed %}{{ tag }}{{ forloop.index }}{% endfor %}", ["tags", "most"]),
        ("{% for i in (1..points) %}{{ i }}{% endfor %}", ["points"]),
        ("{{ tags[0] }} {{ tags[at].name }}", ["tags", "tags", "at"]),
        ("{% increment n %}{{ n }}", []),
        ("{%- echo nick -%}", ["nick"]),
        ("{% liquid\n assign y = spent\n echo y\n echo nick %}{{ y }}", ["spent", "nick"]),
        # what is not Liquid
        ("{% raw %}{{ nick }}{% endraw %}{{ a }}", ["a"]),
        ("{% comment %}{{ nick }}{% if b %}{%- endcomment -%}{{ a }}", ["a"]),
        ("{% # nick %}{{ a }}", ["a"]),
    ],
)  # fmt: skip
def test_the_names_that_a_template_takes_from_outside(text: str, expected: list[str]) -> None:
    found = used(text)
    assert [".".join(one.path) for one in found] == expected
    for one in found:
        assert text[one.start : one.end].startswith(one.path[0])
