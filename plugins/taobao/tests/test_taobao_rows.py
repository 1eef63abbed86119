from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulecrm_taobao.envelope import Means, Said, form_of, listed, root_of, said_in
from rulecrm_taobao.rows import id_of, order_of, rating_row

CHINA = dt.timezone(dt.timedelta(hours=8))
PLACED = dt.datetime(2025, 11, 11, 0, 5, tzinfo=CHINA)


def line(oid: int = 1, **more: object) -> dict[str, object]:
    return {"oid": oid, "num_iid": 5, "title": "x", "num": 1, "price": "100.00", "payment": "100.00", **more}


def trade(*lines: Mapping[str, object], **more: object) -> dict[str, object]:
    return {
        "tid": 2**63 + 1, "ouid": "ou1", "status": "WAIT_SELLER_SEND_GOODS", "created": "2025-11-11 00:05:00",
        "modified": "2025-11-11 00:06:00", "pay_time": "2025-11-11 00:06:00", "payment": "106.00", "post_fee": "6.00",
        "orders": {"order": list(lines or (line(),))}, **more,
    }  # fmt: skip


def order(told: Mapping[str, object], *refunds: Mapping[str, object]) -> Mapping[str, object]:
    return order_of(told, refunds, key="ouid").order


# --- amounts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "payment", "post", "amount", "parts"),
    [
        # one line: its payment has the postage in it
        ([line(payment="106.00")], "106.00", "6.00", "106.00", ["100.00"]),
        # several: theirs have not
        ([line(1), line(2, price="20.00", payment="20.00")], "126.00", "6.00", "126.00", ["100.00", "20.00"]),
        # taken off a line, added by hand, and taken off the whole
        ([line(1, discount_fee="10.00"), line(2, adjust_fee="-5.00")], "185.00", "0.00", "185.00", ["90.00", "95.00"]),
        ([line(1, part_mjz_discount="30.00"), line(2)], "170.00", "0.00", "170.00", ["70.00", "100.00"]),
        ([line(1, num="3", price="9.90", discount_fee="0.70")], "35.00", "6.00", "35.00", ["29.00"]),
        # what does not add up is what was paid
        ([line(1)], "80.00", "6.00", "80.00", ["100.00"]),
    ],
)
def test_an_order_is_what_is_paid_and_a_line_is_without_postage(
    lines: list[Mapping[str, object]], payment: str, post: str, amount: str, parts: list[str]
) -> None:
    made = order_of(trade(*lines, payment=payment, post_fee=post), (), key="ouid")
    assert made.order["amount"] == Decimal(amount)
    assert [one["amount"] for one in made.items] == [Decimal(one) for one in parts]
    adds_up = sum(map(Decimal, parts), Decimal(post)) == Decimal(amount)
    assert bool(made.remarks) != adds_up


def test_services_are_paid_with_the_rest_and_are_no_lines() -> None:
    told = trade(payment="115.00", service_orders={"service_order": [{"oid": 7, "payment": "9.00"}]})
    made = order_of(told, (), key="ouid")
    assert (made.order["amount"], len(made.items), made.remarks) == (Decimal("115.00"), 1, [])


def test_a_line_that_was_closed_before_the_others_were_paid_was_not_bought() -> None:
    lines = [line(1), line(2, status="TRADE_CLOSED_BY_TAOBAO")]
    made = order_of(trade(*lines), (), key="ouid")
    assert ([one["item"] for one in made.items], made.order["quantity"]) == (["1"], 1)
    assert made.order["amount"] == Decimal("106.00")
    whole = order_of(trade(*lines, status="TRADE_CLOSED_BY_TAOBAO"), (), key="ouid")
    assert len(whole.items) == 2


def refund(fee: str, at: str = "2025-11-12 10:00:00") -> dict[str, object]:
    return {"refund_id": fee, "tid": 2**63 + 1, "refund_fee": fee, "modified": at, "status": "SUCCESS"}


@pytest.mark.parametrize("payment", ["226.00", "165.50"])
def test_whether_payment_tells_what_was_paid_or_what_is_left_the_amount_is_what_was_paid(payment: str) -> None:
    told = trade(line(1), line(2, price="120.00"), payment=payment)
    row = order(told, refund("40.00", "2025-11-12 09:00:00"), refund("20.50"))
    assert (row["amount"], row["refund_amount"]) == (Decimal("226.00"), Decimal("60.50"))
    assert row["refunded_at"] == dt.datetime(2025, 11, 12, 10, 0, tzinfo=CHINA)
    assert row["changed_at"] == row["refunded_at"]


yuan = st.integers(0, 10**7).map(lambda cents: Decimal(cents) / 100)


@given(
    st.lists(st.tuples(yuan, st.integers(1, 9), st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=4),
    yuan,
    st.booleans(),
)
def test_lines_and_postage_come_to_the_amount(
    goods: list[tuple[Decimal, int, int, int]], post: Decimal, left: bool
) -> None:
    """The oracle: what each line costs, added up by hand."""
    lines, whole = [], post
    for oid, (price, num, own, shared) in enumerate(goods, 1):
        off, share = price * num * own / 400, price * num * shared / 400
        off, share = off.quantize(Decimal("0.01")), share.quantize(Decimal("0.01"))
        whole += price * num - off - share
        lines.append(
            line(oid, price=f"{price:.2f}", num=num, discount_fee=f"{off:.2f}", part_mjz_discount=f"{share:.2f}")
        )
    back = (whole / 2).quantize(Decimal("0.01"))
    payment = whole - back if left else whole
    made = order_of(
        trade(*lines, payment=f"{payment:.2f}", post_fee=f"{post:.2f}"), [refund(f"{back:.2f}")], key="ouid"
    )
    assert made.order["amount"] == whole == sum(one["amount"] for one in made.items) + post
    assert not made.remarks


# --- stages -----------------------------------------------------------------------------------------------------------

ENDED = {"end_time": "2025-11-20 08:00:00", "consign_time": "2025-11-12 08:00:00"}
END = dt.datetime(2025, 11, 20, 8, 0, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("status", "stages"),
    [
        ("WAIT_BUYER_PAY", set()), ("TRADE_NO_CREATE_PAY", set()), ("PAY_PENDING", set()),
        ("WAIT_SELLER_SEND_GOODS", {"paid_at"}), ("PAID_FORBID_CONSIGN", {"paid_at"}),
        ("SELLER_CONSIGNED_PART", {"paid_at"}), ("WAIT_BUYER_CONFIRM_GOODS", {"paid_at", "shipped_at"}),
        ("TRADE_BUYER_SIGNED", {"paid_at", "shipped_at"}),
        ("TRADE_FINISHED", {"paid_at", "shipped_at", "completed_at"}),
        ("TRADE_CLOSED", {"paid_at", "shipped_at", "refunded_at"}), ("TRADE_CLOSED_BY_TAOBAO", {"cancelled_at"}),
    ],
)  # fmt: skip
def test_each_status_has_its_stages(status: str, stages: set[str]) -> None:
    consign = (
        {}
        if "shipped_at" not in stages and status != "SELLER_CONSIGNED_PART"
        else {"consign_time": ENDED["consign_time"]}
    )
    made = order_of(trade(status=status, end_time=ENDED["end_time"], **consign), (), key="ouid")
    found = {name for name, one in made.order.items() if name.endswith("_at") and one is not None}
    assert found - {"placed_at", "changed_at"} == stages
    assert made.order["placed_at"] == PLACED
    assert "delivered_at" not in made.order
    assert all(made.order[name] == END for name in stages & {"completed_at", "cancelled_at", "refunded_at"})
    assert not made.remarks


def test_a_deposit_is_no_payment() -> None:
    row = order(trade(status="WAIT_BUYER_PAY", step_trade_status="FRONT_PAID_FINAL_NOPAID", type="step"))
    assert row["paid_at"] is None


def test_a_status_that_nobody_knows_is_kept_and_told() -> None:
    made = order_of(trade(status="NEW_WORD"), (), key="ouid")
    assert made.order["status"] == "NEW_WORD"
    assert made.remarks == ["unknown status 'NEW_WORD'"]


# --- what cannot be understood ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"payment": "12,50"}, "payment"), ({"payment": None}, "payment"), ({"payment": "1.001"}, "payment"),
        ({"payment": "NaN"}, "payment"), ({"payment": True}, "payment"), ({"payment": "9" * 40}, "payment"),
        ({"created": "2025-11-11"}, "created"), ({"created": 5}, "created"), ({"created": ""}, "created"),
        ({"pay_time": "yesterday"}, "pay_time"), ({"tid": None}, "tid"), ({"ouid": ""}, "ouid"), ({"orders": None}, "orders"),
        ({"orders": {"order": "x"}}, "list"), ({"orders": {"order": [line(num="many")]}}, "number"),
        ({"orders": {"order": [line(price="x")]}}, "price"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_without_its_value(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said) as error:
        order_of(trade(**wrong), (), key="ouid")
    assert "12,50" not in str(error.value)


def test_numbers_of_orders_are_exact_and_text_comes_first() -> None:
    body = json.dumps({"tid": 2**63 + 1, "price": 0.1}).encode()
    found = said_in(body)
    assert found is not None
    assert id_of(found, "tid") == "9223372036854775809"
    assert id_of({"tid": 1, "tid_str": "2"}, "tid") == "2"
    assert found["price"] == Decimal("0.1")


def test_a_rating_has_stars() -> None:
    told = {"tid": 1, "oid": 2, "created": "2025-11-11 08:00:00", "content": "好", "num_iid": 3}
    assert [rating_row({**told, "result": one}, "c")["rating"] for one in ("good", "neutral", "bad")] == [5, 3, 1]
    with pytest.raises(ValueError, match="result"):
        rating_row({**told, "result": "fine"}, "c")


# --- envelopes --------------------------------------------------------------------------------------------------------


def test_lists_are_read_wrapped_and_plain() -> None:
    rows = [{"tid": 1}]
    assert listed({"trade": rows}) == listed(rows) == rows
    assert listed(None) == listed({}) == []
    for wrong in ("x", {"a": [], "b": []}, [1], {"trade": {}}):
        with pytest.raises(ValueError, match="list"):
            listed(wrong)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"trades_sold_get_response": {"total_results": 0}}, {"total_results": 0}),
        ({"total_results": 0, "request_id": "r"}, {"total_results": 0, "request_id": "r"}),
        ({"total_results": 0}, None), ({"time_get_response": {}, "request_id": "r"}, None), ({}, None),
        ({"error_response": {"code": 7, "msg": "m", "sub_msg": "s"}}, Said(7, "m", "", "s")),
        ({"error_response": {"code": "15", "sub_code": "isp.x"}}, Said(15, "", "isp.x")),
        ({"error_response": {}}, Said(0, "")),
    ],
)  # fmt: skip
def test_the_root_is_the_methods_name(document: dict[str, object], expected: object) -> None:
    assert root_of(document, "taobao.trades.sold.get") == expected


def test_other_prefixes_stay_in_the_root() -> None:
    assert root_of({"tmall_crm_get_response": {"a": 1}}, "tmall.crm.get") == {"a": 1}


@pytest.mark.parametrize(
    ("codes", "sub_code", "means"),
    [
        ((4, 5, 6, 7, 8, 10), "", Means.LATER), ((7,), "isv.anything", Means.LATER), ((15, 50, 530), "isp.timeout", Means.LATER),
        ((15, 50), "", Means.LATER), ((15, 50), "isv.invalid-parameter", Means.REFUSED), ((26, 27), "", Means.SESSION),
        ((0, 3, 9, 11, 12, 13, 21, 22, 23, 24, 25, 28, 29, 30, 31, 32, 33, 34, 40, 41, 42, 43), "", Means.STOP),
        ((40, 41), "isv.missing-parameter", Means.STOP),
    ],
)  # fmt: skip
def test_what_errors_mean(codes: tuple[int, ...], sub_code: str, means: Means) -> None:
    assert {Said(code, "m", sub_code).means for code in codes} == {means}


def test_how_long_a_ban_is_stands_in_its_words() -> None:
    assert Said(7, "App Call Limited", "x", "This ban will last for 42 more seconds").ban == 42
    assert Said(7, "App Call Limited").ban is None


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a":', b"[1]", b"[" * 100_000, b"\xff", b'{"a": NaN}'])
def test_what_is_no_answer_is_none(body: bytes) -> None:
    assert said_in(body) is None


def test_the_documented_call_has_the_documented_signature() -> None:
    at = dt.datetime(2016, 1, 1, 12, 0, tzinfo=CHINA)
    given = {"fields": "num_iid,title,nick,price,num", "num_iid": "11223344", "empty": ""}
    form = form_of(
        "taobao.item.seller.get", given, key="12345678", secret="helloworld", session="test", way="md5",
        now=at.astimezone(dt.UTC),
    )  # fmt: skip
    assert form["sign"] == "66987CB115214E59E6EC978214934FB8"
    assert "empty" not in form
