"""Long logs: as many events as there are, in memory that does not grow with them."""

import gc
import json
import random
import tracemalloc
from itertools import islice

import pytest
from tests.trace.runs import model_of, system_of

from interlock.core.diagnostic import Diagnostic
from interlock.engines.traces.judging import Explained, NotExplained, judge_log
from interlock.engines.traces.log import lines_of, read_log
from interlock.engines.traces.reading import open_log
from interlock.pipeline import sizes_of

SERVER = "spec/gallery/lock_server.ilk"
MUTEX = "spec/gallery/exclusion.ilk"


def endless(spec, seed):
    """Lines of a random run that does not end."""
    model, chance = model_of(spec), random.Random(seed)
    system = system_of(spec)
    state = next(iter(model.initial_states()))
    able: dict = {}
    while True:
        if state not in able:
            able[state] = [step for step in model.successors(state) if step.after != state]
        step = chance.choice(able[state])
        transition = system.transitions[step.transition]
        names = [f"c{value}" for value in step.args]
        yield json.dumps({"action": transition.action, "args": names}).encode() + b"\n"
        state = step.after


def opened(spec, count, *, seed=0, hidden=(), change=lambda number, line: line):
    """A log of which nobody holds the lines: they are made anew for each reading."""

    def items():
        raw = (change(number, line) for number, line in enumerate(islice(endless(spec, seed), count), start=1))
        return read_log((line for line in raw if line), "log")

    log, problems = open_log(system_of(spec), "log", items, sizes_of(system_of(spec), "")[0], hidden=hidden)
    assert log is not None, problems
    return log


@pytest.mark.slow
def test_a_hundred_thousand_events():
    log = opened(SERVER, 100_000)
    outcome = judge_log(log.case(), log.events)
    assert outcome == Explained(100_000, 1, 1)


@pytest.mark.slow
def test_a_hundred_thousand_events_of_which_some_were_never_logged():
    """Grants are hidden, and the log does not say who takes the lock back."""

    def change(_, line):
        event = json.loads(line)
        if event["action"] == "take_back":
            event["args"] = []
        return b"" if event["action"] == "grant" else json.dumps(event).encode() + b"\n"

    log = opened(SERVER, 100_000, hidden=["grant"], change=change)
    outcome = judge_log(log.case(), log.events)
    assert isinstance(outcome, Explained)
    assert outcome.events == log.count < 100_000


@pytest.mark.slow
def test_a_wrong_event_behind_a_hundred_thousand():
    def change(number, line):
        return b'{"action": "take", "args": ["nobody"]}\n' if number == 100_000 else line

    log = opened(SERVER, 100_100, change=change)
    outcome = judge_log(log.case(), log.events)
    assert isinstance(outcome, NotExplained)
    assert (outcome.explained, outcome.stuck[0].line) == (99_999, 100_000)
    assert len(outcome.recent) == 8


def peak(count):
    log = opened(MUTEX, count)
    gc.collect()
    tracemalloc.start()
    outcome = judge_log(log.case(), log.events)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(outcome, Explained)
    return most


def test_memory_does_not_grow_with_the_log():
    """Events that were kept would be 1.5 MB for 3,500 more of them; what grows is garbage that waits to be collected."""
    peak(500)  # what is made once and for all
    assert peak(4_000) < peak(500) + 400_000


def test_a_line_that_never_ends_is_not_kept(tmp_path):
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.write(b'{"action": "')
        for _ in range(40):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n{"action": "ask"}\n')
    tracemalloc.start()
    with path.open("rb") as file:
        items = list(read_log(lines_of(file), "log"))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000
    assert [getattr(item, "action", None) for item in items[1:] if not isinstance(item, Diagnostic)] == ["ask"]
