"""The header row of eBay's Orders report.

In: nothing. Out: its columns.
Invariant: columns are read by name. The list is that of files seen in public code; the report is in English on every
site that it was seen from.
"""

from __future__ import annotations

__all__ = ["NEEDED", "ORDERS"]

ORDERS = {
    "as of 2026": (
        "Sales Record Number", "Order Number", "Buyer Username", "Buyer Name", "Buyer Email", "Buyer Note",
        "Buyer Address 1", "Buyer Address 2", "Buyer City", "Buyer State", "Buyer Zip", "Buyer Country", "Ship To Name",
        "Ship To Phone", "Ship To Address 1", "Ship To Address 2", "Ship To City", "Ship To State", "Ship To Zip",
        "Ship To Country", "Item Number", "Item Title", "Custom Label", "Sold Via Promoted Listings", "Quantity",
        "Sold For", "Shipping And Handling", "Seller Collected Tax", "eBay Collected Tax", "Total Price",
        "eBay Collected Tax Included in Total", "Payment Method", "Sale Date", "Paid On Date", "Ship By Date",
        "Minimum Estimated Delivery Date", "Maximum Estimated Delivery Date", "Shipped On Date", "Feedback Left",
        "Feedback Received", "My Item Note", "PayPal Transaction ID", "Shipping Service", "Tracking Number",
        "Transaction ID", "Variation Details", "Global Shipping Program", "Global Shipping Reference ID",
        "Click And Collect", "Click And Collect Reference Number", "eBay Plus",
    ),
}  # fmt: skip

NEEDED = (
    "Sales Record Number",
    "Order Number",
    "Buyer Username",
    "Item Number",
    "Quantity",
    "Total Price",
    "Sale Date",
)
