"""The header rows of Amazon's order reports.

In: nothing. Out: the columns of each report, and states.
Invariant: columns are read by name; Amazon adds some over time, and those that are not known are left out.

From https://developer-docs.amazon.com/sp-api/docs/order-tracking-reports-attributes and …/order-reports-attributes, and
columns that sellers' files have besides.
"""

from __future__ import annotations

__all__ = ["ALL", "ALL_NEEDED", "STATUSES", "UNSHIPPED", "UNSHIPPED_NEEDED"]

_DOCUMENTED = (
    "amazon-order-id", "merchant-order-id", "purchase-date", "last-updated-date", "order-status", "fulfillment-channel",
    "sales-channel", "order-channel", "ship-service-level", "product-name", "sku", "asin", "item-status", "quantity",
    "currency", "item-price", "item-tax", "shipping-price", "shipping-tax", "gift-wrap-price", "gift-wrap-tax",
    "item-promotion-discount", "ship-promotion-discount", "ship-city", "ship-state", "ship-postal-code", "ship-country",
    "promotion-ids", "is-business-order", "purchase-order-number", "price-designation",
)  # fmt: skip

ALL = {
    "as documented": _DOCUMENTED,
    "with the columns of later years": (
        *_DOCUMENTED, "order-item-id", "url", "number-of-items", "tax-collection-model",
        "tax-collection-responsible-party", "address-type", "signature-confirmation-recommended",
    ),
}  # fmt: skip
"""All Orders, by order date or by last update: a row a line of an order; of a buyer it tells nothing."""

ALL_NEEDED = (
    "amazon-order-id",
    "purchase-date",
    "last-updated-date",
    "order-status",
    "quantity",
    "currency",
    "item-price",
)

UNSHIPPED = {
    "as documented": (
        "order-id", "order-item-id", "purchase-date", "payments-date", "reporting-date", "promise-date",
        "days-past-promise", "buyer-email", "buyer-phone-number", "sku", "product-name", "quantity-purchased",
        "quantity-shipped", "quantity-to-ship", "ship-service-level", "recipient-name", "ship-address-1",
        "ship-address-2", "ship-address-3", "ship-city", "ship-state", "ship-postal-code", "ship-country",
        "is-business-order", "purchase-order-number", "price-designation", "is-prime",
    ),
}  # fmt: skip
"""Unshipped Orders: a row a line of an order that is not confirmed as shipped; of money it tells nothing."""

UNSHIPPED_NEEDED = ("order-id", "order-item-id", "purchase-date", "quantity-purchased", "quantity-to-ship")

STATUSES = (
    "Pending", "PendingAvailability", "Unshipped", "PartiallyShipped", "Partially Shipped", "Shipped",
    "InvoiceUnconfirmed", "Canceled", "Cancelled", "Unfulfillable",
)  # fmt: skip
"""Those of the Orders API, which the reports write too; others are kept and told."""
