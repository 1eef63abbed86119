"""Who is in which audience, and what was posted, on both databases."""

from __future__ import annotations

from rulecrm.model.sending import Answer, Answered
from rulecrm.state import Ledger


def test_members_are_there_may_be_there_or_are_gone(ledger: Ledger) -> None:
    audiences = ledger.audiences
    audiences.doubt("mail", "1", ["a", "b", "c"])
    assert audiences.members("mail", "1") == {"a": False, "b": False, "c": False}
    audiences.settle("mail", "1", there=["a", "b"], gone=["c"])
    audiences.doubt("mail", "1", ["b", "d"])
    assert audiences.members("mail", "1") == {"a": True, "b": False, "d": False}
    assert audiences.members("mail", "2") == audiences.members("sms", "1") == {}
    audiences.settle("mail", "2", there=["a"], gone=["d"])
    audiences.settle("mail", "1", there=[], gone=["a", "b", "d"])
    assert audiences.members("mail", "1") == {}
    assert audiences.members("mail", "2") == {"a": True}


def test_a_member_goes_with_the_customer(ledger: Ledger) -> None:
    tombstones = ledger.audiences.tombstones()
    ledger.audiences.settle("mail", "1", there=[tombstones.of("ann"), tombstones.of("ben")], gone=[])
    assert ledger.export("ann")["audiences"] == [{"route": "mail", "audience": "1", "sure": True}]
    assert ledger.erase("ann") == 1
    assert ledger.audiences.members("mail", "1") == {tombstones.of("ben"): True}
    assert ledger.erase("ann") == 0


def test_a_post_is_begun_once(ledger: Ledger) -> None:
    posts, again, taken = ledger.posts, {"again": False}, Answer(Answered.ACCEPTED, "p1", code="200", detail="fine")
    assert posts.begin("wall", "k", "news", 1, **again) is None
    lost = posts.begin("wall", "k", "news", 2, **again)
    assert lost is not None
    assert lost.outcome is Answered.UNKNOWN
    posts.end("wall", "k", taken, 3)
    assert posts.begin("wall", "k", "news", 4, **again) == taken
    assert posts.begin("page", "k", "news", 4, **again) is None
    assert posts.begin("wall", "k", "news", 5, again=True) is None
    posts.end("wall", "k", Answer(Answered.CONFIG, code="401"), 6)
    assert posts.begin("wall", "k", "news", 7, **again) is None
