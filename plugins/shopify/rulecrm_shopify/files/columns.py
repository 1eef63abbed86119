"""The header row of Shopify's export of orders.

In: nothing. Out: its columns.
Invariant: columns are read by name. The list is that of files seen in public code, up to 2026.
"""

from __future__ import annotations

__all__ = ["NEEDED", "ORDERS"]

_ORDER = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Accepts Marketing",
    "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code", "Discount Amount", "Shipping Method",
    "Created at",
)  # fmt: skip
_LINE = (
    "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem compare at price", "Lineitem sku",
    "Lineitem requires shipping", "Lineitem taxable", "Lineitem fulfillment status",
)  # fmt: skip
_ADDRESS = ("Name", "Street", "Address1", "Address2", "Company", "City", "Zip", "Province", "Country", "Phone")
_REST = (
    "Notes", "Note Attributes", "Cancelled at", "Payment Method", "Payment Reference", "Refunded Amount", "Vendor",
    "Outstanding Balance", "Employee", "Location", "Device ID", "Id", "Tags", "Risk Level", "Source",
    "Lineitem discount", *(f"Tax {place} {part}" for place in range(1, 6) for part in ("Name", "Value")), "Phone",
    "Receipt Number", "Duties", "Billing Province Name", "Shipping Province Name", "Payment ID", "Payment Terms Name",
)  # fmt: skip

ORDERS = {
    "as of 2026": (
        *_ORDER, *_LINE, *(f"Billing {part}" for part in _ADDRESS), *(f"Shipping {part}" for part in _ADDRESS), *_REST,
    ),
}  # fmt: skip

NEEDED = (
    "Name",
    "Financial Status",
    "Currency",
    "Total",
    "Created at",
    "Lineitem quantity",
    "Lineitem name",
    "Lineitem price",
)
