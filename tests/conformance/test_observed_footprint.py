"""Partial-order reduction where values of the abstraction function come from several objects."""

import random
from functools import partial

import pytest
from tests.conformance.outcomes import agree, program
from tests.conformance.small import Box, specification

from interlock_conformance.judging.monitor import Monitor
from interlock_conformance.judging.observers import Places, RefinementJudge
from interlock_conformance.primitives.deterministic import DeterministicRuntime
from interlock_conformance.scheduling.footprint import OBSERVED, WRITE
from interlock_conformance.scheduling.machine import Machine, default_choice
from interlock_conformance.scheduling.observation import Watched


def seen_through(build, seed):
    """The program, observed through a few random abstraction functions: decisions on what the words hold."""
    draw = random.Random(f"abstraction {seed}")

    def decision(depth):
        if not depth or draw.random() < 0.2:
            return draw.randrange(2)
        return draw.randrange(3), draw.choice([0, 1, 2, 10, 11]), decision(depth - 1), decision(depth - 1)

    decisions = [decision(3) for _ in range(draw.randrange(1, 4))]

    def decided(words, found):
        while isinstance(found, tuple):
            word, bound, smaller, other = found
            found = smaller if words[word].peek() <= bound else other
        return found

    def seen(rt):
        words = {}
        memory = rt.memory

        def remembering(name):
            made = memory(name)
            cell = made.cell
            made.cell = lambda part, value: words.setdefault(int(name[1:]), cell(part, value))
            return made

        rt.memory = remembering
        bodies, _, known = build(rt)
        return bodies, {f"f{n}": partial(decided, words, found) for n, found in enumerate(decisions)}, known

    return seen


@pytest.mark.parametrize("seed", range(60))
def test_they_agree_on_values_that_come_from_several_objects(seed):
    agree(seen_through(program(seed), seed))


def test_one_observed_value_of_two_words():
    """Whether the left word's store shows depends on the right one, though the stores share nothing."""

    def build(rt):
        memory = rt.memory("m")
        left, right = memory.cell("left", 0), memory.cell("right", 0)
        shown = {(0, 0): "none", (1, 0): "none", (0, 1): "right alone", (1, 1): "both"}
        symbols = {"shown": lambda: shown[left.peek(), right.peek()]}
        return [lambda: left.store(1), lambda: right.store(1)], symbols

    assert agree(build) == (2, 2)


def test_a_value_that_looks_at_an_object_only_after_another_has_changed():
    """The slot is not looked at before the end is behind it: then the two stores are in the wrong order."""

    def build(rt):
        memory = rt.memory("m")
        end, slot = memory.cell("end", 0), memory.cell("slot", 0)
        symbols = {"hole": lambda: end.peek() > 0 and slot.peek() == 0}
        return [lambda: slot.store(1), lambda: end.store(1)], symbols

    assert agree(build) == (2, 2)


def test_a_value_that_looks_at_an_object_only_before_another_has_changed():
    """To store the word is seen only while the flag is up, and nobody looks at the word again after that."""

    def build(rt):
        memory = rt.memory("m")
        flag, word = memory.cell("flag", value=True), memory.cell("word", 0)
        symbols = {"shown": lambda: word.peek() if flag.peek() else 0}
        return [lambda: flag.store(value=False), lambda: word.store(1)], symbols

    assert agree(build) == (2, 2)


def test_what_a_binding_peeks_at_in_the_middle_of_a_step_is_read_by_it():
    def build(rt):
        memory = rt.memory("m")
        left, right = memory.cell("left", 0), memory.cell("right", 0)

        def peeking():
            left.store(1)
            if right.peek():
                raise rt.machine.breach("late", "")

        return [peeking, lambda: right.store(1)], {}

    assert agree(build) == (2, 2)


def test_what_was_looked_at_before_a_step_counts_although_it_is_given():
    """As above, but the word is stored to in a later execution only, which begins with both of the flag's steps."""

    def build(rt):
        memory = rt.memory("m")
        flag, word, other = memory.cell("flag", value=False), memory.cell("word", 0), memory.cell("other", 0)

        def up_and_down():
            flag.store(value=True)
            flag.store(value=False)

        def store_late():
            if other.load():
                word.store(1)

        symbols = {"shown": lambda: word.peek() if flag.peek() else 0, "stored": word.peek}
        return [up_and_down, store_late, lambda: other.store(1)], symbols

    agree(build)


def test_what_a_binding_remembers_itself_is_seen_by_observers():
    """What is remembered is not looked at before the end is behind it."""

    def build(rt):
        memory = rt.memory("m")
        end, other = memory.cell("end", 0), memory.cell("other", 0)
        mine, known = Watched(rt.machine, "mine"), []

        def remember():
            other.store(1)
            known.append(1)
            mine.changed()

        def remembered():
            mine.seen()
            return bool(known)

        symbols = {"hole": lambda: end.peek() > 0 and not remembered()}
        return [remember, lambda: end.store(1)], symbols

    assert agree(build) == (2, 2)


class Remembers:
    """Shows nothing but what it remembers."""

    def __init__(self, machine):
        self._watched, self._times = Watched(machine, "times"), 0

    def remember(self):
        self._times += 1
        self._watched.changed()

    def symbols(self):
        return {"value": lambda: 0}

    def history(self):
        self._watched.seen()
        return self._times


class Blind:
    """A refinement of which all states are one."""

    see = staticmethod(lambda state, history: 0)
    start = staticmethod(lambda sight: 0)
    after = staticmethod(lambda place, sight: 0)


def test_a_history_that_changes_is_observed_though_nothing_comes_of_it_yet():
    """In another order, when the state is another too, something may."""
    trail = []
    machine = Machine(budget=100, trail=trail)
    word = DeterministicRuntime(machine).memory("m").cell("word", 0)
    subject = Remembers(machine)
    judge = RefinementJudge(
        Monitor(specification(), {}, frozenset({"value"})), subject, machine, Blind(), Places(), audit=False
    )

    def body(_):
        word.store(1)
        subject.remember()
        word.store(2)

    machine.run([body], default_choice, judge.look)
    assert [(OBSERVED, WRITE) in footprint for footprint in trail] == [True, False]


def test_what_only_its_allocator_can_reach_is_seen_by_observers():
    """A private store shows only if the flag is up before it, which somebody else raises."""

    def build(rt):
        boxes, memory = rt.heap("boxes", Box), rt.memory("m")
        flag, other = memory.cell("flag", value=False), memory.cell("other", 0)

        def fill():
            box = boxes.alloc()
            box.word.store(1)
            other.load()
            box.word.store(2)

        def shown():
            return box.word.peek() if flag.peek() and (box := boxes.at(0)) else None

        return [fill, lambda: flag.store(value=True)], {"shown": shown}

    assert agree(build) == (3, 3)


def test_that_a_block_is_published_is_seen_by_observers():
    def build(rt):
        boxes, memory = rt.heap("boxes", Box), rt.memory("m")
        flag, slot = memory.cell("flag", value=False), memory.cell("slot", None)

        def publish():
            slot.store(boxes.alloc())

        def private():
            return flag.peek() and (box := boxes.at(0)) is not None and rt.space.is_private(box)

        symbols = {"there": lambda: boxes.at(0) is not None, "private": private}
        return [publish, lambda: flag.store(value=True)], symbols

    assert agree(build) == (3, 3)
