"""Where boxes stand and how arrows run: layers from top to bottom.

In: a `Diagram`. Out: places of boxes, paths of arrows, places of their labels, the size of the whole.
Invariant: no two boxes overlap; the same diagram is laid out the same each time.
"""

from __future__ import annotations

from itertools import pairwise

from attrs import frozen

from rulecrm.draw.diagram import Arrow, Box, Diagram, cut

__all__ = ["HEIGHT", "LINE", "Layout", "Path", "Place", "lay_out"]

HEIGHT = 52
LINE = 15
_GAP_X, _GAP_Y = 70, 46
_MARGIN = 28
_LETTER = 7.2
"""Pixels of a letter at 13 px, about; Chinese letters count twice."""


@frozen
class Place:
    """The middle of a box, and its width."""

    x: float
    y: float
    width: float


@frozen
class Path:
    """A cubic curve through four points, and the middle of its label."""

    points: tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
    label: tuple[float, float]


@frozen
class Layout:
    """The whole: sizes in pixels."""

    width: float
    height: float
    places: tuple[Place, ...]
    paths: tuple[Path, ...]
    inlets: tuple[tuple[float, float], ...]
    """Where the arrow of each inlet ends: at the right side of its box."""


def lay_out(diagram: Diagram) -> Layout:
    """Boxes in layers by how many moves they are away from the start, arrows as curves between them."""
    layers = list(range(len(diagram.boxes))) if diagram.column else _layers(diagram)
    rows = _rows(diagram, layers)
    gaps = _gaps(diagram, layers, len(rows))
    widths = [_width(box) for box in diagram.boxes]
    spans = [sum(widths[one] for one in row) + _GAP_X * (len(row) - 1) for row in rows]
    middle = max(spans) / 2
    places: dict[int, Place] = {}
    y = _MARGIN + 30 + HEIGHT / 2
    for number, row in enumerate(rows):
        x = middle - spans[number] / 2
        for one in row:
            places[one] = Place(x + widths[one] / 2, y, widths[one])
            x += widths[one] + _GAP_X
        y += HEIGHT + gaps[number]
    paths = _paths(diagram, layers, places)
    inlets = _inlets(diagram, places)
    left, right = _extent(diagram, places, paths)
    for (x, _), inlet in zip(inlets, diagram.inlets, strict=True):
        right = max(right, x + INLET + text_width(inlet_words(inlet.label, len(inlet.sources))) * 0.93)
    shift = _MARGIN - left
    moved = tuple(Place(places[one].x + shift, places[one].y, places[one].width) for one in range(len(diagram.boxes)))
    height = max(place.y for place in moved) + HEIGHT / 2 + _MARGIN
    return Layout(
        max(right - left, 8.6 * len(diagram.title)) + 2 * _MARGIN,
        height,
        moved,
        tuple(_shifted(path, shift) for path in paths),
        tuple((x + shift, y) for x, y in inlets),
    )


INLET = 34
"""How long the arrow of an inlet is."""


def inlet_words(label: str, sources: int) -> str:
    """What an inlet says."""
    return cut(f"{label}, from {sources} states")


def _inlets(diagram: Diagram, places: dict[int, Place]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for number, inlet in enumerate(diagram.inlets):
        place = places[inlet.target]
        before = sum(other.target == inlet.target for other in diagram.inlets[:number])
        found.append((place.x + place.width / 2, place.y - HEIGHT / 2 + 10 + 16 * before))
    return found


def text_width(text: str) -> float:
    """About how wide a text is, at 13 px."""
    return sum(_LETTER * (2 if ord(letter) > 0x2E7F else 1) for letter in text)


def _width(box: Box) -> float:
    texts = [box.name + ("" if box.count is None else f"   {box.count:,}"), cut(box.title or "")]
    return max(96, max(map(text_width, texts)) + 40)


def _layers(diagram: Diagram) -> list[int]:
    """The length of the shortest way from the start; what no way leads to comes last."""
    start = next((number for number, box in enumerate(diagram.boxes) if box.start), 0)
    layer = {start: 0}
    frontier = [start]
    while frontier:
        reached = [arrow.target for one in frontier for arrow in diagram.arrows if arrow.source == one]
        fresh = [one for one in dict.fromkeys(reached) if one not in layer]
        depth = 1 + max((layer[one] for one in frontier), default=0)
        layer.update(dict.fromkeys(fresh, depth))
        frontier = fresh
    last = 1 + max(layer.values())
    return [layer.get(number, last) for number in range(len(diagram.boxes))]


def _rows(diagram: Diagram, layers: list[int]) -> list[list[int]]:
    """Boxes by layer, each near the middle of what leads to it."""
    rows: list[list[int]] = [[] for _ in range(max(layers) + 1)]
    for number, layer in enumerate(layers):
        rows[layer].append(number)
    rows = [row for row in rows if row]
    for above, row in pairwise(rows):
        rank = {one: place - (len(above) - 1) / 2 for place, one in enumerate(above)}

        def pull(one: int, rank: dict[int, float] = rank) -> float:
            pulls = [rank[arrow.source] for arrow in diagram.arrows if arrow.target == one and arrow.source in rank]
            return sum(pulls) / len(pulls) if pulls else 0

        row.sort(key=pull)
    return rows


def _gaps(diagram: Diagram, layers: list[int], count: int) -> list[float]:
    """Room beneath each row for the labels of the arrows that cross it."""
    most = [0] * count
    for arrow in diagram.arrows:
        if layers[arrow.target] == layers[arrow.source] + 1:
            most[layers[arrow.source]] = max(most[layers[arrow.source]], len(arrow.labels) + (arrow.count is not None))
    return [_GAP_Y + LINE * lines for lines in most]


def _paths(diagram: Diagram, layers: list[int], places: dict[int, Place]) -> list[Path]:
    edges = (
        min(place.x - place.width / 2 for place in places.values()),
        max(place.x + place.width / 2 for place in places.values()),
    )
    if diagram.inlets:
        words = max(text_width(inlet_words(inlet.label, len(inlet.sources))) for inlet in diagram.inlets)
        edges = edges[0], edges[1] + INLET + words * 0.93
    lanes = _lanes(diagram, layers)
    taken = [
        (one.x - one.width / 2, one.y - HEIGHT / 2, one.x + one.width / 2, one.y + HEIGHT / 2)
        for one in places.values()
    ]
    wide = {
        side: max(
            (_label_width(diagram.arrows[one]) for one in lanes if _side(diagram.arrows[one], layers) == side),
            default=0,
        )
        for side in ("left", "right")
    }
    paths = []
    for number, arrow in enumerate(diagram.arrows):
        here, there = places[arrow.source], places[arrow.target]
        step = layers[arrow.target] - layers[arrow.source]
        if step == 1:
            path = _down(here, there)
        elif step == 0:
            path = _across(here, there)
        else:
            side = _side(arrow, layers)
            path = _around(here, there, side, edges, max(50, wide[side] * 0.6) + 64 * lanes[number])
        paths.append(_placed(path, arrow, taken))
    return paths


def _side(arrow: Arrow, layers: list[int]) -> str:
    """Ways down run on the left, ways back on the right."""
    return "left" if layers[arrow.target] > layers[arrow.source] else "right"


def _label_width(arrow: Arrow) -> float:
    return max((text_width(cut(label)) * 0.93 for label in arrow.labels), default=0)


def _lanes(diagram: Diagram, layers: list[int]) -> dict[int, int]:
    """How far out each arrow runs that goes around: short ones near, and none on top of another."""
    lanes: dict[int, int] = {}
    used: dict[str, list[list[tuple[int, int]]]] = {"left": [], "right": []}

    def reach(number: int) -> int:
        arrow = diagram.arrows[number]
        return abs(layers[arrow.target] - layers[arrow.source])

    for number in sorted(range(len(diagram.arrows)), key=reach):
        arrow = diagram.arrows[number]
        step = layers[arrow.target] - layers[arrow.source]
        if step in (0, 1):
            continue
        low, high = sorted((layers[arrow.source], layers[arrow.target]))
        side = used[_side(arrow, layers)]
        lane = next(
            (at for at, spans in enumerate(side) if not any(low < b and a < high for a, b in spans)), len(side)
        )  # fmt: skip
        if lane == len(side):
            side.append([])
        side[lane].append((low, high))
        lanes[number] = lane
    return lanes


def _down(here: Place, there: Place) -> Path:
    lean = max(-0.3, min(0.3, (there.x - here.x) / 600))
    start = (here.x + lean * here.width, here.y + HEIGHT / 2)
    end = (there.x - lean * there.width, there.y - HEIGHT / 2)
    bend = (end[1] - start[1]) * 0.5
    return _path(start, (start[0], start[1] + bend), (end[0], end[1] - bend), end)


def _across(here: Place, there: Place) -> Path:
    if here is there:
        right = here.x + here.width / 2
        return _path((right, here.y - 8), (right + 50, here.y - 26), (right + 50, here.y + 26), (right, here.y + 8))
    sign = 1 if there.x > here.x else -1
    # There and back run apart from one another.
    start = (here.x + sign * here.width / 2, here.y - sign * 9)
    end = (there.x - sign * there.width / 2, there.y - sign * 9)
    bend = sign * max(24.0, abs(end[0] - start[0]) * 0.4)
    lift = -sign * (14 if abs(end[0] - start[0]) <= 2 * _GAP_X else 70)
    return _path(start, (start[0] + bend, start[1] + lift), (end[0] - bend, end[1] + lift), end)


def _around(here: Place, there: Place, side: str, edges: tuple[float, float], out: float) -> Path:
    sign = 1 if side == "right" else -1
    far = (edges[1] if sign > 0 else edges[0]) + sign * out
    start = (here.x + sign * here.width / 2, here.y + 6)
    end = (there.x + sign * there.width / 2, there.y - 6 if there.y < here.y else there.y + 6)
    return _path(start, (far, start[1]), (far, end[1]), end)


def _path(
    one: tuple[float, float], two: tuple[float, float], three: tuple[float, float], four: tuple[float, float]
) -> Path:
    x = (one[0] + 3 * two[0] + 3 * three[0] + four[0]) / 8
    y = (one[1] + 3 * two[1] + 3 * three[1] + four[1]) / 8
    return Path((one, two, three, four), (x, y))


def _placed(path: Path, arrow: Arrow, taken: list[tuple[float, float, float, float]]) -> Path:
    """The label slid along the curve to where no other is."""
    lines = [*map(cut, arrow.labels), *([] if arrow.count is None else [f"{arrow.count:,}"])]
    if not lines:
        return path
    width, height = max(map(text_width, lines)) * 0.93, LINE * len(lines)
    for share in (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82):
        x, y = _on(path, share)
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        if not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
            break
    else:
        x, y = path.label
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    taken.append(box)
    return Path(path.points, (x, y))


def _on(path: Path, share: float) -> tuple[float, float]:
    a, b, c, d = path.points
    rest = 1 - share
    weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
    x, y = (sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1))
    return x, y


def _extent(diagram: Diagram, places: dict[int, Place], paths: list[Path]) -> tuple[float, float]:
    lefts = [place.x - place.width / 2 for place in places.values()]
    rights = [place.x + place.width / 2 for place in places.values()]
    for path, arrow in zip(paths, diagram.arrows, strict=True):
        half = max((text_width(cut(label)) * 0.93 / 2 for label in arrow.labels), default=0)
        lefts += [path.label[0] - half, *(_on(path, share)[0] for share in (0.25, 0.5, 0.75))]
        rights += [path.label[0] + half, *(_on(path, share)[0] for share in (0.25, 0.5, 0.75))]
    return min(lefts), max(rights)


def _shifted(path: Path, by: float) -> Path:
    one, two, three, four = ((x + by, y) for x, y in path.points)
    return Path((one, two, three, four), (path.label[0] + by, path.label[1]))
