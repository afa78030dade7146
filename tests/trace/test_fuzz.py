"""Whatever a log says, it is judged or refused: nothing is raised, and nothing is judged of what was refused.

INTERLOCK_FUZZ=1 raises the number of examples.
"""

import json
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.trace.runs import event_of, lines, random_run, system_of

from interlock.engines.traces.itf import place_in_itf, read_itf
from interlock.engines.traces.judging import Budget, Explained, NotExplained, Undecided, judge_log
from interlock.engines.traces.log import read_log
from interlock.engines.traces.reading import open_log
from interlock.pipeline import sizes_of

SPECS = [
    "spec/gallery/peterson.ilk",
    "spec/gallery/lock_server.ilk",
    "spec/gallery/paxos.ilk",
    "spec/gallery/filter_lock.ilk",
]
EXAMPLES = 2_500 if os.environ.get("INTERLOCK_FUZZ") else 100
BUDGET = Budget(states=2_000, seconds=5)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5),
    st.floats(allow_nan=False),
    st.sampled_from(["LEFT", "a", "client0", ""]),
    st.text(max_size=3),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=6,
)
actions = st.sampled_from(["*", "thread", "thread.wait", "ask", "grant", "take", "join", "propose", "vote", "nothing"])
states = st.dictionaries(
    st.sampled_from(["turn", "wants", "wants(LEFT)", "here", "asks(a)", "asks", "level", "TOP", "proposal", "x("]),
    values,
    max_size=2,
)
clocks = st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 3), max_size=2)
EVENT = st.fixed_dictionaries(
    {},
    optional={
        "action": st.one_of(actions, values),
        "args": st.one_of(
            st.lists(scalars, max_size=3),
            st.dictionaries(st.sampled_from(["s", "c", "n", "r", "q", "v"]), scalars, max_size=3),
            values,
        ),
        "state": st.one_of(states, values),
        "thread": st.one_of(st.sampled_from(["a", "b", 1]), values),
        "clock": st.one_of(clocks, values),
        "begin": st.one_of(st.floats(), values),
        "end": st.one_of(st.floats(), values),
    },
)
HEADER = st.fixed_dictionaries(
    {"schema": st.sampled_from(["interlock-log/1", 3])},
    optional={"hidden": st.one_of(st.lists(actions, max_size=2), values), "sorts": st.one_of(st.dictionaries(st.sampled_from(["Client", "Round", "X"]), st.lists(scalars, max_size=3)), values), "initial": st.one_of(states, values)},
)  # fmt: skip
ITF_VALUE = st.recursive(
    st.one_of(scalars, st.builds(lambda n: {"#bigint": n}, st.one_of(st.text(max_size=3), st.just("12"), scalars))),
    lambda inner: st.one_of(
        st.builds(lambda k, v: {k: v}, st.sampled_from(["#map", "#tup", "#set", "tag", "f"]), inner),
        st.builds(lambda a, b: {"#map": [[a, b]]}, inner, inner),
        st.builds(lambda a: {"tag": "Some", "value": a}, inner),
        st.lists(inner, max_size=2),
    ),
    max_leaves=5,
)


def judge(spec, items, place=None):
    system = system_of(spec)
    more = {} if place is None else {"place": place}
    log, problems = open_log(system, "log", items, sizes_of(system, "")[0], **more)
    assert (log is None) == bool(problems)
    assert all(p.is_error and p.message for p in problems)
    if log is not None:
        outcome = judge_log(log.case(), log.events, BUDGET, last=log.last)
        assert isinstance(outcome, Explained | NotExplained | Undecided)
        if isinstance(outcome, NotExplained) and outcome.stuck:
            assert outcome.nearest


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(SPECS), st.lists(EVENT, max_size=4), st.none() | HEADER)
def test_no_log_is_too_odd(spec, events, header):
    raw = lines([*([] if header is None else [header]), *events])
    judge(spec, lambda: read_log(raw, "log"))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_damage_is_too_odd(data):
    """A good log with bytes changed, cut or repeated."""
    spec = data.draw(st.sampled_from(SPECS))
    _, steps = random_run(spec, data.draw(st.integers(0, 3)), 6)
    text = bytearray(b"".join(lines([event_of(spec, step) for step in steps])))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    judge(spec, lambda: read_log(bytes(text).splitlines(keepends=True), "log"))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(SPECS),
    st.lists(st.one_of(st.dictionaries(st.sampled_from(["turn", "wants", "here", "asks", "#meta"]), ITF_VALUE, max_size=3), ITF_VALUE), max_size=3),
    st.lists(st.one_of(st.sampled_from(["turn", "wants", "here"]), scalars), max_size=2),
)  # fmt: skip
def test_no_trace_is_too_odd(spec, found, variables):
    text = json.dumps({"vars": variables, "states": found}).encode()
    judge(spec, lambda: read_itf(text, "log"), place_in_itf)
