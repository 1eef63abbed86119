"""Parts that are filled without the whole of python-liquid say what they would say with it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liquid.exceptions import LiquidError

from rulecrm.words.reading import read
from rulecrm.words.sandbox import OUTPUT, Filled, Sandbox
from rulecrm.words.values import names

PATHS = ("nick", "orders", "spent", "walk", "walk.since", "tags", "tags[0]", "tags.size", "city", "nobody", "at", "yes")
FILTERS = ("upcase", "default: 'friend'", "append: nick", "plus: 1", "size", "join: '-'", "first", "escape", "safe")
LITERALS = ("1", "2.5", "'Li'", "true", "nil", "blank", "empty")

operands = st.sampled_from(PATHS + LITERALS)
comparisons = st.builds(
    "{} {} {}".format, operands, st.sampled_from(("==", "!=", ">", "<", ">=", "<=", "contains", "and", "or")), operands
)
conditions = operands | comparisons
outputs = st.builds(
    lambda path, filters: "{{ " + " | ".join([path, *filters]) + " }}",
    operands,
    st.lists(st.sampled_from(FILTERS), max_size=2),
)
texts = st.sampled_from(("Hello ", "你好 ", "<b>", " ", "\n", "{{ nick -}}", ""))


def choices(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    some = st.lists(inner, max_size=3).map("".join)
    elsif = st.builds("{{% elsif {} %}}{}".format, conditions, some)
    other = st.builds("{{% else %}}{}".format, some)
    return st.builds(
        "{{% if {} %}}{}{}{}{{% endif %}}".format, conditions, some, st.just("") | elsif, st.just("") | other
    )


parts = st.lists(st.recursive(texts | outputs, choices, max_leaves=8), max_size=6).map("".join)
words = st.text(max_size=5) | st.sampled_from(("Li", "<i>", "a & b"))
values = st.fixed_dictionaries(
    {
        "nick": st.none() | words,
        "orders": st.none() | st.integers(-2, 3),
        "spent": st.none() | st.decimals(-5, 5, places=2),
        "walk": st.none() | words,
        "walk.since": st.none() | st.datetimes().map(lambda at: at.replace(tzinfo=dt.UTC)),
        "tags": st.lists(words, max_size=3),
        "city": words,
        "at": st.dates(),
        "yes": st.booleans(),
    }
)


def told(filled: Filled, seen: dict[str, object], *, whole: bool) -> object:
    try:
        text, said = (filled.fill_whole if whole else filled.fill)(seen)
    except (LiquidError, TypeError, ArithmeticError) as error:
        return type(error), str(error)
    return text, dict(said)


@given(parts, values, st.booleans())
def test_light_and_whole_say_the_same(text: str, given_: dict[str, object], html: bool) -> None:
    filled = read(text, Sandbox(html=html)).filled
    seen = names(given_, zone=ZoneInfo("Asia/Shanghai"), currency="CNY")  # type: ignore[arg-type]
    assert told(filled, seen, whole=False) == told(filled, seen, whole=True)


@pytest.mark.parametrize(
    ("text", "light"),
    [
        ("Hello", True),
        (
            "{{ nick | upcase }}, {{ spent }}: {% if orders > 1 %}thanks{% elsif nick %}hi{% else %}welcome{% endif %}",
            True,
        ),
        ("{% if nick %} {% endif %}", False),
        ("{% for one in tags %}{{ one }}{% endfor %}", False),
        ("{% if nick %}{% assign x = 1 %}{{ x }}{% endif %}", False),
        ("{% unless nick %}x{% endunless %}", False),
    ],
)
def test_what_is_light(text: str, light: bool) -> None:
    assert (read(text, Sandbox(html=False)).filled.steps is not None) is light


@pytest.mark.parametrize("letter", ["x", "语"])
def test_no_more_comes_out_than_may(letter: str) -> None:
    filled = read("{{ nick }}" * 9, Sandbox(html=False)).filled
    most = OUTPUT // len(letter.encode()) // 9
    assert filled.steps is not None
    text, _ = filled.fill({"nick": letter * most})
    assert len(text) == 9 * most
    with pytest.raises(LiquidError, match="limit"):
        filled.fill({"nick": letter * (most + 1)})


def test_money_is_what_it_was() -> None:
    filled = read("{{ spent }}", Sandbox(html=False)).filled
    seen = names({"spent": Decimal("3.5")}, zone=ZoneInfo("UTC"), currency="JPY")
    assert filled.fill(seen) == filled.fill_whole(seen) == ("3.5", {0: "3.5"})
