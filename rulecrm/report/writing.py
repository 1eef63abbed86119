"""`write_report`: insights of a shop as one page, and its pictures as files.

In: a shop, a path. Out: a file of HTML, perhaps a folder of pictures.
Invariant: the same shop gives the same file, byte for byte; it opens from disk and asks for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from rulecrm.diagnostics.model import Diagnostic, RulesError
from rulecrm.insight import Figure, Language, Shop, Words
from rulecrm.insight.asking import Length, duration_of, known
from rulecrm.report import numbers
from rulecrm.report.page import Page, Pictures, page_of, pictures_of
from rulecrm.report.pictures.charts import library
from rulecrm.report.sections import Asked, Section, sections_of
from rulecrm.report.sources import Sources

__all__ = ["report_of", "write_report"]

_LANGUAGES: tuple[Language, ...] = ("en", "zh")
Told = Callable[[int, int, str], None]


def write_report(
    shop: Shop,
    path: str | Path,
    *,
    language: Language = "en",
    campaigns: Sequence[str] | None = None,
    since: Length = "3mo",
    figures: Sequence[Figure] = (),
    pictures: str | Path | None = None,
    progress: Told | None = None,
) -> Path:
    """Write the report of a shop.

    Args:
        shop: rules, facts, T; with an engine, campaigns are looked at.
        path: of the page, `monday.html`; a file that is there is replaced.
        language: that the page shows first; it holds both.
        campaigns: names of campaigns; every one of the rules where it is left out.
        since: migrations are shown from T less this to T.
        figures: further figures, shown after the KPIs (weekly targets, costs that only the host knows).
        pictures: a folder to which every picture is written as SVG and PNG in the language.
        progress: told how far the work has come.

    Returns:
        The path.

    Raises:
        RulesError: R120 no campaign or language has the name; R800 no length of time; R870 the extra `rulecrm[report]`
            is not installed; what is wrong with the facts where nothing can be said of them at all.
        OSError: the file cannot be written.
    """
    target = Path(path)
    text, drawn = _made(shop, language, campaigns, since=since, figures=figures, progress=progress)
    target.write_text(text, encoding="utf-8")
    if pictures is not None:
        _write_pictures(Path(pictures), drawn, language)
    return target


def report_of(
    shop: Shop, *, language: Language = "en", campaigns: Sequence[str] | None = None, since: Length = "3mo"
) -> str:
    """The text of the page; see `write_report`."""
    return _made(shop, language, campaigns, since=since)[0]


def _made(
    shop: Shop,
    language: Language,
    campaigns: Sequence[str] | None,
    *,
    since: Length,
    figures: Sequence[Figure] = (),
    progress: Told | None = None,
) -> tuple[str, list[Pictures]]:
    known(language, _LANGUAGES, "language")
    library()
    journeys = [one.symbol for one in shop.rules.program.journeys]
    for name in campaigns or ():
        known(name, journeys, "campaign")
    if campaigns and shop.engine is None:
        raise RulesError(
            [
                Diagnostic(
                    "R871",
                    "campaigns are asked for, and there is no ledger that says what was sent",
                    help="write `Shop.of(rules, facts, as_of=…, engine=engine)`, or `--state URL`",
                )
            ]
        )
    asked = Asked(None if campaigns is None else tuple(campaigns), duration_of(since), tuple(figures))
    if campaigns is None and shop.engine is None:
        asked = Asked((), duration_of(since), tuple(figures))
    sections = sections_of(shop, asked, told=progress)
    drawn = {
        (place, number): pictures_of(shop, item.figure)
        for place, section in enumerate(sections)
        for number, item in enumerate(section.items)
        if item.figure is not None
    }
    local = shop.as_of.astimezone(ZoneInfo(shop.zone))
    when = Words(*(f"{numbers.day(local.date(), one)} {local:%H:%M}" for one in _LANGUAGES))
    sources = Sources(_shown(shop, sections))
    title = f"{shop.zone} · {shop.currency}"
    text = page_of(Page(title, when, sections, drawn, sources, shop.zone, language))
    return text, [one for one in drawn.values() if one]


def _shown(shop: Shop, sections: Sequence[Section]) -> dict[str, str]:
    """Texts of the shop's own files, and of those shipped that made a figure."""
    used = {
        origin.span.source
        for section in sections
        for item in section.items
        if item.figure is not None
        for origin in item.figure.origins
    }
    texts = shop.rules.program.sources
    return {name: text for name, text in texts.items() if name in used or not name.startswith("std/")}


def _write_pictures(folder: Path, drawn: Sequence[Pictures], language: Language) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    seen: dict[str, int] = {}
    for pictures in drawn:
        made = pictures[language]
        seen[made.name] = number = seen.get(made.name, 0) + 1
        stem = made.name if number == 1 else f"{made.name}-{number}"
        (folder / f"{stem}.svg").write_text(made.svg, encoding="utf-8")
        (folder / f"{stem}.png").write_bytes(made.png)
