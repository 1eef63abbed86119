"""An explanation as a fragment of HTML.

In: an explanation. Out: one `<div>` with its own style, for a page, a mail or a notebook.
Invariant: whatever came from rules or facts is escaped; there is no script, and nothing is fetched.
"""

from __future__ import annotations

from html import escape

from rulecrm.explain.explanation import Explanation, Node
from rulecrm.explain.wording import change_of, detail, heading, notes, subtitle, subtree, tick

__all__ = ["as_html"]

_STYLE = """\
.rulecrm-why{--ink:#1c2128;--dim:#5d6672;--line:#d5dae0;--yes:#1a7f47;--no:#b3261e;--paper:#fff;
font:14px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);border:1px solid var(--line);
border-radius:8px;padding:12px 16px;max-width:60rem}
@media (prefers-color-scheme:dark){.rulecrm-why{--ink:#e6e9ee;--dim:#9aa4b1;--line:#39414b;--yes:#5bd08c;--no:#ff8a80;
--paper:#171b20}}
.rulecrm-why h4{font-size:1.05em;margin:0}.rulecrm-why p{margin:2px 0;color:var(--dim)}
.rulecrm-why ul{list-style:none;margin:0;padding-left:1.1em;border-left:1px solid var(--line)}
.rulecrm-why summary{cursor:pointer}.rulecrm-why .leaf{padding-left:1em}
.rulecrm-why code{font:13px/1.5 ui-monospace,monospace}.rulecrm-why .said{color:var(--dim);margin-left:.8em}
.rulecrm-why .yes{color:var(--yes)}.rulecrm-why .no{color:var(--no)}.rulecrm-why .note{color:var(--dim);font-size:.92em}
"""


def as_html(explanation: Explanation) -> str:
    """See `Explanation.html`."""
    root = explanation.root
    said = "" if root.value is None else f" = {root.value.text}"
    parts = [
        f'<div class="rulecrm-why"><style>{_STYLE}</style>',
        f"<h4>{_mark(root) if root.verdict is not None else ''} {escape(heading(root) + said)}</h4>",
        f"<p>{escape(subtitle(explanation))}</p>",
        *([f"<p>{detail(root)}</p>"] if detail(root) == "any of" else []),
        *_notes(root),
        _branches(subtree(root)),
    ]
    if explanation.to_flip:
        changes = "; ".join(f"<code>{escape(change_of(node))}</code>" for node in explanation.to_flip)
        parts.append(f"<p>Smallest change: {changes}</p>")
    return "\n".join(part for part in parts if part) + "\n</div>"


def _branches(nodes: list[Node]) -> str:
    return "<ul>\n" + "\n".join(f"<li>{_branch(node)}</li>" for node in nodes) + "\n</ul>" if nodes else ""


def _branch(node: Node) -> str:
    said = detail(node)
    head = f"{_mark(node)} <code>{escape(heading(node))}</code>"
    head += f'<span class="said">{escape(said)}</span>' if said else ""
    inside = [*_notes(node), *([_branches(subtree(node))] if subtree(node) else [])]
    if not inside:
        return f'<div class="leaf">{head}</div>'
    # What failed is unfolded: it is what the reader came for.
    unfolded = " open" if node.verdict is False else ""
    return f"<details{unfolded}><summary>{head}</summary>\n" + "\n".join(inside) + "\n</details>"


def _notes(node: Node) -> list[str]:
    return [f'<div class="note">{escape(note)}</div>' for note in notes(node)]


def _mark(node: Node) -> str:
    if node.verdict is None or node.passed:
        return f"<span>{tick(node)}</span>"
    return f'<span class="{"yes" if node.verdict else "no"}">{tick(node)}</span>'
