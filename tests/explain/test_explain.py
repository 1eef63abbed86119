"""What an explanation says, worked out by hand from the shop in `conftest`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

import rulecrm
from rulecrm.explain import Explanation, Node

Ask = Callable[..., Explanation]
AS_OF = "2025-03-22"
GOLDENS = Path(__file__).parent / "goldens"


@pytest.fixture
def ask(rules: rulecrm.Rules, facts: rulecrm.Facts) -> Ask:
    def explained(segment: str, customer: str, as_of: str = AS_OF) -> Explanation:
        return rules.explain(facts, segment=segment, customer=customer, as_of=as_of)

    return explained


def lines(explanation: Explanation) -> list[str]:
    return explanation.text().split("\n")


# --- text ---------------------------------------------------------------------------------------------------------


def test_a_conjunction_says_which_part_failed_and_by_how_much(ask: Ask) -> None:
    # 3 purchases; the last was on 21 March, one day before T.
    found = ask("vip_at_risk", "ann")
    assert lines(found) == [
        '✗ vip_at_risk "VIPs going quiet"   customer ann, as of 2025-03-22 00:00 Asia/Shanghai',
        "├─ ✗ purchases >= 4  3 >= 4: 1 short of 4",
        "│    3 purchases, 2025-01-02 … 2025-03-21 (o1, o2, o5)",
        "└─ ✗ idle > 60d      1 d > 60 d: 59 d short",
        "     last(purchase).at = 2025-03-21 00:00: last of 3 purchases, 2025-03-21 (o5)",
        "smallest change: purchases >= 4 (1 short of 4); idle > 60d (59 d short)",
    ]
    assert found.verdict is False
    assert [node.clause for node in found.failed] == ["purchases >= 4", "idle > 60d"]
    assert [node.clause for node in found.to_flip] == ["purchases >= 4", "idle > 60d"]


def test_who_never_bought_has_missing_values(ask: Ask) -> None:
    assert lines(ask("vip_at_risk", "cy"))[1:5] == [
        "├─ ✗ purchases >= 4  0 >= 4: 4 short of 4",
        "│    no purchase",
        "└─ ✗ idle > 60d      missing > 60 d",
        "     last of no purchase",
    ]


def test_a_bucket_is_shown_with_its_number(facts: rulecrm.Facts) -> None:
    text = 'metric purchases = count(purchase)\nsegment drawn = bucket("spring") + purchases >= 0'
    rules = rulecrm.loads(text)
    table = rulecrm.loads('metric b = bucket("spring")').evaluate(facts, as_of=AS_OF).table()
    (drawn,) = table.filter(customer="ann")["b"]
    found = lines(rules.explain(facts, segment="drawn", customer="ann", as_of=AS_OF))
    assert any(line.strip() == f'bucket("spring") = {drawn:,}' for line in found)


def test_connectives_and_negation(ask: Ask) -> None:
    # bo spent 300; the mean is (127.75 + 300 + 0) / 3 = 142.5833…, di is not there yet; one purchase, so potential.
    found = ask("gentle", "bo")
    assert lines(found) == [
        "✓ gentle   customer bo, as of 2025-03-22 00:00 Asia/Shanghai",
        "├─ ✓ purchases in 1..2 or spent > 1000 CNY  any of",
        "│  ├─ ✓ purchases in 1..2  1 in [1, 2]",
        "│  │    1 purchase, 2025-02-04 (o3)",
        "│  └─ ✗ spent > 1000 CNY   CNY 300.00 > CNY 1,000.00: CNY 700.00 below",
        "│       sum of 1 purchase, 2025-02-04 (o3 CNY 300.00); window: after 2024-03-22",
        "├─ ✓ not (value is premium)",
        "│  └─ ✗ value is premium  potential is premium",
        '│     ├─ ✗ premium "Premium"',
        "│     │  ├─ ✓ spent >= population mean(spent)  CNY 300.00 >= CNY 142.5833",
        "│     │  │    population mean(spent) = CNY 142.5833, over 3",
        "│     │  └─ ✗ purchases >= 2                   1 >= 2: 1 short of 2",
        "│     ├─ ✓ potential",
        "│     │  └─ ✓ spent >= population mean(spent)  CNY 300.00 >= CNY 142.5833",
        "│     │       population mean(spent) = CNY 142.5833, over 3",
        "│     └─ · pending otherwise  comes later",
        '└─ ✓ city not in ["Beijing"]                missing not in ["Beijing"]',
        "smallest change: purchases in 1..2 (1 from failing)",
    ]
    assert found.failed == ()


def test_the_smallest_change_goes_through_not_and_labels(ask: Ask) -> None:
    # ann: 3 purchases and 127.75 are neither in 1..2 nor above 1000; she is pending; she lives in Beijing.
    found = ask("gentle", "ann")
    assert [node.clause for node in found.failed] == [
        "purchases in 1..2", "spent > 1000 CNY", 'city not in ["Beijing"]',
    ]  # fmt: skip
    assert [node.clause for node in found.to_flip] == ["purchases in 1..2", 'city not in ["Beijing"]']
    assert found.to_flip[0].distance is not None
    assert found.to_flip[0].distance.text == "1 over 2"


def test_a_classification_shows_its_arms_in_order(ask: Ask) -> None:
    found = ask("value", "bo")
    assert (found.verdict, found.value) == (None, "potential")
    assert lines(found)[0] == 'value "Value quadrant" = potential   customer bo, as of 2025-03-22 00:00 Asia/Shanghai'
    assert [(arm.name, arm.verdict, arm.passed) for arm in found.root.children] == [
        ("premium", False, False), ("potential", True, False), ("pending", True, True),
    ]  # fmt: skip
    assert [node.clause for node in found.failed] == ["purchases >= 2"]
    # One clause suffices: with a second purchase bo is premium, with less than the mean pending.
    assert len(found.to_flip) == 1


def test_a_metric_shows_its_facts(ask: Ask) -> None:
    found = ask("spent", "ann")
    assert lines(found) == [
        "spent = CNY 127.75   customer ann, as of 2025-03-22 00:00 Asia/Shanghai",
        "  sum of 3 purchases, 2025-01-02 … 2025-03-21 (o1 CNY 100.50, o2 CNY 20.00, o5 CNY 7.25); window:",
        "  after 2024-03-22",
    ]
    assert found.value == Decimal("127.7500")
    assert (found.failed, found.to_flip) == ((), ())
    evidence = found.root.children[0].evidence
    assert evidence is not None
    assert evidence.facts[1].at.text == "2025-02-02 12:30"
    assert evidence.facts[1].fields[0][1].value == Decimal("20.0000")


def test_an_age_is_counted_to_t(ask: Ask) -> None:
    assert ask("idle", "ann", "2025-03-22T03:30").value == dt.timedelta(days=1, hours=3, minutes=30)
    assert ask("idle", "ann", "2025-03-22T03:30").text().startswith("idle = 1 d 3 h ")


def test_a_sequence_that_holds_shows_its_latest_match(ask: Ask) -> None:
    # 2 January then 2 February (31 days) and 2 February then 21 March (46 days, 11.5 hours): the second begins later.
    steps = leaf(ask("came_back", "ann")).steps
    assert steps is not None
    assert steps.first is not None
    assert steps.last is not None
    assert (steps.reached, steps.first.text, steps.last.text) == (3, "2025-02-02 12:30", "2025-03-21 00:00")


@pytest.mark.parametrize(
    ("customer", "as_of", "reached"),
    [("bo", "2025-03-22", 2), ("bo", "2025-02-24", 2), ("bo", "2025-02-23T23:00", 1), ("cy", "2025-03-22", 0)],
)
def test_a_sequence_that_fails_shows_how_far_it_came(ask: Ask, customer: str, as_of: str, reached: int) -> None:
    # bo bought on 4 February; the 20 days without a purchase are over on the 24th, at midnight.
    steps = leaf(ask("came_back", customer, as_of)).steps
    assert steps is not None
    assert steps.steps == ("purchase", "no purchase within 20 d", "purchase")
    assert steps.reached == reached


def test_an_earlier_instant_is_named(ask: Ask) -> None:
    # 30 days before 22 March is 20 February: ann had 120.50, the mean was (120.50 + 300 + 0) / 3 = 140.1667.
    found = ask("was_premium", "ann")
    assert "└─ ✗ value is premium as of 30d ago  as of 2025-02-20 00:00" in lines(found)
    assert any("CNY 120.50 >= CNY 140.1667: CNY 19.6667 below" in line for line in lines(found))


def test_a_window_says_on_which_side_it_was_missed(ask: Ask) -> None:
    # The first purchase was on 2 January, 00:00: the day began where 1 January ended.
    assert "2025-01-02 00:00 in [2025-01-01 00:00, 2025-01-02 00:00)" in ask("on_new_year", "ann").text()
    found = leaf(ask("on_new_year", "bo")).distance
    assert found is not None
    assert found.text == "33 d too late"


def test_a_where_that_reads_a_metric_shows_it(ask: Ask) -> None:
    # ann's mean is 42.5833; 7.25 of 21 March is the only purchase since 12 March, and is not above it.
    found = leaf(ask("unspent", "ann"))
    assert found.form == "none"
    assert found.verdict is True
    assert [(child.name, child.value.text) for child in found.children if child.value] == [("basket", "CNY 42.5833")]


def test_what_no_subject_can_change_is_no_change(ask: Ask) -> None:
    assert ask("everybody", "ann").to_flip == ()


def test_one_who_was_not_there_yet(ask: Ask) -> None:
    assert ask("vip_at_risk", "di").exists is False
    assert "who was not there yet" in ask("vip_at_risk", "di").text()
    assert ask("vip_at_risk", "di", "2025-04-01").exists is True


def test_values_are_those_of_the_table(rules: rulecrm.Rules, facts: rulecrm.Facts, ask: Ask) -> None:
    for row in rules.evaluate(facts, as_of=AS_OF).table().iter_rows(named=True):
        for name in rules.names():
            assert ask(name, row["customer"]).value == row[name]


# --- errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("segment", "customer", "code", "advice"),
    [
        ("vip_at_risk", "anm", "R432", "did you mean `ann`?"),
        ("vip_at_risk", "zebra", "R432", None),
        ("vip_at_rik", "ann", "R120", "did you mean `vip_at_risk`?"),
    ],
)
def test_what_cannot_be_explained(ask: Ask, segment: str, customer: str, code: str, advice: str | None) -> None:
    with pytest.raises(rulecrm.RulesError) as caught:
        ask(segment, customer)
    assert [(one.code, one.help) for one in caught.value.diagnostics] == [(code, advice)]


# --- faces --------------------------------------------------------------------------------------------------------


def test_lines_break_at_the_width(ask: Ask) -> None:
    text = ask("gentle", "ann").text(width=60)
    assert max(map(len, text.split("\n"))) <= 60
    assert " ".join(text.split()) != text


def test_wide_letters_count_twice(ask: Ask) -> None:
    text = ask("重要客户", "ann").text()
    assert text.startswith('✗ 重要客户 "最重要的客户"   customer ann')


def test_colour_is_only_added(ask: Ask) -> None:
    import re

    found = ask("gentle", "bo")
    coloured = found.text(color=True)
    assert "\x1b[32m✓\x1b[0m" in coloured
    assert "\x1b[31m✗\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == found.text()


def test_json_has_amounts_as_text_and_instants_with_offsets(ask: Ask) -> None:
    found = json.loads(ask("vip_at_risk", "ann").to_json())
    assert list(found) == [
        "symbol", "form", "title", "subject", "key", "as_of", "zone", "exists", "verdict", "failed", "to_flip", "tree",
    ]  # fmt: skip
    assert found["as_of"] == "2025-03-22T00:00:00+08:00"
    assert found["tree"]["verdict"] is False
    below = found["tree"]["children"][0]["children"]
    assert below[1]["comparison"]["left"] == {"type": "age", "value": 86_400, "text": "1 d"}
    spent = json.loads(ask("spent", "ann").to_json())
    assert spent["value"] == {"type": "money", "value": "127.7500", "text": "CNY 127.75"}
    assert "verdict" not in spent


class Tags(HTMLParser):
    """Checks that tags are balanced, and collects them with the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_stands_alone_and_is_escaped(facts: rulecrm.Facts) -> None:
    rules = rulecrm.loads(
        'currency CNY\nsegment s "<script>alert(1)</script>" = city == "<b>&" and count(purchase) > 2'
    )
    found = rules.explain(facts, segment="s", customer="ann", as_of=AS_OF)
    parser = Tags()
    parser.feed(found.html())
    parser.close()
    assert parser.open == []
    assert parser.seen <= {"div", "style", "h4", "p", "ul", "li", "details", "summary", "code", "span"}
    assert 'city == "<b>&"' in parser.text
    assert "prefers-color-scheme:dark" in parser.text
    assert found._repr_html_() == found.html()


@pytest.mark.parametrize(
    ("name", "segment", "customer"), [("gentle_bo", "gentle", "bo"), ("value_ann", "value", "ann")]
)
def test_goldens(ask: Ask, name: str, segment: str, customer: str) -> None:
    found = ask(segment, customer)
    for suffix, text in (("txt", str(found)), ("json", found.to_json()), ("html", found.html())):
        assert text + "\n" == (GOLDENS / f"{name}.{suffix}").read_text("utf-8")


def leaf(found: Explanation) -> Node:
    """The only clause of a segment."""
    (node,) = found.root.children
    return node
