"""Templates: their parts, their files, and the names that they use."""

from __future__ import annotations

import subprocess
import sys
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


@pytest.mark.parametrize(
    ("words", "at", "advice"),
    [
        ("{{ nick", "{{", "`}}` closes it"),
        ("{% if nick %}x", "if", "`{% endif %}` closes it"),
        ("\\n\\t{{ nick | upcas }}", "upcas", "did you mean `upcase`?"),
        ("{{ nick | upcase }} {{ nick | upcas }}", "upcas", "did you mean `upcase`?"),
        ("{% include 'x' %}", "include", None),
    ],
)
def test_a_text_that_is_no_liquid(compiled: Callable[..., Compiled], words: str, at: str, advice: str | None) -> None:
    text = f'template t for sms "{words}"\ncampaign c {{ enter on visit  send sms t }}\n'
    found = compiled(text)
    assert found.program is None
    assert place(text, found) == [("R224", at, advice)]


def test_a_mistake_in_a_file_is_shown_in_that_file(compiled: Callable[..., Compiled]) -> None:
    found = compiled('template t for email { body file "t.html" }', files={"t.html": "<p>\n  {{ nick | upcas }}\n</p>"})
    drawn = render(found.diagnostics, found.sources)
    assert "t.html:2:13" in drawn
    assert "did you mean `upcase`?" in drawn


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('template t for email { subject "x" }', [("R225", "t", "`body` holds the words")]),
        ('template t for email { subject "s" html "<p>x</p>" }', []),
        ('template t for email { subject "s" locale "zh" { body "x" } }', []),
        ('template t for email { body "y" locale "zh" { subject "s" body "x" } }', []),
        ('template t for email "x"', [("R228", "t", 'add `subject "…"`')]),
        ('template t for email { locale "zh" { body "x" } }', [("R228", "t", 'add `subject "…"`')]),
        ('template t for im { title "x" body "y" }', []),
        ('template t for sms { body "x" html "<p>x</p>" }', [("R226", "html", "its `body` is all it has")]),
        ('template t for sms { subject "s" body "x" }', [("R226", "subject", "its `body` is all it has")]),
        (
            'template t for sms { html "x" }',
            [("R225", "t", "`body` holds the words"), ("R226", "html", "its `body` is all it has")],
        ),
        ("template t for im { }", [("R225", "t", None)]),
    ],
)
def test_what_a_template_has_to_have(
    compiled: Callable[..., Compiled], text: str, expected: list[tuple[str, str, str | None]]
) -> None:
    assert place(text, compiled(text)) == expected


def test_a_part_that_is_only_known_later_is_no_name(compiled: Callable[..., Compiled]) -> None:
    text = 'template t for sms "{{ customer[nick] }}"'
    assert place(text, compiled(text)) == [("R227", "customer", "a part has a name: `customer.…`")]
    text = 'lifecycle walk { start a  state b  a -> b on visit }\ntemplate t for sms "{{ walk[nick] }}"'
    assert [one[:2] for one in place(text, compiled(text))] == [("R227", "walk")]


def test_what_each_name_stands_for(compiled: Callable[..., Compiled]) -> None:
    text = """
import "more.rules" as more
metric spent = sum(purchase.amount)
lifecycle walk { start a  state b  a -> b on visit }
template t for sms "{{ spent | money }}{{ more.idle }}{{ walk }}{{ walk.since }}{{ nick }}{{ customer.nick }}{{ customer }}\\
{{ coupon.SPRING }}{{ gift }}{{ now }}{{ today }}{% assign x = spent %}{{ x }}{% if y %}{% assign y = 1 %}{% endif %}{{ spent }}"
campaign c { enter on visit  send sms t with { gift: "M10" } }
""".replace("\\\n", "")
    more = 'metric idle = age(last(purchase).at)\ntemplate inner for sms "{{ idle }}"'
    found = templates(compiled(text, files={"more.rules": more}))
    assert [(use.name, use.what, use.symbol, use.part) for use in found["t"].uses] == [
        ("coupon.SPRING", "coupon", "SPRING", ""),
        ("customer", "customer", "customer", ""),
        ("customer.nick", "attribute", "nick", ""),
        ("gift", "given", "gift", ""),
        ("more.idle", "definition", "more.idle", ""),
        ("nick", "attribute", "nick", ""),
        ("now", "clock", "now", ""),
        ("spent", "definition", "spent", ""),
        ("today", "clock", "today", ""),
        ("walk", "lifecycle", "walk", ""),
        ("walk.since", "lifecycle", "walk", "since"),
    ]
    # a file's own name is what it is called there; the symbol is the program's
    assert [(use.name, use.symbol) for use in found["more.inner"].uses] == [("idle", "more.idle")]


def test_fields_of_records_are_known(compiled: Callable[..., Compiled]) -> None:
    text = """attribute address: record { city: text, street: text }
attribute tags: list of text
template t for sms "{{ address.city }}{{ address.citty }}{{ tags[0] }}{{ tags.first }}{{ nick.size }}{{ nick.first_name }}"
"""
    found = [one for one in place(text, compiled(text)) if one[0] == "R222"]
    assert found == [
        ("R222", "address.citty", "did you mean `address.city`?"),
        ("R222", "nick.first_name", "did you mean `nick`?"),
    ]


def test_a_template_says_what_it_is_for(compiled: Callable[..., Compiled]) -> None:
    text = 'template a for sms "x"\ntemplate b for sms as service "x"\ntemplate c for email as marketing { body "x" }'
    found = templates(compiled(text))
    assert {name: one.purpose for name, one in found.items()} == {"a": "marketing", "b": "service", "c": "marketing"}


def test_consent_for_a_purpose_is_no_channel(compiled: Callable[..., Compiled]) -> None:
    text = """
attribute accepts_sms_service: bool
template t for sms as service "x"
policy { at most 1 sms_servic per day }
"""
    (found,) = compiled(text).diagnostics
    assert (found.code, found.severity.value) == ("R223", "warning")
    assert found.help is not None
    assert "sms_service" not in found.help


def test_the_version_of_a_campaign_depends_on_what_its_words_are_for(compiled: Callable[..., Compiled]) -> None:
    campaign = "\ncampaign c { enter on visit  send sms t }"
    versions = {}
    for purpose in ("", " as marketing", " as service"):
        found = compiled(f'template t for sms{purpose} "{{{{ nick }}}}"{campaign}')
        assert found.program is not None
        versions[purpose] = found.program.campaigns[0].version
    assert versions[""] == versions[" as marketing"]
    assert versions[""] != versions[" as service"]


def test_rules_with_simple_words_are_checked_without_python_liquid() -> None:
    script = (
        "import sys\n"
        "from rulecrm.semantics import compile_rules\n"
        "found = compile_rules('template t for sms \"{{ customer.nick }}, {{ nick | default: 1 }}\"', source='a')\n"
        "assert found.program is not None and len(found.program.templates['t'].uses) == 2\n"
        "assert 'liquid' not in sys.modules\n"
        "compile_rules('template t for sms \"{% if nick %}x{% endif %}\"', source='a')\n"
        "assert 'liquid' in sys.modules and 'polars' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
