"""The page: sections of figures as one file of HTML.

In: sections, texts of rules. Out: HTML in both languages, of which one is shown.
Invariant: the page asks for nothing (its policy forbids it), runs no script but its own, and what came from rules,
facts or figures is escaped.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib import resources

from attrs import frozen

from rulecrm.insight import Figure, Language, Shop, Words
from rulecrm.report import numbers
from rulecrm.report.palette import variables
from rulecrm.report.pictures import Picture, picture
from rulecrm.report.pictures.own import diagram_drawn
from rulecrm.report.sections import Item, Section
from rulecrm.report.sources import Sources
from rulecrm.report.states import diagram_of
from rulecrm.report.tables import MOST, both, table
from rulecrm.report.wording import PAGE

__all__ = ["Page", "Pictures", "page_of", "pictures_of"]

Pictures = Mapping[Language, Picture]

_WIDE = frozenset({"kpi_values", "kpi_parts", "cohorts", "migration", "campaign_effect", "buying_times"})
_REMARKS = 3
"""Remarks beside a figure; further ones are folded."""
_BROAD = frozenset({"migration", "buying_times", "cohorts", "kpi_parts"})
_LANGUAGES: tuple[Language, ...] = ("en", "zh")


def pictures_of(shop: Shop | None, figure: Figure) -> Pictures:
    """The picture of a figure in each language; none where it has none."""
    if figure.name == "lifecycle" and shop is not None and figure.origins:
        made = diagram_drawn(diagram_of(shop, figure))
        return {
            language: Picture(figure.name, figure.title.of(language), figure.definition.of(language), made)
            for language in _LANGUAGES
        }
    found = {language: picture(figure, language=language) for language in _LANGUAGES}
    return {language: one for language, one in found.items() if one is not None}


@frozen(eq=False)
class Page:
    """What a page is made of.

    Attributes:
        title: beside the day.
        day: as of when, in words.
        sections: with their items.
        pictures: by place of section and item.
        sources: texts of the rules.
        zone: IANA name, of instants.
        language: that is shown first.
    """

    title: str
    day: Words
    sections: Sequence[Section]
    pictures: Mapping[tuple[int, int], Pictures]
    sources: Sources
    zone: str
    language: Language


def page_of(page: Page) -> str:
    """The text of the file."""
    style, script = _style(), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; "
        "form-action 'none'"
    )
    heading = f"{both(PAGE['title'])} {both(page.day)}"
    title = f"{PAGE['title'].of(page.language)} {page.day.of(page.language)}"
    body = "".join(_section(page, place) for place in range(len(page.sections)))
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-CN" if page.language == "zh" else "en"}" data-show="{page.language}">\n'
        '<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#main">{both(PAGE["contents"])}</a>\n'
        f'<header><h1>{heading}</h1><p class="lead">{escape(page.title)}</p>{_switches(page.language)}{_nav(page)}'
        f'</header>\n<main id="main">\n{body}{_rules(page.sources)}</main>\n'
        f"<footer>{both(PAGE['sort'])}</footer>\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _asset(name: str) -> str:
    return resources.files("rulecrm.report").joinpath(name).read_text("utf-8")


def _style() -> str:
    light = f"color-scheme:light;--ground:#f4f6f8;{variables(dark=False)}"
    dark = f"color-scheme:dark;--ground:#0d1115;{variables(dark=True)}"
    return (
        f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        f"@media screen{{:root[data-theme=light]{{{light}}}:root[data-theme=dark]{{{dark}}}}}\n{_asset('page.css')}"
    )


def _hash(text: str) -> str:
    """As a policy names an inline part (CSP Level 3, §6.7.3.3)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _switches(language: Language) -> str:
    chosen = {"en": "", "zh": ""} | {language: " selected"}
    return (
        f'<div class="switches" hidden><label>{both(PAGE["language"])} <select id="language">'
        f'<option value="en"{chosen["en"]}>English</option><option value="zh"{chosen["zh"]}>中文</option></select>'
        f'</label><label>{both(PAGE["appearance"])} <select id="appearance">'
        + "".join(
            f'<option value="{one}">{escape(PAGE[one].en)} · {escape(PAGE[one].zh)}</option>'
            for one in ("system", "light", "dark")
        )
        + "</select></label></div>"
    )


def _nav(page: Page) -> str:
    links = "".join(f'<li><a href="#{one.key}">{both(one.title)}</a></li>' for one in page.sections)
    links += f'<li><a href="#rules">{both(PAGE["rules"])}</a></li>' if page.sources.texts else ""
    return f'<nav aria-labelledby="contents"><b id="contents">{both(PAGE["contents"])}</b><ol>{links}</ol></nav>'


def _rules(sources: Sources) -> str:
    if not sources.texts:
        return ""
    lead = f'<p class="lead">{both(PAGE["rules_lead"])}</p>'
    return f'<section><h2 id="rules">{both(PAGE["rules"])}</h2>{lead}{sources.html()}</section>\n'


def _section(page: Page, place: int) -> str:
    section = page.sections[place]
    cards = "".join(_card(page, place, number, item) for number, item in enumerate(section.items))
    return f'<section><h2 id="{section.key}">{both(section.title)}</h2><div class="cards">{cards}</div></section>\n'


def _card(page: Page, place: int, number: int, item: Item) -> str:
    key = f"f{place}-{number}"
    figure = item.figure
    if figure is None:
        reasons = "".join(f"<li>{escape(one)}</li>" for one in item.reasons)
        head = f'<div class="top"><h3 id="{key}">{both(item.title)}</h3></div>'
        said = f'<p class="note">{both(PAGE["impossible"])}</p><ul class="remarks">{reasons}</ul>'
        return f'<article class="card" aria-labelledby="{key}">{head}{said}</article>'
    drawn = page.pictures.get((place, number), {})
    wide = " wide" if figure.name in _WIDE and drawn else ""
    parts = "".join(
        (
            _head(figure, key),
            _tiles(figure),
            _remarks(figure),
            _pictures(figure, drawn, key),
            _numbers(figure, page.zone, key, unfolded=not drawn),
            _origins(figure, page.sources),
        )
    )
    return f'<article class="card{wide}" aria-labelledby="{key}">{parts}</article>\n'


def _head(figure: Figure, key: str) -> str:
    tip = f'<span class="tip" role="tooltip" id="{key}-tip">{both(figure.definition)}</span>'
    button = f'<button type="button" aria-describedby="{key}-tip">{both(PAGE["definition"])}</button>'
    return f'<div class="top"><h3 id="{key}">{both(figure.title)}</h3><span class="define">{button}{tip}</span></div>'


def _remarks(figure: Figure) -> str:
    if not figure.remarks:
        return ""
    lines = [f"<li>{both(one.words)} <code>{escape(one.code)}</code></li>" for one in figure.remarks]
    seen = f'<ul class="remarks">{"".join(lines[:_REMARKS])}</ul>'
    if len(lines) <= _REMARKS:
        return seen
    further = Words(*(PAGE["further"].of(one).format(count=len(lines) - _REMARKS) for one in _LANGUAGES))
    folded = f'<ul class="remarks">{"".join(lines[_REMARKS:])}</ul>'
    return f"{seen}<details><summary>{both(further)}</summary>{folded}</details>"


def _tiles(figure: Figure) -> str:
    """The last period of each KPI that is over, large, and beside it what the running one has come to."""
    if figure.name != "kpi_values" or figure.frame.is_empty():
        return ""
    over: dict[str, Mapping[str, object]] = {}
    running: dict[str, Mapping[str, object]] = {}
    for row in figure.frame.sort("start").iter_rows(named=True):
        (over if row.get("complete", True) else running)[str(row["kpi"])] = row
    tiles = "".join(f"<li>{_tile(over.get(kpi), running.get(kpi))}</li>" for kpi in dict.fromkeys([*over, *running]))
    return f'<ul class="tiles">{tiles}</ul>'


def _tile(over: Mapping[str, object] | None, running: Mapping[str, object] | None) -> str:
    row = over or running
    assert row is not None
    parts = [escape(str(row.get("title") or row["kpi"]))]
    if over is not None:
        parts += [f"<b>{_value(over)}</b>", _moved(over), f"<small>{_since(over)}</small>"]
    if running is not None and running["value"] is not None:
        said = Words(*(PAGE["so_far"].of(one).format(value=_value(running)) for one in _LANGUAGES))
        parts.append(f"<small>{both(said)}</small>")
    if (over or {}).get("alert") or (running or {}).get("alert"):
        parts.append(f" ⚠ {both(PAGE['alert'])}")
    return "".join(parts)


def _value(row: Mapping[str, object]) -> str:
    value = row["value"]
    assert isinstance(value, float | None)
    return numbers.MISSING if value is None else numbers.number(value)


def _since(row: Mapping[str, object]) -> str:
    start = row["start"]
    assert isinstance(start, dt.date)
    return both(Words(*(PAGE["from"].of(one).format(day=numbers.day(start, one)) for one in _LANGUAGES)))


def _moved(row: Mapping[str, object]) -> str:
    change = row["change"]
    if not isinstance(change, float):
        return ""
    role = "up" if change > 0 else "down" if change < 0 else "flat"
    mark = {"up": "▲ +", "down": "▼ ", "flat": ""}[role]
    return f'<span class="{role}">{mark}{numbers.percent(change)}</span>'


def _pictures(figure: Figure, drawn: Pictures, key: str) -> str:
    if not drawn:
        return ""
    shape = "broad" if figure.name in _BROAD else ""
    if any(one.drawn.height > one.drawn.width for one in drawn.values()):
        shape = "tall"
    if figure.name == "lifecycle":
        shape = "own"
    inside = "".join(
        f'<div lang="{language}">{one.inline(f"{key}-{language}")}</div>' for language, one in drawn.items()
    )
    label = f'<span id="{key}-pic" hidden>{both(PAGE["picture"])}</span>'
    box = f'<div class="picture {shape}" tabindex="0" role="group" aria-labelledby="{key}-pic {key}">{inside}</div>'
    note = next((one.drawn.note for one in drawn.values() if one.drawn.note), None)
    part = Words(*(PAGE["part"].of(language).format(note=note) for language in _LANGUAGES))
    return label + box + (f'<p class="note">{both(part)}</p>' if note else "")


def _numbers(figure: Figure, zone: str, key: str, *, unfolded: bool) -> str:
    if figure.frame.is_empty():
        return ""
    cut = ""
    if figure.frame.height > MOST:
        shown, everything = numbers.count(MOST), numbers.count(figure.frame.height)
        words = Words(*(PAGE["cut"].of(one).format(shown=shown, all=everything) for one in _LANGUAGES))
        cut = f'<p class="note">{both(words)}</p>'
    inside = table(figure, zone, f"{key}-table")
    box = f'<div class="scroll" tabindex="0" role="group" aria-labelledby="{key}-table">{inside}</div>'
    return f"<details{' open' if unfolded else ''}><summary>{both(PAGE['numbers'])}</summary>{cut}{box}</details>"


def _origins(figure: Figure, sources: Sources) -> str:
    links = "".join(_links(figure, sources))
    return f'<p class="origin">{both(PAGE["origin"])} {links}</p>' if links else ""


def _links(figure: Figure, sources: Sources) -> Iterator[str]:
    for place, origin in enumerate(figure.origins):
        anchor = sources.anchor(origin)
        if anchor is not None:
            where = f"{sources.name(origin)}:{sources.line(origin)}"
            comma = ", " if place else ""
            yield f'{comma}<a href="#{anchor}"><code>{escape(origin.name)}</code> ({escape(where)})</a>'
