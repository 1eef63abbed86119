"""The part of the schema of the GraphQL Admin API that orders and customers are of.

In: an operation and its variables. Out: what is wrong with it, and what it costs.
Invariant: a field, an argument or an enumerated word that Shopify's reference does not have is refused, in its words.
Source: shopify.dev/docs/api/admin-graphql (2026-10) and docs/apps/build/apis/graphql-admin/rate-limits.

Costs: a scalar 0, an object 1, a connection as many times what it holds as it is asked for. What Shopify itself reckons
for a plain list of objects is not published; here it is one of what it holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from rulecrm_shopify.fake.graphql import Operation, Selection, Variable

__all__ = ["MOST", "QueryRefusedError", "checked", "cost"]

MOST = 250
"""Rows of a page, and items of a list that is given."""


class QueryRefusedError(Exception):
    """A query that the schema does not have; the code is Shopify's."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@frozen
class _Field:
    """Its type, what it takes, and whether it is a connection; a scalar has no type."""

    type: str = ""
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    connection: bool = False


def _scalars(names: str) -> dict[str, _Field]:
    return {name: _Field() for name in names.split()}


_PAGED = ("first", "after", "last", "before", "reverse")
_MONEY = _Field("MoneyBag")
_SEARCHED = (*_PAGED, "sortKey", "query", "savedSearchId")

_TYPES: Mapping[str, Mapping[str, _Field]] = {
    "QueryRoot": {
        "orders": _Field("OrderConnection", _SEARCHED, connection=True),
        "customers": _Field("CustomerConnection", (*_PAGED, "sortKey", "query"), connection=True),
        "order": _Field("Order", ("id",), ("id",)),
        "customer": _Field("Customer", ("id",), ("id",)),
        "currentAppInstallation": _Field("AppInstallation"),
    },
    "AppInstallation": {**_scalars("id"), "accessScopes": _Field("AccessScope")},
    "AccessScope": _scalars("handle description"),
    "PageInfo": _scalars("hasNextPage hasPreviousPage startCursor endCursor"),
    "OrderConnection": {"nodes": _Field("Order"), "edges": _Field("OrderEdge"), "pageInfo": _Field("PageInfo")},
    "OrderEdge": {"node": _Field("Order"), **_scalars("cursor")},
    "CustomerConnection": {
        "nodes": _Field("Customer"), "edges": _Field("CustomerEdge"), "pageInfo": _Field("PageInfo"),
    },
    "CustomerEdge": {"node": _Field("Customer"), **_scalars("cursor")},
    "LineItemConnection": {
        "nodes": _Field("LineItem"), "edges": _Field("LineItemEdge"), "pageInfo": _Field("PageInfo"),
    },
    "LineItemEdge": {"node": _Field("LineItem"), **_scalars("cursor")},
    "Order": {
        **_scalars(
            "id legacyResourceId name number confirmationNumber createdAt updatedAt processedAt cancelledAt "
            "cancelReason closed closedAt confirmed test edited note tags email phone displayFinancialStatus "
            "displayFulfillmentStatus fullyPaid unpaid currencyCode presentmentCurrencyCode sourceName "
            "sourceIdentifier paymentGatewayNames discountCode discountCodes customerLocale "
            "subtotalLineItemsQuantity currentSubtotalLineItemsQuantity"
        ),
        **dict.fromkeys(
            ("totalPriceSet", "currentTotalPriceSet", "originalTotalPriceSet", "subtotalPriceSet",
             "totalDiscountsSet", "totalShippingPriceSet", "totalTaxSet", "totalReceivedSet", "totalRefundedSet",
             "totalOutstandingSet", "netPaymentSet"),
            _MONEY,
        ),
        "customer": _Field("Customer"),
        "shippingAddress": _Field("MailingAddress"), "billingAddress": _Field("MailingAddress"),
        "transactions": _Field("OrderTransaction", ("first", "capturable", "manuallyResolvable")),
        "refunds": _Field("Refund", ("first", "query")),
        "fulfillments": _Field("Fulfillment", ("first", "query")),
        "lineItems": _Field("LineItemConnection", _PAGED, connection=True),
    },
    "LineItem": {
        **_scalars("id title name sku quantity currentQuantity refundableQuantity variantTitle vendor"),
        "originalUnitPriceSet": _MONEY, "originalTotalSet": _MONEY, "discountedUnitPriceSet": _MONEY,
        "discountedTotalSet": _Field("MoneyBag", ("withCodeDiscounts",)), "totalDiscountSet": _MONEY,
        "product": _Field("Product"), "variant": _Field("ProductVariant"),
    },
    "Product": _scalars("id title handle vendor"),
    "ProductVariant": _scalars("id title sku barcode"),
    "MoneyBag": {"shopMoney": _Field("MoneyV2"), "presentmentMoney": _Field("MoneyV2")},
    "MoneyV2": _scalars("amount currencyCode"),
    "OrderTransaction": {
        **_scalars("id kind status processedAt createdAt gateway formattedGateway test errorCode"), "amountSet": _MONEY,
    },
    "Refund": {**_scalars("id createdAt updatedAt note"), "totalRefundedSet": _MONEY},
    "Fulfillment": _scalars(
        "id name createdAt updatedAt deliveredAt inTransitAt estimatedDeliveryAt status displayStatus totalQuantity"
    ),
    "MailingAddress": _scalars(
        "id address1 address2 city company country countryCodeV2 firstName lastName name phone province provinceCode "
        "zip"
    ),
    "Customer": {
        **_scalars("id legacyResourceId createdAt updatedAt displayName firstName lastName locale note numberOfOrders "
                   "state tags verifiedEmail"),
        "defaultAddress": _Field("MailingAddress"),
        "defaultEmailAddress": _Field("CustomerEmailAddress"), "defaultPhoneNumber": _Field("CustomerPhoneNumber"),
    },
    "CustomerEmailAddress": _scalars("emailAddress marketingState marketingOptInLevel marketingUpdatedAt validFormat"),
    "CustomerPhoneNumber": _scalars(
        "phoneNumber marketingState marketingOptInLevel marketingUpdatedAt marketingCollectedFrom"
    ),
}  # fmt: skip

_SORTS = {
    "orders": {"CREATED_AT", "CURRENT_TOTAL_PRICE", "CUSTOMER_NAME", "DESTINATION", "FINANCIAL_STATUS",
               "FULFILLMENT_STATUS", "ID", "ORDER_NUMBER", "PO_NUMBER", "PROCESSED_AT", "RELEVANCE",
               "TOTAL_ITEMS_QUANTITY", "TOTAL_PRICE", "UPDATED_AT"},
    "customers": {"CREATED_AT", "ID", "LOCATION", "NAME", "RELEVANCE", "UPDATED_AT"},
}  # fmt: skip


def checked(operation: Operation, given: Mapping[str, object]) -> Sequence[Selection]:
    """What is asked for, with the values of the variables in their places.

    Raises:
        QueryRefusedError: something of it is not in the schema.
    """
    missing = [name for name, required in operation.variables.items() if required and given.get(name) is None]
    if missing:
        message = f"Variable ${missing[0]} of type was provided invalid value"
        raise QueryRefusedError(message, "INVALID_VARIABLE")
    unused = sorted(set(given) - set(operation.variables))
    if unused:
        raise QueryRefusedError(f"Variable ${unused[0]} is not declared", "variableNotDeclared")
    return [_filled(one, "QueryRoot", operation.variables, given) for one in operation.selections]


def _filled(
    selection: Selection, kind: str, declared: Mapping[str, bool], given: Mapping[str, object]
) -> Selection:  # fmt: skip
    name, found = selection.name, _TYPES[kind].get(selection.name)
    if found is None:
        raise QueryRefusedError(f"Field '{name}' doesn't exist on type '{kind}'", "undefinedField")
    for argument, value in selection.arguments.items():
        if argument not in found.takes:
            message = f"Field '{name}' doesn't accept argument '{argument}'"
            raise QueryRefusedError(message, "argumentNotAccepted")
        if isinstance(value, Variable) and value.name not in declared:
            message = f"Variable ${value.name} is used but not declared"
            raise QueryRefusedError(message, "variableNotDefined")
    arguments = {
        argument: given.get(value.name) if isinstance(value, Variable) else value
        for argument, value in selection.arguments.items()
    }
    _arguments(name, found, arguments)
    if bool(found.type) != bool(selection.inside):
        message = f"Field must have selections (field '{name}')" if found.type else f"'{name}' can't have selections"
        raise QueryRefusedError(message, "selectionMismatch")
    inside = [_filled(one, found.type, declared, given) for one in selection.inside]
    return Selection(name, selection.alias, arguments, inside)


def _arguments(name: str, found: _Field, arguments: Mapping[str, object]) -> None:
    missing = [one for one in found.needs if arguments.get(one) is None]
    if missing:
        message = f"Field '{name}' is missing required arguments: {missing[0]}"
        raise QueryRefusedError(message, "missingRequiredArguments")
    sort = arguments.get("sortKey")
    if sort is not None and sort not in _SORTS.get(name, ()):
        message = f"Argument 'sortKey' on Field '{name}' has an invalid value ({sort})"
        raise QueryRefusedError(message, "argumentLiteralsIncompatible")
    if not found.connection:
        return
    sizes = [arguments[one] for one in ("first", "last") if arguments.get(one) is not None]
    if len(sizes) != 1:
        message = f"you must provide one of first or last (field '{name}')"
        raise QueryRefusedError(message, "BAD_REQUEST")
    if not isinstance(sizes[0], int) or not 0 < sizes[0] <= MOST:
        raise QueryRefusedError(f"first cannot exceed {MOST} (field '{name}')", "BAD_REQUEST")


def cost(selections: Sequence[Selection], kind: str = "QueryRoot") -> int:
    """What a checked query costs, reckoned beforehand."""
    total = 0
    for one in selections:
        found = _TYPES[kind][one.name]
        if not found.type:
            continue
        inside = cost(one.inside, found.type)
        size = one.arguments.get("first", one.arguments.get("last"))
        total += inside * size if found.connection and isinstance(size, int) else inside
        total += 0 if found.type.endswith(("Connection", "Edge")) or found.type == "PageInfo" else 1
    return total
