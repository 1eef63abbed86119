"""The channels about orders, against the local fake."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from attrs import evolve
from rulecrm_amazon import Outreach, rulecrm_channels
from rulecrm_amazon.fake import AmazonServer, amazon_market
from rulecrm_amazon.fake.tokens import CLIENT, REFRESH, SECRET
from rulecrm_amazon.messaging import KINDS, Messaging
from rulecrm_amazon.solicitations import Solicitations

from rulecrm.plugin import Answered, Channel, Content, Context, Message, Secret, Traits, key_of, registry_of
from rulecrm.testing.channels import ChannelContract, send_and_close
from rulecrm.testing.clocks import FakeClock
from rulecrm.testing.markets import Trade

MARKETPLACE = "A1PA6795UKMFR9"
Opened = Callable[[AmazonServer], Channel]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMAZON_SECRET", SECRET)
    monkeypatch.setenv("AMAZON_REFRESH", REFRESH)


@pytest.fixture
def provider() -> Iterator[AmazonServer]:
    with AmazonServer(amazon_market(FakeClock())) as server:
        server.market.live(20)
        server.posts_alone = True
        yield server


def settings(server: AmazonServer, **more: object) -> Outreach:
    return Outreach(
        CLIENT, Secret("env:AMAZON_SECRET"), Secret("env:AMAZON_REFRESH"), ("DE",), server.url, server.url, 0.4, **more
    )  # type: ignore[arg-type]


def context(server: AmazonServer) -> Context:
    return Context(server.market.clock.now, "reviews")


def solicitations(server: AmazonServer) -> Channel:
    return Solicitations(settings(server), context(server))


def messaging(server: AmazonServer) -> Channel:
    return Messaging(settings(server, kind="unexpectedProblem"), context(server))


class _OfOrders(ChannelContract):
    """Addresses are orders of the fake that may be written about."""

    purpose = "review"
    orders: list[str]

    @pytest.fixture
    def provider(self, provider: AmazonServer) -> AmazonServer:
        now = provider.now - dt.timedelta(days=8)
        good = [one for one in provider.market.trades if one.shipped_at is not None and one.placed_at < now]
        self.orders = [f"{one.order}@{MARKETPLACE}" for one in good if one.stage != "refunded"]
        provider.dead = f"302-0000000-9999999@{MARKETPLACE}"
        return provider

    def address(self, number: int) -> str:
        return self.orders[number]

    def message(self, traits: Traits, number: int, text: str | None = None, address: str | None = None) -> Message:
        return evolve(super().message(traits, number, text, address), purpose=self.purpose)


class TestSolicitations(_OfOrders):
    @pytest.fixture
    def opened(self, provider: AmazonServer) -> Channel:
        return solicitations(provider)

    def shown(self, text: str) -> str:
        return ""  # Amazon has words of its own


class TestMessaging(_OfOrders):
    purpose = "order"

    @pytest.fixture
    def opened(self, provider: AmazonServer) -> Channel:
        return messaging(provider)


# --- what is special ----------------------------------------------------------------------------------------------


def about(
    trade: Trade, purpose: str = "review", text: str = "Your parcel was lost.", code: str | None = None
) -> Message:
    content = Content(text, code=code)
    return Message(key_of("a|c#1@", 0), "im", "c", f"{trade.order}@{MARKETPLACE}", content, purpose=purpose)


def shipped(server: AmazonServer) -> Trade:
    return next(one for one in server.market.trades if one.stage in {"shipped", "delivered", "completed"})


def at(server: AmazonServer, instant: dt.datetime) -> None:
    server.market.clock.instant = instant


@pytest.mark.parametrize(
    ("days", "outcome"),
    [
        (6.99, Answered.RETRY),  # promised from the 2nd day on: five days after that
        (7.01, Answered.ACCEPTED),
        (34.99, Answered.ACCEPTED),  # promised up to the 5th day: thirty days after that
        (35.01, Answered.POLICY),
    ],
)
def test_reviews_are_asked_for_within_the_window_alone(provider: AmazonServer, days: float, outcome: Answered) -> None:
    trade = shipped(provider)
    at(provider, trade.placed_at + dt.timedelta(days=days))
    (answer,) = send_and_close(solicitations(provider), about(trade))
    assert answer.outcome is outcome
    assert answer.not_before == (trade.placed_at + dt.timedelta(days=7) if outcome is Answered.RETRY else None)
    assert len(provider.taken()) == (outcome is Answered.ACCEPTED)
    assert [call.method for call in provider.requests].count("POST") == 1 + (outcome is Answered.ACCEPTED)


def test_an_order_is_asked_about_once(provider: AmazonServer) -> None:
    trade = shipped(provider)
    at(provider, trade.placed_at + dt.timedelta(days=10))
    first, second = send_and_close(solicitations(provider), about(trade), about(trade))
    assert (first.outcome, second.outcome) == (Answered.ACCEPTED, Answered.POLICY)
    assert len(provider.taken()) == 1


def test_what_changed_between_the_question_and_the_call_is_amazons_no_and_no_fault_of_the_account(
    provider: AmazonServer,
) -> None:
    trade = shipped(provider)
    at(provider, trade.placed_at + dt.timedelta(days=10))
    actions = provider.outreach.actions

    def meanwhile(*told: object) -> object:
        shown = actions(*told)  # type: ignore[arg-type]
        provider.outreach.solicit(trade, {"marketplaceIds": MARKETPLACE}, provider.now)  # by hand, in Seller Central
        return shown

    provider.outreach.actions = meanwhile  # type: ignore[method-assign,assignment]
    (answer,) = send_and_close(solicitations(provider), about(trade))
    assert (answer.outcome, answer.code) == (Answered.POLICY, "Unauthorized")


@pytest.mark.parametrize("purpose", ["marketing", "order"])
def test_nothing_but_reviews_goes_through_solicitations(provider: AmazonServer, purpose: str) -> None:
    (answer,) = send_and_close(solicitations(provider), about(shipped(provider), purpose))
    assert answer.outcome is Answered.POLICY
    assert not provider.requests


@pytest.mark.parametrize("purpose", ["marketing", "review", "birthday"])
def test_no_marketing_goes_through_messages(provider: AmazonServer, purpose: str) -> None:
    (answer,) = send_and_close(messaging(provider), about(shipped(provider), purpose))
    assert answer.outcome is Answered.POLICY
    assert not provider.requests


@pytest.mark.parametrize(
    "words",
    ["", " \n", "x" * 2001, "see <b>this</b>", "write to shop@example.com", "a\x00b", "a\x1b[2J"],
    ids=["nothing", "blank", "long", "markup", "mail", "null", "escape"],
)
def test_words_that_amazon_does_not_take_are_not_sent(provider: AmazonServer, words: str) -> None:
    (answer,) = send_and_close(messaging(provider), about(shipped(provider), "order", words))
    assert answer.outcome is Answered.POLICY
    assert not provider.requests


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_longest_words_of_a_kind_are_taken_where_it_is_offered(provider: AmazonServer, kind: str) -> None:
    trade = next(one for one in provider.market.trades if one.stage == "paid")
    longest = about(trade, "order", "x" * KINDS[kind], kind)
    (answer,) = send_and_close(messaging(provider), longest)
    # The fake offers no service call for a parcel.
    assert answer.outcome is (Answered.POLICY if kind == "confirmServiceDetails" else Answered.ACCEPTED)
    (answer,) = send_and_close(messaging(provider), about(trade, "order", "x" * (KINDS[kind] + 1), kind))
    assert answer.outcome is Answered.POLICY


def test_a_message_of_no_kind_is_a_mistake_of_the_settings(provider: AmazonServer) -> None:
    channel = Messaging(settings(provider), context(provider))
    (answer,) = send_and_close(channel, about(shipped(provider), "order"))
    assert answer.outcome is Answered.CONFIG
    (answer,) = send_and_close(messaging(provider), about(shipped(provider), "order", code="legalDisclosure"))
    assert answer.outcome is Answered.CONFIG


@pytest.mark.parametrize("opened", [solicitations, messaging], ids=["solicitations", "messaging"])
@pytest.mark.parametrize("address", ["", "buyer@example.com", "302-1234567", "302-1234567-0000001@DE", "x" * 5000])
def test_an_address_that_is_no_order_is_dead(provider: AmazonServer, opened: Opened, address: str) -> None:
    purpose = "review" if opened is solicitations else "order"
    message = evolve(about(shipped(provider), purpose), address=address)
    (answer,) = send_and_close(opened(provider), message)
    assert answer.outcome is Answered.DEAD_ADDRESS
    assert not provider.requests


def test_an_order_without_a_marketplace_is_of_the_accounts_own_if_it_has_one_alone(provider: AmazonServer) -> None:
    trade = shipped(provider)
    message = evolve(about(trade, "order"), address=trade.order)
    (answer,) = send_and_close(messaging(provider), message)
    assert answer.outcome is Answered.ACCEPTED
    both = evolve(settings(provider, kind="unexpectedProblem"), marketplaces=("DE", "FR"))
    (answer,) = send_and_close(Messaging(both, context(provider)), message)
    assert answer.outcome is Answered.CONFIG


def test_a_secret_that_is_not_there_is_a_mistake_of_the_settings(
    provider: AmazonServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AMAZON_REFRESH")
    (answer,) = send_and_close(messaging(provider), about(shipped(provider), "order"))
    assert answer.outcome is Answered.CONFIG
    assert "AMAZON_REFRESH" in (answer.detail or "")


def test_a_token_that_has_run_out_is_renewed_and_nothing_is_sent_twice(provider: AmazonServer) -> None:
    trade = shipped(provider)
    at(provider, trade.placed_at + dt.timedelta(days=10))
    calls = provider.outreach.actions

    def expiring(*told: object) -> object:
        shown = calls(*told)  # type: ignore[arg-type]
        provider.expire()
        return shown

    provider.outreach.actions = expiring  # type: ignore[method-assign,assignment]
    (answer,) = send_and_close(solicitations(provider), about(trade))
    assert answer.outcome is Answered.ACCEPTED
    assert len(provider.taken()) == 1


def test_the_channels_are_admitted_and_open_without_a_secret() -> None:
    import rulecrm_amazon

    registry = registry_of({"amazon": rulecrm_amazon})
    assert [one.refused for one in registry.plugins] == [None]
    given = Outreach("client", Secret("env:NOWHERE"), Secret("env:NOWHERE"), ("DE",))
    for kind in rulecrm_channels():
        assert registry.channels[kind.name].open(given, Context()).traits.address == "amazon_order"
