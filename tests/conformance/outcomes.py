"""What two strategies see of the same program, and random programs for them."""

import random
from dataclasses import dataclass
from functools import partial

from interlock_conformance.judging.watch import Rows, Watch
from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.scheduling.footprint import OBSERVED, Mode
from interlock_conformance.scheduling.machine import Breach, Finished, Machine, Pruned
from interlock_conformance.strategies.exhaustive import Exhaustive
from interlock_conformance.strategies.reduced import Reduced


@dataclass
class Outcomes:
    """What a strategy has seen: final states, sequences of observed states, and whether it found a breach."""

    finals: set
    histories: set
    breaches: set
    executions: int
    exhausted: bool


def outcomes(strategy, build, deaf=frozenset()):
    """Run `build(runtime)`, which gives thread bodies and what is observed; `deaf` objects leave no footprint.

    What is observed is a function, each of whose values comes from one object, or an abstraction function.  A third
    thing that it may give is a function that says what the threads have come to know; that is asked at the end.
    """
    finals, histories, breaches = set(), set(), set()
    history = []

    def run(choose, *, given=(), trail=None):
        machine = Machine(budget=500, trail=trail)
        touch = machine.touch
        machine.touch = lambda thing, mode: None if thing in deaf else touch(thing, mode)
        charge = machine.charge
        machine.charge = lambda footprint: charge([(thing, mode) for thing, mode in footprint if thing not in deaf])
        bodies, show, *known = build(DeterministicRuntime(machine))
        if isinstance(show, dict):
            watch = Watch(machine, show, Rows((name, ()) for name in show))
            show = lambda: (watch.changes(), watch.values)[1]  # noqa: E731
        while history and history[-1][0] >= len(given):  # what is given is as it was before, and is not shown again
            history.pop()

        def look():
            shown = show()
            if not history or shown != history[-1][1]:
                history.append((machine.step, shown))
                machine.touch(OBSERVED, Mode.WRITE)

        def work(thread, body):
            thread.doing = f"body {thread.index}"
            body()

        execution = machine.run([partial(work, body=body) for body in bodies], choose, look, given)
        match execution.end:
            case Finished():
                finals.add((history[-1][1], *(ask() for ask in known)) if known else history[-1][1])
                histories.add(tuple(shown for _, shown in history))
            case Breach() as breach:
                breaches.add(breach.property)
                return type(execution)(execution.points, Finished())  # and go on searching
            case _:
                assert isinstance(execution.end, Pruned)
        return execution

    explored = strategy.explore(run)
    return Outcomes(finals, histories, breaches, explored.executions, explored.exhausted)


def agree(build):
    plain, reduced = outcomes(Exhaustive(None), build), outcomes(Reduced(), build)
    assert plain.exhausted
    assert reduced.exhausted
    assert (reduced.finals, reduced.histories, reduced.breaches) == (plain.finals, plain.histories, plain.breaches)
    return plain.executions, reduced.executions


def program(seed, *more):
    """A small random program: loads, stores, exchanges and sections under locks, over three words and three locks."""
    draw = random.Random(seed)

    def step():
        kinds = ["load", "store", "copy", "lock", "read", "write", "xchg", "cmpxchg", *more]
        return draw.choice(kinds), draw.randrange(3), draw.randrange(3)

    cost = {"load": 1, "store": 1, "xchg": 1, "cmpxchg": 1, "copy": 2, "lock": 3, "read": 3, "write": 3, "look": 2}
    threads = [[], []] if seed % 2 else [[], [], []]
    for steps in threads:
        room = 5 if len(threads) == 2 else 3  # plain search has some hundred schedules to go through
        while room > 0 and cost[(drawn := step())[0]] <= room:
            steps.append(drawn)
            room -= cost[drawn[0]]

    def build(rt):
        words = [rt.memory(f"m{n}").cell("word", n) for n in range(3)]
        locks = [rt.mutex(f"lock{n}") for n in range(2)]
        shared = rt.rwsem("shared")
        loaded = []

        def body(index, steps):
            for number, (kind, at, to) in enumerate(steps):
                match kind:
                    case "load":
                        loaded.append((index, number, words[at].load()))
                    case "store":
                        words[at].store(10 * index + number)
                    case "copy":
                        words[to].store(words[at].load())
                    case "xchg":
                        loaded.append((index, number, words[at].xchg(to)))  # which may be there already
                    case "cmpxchg":
                        loaded.append((index, number, words[at].cmpxchg(to, 10 * index + number)))
                    case "read":
                        with shared.read():
                            loaded.append((index, number, words[at].load()))
                    case "write":
                        with shared.write():
                            words[to].store(index)
                    case "look":
                        while words[at].load() == at:
                            rt.relax()
                    case _:
                        with locks[at % 2]:
                            words[to].store(index)

        bodies = [lambda index=index, steps=steps: body(index, steps) for index, steps in enumerate(threads)]
        observed = words[:draw_observed]
        return bodies, lambda: tuple(word.peek() for word in observed), lambda: frozenset(loaded)

    draw_observed = draw.randrange(3)
    return build
