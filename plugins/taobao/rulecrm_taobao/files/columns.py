"""The header rows of the files of 已卖出的宝贝 (sold items) in the seller's pages.

In: nothing. Out: the columns of each generation.
Invariant: names are as the files have them, without the spaces that some end in. The platform publishes no list; these
are what sellers' files have had in public code since 2016.
"""

from __future__ import annotations

__all__ = ["DETAILS", "DETAILS_NEEDED", "ORDERS", "ORDERS_NEEDED", "STATUSES"]

_FIRST = (
    "订单编号", "买家会员名", "买家支付宝账号", "买家应付货款", "买家应付邮费", "买家支付积分", "总金额", "返点积分",
    "买家实际支付金额", "买家实际支付积分", "订单状态", "买家留言", "收货人姓名", "收货地址", "运送方式", "联系电话",
    "联系手机", "订单创建时间", "订单付款时间", "宝贝标题", "宝贝种类", "物流单号", "物流公司", "订单备注",
    "宝贝总数量",
    "店铺Id", "店铺名称", "订单关闭原因", "卖家服务费", "买家服务费", "发票抬头", "是否手机订单", "分阶段订单信息",
    "特权订金订单id",
)  # fmt: skip
_DEPOSIT = ("定金排名", "修改后的sku", "修改后的收货地址", "异常信息", "天猫卡券抵扣", "集分宝抵扣", "是否是O2O交易")
_PHOTOS = ("是否上传合同照片", "是否上传小票", "是否代付")
_RETAIL = (
    "新零售交易类型", "新零售导购门店名称", "新零售导购门店id", "新零售发货门店名称", "新零售发货门店id", "退款金额",
    "预约门店", "确认收货时间", "打款商家金额", "含应开票给个人的个人红包",
)  # fmt: skip
_LATER = ("直播返现状态", "返现金额", "延迟发货自动赔付金额", "预售订单", "发货时间", "商家备忘", "主订单编号")

ORDERS = {
    "the generation of 2016": (*_FIRST, *_DEPOSIT),
    "the generation of 2018": (*_FIRST, *_PHOTOS, *_DEPOSIT, *_RETAIL),
    "the generation after 2019": (*_FIRST, *_PHOTOS, *_DEPOSIT, *_RETAIL, *_LATER),
}
"""`ExportOrderList`: a row an order."""

ORDERS_NEEDED = ("订单编号", "买家会员名", "买家实际支付金额", "订单状态", "订单创建时间")

_DETAIL = ("标题", "价格", "购买数量", "外部系统编号", "商品属性", "套餐信息", "备注", "订单状态", "商家编码")

DETAILS = {
    "the older generation": ("订单编号", *_DETAIL),
    "the newer generation": (
        "子订单编号",
        "主订单编号",
        *_DETAIL,
        "支付单号",
        "买家应付货款",
        "买家实际支付金额",
        "退款状态",
        "退款金额",
        "订单创建时间",
        "订单付款时间",
    ),
}
"""`ExportOrderDetailList`: a row a line of an order."""

DETAILS_NEEDED = ("标题", "价格", "购买数量", "订单状态")

STATUSES = (
    "等待买家付款", "买家已付款，等待卖家发货", "买家已付款,等待卖家发货", "卖家已发货，等待买家确认",
    "卖家已发货,等待买家确认", "交易成功", "交易关闭",
)  # fmt: skip
"""States of orders and their lines; the comma is the Chinese one, or has become the other on its way."""
