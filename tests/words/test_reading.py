"""What a part of a template says of itself: its names, its outputs, its mistakes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.words.errors import ReadingError
from rulecrm.words.filters import FILTERS
from rulecrm.words.reading import read
from rulecrm.words.sandbox import Sandbox
from rulecrm.words.used import BORROWED, OWN, Used, simple


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ nick }}, {{- customer.nick -}}", ["nick", "customer.nick"]),
        ("no names", []),
        ("{{顾客名}}{{a.b.c}}", ["顾客名", "a.b.c"]),
        ("{{ nick | default: 'a | b' | upcase }} {{a|money:\"¥\",0}} {{ b | plus: -1.5-}}", ["nick", "a", "b"]),
        ("{{ at | date: '%H:%M' }}", ["at"]),
    ],
)
def test_a_text_of_names_alone_needs_no_python_liquid(text: str, expected: list[str]) -> None:
    found = simple(text)
    assert found is not None
    assert [".".join(one.path) for one in found] == expected
    assert list(found) == used(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ nick | upcas }}",
        "{{ a | append: b }}",
        "{{ a | append: '}}' }}",
        "{% if a %}{% endif %}",
        "{{ 1 }}",
        "{{ true }}",
        "{{ a[0] }}",
        "{{ a",
        "{{}}",
        "{{ a b }}",
    ],
)
def test_anything_more_than_names_is_left_to_python_liquid(text: str) -> None:
    assert simple(text) is None


@given(
    st.lists(
        st.sampled_from(
            ("{{", "}}", "{{ a | plus: ", "%}", "-", " ", "a", ".", "b1", "nil", "'", "名", "\n", "| upcase", "1", ",")
        ),
        max_size=10,
    )
)
def test_both_ways_of_reading_find_the_same_names(pieces: list[str]) -> None:
    text = "".join(pieces)
    found = simple(text)
    if found is not None:
        assert list(found) == used(text)


def test_the_filters_there_are() -> None:
    assert set(Sandbox(html=False).filters) == BORROWED | OWN
    assert set(FILTERS) == OWN


def test_a_name_that_is_given_further_down_is_marked() -> None:
    text = "{% if last != tag %}{{ tag }}{% endif %}{% assign last = tag %}{{ last }}"
    found = read(text, Sandbox(html=False)).used
    assert [(one.path, one.own) for one in found] == [
        (("last",), True), (("tag",), False), (("tag",), False), (("tag",), False)
    ]  # fmt: skip


def test_what_is_only_known_when_it_is_filled_is_marked() -> None:
    found = read("{{ customer[word] }}{{ tags[0] }}{{ tags.first }}", Sandbox(html=False)).used
    assert [(one.path, one.later) for one in found] == [
        (("customer",), True), (("word",), False), (("tags",), False), (("tags", "first"), False)
    ]  # fmt: skip


def test_outputs_have_the_last_word_of_their_name() -> None:
    text = "{{ customer.nick | upcase }}{% if a %}{{ 'x' }}{% endif %}{{ tags[0] }}{{ customer['a b'] }}"
    assert [one.name for one in read(text, Sandbox(html=False)).outputs] == ["nick", None, "tags", "a b"]


@pytest.mark.parametrize(
    ("text", "problem", "place", "advice"),
    [
        ("a {{ b", "`{{` is never closed", "{{", "`}}` closes it"),
        ("a {% if b }}", "`{%` is never closed", "{%", "`%}` closes it"),
        ("{% raw %}{{ a }}", "`raw` is never closed", "{% raw %}", "`{% endraw %}` closes it"),
        ("{% if a %}{% endif %} {% if b %}", "`if` is never closed", "if", "`{% endif %}` closes it"),
        ("{{ a | upcas }}", "unknown filter `upcas`", "upcas", "did you mean `upcase`?"),
        ("{% iff a %}{% endif %}", "`iff` is no tag that can stand here", "iff", "did you mean `if`?"),
        ("{% include 'x' %}", "`include` is not done here: a template stands by itself", "include", None),
        ("{% render 'x' %}", "`render` is not done here: a template stands by itself", "render", None),
    ],
)
def test_what_is_no_liquid(text: str, problem: str, place: str, advice: str | None) -> None:
    with pytest.raises(ReadingError) as error:
        read(text, Sandbox(html=False))
    found = error.value
    assert (found.problem, text[found.start : found.end], found.advice) == (problem, place, advice)


@pytest.mark.parametrize(
    "text", ["{% if a %}", "{{ a b }}", "{{ | upcase }}", "{% for a %}{% endfor %}", "{% endif %}", "{{ }}"]
)
def test_what_python_liquid_refuses_has_a_place_in_the_text(text: str) -> None:
    with pytest.raises(ReadingError) as error:
        read(text, Sandbox(html=False))
    assert 0 <= error.value.start <= error.value.end <= len(text)
    assert error.value.problem
