"""Source of an expression → its typed model."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rulecrm.model.ir import Expr
from rulecrm.semantics.compile import Compiled

NAMES = """
metric purchases = count(purchase)
metric idle = age(last(purchase).at)
metric rhythm = mean_gap(purchase)
metric spent = sum(purchase.amount)
segment vip = purchases >= 4
classify value { high when vip  low otherwise }
collection dress = purchase where category == "dress" and amount > 9 CNY
collection red_dress = dress where brand == "red"
param days: duration = 50d
param cities_we_like: list of text = ["Hangzhou", "上海"]
lifecycle relationship { start new  new -> active on purchase  active -> lost after 90d without purchase }
attribute shoe: int
attribute home: record { street: text, floor: int }
attribute homes: list of record { city: text, main: bool, since: date, rooms: list of record { size: int } }
kind trip { stops: list of record { city: text } }
"""

AGGREGATES = [
    ("count(purchase)", "count[purchase]"),
    ("count(purchase where amount > 3 CNY)", "count[purchase where gt(purchase.amount, 3$)]"),
    (
        'count(purchase where paid and category in ["a", "b"])',
        'count[purchase where true(purchase.paid) where in(purchase.category, ["a", "b"])]',
    ),
    ("count(purchase.coupon)", "count[purchase of purchase.coupon]"),
    ("sum(purchase.amount)", "sum[purchase of purchase.amount]"),
    ("sum(item.amount - item.cost)", "sum[item of sub(item.amount, item.cost)]"),
    ("mean(purchase.quantity)", "mean[purchase of number(purchase.quantity)]"),
    ("mean(age(purchase.at))", "mean[purchase of elapsed(age(purchase.at))]"),
    ("quantile(purchase.amount, 0.9)", "quantile[purchase of purchase.amount, 0.9]"),
    ("quantile(purchase.amount last 30d, 90%)", "quantile[purchase (shift(T, -30d).. of purchase.amount, 0.9]"),
    ("first(purchase).amount", "first[purchase of purchase.amount]"),
    ("last(purchase.amount)", "last[purchase of purchase.amount]"),
    ("nth(purchase, 2).amount", "nth[purchase of purchase.amount, 2]"),
    ("nth(purchase.amount, -1)", "nth[purchase of purchase.amount, -1]"),
    ("last(purchase).product", "last[purchase of purchase.product]"),
    ("mode(item.category)", "mode[item of item.category]"),
    ("distinct(view.product last 7d)", "distinct[view (shift(T, -7d).. of view.product]"),
    ("share(purchase where hour(at) >= 18)", "share[purchase of ge(hour(purchase.at), 18)]"),
    ("share(dress where paid)", ('share[purchase where eq(purchase.category, "dress") '
     "where gt(purchase.amount, 9$) of true(purchase.paid)]")),
    ("mean_gap(purchase)", "mean_gap[purchase]"),
    ("periods(purchase by month last 6mo)", 'periods[purchase (shift(T, -6mo).., "month"]'),
    ("streak(purchase by week)", 'streak[purchase, "week"]'),
    (
        'exists(open where channel == "email" last 10d)',
        'exists[open where eq(open.channel, "email") (shift(T, -10d)..]',
    ),
    ("count(dress)", 'count[purchase where eq(purchase.category, "dress") where gt(purchase.amount, 9$)]'),
    (
        "last(red_dress).at",
        ('last[purchase where eq(purchase.category, "dress") where gt(purchase.amount, 9$) '
        'where eq(purchase.brand, "red") of purchase.at]'),
    ),
    ("count(purchase where amount > spent / 2)", "count[purchase where gt(purchase.amount, div(=spent, 2.0))]"),
    ("count(purchase where purchase.amount > 1 CNY)", "count[purchase where gt(purchase.amount, 1$)]"),
    ("first(purchase) is missing", "none[purchase]"),
    ("last(purchase) is not missing", "not(none[purchase])"),
    ("nth(purchase, 3) is missing", "missing(nth[purchase of purchase.at, 3])"),
    (  # the window after a condition that ends in a yes or no
        "count(order where not paid on 2025-11-11)",
        "count[order where not(true(order.paid)) [start_of_day(2025-11-11)..start_of_day(2025-11-12))]",
    ),
    (
        "exists(item where (quantity > 3) within 7d after first(view).at)",
        "exists[item where gt(item.quantity, 3) (first[view of view.at]..shift(first[view of view.at], 7d)]]",
    ),
    (
        'first(order where channel == "app" and paid in last month).amount',
        ('first[order where eq(order.channel, "app") where true(order.paid) '
        '[start_of("month", shift(T, -1mo))..start_of("month", T)) of order.amount]'),
    ),
    (
        "share(order where vip or not shipped within last 3d)",
        "share[order (shift(T, -3d).. of or(=vip, not(true(order.shipped)))]",
    ),
    (
        "count(order where paid_at within last 3d)",
        "count[order where gt(order.paid_at, shift(T, -3d)) where le(order.paid_at, T)]",
    ),
    ("sum(purchase.amount) ?? 0 USD", "coalesce(sum[purchase of purchase.amount], 0$)"),
]  # fmt: skip

WINDOWS = [
    ("last 30d", "(shift(T, -30d).."),
    ("last 1h30m", "(shift(T, -5400s).."),
    ("last days", "(shift(T, -50d).."),
    ("last 2 * days", "(shift(T, -100d).."),
    ("from 60d to 30d ago", "(shift(T, -60d)..shift(T, -30d)]"),
    ("since 2025-01-01", "[start_of_day(2025-01-01).."),
    ("since 2025-01-01T10:00", "[2025-01-01 02:00:00+00:00.."),
    ("since 30d ago", "[shift(T, -30d).."),
    ("before last(open).at", "..last[open of open.at])"),
    ("before 2025-02-01", "..start_of_day(2025-02-01))"),
    ("between 2025-01-01 and 2025-02-01", "[start_of_day(2025-01-01)..start_of_day(2025-02-01))"),
    ("within 3d after joined_at", "(@joined_at..shift(@joined_at, 3d)]"),
    ("within 3d before joined_at", "[shift(@joined_at, -3d)..@joined_at)"),
    ("within 3d after 2025-01-01", "[start_of_day(2025-01-02)..start_of_day(2025-01-05))"),
    ("within 3h after 2025-01-01", "[start_of_day(2025-01-02)..shift(start_of_day(2025-01-02), 10800s))"),
    ("on 2025-11-11", "[start_of_day(2025-11-11)..start_of_day(2025-11-12))"),
    ("today", '[start_of("day", T)..start_of("day", shift(T, 1d)))'),
    ("yesterday", '[start_of("day", shift(T, -1d))..start_of("day", T))'),
    ("this month", '[start_of("month", T)..start_of("month", shift(T, 1mo)))'),
    ("last quarter", '[start_of("quarter", shift(T, -3mo))..start_of("quarter", T))'),
]

COMPARISONS = [
    ("purchases >= 2", "ge(=purchases, 2)"),
    ("purchases >= 2.5", "ge(number(=purchases), 2.5)"),
    ("2 < purchases", "gt(=purchases, 2)"),
    ("purchases == 1 and vip", "and(eq(=purchases, 1), =vip)"),
    ("idle <= 30d", "ge(origin(=idle), shift(T, -30d))"),
    ("idle > 1mo", "lt(origin(=idle), shift(T, -1mo))"),
    ("age(birthday) >= 18y", "le(start_of_day(@birthday), shift(T, -216mo))"),
    ("idle > 2 * rhythm", "gt(elapsed(=idle), mul(=rhythm, 2.0))"),
    ("idle in 1h..24h", "and(le(origin(=idle), shift(T, -3600s)), ge(origin(=idle), shift(T, -86400s)))"),
    ("(idle ?? 90d) > 30d", "lt(origin(coalesce(=idle, age(shift(T, -90d)))), shift(T, -30d))"),
    ("rhythm < 30d", "lt(=rhythm, 30d)"),
    ("purchases in 2..4", "and(ge(=purchases, 2), le(=purchases, 4))"),
    ("purchases in [1, 2]", "in(=purchases, [1, 2])"),
    ("purchases not in [1, 2]", "not(in(=purchases, [1, 2]))"),
    ("city in cities_we_like", 'in(@city, ["Hangzhou", "上海"])'),
    ('"Hangzhou" in cities', 'has(@cities, "Hangzhou")'),
    ('customer in ["c1", "c2"]', 'in(key, ["c1", "c2"])'),
    ("joined_at < 2025-01-01", "lt(@joined_at, start_of_day(2025-01-01))"),
    ("joined_at <= 2025-01-01", "lt(@joined_at, start_of_day(2025-01-02))"),
    ("joined_at > 2025-01-01", "ge(@joined_at, start_of_day(2025-01-02))"),
    ("joined_at >= 2025-01-01", "ge(@joined_at, start_of_day(2025-01-01))"),
    ("2025-01-01 > joined_at", "lt(@joined_at, start_of_day(2025-01-01))"),
    (
        "joined_at on 2025-01-01",
        "and(ge(@joined_at, start_of_day(2025-01-01)), lt(@joined_at, start_of_day(2025-01-02)))",
    ),
    ("birthday on 2000-01-01", "eq(@birthday, 2000-01-01)"),
    ("joined_at in last 30d", "and(gt(@joined_at, shift(T, -30d)), le(@joined_at, T))"),
    ("member_until in next 7d", "and(ge(@member_until, date_of(T)), lt(@member_until, date_of(shift(T, 7d))))"),
    ("member_until in last 7d", "and(gt(@member_until, date_of(shift(T, -7d))), le(@member_until, date_of(T)))"),
    ("member_until on today", "and(ge(@member_until, date_of(T)), lt(@member_until, date_of(shift(T, 1d))))"),
    ("member_until == today", "eq(@member_until, date_of(T))"),
    ("first(purchase).at within 30d after joined_at",
     "and(gt(first[purchase of purchase.at], @joined_at), le(first[purchase of purchase.at], shift(@joined_at, 30d)))"),
    (
        "anniversary(birthday) in next 7d",
        ("and(ge(anniversary(@birthday, date_of(T)), date_of(T)), "
        "lt(anniversary(@birthday, date_of(T)), date_of(shift(T, 7d))))"),
    ),
    ("value is high", 'eq(=value, "high")'),
    ("value is not high", 'not(eq(=value, "high"))'),
    ('value == "low"', 'eq(=value, "low")'),
    ("value in [high, low]", 'in(=value, ["high", "low"])'),
    ("relationship is active", 'eq(state(relationship.state), "active")'),
    ("relationship in [new, active]", 'in(state(relationship.state), ["new", "active"])'),
    ("relationship.previous is lost", 'eq(state(relationship.previous), "lost")'),
    ("age(relationship.since) > 3d", "lt(state(relationship.since), shift(T, -3d))"),
    ('gender == "Female" ignoring case', 'eq(lower(@gender), "female")'),
    ('city in ["A", "B"] ignoring case', 'in(lower(@city), ["a", "b"])'),
    ('email ends with "@QQ.com" ignoring case', 'ends_with(lower(@email), "@qq.com")'),
    ('nick matches "^a+" ignoring case', 'matches(@nick, "(?i)^a+")'),
    ('tags contains "vip"', 'has(@tags, "vip")'),
    ('tags contains any ["a", "b"]', 'has_any(@tags, ["a", "b"])'),
    ('tags not contains all ["a", "b"]', 'not(has_all(@tags, ["a", "b"]))'),
    ('nick contains any ["a", "b"]', 'or(contains(@nick, "a"), contains(@nick, "b"))'),
    ("blocked", "@blocked"),
    ("not blocked", "not(true(@blocked))"),
    ("blocked == true", "eq(@blocked, True)"),
    ("city is missing", "missing(@city)"),
    ("city is not missing", "not(missing(@city))"),
    ("not (not vip)", "=vip"),
    ("vip or purchases == 1 or blocked", "or(=vip, eq(=purchases, 1), true(@blocked))"),
    ("home.floor > 3", 'gt(member(@home, "floor"), 3)'),
    ("shoe > 40", "gt(@shoe, 40)"),
    ("spent > 20 USD", 'gt(=spent, convert(20$, "USD"))'),
]  # fmt: skip

ARITHMETIC = [
    ("2 + 3 * 4", "14"),
    ("7 / 2", "3.5"),
    ("2 * 30d + 12h", "60d43200s"),
    ("60d / 2", "30d"),
    ("3 CNY * 2 + 1 CNY", "7$"),
    ("spent * 2", "mul(=spent, 2.0)"),
    ("spent / purchases", "div(=spent, number(=purchases))"),
    ("spent / spent", "div(=spent, =spent)"),
    ("purchases + 0.5", "add(number(=purchases), 0.5)"),
    ("purchases - 1", "sub(=purchases, 1)"),
    ("-purchases", "neg(=purchases)"),
    ("idle + 3d", "add(elapsed(=idle), 3d)"),
    ("joined_at + 1mo", "shift(@joined_at, 1mo)"),
    ("birthday - 1w", "shift_date(@birthday, -7d)"),
    ("2025-01-31 + 1d", "2025-02-01"),
    ("joined_at - sms_consent_at", "sub(@joined_at, @sms_consent_at)"),
    ("member_until - today", "sub(@member_until, date_of(T))"),
    ('city + "市"', 'concat(@city, "市")'),
    ("spent ?? 0 CNY", "coalesce(=spent, 0$)"),
    ("points ?? 0.5", "coalesce(number(@points), 0.5)"),
    ("idle ?? 90d", "coalesce(=idle, age(shift(T, -90d)))"),
    ("30d ago", "shift(T, -30d)"),
    ("80%", "0.8"),
]

CALLS = [
    ("now()", "T"),
    ("hour(joined_at)", "hour(@joined_at)"),
    ("weekday(joined_at)", "weekday(date_of(@joined_at))"),
    ("month(birthday)", "month(@birthday)"),
    ("anniversary(birthday)", "anniversary(@birthday, date_of(T))"),
    ("years(birthday) in 18..25", "and(ge(years(@birthday, date_of(T)), 18), le(years(@birthday, date_of(T)), 25))"),
    ("years(joined_at)", "years(date_of(@joined_at), date_of(T))"),
    ("money(300)", "300$"),
    ("money(2.5) * 2", "5.0$"),
    ("spent ?? money(0)", "coalesce(=spent, 0$)"),
    ('bucket("seed") < 1000', 'lt(bucket(key, "seed"), 1000)'),
    ("distance_km(latitude, longitude, 31, 121.5)", "distance_km(@latitude, @longitude, 31.0, 121.5)"),
    ("length(tags)", "length(@tags)"),
    ("domain(lower(email))", "domain(lower(@email))"),
    ('join(tags, ",")', 'join(@tags, ",")'),
    ("round(purchases / 3)", "round(div(number(=purchases), 3.0), 0)"),
    ("round(spent, 2)", "round(=spent, 2)"),
    ("least(spent, 9 CNY)", "least(=spent, 9$)"),
    ("greatest(purchases, 0.5)", "greatest(number(=purchases), 0.5)"),
    ("if(vip, 2, 1.5)", "if(=vip, 2.0, 1.5)"),
    ("if(blocked, city, nick)", "if(true(@blocked), @city, @nick)"),
    ("abs(purchases - 3)", "abs(sub(=purchases, 3))"),
    ("floor(sqrt(purchases))", "floor(sqrt(number(=purchases)))"),
]

POPULATION = [
    ("population mean(spent)", "population mean[=spent]"),
    ("population mean(purchases)", "population mean[number(=purchases)]"),
    ("population mean(idle)", "population mean[elapsed(=idle)]"),
    ("population share(vip)", "population share[=vip]"),
    ("population count()", "population count[True]"),
    ("population count(customer)", "population count[True]"),
    ("population quantile(spent, 0.5) among vip", "population quantile[=spent, 0.5 among =vip]"),
    ("percentile(spent)", "percentile[=spent]"),
    ("percentile(spent) among vip", "percentile[=spent among =vip]"),
    ("ntile(5, idle)", "ntile[elapsed(=idle), 5]"),
    ("rank(spent) <= 10", "le(rank[=spent], 10)"),
    ("vip as of 30d ago", "asof(=vip, shift(T, -30d))"),
    ("vip as of 2025-01-01", "asof(=vip, start_of_day(2025-01-01))"),
    ("idle as of yesterday", "asof(elapsed(=idle), start_of_day(shift_date(date_of(T), -1d)))"),
    ("percentile(spent) as of 30d ago", "asof(percentile[=spent], shift(T, -30d))"),
    ("purchases as of joined_at", "asof(=purchases, @joined_at)"),
]

SEQUENCES = [
    (
        "sequence by product (cart then no order within 24h) last 3d",
        "sequence[cart then no order within 86400s by product (shift(T, -3d)..]",
    ),
    (
        "sequence(view >= 3 times within 1d then inquiry then no order within 2d)",
        "sequence[view x3 within 1d then inquiry then no order within 2d]",
    ),
    (
        "sequence(dress then refund) within 30d",
        'sequence[purchase where eq(purchase.category, "dress") where gt(purchase.amount, 9$) then refund total 30d]',
    ),
    ('sequence(view where page == "p" then purchase)', 'sequence[view where eq(view.page, "p") then purchase]'),
]


@pytest.mark.parametrize(("source", "expected"), AGGREGATES)
def test_aggregates(source: str, expected: str, lowered: Callable[..., str]) -> None:
    assert lowered(source, NAMES) == expected


@pytest.mark.parametrize(("window", "expected"), WINDOWS)
def test_windows_on_facts(window: str, expected: str, lowered: Callable[..., str]) -> None:
    assert lowered(f"count(purchase {window})", NAMES) == f"count[purchase {expected}]"


@pytest.mark.parametrize(("source", "expected"), COMPARISONS)
def test_comparisons(source: str, expected: str, lowered: Callable[..., str]) -> None:
    assert lowered(source, NAMES) == expected


@pytest.mark.parametrize(("source", "expected"), ARITHMETIC)
def test_arithmetic(source: str, expected: str, lowered: Callable[..., str]) -> None:
    assert lowered(source, NAMES) == expected


@pytest.mark.parametrize(("source", "expected"), CALLS)
def test_calls(source: str, expected: str, lowered: Callable[..., str]) -> None:
    assert lowered(source, NAMES) == expected


RECORDS = [
    ("count(homes)", "count[@homes]"),
    ("exists(homes where main)", "exists[@homes where true(.main)]"),
    ('none(homes where city == "x" and homes.main)', 'none[@homes where eq(.city, "x") where true(.main)]'),
    ("count(homes where purchases > 1 and postal_code == city)",
     "count[@homes where gt(=purchases, 1) where eq(@postal_code, .city)]"),
    ("exists(homes where exists(rooms where size > 3) and main)",
     "exists[@homes where exists[.rooms where gt(.size, 3)] where true(.main)]"),
    ("exists(trip where none(stops where city == country))",
     "exists[trip where none[trip.stops where eq(.city, @country)]]"),
    ("exists(trip where exists(trip.stops where trip.at < now))",
     "exists[trip where exists[trip.stops where lt(trip.at, T)]]"),
    ("exists(homes where exists(purchase where city == home.street))",
     'exists[@homes where exists[purchase where eq(purchase.city, member(@home, "street"))]]'),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), RECORDS)
def test_lists_of_records(source: str, expected: str, lowered: Callable[..., str]) -> None:
    assert lowered(source, NAMES) == expected


@pytest.mark.parametrize(("source", "expected"), POPULATION)
def test_population_and_earlier_instants(source: str, expected: str, lowered: Callable[..., str]) -> None:
    assert lowered(source, NAMES) == expected


@pytest.mark.parametrize(("source", "expected"), SEQUENCES)
def test_sequences(source: str, expected: str, lowered: Callable[..., str]) -> None:
    assert lowered(source, NAMES) == expected


def test_another_subject_reads_its_own_rows(lowered: Callable[..., str]) -> None:
    assert (
        lowered("sum(item.amount - item.cost)", subject="product") == "sum[item/product of sub(item.amount, item.cost)]"
    )


def test_a_classification_is_one_choice(compiled: Callable[..., Compiled], spelled: Callable[[Expr], str]) -> None:
    program = compiled('metric n = count(purchase)\nclassify v { a "A" when n > 1  b when n > 0  c otherwise }').program
    assert program is not None
    definition = program.definition("v")
    assert spelled(definition.value) == 'choose(gt(=n, 1), "a", gt(=n, 0), "b", "c")'
    assert definition.type.names == ("a", "b", "c")
    assert definition.titles == {"a": "A"}
    assert [label for label, _ in definition.arms] == ["a", "b", "c"]
    assert definition.arms[2][1] is None
