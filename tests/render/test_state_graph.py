"""State graphs: all states and steps are there, all that is wrong is marked, and the pictures are well formed."""

import re
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from interlock.engines.evaluate import instantiate
from interlock.engines.explore import explore
from interlock.engines.protocol import Limits
from interlock.engines.state_graph import StateGraph, state_graph
from interlock.pipeline import lower_file
from interlock.render.graph_svg import svg_of_graph
from interlock.render.state_graph import Captions, dot_of_graph

LOCKS = """module locks
var one: Bool = false
var two: Bool = false
process north {
  step first: await not one; one := true
  step second: await not two; two := true
  step back: one := false; two := false
}
process south {
  step second: await not two; two := true
  step first: await not one; one := true
  step back: one := false; two := false
}
deadlock free
invariant apart: not (one and two)
step invariant kept: one implies one'
reachable both: one and two
"""

CYCLE = """module cycle
var hour: 0..4 = 0
action tick {
  hour := if hour = 4 then 0 else hour + 1
}
action reset {
  hour := 0
}
"""

SVG = "{http://www.w3.org/2000/svg}"


def graph_of(text, **changes):
    system, problems = lower_file("m.ilk", lambda _: text.encode())
    assert system is not None, problems
    system = replace(system, **changes)
    graph = state_graph(system, [p.name for p in system.properties], {}, 60)
    assert isinstance(graph, StateGraph)
    return system, graph


def test_it_has_every_state_and_step_that_the_explorer_counts():
    system, graph = graph_of(LOCKS)
    stats = explore(system, (), Limits()).stats
    assert len(graph.nodes) == stats.states
    assert len(graph.arrows) == stats.transitions
    assert max(node.depth for node in graph.nodes) == stats.depth


def test_all_that_is_wrong_is_marked():
    system, graph = graph_of(LOCKS)
    model = instantiate(system, {})
    holds = model.formula(system.property("apart").formula)
    for node in graph.nodes:
        assert ("apart" in node.breaks) == (not holds(model.from_state(node.state)))
        assert "both" not in node.breaks
    stuck = {n for n in range(len(graph.nodes)) if n not in {arrow.source for arrow in graph.arrows}}
    dead = {n for n, node in enumerate(graph.nodes) if "deadlock" in node.breaks}
    assert dead < stuck  # where both have ended is no deadlock
    assert len(dead) == 1
    assert {graph.arrows[i].step.action for i, a in enumerate(graph.arrows) if a.breaks} == {"north.back", "south.back"}


def test_steps_that_change_nothing_are_left_out():
    _, graph = graph_of(CYCLE)
    assert [(a.source, a.target, a.step.action) for a in graph.arrows if a.target == 0] == [
        (1, 0, "reset"), (2, 0, "reset"), (3, 0, "reset"), (4, 0, "tick"), (4, 0, "reset"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "most", "why"),
    [(LOCKS, 3, "there are more than 3 states"), (LOCKS.replace("one: Bool = false", "one: Bool") + "axiom no: 1 = 2\n", 9, "no state")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_said(text, most, why):
    system, _ = lower_file("m.ilk", lambda _: text.encode())
    assert str(state_graph(system, (), {}, 60, most)).startswith(why)


def test_no_time_is_said():
    system, _ = lower_file("m.ilk", lambda _: LOCKS.encode())
    assert "no more time" in str(state_graph(system, (), {}, -1))


def test_the_way_to_what_is_wrong_is_a_shortest_run():
    system, graph = graph_of(LOCKS)
    way = Captions(graph, None).to_violation()
    assert len(way) == 2
    sound = replace(graph, nodes=tuple(replace(n, breaks=()) for n in graph.nodes), arrows=())
    assert Captions(sound, None).to_violation() == set()
    assert system.name == "locks"


def test_dot_escapes_what_dot_would_read():
    system, graph = graph_of(LOCKS, name='a"b\\c')
    text = dot_of_graph(graph, system)
    assert text.startswith('digraph "a\\"b\\\\c" {\n')
    bare = re.sub(r'"(\\.|[^"\\])*"', "", text)
    assert '"' not in bare
    assert text.count('fillcolor="#fdecec"') == sum(bool(node.breaks) for node in graph.nodes)
    assert len(re.findall(r"^  s\d+ -> s\d+ ", text, re.MULTILINE)) == len({(a.source, a.target) for a in graph.arrows})


def test_svg_is_well_formed_and_escapes_what_xml_would_read():
    system, graph = graph_of(LOCKS, name="a<b&c")
    root = ET.fromstring(svg_of_graph(graph, system))
    assert root.find(f"{SVG}title").text == f"a<b&c: {len(graph.nodes)} states, {len(graph.arrows)} steps"
    broken = [r for r in root.iter(f"{SVG}rect") if "broken" in r.get("class", "")]
    assert len(broken) == sum(bool(node.breaks) for node in graph.nodes)
    assert sum("start" in r.get("class", "") for r in root.iter(f"{SVG}rect")) == 1


@pytest.mark.parametrize("text", [LOCKS, CYCLE], ids=["locks", "cycle"])
def test_every_step_is_drawn_or_written_and_no_box_covers_another(text):
    system, graph = graph_of(text)
    root = ET.fromstring(svg_of_graph(graph, system))
    forward = [a for a in graph.arrows if graph.nodes[a.target].depth > graph.nodes[a.source].depth]
    assert len(list(root.iter(f"{SVG}path"))) == len(forward)
    links = [(a.get("href"), a.find(f"{SVG}text").text) for a in root.iter(f"{SVG}a")]
    assert len(links) == len(graph.arrows) - len(forward)
    assert all(
        target[1:] in {g.get("id") for g in root.iter(f"{SVG}g")} and f"> {target[2:]}" in words
        for target, words in links
    )
    boxes = [
        tuple(float(r.get(name)) for name in ("x", "y", "width", "height"))
        for r in root.iter(f"{SVG}rect")
        if r.get("class")
    ]
    page = float(root.get("width")), float(root.get("height"))
    assert len(boxes) == len(graph.nodes)
    assert all(x >= 0 and y >= 0 and x + w <= page[0] and y + h <= page[1] for x, y, w, h in boxes)
    assert not [
        (a, b)
        for a, b in combinations(boxes, 2)
        if a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
    ]
