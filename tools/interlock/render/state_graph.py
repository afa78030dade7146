"""What is written into the picture of a state graph, and the picture as DOT, the language of Graphviz."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from interlock.core.system import TransitionSystem
from interlock.core.trace import show_value
from interlock.engines.state_graph import Arrow, StateGraph
from interlock.render.facts import Names

_LINES = 5
_WIDEST = 44
_TOOLTIP = 60


@dataclass(frozen=True)
class Captions:
    """Words of a state graph.

    A state has its number, and what the step by which it was found has changed (an initial state: what the
    specification leaves open); `whole` tells all of it.  A step has its actor and label, and `detail` what it changes.
    """

    graph: StateGraph
    names: Names

    def state(self, number: int) -> list[str]:
        """Short lines on a state."""
        node = self.graph.nodes[number]
        if node.parent is None:
            return _cut(self.names.given(node.state))
        arrow = self.graph.arrows[node.parent]
        before = self.graph.nodes[arrow.source].state
        return _cut(
            [
                f"{self.names.place(symbol, key)} = {show_value(new, symbol.result)}"
                for symbol, key, _, new in self.names.changes(before, node.state)
            ]
        )

    def whole(self, number: int) -> list[str]:
        """All that is true of a state, and where the processes are."""
        state = self.graph.nodes[number].state
        facts = [*self.names.places(state), *self.names.facts(state, self.names.system.symbols)]
        return facts if len(facts) <= _TOOLTIP else [*facts[:_TOOLTIP], "..."]

    def step(self, arrow: Arrow) -> str:
        """Who does what."""
        return f"{self.names.actor(arrow.step)} {self.names.label(arrow.step)}".rstrip()

    def detail(self, arrow: Arrow) -> list[str]:
        """What a step changes."""
        return self.names.change_lines(self.graph.nodes[arrow.source].state, arrow.step.after)

    def pairs(self) -> Mapping[tuple[int, int], list[Arrow]]:
        """The steps between two states, which are drawn as one arrow."""
        found: dict[tuple[int, int], list[Arrow]] = {}
        for arrow in self.graph.arrows:
            found.setdefault((arrow.source, arrow.target), []).append(arrow)
        return found

    def to_violation(self) -> set[tuple[int, int]]:
        """The arrows of a shortest run to a state or step that is wrong; none where nothing is."""
        nodes, arrows = self.graph.nodes, self.graph.arrows
        ends: list[tuple[int, int, int | None]] = [(node.depth, n, None) for n, node in enumerate(nodes) if node.breaks]
        ends += [(nodes[a.source].depth + 1, a.source, i) for i, a in enumerate(arrows) if a.breaks]
        if not ends:
            return set()
        _, number, last = min(ends, key=lambda end: end[:2])
        found = set[tuple[int, int]]() if last is None else {(arrows[last].source, arrows[last].target)}
        while (parent := nodes[number].parent) is not None:
            found.add((arrows[parent].source, arrows[parent].target))
            number = arrows[parent].source
        return found


def dot_of_graph(graph: StateGraph, system: TransitionSystem) -> str:
    """The graph in DOT: initial states have a bold border, states and steps that break something are red."""
    captions = Captions(graph, Names(system))
    path = captions.to_violation()
    lines = [
        f"digraph {_quoted(system.name)} {{",
        "  rankdir=LR;",
        '  node [shape=box, style="rounded,filled", fillcolor=white, fontname="monospace", fontsize=10];',
        '  edge [fontname="monospace", fontsize=9, color="#666666"];',
    ]
    for number, node in enumerate(graph.nodes):
        text = [str(number), *captions.state(number), *(f"breaks {name}" for name in node.breaks)]
        options = [f"label={_label(text)}", f"tooltip={_quoted(chr(10).join(captions.whole(number)))}"]
        if node.parent is None:
            options.append("penwidth=2.5")
        if node.breaks:
            options += ['color="#c0202a"', 'fillcolor="#fdecec"']
        lines.append(f"  s{number} [{', '.join(options)}];")
    for (source, target), arrows in captions.pairs().items():
        broken = dict.fromkeys(name for arrow in arrows for name in arrow.breaks)
        text = [*(captions.step(arrow) for arrow in arrows), *(f"breaks {name}" for name in broken)]
        options = [f"label={_label(text)}"]
        if broken or (source, target) in path:
            options += ['color="#c0202a"', "penwidth=2"]
        if graph.nodes[target].depth <= graph.nodes[source].depth:
            options += ["style=dashed", "constraint=false"]
        lines.append(f"  s{source} -> s{target} [{', '.join(options)}];")
    return "\n".join([*lines, "}"]) + "\n"


def _label(lines: list[str]) -> str:
    """Lines as a string of DOT, each set to the left."""
    return _quoted("\n".join(lines), newline="\\l") if lines else '""'


def _quoted(text: str, newline: str = "\\n") -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    ended = escaped + "\n" if newline == "\\l" else escaped
    return f'"{ended.replace(chr(10), newline)}"'


def _cut(facts: list[str]) -> list[str]:
    """What fits into a box."""
    shown = facts if len(facts) <= _LINES else [*facts[: _LINES - 1], f"+ {len(facts) - _LINES + 1} more"]
    return [fact if len(fact) <= _WIDEST else fact[: _WIDEST - 3] + "..." for fact in shown]
