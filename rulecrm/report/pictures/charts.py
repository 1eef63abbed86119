"""Charts of Altair, as marks in placeholder colours.

In: charts. Out: `Drawn`.
Invariant: no request is made, no clock is read; what a mark says when it is pointed at is its `description`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast
from xml.etree import ElementTree as ET

from rulecrm.insight.figure import Language
from rulecrm.report.palette import CATEGORIES, placeholder
from rulecrm.report.pictures.picture import FONT, Drawn, lacking

if TYPE_CHECKING:
    import altair as alt

__all__ = ["WIDTH", "colours", "drawn", "fitted", "layered", "library", "money_axis", "percent_axis"]

WIDTH = 640
_SVG = "http://www.w3.org/2000/svg"
_KEPT = frozenset(
    {
        "d", "transform", "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray",
        "opacity", "text-anchor", "font-size", "font-weight", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "cx",
        "cy", "r", "rx", "points", "clip-path", "id",
    }
)  # fmt: skip
_NOTHING = frozenset({"", "M0,0h0v0h0Z"})
_NUMBER = re.compile(r"-?\d+\.\d{3,}")


def library() -> None:
    """See that Altair and its converter are there.

    Raises:
        RulesError: R870 one of them is not installed.
    """
    for module, package in (("altair", "altair"), ("vl_convert", "vl-convert-python")):
        try:
            __import__(module)
        except ImportError as error:
            raise lacking(package) from error


def colours(count: int) -> list[str]:
    """So many colours of categories."""
    return [placeholder(CATEGORIES[number % len(CATEGORIES)]) for number in range(count)]


def percent_axis(title: str | None = None, *, grid: bool = True) -> alt.Axis:
    """An axis of shares."""
    import altair as alt

    return alt.Axis(format=".1~%", title=title, tickCount=6, grid=grid)


def money_axis(language: Language, title: str | None = None) -> alt.Axis:
    """An axis of amounts or counts, in thousands and millions; in Chinese in 万 and 亿."""
    import altair as alt

    chinese = (
        "abs(datum.value) >= 1e8 ? format(datum.value / 1e8, ',.2~f') + '亿' : "
        "abs(datum.value) >= 1e4 ? format(datum.value / 1e4, ',.2~f') + '万' : format(datum.value, ',.6~g')"
    )
    english = (
        "abs(datum.value) >= 1e6 ? format(datum.value / 1e6, ',.2~f') + ' M' : "
        "abs(datum.value) >= 1e4 ? format(datum.value / 1e3, ',.2~f') + ' k' : format(datum.value, ',.6~g')"
    )
    return alt.Axis(labelExpr=chinese if language == "zh" else english, title=title, tickCount=6)


def fitted(layers: Sequence[alt.Chart], height: int) -> alt.LayerChart:
    """Layers above each other, `WIDTH` wide with all their labels; `height` is that of the marks."""
    import altair as alt

    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    return layered(layers).properties(width=WIDTH, height=height, autosize=fit)


def layered(layers: Sequence[alt.Chart]) -> alt.LayerChart:
    """Layers above each other."""
    import altair as alt

    return alt.LayerChart(layer=list(layers))


def drawn(chart: alt.TopLevelMixin, language: Language, *, note: str | None = None) -> Drawn:
    """The marks of a chart."""
    import vl_convert

    spec = cast("alt.Chart", _styled(chart)).to_dict()
    text = vl_convert.vegalite_to_svg(
        spec, time_format_locale="zh-CN" if language == "zh" else "en-GB", allowed_base_urls=[]
    )
    assert isinstance(text, str)
    return _cleaned(text, note)


def _styled(chart: alt.TopLevelMixin) -> object:
    ink, dim, line = (placeholder(role) for role in ("ink", "dim", "line"))
    whole = cast("alt.Chart", chart)
    return (
        whole.properties(background="transparent", padding={"left": 26, "right": 14, "top": 8, "bottom": 8})
        .configure(font=FONT, axis={"labelFontSize": 12, "titleFontSize": 12})
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=dim, titleColor=dim, titleFontWeight="normal", gridColor=line, domain=False, tickColor=line,
            labelLimit=300, labelFontSize=12, titleFontSize=12, titlePadding=16, ticks=False, labelPadding=6,
        )
        .configure_legend(
            labelColor=ink, titleColor=dim, orient="top", labelFontSize=12, title=None, symbolSize=120, labelLimit=260,
        )
        .configure_header(labelColor=ink, titleColor=dim, labelFontSize=13, labelFontWeight="bold", titleFontSize=12)
        .configure_title(color=ink, fontSize=13, anchor="start", fontWeight="bold", offset=6)
        .configure_text(color=ink, fontSize=12)
        .configure_mark(color=placeholder("accent"))
    )  # fmt: skip


def _cleaned(text: str, note: str | None) -> Drawn:
    """Marks without what only the library needs; what is said of a mark becomes its tooltip."""
    root = ET.fromstring(text)  # noqa: S314 - the converter's own text
    width, height = round(float(root.get("width", "0"))), round(float(root.get("height", "0")))
    _clean(root)
    return Drawn(_numbered("".join(_written(child) for child in root)), width, height, note)


def _numbered(marks: str) -> str:
    """Ids counted from nought: the library counts on from picture to picture."""
    found = list(dict.fromkeys(re.findall(r'\bid="([^"]+)"', marks)))
    for place, name in enumerate(found):
        marks = re.sub(rf'(\bid="|url\(#){re.escape(name)}(["\)])', rf"\g<1>i{place}\g<2>", marks)
    return marks


def _clean(node: ET.Element) -> None:
    for child in list(node):
        _clean(child)
        shape = child.tag.rpartition("}")[2]
        idle = shape == "path" and child.get("d") in _NOTHING
        hollow = shape == "g" and not len(child)
        ground = shape in ("path", "rect") and child.get("fill") == "transparent" and child.get("stroke") is None
        if idle or hollow or ground or child.get("display") == "none":
            node.remove(child)
            continue
        said = child.get("aria-label")
        whose = child.get("role") == "graphics-symbol" and shape in ("path", "text", "line", "rect", "image")
        for name in [name for name in child.attrib if name not in _KEPT]:
            del child.attrib[name]
        if child.get("opacity") == "1":
            del child.attrib["opacity"]
        if child.get("transform") in ("translate(0,0)", "translate(0.5,0.5)"):
            del child.attrib["transform"]
        for name in ("d", "transform"):
            if name in child.attrib:
                child.set(name, _NUMBER.sub(lambda found: f"{float(found[0]):.2f}", child.attrib[name]))
        if shape == "g" and not child.attrib and len(child) == 1 and not (child.text or "").strip():
            _instead(node, child)
        if said and whose:
            title = ET.Element(f"{{{_SVG}}}title")
            title.text = said
            child.insert(0, title)
            title.tail, child.text = child.text, None


def _instead(node: ET.Element, child: ET.Element) -> None:
    """The only child of a bare group takes its place."""
    place = list(node).index(child)
    node.remove(child)
    node.insert(place, child[0])


def _written(node: ET.Element) -> str:
    text = ET.tostring(node, encoding="unicode")
    return re.sub(r"\bns\d+:|\s*xmlns:?\w*=\"[^\"]*\"", "", text)
