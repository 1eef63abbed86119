"""What the models say of the operations: paths, parameters, usage plans.

In: a request's method, path and query. Out: the operation it calls, and what is wrong with its parameters.
Invariant: a parameter that the model does not name is refused, and so is one that lacks, is of another form, or is
longer than the model lets it be.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

from attrs import frozen

__all__ = ["OPERATIONS", "Operation", "Parameter", "find"]


@frozen
class Parameter:
    """A parameter of the query.

    Attributes:
        kind: `text`, `instant`, `int`, `bool` or `list`.
        most: items of a list, or the greatest number.
        among: what it may be, or the items of a list; empty: anything.
    """

    name: str
    kind: str = "text"
    required: bool = False
    most: int | None = None
    among: Sequence[str] = ()

    def wrong(self, value: str) -> str | None:
        """What is wrong with a value, or None."""
        parts = value.split(",") if self.kind == "list" else [value]
        if self.kind == "list" and self.most is not None and len(parts) > self.most:
            return f"{self.name} has more than {self.most} items"
        if self.among and not set(parts) <= set(self.among):
            return f"{self.name} is none of {', '.join(self.among)}"
        if self.kind == "instant" and instant_of(value) is None:
            return f"{self.name} is not in ISO 8601 format"
        if self.kind == "int" and not (value.isascii() and value.isdigit() and 1 <= int(value) <= (self.most or 10**9)):
            return f"{self.name} is out of its range"
        return None


@frozen
class Operation:
    """An operation: its path has `{}` where a value stands; `rate` is calls a second."""

    name: str
    method: str
    path: str
    rate: float
    burst: int
    parameters: tuple[Parameter, ...] = ()

    def wrong(self, query: Mapping[str, str]) -> str | None:
        """What is wrong with a query, or None."""
        known = {one.name: one for one in self.parameters}
        unknown = sorted(set(query) - set(known))
        if unknown:
            return f"unknown parameters: {unknown}"
        missing = [one.name for one in self.parameters if one.required and not query.get(one.name)]
        if missing:
            return f"Missing or invalid request parameters: {missing}"
        return next((said for name, value in query.items() if (said := known[name].wrong(value))), None)


def instant_of(value: str) -> dt.datetime | None:
    """The instant of ISO 8601 that a text is, or None; without an offset it is of UTC."""
    try:
        found = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found


def find(method: str, path: str) -> tuple[Operation, tuple[str, ...]] | None:
    """The operation that a request calls, and the values of its path."""
    for one in OPERATIONS:
        match = re.fullmatch(one.path.replace("{}", "([^/]+)"), path)
        if match is not None and one.method == method:
            return one, match.groups()
    return None


_STATUSES = ("PENDING_AVAILABILITY", "PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED",
             "UNFULFILLABLE")  # fmt: skip
_INCLUDED = ("BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES", "TAX",
             "PAYMENT", "FULFILLMENT_ORDERS")  # fmt: skip
_INCLUDE = Parameter("includedData", "list", among=_INCLUDED)
_ONE_MARKETPLACE = (Parameter("marketplaceIds", "list", required=True, most=1),)

_SEARCH = (
    Parameter("createdAfter", "instant"), Parameter("createdBefore", "instant"),
    Parameter("lastUpdatedAfter", "instant"), Parameter("lastUpdatedBefore", "instant"),
    Parameter("fulfillmentStatuses", "list", among=_STATUSES), Parameter("marketplaceIds", "list", most=50),
    Parameter("fulfilledBy", "list", among=("MERCHANT", "AMAZON")), Parameter("maxResultsPerPage", "int", most=100),
    Parameter("paginationToken"), _INCLUDE,
)  # fmt: skip

_V0 = (
    *(Parameter(name, "instant") for name in (
        "CreatedAfter", "CreatedBefore", "LastUpdatedAfter", "LastUpdatedBefore", "EarliestDeliveryDateBefore",
        "EarliestDeliveryDateAfter", "LatestDeliveryDateBefore", "LatestDeliveryDateAfter")),
    Parameter("MarketplaceIds", "list", required=True, most=50), Parameter("AmazonOrderIds", "list", most=50),
    *(Parameter(name, "list") for name in (
        "OrderStatuses", "FulfillmentChannels", "PaymentMethods", "EasyShipShipmentStatuses",
        "ElectronicInvoiceStatuses")),
    *(Parameter(name) for name in (
        "BuyerEmail", "SellerOrderId", "NextToken", "ActualFulfillmentSupplySourceId", "StoreChainStoreId")),
    Parameter("MaxResultsPerPage", "int", most=100), Parameter("IsISPU", "bool", among=("true", "false")),
)  # fmt: skip

_MESSAGES = ("confirmCustomizationDetails", "confirmDeliveryDetails", "confirmOrderDetails", "confirmServiceDetails",
             "unexpectedProblem")  # fmt: skip

OPERATIONS: tuple[Operation, ...] = (
    Operation("searchOrders", "GET", "/orders/2026-01-01/orders", 0.0056, 20, _SEARCH),
    Operation("getOrder", "GET", "/orders/2026-01-01/orders/{}", 0.5, 30, (_INCLUDE,)),
    Operation("getOrders", "GET", "/orders/v0/orders", 0.0167, 20, _V0),
    Operation("getOrderItems", "GET", "/orders/v0/orders/{}/orderItems", 0.5, 30, (Parameter("NextToken"),)),
    Operation("createRestrictedDataToken", "POST", "/tokens/2021-03-01/restrictedDataToken", 1.0, 10),
    Operation("createReport", "POST", "/reports/2021-06-30/reports", 0.0167, 15),
    Operation("getReport", "GET", "/reports/2021-06-30/reports/{}", 2.0, 15),
    Operation("getReportDocument", "GET", "/reports/2021-06-30/documents/{}", 0.0167, 15,
              (Parameter("enableContentEncodingUrlHeader", "bool", among=("true", "false")),)),
    Operation("getMessagingActionsForOrder", "GET", "/messaging/v1/orders/{}", 1.0, 5, _ONE_MARKETPLACE),
    *(Operation(name, "POST", f"/messaging/v1/orders/{{}}/messages/{name}", 1.0, 5, _ONE_MARKETPLACE)
      for name in _MESSAGES),
    Operation("getSolicitationActionsForOrder", "GET", "/solicitations/v1/orders/{}", 1.0, 5, _ONE_MARKETPLACE),
    Operation("createProductReviewAndSellerFeedbackSolicitation", "POST",
              "/solicitations/v1/orders/{}/solicitations/productReviewAndSellerFeedback", 1.0, 5, _ONE_MARKETPLACE),
)  # fmt: skip
