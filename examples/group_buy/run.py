"""Group-buy activities, checked against the platform's limits; one is held: whom to tell of it, and what it brought."""

import datetime as dt
import tomllib
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

import rulecrm
from rulecrm import Diagnostic
from rulecrm.diagnostics.suggest import near_or_all
from rulecrm.testing.shops import make_shop_frames

HERE = Path(__file__).parent
LIMITS = tomllib.loads((HERE / "platform.toml").read_text("utf-8"))
PLATFORM, SHOP = ZoneInfo(LIMITS["zone"]), ZoneInfo("Asia/Shanghai")


def check(activity: dict, categories: list[str]) -> Iterator[Diagnostic]:
    """Everything that the platform would refuse, each with the nearest thing that it would take."""
    name, most = activity["name"], LIMITS["name_at_most"]
    if len(name) > most:
        shorter = name[: most + 1].rpartition(" ")[0].rstrip(",:") or name[:most]
        yield Diagnostic("name", f"the name has {len(name)} characters, {most} are allowed", help=f"“{shorter}”")
    if activity["category"] not in categories:
        wrong = f"no category is called `{activity['category']}`"
        yield Diagnostic("category", wrong, help=near_or_all(activity["category"], categories))
    low, high = LIMITS["discount"]
    if not low <= activity["discount"] <= high:
        nearest = low if activity["discount"] < low else high
        yield Diagnostic("discount", f"{activity['discount']} % is not from {low} to {high} %", help=f"{nearest} %")
    for end in ("starts", "ends"):
        yield from _clock(end, activity[end])
    if activity["ends"] <= activity["starts"]:
        yield Diagnostic("ends", f"{activity['ends']} is not after the start", help=f"after {activity['starts']}")
    last = activity["starts"] + dt.timedelta(days=LIMITS["days_at_most"])
    if activity["ends"] > last:
        wrong = f"{activity['ends']} is more than {LIMITS['days_at_most']} days after the start"
        yield Diagnostic("ends", wrong, help=f"{last} at the latest")


def _clock(end: str, wall: dt.datetime) -> Iterator[Diagnostic]:
    """Clocks are put forward, and an hour is not there; they are put back, and an hour is there twice."""
    first, second = (wall.replace(tzinfo=PLATFORM, fold=fold) for fold in (0, 1))
    # They are changed on the full hour, so the next full hour is the first that is there once (PEP 495 on folds).
    after = f"{wall.replace(minute=0) + dt.timedelta(hours=1):%Y-%m-%d %H:%M}"
    if first.utcoffset() < second.utcoffset():
        yield Diagnostic(end, f"{wall} does not exist: the clocks are put forward", help=after)
    if first.utcoffset() > second.utcoffset():
        yield Diagnostic(end, f"{wall} is there twice: the clocks are put back", help=after)


def held(frames: dict[str, pl.DataFrame], activity: dict, invited: pl.DataFrame) -> rulecrm.Facts:
    """The facts with the orders of the activity: every sixth of those told took part, a few others, 40 new ones."""
    starts = activity["starts"].replace(tzinfo=PLATFORM)
    others = frames["customers"].join(invited, on="customer", how="anti").gather_every(90)
    who = [*invited["customer"].gather_every(6), *others["customer"], *(f"n{number:02}" for number in range(40))]
    number = pl.int_range(pl.len())
    full = 80 + (number * 37) % 200
    off = full * activity["discount"] / 100
    bought = pl.DataFrame({"customer": who}).select(
        "customer",
        order=pl.format("g{}", number),
        product=pl.lit(frames["products"].filter(category=activity["category"])["product"][0]),
        currency=pl.lit("CNY"),
        amount=(full - off).cast(pl.Decimal(18, 2)),
        discount=off.cast(pl.Decimal(18, 2)),
        channel=pl.lit("group_buy"),
        placed_at=pl.lit(starts).dt.convert_time_zone("UTC") + pl.duration(hours=1 + number * 2 % 160),
    )
    again = bought.gather_every(5).with_columns(  # every fifth of them buys again, by the usual way at the full price
        order=pl.concat_str("order", pl.lit("b")),
        amount=pl.col("amount") + pl.col("discount"),
        discount=None,
        channel=None,
        placed_at=pl.col("placed_at") + pl.duration(days=17),
    )
    new = pl.concat([bought, again.select(bought.columns)]).with_columns(paid_at="placed_at")
    orders = pl.concat([frames["orders"], new], how="diagonal_relaxed")
    items = pl.concat([frames["items"], new.select("order", "product", "amount")], how="diagonal_relaxed")
    return rulecrm.Facts.from_frames(**{**frames, "orders": orders, "items": items})


frames = make_shop_frames(customers=2_000, start=dt.date(2025, 1, 1), days=365)
activities = tomllib.loads((HERE / "activities.toml").read_text("utf-8"))["activity"]
categories = frames["products"]["category"].unique().sort().to_list()
for activity in activities:
    found = list(check(activity, categories))
    print(f"{activity['name']}: {'may be held' if not found else f'{len(found)} to mend'}")
    for one in found:
        print(f"  {one.code}: {one.message}; {one.help}")

chosen = activities[0]
starts, ends = (chosen[end].replace(tzinfo=PLATFORM) for end in ("starts", "ends"))
print()
for end in (starts, ends):
    print(f"{end:%d %b %H:%M %Z} is {end.astimezone(SHOP):%d %b %H:%M} in Shanghai")
print(f"{(ends.astimezone(dt.UTC) - starts.astimezone(dt.UTC)) / dt.timedelta(hours=1):.0f} hours")

params = {"wanted": chosen["category"], "starts": starts, "ends": ends}
rules = rulecrm.load(HERE / "group_buy.rules", params=params)
invited = rules.evaluate(rulecrm.Facts.from_frames(**frames), as_of=starts, only=["audience"]).segment("audience")
after = rules.evaluate(held(frames, chosen, invited), as_of=ends + dt.timedelta(days=30))
told = pl.col("customer").is_in(invited["customer"].implode())
print()
print(f"{invited.height} customers were told of it")
new = pl.col("newcomer")
for title, who in (("told", told), ("known, not told", ~told & ~new), ("new", new)):
    part = after.table().filter(who & pl.col("took_part"))
    brought, off, later = part.select("brought", "taken_off", "later").sum().row(0)
    print(f"  {title}: {part.height} took part for {brought:.0f} CNY, {off:.0f} CNY below the full price", end="; ")
    print(f"{part['back'].sum()} came back within 30 days for {later:.0f} CNY")
total = after.table().select("brought", "usual").sum().row(0)
print("all: {:.0f} CNY; the category brought {:.0f} CNY in the seven days before".format(*total))
