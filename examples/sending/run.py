"""A shop that sends, three weeks of it: advance, dispatch, what people did, and what the next advance makes of that.

`python run.py FOLDER` keeps ledger and messages in FOLDER; without one they go with the program.
"""

import asyncio
import datetime as dt
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

import rulecrm
from rulecrm.model.sending import Receipt, Received
from rulecrm.plugin import Context, Secret
from rulecrm.state import Ledger
from rulecrm.testing.shops import make_shop_frames
from rulecrm.web import app

HERE = Path(__file__).parent
SHANGHAI = ZoneInfo("Asia/Shanghai")
START = dt.datetime(2025, 11, 10, tzinfo=SHANGHAI)
DAY = dt.timedelta(days=1)


def shop() -> rulecrm.Facts:
    """300 customers, who have addresses; every third of them reads Chinese, every tenth has no mail."""
    frames = make_shop_frames(customers=300, start=dt.date(2025, 11, 1), days=40)
    number = pl.int_range(pl.len())
    name = pl.col("customer")
    frames["customers"] = frames["customers"].with_columns(
        phone=pl.concat_str(pl.lit("+86138"), (number + 10_000_000).cast(pl.String)),
        email=pl.when(number % 10 != 0).then(pl.concat_str(name, pl.lit("@customers.example"))),
        language=pl.when(number % 3 == 0).then(pl.lit("zh-CN")).otherwise(pl.lit("en")),
    )
    kept = ("customers", "orders", "items", "products")  # what they did with messages, they will do below
    return rulecrm.Facts.from_frames(**{kind: frames[kind] for kind in kept})


def messages(path: Path) -> list[dict[str, str]]:
    """What the channel `file` has written."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def ask(application, method: str, url: str, body: bytes = b"") -> int:
    """What a browser or a mail program does, without a network in between: the status."""
    path, _, query = url.removeprefix("https://crm.example.com").partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
        "path": path, "raw_path": path.encode(), "root_path": "/r", "query_string": query.encode(),
        "headers": [(b"host", b"crm.example.com"), (b"content-type", b"application/x-www-form-urlencoded")],
        "client": ("203.0.113.7", 4711), "server": ("crm.example.com", 443),
    }  # fmt: skip
    said: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            said.append(int(str(message["status"])))

    asyncio.run(application(scope, receive, send))
    return said[0]


def main(folder: Path) -> None:
    os.environ.setdefault("RULECRM_LINKS", "an example, and no secret at all")
    rules = rulecrm.load(HERE / "shop.rules")
    routes = rulecrm.Routes.load(HERE / "sending.toml", context=Context(folder=str(folder)))
    state = f"sqlite:///{folder / 'crm.db'}"
    now = START

    def clock() -> dt.datetime:
        return now.astimezone(dt.UTC)

    with rulecrm.Engine(rules, shop(), state=state, start=START, routes=routes) as engine:
        engine.add_coupons("FIRST", [f"FIRST-{number:04}" for number in range(500)])
        web = app(state, channels={}, secret=Secret("env:RULECRM_LINKS"), url="https://crm.example.com/r", now=clock)
        told = 0
        for day in range(1, 21):
            now = START + day * DAY + dt.timedelta(hours=10)
            advanced = engine.advance(now)
            sent = engine.dispatch(now)
            outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(sent.outcomes.items()))
            print(f"{now:%d %b}: {advanced.entered:2} entered; {outcomes or 'nothing to send'}")

            # In the evening people read their mail: the first follows a link, the second opens it, the third has had
            # enough, the fourth is not there any more; and so on.
            now += dt.timedelta(hours=9)
            mail = messages(folder / "mail.jsonl")
            did: list[str] = []
            for number, message in enumerate(sorted(mail[told:], key=lambda one: one["customer"]), told):
                html = message["html"]
                match number % 5:
                    case 0 if link := re.search(r"""href=["']([^"']*/c/[^"']*)""", html):
                        assert ask(web, "GET", link[1]) in (302, 303, 307)
                        did.append("followed a link")
                    case 1 if pixel := re.search(r"""src=["']([^"']*/o/[^"']*)""", html):
                        assert ask(web, "GET", pixel[1]) == 200
                        did.append("opened")
                    case 2:
                        assert ask(web, "POST", message["unsubscribe"], b"List-Unsubscribe=One-Click") == 200
                        did.append("unsubscribed")
                    case 3 if number % 2:
                        bounce = Receipt(
                            f"bounce-{number}", Received.BOUNCED, clock(), key=message["key"], reason="hard"
                        )
                        with Ledger.open(state) as ledger:  # a mail server would tell this to the route's channel
                            ledger.receipts.write([bounce], route="mail", channel="email")
                        did.append("bounced")
            told = len(mail)
            for what in sorted(set(did)):
                print(f"        {did.count(what)} {what}")

        print()
        decisions = engine.decisions(campaign="first_purchase").filter(pl.col("action") != "measure")
        counted = decisions.group_by("step", "action", "channel", "template", "outcome").len()
        for step, action, channel, template, outcome, count in counted.sort(pl.all()).rows():
            print(f"step {step}  {action} {channel or ''} {template or ''}: {count} {outcome}".replace(" :", ":"))

        print()
        reads = decisions.filter(pl.col("action") == "staff")
        receipts = engine.receipts()
        left = receipts.filter(pl.col("kind") == "unsubscribe").join(reads, on="customer", how="anti")
        for who in (reads, left):
            print(engine.history(who.sort("at", "customer")["customer"][0]))
            print()
        cares = rules.evaluate(engine.facts_with_receipts(), as_of=now).segment("cares")
        print(f"{len(cares)} followed a link in the last two weeks; {len(engine.dead_letters())} dead letters")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
