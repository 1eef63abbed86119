"""Nobody makes a link up, bends one to another use, or spells one in another way."""

from __future__ import annotations

import base64
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulecrm import RulesError
from rulecrm.links import LONGEST_TOKEN, Purpose, Signed, Signer
from rulecrm.plugin import Secret, key_of

KEY = key_of("gift|c1||1|0#1@", 0)
LONG = "0123456789abcdef"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKS", LONG)
    monkeypatch.setenv("OLD", LONG[::-1])


def signer(*names: str) -> Signer:
    return Signer.open([Secret(f"env:{name}") for name in names or ("LINKS",)])


def test_a_token_says_what_was_signed_and_only_for_its_purpose() -> None:
    for purpose in Purpose:
        said = Signed(purpose, KEY, "https://shop.example/茶?a=1")
        token = signer().sign(said)
        assert [signer().read(other, token) for other in Purpose if other is not purpose] == [None, None]
        assert signer().read(purpose, token) == said


def test_the_token_is_the_one_that_the_description_gives() -> None:
    # worked out with Python's hmac over `rulecrm link\0`, 1, `u`, the bytes of the key, `sms`
    assert signer().sign(Signed(Purpose.UNSUBSCRIBE, "6f0b8c0e-3d7c-5f0a-9a55-0f6d0c1f9f52", "sms")) == TOKEN


def test_a_secret_can_be_replaced_while_old_links_still_work() -> None:
    old = signer("OLD").sign(Signed(Purpose.OPEN, KEY))
    both = signer("LINKS", "OLD")
    assert both.read(Purpose.OPEN, old) == Signed(Purpose.OPEN, KEY)
    assert signer("LINKS").read(Purpose.OPEN, old) is None
    assert both.sign(Signed(Purpose.OPEN, KEY)) == signer("LINKS").sign(Signed(Purpose.OPEN, KEY))


@given(st.data())
def test_no_mutation_verifies(data: st.DataObject) -> None:
    mine = Signer.open([Secret("env:LINKS")])
    token = mine.sign(Signed(Purpose.CLICK, KEY, data.draw(st.text(max_size=30).filter(_encodes))))
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCZabcz0189-_=+/.~ é"))
    how = data.draw(st.sampled_from(["replace", "insert", "delete", "cut", "double"]))
    mutant = {
        "replace": token[:place] + letter + token[place + 1 :],
        "insert": token[:place] + letter + token[place:],
        "delete": token[:place] + token[place + 1 :],
        "cut": token[:place],
        "double": token + token,
    }[how]
    assert mutant == token or all(mine.read(purpose, mutant) is None for purpose in Purpose)


def _encodes(text: str) -> bool:
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in text)


@given(st.one_of(st.text(), st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="))))
def test_no_made_up_token_verifies(token: str) -> None:
    assert signer().read(Purpose.OPEN, token) is None


def test_every_bit_of_a_token_counts() -> None:
    token = signer().sign(Signed(Purpose.OPEN, KEY))
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    for bit in range(8 * len(raw)):
        raw[bit // 8] ^= 1 << bit % 8
        assert signer().read(Purpose.OPEN, base64.urlsafe_b64encode(raw).decode().rstrip("=")) is None
        raw[bit // 8] ^= 1 << bit % 8


def test_base64_that_spells_the_same_bytes_otherwise_is_refused() -> None:
    token = signer().sign(Signed(Purpose.UNSUBSCRIBE, KEY, "im"))  # 36 bytes, and two of them: `=` would follow
    token = next(
        made
        for channel in ("sms", "email", "im", "a", "bb")
        if len(made := signer().sign(Signed(Purpose.UNSUBSCRIBE, KEY, channel))) % 4
    )
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twins = [token[:-1] + other for other in letters if other != token[-1]]
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    same = [twin for twin in twins if base64.urlsafe_b64decode(twin + "=" * (-len(twin) % 4)) == raw]
    assert same
    assert all(signer().read(Purpose.UNSUBSCRIBE, twin) is None for twin in (*same, token + "=", f" {token}"))


def test_a_key_that_is_no_uuid_and_a_text_that_does_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="UUID"):
        signer().sign(Signed(Purpose.OPEN, KEY.upper()))
    with pytest.raises(ValueError, match="hexadecimal"):
        signer().sign(Signed(Purpose.OPEN, "k1"))
    with pytest.raises(ValueError, match="4096"):
        signer().sign(Signed(Purpose.CLICK, KEY, "x" * LONGEST_TOKEN))
    assert signer().read(Purpose.CLICK, "A" * 10_000_000) is None


def test_secrets_are_there_long_enough_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT", "hunter2")
    for names, code in ((["SHORT"], "R488"), (["NOWHERE"], "R480"), ([], "R488")):
        with pytest.raises(RulesError) as caught:
            Signer.open([Secret(f"env:{name}") for name in names])
        assert [one.code for one in caught.value.diagnostics] == [code]
        assert "hunter2" not in str(caught.value)
    assert LONG not in repr(signer())
    with pytest.raises(TypeError):
        pickle.dumps(signer())


TOKEN = "AXVvC4wOPXxfCppVD20MH59Sc21z5dBGM82WQ6wsg40733bntg"
