"""An explanation as JSON.

In: an explanation. Out: text of one object.
Invariant: keys come in the order of the attributes and are left out where there is nothing to say, so that equal
explanations give equal text.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import attrs

from rulecrm.explain.explanation import Explanation, FactShown, Node
from rulecrm.explain.shown import Shown
from rulecrm.explain.wording import change_of

__all__ = ["as_json"]


def as_json(explanation: Explanation) -> str:
    """See `Explanation.to_json`."""
    root = explanation.root
    return json.dumps(
        {
            "symbol": explanation.symbol,
            "form": explanation.form,
            **({"title": root.title} if root.title is not None else {}),
            "subject": explanation.subject,
            "key": explanation.key,
            "as_of": explanation.as_of.isoformat(),
            "zone": explanation.zone,
            "exists": explanation.exists,
            **({"verdict": root.verdict} if root.verdict is not None else {}),
            **({"value": _plain(root.value)} if root.value is not None else {}),
            "failed": [_named(node) for node in explanation.failed],
            "to_flip": [_named(node) for node in explanation.to_flip],
            "tree": _plain(root),
        },
        ensure_ascii=False,
        indent=1,
    )


def _named(node: Node) -> dict[str, object]:
    return {"id": node.id, "clause": node.clause, "text": change_of(node)}


def _plain(value: object) -> object:
    match value:
        case Shown():
            return {"type": value.type, "value": _plain(value.value), "text": value.text}
        case Decimal():
            return str(value)
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case dt.timedelta():
            whole, rest = divmod(value // dt.timedelta(microseconds=1), 1_000_000)
            return whole + rest / 1_000_000 if rest else whole
        case FactShown():
            key = {} if value.key is None else {"key": value.key}
            return {"at": _plain(value.at), **key, "fields": {name: _plain(one) for name, one in value.fields}}
        case dict():
            return {str(name): _plain(one) for name, one in value.items()}
        case tuple() | list():
            return [_plain(one) for one in value]
    kind = type(value)
    if attrs.has(kind):
        fields = {one.name: getattr(value, one.name) for one in attrs.fields(kind)}
        return {name: _plain(one) for name, one in fields.items() if not _is_silent(name, one)}
    return value


def _is_silent(name: str, value: object) -> bool:
    """Whether an attribute has nothing to say: absent, empty, or a mark that is not set."""
    return value is None or value == () or (value is False and name in _MARKS)


_MARKS = frozenset({"again", "folded", "passed", "fixed", "negated"})
