"""What journeys do at each step, worked out by hand from docs/machine.md."""

from __future__ import annotations

import datetime as dt

import pytest

from rulecrm.model import ir
from rulecrm.model.decisions import bucket_seed
from rulecrm.model.durations import Duration
from rulecrm.model.machine import (
    Act,
    Automaton,
    Branch,
    Campaign,
    Choose,
    EnterAt,
    EnterOn,
    Event,
    Loop,
    Measure,
    Message,
    Node,
    Part,
    Rest,
    Rows,
    Send,
    Staff,
    Stop,
    Tag,
    Timer,
    Until,
)
from rulecrm.model.types import BOOL, INSTANT, MONEY, TEXT
from rulecrm.runtime.hashing import bucket_of
from tests.machine.ledger import Ledger
from tests.machine.shop import Shop, day, micros

RULES = """
metric purchases = count(purchase)
metric spent = sum(purchase.amount)
metric large = count(purchase where amount >= 50 CNY)
metric cups = count(purchase where product == "cup")
metric visits = count(visit)
segment rich = sum(purchase.amount) >= 100 CNY
"""

DAY = Duration(days=1)
FINISHED = Stop("finished")
Fact = tuple[str, str, dict[str, object]]


def shop(
    *, purchase: list[Fact] | None = None, visit: list[Fact] | None = None, zone: str = "UTC", rules: str = RULES
) -> Shop:
    kinds = {"purchase": purchase or [], "visit": visit or []}
    return Shop(rules, kinds, joined={"ann": None, "bob": None}, zone=zone)


def bought(who: str, at: str, amount: int = 10, product: str = "cup") -> Fact:
    return (who, at, {"amount": amount, "product": product})


def visited(who: str, at: str) -> Fact:
    return (who, at, {"source": "web"})


def tagged(*nodes: Node, entry: str | None = None, carried: tuple[tuple[str, object], ...] = ()) -> Campaign:
    """A campaign of these nodes, `finished` at 0, that begins at node 1."""
    enter = EnterOn(Rows("purchase")) if entry is None else EnterAt(day(entry))
    return Campaign("c", (enter,), Automaton((FINISHED, *nodes), 1), carried=carried)  # type: ignore[arg-type]


def told(campaign: Campaign, here: Shop, to: str = "2030-01-01", *, start: str = "2020-01-01") -> list[tuple[str, str]]:
    """Tags and instants of what happens."""
    ledger = Ledger(micros(start))
    ledger.advance(here.run, [campaign], micros(to))
    return [(str(text), _clock(at)) for text, at in ledger.told("text", "at")]


def ends(campaign: Campaign, here: Shop, to: str = "2030-01-01") -> list[tuple[object, ...]]:
    """Customer, reason, instant of every journey that has ended."""
    ledger = Ledger(micros("2020-01-01"))
    ledger.advance(here.run, [campaign], micros(to))
    over = ledger.journeys.drop_nulls("ended").sort("ended", "customer")
    return [(who, why, _clock(at)) for who, why, at in over.select("customer", "reason", "ended").rows()]


def _clock(at: object) -> str:
    assert isinstance(at, int)
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=at)
    return moment.isoformat(timespec="minutes") if moment.time() != dt.time() else moment.date().isoformat()


# --- waits --------------------------------------------------------------------------------------------------------


def test_a_wait_ends_by_the_calendar() -> None:
    """A month after 31 January is the last of February."""
    wait = Rest("1", (), (Timer(Duration(months=1), 2),))
    campaign = tagged(wait, Act("2", Tag("later"), 0))
    assert told(campaign, shop(purchase=[bought("ann", "2025-01-31T10:00")])) == [("later", "2025-02-28T10:00")]


def test_nothing_happens_after_the_clock() -> None:
    campaign = tagged(Rest("1", (), (Timer(DAY, 2),)), Act("2", Tag("later"), 0))
    here = shop(purchase=[bought("ann", "2025-01-01")])
    assert told(campaign, here, "2025-01-01T23:59") == []
    assert told(campaign, here, "2025-01-02") == [("later", "2025-01-02")], "what happens at the clock is done"


def waiting_for_a_visit() -> Campaign:
    rest = Rest("1", (Event(Rows("visit"), 2),), (Timer(DAY, 3),))
    return tagged(rest, Act("2", Tag("seen"), 0), Act("3", Tag("given up"), 0))


@pytest.mark.parametrize(
    ("visits", "happens"),
    [
        ([], ("given up", "2025-01-02T10:00")),
        (["2025-01-01T12:00"], ("seen", "2025-01-01T12:00")),
        (["2025-01-01T09:00"], ("given up", "2025-01-02T10:00")),
        (["2025-01-02T10:00"], ("seen", "2025-01-02T10:00")),
        (["2025-01-02T10:01"], ("given up", "2025-01-02T10:00")),
        (["2025-01-01T10:00"], ("seen", "2025-01-01T10:00")),
    ],
    ids=["none", "between", "before", "at the deadline", "after it", "at the entry: a row of another kind is not past"],
)
def test_whatever_comes_first_ends_a_wait(visits: list[str], happens: tuple[str, str]) -> None:
    here = shop(purchase=[bought("ann", "2025-01-01T10:00")], visit=[visited("ann", at) for at in visits])
    assert told(waiting_for_a_visit(), here) == [happens]


def test_the_row_entered_on_is_past_and_the_next_of_its_instant_is_not() -> None:
    rest = Rest("1", (Event(Rows("purchase"), 2),), ())
    campaign = tagged(rest, Act("2", Tag("again"), 0))
    one = [bought("ann", "2025-01-01")]
    assert told(campaign, shop(purchase=one)) == []
    assert told(campaign, shop(purchase=[*one, bought("ann", "2025-01-01", 20)])) == [("again", "2025-01-01")]


def test_a_row_moves_a_journey_once() -> None:
    """Two waits for a visit take two visits, also of one instant; then rows of the other kind are still there."""
    first = Rest("1", (Event(Rows("visit"), 2),), ())
    second = Rest("2", (Event(Rows("visit"), 3),), ())
    campaign = tagged(first, second, Act("3", Tag("twice"), 0))
    visits = [visited("ann", "2025-01-02")]
    assert told(campaign, shop(purchase=[bought("ann", "2025-01-01")], visit=visits)) == []
    more = [*visits, ("ann", "2025-01-02", {"source": "app"})]
    assert told(campaign, shop(purchase=[bought("ann", "2025-01-01")], visit=more)) == [("twice", "2025-01-02")]
    kinds = tagged(first, Rest("2", (Event(Rows("purchase"), 3),), ()), Act("3", Tag("both"), 0))
    here = shop(purchase=[bought("ann", "2025-01-01"), bought("ann", "2025-01-02")], visit=visits)
    assert told(kinds, here, "2025-01-02") == [("both", "2025-01-02")]


def test_after_a_move_by_time_rows_of_its_instant_are_past() -> None:
    campaign = tagged(
        Rest("1", (), (Timer(DAY, 2),)), Rest("2", (Event(Rows("visit"), 3),), ()), Act("3", Tag("seen"), 0)
    )
    facts = [bought("ann", "2025-01-01")]
    assert told(campaign, shop(purchase=facts, visit=[visited("ann", "2025-01-02")])) == []
    later = [visited("ann", "2025-01-02T00:01")]
    assert told(campaign, shop(purchase=facts, visit=later)) == [("seen", "2025-01-02T00:01")]


def test_at_one_instant_the_event_written_first_moves() -> None:
    """`exit on` is written before the wait's own event."""
    both = (Event(Rows("visit"), 2), Event(Rows("purchase"), 3))
    facts = [bought("ann", "2025-01-01"), bought("ann", "2025-01-03")]
    visits = [visited("ann", "2025-01-03")]
    for events, reason in ((both, "exit on visit"), (both[::-1], "finished")):
        campaign = tagged(Rest("1", events, ()), Stop("exit on visit"), Act("3", Tag("bought"), 0))
        assert ends(campaign, shop(purchase=facts, visit=visits))[0] == ("ann", reason, "2025-01-03")


def test_rows_are_asked_about_themselves_and_about_their_customer() -> None:
    """The visit of the 2nd finds 60 spent, that of the 4th 120."""
    here = shop(
        purchase=[bought("ann", "2025-01-01", 60), bought("ann", "2025-01-03", 60, "pot")],
        visit=[visited("ann", "2025-01-02"), visited("ann", "2025-01-04")],
    )
    rich = Rest("1", (Event(Rows("visit"), 2, here.value("rich")),), ())
    assert told(tagged(rich, Act("2", Tag("rich"), 0)), here, "2025-02-01") == [("rich", "2025-01-04")]
    other = ir.Apply(
        "ne", (ir.Column("purchase", "product", TEXT), ir.Local("entry.product", TEXT)), BOOL
    )  # bought something else than on entry
    rest = Rest("1", (Event(Rows("purchase", (other,)), 2),), ())
    campaign = tagged(rest, Act("2", Tag("something else"), 0), carried=(("product", TEXT),))
    assert told(campaign, here) == [("something else", "2025-01-03")]


def test_waiting_until_an_instant_or_a_time_of_day() -> None:
    facts = [bought("ann", "2025-01-01T10:00")]
    past, ahead = (Until(instant=day(at)) for at in ("2024-11-11T09:00", "2025-11-11T09:00"))
    same, nine = Until(time=dt.time(10)), Until(time=dt.time(9))
    for until, at in (
        (past, "2025-01-01T10:00"),
        (ahead, "2025-11-11T09:00"),
        (same, "2025-01-01T10:00"),
        (nine, "2025-01-02T09:00"),
    ):
        campaign = tagged(Rest("1", (), (Timer(until, 2),)), Act("2", Tag("on"), 0))
        assert told(campaign, shop(purchase=facts)) == [("on", at)]


def test_where_there_is_no_rest_no_row_is_lost() -> None:
    """The wait until an instant that is past leaves rows of the entry's instant to the next wait."""
    no_rest = Rest("1", (Event(Rows("visit"), 0),), (Timer(Until(instant=day("2024-01-01")), 2),))
    campaign = tagged(no_rest, Rest("2", (Event(Rows("visit"), 3),), ()), Act("3", Tag("seen"), 0))
    here = shop(purchase=[bought("ann", "2025-01-01")], visit=[visited("ann", "2025-01-01")])
    assert told(campaign, here) == [("seen", "2025-01-01")]


def test_a_time_of_day_that_clocks_skip_is_read_with_the_offset_before() -> None:
    """In Berlin 02:30 does not come on 30 March 2025: it is read as 01:30 UTC, when clocks there show 03:30."""
    campaign = tagged(Rest("1", (), (Timer(Until(time=dt.time(2, 30)), 2),)), Act("2", Tag("on"), 0))
    for entry, at in (("2025-03-29T20:00", "2025-03-30T01:30"), ("2025-03-30T01:31", "2025-03-31T00:30")):
        here = shop(purchase=[bought("ann", entry)], zone="Europe/Berlin")
        assert told(campaign, here) == [("on", at)]
    # 02:30 comes twice on 26 October: the earlier one is meant.
    here = shop(purchase=[bought("ann", "2025-10-26T00:40")], zone="Europe/Berlin")
    assert told(campaign, here) == [("on", "2025-10-27T01:30")]


# --- branches -----------------------------------------------------------------------------------------------------


def test_if_asks_the_customer_at_the_instant_of_the_step() -> None:
    here = shop(
        purchase=[bought("ann", "2025-01-01", 60), bought("ann", "2025-01-02", 60), bought("bob", "2025-01-01")]
    )
    asked = Choose("2", here.value("rich"), 3, 4)
    steps = (Rest("1", (), (Timer(DAY, 2),)), asked, Act("3", Tag("rich"), 0), Act("4", Tag("poor"), 0))
    assert told(tagged(*steps), here) == [("rich", "2025-01-02"), ("poor", "2025-01-02")]


def test_if_reads_what_the_journey_brings_along() -> None:
    """Nobody has bought since the entry, but for Ann: her second purchase is after it."""
    here = shop(purchase=[bought("ann", "2025-01-01"), bought("ann", "2025-01-02"), bought("bob", "2025-01-01")])
    since = ir.Scan("purchase", "customer", (), ir.Bound(ir.Local("entry", INSTANT), closed=False))
    again = ir.Aggregate("exists", since, None, (), BOOL)
    steps = (Rest("1", (), (Timer(DAY, 2),)), Choose("2", again, 3, 0), Act("3", Tag("again"), 0))
    assert told(tagged(*steps), here) == [("again", "2025-01-02")]


def test_a_split_goes_by_buckets_that_anybody_can_work_out() -> None:
    people = [f"c{number}" for number in range(40)]
    here = Shop(RULES, {"purchase": [bought(who, "2025-01-01") for who in people]})
    split = Part("1", (Branch("a", 3000, 2), Branch("b", 6000, 3)), 0)
    ledger = Ledger(micros("2020-01-01"), seed="dice")
    campaign = tagged(split, Act("1.a.1", Tag("in a"), 0), Act("1.b.1", Tag("in b"), 0))
    ledger.advance(here.run, [campaign], micros("2025-02-01"))
    drawn = {who: bucket_of(who, bucket_seed("dice", "c", "split", "1")) for who in people}
    expected = {who: "a" if bucket < 3000 else "b" for who, bucket in drawn.items() if bucket < 6000}
    assert 0 < len(expected) < len(people), "somebody is outside of all branches"
    branches = dict(ledger.acts.filter(action="branch").select("customer", "text").rows())
    assert branches == expected
    tags = dict(ledger.acts.filter(action="tag").select("customer", "text").rows())
    assert tags == {who: f"in {branch}" for who, branch in expected.items()}
    assert ledger.acts.filter(action="branch").get_column("outcome").unique().to_list() == ["done"]


# --- repeats ------------------------------------------------------------------------------------------------------


def repeating(times: int, every: Duration, *body: Node, until: str | None = None, inside: int = 3) -> Campaign:
    """`repeat` as the first step; `inside` is where the body begins, nodes 1 to 3 are the loop's own."""
    out = (Event(Rows(until), 0),) if until is not None else ()
    head = Loop("1", 0, times, every, 4, 0, 3, first=True)
    again = Loop("1", 0, times, every, 4, 0, 3)
    between = Rest("1", out, (Timer(None, 2, loop=0),))
    return tagged(head, again, between, *body)


def test_rounds_are_counted_from_the_start_by_the_calendar() -> None:
    """From 31 January each month: 28 February, 31 March and not 28 March."""
    campaign = repeating(3, Duration(months=1), Act("1.1", Tag("round"), 2))
    ledger = Ledger(micros("2020-01-01"))
    ledger.advance(shop(purchase=[bought("ann", "2025-01-31")]).run, [campaign], micros("2026-01-01"))
    assert [(round_, _clock(at)) for round_, at in ledger.told("round", "at")] == [
        ("1", "2025-01-31"),
        ("2", "2025-02-28"),
        ("3", "2025-03-31"),
    ]
    assert ledger.journeys.select("reason", "ended").rows() == [("finished", micros("2025-03-31"))]


def test_a_round_that_takes_longer_delays_the_next() -> None:
    """Rounds of 36 hours every day: 1st 0:00, 2nd 12:00, 4th 0:00."""
    body = (Act("1.1", Tag("round"), 5), Rest("1.2", (), (Timer(Duration(micros=36 * 3_600_000_000), 2),)))
    campaign = repeating(3, DAY, *body)
    here = shop(purchase=[bought("ann", "2025-01-01")])
    assert [at for _, at in told(campaign, here)] == ["2025-01-01", "2025-01-02T12:00", "2025-01-04"]


def test_until_ends_a_repeat_wherever_it_rests() -> None:
    """The visit comes in the pause after the second round, or inside of the second round."""
    for visit, body in (
        ("2025-01-02T12:00", (Act("1.1", Tag("round"), 2),)),
        (
            "2025-01-02T00:30",
            (
                Act("1.1", Tag("round"), 5),
                Rest("1.2", (Event(Rows("visit"), 0),), (Timer(Duration(micros=3_600_000_000), 2),)),
            ),
        ),
    ):
        here = shop(purchase=[bought("ann", "2025-01-01")], visit=[visited("ann", visit)])
        campaign = repeating(5, DAY, *body, until="visit")
        assert [at for _, at in told(campaign, here)] == ["2025-01-01", "2025-01-02"]
        assert ends(campaign, here) == [("ann", "finished", visit)]


def test_rounds_of_loops_inside_each_other_are_told_from_the_outside() -> None:
    outer = Loop("1", 0, 2, Duration(days=10), 4, 0, 3, first=True)
    inner = Loop("1.1", 1, 2, DAY, 7, 2, 6, first=True)
    nodes = (
        outer,
        Loop("1", 0, 2, Duration(days=10), 4, 0, 3),
        Rest("1", (), (Timer(None, 2, loop=0),)),
        inner,
        Loop("1.1", 1, 2, DAY, 7, 2, 6),
        Rest("1.1", (), (Timer(None, 5, loop=1),)),
        Act("1.1.1", Tag("round"), 5),
    )
    ledger = Ledger(micros("2020-01-01"))
    ledger.advance(shop(purchase=[bought("ann", "2025-01-01")]).run, [tagged(*nodes)], micros("2026-01-01"))
    assert [(round_, _clock(at)) for round_, at in ledger.told("round", "at")] == [
        ("1.1", "2025-01-01"),
        ("1.2", "2025-01-02"),
        ("2.1", "2025-01-11"),
        ("2.2", "2025-01-12"),
    ]


# --- what is written down -----------------------------------------------------------------------------------------


def test_a_message_is_a_candidate_with_values_of_its_instant() -> None:
    here = shop(purchase=[bought("ann", "2025-01-01", 60), bought("ann", "2025-01-02", 39)])
    values = (
        ("total", here.value("spent")),
        ("entered", ir.Local("entry", INSTANT)),
        ("item", ir.Local("entry.product", TEXT)),
        ("price", ir.Local("entry.amount", MONEY)),
        (
            "last_visit",
            ir.Aggregate("max", ir.Scan("visit", "customer"), ir.Column("visit", "at", INSTANT), (), INSTANT),
        ),
    )
    first = Message("email", "thanks", values, via="post")
    send = Act("2", Send((first, Message("sms", "short", (("n", here.value("purchases")),))), 1), 0)
    campaign = tagged(Rest("1", (), (Timer(DAY, 2),)), send, carried=(("product", TEXT), ("amount", MONEY)))
    ledger = Ledger(micros("2020-01-01"))
    ledger.advance(here.run, [campaign], micros("2025-01-02"))
    (row,) = ledger.acts.rows(named=True)
    text = (
        '{"entered":"2025-01-01T00:00:00Z","item":"cup","last_visit":null,"price":"60 CNY","total":"99 CNY"}'
    )  # fmt: skip
    assert row["values"] == text
    assert row["options"] == [text, '{"n":2}']
    assert row["messages"] == (
        f'[{{"channel":"email","template":"thanks","values":{text},"via":"post"}},'
        '{"channel":"sms","template":"short","values":{"n":2},"via":null}]'
    )
    assert (row["channel"], row["template"], row["via"], row["choice"]) == ("email", "thanks", "post", 0)
    assert (row["action"], row["wave"], row["outcome"], row["due"]) == ("send", 1, None, micros("2025-01-02"))
    assert row["decision"] == f"c|2@|{micros('2025-01-01')}|ann||0"


def test_measures_tags_and_notices() -> None:
    steps = (Act("1", Measure(Duration(months=1)), 2), Act("2", Tag("gone"), 3), Act("3", Staff("call"), 0))
    ledger = Ledger(micros("2020-01-01"))
    ledger.advance(shop(purchase=[bought("ann", "2025-01-31")]).run, [tagged(*steps)], micros("2025-02-01"))
    rows = ledger.acts.select("step", "action", "due", "channel", "text", "outcome").rows()
    at = micros("2025-01-31")
    assert rows == [
        ("1", "measure", micros("2025-02-28"), None, None, "done"),
        ("2", "tag", at, None, "gone", "done"),
        ("3", "staff", at, "staff", "call", None),
    ]


def test_a_journey_is_written_down_where_it_rests() -> None:
    campaign = tagged(Rest("1", (Event(Rows("visit"), 2),), ()), Rest("2", (), (Timer(DAY, 0),)))
    here = shop(
        purchase=[bought("ann", "2025-01-01"), bought("bob", "2025-01-01"), bought("bob", "2025-01-01", 20)],
        visit=[visited("ann", "2025-01-05")],
    )
    ledger = Ledger(micros("2020-01-01"))
    ledger.advance(here.run, [campaign], micros("2025-01-05"))
    known = {row["customer"]: row for row in ledger.journeys.rows(named=True)}
    assert {who: (row["node"], row["step"], row["past"]) for who, row in known.items()} == {
        "ann": (2, "2", '{"visit":1}'),
        "bob": (1, "1", '{"purchase":1}'),
    }
    assert known["ann"]["at"] == micros("2025-01-05")
    ledger.advance(here.run, [campaign], micros("2025-01-06"))
    (row,) = ledger.journeys.filter(customer="ann").rows(named=True)
    assert (row["reason"], row["ended"], row["step"], row["past"]) == (
        "finished",
        micros("2025-01-06"),
        "2",
        '{"*":-1}',
    )
