"""The outbox against the slow and obvious: whatever workers, providers, people and time do in whatever order."""

from __future__ import annotations

from attrs import define, field
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rulecrm.model.instants import from_microseconds
from rulecrm.model.sending import Answered, Receipt, Received, key_of
from rulecrm.state import Claimed, Ledger
from tests.state.outbox import outcomes, send_to
from tests.state.rows import SETTINGS
from tests.state.test_outbox import MINUTE, NOW, claim, mark, tell

PEOPLE = ("alice", "bob", "carol")
WORKERS = ("w1", "w2")


@define
class Known:
    """What the obvious book keeps of one message."""

    decision: str
    marked: int = 0
    doubtful: set[int] = field(factory=set)
    """Attempts of which nobody knows."""
    accepted: set[int] = field(factory=set)
    """Those of them in spite of which somebody has said that it goes again; that holds on where that attempt is refused."""
    taken: bool = False
    """Whether a provider has said that it has it."""
    arrived: bool = False
    refused: bool = False
    erased: bool = False


class Outboxes(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger.open("sqlite://")
        self.ledger.claim(SETTINGS)
        self.now = NOW
        self.claims: dict[str, list[Claimed]] = {worker: [] for worker in WORKERS}
        self.calls: list[tuple[str, str, Claimed]] = []
        self.people: dict[str, Known] = {}
        self.told = 0

    def teardown(self) -> None:
        self.ledger.close()

    @initialize()
    def begin(self) -> None:
        ids = send_to(self.ledger, *PEOPLE)
        self.people = {name: Known(one) for name, one in zip(PEOPLE, ids, strict=True)}

    def at(self, name: str) -> str:
        (letter,) = self.ledger.letters.all(self.people[name].decision)
        return letter.state

    # --- workers ----------------------------------------------------------------------------------------------------

    @rule(worker=st.sampled_from(WORKERS))
    def claims_some(self, worker: str) -> None:
        self.claims[worker] += claim(self.ledger, worker, self.now)

    @rule(worker=st.sampled_from(WORKERS))
    def hands_over(self, worker: str) -> None:
        for one in self.claims[worker]:  # those of long ago, too: a worker that slept knows no better
            if one.decision not in mark(self.ledger, worker, [one], self.now):
                continue
            known = self.people[one.customer]
            assert not known.taken
            assert not known.arrived
            assert not known.refused
            assert not known.erased
            assert known.doubtful <= known.accepted
            known.marked += 1
            known.doubtful.add(one.number)
            self.calls.append((worker, one.customer, one))
        self.claims[worker] = []

    @rule(worker=st.sampled_from(WORKERS))
    def sends(self, worker: str) -> None:
        self.claims_some(worker)
        self.hands_over(worker)

    @rule(worker=st.sampled_from(WORKERS))
    def gives_back_its_claims(self, worker: str) -> None:
        self.ledger.outbox.give_back(worker)

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), answered=st.sampled_from([Answered.ACCEPTED, Answered.RETRY]))
    def a_provider_answers(self, data: st.DataObject, answered: Answered) -> None:
        worker, name, one = self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))
        known = self.people[name]
        tell(self.ledger, worker, one, answered, self.now)
        known.doubtful.discard(one.number)
        known.taken |= answered is Answered.ACCEPTED

    # --- time, and people -------------------------------------------------------------------------------------------

    @rule(minutes=st.integers(1, 10))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        self.ledger.outbox.release(self.now)

    @rule(name=st.sampled_from(PEOPLE))
    def the_provider_knows_its_key(self, name: str) -> None:
        known = self.people[name]
        if not known.erased and self.at(name) == "unknown":
            self.ledger.outbox.resend([known.decision], self.now, "lost")
            known.accepted |= known.doubtful

    @rule(name=st.sampled_from(PEOPLE))
    def it_is_held(self, name: str) -> None:
        self.ledger.outbox.hold([self.people[name].decision], "look")

    @rule()
    def a_person_sends_again_what_was_lost(self) -> None:
        dead = {letter.decision for letter in self.ledger.letters.all()}
        self.ledger.letters.retry(dead, self.now)
        for known in self.people.values():
            if known.decision in dead:
                assert not known.taken
                assert not known.erased
                known.accepted |= known.doubtful

    @rule(name=st.sampled_from(PEOPLE), what=st.sampled_from([Received.DELIVERED, Received.UNSUBSCRIBED]))
    def is_told(self, name: str, what: Received) -> None:
        known = self.people[name]
        if known.erased:
            return
        self.told += 1
        key = key_of(known.decision, 0) if what is Received.DELIVERED else None
        if key is not None and not known.marked:
            return
        receipt = Receipt(str(self.told), what, from_microseconds(self.now), key=key, address=name)
        self.ledger.receipts.write([receipt], route="sms", channel="sms", customers=lambda one: [one])
        known.arrived |= what is Received.DELIVERED
        known.refused |= what is Received.UNSUBSCRIBED

    @precondition(lambda self: self.told > 4)
    @rule(name=st.sampled_from(PEOPLE))
    def is_erased(self, name: str) -> None:
        self.ledger.erase(name)
        self.people[name].erased = True

    # --- what always holds ------------------------------------------------------------------------------------------

    @invariant()
    def what_is_known_is_said(self) -> None:
        told = outcomes(self.ledger)
        for name, known in self.people.items():
            if known.erased:
                continue
            outcome = told[name][0]
            if known.arrived:
                assert outcome == "delivered"
            elif known.taken:
                assert outcome == "sent"
            else:
                assert outcome in ("queued", "unknown")
            if outcome in ("sent", "delivered"):
                assert self.at(name) == "done"


Outboxes.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestOutboxes = Outboxes.TestCase
