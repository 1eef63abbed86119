"""Neither addresses, nor words, nor secrets are left anywhere by sending."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from rulecrm.dispatch import Routes
from rulecrm.model.sending import Answer, Answered, Message, Receipt, Received
from tests.dispatch.world import NOON, SMS, Channel, Clock, customers, engine

WORDS = "C1@X.TEST"
RULES = SMS.replace('sms "Hello"', 'sms "{{ email | upcase }} {{ phone }}"')


class Raises(Channel):
    async def send(self, batch: Sequence[Message]) -> Sequence[Answer]:
        raise ValueError(f"{batch[0].address} {batch[0].content.text} geheim-42")


@pytest.mark.parametrize(
    "channel",
    [
        Channel("sms"), Raises("sms"), Channel("sms", lambda _, __: Answer(Answered.DEAD_ADDRESS)),
        Channel("sms", lambda _, __: Answer(Answered.UNKNOWN)),
    ],
)  # fmt: skip
def test_no_address_and_no_word_is_kept(
    channel: Channel, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    people = customers(3)
    with engine(RULES, {"sms": channel}, people=people, state=f"sqlite:///{tmp_path}/crm.db") as made:
        done = made.dispatch(clock=Clock())
        strange = Receipt("r", Received.REPLIED, NOON, address="+491200000099")
        made._ledger.receipts.write([strange], route="sms", channel="sms")
        shown = f"{made!r} {done!r} {made._desk.routes!r} {made._desk.routes.routes[0]!r} {channel.calls!r}"
        shown += " ".join(repr(one) for one in made.dead_letters())
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        letters = "".join(str(one) for one in done.diagnostics)
    assert b"c1" in kept  # so that it is looked for in the right place
    for secret in (WORDS, WORDS.lower(), "4912000000", "00000099", "geheim-42"):
        assert secret.encode() not in kept
        assert secret not in shown
        assert secret not in letters
        assert secret not in caplog.text
        assert secret not in "".join(capfd.readouterr())


def test_a_secret_of_the_settings_is_shown_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RULECRM_LINKS", "muschelkalk-muschelkalk")
    caplog.set_level(logging.DEBUG)
    routes = Routes.read(
        {
            "web": {"url": "https://crm.example.com/r", "secret": "env:RULECRM_LINKS"},
            "routes": {"out": {"use": "file", "channel": "sms", "path": str(tmp_path / "sent.jsonl")}},
        }
    )
    assert "muschelkalk" not in f"{routes!r} {routes.web!r} {routes.routes!r} {caplog.text}"
