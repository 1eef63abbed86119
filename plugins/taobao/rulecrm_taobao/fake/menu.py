"""The methods of the fake: their arguments and fields, as the platform's own documents name them.

In: what answers each method. Out: `Method`s of the gateway.
Invariant: an argument or a field that the documents do not name is not here, so that calls with it are refused.

Source: the pages of the methods (developer.alibaba.com/docs/api.htm: apiId=46, 54, 128, 52, 55, 57660, …), as read in
November 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rulecrm.testing.gateways import Argument, Asked, Method
from rulecrm_taobao.streams import TYPES

__all__ = ["ELEMENTS", "Answers", "methods"]

Answers = Mapping[str, Callable[[Asked], Mapping[str, object]]]

ELEMENTS = {
    "trades": "trade", "orders": "order", "service_orders": "service_order", "refunds": "refund",
    "trade_rates": "trade_rate", "members": "basic_member",
}  # fmt: skip

_STATES = frozenset(
    {"TRADE_NO_CREATE_PAY", "WAIT_BUYER_PAY", "PAY_PENDING", "WAIT_PRE_AUTH_CONFIRM", "PAID_FORBID_CONSIGN",
     "WAIT_SELLER_SEND_GOODS", "SELLER_CONSIGNED_PART", "WAIT_BUYER_CONFIRM_GOODS", "TRADE_BUYER_SIGNED",
     "TRADE_FINISHED", "TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO", "ALL_WAIT_PAY", "ALL_CLOSED"}
)  # fmt: skip
_TYPE = Argument("type", words=frozenset(TYPES), several=True)
_PAGES = (
    Argument("page_no", "whole", least=1),
    Argument("page_size", "whole", least=1, most=100),
    Argument("use_has_next", "flag"),
)
_LISTS = (
    Argument("status", words=_STATES), _TYPE, Argument("ext_type"), Argument("tag"), Argument("buyer_nick"), *_PAGES,
)  # fmt: skip
_RATED = Argument("rate_status")
_SOLD = (
    Argument("start_created", "instant"), Argument("end_created", "instant"), *_LISTS, _RATED,
    Argument("buyer_open_id"),
)  # fmt: skip
_CHANGED = (
    Argument("start_modified", "instant", required=True), Argument("end_modified", "instant", required=True), *_LISTS,
    Argument("buyer_open_uid"),
)  # fmt: skip
_MEMBERS = (
    Argument("start_modify", "instant"), Argument("end_modify", "instant"), Argument("grade", "whole"),
    Argument("page_size", "whole", least=2, most=100), Argument("current_page", "whole", required=True, least=1),
)  # fmt: skip


def _fields(text: str, lines: str = "") -> frozenset[str]:
    return frozenset(text.split()) | {f"orders.{one}" for one in lines.split()}


_LINES = (
    "oid num_iid sku_id outer_iid outer_sku_id title sku_properties_name num price payment total_fee discount_fee"
    " adjust_fee divide_order_fee part_mjz_discount status refund_status refund_id cid end_time consign_time"
    " buyer_rate seller_rate"
)
_SIMPLE = _fields(
    "tid status type created modified pay_time consign_time end_time payment post_fee total_fee discount_fee adjust_fee"
    " received_payment step_trade_status step_paid_fee buyer_open_uid ouid receiver_state receiver_city seller_flag"
    " buyer_rate seller_rate title num num_iid price service_orders.oid service_orders.item_oid"
    " service_orders.service_id service_orders.num service_orders.price service_orders.payment service_orders.title"
    " service_orders.total_fee",
    _LINES,
)
_FULL = _SIMPLE - {"ouid"} | _fields(
    "buyer_nick receiver_district receiver_country receiver_town receiver_zip receiver_name receiver_address"
    " receiver_mobile receiver_phone oaid"
)
_INFO = _FULL | _fields("tid_str buyer_message seller_memo trade_from", "oid_str")
_REFUND = _fields(
    "refund_id tid oid title buyer_nick seller_nick total_fee status created refund_fee good_status company_name sid"
    " payment reason desc has_good_return modified order_status refund_phase dispute_type ouid buyer_open_uid"
)
_RATE = _fields(
    "tid oid role nick result created rated_nick item_title item_price content reply valid_score num_iid ouid"
)


def methods(answers: Answers) -> list[Method]:
    """The methods, each answered by what is under its name."""
    sold, changed, one = answers["sold"], answers["changed"], answers["one"]
    tid = Argument("tid", "whole", required=True)
    rates = (
        Argument("rate_type", required=True, words=frozenset({"get", "give"})),
        Argument("role", required=True, words=frozenset({"buyer", "seller"})),
        Argument("result", words=frozenset({"good", "neutral", "bad"})),
        Argument("page_no", "whole", least=1, most=200), Argument("page_size", "whole", least=1, most=150),
        Argument("start_date", "instant"), Argument("end_date", "instant"), Argument("tid", "whole"),
        Argument("use_has_next", "flag"), Argument("num_iid", "whole"), Argument("ouid"),
    )  # fmt: skip
    refunds = (
        Argument("status"), _TYPE, Argument("start_modified", "instant"), Argument("end_modified", "instant"), *_PAGES,
        Argument("ouid"), Argument("buyer_open_uid"), Argument("buyer_nick"),
    )  # fmt: skip
    message = Argument(
        "param_send_message_by_o_a_i_d_request", "document", required=True,
        parts=[
            Argument("extend_name"), Argument("order_id", required=True), Argument("extend_code"),
            Argument("sms_free_sign_name", required=True), Argument("template_code", required=True),
            Argument("params", "document"), Argument("extend"), Argument("oaid", required=True),
            Argument("additional_info", "flag"),
        ],
    )  # fmt: skip
    return [
        Method("taobao.trades.simple.sold.get", sold, _SOLD, _SIMPLE, "trades"),
        Method("taobao.trades.simple.sold.increment.get", changed, (*_CHANGED, _RATED), _SIMPLE, "trades"),
        Method("taobao.trade.simple.get", one, [tid], _SIMPLE, "trade"),
        Method("taobao.trades.sold.get", sold, _SOLD, _FULL, "trades"),
        Method("taobao.trades.sold.increment.get", changed, _CHANGED, _FULL, "trades"),
        Method("taobao.trade.fullinfo.get", one, [tid, Argument("include_oaid")], _INFO, "trade"),
        Method("taobao.refunds.receive.get", answers["refunds"], refunds, _REFUND, "refunds"),
        Method("taobao.traderates.get", answers["ratings"], rates, _RATE, "trade_rates"),
        Method("taobao.crm.members.increment.get", answers["members"], _MEMBERS),
        Method("taobao.crm.members.increment.get.privy", answers["private_members"], _MEMBERS),
        Method("taobao.jst.sms.oaid.message.send", answers["sms"], [message]),
        Method("taobao.time.get", answers["time"], session=False),
        Method(
            "taobao.top.auth.token.refresh", answers["renew"], [Argument("refresh_token", required=True)],
            session=False,
        ),
    ]  # fmt: skip
