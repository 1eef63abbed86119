"""Opening, clicking, unsubscribing: by whoever got the message, and by nobody else."""

from __future__ import annotations

import datetime as dt

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from rulecrm.links import Purpose, Signed
from rulecrm.model.sending import key_of
from rulecrm.plugin import Secret
from rulecrm.state import Ledger
from tests.web.conftest import BASE, NOW, World, ask

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def test_a_post_unsubscribes_at_once(world: World) -> None:
    answer = world.ask("POST", world.links.unsubscribe_url(world.keys[0], "email"), data=ONE_CLICK)
    assert answer.status_code == 200
    assert "Done" in answer.text
    told = world.ledger.receipts.frame().filter(kind="unsubscribe")
    assert told.select("customer", "channel", "campaign", "at").rows() == [("li", "email", "gift", NOW)]


def test_a_get_only_asks_and_its_form_unsubscribes(world: World) -> None:
    link = world.links.unsubscribe_url(world.keys[0], "sms")
    for method in ("GET", "HEAD", "OPTIONS"):
        world.ask(method, link)
    page = world.ask("GET", link)
    assert world.told() == []
    assert page.status_code == 200
    assert '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">' in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert world.ask("POST", link, files={"List-Unsubscribe": (None, "One-Click")}).status_code == 200  # multipart
    assert world.told() == [("li", "unsubscribe")]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"List-Unsubscribe=no", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"&".join(b"a=1" for _ in range(100)), "application/x-www-form-urlencoded"),
        (b"--x\r\n\r\nOne-Click\r\n--x--", "multipart/form-data; boundary=x"),
        (b"List-Unsubscribe=One-Click", "multipart/form-data"),
        (b"--x\r\n" * 4000, "multipart/form-data; boundary=x"),
    ],
)
def test_a_post_that_says_something_else_unsubscribes_nobody(world: World, body: bytes, content_type: str) -> None:
    link = world.links.unsubscribe_url(world.keys[0], "sms")
    answer = world.ask("POST", link, content=body, headers={"Content-Type": content_type})
    assert answer.status_code in (400, 413)
    assert world.told() == []


@pytest.mark.parametrize(
    ("accepted", "word"), [("zh-CN,zh;q=0.9,en;q=0.8", "退订"), ("tlh, ru", "Отписаться"), ("", "Unsubscribe"), ("x" * 999, "Unsubscribe")]
)  # fmt: skip
def test_the_page_is_in_the_language_of_the_reader(world: World, accepted: str, word: str) -> None:
    link = world.links.unsubscribe_url(world.keys[0], "sms").removeprefix(BASE)
    page = ask(world.app(sender="Tea & <Co>"), "GET", link, headers={"Accept-Language": accepted})
    assert f"<button>{word}</button>" in page.text
    assert "<h1>Tea &amp; &lt;Co&gt;</h1>" in page.text


def test_a_pixel_tells_of_opening_and_is_never_kept(world: World) -> None:
    link = world.links.open_url(world.keys[1])
    assert world.ask("HEAD", link).status_code == 200
    assert world.ask("GET", link, headers={"Sec-Purpose": "prefetch;prerender"}).status_code == 200
    assert world.told() == []
    answer = world.ask("GET", link)
    assert answer.headers["content-type"] == "image/gif"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"GIF89a")
    assert world.told() == [("wang", "open")]


def test_whoever_repeats_it_in_the_same_minute_does_it_once(world: World) -> None:
    link = world.links.open_url(world.keys[0]).removeprefix(BASE)
    clock = [NOW]
    application = world.app(now=lambda: clock[0])
    for seconds in (0, 20, 59, 60, 3600):
        clock[0] = NOW + dt.timedelta(seconds=seconds)
        ask(application, "GET", link)
    opens = world.ledger.receipts.frame().filter(kind="open").get_column("at").to_list()
    assert opens == [NOW, NOW + dt.timedelta(seconds=60), NOW + dt.timedelta(seconds=3600)]


def test_a_click_leads_where_it_was_signed_to(world: World) -> None:
    answer = world.ask("GET", world.links.click_url(world.keys[0], "https://s.cn/茶?a=1&b=%20"))
    assert answer.status_code == 302
    assert answer.headers["location"] == "https://s.cn/%E8%8C%B6?a=1&b=%20"
    assert answer.headers["referrer-policy"] == "no-referrer"
    told = world.ledger.receipts.frame().filter(kind="click")
    assert told.select("customer", "text", "channel").rows() == [("li", "https://s.cn/茶?a=1&b=%20", "sms")]


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "https://s.cn/\r\nSet-Cookie: a=b", "//x.cn", "data:text/html,x", "https://s.cn\\@x"]
)  # fmt: skip
def test_even_a_signed_target_leads_nowhere_bad(world: World, target: str) -> None:
    token = world.links.signer.sign(Signed(Purpose.CLICK, world.keys[0], target))
    answer = world.ask("GET", f"/c/{token}")
    assert (answer.status_code, answer.headers.get("location")) == (404, None)
    assert world.told() == []


def test_a_token_for_one_thing_does_not_do_for_another(world: World) -> None:
    key = world.keys[0]
    links = [
        world.links.open_url(key),
        world.links.click_url(key, "https://s.cn"),
        world.links.unsubscribe_url(key, "sms"),
    ]
    for link in links:
        place, token = link.removeprefix(f"{BASE}/").split("/")
        for other in {"o", "c", "u"} - {place}:
            assert world.ask("GET", f"/{other}/{token}").status_code == 404
            assert world.ask("POST", f"/{other}/{token}", data=ONE_CLICK).status_code in (404, 405)
    assert world.told() == []


def test_forged_and_cut_tokens_get_nothing(world: World) -> None:
    token = world.links.unsubscribe_url(world.keys[0], "sms").rsplit("/", 1)[1]
    for bad in (
        token[:-1],
        token[:10],
        token[1:],
        token + "A",
        token.swapcase(),
        "x",
        "A" * 5000,
        "%00",
        "%FF%FE",
        "..",
        "é",
    ):
        for place in "uoc":
            for method in ("GET", "POST"):
                answer = world.ask(method, f"/{place}/{bad}", **({"data": ONE_CLICK} if method == "POST" else {}))
                assert answer.status_code in (404, 405)
                assert answer.text in ("", "Not Found", "Method Not Allowed")
    assert world.told() == []


def test_a_link_of_a_message_that_nobody_knows_leaves_nobody_unsubscribed(world: World) -> None:
    assert (
        world.ask("POST", world.links.unsubscribe_url(key_of("nothing", 0), "sms"), data=ONE_CLICK).status_code == 200
    )
    assert world.told() == []
    assert world.ledger.receipts.reconcile() == 1


def test_a_secret_that_was_replaced_still_reads_old_links(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEW", "fedcba9876543210")
    link = world.links.open_url(world.keys[0]).removeprefix(BASE)
    assert ask(world.app(secret=Secret("env:NEW")), "GET", link).status_code == 404
    assert ask(world.app(secret=[Secret("env:NEW"), Secret("env:LINKS")]), "GET", link).status_code == 200


def test_it_works_behind_a_prefix(world: World) -> None:
    outer = Starlette(routes=[Mount("/r", world.app())])
    link = world.links.unsubscribe_url(world.keys[0], "sms").removeprefix("https://crm.example.com")
    assert ask(outer, "POST", link, data=ONE_CLICK).status_code == 200
    assert world.told() == [("li", "unsubscribe")]


def test_it_works_inside_another_kind_of_application(world: World) -> None:
    inner = world.app()

    async def outer(scope: dict[str, object], receive: object, send: object) -> None:
        assert str(scope["path"]).startswith("/r/")
        await inner({**scope, "root_path": "/r"}, receive, send)

    link = world.links.click_url(world.keys[0], "https://s.cn").removeprefix("https://crm.example.com")
    assert ask(outer, "GET", link).headers["location"] == "https://s.cn"


def test_opening_and_clicking_do_not_wait_for_a_ledger_that_fails(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.ledger.close()
    missing = Ledger.open("sqlite://")
    with missing._transaction(write=True) as connection:
        connection.exec_driver_sql("DROP TABLE rulecrm_receipts")
    world.ledger = missing
    assert world.ask("GET", world.links.click_url(world.keys[0], "https://s.cn")).status_code == 302
    assert "1 receipts were not written" in caplog.text
    answer = world.ask("POST", world.links.unsubscribe_url(world.keys[0], "sms"), data=ONE_CLICK)
    assert answer.status_code in (500, 503)
    assert "rulecrm_receipts" not in answer.text


def test_health_is_that_of_the_ledger(world: World) -> None:
    assert world.ask("GET", "/healthz").text == "ok"
    assert ask(world.app(), "HEAD", "/healthz").status_code == 200
    from rulecrm.web import app

    broken = app("sqlite:////nowhere/at/all.db", channels={}, secret=Secret("env:LINKS"))
    assert ask(broken, "GET", "/healthz").status_code == 503


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_not_dealt_with(world: World, method: str) -> None:
    for path in ("/u/x", "/o/x", "/c/x", "/hooks/aliyun", "/healthz"):
        answer = world.ask(method, path)
        assert answer.status_code == 405
        assert "GET" in answer.headers["allow"]
    assert world.ask("HEAD", "/hooks/aliyun").status_code == 405
