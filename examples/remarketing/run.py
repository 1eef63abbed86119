"""Three waves to resting customers, a campaign for each category: who got what, and whether it brought anything."""

import datetime as dt
import tempfile
from decimal import Decimal
from pathlib import Path

import polars as pl

import rulecrm
from rulecrm.insight import Shop, campaign_effect
from rulecrm.testing.shops import make_shop_frames

CAMPAIGNS = {"dress_again": "dress", "shoes_again": "shoes", "toy_again": "toy"}
PRICES = {"sms": Decimal("0.045"), "email": Decimal("0.002")}
LIKED = {"dress_again": 8, "shoes_again": 20}
"""How people answer, which the shop does not know: every 8th message about dresses sells one, every 20th about shoes;
toys leave everybody cold."""

rules = rulecrm.load(Path(__file__).parent / "remarketing.rules")
frames = make_shop_frames(customers=3_000, start=dt.date(2025, 1, 1), days=340)


def answers(sent: pl.DataFrame) -> pl.DataFrame:
    """Orders of those who liked what they were sent: a day later, for 150 CNY."""
    number = pl.col("customer").str.slice(1).cast(pl.Int64) + pl.col("wave")
    liked = sent.filter(number % pl.col("campaign").replace_strict(LIKED, default=1_000_000) == 0)
    at = pl.col("at") + dt.timedelta(days=1)
    order, amount = pl.concat_str("customer", pl.lit("-"), "wave"), pl.lit(Decimal("150.00"))
    return liked.select("customer", order=order, currency=pl.lit("CNY"), amount=amount, placed_at=at, paid_at=at)


with tempfile.TemporaryDirectory() as folder:
    state = f"sqlite:///{folder}/crm.db"
    for day in ("2025-10-11", "2025-10-16", "2025-10-23"):  # a wave each, and then what people make of it
        facts = rulecrm.Facts.from_frames(**frames)
        with rulecrm.Engine(rules, facts, state=state, start="2025-10-01") as engine:
            engine.advance(day)
            sent = engine.decisions().filter(action="send", outcome="queued")
        new = answers(sent).join(frames["orders"], on="order", how="anti")
        frames["orders"] = pl.concat([frames["orders"], new], how="diagonal_relaxed")

    facts = rulecrm.Facts.from_frames(**frames)
    with rulecrm.Engine(rules, facts, state=state, start="2025-10-01") as engine:
        engine.advance("2025-12-01")
        shop = Shop.of(rules, facts, as_of="2025-12-01", engine=engine)
        decided = engine.decisions().filter(action="send")
        for campaign, category in CAMPAIGNS.items():
            mine = decided.filter(campaign=campaign)
            print(f"{category}: {mine['customer'].n_unique()} resting customers")
            sent = mine.filter(outcome="queued").group_by("wave", "template", "channel").len().sort("wave", "template")
            for wave, template, channel, messages in sent.rows():
                print(f"  wave {wave}: {messages:3} {template} by {channel}")
            effect = campaign_effect(shop, campaign, windows=["30d"], measures=["repurchase", "revenue"], waves=False)
            again, revenue = effect.frame.iter_rows(named=True)
            print(
                "  bought within 30 days: {treated_value:.0%} of {treated} treated, {control_value:.0%} of {control} "
                "control: {difference:+.0%} ({low:+.0%} to {high:+.0%})".format(**again)
            )
            print("  revenue a customer: {difference:+.0f} CNY ({low:+.0f} to {high:+.0f})".format(**revenue))
            cost = sum(PRICES[channel] * messages for _, _, channel, messages in sent.rows())
            worked = "it worked" if again["low"] > 0 else "whether it worked cannot be said"
            print(f"  {sent['len'].sum()} messages for {cost:.2f} CNY: {worked}")
