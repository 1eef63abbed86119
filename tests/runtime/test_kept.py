"""What is kept beside a fact store, and brought up to date, equals what is built of it from nothing."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

import rulecrm
from rulecrm import Facts
from rulecrm.lake import FactStore
from rulecrm.lake.persons import link_of
from rulecrm.planning import Needs, make_plan
from rulecrm.runtime import kept, shelf
from rulecrm.runtime.kept import FOLDER, keep_store, open_store, refresh_index
from rulecrm.runtime.shelf import Shelf
from rulecrm.runtime.store import Store
from tests.strategies import few_of, fewer

T0 = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)

RULES = rulecrm.loads(
    """
    timezone "Asia/Shanghai"
    currency CNY
    metric orders = count(order)
    metric spent = sum(purchase.amount)
    metric units = sum(item.quantity where category == "tea")
    metric kinds = distinct(item.product)
    segment looked = exists(view where category == "tea" last 30d)
    segment near = city == "Kyiv" and age(joined_at) > 1d
    segment told = exists(cart) and nick == "Ann"
    metric orders_in_all of person = count(order)
    metric units_in_all of person = sum(item.quantity)
    metric buyers of product = distinct(item.customer)
    metric views of product = count(view)
    segment tea of product = category == "tea"
    """
)
NEEDS = make_plan(RULES.program, RULES.names()).needs
FEW = make_plan(RULES.program, ("units_in_all", "spent")).needs
"""Nothing that products tell; but it still decides which of two items of one instant comes first."""

Row = Mapping[str, object]
Put = tuple[str, tuple[Row, ...]]

_ID = pl.String()
_AT = pl.Datetime("us", "UTC")
SCHEMAS: Mapping[str, Mapping[str, pl.DataType]] = {
    "orders": {
        "order": _ID,
        "customer": _ID,
        "placed_at": _AT,
        "paid_at": _AT,
        "amount": pl.Decimal(38, 4),
        "currency": _ID,
    },
    "items": {"order": _ID, "item": _ID, "product": _ID, "quantity": pl.Int64()},
    "customers": {"customer": _ID, "joined_at": _AT, "city": _ID, "nick": _ID},
    "products": {"product": _ID, "category": _ID, "brand": _ID},
    "events": {"event": _ID, "kind": _ID, "at": _AT, "customer": _ID, "product": _ID},
    "links": {"link": _ID, "one": _ID, "other": _ID, "by": _ID, "linked": pl.Boolean()},
}
"""Frames with their columns; each may have `changed_at` and `extra` besides."""

_CUSTOMERS, _PRODUCTS = ("c1", "c2", "c3", "c4", "c5"), ("p1", "p2", "p3")


def _cells(name: str) -> st.SearchStrategy[object]:
    instants = st.integers(0, 5).map(lambda hours: T0 + hours * 12 * HOUR)
    return {
        "order": st.sampled_from(("o1", "o2", "o3", "o4", "o5", "o6")),
        "item": st.sampled_from(("1", "2")),
        "event": st.sampled_from(("e1", "e2", "e3", "e4", "e5")),
        "customer": st.sampled_from(_CUSTOMERS),
        "product": st.sampled_from(_PRODUCTS),
        "kind": st.sampled_from(("view", "cart")),
        "at": instants,
        "placed_at": instants,
        "paid_at": st.none() | instants,
        "joined_at": st.none() | instants,
        "amount": st.sampled_from((Decimal(5), Decimal(7), None)),
        "currency": st.just("CNY"),
        "quantity": st.sampled_from((1, 2)),
        "city": st.sampled_from(("Kyiv", None)),
        "nick": st.sampled_from(("Ann", None)),
        "category": st.sampled_from(("tea", "pot", None)),
        "brand": st.sampled_from(("x", "y")),
        "changed_at": st.none() | instants,
        "extra": st.sampled_from(("x", "y")),
    }[name]


@st.composite
def puts(draw: st.DrawFn, frames: Sequence[str] = tuple(SCHEMAS)) -> Put:
    """Rows of a frame; some are older than what is known, some have a column that was never there before."""
    frame = draw(st.sampled_from(tuple(frames)))
    if frame == "links":
        one, other = draw(st.sampled_from((("c1", "c2"), ("c2", "c3"), ("c4", "c1"))))
        link, first, second = link_of(one, other)
        return frame, ({"link": link, "one": first, "other": second, "by": "hand", "linked": draw(st.booleans())},)
    names = [*SCHEMAS[frame], *draw(st.sampled_from(((), (), (), (), ("changed_at",), ("changed_at",), ("extra",))))]
    rows = draw(st.lists(st.fixed_dictionaries({name: _cells(name) for name in names}), min_size=1, max_size=4))
    return frame, tuple(rows)


def _frame(frame: str, rows: Sequence[Row]) -> pl.DataFrame:
    dtypes = {**SCHEMAS[frame], "changed_at": _AT, "extra": _ID}
    return pl.DataFrame(list(rows), schema={name: dtypes[name] for name in rows[0]})


def _write(folder: Path, several: Sequence[Put], *, now: dt.datetime = T0) -> None:
    store = FactStore.open(folder, create=True)
    with store.writer(now) as writer:
        for frame, rows in several:
            writer.put("tb", frame, _frame(frame, rows))
        writer.commit()


BEGINNING: tuple[Put, ...] = (
    ("orders", tuple({"order": f"o{n}", "customer": f"c{n % 4 + 1}", "placed_at": T0 + n * HOUR,
                      "paid_at": T0 + (n + 1) * HOUR if n % 3 else None, "amount": Decimal(n), "currency": "CNY"} for n in range(1, 7))),
    ("items", tuple({"order": f"o{n}", "item": "1", "product": f"p{n % 2 + 1}", "quantity": 1} for n in range(1, 6))),
    ("customers", ({"customer": "c1", "joined_at": T0, "city": "Kyiv", "nick": "Ann"},
                   {"customer": "c2", "joined_at": None, "city": None, "nick": None})),
    ("products", ({"product": "p1", "category": "tea", "brand": "x"}, {"product": "p2", "category": "pot", "brand": "y"})),
    ("links", ({"link": "2:c4|c5", "one": "c4", "other": "c5", "by": "hand", "linked": True},)),
    ("events", tuple({"event": f"e{n}", "kind": "view" if n % 2 else "cart", "at": T0 + n * HOUR,
                      "customer": f"c{n}", "product": "p1"} for n in range(1, 4))),
)  # fmt: skip


def _facts(folder: Path, *, keep: bool = False) -> Facts:
    return Facts.open(folder, schema=RULES.program.schema, zone=RULES.program.zone, keep_index=keep)


def _kept(folder: Path, needs: Needs = NEEDS) -> Store:
    """The store of the facts, with what was kept of it."""
    store = open_store(_facts(folder), RULES.program.schema, RULES.program.currency, RULES.program.zone)
    store.prepare(needs)
    return store


def _keep(folder: Path, needs: Needs = NEEDS) -> bool:
    facts = _facts(folder, keep=True)
    store = open_store(facts, RULES.program.schema, RULES.program.currency, RULES.program.zone)
    store.prepare(needs)
    return keep_store(facts, store)


def _fresh(folder: Path, needs: Needs = NEEDS) -> Store:
    """The store of the facts, from nothing: what is right."""
    store = Store(_facts(folder), RULES.program.schema, RULES.program.currency, RULES.program.zone)
    store.prepare(needs)
    return store


def _agree(one: Store, other: Store) -> None:
    """Value for value, row for row, in the same types."""
    (registers, indexes), (others, other_indexes) = one.built(), other.built()
    assert registers.keys() == others.keys()
    assert indexes.keys() == other_indexes.keys()
    for name, (register, attributes) in registers.items():
        right, wanted = others[name]
        assert attributes == wanted
        assert register.keys.equals(right.keys, check_dtypes=True)
        assert register.since.tolist() == right.since.tolist()
        columns = sorted(right.attributes.columns)
        assert sorted(register.attributes.columns) == columns
        assert register.attributes.select(columns).schema == right.attributes.select(columns).schema
        assert register.attributes.select(columns).equals(right.attributes.select(columns))
        assert register.encode(right.keys).tolist() == list(range(len(right)))
    for place, (index, columns_of) in indexes.items():
        true, asked = other_indexes[place]
        assert columns_of == asked
        assert index.since is true.since is None
        for mine, theirs in ((index.offsets, true.offsets), (index.codes, true.codes), (index.at, true.at)):
            assert mine.dtype == theirs.dtype
            assert mine.tolist() == theirs.tolist()
        names = sorted(true.frame.columns)
        assert sorted(index.frame.columns) == names
        assert index.frame.select(names).schema == true.frame.select(names).schema
        assert index.frame.select(names).equals(true.frame.select(names))


@contextmanager
def _folder() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp())
    try:
        yield place / "shop"
    finally:
        shutil.rmtree(place)


steps = st.lists(
    st.tuples(st.lists(puts(), min_size=1, max_size=3), st.booleans(), st.booleans()), min_size=1, max_size=3
)
"""Commits; whether the tables are compacted then, and whether what is kept is brought up to date on the disk."""


@given(steps, st.sampled_from((NEEDS, FEW)))
@fewer(16)
def test_what_is_kept_and_brought_up_to_date_equals_what_is_built_anew(
    commits: list[tuple[list[Put], bool, bool]],
    needs: Needs,
) -> None:
    with _folder() as folder:
        _write(folder, BEGINNING)
        assert _keep(folder, needs)
        for number, (several, compacted, refreshed) in enumerate(commits):
            _write(folder, several, now=T0 + number * HOUR)
            if compacted:
                FactStore.open(folder).compact()
            facts = _facts(folder)
            brought = open_store(facts, RULES.program.schema, RULES.program.currency, RULES.program.zone)
            event("brought up to date" if brought.built()[1] or brought.waiting else "built anew")
            right = _fresh(folder, needs)
            brought.prepare(needs)
            _agree(brought, right)
            if refreshed:
                assert refresh_index(folder) == 1
                _agree(_kept(folder, needs), right)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    _write(tmp_path / "shop", BEGINNING)
    return tmp_path / "shop"


LATER: Put = ("orders", ({"order": "o9", "customer": "c0", "placed_at": T0, "paid_at": T0, "amount": Decimal(3)},))


def test_nothing_is_written_unless_it_is_asked_for(shop: Path) -> None:
    RULES.evaluate(_facts(shop), as_of=T0).table()
    assert not (shop / FOLDER).exists()


def test_evaluating_with_keep_index_writes_it_and_the_next_process_reads_no_row(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_of = T0 + 24 * HOUR
    right = RULES.evaluate(_facts(shop, keep=True), as_of=as_of)
    expected = {subject: right.table(subject) for subject in ("customer", "person", "product")}
    monkeypatch.setattr(Facts, "rows", None)  # whoever reads a row fails
    found = RULES.evaluate(_facts(shop), as_of=as_of)
    for subject, table in expected.items():
        assert found.table(subject).equals(table)


def test_only_the_rows_of_those_who_changed_are_read(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _keep(shop)
    _write(shop, [LATER])
    home = _facts(shop).home
    assert home is not None
    part = home.part(1, ("customer", "product"), ("amount",))
    assert part is not None
    assert part.affected["customer"].to_list() == ["c0"]
    assert part.frames["orders"]["order"].to_list() == ["o9"]
    assert part.frames["events"].is_empty()


def test_whose_order_it_was_before_loses_it(shop: Path) -> None:
    assert _keep(shop)
    moved = {"order": "o1", "customer": "c3", "placed_at": T0, "paid_at": T0, "amount": Decimal(3)}
    _write(shop, [("orders", (moved,))])
    _agree(_kept(shop), _fresh(shop))


def test_files_of_what_did_not_change_stay(shop: Path) -> None:
    assert _keep(shop)
    place = next((shop / FOLDER).iterdir())
    before = {file.name for file in place.iterdir()}
    existing = {"order": "o1", "customer": "c2", "placed_at": T0, "paid_at": T0, "amount": Decimal(99)}
    _write(shop, [("orders", (existing,))])
    assert refresh_index(shop) == 1
    kept_files = before & {file.name for file in place.iterdir()}
    listing = Shelf(place).look()
    assert listing is not None
    assert listing.indexes["view", "customer"].frame in kept_files
    assert listing.indexes["purchase", "customer"].frame not in kept_files


def test_attributes_that_tell_who_somebody_is_are_not_kept(shop: Path) -> None:
    assert "nick" in NEEDS.subjects["customer"]
    assert _keep(shop)
    written = b"".join(file.read_bytes() for file in (shop / FOLDER).rglob("*.arrow"))
    assert b"Ann" not in written
    assert b"Kyiv" in written
    _agree(_kept(shop), _fresh(shop))


def _damages(suffix: str, whole: bytes) -> tuple[bytes, ...]:
    if suffix == ".json":
        return whole[:-9], whole.replace(b'"commit": 1', b'"commit": 2')
    return whole[: len(whole) // 2], b"\0" * len(whole)


def test_what_is_damaged_is_built_anew(shop: Path) -> None:
    assert _keep(shop)
    right = _fresh(shop)
    place = next((shop / FOLDER).iterdir())
    listing = Shelf(place).look()
    assert listing is not None
    some = (listing.registers["customer"], listing.indexes["purchase", "customer"])
    names = [shelf.LIST, *(name for filed in some for name in (filed.frame, filed.numbers))]
    for file in (place / name for name in names):
        whole = file.read_bytes()
        for content in _damages(file.suffix, whole):
            file.write_bytes(content)
            _agree(_kept(shop), right)
        file.unlink()
        _agree(_kept(shop), right)
        file.write_bytes(whole)
    (place / some[0].numbers).unlink()
    assert _keep(shop)
    assert Shelf(place).look() is not None


def test_an_index_of_another_store_is_not_used(shop: Path, tmp_path: Path) -> None:
    """Both have one commit, made at the same instant, of the same frames."""
    other = tmp_path / "other"
    _write(other, [*BEGINNING, LATER])
    assert _keep(shop)
    shutil.copytree(shop / FOLDER, other / FOLDER)
    _agree(_kept(other), _fresh(other))
    assert _keep(other)
    _agree(_kept(other), _fresh(other))


def test_other_options_have_an_index_of_their_own(shop: Path) -> None:
    assert _keep(shop)
    facts = Facts.open(shop, schema=RULES.program.schema, zone="Europe/Kyiv", keep_index=True)
    store = open_store(facts, RULES.program.schema, RULES.program.currency, RULES.program.zone)
    assert not store.waiting
    store.prepare(NEEDS)
    assert keep_store(facts, store)
    assert len(list((shop / FOLDER).iterdir())) == 2
    assert refresh_index(shop) == 2


def test_another_version_builds_its_own(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _keep(shop)
    monkeypatch.setattr(kept, "__version__", "99.0")
    assert not open_store(_facts(shop), RULES.program.schema, RULES.program.currency, RULES.program.zone).waiting


class KilledError(Exception):
    """The process ended here."""


def test_killed_while_it_is_written(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At whatever step: what is there then is that of before or that of after, whole, and the next run goes on."""
    assert _keep(shop)
    _write(shop, [LATER])
    right = _fresh(shop)
    spare = shop.parent / "spare"
    shutil.copytree(shop, spare)
    made: list[str] = []
    with monkeypatch.context() as watched:
        watched.setattr(Shelf, "__init__", _told(made.append))
        assert _keep(shop)
    steps = len(made)
    assert steps > 8
    for fuse in few_of(range(steps), 5):
        shutil.rmtree(shop)
        shutil.copytree(spare, shop)
        left = [fuse]

        def told(step: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise KilledError(step)

        with monkeypatch.context() as watched:
            watched.setattr(Shelf, "__init__", _told(told))
            with pytest.raises(KilledError):
                _keep(shop)
        _agree(_kept(shop), right)
        assert _keep(shop)
        _agree(_kept(shop), right)


def _told(told: Callable[[str], None]) -> Callable[[Shelf, Path, object], None]:
    plain = Shelf.__init__

    def made(self: Shelf, path: Path, about: object = None) -> None:
        plain(self, path, about, told)

    return made


def test_rows_put_away_are_never_hidden_by_an_index(shop: Path) -> None:
    """A row that breaks a rule is an error, with or without what was kept before it came."""
    assert _keep(shop)
    bad = {"order": "o7", "customer": "c1", "placed_at": T0, "paid_at": T0, "amount": Decimal(1), "currency": "EUR"}
    _write(shop, [("orders", (bad,))])
    with pytest.raises(rulecrm.RulesError) as error:
        _kept(shop)
    with pytest.raises(rulecrm.RulesError) as right:
        _fresh(shop)
    assert str(error.value) == str(right.value)
    assert refresh_index(shop) == 0
    facts = Facts.open(
        shop, schema=RULES.program.schema, zone=RULES.program.zone, on_error="quarantine", keep_index=True
    )
    RULES.evaluate(facts, as_of=T0).table()
    assert facts.quarantined["orders"].height == 1
    assert [Shelf(place).look().commit for place in (shop / FOLDER).iterdir()] == [1]  # type: ignore[union-attr]
