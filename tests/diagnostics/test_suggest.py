"""The nearest word: slips are found, guesses are not made."""

from __future__ import annotations

import pytest

from rulecrm.diagnostics import nearest
from rulecrm.diagnostics.codes import catalogue


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


def test_codes_are_found_by_their_code() -> None:
    codes = catalogue()
    assert codes["R001"].title == "unexpected word"
    assert all(key == code.code and code.explanation for key, code in codes.items())
