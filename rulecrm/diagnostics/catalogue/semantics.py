"""Diagnostics of the checker: names (R1), types (R2), structure (R3), imports and params (R5), lints (R6)."""

from __future__ import annotations

from rulecrm.diagnostics.codes import Code

__all__ = ["CODES"]

CODES: tuple[Code, ...] = (
    Code(
        "R101",
        "unknown name",
        "Nothing visible here has this name. Inside a `where` the fields of the row come first, then the names of the "
        "file and of its imports, then the attributes of the subject. A text is written in quotes.",
    ),
    Code("R102", "unknown field", "The kind, the subject or the record has no field of this name."),
    Code(
        "R103",
        "unknown kind",
        "No kind of fact and no collection has this name. Kinds are singular: `purchase`, `view`. "
        "`kind live_watch { … }` declares another.",
    ),
    Code("R104", "unknown function", "No function and no aggregate has this name."),
    Code("R105", "unknown label or state", "The classification has no such label, or the lifecycle no such state."),
    Code(
        "R106",
        "unknown type",
        "Types are `text int number money bool date instant duration time`, `list of T` and `record { … }`.",
    ),
    Code("R107", "unknown subject", "Subjects are `customer product staff shop source`."),
    Code(
        "R108",
        "unknown template",
        "A message is sent from a template that the file declares or imports.",
    ),
    Code("R109", "name of something else", "The name is known, and stands for something that cannot be used here."),
    Code(
        "R201",
        "comparison of different things",
        "Both sides of a comparison have one type. An int serves as a number; nothing else turns into another type by "
        "itself.",
    ),
    Code("R202", "predicate wanted", "Here stands a yes or no: a comparison, a segment, or `… is not missing`."),
    Code("R203", "arithmetic on the wrong types", "The operator is not defined for these two types."),
    Code("R204", "wrong argument", "The function or the clause takes something else in this place."),
    Code(
        "R205",
        "calendar and elapsed time mixed",
        "A month is never a number of days. Elapsed time is compared with hours, days and weeks; an `age(…)` compares "
        "exactly with months and years as well.",
    ),
    Code(
        "R206", "impossible comparison", "No value at all passes this comparison, or none ever comes of this division."
    ),
    Code("R207", "empty range or window", "The stretch ends where or before it begins."),
    Code("R208", "clause out of place", "The window, the step or the number makes no sense in this place."),
    Code(
        "R209",
        "rows where a value is wanted",
        "A kind has many rows. Say which (`last(purchase).at`), or what is made of them (`mean(purchase.amount)`).",
    ),
    Code("R210", "constant wanted", "Here stands a literal or a param, known before any fact is read."),
    Code(
        "R211",
        "instant compared with a date",
        "An instant is a moment and a date a whole day. `on` asks whether the one lies in the other; `<` and `>=` are "
        "allowed.",
    ),
    Code(
        "R212",
        "figure over all subjects at different instants",
        "`population …`, `percentile`, `ntile` and `rank` look at all subjects at one instant, so `as of` must name an "
        "instant that is the same for all of them.",
    ),
    Code("R213", "other subject", "A definition refers to definitions of its own subject."),
    Code("R214", "two kinds in one aggregate", "An aggregate reads the rows of one kind."),
    Code("R215", "money without a currency", "An amount is written with its currency: `300 CNY`."),
    Code("R217", "value out of range", "The constant does not fit: integers have 64 bits, money four decimals."),
    Code("R218", "unreadable pattern", "The regular expression has a mistake, or uses what the engine lacks."),
    Code(
        "R219", "kind without this subject", "The rows of the kind do not say to which of these subjects they belong."
    ),
    Code("R220", "kpi that differs between customers", "A kpi is one value for the shop."),
    Code("R221", "template for another channel", "A template is written for one channel, and sent through that."),
    Code(
        "R222",
        "unknown name in a template",
        "A template names metrics, segments, classifications and lifecycles of customers, attributes (`nick`, or "
        '`customer.nick`), and what every message that is sent from it gives: `send … with { coupon: "M10" }`. What '
        "nothing gives is an error where a message is sent from the template, a warning where none is.",
    ),
    Code(
        "R223",
        "unknown channel",
        "Channels are those that templates are for, and those that customers can consent to (`accepts_sms`). A limit "
        "on another limits nothing: an error where one of these is much like it, else a warning. A template for a "
        "channel that is much like one that customers can consent to is a warning.",
    ),
    Code(
        "R224",
        "template that is no Liquid",
        "Every `{{` and `{%` is closed, tags and filters are those that Liquid has, and a template stands by itself: "
        "it reads no other. Nor may it be longer, or nested deeper, than any message is.",
    ),
    Code("R225", "template without a body", "A template has a `body`, or `html` where the channel takes it."),
    Code("R226", "part that the channel cannot carry", "An SMS has a `body` and nothing else."),
    Code(
        "R227",
        "name that is only known when a template is filled",
        "What a template is filled with is known when the rules are checked, so `customer[word]` is none of it.",
    ),
    Code(
        "R228",
        "e-mail without a subject",
        'An e-mail without a subject is easily taken for spam: `template NAME for email { subject "…" body "…" }`.',
    ),
    Code(
        "R229",
        "words that cannot be made",
        "A template cannot be filled for a customer: it uses a name that nothing gives, calculates with what is no "
        "number, or uses up more than a message may (rounds of loops, length).",
    ),
    Code(
        "R230",
        "kpi inside of a question to the facts",
        "Another kpi, and in an alert `change` and `previous`, may be added, multiplied, divided, compared and so on. "
        "Inside of `population …`, `… as of …` or a function of a plugin they would be asked of each customer, or at "
        "another instant, and a kpi has one value for a period.",
    ),
    Code(
        "R301",
        "name taken",
        "All declarations of a file share one namespace with what is built in. A file's own declaration stands before "
        "an imported one of its name (kinds excepted: there is one of each); two imports that bring the same name want "
        "a prefix, as in `import … as p`.",
    ),
    Code("R302", "circular definition", "Following the names leads back to where it began."),
    Code(
        "R303", "unreachable label", "Whenever this arm holds, an earlier one does too, and the first that fits wins."
    ),
    Code("R304", "classification without `otherwise`", "Every subject gets a label, so the last arm is `otherwise`."),
    Code("R305", "arm after `otherwise`", "`otherwise` takes all that is left, so nothing can follow it."),
    Code("R306", "clause given twice", "This line may be there once."),
    Code("R307", "part given twice", "The parts of a template and the branches of a split have different names."),
    Code("R309", "lifecycle without a first state", "`start STATE` names where everybody begins, once."),
    Code("R310", "campaign that nobody enters", "A campaign says when somebody enters."),
    Code(
        "R311",
        "state that cannot be reached",
        "No moves lead from the first state to this one, so that nobody is ever in it.",
    ),
    Code("R312", "first state that cannot be left", "Everybody begins in the first state; nothing leads out of it."),
    Code(
        "R313",
        "move that is never made",
        "A move that stands before it, or is due before it, is made whenever this one could be. Of several moves on "
        "one row the first that is written is made. In a campaign, where `exit on` comes before the `until` of a "
        "`repeat`, and that before what a `wait` waits for, this is a warning.",
    ),
    Code("R314", "step that is never reached", "Every way to the step ends the journey before."),
    Code(
        "R315",
        "wait in the past",
        "Whoever gets here gets here after the instant that is waited for: it lies before the campaign begins, or "
        "before an instant that was waited for already.",
    ),
    Code(
        "R316",
        "goal that the entry has met",
        "The goal is the row that the customer enters on, or a stage of the same order before it. Only rows after the "
        "entry count, so that nobody would reach it.",
    ),
    Code(
        "R317",
        "loop without an end",
        "Each message of the campaign is an event on which the customer enters it again.",
    ),
    Code("R501", "import that cannot be read", "The file is not there, or it is no text in UTF-8."),
    Code("R502", "circular import", "Following the imports leads back to this file."),
    Code("R503", "unknown param", "The file has no param of this name."),
    Code("R504", "value of the wrong type for a param", "The value given to a param does not have its declared type."),
    Code("R505", "param without a value", "A param that is used has a default, or is set from outside."),
    Code("R507", "unknown zone or currency", "Zones are IANA names, currencies ISO 4217 codes."),
    Code(
        "R508",
        "setting that gives way",
        "A program has one zone, one reporting currency and one policy: those of its root file.",
    ),
    Code("R509", "currency not declared", "With amounts in several currencies, `currency` says in which to report."),
    Code("R510", "file of a template that cannot be read", "The file is not there, or it is no text in UTF-8."),
    Code(
        "R601",
        "`not` over a missing value",
        "A comparison with a missing value is false, so `not` of it is true: those without a value are in.",
    ),
    Code("R602", "default that is never taken", "The value before `??` is never missing."),
    Code("R603", "value that is never missing", "`is missing` is always false here."),
    Code("R604", "sum of nothing", "The sum over no rows is missing, not 0, so it is below no limit."),
    Code("R605", "comparison that always holds", "Every value passes this comparison."),
    Code("R606", "constant condition", "Both sides are constants of the text, so the condition says nothing."),
    Code(
        "R607",
        "final state",
        "Nothing leaves the state. Where that is meant, a line of its own says so: `state blocked`.",
    ),
    Code(
        "R608",
        "wait without an end",
        "Without `up to`, and with nothing that ends the journey, a customer who never does this waits for ever.",
    ),
)
