"""The canonical schema: subjects, their attributes, kinds and their fields.

In: nothing. Out: `Schema`, the one description of the world that the checker and the facts both read.
Invariant: every kind has an instant `at`; every name of the built-in world is written here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attrs import evolve, field, frozen

from rulecrm.model.types import BOOL, DATE, INSTANT, INT, MONEY, NUMBER, TEXT, Type, list_of

__all__ = ["Column", "Kind", "Schema", "Subject", "canonical"]


@frozen
class Column:
    """A field of a kind or an attribute of a subject.

    Attributes:
        name: as rules write it, and as the frame's column is called.
        type: its type.
        doc: one line, with units.
        stage: for a yes/no field of an order's stages: the instant column it is read from. Such a field is true as of
            T where that instant is there and not after T. For an instant field that lies in the future of its row's
            `at` (`paid_at` of an order): the column itself; it is missing as of T where it is after T. For any other
            field: the instant column from which on it is known; it is missing as of T before that.
        required: whether a frame must have the column.
    """

    name: str
    type: Type
    doc: str = ""
    stage: str | None = None
    required: bool = False


@frozen
class Subject:
    """Something a rule can speak of: customer, person (customers of several shops), product, staff, shop, source.

    Attributes:
        name: the word in `of NAME`, and the key column in every frame.
        frame: the name under which `Facts` takes its attributes (`customers`), or None where it has none.
        columns: attributes, by name.
        since: the attribute from which on the subject exists, or None; without it a subject listed in its own frame
            exists always, and one that only facts mention exists from its first fact on.
    """

    name: str
    frame: str | None
    columns: Mapping[str, Column]
    since: str | None = None


@frozen
class Kind:
    """A kind of fact.

    Attributes:
        name: the word in rules.
        frame: the canonical frame it is read from: `orders`, `items`, `events`, or its own name.
        at: the column of that frame that gives the instant `at`.
        columns: fields by name, keys of subjects excluded.
        subjects: names of the subjects whose keys its rows have.
        key: the natural key (columns), empty where rows have none.
    """

    name: str
    frame: str
    at: str
    columns: Mapping[str, Column]
    subjects: tuple[str, ...] = ("customer", "person", "product", "staff", "shop", "source")
    key: tuple[str, ...] = ()
    doc: str = ""


@frozen
class Schema:
    """Subjects by name and kinds by name."""

    subjects: Mapping[str, Subject]
    kinds: Mapping[str, Kind]
    declared: frozenset[str] = field(default=frozenset())
    """Names of kinds that a rules file or a plugin added."""

    def with_kind(self, kind: Kind) -> Schema:
        """This schema and one more kind."""
        return evolve(
            self, kinds=MappingProxyType({**self.kinds, kind.name: kind}), declared=self.declared | {kind.name}
        )

    def with_attribute(self, subject: str, column: Column) -> Schema:
        """This schema, one subject having one more attribute."""
        old = self.subjects[subject]
        new = evolve(old, columns=MappingProxyType({**old.columns, column.name: column}))
        return evolve(self, subjects=MappingProxyType({**self.subjects, subject: new}))


def _columns(*columns: Column) -> Mapping[str, Column]:
    return MappingProxyType({column.name: column for column in columns})


_CUSTOMER = _columns(
    Column("joined_at", INSTANT, "when the customer became known"),
    Column("nick", TEXT, "name to address the customer by"),
    Column("platform", TEXT, "platform that the customer comes from; it says how its buyers may be written to"),
    Column("platform_key", TEXT, "the platform's own key of the customer"),
    Column("language", TEXT, "language tag, such as zh-CN"),
    Column("gender", TEXT, "female, male or another word of the shop"),
    Column("birthday", DATE, "day of birth"),
    Column("country", TEXT, "ISO 3166 code of two letters"),
    Column("province", TEXT, "province or state"),
    Column("city", TEXT, "city of the main address"),
    Column("cities", list_of(TEXT), "cities of all addresses"),
    Column("postal_code", TEXT, "postal code of the main address"),
    Column("latitude", NUMBER, "degrees north, WGS 84"),
    Column("longitude", NUMBER, "degrees east, WGS 84"),
    Column("zone", TEXT, "IANA time zone of the customer"),
    Column("email", TEXT, "e-mail address"),
    Column("phone", TEXT, "phone number, E.164"),
    Column("state", TEXT, "state of the account, such as active or disabled"),
    Column("member_level", INT, "level of membership, 0 for none"),
    Column("points", INT, "points held"),
    Column("member_until", DATE, "last day of the membership or contract"),
    Column("tags", list_of(TEXT), "tags set by hand"),
    Column("accepts_sms", BOOL, "consent to marketing by SMS"),
    Column("accepts_email", BOOL, "consent to marketing by e-mail"),
    Column("accepts_im", BOOL, "consent to marketing by IM"),
    Column("sms_consent_at", INSTANT, "when consent to SMS was given"),
    Column("email_consent_at", INSTANT, "when consent to e-mail was given"),
    Column("im_consent_at", INSTANT, "when consent to IM was given"),
    Column("consent_method", TEXT, "how consent was given, such as checkout or form"),
    Column("blocked", BOOL, "on the shop's block list"),
)

_PRODUCT = _columns(
    Column("title", TEXT, "title"),
    Column("category", TEXT, "category"),
    Column("brand", TEXT, "brand"),
    Column("price", MONEY, "list price"),
    Column("cost", MONEY, "cost of one unit"),
    Column("tags", list_of(TEXT), "tags set by hand"),
    Column("listed_at", INSTANT, "when it was put on sale"),
)

_STAGES = (
    ("placed", "ordered"),
    ("paid", "paid for"),
    ("shipped", "handed to the carrier"),
    ("delivered", "handed to the customer"),
    ("completed", "closed as a success"),
    ("cancelled", "cancelled"),
    ("refunded", "refunded"),
)

_ORDER = (
    Column("order", TEXT, "number of the order, unique"),
    Column("amount", MONEY, "what the customer pays, shipping and discounts included"),
    Column("discount", MONEY, "what was taken off"),
    Column("shipping_fee", MONEY, "shipping paid by the customer"),
    Column("refund_amount", MONEY, "what was paid back; missing as of T before refunded_at", stage="refunded_at"),
    Column("quantity", INT, "units in the order"),
    Column("category", TEXT, "main category of the order"),
    Column("brand", TEXT, "main brand of the order"),
    Column("coupon", TEXT, "code of the coupon used"),
    Column("channel", TEXT, "how the order came: app, web, live, …"),
    Column("country", TEXT, "country it is sent to"),
    Column("province", TEXT, "province it is sent to"),
    Column("city", TEXT, "city it is sent to"),
    Column("payment_method", TEXT, "how it is paid"),
    *(Column(f"{stage}_at", INSTANT, f"when it was {words}", stage=f"{stage}_at") for stage, words in _STAGES),
    *(Column(stage, BOOL, f"whether it is {words} as of T", stage=f"{stage}_at") for stage, words in _STAGES),
)

_ITEM = (
    Column("order", TEXT, "number of the order"),
    Column("title", TEXT, "title of the product"),
    Column("category", TEXT, "category of the product"),
    Column("brand", TEXT, "brand of the product"),
    Column("tags", list_of(TEXT), "tags of the product"),
    Column("listed_at", INSTANT, "when the product was put on sale"),
    Column("quantity", INT, "units"),
    Column("price", MONEY, "price of one unit"),
    Column("amount", MONEY, "what the line costs in all"),
    Column("cost", MONEY, "what the line cost the shop in all"),
    Column("discount", MONEY, "what was taken off"),
)

_EVENT = (
    Column("event", TEXT, "id of the event, unique where there is one"),
    Column("category", TEXT, "category of the product concerned"),
    Column("brand", TEXT, "brand of the product concerned"),
    Column("page", TEXT, "page or screen"),
    Column("query", TEXT, "words searched for"),
    Column("text", TEXT, "words said or written"),
    Column("device", TEXT, "device or client"),
    Column("quantity", INT, "units, of a cart"),
    Column("amount", MONEY, "value, of a cart"),
    Column("rating", INT, "stars of a review, 1 to 5"),
    Column("kind_of_abuse", TEXT, "of a review or an inquiry that was found abusive: fraud, insult, …"),
    Column("channel", TEXT, "sms, email, im, …"),
    Column("campaign", TEXT, "campaign the message belongs to"),
    Column("wave", TEXT, "wave of the campaign"),
    Column("variant", TEXT, "variant of the message"),
    Column("reason", TEXT, "why: of a bounce hard or soft, of a cancellation or refund the customer's words"),
)

_ORDER_KINDS = {
    "order": ("placed_at", "an order was placed"),
    "purchase": ("paid_at", "an order was paid"),
    "shipment": ("shipped_at", "an order was shipped"),
    "delivery": ("delivered_at", "an order reached the customer"),
    "completion": ("completed_at", "an order was closed as a success"),
    "cancellation": ("cancelled_at", "an order was cancelled"),
    "refund": ("refunded_at", "an order was refunded; `amount` is what was paid back"),
}

_EVENT_KINDS = {
    "visit": "a visit to the shop",
    "view": "a product was looked at",
    "favourite": "a product was marked as a favourite",
    "cart": "a product was put into the cart",
    "checkout": "a checkout was started",
    "inquiry": "a question was asked",
    "review": "a review was written",
    "referral": "the shop was recommended to somebody",
    "message": "a message of ours was sent",
    "message_delivered": "a message of ours arrived",
    "open": "a message of ours was opened",
    "click": "a link in a message of ours was followed",
    "reply": "a message of ours was answered",
    "bounce": "a message of ours came back",
    "complaint": "a message of ours was reported as spam",
    "unsubscribe": "consent was withdrawn",
}


def canonical() -> Schema:
    """The built-in world."""
    none: Mapping[str, Column] = MappingProxyType({})
    subjects = {
        "customer": Subject("customer", "customers", _CUSTOMER, since="joined_at"),
        "person": Subject("person", None, none),
        "product": Subject("product", "products", _PRODUCT, since="listed_at"),
        "staff": Subject("staff", None, none),
        "shop": Subject("shop", None, none),
        "source": Subject("source", None, none),
    }
    kinds: dict[str, Kind] = {}
    for name, (at, doc) in _ORDER_KINDS.items():
        kinds[name] = Kind(name, "orders", at, _columns(*_ORDER), key=("order",), doc=doc)
    kinds["item"] = Kind("item", "items", "paid_at", _columns(*_ITEM), doc="one line of a purchase")
    for name, doc in _EVENT_KINDS.items():
        kinds[name] = Kind(name, "events", "at", _columns(*_EVENT), key=("event",), doc=doc)
    return Schema(MappingProxyType(subjects), MappingProxyType(kinds))
