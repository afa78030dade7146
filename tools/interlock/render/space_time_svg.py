"""A space-time diagram as SVG: one column for each thread, time downwards, a bar beside a thread while it holds a lock.

The picture carries all that it needs: no script, no font of its own, and its own background, light or dark as the
reader's page is.  Letters are of one width, so that what a line takes is known without measuring it; widths are those
of the widest common font.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from xml.sax.saxutils import escape

from interlock.render.lock_bars import Holding
from interlock.render.space_time import Change, Diagram, Event, Lane

_CHAR, _SMALL = 7.25, 6.65
"""Widths of a letter of labels and of notes."""

_LINE, _PAD, _GAP = 15, 5, 9
_MARGIN, _BAR, _BETWEEN = 18, 15, 26
_WIDEST, _NARROWEST = 110, 60
_COLOURS = 5
_STATE = "shared state"

_LIGHT = (
    ("text", "fill: #1c2733"),
    (".dim", "fill: #5d7185"),
    (".wrong", "fill: #b3141f"),
    (".paper", "fill: #ffffff"),
    (".stripe", "fill: #f3f6f9"),
    (".life, .cap", "stroke: #9aabbb"),
    (".box", "fill: #eaf1f8; stroke: #6f8ca8"),
    (".bad", "fill: #fdeaea; stroke: #c0202a"),
    (".lock0", "fill: #f2c14e"),
    (".lock1", "fill: #79bdd8"),
    (".lock2", "fill: #a8cf7e"),
    (".lock3", "fill: #d8a0cf"),
    (".lock4", "fill: #c9b79c"),
    (".wait", "fill: none; stroke: #7d6a2f"),
    (".onlock", "fill: #1c2733"),
    (".loop", "stroke: #b3141f"),
)
_DARK = (
    ("text", "fill: #e3eaf1"),
    (".dim", "fill: #98abbd"),
    (".wrong", "fill: #ff8f8f"),
    (".paper", "fill: #12181f"),
    (".stripe", "fill: #18202a"),
    (".life, .cap", "stroke: #5b6f83"),
    (".box", "fill: #1f3145; stroke: #6f8ca8"),
    (".bad", "fill: #46191d; stroke: #ff6b6b"),
    (".lock0", "fill: #8a6a14"),
    (".lock1", "fill: #2a6b85"),
    (".lock2", "fill: #4c7325"),
    (".lock3", "fill: #804878"),
    (".lock4", "fill: #6b5b42"),
    (".wait", "fill: none; stroke: #d9b95a"),
    (".onlock", "fill: #ffffff"),
    (".loop", "stroke: #ff8f8f"),
)


def svg_of_diagram(diagram: Diagram) -> str:
    """The diagram as a document of its own."""
    page = _Page(diagram)
    body = [*page.head(), *page.stripes(), *page.lifelines(), *page.bars(), *page.boxes(), *page.loop(), *page.foot()]
    size = f'width="{page.width:.0f}" height="{page.height:.0f}" viewBox="0 0 {page.width:.0f} {page.height:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>',
            f"<title>{escape(f'{diagram.title}: {diagram.ending}')}</title>",
            f"<desc>{escape(_in_words(diagram))}</desc>",
            f"<style>{_style()}</style>",
            '<rect class="paper" width="100%" height="100%"/>',
            *body,
            "</svg>",
            "",
        ]
    )


def _style() -> str:
    """Colours for light pages, and for dark ones."""
    dark = "\n".join(f"  {name} {{ {what} }}" for name, what in _DARK)
    return "\n".join(
        [
            'text { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 12px }',
            ".note, .change { font-size: 11px } .title { font-size: 14px; font-weight: bold }",
            ".actor, .telling { font-weight: bold } .middle { text-anchor: middle } .right { text-anchor: end }",
            ".life { stroke-width: 1.5 } .cap { stroke-width: 3 } .onward { stroke-dasharray: 2 4 }",
            ".pending, .wait { stroke-dasharray: 4 3 } .bad { stroke-width: 2 } .loop { fill: none; stroke-width: 2 }",
            *(f"{name} {{ {what} }}" for name, what in _LIGHT),
            "@media (prefers-color-scheme: dark) {",
            dark,
            "}",
        ]
    )


def _in_words(diagram: Diagram) -> str:
    """The run for those who do not see it."""
    lines = [
        f"{number}. {diagram.lanes[event.lane].title}: {event.label}"
        for number, event in enumerate(diagram.events, start=1)
        if not event.pending
    ]
    return "\n".join([*lines, diagram.ending, diagram.reason])


@dataclass
class _Column:
    """A lane on the page: bars from `x` on, then the boxes about `middle`."""

    x: float
    middle: float
    box: float
    slots: dict[str, int]

    @property
    def right(self) -> float:
        return self.middle + self.box / 2


class _Page:
    """Where everything is."""

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self.gutter = _MARGIN + _CHAR * len(str(len(diagram.events))) + (16 if diagram.loop is not None else 8)
        self.columns = self._columns()
        self.state = self.columns[-1].right + _BETWEEN if self.columns else self.gutter
        lines = [change for event in diagram.events for change in event.changes] + [*diagram.given]
        letters = max(len(_STATE) + 12, *(len(line.text) for line in lines), 0)
        self.legend = _legend(diagram)
        below = sum(_BAR + 2 + _SMALL * (len(words) + 3) for _, words in self.legend)
        self.width = max(self.state + _SMALL * letters, _MARGIN + below, self.gutter + _NARROWEST * _CHAR) + _MARGIN
        self.letters = min(_WIDEST, int((self.width - 2 * _MARGIN - 2 * _PAD) / _CHAR))
        self.title = wrap(" ".join(diagram.claim), self.letters)
        self.header = _MARGIN + _LINE * (2.2 + len(self.title))
        first = self.header + max(_LINE + 2 * _PAD, _LINE * (1 + len(diagram.given))) + _GAP
        self.rows = self._rows(first)
        self.floor = self.rows[-1][1] + _GAP / 2 if self.rows else first
        self.reason = wrap(diagram.reason, self.letters)
        self.panel = _LINE * (1 + len(self.reason)) + 2 * _PAD
        self.height = self.floor + _GAP + self.panel + _GAP + (_LINE + _GAP if self.legend else 0) + _MARGIN / 2

    def _columns(self) -> list[_Column]:
        """Lanes from left to right, each as wide as what is written in it."""
        x = self.gutter
        columns: list[_Column] = []
        for number, lane in enumerate(self.diagram.lanes):
            events = [event for event in self.diagram.events if event.lane == number]
            widths = [_CHAR * len(lane.title)]
            widths += [_CHAR * len(event.label) for event in events]
            widths += [_SMALL * len(note) for event in events for note in event.notes]
            box = max(widths) + 2 * _PAD
            locks = dict.fromkeys(h.lock for h in self.diagram.holdings if h.lane == number)
            slots = {lock: slot for slot, lock in enumerate(locks)}
            middle = x + _BAR * len(slots) + 4 + box / 2
            columns.append(_Column(x, middle, box, slots))
            x = middle + box / 2 + _BETWEEN
        return columns

    def _rows(self, top: float) -> list[tuple[float, float]]:
        """Where the rows begin and end; steps that do not happen share the last."""
        rows: list[tuple[float, float]] = []
        for event in self.diagram.events:
            if event.pending and len(rows) > sum(not e.pending for e in self.diagram.events):
                rows.append(rows[-1])
                continue
            height = max(_LINE * (1 + len(event.notes)) + _PAD, _LINE * len(event.changes) + _PAD)
            rows.append((top, top + height))
            top += height + _GAP
        return rows

    def middle(self, row: int) -> float:
        """The height of a row's step."""
        top, bottom = self.rows[row]
        return (top + bottom) / 2

    def head(self) -> Iterator[str]:
        """What is shown, who takes part, and what is given from the start."""
        diagram = self.diagram
        y = _MARGIN + 8
        yield _text(diagram.title, _MARGIN, y, "title")
        for number, line in enumerate(self.title, start=1):
            yield _text(line, _MARGIN, y + _LINE * number + 2, "dim")
        for column, lane in zip(self.columns, diagram.lanes, strict=True):
            yield _rect("box", column.middle - column.box / 2, self.header, column.box, _LINE + 2 * _PAD, 0)
            yield _text(lane.title, column.middle, self.header + _LINE + 1, "actor middle")
        yield _text(f"{_STATE}{', initially:' if diagram.given else ''}", self.state, self.header + 11, "note dim")
        for number, change in enumerate(diagram.given, start=1):
            yield _text(change.text, self.state, self.header + 11 + _LINE * number, "change dim")

    def stripes(self) -> Iterator[str]:
        """Every second row is shaded, so that the eye finds what a step changed; steps are numbered."""
        for number, (event, (top, bottom)) in enumerate(zip(self.diagram.events, self.rows, strict=True), start=1):
            if event.pending:
                continue
            if number % 2:
                yield _rect("stripe", 0, top - _GAP / 2, self.width, bottom - top + _GAP, 0)
            kind = "wrong telling right" if event.broken else "dim right"
            left = _MARGIN + _CHAR * len(str(len(self.diagram.events)))
            yield _text(str(number), left, (top + bottom) / 2 + 4, kind)
            yield from self._beside(event, (top + bottom) / 2)

    def _beside(self, event: Event, middle: float) -> Iterator[str]:
        """What a step changed."""
        y = middle - _LINE * len(event.changes) / 2 + 11
        for number, change in enumerate(event.changes):
            yield _text(change.text, self.state, y + _LINE * number, _kind(change))

    def lifelines(self) -> Iterator[str]:
        """From a thread's head to its end, or on."""
        for column, lane in zip(self.columns, self.diagram.lanes, strict=True):
            end = self._end(lane)
            top = self.header + _LINE + 2 * _PAD
            if end > top:
                yield _line("life", column.middle, top, column.middle, end)
            if lane.done:
                yield _line("cap", column.middle - 9, end, column.middle + 9, end)
            elif end < self.floor:
                yield _line("life onward", column.middle, end, column.middle, self.floor)

    def _end(self, lane: Lane) -> float:
        top, bottom = self.rows[lane.last]
        return bottom + _GAP / 2 if lane.done else (top + bottom) / 2

    def bars(self) -> Iterator[str]:
        """Locks."""
        locks = self.diagram.locks
        for holding in self.diagram.holdings:
            column = self.columns[holding.lane]
            x = column.x + _BAR * column.slots[holding.lock]
            top = self.middle(holding.begin)
            bottom = self.floor if holding.to is None else self.middle(holding.to)
            kind = "wait" if holding.waits else f"lock{locks.index(holding.lock) % _COLOURS}"
            title = (
                f"{self.diagram.lanes[holding.lane].title} {'waits for' if holding.waits else 'holds'} {holding.lock}"
            )
            yield f"<g><title>{escape(title)}</title>{_rect(kind, x, top, _BAR - 4, bottom - top, 2)}</g>"
            yield from self._written(holding, x, top, bottom)

    def _written(self, holding: Holding, x: float, top: float, bottom: float) -> Iterator[str]:
        """The lock's name on its bar, where it fits."""
        if _SMALL * len(holding.lock) + 2 * _PAD < bottom - top and not holding.waits:
            turn = f"rotate(-90 {x + 9:.1f} {(top + bottom) / 2:.1f})"
            words = escape(holding.lock)
            place = f'x="{x + 9:.1f}" y="{(top + bottom) / 2:.1f}"'
            yield f'<text class="note onlock middle" {place} transform="{turn}">{words}</text>'

    def boxes(self) -> Iterator[str]:
        """Steps."""
        for event, (top, bottom) in zip(self.diagram.events, self.rows, strict=True):
            column = self.columns[event.lane]
            height = _LINE * (1 + len(event.notes)) + _PAD
            y = (top + bottom) / 2 - height / 2
            kind = ("bad" if event.broken else "box") + (" pending" if event.pending else "")
            yield _rect(kind, column.middle - column.box / 2, y, column.box, height, 4)
            yield _text(event.label, column.middle, y + _LINE - 1.5, "wrong middle" if event.broken else "middle")
            for number, note in enumerate(event.notes, start=1):
                yield _text(note, column.middle, y + _LINE * (number + 1) - 2, "note dim middle")

    def loop(self) -> Iterator[str]:
        """What is repeated for ever."""
        loop, count = self.diagram.loop, len(self.diagram.events)
        if loop is None or loop >= count:
            return
        x = self.gutter - 12
        top, bottom = self.rows[loop][0], self.rows[-1][1]
        yield f'<path class="loop" d="M{x + 7:.1f},{bottom:.1f} H{x:.1f} V{top:.1f} H{x + 7:.1f}"/>'
        yield f'<path class="loop" d="M{x + 3:.1f},{top - 4:.1f} L{x + 7:.1f},{top:.1f} L{x + 3:.1f},{top + 4:.1f}"/>'

    def foot(self) -> Iterator[str]:
        """How it ends, and what the colours mean."""
        kind = ("bad", "wrong") if self.diagram.broken else ("box", "")
        y = self.floor + _GAP
        yield _rect(kind[0], _MARGIN - _PAD, y, self.width - 2 * _MARGIN + 2 * _PAD, self.panel, 4)
        yield _text(self.diagram.ending, _MARGIN, y + _LINE, f"telling {kind[1]}".strip())
        for number, line in enumerate(self.reason, start=2):
            yield _text(line, _MARGIN, y + _LINE * number, "")
        x, y = float(_MARGIN), y + self.panel + _GAP
        for bar, words in self.legend:
            yield _rect(bar, x, y, _BAR - 4, _LINE - 3, 2)
            yield _text(words, x + _BAR + 2, y + _LINE - 5, "note dim")
            x += _BAR + 2 + _SMALL * (len(words) + 3)


def _legend(diagram: Diagram) -> list[tuple[str, str]]:
    """What the bars mean: a class of rectangles and the words for it."""
    found = [(f"lock{number % _COLOURS}", f"holds {lock}") for number, lock in enumerate(diagram.locks)]
    return [*found, ("wait", "waits")] if any(holding.waits for holding in diagram.holdings) else found


def _kind(change: Change) -> str:
    return "change telling" if change.telling else "change dim"


def _rect(kind: str, x: float, y: float, width: float, height: float, round_: int) -> str:
    corners = f' rx="{round_}"' if round_ else ""
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"{corners}/>'


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(text: str, x: float, y: float, kind: str) -> str:
    given = f' class="{kind}"' if kind else ""
    return f'<text{given} x="{x:.1f}" y="{y:.1f}" xml:space="preserve">{escape(text)}</text>'
