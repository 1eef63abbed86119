"""Bounces and complaints, written by hand after RFC 3464 and RFC 5965."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from rulecrm_smtp.bounces import poll, receipts_of

from rulecrm.plugin import Received

KEY = "0f3c2b1a-1111-5222-8333-444455556666"
ARRIVED = dt.datetime(2025, 11, 12, 9, 0, tzinfo=dt.UTC)


def report(status: str, action: str = "failed", kind: str = "delivery-status", back: str = "message/rfc822") -> bytes:
    about = f"Message-ID: <{KEY}@example.com>\nSubject: We miss you\n\n"
    return (
        "From: MAILER-DAEMON@mx.example.net\nTo: bounces@example.com\nDate: Wed, 12 Nov 2025 08:00:00 +0000\n"
        "Subject: Undelivered\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nSorry.\n"
        f"--b\nContent-Type: message/{kind}\n\nReporting-MTA: dns; mx.example.net\n\n"
        f"Final-Recipient: rfc822; ann@example.com\nAction: {action}\nStatus: {status}\n\n"
        f"--b\nContent-Type: {back}\n\n{about}\n--b--\n"
    ).encode()


@pytest.mark.parametrize(
    ("status", "reason"),
    [("5.1.1", "hard"), ("5.2.1", "hard"), ("5.0.0", "hard"), ("5.2.2", "soft"), ("5.7.1", "soft"), ("4.4.1", "soft")],
)
@pytest.mark.parametrize("back", ["message/rfc822", "text/rfc822-headers"])
def test_a_bounce_leads_back_to_its_message(status: str, reason: str, back: str) -> None:
    (found,) = receipts_of(report(status, back=back), ARRIVED)
    assert (found.what, found.key, found.reason) == (Received.BOUNCED, KEY, reason)
    assert found.at == dt.datetime(2025, 11, 12, 8, 0, tzinfo=dt.UTC)


def test_a_delay_is_nothing_and_a_delivery_is_one() -> None:
    assert receipts_of(report("4.4.1", action="delayed"), ARRIVED) == []
    (found,) = receipts_of(report("2.0.0", action="delivered"), ARRIVED)
    assert found.what is Received.DELIVERED


def test_a_complaint() -> None:
    (found,) = receipts_of(report("5.1.1", kind="feedback-report"), ARRIVED)
    assert (found.what, found.key) == (Received.COMPLAINED, KEY)


def test_a_bounce_that_repeats_nothing_names_the_address() -> None:
    raw = report("5.1.1").replace(KEY.encode(), b"another")
    (found,) = receipts_of(raw, ARRIVED)
    assert (found.key, found.address, found.reason) == (None, "ann@example.com", "hard")


def test_a_letter_of_a_person_is_no_bounce() -> None:
    assert receipts_of(b"From: ann@example.com\nSubject: hello\n\nWhen do you open?\n", ARRIVED) == []
    assert receipts_of(b"\xff\xfe\x00 nothing", ARRIVED) == []


def test_a_bounce_of_an_old_server_is_recognised() -> None:
    raw = (
        b"From: MAILER-DAEMON@example.net\nTo: bounces@example.com\nSubject: failure notice\n"
        b"Content-Type: text/plain\n\n"
        b"Hi. This is the qmail-send program at example.net.\n"
        b"I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        b"This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        b"<ann@example.com>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        b"--- Below this line is a copy of the message.\n\nMessage-ID: <x@example.com>\n"
    )
    (found,) = receipts_of(raw, ARRIVED)
    assert (found.address, found.what, found.at) == ("ann@example.com", Received.BOUNCED, ARRIVED)


def test_a_maildir_is_read_once(tmp_path: Path) -> None:
    for folder in ("new", "cur", "tmp"):
        (tmp_path / folder).mkdir()
    (tmp_path / "new" / "1762934400.M1.mx").write_bytes(report("5.1.1"))
    (tmp_path / "tmp" / "1762934500.M1.mx").write_bytes(report("5.1.1"))
    first, cursor = poll(str(tmp_path), None)
    assert len(first) == 1
    assert cursor == "1762934400"
    again, same = poll(str(tmp_path), cursor)
    assert [one.id for one in again] == [one.id for one in first]
    assert same == cursor
    (tmp_path / "cur" / "1762944400.M2.mx:2,S").write_bytes(report("4.2.2"))
    later, cursor = poll(str(tmp_path), cursor)
    assert [one.reason for one in later] == ["hard", "soft"], "the hour before the cursor is read again"
    assert cursor == "1762944400"
    assert poll(str(tmp_path / "none"), "7") == ([], "7")


@pytest.mark.parametrize(
    ("was", "broken"),
    [
        (f"Message-ID: <{KEY}@example.com>", "Message-ID: <>"),
        (f"Message-ID: <{KEY}@example.com>", "Message-ID: <a@"),
        ("Date: Wed, 12 Nov 2025 08:00:00 +0000", "Date: Fri, 31 Dec 9999 23:59:59 -1400"),
        ("Date: Wed, 12 Nov 2025 08:00:00 +0000", "Date: Wed, 12 Nov 2025 08:00:00 +99999999999999"),
    ],
)
def test_a_broken_header_does_not_end_the_reading(was: str, broken: str) -> None:
    (found,) = receipts_of(report("5.1.1").replace(was.encode(), broken.encode()), ARRIVED)
    assert (found.what, found.reason) == (Received.BOUNCED, "hard")
    assert found.at <= ARRIVED
