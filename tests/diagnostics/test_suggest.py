"""The nearest word: slips are found, guesses are not made."""

from __future__ import annotations

import pytest

from rulecrm.diagnostics import nearest
from rulecrm.diagnostics.codes import catalogue
from rulecrm.diagnostics.suggest import did_you_mean, near_or_all


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("segmant", "segment"),
        ("metrc", "metric"),
        ("METRIC", "metric"),
        ("semgent", "segment"),
        ("kip", "kpi"),
        ("kp", None),
        ("banana", None),
        ("m" * 10_000, None),
    ],
)
def test_nearest(word: str, meant: str | None) -> None:
    assert nearest(word, ["metric", "segment", "kpi", "kind"]) == meant


def test_the_order_of_candidates_does_not_matter() -> None:
    assert nearest("cat", ["bat", "hat"]) == nearest("cat", ["hat", "bat"]) == "bat"


def test_a_near_word_is_offered_and_no_other() -> None:
    assert did_you_mean("metrc", ["metric", "kpi"]) == "did you mean `metric`?"
    assert did_you_mean("banana", ["metric", "kpi"]) is None


def test_of_a_few_words_all_are_named_where_none_is_near() -> None:
    assert near_or_all("metrc", ["metric", "kpi"]) == "did you mean `metric`?"
    assert near_or_all("banana", ["metric", "kpi"]) == "there are: metric, kpi"


def test_codes_are_found_by_their_code() -> None:
    codes = catalogue()
    assert codes["R001"].title == "unexpected word"
    assert all(key == code.code and code.explanation for key, code in codes.items())
