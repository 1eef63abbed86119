"""What becomes of an order or a customer, and what the fake refuses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from rulecrm_shopify.fake import ShopifyServer, shopify_market
from rulecrm_shopify.fake.graphql import SyntaxRefusedError, read
from rulecrm_shopify.fake.server import TOKEN
from rulecrm_shopify.queries import customers_query, orders_query
from rulecrm_shopify.rows import Rows, customer_rows, order_rows

UTC = dt.UTC


def bag(amount: object, code: str = "EUR") -> Mapping[str, object]:
    return {"shopMoney": {"amount": amount, "currencyCode": code}}


def node(**more: object) -> dict[str, object]:
    """An order that was paid on the 2nd, sent on the 3rd and closed on the 5th."""
    return {
        "id": "gid://shopify/Order/450789469", "updatedAt": "2025-11-05T12:00:00Z",
        "createdAt": "2025-11-02T10:00:00Z", "processedAt": "2025-11-01T23:30:00-01:00", "cancelledAt": None,
        "closedAt": "2025-11-05T12:00:00Z", "test": False, "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "FULFILLED", "sourceName": "pos", "paymentGatewayNames": ["gift_card", "visa"],
        "discountCodes": [], "totalPriceSet": bag("20.50"), "totalDiscountsSet": bag("0.0"),
        "totalShippingPriceSet": bag("4.90"), "customer": {"id": "gid://shopify/Customer/207119551"},
        "shippingAddress": None,
        "transactions": [paid("AUTHORIZATION", "01"), paid("CAPTURE", "02")], "refunds": [],
        "fulfillments": [{"createdAt": "2025-11-03T08:00:00Z", "deliveredAt": None, "status": "SUCCESS"}],
        "lineItems": {"nodes": []}, **more,
    }  # fmt: skip


def paid(kind: str, day: str, status: str = "SUCCESS", amount: str = "20.50") -> Mapping[str, object]:
    return {"kind": kind, "status": status, "processedAt": f"2025-11-{day}T12:00:00Z", "amountSet": bag(amount)}


def sent(day: str, delivered: str | None = None, status: str = "SUCCESS") -> Mapping[str, object]:
    told = None if delivered is None else f"2025-11-{delivered}T12:00:00Z"
    return {"createdAt": f"2025-11-{day}T12:00:00Z", "deliveredAt": told, "status": status}


def noon(day: int) -> dt.datetime:
    return dt.datetime(2025, 11, day, 12, tzinfo=UTC)


def order(lines: Sequence[Mapping[str, object]] = (), **more: object) -> tuple[Mapping[str, object], Rows]:
    rows = order_rows(node(**more), lines, with_customer=False)
    return rows.orders[0], rows


def test_an_order_says_what_shopify_says() -> None:
    row, rows = order()
    assert (row["order"], row["customer"], row["status"]) == ("450789469", "207119551", "PAID, FULFILLED")
    assert row["placed_at"] == dt.datetime(2025, 11, 2, 0, 30, tzinfo=UTC)  # the date Shopify shows, not createdAt
    assert (row["paid_at"], row["completed_at"]) == (noon(2), noon(5))
    assert row["shipped_at"] == dt.datetime(2025, 11, 3, 8, tzinfo=UTC)
    assert (row["delivered_at"], row["cancelled_at"], row["refunded_at"]) == (None, None, None)
    assert (row["amount"], row["currency"], row["shipping_fee"]) == (Decimal("20.50"), "EUR", Decimal("4.90"))
    assert (row["channel"], row["payment_method"], row["country"]) == ("pos", "gift_card, visa", None)
    assert not rows.remarks


@pytest.mark.parametrize(
    ("status", "transactions", "at"),
    [
        ("PARTIALLY_PAID", [paid("SALE", "02", amount="5.00")], None),
        ("AUTHORIZED", [paid("AUTHORIZATION", "02")], None),
        ("PENDING", [paid("SALE", "02", "PENDING")], None),
        ("PAID", [paid("SALE", "02", "FAILURE"), paid("SALE", "03")], noon(3)),
        ("PAID", [paid("SALE", "02", amount="5.00"), paid("SALE", "04", amount="15.50")], noon(4)),
        ("PAID", [], None),  # marked as paid, and nothing says when
        ("REFUNDED", [paid("SALE", "02"), paid("REFUND", "04")], noon(2)),
        ("PAWNED", [paid("SALE", "02")], None),
    ],
)
def test_an_order_is_paid_when_the_last_of_its_money_came(
    status: str, transactions: Sequence[Mapping[str, object]], at: dt.datetime | None
) -> None:
    row, _ = order(displayFinancialStatus=status, transactions=transactions)
    assert row["paid_at"] == at


def test_money_goes_back_when_its_transactions_succeed() -> None:
    back = [paid("SALE", "02"), paid("REFUND", "04", amount="3.00"), paid("REFUND", "07", amount="2.25")]
    row, rows = order(
        displayFinancialStatus="PARTIALLY_REFUNDED", transactions=back, refunds=[{"totalRefundedSet": bag("5.25")}]
    )
    assert (row["refunded_at"], row["refund_amount"]) == (noon(7), Decimal("5.25"))
    assert row["completed_at"] == noon(5)
    assert not rows.remarks
    waits = [paid("SALE", "02"), paid("REFUND", "04", "PENDING")]
    row, rows = order(transactions=waits, refunds=[{"totalRefundedSet": bag("20.50")}])
    assert (row["refunded_at"], row["refund_amount"]) == (None, None)
    assert any("gone back" in one for one in rows.remarks)


def test_a_refund_of_nothing_is_no_refund() -> None:
    row, rows = order(refunds=[{"totalRefundedSet": bag("0.00")}])
    assert row["refunded_at"] is None
    assert not rows.remarks


@pytest.mark.parametrize(
    ("parcels", "status", "shipped", "delivered"),
    [
        ([], "UNFULFILLED", None, None),
        ([sent("03", "06"), sent("04")], "FULFILLED", noon(3), None),
        ([sent("03", "06"), sent("04", "08")], "FULFILLED", noon(3), noon(8)),
        ([sent("03", "06")], "PARTIALLY_FULFILLED", noon(3), None),
        ([sent("02", None, "CANCELLED"), sent("04", "08")], "FULFILLED", noon(4), noon(8)),
    ],
)
def test_an_order_is_delivered_when_its_last_parcel_is(
    parcels: Sequence[Mapping[str, object]], status: str, shipped: dt.datetime | None, delivered: dt.datetime | None
) -> None:
    row, _ = order(fulfillments=parcels, displayFulfillmentStatus=status)
    assert (row["shipped_at"], row["delivered_at"]) == (shipped, delivered)


@pytest.mark.parametrize(
    "more",
    [
        {"displayFulfillmentStatus": "UNFULFILLED"},
        {"displayFinancialStatus": "VOIDED"},
        {"displayFinancialStatus": "REFUNDED"},
        {"cancelledAt": "2025-11-04T00:00:00Z"},
        {"closedAt": None},
    ],
)
def test_an_order_that_was_put_away_is_no_success_by_itself(more: Mapping[str, object]) -> None:
    row, _ = order(**more)
    assert row["completed_at"] is None


def test_a_line_says_what_it_costs_and_what_was_taken_off() -> None:
    line = {
        "id": "gid://shopify/LineItem/1", "title": "Soup pot", "sku": "POT", "quantity": 2, "product": None,
        "originalUnitPriceSet": bag("10.00"), "originalTotalSet": bag("20.00"), "discountedTotalSet": bag("17.00"),
    }  # fmt: skip
    row, rows = order([line])
    assert row["quantity"] == 2
    (item,) = rows.items
    assert (item["item"], item["product"], item["sku"]) == ("1", None, "POT")
    assert (item["price"], item["amount"], item["discount"]) == (Decimal("10.00"), Decimal("17.00"), Decimal("3.00"))


def test_what_is_odd_is_remarked() -> None:
    _, rows = order(displayFulfillmentStatus="TELEPORTED", customer=None, test=True)
    assert "unknown status 'PAID, TELEPORTED'" in rows.remarks
    assert rows.remarks["test order"] == 1
    assert any("without a customer" in one for one in rows.remarks)


@pytest.mark.parametrize(
    "more",
    [
        {"totalPriceSet": bag(20.5)},
        {"totalPriceSet": bag("NaN")},
        {"totalPriceSet": {}},
        {"updatedAt": None},
        {"processedAt": "2025-11-01T10:00:00"},
        {"closedAt": 1_762_000_000},
        {"id": ""},
        {"transactions": None},
        {"fulfillments": None},
        {"transactions": [{**paid("SALE", "02"), "processedAt": "soon"}]},
        {"refunds": [{"totalRefundedSet": bag("much")}]},
    ],
)
def test_what_cannot_be_understood_is_refused_in_words_without_its_values(more: Mapping[str, object]) -> None:
    with pytest.raises(ValueError, match="`") as refused:
        order(**more)
    assert not [one for one in ("20.5", "NaN", "soon", "much", "1762000000") if one in str(refused.value)]


@pytest.mark.parametrize(
    ("state", "accepts", "remarked"),
    [
        ("SUBSCRIBED", True, False),
        ("PENDING", False, False),
        ("UNSUBSCRIBED", False, False),
        ("NOT_SUBSCRIBED", False, False),
        ("INVALID", False, False),
        ("REDACTED", False, False),
        ("MAYBE", None, True),
    ],
)
def test_nobody_has_agreed_but_who_subscribed(state: str, accepts: bool | None, remarked: bool) -> None:
    reached = {"marketingState": state, "marketingUpdatedAt": "2025-11-02T12:00:00Z"}
    told = {
        "id": "gid://shopify/Customer/1", "createdAt": "2025-11-01T12:00:00Z", "updatedAt": "2025-11-03T12:00:00Z",
        "defaultEmailAddress": reached, "defaultPhoneNumber": None, "defaultAddress": None,
    }  # fmt: skip
    rows = customer_rows(told, frozenset(), consent=True, personal=False)
    (row,) = rows.customers
    assert row["accepts_email"] is accepts
    assert row["email_consent_at"] == (noon(2) if accepts else None)
    assert (row["accepts_sms"], row["sms_consent_at"]) == (None, None)  # nobody can be asked who has no number
    assert bool(rows.remarks) is remarked


# --- the fake -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fake() -> Iterator[ShopifyServer]:
    with ShopifyServer(shopify_market()) as server:
        server.market.live(1)
        yield server


def say(fake: ShopifyServer, query: str, token: str = TOKEN, **variables: object) -> httpx.Response:
    return httpx.post(
        f"{fake.url}/admin/api/2026-10/graphql.json", json={"query": query, "variables": variables},
        headers={"X-Shopify-Access-Token": token}, timeout=5.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("{ orders(first: 1) { nodes { colour } } }", "Field 'colour' doesn't exist on type 'Order'"),
        ("{ orders(first: 1, colour: RED) { nodes { id } } }", "doesn't accept argument 'colour'"),
        ("{ orders { nodes { id } } }", "one of first or last"),
        ("{ orders(first: 251) { nodes { id } } }", "cannot exceed 250"),
        ("{ orders(first: 1, sortKey: COLOUR) { nodes { id } } }", "sortKey"),
        ("{ orders(first: 1) { nodes { customer } } }", "must have selections"),
        ("{ orders(first: 1) { nodes { id { deeper } } } }", "can't have selections"),
        ("{ order { id } }", "missing required arguments: id"),
        ("query($n: Int!) { orders(first: $n) { nodes { id } } }", "$n"),
        ("{ orders(first: $n) { nodes { id } } }", "not declared"),
        ("{ orders(first: 250) { nodes { lineItems(first: 250) { nodes { product { id } } } } } }", "max cost"),
        ("{ orders(first: 1) { nodes { ...Fields } } }", "syntax error"),
        ("{ orders(first: 1) { nodes { id }", "end of file"),
        ("mutation { orderClose }", "syntax error"),
    ],
)
def test_the_fake_refuses_what_shopify_does_not_have(fake: ShopifyServer, query: str, said: str) -> None:
    answer = say(fake, query)
    assert answer.status_code == 200
    assert said in answer.json()["errors"][0]["message"]
    assert "data" not in answer.json()


def test_the_fake_answers_what_is_asked_and_nothing_more(fake: ShopifyServer) -> None:
    told = say(fake, "{ orders(first: 1) { edges { cursor node { number: name } } pageInfo { hasNextPage } } }").json()
    (edge,) = told["data"]["orders"]["edges"]
    assert set(edge) == {"cursor", "node"}
    assert edge["node"] == {"number": edge["node"]["number"]}
    assert told["data"]["orders"]["pageInfo"] == {"hasNextPage": True}
    cost = told["extensions"]["cost"]
    assert cost["requestedQueryCost"] > 0
    assert set(cost["throttleStatus"]) == {"maximumAvailable", "currentlyAvailable", "restoreRate"}


def test_the_fake_lets_nobody_in_without_a_token(fake: ShopifyServer) -> None:
    assert say(fake, "{ orders(first: 1) { nodes { id } } }", "another").status_code == 401
    body = {"grant_type": "client_credentials", "client_id": "another", "client_secret": "another"}
    assert httpx.post(f"{fake.url}/admin/oauth/access_token", data=body, timeout=5.0).status_code == 400


@given(st.text(alphabet='abfirst(){}:$! \n,"1-', max_size=60))
@bounded(max_examples=150, deadline=None)
def test_no_text_brings_the_reader_of_queries_down(text: str) -> None:
    try:
        read(text)
    except SyntaxRefusedError as error:
        assert str(error)


@pytest.mark.parametrize("cut", [1, 40, 200, 600])
def test_half_a_query_is_none(cut: int) -> None:
    for whole in (orders_query(), customers_query(consent=True, personal=True)):
        if cut < len(whole):
            with pytest.raises(SyntaxRefusedError):
                read(whole[:-cut])
