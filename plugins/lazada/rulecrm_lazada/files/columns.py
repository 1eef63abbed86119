"""The header row of Lazada's export of orders, and the markets it comes from.

In: nothing. Out: its columns; the market of a file.
Invariant: columns are read by name. The list is that of files seen in public code, up to 2026.
"""

from __future__ import annotations

from attrs import frozen

from rulecrm.plugin import Sample

__all__ = ["NEEDED", "ORDERS", "STATUSES", "Market", "market_of"]

_LINES = ("", "2", "3", "4", "5")

ORDERS = {
    "the 77 columns of 2026": (
        "orderItemId", "orderType", "Guarantee", "deliveryType", "lazadaId", "sellerSku", "lazadaSku", "wareHouse",
        "createTime", "updateTime", "rtsSla", "ttsSla", "orderNumber", "invoiceRequired", "invoiceNumber",
        "deliveredDate", "customerName", "customerEmail", "nationalRegistrationNumber", "shippingName",
        *(f"shippingAddress{line}" for line in _LINES), "shippingPhone", "shippingPhone2", "shippingCity",
        "shippingPostCode", "shippingCountry", "shippingRegion", "billingName",
        *(f"billingAddr{line}" for line in _LINES), "billingPhone", "billingPhone2", "billingCity", "billingPostCode",
        "billingCountry", "taxCode", "branchNumber", "taxInvoiceRequested", "payMethod", "paidPrice", "unitPrice",
        "sellerDiscountTotal", "platformDiscountTotal", "shippingFee", "walletCredit", "itemName", "variation",
        "cdShippingProvider", "shippingProvider", "shipmentTypeName", "shippingProviderType", "cdTrackingCode",
        "trackingCode", "trackingUrl", "shippingProviderFM", "trackingCodeFM", "trackingUrlFM",
        "promisedShippingTime", "premium", "status",
        "buyerFailedDeliveryReturnInitiator", "buyerFailedDeliveryReason", "buyerFailedDeliveryDetail",
        "buyerFailedDeliveryUserName", "bundleId", "semiManaged", "flexibleDeliveryTime", "bundleDiscount",
        "refundAmount", "sellerNote",
    ),
}  # fmt: skip

NEEDED = ("orderItemId", "orderNumber", "lazadaSku", "createTime", "paidPrice", "itemName", "status")

STATUSES = (
    "unpaid", "pending", "packed", "ready_to_ship", "shipped", "delivered", "confirmed", "canceled", "returned",
    "failed", "Package Returned", "Lost by 3PL",
)  # fmt: skip


@frozen
class Market:
    """A country where Lazada is: orders are sent within it."""

    name: str
    zone: str
    currency: str


_MARKETS = (
    Market("Indonesia", "Asia/Jakarta", "IDR"),
    Market("Malaysia", "Asia/Kuala_Lumpur", "MYR"),
    Market("Philippines", "Asia/Manila", "PHP"),
    Market("Singapore", "Asia/Singapore", "SGD"),
    Market("Thailand", "Asia/Bangkok", "THB"),
    Market("Vietnam", "Asia/Ho_Chi_Minh", "VND"),
)


def market_of(sample: Sample) -> Market | None:
    """The market, by the country that the first rows are sent to; None where they say none, or several."""
    countries = {
        row.get("shippingCountry", "").strip().casefold().replace("viet nam", "vietnam") for row in sample.rows
    }
    countries.discard("")
    return next((one for one in _MARKETS if countries == {one.name.casefold()}), None)
