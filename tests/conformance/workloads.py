"""Hypothesis strategies for list_lru workloads."""

from hypothesis import strategies as st

from interlock_conformance.schedule import Operation, Workload


@st.composite
def workloads(draw):
    """Up to three threads over up to two lrus and two cgroups, with at most two failing allocations.

    Any order of the operations makes sense to the binding (what comes too early does nothing), and half of the time
    it is drawn.  Each lru and each cgroup is set up by one thread; one that unmounts an lru is its only user.
    """
    threads = [[] for _ in range(draw(st.integers(1, 3)))]
    lrus, memcgs = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    owner = {}
    items = []
    for lru in range(lrus):
        owner["lru", lru] = draw(st.integers(0, len(threads) - 1))
        items.append(Operation("init", (lru,)))
    unmounted = draw(st.frozensets(st.integers(0, lrus - 1), max_size=1))
    for memcg in range(memcgs):
        owner["memcg", memcg] = draw(st.integers(0, len(threads) - 1))
        items += [Operation("activate", (memcg,))] * draw(st.integers(1, 2))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, lrus - 1)), draw(st.integers(0, memcgs - 1))
        items.append(Operation(draw(st.sampled_from(["use", "add"])), place))
    items += [Operation("destroy", (lru,)) for lru in unmounted]
    for operation in draw(st.one_of(st.just(items), st.permutations(items))):
        number = operation.args[0]
        match operation.name:
            case "activate":
                thread = owner["memcg", number]
            case "init" | "destroy":
                thread = owner["lru", number]
            case _:
                thread = owner["lru", number] if number in unmounted else draw(st.integers(0, len(threads) - 1))
        threads[thread].append(operation)
    failing = draw(st.frozensets(st.integers(0, 9), max_size=2))
    return Workload(tuple(tuple(thread) for thread in threads if thread), failing)
