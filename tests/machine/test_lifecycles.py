"""Lifecycles, customer by customer, each timeline worked out by hand from docs/machine.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rulecrm.model.durations import Duration
from tests.machine.automata import After, On, lifecycle
from tests.machine.shop import Shop

Kinds = Mapping[str, Sequence[tuple[str, str, Mapping[str, object]]]]

RULES = """
metric spent = sum(purchase.amount)
segment big = spent >= 100 CNY
segment bought_lately = exists(purchase in last 20d)
metric cheap = count(purchase where amount < 10 CNY)
metric dear = count(purchase where amount >= 10 CNY)
metric views = count(view)
metric orders = count(order)
"""


def days(count: int) -> Duration:
    return Duration(days=count)


def bought(*rows: tuple[str, str, int] | tuple[str, str]) -> Kinds:
    return {"purchase": [(row[0], row[1], {"amount": row[2] if len(row) > 2 else 50}) for row in rows]}


RECENCY = lifecycle(
    {
        "prospect": [On("purchase", "active")],
        "active": [After(days(30), "silent", without="purchase")],
        "silent": [On("purchase", "active"), After(days(60), "sleeping", without="purchase")],
        "sleeping": [On("purchase", "active"), After(days(90), "lost")],
        "lost": [On("purchase", "active")],
    }
)


def test_recency() -> None:
    """The example of the page: silent 30 days after the last purchase, sleeping 90 days after it, lost after 180."""
    here = Shop(
        RULES, bought(("ann", "2025-01-01"), ("ann", "2025-01-20"), ("ann", "2025-06-01")), lifecycles=[RECENCY]
    )
    assert here.moves("2025-12-31") == {
        "ann": [
            ("2025-01-01", "prospect", "active"),
            ("2025-02-19", "active", "silent"),
            ("2025-04-20", "silent", "sleeping"),
            ("2025-06-01", "sleeping", "active"),
            ("2025-07-01", "active", "silent"),
            ("2025-08-30", "silent", "sleeping"),
            ("2025-11-28", "sleeping", "lost"),
        ]
    }


def test_a_move_at_the_horizon_has_happened_and_none_after_it() -> None:
    here = Shop(RULES, bought(("ann", "2025-01-01")), lifecycles=[RECENCY])
    assert len(here.moves("2025-01-30T23:59")["ann"]) == 1
    assert here.moves("2025-01-31")["ann"][1:] == [("2025-01-31", "active", "silent")]
    assert here.moves("2024-12-31") == {}


def test_a_row_at_the_very_deadline_starts_the_timer_anew() -> None:
    here = Shop(RULES, bought(("ann", "2025-01-01"), ("ann", "2025-01-31")), lifecycles=[RECENCY])
    assert here.moves("2025-03-02")["ann"][1:] == [("2025-03-02", "active", "silent")]


def test_an_event_at_a_deadline_comes_first() -> None:
    life = lifecycle({"a": [On("purchase", "b")], "b": [After(days(10), "late"), On("purchase", "again")], "late": [],
                      "again": []})  # fmt: skip
    here = Shop(RULES, bought(("ann", "2025-01-01"), ("ann", "2025-01-11")), lifecycles=[life])
    assert here.moves("2025-02-01")["ann"][1:] == [("2025-01-11", "b", "again")]


def test_after_a_move_by_time_all_rows_of_its_instant_are_past() -> None:
    """The purchase is too cheap to be a move out of `b`, and has had its turn when `late` begins."""
    cheap, dear = (Shop(RULES, {}).rows(name) for name in ("cheap", "dear"))
    life = lifecycle(
        {
            "a": [On("purchase", "b")],
            "b": [On(dear, "again"), After(days(10), "late")],
            "late": [On(cheap, "again")],
            "again": [],
        }
    )
    rows = bought(("ann", "2025-01-01"), ("ann", "2025-01-11", 5), ("bob", "2025-01-01"), ("bob", "2025-01-11", 5),
                  ("bob", "2025-01-12", 5))  # fmt: skip
    assert Shop(RULES, rows, lifecycles=[life]).moves("2025-02-01") == {
        "ann": [("2025-01-01", "a", "b"), ("2025-01-11", "b", "late")],
        "bob": [("2025-01-01", "a", "b"), ("2025-01-11", "b", "late"), ("2025-01-12", "late", "again")],
    }


def test_rows_of_other_kinds_at_the_instant_of_a_move_are_not_past() -> None:
    """Viewed and bought at one instant: the purchase, written first, moves; then the view still does."""
    life = lifecycle({"a": [On("purchase", "b"), On("view", "c")], "b": [On("view", "c"), On("purchase", "d")], "c": [],
                      "d": []})  # fmt: skip
    rows = {**bought(("ann", "2025-01-01")), "view": [("ann", "2025-01-01", {})]}
    assert Shop(RULES, rows, lifecycles=[life]).moves("2025-02-01")["ann"] == [
        ("2025-01-01", "a", "b"),
        ("2025-01-01", "b", "c"),
    ]


def test_a_row_moves_once_and_the_rows_before_it_are_past() -> None:
    """Three purchases at one instant, in the order of their amounts: the 50 moves, and only the 60 is left."""
    cheap, dear = (Shop(RULES, {}).rows(name) for name in ("cheap", "dear"))
    life = lifecycle(
        {"a": [On(dear, "b")], "b": [On(cheap, "wrong"), On("purchase", "c")], "c": [On("purchase", "wrong")],
         "wrong": []}
    )  # fmt: skip
    rows = bought(("ann", "2025-01-01", 60), ("ann", "2025-01-01", 5), ("ann", "2025-01-01", 50))
    assert Shop(RULES, rows, lifecycles=[life]).moves("2025-02-01")["ann"] == [
        ("2025-01-01", "a", "b"),
        ("2025-01-01", "b", "c"),
    ]


def test_a_cursor_of_a_kind_stays_where_a_move_at_the_same_instant_left_it() -> None:
    """purchase, view and purchase at one instant, and a state asks for a purchase between: only two there are."""
    life = lifecycle({"a": [On("purchase", "b")], "b": [On("view", "c")], "c": [On("purchase", "d")],
                      "d": [On("purchase", "wrong")], "wrong": []})  # fmt: skip
    rows = {**bought(("ann", "2025-01-01", 1), ("ann", "2025-01-01", 2)), "view": [("ann", "2025-01-01", {})]}
    assert [to for _, _, to in Shop(RULES, rows, lifecycles=[life]).moves("2025-02-01")["ann"]] == ["b", "c", "d"]


def test_of_events_at_one_instant_the_one_written_first_is_made() -> None:
    cheap, dear = (Shop(RULES, {}).rows(name) for name in ("cheap", "dear"))
    life = lifecycle({"a": [On(dear, "dear"), On(cheap, "cheap")], "dear": [], "cheap": []})
    rows = bought(("ann", "2025-01-01", 5), ("ann", "2025-01-01", 50), ("bob", "2025-01-01", 5), ("bob", "2025-01-02"))
    assert Shop(RULES, rows, lifecycles=[life]).moves("2025-02-01") == {
        "ann": [("2025-01-01", "a", "dear")],
        "bob": [("2025-01-01", "a", "cheap")],
    }


def test_of_timers_at_one_instant_the_one_written_first_is_made() -> None:
    life = lifecycle({"a": [After(days(31), "x"), After(Duration(months=1), "y")], "x": [], "y": []})
    here = Shop(RULES, {}, joined={"jan": "2025-01-01", "feb": "2025-02-01"}, lifecycles=[life])
    assert here.moves("2025-05-01") == {
        "feb": [("2025-03-01", "a", "y")],
        "jan": [("2025-02-01", "a", "x")],
    }


def test_what_happened_before_the_stay_never_starts_a_timer() -> None:
    """Becoming `b` by a view on the 20th; the purchase of the 15th does not count, that of the 25th does."""
    life = lifecycle({"a": [On("view", "b")], "b": [After(days(10), "c", without="purchase")], "c": []})
    rows = {**bought(("ann", "2025-01-15"), ("bob", "2025-01-25")),
            "view": [("ann", "2025-01-20", {}), ("bob", "2025-01-20", {})]}  # fmt: skip
    assert {who: moves[1] for who, moves in Shop(RULES, rows, lifecycles=[life]).moves("2025-03-01").items()} == {
        "ann": ("2025-01-30", "b", "c"),
        "bob": ("2025-02-04", "b", "c"),
    }


def test_a_condition_is_asked_once_at_the_deadline_and_a_row_starts_a_spent_timer_anew() -> None:
    """big at 100: ann has 50 on 11 January and the timer is spent, 100 ten days after her second purchase."""
    here = Shop(RULES, {})
    life = lifecycle(
        {"a": [On("purchase", "b")], "b": [After(days(10), "c", without="purchase", when=here.value("big"))], "c": []}
    )
    rows = bought(("ann", "2025-01-01"), ("ann", "2025-02-01"), ("bob", "2025-01-01"), ("bob", "2025-01-09"),
                  ("eve", "2025-01-01"))  # fmt: skip
    assert Shop(RULES, rows, lifecycles=[life]).moves("2025-12-01") == {
        "ann": [("2025-01-01", "a", "b"), ("2025-02-11", "b", "c")],
        "bob": [("2025-01-01", "a", "b"), ("2025-01-19", "b", "c")],
        "eve": [("2025-01-01", "a", "b")],
    }


def test_a_spent_timer_without_rows_is_spent_until_the_stay_begins_anew() -> None:
    """ann is not big on 11 January; a view begins the stay anew, and then she is."""
    here = Shop(RULES, {})
    life = lifecycle(
        {"a": [On("purchase", "b")], "b": [On("view", "b"), After(days(10), "c", when=here.value("big"))], "c": []}
    )
    rows = {
        **bought(("ann", "2025-01-01"), ("ann", "2025-01-12"), ("bob", "2025-01-01"), ("bob", "2025-01-12")),
        "view": [("ann", "2025-01-20", {})],
    }
    assert Shop(RULES, rows, lifecycles=[life]).moves("2025-12-01") == {
        "ann": [("2025-01-01", "a", "b"), ("2025-01-20", "b", "b"), ("2025-01-30", "b", "c")],
        "bob": [("2025-01-01", "a", "b")],
    }


def test_a_condition_at_a_deadline_that_no_row_set() -> None:
    """The stay in `b` began by time, so nobody could know the deadline: 11 and 21 January, 21 January and 31."""
    here = Shop(RULES, {})
    life = lifecycle(
        {
            "a": [After(days(10), "b")],
            "b": [
                After(days(10), "lately", when=here.value("bought_lately")),
                After(days(20), "c", without="purchase", when=here.value("big")),
            ],
            "lately": [],
            "c": [],
        }
    )
    rows = bought(
        ("ann", "2025-01-01", 100), ("bob", "2025-01-01", 5), ("bob", "2025-02-10", 95), ("cat", "2024-12-01")
    )
    here = Shop(RULES, rows, joined={"dan": "2025-01-01"}, lifecycles=[life])
    assert here.moves("2025-12-01") == {
        # 1 January lies 20 days before the 21st, and the window is open there: bought_lately does not hold.
        "ann": [("2025-01-11", "a", "b"), ("2025-01-31", "b", "c")],
        "bob": [("2025-01-11", "a", "b"), ("2025-03-02", "b", "c")],
        "cat": [("2024-12-11", "a", "b")],
        "dan": [("2025-01-11", "a", "b")],
    }


def test_a_condition_on_the_customer_at_the_event() -> None:
    here = Shop(RULES, {})
    life = lifecycle({"a": [On("purchase", "b", here.value("big")), On("purchase", "c")], "b": [], "c": []})
    rows = bought(("ann", "2025-01-01", 100), ("bob", "2025-01-01", 60), ("bob", "2025-01-02", 60))
    assert Shop(RULES, rows, lifecycles=[life]).moves("2025-12-01") == {
        "ann": [("2025-01-01", "a", "b")],
        "bob": [("2025-01-01", "a", "c")],
    }


def test_the_beginning() -> None:
    """joined_at or the first fact of any kind, whichever is earlier; nothing runs for one who has neither."""
    life = lifecycle({"a": [After(days(10), "b")], "b": []})
    rows = {**bought(("ann", "2025-01-05"), ("kim", "2025-02-01")), "view": [("bob", "2025-01-03", {})]}
    joined = {"ann": "2025-01-01", "bob": "2025-01-09", "eve": None, "dan": "2025-01-20", "kim": None}
    here = Shop(RULES, rows, joined=joined, lifecycles=[life])
    assert {who: moves[0][0] for who, moves in here.moves("2025-12-01").items()} == {
        "ann": "2025-01-11",
        "bob": "2025-01-13",
        "dan": "2025-01-30",
        "kim": "2025-02-11",
    }


def test_at_the_beginning_no_row_is_past() -> None:
    """The purchase that makes ann known also moves her."""
    assert Shop(RULES, bought(("ann", "2025-01-01")), lifecycles=[RECENCY]).moves("2025-01-01") == {
        "ann": [("2025-01-01", "prospect", "active")]
    }


def test_months_and_clock_changes() -> None:
    """Berlin: a month after 31 January 10:00 is 28 February 10:00; a day after 29 March 10:00 is 23 hours later."""
    life = lifecycle({"a": [On("purchase", "b")], "b": [After(Duration(months=1), "c")], "c": [After(days(30), "d")],
                      "d": [After(days(1), "e")], "e": []})  # fmt: skip
    here = Shop(RULES, bought(("ann", "2025-01-31T09:00")), zone="Europe/Berlin", lifecycles=[life])
    assert [(at, to) for at, _, to in here.moves("2025-12-01")["ann"]] == [
        ("2025-01-31 09:00", "b"),
        ("2025-02-28 09:00", "c"),
        ("2025-03-30 08:00", "d"),
        ("2025-03-31 08:00", "e"),
    ]


def test_a_deadline_of_hours_is_elapsed_time() -> None:
    life = lifecycle({"a": [On("purchase", "b")], "b": [After(Duration(micros=24 * 3_600_000_000), "c")], "c": []})
    here = Shop(RULES, bought(("ann", "2025-03-29T09:00")), zone="Europe/Berlin", lifecycles=[life])
    assert here.moves("2025-12-01")["ann"][1][0] == "2025-03-30 09:00"


def test_a_move_from_a_state_to_itself_begins_the_stay_anew() -> None:
    life = lifecycle({"a": [On("purchase", "b")], "b": [On("purchase", "b"), After(days(10), "c")], "c": []})
    here = Shop(RULES, bought(("ann", "2025-01-01"), ("ann", "2025-01-08")), lifecycles=[life])
    assert here.moves("2025-12-01")["ann"][1:] == [("2025-01-08", "b", "b"), ("2025-01-18", "b", "c")]


def test_rows_that_do_not_fit_start_no_timer() -> None:
    dear = Shop(RULES, {}).rows("dear")
    life = lifecycle({"a": [On("purchase", "b")], "b": [After(days(10), "c", without=dear)], "c": []})
    rows = bought(("ann", "2025-01-01", 5), ("ann", "2025-01-05", 50), ("ann", "2025-01-12", 5))
    assert Shop(RULES, rows, lifecycles=[life]).moves("2025-12-01")["ann"][1:] == [("2025-01-15", "b", "c")]
