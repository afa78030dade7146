"""Logs of the shipped candidates, written while they run under random schedules, against the design in full.

What is logged is what the binding sees: who is registered and active, ids, and the arrays and lists that an lru has.
No step is logged at all.  So this asks whether each change of what everybody can see is one that the design's steps, of
which it has far more, can bring about; the conformance monitor judges invariants only.
"""

import importlib
import random
from functools import partial

import pytest
from tests.trace.runs import ROOT, judged

from interlock.engines.traces.judging import Explained, NotExplained
from interlock.pipeline import read_bytes
from interlock_conformance.conform import conform
from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.schedule import parse_token, parse_workload
from interlock_conformance.scheduling.machine import Machine
from interlock_conformance.specification import load_specification
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.verdict import Breaks
from list_lru.bindings.base import ListLruBinding

DESIGN = "spec/list_lru/growth.ilk"
SCOPE = "Lru=1,Memcg=1,Id=1,Array=2,List=2,Reader=1"


def binding_of(module):
    return ListLruBinding(module, importlib.import_module(f"list_lru.{module}").ListLrus)


def log_of(module, workload, choose):
    """One execution as a log: an event for each change of what can be seen."""
    binding = binding_of(module)
    work = parse_workload(workload)
    machine = Machine(budget=5_000)
    runtime = DeterministicRuntime(machine, work.failing)
    subject = binding.start(runtime, work)
    symbols, events = subject.symbols(), []

    def look():
        seen = {f"registered(sd{lru})": symbols["registered"](lru) for lru in (0,)}
        seen |= {f"active(cg{memcg})": symbols["active"](memcg) for memcg in (0,)}
        array = symbols["array"](0) if seen["registered(sd0)"] else None
        if array is not None:
            seen["array(sd0)"] = f"array at {array}"
            x = symbols["slot"](array, 0)
            seen["fits"] = [[f"array at {array}", "id0", symbols["fits"](array, 0)]]
            seen["slot"] = [[f"array at {array}", "id0", None if x is None else f"list at {x}"]]
        if not events or events[-1]["state"] != seen:
            events.append({"state": seen})

    def thread(operations, _thread):
        for operation in operations:
            subject.call(operation)

    machine.run([partial(thread, part) for part in work.threads], choose, look)
    return events


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("workload", ["init(0) | activate(0)", "activate(0) | init(0)"])
def test_the_right_candidate_does_what_its_design_does(workload, seed):
    chance = random.Random(seed)
    events = log_of("v13", workload, lambda _, able: chance.choice(able))
    assert len(events) > 2
    outcome = judged(DESIGN, events, SCOPE, hidden=["*"])
    assert isinstance(outcome, Explained), outcome


@pytest.mark.parametrize("module", ["broken.unlocked_init", "broken.mark_first"])
def test_a_broken_candidate_is_caught_from_its_log(module):
    """On the schedule that conformance finds, which stops it at the state that is wrong; the log goes on to the end."""
    workload = "init(0) | activate(0)"
    system, _ = load_specification(str(ROOT / "spec/list_lru/base.ilk"), read_bytes)
    verdict = conform(binding_of(module), system, parse_workload(workload), Exhaustive(2))
    assert isinstance(verdict, Breaks)
    schedule = list(parse_token(verdict.token)[1])
    events = log_of(module, workload, lambda _, able: schedule.pop(0) if schedule else able[0])
    outcome = judged(DESIGN, events, SCOPE, hidden=["*"])
    assert isinstance(outcome, NotExplained)
    assert outcome.stuck
