"""SMS: alphabets, parts, signature and notice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm.model.sending import Price
from rulecrm.words import Segments, finish, segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments("GSM-7", 0, 0)),
        ("a" * 160, Segments("GSM-7", 160, 1)),
        ("a" * 161, Segments("GSM-7", 161, 2)),
        ("a" * 306, Segments("GSM-7", 306, 2)),
        ("a" * 307, Segments("GSM-7", 307, 3)),
        # the extension: two septets each
        ("€" * 80, Segments("GSM-7", 160, 1)),
        ("€" * 80 + "a", Segments("GSM-7", 161, 2)),
        # 153 is odd: the 77th pair does not fit into the first part
        ("€" * 153, Segments("GSM-7", 306, 3)),
        ("€" * 152, Segments("GSM-7", 304, 2)),
        # Greek capitals and accents of the alphabet cost nothing more; others do
        ("ΓΔàéè@£$¥\n", Segments("GSM-7", 10, 1)),
        ("ê", Segments("UCS-2", 1, 1, ("ê",))),
        ("你" * 70, Segments("UCS-2", 70, 1, ("你",))),
        ("你" * 71, Segments("UCS-2", 71, 2, ("你",))),
        ("你" * 134, Segments("UCS-2", 134, 2, ("你",))),
        ("你" * 135, Segments("UCS-2", 135, 3, ("你",))),
        # a surrogate pair is two units: 67 is odd, so that 33 of them go into a part of several
        ("🎁" * 35, Segments("UCS-2", 70, 1, ("🎁",))),
        ("🎁" * 66, Segments("UCS-2", 132, 2, ("🎁",))),
        ("🎁" * 67, Segments("UCS-2", 134, 3, ("🎁",))),
        ("ok 你 ok 你 好", Segments("UCS-2", 11, 1, ("你", "好"))),
    ],
)  # fmt: skip
def test_a_text_is_counted(text: str, expected: Segments) -> None:
    assert segments(text) == expected


@given(st.text(st.sampled_from("a€你🎁^"), max_size=400))
def test_parts_hold_what_there_is_and_no_more_than_they_can(text: str) -> None:
    found = segments(text)
    alone, each = (160, 153) if found.encoding == "GSM-7" else (70, 67)
    if found.units <= alone:
        assert found.count == (1 if text else 0)
    else:
        # a part loses at most one unit, to what may not be taken apart
        assert -(-found.units // each) <= found.count <= -(-found.units // (each - 1))


def test_what_it_costs() -> None:
    assert segments("你" * 71).cost(Price(Decimal("0.045"), "CNY")) == Price(Decimal("0.090"), "CNY")


@pytest.mark.parametrize(
    ("text", "signature", "notice", "expected"),
    [
        ("您好", None, None, "您好"),
        ("您好", "【店】", "拒收请回复R", "【店】您好拒收请回复R"),
        ("【店】您好，拒收请回复R", "【店】", "拒收请回复R", "【店】您好，拒收请回复R"),
        ("您好【店】", "【店】", None, "您好【店】"),
        ("Hello.", None, "Reply STOP to opt out", "Hello. Reply STOP to opt out"),
        ("Hello.\n", None, "Reply STOP to opt out", "Hello. Reply STOP to opt out"),
    ],
)
def test_signature_and_notice_are_said_once(
    text: str, signature: str | None, notice: str | None, expected: str
) -> None:
    said = finish(text, signature=signature, notice=notice)
    assert said == expected
    assert finish(said, signature=signature, notice=notice) == expected
