"""What is packed is what others read: smpplib's reading of our units, ours of its, and the alphabets."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulecrm_smpp import Settings
from rulecrm_smpp.alphabet import GSM, LATIN1, UCS2, decode, spell
from rulecrm_smpp.pdus import Command, Pdu, unpack_deliver
from rulecrm_smpp.submits import bodies_of, validity
from smpplib import gsm, smpp
from smpplib.client import SimpleSequenceGenerator

from rulecrm.plugin import Content, Message, Secret, key_of

NOW = dt.datetime(2026, 11, 11, 2, 0, tzinfo=dt.UTC)
SETTINGS = Settings("localhost", "shop", Secret("env:SMPP"), "+15005550006")


class Numbers:
    """What smpplib asks of a client."""

    def __init__(self) -> None:
        self.next_sequence = SimpleSequenceGenerator().next_sequence


def bodies(text: str, settings: Settings = SETTINGS) -> list[bytes]:
    message = Message(
        key_of("a|c1#1@", 0), "sms", "c1", "+4915112345001", Content(text), expires=NOW + dt.timedelta(hours=1)
    )
    return list(bodies_of(message, "4915112345001", spell(text), settings, NOW))


def test_others_read_what_is_packed() -> None:
    (body,) = bodies("Grüße")
    read = smpp.parse_pdu(Pdu(Command.SUBMIT_SM, 7, body=body).pack(), client=Numbers(), sequence=7)
    assert (read.command, read.sequence, read.status) == ("submit_sm", 7, 0)
    assert (read.source_addr_ton, read.source_addr_npi, read.source_addr) == (1, 1, b"15005550006")
    assert (read.dest_addr_ton, read.dest_addr_npi, read.destination_addr) == (1, 1, b"4915112345001")
    assert (read.registered_delivery, read.data_coding, read.validity_period) == (1, 0, b"000000010000000R")
    assert read.short_message == gsm.gsm_encode("Grüße")


def test_others_read_a_payload() -> None:
    settings = Settings("localhost", "shop", Secret("env:SMPP"), "shop", long="payload")
    (body,) = bodies("x" * 500, settings)
    read = smpp.parse_pdu(Pdu(Command.SUBMIT_SM, 7, body=body).pack(), client=Numbers(), sequence=7)
    assert (read.sm_length, read.message_payload) == (0, b"x" * 500)


def test_what_others_pack_is_read() -> None:
    made = smpp.make_pdu(
        "deliver_sm", client=Numbers(), service_type="", source_addr_ton=1, source_addr_npi=1, source_addr="4915112345001",
        dest_addr_ton=0, dest_addr_npi=0, destination_addr="shop", esm_class=4, data_coding=0, short_message=b"id:1 stat:DELIVRD",
        receipted_message_id="1",
    )  # fmt: skip
    read = unpack_deliver(made.generate()[16:])
    assert (read.source, read.receipt, read.octets) == ("4915112345001", True, b"id:1 stat:DELIVRD")
    assert read.tags == {0x001E: b"1\0"}


@pytest.mark.parametrize("end", range(16, 45))
def test_a_unit_that_ends_too_soon_is_told(end: int) -> None:
    made = smpp.make_pdu(
        "deliver_sm", client=Numbers(), service_type="", source_addr="49", destination_addr="shop", short_message=b"Danke"
    )  # fmt: skip
    whole = made.generate()
    if end < len(whole):
        with pytest.raises(ValueError, match=r"."):
            unpack_deliver(whole[16:end])


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=700), st.sampled_from(["gsm", "latin1", "ucs2"]))
def test_parts_joined_are_the_text(text: str, alphabet: str) -> None:
    spelt = spell(text, alphabet)
    assert decode(spelt.whole, spelt.coding) == text
    if len(spelt.parts) == 1:
        assert len(spelt.whole) <= (160 if spelt.coding == GSM else 140)
    else:
        assert len(spelt.whole) > (160 if spelt.coding == GSM else 140)
        assert all(0 < len(part) <= (153 if spelt.coding == GSM else 134) for part in spelt.parts)
    for part in spelt.parts:  # no letter is cut in two
        assert "\ufffd" not in decode(part, spelt.coding) or "\ufffd" in text


@pytest.mark.parametrize(
    ("text", "alphabet", "coding", "lengths"),
    [
        ("", "gsm", GSM, [0]),
        ("x" * 160, "gsm", GSM, [160]),
        ("x" * 161, "gsm", GSM, [153, 8]),
        ("€" * 80, "gsm", GSM, [160]),
        ("€" * 81, "gsm", GSM, [152, 10]),
        ("ж" * 70, "gsm", UCS2, [140]),
        ("ж" * 71, "gsm", UCS2, [134, 8]),
        ("🛍" * 35, "gsm", UCS2, [140]),
        ("🛍" * 36, "gsm", UCS2, [132, 12]),
        ("ç" * 140, "latin1", LATIN1, [140]),
        ("€", "latin1", UCS2, [2]),
        ("a", "ucs2", UCS2, [2]),
        ("`", "gsm", UCS2, [2]),  # GSM has no grave accent
    ],
)
def test_how_texts_are_spelt(text: str, alphabet: str, coding: int, lengths: list[int]) -> None:
    spelt = spell(text, alphabet)
    assert (spelt.coding, [len(part) for part in spelt.parts]) == (coding, lengths)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (dt.timedelta(seconds=-5), "000000000001000R"),
        (dt.timedelta(hours=25, seconds=1), "000001010001000R"),
        (dt.timedelta(days=400), "000030000000000R"),
    ],
)
def test_how_long_a_message_may_wait(left: dt.timedelta, expected: str) -> None:
    assert validity(left) == expected
