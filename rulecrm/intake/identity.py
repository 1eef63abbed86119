"""One person in several shops: links by hand, and by a phone number or an e-mail address that is the same.

In: a store, customers. Out: links, kept as every other fact: in versions, with who or what made them.
Invariant: a link is only made for what is exactly the same once it is written in one way (E.164, lower case); what was
undone by hand is never made again by matching.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import polars as pl
from attrs import frozen

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.diagnostics.suggest import nearest
from rulecrm.lake import FactStore
from rulecrm.lake.persons import LINKED, LINKS, link_of

__all__ = ["By", "Matched", "hashed", "link", "match", "normal_email", "normal_phone", "unlink"]

By = Literal["phone", "email"]

_HAND = "hand"
_CROWD = 8
"""More customers than this with one phone number are no person: a shop's own number, a forwarder's, a placeholder."""


@frozen
class Matched:
    """What matching found.

    Attributes:
        made: links that are new.
        kept: links that were there.
        undone: pairs that match and were undone by hand, so that they stay apart.
        crowded: phone numbers or addresses that too many customers share; nobody is linked by those.
    """

    made: int
    kept: int
    undone: int
    crowded: int


def link(store: FactStore, one: str, other: str, *, now: dt.datetime) -> bool:
    """Say that two customers are one person; False where that was said before.

    Raises:
        RulesError: R730, there is no such customer, or both are the same.
    """
    return _say(store, one, other, now, linked=True)


def unlink(store: FactStore, one: str, other: str, *, now: dt.datetime) -> bool:
    """Say that two customers are not linked; everything is then as it was without that link. False: they were not.

    Raises:
        RulesError: R730, as `link`; R731, they are linked through others still, who are named.
    """
    done = _say(store, one, other, now, linked=False)
    through = _path(_links(store), one, other)
    if through:
        message = f"{one} and {other} are one person still, through {', '.join(through)}"
        raise RulesError([Diagnostic("R731", message, help="undo a link of those, too")])
    return done


def match(store: FactStore, by: Sequence[By], *, now: dt.datetime, region: str | None = None) -> Matched:
    """Link customers who have the same phone number or the same e-mail address.

    Args:
        store: whose customers.
        by: what has to be the same.
        now: when it is learnt (aware).
        region: of phone numbers that have no country code, where the customer has no `country`: ISO 3166, two letters.

    Raises:
        RulesError: R732, phone numbers are to be read and `phonenumbers` is not installed, or `region` is no country.
    """
    if "phone" in by and region is not None:
        _check_region(region)
    scan = store.scan("customers")
    if scan is None:
        return Matched(0, 0, 0, 0)
    known = _links(store)
    stands = dict(known.select("link", "linked").iter_rows())
    made: dict[str, dict[str, object]] = {}
    kept = undone = crowded = 0
    for way in by:
        groups = _same(store, scan, way, region)
        crowded += sum(len(group) > _CROWD for group in groups)
        for group in groups:
            for one, other in _pairs(group) if len(group) <= _CROWD else ():
                key, first, second = link_of(one, other)
                if key in made:
                    continue
                if key not in stands:
                    made[key] = {"link": key, "one": first, "other": second, "by": way, "linked": True}
                elif stands[key]:
                    kept += 1
                else:
                    undone += 1
    _put(store, made.values(), now)
    return Matched(len(made), kept, undone, crowded)


def _pairs(group: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Every pair, not only with the first: a link undone by hand leaves the others as they were."""
    return ((one, other) for place, one in enumerate(group) for other in group[place + 1 :])


# --- what is the same ---------------------------------------------------------------------------------------------


def normal_phone(text: str | None, region: str | None) -> str | None:
    """A phone number in E.164 (ITU-T), or None where it is none that can exist.

    Args:
        text: as somebody wrote it.
        region: the country of one without a country code: ISO 3166, two letters.

    Raises:
        RulesError: R732, `phonenumbers` is not installed.
    """
    try:
        import phonenumbers
    except ImportError:
        help_ = 'pip install "rulecrm[identity]"'
        raise RulesError([Diagnostic("R732", "reading phone numbers needs `phonenumbers`", help=help_)]) from None
    if not text:
        return None
    try:
        parsed = phonenumbers.parse(text, region.upper() if region else None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _check_region(region: str) -> None:
    """That there are phone numbers of this country; without one nothing would be the same, in silence."""
    normal_phone(None, region)  # says what is not installed
    import phonenumbers

    if region.upper() not in phonenumbers.SUPPORTED_REGIONS:
        message = f"no phone numbers are known of a country `{region}`"
        raise RulesError([Diagnostic("R732", message, help="two letters of ISO 3166, such as CN")])


def normal_email(text: str | None) -> str | None:
    """An e-mail address in lower case, or None where it is none. Nothing is taken out: `a.b@` is not `ab@`."""
    if not text:
        return None
    plain = text.strip().lower()
    name, _, domain = plain.rpartition("@")
    return plain if name and "." in domain and " " not in plain and "*" not in plain else None


def hashed(store: FactStore, text: str | None) -> str | None:
    """What stands for a number or an address where it need not be known: HMAC-SHA-256 with the store's own key."""
    return None if text is None else hmac.new(_key(store.path), text.encode(), hashlib.sha256).hexdigest()


def _same(store: FactStore, scan: pl.LazyFrame, way: By, region: str | None) -> list[list[str]]:
    """Groups of customers with one number or address, by their keys."""
    names = scan.collect_schema().names()
    wanted = [name for name in (way, f"{way}_hash", "country") if name in names]
    groups: dict[str, list[str]] = {}
    rows = scan.select("customer", *wanted).sort("customer").collect()
    for row in rows.iter_rows(named=True):
        if way == "phone":
            country = row.get("country")
            of = country if isinstance(country, str) and len(country) == 2 else region
            plain = normal_phone(row["phone"], of) if row.get("phone") else None
        else:
            plain = normal_email(row.get("email"))
        found = hashed(store, plain) or row.get(f"{way}_hash")
        if found:
            groups.setdefault(found, []).append(row["customer"])
    return [group for group in groups.values() if len(group) > 1]


def _key(folder: Path) -> bytes:
    """The store's key, made when it is first asked for; without it a hash says nothing of the number behind it."""
    path = folder / "identity.key"
    try:
        return bytes.fromhex(path.read_text("ascii"))
    except FileNotFoundError:
        made = secrets.token_bytes(32)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(made.hex())
        except FileExistsError:  # somebody else was faster
            return bytes.fromhex(path.read_text("ascii"))
        return made


# --- what is kept -------------------------------------------------------------------------------------------------


def _say(store: FactStore, one: str, other: str, now: dt.datetime, *, linked: bool) -> bool:
    _known(store, one, other)
    key, first, second = link_of(one, other)
    before = dict(_links(store).select("link", "linked").iter_rows()).get(key, False)
    if before is not linked:
        _put(store, [{"link": key, "one": first, "other": second, "by": _HAND, "linked": linked}], now)
    return before is not linked


def _put(store: FactStore, rows: Iterable[dict[str, object]], now: dt.datetime) -> None:
    told = list(rows)
    if not told:
        return
    with store.writer(now) as writer:
        writer.put("identity", LINKS, pl.DataFrame(told).with_columns(pl.lit(now).alias("changed_at")))
        writer.commit()


def _links(store: FactStore) -> pl.DataFrame:
    scan = store.scan(LINKS)
    return pl.DataFrame(schema=LINKED) if scan is None else scan.select(*LINKED).collect()


def _path(links: pl.DataFrame, one: str, other: str) -> list[str]:
    """Customers between two on a shortest way along links that hold, the second included; empty where there is none."""
    beside: dict[str, list[str]] = {}
    for first, second in links.filter(pl.col("linked")).select("one", "other").sort("one", "other").iter_rows():
        beside.setdefault(first, []).append(second)
        beside.setdefault(second, []).append(first)
    came, edge = {one: one}, [one]
    while edge and other not in came:
        reached = [(name, at) for at in edge for name in beside.get(at, ()) if name not in came]
        came.update(reversed(reached))
        edge = list(dict(reached))
    way = [other] if other in came else []
    while way and came[way[-1]] != one:
        way.append(came[way[-1]])
    return [name for name in reversed(way) if name != other or len(way) == 1]


def _known(store: FactStore, *customers: str) -> None:
    """See that the customers are there.

    Raises:
        RulesError: R730, one is not.
    """
    if len(set(customers)) < len(customers):
        raise RulesError([Diagnostic("R730", f"{customers[0]} is one customer, and so one person, already")])
    scans = [scan for frame in ("customers", "orders") if (scan := store.scan(frame)) is not None]
    found = {key for scan in scans for key in _keys(scan.filter(pl.col("customer").is_in(customers)))}
    for customer in customers:
        if customer not in found:
            names = {key for scan in scans for key in _keys(scan)}
            near = nearest(customer, names) if len(names) < 200_000 else None
            help_ = f"did you mean `{near}`?" if near else "keys begin with the name of the account: north:8841"
            raise RulesError([Diagnostic("R730", f"there is no customer {customer}", help=help_)])


def _keys(scan: pl.LazyFrame) -> set[str]:
    return set(scan.select("customer").unique().collect().to_series().drop_nulls())
