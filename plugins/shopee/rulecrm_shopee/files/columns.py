"""The header rows of Shopee's export of orders, by language, and the markets.

In: a header. Out: in which language it is, and what its columns are.
Invariant: columns are read by name, accents and spaces apart; those of money may have the currency in brackets.

Languages are those of files seen in public code: English, Indonesian, Thai, Vietnamese and Chinese in Taiwan. Where a
language calls a column by several names, all are listed, the newest first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from attrs import frozen

__all__ = ["LANGUAGES", "MARKETS", "STATUSES", "Market", "Reading", "currency_of", "needed", "reading_of"]

_CODE = re.compile(r"\(([A-Z]{3})\)")


@frozen
class Market:
    """A market: its zone, its currency's signs, and whether a point separates thousands there."""

    zone: str
    signs: tuple[str, ...]
    points: bool = False


MARKETS: Mapping[str, Market] = {
    "IDR": Market("Asia/Jakarta", ("Rp", "IDR"), points=True),
    "MYR": Market("Asia/Kuala_Lumpur", ("RM", "MYR")),
    "PHP": Market("Asia/Manila", ("₱", "PHP")),
    "SGD": Market("Asia/Singapore", ("S$", "$", "SGD")),
    "THB": Market("Asia/Bangkok", ("฿", "THB")),
    "TWD": Market("Asia/Taipei", ("NT$", "$", "TWD")),
    "VND": Market("Asia/Ho_Chi_Minh", ("₫", "VND", "đ"), points=True),
    "BRL": Market("America/Sao_Paulo", ("R$", "BRL")),
}
"""By currency; each currency is that of one market."""


@frozen
class Reading:
    """The columns in one language.

    Attributes:
        language: its English name.
        names: what each canonical column may be called.
        currency: that of the only market with this language; None where there are several.
    """

    language: str
    names: Mapping[str, Sequence[str]]
    currency: str | None = None

    def columns(self, header: Sequence[str]) -> dict[str, str]:
        """Those of the header's columns that are known, by canonical name."""
        there = {_bare(name): name for name in reversed(header)}
        found = {
            name: next((there[_bare(one)] for one in ones if _bare(one) in there), None)
            for name, ones in self.names.items()
        }
        return {name: column for name, column in found.items() if column is not None}


def _bare(name: str) -> str:
    """A name without its currency, its stars and its capitals."""
    return " ".join(_CODE.sub("", name).replace("*", "").split()).casefold()


LANGUAGES = (
    Reading(
        "English",
        {
            "order": ("Order ID",),
            "status": ("Order Status",),
            "customer": ("Username (Buyer)",),
            "placed_at": ("Order Creation Date", "Order Creation Time"),
            "paid_at": ("Order Paid Time",),
            "shipped_at": ("Ship Time",),
            "completed_at": ("Order Complete Time",),
            "title": ("Product Name",),
            "variation": ("Variation Name",),
            "sku": ("SKU Reference No.",),
            "parent": ("Parent SKU Reference No.",),
            "price": ("Deal Price",),
            "quantity": ("Quantity",),
            "line": ("Product Subtotal",),
            "amount": ("Grand Total",),
            "shipping_fee": ("Buyer Paid Shipping Fee",),
            "discount": ("Seller Voucher",),
            "province": ("Province",),
            "city": ("City",),
            "payment_method": ("Payment Method",),
        },
    ),
    Reading(
        "Indonesian",
        {
            "order": ("No. Pesanan",),
            "status": ("Status Pesanan",),
            "customer": ("Username (Pembeli)",),
            "placed_at": ("Waktu Pesanan Dibuat",),
            "paid_at": ("Waktu Pembayaran Dilakukan",),
            "shipped_at": ("Waktu Pengiriman Diatur",),
            "completed_at": ("Waktu Pesanan Selesai",),
            "title": ("Nama Produk",),
            "variation": ("Nama Variasi",),
            "sku": ("Nomor Referensi SKU",),
            "parent": ("SKU Induk",),
            "price": ("Harga Setelah Diskon",),
            "quantity": ("Jumlah",),
            "line": ("Total Harga Produk",),
            "amount": ("Total Pembayaran",),
            "shipping_fee": ("Ongkos Kirim Dibayar oleh Pembeli",),
            "discount": ("Voucher Ditanggung Penjual",),
            "province": ("Provinsi",),
            "city": ("Kota/Kabupaten",),
            "payment_method": ("Metode Pembayaran",),
        },
        "IDR",
    ),
    Reading(
        "Thai",
        {
            "order": ("หมายเลขคำสั่งซื้อ",),
            "status": ("สถานะการสั่งซื้อ",),
            "customer": ("ชื่อผู้ใช้ (ผู้ซื้อ)",),
            "placed_at": ("วันที่ทำการสั่งซื้อ",),
            "paid_at": ("เวลาการชำระสินค้า", "เวลาที่ชำระเงิน"),
            "shipped_at": ("เวลาส่งสินค้า",),
            "completed_at": ("เวลาที่ทำการสั่งซื้อสำเร็จ",),
            "title": ("ชื่อสินค้า",),
            "variation": ("ชื่อตัวเลือก",),
            "sku": ("เลขอ้างอิง SKU (SKU Reference No.)",),
            "parent": ("เลขอ้างอิง Parent SKU",),
            "price": ("ราคาขาย",),
            "quantity": ("จำนวน",),
            "line": ("ราคาขายสุทธิ",),
            "amount": ("จำนวนเงินทั้งหมด",),
            "shipping_fee": ("ค่าจัดส่งที่ชำระโดยผู้ซื้อ",),
            "province": ("จังหวัด",),
            "payment_method": ("ช่องทางการชำระเงิน",),
        },
        "THB",
    ),
    Reading(
        "Vietnamese",
        {
            "order": ("Mã đơn hàng",),
            "status": ("Trạng Thái Đơn Hàng",),
            "customer": ("Người Mua",),
            "placed_at": ("Ngày đặt hàng",),
            "paid_at": ("Thời gian đơn hàng được thanh toán",),
            "shipped_at": ("Ngày gửi hàng",),
            "completed_at": ("Thời gian hoàn thành đơn hàng",),
            "title": ("Tên sản phẩm",),
            "variation": ("Tên phân loại hàng",),
            "sku": ("SKU phân loại hàng",),
            "parent": ("SKU sản phẩm",),
            "price": ("Giá ưu đãi",),
            "quantity": ("Số lượng",),
            "line": ("Tổng giá bán (sản phẩm)",),
            "amount": ("Tổng số tiền người mua thanh toán",),
            "shipping_fee": ("Phí vận chuyển mà người mua trả",),
            "discount": ("Mã giảm giá của Shop",),
            "province": ("Tỉnh/Thành phố",),
        },
        "VND",
    ),
    Reading(
        "Chinese (Taiwan)",
        {
            "order": ("訂單編號",),
            "status": ("訂單狀態",),
            "customer": ("買家帳號",),
            "placed_at": ("訂單成立日期", "訂單成立時間"),
            "paid_at": ("買家付款時間",),
            "shipped_at": ("實際出貨時間",),
            "completed_at": ("訂單完成時間",),
            "title": ("商品名稱",),
            "variation": ("商品選項名稱",),
            "product": ("商品ID",),
            "sku": ("商品選項貨號",),
            "parent": ("主商品貨號",),
            "price": ("商品活動價格",),
            "quantity": ("數量",),
            "amount": ("買家總支付金額",),
            "shipping_fee": ("買家支付運費",),
            "discount": ("賣場優惠券", "賣家負擔優惠券"),
            "city": ("城市",),
            "payment_method": ("付款方式",),
        },
        "TWD",
    ),
)

_NEEDED = ("order", "status", "placed_at", "title", "quantity")

STATUSES = (
    "Unpaid", "To ship", "To Ship", "Shipping", "Shipped", "To receive", "Completed", "Cancelled", "Canceled",
    "Return/Refund", "Belum Bayar", "Perlu Dikirim", "Sedang Dikirim", "Dikirim", "Selesai", "Batal",
    "ที่ต้องชำระ", "ที่ต้องจัดส่ง", "การจัดส่ง", "สำเร็จแล้ว", "ยกเลิกแล้ว",
    "Chờ xác nhận", "Chờ lấy hàng", "Đang giao", "Đã giao", "Hoàn thành", "Đã hủy",
    "尚未付款", "待出貨", "運送中", "已完成", "完成", "不成立",
)  # fmt: skip
"""States as the pages show them; others are kept and told."""


def reading_of(header: Sequence[str]) -> Reading | None:
    """The language in which most columns are known; None where one lacks what an order must have."""
    best = max(LANGUAGES, key=lambda one: len(one.columns(header)))
    return best if set(_NEEDED) <= set(best.columns(header)) else None


def needed(reading: Reading, header: Sequence[str]) -> tuple[str, ...]:
    """The header's names of the columns that an order must have."""
    columns = reading.columns(header)
    return tuple(columns[name] for name in _NEEDED)


def currency_of(header: Sequence[str], reading: Reading) -> str | None:
    """What the header has in brackets; else that of the language's market."""
    codes = {code for name in header for code in _CODE.findall(name) if code in MARKETS}
    return codes.pop() if len(codes) == 1 else reading.currency
