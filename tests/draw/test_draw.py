"""Pictures of lifecycles and campaigns: nothing is missing, nothing overlaps, no text of a user becomes markup."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import combinations

import pytest

import rulecrm
from rulecrm.draw import of_campaign, of_lifecycle, to_mermaid, to_svg
from rulecrm.draw.layout import HEIGHT, lay_out

RULES = """
lifecycle relationship "The <b>bond</b>" {
  start prospect "Not yet"
  prospect -> active on purchase
  active -> silent after 30d without purchase
  silent -> active on purchase when count(purchase) >= 2
  any -> blocked on review where kind_of_abuse == "fraud"
}
template hello for sms "hello"
campaign care "Care" {
  enter on purchase
  exit on refund
  send sms hello
  repeat up to 3 times every 30d until purchase {
    send sms hello
    wait 2d
  }
  if count(purchase since entry) >= 2 {
    split { 50% a { tag "a" } 20% b { exit } }
  }
}
"""


@pytest.fixture(scope="module")
def program():
    return rulecrm.loads(RULES).program


def test_a_lifecycle_as_mermaid(program) -> None:
    text = to_mermaid(of_lifecycle(program.lifecycle("relationship"), program.sources, counts={"active": 7}))
    assert text.splitlines() == [
        "stateDiagram-v2",
        "  direction TB",
        '  state "prospect<br/>Not yet<br/>0" as s0',
        '  state "active<br/>7" as s1',
        '  state "silent<br/>0" as s2',
        '  state "blocked<br/>0" as s3',
        "  [*] --> s0",
        "  s0 --> s1 : on purchase",
        "  s0 --> s3 : on review where kind_of_abuse == #34;fraud#34;",
        "  s1 --> s2 : after 30d without purchase",
        "  s1 --> s3 : on review where kind_of_abuse == #34;fraud#34;",
        "  s2 --> s1 : on purchase when count(purchase) #62;= 2",
        "  s2 --> s3 : on review where kind_of_abuse == #34;fraud#34;",
    ]


def test_a_move_from_many_states_is_drawn_once() -> None:
    rules = """lifecycle l {
      start a
      a -> b on visit
      b -> c on visit
      c -> d on visit
      d -> e on visit
      any -> gone on unsubscribe
    }"""
    program = rulecrm.loads(rules).program
    diagram = of_lifecycle(program.lifecycle("l"), program.sources)
    (inlet,) = diagram.inlets
    assert (inlet.label, inlet.sources) == ("on unsubscribe", ("a", "b", "c", "d", "e"))
    assert len(diagram.arrows) == 4
    assert "on unsubscribe, from 5 states" in to_svg(diagram)
    assert to_mermaid(diagram).count("on unsubscribe") == 5


def test_the_svg_is_well_formed_and_shows_every_state_move_and_count(program) -> None:
    counts, moves = {"active": 1_234, "silent": 5}, {("active", "silent"): 42}
    diagram = of_lifecycle(program.lifecycle("relationship"), program.sources, counts=counts, moves=moves)
    root = ET.fromstring(to_svg(diagram))
    shown = [element.text for element in root.iter() if element.text and element.text.strip()]
    for text in (
        "The <b>bond</b>",
        "prospect",
        "active",
        "silent",
        "blocked",
        "1,234",
        "42",
        "after 30d without purchase",
    ):
        assert text in shown, text
    assert not any("script" in element.tag or "image" in element.tag for element in root.iter())


def test_the_same_diagram_is_drawn_the_same_each_time(program) -> None:
    diagram = of_campaign(program.campaigns[0], program.sources)
    assert to_svg(diagram) == to_svg(diagram)


def test_a_campaign_shows_its_steps_and_the_journeys_that_rest_there(program) -> None:
    diagram = of_campaign(program.campaigns[0], program.sources, counts={"2.2": 3})
    boxes = {box.name: box for box in diagram.boxes}
    assert {"1  send", "2  repeat", "2.1  send", "2.2  wait", "3  if", "finished", "exit", "exit on refund"} <= set(
        boxes
    )
    assert boxes["2.2  wait"].count == 3
    assert boxes["1  send"].start
    labels = {label for arrow in diagram.arrows for label in arrow.labels}
    assert {"yes", "no", "50% a", "20% b", "30%", "each round", "after the last"} <= labels


def test_no_two_boxes_overlap_and_everything_lies_on_the_sheet(program) -> None:
    for diagram in (
        of_lifecycle(program.lifecycle("relationship"), program.sources),
        of_campaign(program.campaigns[0], program.sources),
    ):
        layout = lay_out(diagram)
        for one, other in combinations(layout.places, 2):
            apart = abs(one.x - other.x) >= (one.width + other.width) / 2 or abs(one.y - other.y) >= HEIGHT
            assert apart, (one, other)
        for place in layout.places:
            assert place.x - place.width / 2 >= 0
            assert place.x + place.width / 2 <= layout.width
            assert place.y + HEIGHT / 2 <= layout.height
