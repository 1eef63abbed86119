"""The words of a message: parts, languages, HTML, and what must not get out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from rulecrm.model.machine import Template, TemplatePart
from rulecrm.model.sending import Content
from rulecrm.words import WordingError, prepare

Write = Callable[..., Content]


def test_a_plain_body(write: Write) -> None:
    found = write({"body": "Hello {{ nick }} & {{ nick }}"}, {"nick": "<b>"}, channel="sms", html_channel=False)
    assert (found.text, found.html, found.subject) == ("Hello <b> & <b>", None, None)
    assert dict(found.parameters) == {"nick": "<b>"}


def test_a_body_that_is_html_is_escaped_and_has_a_text_beside_it(write: Write) -> None:
    text = "<p>Hello {{ nick }},</p><p><a href='https://x.example/?n={{ nick | url_encode }}'>shop</a></p>"
    found = write({"subject": "For {{ nick }}", "body": text}, {"nick": "A&B <i>"})
    assert found.html == ("<p>Hello A&amp;B &lt;i&gt;,</p><p><a href='https://x.example/?n=A%26B+%3Ci%3E'>shop</a></p>")
    assert found.text == "Hello A&B <i>,\n\nshop (https://x.example/?n=A%26B+%3Ci%3E)"
    assert found.subject == "For A&B <i>"


def test_a_part_for_the_text_stands_before_what_is_made_of_the_html(write: Write) -> None:
    found = write({"body": "<p>{{ n }}</p>", "text": "{{ n }}!"}, {"n": "<"})
    assert (found.html, found.text) == ("<p>&lt;</p>", "<!")


def test_html_by_its_own_name(write: Write) -> None:
    found = write({"body": "plain {{ n }}", "html": "rich {{ n }}"}, {"n": "<"})
    assert (found.html, found.text) == ("rich &lt;", "plain <")
    alone = write({"html": "<h1>rich</h1> {{ n }}"}, {"n": "<"})
    assert (alone.html, alone.text) == ("<h1>rich</h1> &lt;", "rich\n\n<")
    without = write({"html": "<h1>rich</h1>"}, html_channel=False)
    assert (without.html, without.text) == (None, "rich")


def test_html_for_a_channel_that_takes_none_is_said_in_words(write: Write) -> None:
    found = write({"body": "<p>Hi {{ n }}</p><p>bye</p>"}, {"n": "A & B"}, channel="im", html_channel=False)
    assert (found.html, found.text, dict(found.parameters)) == (None, "Hi A & B\n\nbye", {"n": "A & B"})


def test_no_text_in_another_language_beside_the_html() -> None:
    parts = (
        TemplatePart("body", "<p>Hi</p>"),
        TemplatePart("body", "<p>您好</p>", "zh"),
        TemplatePart("text", "Hi there"),
    )
    wording = prepare({"t": Template("t", "email", parts)})
    assert wording.render("t", {}, language="zh", html_channel=True).text == "您好"
    assert wording.render("t", {}, language="en", html_channel=True).text == "Hi there"


def test_html_of_a_file_is_html_whatever_it_looks_like() -> None:
    template = Template("t", "email", (TemplatePart("body", "{{ n }}", file="a.html"),))
    assert prepare({"t": template}).render("t", {"n": "<"}, html_channel=True).html == "&lt;"


def test_what_somebody_calls_themselves_gets_into_no_html(write: Write) -> None:
    nasty = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    for text in ("<p>{{ n }}</p>", "<p>{{ n | upcase }}</p>", "<p>{{ n | append: n }}</p>", "<p>{{ n | replace: 'a', 'b' }}</p>",
                 "<p>{% assign m = n %}{{ m }}</p>", "<p>{% capture m %}{{ n }}{% endcapture %}{{ m }}</p>",
                 "<p>{{ list | join: ', ' }}</p>", "<p>{{ n | truncate: 500 }}</p>", "<p>{% for x in list %}{{ x }}{% endfor %}</p>",
                 "<p>{{ none | default: n }}</p>", "<p>{{ n | split: ',' | first }}</p>", "<p>{{ n | newline_to_br }}</p>",
                 "<p>{{ n | strip_newlines }}</p>", "<p>{% cycle n, n %}</p>", "<p>{% echo n %}</p>"):  # fmt: skip
        html = write({"body": text}, {"n": nasty, "list": [nasty], "none": None}).html
        assert html is not None
        assert "<script" not in html.lower(), text
        assert "<img" not in html.lower(), text
        assert '"' not in html, text


def test_who_writes_the_template_may_mark_html_as_safe(write: Write) -> None:
    assert write({"body": "<p>{{ n | safe }}</p>"}, {"n": "<b>x</b>"}).html == "<p><b>x</b></p>"


@pytest.mark.parametrize(
    ("nick", "expected"),
    [
        ("Ann\r\nBcc: all@x.example", "Hi Ann Bcc: all@x.example"),
        ("Ann\nX: y", "Hi Ann X: y"),
        ("Ann\x0b\x0c\x85\u2028\u2029X", "Hi Ann X"),
        ("Ann\x00\x1b[31m", "Hi Ann[31m"),
        ("A\ud800nn", "Hi Ann"),
        ("   ", "Hi"),
    ],
)
def test_a_subject_is_one_line(write: Write, nick: str, expected: str) -> None:
    assert write({"subject": "Hi {{ nick }}", "body": "x"}, {"nick": nick}).subject == expected


def test_control_characters_stay_out_of_texts(write: Write) -> None:
    found = write(
        {"body": "a{{ n }}b", "title": "{{ n }}"}, {"n": "\x00\x07\t\r\n\ufeff\x9f"}, channel="im", html_channel=False
    )
    assert found.text == "a\t\nb"
    assert dict(found.extra) == {"title": "\t\n"}
    assert dict(found.parameters) == {"n": "\t\n"}


def test_other_parts_are_extra(write: Write) -> None:
    found = write(
        {"title": "T {{ n }}", "body": "b", "picture": "https://x.example/{{ n }}.png"}, {"n": 1}, channel="im"
    )
    assert dict(found.extra) == {"title": "T 1", "picture": "https://x.example/1.png"}


def test_parameters_are_what_came_out_of_the_body(write: Write) -> None:
    text = "{{ customer.nick | upcase }}, {{ coupon }} {{ coupon.SPRING }} {{ 'x' }} {% if no %}{{ late }}{% endif %}{{ coupon }}"
    values = {"customer.nick": "ann", "coupon": "M10", "coupon.SPRING": "S1", "no": False, "late": 5}
    found = write({"subject": "{{ late }}", "body": text}, values, channel="sms", html_channel=False)
    assert list(found.parameters.items()) == [("nick", "ANN"), ("coupon", "M10"), ("SPRING", "S1"), ("late", "")]


def test_parts_are_chosen_by_language() -> None:
    parts = (
        TemplatePart("subject", "Hi"), TemplatePart("subject", "你好", "zh"),
        TemplatePart("body", "Hello {{ n }}"), TemplatePart("body", "{{ n }}，您好", "zh"), TemplatePart("body", "{{ n }} 您好", "zh-TW"),
    )  # fmt: skip
    wording = prepare({"t": Template("t", "email", parts)})
    told = {
        tag: (wording.render("t", {"n": "A"}, language=tag).subject, wording.render("t", {"n": "A"}, language=tag).text, wording.language("t", tag))
        for tag in (None, "zh", "zh-CN", "zh-TW", "de")
    }  # fmt: skip
    assert told == {
        None: ("Hi", "Hello A", None),
        "zh": ("你好", "A，您好", "zh"),
        "zh-CN": ("你好", "A，您好", "zh"),
        "zh-TW": ("你好", "A 您好", "zh-TW"),
        "de": ("Hi", "Hello A", None),
    }


def test_what_a_template_needs() -> None:
    parts = (
        TemplatePart("subject", "{{ customer.nick }}"), TemplatePart("body", "{{ spent | money }} {{ coupon.SPRING }} {{ now }}"),
        TemplatePart("body", "{% for tag in tags %}{{ tag }}{% endfor %}", "zh"),
    )  # fmt: skip
    wording = prepare({"t": Template("t", "email", parts)})
    assert wording.needs("t") == {"customer.nick", "spent", "coupon.SPRING", "tags"}
    with pytest.raises(KeyError):
        wording.needs("u")


def test_the_clock_is_what_is_said() -> None:
    wording = prepare(
        {"t": Template("t", "sms", (TemplatePart("body", "{{ now | date: '%H:%M' }} {{ today }}"),))},
        zone="Asia/Shanghai",
    )
    at = dt.datetime(2025, 1, 1, 20, tzinfo=dt.UTC)
    assert wording.render("t", {}, at=at).text == "04:00 2025-01-02"
    assert wording.render("t", {}, at=at, zone="America/New_York").text == "15:00 2025-01-01"
    with pytest.raises(WordingError, match="now"):
        wording.render("t", {})


def test_what_goes_wrong_has_template_part_and_line(write: Write) -> None:
    with pytest.raises(WordingError) as error:
        write({"body": "one\ntwo {{ nik }}"})
    found = error.value
    assert (found.template, found.part, found.line) == ("t", "body", 2)
    assert found.problem == "nothing is known of `nik`"
    assert found.diagnostics[0].code == "R229"
    with pytest.raises(WordingError) as error:
        write({"body": "a\n\n{% if a %}"})
    assert error.value.line == 3


def test_no_value_is_in_what_goes_wrong(write: Write) -> None:
    with pytest.raises(WordingError) as error:
        write({"body": "{{ nick | date: '%Y' }}"}, {"nick": "secret-name"})
    assert "secret" not in str(error.value)


def test_the_same_values_give_the_same_words(write: Write) -> None:
    text = "{% increment n %}{% cycle 'a', 'b' %}{% assign x = 1 %}{{ x }}"
    wording = prepare({"t": Template("t", "sms", (TemplatePart("body", text),))})
    assert [wording.render("t", {}).text for _ in range(3)] == ["0a1"] * 3
