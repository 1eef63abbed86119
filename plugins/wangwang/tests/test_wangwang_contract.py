"""The channel and its folder: the contract kit with faults of the file system, and what stands in the files."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import datetime as dt
import fcntl
import io
import json
import os
import resource
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import pytest
import rulecrm_wangwang
from attrs import evolve
from rulecrm_wangwang import rulecrm_channels
from rulecrm_wangwang.channel import Wangwang
from rulecrm_wangwang.journal import MEANINGS
from rulecrm_wangwang.marks import token_of
from rulecrm_wangwang.settings import Settings
from rulecrm_wangwang.sheets import cell

from rulecrm import RulesError
from rulecrm.plugin import (
    Answer,
    Answered,
    Channel,
    Content,
    Context,
    Forged,
    Message,
    Receipt,
    Received,
    Request,
    Sent,
    key_of,
    read_settings,
    registry_of,
)
from rulecrm.testing.channels import ChannelContract
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.faults import Fault, Taken

SECRET = "page-secret-1"
HOOK = "https://crm.example.com/r/hooks/wangwang"
NOW = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)
DAY = "2026-11-22"


class Share:
    """A shared folder, and what goes wrong with one, for the time of a call."""

    dead: str | None = " "
    opted_out: str | None = None
    secrets: Sequence[str] = (SECRET,)

    def __init__(self, root: Path) -> None:
        self.root = root / "share"
        self.root.mkdir()
        self.folder = self.root / "wangwang"
        self.journal = self.folder / "journal.jsonl"
        self._faults: deque[Fault] = deque()

    def fail(self, fault: Fault, *, calls: int = 1) -> None:
        if fault is Fault.UNREACHABLE:
            self.root.rename(self.root.with_name("not mounted"))
        else:
            self._faults.extend([fault] * calls)

    def taken(self) -> Sequence[Taken]:
        lines = self.journal.read_text().splitlines() if self.journal.is_file() else []
        tasks = [document["task"] for document in map(json.loads, lines) if "task" in document]
        return [Taken(task["to"], task["words"], task["key"]) for task in tasks]

    @contextlib.contextmanager
    def obstacle(self) -> Iterator[None]:
        fault = self._faults.popleft() if self._faults else None
        with contextlib.ExitStack() as stack:
            match fault:
                case Fault.THROTTLED:  # another process is at it
                    self.folder.mkdir(exist_ok=True)
                    file = stack.enter_context((self.folder / "journal.lock").open("ab"))
                    fcntl.flock(file, fcntl.LOCK_EX)
                case Fault.CREDENTIALS:  # whoever runs as root may write everywhere, so something else stands there
                    stack.enter_context(self.instead(self.journal))
                case Fault.BROKEN:  # the disk is full in the middle of a line
                    size = self.journal.stat().st_size if self.journal.exists() else 0
                    before = resource.getrlimit(resource.RLIMIT_FSIZE)
                    stack.callback(resource.setrlimit, resource.RLIMIT_FSIZE, before)
                    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, before[1]))
                case Fault.LOST | Fault.SLOW | Fault.MALFORMED:  # noted, and nobody can see it
                    stack.enter_context(self.instead(self.folder / f"tasks-{DAY}.csv"))
                    stack.enter_context(self.instead(self.folder / "tasks.html"))
            yield

    @contextlib.contextmanager
    def instead(self, path: Path) -> Iterator[None]:
        """A folder in the place of a file."""
        self.folder.mkdir(exist_ok=True)
        aside = path.with_name(f"{path.name}.aside")
        there = path.exists()
        if there:
            path.rename(aside)
        (path / "in the way").mkdir(parents=True)
        try:
            yield
        finally:
            (path / "in the way").rmdir()
            path.rmdir()
            if there:
                aside.rename(path)


class Obstructed(Wangwang):
    """The channel, with the share's obstacles about it."""

    share: Share

    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        if not batch:
            return await super().send(batch)
        with self.share.obstacle():
            return await super().send(batch)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGWANG_SECRET", SECRET)


@pytest.fixture
def share(tmp_path: Path) -> Share:
    return Share(tmp_path)


def settings(**more: object) -> Settings:
    given = {"hook": HOOK, "secret": "env:WANGWANG_SECRET", "timeout": 1.5, **more}
    return read_settings(given, Settings, where="[wangwang]")


def opened(share: Share, *, clock: FakeClock | None = None, **more: object) -> Wangwang:
    (kind,) = rulecrm_channels()
    context = Context(now=(clock or FakeClock(NOW)).now, name="wangwang", folder=str(share.root))
    channel = kind.open(settings(**more), context)
    assert isinstance(channel, Wangwang)
    return channel


def post(key: str, mark: str = "done", note: str = "", route: str = "wangwang") -> Request:
    form = {"key": key, "mark": mark, "note": note, "token": token_of(SECRET, route, key)}
    return Request("POST", HOOK, {"content-type": "application/x-www-form-urlencoded"}, {}, urlencode(form).encode())


class TestWangwang(ChannelContract):
    @pytest.fixture
    def provider(self, share: Share) -> Share:
        return share

    @pytest.fixture
    def opened(self, provider: Share) -> Channel:
        context = Context(now=FakeClock(NOW).now, name="wangwang", folder=str(provider.root))
        channel = Obstructed(settings(), context)
        channel.share = provider
        return channel

    def address(self, number: int) -> str:
        return f"tb买家_{number:03}"

    def genuine(self) -> Request:
        return post(key_of("d", 0))

    def unsigned(self, genuine: Request) -> Request:
        return evolve(genuine, body=genuine.body.partition(b"&token=")[0])


def message(number: int, to: str, words: str = "Hello.", **more: object) -> Message:
    return Message(key_of(f"d{number}", 0), "im", f"c{number}", to, Content(words), **more)  # type: ignore[arg-type]


def send(channel: Wangwang, *batch: Message) -> list[Answer]:
    return list(asyncio.run(channel.send(batch)))


def poll(channel: Wangwang, cursor: str | None = None) -> tuple[list[Receipt], str | None]:
    receipts, cursor = asyncio.run(channel.poll(cursor))
    return list(receipts), cursor


def rows(share: Share, day: str = DAY) -> list[list[str]]:
    data = (share.folder / f"tasks-{day}.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def ticked(
    share: Share, marks: dict[str, tuple[str, str]], *, encoding: str = "utf-8-sig", separator: str = ","
) -> None:
    """Save the sheet as a spreadsheet program would, with marks by buyer."""
    head, *tasks = rows(share)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    writer.writerow(head)
    for task in tasks:
        mark, note = marks.get(task[1], (task[5], task[6]))
        writer.writerow([*task[:5], mark, note])
    (share.folder / f"tasks-{DAY}.csv").write_bytes(text.getvalue().encode(encoding))


# --- the sheet ----------------------------------------------------------------------------------------------------


def test_a_sheet_has_a_row_for_each_message(share: Share) -> None:
    channel = opened(share)
    until = dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.UTC)
    send(channel, message(1, "小红", "您好，\r\n您的订单…", campaign="winback", expires=until), message(2, "小明"))
    head, first, second = rows(share)
    assert head == ["编号", "旺旺", "话术", "截止", "活动", "完成", "备注"]
    assert first == [key_of("d1", 0), "小红", "您好，\n您的订单…", "2026-11-23 12:00", "winback", "", ""]
    assert second[:3] == [key_of("d2", 0), "小明", "Hello."]
    assert not [path.name for path in share.folder.iterdir() if path.name.startswith(".")]


def test_a_sheet_in_english_is_read_and_written(share: Share) -> None:
    channel = opened(share, language="en")
    send(channel, message(1, "Ann"))
    assert rows(share)[0] == ["id", "to", "words", "until", "campaign", "done", "note"]
    ticked(share, {"Ann": ("x", "")})
    assert [one.what for one in poll(channel)[0]] == [Received.DELIVERED]


def test_a_day_is_the_shops_day(share: Share) -> None:
    clock = FakeClock(dt.datetime(2026, 11, 22, 15, 59, tzinfo=dt.UTC))
    channel = opened(share, clock=clock)
    send(channel, message(1, "a"))
    clock.move(dt.timedelta(minutes=1))
    send(channel, message(2, "b"))
    assert [row[1] for row in rows(share, "2026-11-22")[1:]] == ["a"]
    assert [row[1] for row in rows(share, "2026-11-23")[1:]] == ["b"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('=HYPERLINK("http://evil")', '\'=HYPERLINK("http://evil")'),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r\n=1", "'\n=1"),
        (" =1", "' =1"),
        ("＝1", "'＝1"),
        ("1=1", "1=1"),
        ("a\x00\x1b[2Jb\u0085", "a[2Jb"),
        ("您好 👋", "您好 👋"),
        ("x" * 40_000, "x" * 32_000),
    ],
)
def test_no_cell_is_a_formula(text: str, shown: str) -> None:
    assert cell(text) == shown


def test_hostile_words_and_names_stay_in_their_cells(share: Share) -> None:
    send(opened(share), message(1, "=cmd|' /C calc'!A0\",\"x", 'a","b\n"c";d\ue000'))
    assert rows(share)[1][1:3] == ["'=cmd|' /C calc'!A0\",\"x", 'a","b\n"c";d\ue000']
    assert len(rows(share)) == 2


# --- the page -----------------------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """Which elements there are, and the texts inside."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def read_page(share: Share) -> Elements:
    elements = Elements()
    elements.feed((share.folder / "tasks.html").read_text("utf-8"))
    return elements


def test_the_page_has_words_to_copy_and_buttons_that_are_signed(share: Share) -> None:
    send(opened(share), message(1, "小红", "您好"))
    found = read_page(share).found
    (form,) = [given for tag, given in found if tag == "form"]
    assert (form["method"], form["action"]) == ("post", HOOK)
    inputs = {given["name"]: given.get("value") for tag, given in found if tag == "input"}
    assert (inputs["key"], inputs["token"]) == (key_of("d1", 0), token_of(SECRET, "wangwang", key_of("d1", 0)))
    assert [given["value"] for tag, given in found if tag == "button"] == list(MEANINGS)
    assert SECRET not in (share.folder / "tasks.html").read_text("utf-8")


def test_without_a_hook_the_page_has_no_buttons(share: Share) -> None:
    send(opened(share, hook="", secret=""), message(1, "小红"))
    tags = [tag for tag, _ in read_page(share).found]
    assert "article" in tags
    assert "form" not in tags


def test_no_words_become_markup(share: Share) -> None:
    hostile = "</textarea><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
    send(opened(share), message(1, hostile, hostile, campaign=hostile))
    page = read_page(share)
    tags = {tag for tag, _ in page.found}
    assert tags <= {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "article",
        "small",
        "textarea",
        "form",
        "input",
        "button",
    }
    assert page.text.count("<script>alert(1)</script>") == 3
    assert not [name for _, given in page.found for name in given if name.startswith("on")]
    (policy,) = [given["content"] for tag, given in page.found if given.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action https://crm.example.com;" in policy


def test_what_is_done_or_too_late_is_not_on_the_page(share: Share) -> None:
    clock = FakeClock(NOW)
    channel = opened(share, clock=clock)
    soon = NOW + dt.timedelta(hours=1)
    send(channel, message(1, "done"), message(2, "late", expires=soon), message(3, "open"))
    channel.hear(post(key_of("d1", 0)))
    clock.move(dt.timedelta(hours=1))
    send(channel, message(4, "new"))
    assert [given["id"] for tag, given in read_page(share).found if tag == "article"] == [
        key_of("d3", 0),
        key_of("d4", 0),
    ]


# --- ticks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "separator"), [("utf-8-sig", ","), ("gb18030", ","), ("utf-8", "\t"), ("utf-8-sig", ";")]
)
def test_marks_in_the_sheet_are_receipts(share: Share, encoding: str, separator: str) -> None:
    clock = FakeClock(NOW)
    channel = opened(share, clock=clock)
    send(channel, *(message(n, f"买家{n}") for n in range(6)))
    nothing, cursor = poll(channel)
    assert nothing == []
    clock.move(dt.timedelta(minutes=5))
    marks = {
        "买家0": ("√", ""),
        "买家1": ("TRUE", ""),
        "买家2": ("无效", ""),
        "买家3": ("退订", ""),
        "买家4": ("回复", "明天要"),
        "买家5": ("下午", ""),
    }
    ticked(share, marks, encoding=encoding, separator=separator)
    receipts, cursor = poll(channel, cursor)
    assert [(one.key, one.what, one.reason, one.text) for one in receipts] == [
        (key_of("d0", 0), Received.DELIVERED, None, None),
        (key_of("d1", 0), Received.DELIVERED, None, None),
        (key_of("d2", 0), Received.BOUNCED, "hard", None),
        (key_of("d3", 0), Received.UNSUBSCRIBED, "told the staff", None),
        (key_of("d4", 0), Received.DELIVERED, None, None),
        (key_of("d4", 0), Received.REPLIED, None, "明天要"),
    ]
    assert {one.at for one in receipts} == {NOW + dt.timedelta(minutes=5)}
    assert poll(channel, cursor) == ([], cursor)
    assert poll(channel, None)[0] == receipts  # whoever could not keep them gets them again, as they were


def test_what_the_staff_write_outlives_new_tasks(share: Share) -> None:
    channel = opened(share)
    send(channel, message(1, "a"), message(2, "b"))
    ticked(share, {"a": ("1", "called"), "b": ("tomorrow", "busy")})
    send(channel, message(3, "c"))
    assert [row[1:2] + row[5:] for row in rows(share)[1:]] == [
        ["a", "1", "called"],
        ["b", "tomorrow", "busy"],
        ["c", "", ""],
    ]
    assert [one.key for one in poll(channel)[0]] == [key_of("d1", 0)]


def test_a_sheet_saved_from_an_old_copy_gets_its_rows_back(share: Share) -> None:
    channel = opened(share)
    send(channel, message(1, "a"))
    old = (share.folder / f"tasks-{DAY}.csv").read_bytes()
    send(channel, message(2, "b"))
    (share.folder / f"tasks-{DAY}.csv").write_bytes(old)
    ticked(share, {"a": ("ok", "")})
    assert [one.key for one in poll(channel)[0]] == [key_of("d1", 0)]
    assert [(row[1], row[5]) for row in rows(share)[1:]] == [("a", "ok"), ("b", "")]


def test_a_sheet_that_is_done_may_be_put_away(share: Share) -> None:
    channel = opened(share)
    send(channel, message(1, "a"))
    (share.folder / f"tasks-{DAY}.csv").unlink()
    poll(channel)
    assert rows(share)[1][1] == "a"  # still open, so it is back
    ticked(share, {"a": ("1", "")})
    poll(channel)
    (share.folder / f"tasks-{DAY}.csv").unlink()
    poll(channel)
    assert not (share.folder / f"tasks-{DAY}.csv").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00\x01",
        b"PK\x03\x04 a workbook",
        b'"unclosed',
        b"a,b\n1,2\n",
        "编号,完成\n".encode() + b"\n,\n1\n",
    ],
)
def test_a_sheet_that_is_none_hurts_nobody(share: Share, data: bytes) -> None:
    channel = opened(share)
    send(channel, message(1, "a"))
    (share.folder / f"tasks-{DAY}.csv").write_bytes(data)
    assert poll(channel)[0] == []
    assert rows(share)[1][1] == "a"


def test_a_tick_on_the_page_is_the_same_receipt(share: Share) -> None:
    channel = opened(share)
    send(channel, message(1, "a"))
    response = channel.hear(post(key_of("d1", 0), "reply", " 好的 "))
    assert response.status == 200
    assert [(one.what, one.key, one.text) for one in response.receipts] == [
        (Received.DELIVERED, key_of("d1", 0), None),
        (Received.REPLIED, key_of("d1", 0), "好的"),
    ]
    assert rows(share)[1][5:] == ["reply", "好的"]
    polled, _ = poll(channel)
    assert [one.id for one in polled] == [one.id for one in response.receipts]
    again = channel.hear(post(key_of("d1", 0), "reply", "好的"))
    assert [one.id for one in again.receipts] == [one.id for one in polled]


def test_a_tick_that_cannot_be_noted_counts_all_the_same(share: Share) -> None:
    channel = opened(share)
    share.fail(Fault.UNREACHABLE)
    assert [one.what for one in channel.hear(post(key_of("d1", 0))).receipts] == [Received.DELIVERED]


def test_what_is_not_the_pages_is_refused(share: Share) -> None:
    channel = opened(share)
    good = post("k")
    wrong = [
        post("k", route="another"),
        evolve(good, body=good.body.replace(b"key=k", b"key=l")),
        evolve(good, method="GET"),
        evolve(good, body=b""),
        evolve(good, body=b"\xff" * 100),
    ]
    for request in wrong:
        with pytest.raises(Forged):
            channel.hear(request)
    with pytest.raises(Forged):
        opened(share, hook="", secret="").hear(good)
    with pytest.raises(ValueError, match="a tick"):
        channel.hear(post("k", "maybe"))


# --- the folder ---------------------------------------------------------------------------------------------------


def test_two_processes_keep_one_list(share: Share) -> None:
    one, other = opened(share), opened(share)
    send(one, message(1, "a"))
    send(other, message(2, "b"), message(1, "a"))
    send(one, message(3, "c"))
    assert [row[1] for row in rows(share)[1:]] == ["a", "b", "c"]
    assert len(share.taken()) == 3


def test_a_line_that_a_dead_process_left_is_cut_off(share: Share) -> None:
    send(opened(share), message(1, "a"))
    whole = share.journal.read_bytes()
    with share.journal.open("ab") as file:
        file.write(b'{"task": {"key": "x", "at": "2026-')
    channel = opened(share)
    assert poll(channel)[1] == str(len(whole))
    send(channel, message(2, "b"))
    assert share.journal.read_bytes().startswith(whole + b'{"task": {"key": "' + key_of("d2", 0).encode())


def test_a_line_that_somebody_spoilt_is_left_out(share: Share) -> None:
    send(opened(share), message(1, "a"))
    with share.journal.open("ab") as file:
        file.write(
            b'nonsense\n{"task": {}}\n[]\n"task"\n{"tick": {"key": 1}}\n{"tick": {"key": "x", "at": "2026-11-22", "what": "eaten"}}\n{"task": {"key": "x", "at": "soon", "to": "a", "words": "b"}}\n'
        )
    channel = opened(share)
    send(channel, message(2, "b"))
    assert [row[1] for row in rows(share)[1:]] == ["a", "b"]
    assert poll(channel)[0] == []


def test_one_of_both_is_enough_to_be_seen(share: Share) -> None:
    channel = opened(share)
    with share.instead(share.folder / f"tasks-{DAY}.csv"):
        (answer,) = send(channel, message(1, "a"))
    assert answer.outcome is Answered.ACCEPTED
    assert "article" in [tag for tag, _ in read_page(share).found]
    assert poll(channel)[0] == []
    assert rows(share)[1][1] == "a"  # the sheet came with the next poll


def test_what_cannot_be_seen_cannot_be_told_either(share: Share) -> None:
    channel = opened(share)
    lost = [Sent(key_of("d1", 0), "a", NOW)]
    with share.instead(share.folder / f"tasks-{DAY}.csv"), share.instead(share.folder / "tasks.html"):
        (answer,) = send(channel, message(1, "a"))
        (asked,) = asyncio.run(channel.ask(lost))
    assert (answer.outcome, asked.outcome) == (Answered.UNKNOWN, Answered.UNKNOWN)
    (asked,) = asyncio.run(channel.ask(lost))
    assert asked.outcome is Answered.ACCEPTED
    assert rows(share)[1][1] == "a"


def test_a_full_disk_leaves_no_half_a_line(share: Share) -> None:
    channel = opened(share)
    send(channel, message(1, "a"))
    whole = share.journal.read_bytes()
    share.fail(Fault.BROKEN)
    with share.obstacle():
        (answer,) = send(channel, message(2, "b"))
    assert (answer.outcome, answer.route) == (Answered.RETRY, True)
    assert share.journal.read_bytes() == whole


def test_a_share_that_is_not_mounted_is_not_made(share: Share) -> None:
    channel = opened(share)
    share.fail(Fault.UNREACHABLE)
    assert send(channel, message(1, "a"))[0].outcome is Answered.RETRY
    assert not share.root.exists()
    with pytest.raises(OSError, match="share"):
        poll(channel)


def test_a_secret_that_is_not_set_is_told_before_anything_is_written(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANGWANG_SECRET")
    (answer,) = send(opened(share), message(1, "a"))
    assert answer.outcome is Answered.CONFIG
    assert list(share.root.iterdir()) == []


@pytest.mark.parametrize(
    "given", [{"secret": ""}, {"hook": "javascript:alert(1)"}, {"zone": "Mars"}, {"language": "ru"}]
)
def test_settings_that_cannot_be_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(RulesError):
        settings(**given)


def test_it_never_tires_of_what_it_knows(share: Share) -> None:
    channel = opened(share, per_day=50)
    assert (channel.traits.idempotent, channel.traits.asks) == (True, True)
    assert [(rate.count, rate.seconds) for rate in channel.traits.rates] == [(50, 86_400.0)]
    assert os.fspath(share.folder) not in repr(channel)


BUSY = """
import asyncio, sys
from rulecrm.plugin import Content, Context, Message, key_of
from rulecrm_wangwang.channel import Wangwang
from rulecrm_wangwang.settings import Settings

channel = Wangwang(Settings(), Context(folder=sys.argv[1]))
for number in range(10_000):
    batch = [Message(key_of(f"d{number}.{part}", 0), "im", "c", f"buyer {number}.{part}", Content("x" * 500)) for part in range(20)]
    asyncio.run(channel.send(batch))
    print(number, flush=True)
"""


def test_a_process_that_is_killed_leaves_a_list_that_is_whole(share: Share) -> None:
    process = subprocess.Popen([sys.executable, "-c", BUSY, str(share.root)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    for _ in range(5):
        assert process.stdout.readline()
    process.kill()
    process.wait()
    process.stdout.close()
    channel = opened(share, clock=FakeClock(dt.datetime.now(dt.UTC)))
    send(channel, message(1, "a"))
    keys = [one.key for one in share.taken()]
    assert len(keys) == len(set(keys))
    assert len(keys) > 100
    there = {
        row[0] for path in share.folder.glob("tasks-*.csv") for row in rows(share, path.stem.removeprefix("tasks-"))
    }
    assert set(keys) <= there


def test_it_is_admitted_and_loads_little() -> None:
    registry = registry_of({"wangwang": rulecrm_wangwang})
    (standing,) = registry.plugins
    assert standing.refused is None
    assert sorted(registry.channels) == ["wangwang"]
    assert all(kind.doc and kind.guide for kind in registry.channels.values())
    loaded = "import sys, rulecrm_wangwang; sys.exit(int('httpx' in sys.modules or 'polars' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0
