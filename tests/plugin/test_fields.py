"""What sources read fields with, and what they gather rows in."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rulecrm.plugin import MARKETING, Permission
from rulecrm.plugin.fields import finite, inner, key, listed, text, without
from rulecrm.plugin.platforms import by_rules
from rulecrm.plugin.rows import Rows


def test_a_path_leads_to_an_object_or_to_nothing() -> None:
    document = {"a": {"b": {"c": 1}}, "d": [1]}
    assert inner(document, "a", "b") == {"c": 1}
    assert inner(document, "a", "b", "c") == {}
    assert inner(document, "d", "b") == {}
    assert inner(None) == {}


def test_lists_hold_objects_alone() -> None:
    assert listed([{"a": 1}, None, "b", {"c": 2}]) == [{"a": 1}, {"c": 2}]
    assert listed({"a": 1}) == []


@pytest.mark.parametrize(("value", "read"), [(" a ", "a"), ("  ", None), (3, None), (None, None)])
def test_empty_text_is_none(value: object, read: str | None) -> None:
    assert text(value) == read


def test_keys_are_text_or_whole_numbers() -> None:
    assert key(45, "order") == "45"
    assert key(" 45 ", "order") == "45"
    for wrong in (True, None, "", 4.5):
        with pytest.raises(ValueError, match="`order` is missing"):
            key(wrong, "order")


@pytest.mark.parametrize(
    ("value", "read"),
    [("1.10", Decimal("1.10")), (7, Decimal(7)), (Decimal("0.1"), Decimal("0.1")), ("NaN", None), ("Infinity", None),
     ("1e5x", None), (True, None), (1.5, None), (None, None)],
)  # fmt: skip
def test_numbers_are_exact_and_finite(value: object, read: Decimal | None) -> None:
    assert finite(value) == read


def test_what_is_personal_is_left_out_however_deep_it_stands() -> None:
    document = {"name": "A", "lines": [{"phone": "1", "sku": "x", "to": {"name": "B", "city": "C"}}]}
    assert without(document, {"name", "phone"}.__contains__) == {"lines": [{"sku": "x", "to": {"city": "C"}}]}


def test_rows_of_one_customer_become_one_where_that_is_asked() -> None:
    def gathered(*, merging: bool) -> Rows:
        rows = Rows(merging=merging)
        rows.customers.append({"customer": "c", "nick": "a", "city": "x"})
        other = Rows(customers=[{"customer": "c", "city": "y"}, {"customer": "d"}])
        other.remarks["odd"] += 2
        rows.add(other)
        return rows

    assert gathered(merging=True).frames() == {
        "customers": [{"customer": "c", "nick": "a", "city": "y"}, {"customer": "d"}]
    }
    assert len(gathered(merging=False).frames()["customers"]) == 3
    assert gathered(merging=False).remarks == {"odd": 2}


def test_what_is_not_named_is_forbidden_with_the_nearest_reason() -> None:
    may = by_rules(
        {("im", "order"): "by chat"}, why={MARKETING: "no advertising", "sms": "numbers are masked"}, otherwise="no"
    )
    assert may("im", "order") == Permission(True, "by chat")
    assert may("im", MARKETING) == Permission(False, "no advertising")
    assert may("sms", "order") == Permission(False, "numbers are masked")
    assert may("email", "order") == Permission(False, "no")
