"""A state graph as SVG: a column for each distance from the initial states, to be read from left to right like a run.

Arrows go from column to column only.  A step back, or within a column, is a line of text at the right of its state that
names the state to which it goes, and is a link to it: lines across the whole picture would hide what it is to show.
A step's words stand at its head, in a row of their own, so that no two of them are printed over each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from interlock.core.system import TransitionSystem
from interlock.engines.state_graph import Arrow, StateGraph
from interlock.render.facts import Names
from interlock.render.state_graph import Captions

_LINE = 13
"""Height of a line of text."""

_CHAR, _SMALL = 6.1, 5.5
"""Widths of a letter of the boxes' text and of the arrows'."""

_PAD, _GAP, _CURVE, _MARGIN = 6, 14, 70, 24
_SWEEPS = 12

_STYLE = """\
text { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 10px; fill: #1c2733; }
.number { font-weight: bold; } .step { font-size: 9px; fill: #41566b; } .wrong { fill: #c0202a; }
rect.state { fill: #f6f9fc; stroke: #8aa0b5; } rect.start { stroke: #1c2733; stroke-width: 2.5; }
rect.broken { fill: #fdecec; stroke: #c0202a; stroke-width: 2; }
path { fill: none; stroke: #a9b8c6; } path.way { stroke: #c0202a; stroke-width: 2; }
.head { fill: #7b8fa3; } .head.way { fill: #c0202a; }"""


@dataclass
class _Box:
    """A state on the page."""

    number: int
    text: list[str]
    wrong: list[str]
    entries: list[tuple[int, str, bool]] = field(default_factory=list[tuple[int, str, bool]])
    """Arrows that come in: the state before, its words, and whether it is on the way to what is wrong."""
    back: list[tuple[int, str, bool]] = field(default_factory=list[tuple[int, str, bool]])
    """Steps to states that are no farther away."""
    x: float = 0.0
    y: float = 0.0
    reach: float = 0.0
    """Where its column ends: arrows run straight so far, to pass by wider boxes."""

    @property
    def width(self) -> float:
        """Width of the box itself."""
        return 2 * _PAD + _CHAR * max(len(line) for line in (str(self.number), *self.text, *self.wrong))

    @property
    def height(self) -> float:
        """Height of the box, which has a row for each of its arrows."""
        rows = max(1 + len(self.text) + len(self.wrong), len(self.entries), len(self.back))
        return rows * _LINE + _PAD

    @property
    def left(self) -> float:
        """Room for the words of the arrows that come in."""
        return max((_SMALL * len(words) + 14 for _, words, _ in self.entries), default=0.0)

    @property
    def right(self) -> float:
        """Room for the steps back."""
        return max((_SMALL * len(f"{words} > {target}") + 10 for target, words, _ in self.back), default=0.0)

    @property
    def exit(self) -> float:
        """The height at which arrows leave: below what is written there."""
        return self.y + (self.height - _PAD / 2 if self.back else self.height / 2)

    def row(self, index: int) -> float:
        """The height at which an arrow comes in, or a step back is written."""
        return self.y + _PAD / 2 + (index + 0.5) * _LINE


def svg_of_graph(graph: StateGraph, system: TransitionSystem) -> str:
    """The graph as a document of its own."""
    captions = Captions(graph, Names(system))
    boxes = _boxes(captions)
    columns = _columns(graph, boxes)
    width, height = _place(columns, boxes)
    body = [line for box in boxes for line in _arrows_into(box, boxes)]
    body += [line for box in boxes for line in _drawn(box, captions)]
    title = f"{system.name}: {len(graph.nodes)} states, {len(graph.arrows)} steps"
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            '<rect width="100%" height="100%" fill="white"/>',
            *body,
            "</svg>",
            "",
        ]
    )


def _boxes(captions: Captions) -> list[_Box]:
    """Every state with its words, and the steps into it and back from it."""
    nodes = captions.graph.nodes
    boxes = [_Box(n, captions.state(n), [f"breaks {name}" for name in node.breaks]) for n, node in enumerate(nodes)]
    way = captions.to_violation()
    for (source, target), arrows in captions.pairs().items():
        for words, wrong in _words(captions, arrows):
            if nodes[target].depth > nodes[source].depth:
                boxes[target].entries.append((source, words, wrong or (source, target) in way))
            else:
                boxes[source].back.append((target, words, wrong or (source, target) in way))
    return boxes


def _words(captions: Captions, arrows: Sequence[Arrow]) -> list[tuple[str, bool]]:
    """A line for each step between two states that reads differently, and whether it is wrong."""
    found: dict[str, bool] = {}
    for arrow in arrows:
        words = " ".join([captions.step(arrow), *(f"breaks {name}" for name in arrow.breaks)])
        found[words] = found.get(words, False) or bool(arrow.breaks)
    return list(found.items())


def _columns(graph: StateGraph, boxes: Sequence[_Box]) -> list[list[_Box]]:
    """Boxes by distance, in an order with few crossings: each near those that it is joined to (barycenters)."""
    columns: list[list[_Box]] = [[] for _ in range(max(node.depth for node in graph.nodes) + 1)]
    for node, box in zip(graph.nodes, boxes, strict=True):
        columns[node.depth].append(box)
    followers: dict[int, list[int]] = {box.number: [] for box in boxes}
    for box in boxes:
        for source, _, _ in box.entries:
            followers[source].append(box.number)
    place = {box.number: float(n) for column in columns for n, box in enumerate(column)}

    def sort(column: list[_Box], joined: Mapping[int, Sequence[int]]) -> None:
        def wish(box: _Box) -> float:
            near = [place[n] for n in joined[box.number]]
            return sum(near) / len(near) if near else place[box.number]

        column.sort(key=wish)
        place.update({box.number: n / max(1, len(column)) * 100 for n, box in enumerate(column)})

    before = {box.number: [source for source, _, _ in box.entries] for box in boxes}
    for sweep in range(_SWEEPS):
        if sweep % 2 == 0:
            for column in columns:
                sort(column, before)
        else:
            for column in reversed(columns):
                sort(column, followers)
    return columns


def _place(columns: Sequence[Sequence[_Box]], boxes: Sequence[_Box]) -> tuple[float, float]:
    """Give every box its place; the size of the page."""
    x = float(_MARGIN)
    for column in columns:
        x += max(box.left for box in column) + (_CURVE if column is not columns[0] else 0)
        y = -1e9
        for box in column:
            sources = [boxes[source].exit for source, _, _ in box.entries]
            wish = sum(sources) / len(sources) - box.height / 2 if sources else y + _GAP
            box.x, box.y = x, max(y + _GAP, wish) if y > -1e9 else wish if sources else 0.0
            y = box.y + box.height
        _centre(column, boxes)
        x += max(box.width + box.right for box in column)
        for box in column:
            box.reach = x
    top = min(box.y for box in boxes) - _MARGIN
    for box in boxes:
        box.y -= top
        box.entries.sort(key=lambda entry: boxes[entry[0]].exit)
    return x + _MARGIN, max(box.y + box.height for box in boxes) + _MARGIN


def _centre(column: Sequence[_Box], boxes: Sequence[_Box]) -> None:
    """Move a column as a whole to where its arrows come from: pushing boxes apart has only moved them down."""
    wishes = [
        sum(boxes[source].exit for source, _, _ in box.entries) / len(box.entries) - box.y - box.height / 2
        for box in column
        if box.entries
    ]
    shift = sum(wishes) / len(wishes) if wishes else 0.0
    for box in column:
        box.y += shift


def _arrows_into(box: _Box, boxes: Sequence[_Box]) -> list[str]:
    lines: list[str] = []
    for index, (source, words, way) in enumerate(box.entries):
        start, y = boxes[source], box.row(index)
        from_x, turn = start.x + start.width, box.x - _SMALL * len(words) - 14
        begin = start.reach
        bend = (turn - begin) / 2
        kind = ' class="way"' if way else ""
        lines.append(
            f'<path{kind} d="M{from_x:.1f},{start.exit:.1f} H{begin:.1f} '
            f"C{begin + bend:.1f},{start.exit:.1f} {turn - bend:.1f},{y:.1f} {turn:.1f},{y:.1f} "
            f'H{box.x - 5:.1f}"/>'
        )
        head = f"{box.x - 6:.1f},{y - 3:.1f} {box.x:.1f},{y:.1f} {box.x - 6:.1f},{y + 3:.1f}"
        lines.append(f'<polygon class="head{" way" if way else ""}" points="{head}"/>')
        lines.append(_text(words, turn + 2, y - 4, "step wrong" if way else "step"))
    return lines


def _drawn(box: _Box, captions: Captions) -> list[str]:
    node = captions.graph.nodes[box.number]
    kind = "state" + (" start" if node.parent is None else "") + (" broken" if node.breaks else "")
    whole = escape("\n".join((f"state {box.number}", *captions.whole(box.number))))
    place = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    lines = [
        f'<g id="s{box.number}"><title>{whole}</title>',
        f'<rect class="{kind}" {place} rx="4"/>',
        _text(str(box.number), box.x + _PAD, box.row(0) + 3.5, "number"),
    ]
    for index, text in enumerate((*box.text, *box.wrong), start=1):
        wrong = "wrong" if index > len(box.text) else ""
        lines.append(_text(text, box.x + _PAD, box.row(index) + 3.5, wrong))
    lines.append("</g>")
    for index, (target, words, way) in enumerate(box.back):
        text = _text(f"{words} > {target}", box.x + box.width + 6, box.row(index) + 3, "step wrong" if way else "step")
        lines.append(f'<a href="#s{target}">{text}</a>')
    return lines


def _text(text: str, x: float, y: float, kind: str = "") -> str:
    given = f' class="{kind}"' if kind else ""
    return f'<text{given} x="{x:.1f}" y="{y:.1f}" xml:space="preserve">{escape(text)}</text>'
