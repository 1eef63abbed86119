"""The header row of AliExpress's export of orders.

In: nothing. Out: its columns.
Invariant: columns are read by name, and that of the products by its beginning, for its name has a line break in it. The
list is that of files seen in public code.
"""

from __future__ import annotations

__all__ = ["NEEDED", "ORDERS", "PRODUCTS", "STATUSES"]

PRODUCTS = "产品信息"
"""How the column begins that has all lines of an order in one cell."""

_PRODUCTS = "产品信息\n（双击单元格展开所有产品信息！）"

_REST = (
    "下单时间", "付款时间", "产品总金额", "物流费用", "订单金额", "满立减", _PRODUCTS, "订单备注", "收货地址",
    "收货人名称", "收货国家", "州/省", "城市", "地址", "邮编", "联系电话", "手机", "买家选择物流", "发货期限",
    "实际发货物流:运单号", "发货时间", "确认收货时间",
)  # fmt: skip

ORDERS = {
    "the generation without buyers' mail": ("订单号", "订单状态", "负责人(业务员)", "买家名称", *_REST),
    "the generation with buyers' mail": ("订单号", "订单状态", "负责人(业务员)", "买家名称", "买家邮箱", *_REST),
}

NEEDED = ("订单号", "订单状态", "下单时间", "订单金额", "收货国家")

STATUSES = (
    "等待买家付款", "等待您发货", "等待卖家发货", "部分发货", "等待买家收货", "订单完成", "已完成", "订单关闭",
    "已关闭", "已取消", "含纠纷的订单", "等待您验款", "资金未到账", "已冻结的订单",
)  # fmt: skip
"""States as the pages show them; others are kept and told."""
