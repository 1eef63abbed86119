"""A diagram as an SVG picture.

In: a `Diagram`. Out: the text of a file that any browser shows, in light and dark.
Invariant: the text is the same, byte for byte, for the same diagram; it loads nothing.
"""

from __future__ import annotations

from html import escape

from rulecrm.draw.diagram import Arrow, Box, Diagram, Inlet, cut
from rulecrm.draw.layout import HEIGHT, INLET, LINE, Path, Place, inlet_words, lay_out

__all__ = ["to_svg"]

_STYLE = """
.back { fill: #ffffff } .box { fill: #eef4fb; stroke: #3b6ea5; stroke-width: 1.4 }
.wait { fill: #fff6e0; stroke: #b98a1d } .act { fill: #e9f6ec; stroke: #3d8a53 }
.choice { fill: #f4eefb; stroke: #7b57a8 } .end { fill: #f1f1f1; stroke: #8a8a8a } .start { stroke-width: 2.6 }
.name { fill: #14212e; font-weight: 600 } .title { fill: #526171; font-size: 11.5px }
.count { fill: #3b6ea5; font-weight: 600 } .path { fill: none; stroke: #8794a1; stroke-width: 1.3 }
.head { fill: #8794a1 } .label { fill: #36424e; font-size: 11px } .halo { fill: #ffffff; fill-opacity: .86 }
@media (prefers-color-scheme: dark) {
.back, .halo { fill: #14181d } .box { fill: #1c2b3a } .wait { fill: #332b16 } .act { fill: #18301f }
.choice { fill: #2a2036 } .end { fill: #24282d } .name { fill: #eef3f8 } .title, .label { fill: #b7c2cd }
.count { fill: #8fbcec } }
"""
_FONT = 'role="img" font-family="system-ui, sans-serif" font-size="13"'
_HEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path class="head" d="M0 0L8 4L0 8z"/></marker></defs>'
)


def to_svg(diagram: Diagram) -> str:
    """The picture."""
    layout = lay_out(diagram)
    width, height = round(layout.width), round(layout.height)
    size = f'width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size} {_FONT}>',
        f"<title>{escape(diagram.title)}</title>",
        f"<style>{_STYLE}</style>",
        _HEAD,
        f'<rect class="back" width="{width}" height="{height}"/>',
        f'<text class="name" x="28" y="30" font-size="17">{escape(diagram.title)}</text>',
        *(_line(path) for path in layout.paths),
        *(_box(box, place) for box, place in zip(diagram.boxes, layout.places, strict=True)),
        *(_label(arrow, path) for arrow, path in zip(diagram.arrows, layout.paths, strict=True)),
        *(_inlet(inlet, end) for inlet, end in zip(diagram.inlets, layout.inlets, strict=True)),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _line(path: Path) -> str:
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = path.points
    curve = f"M{x1:.1f} {y1:.1f}C{x2:.1f} {y2:.1f} {x3:.1f} {y3:.1f} {x4:.1f} {y4:.1f}"
    return f'<path class="path" d="{curve}" marker-end="url(#head)"/>'


def _box(box: Box, place: Place) -> str:
    left, top = place.x - place.width / 2, place.y - HEIGHT / 2
    kind = {"state": "", "wait": " wait", "act": " act", "choice": " choice", "end": " end"}[box.shape]
    round_ = 6 if box.shape == "act" else HEIGHT / 2 if box.shape == "end" else 13
    words = f"{box.name} · {box.title}" if box.title else box.name
    classes = f'class="box{kind}{" start" if box.start else ""}"'
    area = f'x="{left:.1f}" y="{top:.1f}" width="{place.width:.1f}" height="{HEIGHT}"'
    parts = [f"<g><title>{escape(words)}</title>", f'<rect {classes} {area} rx="{round_:g}"/>']
    up = 4 if box.title is None else -3
    name = f'<tspan class="name">{escape(box.name)}</tspan>'
    if box.count is not None:
        name += f'<tspan class="count" dx="8">{box.count:,}</tspan>'
    parts.append(f'<text x="{place.x:.1f}" y="{place.y + up:.1f}" text-anchor="middle">{name}</text>')
    if box.title is not None:
        parts.append(
            f'<text class="title" x="{place.x:.1f}" y="{place.y + 15:.1f}" text-anchor="middle">'
            f"{escape(cut(box.title))}</text>"
        )
    return "".join([*parts, "</g>"])


def _label(arrow: Arrow, path: Path) -> str:
    lines = [cut(label) for label in arrow.labels]
    if arrow.count is not None:
        lines.append(f"{arrow.count:,}")
    if not lines:
        return ""
    x, y = path.label
    top = y - LINE * (len(lines) - 1) / 2 + 4
    wide = max(len(line) for line in lines) * 6.1
    texts = "".join(
        f'<text class="{"count" if arrow.count is not None and number == len(lines) - 1 else "label"}" '
        f'x="{x:.1f}" y="{top + LINE * number:.1f}" text-anchor="middle">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    halo = (
        f'<rect class="halo" x="{x - wide / 2:.1f}" y="{top - 12:.1f}" width="{wide:.1f}" '
        f'height="{LINE * len(lines) + 1:.1f}" rx="3"/>'
    )
    return f"<g><title>{escape(' / '.join(arrow.labels))}</title>{halo}{texts}</g>"


def _inlet(inlet: Inlet, end: tuple[float, float]) -> str:
    x, y = end
    words = inlet_words(inlet.label, len(inlet.sources))
    if inlet.count is not None:
        words += f"  {inlet.count:,}"
    return (
        f"<g><title>{escape(inlet.label)}: {escape(', '.join(inlet.sources))}</title>"
        f'<path class="path" d="M{x + INLET:.1f} {y:.1f}H{x:.1f}" marker-end="url(#head)"/>'
        f'<text class="label" x="{x + INLET + 5:.1f}" y="{y + 4:.1f}">{escape(words)}</text></g>'
    )
