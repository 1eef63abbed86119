"""One person in several shops."""

from __future__ import annotations

import datetime as dt
import itertools
import stat
import tempfile
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rulecrm
from rulecrm import RulesError
from rulecrm.intake.identity import hashed, link, match, normal_email, normal_phone, unlink
from rulecrm.lake import FactStore
from rulecrm.lake.persons import LINKED, link_of, persons_of

NOW = dt.datetime(2025, 11, 11, tzinfo=dt.UTC)
TICK = dt.timedelta(minutes=1)


def _store(folder: Path, *rows: dict[str, object]) -> FactStore:
    store = FactStore.open(folder, create=True)
    with store.writer(NOW) as writer:
        writer.put("test", "customers", pl.DataFrame(rows))
        writer.commit()
    return store


def _persons(store: FactStore) -> dict[str, str]:
    return dict(store.persons().iter_rows())


NAMES = "abcdefg"


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.booleans()), max_size=12))
def test_persons_are_the_parts_that_links_connect(told: list[tuple[str, str, bool]]) -> None:
    links = {link_of(one, other): linked for one, other, linked in told if one != other}
    rows = [(key, one, other, "hand", linked) for (key, one, other), linked in links.items()]
    found = dict(persons_of(pl.DataFrame(rows, schema=LINKED, orient="row")).iter_rows())
    beside = {name: {name} for name in NAMES}  # the slow and obvious: close it until nothing is added
    for _ in NAMES:
        for (_, one, other), linked in links.items():
            if linked:
                both = beside[one] | beside[other]
                for name in both:
                    beside[name] = beside[name] | both
    assert found == {name: min(group) for name, group in beside.items() if len(group) > 1}


@settings(max_examples=10)
@given(st.permutations(range(4)))
def test_undoing_a_link_brings_back_what_was_before(order: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = _store(Path(folder) / "shop", *({"customer": f"s:{name}"} for name in NAMES))
        pairs = [("s:a", "s:b"), ("s:c", "s:d"), ("s:b", "s:e"), ("s:f", "s:g")]
        seen = [_persons(store)]
        at = NOW
        for number in order:
            at += TICK
            assert link(store, *pairs[number], now=at)
            assert not link(store, *reversed(pairs[number]), now=at)
            seen.append(_persons(store))
        for number, before in zip(reversed(order), reversed(seen[:-1]), strict=True):
            at += TICK
            assert unlink(store, *pairs[number], now=at)
            assert _persons(store) == before
        known = dict(store.persons(known_on=NOW + 4 * TICK).iter_rows())
        assert known == seen[-1]


def test_the_same_number_or_address_makes_one_person(tmp_path: Path) -> None:
    store = _store(
        tmp_path,
        {"customer": "taobao:1", "phone": "138 0013 8000", "country": "CN", "email": None},
        {"customer": "lazada:7", "phone": "+86 13800138000", "country": "SG", "email": "Ann@Example.com "},
        {"customer": "own:3", "phone": "13800138000", "country": "US", "email": "ann@example.com"},
        {"customer": "own:4", "phone": "138****8000", "country": "CN", "email": "a***@example.com"},
        {"customer": "own:5", "phone": "110", "country": "CN", "email": "no address"},
    )
    found = match(store, ["phone"], now=NOW + TICK)
    assert (found.made, found.kept) == (1, 0)
    assert _persons(store) == {"lazada:7": "lazada:7", "taobao:1": "lazada:7"}
    found = match(store, ["phone", "email"], now=NOW + 2 * TICK)
    assert (found.made, found.kept) == (1, 1)
    assert _persons(store) == {"lazada:7": "lazada:7", "taobao:1": "lazada:7", "own:3": "lazada:7"}


def test_a_country_without_phone_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"(?s)R732.*`XX`.*CN"):
        match(FactStore.open(tmp_path / "shop", create=True), ["phone"], now=NOW, region="XX")


def test_what_was_parted_by_hand_stays_apart(tmp_path: Path) -> None:
    store = _store(tmp_path, *({"customer": f"s:{name}", "email": "one@example.com"} for name in "ab"))
    assert match(store, ["email"], now=NOW + TICK).made == 1
    assert unlink(store, "s:a", "s:b", now=NOW + 2 * TICK)
    assert match(store, ["email"], now=NOW + 3 * TICK).undone == 1
    assert _persons(store) == {}


def test_a_number_that_a_crowd_shares_links_nobody(tmp_path: Path) -> None:
    store = _store(tmp_path, *({"customer": f"s:{number}", "email": "shop@example.com"} for number in range(9)))
    found = match(store, ["email"], now=NOW + TICK)
    assert (found.made, found.crowded) == (0, 1)


def test_a_hash_matches_a_number_that_is_known(tmp_path: Path) -> None:
    store = _store(tmp_path, {"customer": "a:1", "email": "ann@example.com"})
    with store.writer(NOW + TICK) as writer:
        rows = [{"customer": "b:1", "email_hash": hashed(store, normal_email("ANN@example.com"))}]
        writer.put("test", "customers", pl.DataFrame(rows))
        writer.commit()
    assert match(store, ["email"], now=NOW + 2 * TICK).made == 1
    assert stat.S_IMODE((tmp_path / "identity.key").stat().st_mode) == 0o600
    other = hashed(_store(tmp_path / "other", {"customer": "x"}), "ann@example.com")
    assert other != hashed(store, "ann@example.com")


def test_those_who_are_linked_through_others_are_told(tmp_path: Path) -> None:
    store = _store(tmp_path, *({"customer": f"s:{name}"} for name in "abcd"))
    for place, (one, other) in enumerate(itertools.pairwise(["s:a", "s:b", "s:c", "s:d"])):
        link(store, one, other, now=NOW + TICK * (place + 1))
    link(store, "s:a", "s:d", now=NOW + TICK * 5)
    with pytest.raises(RulesError, match=r"R731.*one person still, through s:b, s:c"):
        unlink(store, "s:a", "s:d", now=NOW + TICK * 6)


@pytest.mark.parametrize(
    ("one", "other", "says"), [("s:a", "s:a", "is one customer"), ("s:a", "s:z", "no customer s:z")]
)
def test_customers_that_cannot_be_linked_are_refused(tmp_path: Path, one: str, other: str, says: str) -> None:
    store = _store(tmp_path, {"customer": "s:a"}, {"customer": "s:b"})
    with pytest.raises(RulesError, match=says):
        link(store, one, other, now=NOW + TICK)
    assert store.version == 1


@pytest.mark.parametrize(
    ("text", "region", "plain"),
    [
        ("+1 (206) 123", None, None),
        ("+44 20 7946 0018", None, "+442079460018"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("13800138000", "CN", "+8613800138000"),
        ("13800138000", "cn", "+8613800138000"),
        ("13800138000", None, None),
        ("", "CN", None),
        (None, "CN", None),
    ],
)
def test_phone_numbers_are_written_in_one_way(text: str | None, region: str | None, plain: str | None) -> None:
    assert normal_phone(text, region) == plain


RULES = """
timezone "UTC"
currency CNY
segment often of person = count(purchase) >= 2
"""


def test_rules_about_persons_see_links_and_no_more_once_they_are_undone(tmp_path: Path) -> None:
    store = _store(tmp_path, {"customer": "n:a"}, {"customer": "s:b"}, {"customer": "s:c"})
    rows = [
        {"order": str(day), "customer": name, "amount": Decimal(10), "currency": "CNY", "paid_at": NOW + TICK * day}
        for day, name in enumerate(["n:a", "s:b", "s:c"], 1)
    ]
    with store.writer(NOW + TICK * 4) as writer:
        writer.put("test", "orders", pl.DataFrame(rows))
        writer.commit()
    rules = rulecrm.loads(RULES)

    def often(known_on: dt.datetime | None = None) -> list[str]:
        facts = rulecrm.Facts.open(tmp_path, known_on=known_on)
        return rules.evaluate(facts, as_of="2025-12-01").segment("often").to_series().to_list()

    assert often() == []
    link(store, "s:b", "n:a", now=NOW + TICK * 5)
    assert often() == ["n:a"]
    unlink(store, "n:a", "s:b", now=NOW + TICK * 6)
    assert often() == []
    assert often(NOW + TICK * 5) == ["n:a"]


@pytest.mark.parametrize("linked", [False, True])
def test_an_index_of_persons_is_brought_up_to_date(tmp_path: Path, linked: bool) -> None:
    store = _store(tmp_path, {"customer": "n:a"}, {"customer": "s:b"}, {"customer": "s:c"})

    def bought(number: int, customer: str, at: dt.datetime) -> None:
        row = {"order": str(number), "customer": customer, "amount": Decimal(10), "currency": "CNY", "paid_at": NOW}
        with store.writer(at) as writer:
            writer.put("test", "orders", pl.DataFrame([row]))
            writer.commit()

    rules = rulecrm.loads(RULES)

    def often() -> list[str]:
        facts = rulecrm.Facts.open(tmp_path, keep_index=True)
        return rules.evaluate(facts, as_of="2025-12-01").segment("often").to_series().to_list()

    if linked:
        link(store, "n:a", "s:b", now=NOW + TICK)
    bought(1, "n:a", NOW + TICK * 2)
    bought(2, "s:c", NOW + TICK * 2)
    assert often() == []
    bought(3, "s:b" if linked else "n:a", NOW + TICK * 3)
    assert often() == ["n:a"]
    bought(4, "s:c", NOW + TICK * 4)
    assert often() == ["n:a", "s:c"]
