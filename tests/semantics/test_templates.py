"""Templates: their parts, their files, and the names that they use."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from rulecrm.diagnostics.render import render
from rulecrm.diagnostics.span import Span
from rulecrm.model.machine import Template, TemplatePart
from rulecrm.semantics.compile import Compiled


def templates(found: Compiled) -> Mapping[str, Template]:
    assert found.program is not None, [(one.code, one.message) for one in found.diagnostics]
    return found.program.templates


def test_parts_of_a_template(compiled: Callable[..., Compiled]) -> None:
    text = '''
template short "Short words" for sms "Hello."
template long for email {
  subject "Hello"
  locale "zh" {
    subject "你好"
    body file "zh/care.html"
  }
  body """
    <p>Hello</p>
  """
}
'''
    found = templates(compiled(text, files={"zh/care.html": "<p>你好</p>"}))
    assert found["short"] == Template("short", "sms", (TemplatePart("body", "Hello."),), title="Short words")
    assert [(part.part, part.locale, part.file, part.text.strip()) for part in found["long"].parts] == [
        ("subject", None, None, "Hello"),
        ("subject", "zh", None, "你好"),
        ("body", "zh", "zh/care.html", "<p>你好</p>"),
        ("body", None, None, "<p>Hello</p>"),
    ]


def test_a_file_is_read_beside_the_rules_that_name_it(compiled: Callable[..., Compiled]) -> None:
    asked: list[tuple[str, str]] = []
    texts = {"sub/more.rules": 'template t for sms { body file "t.txt" }', "t.txt": "Hello."}

    def read(importer: str, path: str) -> tuple[str, str]:
        asked.append((importer, path))
        return path, texts[path]

    from rulecrm.semantics.compile import compile_rules

    result = compile_rules('import "sub/more.rules" as p', source="t.rules", read=read)
    assert asked == [("t.rules", "sub/more.rules"), ("sub/more.rules", "t.txt")]
    assert list(templates(result)) == ["p.t"]
    assert result.sources["t.txt"] == "Hello."


def test_a_file_that_is_not_there(compiled: Callable[..., Compiled]) -> None:
    text = 'template t for sms { body file "t.txt" }'
    (found,) = compiled(text).diagnostics
    assert (found.code, found.message) == ("R510", 'there is no file "t.txt"')
    assert found.span == Span("t.rules", text.index('"t.txt"'), text.index('"t.txt"') + 7)


def test_a_template_knows_definitions_and_attributes_of_customers(compiled: Callable[..., Compiled]) -> None:
    text = """
import "more.rules" as more
attribute shoe_size: int
metric spent = sum(purchase.amount)
segment rich = spent > 5 CNY
classify value { high when rich  low otherwise }
lifecycle walk { start a  state b  a -> b on visit }
template t for sms "{{ spent }} {{ rich }} {{ value }} {{ walk }} {{ walk.since }} {{ walk.moves }} {{ more.idle }}
 {{ nick }} {{ customer.nick }} {{ customer }} {{ shoe_size }} {{ customer.shoe_size }}"
campaign c { enter on visit  send sms t }
""".replace("}}\n {{", "}} {{")
    assert compiled(text, files={"more.rules": "metric idle = age(last(purchase).at)"}).diagnostics == ()


def place(text: str, found: Compiled) -> list[tuple[str, str, str | None]]:
    """Codes, the words at their places and the advice."""
    return [
        (one.code, found.sources[one.span.source][one.span.start : one.span.end], one.help)
        for one in found.diagnostics
        if one.span is not None
    ]


@pytest.mark.parametrize(
    ("words", "name", "advice"),
    [
        ("{{ nik }}", "nik", "did you mean `nick`?"),
        ("{{ customer.nik }}", "customer.nik", "did you mean `customer.nick`?"),
        ("nick nik {{ nick }} {{ nik }}", "nik", "did you mean `nick`?"),
        ("{{ customer.margin }}", "customer.margin", None),
        ("{{ margin }}", "margin", "a message may give it: `with { margin: … }`"),
        ("{{ walk.sinse }}", "walk.sinse", "did you mean `walk.since`?"),
        ("\\n\\tnik\\n {{ nik }}", "nik", "did you mean `nick`?"),
        ("{{ nik }} {{ nik | upcase }}", "nik", "did you mean `nick`?"),
    ],
)
def test_a_name_that_nothing_gives(
    compiled: Callable[..., Compiled], words: str, name: str, advice: str | None
) -> None:
    text = f"""
metric margin of product = sum(item.amount - item.cost)
lifecycle walk {{ start a  state b  a -> b on visit }}
template t for sms "{words}"
campaign c {{ enter on visit  send sms t }}
"""
    found = compiled(text)
    assert found.program is None
    one = place(text, found)[0]
    assert one[:2] == ("R222", name)
    assert advice is None or one[2] == advice
    assert found.diagnostics[0].span is not None
    before = text[: found.diagnostics[0].span.start]
    assert before.count("{{ ") == 1 + (words.startswith("nick"))


def test_every_message_gives_what_the_template_needs(compiled: Callable[..., Compiled]) -> None:
    text = """
template t for sms "{{ coupon }}"
campaign c {
  enter on visit
  send sms t with { coupon: "M10" }
  send sms t
  send sms t with { cupon: "M10" }
}
"""
    found = compiled(text)
    assert place(text, found) == [
        ("R222", "sms t", "add `with { coupon: … }`"),
        ("R222", 'sms t with { cupon: "M10" }', "add `with { coupon: … }`"),
    ]
    assert [note.span and text[note.span.start : note.span.end] for note in found.diagnostics[0].notes] == ["coupon"]


def test_what_no_message_is_sent_from_may_be_given_more_later(compiled: Callable[..., Compiled]) -> None:
    found = compiled('template t for sms "{{ coupon }}"')
    assert [(one.code, one.severity.value) for one in found.diagnostics] == [("R222", "warning")]
    assert found.program is not None


def test_a_name_in_a_file_is_shown_in_that_file(compiled: Callable[..., Compiled]) -> None:
    text = 'template t for email { body file "t.html" }\ncampaign c { enter on visit  send email t }'
    found = compiled(text, files={"t.html": "<p>\n  {{ nik }}\n</p>"})
    drawn = render(found.diagnostics, found.sources)
    assert "t.html:2:6" in drawn
    assert "  {{ nik }}\n  |      ^^^" in drawn


def test_an_entering_block_sends_as_well(compiled: Callable[..., Compiled]) -> None:
    text = """
template t for sms "{{ coupon }}"
lifecycle l { start a  state b  a -> b on visit  entering b { send sms t } }
"""
    assert [one[:2] for one in place(text, compiled(text))] == [("R222", "coupon")]
